"""The main job: flow records from real producers through a real Kafka to a real Prometheus, equal to the byte."""

import subprocess

import pytest

import netflow
from configs import ASN, kafka_config, record
from page import RECEIVE, TRANSMIT, Count, differences
from programs import wait_until


def totals_of(server, metric):
    """The answer of Prometheus as {(source, destination, hostname): value}."""
    return {
        (int(labels["source_as"]), int(labels["destination_as"]), labels["hostname"]): int(value)
        for labels, value in server.query(metric)
    }


def expect_in_prometheus(server, flows):
    def wanted(metric):
        return {key[1:]: value for key, value in flows.items() if key[0] == metric}

    for metric in (RECEIVE, TRANSMIT):
        wait_until(
            lambda metric=metric: totals_of(server, metric) == wanted(metric),
            lambda metric=metric: f"{metric} in Prometheus: {totals_of(server, metric)}, sent {wanted(metric)}",
        )


def test_kcat_to_prometheus(kafka, topic, exporter, prometheus, whois):
    lines = [
        record(10318, ASN, 663),
        record(ASN, 10318, 1137),
        record(15169, ASN, 2**40 + 1),
        record(15169, ASN, 2),
        record(15169, ASN, 40, label="core.example.net"),
        record(15169, 10318, 77),
        record(ASN, ASN, 5),
    ]
    command = ["kcat", "-P", "-b", kafka.brokers, "-t", topic]
    subprocess.run(command, input=b"\n".join(lines) + b"\n", check=True, timeout=60)
    expected = Count(ASN).add_lines(lines)

    config = kafka_config(kafka, topic, resolver={"server": whois.address})
    config["outputs"][0]["names_wait"] = "60s"
    program = exporter(config)
    page = program.wait_for_page(lambda shown: shown.total() == expected.total(), f"{expected.total()} bytes")
    assert not differences(page.flows(), expected.flows)
    names = {dict(labels)["source_as"]: dict(labels)["source_as_name"] for labels in page.of(RECEIVE)}
    assert names == {"10318": "CABLEVISION S.A.", "15169": "GOOGLE - Google Inc."}

    expect_in_prometheus(prometheus(program), expected.flows)


@pytest.mark.parametrize("version", ["5", "10"], ids=["netflow5", "ipfix"])
def test_softflowd_nfacctd_to_prometheus(kafka, topic, exporter, prometheus, tmp_path, version):
    networks = {"10.9.0.0/16": ASN, "10.1.0.0/16": 64501, "10.2.0.0/16": 64502, "10.3.0.0/16": 4200000001}
    packets = [
        ("10.1.0.1", "10.9.0.1", 1000, [100, 200, 1500]),
        ("10.1.0.2", "10.9.0.1", 1001, [61] * 50),
        ("10.9.0.1", "10.2.0.1", 1002, [1500] * 300),
        ("10.3.0.9", "10.9.7.7", 1003, [333]),
        ("10.9.0.1", "10.3.0.1", 1004, [28, 29]),
        ("10.1.0.1", "10.2.0.1", 1005, [999] * 9),
    ]
    expected = {
        (RECEIVE, 64501, ASN, "border.example.net"): 1800 + 61 * 50,
        (RECEIVE, 4200000001, ASN, "border.example.net"): 333,
        (TRANSMIT, ASN, 64502, "border.example.net"): 1500 * 300,
        (TRANSMIT, ASN, 4200000001, "border.example.net"): 57,
    }
    collector = netflow.Nfacctd(tmp_path / "nfacctd", kafka, topic, networks, "border.example.net")
    try:
        program = exporter(kafka_config(kafka, topic, watch_markers=True, markers_wait="100ms"))
        netflow.pcap_write(tmp_path / "packets.pcap", packets)
        netflow.export(tmp_path / "packets.pcap", collector.port, version)
        page = program.wait_for_page(
            lambda shown: shown.total() == sum(expected.values()), lambda: f"{expected}; nfacctd: {collector.log()[-3000:]}"
        )
        assert not differences(page.flows(), expected)
        assert page.self_sum("flow_exporter_records_malformed_total") == 0
        expect_in_prometheus(prometheus(program), expected)
        program.wait_for_page(
            lambda shown: shown.self_sum("flow_exporter_records_ignored_total", reason="marker") > 1,
            "nfacctd's markers are counted as such",
        )
        page = program.wait_for_page(
            lambda shown: shown.self_sum("flow_exporter_producer_records_announced_total") >= len(packets), "the end of a purge"
        )
        assert page.self_sum("flow_exporter_producer_records_received_total") == page.self_sum("flow_exporter_records_total")
        page = program.wait_for_page(
            lambda shown: shown.self_sum("flow_exporter_producer_purges_total", result="complete") > 0, "a whole purge"
        )
        assert page.self_sum("flow_exporter_producer_records_missing_total") == 0
        labels = [dict(labels)["writer"] for labels in page.of("flow_exporter_producer_records_received_total")]
        assert len(labels) == 1 and not labels[0][-1].isdigit(), labels
    finally:
        collector.stop()


def test_page_is_clean_for_promtool(kafka, topic, exporter):
    kafka.produce(topic, [record(1, ASN, 1, label='a "quoted" \\ label\nof two lines'), b"{", record(ASN, 2, 3)])
    program = exporter(kafka_config(kafka, topic))
    page = program.wait_for_page(lambda shown: shown.total() == 4, "4 bytes")
    done = subprocess.run(["promtool", "check", "metrics"], input=page.text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (RECEIVE, 1, ASN, 'a "quoted" \\ label\nof two lines') in page.flows()
