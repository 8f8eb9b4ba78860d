"""A million generated records, by standard input and by Kafka. Every series equals an independent count."""

import subprocess

import pytest

from configs import ASN, kafka_config, stdin_config
from page import Count, differences
from programs import FLOWGEN, SCALE, run

RECORDS = int(1_000_000 * SCALE)
SERIES = int(16_000 * SCALE)
FLAGS = ["--records", RECORDS, "--seed", 42, "--asn", ASN, "--as", 4000, "--routers", 2, "--series", SERIES,
         "--markers", 10_000]


@pytest.fixture(name="flows", scope="module")
def flows_fixture(tmp_path_factory):
    """The file of flows, and the count of its records."""
    path = tmp_path_factory.mktemp("million") / "flows.json"
    with open(path, "wb") as file:
        subprocess.run([str(word) for word in [FLOWGEN, *FLAGS]], stdout=file, check=True, timeout=300)
    return path, Count(ASN).add_file(path)


def expect_exact(program, count):
    assert count.records == RECORDS and len(count.flows) == SERIES and count.markers > 0
    page = program.wait_for_records(RECORDS)
    assert not differences(page.flows(), count.flows)
    assert page.self_sum("flow_exporter_records_total") == RECORDS
    assert page.self_sum("flow_exporter_records_malformed_total") == 0
    assert page.self_sum("flow_exporter_records_ignored_total", reason="marker") == count.markers


def test_by_standard_input(flows, exporter):
    path, count = flows
    with open(path, "rb") as file:
        expect_exact(exporter(stdin_config(), stdin=file), count)


@pytest.mark.parametrize("workers", [1, 2])
def test_by_kafka(flows, kafka, exporter, workers):
    _, count = flows
    topic = kafka.topic_create(partitions=4)
    run(FLOWGEN, *FLAGS, "--brokers", kafka.brokers, "--topic", topic, "--partitions", 4, "--pack", 10)
    expect_exact(exporter(kafka_config(kafka, topic, workers=workers)), count)
