#!/usr/bin/env python3
"""What a record costs: CPU microseconds and resident memory at 16,000 series, against a minimal librdkafka consumer.

The same records, one a message, in a real Kafka and in a file; the programs take turns, and medians are shown. Prints a
table and writes bench.json into the build folder. Needs PYTHONPATH=tests/e2e and FLOW_EXPORTER_BUILD; see ./dev bench.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from configs import ASN, kafka_config, stdin_config
from kafka import Kafka
from programs import BUILD, FLOWGEN, FlowExporter, run

SERIES, PARTITIONS = 16_000, 4
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
IDLE_S = 0.3


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def resident_kb(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def wait_until_idle(pid, least_s):
    """When the program has worked and then done nothing for a while; the moment at which its work ended."""
    used, since = cpu_seconds(pid), time.monotonic()
    while used < least_s or time.monotonic() - since < IDLE_S:
        time.sleep(0.02)
        now = cpu_seconds(pid)
        if now > used + 0.5 / TICKS_PER_SECOND:
            used, since = now, time.monotonic()
    return since


def measure_exporter(folder, records, config, **options):
    """No page is asked for while it works; when it rests, a page says whether all was counted."""
    begin = time.monotonic()
    program = FlowExporter(folder, config, **options)
    try:
        counted = 0
        while counted < records:
            end = wait_until_idle(program.process.pid, records * 0.1e-6)
            used = cpu_seconds(program.process.pid)
            counted = program.page().self_sum("flow_exporter_records_total")
        assert counted == records
        assert len(program.fresh_page().flows()) == SERIES
        return {"cpu_us": used / records * 1e6, "seconds": end - begin, "rss_mb": resident_kb(program.process.pid) / 1024}
    finally:
        program.stop()


def measure_minimal(kafka, topic, records):
    begin = time.monotonic()
    found = json.loads(run(BUILD / "tests" / "bench" / "minimal_consumer", kafka.brokers, topic, PARTITIONS, records))
    assert found["messages"] == records
    return {"cpu_us": found["cpu_us"] / records, "seconds": time.monotonic() - begin, "rss_mb": found["rss_kb"] / 1024}


def medians(rounds):
    return {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}


def measure_all(kafka, folder, records, rounds):
    flags = [str(word) for word in (FLOWGEN, "--records", records, "--asn", ASN, "--as", 4000, "--routers", 2, "--series", SERIES)]
    topic, path = kafka.topic_create(PARTITIONS), folder / "flows.json"
    with open(path, "wb") as file:
        subprocess.run(flags, stdout=file, check=True)
    run(*flags, "--brokers", kafka.brokers, "--topic", topic, "--partitions", PARTITIONS)

    def from_file():
        with open(path, "rb") as file:
            return measure_exporter(folder, records, stdin_config(), stdin=file)

    ways = {
        "minimal consumer, Kafka": lambda: measure_minimal(kafka, topic, records),
        "flow-exporter, Kafka": lambda: measure_exporter(folder, records, kafka_config(kafka, topic)),
        "flow-exporter, file": from_file,
    }
    found = {name: [] for name in ways}
    for _ in range(rounds):
        for name, measure in ways.items():
            found[name].append(measure())
    return {name: medians(each) for name, each in found.items()}


def show(results):
    base = results["minimal consumer, Kafka"]["cpu_us"]
    print(f"{'':26}{'CPU us/record':>15}{'ratio':>8}{'resident MB':>13}")
    for name, row in results.items():
        print(f"{name:26}{row['cpu_us']:15.3f}{row['cpu_us'] / base:8.2f}{row['rss_mb']:13.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        kafka = Kafka(Path(name) / "kafka")
        try:
            results = measure_all(kafka, Path(name), options.records, options.rounds)
        finally:
            kafka.end()
    show(results)
    report = {"records": options.records, "series": SERIES, "rounds": options.rounds, "medians": results}
    (BUILD / "bench.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
