"""Batches that can't be read: they unpack to more than there is room for. A real producer makes them with zstd."""

from confluent_kafka import Producer

from configs import ASN, fresh_group, kafka_config, record
from programs import wait_until

READY = (200, "Ready.\n")
LOST, SKIPPED = "flow_exporter_records_lost_total", "flow_exporter_kafka_unreadable_batches_total"
# The most that the program may unpack, and a batch that exceeds it.
LIMITS = {"receive.message.max.bytes": "8000000", "fetch.max.bytes": "7000000"}
RECORDS, RECORD_BYTES = 12, 900_000


def bomb(kafka, topic):
    """Sends one batch of a few kilobytes that unpacks to 10 MB."""
    settings = {"bootstrap.servers": kafka.brokers, "compression.type": "zstd", "linger.ms": 2000, "message.max.bytes": 50_000_000,
                "batch.size": 50_000_000, "queue.buffering.max.kbytes": 100_000}
    answers = []
    producer = Producer(settings)
    # The records must stay in one batch, even on a slow machine. The partition is known before the first message, and
    # only linger.ms ends the batch. flush() would send what is there, and a batch of a single message can be read.
    producer.list_topics(topic, timeout=60)
    for _ in range(RECORDS):
        producer.produce(topic, b" " * RECORD_BYTES, partition=0, on_delivery=lambda err, _: answers.append(err))
    wait_until(lambda: producer.poll(0.1) >= 0 and len(answers) == RECORDS, "the batch is delivered", 60)
    assert not any(answers), answers


def config_of(kafka, topic, **options):
    config = kafka_config(kafka, topic, **options)
    config["inputs"][0]["rdkafka"] = {**config["inputs"][0]["rdkafka"], **LIMITS, "fetch.error.backoff.ms": "50"}
    return config


def test_a_bomb_is_gone_over(kafka, topic, exporter):
    """Two such batches have records before, between and behind them. Those are counted. The records of both batches are
    lost, and no others."""
    group = fresh_group()
    program = exporter(config_of(kafka, topic, group=group, unreadable_after="2s"))
    kafka.produce(topic, [record(1, ASN, 1)] * 7)
    program.wait_for_page(lambda page: page.total() == 7, "what is before it")
    bomb(kafka, topic)
    kafka.produce(topic, [record(1, ASN, 10)] * 50)
    bomb(kafka, topic)
    kafka.produce(topic, [record(1, ASN, 100)] * 5)
    wait_until(lambda: program.ready() == (503, f"input-kafka: a batch of records can't be read: {topic}\n"), program.ready)
    page = program.wait_for_page(lambda shown: shown.total() >= 1007, "what is behind them")
    assert page.total() == 1007
    page = program.fresh_page()
    assert page.self_sum(LOST) == 2 * RECORDS and page.self_sum(SKIPPED) == 2
    assert f"topic={topic} partition=0 from=7 to={7 + RECORDS}" in program.log()
    end = 7 + RECORDS + 50 + RECORDS + 5
    assert kafka.committed(topic, group) == {0: end}
    wait_until(lambda: program.ready() == READY, program.ready)


def test_a_bomb_at_the_end_is_gone_over(kafka, topic, exporter):
    """No record after the batch shows where it ends. The end of the partition does."""
    config = config_of(kafka, topic, group=fresh_group(), unreadable_after="0s")
    program = exporter(config)
    bomb(kafka, topic)
    program.wait_for_page(lambda page: page.self_sum(LOST) == RECORDS, "it is gone over")
    kafka.produce(topic, [record(1, ASN, 1)] * 3)
    program.wait_for_page(lambda page: page.total() == 3, "what came later")


def test_a_bomb_that_was_gone_over_is_not_met_again(kafka, topic, exporter):
    """The next start reads a little before its position, and meets the batch there."""
    group = fresh_group()
    config = config_of(kafka, topic, group=group, unreadable_after="1s")
    program = exporter(config)
    bomb(kafka, topic)
    program.wait_for_page(lambda page: page.self_sum(LOST) == RECORDS, "it is gone over")
    program.stop()
    assert kafka.committed(topic, group) == {0: RECORDS}
    again = exporter(config)
    again.wait_for_assigned(1)
    kafka.produce(topic, [record(1, ASN, 1)] * 3)
    page = again.wait_for_page(lambda shown: shown.total() == 3, "what came later")
    assert page.self_sum(LOST) == 0 and page.self_sum(SKIPPED) == 0


def test_a_bomb_can_stop_the_program(kafka, topic, exporter):
    group = fresh_group()
    program = exporter(config_of(kafka, topic, group=group, on_unreadable="stop", unreadable_after="1s"))
    kafka.produce(topic, [record(1, ASN, 1)] * 2)
    bomb(kafka, topic)
    wait_until(lambda: not program.is_running(), "it ends")
    assert program.process.wait(30) == 70
    assert "A batch that can't be read stops the program" in program.log() and "offset=2" in program.log()
    assert kafka.committed(topic, group).get(0, 0) <= 2
