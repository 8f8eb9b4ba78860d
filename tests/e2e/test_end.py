"""Whatever hangs, a signal ends the program in time. The status tells whether everything was committed."""

import os
import re
import signal
import socket
import struct
import time

import pytest
from confluent_kafka.admin import AdminClient

import wire
from configs import ASN, fresh_group, kafka_config, record, stdin_config
from kafka import LIBS, Kafka
from page import Count
from programs import BUILD, FLOWGEN, NAMES, SLOWNESS, TESTS, WRAPPER, Program, free_port, run, wait_until

STOP_S = 1.5  # stop_timeout's default
# The promise is STOP_S and two seconds. The rest is for a busy machine.
END_S = STOP_S + 2 + 3 * SLOWNESS
COMMITTED, NOT_COMMITTED = 0, 75
TOOLS = FLOWGEN.parent
RECORDS = "flow_exporter_records_total"


def timed_end(*programs, number=signal.SIGTERM, most=END_S):
    """Sends the signal to all programs at once. Gives their statuses, each of which must come in time."""
    begin = time.monotonic()
    for program in programs:
        program.require_running()
        program.process.send_signal(number)
    found = []
    for program in programs:
        found.append(program.process.wait(60 * SLOWNESS))
        seconds = time.monotonic() - begin
        assert seconds < most, f"{program.name} ended after {seconds:.1f} s:\n{program.log()[-3000:]}"
    return found


class Address:
    """The attributes of a broker that kafka_config() needs."""

    def __init__(self, port, host="127.0.0.1"):
        self.brokers = f"{host}:{port}"


def rarely_committed(config):
    """The first page makes a checkpoint; later pages make none. Records read after it stay uncommitted."""
    config["state"].update(min_interval="1h", max_interval="1h")
    return config


def wait_for_uncommitted(program, count):
    program.wait_for_page(lambda page: page.self_sum(RECORDS) >= count, f"{count} records")


@pytest.fixture(name="own_kafka")
def own_kafka_fixture(tmp_path):
    if not LIBS.is_dir():
        pytest.skip(f"needs Kafka's jars in {LIBS}")
    broker = Kafka(tmp_path / "own-kafka")
    yield broker
    broker.kill_group()


def preload(tmp_path, name):
    if WRAPPER or "-tsan" in str(BUILD) or "-asan" in str(BUILD):
        pytest.skip("a preloaded library and a sanitizer's run time are in each other's way")
    library = tmp_path / f"{name}.so"
    run("gcc", "-O1", "-shared", "-fPIC", "-o", library, TESTS / "tools" / f"{name}.c", "-ldl")
    return str(library)


# ---- Kafka


def test_the_broker_is_frozen_or_killed(own_kafka, exporter):
    own_kafka.topic_create(name="flows")
    own_kafka.topic_create(name="quiet")
    config = rarely_committed(kafka_config(own_kafka, "flows"))
    quiet = kafka_config(own_kafka, "quiet")
    for how in (signal.SIGSTOP, signal.SIGKILL):
        behind, idle = exporter(config), exporter(quiet)
        for program in (behind, idle):
            program.wait_for_assigned(1)
        own_kafka.produce("flows", [record(1, ASN, 1)] * 50)
        wait_for_uncommitted(behind, 50)
        own_kafka.process.send_signal(how)
        assert timed_end(behind, idle) == [NOT_COMMITTED, COMMITTED], behind.log() + idle.log()
        assert "The last checkpoint was not committed" in behind.log()
        if how == signal.SIGSTOP:
            own_kafka.process.send_signal(signal.SIGCONT)  # it may still accept the commit sent to it


class MockBroker(Program):
    """The demo's broker: it is up at once, and makes flows all the time."""

    def __init__(self, folder):
        super().__init__([TOOLS / "mock-broker", "--topic", "flows", "--names", NAMES, "--asn", str(ASN)], folder, "mock-broker")
        self.brokers = self.wait_for(self.address, "the broker's address")

    def address(self):
        """The address is on a line of its own among librdkafka's."""
        found = re.search(r"^[0-9.]+:\d+$", self.log(), re.M)
        return found and found.group()


def test_program_and_broker_are_interrupted_at_once(exporter, tmp_path):
    """Ctrl-C does this: the terminal sends the signal to both. The broker may or may not have accepted the commit."""
    if not (TOOLS / "mock-broker").exists():
        pytest.skip("librdkafka has no mock cluster")
    broker = MockBroker(tmp_path / "broker")
    config = rarely_committed(kafka_config(broker, "flows"))
    config["inputs"][0]["rdkafka"]["session.timeout.ms"] = "30000"  # this broker waits 3 s for more members first
    program = exporter(config)
    wait_for_uncommitted(program, 1)
    broker.process.send_signal(signal.SIGINT)
    (status,) = timed_end(program, number=signal.SIGINT)
    assert (status == NOT_COMMITTED) == ("The last checkpoint was not committed" in program.log())
    assert status in (COMMITTED, NOT_COMMITTED)
    broker.end()


def test_a_topic_is_deleted_for_good(kafka, exporter):
    """librdkafka's destroy does not return after that."""
    prefix = f"gone-{os.getpid()}-{time.monotonic_ns()}"
    for end in "ab":
        kafka.topic_create(name=f"{prefix}-{end}")
    program = exporter(kafka_config(kafka, f"^{prefix}-.*"))
    program.wait_for_assigned(2)
    kafka.produce(f"{prefix}-a", [record(1, ASN, 1)] * 5)
    kafka.produce(f"{prefix}-b", [record(1, ASN, 1)] * 5)
    program.wait_for_records(10)
    admin = AdminClient({"bootstrap.servers": kafka.brokers})
    admin.delete_topics([f"{prefix}-b"])[f"{prefix}-b"].result(30)
    program.wait_for_assigned(1)
    program.fresh_page()
    assert timed_end(program) == [COMMITTED], program.log()


def test_a_broker_that_accepts_and_never_answers(exporter):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        program = exporter(kafka_config(Address(silent.getsockname()[1]), "flows"))
        silent.settimeout(30 * SLOWNESS)
        peer, _ = silent.accept()
        peer.settimeout(30 * SLOWNESS)
        assert peer.recv(1)  # the program has sent its request
        assert timed_end(program) == [COMMITTED], program.log()
        peer.close()


SASL = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "PLAIN", "sasl.username": "u", "sasl.password": "p"}
API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
VERSIONS = ((3, 0, 1), (SASL_HANDSHAKE, 0, 1), (API_VERSIONS, 0, 0), (SASL_AUTHENTICATE, 0, 0))


def says_nothing(peer):
    assert peer.recv(1)


def begins_its_hello(peer):
    assert peer.recv(1)
    peer.sendall(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")


def stops_before_it_authenticates(peer):
    """The broker has agreed to PLAIN, and got the password."""
    while True:
        request = wire.read(peer, struct.unpack(">i", wire.read(peer, 4))[0])
        key, version, number = struct.unpack_from(">hhi", request)
        if key == API_VERSIONS:
            known = [] if version else VERSIONS  # it supports version 0 only
            answer = struct.pack(">hi", 35 if version else 0, len(known)) + b"".join(struct.pack(">hhh", *api) for api in known)
        elif key == SASL_HANDSHAKE:
            answer = struct.pack(">hi", 0, 1) + wire.string("PLAIN")
        else:
            assert key == SASL_AUTHENTICATE and b"\0u\0p" in request, request
            return
        peer.sendall(struct.pack(">ii", len(answer) + 4, number) + answer)


HANDSHAKES = {"tls": ({"security.protocol": "SSL"}, says_nothing), "tls-half": ({"security.protocol": "SSL"}, begins_its_hello),
              "sasl": (SASL, stops_before_it_authenticates)}


@pytest.mark.parametrize("case", HANDSHAKES)
def test_a_broker_that_never_ends_the_handshake(exporter, case):
    properties, stop = HANDSHAKES[case]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = kafka_config(Address(silent.getsockname()[1]), "flows")
        config["inputs"][0]["rdkafka"].update(properties)
        program = exporter(config)
        silent.settimeout(30 * SLOWNESS)
        peer, _ = silent.accept()
        peer.settimeout(30 * SLOWNESS)
        stop(peer)
        assert timed_end(program) == [COMMITTED], program.log()
        peer.close()


def test_a_name_that_does_not_exist(exporter):
    program = exporter(kafka_config(Address(9092, "nobody.invalid"), "flows"))
    program.wait_for_log("nobody.invalid")
    assert timed_end(program) == [COMMITTED], program.log()


def test_a_name_that_stops_to_resolve(kafka, topic, exporter, tmp_path):
    """The resolver hangs, and librdkafka's threads with it. The program leaves them behind, and the counts are
    committed."""
    stuck = tmp_path / "stuck"
    env = {"LD_PRELOAD": preload(tmp_path, "stuck-name"), "STUCK_NAME": str(stuck)}
    config = kafka_config(kafka, topic)
    config["inputs"][0]["brokers"].append(f"localhost:{free_port()}")  # librdkafka looks this name up again and again
    config["inputs"][0]["rdkafka"]["broker.address.ttl"] = "0"
    program = exporter(config, env=env)
    kafka.produce(topic, [record(1, ASN, 1)] * 5)
    program.wait_for_records(5)
    stuck.touch()
    time.sleep(0.5 * SLOWNESS)  # long enough for the next attempt to connect; harmless if not
    assert timed_end(program) == [COMMITTED], program.log()


def test_what_was_kept_can_not_be_asked_for(kafka, topic, exporter, tmp_path):
    """The program waits for Kafka before it counts anything. There is nothing to commit."""
    config = kafka_config(kafka, topic)
    config["state"]["directory"] = str(tmp_path / "state")
    program = exporter(config)
    kafka.produce(topic, [record(1, ASN, 1)] * 5)
    program.wait_for_records(5)
    program.stop()
    config["inputs"][0]["brokers"] = [f"127.0.0.1:{free_port()}"]
    program = exporter(config)
    program.wait_for_log("The last committed checkpoint is not known yet")
    assert timed_end(program) == [COMMITTED], program.log()


# ---- The disk, clients, standard error


def test_a_disk_that_hangs(exporter, tmp_path):
    reader, writer = os.pipe()
    control, state = tmp_path / "disk", tmp_path / "state"
    config = rarely_committed(stdin_config())
    config["state"]["directory"] = str(state)
    env = {"LD_PRELOAD": preload(tmp_path, "faulty-disk"), "FAULTY_DISK": str(control), "FAULTY_FOLDER": str(state)}
    program = exporter(config, stdin=reader, env=env)
    try:
        program.page()
        os.write(writer, record(1, ASN, 5) + b"\n")
        wait_for_uncommitted(program, 1)
        control.write_text("hang")
        assert timed_end(program) == [NOT_COMMITTED]
        assert 'Ending without the program\'s own work, which does not return. call="write state"' in program.log()
    finally:
        os.close(reader)
        os.close(writer)


def test_clients_that_never_read(exporter, tmp_path):
    path = tmp_path / "flows"
    lines = [record(number, ASN, 1) for number in range(1, 30001)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    with open(path, "rb") as file:
        program = exporter(stdin_config(serve_after_end=True), stdin=file)
    program.wait_for_page(lambda page: page.total() == len(lines), "all")
    clients = []
    for _ in range(10):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", program.port))
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        clients.append(client)
    for client in clients:
        client.settimeout(30 * SLOWNESS)
        assert client.recv(1)  # its answer has begun
    assert timed_end(program) == [COMMITTED], program.log()
    for client in clients:
        client.close()


def fill(pipe):
    """Writes until the pipe takes not one byte more."""
    os.set_blocking(pipe, False)
    for size in (4096, 1):
        try:
            while True:
                os.write(pipe, b"x" * size)
        except BlockingIOError:
            pass
    os.set_blocking(pipe, True)  # all holders of the pipe share the flag, the program too


def test_standard_error_that_nobody_reads(exporter, tmp_path):
    """Counting and the end go on. The kept lines come when the reader continues."""
    path = tmp_path / "flows"
    lines = [record(1, ASN, 1)] * 1000
    path.write_bytes(b"\n".join(lines) + b"\n{broken\n")
    reader, writer = os.pipe()
    fill(writer)
    with open(path, "rb") as file:
        program = exporter(stdin_config(serve_after_end=True), stdin=file, stderr=writer)
    assert os.get_blocking(writer)
    program.wait_for_page(lambda page: page.flows() == Count(ASN).add_lines(lines).flows, "the flows")
    assert program.page().self_sum("flow_exporter_log_lines_lost_total") == 0
    os.set_blocking(reader, False)
    text = b""

    def is_said():
        nonlocal text
        try:
            text += os.read(reader, 1 << 20)
        except BlockingIOError:
            pass
        return b"A malformed record was rejected." in text

    wait_until(is_said, lambda: f"the log goes on: {text[-500:]}")
    assert os.get_blocking(writer)
    fill(writer)
    assert timed_end(program) == [COMMITTED]
    os.close(reader)
    os.close(writer)


# ---- Signals


def test_signals_that_do_not_end_it(exporter):
    program = exporter(stdin_config())
    said = [
        (signal.SIGUSR1, "The log level has changed. level=debug"),
        (signal.SIGUSR1, "The log level does not change: there is no further level. level=debug"),
        (signal.SIGUSR2, "The log level has changed. level=info"),
        (signal.SIGUSR2, "The log level has changed. level=warn"),
        (signal.SIGUSR2, "The log level has changed. level=error"),
        (signal.SIGUSR2, "The log level does not change: there is no further level. level=error"),
        (signal.SIGHUP, "Reloading is not supported yet"),
    ]
    for number, line in said:
        count = program.log().count(line)
        program.process.send_signal(number)
        program.wait_for(lambda: program.log().count(line) == count + 1, f"'{line}' is said")
    for number in ("PIPE", "ALRM", "VTALRM", "PROF", "IO", "PWR", "XFSZ", "WINCH", "URG", "CHLD", "CONT"):
        program.process.send_signal(getattr(signal, f"SIG{number}"))
    size = len(program.log())
    assert program.page().total() == 0 and program.is_healthy()
    assert len(program.log()) == size, "they are ignored without a word"
    program.stop()


def test_quit_ends_at_once_without_a_checkpoint(kafka, topic, exporter):
    group = fresh_group()
    config = rarely_committed(kafka_config(kafka, topic, group=group))
    config["pipeline"] = {"stop_timeout": "1h"}
    program = exporter(config)
    program.wait_for_assigned(1)
    kafka.produce(topic, [record(1, ASN, 1)] * 50)
    wait_for_uncommitted(program, 50)
    assert timed_end(program, number=signal.SIGQUIT, most=1 + 3 * SLOWNESS) == [NOT_COMMITTED]
    assert kafka.committed(topic, group) in ({}, {0: 0})
    again = exporter(config)
    again.wait_for_page(lambda page: page.self_sum(RECORDS) >= 50, "they are read again")
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(60 * SLOWNESS) == COMMITTED
    assert kafka.committed(topic, group) == {0: 50}
