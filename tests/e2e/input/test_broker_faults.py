"""Records are counted exactly once while brokers die and connections are cut. Short by default; FLOW_EXPORTER_WHOLE=1
for the full length."""

import random
import time
import uuid
from types import SimpleNamespace

import pytest
from confluent_kafka.admin import NewTopic

from configs import ASN, fresh_group, kafka_config, record
from kafka import Kafka, properties
from programs import SLOWNESS, TESTS, WHOLE, free_port, run, wait_until
from proxy import COMMIT, FETCH, MOMENTS, OFFSET_FETCH, SYNC_GROUP, Proxy
from test_crashes import PARTITIONS, load  # noqa: F401 (a fixture)


def wait_for_progress(load, instance):
    before = sum(instance.tally().values())
    wait_until(lambda: sum(instance.tally().values()) > before, "more is counted", 90)


def test_broker_killed_ten_times(load, tmp_path):
    dice = random.Random(21)
    folder = tmp_path / "kafka"
    broker = Kafka(folder)
    try:
        (instance,) = load.begin(21, broker=broker)
        instance.start(wait=True)
        for _ in range(10 if WHOLE else 2):
            wait_for_progress(load, instance)
            time.sleep(dice.uniform(0, 1))
            broker.kill()
            time.sleep(dice.uniform(0, 1))
            broker = Kafka(folder, port=broker.port)
        load.kafka = broker
        load.finish()
        instance.program.stop()
    finally:
        broker.kill()


def proxied(port, proxy_port):
    """Settings of a broker that tells clients of the proxy to stay there."""
    inside, controller = free_port(), free_port()
    return inside, {
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{inside},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{proxy_port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
    }


@pytest.fixture(name="behind")
def behind_fixture(tmp_path):
    """A broker behind a proxy, and configurations that lead to the proxy."""
    port, proxy_port = free_port(), free_port()
    inside, settings = proxied(port, proxy_port)
    broker = Kafka(tmp_path / "kafka", port=port, settings=settings)
    proxy = Proxy(inside, proxy_port)

    def config(topic):
        made = kafka_config(broker, topic)
        made["inputs"][0]["brokers"] = [f"127.0.0.1:{proxy_port}"]
        return made

    yield SimpleNamespace(broker=broker, proxy=proxy, config=config)
    proxy.close()
    broker.kill()


def test_a_topic_is_deleted_while_its_partitions_are_assigned(behind, exporter):
    """The group assigns the topic's partitions, and then they are gone. The other topic is still read."""
    for name in ("pair-a", "pair-b"):
        behind.broker.topic_create(name=name)
    behind.proxy.hold(OFFSET_FETCH)
    program = exporter(behind.config("^pair-.*"))
    assert behind.proxy.holds.wait(60 * SLOWNESS)
    behind.broker.topic_delete("pair-b")
    behind.proxy.release()
    behind.broker.produce("pair-a", [record(1, ASN, 1)] * 5)
    program.wait_for_page(lambda page: page.total() == 5, "the other topic is read")


def test_a_coordinator_does_not_know_a_partition_for_a_moment(behind, exporter):
    """A coordinator does this just after its restart. Its answer does not mean that the commit is accepted."""
    behind.broker.topic_create(name="flows")
    config = behind.config("flows")
    config["state"].update(min_interval="1h", max_interval="1h")
    program = exporter(config)
    program.wait_for_assigned(1)
    behind.broker.produce("flows", [record(1, ASN, 1)] * 5)
    program.wait_for_page(lambda page: page.self_sum("flow_exporter_records_total") == 5, "they are counted")
    behind.proxy.deny(1)
    program.stop()
    assert behind.proxy.commits == 2  # the commit of the last checkpoint was asked for twice
    assert behind.broker.committed("flows", config["inputs"][0]["group"]) == {0: 5}


def test_connections_cut_in_a_fetch_and_in_a_commit(load, tmp_path):
    port, proxy_port = free_port(), free_port()
    inside, settings = proxied(port, proxy_port)
    broker = Kafka(tmp_path / "kafka", port=port, settings=settings)
    proxy = Proxy(inside, proxy_port)
    try:
        (instance,) = load.begin(22, broker=broker)
        instance.config["inputs"][0]["brokers"] = [f"127.0.0.1:{proxy_port}"]
        instance.start(wait=True)
        for round_number in range(6 if WHOLE else 1):
            for key in (FETCH, COMMIT):
                for moment in MOMENTS:
                    wait_for_progress(load, instance)
                    proxy.cut(key, moment)
                    wait_until(proxy.is_done, f"a request {key} is cut: {moment}", 60)
                    if round_number % 2:
                        instance.kill()  # this process can't ask again
                        instance.start(wait=True)
        load.finish()
        instance.program.stop()
    finally:
        proxy.close()
        broker.kill()


class Cluster:
    """Three brokers that replicate everything. Code that only asks for addresses sees one broker."""

    def __init__(self, folder):
        self.folder, self.id = folder, uuid.uuid4()
        ports, controllers = [free_port() for _ in range(3)], [free_port() for _ in range(3)]
        voters = ",".join(f"{node + 1}@127.0.0.1:{port}" for node, port in enumerate(controllers))
        self.settings = [
            {
                **properties(folder / str(node), ports[node], controllers[node], "127.0.0.1"),
                "node.id": node + 1, "controller.quorum.voters": voters, "offsets.topic.replication.factor": 3,
                "default.replication.factor": 3, "min.insync.replicas": 2, "replica.lag.time.max.ms": 3000,
            }
            for node in range(3)
        ]
        self.ports = ports
        self.nodes = [self.node(number) for number in range(3)]
        for node in self.nodes:
            node.wait_until_up()
        self.brokers = ",".join(f"127.0.0.1:{port}" for port in ports)
        self.admin = self.nodes[0].admin
        wait_until(lambda: len(self.admin.list_topics(timeout=10).brokers) == 3, "three brokers", 60)

    def node(self, number):
        return Kafka(self.folder / str(number), port=self.ports[number], settings=self.settings[number],
                     cluster=self.id, wait=False)

    def topic_create(self, partitions):
        name = f"flows-{uuid.uuid4().hex[:8]}"
        self.admin.create_topics([NewTopic(name, partitions, 3)])[name].result(60)
        wait_until(lambda: all(len(part.isrs) == 3 for part in self.partitions(name)), "all replicas are there", 60)
        self.topic = name
        return name

    def partitions(self, name):
        return self.admin.list_topics(name, timeout=10).topics[name].partitions.values()

    def kill_a_leader(self, partition):
        """Kills the leader of a partition. bring_back starts it again and waits for its replicas."""
        found = self.admin.list_topics(self.topic, timeout=10).topics[self.topic].partitions[partition].leader
        self.nodes[found - 1].kill()
        return found - 1

    def bring_back(self, number):
        self.nodes[number] = self.node(number)
        self.nodes[number].wait_until_up()
        wait_until(lambda: all(len(part.isrs) == 3 for part in self.partitions(self.topic)), "all replicas are back", 90)

    def produce(self, *arguments, **options):
        return Kafka.produce(self, *arguments, **options)

    def read_all(self, *arguments):
        return Kafka.read_all(self, *arguments)

    def read_messages(self, *arguments):
        return Kafka.read_messages(self, *arguments)

    def end(self):
        for node in self.nodes:
            node.kill()


def test_leaders_killed_in_turn(load, tmp_path):
    cluster = Cluster(tmp_path / "cluster")
    try:
        (instance,) = load.begin(23, broker=cluster)
        instance.start(wait=True)
        for turn in range(6 if WHOLE else 1):
            wait_for_progress(load, instance)
            number = cluster.kill_a_leader(turn % PARTITIONS)
            wait_for_progress(load, instance)
            cluster.bring_back(number)
        load.finish()
        instance.program.stop()
    finally:
        cluster.end()


def test_a_library_that_is_stuck_does_not_hold_up_the_stop(kafka, topic, exporter, tmp_path):
    """librdkafka leaves a group at the wrong moment and never answers. The stop is bounded, and everything is
    committed."""
    library, group = tmp_path / "stuck-assign.so", fresh_group()
    run("gcc", "-O1", "-shared", "-fPIC", "-o", library, TESTS / "tools" / "stuck-assign.c", "-ldl")
    program = exporter(kafka_config(kafka, topic, group=group), env={"LD_PRELOAD": str(library)})
    kafka.produce(topic, [record(1, ASN, 1)] * 50)
    program.wait_for_records(50)
    begin = time.monotonic()
    assert program.end() == 0
    assert time.monotonic() - begin < 15
    assert "The group was not left in time" in program.log()
    assert kafka.committed(topic, group) == {0: 50}


def test_stops_in_the_middle_of_joining(exporter, tmp_path):
    """librdkafka 2.0.2 ends the program if a member is destroyed before it was ever given partitions."""
    port, proxy_port = free_port(), free_port()
    inside, settings = proxied(port, proxy_port)
    broker = Kafka(tmp_path / "kafka", port=port, settings=settings)
    proxy = Proxy(inside, proxy_port)
    try:
        config = kafka_config(broker, broker.topic_create(), group=fresh_group())
        config["inputs"][0]["brokers"] = [f"127.0.0.1:{proxy_port}"]
        proxy.hold(SYNC_GROUP)
        program = exporter(config)
        assert proxy.holds.wait(30), "the group's answer is held back"
        begin = time.monotonic()
        assert program.end() == 0, program.log()
        assert time.monotonic() - begin < 15
    finally:
        proxy.close()
        broker.kill()
