"""Sends flows while instances of flow-exporter are killed, and checks everything that the instances show."""

import http.client
import json
import random
import threading
from collections import Counter

from configs import ASN, kafka_config, record
from page import Count, Page, differences
from programs import BUILD, free_port, http_get, wait_until

TALLY = BUILD / "tests" / "plugin" / ".libs" / "output-tally.so"
LOOK_SECONDS = 0.2
PAGE_IS_KEPT = True


class Source(threading.Thread):
    """Writes records until told to stop. No two have the same size, so sums tell which were counted."""

    def __init__(self, kafka, topic, partitions, seed, pause=0.02):
        super().__init__(daemon=True)
        self.kafka, self.topic, self.partitions, self.pause = kafka, topic, partitions, pause
        self.random = random.Random(seed)
        self.stopping = threading.Event()
        self.fault = None

    def run(self):
        number = 0
        try:
            while not self.stopping.wait(self.pause):
                lines = [record(self.random.randint(1, 5), ASN, (number + i) * 7919 + 1) for i in range(50)]
                number += len(lines)
                self.kafka.produce(self.topic, lines, partition=self.random.randrange(self.partitions))
        except Exception as fault:  # shown by the test that joins this thread
            self.fault = fault

    def finish(self):
        self.stopping.set()
        self.join(60)
        assert not self.fault, self.fault


class Watch(threading.Thread):
    """Reads an instance's page and its tally again and again. No value that was seen may go back."""

    def __init__(self, instance):
        super().__init__(daemon=True)
        self.instance = instance
        self.stopping = threading.Event()
        self.seen = Counter()
        self.looks = 0
        self.faults = []

    def run(self):
        while not self.stopping.wait(LOOK_SECONDS):
            self.look()

    def look(self):
        try:
            status, text = http_get(f"http://127.0.0.1:{self.instance.port}/metrics", 5)
            shown = {("page", *key): value for key, value in Page(text if status == 200 else "").flows().items() if PAGE_IS_KEPT}
        except (OSError, http.client.HTTPException):
            shown = {}  # the instance is not running just now
        shown.update({("tally", key): value for key, value in self.instance.tally().items()})
        self.looks += bool(shown)
        for key, value in shown.items():
            if value < self.seen[key]:
                self.faults.append(f"{self.instance.name}: {key} went back from {self.seen[key]} to {value}")
            self.seen[key] = max(value, self.seen[key])


class Instance:
    """One instance of flow-exporter over many lives. Its port, its state directory and its log stay."""

    def __init__(self, exporter, kafka, topic, folder, group, name, state=None, **options):
        self.exporter, self.name, self.folder = exporter, name, folder
        self.port = free_port()
        self.counts = folder / f"{name}.counts"
        self.config = kafka_config(kafka, topic, group=group, **options)
        self.config["state"] = {"directory": str(folder / f"{name}-state"), "min_interval": "50ms",
                                "max_interval": "500ms", **(state or {})}
        self.config["outputs"].append({"plugin": str(TALLY), "file": str(self.counts), "field": "as_src"})
        self.program = None
        self.watch = Watch(self)
        self.watch.start()

    def start(self, wait=False, env=None):
        self.program = self.exporter(self.config, name=self.name, port=self.port, wait=wait, env=env)
        return self.program

    def is_running(self):
        return self.program is not None and self.program.is_running()

    def kill(self):
        if self.is_running():
            self.program.kill()

    def signal(self, number):
        self.program.process.send_signal(number)

    def tally(self):
        try:
            lines = self.counts.read_text().splitlines()
        except FileNotFoundError:
            return Counter()
        return Counter({name: int(count) for name, count in (line.split() for line in lines)})

    def page(self):
        return self.program.page()

    def stop_watching(self):
        self.watch.stopping.set()
        self.watch.join(30)
        self.watch.look()  # on a busy machine its thread may not have run yet
        assert self.watch.looks, f"{self.name} never showed anything"
        assert not self.watch.faults, "\n".join(self.watch.faults[:10])


def check_sums(kafka, topic, partitions, instances, seconds=90):
    """Waits until everything sent is counted, and compares each series exactly."""
    lines = list(kafka.read_all(topic, partitions).values())
    count = Count(ASN).add_lines(lines)
    tally = Counter(str(json.loads(line)["as_src"]) for line in lines)
    total = len(lines)

    def tallied():
        return sum((instance.tally() for instance in instances), Counter())

    wait_until(lambda: sum(tallied().values()) >= total,
               lambda: f"all of {total} records are counted, but {sum(tallied().values())} are; "
               + "; ".join(f"{instance.name} {sum(instance.tally().values())}" for instance in instances), seconds)
    if PAGE_IS_KEPT:
        flows = sum((Counter(instance.program.fresh_page().flows()) for instance in instances), Counter())
        assert not differences(flows, count.flows)
    assert tallied() == tally, f"{sum(tallied().values())} records are counted, {total} were sent"
    return count
