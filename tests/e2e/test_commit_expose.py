"""Commit, then expose: no page shows more than the group's committed offsets cover, whenever the program dies."""

import json
import random
import signal

import pytest

from configs import ASN, fresh_group, kafka_config, record
from load import Source
from programs import SCALE, SLOWNESS

PARTITIONS = 3


def covered(sizes, committed):
    """The bytes of all records below the committed offsets."""
    return sum(size for (partition, offset), size in sizes.items() if offset < committed.get(partition, 0))


@pytest.mark.parametrize("seed", range(max(2, int(4 * SCALE))))
def test_killed_at_any_page(kafka, exporter, seed):
    topic, group = kafka.topic_create(PARTITIONS), fresh_group()
    config = kafka_config(kafka, topic, group=group)
    source = Source(kafka, topic, PARTITIONS, seed)
    dice = random.Random(seed)
    runs, samples = [], []
    source.start()
    try:
        for _ in range(3):
            program = exporter(config)
            program.wait_for_page(lambda shown: shown.total() > 0, "something is counted")
            for _ in range(dice.randint(1, 6)):
                samples.append((len(runs), program.page().total(), kafka.committed(topic, group, PARTITIONS)))
            shown = program.page().total()
            program.kill()
            runs.append((shown, kafka.committed(topic, group, PARTITIONS)))
    finally:
        source.finish()

    messages = kafka.read_all(topic, PARTITIONS)
    sizes = {place: json.loads(line)["bytes"] for place, line in messages.items()}
    before = [0, *(covered(sizes, committed) for _, committed in runs)]
    for run, total, committed in samples:
        assert total <= covered(sizes, committed) - before[run], f"a page of run {run} shows what was not committed"
    for run, (shown, committed) in enumerate(runs):
        exact = covered(sizes, committed) - before[run]
        # Only pages ask for checkpoints here, and a page waits for its own. So the last page was the last commit.
        assert shown == exact if SLOWNESS == 1 else shown <= exact

    last = exporter(config)
    rest = sum(sizes.values()) - before[-1]
    last.wait_for_page(lambda page: page.total() == rest, f"the rest, {rest} bytes")
    assert last.fresh_page().total() == rest
    last.stop()
    ends = {partition: 1 + max(offset for part, offset in messages if part == partition) for partition, _ in messages}
    assert kafka.committed(topic, group, PARTITIONS) == ends


def test_a_paused_process_shows_nothing_that_others_count(kafka, exporter):
    """The program is stopped for longer than its session lasts, while another member takes its partitions over."""
    topic, group = kafka.topic_create(PARTITIONS), fresh_group()
    config = kafka_config(kafka, topic, group=group)
    for partition in range(PARTITIONS):
        kafka.produce(topic, [record(1, ASN, 1)] * 100, partition)
    paused = exporter(config)
    paused.wait_for_page(lambda shown: shown.total() == 300, "300 bytes")
    paused.process.send_signal(signal.SIGSTOP)
    try:
        other = exporter(config)
        other.wait_for_assigned(PARTITIONS)
        for partition in range(PARTITIONS):
            kafka.produce(topic, [record(1, ASN, 1)] * 100, partition)
        other.wait_for_page(lambda shown: shown.total() == 300, "the other 300 bytes")
    finally:
        paused.process.send_signal(signal.SIGCONT)
    both = (paused, other)
    paused.wait_for_page(
        lambda _: sum(program.page().self_sum("flow_exporter_kafka_assigned_partitions") for program in both) == PARTITIONS
        and paused.page().self_sum("flow_exporter_kafka_assigned_partitions") > 0,
        "the partitions are shared again",
    )
    for partition in range(PARTITIONS):
        kafka.produce(topic, [record(1, ASN, 1)] * 100, partition)
    paused.wait_for_page(lambda _: sum(program.page().total() for program in both) >= 900, "900 bytes in all")
    assert sum(program.fresh_page().total() for program in both) == 900
