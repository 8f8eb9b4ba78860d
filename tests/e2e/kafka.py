"""A real Apache Kafka: one process that is broker and controller (KRaft), and the questions of tests, through
confluent_kafka."""

import itertools
import os
import uuid
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

import wire
from programs import SOURCE, Program, can_connect, free_port, run, wait_until

LIBS = Path(os.environ.get("FLOW_EXPORTER_KAFKA_LIBS", SOURCE / "build" / "kafka-libs"))
JAVA = ["java", "-Xmx512m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
JAVA_LOG = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]


def properties(folder, port, controller_port, advertised):
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{advertised}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        # A killed member's partitions come back quickly.
        "group.min.session.timeout.ms": 500,
        # A broker that comes back is let in again quickly.
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 300,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "log.cleaner.enable": "false",
    }


class Kafka(Program):
    """Formats the storage unless the folder has one. Then the same cluster comes back."""

    def __init__(self, folder, port=None, advertised="127.0.0.1", settings=None, format_arguments=(), libs=LIBS,
                 cluster=None, wait=True):
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.brokers = f"{advertised}:{self.port}"
        path = folder / "server.properties"
        java = [*JAVA, "-cp", f"{libs}/*", *JAVA_LOG]
        if not path.exists():
            found = {**properties(folder, self.port, free_port(), advertised), **(settings or {})}
            path.write_text("".join(f"{key}={value}\n" for key, value in found.items()))
            run(*java, "kafka.tools.StorageTool", "format", "-t", cluster or uuid.uuid4(), "-c", path, *format_arguments)
        super().__init__([*java, "kafka.Kafka", path], folder, "kafka")
        self.topic_numbers = itertools.count(1)
        if wait:
            self.wait_until_up()

    def wait_until_up(self):
        self.wait_for(lambda: can_connect(self.port), "Kafka listens", 60)
        self.admin = AdminClient({"bootstrap.servers": self.brokers})
        self.wait_for(lambda: self.admin.list_topics(timeout=10).brokers, "Kafka answers", 60)

    def wait_for_coordinator(self, group):
        """The first request for a group's offsets creates the topic that keeps them, and must wait until it is loaded."""
        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": group})

        def answers():
            try:
                return not any(part.error for part in consumer.committed([TopicPartition("none", 0)], timeout=10))
            except KafkaException:
                return False

        try:
            self.wait_for(answers, f"the coordinator of {group} answers", 60)
        finally:
            consumer.close()

    def topic_create(self, partitions=1, name=None):
        """Makes a topic, and waits until its partitions have leaders."""
        name = name or f"flows-{next(self.topic_numbers)}"
        self.admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)
        wait_until(lambda: self.topic_is_ready(name, partitions), f"the topic {name} is ready")
        return name

    def topic_delete(self, name):
        """Deletes the topic, and waits until the broker does not list it any more."""
        self.admin.delete_topics([name])[name].result(30)
        wait_until(lambda: name not in self.admin.list_topics(timeout=10).topics, f"the topic {name} is gone")

    def topic_is_ready(self, name, partitions):
        found = self.admin.list_topics(name, timeout=10).topics[name].partitions
        return len(found) == partitions and all(part.leader == 1 for part in found.values())

    def configure(self, topic, settings):
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, {key: str(value) for key, value in settings.items()})
        self.admin.alter_configs([resource])[resource].result(30)

    def partitions_add(self, topic, count):
        """Raises the number of the topic's partitions."""
        self.admin.create_partitions([NewPartitions(topic, count)])[topic].result(30)
        wait_until(lambda: self.topic_is_ready(topic, count), f"the topic {topic} has {count} partitions")

    def produce(self, topic, values, partition=0, properties=None, **options):
        """Sends each value as a message. All are stored when this returns."""
        faults = []
        settings = {"bootstrap.servers": self.brokers, "enable.idempotence": True, "linger.ms": 5}
        producer = Producer({**settings, **(properties or {})})
        for value in values:
            while True:
                try:
                    producer.produce(topic, value, partition=partition, **options,
                                     on_delivery=lambda err, _: err and faults.append(err))
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(60) == 0 and not faults, faults

    def committed(self, topic, group, partitions=1):
        """{partition: offset} as committed by the group. Partitions without an offset are left out."""
        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": group})
        try:
            asked = [TopicPartition(topic, number) for number in range(partitions)]
            found = consumer.committed(asked, timeout=30)
            assert not any(part.error for part in found), found
            return {part.partition: part.offset for part in found if part.offset >= 0}
        finally:
            consumer.close()

    def metadata(self, topic, group, partitions=1):
        """{partition: the text that the group has stored beside its offset}."""
        return {number: text for number, (_, text) in wire.offsets(self.port, group, topic, partitions).items()}

    def read_all(self, topic, partitions=1):
        """Every message of the topic as {(partition, offset): value}."""
        found = self.read_messages(topic, partitions)
        return {(message.partition(), message.offset()): message.value() for message in found}

    def read_messages(self, topic, partitions=1):
        """All messages of the topic, in the order of each partition."""
        consumer = Consumer({"bootstrap.servers": self.brokers, "group.id": "reader", "enable.auto.commit": False})
        try:
            parts = [TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(partitions)]
            ends = [consumer.get_watermark_offsets(part, timeout=30)[1] for part in parts]
            consumer.assign(parts)
            messages = []
            while len(messages) < sum(ends):
                message = consumer.poll(30)
                assert message and not message.error(), message and message.error()
                messages.append(message)
            return messages
        finally:
            consumer.close()
