"""An output with a store of its own that must not lose anything, while the store is down and the program dies.

The store is two files (tests/plugin/output-store.c). What Kafka has as committed must be stored, at every moment.
"""

import json
import shutil
import signal
from collections import Counter

import pytest

from configs import fresh_group, kafka_config
from load import Source
from programs import BUILD, WHOLE, free_port, wait_until

STORE = BUILD / "tests" / "plugin" / ".libs" / "output-store.so"
PARTITIONS = 3


class Sink:
    """A flow-exporter with such an output over many lives, and the store's files."""

    def __init__(self, kafka, exporter, folder, **options):
        self.kafka, self.exporter, self.folder = kafka, exporter, folder
        self.group, self.topic, self.port = fresh_group(), kafka.topic_create(PARTITIONS), free_port()
        (folder / "store").mkdir()
        self.config = kafka_config(kafka, self.topic, group=self.group)
        # Partitions come back at once after a crash, without waiting for the old session's end.
        self.config["inputs"][0]["rdkafka"].update({"group.instance.id": "sink", "session.timeout.ms": "30000"})
        self.config["state"] = {"directory": str(folder / "state"), "min_interval": "50ms", "max_interval": "200ms"}
        self.config["outputs"].append({"plugin": str(STORE), "folder": str(folder / "store"), "field": "as_src",
                                       "down": str(folder / "down"), "full": str(folder / "full"), **options})
        self.program = None

    def start(self, **options):
        self.program = self.exporter(self.config, name="sink", port=self.port, **options)

    def set(self, name, on):
        if on:
            (self.folder / name).touch()
        else:
            (self.folder / name).unlink()

    def file(self, name):
        """The tag and the counts in one of the files."""
        try:
            head, *lines = [line.split() for line in (self.folder / "store" / name).read_text().splitlines()]
        except FileNotFoundError:
            return None, Counter()
        return ":".join(head), Counter({line[0]: int(line[1]) for line in lines if line[0] != "@"})

    def is_stored(self):
        """Of a program that does not run: the offsets in Kafka, which count records, are those of the files."""
        committed = sum(self.kafka.committed(self.topic, self.group, PARTITIONS).values())
        tags = " ".join(self.kafka.metadata(self.topic, self.group, PARTITIONS).values()).split()
        (tag, stored), (staged_tag, staged) = self.file("stored"), self.file("staged")
        to_do = staged if staged_tag in tags and staged_tag != tag else Counter()
        self.said = f"{committed} are committed, {sum(stored.values())} stored, {sum(to_do.values())} staged"
        return committed == sum((stored + to_do).values())

    def total(self):
        return sum(self.file("stored")[1].values())

    def wait_for_more(self):
        before = self.total()
        wait_until(lambda: self.total() > before, lambda: f"more is stored; the log:\n{self.program.log()[-3000:]}", 60)

    def uncommitted(self):
        return self.program.page().self_sum("flow_exporter_uncommitted_records")


@pytest.fixture
def sink(kafka, exporter, tmp_path):
    made = []

    def make(**options):
        made.append(Sink(kafka, exporter, tmp_path, **options))
        made[0].source = Source(kafka, made[0].topic, PARTITIONS, 1)
        made[0].source.start()
        return made[0]

    yield make
    for one in made:
        one.source.stopping.set()


def check_end(sink):
    """All that was sent is stored once."""
    sink.source.finish()
    lines = sink.kafka.read_all(sink.topic, PARTITIONS).values()
    wanted = Counter(str(json.loads(line)["as_src"]) for line in lines)
    wait_until(lambda: sink.total() >= len(lines), lambda: f"{sink.total()} of {len(lines)} are stored", 90)
    sink.program.stop()
    assert sink.file("stored")[1] == wanted
    assert sink.is_stored(), sink.said


@pytest.mark.parametrize("answer", ["retry", "again"])
def test_down_and_killed(sink, answer):
    sink = sink(answer=answer, prepare_timeout="300ms")
    for number in range(12 if WHOLE else 3):
        sink.start()
        sink.wait_for_more()
        sink.set("down", True)
        sink.program.wait_for(lambda: sink.program.ready()[0] == 503, "it is not ready")
        status, said = sink.program.ready()
        assert status != 503 or "output-store: it does not store checkpoints: the store is down" in said, said
        sink.program.wait_for(lambda: sink.uncommitted() > 500, "it reads on", 60)
        assert sink.program.page().flows(), "the page shows the last committed cut"
        if number % 3 == 2:  # it comes back, and then the program dies
            sink.set("down", False)
            sink.wait_for_more()
            sink.program.wait_for(lambda: sink.program.ready()[0] == 200, "it is ready")
            sink.program.kill()
        else:
            sink.program.kill()
            sink.set("down", False)
        wait_until(sink.is_stored, lambda: f"what is committed is stored: {sink.said}")
    sink.start()
    check_end(sink)


def test_full_and_killed(sink):
    """Reading waits for a batch that is not taken, and nothing is committed past it."""
    sink = sink()
    sink.config["pipeline"] = {"retry_for": "100ms"}
    for number in range(6 if WHOLE else 2):
        sink.start()
        sink.wait_for_more()
        sink.set("full", True)
        sink.program.wait_for(lambda: "output-store: it does not take records" in sink.program.ready()[1], "it is not ready")
        assert sink.program.ready()[0] == 503
        assert sink.program.page().flows(), "the page shows the last committed cut"
        if number % 2:
            sink.program.kill()
            sink.set("full", False)
        else:
            sink.set("full", False)
            sink.wait_for_more()
            sink.program.wait_for(lambda: sink.program.ready()[0] == 200, "it is ready")
            sink.program.kill()
        wait_until(sink.is_stored, lambda: f"what is committed is stored: {sink.said}")
    sink.start()
    check_end(sink)


def test_lost_directory(sink):
    """Killed at each step around the commit, and the state directory is gone: the store asks what was accepted."""
    sink = sink()
    for point in ("outputs-prepared", "commit", "commit-asked", "accepted", "marked", "exposed") * (3 if WHOLE else 1):
        sink.start(env={"FLOW_EXPORTER_FAILPOINT": f"{point}=kill@3"}, wait=False)
        wait_until(lambda: not sink.program.is_running(), f"the program dies at {point}", 60)
        assert sink.program.process.returncode == -signal.SIGKILL, sink.program.log()[-3000:]
        shutil.rmtree(sink.folder / "state")
    sink.start()
    check_end(sink)


def test_ended_while_it_is_down(sink):
    sink = sink()
    sink.start()
    sink.wait_for_more()
    sink.set("down", True)
    sink.program.wait_for(lambda: sink.uncommitted() > 500, "it reads on", 60)
    assert sink.program.end() == 75, sink.program.log()[-3000:]
    assert sink.is_stored(), sink.said
    sink.set("down", False)
    sink.start()
    check_end(sink)
