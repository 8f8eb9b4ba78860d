"""Counters over restarts: the state directory, with a real Kafka."""

import wire
from configs import ASN, fresh_group, kafka_config, record
from programs import free_port, http_get


def kept_config(kafka, topic, folder, **options):
    config = kafka_config(kafka, topic, **options)
    config["state"]["directory"] = str(folder)
    return config


def test_tags_are_beside_the_offsets(kafka, exporter, tmp_path):
    topic, group = kafka.topic_create(), fresh_group()
    kafka.produce(topic, [record(1, ASN, 1)] * 10)
    program = exporter(kept_config(kafka, topic, tmp_path / "state", group=group))
    program.wait_for_page(lambda page: page.total() == 10, "10 bytes")
    identity = (tmp_path / "state" / "identity").read_text().split()[-1]
    first = kafka.metadata(topic, group)[0]
    assert first.startswith(identity + ":")
    program.stop()
    other = exporter(kept_config(kafka, topic, tmp_path / "other", group=group))
    kafka.produce(topic, [record(1, ASN, 1)] * 10)
    other.wait_for_page(lambda page: page.total() == 10, "10 bytes more")
    tags = [word for word in kafka.metadata(topic, group)[0].split() if not word.startswith("rec=")]
    assert len(tags) == 2 and tags[1].startswith(identity + ":") and not tags[0].startswith(identity)


def test_recovery_asks_the_group(kafka, exporter, tmp_path):
    """The newest slot has no mark. It is still the truth, because the group has its tag."""
    topic = kafka.topic_create()
    config = kept_config(kafka, topic, tmp_path / "state")
    kafka.produce(topic, [record(1, ASN, 1)] * 10)
    program = exporter(config)
    program.wait_for_page(lambda page: page.total() == 10, "10 bytes")
    program.kill()
    for slot in (tmp_path / "state").glob("checkpoint-*"):
        slot.write_bytes(bytes(512) + slot.read_bytes()[512:])
    program = exporter(config)
    program.wait_for_log("continue from the newest checkpoint")
    program.stop()


def test_the_group_has_forgotten_the_offsets(kafka, exporter, tmp_path):
    topic, group = kafka.topic_create(), fresh_group()
    kafka.produce(topic, [record(1, ASN, 1)] * 10)
    program = exporter(kept_config(kafka, topic, tmp_path / "state", group=group))
    program.wait_for_page(lambda page: page.total() == 10, "10 bytes")
    program.stop()
    kafka.produce(topic, [record(1, ASN, 1)] * 5)
    # Another group has no offsets.
    program = exporter(kept_config(kafka, topic, tmp_path / "state"))
    program.wait_for_log("continuing at the offset in the state directory")
    program.wait_for_page(lambda page: page.self_sum("flow_exporter_records_total") == 5, "5 records")


def test_records_that_are_gone_are_counted(kafka, exporter, tmp_path):
    topic, group = kafka.topic_create(), fresh_group()
    config = kept_config(kafka, topic, tmp_path / "state", group=group)
    kafka.produce(topic, [record(1, ASN, 1)] * 10)
    program = exporter(config)
    program.wait_for_page(lambda page: page.total() == 10, "10 bytes")
    program.stop()
    kafka.produce(topic, [record(1, ASN, 1)] * 20)
    wire.delete_records(kafka.port, topic, 0, 25)
    program = exporter(config)
    program.wait_for_page(lambda page: page.self_sum("flow_exporter_records_total") == 5, "the 5 that are left")
    assert program.fresh_page().self_sum("flow_exporter_records_lost_total") == 15
    assert kafka.committed(topic, group) == {0: 30}


def test_the_last_page_is_there_without_a_broker(kafka, exporter, tmp_path):
    topic = kafka.topic_create()
    config = kept_config(kafka, topic, tmp_path / "state")
    kafka.produce(topic, [record(1, ASN, 1)] * 10)
    program = exporter(config)
    program.wait_for_page(lambda page: page.total() == 10, "10 bytes")
    program.stop()
    config["inputs"][0]["brokers"] = [f"127.0.0.1:{free_port()}"]
    program = exporter(config)
    assert program.page().total() == 0, "it may not guess"
    program.wait_for_page(lambda page: page.total() == 10, "the last committed page")
    assert http_get(program.url("/-/ready"))[0] == 503
