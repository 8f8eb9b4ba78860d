"""The JSON API of the live page: its figures, compared with a count of the records that were sent, and what it
refuses."""

import http.client
import json
import random
import subprocess
from collections import Counter

import pytest

from configs import ASN, kafka_config, record, stdin_config
from programs import free_port, wait_until

HOSTS = ("border-1.example.net", "quote\"back\\slash", "grün", "nul", "nul\0one", "nul\0two")


def ask(program, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=60)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def get(program, path):
    answer, body = ask(program, path)
    assert answer.status == 200 and answer.getheader("Content-Type") == "application/json", body
    return json.loads(body)


class Sender:
    """Sends random flows to the program's standard input, and adds them up."""

    def __init__(self, program, seed):
        print("seed", seed)
        self.program, self.numbers = program, random.Random(seed)
        self.sent = 0
        self.start()

    def start(self):
        self.sums = {key: Counter() for key in ("source in", "router in", "destination out", "router out")}

    def send(self, count):
        lines = []
        for _ in range(count):
            other, size, host = self.numbers.randrange(1, 40), self.numbers.randrange(1, 10**9), self.numbers.choice(HOSTS)
            is_in = self.numbers.random() < 0.5
            lines.append(record(*((other, ASN) if is_in else (ASN, other)), size, host))
            self.sums["source in" if is_in else "destination out"][str(other)] += size
            self.sums["router in" if is_in else "router out"][host] += size
        self.program.process.stdin.write(b"\n".join(lines) + b"\n")
        self.program.process.stdin.flush()
        self.sent += count
        self.program.wait_for_records(self.sent)


def sums_of(top):
    """The sums of the rates over all points, by view and label. A point that was not kept counts as 0."""
    result = {}
    for view in top["views"]:
        sums = result[f"{view['by']} {view['direction']}"] = Counter()
        for item in view["items"]:
            sums[item["label"]] = sum((rate or 0) * seconds for rate, seconds in zip(item["rates"], top["seconds"]))
    return result


def are_close(found, expected, points):
    """Rates are whole bytes a second: up to half a byte a second is lost."""
    return set(found) == set(expected) and all(
        abs(found[key] - expected[key]) <= 1 + points * 10 + expected[key] * 1e-6 for key in expected)


def test_top_is_what_was_sent(exporter):
    program = exporter(stdin_config(), stdin=subprocess.PIPE)
    sender = Sender(program, 11)
    sender.send(500)
    first = get(program, "/api/v1/status")
    assert first["ready"] is True
    # Whatever was there at the first look grew before it. Rates begin with the first cut that is looked at.
    wait_until(lambda: get(program, "/api/v1/top?limit=50")["ends"], "a first point", 30)
    before = sums_of(get(program, "/api/v1/top?limit=50&over=600"))
    sender.start()
    for _ in range(3):
        sender.send(400)

    def has_come():
        top = get(program, "/api/v1/top?limit=50&over=600")
        after = sums_of(top)
        grown = {key: Counter({label: value - before[key][label] for label, value in sums.items()
                               if value - before[key][label] > 100}) for key, sums in after.items()}
        return top if all(are_close(grown[key], sender.sums[key], len(top["ends"])) for key in sender.sums) else None

    top = wait_until(has_come, "rates that come to what was sent", 40)
    assert top["version"] == 1 and len(top["ends"]) == len(top["seconds"])
    assert top["backlog"] == [False] * len(top["ends"]) and top["backlog_seconds"] == 0, "standard input knows no backlog"
    assert all(seconds >= 4 for seconds in top["seconds"])
    for view in top["views"]:
        rates = [item["rate"] for item in view["items"]]
        assert rates == sorted(rates, reverse=True)
        assert abs(sum(rates) + view["rest"] - view["rate"]) <= view["rate"] * 1e-6 + 1
        assert all(abs(item["share"] - item["rate"] / view["rate"]) < 0.001 for item in view["items"])
    ends(program)


def ends(program):
    program.process.stdin.close()


def test_limit_and_mean(exporter):
    program = exporter(stdin_config(), stdin=subprocess.PIPE)
    sender = Sender(program, 12)
    wait_until(lambda: get(program, "/api/v1/top")["ends"], "a first point", 30)
    sender.send(500)
    top = wait_until(lambda: (lambda top: top if top["views"][0]["rate"] else None)(get(program, "/api/v1/top?limit=3&over=5")),
                     "a rate", 30)
    assert all(len(view["items"]) <= 3 for view in top["views"])
    view = top["views"][0]
    assert (view["metric"], view["by"], view["label"], view["value"]) == ("flow_receive_bytes_total", "source", "source_as", "bytes")
    assert view["distinct"] > 3 and view["rest"] > 0 and top["over_seconds"] == 5
    long = get(program, "/api/v1/top?over=600")
    assert long["covered_seconds"] > top["covered_seconds"]
    ends(program)


def test_metrics_without_such_labels_are_shown_by_series(exporter):
    config = stdin_config()
    config["outputs"][0]["metrics"] = [
        {"name": "flow_packets_total", "help": "Packets.", "value": "packets", "labels": {"protocol": "ip_proto"}},
        {"name": "flow_records_total", "help": "Records.", "value": "1", "labels": {"from": "as_src", "to": "as_dst"}}]
    program = exporter(config, stdin=subprocess.PIPE)
    views = [(view["metric"], view["by"], view["label"], view["direction"], view["value"])
             for view in get(program, "/api/v1/top")["views"]]
    assert views == [("flow_packets_total", "series", None, None, "packets"),
                     ("flow_records_total", "source", "from", None, "1"),
                     ("flow_records_total", "destination", "to", None, "1")]
    wait_until(lambda: get(program, "/api/v1/top")["ends"], "a first point", 30)
    program.process.stdin.write(record(1, 2, 3, ip_proto="tcp") + b"\n")
    program.process.stdin.flush()
    program.wait_for_records(1)
    top = wait_until(lambda: (lambda top: top if top["views"][0]["items"] else None)(get(program, "/api/v1/top")), "a rate", 30)
    assert [item["label"] for item in top["views"][0]["items"]] == ['protocol="tcp"']
    assert [item["label"] for item in top["views"][1]["items"]] == ["1"]
    ends(program)


def test_status_is_what_the_metrics_say(exporter):
    program = exporter(stdin_config(), stdin=subprocess.PIPE)
    program.process.stdin.write(record(7, ASN, 5) + b"\n{\n" + record(8, 9, 5) + b"\n")
    program.process.stdin.flush()
    page = program.wait_for_page(lambda page: page.self_sum("flow_exporter_records_total") == 2, "two records")
    page = program.fresh_page()
    status = get(program, "/api/v1/status")
    parts = {part["name"]: part for part in status["parts"]}
    assert list(parts) == ["input-stdin", "resolver-whois", "output-prometheus"]
    assert [part["kind"] for part in status["parts"]] == ["input", "resolver", "output"]
    assert parts["output-prometheus"]["is_this"] and not parts["input-stdin"]["is_this"]
    for name, part in parts.items():
        for key in ("records_total", "records_malformed_total", "stage_records_total", "series", "records_unmatched_total"):
            if key in part["metrics"]:
                assert part["metrics"][key] == page.self_sum(f"flow_exporter_{key}", plugin=name), key
    assert parts["input-stdin"]["metrics"]["records_malformed_total_by_reason"] == {"syntax": 1}
    assert parts["output-prometheus"]["metrics"]["records_unmatched_total"] == 1
    assert {entry["metric"]: (entry["series"], entry["limit"]) for entry in status["series"]} == {
        "flow_receive_bytes_total": (1, 1000000), "flow_transmit_bytes_total": (0, 1000000)}
    assert status["program"]["metrics"]["checkpoints_total"] >= 1 and status["program"]["version"]
    ends(program)


def test_status_says_what_is_not_ready(exporter):
    class Nobody:
        brokers = f"127.0.0.1:{free_port()}"

    program = exporter(kafka_config(Nobody, "flows"))
    status = wait_until(lambda: (lambda status: status if not status["ready"] else None)(get(program, "/api/v1/status")),
                        "not ready")
    assert "input-kafka" in {wait["part"] for wait in status["waiting"]} and all(wait["reason"] for wait in status["waiting"])
    assert get(program, "/api/v1/top")["ends"] == []


@pytest.mark.parametrize("query, fault", [
    ("limit=0", "'limit' must be a whole number from 1 to 50, not '0'"),
    ("limit=51", "from 1 to 50"), ("limit=", "not ''"), ("limit", "not ''"), ("limit=1e1", "not '1e1'"),
    ("limit=-1", "not '-1'"), ("limit=99999999999999999999", "from 1 to 50"), ("over=4", "from 5 to 600"),
    ("over=601", "from 5 to 600"), ("limit=1&limit=2", "more than once"), ("Limit=1", "there are 'limit', 'over'"),
    ("%ff%00%22=1", "there is no parameter"), ("x" * 2000 + "=1", "there is no parameter"), ("limit=%ff", "not '?'")])
def test_wrong_questions_are_refused(shared, query, fault):
    answer, body = ask(shared, f"/api/v1/top?{query}")
    assert answer.status == 400 and answer.getheader("Content-Type") == "application/json"
    assert json.loads(body)["version"] == 1 and fault in json.loads(body)["error"]


@pytest.fixture
def shared(exporter):
    program = exporter(stdin_config(), stdin=subprocess.PIPE)
    yield program
    ends(program)


def test_heads_and_caches(shared):
    for path in ("/api/v1/top", "/api/v1/status", "/", "/live/live.css", "/live/live.js", "/live/draw.js", "/live/icon.svg"):
        answer, body = ask(shared, path)
        head, nothing = ask(shared, path, "HEAD")
        assert answer.status == head.status == 200 and nothing == b"" and body, path
        assert answer.getheader("Cache-Control") == ("no-store" if "api" in path else "no-cache")
        assert "unsafe" not in answer.getheader("Content-Security-Policy")
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert ask(shared, path, "POST")[0].status == 405
    assert ask(shared, "/api/v1/status?limit=1")[0].status == 400
    assert ask(shared, "/live/../etc/passwd")[0].status == ask(shared, "/api/v2/top")[0].status == 404


def test_a_file_that_is_known_is_not_sent_again(shared):
    tag = ask(shared, "/live/live.css")[0].getheader("ETag")
    connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=60)
    connection.request("GET", "/live/live.css", headers={"If-None-Match": tag})
    answer = connection.getresponse()
    assert answer.status == 304 and answer.read() == b""
    connection.close()
