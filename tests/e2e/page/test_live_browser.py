"""The live page in a real browser, with real flows: what it shows, what it requests, and how a user works it."""

import random
import re
import shutil
import subprocess
import threading

import pytest

from configs import ASN, kafka_config, record, stdin_config
from programs import free_port, wait_until

if not shutil.which("chromedriver"):
    pytest.skip("needs chromium, chromium-driver and python3-selenium", allow_module_level=True)

from browser import AXE, PHONE, WIDE, Browser

NAMES = "7\tSEVEN-NET <b>& Sons</b>, DE\n8\tEIGHT Networks with a long name that no column can hold, FR\n"
HOSTS = ("border-1.example.net", "border-2.example.net", "core-3.example.net")


class Feeder:
    """Sends some flows through standard input each half second, until it is ended."""

    def __init__(self):
        self.program = None
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def start(self, program):
        self.program = program
        self.thread.start()

    def run(self):
        numbers = random.Random(5)
        while not self.ends.wait(0.5):
            lines = []
            for _ in range(200):
                other = min(int(numbers.paretovariate(0.8)) + 6, 200)
                pair = (other, ASN) if numbers.random() < 0.6 else (ASN, other)
                lines.append(record(*pair, numbers.randrange(10**6, 10**8), numbers.choice(HOSTS)))
            lines.append(b"{no record")
            try:
                self.program.process.stdin.write(b"\n".join(lines) + b"\n")
                self.program.process.stdin.flush()
            except (BrokenPipeError, ValueError):
                return

    def end(self):
        self.ends.set()
        self.thread.join()
        try:
            self.program.process.stdin.close()
        except BrokenPipeError:
            pass


@pytest.fixture(scope="module")
def browser():
    opened = Browser()
    yield opened
    opened.end()


@pytest.fixture
def live(exporter, tmp_path):
    """A program with flows coming in."""
    names = tmp_path / "names.txt"
    names.write_text(NAMES)
    config = stdin_config()
    config["resolvers"][0]["names"] = [str(names)]
    feeder = Feeder()
    program = exporter(config, stdin=subprocess.PIPE)
    feeder.start(program)
    yield program
    feeder.end()


def opened(browser, program, **look):
    browser.collect()
    browser.events.clear()
    browser.console.clear()
    browser.look(**look)
    browser.open(program.url("/"))
    return browser


def wait_for_rates(browser):
    browser.wait_for("document.querySelectorAll('#views tbody tr').length > 10", "rows of rates")
    browser.wait_for("[...document.querySelectorAll('.node .big')].every((big) => /\\d/.test(big.textContent))",
                     "rates of stages")


def rows_of(browser, by, direction):
    return browser.run(
        "return [...document.querySelectorAll(`.view.${arguments[1]}[data-by=${arguments[0]}] tbody tr`)]"
        ".map((row) => [...row.cells].map((cell) => cell.textContent))", by, direction)


def close_to(shown, number, unit):
    """Whether the text shows the number to three digits. 12.25 may be rounded either way."""
    digits, prefixed = shown.replace("\u00a0", " ").split(" ")
    scale = 1000 ** " kMGTPE".index(prefixed[: -len(unit)] or " ")
    return prefixed.endswith(unit) and abs(float(digits) * scale - number) <= 0.006 * number + 1e-9


def test_shows_what_the_api_says(browser, live):
    opened(browser, live)
    wait_for_rates(browser)
    browser.run("document.getElementById('pause').click()")
    wait_until(lambda: browser.text("#pause") == "Resume", "it pauses")
    top = browser.last_answer("/api/v1/top")
    views = {(view["by"], view["direction"]): view for view in top["views"]}
    assert set(views) == {("source", "in"), ("destination", "out"), ("router", "in"), ("router", "out")}
    for (by, direction), view in views.items():
        rows = rows_of(browser, by, direction)
        assert len(rows) >= len(view["items"]) > 1
        for row, item in zip(rows, view["items"]):
            label = f"AS{item['label']}" if by != "router" else item["label"]
            assert row[0] == f"{label} {item['name']}".strip()
            assert close_to(row[2], item["rate"] * 8, "bit/s"), (row, item)
            assert abs(float(row[3].split("\u00a0")[0]) - item["share"] * 100) <= 0.51
    assert any("SEVEN-NET <b>& Sons</b>" in row[0] for row in rows_of(browser, "source", "in")), "names are text"
    assert browser.run("return document.querySelector('.views b b') === null"), "and never markup"
    shown = browser.text("#totals .in .number")
    assert close_to(shown, views["source", "in"]["rate"] * 8, "bit/s")
    browser.screenshot("live-paused")


def test_shows_the_pipeline_as_configured(browser, live):
    opened(browser, live)
    wait_for_rates(browser)
    status = browser.last_answer("/api/v1/status")
    nodes = browser.run("return [...document.querySelectorAll('.node')].map((node) => node.dataset.node)")
    assert nodes == ["input-stdin", "decode", "resolver-whois", "output-prometheus"]
    assert [part["name"] for part in status["parts"]] == ["input-stdin", "resolver-whois", "output-prometheus"]
    decode = browser.text("[data-node=decode]")
    assert re.search(r"malformed\s+\d", decode) and "syntax" in decode
    assert re.search(r"receive_bytes\s+\d+ / 1M series", browser.text("[data-node=output-prometheus]").replace("\u00a0", " "))
    assert re.search(r"checkpoint \S+ m?s ago", browser.text("#checkpoint").replace("\u00a0", " "))
    assert browser.text("#state") == "Ready"


def test_asks_nobody_else_and_breaks_no_rule(browser, live):
    opened(browser, live)
    wait_for_rates(browser)
    assert browser.hosts() == {f"127.0.0.1:{live.port}"}
    assert {url.split("?")[0].split(str(live.port))[1] for url in browser.requests()} == {
        "/", "/live/live.css", "/live/live.js", "/live/draw.js", "/live/icon.svg", "/api/v1/top", "/api/v1/status"}
    assert browser.console == []


def test_scripts_and_styles_in_the_page_are_refused(browser, live):
    """The page's policy is in force: a script or style that somebody smuggles in does not run."""
    opened(browser, live)
    browser.run("const script = document.createElement('script'); script.textContent = 'window.smuggled = 1';"
                "document.body.append(script); document.body.setAttribute('style', 'color: red')")
    assert browser.run("return window.smuggled === undefined")
    browser.collect()
    assert len([entry for entry in browser.console if "Content Security Policy" in entry["message"]]) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_looks_well_and_is_accessible(browser, live, size, scheme):
    opened(browser, live, size=size, scheme=scheme)
    wait_for_rates(browser)
    assert AXE.exists(), "./dev test e2e fetches axe"
    assert browser.run("return document.documentElement.scrollWidth") <= size[0]
    assert browser.run("return getComputedStyle(document.documentElement).backgroundColor") == (
        "rgb(245, 246, 248)" if scheme == "light" else "rgb(15, 20, 25)")
    browser.screenshot(f"live-{'phone' if size == PHONE else 'wide'}-{scheme}")
    assert browser.axe() == []


def press(browser, key, code):
    for kind in ("keyDown", "keyUp"):
        browser.command("Input.dispatchKeyEvent", type=kind, key=key, code=key if key != " " else "Space",
                        windowsVirtualKeyCode=code, **({"text": key} if key == " " and kind == "keyDown" else {}))


def test_is_worked_by_keys(browser, live):
    opened(browser, live)
    wait_for_rates(browser)
    walk = []
    for _ in range(7):
        press(browser, "Tab", 9)
        walk.append(browser.run("const at = document.activeElement; return at.id || at.value || at.textContent"))
        assert browser.run("return document.activeElement.matches(':focus-visible')")
        if walk[-1] == "60":
            press(browser, "ArrowRight", 39)
            assert browser.run("return document.querySelector('#over input:checked').value") == "300"
        if walk[-1] == "pause":
            press(browser, " ", 32)
            wait_until(lambda: browser.run("return document.getElementById('pause').getAttribute('aria-pressed')") == "true",
                       "it pauses")
    assert walk == ["Skip to the traffic", "60", "pause", "Metrics", "Readiness", "Top as JSON", "Status as JSON"]
    wait_until(lambda: any("over=300" in url for url in browser.requests()), "the mean over five minutes is asked for")


def test_moves_only_if_wished(browser, live):
    for motion, moves in (("no-preference", True), ("reduce", False)):
        opened(browser, live, motion=motion)
        wait_for_rates(browser)
        browser.wait_for("document.querySelectorAll('.flow').length > 0", "flows along the edges")
        assert browser.run("return document.getAnimations().length > 0") == moves


def test_says_that_nothing_has_come(browser, exporter):
    program = exporter(stdin_config(), stdin=subprocess.PIPE)
    opened(browser, program)
    browser.wait_for("document.getElementById('notices').textContent.includes('No records have arrived yet.')", "it says so")
    browser.wait_for("document.querySelectorAll('.view .empty').length === 4", "empty views")
    browser.screenshot("live-empty")
    assert browser.axe() == [] and browser.console == []
    program.process.stdin.close()


def test_says_what_is_not_ready(browser, exporter):
    class Nobody:
        brokers = f"127.0.0.1:{free_port()}"

    program = exporter(kafka_config(Nobody, "flows"))
    opened(browser, program, size=PHONE)
    browser.wait_for("document.getElementById('state-text').textContent === 'Not ready'", "it is not ready")
    assert "input-kafka" in browser.text("#notices")
    assert browser.run("return document.querySelector('[data-node=input-kafka]').dataset.state") == "bad"
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE[0]
    browser.screenshot("live-not-ready")
    assert browser.axe() == []


def test_says_when_the_program_is_gone(browser, exporter):
    program = exporter(stdin_config(), stdin=subprocess.PIPE)
    opened(browser, program)
    browser.wait_for("document.getElementById('state-text').textContent === 'Ready'", "it is ready")
    program.process.stdin.close()
    program.stop()
    browser.wait_for("document.getElementById('state-text').textContent === 'No answer'", "it says so")
    assert "The page shows its state at" in browser.text("#notices")
    assert browser.run("return document.title") == "No answer: flow-exporter"
    states = browser.run("return [...document.querySelectorAll('.node')].map((node) => node.dataset.state)")
    assert states == ["unknown"] * 4, "nothing is known to be well"
    assert browser.run("return [...document.querySelectorAll('.node .big')].map((big) => big.textContent)") == ["–"] * 4
    assert browser.run("return document.querySelectorAll('.flow').length") == 0
    assert browser.run("return document.body.dataset.stale") == "old"
    assert browser.axe() == []


CATCHING_UP = """
const ask = window.fetch;
window.fetch = async (path, ...rest) => {
    const answer = await ask(path, ...rest);
    if (!path.startsWith('/api/v1/top')) return answer;
    const top = await answer.json();
    top.backlog = top.backlog.map(() => true);
    top.backlog_seconds = top.covered_seconds;
    return new Response(JSON.stringify(top));
};"""


def test_says_that_it_catches_up(browser, live):
    """tests/unit/output-prometheus/test_prom_rates tests the rule. Here the program's answer says that everything is
    backlog."""
    script = browser.command("Page.addScriptToEvaluateOnNewDocument", source=CATCHING_UP)["identifier"]
    try:
        opened(browser, live)
        wait_for_rates(browser)
        assert "had been waiting in Kafka" in browser.text("#notices")
        assert browser.run("return [...document.querySelectorAll('.total .mark')].map((mark) => mark.textContent)") == ["catching up"] * 2
        assert browser.run("return document.querySelectorAll('.backlog').length") > 0
        browser.screenshot("live-catching-up")
        assert browser.axe() == []
    finally:
        browser.command("Page.removeScriptToEvaluateOnNewDocument", identifier=script)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_shows_metrics_of_ones_own_whole(browser, exporter, size):
    config = stdin_config()
    config["outputs"][0].pop("asn")
    config["outputs"][0]["metrics"] = [{
        "name": "pairs_bytes_total", "help": "Bytes by the pair.", "value": "bytes",
        "labels": {"host": "label", "a_label_with_a_long_name": "ip_proto", "another_long_one": "iface_in"}}]
    config["outputs"][0]["metrics"][0]["labels"].pop("host")
    feeder = Feeder()
    program = exporter(config, stdin=subprocess.PIPE)
    feeder.start(program)
    try:
        opened(browser, program, size=size)
        browser.wait_for("document.querySelectorAll('[data-by=series] tbody tr').length > 0", "a row")
        cut = browser.run("return [...document.querySelectorAll('[data-by=series] th.who')]"
                          ".filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent)")
        assert cut == []
        view, room = browser.run("return [document.querySelector('.view').offsetWidth, document.getElementById('views').offsetWidth]")
        assert view == room, "one view takes the whole width"
        browser.screenshot(f"live-own-{size[0]}")
        assert browser.axe() == []
    finally:
        feeder.end()
