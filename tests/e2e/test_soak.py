"""At the highest rate of the machine, for any length of time, the numbers of descriptors and threads and the memory
stay as they are.

Short by default; FLOW_EXPORTER_WHOLE=1 runs for ten minutes, of which the first is for warming up.
"""

import json
import os
import subprocess
import threading
import time

import pytest

from configs import ASN, fresh_group, kafka_config
from kafka import Kafka
from programs import FLOWGEN, SLOWNESS, WHOLE, wait_until

PARTITIONS = 4
SECONDS, WARM_SECONDS = (600, 60) if WHOLE else (20, 8)
RECORDS = 500_000  # in one run of the generator
RETENTION = {"retention.bytes": 128 << 20, "segment.bytes": 32 << 20}
# Fetched messages that wait are librdkafka's memory, which comes and goes. The rest is for a page that is being made.
GROWTH, SLACK_KB = 1.1, 16 * 1024


class Flood(threading.Thread):
    """Runs the generator again and again, as fast as the broker takes the records."""

    def __init__(self, kafka, topic, folder):
        super().__init__(daemon=True)
        self.command = [FLOWGEN, "--records", RECORDS, "--asn", ASN, "--as", 4000, "--series", 16_000, "--brokers",
                        kafka.brokers, "--topic", topic, "--partitions", PARTITIONS, "--compression", "lz4"]
        self.summary = folder / "summary.json"
        self.end = time.monotonic() + SECONDS
        self.records, self.fault = 0, None

    def run(self):
        seed = 0
        while time.monotonic() < self.end and not self.fault:
            seed += 1
            words = [*self.command, "--seed", seed, "--summary", self.summary]
            done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
            if done.returncode:
                self.fault = done.stderr
            else:
                self.records += json.loads(self.summary.read_text())["records"]


def look(pid):
    """Gives resident kilobytes, descriptors and threads."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        lines = dict(line.split(":", 1) for line in file)
    return int(lines["VmRSS"].split()[0]), len(os.listdir(f"/proc/{pid}/fd")), int(lines["Threads"])


@pytest.fixture
def broker(tmp_path):
    """A broker that soon drops old records: the disk need not hold ten minutes of them."""
    kafka = Kafka(tmp_path / "kafka", settings={"log.retention.check.interval.ms": 2000, "log.segment.delete.delay.ms": 1000})
    yield kafka
    kafka.end()


def test_memory_is_flat_at_full_rate(broker, exporter, tmp_path):
    topic = broker.topic_create(PARTITIONS)
    broker.configure(topic, RETENTION)
    config = kafka_config(broker, topic, group=fresh_group())
    config["state"] = {"directory": str(tmp_path / "state"), "min_interval": "1s"}
    program = exporter(config)
    program.wait_for_assigned(PARTITIONS)
    flood = Flood(broker, topic, tmp_path)
    flood.start()
    begin, looks = time.monotonic(), []
    while flood.is_alive():
        time.sleep(1)
        program.page_text()  # a page a second, as Prometheus asks for it
        looks.append((time.monotonic() - begin, *look(program.process.pid)))
    assert not flood.fault, flood.fault

    def all_read():
        page = program.page()
        return page.self_sum("flow_exporter_records_total") + page.self_sum("flow_exporter_records_lost_total")

    wait_until(lambda: all_read() == flood.records, lambda: f"{flood.records} records are read or lost, {all_read()} are",
               60)
    warm = [row for row in looks if WARM_SECONDS <= row[0] < 2 * WARM_SECONDS]
    late = [row for row in looks if row[0] >= SECONDS - WARM_SECONDS]
    for index, slack in ((1, SLACK_KB), (2, 4), (3, 1)):
        before, after = max(row[index] for row in warm), max(row[index] for row in late)
        assert after <= before * (GROWTH if index == 1 else 1) + slack, (index, before, after, looks)
    rate = flood.records / (looks[-1][0]) / 1000
    print(f"{flood.records} records, {rate:.0f} thousand a second; resident {max(row[1] for row in warm)} kB after "
          f"warming up, {max(row[1] for row in late)} kB at the end")
