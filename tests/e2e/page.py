"""Reads a page of flow-exporter exactly, and makes the independent count for comparison."""

import json
import re
from collections import Counter

RECEIVE, TRANSMIT = "flow_receive_bytes_total", "flow_transmit_bytes_total"
LABELS = ("destination_as", "destination_as_name", "hostname", "source_as", "source_as_name")
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z0-9_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z0-9_]+)="((?:[^"\\]|\\.)*)"')
ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def unescape(text):
    return re.sub(r'\\[\\"n]', lambda match: ESCAPES[match.group()], text)


class Page:
    """Samples as {(name, ((label, value), ...)): number}; whole numbers stay whole, whatever their size."""

    def __init__(self, text):
        self.text = text
        self.samples = {}
        for line in text.split("\n"):  # only there: a label may have any other character
            if line and not line.startswith("#"):
                self.add(line)
        assert text == "" or text.endswith("\n"), "the last line ends in a newline"

    def add(self, line):
        match = SAMPLE.fullmatch(line)
        assert match, f"no sample: {line}"
        name, labels, value = match.groups()
        pairs = tuple((key, unescape(text)) for key, text in LABEL.findall(labels or ""))
        assert (name, pairs) not in self.samples, f"twice on one page: {line}"
        self.samples[name, pairs] = int(value) if re.fullmatch(r"-?\d+", value) else float(value)

    def of(self, name):
        return {labels: value for (found, labels), value in self.samples.items() if found == name}

    def self_sum(self, name, **labels):
        """The sum over a self metric's samples that have these labels."""
        wanted = set(labels.items())
        return sum(value for pairs, value in self.of(name).items() if wanted <= set(pairs))

    def flows(self):
        """The two flow metrics as {(metric, source AS, destination AS, hostname): bytes}."""
        counts = {}
        for metric in (RECEIVE, TRANSMIT):
            for pairs, value in self.of(metric).items():
                labels = dict(pairs)
                assert tuple(key for key, _ in pairs) == LABELS
                key = (metric, int(labels["source_as"]), int(labels["destination_as"]), labels["hostname"])
                assert key not in counts, f"one series with two names: {key}"
                counts[key] = value
        return counts

    def total(self):
        return sum(self.flows().values())


def refuse_constant(text):
    raise ValueError(text)


def refuse_number(value):
    return isinstance(value, bool) or not isinstance(value, (int, float, str, type(None)))


def number_of(record, key):
    """The value of a claimed number: 0 if it is absent, or the name of a fault if it is unusable."""
    value = record.get(key)
    if value is None:
        return None
    if refuse_number(value):
        return "type"
    if isinstance(value, str) and not re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", value):
        return "type"
    number = int(value)
    return number if 0 <= number < 1 << 64 else "range"


def parse(line):
    """A line as a record, or the reason why it is not one. Truncated records count as 'syntax' here."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return "encoding"
    try:
        record = json.loads(text, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        return "trailing" if error.msg == "Extra data" else "syntax"
    except ValueError:
        return "syntax"
    return record if isinstance(record, dict) else "not_object"


class Count:
    """What the page must show for these lines, counted independently of the program."""

    def __init__(self, asn):
        self.asn = asn
        self.flows = Counter()
        self.malformed = Counter()
        self.records = self.markers = 0

    def add_lines(self, lines):
        for line in lines:
            if line.strip():
                self.add(parse(line))
        return self

    def add_file(self, path):
        with open(path, "rb") as file:
            return self.add_lines(file)

    def add(self, record):
        if isinstance(record, str):
            self.malformed[record] += 1
            return
        if record.get("event_type") in ("purge_init", "purge_close"):
            self.markers += 1
            return
        source, destination, size = (number_of(record, key) for key in ("as_src", "as_dst", "bytes"))
        faults = [value for value in (source, destination, size) if isinstance(value, str)]
        if faults:
            self.malformed[faults[0]] += 1
            return
        self.records += 1
        self.count(source or 0, destination or 0, record.get("label"), size)

    def count(self, source, destination, label, size):
        if size is None or self.asn not in (source, destination):
            return
        metric = TRANSMIT if source == self.asn else RECEIVE
        self.flows[metric, source, destination, label if isinstance(label, str) else ""] += size

    def total(self):
        return sum(self.flows.values())


def differences(shown, expected, limit=5):
    """Some of the series that differ, for a message; empty if none does."""
    keys = sorted(key for key in set(shown) | set(expected) if shown.get(key) != expected.get(key))
    lines = [f"{key}: page {shown.get(key)}, sent {expected.get(key)}" for key in keys[:limit]]
    return "\n".join([f"{len(keys)} series differ", *lines]) if keys else ""
