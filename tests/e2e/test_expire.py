"""Series that end when they are idle (expire_after), with a real Kafka, kill -9 and restarts.

The test reads every page. The sum over the metric never goes back. No line ever goes back: each label set is sent in
one burst only, so none returns. In the end the sum is exact and all series have ended. A second metric shows the two
heaviest of five series (top) of the same records. It has the same sum on each page, and never more than two lines.
"""

import random
import signal

from configs import ASN, fresh_group, kafka_config, record
from page import RECEIVE
from programs import SLOWNESS, WHOLE, free_port, wait_until

BURST = 40
POINTS = ["cut", "prepare", "outputs-prepared", "commit", "commit-asked", "accepted", "marked", "exposed"]


TOP, PLACES = "flow_top_bytes_total", 2
METRICS = [{"name": RECEIVE, "help": "Bytes received.", "value": "bytes",
            "labels": {"hostname": "label", "source_as": "as_src"}},
           {"name": TOP, "help": "Bytes by source.", "value": "bytes", "labels": {"source_as": "as_src"}, "top": PLACES,
            "top_half_life": "1s"}]


class Looks:
    """What the pages have shown, over all lives of the program."""

    def __init__(self, has_top=True):
        self.has_top = has_top
        self.lines, self.sum, self.ends = {}, 0, set()

    def look(self, program):
        page = program.fresh_page()
        lines = page.of(RECEIVE)
        total = sum(lines.values())
        assert total >= self.sum, f"the sum went back from {self.sum} to {total}"
        self.sum = total
        heaviest = page.of(TOP)
        assert not self.has_top or sum(heaviest.values()) == total, f"{heaviest} is not {total}"
        shown = [labels for labels in heaviest if dict(labels)["source_as"] != "other"]
        assert len(shown) <= PLACES and all("ended" not in dict(labels) for labels in shown), heaviest
        for labels, value in lines.items():
            assert value >= self.lines.get(labels, 0), f"{labels} went back from {self.lines[labels]} to {value}"
            self.lines[labels] = value
        ends = [(labels, value) for labels, value in lines.items() if "ended" in dict(labels)]
        assert len(ends) <= 1, ends
        for labels, value in ends:
            self.ends.add((dict(labels)["ended"], value))
        return lines


def begin(kafka, folder):
    topic = kafka.topic_create()
    config = kafka_config(kafka, topic, group=fresh_group())
    config["inputs"][0]["rdkafka"].update({"group.instance.id": "one", "session.timeout.ms": "30000"})
    config["state"] = {"directory": str(folder / "state"), "min_interval": "50ms", "max_interval": "300ms"}
    config["outputs"][0].update({"expire_after": "1s", "names_wait": "0s", "metrics": METRICS})
    return topic, config


def send(kafka, topic, burst, dice):
    sizes = [dice.randrange(1, 1 << 40) for _ in range(BURST)]
    lines = [record(1 + number % 5, ASN, size, f"router-{burst}-{number}") for number, size in enumerate(sizes)]
    kafka.produce(topic, lines)
    return sum(sizes)


def all_has_ended(looks, program, sent):
    lines = looks.look(program)
    return sum(lines.values()) == sent and all("ended" in dict(labels) for labels in lines)


def finish(looks, program, sent):
    wait_until(lambda: all_has_ended(looks, program, sent), lambda: f"{sent} bytes, all ended, but {looks.sum}", 60)
    assert len({at for at, _ in looks.ends}) == len(looks.ends), f"the line of ended series grew: {looks.ends}"


def test_sums_stay_exact_over_kills(kafka, exporter, tmp_path):
    """Killed at random moments, and at each failpoint of a checkpoint, while series come and end."""
    seed = 5
    dice, looks = random.Random(seed), Looks()
    topic, config = begin(kafka, tmp_path)
    port, sent, burst = free_port(), 0, 0
    kills = POINTS if WHOLE else POINTS[::3]
    for point in [None, *kills, None]:
        env = {"FLOW_EXPORTER_FAILPOINT": f"{point}=kill@{dice.randrange(4, 12)}"} if point else None
        program = exporter(config, port=port, env=env, wait=not point)
        for _ in range(3):
            sent += send(kafka, topic, burst, dice)
            burst += 1
        if point:
            wait_until(lambda: not program.is_running(), f"it dies at {point}", 60)
            assert program.process.returncode == -signal.SIGKILL
        else:
            wait_until(lambda: looks.look(program) is not None and looks.sum == sent, f"{sent} bytes are shown", 60)
            wait_until(lambda: looks.look(program) is not None and looks.ends, "some have ended", 60)
            program.kill()
    program = exporter(config, port=port)
    finish(looks, program, sent)
    assert len(looks.ends) > 1
    program.stop()


def test_room_is_used_again(kafka, exporter, tmp_path):
    """Bursts bring many times max_series label sets, one burst after another. None of them must go into 'other'."""
    dice, looks = random.Random(7), Looks(has_top=False)
    topic, config = begin(kafka, tmp_path)
    config["outputs"][0].update({"max_series": 2 * BURST, "metrics": METRICS[:1]})
    program = exporter(config)
    sent = 0
    for burst in range(20 if WHOLE else 5):
        sent += send(kafka, topic, burst, dice)
        finish(looks, program, sent)
        # Numbers are used again once the page has cuts without their series.
        for _ in range(3):
            looks.look(program)
    page = program.fresh_page()
    assert page.self_sum("flow_exporter_records_other_total") == 0
    assert page.self_sum("flow_exporter_series") == 0
    bursts = 20 if WHOLE else 5
    assert page.self_sum("flow_exporter_series_created_total") == bursts * BURST
    assert page.self_sum("flow_exporter_series_expired_total") == bursts * BURST


def test_what_comes_again_begins_at_zero(kafka, exporter, tmp_path):
    topic, config = begin(kafka, tmp_path)
    program = exporter(config)
    line = record(1, ASN, 10, "router")

    def shown(page):
        lines = page.of(RECEIVE)
        return (sum(value for labels, value in lines.items() if "ended" not in dict(labels)),
                sum(value for labels, value in lines.items() if "ended" in dict(labels)))

    kafka.produce(topic, [line])
    wait_until(lambda: shown(program.fresh_page()) == (10, 0), "it is shown")
    wait_until(lambda: shown(program.fresh_page()) == (0, 10), "it has ended", 30 * SLOWNESS)
    kafka.produce(topic, [line])
    wait_until(lambda: shown(program.fresh_page()) == (10, 10), "it has begun again")
    program.kill()
    program = exporter(config)
    assert sum(shown(program.fresh_page())) == 20
