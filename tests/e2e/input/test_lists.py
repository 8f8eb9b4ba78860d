"""Messages and files that hold their records in lists: at the top, of any length, sound or with faults."""

import json
import os
import re

import pytest

from configs import ASN, kafka_config, record, stdin_config
from page import RECEIVE, differences
from programs import SCALE, SLOWNESS

MALFORMED = "flow_exporter_records_malformed_total"
KEY = (RECEIVE, 9, ASN, "border.example.net")
# The lists exceed the buffer of standard input at the smallest max_line.
ELEMENTS = int(8_000 * SCALE)
SMALL = {"max_line": "256KiB"}


def flow(size, **more):
    return {**json.loads(record(9, ASN, size)), **more}


def reasons(page):
    return {dict(labels)["reason"]: value for labels, value in page.of(MALFORMED).items() if value}


def run_stdin(exporter, tmp_path, data, **options):
    """Gives the last page of a file on standard input. The log shows that the file has ended."""
    path = tmp_path / "flows.json"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with open(path, "rb") as file:
        program = exporter(stdin_config(**options), stdin=file)
    program.wait_for_log("Standard input has ended")
    return program, program.fresh_page()


def layouts():
    flows = [flow(n + 1) for n in range(ELEMENTS)]
    yield "nfdump", "[\n" + ",\n".join(json.dumps(one) for one in flows) + "\n]\n"
    yield "one-line", json.dumps(flows)
    yield "indented", json.dumps(flows, indent=2) + "\n"
    yield "crlf-and-mark", "\ufeff[\r\n" + ",\r\n".join(json.dumps(one) for one in flows) + "\r\n]\r\n"
    yield "lists-on-lines", "\n".join(json.dumps(flows[n:n + 7]) for n in range(0, ELEMENTS, 7))
    yield "list-behind-list", "".join(json.dumps(flows[n:n + 5000]) for n in range(0, ELEMENTS, 5000))
    yield "indented-records", "\n".join(json.dumps(one, indent=1) for one in flows)


LAYOUTS = dict(layouts())


def test_a_long_element_costs_time_by_its_length(exporter, tmp_path):
    """The element comes in some hundred blocks. A cut element is decoded again from its beginning, but not with each
    block."""
    data = json.dumps([flow(7, pad="x" * (128 << 20)), flow(1)])
    program, page = run_stdin(exporter, tmp_path, data, max_line="256MiB")
    assert page.total() == 8 and reasons(page) == {}
    seconds = page.self_sum("process_cpu_seconds_total")
    assert 0 < seconds < 4 * SLOWNESS, seconds
    program.kill()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_long_file(exporter, tmp_path, layout):
    """The file is longer than the part that is kept in memory. Every record is counted once."""
    program, page = run_stdin(exporter, tmp_path, LAYOUTS[layout], **SMALL)
    assert reasons(page) == {}
    assert not differences(page.flows(), {KEY: ELEMENTS * (ELEMENTS + 1) // 2})
    assert page.self_sum("flow_exporter_records_total") == ELEMENTS
    assert f"lines={len(LAYOUTS[layout].splitlines())}" in program.log()


# Lists with a fault between records of 1 and 2 bytes; the reason of the rejection, and its place.
FAULTS = [
    ('[%s, {"as_src": tru}, %s]', {"syntax": 1}, "line=1"),
    ('[\n%s,\n{"as_src": 9, "x\n%s\n]', {"syntax": 1}, "line=3 column=17"),
    ('[\n%s,\n{"as_src": 9,\n%s\n]', {"syntax": 1}, "line=3 column=14"),
    ("[%s, 17, %s]", {"not_object": 1}, "line=1"),
    ('[%s, {"as_src": -9}, %s]', {"range": 1}, "line=1"),
    ("[\n%s,\n%s,\n]\n", {"syntax": 1}, "line=4 column=1"),
    ("[\n%s,\n%s\n", {"truncated": 1}, "line="),
    ("[%s]\n%s x\n%s\n", {"trailing": 1}, "line=2"),
]


@pytest.mark.parametrize("text, expected, place", FAULTS, ids=range(len(FAULTS)))
def test_a_fault_costs_what_it_must(exporter, tmp_path, text, expected, place):
    first, second = json.dumps(flow(1)), json.dumps(flow(2))
    filled = text % ((first, second) if text.count("%s") == 2 else (first, json.dumps(flow(100)), second))
    program, page = run_stdin(exporter, tmp_path, filled)
    assert page.flows() == {KEY: 3}
    assert reasons(page) == expected
    lines = [line for line in program.log().splitlines() if f"reason={[*expected][0]}" in line]
    assert len(lines) == 1 and place in lines[0], lines


def test_the_column_of_a_fault_in_a_long_line(exporter, tmp_path):
    """A list on one line comes in parts. The reported column is still that of the line."""
    flows = [json.dumps(flow(1)) for _ in range(3000)]
    flows[2500] = '{"as_src": x}'
    text = "[" + ",".join(flows) + "]"
    program, page = run_stdin(exporter, tmp_path, text, **SMALL)
    assert page.flows() == {KEY: 2999} and reasons(page) == {"syntax": 1}
    assert f"line=1 column={text.index('x}') + 1} " in program.log(), program.log()


def test_an_element_too_long_costs_its_line(exporter, tmp_path):
    long = json.dumps(flow(100, x="y" * 400_000))
    text = "[\n%s,\n%s,\n%s\n]\n%s\n" % (json.dumps(flow(1)), long, json.dumps(flow(2)), json.dumps(flow(4)))
    _, page = run_stdin(exporter, tmp_path, text, **SMALL)
    assert page.flows() == {KEY: 7} and reasons(page) == {"too_long": 1}


def test_a_list_without_an_end_on_a_pipe(exporter, tmp_path):
    """An element is counted as soon as the comma after it has come."""
    reading, writing = os.pipe()
    program = exporter(stdin_config(), stdin=reading)
    os.close(reading)
    with open(writing, "wb") as pipe:
        pipe.write(f"[\n{json.dumps(flow(1))},\n{json.dumps(flow(2))},\n{json.dumps(flow(4))[:20]}".encode())
        pipe.flush()
        page = program.wait_for_page(lambda shown: shown.total() == 3, "two elements")
        assert reasons(page) == {}
        pipe.write(f"{json.dumps(flow(4))[20:]},\n".encode())
        pipe.flush()
        program.wait_for_page(lambda shown: shown.total() == 7, "the third")
    program.wait_for_log("Standard input has ended")
    assert reasons(program.fresh_page()) == {"truncated": 1}


def test_messages(kafka, topic, exporter):
    """Lists as messages: more records than a batch holds, a fault in the middle, an empty list, a list without
    records."""
    many = [flow(1) for _ in range(3000)]
    broken = json.dumps([flow(10), "HERE", flow(20)]).replace('"HERE"', '{"as_src": }')
    messages = [json.dumps(many), broken, "[]", "[1, 2, 3]", json.dumps([flow(100)])[:-1], json.dumps(flow(1000))]
    kafka.produce(topic, [message.encode() for message in messages])
    program = exporter(kafka_config(kafka, topic))
    page = program.wait_for_page(lambda shown: shown.total() == 4130, "all records")
    assert reasons(program.fresh_page()) == {"syntax": 1, "not_object": 1, "truncated": 1}
    assert page.self_sum("flow_exporter_records_total") == 3004
    assert re.search(r"reason=syntax .*offset=1 line=1", program.log())


def test_a_list_is_counted_once_over_a_kill(kafka, topic, exporter, tmp_path):
    """A message is counted whole. After kill -9 none of its records is counted twice."""
    messages = [json.dumps([flow(1) for _ in range(2000)]).encode() for _ in range(20)]
    config = kafka_config(kafka, topic)
    config["state"]["directory"] = str(tmp_path / "kept")
    config["pipeline"] = {"batch_records": 16}
    kafka.produce(topic, messages)
    program = exporter(config)
    program.wait_for_page(lambda shown: shown.total() > 0, "something is counted")
    program.kill()
    kafka.produce(topic, messages)
    again = exporter(config)
    again.wait_for_page(lambda shown: shown.total() >= 80_000, "all records")
    assert again.fresh_page().flows() == {KEY: 80_000}


def test_framing(kafka, topic, exporter):
    """A schema registry's five bytes stand in front of the JSON. The number in them may look like anything."""
    body = json.dumps(flow(1)).encode()
    frames = [b"\0\0\0\0\x0c", b"\0\0\0\n{", b"\0\0\0\0[", b""]
    kafka.produce(topic, [frame + body for frame in frames])
    page = exporter(kafka_config(kafka, topic, framing="registry")).wait_for_records(4)
    assert page.flows() == {KEY: 4} and reasons(page) == {}
