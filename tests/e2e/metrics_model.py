"""Configured metrics, counted independently of the program. Also random metrics with random records."""

import ipaddress
import json
import math
import re
from fractions import Fraction

MOST = (1 << 64) - 1
NUMBERS = {"as_src", "as_dst", "peer_as_src", "peer_as_dst", "peer_src_as", "peer_dst_as", "bytes", "packets"}
PROTOCOL = "ip_proto"  # a number with names; one spelling is shown
PROTOCOL_NAMES = {1: "icmp", 6: "tcp", 17: "udp", 47: "gre", 58: "ipv6-icmp"}
PROTOCOL_ALIASES = {"icmp6": 58}
OTHER = "other"


def look_up(record, path):
    """The member at a path. None: it is absent or unusable."""
    for name in re.split(r"(?<!\\)\.", path):
        record = record.get(name.replace("\\", "")) if isinstance(record, dict) else None
    return None if isinstance(record, (dict, list)) else record


def as_number(value):
    return 0 if value is None else int(value)


def as_text(value):
    return None if value is None else value if isinstance(value, str) else json.dumps(value)


def protocol(text):
    """The number of a protocol, from its name or number. None: it is neither."""
    if re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]+", text):
        number = int(text, 16 if text[:2] in ("0x", "0X") else 10)
        return number if number <= 255 else None
    numbers = {name: number for number, name in PROTOCOL_NAMES.items()} | PROTOCOL_ALIASES
    return numbers.get(text.lower())


def as_shown(path, value):
    """The text of a field, as a label shows it."""
    text = as_text(value)
    number = protocol(text) if path == PROTOCOL and text is not None else None
    return text if number is None else PROTOCOL_NAMES.get(number, str(number))


def digits(text):
    return int(text) if re.fullmatch(r"[0-9]+", text) and int(text) <= MOST else None


def address(text):
    """An address; IPv4 in IPv6 becomes IPv4. None: it is not an address."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


class Condition:
    """The values of one field. A record must match one of the values without '!', if there are any, and no value with
    '!'."""

    def __init__(self, path, values):
        self.path = path
        self.tests = [(value.startswith("!"), value.removeprefix("!"))
                      for value in map(str, values if isinstance(values, list) else [values])]
        texts = [text for _, text in self.tests]
        if path == PROTOCOL and all("-" in text or protocol(text) is not None for text in texts):
            self.is_value = self.is_protocol
        elif all(re.fullmatch(r"[0-9]+(-[0-9]+)?", text) for text in texts):
            self.is_value = self.is_in_range
        elif all(address(text.split("/")[0]) for text in texts):
            self.is_value = self.is_in_prefix
        else:
            self.is_value = self.is_text

    def is_in_range(self, text, value):
        low, _, high = text.partition("-")
        number = digits(value)
        return number is not None and int(low) <= number <= int(high or low)

    def is_protocol(self, text, value):
        """Makes a name count as its number."""
        number, wanted = protocol(value), protocol(text)
        return number is not None and self.is_in_range(text if wanted is None else str(wanted), str(number))

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


def usual_buckets():
    return [4 ** power for power in range(3, 15)]


class Sum:
    """A series of a counter."""

    def __init__(self, metric):
        self.metric, self.sum = metric, 0

    def add(self, value, rate, _place):
        self.sum += min(value * rate, MOST)

    def samples(self, name):
        return {(name, None): {self.metric.shown_as(self.sum)}} if self.sum else {}


class Last:
    """A series of a gauge: the value of the last record. Records have an order within a place only, so any place's last
    may be shown."""

    def __init__(self, metric):
        self.metric, self.last = metric, {}

    def add(self, value, rate, place):
        self.last[place] = min(value * rate, MOST)

    def samples(self, name):
        return {(name, None): {self.metric.shown_as(value) for value in self.last.values()}}


class Buckets:
    """A series of a histogram. A record counts as many times as its rate says."""

    def __init__(self, metric):
        self.metric, self.sum = metric, 0
        self.bounds = [Fraction(str(bound)) for bound in metric.row.get("buckets", usual_buckets())]
        self.up_to = [0] * (len(self.bounds) + 1)  # the last one counts all records

    def add(self, value, rate, _place):
        self.sum += min(value * rate, MOST)
        shown = value * self.metric.factor
        for index in range(len(self.up_to)):
            if index == len(self.bounds) or shown <= self.bounds[index]:
                self.up_to[index] += rate

    def samples(self, name):
        bounds = [float(bound) for bound in self.bounds] + [float("inf")]
        lines = {(f"{name}_bucket", bound): {min(count, MOST)} for bound, count in zip(bounds, self.up_to)}
        return lines | {(f"{name}_sum", None): {self.metric.shown_as(self.sum)},
                        (f"{name}_count", None): {min(self.up_to[-1], MOST)}}


KINDS = {"counter": Sum, "gauge": Last, "histogram": Buckets}


class Metric:
    def __init__(self, row, max_series):
        self.row = row
        self.kind = KINDS[row.get("type", "counter")]
        self.factor = Fraction(str(row.get("factor", 1)))
        self.match = [Condition(*pair) for pair in row.get("match", {}).items()]
        self.unless = [Condition(*pair) for pair in row.get("unless", {}).items()]
        self.max_series = row.get("max_series") or max_series
        self.names = sorted(row["labels"])
        self.keys, self.other = {}, None
        self.records_other = self.without_value = 0
        self.top, self.sums = row.get("top"), {}
        if self.top:
            self.max_series = math.inf

    def takes(self, record):
        is_left_out = self.unless and all(condition.is_met(record) for condition in self.unless)
        return all(condition.is_met(record) for condition in self.match) and not is_left_out

    def label(self, record, name):
        path = self.row["labels"][name]
        value = look_up(record, path)
        return str(as_number(value)) if path in NUMBERS else as_shown(path, value) or ""

    def shown_as(self, number):
        """The number with the factor: exact if it is whole, otherwise as a reader of the exact number rounds it."""
        product = min(number, MOST) * self.factor
        return int(product) if product.denominator == 1 else float(product)

    def add(self, record, place):
        value = 1 if self.row["value"] == 1 else look_up(record, self.row["value"])
        if value is None:
            self.without_value += 1
            return
        rate = as_number(look_up(record, self.row["scale_by"])) if "scale_by" in self.row else 1
        key = tuple(self.label(record, name) for name in self.names)
        self.sums[key] = self.sums.get(key, 0) + int(value) * (rate or 1)
        if any(len(text.encode()) > 4096 for text in key) or (key not in self.keys and len(self.keys) >= self.max_series):
            self.records_other += 1
            if not self.other:
                self.other = self.kind(self)
            series = self.other
        else:
            series = self.keys.setdefault(key, self.kind(self))
        series.add(int(value), rate or 1, place)

    def shown(self):
        """{(line's name, label values, bound): allowed values}, as on the page. A sum of 0 makes no line."""
        series = {(OTHER,) * len(self.names): self.other} if self.other else {}
        return {(name, tuple(zip(self.names, key)), bound): allowed
                for key, one in (self.keys | series).items()
                for (name, bound), allowed in one.samples(self.row["name"]).items()}

    def found(self, page):
        """The same from a page."""
        suffixes = ["_bucket", "_sum", "_count"] if self.kind is Buckets else [""]
        samples = {}
        for name in (self.row["name"] + suffix for suffix in suffixes):
            for labels, value in page.of(name).items():
                bound = float(labels[-1][1]) if name.endswith("_bucket") else None
                samples[name, labels[:-1] if bound is not None else labels, bound] = value
        return samples

    def differences(self, page):
        if self.top:
            return self.top_differences(page)
        shown, expected = self.found(page), self.shown()
        return [f"{self.row}: {key}: page {shown.get(key)}, sent {expected.get(key)}"
                for key in set(shown) | set(expected) if shown.get(key) not in expected.get(key, ())]

    def top_differences(self, page):
        """This does not tell which series are the heaviest. There are at most N, and none has more than was sent. With
        'other' and the ended series the sum is that of all records, while it is below the largest number."""
        lines, names, total = page.of(self.row["name"]), set(self.names), sum(self.sums.values())
        rest = (OTHER,) * len(self.names)
        shown = {tuple(text for _, text in labels): value for labels, value in lines.items()
                 if {name for name, _ in labels} == names}
        wrong = [f"{self.row}: {key}: page {value}, sent {self.sums.get(key)}" for key, value in shown.items()
                 if key != rest and value > self.shown_as(self.sums.get(key, 0))]
        if len(shown) - (rest in shown) > self.top:
            wrong.append(f"{self.row}: {len(shown)} series")
        found, expected = sum(lines.values()), self.shown_as(total)
        is_equal = found == expected if self.factor.denominator == 1 else math.isclose(found, expected, rel_tol=1e-9)
        if total < MOST and not is_equal:
            wrong.append(f"{self.row}: page {found}, sent {expected}")
        if len(self.sums) <= self.top and total < MOST and len(shown) < sum(value > 0 for value in self.sums.values()):
            wrong.append(f"{self.row}: only {len(shown)} of {len(self.sums)} series")
        return wrong


class Model:
    def __init__(self, rows, max_series=1_000_000):
        self.metrics = [Metric(row, max_series) for row in rows]
        self.unmatched = 0

    def add(self, record, place=0):
        """place: within it, such as in a partition, records have an order."""
        takers = [metric for metric in self.metrics if metric.takes(record)]
        self.unmatched += not takers
        for metric in takers:
            metric.add(record, place)
        return self

    def differences(self, page, with_own=True):
        """The differences from the page, as a message; empty if there are none. with_own: also compares the program's
        own counters."""
        wrong = []
        for metric in self.metrics:
            wrong += metric.differences(page)
        for name, expected in (
            ("unmatched", self.unmatched),
            ("without_value", sum(metric.without_value for metric in self.metrics)),
            ("other", sum(metric.records_other for metric in self.metrics)),
        ) if with_own else ():
            found = page.self_sum(f"flow_exporter_records_{name}_total")
            wrong += [f"records {name}: page {found}, sent {expected}"] if found != expected else []
        return "\n".join(wrong[:8])


# ---- Random metrics and records

AS_NUMBERS = [0, 1, 2, 3, 15169, 64500, 64512, 65534, 65535, 4294967295]
ADDRESSES = ["10.0.0.1", "10.1.2.3", "192.0.2.1", "192.0.2.200", "2001:db8::1", "2001:db8:1::1", "::ffff:10.9.9.9",
             "::1", "0.0.0.0", "garbage", "10.0.0.256", ""]
PREFIXES = ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.128/25", "192.0.2.1", "0.0.0.0/0", "2001:db8::/32", "2001:db8::/48",
            "::/0", "::1"]
TEXTS = ["border", "Ä ö", 'quo"te', "back\\slash", "new\nline", "tab\t", "", "a=b", "10-20", "日本", "\x01\x7f\u2028"]
PORTS = [0, 22, 80, 443, 1024, 65535, "80", "http", "", True]
PROTOCOLS = ["tcp", "udp", "icmp", 6, 17, "TCP", "17", "0x11", "icmp6", "IPv6-ICMP", 58, 47]
PROTOCOLS_UNKNOWN = ["", "nothing", 256, "-1"]
SIZES = [0, 1, 40, 1500, (1 << 53) + 1, (1 << 63) + 12345, MOST, "77"]
FACTORS = [1, 8, 3, 1000000, 0.001, 0.5, 0.1, 1.1, 1e-9, 1e-12, 12345.678]
BOUNDS = [0, 0.3, 1, 5.5, 39.99, 40, 44, 320, 1499.9999, 1500, 1650, 1e6, 4.5e15, 1e19, 1e30, 1e-9, 1.5e-9]
RATES = [0, 1, 7, 1000, 1 << 40, "16"]
FIELDS = {"as_src": AS_NUMBERS, "as_dst": AS_NUMBERS, "peer_as_dst": AS_NUMBERS, "ip_src": ADDRESSES,
          "ip_dst": ADDRESSES, "label": TEXTS, "port_dst": PORTS, "ip_proto": PROTOCOLS + PROTOCOLS_UNKNOWN, "bytes": SIZES,
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
    texts = [*PROTOCOLS, "0-16", "17-255"] if path == PROTOCOL else [text for text in TEXTS if text != "10-20"]
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
    kind = random.choice(["counter", "counter", "gauge", "histogram"])
    row = {"name": f"flow_{random.choice('abc')}{index}" + ("_total" if kind == "counter" else ""),
           "help": random.choice(["One.", 'A "b" \\ c']),
           "value": random.choice([1, "bytes", "bytes", "packets"] if kind == "counter" else ["bytes", "packets"]),
           "labels": {random.choice(["a", "Z", "_"]) + f"{place}": path for place, path in enumerate(labels)}}
    if random.random() < 0.4:
        row["scale_by"] = "sampling_rate"
    if kind != "counter" or random.random() < 0.3:
        row["type"] = kind
    if random.random() < 0.4:
        row["factor"] = random.choice(FACTORS)
    if kind == "histogram" and random.random() < 0.8:
        row["buckets"] = sorted(random.sample(BOUNDS, random.randint(1, len(BOUNDS))))
    if random.random() < 0.8:
        row["match"] = random_conditions(random, 2)
    if random.random() < 0.5:
        row["unless"] = random_conditions(random, 2)
    if kind == "counter" and random.random() < 0.3:
        row["top"] = random.randint(1, 12)
    elif is_bounded and random.random() < 0.4:
        row["max_series"] = random.randint(1, 20)
    return row


def random_metrics(random, is_bounded):
    return [random_metric(random, index, is_bounded) for index in range(random.randint(1, 6))]
