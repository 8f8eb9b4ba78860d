"""Several instances share a topic as one consumer group: together they count each record once."""

from collections import Counter

from configs import ASN, fresh_group, kafka_config
from page import Count, differences
from programs import FLOWGEN, SCALE, run

PARTITIONS = 4
RECORDS = int(50_000 * SCALE)


def produce(kafka, topic, seed):
    """Sends sample flows to all partitions, and gives the count of them."""
    flags = [FLOWGEN, "--records", RECORDS, "--seed", seed, "--asn", ASN, "--as", 100]
    run(*flags, "--brokers", kafka.brokers, "--topic", topic, "--partitions", PARTITIONS, "--pack", 5)
    return Count(ASN).add_lines(run(*flags).encode().splitlines())


def sum_of(programs):
    flows = Counter()
    for program in programs:
        flows.update(program.fresh_page().flows())
    return flows


def wait_for_sum(programs, count, before=0):
    programs[0].wait_for_page(
        lambda _: before + sum(program.page().total() for program in programs) >= count.total(), "all is counted"
    )


def test_two_share_and_one_takes_over(kafka, exporter):
    topic, group = kafka.topic_create(PARTITIONS), fresh_group()
    config = kafka_config(kafka, topic, group=group)
    first, second = exporter(config), exporter(config)
    for program in (first, second):
        program.wait_for_assigned(PARTITIONS // 2)

    count = produce(kafka, topic, seed=1)
    wait_for_sum([first, second], count)
    flows = sum_of([first, second])
    assert not differences(flows, count.flows)
    assert all(program.page().total() > 0 for program in (first, second)), "both take part"

    gone = first.page().flows()
    first.stop()
    second.wait_for_assigned(PARTITIONS)
    more = produce(kafka, topic, seed=2)
    count.flows.update(more.flows)
    wait_for_sum([second], count, before=sum(gone.values()))
    assert not differences(Counter(gone) + Counter(second.fresh_page().flows()), count.flows)


def test_a_third_joins_while_records_flow(kafka, exporter):
    topic, group = kafka.topic_create(PARTITIONS), fresh_group()
    config = kafka_config(kafka, topic, group=group)
    programs = [exporter(config)]
    count = produce(kafka, topic, seed=3)
    for _ in range(2):
        programs.append(exporter(config))
        count.flows.update(produce(kafka, topic, seed=4 + len(programs)).flows)
    wait_for_sum(programs, count)
    assert not differences(sum_of(programs), count.flows)


def test_fixed_partitions(kafka, exporter):
    """--partitions reads only these, of one topic. Two programs read different ones."""
    topic = kafka.topic_create(PARTITIONS)
    count = produce(kafka, topic, seed=9)
    programs = [
        exporter(kafka_config(kafka, topic, group=fresh_group(), partitions=numbers)) for numbers in ([0, 3], [1, 2])
    ]
    wait_for_sum(programs, count)
    assert not differences(sum_of(programs), count.flows)
