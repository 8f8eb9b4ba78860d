"""An orderly end: quick, with status 0 and committed offsets. The next run continues exactly there."""

import os
import signal
import subprocess
import time

import pytest

from configs import ASN, fresh_group, kafka_config, record, stdin_config
from page import Count
from programs import SLOWNESS, flow_exporter_run, free_port, wait_until


def test_sigterm_commits_and_the_next_run_goes_on(kafka, exporter):
    topic, group = kafka.topic_create(partitions=3), fresh_group()
    first = [record(number, ASN, 1000 + number) for number in range(300)]
    second = [record(number, ASN, 5000 + number) for number in range(450)]
    for partition in range(3):
        kafka.produce(topic, first[partition::3], partition)
    program = exporter(kafka_config(kafka, topic, group=group))
    program.wait_for_records(len(first))

    begin = time.monotonic()
    program.stop()
    assert time.monotonic() - begin < 2 * SLOWNESS
    assert kafka.committed(topic, group, 3) == {0: 100, 1: 100, 2: 100}

    for partition in range(3):
        kafka.produce(topic, second[partition::3], partition)
    again = exporter(kafka_config(kafka, topic, group=group))
    page = again.wait_for_page(lambda shown: shown.total() >= Count(ASN).add_lines(second).total(), "the second part")
    assert page.flows() == Count(ASN).add_lines(second).flows
    again.stop()
    assert kafka.committed(topic, group, 3) == {0: 250, 1: 250, 2: 250}


def test_what_was_read_since_the_last_page_is_committed_too(kafka, topic, exporter):
    """No page is requested. The records are counted, and the last checkpoint covers them."""
    group = fresh_group()
    config = kafka_config(kafka, topic, group=group)
    program = exporter(config)
    program.wait_for_assigned(1)
    kafka.produce(topic, [record(1, ASN, 1)] * 50)
    program.wait_for_records(50)
    kafka.produce(topic, [record(1, ASN, 1)] * 70)
    time.sleep(0.2 * SLOWNESS)  # no condition to wait for: whatever was read by now must be committed
    program.stop()
    left = 120 - kafka.committed(topic, group)[0]
    assert 0 <= left <= 70
    again = exporter(config)
    kafka.produce(topic, [record(2, ASN, 1000)])
    page = again.wait_for_page(lambda shown: shown.total() >= 1000, "the last record")
    assert page.total() == 1000 + left


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_while_standard_input_is_open(exporter, number):
    reader, writer = os.pipe()
    try:
        os.write(writer, record(1, ASN, 5) + b"\n")
        program = exporter(stdin_config(), stdin=reader)
        program.wait_for_page(lambda shown: shown.total() == 5, "5 bytes")
        begin = time.monotonic()
        assert program.end(number) == 0
        assert time.monotonic() - begin < 2 * SLOWNESS
    finally:
        os.close(reader)
        os.close(writer)


def test_it_ends_with_standard_input_if_told_so(exporter, tmp_path):
    path = tmp_path / "flows"
    path.write_bytes(record(1, ASN, 5) + b"\n")
    with open(path, "rb") as file:
        program = exporter(stdin_config(serve_after_end=True), stdin=file)
        program.wait_for_page(lambda shown: shown.total() == 5, "5 bytes")
        program.stop()
    config = tmp_path / "ends.yaml"
    config.write_text("inputs: [{plugin: input-stdin, serve_after_end: false}]\n"
                      f"outputs: [{{plugin: output-prometheus, asn: 0, listen: '127.0.0.1:{free_port()}'}}]\n")
    with open(path, "rb") as file:
        status, _, log = flow_exporter_run("--config", config, stdin=file)
    assert status == 0, log


def test_two_quick_restarts_bind_the_port(kafka, topic, exporter):
    """A client holds a connection, so the port is in TIME_WAIT afterwards."""
    port, group = free_port(), fresh_group()
    kafka.produce(topic, [record(1, ASN, 1)])
    for _ in range(3):
        program = exporter(kafka_config(kafka, topic, group=group), port=port)
        client = subprocess.Popen(["curl", "-sN", program.url("/metrics"), program.url("/metrics")], stdout=subprocess.DEVNULL)
        assert client.wait(30 * SLOWNESS) == 0
        program.stop()


def test_a_taken_port_is_said(exporter, tmp_path):
    first = exporter(stdin_config())
    config = tmp_path / "taken.yaml"
    config.write_text("inputs: [{plugin: input-stdin}]\noutputs:\n  - plugin: output-prometheus\n"
                      f"    listen: '127.0.0.1:{first.port}'\n    asn: 0\n")
    status, _, log = flow_exporter_run("--config", config)
    assert status == 70, "it may pass: a supervisor tries again"
    assert f"127.0.0.1:{first.port}" in log and "in use" in log
    wait_until(first.is_healthy, "the first one still answers")
