"""The state directory is full, read-only, gone, or on a disk whose sync fails. The program does what is documented, and
shows no wrong counter."""

import os
import shutil
import subprocess

import pytest

from configs import ASN, fresh_group, record
from load import Instance
from programs import TESTS, run, wait_until

FAULTS = ["sync", "full", "readonly"]
KEPT = "flow_exporter_state_kept"


@pytest.fixture(scope="session")
def faulty_disk(tmp_path_factory):
    library = tmp_path_factory.mktemp("disk") / "faulty-disk.so"
    run("gcc", "-O1", "-shared", "-fPIC", "-o", library, TESTS / "tools" / "faulty-disk.c", "-ldl")
    return library


class Disk:
    """The disk of the instance's state directory."""

    def __init__(self, library, folder, state):
        self.control = folder / "disk"
        self.env = {"LD_PRELOAD": str(library), "FAULTY_DISK": str(self.control), "FAULTY_FOLDER": str(state)}

    def fail(self, how):
        self.control.write_text(how)

    def heal(self):
        self.control.unlink()


@pytest.fixture
def instance(kafka, exporter, tmp_path):
    topic = kafka.topic_create()
    made = Instance(exporter, kafka, topic, tmp_path, fresh_group(), "exporter")
    made.kafka, made.topic, made.sent = kafka, topic, 0
    yield made
    made.watch.stopping.set()


def send(instance, count=100):
    instance.kafka.produce(instance.topic, [record(1, ASN, 1)] * count)
    instance.sent += count


def counted(instance):
    return instance.tally()["1"]


def wait_for_count(instance, count):
    wait_until(lambda: counted(instance) == count, lambda: f"{count} are counted, not {counted(instance)}")


def is_kept(instance):
    return instance.page().self_sum(KEPT)


@pytest.mark.parametrize("how", FAULTS)
def test_degrades_and_recovers(instance, tmp_path, faulty_disk, how):
    disk = Disk(faulty_disk, tmp_path, tmp_path / "exporter-state")
    instance.start(wait=True, env=disk.env)
    send(instance)
    wait_for_count(instance, 100)
    assert is_kept(instance) == 1

    disk.fail(how)
    send(instance)
    wait_for_count(instance, 200)  # counting goes on
    wait_until(lambda: is_kept(instance) == 0, "it says that nothing is kept")
    assert "State can't be written" in instance.program.log()
    assert instance.page().self_sum("flow_exporter_state_failures_total") >= 1

    disk.heal()
    send(instance)
    wait_until(lambda: is_kept(instance) == 1, "it is kept again")
    wait_for_count(instance, 300)
    wait_until(lambda: instance.program.page() and is_kept(instance), "a checkpoint")
    instance.kill()
    send(instance)
    instance.start(wait=True, env=disk.env)
    wait_for_count(instance, 400)
    instance.stop_watching()


@pytest.mark.parametrize("how", FAULTS)
def test_killed_without_state_begins_at_zero(instance, tmp_path, faulty_disk, how):
    """The older values may still be there. With them a counter would go back, so the counters begin at zero."""
    disk = Disk(faulty_disk, tmp_path, tmp_path / "exporter-state")
    instance.start(wait=True, env=disk.env)
    send(instance)
    wait_for_count(instance, 100)
    disk.fail(how)
    send(instance)
    wait_for_count(instance, 200)
    wait_until(lambda: is_kept(instance) == 0, "it says that nothing is kept")
    instance.watch.stopping.set()
    instance.watch.join()
    instance.kill()
    disk.heal()
    send(instance)
    instance.start(wait=True, env=disk.env)
    wait_for_count(instance, 100)
    assert "Counters begin at zero" in instance.program.log()


@pytest.mark.parametrize("how", FAULTS)
def test_stops_when_told_to(instance, tmp_path, faulty_disk, how):
    disk = Disk(faulty_disk, tmp_path, tmp_path / "exporter-state")
    instance.config["state"]["on_failure"] = "stop"
    instance.start(wait=True, env=disk.env)
    send(instance)
    wait_for_count(instance, 100)
    disk.fail(how)
    send(instance)
    wait_until(lambda: not instance.is_running(), "it stops")
    assert instance.program.process.returncode == 70
    assert "stopping, as" in instance.program.log()
    assert counted(instance) == 100
    disk.heal()
    instance.start(wait=True, env=disk.env)
    wait_for_count(instance, 200)
    instance.stop_watching()


def test_deleted_while_running(instance, tmp_path):
    instance.start(wait=True)
    send(instance)
    wait_for_count(instance, 100)
    shutil.rmtree(tmp_path / "exporter-state")
    send(instance)
    wait_for_count(instance, 200)
    instance.program.wait_for_log("State is kept again")
    send(instance)
    wait_for_count(instance, 300)
    instance.kill()
    instance.start(wait=True)
    send(instance)
    wait_for_count(instance, 400)
    instance.stop_watching()


def test_a_small_tmpfs(instance, tmp_path):
    """A really full disk, where this test may mount one. Elsewhere 'full' above must do."""
    place = tmp_path / "exporter-state"
    place.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True, check=False).returncode == 0
    try:
        instance.start(wait=True)
        send(instance)
        wait_for_count(instance, 100)
        if mounted:
            filler = place / "filler"
            file = os.open(filler, os.O_WRONLY | os.O_CREAT)
            with pytest.raises(OSError):
                while os.write(file, bytes(4096)):
                    pass
            os.close(file)
            instance.kafka.produce(instance.topic, [record(source, ASN, 1) for source in range(2, 3000)])
            wait_until(lambda: sum(instance.tally().values()) == 100 + 2998, "all are counted")
            wait_until(lambda: is_kept(instance) == 0, "nothing is kept")
            filler.unlink()
            instance.program.wait_for_log("State is kept again")
        instance.program.stop()
    finally:
        instance.kill()
        if mounted:
            subprocess.run(["umount", place], check=True)
