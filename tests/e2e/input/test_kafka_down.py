"""Kafka is away at the start, or goes away and comes back. The program stays, answers, and continues by itself."""

import pytest

from configs import ASN, fresh_group, kafka_config, record
from kafka import LIBS, Kafka
from programs import free_port, wait_until


@pytest.fixture(name="folder")
def folder_fixture(tmp_path):
    if not LIBS.is_dir():
        pytest.skip(f"needs Kafka's jars in {LIBS}")
    return tmp_path / "own-kafka"


class Address:
    """The attributes of a broker that kafka_config() needs, for a broker that is not there yet."""

    def __init__(self, port):
        self.brokers = f"127.0.0.1:{port}"


def test_down_at_start_and_again_later(folder, exporter):
    port, group = free_port(), fresh_group()
    config = kafka_config(Address(port), "flows", group=group)
    config["inputs"][0]["rdkafka"]["reconnect.backoff.max.ms"] = "500"
    program = exporter(config)
    program.wait_for_log("refused")
    assert program.is_healthy() and program.page().total() == 0
    wait_until(lambda: program.ready() == (503, "input-kafka: no broker can be reached\n"), program.ready)
    assert program.page().self_sum("flow_exporter_kafka_errors_total", error="brokers_down") > 0

    broker = Kafka(folder, port=port)
    try:
        broker.topic_create(name="flows")
        broker.produce("flows", [record(1, ASN, 100)])
        program.wait_for_page(lambda shown: shown.total() == 100, "100 bytes")
        wait_until(lambda: program.ready() == (200, "Ready.\n"), program.ready)
        assert program.page().self_sum("flow_exporter_ready") == 1
        broker.end()

        assert program.is_healthy()
        assert program.page().total() == 100, "the last committed page is served while Kafka is away"
        wait_until(lambda: program.ready()[0] == 503, program.ready)
        assert program.wait_for_page(lambda shown: set(shown.of("flow_exporter_kafka_broker_up").values()) == {0}, "the broker is down")
        broker = Kafka(folder, port=port)
        broker.produce("flows", [record(1, ASN, 11)])
        program.wait_for_page(lambda shown: shown.total() >= 111, "111 bytes")
        assert program.fresh_page().total() == 111
        wait_until(lambda: program.ready() == (200, "Ready.\n"), program.ready)
        program.stop()
        assert broker.committed("flows", group) == {0: 2}
    finally:
        broker.end()


def test_it_stops_in_time_while_kafka_is_away(exporter):
    program = exporter(kafka_config(Address(free_port()), "flows"))
    program.wait_for_log("refused")
    program.stop()
