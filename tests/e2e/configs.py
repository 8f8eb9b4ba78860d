"""Configurations of flow-exporter, as dicts that a test may change before it starts the program."""

import json
import uuid

from programs import SLOWNESS

ASN = 64500


def fresh_group():
    return f"group-{uuid.uuid4().hex[:12]}"


def outputs(asn):
    return [{"plugin": "output-prometheus", "asn": asn}]


def kafka_config(kafka, topic, asn=ASN, group=None, resolver=None, **options):
    """Reads from the topic's beginning. The session of a killed member ends soon, so tests need not wait for it."""
    source = {
        "plugin": "input-kafka",
        "brokers": [kafka.brokers],
        "topics": [topic],
        "group": group or fresh_group(),
        "start": "earliest",
        "rdkafka": {
            "session.timeout.ms": str(int(2000 * SLOWNESS)),
            "heartbeat.interval.ms": "300",
            "topic.metadata.refresh.interval.ms": "1000",
        },
        **options,
    }
    return {
        # Allows frequent cuts, and only those that pages ask for.
        "state": {"directory": "none", "min_interval": "50ms", "max_interval": "1h"},
        "inputs": [source],
        "resolvers": [{"plugin": "resolver-whois", **(resolver or {"server": "none"})}],
        "outputs": outputs(asn),
    }


def stdin_config(asn=ASN, **options):
    return {
        "state": {"directory": "none", "min_interval": "50ms"},
        "inputs": [{"plugin": "input-stdin", **options}],
        "resolvers": [{"plugin": "resolver-whois", "server": "none"}],
        "outputs": outputs(asn),
    }


def record(source, destination, size, label="border.example.net", **more):
    """One record as pmacct writes it: a line without the newline."""
    members = {"event_type": "purge", "label": label, "as_src": source, "as_dst": destination, "packets": 1,
               "bytes": size, **more}
    return json.dumps(members).encode()
