"""A log that goes back: topics are deleted, or deleted and made anew, while the program runs and while it is down. Also
the ends of transactions, which are offsets without a record."""

import re
import time
from datetime import datetime, timedelta

import pytest
from confluent_kafka import Producer

import wire
from configs import ASN, fresh_group, kafka_config, record
from programs import SLOWNESS, wait_until

READY = (200, "Ready.\n")
RESETS, LOST, ERRORS = (f"flow_exporter_{name}_total" for name in ("kafka_log_resets", "records_lost", "kafka_errors"))


def lines(size, count=1):
    return [record(1, ASN, size)] * count


def kept(config, folder):
    config["state"]["directory"] = str(folder)
    return config


def wait_for_total(program, total):
    program.wait_for_page(lambda page: page.total() >= total, f"{total} bytes")
    assert program.fresh_page().total() == total


def time_of(program, said):
    """The time when this was last logged."""
    return datetime.strptime(re.findall(rf"^(\S+)Z .*{said}", program.log(), re.MULTILINE)[-1], "%Y-%m-%dT%H:%M:%S.%f")


def is_ready(program):
    wait_until(lambda: program.ready() == READY, program.ready, 60)


def test_ready_again_without_a_topic_of_a_pattern(kafka, exporter):
    """One topic was deleted for good. Once its partition is taken back, the program waits for the other one only."""
    one, two = kafka.topic_create(name="left-behind-one"), kafka.topic_create(name="left-behind-two")
    kafka.produce(one, lines(1))
    kafka.produce(two, lines(10))
    config = kafka_config(kafka, "^left-behind-.*")
    config["inputs"][0]["rdkafka"]["topic.metadata.refresh.interval.ms"] = 5000  # it is missed before it is given up
    program = exporter(config)
    wait_for_total(program, 11)
    kafka.topic_delete(two)
    program.wait_for_page(lambda page: page.self_sum("flow_exporter_kafka_assigned_partitions") == 1, "one partition")
    kafka.produce(one, lines(100))
    wait_for_total(program, 111)
    is_ready(program)
    # Until then the fault was reported each second. Other faults of topics stay for ten seconds after the last report.
    lost, ready = (time_of(program, said) for said in ("Partitions were (?:lost|given away)", r"input-kafka: Ready\."))
    assert timedelta(0) <= ready - lost < timedelta(seconds=8 * SLOWNESS), program.log()
    program.kill()


@pytest.mark.parametrize("start", ["latest", "earliest"])
def test_a_topic_that_is_gone_for_a_while(kafka, exporter, start):
    """When the topic is seen again, it has more records than before. All of them are counted from the first one on."""
    topic, group = kafka.topic_create(), fresh_group()
    program = exporter(kafka_config(kafka, topic, group=group, start=start))
    program.wait_for_assigned(1)
    kafka.produce(topic, lines(1, 20))
    wait_for_total(program, 20)
    kafka.topic_delete(topic)
    program.wait_for_page(lambda page: page.self_sum(ERRORS, error="topic_unknown") > 0, "the topic is missed")
    kafka.topic_create(name=topic)
    kafka.produce(topic, lines(100, 25))
    wait_for_total(program, 2520)
    page = program.page()
    assert page.self_sum(RESETS, kind="remade") == 1 and page.self_sum(LOST) == 0
    assert kafka.committed(topic, group) == {0: 25}
    kafka.produce(topic, lines(1, 1))
    wait_for_total(program, 2521)
    program.kill()


def test_a_topic_that_is_made_anew_at_once(kafka, exporter, tmp_path):
    """The program has not seen the topic missing. The new topic's end is below the position."""
    topic, group = kafka.topic_create(), fresh_group()
    config = kept(kafka_config(kafka, topic, group=group), tmp_path / "state")
    kafka.produce(topic, lines(1, 20))
    program = exporter(config)
    wait_for_total(program, 20)
    kafka.topic_delete(topic)
    kafka.topic_create(name=topic)
    kafka.produce(topic, lines(100, 5))
    wait_for_total(program, 520)
    assert "The topic was created again" in program.log()
    program.kill()
    kafka.produce(topic, lines(1, 30))
    program = exporter(config)
    wait_for_total(program, 550)
    assert program.page().self_sum(RESETS) == 0
    program.kill()


@pytest.mark.parametrize("count", [5, 60])
@pytest.mark.parametrize("offset", ["kept", "forgotten"])
def test_a_topic_that_is_made_anew_while_the_program_is_down(kafka, exporter, tmp_path, count, offset):
    """The new topic is shorter or longer than the old one, and the group still has the old offset or not."""
    topic, group = kafka.topic_create(), fresh_group()
    config = kept(kafka_config(kafka, topic, group=group, start="latest"), tmp_path / "state")
    program = exporter(config)
    program.wait_for_assigned(1)
    kafka.produce(topic, lines(1, 20))
    wait_for_total(program, 20)
    program.stop()
    text = kafka.metadata(topic, group)[0]
    kafka.topic_delete(topic)
    kafka.topic_create(name=topic)
    if offset == "kept":
        wire.commit(kafka.port, group, topic, 0, 20, text)
    kafka.produce(topic, lines(100, count))
    program = exporter(config)
    program.wait_for_log("Partitions were assigned.")
    wait_for_total(program, 20 + 100 * count)
    page = program.page()
    assert page.self_sum(RESETS, kind="remade") == 1 and page.self_sum(LOST) == 0
    assert kafka.committed(topic, group) == {0: count}


def test_a_log_that_has_lost_its_end(kafka, topic, exporter, tmp_path):
    """The log looks as after an unclean election. Of two known records only the older one is there, and the position is
    beyond the end. Records written since are counted; those counted before are not counted again."""
    group = fresh_group()
    config = kept(kafka_config(kafka, topic, group=group), tmp_path / "state")
    kafka.produce(topic, lines(1, 20))
    program = exporter(config)
    wait_for_total(program, 20)
    program.stop()
    text = kafka.metadata(topic, group)[0]
    wire.commit(kafka.port, group, topic, 0, 1000, f"{text} rec=999,{int(time.time() * 1000)},abc")
    program = exporter(config)
    program.wait_for_page(lambda page: page.self_sum(RESETS, kind="cut") == 1, "it is noticed")
    kafka.produce(topic, lines(100, 5))
    wait_for_total(program, 520)
    assert kafka.committed(topic, group) == {0: 25}
    assert "The log has lost its end" in program.log()


def transaction(kafka, producer, topic, sizes, keep=True):
    producer.begin_transaction()
    for size in sizes:
        for line in lines(size):
            producer.produce(topic, line, partition=0)
    producer.flush(30)
    producer.commit_transaction(30) if keep else producer.abort_transaction(30)


@pytest.mark.parametrize("last", ["committed", "aborted"])
def test_ends_of_transactions_are_committed(kafka, topic, exporter, tmp_path, last):
    """The group's lag comes down to 0. If the ends are gone at the next start, nothing is missed."""
    producer = Producer({"bootstrap.servers": kafka.brokers, "transactional.id": topic})
    producer.init_transactions(30)
    transaction(kafka, producer, topic, [1, 1])
    if last == "aborted":
        transaction(kafka, producer, topic, [10, 10, 10], keep=False)
    end = 3 if last == "committed" else 7
    group = fresh_group()
    config = kept(kafka_config(kafka, topic, group=group), tmp_path / "state")
    program = exporter(config)
    wait_for_total(program, 2)
    program.wait_for_page(lambda _: kafka.committed(topic, group) == {0: end}, "all of it is committed")
    program.stop()
    wire.delete_records(kafka.port, topic, 0, end)
    transaction(kafka, producer, topic, [100])
    program = exporter(config)
    wait_for_total(program, 102)
    program.wait_for_page(lambda _: kafka.committed(topic, group) == {0: end + 2}, "all of it is committed")
    page = program.page()
    assert page.self_sum(LOST) == 0 and page.self_sum(RESETS) == 0
    assert "are lost" not in program.log()


def test_a_known_record_is_the_end_of_a_transaction_now(kafka, exporter):
    """The new log ends with an offset without a record. A known record had that offset, and does not come."""
    topic = kafka.topic_create()
    program = exporter(kafka_config(kafka, topic))
    program.wait_for_assigned(1)
    kafka.produce(topic, lines(1, 6))
    wait_for_total(program, 6)
    time.sleep(1.1)  # a later record replaces a known one that is younger than a second
    kafka.produce(topic, lines(1, 4))
    wait_for_total(program, 10)
    kafka.topic_delete(topic)
    kafka.topic_create(name=topic)
    producer = Producer({"bootstrap.servers": kafka.brokers, "transactional.id": topic})
    producer.init_transactions(30)
    transaction(kafka, producer, topic, [100] * 5)
    wait_for_total(program, 510)
    program.kill()


def test_a_transaction_that_is_open_is_not_passed(kafka, topic, exporter):
    """Records that may still be committed are not counted, and no commit passes them."""
    producer = Producer({"bootstrap.servers": kafka.brokers, "transactional.id": topic})
    producer.init_transactions(30)
    group = fresh_group()
    program = exporter(kafka_config(kafka, topic, group=group))
    transaction(kafka, producer, topic, [1])
    producer.begin_transaction()
    producer.produce(topic, lines(10)[0], partition=0)
    producer.flush(30)
    kafka.produce(topic, lines(100))
    program.wait_for_page(lambda _: kafka.committed(topic, group) == {0: 2}, "the first one's end is committed")
    assert program.fresh_page().total() == 1 and kafka.committed(topic, group) == {0: 2}
    producer.commit_transaction(30)
    wait_for_total(program, 111)
    program.wait_for_page(lambda _: kafka.committed(topic, group) == {0: 5}, "all of it is committed")
