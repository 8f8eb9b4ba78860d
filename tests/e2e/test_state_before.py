"""State directories that an earlier version wrote: today's program reads them, and counters continue unchanged.

The version before the code was sorted into rooms wrote the directories in tests/data/state-before-rooms on 2026-11-25
(format 1 of the state directory). Each case has the directory and the flow lines of the last page. The program was
stopped, or killed with SIGKILL. It had read 24 records of `records()` from standard input, or from each of two
partitions.
"""

import os
import shutil
import sys

import pytest

import wire
from configs import ASN, kafka_config, record, stdin_config
from programs import NAMES, TESTS

BEFORE = TESTS / "data" / "state-before-rooms"
MORE = record(1, ASN, 1000, label="router-0")

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="a state directory is of one kind of machine")


def records():
    received = [record(1 + i % 5, ASN, 100 + i, label=f"router-{i % 3}") for i in range(20)]
    return received + [record(ASN, 10 + i, 7) for i in range(4)]


def kept(config, case, folder):
    """The configuration of that time, with a copy of the directory."""
    shutil.copytree(BEFORE / case / "state", folder)
    config["state"]["directory"] = str(folder)
    config["resolvers"] = [{"plugin": "resolver-whois", "server": "none", "names": [str(NAMES)]}]
    config["outputs"][0]["expire_after"] = "30d"
    return config


def flow_lines(text):
    return sorted(line for line in text.splitlines() if line.startswith(("flow_receive_", "flow_transmit_")))


def lines_before(case):
    lines = flow_lines((BEFORE / case / "page.txt").read_text())
    assert len(lines) > 10
    return lines


def check_goes_on(program, case, before):
    """Counters are unchanged, and the next record adds to its own series."""
    program.wait_for_log("continue from the newest checkpoint")
    page = program.wait_for_page(lambda shown: shown.total(), "the kept counters")
    assert flow_lines(page.text) == lines_before(case)
    total = page.total()
    before()
    page = program.wait_for_page(lambda shown: shown.total() == total + 1000, "one more record")
    old, new = set(lines_before(case)), set(flow_lines(page.text))
    (was,), (now,) = old - new, new - old
    assert int(now.rpartition(" ")[2]) == int(was.rpartition(" ")[2]) + 1000
    program.stop()


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_standard_input(exporter, tmp_path, how):
    case = f"stdin-{how}"
    config = kept(stdin_config(serve_after_end=True), case, tmp_path / "state")
    reader, writer = os.pipe()
    program = exporter(config, stdin=reader)
    os.close(reader)
    check_goes_on(program, case, lambda: os.write(writer, MORE + b"\n"))
    os.close(writer)


@pytest.mark.parametrize("how, has_marks", [("stopped", True), ("killed", False)])
def test_kafka(kafka, exporter, tmp_path, how, has_marks):
    """The newest checkpoint has no mark. It counts, because the group has its tag."""
    case = f"kafka-{how}"
    topic, group = kafka.topic_create(2, f"before-{how}"), f"group-before-{how}"
    for partition in (0, 1):
        kafka.produce(topic, records(), partition)
    config = kept(kafka_config(kafka, topic, group=group), case, tmp_path / "state")
    identity = (tmp_path / "state" / "identity").read_text().split()[-1]
    numbers = []
    for slot in (tmp_path / "state").glob("checkpoint-*"):
        numbers.append(int.from_bytes(slot.read_bytes()[8:16], "little"))
        if not has_marks:
            slot.write_bytes(bytes(512) + slot.read_bytes()[512:])
    kafka.wait_for_coordinator(group)
    for partition in (0, 1):
        wire.commit(kafka.port, group, topic, partition, 24, f"{identity}:{max(numbers)}")
    program = exporter(config)
    check_goes_on(program, case, lambda: kafka.produce(topic, [MORE]))
