"""The shipped rules, scrape configuration and dashboard, against a real Prometheus that scrapes the real program.

etc/prometheus/test_rules.py tests what the rules do by themselves.
"""

import itertools
import json
import re
import shutil
import subprocess
import threading

import pytest
import yaml

from configs import ASN, kafka_config, record
from programs import SOURCE, FlowExporter, Prometheus, WhoisServer, free_port, wait_until

RULES = SOURCE / "etc" / "prometheus" / "flow-exporter.rules.yml"
SCRAPING = SOURCE / "etc" / "prometheus" / "prometheus.yml"
DASHBOARD = json.loads((SOURCE / "etc" / "grafana" / "flow-exporter.json").read_text())
GROUPS = yaml.safe_load(RULES.read_text())["groups"]
RECORDED = [rule["record"] for group in GROUPS for rule in group["rules"] if "record" in rule]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
# For these panels no data is good news.
MAY_BE_EMPTY = {"Firing alerts"}
# The values of Grafana's variables when everything is chosen, on a screen of a minute.
VARIABLES = {"job": ".*", "router": ".*", "instance": ".*", "top": "10", "__range": "1m", "__rate_interval": "1m"}
OF_THE_TARGET = {"job", "instance"}
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
SELECTOR = re.compile(r'([a-zA-Z_:][\w:]*)\{((?:[^{}"]|"(?:[^"\\]|\\.)*")*)\}')
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')


def filled_in(expression):
    return re.sub(r"\$(\w+)", lambda match: VARIABLES[match.group(1)], expression)


def rule_expressions():
    return {rule.get("record") or rule["alert"]: rule["expr"] for group in GROUPS for rule in group["rules"]}


def panel_expressions():
    """[(panel's title, its query)]"""
    return [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]


def all_expressions():
    yield from rule_expressions().items()
    yield from panel_expressions()
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def metrics_of(expression):
    return {name for name in re.findall(r"[a-zA-Z_:][\w:]*", STRING.sub('""', expression)) if "flow_" in name}


class Sender(threading.Thread):
    """Sends flows both ways, in whole purges, until told to stop."""

    def __init__(self, kafka, topic):
        super().__init__(daemon=True)
        self.kafka, self.topic = kafka, topic
        self.stopping = threading.Event()
        self.fault = None

    def run(self):
        try:
            while not self.stopping.wait(0.2):
                self.kafka.produce(self.topic, purge(20, 20))
        except Exception as fault:  # shown by stop()
            self.fault = fault

    def stop(self):
        self.stopping.set()
        self.join(60)
        assert not self.fault, self.fault


def purge(count, announced):
    """One purge of a producer: flows from and to some ASes, by two routers, with markers around them."""
    ases = itertools.cycle([15169, 10318, 174, 3356])
    flows = []
    for number, other in zip(range(count), ases):
        pair = (other, ASN) if number % 3 else (ASN, other)
        flows.append(record(*pair, 1000 + number, label=f"router-{number % 2}", writer_id="border/1"))
    begin = json.dumps({"event_type": "purge_init", "writer_id": "border/1"}).encode()
    end = json.dumps({"event_type": "purge_close", "writer_id": "border/1", "purged_entries": announced}).encode()
    return [begin, *flows, end]


def scraping(port):
    """The shipped configuration with our program as its target, and one second in place of fifteen."""
    config = yaml.safe_load(SCRAPING.read_text())
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(SCRAPING.parent / name) for name in config["rule_files"]]
    (job,) = config["scrape_configs"]
    del job["scrape_timeout"]
    job["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    return config


class Monitored:
    """A program with everything that it can show, and a Prometheus that has scraped it and run the rules."""

    def __init__(self, kafka, folder):
        self.kafka, self.topic = kafka, kafka.topic_create()
        self.ended = []
        try:
            self.start(folder)
        except BaseException:
            self.end()
            raise

    def keep(self, program):
        self.ended.append(program)
        return program

    def start(self, folder):
        whois = self.keep(WhoisServer(folder))
        servers = [{"host": f"127.0.0.1:{free_port()}"}, {"host": whois.address}]  # no server is at the first one
        config = kafka_config(self.kafka, self.topic, resolver={"servers": servers}, watch_markers=True, markers_wait="100ms")
        config["state"]["directory"] = str(folder / "state")
        self.kafka.produce(self.topic, [b"{broken", *purge(20, 20)])
        self.exporter = self.keep(FlowExporter(folder, config))
        self.exporter.wait_for_page(
            lambda page: page.self_sum("flow_exporter_producer_purges_total", result="complete") and page.total()
            and page.of("flow_exporter_kafka_lag_messages") and page.self_sum("flow_exporter_whois_answers_total", result="error"),
            "everything is on the page")
        self.prometheus = self.keep(Prometheus(folder, [], scraping(self.exporter.port)))
        sender = Sender(self.kafka, self.topic)
        sender.start()
        try:
            self.wait_for_rules()
        finally:
            sender.stop()
        self.page = self.exporter.page()

    def wait_for_rules(self):
        flows = ["job:flow_receive_bytes:rate5m > 0", "job:flow_transmit_bytes:rate5m > 0"]

        def missing():
            return [expression for expression in (*RECORDED, *flows) if not self.prometheus.query(expression)]

        wait_until(lambda: not missing(), lambda: f"every rule records something; these do not: {missing()}")

    def end(self):
        for program in reversed(self.ended):
            program.end()


@pytest.fixture(scope="module")
def monitored(kafka, tmp_path_factory):
    if not shutil.which("prometheus"):
        pytest.skip("needs prometheus")
    programs = Monitored(kafka, tmp_path_factory.mktemp("monitoring"))
    yield programs
    programs.end()


def test_page_is_clean_for_promtool(monitored):
    """The page has labels, histograms and series of every plugin."""
    done = subprocess.run(["promtool", "check", "metrics"], input=monitored.page.text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_metric_exists(monitored):
    shown = {name for name, _ in monitored.page.samples}
    used = {name for _, expression in all_expressions() for name in metrics_of(expression)}
    assert len(used) > 30
    assert not used - shown - set(RECORDED)
    assert set(RECORDED) & used, "recorded rules are used"


def test_every_label_and_value_exists(monitored):
    """A matcher that matches nothing causes no error anywhere. So the test looks up labels and fixed values on the
    page."""
    values = {}
    for name, pairs in monitored.page.samples:
        for label, value in pairs:
            values.setdefault((name, label), set()).add(value)
    looked_up = 0
    for place, expression in all_expressions():
        for name, matchers in SELECTOR.findall(expression):
            for label, operator, value in MATCHER.findall(matchers):
                if label in OF_THE_TARGET or name in ("ALERTS", *RECORDED):
                    continue
                assert (name, label) in values, f"{place}: {name} has no label {label}"
                for word in value.split("|") if operator in ("=~", "!~") else [value]:
                    assert word in values[name, label], f"{place}: {name} has no {label}=\"{word}\""
                    looked_up += 1
    assert looked_up > 10
    known = {label for _, label in values} | OF_THE_TARGET | {"le"}
    for place, expression in all_expressions():
        for labels in re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", expression):
            assert {label.strip() for label in labels.split(",")} <= known, f"{place}: {labels}"


def test_rules_are_evaluated(monitored):
    rules = [rule for group in monitored.prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == sum(len(group["rules"]) for group in GROUPS)
    assert not [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"]


def test_recorded_rates_are_those_of_the_counters(monitored):
    """Rates are in bytes a second, summed over the labels that they do not name. No more flows are sent, so both come
    from the same counters."""
    for side, metric in (("receive", "hostname_source_as"), ("transmit", "hostname_destination_as")):
        names = [f"{level}:flow_{side}_bytes:rate5m" for level in (metric, "hostname", "job")]
        sums = [monitored.prometheus.query(f"sum({name})")[0][1] for name in names]
        assert all(float(value) > 0 for value in sums)
        now = "abs(sum({0}) - sum({1})) / sum({1}) < 1e-9"
        wait_until(lambda: all(monitored.prometheus.query(now.format(name, names[0])) for name in names[1:]), names)
        routers = {labels["hostname"] for labels, _ in monitored.prometheus.query(names[1])}
        assert routers == {"router-0", "router-1"}
    rows = monitored.prometheus.query("sum by (source_as, source_as_name) (hostname_source_as:flow_receive_bytes:rate5m)")
    assert {(labels["source_as"], labels["source_as_name"]) for labels, _ in rows} >= {("15169", "GOOGLE - Google Inc.")}


def test_every_query_of_the_dashboard_gives_data(monitored):
    for panel in PANELS:
        for target in panel["targets"]:
            expression = filled_in(target["expr"])
            instant = monitored.prometheus.query(expression)
            ranged = [] if target["instant"] else monitored.prometheus.query_range(expression, 30)
            if panel["title"] not in MAY_BE_EMPTY:
                assert instant and (ranged or target["instant"]), f"{panel['title']}: {expression}"
            wanted = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            for labels, _ in instant:
                assert wanted <= set(labels), f"{panel['title']}: the legend {target['legendFormat']} of {labels}"


def test_top_lists_are_in_order(monitored):
    (query,) = [expression for title, expression in panel_expressions() if title == "Top sources, mean"]
    every = {labels["source_as"]: float(value) for labels, value in monitored.prometheus.query(filled_in(query))}
    assert set(every) == {"15169", "10318", "174", "3356"}
    two = monitored.prometheus.query(filled_in(query.replace("$top", "2")))
    assert [labels["source_as"] for labels, _ in two] == sorted(every, key=every.get, reverse=True)[:2]


def test_variables_have_values(monitored):
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] != "query":
            continue
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
        found = monitored.prometheus.ask(f"label/{label}/values", **{"match[]": filled_in(selector)})
        assert found, variable["name"]


def test_annotations_can_be_asked_for(monitored):
    for annotation in DASHBOARD["annotations"]["list"]:
        assert monitored.prometheus.query_range(filled_in(annotation["expr"]), 30) == []


def test_an_alert_comes_from_the_real_program(monitored):
    """No alert fires while all is well. Then a producer announces more than it has sent."""
    assert not monitored.prometheus.query('ALERTS{alertstate="firing"}')
    monitored.kafka.produce(monitored.topic, purge(20, 27))

    def fired():
        return [alert for alert in monitored.prometheus.ask("alerts")["alerts"] if alert["state"] == "firing"]

    (alert,) = wait_until(fired, "an alert")
    assert alert["labels"] == {"alertname": "FlowExporterProducerLoss", "job": "flow-exporter", "plugin": "input-kafka",
                               "writer": "border", "severity": "warning"}
    number = re.fullmatch(r"About (\d+) records that border announced within an hour did not arrive\.",
                          alert["annotations"]["summary"]).group(1)
    assert int(number) >= 7  # Prometheus estimates it: it has scraped for less than an hour
    (count,) = monitored.prometheus.query('count(ALERTS{alertname=~"FlowExporter.*", alertstate="firing"}) or vector(0)')
    assert count[1] == "1"


# ---- The dashboard by itself


def test_panels_have_their_places():
    """No two panels overlap, and none exceeds Grafana's grid of 24 columns."""
    taken = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for cell in itertools.product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])):
            assert cell not in taken, f"{panel['title']} lies on {taken.get(cell)}"
            taken[cell] = panel["title"]
    identities = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identities)) == len(identities)


def test_panels_are_whole():
    source = {"type": "prometheus", "uid": "${datasource}"}
    for panel in PANELS:
        assert panel["title"] and panel["description"].endswith(".") and panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == source and all(target["datasource"] == source for target in panel["targets"])
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references) and references
    titles = [panel["title"] for panel in PANELS]
    assert len(set(titles)) == len(titles) and MAY_BE_EMPTY <= set(titles)


def test_variables_are_defined_and_used():
    defined = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD)))
    assert used - {"__range", "__rate_interval", "__all"} == defined
    assert set(VARIABLES) >= used - {"datasource", "__all"}
