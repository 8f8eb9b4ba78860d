"""What input-kafka reads: where it begins, which partitions and topics, with which kind of group."""

import time

import pytest
from confluent_kafka import Producer

from configs import ASN, fresh_group, kafka_config, record
from page import RECEIVE, differences
from programs import BUILD, SLOWNESS, wait_until

REBALANCES = "flow_exporter_kafka_rebalances_total"


def lines(size, count=10, source=1):
    return [record(source, ASN, size)] * count


def wait_for_total(program, total):
    program.wait_for_page(lambda shown: shown.total() >= total, f"{total} bytes")
    assert program.fresh_page().total() == total


def wait_until_committed(kafka, topic, group, expected):
    count = max(expected) + 1
    wait_until(lambda: kafka.committed(topic, group, count) == expected, f"{expected} are committed")


@pytest.mark.parametrize("start, committed", [("latest", 10), ("earliest", 0), ("timestamp", 5)])
def test_where_it_begins_is_committed_at_once(kafka, topic, exporter, start, committed):
    """A program that is killed before its first checkpoint skips none of the records that came meanwhile."""
    then = int(time.time()) - 3600  # Kafka deletes records older than a week
    kafka.produce(topic, lines(1, 5), timestamp=(then - 1) * 1000)
    kafka.produce(topic, lines(10, 5), timestamp=then * 1000)
    start = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(then))} if start == "timestamp" else start
    group = fresh_group()
    config = kafka_config(kafka, topic, group=group, start=start)
    program = exporter(config)
    wait_until_committed(kafka, topic, group, {0: committed})
    program.kill()
    kafka.produce(topic, lines(100))
    # The group has an offset, so the option has no effect.
    again = exporter(kafka_config(kafka, topic, group=group, start="latest"))
    wait_for_total(again, 1000 + {10: 0, 0: 55, 5: 50}[committed])


def test_start_at_a_time_beyond_the_last_message(kafka, topic, exporter):
    kafka.produce(topic, lines(1))
    group = fresh_group()
    exporter(kafka_config(kafka, topic, group=group, start={"timestamp": str(int(time.time()) + 3600)}))
    wait_until_committed(kafka, topic, group, {0: 10})


def test_a_partition_added_while_running_is_read_from_its_beginning(kafka, topic, exporter):
    program = exporter(kafka_config(kafka, topic, start="latest", group=fresh_group()))
    program.wait_for_assigned(1)
    kafka.partitions_add(topic, 3)
    # The program may or may not have noticed the partitions by now. The result is the same.
    kafka.produce(topic, lines(1), partition=1)
    kafka.produce(topic, lines(10), partition=2)
    program.wait_for_assigned(3)
    wait_for_total(program, 110)


def test_a_partition_added_while_running_with_fixed_partitions(kafka, topic, exporter):
    program = exporter(kafka_config(kafka, topic, start="latest", partitions=[0, 1]))
    program.wait_for_log("does not exist; waiting for it")
    assert program.ready() == (503, f"input-kafka: the topic or partition does not exist: {topic}\n")
    kafka.partitions_add(topic, 2)
    kafka.produce(topic, lines(1), partition=1)
    program.wait_for_assigned(2)
    wait_for_total(program, 10)


def test_a_topic_that_comes_later_is_waited_for(kafka, exporter):
    name = f"later-{fresh_group()}"
    program = exporter(kafka_config(kafka, name, start="latest"))
    program.wait_for_log("does not exist; waiting for it")
    wait_until(lambda: program.ready() == (503, f"input-kafka: the topic or partition does not exist: {name}\n"), program.ready)
    assert program.page().self_sum("flow_exporter_kafka_errors_total", error="topic_unknown") > 0
    kafka.topic_create(name=name)
    kafka.produce(name, lines(7))
    wait_for_total(program, 70)
    wait_until(lambda: program.ready() == (200, "Ready.\n"), program.ready)


def test_topics_by_pattern_and_by_list(kafka, exporter):
    """Topics that match the pattern are read, even those created later, from their beginning. Others are not."""
    prefix = f"pattern-{fresh_group()}"
    old, other, listed = (kafka.topic_create(name=name) for name in (f"{prefix}.a", f"x-{prefix}.b", f"listed-{prefix}"))
    for topic, size in ((old, 1), (other, 10), (listed, 100)):
        kafka.produce(topic, lines(size))
    config = kafka_config(kafka, old, topics=[f"^{prefix}\\.[a-z]$", listed])
    program = exporter(config)
    program.wait_for_assigned(2)
    wait_for_total(program, 1010)
    new = kafka.topic_create(name=f"{prefix}.c")
    kafka.produce(new, lines(1000))
    program.wait_for_assigned(3)
    wait_for_total(program, 11010)


def test_fixed_partitions_go_on_at_the_group_s_offsets(kafka, exporter):
    topic, group = kafka.topic_create(4), fresh_group()
    for partition in range(4):
        kafka.produce(topic, lines(10**partition), partition=partition)
    config = kafka_config(kafka, topic, group=group, partitions=[0, 3])
    first = exporter(config)
    wait_for_total(first, 10010)
    first.stop()
    assert kafka.committed(topic, group, 4) == {0: 10, 3: 10}
    for partition in range(4):
        kafka.produce(topic, lines(2 * 10**partition), partition=partition)
    second = exporter(config)
    wait_for_total(second, 20020)
    assert kafka.committed(topic, group, 4) == {0: 20, 3: 20}


@pytest.mark.parametrize("strategy", ["cooperative-sticky", "range", "roundrobin,range"])
def test_members_come_and_go(kafka, exporter, strategy):
    """Sums stay exact while partitions change hands. An eager group gives all of them up each time."""
    topic, group = kafka.topic_create(4), fresh_group()
    config = kafka_config(kafka, topic, group=group)
    config["inputs"][0]["rdkafka"]["partition.assignment.strategy"] = strategy
    for partition in range(4):
        kafka.produce(topic, lines(1), partition=partition)
    first = exporter(config)
    wait_for_total(first, 40)
    second = exporter(config)
    for program in (first, second):
        program.wait_for_assigned(2)
    for partition in range(4):
        kafka.produce(topic, lines(10), partition=partition)
    first.wait_for_page(lambda _: first.page().total() + second.page().total() == 440, "440 bytes in all")
    gone = second.page().total()
    second.stop()
    first.wait_for_assigned(4)
    for partition in range(4):
        kafka.produce(topic, lines(100), partition=partition)
    wait_for_total(first, 4440 - gone)
    revoked = first.page().self_sum(REBALANCES, change="revoked")
    assert revoked >= (1 if strategy == "cooperative-sticky" else 2)
    assert first.page().self_sum(REBALANCES, change="lost") == 0


def test_static_membership(kafka, exporter):
    """A member that comes back in time under its name gets its partitions. No other member sees a rebalance."""
    topic, group = kafka.topic_create(2), fresh_group()

    def config(name):
        made = kafka_config(kafka, topic, group=group)
        made["inputs"][0]["rdkafka"].update({"group.instance.id": name, "session.timeout.ms": str(int(20000 * SLOWNESS))})
        return made

    one, two = exporter(config("one")), exporter(config("two"))
    for program in (one, two):
        program.wait_for_assigned(1)
    before = one.page().self_sum(REBALANCES)
    for partition in range(2):
        kafka.produce(topic, lines(1), partition=partition)
    one.wait_for_page(lambda _: one.page().total() + two.page().total() == 20, "20 bytes in all")
    two.stop()
    for partition in range(2):
        kafka.produce(topic, lines(5), partition=partition)
    two = exporter(config("two"))
    two.wait_for_assigned(1)
    wait_for_total(two, 50)
    wait_for_total(one, 60)
    assert one.page().self_sum(REBALANCES) == before


def test_lag_position_and_brokers_are_shown(kafka, exporter):
    topic = kafka.topic_create(2)
    kafka.produce(topic, lines(1, 30), partition=1)
    program = exporter(kafka_config(kafka, topic))
    wait_for_total(program, 30)
    page = program.wait_for_page(lambda shown: shown.self_sum("flow_exporter_kafka_position", topic=topic) == 30, "the position")
    position, lag = (page.of(f"flow_exporter_kafka_{name}") for name in ("position", "lag_messages"))
    where = {tuple(value for key, value in labels if key != "plugin"): number for labels, number in position.items()}
    assert where == {(topic, "0"): 0, (topic, "1"): 30}
    assert set(lag.values()) == {0} and set(lag) == set(position)
    assert page.self_sum("flow_exporter_kafka_gone_back_total") == 0
    up = page.of("flow_exporter_kafka_broker_up")
    assert set(up.values()) == {1} and len(up) == 1
    rtt = page.of("flow_exporter_kafka_broker_request_seconds")
    assert len(rtt) == 2 and all(0 <= value < 60 for value in rtt.values())
    assert set(page.of("flow_exporter_kafka_broker_errors_total").values()) == {0}

    second = exporter(kafka_config(kafka, topic, group=program_group(program)))
    for one in (program, second):
        one.wait_for_assigned(1)
    gone = program.wait_for_page(lambda shown: len(shown.of("flow_exporter_kafka_position")) == 1, "one partition's position")
    assert len(gone.of("flow_exporter_kafka_lag_messages")) == 1


def program_group(program):
    return program.config["inputs"][0]["group"]


def test_lag_is_what_is_left(kafka, topic, exporter, tmp_path):
    """An output that takes no batch makes the input wait. The lag shows how much is left."""
    kafka.produce(topic, lines(1, 100))
    config = kafka_config(kafka, topic, batch_messages=10)
    config["pipeline"] = {"retry_for": "2s"}
    config["outputs"].append({"plugin": str(BUILD / "tests/plugin/.libs/output-rows.so"), "file": str(tmp_path / "rows"),
                              "fields": ["bytes"], "answers": ["ok"] * 3 + ["again"] * 1000})
    program = exporter(config)
    program.wait_for_page(lambda shown: shown.self_sum("flow_exporter_stage_retries_total") > 0, "the output hesitates")
    # The input polls again when the batch has been dropped. The statistics of that moment have the lag.
    page = program.wait_for_page(lambda shown: shown.of("flow_exporter_kafka_lag_messages"), "a lag")
    lag, position = (page.self_sum(f"flow_exporter_kafka_{name}") for name in ("lag_messages", "position"))
    assert lag + position == 100 and lag > 0 and position % 10 == 0
    assert program.end() in (0, 75)  # 75 if the output still holds a batch back


def test_two_workers_and_two_inputs_of_one_cluster(kafka, exporter):
    one, two = kafka.topic_create(4), kafka.topic_create(3)
    for partition in range(3):
        kafka.produce(one, lines(1, 100), partition=partition)
        kafka.produce(two, lines(10, 100), partition=partition)
    config = kafka_config(kafka, one, workers=3, name="one")
    config["inputs"] += kafka_config(kafka, two, workers=2, name="two")["inputs"]
    program = exporter(config)
    wait_for_total(program, 3300)
    assert program.page().self_sum("flow_exporter_workers") == 5
    assert program.page().self_sum("flow_exporter_kafka_assigned_partitions", plugin="two") == 3
    assert not differences(program.page().flows(), {(RECEIVE, 1, ASN, "border.example.net"): 3300})


def test_transactions(kafka, topic, exporter):
    """Records of an aborted transaction are not counted, and their offsets are no gap. Committed ones are counted."""
    producer = Producer({"bootstrap.servers": kafka.brokers, "transactional.id": topic})
    producer.init_transactions(30)
    for size, keep in ((1, True), (10, False), (100, True), (1000, False)):
        producer.begin_transaction()
        for line in lines(size, 5):
            producer.produce(topic, line, partition=0)
        producer.flush(30)
        producer.commit_transaction(30) if keep else producer.abort_transaction(30)
    group = fresh_group()
    program = exporter(kafka_config(kafka, topic, group=group))
    wait_for_total(program, 505)
    page = program.wait_for_page(lambda shown: shown.of("flow_exporter_kafka_lag_messages"), "the lag")
    assert page.of("flow_exporter_records_lost_total") and page.self_sum("flow_exporter_records_lost_total") == 0
    kafka.produce(topic, lines(10000, 1))
    wait_for_total(program, 10505)
    program.stop()
    again = exporter(kafka_config(kafka, topic, group=group))
    again.wait_for_assigned(1)
    kafka.produce(topic, lines(1, 1))
    wait_for_total(again, 1)


def test_a_static_name_that_is_used_twice(kafka, topic, exporter):
    """The replaced member ends and says why. Waiting would not help."""
    config = kafka_config(kafka, topic)
    config["inputs"][0]["rdkafka"]["group.instance.id"] = "exporter-1"
    first = exporter(config)
    first.wait_for_assigned(1)
    second = exporter(config)
    second.wait_for_assigned(1)
    wait_until(lambda: not first.is_running(), "the first one ends")
    assert first.process.wait(30) == 70
    assert "librdkafka can't continue." in first.log() and "fenced" in first.log().lower(), first.log()
    kafka.produce(topic, lines(1))
    wait_for_total(second, 10)


@pytest.mark.parametrize("strategy", ["cooperative-sticky", "range"])
def test_a_member_without_partitions_is_ready(kafka, topic, exporter, strategy):
    """A member without partitions stands by: more members than partitions is no fault."""
    config = kafka_config(kafka, topic)
    config["inputs"][0]["rdkafka"]["partition.assignment.strategy"] = strategy
    programs = [exporter(config), exporter(config)]
    for program in programs:
        wait_until(lambda program=program: program.ready() == (200, "Ready.\n"), program.ready)
    name = "flow_exporter_kafka_assigned_partitions"
    wait_until(lambda: sorted(program.page().self_sum(name) for program in programs) == [0, 1], "one has the partition")
    assert all(program.ready() == (200, "Ready.\n") for program in programs)
