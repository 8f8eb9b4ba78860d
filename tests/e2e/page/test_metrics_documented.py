"""docs/metrics.md lists exactly the metrics of a running program: every name on a page, and no name that never
appears."""

import re

from configs import ASN, record, stdin_config
from programs import NAMES, SOURCE, free_port, http_get

ROW = re.compile(r"\| `(\w+)` \| (\w+) \| ([^|]*) \| (\w+) \| (.*) \|")
# The default metrics, written out. With 'top' the program has more metrics of its own.
LABELS = {"source_as": "as_src", "source_as_name": "as_src_name", "destination_as": "as_dst",
          "destination_as_name": "as_dst_name", "hostname": "label"}
METRICS = [{"name": "flow_receive_bytes_total", "help": "Bytes received.", "value": "bytes", "match": {"as_dst": ASN},
            "labels": LABELS, "top": 5},
           {"name": "flow_transmit_bytes_total", "help": "Bytes transferred.", "value": "bytes", "match": {"as_src": ASN},
            "labels": dict(LABELS)}]
# The labels of series that begin only when the labelled thing does.
LATER = {"topic", "broker", "server", "writer", "partition", "error"}


def documented():
    """{name: (type, labels, help)}. A name that stands in two tables has the same row in both."""
    rows = {}
    for name, kind, labels, unit, text in ROW.findall((SOURCE / "docs/metrics.md").read_text()):
        row = (kind, frozenset(re.findall(r"\w+", labels)), text)
        assert rows.setdefault(name, row) == row, name
        ending = re.search(r"_(seconds|bytes)(_total)?$", name)
        assert unit == (ending.group(1) if ending else "number"), name
    return rows


def shown_by(program):
    """The same, from a page."""
    text = http_get(program.url("/metrics"))[1]
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    helps = dict(re.findall(r"^# HELP (\w+) (.*)$", text, re.M))
    assert set(kinds) == set(helps)
    labels = {name: set() for name in kinds}
    for line in text.split("\n"):
        match = re.match(r"(\w+)(\{.*\})? ", line)
        if match:
            base = match.group(1)
            base = base if base in kinds else re.sub(r"_(bucket|sum|count)$", "", base)
            found = frozenset(re.findall(r'[{,](\w+)="', match.group(2) or "")) - {"le"}
            labels[base].add(found)
    assert all(len(sets) == 1 for sets in labels.values()), labels
    return {name: (kinds[name], sets.pop(), helps[name]) for name, sets in labels.items()}


def test_names_are_told_apart_in_openmetrics():
    """OpenMetrics names a counter's family without _total. No other family, and no sample of one, may have that
    name."""
    taken = {}
    for name, (kind, _, _) in documented().items():
        family = re.sub("_total$" if kind == "counter" else "_info$", "", name)
        endings = {"counter": ("_total", "_created"), "histogram": ("_bucket", "_sum", "_count", "_created")}
        for sample in {family, *(family + ending for ending in endings.get(kind, ()))}:
            assert sample not in taken, f"{name} and {taken[sample]}"
            taken[sample] = name
    assert all(name.endswith("_total") for name, (kind, _, _) in documented().items() if kind == "counter")


def test_what_is_shown_is_documented_and_the_other_way_round(exporter, tmp_path):
    path = tmp_path / "lines.json"
    path.write_bytes(record(ASN, 2, 3) + b"\n" + record(2, ASN, 3) + b"\n")
    config = stdin_config(watch_markers=True)
    config["resolvers"][0]["names"] = [str(NAMES)]
    config["outputs"][0]["metrics"] = METRICS
    with open(path, "rb") as file:
        program = exporter(config, stdin=file)
    program.wait_for_records(2)
    shown = shown_by(program)
    program.stop()
    # No broker is there. The input's metrics are there all the same.
    config = stdin_config()
    config["inputs"] = [{"plugin": "input-kafka", "brokers": [f"127.0.0.1:{free_port()}"], "topics": ["t"]}]
    config["resolvers"][0]["names"] = [str(NAMES)]
    config["outputs"][0]["as_info"] = True
    shown.update(shown_by(exporter(config)))
    config = stdin_config()
    config["outputs"][0]["metrics"] = [
        {"name": "flow_heavy_total", "help": "H.", "value": "bytes", "labels": {"to": "as_dst"}, "top": 5}]
    shown.update(shown_by(exporter(config)))
    rows = documented()
    assert {name: row for name, row in shown.items() if rows.get(name) != row} == {}
    missing = {name for name in set(rows) - set(shown) if not rows[name][1] & LATER and name != "flow_as_info"}
    assert not missing
