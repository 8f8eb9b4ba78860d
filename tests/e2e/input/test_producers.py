"""Records as producers write them, by preset. docs/producers.md has the sources. AS numbers and addresses are
replaced."""

import json

import pytest

from configs import ASN, stdin_config
from page import RECEIVE, TRANSMIT

MALFORMED = "flow_exporter_records_malformed_total"
LABELS = {"router": "label", "proto": "ip_proto", "flags": "tcp_flags", "etype": "etype", "path": "as_path", "first": "as_path.0",
          "comms": "comms", "last": "comms.-1"}


def run(exporter, tmp_path, records, metrics=None, **options):
    path = tmp_path / "flows.json"
    lines = records if isinstance(records, str) else "".join(json.dumps(record) + "\n" for record in records)
    path.write_text(lines)
    config = stdin_config(**options)
    if metrics:
        config["outputs"] = [{"plugin": "output-prometheus", "metrics": metrics}]
    with open(path, "rb") as file:
        program = exporter(config, stdin=file)
    program.wait_for_log("Standard input has ended")
    return program.fresh_page()


def labels_of(exporter, tmp_path, record, match=None, labels=None, **options):
    """The labels of the only series that a record makes, without empty ones."""
    metric = {"name": "x_bytes_total", "help": "x", "value": "bytes", "labels": labels or LABELS, **({"match": match} if match else {})}
    page = run(exporter, tmp_path, [record], [metric], **options)
    assert page.self_sum(MALFORMED) == 0
    found = page.of("x_bytes_total")
    assert len(found) == 1, found
    [(names, value)] = found.items()
    return {name: text for name, text in dict(names).items() if text}, value


GOFLOW2_V1 = {"Type": "NETFLOW_V9", "SamplingRate": 0, "SamplerAddress": "192.0.2.73", "Bytes": 134, "Packets": 1,
              "SrcAddr": "198.51.100.203", "DstAddr": "203.0.113.22", "Etype": 2048, "Proto": 17, "SrcPort": 53, "DstPort": 52575,
              "InIf": 46, "OutIf": 30, "TcpFlags": 0, "SrcAs": 9, "DstAs": ASN, "NextHop": "192.0.2.5", "BgpCommunities": [], "AsPath": []}
GOFLOW2 = {"type": "SFLOW_5", "sampling_rate": 100, "sampler_address": "192.0.2.1", "bytes": 1500, "packets": 1,
           "src_addr": "192.0.2.1", "dst_addr": "198.51.100.1", "etype": "IPv4", "proto": "TCP", "src_port": 443, "dst_port": 50001,
           "src_as": 9, "dst_as": ASN, "as_path": [3356, 15169], "bgp_communities": [1, 2]}
KTRANSLATE = [[{"timestamp": 1688118012, "dst_as": ASN, "src_as": 9, "in_bytes": 1640, "in_pkts": 17, "device_name": "edge1", "sample_rate": 1},
               {"timestamp": 1688118012, "dst_as": ASN, "src_as": 9, "in_bytes": 60, "in_pkts": 1, "device_name": "edge1", "sample_rate": 1}]]
NFDUMP = """[
{"type":"FLOW","in_packets":1,"in_bytes":73,"src_as":9,"dst_as":%d,"tcp_flags":"...AP...","src_geo":"US","ip4_router":"192.0.2.250","label":"<none>"},
{"type":"FLOW","in_packets":2,"in_bytes":100,"src_as":9,"dst_as":%d,"ip4_router":"192.0.2.250","label":"<none>"}
]
""" % (ASN, ASN)
FILEBEAT = {"@timestamp": "2016-12-06T10:09:24.000Z", "destination": {"ip": "10.0.20.242", "port": 2013}, "observer": {"ip": ["192.0.2.1"]},
            "netflow": {"bgp_destination_as_number": ASN, "bgp_source_as_number": 9, "octet_delta_count": 969, "packet_delta_count": 1,
                        "exporter": {"address": "192.0.2.1:4444", "version": 9}, "protocol_identifier": 6, "type": "netflow_flow"},
            "network": {"bytes": 969, "packets": 1, "transport": "tcp"}, "source": {"ip": "10.0.34.71", "as": {"number": 64496}}}
LOGSTASH = {"@timestamp": "2018-05-07T23:57:04.042Z", "host": "192.0.2.9", "type": "netflow",
            "netflow": {"version": 9, "src_as": 9, "dst_as": ASN, "in_bytes": 1640.0, "protocol": 6}}
TELEGRAF = {"fields": {"bgp_src_as": 9, "bgp_dst_as": ASN, "in_bytes": 1640, "in_packets": 17, "protocol": "tcp", "src": "192.0.2.1",
                       "dst": "198.51.100.1", "tcp_flags": "...AP..."}, "name": "netflow", "tags": {"source": "192.0.2.9", "version": "NetFlowV5"},
            "timestamp": 1688118012}

CASES = [("goflow2", [GOFLOW2_V1], "192.0.2.73", 134), ("goflow", [GOFLOW2_V1], "192.0.2.73", 134),
         ("goflow2", [GOFLOW2], "192.0.2.1", 1500), ("ktranslate", KTRANSLATE, "edge1", 1700),
         ("nfdump", NFDUMP, "192.0.2.250", 173), ("filebeat", [FILEBEAT], "192.0.2.1", 969),
         ("logstash", [LOGSTASH], "192.0.2.9", 1640), ("telegraf", [TELEGRAF], "192.0.2.9", 1640)]


@pytest.mark.parametrize("preset, records, router, size", CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)])
def test_preset(exporter, tmp_path, preset, records, router, size):
    page = run(exporter, tmp_path, records, preset=preset)
    assert page.flows() == {(RECEIVE, 9, ASN, router): size}
    assert page.self_sum(MALFORMED) == 0


def test_lists_are_texts_and_words_have_one_spelling(exporter, tmp_path):
    """pmacct with label, path and communities as lists and maps."""
    record = {"label": {"nkey": "CGN813-1", "pkey": "CGN"}, "as_src": 9, "as_dst": ASN, "comms": ["64497:20", "64497:22"], "ecomms": [],
              "as_path": ["3356", "15169"], "tcp_flags": ["SYN", "ACK"], "ip_proto": "tcp", "etype": "800", "bytes": 3000}
    expected = {"router": "CGN813-1,CGN", "proto": "tcp", "flags": "SYN,ACK", "etype": "ipv4", "path": "3356,15169", "first": "3356",
                "comms": "64497:20,64497:22", "last": "64497:22"}
    assert labels_of(exporter, tmp_path, record) == (expected, 3000)
    expected |= {"proto": "6", "flags": "18", "etype": "2048"}
    expected = {name: text.replace(",", " ") for name, text in expected.items()}
    assert labels_of(exporter, tmp_path, record, join=" ", spelling="number") == (expected, 3000)


@pytest.mark.parametrize("wanted", [["tcp", 6], "TCP", 6, "1-6", ["!udp"]], ids=str)
def test_a_condition_means_the_number(exporter, tmp_path, wanted):
    found, size = labels_of(exporter, tmp_path, GOFLOW2, {"ip_proto": wanted, "etype": "ipv4"}, preset="goflow2")
    assert size == 1500 and found["proto"] == "tcp" and found["first"] == "3356" and found["comms"] == "1,2"


def test_the_first_place_that_is_not_empty(exporter, tmp_path):
    records = [{"label": "", "peer_ip_src": "192.0.2.1", "as_src": "", "source": 9, "as_dst": ASN, "bytes": 1},
               {"label": "r", "peer_ip_src": "192.0.2.1", "as_src": 9, "source": 8, "as_dst": ASN, "bytes": 2},
               {"label": None, "hosts": ["a", "b"], "source": 9, "as_dst": ASN, "bytes": 4}]
    fields = {"label": ["label", "peer_ip_src", "hosts.-1"], "as_src": ["as_src", "source"]}
    page = run(exporter, tmp_path, records, fields=fields)
    assert page.flows() == {(RECEIVE, 9, ASN, "192.0.2.1"): 1, (RECEIVE, 9, ASN, "r"): 2, (RECEIVE, 9, ASN, "b"): 4}
    assert page.self_sum(MALFORMED) == 0


def test_both_ways(exporter, tmp_path):
    record = {"as_src": 9, "as_dst": ASN, "bytes": 100, "packets": 1, "back": {"bytes": 200}, "label": "r"}
    page = run(exporter, tmp_path, [record, {**record, "back": {"bytes": 0}}], reverse={"bytes": ["rev_bytes", "back.bytes"]})
    assert page.flows() == {(RECEIVE, 9, ASN, "r"): 200, (TRANSMIT, ASN, 9, "r"): 200}
    biflow = {"host": "r", "netflow": {"src_as": 9, "dst_as": ASN, "fwd_flow_delta_bytes": 100, "rev_flow_delta_bytes": 200}}
    page = run(exporter, tmp_path, [biflow], preset="logstash")
    assert page.flows() == {(RECEIVE, 9, ASN, "r"): 100, (TRANSMIT, ASN, 9, "r"): 200}
