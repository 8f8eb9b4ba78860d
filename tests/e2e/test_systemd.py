"""The program under systemd, played by a socket: sd_notify(3), the watchdog, and the lines for the journal."""

import json
import os
import re
import socket
import subprocess
import time

import pytest
import yaml

from configs import stdin_config
from programs import SLOWNESS, SOURCE, FlowExporter, flow_exporter_command, free_port, wait_until

LIMIT_S = 1.5


class Supervisor:
    """Plays systemd: a socket, and the lines that have come to it."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.setblocking(False)
        self.came = []

    def receive(self):
        try:
            while True:
                self.came += [(time.monotonic(), line) for line in self.socket.recv(65536).decode().split("\n")]
        except BlockingIOError:
            return [line for _, line in self.came]

    def wait_for(self, line):
        wait_until(lambda: line in self.receive(), lambda: f"{line}: {self.came}")


@pytest.fixture(params=["a file", "abstract"])
def supervisor(request, tmp_path):
    name = str(tmp_path / "notify") if request.param == "a file" else f"\0flow-exporter-test-{os.getpid()}-{time.time_ns()}"
    found = Supervisor(name)
    found.environment = {"NOTIFY_SOCKET": name.replace("\0", "@")}
    yield found
    found.socket.close()


def config_of(**pipeline):
    return {**stdin_config(), "pipeline": pipeline}


def test_ready_status_and_stopping(supervisor, exporter):
    reader, writer = os.pipe()
    program = exporter(config_of(stop_timeout="20s"), stdin=reader, env=supervisor.environment)
    supervisor.wait_for("READY=1")
    supervisor.wait_for("STATUS=Ready.")
    assert not any(line.startswith("WATCHDOG") for line in supervisor.receive())
    program.stop()
    os.close(writer)
    lines = supervisor.receive()
    assert lines.count("READY=1") == 1 and lines.count("STOPPING=1") == 1
    assert lines.index("READY=1") < lines.index("STOPPING=1")
    longest_us = [int(line.partition("=")[2]) for line in lines if line.startswith("EXTEND_TIMEOUT_USEC=")]
    assert len(longest_us) == 1 and 0 < longest_us[0] - 20_000_000 + 5_000_000 * SLOWNESS <= 5_000_000 * SLOWNESS + LIMIT_S * 1e6


def test_the_status_tells_what_it_waits_for(supervisor, exporter):
    config = config_of()
    config["inputs"] = [{"plugin": "input-kafka", "brokers": f"127.0.0.1:{free_port()}", "topics": ["flows"]}]
    exporter(config, env=supervisor.environment)
    supervisor.wait_for("STATUS=Not ready: input-kafka: no broker can be reached")
    assert "READY=1" in supervisor.receive()  # the program has started; Kafka may come and go


def test_a_socket_that_is_full_at_the_start(supervisor, exporter):
    """What is not taken is told again."""
    reader, writer = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as others:
        others.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                others.sendto(b"FROM_OTHERS=1", supervisor.socket.getsockname())
    exporter(config_of(), stdin=reader, env=supervisor.environment)
    supervisor.wait_for("READY=1")
    supervisor.wait_for("STATUS=Ready.")
    os.close(writer)


def test_no_start_no_ready(supervisor, exporter, tmp_path):
    config = config_of()
    config["resolvers"] = [{"plugin": "resolver-whois", "server": "none", "names": [str(tmp_path / "is-not-there")]}]
    program = exporter(config, env=supervisor.environment, wait=False)
    assert program.process.wait(30 * SLOWNESS) != 0
    assert "READY=1" not in supervisor.receive()


def test_the_watchdog_is_fed(supervisor, exporter):
    reader, writer = os.pipe()
    limit_s = 0.4 * SLOWNESS
    started = exporter(config_of(), stdin=reader, env={**supervisor.environment, "WATCHDOG_USEC": str(int(limit_s * 1e6))})
    wait_until(lambda: supervisor.receive().count("WATCHDOG=1") >= 10, lambda: supervisor.came)
    assert started.is_running()
    os.close(writer)


def test_another_process_is_watched(supervisor, exporter):
    reader, writer = os.pipe()
    exporter(config_of(), stdin=reader, env={**supervisor.environment, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"})
    supervisor.wait_for("STATUS=Ready.")
    time.sleep(0.5)
    assert "WATCHDOG=1" not in supervisor.receive()
    os.close(writer)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_lines_for_the_journal(tmp_path, log_format):
    """Standard error is the stream that JOURNAL_STREAM names. Lines have a priority and no time."""
    reader, writer = os.pipe()
    about = os.fstat(writer)
    config = {**config_of(), "log": {"format": log_format}}
    program = FlowExporter(tmp_path, config, env={"JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"}, stderr=writer)
    assert program.end() == 0
    os.close(writer)
    with open(reader, encoding="utf-8") as said:
        lines = said.read().splitlines()
    assert lines and all(re.match(r"<[3467]>", line) for line in lines), lines
    shown = [line[3:] for line in lines if "Serving the page." in line]
    assert len(shown) == 1
    if log_format == "json":
        assert all("time" not in json.loads(line[3:]) for line in lines)
    else:
        assert re.match(r"info  output-prometheus: Serving the page\.", shown[0])


def test_another_stream_is_not_the_journal(tmp_path):
    program = FlowExporter(tmp_path, config_of(), env={"JOURNAL_STREAM": "1:2"})
    assert program.end() == 0
    assert all(re.match(r"20\d\d-", line) for line in program.log().splitlines())


def test_errors_that_end_the_start_obey_the_format(tmp_path):
    """This includes errors from before the log is set up. They have their place. --check prints for people."""
    config = {"log": {"format": "json"}, **config_of(), "outputs": [{"plugin": "output-prometheus", "asnn": 1}]}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    command, plugins = flow_exporter_command()
    run = [str(word) for word in [*command, *plugins, "--config", path]]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60 * SLOWNESS, check=False)
    assert done.returncode == 78
    last = json.loads(done.stderr.splitlines()[-1])
    assert last["level"] == "error" and "asnn" in last["message"]
    assert last["file"] == str(path) and last["line"] > 1 and last["column"] > 0
    done = subprocess.run([*run, "--check"], capture_output=True, text=True, timeout=60 * SLOWNESS, check=False)
    assert done.returncode == 78 and done.stderr.startswith("flow-exporter: ")


def test_the_unit_says_so():
    unit = (SOURCE / "etc/flow-exporter.service.in").read_text()
    assert re.search(r"^Type=notify$", unit, re.M) and re.search(r"^WatchdogSec=", unit, re.M)
