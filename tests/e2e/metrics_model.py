"""Metrics by configuration, counted by other means than the program's; and random ones, with random records."""

import ipaddress
import json
import re
from collections import Counter

MOST = (1 << 64) - 1
NUMBERS = {"as_src", "as_dst", "peer_as_src", "peer_as_dst", "peer_src_as", "peer_dst_as", "bytes", "packets"}
OTHER = "other"


def look_up(record, path):
    """The member at a path, None when it is absent or of no use."""
    for name in re.split(r"(?<!\\)\.", path):
        record = record.get(name.replace("\\", "")) if isinstance(record, dict) else None
    return None if isinstance(record, (dict, list)) else record


def as_number(value):
    return 0 if value is None else int(value)


def as_text(value):
    return None if value is None else value if isinstance(value, str) else json.dumps(value)


def digits(text):
    return int(text) if re.fullmatch(r"[0-9]+", text) and int(text) <= MOST else None


def address(text):
    """An address with IPv4 in IPv6 as IPv4; None when it is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


class Condition:
    """The values of one field: met by one of those without '!', if there are any, and by none of those with it."""

    def __init__(self, path, values):
        self.path = path
        self.tests = [(value.startswith("!"), value.removeprefix("!"))
                      for value in map(str, values if isinstance(values, list) else [values])]
        texts = [text for _, text in self.tests]
        if all(re.fullmatch(r"[0-9]+(-[0-9]+)?", text) for text in texts):
            self.is_value = self.is_in_range
        elif all(address(text.split("/")[0]) for text in texts):
            self.is_value = self.is_in_prefix
        else:
            self.is_value = self.is_text

    def is_in_range(self, text, value):
        low, _, high = text.partition("-")
        number = digits(value)
        return number is not None and int(low) <= number <= int(high or low)

    def is_in_prefix(self, text, value):
        found, network = address(value), ipaddress.ip_network(text)
        return found is not None and found.version == network.version and found in network

    def is_text(self, text, value):
        return text.removeprefix("=") == value

    def is_met(self, record):
        value = look_up(record, self.path)
        value = str(as_number(value)) if self.path in NUMBERS else as_text(value)
        if value is None:
            return False
        wanted = [text for is_negated, text in self.tests if not is_negated]
        refused = [text for is_negated, text in self.tests if is_negated]
        return (not wanted or any(self.is_value(text, value) for text in wanted)) and not any(
            self.is_value(text, value) for text in refused)


class Metric:
    def __init__(self, row, max_series):
        self.row = row
        self.match = [Condition(*pair) for pair in row.get("match", {}).items()]
        self.unless = [Condition(*pair) for pair in row.get("unless", {}).items()]
        self.max_series = row.get("max_series") or max_series
        self.names = sorted(row["labels"])
        self.keys = {}
        self.records_other = self.without_value = self.whole = 0

    def takes(self, record):
        is_left_out = self.unless and all(condition.is_met(record) for condition in self.unless)
        return all(condition.is_met(record) for condition in self.match) and not is_left_out

    def label(self, record, name):
        path = self.row["labels"][name]
        value = look_up(record, path)
        return str(as_number(value)) if path in NUMBERS else as_text(value) or ""

    def add(self, record):
        value = 1 if self.row["value"] == 1 else look_up(record, self.row["value"])
        if value is None:
            self.without_value += 1
            return
        rate = as_number(look_up(record, self.row["scale_by"])) if "scale_by" in self.row else 1
        amount = min(int(value) * (rate or 1), MOST)
        key = tuple(self.label(record, name) for name in self.names)
        if any(len(text.encode()) > 4096 for text in key) or (key not in self.keys and len(self.keys) >= self.max_series):
            key = None
            self.records_other += 1
        self.whole += amount
        if key is None:
            self.other = getattr(self, "other", 0) + amount
        else:
            self.keys[key] = self.keys.get(key, 0) + amount

    def shown(self):
        """{label values: sum}, as on the page; what reads the same is one line, and what is 0 is none."""
        shown = Counter({key: value for key, value in self.keys.items()})
        shown[(OTHER,) * len(self.names)] += getattr(self, "other", 0)
        return {tuple(zip(self.names, key)): min(value, MOST) for key, value in shown.items() if value}


class Model:
    def __init__(self, rows, max_series=1_000_000):
        self.metrics = [Metric(row, max_series) for row in rows]
        self.unmatched = 0

    def add(self, record):
        takers = [metric for metric in self.metrics if metric.takes(record)]
        self.unmatched += not takers
        for metric in takers:
            metric.add(record)
        return self

    def differences(self, page, with_own=True):
        """What is not as on the page, for a message; empty when all is. with_own: the program's own counters, too."""
        wrong = []
        for metric in self.metrics:
            shown, expected = page.of(metric.row["name"]), metric.shown()
            wrong += [f"{metric.row}: {key}: page {shown.get(key)}, sent {expected.get(key)}"
                      for key in set(shown) | set(expected) if shown.get(key) != expected.get(key)]
        for name, expected in (
            ("unmatched", self.unmatched),
            ("without_value", sum(metric.without_value for metric in self.metrics)),
            ("other", sum(metric.records_other for metric in self.metrics)),
        ) if with_own else ():
            found = page.self_sum(f"flow_exporter_records_{name}_total")
            wrong += [f"records {name}: page {found}, sent {expected}"] if found != expected else []
        return "\n".join(wrong[:8])


# ---- random ones

AS_NUMBERS = [0, 1, 2, 3, 15169, 64500, 64512, 65534, 65535, 4294967295]
ADDRESSES = ["10.0.0.1", "10.1.2.3", "192.0.2.1", "192.0.2.200", "2001:db8::1", "2001:db8:1::1", "::ffff:10.9.9.9",
             "::1", "0.0.0.0", "garbage", "10.0.0.256", ""]
PREFIXES = ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.128/25", "192.0.2.1", "0.0.0.0/0", "2001:db8::/32", "2001:db8::/48",
            "::/0", "::1"]
TEXTS = ["border", "Ä ö", 'quo"te', "back\\slash", "new\nline", "tab\t", "", "a=b", "10-20", "日本", "\x01\x7f\u2028"]
PORTS = [0, 22, 80, 443, 1024, 65535, "80", "http", "", True]
PROTOCOLS = ["tcp", "udp", "icmp", 6, 17]
SIZES = [0, 1, 40, 1500, (1 << 53) + 1, (1 << 63) + 12345, MOST, "77"]
RATES = [0, 1, 7, 1000, 1 << 40, "16"]
FIELDS = {"as_src": AS_NUMBERS, "as_dst": AS_NUMBERS, "peer_as_dst": AS_NUMBERS, "ip_src": ADDRESSES,
          "ip_dst": ADDRESSES, "label": TEXTS, "port_dst": PORTS, "ip_proto": PROTOCOLS, "bytes": SIZES,
          "packets": SIZES, "sampling_rate": RATES, "where.country": TEXTS[:4], "a\\.b": TEXTS[:3]}


def random_record(random):
    record = {"event_type": "purge"}
    for path, values in FIELDS.items():
        chance = random.random()
        if chance < 0.1:
            continue
        value = None if chance < 0.13 else random.choice(values)
        if path == "bytes" and random.random() < 0.7:
            value = random.randrange(1500)
        if path == "where.country":
            record["where"] = {"country": value} if random.random() < 0.9 else [value]
        else:
            record[path.replace("\\", "")] = value
    return record


def random_range(random):
    low, high = sorted((random.choice(AS_NUMBERS), random.choice(AS_NUMBERS)))
    return random.choice([low, f"{low}-{high}"])


def random_value(random, path):
    if path in NUMBERS or path == "port_dst":
        return random_range(random) if path != "port_dst" else random.choice([80, "0-1023", "443-65535", 22])
    if path.startswith("ip_") and path != "ip_proto":
        return random.choice(PREFIXES)
    texts = PROTOCOLS if path == "ip_proto" else [text for text in TEXTS if text != "10-20"]
    return random.choice(texts)


def random_conditions(random, most):
    paths = [path for path in FIELDS if path not in ("bytes", "packets", "sampling_rate")]
    conditions = {}
    for path in random.sample(paths, random.randint(0, most)):
        values = [random_value(random, path) for _ in range(random.randint(1, 4))]
        values = [f"!{value}" if random.random() < 0.3 else value for value in values]
        conditions[path] = values[0] if len(values) == 1 else values
    return conditions


def random_metric(random, index, is_bounded):
    labels = random.sample(sorted(FIELDS), random.randint(1, 8))
    row = {"name": f"flow_{random.choice('abc')}{index}_total", "help": random.choice(["One.", 'A "b" \\ c']),
           "value": random.choice([1, "bytes", "bytes", "packets"]),
           "labels": {random.choice(["a", "Z", "_"]) + f"{place}": path for place, path in enumerate(labels)}}
    if random.random() < 0.4:
        row["scale_by"] = "sampling_rate"
    if random.random() < 0.8:
        row["match"] = random_conditions(random, 2)
    if random.random() < 0.5:
        row["unless"] = random_conditions(random, 2)
    if is_bounded and random.random() < 0.4:
        row["max_series"] = random.randint(1, 20)
    return row


def random_metrics(random, is_bounded):
    return [random_metric(random, index, is_bounded) for index in range(random.randint(1, 6))]
