"""A malformed record is counted by its reason, costs only itself, and is logged with its place."""

import json
import re
import subprocess

import pytest

from configs import ASN, kafka_config, record, stdin_config
from page import RECEIVE, Count, differences
from programs import FLOWGEN, SCALE

MALFORMED = "flow_exporter_records_malformed_total"
IGNORED = "flow_exporter_records_ignored_total"
RECORDS = int(100_000 * SCALE)

# A message, the reason of its rejection, and how many sound records it also holds.
CASES = [
    (record(1, ASN, 7)[:-1], "truncated", 0),
    (record(1, ASN, 7)[:40], "truncated", 0),
    (b'{"as_src": 1, "as_dst": NaN, "bytes": 7}', "syntax", 0),
    (b"{'as_src': 1}", "syntax", 0),
    (b'{"as_src": 1, "as_dst": 64500, "bytes": 07}', "syntax", 0),
    (b'{"comms": "\xc3\x28", "as_src": 1, "as_dst": 64500, "bytes": 7}', "encoding", 0),
    (record(1, ASN, "many"), "type", 0),
    (record(True, ASN, 7), "type", 0),
    (record(1, [ASN], 7), "type", 0),
    (record(-1, ASN, 7), "range", 0),
    (record(1, ASN, 2**64), "range", 0),
    (b'{"as_src": 1, "as_dst": 64500, "bytes": 7.5}', "range", 0),
    (b"[1, 2, 3]", "not_object", 0),
    (b"64500", "not_object", 0),
    (record(1, ASN, 7) + record(2, ASN, 7), "trailing", 0),
    (b'{"x": ' + b"[" * 200 + b"]" * 200 + b', "as_src": 1, "as_dst": 64500, "bytes": 7}', "depth", 0),
    (record(3, ASN, 100) + b"\n" + record(4, ASN, "x") + b"\n" + record(3, ASN, 200) + b"\n", "type", 2),
    (record(3, ASN, 100) + b"\n{broken\n" + record(3, ASN, 200), "syntax", 2),
]


@pytest.mark.parametrize("message, reason, records", CASES, ids=lambda value: str(value)[:30] if isinstance(value, str) else "")
def test_one_malformed_message(kafka, topic, exporter, message, reason, records):
    """The message stands between good ones, which are counted. The log names topic, partition and offset."""
    kafka.produce(topic, [record(9, ASN, 1000), message, record(9, ASN, 2000)])
    program = exporter(kafka_config(kafka, topic))
    page = program.wait_for_records(3 + records)
    expected = {(RECEIVE, 9, ASN, "border.example.net"): 3000}
    if records:
        expected[RECEIVE, 3, ASN, "border.example.net"] = 300
    assert not differences(page.flows(), expected)
    reasons = {dict(labels)["reason"]: value for labels, value in page.of(MALFORMED).items() if value}
    assert reasons == {reason: 1}
    assert page.self_sum("flow_exporter_records_total") == 2 + records
    lines = [line for line in program.log().splitlines() if f"reason={reason}" in line]
    assert len(lines) == 1 and f"{topic}" in lines[0] and "partition=0" in lines[0] and "offset=1" in lines[0], lines


def test_what_a_record_may_lack(kafka, topic, exporter):
    messages = [
        b'{"as_dst": 64500, "bytes": 1}',
        b'{"as_src": null, "as_dst": 64500, "bytes": 2, "label": null}',
        b'{"as_src": "17", "as_dst": "64500", "bytes": "4"}',
        b'{"as_src": 17, "as_dst": 64500, "bytes": 8.0, "label": {"nkey": "x"}}',
        b'{"as_src": 17, "as_dst": 64500, "label": "no bytes"}',
        b'{"as_src": 17, "as_dst": 64500, "bytes": null}',
        b'{"as_src": 17, "as_dst": 64500, "bytes": 16, "label": 5.0}',
        b'{"bytes": 32}',
    ]
    kafka.produce(topic, messages)
    page = exporter(kafka_config(kafka, topic)).wait_for_records(len(messages))
    assert not differences(page.flows(), {(RECEIVE, 0, ASN, ""): 3, (RECEIVE, 17, ASN, ""): 4, (RECEIVE, 17, ASN, "x"): 8, (RECEIVE, 17, ASN, "5.0"): 16})
    assert page.self_sum(MALFORMED) == 0


def test_as_zero_is_an_as(kafka, topic, exporter):
    kafka.produce(topic, [b'{"as_src": 0, "as_dst": 1, "bytes": 1}', b'{"as_dst": 2, "bytes": 2}', b'{"as_src": 3, "bytes": 4}'])
    page = exporter(kafka_config(kafka, topic, asn=0)).wait_for_page(lambda shown: shown.total() == 7, "7 bytes")
    assert sorted(key[1:3] for key in page.flows()) == [(0, 1), (0, 2), (3, 0)]


def test_markers_and_empty_messages_are_ignored(kafka, topic, exporter):
    markers = [b'{"event_type": "purge_init", "writer_id": "default_kafka/1"}',
               b'{"event_type": "purge_close", "writer_id": "default_kafka/1", "purged_entries": 2}']
    kafka.produce(topic, [markers[0], record(9, ASN, 1), b"", record(9, ASN, 2) + b"\n" + markers[1] + b"\n"])
    program = exporter(kafka_config(kafka, topic))
    program.wait_for_page(lambda shown: shown.self_sum(IGNORED, reason="marker") == 2, "two markers")
    page = program.fresh_page()
    assert page.total() == 3
    assert page.self_sum(IGNORED, reason="empty") == 1
    assert page.self_sum(MALFORMED) == 0
    assert page.self_sum("flow_exporter_records_total") == 2


def test_a_share_of_malformed_lines(exporter, tmp_path):
    """Generated faults of all kinds among many records, as lines of a file."""
    path, summary = tmp_path / "flows.json", tmp_path / "summary.json"
    flags = ["--records", RECORDS, "--asn", ASN, "--malformed", 0.05, "--markers", 1000, "--summary", summary]
    with open(path, "wb") as file:
        subprocess.run([str(word) for word in [FLOWGEN, *flags]], stdout=file, check=True, timeout=300)
    made = json.loads(summary.read_text())
    count = Count(ASN).add_file(path)
    assert count.records == made["records"] and count.markers == made["markers"]
    assert sum(count.malformed.values()) == sum(made["malformed"].values())

    with open(path, "rb") as file:
        program = exporter(stdin_config(), stdin=file)
        page = program.wait_for_records(RECORDS)
    assert not differences(page.flows(), count.flows)
    reasons = {dict(labels)["reason"]: value for labels, value in page.of(MALFORMED).items() if value}
    # A line that was cut inside a text or before a member is a fault of syntax if more lines follow.
    cut = reasons.pop("truncated", 0)
    assert {**reasons, "syntax": reasons["syntax"] + cut} == dict(count.malformed)
    assert re.search(r"reason=(type|syntax|range).* line=\d+|line=\d+.* reason=", program.log())
    # Thousands of faults at one place in the code do not make the log grow.
    assert len([line for line in program.log().splitlines() if "reason=" in line]) < 100
