"""Fixtures: one Kafka for the run, fresh topics, and programs that are stopped and checked after each test."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from kafka import LIBS, Kafka
from programs import FlowExporter, Prometheus, WhoisServer

# All processes that run tests in parallel need the same seed: it is in the names of tests, which must not differ.
os.environ.setdefault("FX_TEST_SEED", str(time.time_ns() % 1_000_000_000))


def interrupt(_number, _frame):
    raise KeyboardInterrupt


def pytest_configure():
    """When the run is told to end, it first ends the programs that it has started."""
    signal.signal(signal.SIGTERM, interrupt)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory):
    if not shutil.which("java") or not LIBS.is_dir():
        pytest.skip(f"needs Java and Kafka's jars in {LIBS}")
    broker = Kafka(tmp_path_factory.mktemp("kafka"))
    yield broker
    broker.end()


@pytest.fixture
def fill_disk():
    """fill_disk(folder, *files): makes the folder a disk of its own, with a copy of the files, and fills the disk."""
    mounted = []

    def fill(folder, *files):
        kept = {file: file.read_bytes() for file in files}
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("needs the right to mount")
        mounted.append(folder)
        for file, data in kept.items():
            file.write_bytes(data)
        with open(folder / "filler", "wb", buffering=0) as filler, pytest.raises(OSError):
            while filler.write(bytes(4096)) == 4096:
                pass

    yield fill
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def topic(kafka):
    return kafka.topic_create()


@pytest.fixture
def exporter(tmp_path):
    """Starts flow-exporters. Those still running after the test must stop in order, without findings of a sanitizer."""
    started = []

    def start(config=None, arguments=(), **options):
        options.setdefault("name", f"flow-exporter-{len(started) + 1}")
        program = FlowExporter(tmp_path / "exporter", config, arguments, **options)
        started.append(program)
        return program

    yield start
    try:
        for program in started:
            if program.is_running():
                program.stop()
    finally:
        for program in started:
            program.kill_group()


@pytest.fixture
def prometheus(tmp_path):
    if not shutil.which("prometheus"):
        pytest.skip("needs prometheus")
    started = []

    def start(*exporters):
        started.append(Prometheus(tmp_path / "prometheus", [f"127.0.0.1:{program.port}" for program in exporters]))
        return started[-1]

    yield start
    for program in started:
        program.end()


@pytest.fixture
def whois(tmp_path):
    server = WhoisServer(tmp_path / "whois")
    yield server
    server.end()
