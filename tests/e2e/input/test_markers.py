"""Producers' own markers tell what was lost on the way: received, announced and missing records, by writer."""

import json
import subprocess

from configs import ASN, kafka_config, record, stdin_config

RECEIVED, ANNOUNCED, MISSING = (f"flow_exporter_producer_records_{name}_total" for name in ("received", "announced", "missing"))
PURGES = "flow_exporter_producer_purges_total"


def begin(writer):
    return json.dumps({"event_type": "purge_init", "writer_id": writer}).encode()


def end(writer, entries):
    return json.dumps({"event_type": "purge_close", "writer_id": writer, "purged_entries": entries,
                       "total_entries": entries, "duration": 1}).encode()


def records(writer, count):
    return [record(1, ASN, 1, writer_id=writer)] * count


def purge(writer, count, announced=None):
    return [begin(writer), *records(writer, count), end(writer, announced or count)]


def wait_for_purges(program, **results):
    def reached(page):
        return all(page.self_sum(PURGES, result=result) == number for result, number in results.items())

    return program.wait_for_page(reached, f"purges: {results}")


def by_writer(page, name):
    return {dict(labels)["writer"]: value for labels, value in page.of(name).items()}


def test_missing_records_are_told(exporter, tmp_path):
    """Purges that are complete, incomplete, or begun before the program. The writer's process number changes at each
    purge."""
    lines = [*records("early/1", 3), end("early/1", 100)]  # the beginning was not seen
    for number in range(5):
        lines += purge(f"default_kafka/{4000 + number}", 100)
    lines += purge("default_kafka/5000", 90, 100) + purge("core/7", 50, 53) + purge("custom-name", 4)
    lines += [record(2, ASN, 1)] * 10  # from a producer without markers
    path = tmp_path / "flows"
    path.write_bytes(b"\n".join(lines) + b"\n")
    with open(path, "rb") as file:
        program = exporter(stdin_config(watch_markers=True, markers_wait="500ms"), stdin=subprocess.PIPE)
        program.process.stdin.write(file.read())
        program.process.stdin.flush()
    page = wait_for_purges(program, complete=6, incomplete=2, unjudged=1)
    assert by_writer(page, RECEIVED) == {"early": 3, "default_kafka": 590, "core": 50, "custom-name": 4}
    assert by_writer(page, ANNOUNCED) == {"early": 100, "default_kafka": 600, "core": 53, "custom-name": 4}
    assert by_writer(page, MISSING) == {"early": 0, "default_kafka": 10, "core": 3, "custom-name": 0}
    program.process.stdin.close()


def test_partitions_in_any_order(kafka, exporter):
    """The end of a purge comes before most of its records, and its beginning last. Nothing is missing."""
    topic = kafka.topic_create(3)
    program = exporter(kafka_config(kafka, topic, watch_markers=True, markers_wait="2s", workers=3))
    program.wait_for_assigned(3)
    kafka.produce(topic, [end("a/1", 300), *records("a/1", 100)], partition=0)
    program.wait_for_page(lambda shown: shown.self_sum(ANNOUNCED) == 300, "the end is seen")
    kafka.produce(topic, records("a/1", 100), partition=1)
    kafka.produce(topic, [*records("a/1", 100), begin("a/1")], partition=2)
    # A purge with one record too few, under the same writer_id, long enough after the first.
    page = wait_for_purges(program, complete=1, incomplete=0, unjudged=0)
    assert by_writer(page, MISSING) == {"a": 0}
    kafka.produce(topic, [begin("a/1"), *records("a/1", 10)], partition=1)
    kafka.produce(topic, [end("a/1", 11)], partition=0)
    page = wait_for_purges(program, complete=1, incomplete=1, unjudged=0)
    assert by_writer(page, MISSING) == {"a": 1} and by_writer(page, RECEIVED) == {"a": 310}


def test_purges_closer_than_the_wait_do_not_make_up_for_each_other_for_ever(exporter):
    program = exporter(stdin_config(watch_markers=True, markers_wait="500ms"), stdin=subprocess.PIPE)
    for _ in range(3):
        program.process.stdin.write(b"\n".join(purge("a/1", 10, 11)) + b"\n")
        program.process.stdin.flush()
    page = wait_for_purges(program, incomplete=3)
    assert by_writer(page, MISSING) == {"a": 3}
    program.process.stdin.close()


def test_many_writers_are_bounded(exporter):
    """Writers beyond the bound are shown together, and the sums are right."""
    program = exporter(stdin_config(watch_markers=True, markers_wait="200ms"), stdin=subprocess.PIPE)
    for number in range(200):
        program.process.stdin.write(b"\n".join(purge(f"writer-{number}/1", 5, 6)) + b"\n")
    program.process.stdin.flush()
    page = wait_for_purges(program, incomplete=200)
    missing = by_writer(page, MISSING)
    assert len(missing) == 65 and missing["other"] == 136 and sum(missing.values()) == 200
    assert page.self_sum(RECEIVED) == 1000
    program.process.stdin.close()


def test_not_watched_nothing_is_shown(exporter):
    program = exporter(stdin_config(), stdin=subprocess.PIPE)
    program.process.stdin.write(b"\n".join(purge("a/1", 10)) + b"\n")
    program.process.stdin.flush()
    page = program.wait_for_page(lambda shown: shown.total() == 10, "10 bytes")
    assert not page.of(RECEIVED) and page.self_sum(PURGES) == 0
    program.process.stdin.close()
