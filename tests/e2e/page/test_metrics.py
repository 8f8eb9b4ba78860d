"""Configured metrics: random ones against a model, over restarts, beyond their limits, and refused ones.

FX_TEST_SEED sets the first seed (a failing test prints it), FX_TEST_METRICS the number of random configurations.
"""

import json
import os
import random
import subprocess

import pytest
import yaml

from configs import ASN, kafka_config, record, stdin_config
from metrics_model import MOST, Model, random_metrics, random_record
from programs import FLOWGEN, SCALE, SLOWNESS, WHOLE, flow_exporter_run

SEED = int(os.environ["FX_TEST_SEED"])
CASES = int(os.environ.get("FX_TEST_METRICS", max(4, int(12 * SCALE))))


def with_metrics(config, rows, **options):
    rows = json.loads(json.dumps(rows))  # a copy: YAML would write a repeated map as an anchor
    config["outputs"] = [{"plugin": "output-prometheus", "metrics": rows, **options}]
    return config


KINDS = [
    {"type": "gauge", "name": "flow_last", "help": "L.", "value": "packets", "factor": 0.5, "labels": {"to": "as_dst"}},
    {"type": "histogram", "name": "flow_sizes", "help": "S.", "value": "bytes", "scale_by": "sampling_rate", "factor": 8,
     "buckets": [0, 100, 8000, 1e6], "labels": {"to": "as_dst", "host": "label"}},
]


def make_case(seed, is_bounded, places=1, kinds=()):
    """Metrics, records, and the expected counts. places: records go to them in turn, and have an order within each."""
    chance = random.Random(seed)
    rows = [*random_metrics(chance, is_bounded), *kinds]
    max_series = chance.randint(1, 50) if is_bounded and chance.random() < 0.3 else 1_000_000
    records = [random_record(chance) for _ in range(chance.randint(1, 600))]
    for row in rows:
        if "top" in row:
            row["top"] = min(row["top"], max_series)
    model = Model(rows, max_series)
    for number, one in enumerate(records):
        model.add(one, number % places)
    lines = [json.dumps(one, ensure_ascii=chance.random() < 0.5).encode() for one in records]
    return rows, max_series, lines, model


@pytest.mark.parametrize("seed", [SEED + number for number in range(CASES)])
def test_random_metrics_equal_the_model(exporter, tmp_path, seed):
    rows, max_series, lines, model = make_case(seed, True)
    path = tmp_path / "records.json"
    path.write_bytes(b"\n".join(lines) + b"\n")
    with open(path, "rb") as file:
        program = exporter(with_metrics(stdin_config(), rows, max_series=max_series), stdin=file)
    page = program.wait_for_records(len(lines))
    assert page.self_sum("flow_exporter_records_total") == len(lines), f"seed {seed}"
    wrong = model.differences(page)
    assert not wrong, f"seed {seed}:\n{wrong}"


def test_random_metrics_by_kafka_and_two_workers(kafka, exporter):
    """The workers decide which series come first, so there is no limit here. They also decide which record is last, so
    a gauge may show either partition's last."""
    rows, _, lines, model = make_case(SEED, False, 2)
    topic = kafka.topic_create(partitions=2)
    for partition in (0, 1):
        kafka.produce(topic, lines[partition::2], partition=partition)
    program = exporter(with_metrics(kafka_config(kafka, topic, workers=2), rows))
    wrong = model.differences(program.wait_for_records(len(lines)))
    assert not wrong, f"seed {SEED}:\n{wrong}"


def test_random_metrics_outlive_a_kill(kafka, exporter, tmp_path):
    """The program's own counters begin again. The metrics continue."""
    rows, _, lines, model = make_case(SEED + 1, False, kinds=KINDS)
    topic, half = kafka.topic_create(), len(lines) // 2
    config = kafka_config(kafka, topic)
    config["state"]["directory"] = str(tmp_path / "state")
    kafka.produce(topic, lines[:half])
    program = exporter(with_metrics(config, rows))
    program.wait_for_records(half)
    program.kill()
    kafka.produce(topic, lines[half:])
    program = exporter(with_metrics(config, rows))
    program.wait_for_records(len(lines) - half)
    wrong = model.differences(program.fresh_page(), with_own=False)
    assert not wrong, f"seed {SEED + 1}:\n{wrong}"


def default_rows(asn):
    labels = {"source_as": "as_src", "source_as_name": "as_src_name", "destination_as": "as_dst",
              "destination_as_name": "as_dst_name", "hostname": "label"}
    return [
        {"name": "flow_receive_bytes_total", "help": "Bytes received.", "value": "bytes", "match": {"as_dst": asn},
         "unless": {"as_src": asn}, "labels": labels},
        {"name": "flow_transmit_bytes_total", "help": "Bytes transferred.", "value": "bytes", "match": {"as_src": asn},
         "labels": labels},
    ]


def flow_lines(page):
    own = page.text.index("# HELP flow_exporter_")
    return sorted(page.text[:own].splitlines())


@pytest.mark.parametrize("asn", [0, ASN])
def test_the_default_metrics_can_be_written_out(exporter, tmp_path, asn):
    path = tmp_path / "flows.json"
    flags = ["--records", 2000, "--asn", asn or 1, "--as", 100, "--routers", 2, "--seed", 7]
    with open(path, "wb") as file:
        subprocess.run([str(word) for word in [FLOWGEN, *flags]], stdout=file, check=True)
        file.write(b'{"bytes": 5}\n{"as_src": null, "as_dst": 7, "bytes": 6}\n')
    pages = []
    for config in (stdin_config(asn), with_metrics(stdin_config(), default_rows(asn))):
        with open(path, "rb") as file:
            pages.append(flow_lines(exporter(config, stdin=file).wait_for_records(2002)))
    assert pages[0] == pages[1] and pages[0]


def test_a_metric_keeps_its_values_while_it_means_the_same(kafka, exporter, tmp_path):
    topic = kafka.topic_create()
    config = kafka_config(kafka, topic)
    config["state"]["directory"] = str(tmp_path / "state")
    same = {"name": "flow_same_total", "help": "A.", "value": "bytes", "match": {"as_dst": [1, "5-6"], "label": "x"},
            "labels": {"b": "as_dst", "a": "label"}}
    changed = {"name": "flow_changed_total", "help": "B.", "value": "bytes", "labels": {"to": "as_dst"}}
    kafka.produce(topic, [record(9, 1, 10, "x"), record(9, 6, 100, "x"), record(9, 7, 1000, "x")])
    program = exporter(with_metrics(config, [same, changed]))
    program.wait_for_page(lambda page: page.self_sum("flow_changed_total") == 1110, "all records")
    assert program.fresh_page().self_sum("flow_same_total") == 110
    program.stop()
    # The same meaning in another order and other words. Each change of the meaning makes another metric.
    same = {**same, "help": "C.", "match": {"label": "x", "as_dst": ["01", "5-6"]}, "labels": {"a": "label", "b": "as_dst"}}
    for change in ({"match": {"as_dst": "0-9"}}, {"unless": {"as_dst": 77}}, {"value": 1}, {"scale_by": "packets"},
                   {"labels": {"to": "label"}}, {"labels": {"To": "as_dst"}}):
        changed = {**changed, **change}
        program = exporter(with_metrics(config, [changed, same]))
        program.wait_for_log("The definition of a metric has changed")
        page = program.fresh_page()
        assert page.self_sum("flow_same_total") == 110 and page.self_sum("flow_changed_total") == 0, change
        kafka.produce(topic, [record(9, 7, 5, "x")])
        program.wait_for_page(lambda page: page.self_sum("flow_changed_total") > 0, "one record")
        program.stop()


def test_what_a_metric_shows_is_a_part_of_what_it_means(kafka, exporter, tmp_path):
    """With another type, other buckets or another factor a metric begins anew. Its values are dropped with a
    warning."""
    topic = kafka.topic_create()
    config = kafka_config(kafka, topic)
    config["state"]["directory"] = str(tmp_path / "state")
    rows = {"type": "histogram", "name": "flow_x", "help": "X.", "value": "bytes", "labels": {"to": "as_dst"}}
    changes = [{}, {"buckets": [1, 100]}, {"buckets": [1, 99.5]}, {"factor": 2}, {"type": "gauge", "buckets": None}]
    kafka.produce(topic, [record(9, 1, 100)])
    for change in changes:
        rows = {key: value for key, value in {**rows, **change}.items() if value is not None}
        for is_first in (True, False):  # an unchanged metric keeps its values
            program = exporter(with_metrics(config, [rows]))
            if change and is_first:
                program.wait_for_log("The definition of a metric has changed")
                assert "flow_x" not in program.fresh_page().text.split("flow_exporter")[0]
                kafka.produce(topic, [record(9, 1, 100)])
            model = Model([rows]).add({"as_dst": 1, "bytes": 100})
            page = program.wait_for_page(lambda page: "flow_x" in page.text.split("flow_exporter")[0], "the metric")
            wrong = model.differences(page, with_own=False)
            assert not wrong, f"{change}: {wrong}"
            program.stop()


def test_sums_stay_at_the_largest_number(exporter, tmp_path):
    rows = [{"name": "flow_x_total", "help": "X.", "value": "bytes", "scale_by": "sampling_rate", "labels": {"to": "as_dst"}}]
    lines = [{"as_dst": 1, "bytes": (1 << 53) + 1}, {"as_dst": 2, "bytes": MOST}, {"as_dst": 2, "bytes": 1},
             {"as_dst": 3, "bytes": 1 << 40, "sampling_rate": 1 << 40}, {"as_dst": 4, "bytes": 3, "sampling_rate": 1 << 60}]
    path = tmp_path / "records.json"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with open(path, "rb") as file:
        page = exporter(with_metrics(stdin_config(), rows), stdin=file).wait_for_records(len(lines))
    shown = {labels[0][1]: value for labels, value in page.of("flow_x_total").items()}
    assert shown == {"1": (1 << 53) + 1, "2": MOST, "3": MOST, "4": 3 << 60}


ROW = {"name": "flow_x_total", "help": "X.", "value": "bytes", "labels": {"to": "as_dst"}}


REFUSED = [
    ({"name": "flow-x_total"}, "flow-x_total", "is not a metric's name"),
    ({"name": "flow_x"}, "flow_x\n", "must end in _total"),
    ({"name": "flow_exporter_x_total"}, "flow_exporter_x_total", "the program's own"),
    ({"name": "process_x_total"}, "process_x_total", "the program's own"),
    ({"type": "summary"}, "summary", "'type'"),
    ({"value": 2}, "2\n", "neither a field nor 1"),
    ({"labels": {}}, "{}", "1 to 8 entries"),
    ({"labels": {f"l{number}": f"f{number}" for number in range(9)}}, "l0", "1 to 8 entries"),
    ({"labels": {"le": "as_dst"}}, "le:", "is reserved for histograms"),
    ({"labels": {"__x": "as_dst"}}, "__x", "two '_'"),
    ({"labels": {"a-b": "as_dst"}}, "a-b", "is not a label's name"),
    ({"match": {"as_dst": "5-3"}}, "5-3", "write the smaller number first"),
    ({"match": {"as_dst": [1, "x"]}}, "- x", "is not a whole number"),
    ({"match": {"ip_src": "10.0.0.0/40"}}, "10.0.0.0/40", "too many bits"),
    ({"match": {"ip_src": ["10.0.0.0/8", "10.0.0.7/8"]}}, "- 10.0.0.7/8", "make them zero"),
    ({"match": {"a.b": "5-3"}}, "a.b", "write the smaller number first"),
    ({"unless": {"ip_src": ["10.0.0.0/8", 7]}}, "- 7", "of another kind"),
    ({"unless": {"as_dst": []}}, "[]", "is empty"),
    ({"match": {f"f{number}": 1 for number in range(17)}}, None, "more than 16 fields"),
    ({"value": "a..b"}, "a..b", "is not the path of a field"),
    ({"scale_by": ".a"}, ".a", "is not the path of a field"),
    ({"labels": {"a": "b."}}, "a: b.", "is not the path of a field"),
    ({"match": {"a\\b": 1}}, "a\\b", "is not the path of a field"),
    ({"max_series": -1}, "-1", "'max_series'"),
    ({"type": "gauge"}, "flow_x_total", "must not end in _total"),
    ({"type": "histogram", "name": "flow_x_count"}, "flow_x_count", "must not end in"),
    ({"type": "gauge", "name": "flow_y"}, "flow_y\n", "would both have a 'flow_y'"),
    ({"type": "gauge", "name": "flow_h", "value": 1}, "1\n", "which only a counter does"),
    ({"type": "histogram", "name": "flow_h", "buckets": [5, 7, 6]}, "- 6", "'6' is not above the bound before it"),
    ({"type": "histogram", "name": "flow_h", "buckets": [5, "inf"]}, "- inf", "'inf' is not a bucket's bound"),
    ({"type": "histogram", "name": "flow_h", "buckets": [-1, 5]}, "- -1", "'-1' is below 0"),
    ({"type": "histogram", "name": "flow_h", "buckets": []}, "[]", "1 to 64 entries"),
    ({"type": "histogram", "name": "flow_h", "buckets": list(range(65))}, None, "1 to 64 entries, not 65"),
    ({"buckets": [1, 2]}, None, "only a histogram has buckets"),
    ({"factor": 0}, "0\n", "the factor 0 is not between 1e-12 and 1e+12"),
    ({"factor": -8}, "-8", "the factor -8 is not"),
    ({"factor": ".nan"}, ".nan", "'factor'"),
    ({"top": 100001}, "100001", "'top'"),
    ({"top": 2, "max_series": 3}, "3\n", "'top' is already the limit of this metric"),
    ({"type": "gauge", "name": "flow_g", "top": 2}, "2\n", "only counters can have it"),
    ({"type": "histogram", "name": "flow_h", "top": 2}, "2\n", "only counters can have it"),
    ({"top": 2, "labels": {"ended": "as_dst"}}, "ended", "is the label of ended series"),
    ({"mach": {"as_dst": 1}}, "mach", "did you mean 'match'?"),
]


@pytest.mark.parametrize("change, place, message", REFUSED, ids=[case[2] for case in REFUSED])
def test_what_is_refused_has_its_place(tmp_path, change, place, message):
    text = yaml.safe_dump(with_metrics(stdin_config(), [{**ROW, "name": "flow_y_total"}, {**ROW, **change}]), sort_keys=False)
    path = tmp_path / "config.yaml"
    path.write_text(text)
    status, _, errors = flow_exporter_run("--config", path, "--check")
    assert status != 0 and message in errors, errors
    if not place:
        return
    second = text.index("- name", text.index("- name: flow_y_total") + 1)
    at = text.index(place, second) + (2 if place.startswith("- ") else 0)
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    # A quoted text begins one column before its content.
    assert any(f"{path}:{line}:{column - quote}: " in errors for quote in (0, 1)), (line, column, errors)


@pytest.mark.parametrize("options, message", [({"late_names": "rename"}, "can't be used with 'late_names: rename'"),
                                              ({"max_series": 6}, "7 series are more than max_series")])
def test_top_is_held_against_the_plugins_options(tmp_path, options, message):
    text = yaml.safe_dump(with_metrics(stdin_config(), [{**ROW, "top": 7}], **options), sort_keys=False)
    path = tmp_path / "config.yaml"
    path.write_text(text)
    status, _, errors = flow_exporter_run("--config", path, "--check")
    at = text.index("top: 7") + len("top: ")
    assert status != 0 and message in errors and f":{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}: " in errors


def test_a_name_twice_and_as_info_are_refused(tmp_path):
    path = tmp_path / "config.yaml"
    for config, message in (
        (with_metrics(stdin_config(), [ROW, ROW]), "two metrics 'flow_x_total'"),
        (with_metrics(stdin_config(), [ROW], as_info=True), "as_info is for the default metrics"),
        (with_metrics(stdin_config(), []), "1 to 32 entries"),
    ):
        path.write_text(yaml.safe_dump(config))
        status, _, errors = flow_exporter_run("--config", path, "--check")
        assert status != 0 and message in errors, errors


def resident_bytes(program):
    with open(f"/proc/{program.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))


def test_label_sets_without_end_take_no_memory(exporter):
    """FLOW_EXPORTER_WHOLE=1 offers ten million label sets."""
    offered = 10_000_000 if WHOLE else max(100_000, int(500_000 * SCALE))
    limit, step = offered // 100, offered // 10
    row = {"name": "flow_x_total", "help": "X.", "value": "bytes", "labels": {"to": "as_dst", "host": "label"},
           "max_series": limit}
    program = exporter(with_metrics(stdin_config(), [row]), stdin=subprocess.PIPE)
    whole, sizes = 0, []
    for first in range(0, offered, step):
        numbers = range(first, first + step)
        program.process.stdin.write(b"".join(b'{"as_dst":%d,"label":"host-%d","bytes":%d}\n' % (n, n, n) for n in numbers))
        program.process.stdin.flush()
        whole += sum(numbers)
        page = program.wait_for_records(first + step)
        sizes.append(resident_bytes(program))
        assert page.self_sum("flow_x_total") == whole
    shown = {dict(labels)["to"]: value for labels, value in page.of("flow_x_total").items()}
    assert shown.pop("other") == sum(range(limit, offered)) and len(shown) == limit - 1  # without the series of 0 bytes
    assert all(shown[str(number)] == number for number in range(1, limit))
    assert page.self_sum("flow_exporter_records_other_total") == offered - limit
    # In the first tenths the program's buffers still grow. Each further label set would cost 100 bytes or more. A
    # sanitizer keeps freed memory for a while, so under it only the sums are checked.
    assert SLOWNESS > 1 or max(sizes[5:]) - sizes[4] < 8 << 20, sizes
    print(f"{offered} label sets, {limit} series: {[size >> 20 for size in sizes]} MiB after each tenth")
    program.process.stdin.close()
