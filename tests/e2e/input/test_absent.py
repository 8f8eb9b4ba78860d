"""Fields that are read and that no record has are reported: misspelled names, wrong presets, fields that stay away."""

import json
import subprocess

import pytest

from configs import stdin_config
from programs import wait_until

ENOUGH = 10_000  # nothing is judged before this many records
ABSENT = "flow_exporter_field_absent"


def row(**more):
    return {"name": "flow_x_total", "help": "X.", "value": "bytes", "labels": {"host": "label"}, **more}


class Run:
    """A program that reads what the test writes, with one metric."""

    def __init__(self, exporter, metric=None, after="300ms", **options):
        config = stdin_config(**options)
        config["pipeline"] = {"absent_after": after}
        config["outputs"] = [{"plugin": "output-prometheus", "metrics": [metric or row()]}]
        config["resolvers"] = []
        self.program = exporter(config, stdin=subprocess.PIPE)
        self.sent = 0

    def write(self, record, count=1):
        self.program.process.stdin.write((json.dumps(record) + "\n").encode() * count)
        self.program.process.stdin.flush()
        self.sent += count

    def write_until(self, condition, record):
        """Writes more records each time: a judgement needs them."""
        wait_until(lambda: self.write(record, 500) or condition(), self.program.log)

    def absent(self):
        """The fields in the metric, each with "text" or "number"."""
        page = self.program.page()
        return {(dict(labels)["field"], dict(labels)["as"]) for labels, value in page.of(ABSENT).items() if value == 1}

    def told(self, field):
        return [line for line in self.program.log().splitlines() if "A field is read, but no record had it" in line and f" field={field} " in line]


@pytest.mark.parametrize("wrong, member, nearest", [({"value": "bytse"}, "bytse", "bytes"), ({"labels": {"host": "lable"}}, "lable", "label")])
def test_a_misspelled_field(exporter, wrong, member, nearest):
    run = Run(exporter, row(**wrong))
    record = {"label": "r1", "bytes": 5, "as_src": 1}
    run.write(record, ENOUGH)
    kind = "number" if member == "bytse" else "text"
    run.write_until(lambda: run.absent() == {(member, kind)}, record)
    assert len(run.told(member)) == 1
    assert f"member={member} as={kind} " in run.told(member)[0] and f"nearest={nearest} " in run.told(member)[0]
    assert "members=\"label bytes as_src\"" in run.told(member)[0]
    status, text = run.program.ready()
    assert status == 200 and f"input-stdin: no record has '{member}'; they have '{nearest}'\n" in text
    run.write_until(lambda: run.absent() == set(), {**record, member: 7 if kind == "number" else "r2"})
    wait_until(lambda: f"Records have the field now. field={member}" in run.program.log(), run.program.log)
    assert run.program.ready() == (200, "Ready.\n")
    assert len(run.told(member)) == 1


def test_one_record_is_enough(exporter):
    """One record with the field is enough. Nothing is reported before there were enough records, whatever the time."""
    run = Run(exporter)
    run.write({"label": "r1"}, ENOUGH - 100)
    run.program.wait_for_records(ENOUGH - 100)
    wait_until(lambda: run.program.page().self_sum("flow_exporter_checkpoints_total") > 3, run.program.log)
    assert run.absent() == set() and not run.told("bytes")
    run.write({"label": "r1", "bytes": 1})
    run.write({"label": "r1"}, 99)
    run.write_until(lambda: run.told("bytes"), {"label": "r1"})  # in the next period no record has it


def test_a_wrong_preset(exporter):
    run = Run(exporter, preset="goflow2", fields={})
    record = {"label": "r1", "byts": 5}
    run.write(record, ENOUGH)
    run.write_until(lambda: ("bytes", "number") in run.absent(), record)
    assert "field=bytes member=bytes" in run.told("bytes")[0] and "nearest=byts" in run.told("bytes")[0]
    assert "field=label member=sampler_address" in run.told("label")[0]


def test_it_can_be_turned_off(exporter):
    run = Run(exporter, row(value="bytse"), after="0s")
    run.write({"label": "r1", "bytes": 5}, 2 * ENOUGH)
    run.program.wait_for_records(2 * ENOUGH)
    assert ABSENT not in run.program.page_text() and not run.told("bytse")
