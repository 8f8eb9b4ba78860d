"""Malformed records by policy: counted, kept as dead letters, or a reason to stop. Dead letters are stored before the
commit."""

import base64
import json

import pytest

from configs import ASN, fresh_group, kafka_config, record, stdin_config
from programs import flow_exporter_run, wait_until

LETTERS = "flow_exporter_dead_letters_total"
BROKEN = [b'{"as_src": 1, "as_dst": ', record(1, ASN, -5), b'{"comms": "\xc3\x28"}', b'["a \\"list\\"", "\\u0000"]']
REASONS = ["truncated", "range", "encoding", "not_object"]


def messages():
    """Broken records, each with good ones around it. One message holds several records."""
    packed = b"\n".join([record(1, ASN, 10), BROKEN[1], record(1, ASN, 20), BROKEN[0]]) + b"\n"
    return [record(1, ASN, 1), BROKEN[0], record(1, ASN, 2), *BROKEN[1:], packed, record(1, ASN, 4)]


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def record_of(letter):
    return base64.b64decode(letter["record_base64"]) if "record_base64" in letter else letter["record"].encode()


def test_to_a_file(kafka, topic, exporter, tmp_path):
    """Each letter has its reason and place. It is in the file when the page shows the records after it."""
    path = tmp_path / "dead.jsonl"
    kafka.produce(topic, messages())
    config = kafka_config(kafka, topic, on_malformed="dead-letter", dead_letters={"file": str(path)})
    program = exporter(config)
    page = program.wait_for_page(lambda shown: shown.total() == 37, "37 bytes")
    letters = lines_of(path)
    assert [letter["reason"] for letter in letters] == [*REASONS, "range", "truncated"]
    assert [record_of(letter) for letter in letters] == [*BROKEN, BROKEN[1], BROKEN[0]]
    assert [(letter["offset"], letter["line"]) for letter in letters] == [(1, 1), (3, 1), (4, 1), (5, 1), (6, 2), (6, 4)]
    assert {(letter["input"], letter["stream"], letter["partition"]) for letter in letters} == {("input-kafka", topic, 0)}
    assert page.self_sum(LETTERS, result="stored") == 6 and page.self_sum(LETTERS, result="lost") == 0
    assert oct(path.stat().st_mode & 0o777) == "0o640"
    program.stop()
    exporter(config).wait_for_page(lambda shown: shown.self_sum("flow_exporter_kafka_assigned_partitions") == 1, "again")
    assert len(lines_of(path)) == 6, "nothing is read twice"


def test_to_a_topic(kafka, topic, exporter):
    dead = kafka.topic_create()
    kafka.produce(topic, messages())
    program = exporter(kafka_config(kafka, topic, on_malformed="dead-letter", dead_letters={"topic": dead}))
    page = program.wait_for_page(lambda shown: shown.total() == 37, "37 bytes")
    assert page.self_sum(LETTERS, result="stored") == 6
    found = kafka.read_messages(dead)
    assert [message.value() for message in found] == [*BROKEN, BROKEN[1], BROKEN[0]]
    headers = [{key: value.decode() for key, value in message.headers()} for message in found]
    assert [header["reason"] for header in headers] == [*REASONS, "range", "truncated"]
    assert headers[4] == {"reason": "range", "topic": topic, "partition": "0", "offset": "6", "line": "2",
                          "column": headers[4]["column"]}


def test_killed_it_loses_none(kafka, topic, exporter, tmp_path):
    """The file has the dead letters of everything that was committed, some perhaps twice."""
    path, group = tmp_path / "dead.jsonl", fresh_group()
    config = kafka_config(kafka, topic, group=group, on_malformed="dead-letter", dead_letters={"file": str(path)})
    number = 0
    for _ in range(4):
        program = exporter(config)
        for _ in range(10):
            kafka.produce(topic, [b'{"broken": %d' % (number + i) for i in range(20)] + [record(1, ASN, 1)])
            number += 20
            program.page()
        program.kill()
        offset = kafka.committed(topic, group).get(0, 0)
        kept = {record_of(letter) for letter in lines_of_sound(path)}
        committed = [value for (_, at), value in kafka.read_all(topic).items() if at < offset]
        assert {value for value in committed if b"broken" in value} <= kept
    program = exporter(config)
    wait_until(lambda: program.page() and len({record_of(letter) for letter in lines_of_sound(path)}) == number, "all are kept")
    program.stop()


def lines_of_sound(path):
    """The whole lines of the file. A kill can cut the last line; later letters begin after it."""
    found = []
    for line in path.read_bytes().split(b"\n") if path.exists() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def test_a_file_that_can_t_be_written_holds_the_commit_up_then_letters_are_lost(fill_disk, kafka, topic, exporter, tmp_path):
    """The disk is full. Until retry_for has passed, no page shows records after the letter."""
    group = fresh_group()
    config = kafka_config(kafka, topic, group=group, on_malformed="dead-letter", dead_letters={"file": str(tmp_path / "full" / "letters")})
    fill_disk(tmp_path / "full")
    config["pipeline"] = {"retry_for": "4s"}
    kafka.produce(topic, [BROKEN[0], record(1, ASN, 5)])
    program = exporter(config)
    program.wait_for_page(lambda _: "Dead letters can't be stored yet" in program.log(), "it is said")
    assert program.page().total() == 0 and kafka.committed(topic, group).get(0, 0) == 0
    page = program.wait_for_page(lambda shown: shown.total() == 5, "5 bytes")
    assert page.self_sum(LETTERS, result="lost") == 1 and page.self_sum(LETTERS, result="stored") == 0
    assert "Dead letters were lost." in program.log()
    assert kafka.committed(topic, group) == {0: 2}


def test_a_topic_that_does_not_exist(kafka, topic, exporter):
    group = fresh_group()
    config = kafka_config(kafka, topic, group=group, on_malformed="dead-letter", dead_letters={"topic": "no-such-topic"})
    config["inputs"][0]["rdkafka"]["topic.metadata.propagation.max.ms"] = "1000"
    kafka.produce(topic, [BROKEN[0], record(1, ASN, 5)])
    program = exporter(config)
    page = program.wait_for_page(lambda shown: shown.total() == 5, "5 bytes")
    assert page.self_sum(LETTERS, result="lost") == 1
    assert "A dead letter was not stored. topic=no-such-topic" in program.log()


def test_the_file_has_a_largest_size(exporter, tmp_path):
    path, flows = tmp_path / "dead.jsonl", tmp_path / "flows"
    flows.write_bytes(b"\n".join([b"{broken " + b"x" * 100] * 100 + [record(1, ASN, 5)]))
    config = stdin_config(on_malformed="dead-letter", dead_letters={"file": str(path)}, dead_letters_max="4KiB")
    config["pipeline"] = {"retry_for": "1s"}
    with open(flows, "rb") as file:
        program = exporter(config, stdin=file)
    page = program.wait_for_page(lambda shown: shown.total() == 5, "5 bytes")
    assert page.self_sum(LETTERS, result="lost") == 100 and path.stat().st_size <= 4096


def test_standard_input_to_a_file(exporter, tmp_path):
    path, flows = tmp_path / "dead.jsonl", tmp_path / "flows"
    flows.write_bytes(b"\n".join([record(1, ASN, 1), b'"\x01\\', record(1, ASN, 2), b"{" + b"x" * 2_000_000, record(1, ASN, 4)]))
    with open(flows, "rb") as file:
        program = exporter(stdin_config(on_malformed="dead-letter", dead_letters={"file": str(path)}), stdin=file)
    program.wait_for_page(lambda shown: shown.total() == 7, "7 bytes")
    wait_until(lambda: path.exists() and len(lines_of(path)) == 2, "two letters")
    first, second = lines_of(path)
    assert (first["line"], first["record"], first["stream"]) == (2, '"\x01\\', "stdin") and "partition" not in first
    assert (second["line"], second["reason"]) == (4, "too_long") and second["record"].startswith("{xxx")


def test_an_element_of_a_list_is_its_own_letter(exporter, tmp_path):
    """A letter has neither the comma or bracket in front of the element, nor sound records. Sent again, it reads the
    same."""
    path, flows = tmp_path / "dead.jsonl", tmp_path / "flows"
    bad = [record(1, ASN, -5), b'{"as_src": tru}', b"17", b'{"as_src": }']
    good = [record(1, ASN, 1), record(1, ASN, 2), record(1, ASN, 4)]
    flows.write_bytes(b"[" + b" , ".join([bad[0], good[0], bad[1], good[1], bad[2], bad[3], good[2]]) + b"]\n")
    with open(flows, "rb") as file:
        program = exporter(stdin_config(on_malformed="dead-letter", dead_letters={"file": str(path)}), stdin=file)
    program.wait_for_page(lambda shown: shown.total() == 7, "7 bytes")
    wait_until(lambda: path.exists() and len(lines_of(path)) == 4, "four letters")
    assert [record_of(letter).strip() for letter in lines_of(path)] == bad


def test_a_message_of_vflow_is_its_own_letter(exporter, tmp_path):
    path, flows = tmp_path / "dead.jsonl", tmp_path / "flows"
    sets = ['[{"I":16,"V":9},{"I":17,"V":%d},{"I":1,"V":%d}]' % (ASN, size) for size in (1, -5, 2)]
    messages = ['{"AgentID":"r1","DataSets":[%s]}' % one for one in sets]
    flows.write_text("\n".join(messages) + "\n")
    config = stdin_config(preset="vflow", on_malformed="dead-letter", dead_letters={"file": str(path)})
    with open(flows, "rb") as file:
        program = exporter(config, stdin=file)
    program.wait_for_page(lambda shown: shown.total() == 3, "3 bytes")
    wait_until(lambda: path.exists() and lines_of(path), "a letter")
    assert [record_of(letter).decode() for letter in lines_of(path)] == [messages[1]]


def test_stop(kafka, topic, exporter):
    """The program ends with a status and names the place. It commits nothing beyond the record, now or in a later
    run."""
    group = fresh_group()
    config = kafka_config(kafka, topic, group=group, on_malformed="stop")
    kafka.produce(topic, [record(1, ASN, 1)] * 3)
    program = exporter(config)
    program.wait_for_page(lambda shown: shown.total() == 3, "3 bytes")
    kafka.produce(topic, [record(1, ASN, 1), b"{broken", record(1, ASN, 1)])
    assert program.process.wait(30) == 70
    assert f"A malformed record stops the program (on_malformed: stop). reason=syntax topic={topic} partition=0 offset=4" in program.log()
    assert kafka.committed(topic, group)[0] <= 4
    for _ in range(2):
        path = next((program.log_path.parent).glob(f"{program.name}.yaml"))
        status, _, err = flow_exporter_run("--config", path)
        assert status == 70 and "offset=4" in err
    assert kafka.committed(topic, group)[0] <= 4


@pytest.mark.parametrize("options, column, said", [
    ({"on_malformed": "dead-letter"}, 19, "write 'dead_letters: {file: PATH}'"),
    ({"dead_letters": {"file": "/x"}}, 5, "'on_malformed: dead-letter'"),
    ({"on_malformed": "dead-letter", "dead_letters": {"topic": "flows"}}, 5, "is a topic that is read"),
    ({"on_malformed": "dead-letter", "dead_letters": {"topic": "other.dead"}}, 5, "is a topic that is read"),
    ({"on_malformed": "dead-letter", "dead_letters": {"fiel": "/x"}}, 5, "did you mean 'file'"),
    ({"on_malformed": "drop"}, 19, "count, dead-letter or stop"),
])
def test_wrong_options(tmp_path, options, column, said):
    lines = ["inputs:", "  - plugin: input-kafka", "    brokers: [a:1]", "    topics: [flows, '^other']"]
    for key, value in options.items():
        if isinstance(value, dict):
            lines += [f"    {key}:", *(f"      {inner}: {text}" for inner, text in value.items())]
        else:
            lines.append(f"    {key}: {value}")
    path = tmp_path / "flows.yaml"
    path.write_text("\n".join([*lines, "outputs: [{plugin: output-prometheus, asn: 0}]"]) + "\n")
    status, _, err = flow_exporter_run("--config", path, "--check")
    assert status == 78 and said in err, err
    assert f"{path}:" in err and (column == 5 or f":{column}: " in err), err


def test_standard_input_has_no_topics(tmp_path):
    path = tmp_path / "flows.yaml"
    path.write_text(json.dumps({"inputs": [{"plugin": "input-stdin", "on_malformed": "dead-letter", "dead_letters": {"topic": "t"}}],
                                "outputs": [{"plugin": "output-prometheus", "asn": 0}]}))
    status, _, err = flow_exporter_run("--config", path, "--check")
    assert status == 78 and "'input-stdin' has no brokers: write {file: PATH}" in err


def test_two_inputs_need_two_files(tmp_path):
    one = {"plugin": "input-kafka", "brokers": ["a:1"], "topics": ["t"], "on_malformed": "dead-letter", "dead_letters": {"file": "/x"}}
    path = tmp_path / "flows.yaml"
    path.write_text(json.dumps({"inputs": [one, {**one, "name": "two"}], "outputs": [{"plugin": "output-prometheus", "asn": 0}]}))
    status, _, err = flow_exporter_run("--config", path, "--check")
    assert status == 78 and "'/x' is already the file of another input" in err


def test_a_line_that_was_cut_is_ended(exporter, tmp_path):
    path, flows = tmp_path / "dead.jsonl", tmp_path / "flows"
    path.write_text('{"record":"whole"}\n{"reco')
    flows.write_bytes(b"{broken\n" + record(1, ASN, 5))
    with open(flows, "rb") as file:
        program = exporter(stdin_config(on_malformed="dead-letter", dead_letters={"file": str(path)}), stdin=file)
    program.wait_for_page(lambda shown: shown.total() == 5, "5 bytes")
    lines = path.read_text().splitlines()
    assert lines[:2] == ['{"record":"whole"}', '{"reco'] and json.loads(lines[2])["record"] == "{broken" and len(lines) == 3


def test_a_place_that_can_t_be_opened(tmp_path):
    path = tmp_path / "flows.yaml"
    path.write_text(json.dumps({"inputs": [{"plugin": "input-stdin", "on_malformed": "dead-letter",
                                            "dead_letters": {"file": str(tmp_path / "no" / "such")}}],
                                "outputs": [{"plugin": "output-prometheus", "asn": 0, "listen": "127.0.0.1:0"}]}))
    status, _, err = flow_exporter_run("--config", path)
    assert status == 78 and "dead letters can't be kept in" in err and f"{path}:1:" in err
