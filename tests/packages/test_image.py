"""The container image: its metadata, its size, and the program in it under crun, with a read-only root."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import uuid

import pytest
from made import PACKAGES, SOURCE, output_of

sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
# pylint: disable=wrong-import-position
from configs import record  # noqa: E402
from kafka import LIBS, Kafka  # noqa: E402
from page import Page  # noqa: E402
from programs import Program, can_connect, free_port, http_get, run, wait_until  # noqa: E402

pytestmark = pytest.mark.whole
IMAGE = "localhost/flow-exporter:latest"
LIMIT = 60_000_000  # bytes, compressed as in a registry
STATE = "/var/lib/flow-exporter"


@pytest.fixture(scope="module")
def settings():
    return json.loads(output_of("buildah", "inspect", "--type", "image", IMAGE))["Docker"]["config"]


def test_what_it_says(settings):
    assert settings["User"] == "65532:65532"
    assert settings["Entrypoint"] == ["flow-exporter"]
    assert list(settings["Volumes"]) == [STATE] and f"STATE_DIRECTORY={STATE}" in settings["Env"]
    assert list(settings["ExposedPorts"]) == ["9590/tcp"]
    assert settings["Healthcheck"]["Test"] == ["CMD", "flow-exporter", "health"]


def test_its_size():
    size = 0
    with open(PACKAGES / "image" / "flow-exporter.tar", "rb") as file:
        while block := file.read(1 << 24):
            size += len(gzip.compress(block, 6))
    print(f"{size} bytes compressed, {(PACKAGES / 'image' / 'flow-exporter.tar').stat().st_size} not")
    assert size < LIMIT


@pytest.fixture
def root():
    """The files of a container made from the image."""
    container = output_of("buildah", "from", "--pull-never", IMAGE).strip()
    yield output_of("buildah", "mount", container).strip()
    output_of("buildah", "umount", container)
    output_of("buildah", "rm", container)


def test_nothing_to_build_with_is_left(root):
    assert not [name for name in ("gcc", "make", "autoconf", "git") if os.path.lexists(f"{root}/usr/bin/{name}")]
    assert not os.listdir(f"{root}/var/lib/apt/lists")
    said = output_of("buildah", "inspect", "--type", "image", IMAGE)
    assert "password" not in said.lower()


class Container(Program):
    """Runs crun with the image's own settings, this machine's network, a read-only root, and a volume for the state."""

    def __init__(self, folder, root, settings, arguments):
        folder.mkdir()
        output_of("crun", "spec", cwd=folder)
        state = folder / "state"
        state.mkdir()
        user, group = map(int, settings["User"].split(":"))
        os.chown(state, user, group)
        path = folder / "config.json"
        spec = json.loads(path.read_text())
        spec["root"] = {"path": root, "readonly": True}
        spec["process"] |= {"terminal": False, "args": [*settings["Entrypoint"], *arguments], "env": settings["Env"], "cwd": "/",
                            "user": {"uid": user, "gid": group}, "noNewPrivileges": True}
        spec["process"]["capabilities"] = {}
        spec["linux"] = {"namespaces": [kind for kind in spec["linux"]["namespaces"] if kind["type"] not in ("network", "cgroup")]}
        spec["mounts"] = [mount for mount in spec["mounts"] if mount["type"] != "cgroup" and mount["destination"] != "/sys"]
        spec["mounts"].append({"destination": STATE, "type": "bind", "source": str(state), "options": ["bind", "rw"]})
        path.write_text(json.dumps(spec))
        self.name_of_it = f"flow-exporter-{uuid.uuid4().hex[:8]}"
        super().__init__(["crun", "--cgroup-manager=disabled", "run", "--bundle", folder, self.name_of_it], folder, "container")

    def call(self, *command):
        done = subprocess.run(["crun", "--cgroup-manager=disabled", "exec", self.name_of_it, *command], capture_output=True,
                              text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def stop(self):
        run("crun", "--cgroup-manager=disabled", "kill", self.name_of_it, "TERM")
        assert self.process.wait(60) == 0, self.log()[-3000:]


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    assert LIBS.is_dir() and shutil.which("crun")
    broker = Kafka(tmp_path_factory.mktemp("kafka"))
    yield broker
    broker.end(signal.SIGTERM)


def test_it_counts_with_the_old_command_line(kafka, root, settings, tmp_path):
    topic, port = kafka.topic_create(), free_port()
    kafka.wait_for_coordinator("flow-exporter")
    arguments = [f"--brokers={kafka.brokers}", f"--topic={topic}", "--asn=15169", f"--addr=:{port}", "--whois=none"]
    container = Container(tmp_path / "bundle", root, settings, arguments)
    try:
        container.wait_for(lambda: can_connect(port), "it listens", 60)

        def page():
            return Page(http_get(f"http://127.0.0.1:{port}/metrics")[1])

        container.wait_for(lambda: page().self_sum("flow_exporter_kafka_assigned_partitions") == 1, "it reads", 60)
        kafka.produce(topic, [record(6939, 15169, 52)])
        wait_until(lambda: page().total() == 52, lambda: container.log()[-3000:], 60)
        status, said = container.call("sh", "-c", "touch /etc/x /usr/x /tmp/x; id -u")
        assert "Read-only file system" in said and said.strip().endswith("65532"), said
        assert any((tmp_path / "bundle" / "state").iterdir())
        container.stop()
    finally:
        container.kill_group()
