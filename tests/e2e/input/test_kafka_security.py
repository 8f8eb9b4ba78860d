"""TLS, passwords and rights, against a real broker that demands them, and the program's messages when the broker
refuses."""

import pytest
import yaml

from configs import ASN, fresh_group, kafka_config, record
from programs import flow_exporter_run, wait_until
from secure_kafka import GROUP, LIBS, PASSWORDS, TOPIC, SecureKafka

ERRORS = "flow_exporter_kafka_errors_total"


@pytest.fixture(name="secure", scope="module")
def secure_fixture(tmp_path_factory):
    if not LIBS.is_dir():
        pytest.skip(f"needs Kafka's jars in {LIBS}")
    broker = SecureKafka(tmp_path_factory.mktemp("secure-kafka"))
    yield broker
    broker.end()


def config_of(secure, listener, topic, properties, **options):
    config = kafka_config(secure.listeners[listener], topic, **options)
    config["inputs"][0]["rdkafka"].update({"reconnect.backoff.max.ms": "500", "statistics.interval.ms": "200", **properties})
    return config


def sasl(mechanism, user="alice", password=None):
    return {"sasl.mechanisms": mechanism, "sasl.username": user, "sasl.password": password or PASSWORDS[user]}


def produce(secure, count=10):
    topic = secure.topic_create()
    secure.produce(topic, [record(1, ASN, 7)] * count)
    return topic


def tls(secure):
    return {"security.protocol": "SSL", "ssl.ca.location": secure.certificates["ca.pem"]}


def client(secure, key="exporter.key", **more):
    return {**tls(secure), "ssl.certificate.location": secure.certificates["exporter.pem"],
            "ssl.key.location": secure.certificates[key], **more}


WAYS = {
    "tls": ("TLS", lambda secure: tls(secure)),
    "mutual-tls": ("MTLS", lambda secure: client(secure)),
    "mutual-tls-locked-key": ("MTLS", lambda secure: client(secure, "exporter-locked.key", **{"ssl.key.password": "key-s3cret-Vb5"})),
    "mutual-tls-key-as-text": ("MTLS", lambda secure: {
        **tls(secure), "ssl.certificate.pem": {"file": secure.certificates["exporter.pem"]},
        "ssl.key.pem": {"file": secure.certificates["exporter.key"]}}),
    "plain": ("SASL", lambda secure: {"security.protocol": "SASL_PLAINTEXT", **sasl("PLAIN")}),
    "scram-sha-256": ("SASL", lambda secure: {"security.protocol": "SASL_PLAINTEXT", **sasl("SCRAM-SHA-256")}),
    "scram-sha-512-tls": ("SASLTLS", lambda secure: {**tls(secure), "security.protocol": "SASL_SSL", **sasl("SCRAM-SHA-512")}),
    "plain-tls": ("SASLTLS", lambda secure: {**tls(secure), "security.protocol": "SASL_SSL", **sasl("PLAIN")}),
}


@pytest.mark.parametrize("way", WAYS)
def test_reads_and_commits(secure, exporter, way):
    listener, properties = WAYS[way]
    topic, group = produce(secure), fresh_group()
    program = exporter(config_of(secure, listener, topic, properties(secure), group=group))
    program.wait_for_page(lambda shown: shown.total() == 70, "70 bytes")
    assert secure.committed(topic, group) == {0: 10}
    wait_until(lambda: program.ready() == (200, "Ready.\n"), program.ready)


def test_secrets_come_from_elsewhere_and_are_never_shown(secure, exporter, tmp_path, monkeypatch):
    """Secrets are not in the log at any level, nor in the output of --check and --print-config."""
    file = tmp_path / "password"
    file.write_text(PASSWORDS["alice"] + "\n")
    monkeypatch.setenv("KEY_PASSWORD", "key-s3cret-Vb5")
    topic = produce(secure)
    references = {**sasl("SCRAM-SHA-512"), "sasl.password": {"file": str(file)}}
    properties = {**client(secure, "exporter-locked.key"), "security.protocol": "SASL_SSL", **references,
                  "ssl.key.password": {"env": "KEY_PASSWORD"}, "debug": "conf,security,broker,feature"}
    config = config_of(secure, "SASLTLS", topic, properties)
    config["log"] = {"level": "debug"}
    program = exporter(config)
    program.wait_for_page(lambda shown: shown.total() == 70, "70 bytes")
    path = tmp_path / "exporter" / f"{program.name}.yaml"
    printed = flow_exporter_run("--config", path, "--print-config")
    assert printed[0] == 0 and f"file: {file}" in printed[1] and "env: KEY_PASSWORD" in printed[1]
    literal = tmp_path / "literal.yaml"
    literal.write_text(path.read_text().replace("debug: conf", f'sasl.oauthbearer.config: "{PASSWORDS["bob"]}"\n    debug: conf'))
    texts = [program.log(), *printed[1:], *flow_exporter_run("--config", path, "--check")[1:],
             *flow_exporter_run("--config", literal, "--print-config")[1:], program.page_text()]
    assert "sasl.password" in texts[0]  # librdkafka has shown its configuration
    for secret in ("alice-s3cret", "key-s3cret", "bob-s3cret"):
        assert not any(secret in text for text in texts), secret


REFUSALS = {
    "wrong-password": ("SASL", "authentication", "a broker refuses to authenticate us",
                       lambda secure: {"security.protocol": "SASL_PLAINTEXT", **sasl("PLAIN", password="wrong-s3cret")}),
    "wrong-scram-password": ("SASL", "authentication", "a broker refuses to authenticate us",
                             lambda secure: {"security.protocol": "SASL_PLAINTEXT", **sasl("SCRAM-SHA-256", password="wrong-s3cret")}),
    "unknown-authority": ("TLS", "tls", "TLS with a broker fails",
                          lambda secure: {**tls(secure), "ssl.ca.location": secure.certificates["other-ca.pem"]}),
    "no-client-certificate": ("MTLS", "tls", "TLS with a broker fails", tls),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused(secure, exporter, case):
    """A refused program stays up, gives the reason in log, metric and readiness, and shows no secret."""
    listener, error, reason, properties = REFUSALS[case]
    program = exporter(config_of(secure, listener, produce(secure), properties(secure)))
    page = program.wait_for_page(lambda shown: shown.self_sum(ERRORS, error=error) > 0, f"errors of {error}")
    assert page.self_sum("flow_exporter_ready") == 0 and program.is_healthy()
    status, text = program.ready()
    assert (status, text) == (503, f"input-kafka: {reason}\n")
    assert f"error={'_SSL' if error == 'tls' else '_AUTHENTICATION'}" in program.log()
    assert "s3cret" not in program.log()


def test_a_topic_that_is_not_read_any_more_may_be_forbidden(secure, exporter, tmp_path):
    """The slot has no mark, so the program asks Kafka. It does not wait for the tags of a topic that it may not
    read."""
    one, other, group = produce(secure), produce(secure), fresh_group()
    secure.allow("bob", GROUP, group)
    secure.allow("bob", TOPIC, one)
    config = config_of(secure, "SASL", one, {"security.protocol": "SASL_PLAINTEXT", **sasl("PLAIN")}, group=group)
    config["inputs"][0]["topics"] = [one, other]
    config["state"]["directory"] = str(tmp_path / "state")
    program = exporter(config)
    program.wait_for_page(lambda page: page.total() == 140, "both topics")
    program.fresh_page()
    program.stop()
    for slot in (tmp_path / "state").glob("checkpoint-*"):
        with open(slot, "r+b") as file:
            file.write(bytes(32))  # removes its mark
    config["inputs"][0]["topics"] = [one]
    config["inputs"][0]["rdkafka"].update(sasl("PLAIN", "bob"))
    program = exporter(config)
    program.wait_for_page(lambda page: page.total() == 140, "what was kept")
    assert f"topic={other} " in program.log()


def test_a_password_that_is_right_later(secure, exporter):
    """The broker refuses a user that it does not know yet. Once it knows the user, the program continues, and nothing
    is lost."""
    topic, group = produce(secure), fresh_group()
    properties = {"security.protocol": "SASL_PLAINTEXT", **sasl("SCRAM-SHA-512", "carol", "carol-s3cret")}
    program = exporter(config_of(secure, "SASL", topic, properties, group=group))
    program.wait_for_page(lambda shown: shown.self_sum(ERRORS, error="authentication") > 0, "errors of authentication")
    assert program.ready()[0] == 503
    for kind, name in ((TOPIC, topic), (GROUP, group)):
        secure.allow("carol", kind, name)
    secure.set_password("carol", "carol-s3cret")
    program.wait_for_page(lambda shown: shown.total() == 70, "70 bytes")
    wait_until(lambda: program.ready() == (200, "Ready.\n"), program.ready, 60)


def test_a_file_that_librdkafka_can_t_read(secure, tmp_path):
    """A fault that only the start can notice is reported with its place, too."""
    config = config_of(secure, "TLS", "t", {**tls(secure), "ssl.ca.location": "/nonexistent/ca.pem"})
    path = tmp_path / "flows.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    line = 1 + path.read_text().splitlines().index("    ssl.ca.location: /nonexistent/ca.pem")
    status, _, err = flow_exporter_run("--config", path)
    assert status == 78 and f"{path}:{line}:5: " in err and "ssl.ca.location" in err


def test_missing_rights(secure, exporter):
    """bob has no rights at first, then gets the ones that he needs, one at a time. The program continues by itself."""
    topic, group = produce(secure), fresh_group()
    properties = {"security.protocol": "SASL_PLAINTEXT", **sasl("SCRAM-SHA-256", "bob")}
    program = exporter(config_of(secure, "SASL", topic, properties, group=group, start="latest"))
    program.wait_for_page(lambda shown: shown.self_sum(ERRORS, error="topic_right") > 0, "the topic's right is missed")
    program.wait_for_log(f"This user may not read the topic; give it the right. topic={topic}")
    wait_until(lambda: program.ready()[1] in (
        f"input-kafka: this user may not read the topic: {topic}\n",
        "input-kafka: this user may not use the consumer group\n"), program.ready)
    secure.allow("bob", TOPIC, topic)
    program.wait_for_page(lambda shown: shown.self_sum(ERRORS, error="group_right") > 0, "the group's right is missed")
    program.wait_for_log("This user may not use the consumer group; give it the right to read the group.")
    wait_until(lambda: "this user may not use the consumer group" in program.ready()[1], program.ready)
    secure.allow("bob", GROUP, group)
    program.wait_for_assigned(1)
    # The topic existed before bob could see it. So 'latest' is its end, not its beginning.
    secure.produce(topic, [record(1, ASN, 5)])
    program.wait_for_page(lambda shown: shown.total() == 5, "5 bytes")
    wait_until(lambda: program.ready() == (200, "Ready.\n"), program.ready, 60)


def test_two_clusters_in_one_process(secure, kafka, exporter):
    """Two inputs have their own brokers, groups and security. Each commits to its own cluster."""
    topics, groups = [kafka.topic_create(2), produce(secure)], [fresh_group(), fresh_group()]
    for partition in range(2):
        kafka.produce(topics[0], [record(1, ASN, 100)] * 50, partition=partition)
    config = kafka_config(kafka, topics[0], group=groups[0], name="one", workers=2)
    config["inputs"] += config_of(secure, "TLS", topics[1], tls(secure), group=groups[1], name="two")["inputs"]
    program = exporter(config)
    program.wait_for_page(lambda shown: shown.total() == 10070, "10070 bytes")
    kafka.produce(topics[0], [record(1, ASN, 1)])
    secure.produce(topics[1], [record(1, ASN, 1)])
    program.wait_for_page(lambda shown: shown.total() == 10072, "10072 bytes")
    program.stop()
    assert sum(kafka.committed(topics[0], groups[0], 2).values()) == 101
    assert secure.committed(topics[1], groups[1]) == {0: 11}


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_compression(secure, exporter, compression):
    """Keys and headers are ignored. Empty messages, and messages without a value, are no records. One message has
    thousands."""
    topic = secure.topic_create()
    sizes = list(range(1, 5001))
    packed = b"\n".join(record(1, ASN, size) for size in sizes) + b"\n"
    broken = b"\n".join([record(2, ASN, 10), b'{"as_src": }', record(2, ASN, 20), record(2, ASN, -1), record(2, ASN, 30)])
    values = [packed, b"", None, broken, *[record(3, ASN, 1)] * 2000]
    secure.produce(topic, values, properties={"compression.type": compression, "message.max.bytes": 20 << 20},
                   key=b"\xff\x00key", headers={"writer": b"\x00\xff", "empty": None})
    program = exporter(kafka_config(secure, topic))
    page = program.wait_for_page(lambda shown: shown.total() >= sum(sizes) + 2060, "all bytes")
    flows = {key[1]: value for key, value in program.fresh_page().flows().items()}
    assert flows == {1: sum(sizes), 2: 60, 3: 2000}
    assert page.self_sum("flow_exporter_records_malformed_total") == 2
    assert page.self_sum("flow_exporter_records_ignored_total", reason="empty") == 2
    assert page.self_sum("flow_exporter_payloads_total") == len(values)


def test_messages_up_to_the_broker_s_limit(secure, exporter):
    """One record has 15 MiB. A message of 19 MiB has 52,000 records. Both are counted whole."""
    topic = secure.topic_create()
    secure.configure(topic, {"max.message.bytes": 20 << 20})
    large = record(1, ASN, 1, comms="x" * (15 << 20))
    line = record(2, ASN, 3, comms="y" * 250)
    packed = b"\n".join([line] * 52000)
    assert 18 << 20 < len(packed) < 20 << 20
    secure.produce(topic, [large, packed, record(3, ASN, 5)], properties={"message.max.bytes": 20 << 20})
    program = exporter(kafka_config(secure, topic))
    program.wait_for_page(lambda shown: shown.total() == 156006, "156006 bytes")
