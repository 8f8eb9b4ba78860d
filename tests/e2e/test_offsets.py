"""Offsets that the group has forgotten, or that somebody has set from outside, and pages requested meanwhile."""

import contextlib
import re
import signal

import pytest
from confluent_kafka import Consumer, TopicPartition

import wire
from configs import ASN, fresh_group, kafka_config, record
from programs import SLOWNESS, free_port, wait_until
from proxy import Proxy

FIRST, LATER = 100, 30  # records counted before the stop, and records sent while the program is down
MOVED = "flow_exporter_kafka_offsets_moved_total"


@pytest.fixture
def case(kafka, exporter, tmp_path):
    """A program that has counted FIRST records. The test stops it and changes its group."""

    class Case:
        def __init__(self):
            self.kafka, self.topic, self.group = kafka, kafka.topic_create(), fresh_group()
            self.config = kafka_config(kafka, self.topic, group=self.group)
            self.config["state"]["directory"] = str(tmp_path / "state")

        def source(self, **options):
            self.config["inputs"][0].update(options)

        def produce(self, count):
            kafka.produce(self.topic, [record(1, ASN, 1)] * count)

        def start(self):
            self.program = exporter(self.config)
            return self.program

        def count_first(self):
            self.produce(FIRST)
            self.start().wait_for_page(lambda page: page.total() == FIRST, f"{FIRST} bytes")

        def forget(self):
            wire.delete_offsets(kafka.port, self.group, self.topic, 1)
            assert kafka.committed(self.topic, self.group) == {}

        def set(self, offset):
            """Sets the offset as kafka-consumer-groups --reset-offsets does: with no text beside it."""
            consumer = Consumer({"bootstrap.servers": kafka.brokers, "group.id": self.group})
            consumer.commit(offsets=[TopicPartition(self.topic, 0, offset)], asynchronous=False)
            consumer.close()
            assert kafka.metadata(self.topic, self.group) == {0: ""}

        @contextlib.contextmanager
        def joining(self):
            """No member gets partitions meanwhile: another member of the group does not answer the rebalance."""
            other = kafka.topic_create()
            member = Consumer({"bootstrap.servers": kafka.brokers, "group.id": self.group})
            assigned = []
            member.subscribe([other], on_assign=lambda _, parts: assigned.extend(parts))
            wait_until(lambda: member.poll(0.1) or assigned, "the other member has its partitions")
            yield
            member.close()

        def ask_until_committed(self):
            """Requests pages until a checkpoint of this run is committed."""
            self.program.wait_for_page(
                lambda page: page.self_sum("flow_exporter_checkpoints_total", result="committed") > 0, "a checkpoint")

        def ends_with(self, count):
            self.program.wait_for_page(lambda page: page.total() >= count, f"{count} bytes")
            assert self.program.fresh_page().total() == count

    return Case()


@pytest.mark.parametrize("start, kills", [("earliest", 0), ("latest", 1)])
def test_forgotten_and_a_page_is_asked_for_before_the_assignment(case, start, kills):
    """The page's checkpoint has the position of the partition that is not assigned yet."""
    case.count_first()
    case.program.stop()
    case.forget()
    case.source(start=start)
    case.produce(LATER)
    with case.joining():
        for left in range(kills, -1, -1):  # after a kill only the positions of that checkpoint are left
            case.start()
            case.ask_until_committed()
            if left:
                case.program.kill()
        assert case.program.page().total() == FIRST
    case.program.wait_for_log("continuing at the offset in the state directory")
    case.ends_with(FIRST + LATER)


def test_forgotten_while_no_broker_is_there_at_the_start(case):
    case.count_first()
    case.program.stop()
    case.forget()
    case.produce(LATER)
    port = free_port()
    case.source(brokers=[f"127.0.0.1:{port}"])
    case.start().wait_for_page(lambda page: page.total() == FIRST, "the last committed page")
    case.ask_until_committed()
    proxy = Proxy(case.kafka.port, port)
    case.ends_with(FIRST + LATER)
    proxy.close()


@pytest.mark.parametrize("offset", [FIRST - 40, FIRST + 20], ids=["back", "forth"])
def test_set_while_the_program_is_stopped(case, offset):
    """The program follows the new offset, and reports how many records are counted twice or never."""
    case.count_first()
    case.program.stop()
    case.set(offset)
    case.produce(LATER)
    case.start()
    case.ends_with(FIRST + (FIRST + LATER - offset))
    check_move(case, FIRST - offset)


def check_move(case, repeated):
    page = case.program.page()
    effect, count = ("repeated", repeated) if repeated > 0 else ("skipped", -repeated)
    assert page.self_sum(MOVED, topic=case.topic, partition="0", effect=effect) == count
    assert page.self_sum(MOVED) == count
    assert page.self_sum("flow_exporter_records_repeated_total") == max(repeated, 0)
    assert page.self_sum("flow_exporter_records_lost_total") == max(-repeated, 0)
    said = re.search(r"committed offset was set from outside.*", case.program.log())
    assert said and f"{effect}={count} " in said[0] + " ", said


def test_set_where_it_was(case):
    case.count_first()
    case.program.stop()
    case.set(FIRST)
    case.produce(LATER)
    case.start()
    case.ends_with(FIRST + LATER)
    assert case.program.page().self_sum(MOVED) == 0


def test_set_while_the_program_is_paused(case):
    """The program's session ends, somebody resets the group, and the program comes back."""
    case.count_first()
    case.program.process.send_signal(signal.SIGSTOP)
    consumer_group_is_empty(case)
    case.set(FIRST - 40)
    case.program.process.send_signal(signal.SIGCONT)
    case.produce(LATER)
    case.ends_with(FIRST + LATER + 40)
    check_move(case, 40)


def consumer_group_is_empty(case):
    def is_empty():
        return not case.kafka.admin.list_groups(case.group, timeout=10)[0].members

    wait_until(is_empty, "the group has no members", 60 * SLOWNESS)


def test_set_or_deleted_while_fixed_partitions_are_read(case):
    """The group has no members, so the broker lets anybody do it. It would change only a later start, and is undone."""
    case.source(partitions=["0"])
    case.count_first()
    for change in (lambda: case.set(FIRST - 40), case.forget):
        said = case.program.log().count("set from outside while")
        change()
        case.produce(1)
        wait_until(lambda: case.program.page() and case.program.log().count("set from outside while") > said,
                   "it is said")
    case.ends_with(FIRST + 2)
    assert case.kafka.committed(case.topic, case.group) == {0: FIRST + 2}
    case.program.stop()
    case.start()
    case.produce(1)
    case.ends_with(FIRST + 3)
    assert case.program.page().self_sum("flow_exporter_records_repeated_total") == 0
