"""Exactly once, whatever dies: no value that was seen goes back, and at the end every series is exact.

Short by default; FLOW_EXPORTER_WHOLE=1 runs each test at its full length. pytest prints a seed in the test's name.
"""

import random
import signal
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer

from configs import fresh_group
from load import Instance, Source, check_sums
from page import differences
from programs import SLOWNESS, WHOLE, wait_until

PARTITIONS = 3
# Every failpoint of a checkpoint in its order, then those of a start, then those of a rollback.
CHECKPOINT = ["cut", "prepare", "outputs-prepared", "commit", "commit-asked", "accepted", "marked", "exposed"]
RECOVERY = ["recalled", "chosen", "restored", "let-in"]
ROLLBACK = ["rollback", "rolled-back"]
# Partitions come back at once after a crash, without waiting for the end of the old session.
STATIC = {"group.instance.id": "{name}", "session.timeout.ms": "30000"}


def static(name):
    return {key: value.format(name=name) for key, value in STATIC.items()}


@pytest.fixture
def load(kafka, exporter, tmp_path):
    """A topic that flows are sent to, and instances that count them."""

    class Load:
        def __init__(self):
            self.kafka, self.group, self.instances = kafka, fresh_group(), []
            self.partitions = PARTITIONS
            self.source = None

        def begin(self, seed, count=1, partitions=PARTITIONS, is_static=False, broker=kafka, **options):
            self.kafka, self.partitions = broker, partitions
            self.topic = broker.topic_create(partitions)
            for number in range(count):
                self.add(is_static=is_static, **options)
            self.source = Source(broker, self.topic, partitions, seed)
            self.source.start()
            return self.instances

        def add(self, is_static=False, **options):
            name = f"exporter-{len(self.instances) + 1}"
            instance = Instance(exporter, self.kafka, self.topic, tmp_path, self.group, name, **options)
            if is_static:
                instance.config["inputs"][0]["rdkafka"].update(static(name))
            self.instances.append(instance)
            return instance

        def finish(self):
            """Stops the flows and waits for all instances that shall run. The sums are exact, and nothing has gone
            back."""
            self.source.finish()
            for instance in self.instances:
                if not instance.is_running():
                    instance.start(wait=True)
            count = check_sums(self.kafka, self.topic, self.partitions, self.instances)
            for instance in self.instances:
                instance.stop_watching()
            return count

    made = Load()
    yield made
    if made.source:
        made.source.stopping.set()
    for instance in made.instances:
        instance.watch.stopping.set()


@pytest.mark.parametrize("seed", range(2) if WHOLE else range(1))
def test_killed_fifty_times(load, prometheus, seed):
    dice = random.Random(seed)
    (instance,) = load.begin(seed, is_static=seed % 2 == 0)
    scraper = prometheus(instance)
    for _ in range(50 if WHOLE else 6):
        instance.start()
        time.sleep(dice.uniform(0.02, 2.5) * SLOWNESS)  # the moment of the kill must be random
        instance.kill()
    count = load.finish()
    check_store(scraper, count)


def check_store(scraper, count):
    """In the data that Prometheus has stored no series ever goes back, and the last values are exact."""
    flows = '{__name__=~"flow_(receive|transmit)_bytes_total"}'

    def stored():
        found = {}
        for labels, value in scraper.query(flows):
            key = (labels["__name__"], int(labels["source_as"]), int(labels["destination_as"]), labels["hostname"])
            found[key] = int(value)
        return found

    wait_until(lambda: not differences(stored(), count.flows),
               lambda: f"Prometheus has what was sent: {differences(stored(), count.flows)}")
    resets = scraper.query(f"resets({flows}[1h]) > 0")
    assert not resets, resets


def die_at(load, instance, point, nth=1):
    """Runs the instance until it has died at the failpoint."""
    program = instance.start(env={"FLOW_EXPORTER_FAILPOINT": f"{point}=kill@{nth}"})
    wait_until(lambda: not program.is_running(), f"the program dies at {point}; its log:\n{program.log()[-2000:]}", 60)
    assert program.process.returncode == -signal.SIGKILL


def test_crash_points(load):
    """The program dies at each step of a checkpoint and of a start. When a step comes a second time, there is something
    to lose."""
    (instance,) = load.begin(7, is_static=True)
    instance.start(wait=True)
    wait_until(lambda: instance.tally(), "something is counted")
    instance.kill()
    rounds = 3 if WHOLE else 1
    for round_number in range(rounds):
        for point in CHECKPOINT:
            die_at(load, instance, point, nth=2 + round_number)
        for point in RECOVERY:
            die_at(load, instance, point)
    load.finish()


def test_crash_points_of_a_rollback(load):
    """The instance is paused until its session has ended and another one has its partitions. It dies while it takes
    back its counts."""
    first, second = load.begin(8, count=2)
    second.start(wait=True)
    for point in ROLLBACK:
        first.start(wait=True, env={"FLOW_EXPORTER_FAILPOINT": f"{point}=kill"})
        first.program.wait_for_a_share()  # one or two of three: the assignor chooses
        wait_until(lambda: sum(first.tally().values()) > 0, "it counts")
        first.signal(signal.SIGSTOP)
        second.program.wait_for_assigned(PARTITIONS)
        first.signal(signal.SIGCONT)
        wait_until(lambda: not first.is_running(), f"it dies at {point}", 60)
    load.finish()


def test_three_instances(load):
    """Instances are killed, stopped, added and paused at random. Their sums are exact, and none of them goes back."""
    seed = 11
    dice = random.Random(seed)
    load.begin(seed, count=3, partitions=6)
    for instance in load.instances:
        instance.start(wait=True)
    for _ in range(40 if WHOLE else 6):
        instance = dice.choice(load.instances)
        what = dice.randrange(4)
        if not instance.is_running():
            instance.start(wait=True)
        elif what == 0:
            instance.kill()
        elif what == 1:
            instance.program.stop()
        elif what == 2 and len(load.instances) < 5:
            load.add().start(wait=True)
        else:
            instance.signal(signal.SIGSTOP)
            time.sleep(3 * SLOWNESS)  # longer than its session lasts
            instance.signal(signal.SIGCONT)
        time.sleep(dice.uniform(0.1, 2) * SLOWNESS)
    load.finish()


def resources(program):
    folder = Path("/proc") / str(program.process.pid)
    return len(list((folder / "fd").iterdir())), len(list((folder / "task").iterdir()))


def test_descriptors_and_threads_over_rebalances(load):
    """A member comes and goes, again and again."""
    (instance,) = load.begin(17)
    instance.start(wait=True)
    instance.program.wait_for_assigned(PARTITIONS)
    before = None
    for number in range(100 if WHOLE else 6):
        other = Consumer({"bootstrap.servers": load.kafka.brokers, "group.id": load.group, "enable.auto.commit": False,
                          "partition.assignment.strategy": "cooperative-sticky", "heartbeat.interval.ms": 100})
        other.subscribe([load.topic])
        wait_until(lambda: other.poll(0.05) or other.assignment(), "the other member has its share")
        other.close()
        instance.program.wait_for_assigned(PARTITIONS)
        if number == 2:
            before = resources(instance.program)
    after = resources(instance.program)
    assert after[0] <= before[0] + 3 and after[1] <= before[1] + 1, (before, after)  # some connections may be open
    load.finish()


def test_sixty_four_partitions_eight_instances(load):
    load.begin(13, count=8, partitions=64)
    for instance in load.instances:
        instance.start(wait=True)
    assigned = "flow_exporter_kafka_assigned_partitions"
    wait_until(lambda: [instance.page().self_sum(assigned) for instance in load.instances] == [8] * 8,
               "each has eight partitions", 120)
    wait_until(lambda: all(instance.tally() for instance in load.instances), "flows come to each of them", 120)
    assert load.finish().records
