"""Kafka: CPU microseconds for a record of flow-exporter and of a minimal librdkafka consumer, which only touches each
payload. Both read the same topic of a real broker from the beginning: 16,000 series, four partitions, one worker.

A message has one record or 20, without compression, with lz4 or with zstd. The programs take turns. The other measure
is a sum: the minimal consumer, the decoder (on a file) and the aggregation (resolver and output, from memory), each
measured alone.
"""

import json
import time

from configs import fresh_group
from decode import decoder_alone
from figures import Figure
from kafka import Kafka
from measure import growth, in_turns, memory_bytes, thread_cpu_seconds
from pipeline import SERIES, check_page, flow_flags, make_file, program_config
from programs import FlowExporter, run as run_program
from replay import BENCH, Replay

SECTION = "kafka"
PARTITIONS, PACKED = 4, 20
AGAINST_MINIMAL, AGAINST_SUM = 1.8, 1.15
COMPRESSIONS = ("none", "lz4", "zstd")
ALONE_RECORDS = 500_000


def make_topic(kafka, folder, records, pack=1, compression="none"):
    topic, summary = kafka.topic_create(PARTITIONS), folder / "topic.summary"
    run_program(*flow_flags(records), "--brokers", kafka.brokers, "--topic", topic, "--partitions", PARTITIONS, "--pack",
                pack, "--compression", compression, "--summary", summary, seconds=1200)
    return topic, json.loads(summary.read_text())["counted"]


def run_minimal(kafka, topic, messages, records):
    found = json.loads(run_program(BENCH / "minimal_consumer", kafka.brokers, topic, PARTITIONS, messages))
    assert found["messages"] == messages, found
    return {"cpu_us": found["cpu_us"] / records, "resident_mb": found["rss_kb"] / 1000}


def run_exporter(kafka, folder, topic, counted, records):
    """CPU time of the whole process, from its start until it has read everything. No page is requested before."""
    source = {"plugin": "input-kafka", "brokers": [kafka.brokers], "topics": [topic], "group": fresh_group(),
              "start": "earliest"}
    program = FlowExporter(folder, program_config(folder, source), name=topic)
    pid = program.process.pid
    read = 0
    while read < records: # a pause of the broker is not the end
        wait_until_quiet(program, records * 0.1e-6)
        found = {"cpu_us": thread_cpu_seconds(pid) / records * 1e6, "resident_mb": memory_bytes(pid) / 1e6}
        read = program.page().self_sum("flow_exporter_records_total")
    assert read == records
    check_page(program, folder, counted)
    program.stop()
    return found


def wait_until_quiet(program, least_s, quiet_s=0.4):
    """Waits until the program has worked, and then done next to nothing for a while."""
    used, since = thread_cpu_seconds(program.process.pid), time.monotonic()
    while used < least_s or time.monotonic() - since < quiet_s:
        program.require_running()
        time.sleep(0.05)
        now = thread_cpu_seconds(program.process.pid)
        if now > used + 0.01:
            used, since = now, time.monotonic()


def measure_topic(kafka, context, pack, compression):
    settings, folder = context.settings, context.folder
    records = settings.kafka_records
    topic, counted = make_topic(kafka, folder, records, pack, compression)
    ways = {
        "minimal": lambda: run_minimal(kafka, topic, records // pack, records),
        "program": lambda: run_exporter(kafka, folder, topic, counted, records),
    }
    found = in_turns(ways, settings.rounds)
    kafka.admin.delete_topics([topic])[topic].result(30)
    return found


def measure_alone(context):
    """Microseconds for a record of the decoder and of the aggregation."""
    path, _ = make_file(context.memory, ALONE_RECORDS)
    program = Replay(context.folder, SERIES, pool=context.settings.pool)
    program.fill()
    ways = {
        "decoder": lambda: {"us": decoder_alone(path, 3)["cpu_ns"] / 1000},
        "aggregation": lambda: {"us": program.replay(context.settings.records)["stage_ns"] / 1000},
    }
    found = in_turns(ways, context.settings.rounds)
    program.check()
    program.stop()
    return found["decoder"]["us"], found["aggregation"]["us"]


def figures_of(name, found, alone, is_packed, is_bar):
    minimal, program = found["minimal"]["cpu_us"], found["program"]["cpu_us"]
    yield Figure(SECTION, f"{name}: minimal consumer", minimal, "us a record")
    yield Figure(SECTION, f"{name}: flow-exporter", program, "us a record")
    yield Figure(SECTION, f"{name}: against the minimal consumer", program / minimal, "times",
                 AGAINST_MINIMAL if is_bar and not is_packed else None)
    yield Figure(SECTION, f"{name}: against consumer + decoder + aggregation", program / (minimal + sum(alone)), "times",
                 AGAINST_SUM if is_bar else None)
    yield Figure(SECTION, f"{name}: resident", found["program"]["resident_mb"], "MB")


def measure_growth(kafka, context):
    costs = []
    for times in (1, 4, 16):
        records = context.settings.kafka_records // 16 * times
        topic, counted = make_topic(kafka, context.folder, records)
        ways = {"program": lambda: run_exporter(kafka, context.folder, topic, counted, records)}
        costs.append(in_turns(ways, context.settings.kafka_growth_rounds)["program"]["cpu_us"])
        kafka.admin.delete_topics([topic])[topic].result(30)
    return growth("one record a message", SECTION, costs)


def run(context):
    alone = measure_alone(context)
    figures = [Figure(SECTION, "the decoder alone", alone[0], "us a record"),
               Figure(SECTION, "resolver and output alone", alone[1], "us a record")]
    kafka = Kafka(context.folder / "kafka")
    for pack in (1, PACKED):
        for compression in COMPRESSIONS:
            found = measure_topic(kafka, context, pack, compression)
            name = f"{pack} a message, {compression}"
            figures += figures_of(name, found, alone, pack > 1, compression == "none")
    figures += measure_growth(kafka, context)
    kafka.end()
    return figures
