"""Names on the page: series that wait for names, late names, and names in a metric of their own."""

import json
import shutil
import subprocess

import pytest

from configs import stdin_config
from programs import wait_until
from whois_program import KNOWN, server_fixture  # noqa: F401

TRANSMIT = "flow_transmit_bytes_total"


class Run:
    """A program that takes records by standard input. 15169 is the own AS."""

    def __init__(self, exporter, tmp_path, address, resolver=None, **output):
        config = stdin_config(asn=15169)
        config["state"]["directory"] = str(tmp_path / "state")
        config["resolvers"] = [{"plugin": "resolver-whois", "server": address, "retry_interval": "50ms", **(resolver or {})}]
        config["outputs"][0].update(output)
        self.program = exporter(config, stdin=subprocess.PIPE)

    def send(self, destination, size=10):
        record = {"as_src": 15169, "as_dst": destination, "bytes": size, "label": "r1"}
        self.program.process.stdin.write((json.dumps(record) + "\n").encode())
        self.program.process.stdin.flush()

    def series(self, page=None):
        """{destination AS: [(its other labels, value)]}"""
        found = {}
        for pairs, value in (page or self.program.page()).of(TRANSMIT).items():
            labels = dict(pairs)
            found.setdefault(int(labels.pop("destination_as")), []).append((labels, value))
        return found

    def info(self):
        page = self.program.page()
        assert set(page.of("flow_as_info").values()) <= {1}
        return {int(dict(pairs)["as"]): dict(pairs)["name"] for pairs in page.of("flow_as_info")}

    def wait_for_value(self, destination, value):
        def all_there():
            shown = self.series().get(destination, [])
            return sum(number for _, number in shown) == value and shown

        return self.program.wait_for(all_there, f"{value} bytes to AS {destination}")

    def end(self):
        self.program.process.stdin.close()
        self.program.stop()


def test_names_as_a_metric_of_their_own(server, exporter, tmp_path):
    """Labels appear at once, without names. The names appear beside them when they have come, one line for each
    number."""
    whois = server("--delay", 0.5)
    run = Run(exporter, tmp_path, whois.address, as_info=True)
    run.send(3)
    run.send(399998)
    run.send(3, 5)
    (labels, value), = run.wait_for_value(3, 15)
    assert labels == {"hostname": "r1", "source_as": "15169"}
    expected = {15169: KNOWN[15169], 3: KNOWN[3], 399998: ""}
    run.program.wait_for(lambda: run.info() == expected, lambda: f"{expected}; got {run.info()}")
    if shutil.which("promtool"):
        check = subprocess.run(["promtool", "check", "metrics"], input=run.program.page_text(), text=True,
                               capture_output=True, timeout=60, check=False)
        assert check.returncode in (0, 3), check.stderr  # 3: warnings about style
        assert "flow_as_info" not in check.stderr
    run.end()


def test_names_of_their_own_after_a_restart(server, exporter, tmp_path):
    """Series, values and names come back: a name as soon as its number is met."""
    whois = server()
    run = Run(exporter, tmp_path, whois.address, as_info=True)
    run.send(3)
    run.program.wait_for(lambda: run.info() == {15169: KNOWN[15169], 3: KNOWN[3]}, "names")
    run.wait_for_value(3, 10)
    run.end()
    asked = len(whois.asked())
    run = Run(exporter, tmp_path, whois.address, as_info=True)
    run.wait_for_value(3, 10)
    run.send(3)
    run.wait_for_value(3, 20)
    run.program.wait_for(lambda: run.info() == {15169: KNOWN[15169], 3: KNOWN[3]}, "names")
    assert len(whois.asked()) == asked
    run.end()


def test_late_name_changes_the_metric_of_its_own(server, exporter, tmp_path):
    """A changed name takes the old one's place. No series of flows changes."""
    mine = tmp_path / "mine.txt"
    mine.write_text("3\tBEFORE, US\n15169\tUS, US\n")
    run = Run(exporter, tmp_path, "none", {"names": [str(mine)]}, as_info=True)
    run.send(3)
    run.program.wait_for(lambda: run.info().get(3) == "BEFORE", "the name")
    mine.write_text("3\tAFTER, US\n15169\tUS, US\n")
    run.program.wait_for(lambda: run.info() == {3: "AFTER", 15169: "US"}, "the new name")
    run.send(3)
    assert len(run.wait_for_value(3, 20)) == 1
    run.end()


@pytest.mark.parametrize("wait", ["0s", "300ms"])
def test_series_is_shown_without_its_name_after_the_wait_and_keeps_it(server, exporter, tmp_path, wait):
    """After names_wait the series is shown. A name that comes later does not split it (late_names: keep)."""
    whois = server("--fault", "silent", "--faults", 1)
    run = Run(exporter, tmp_path, whois.address, {"query_timeout": "3s"}, names_wait=wait)
    run.send(3)
    (labels, _), = run.wait_for_value(3, 10)
    assert labels["destination_as_name"] == ""
    wait_until(lambda: run.program.page().self_sum("flow_exporter_whois_names", state="known") == 2, "the late names")
    run.send(3)
    (labels, _), = run.wait_for_value(3, 20)
    assert labels["destination_as_name"] == ""
    run.end()


def names_of(shown):
    return sorted((labels["destination_as_name"], value) for labels, value in shown)


def test_late_name_renames_the_series(exporter, tmp_path):
    """The whole value continues under the new name, and the old line is gone. So also over restarts, and back again."""
    mine = tmp_path / "mine.txt"

    def write(name):
        mine.write_text(f"3\t{name}\n15169\tUS\n7\tSEVEN\n")

    def wait_for(run, *expected):
        run.program.wait_for(lambda: names_of(run.series().get(3, [])) == sorted(expected) and 7 in run.series(),
                             lambda: f"{expected}; got {run.series()}")
        assert names_of(run.series()[7]) == [("SEVEN", 1)]

    write("BEFORE")
    options = {"resolver": {"names": [str(mine)]}, "late_names": "rename"}
    run = Run(exporter, tmp_path, "none", **options)
    run.send(3)
    run.send(7, 1)
    wait_for(run, ("BEFORE", 10))
    write("AFTER")
    wait_for(run, ("AFTER", 10))
    run.send(3, 5)
    wait_for(run, ("AFTER", 15))
    run.end()
    run = Run(exporter, tmp_path, "none", **options)
    wait_for(run, ("AFTER", 15))
    run.send(3, 2)
    wait_for(run, ("AFTER", 17))
    write("BEFORE")
    wait_for(run, ("BEFORE", 17))
    write("THIRD")
    wait_for(run, ("THIRD", 17))
    run.send(3, 1)
    wait_for(run, ("THIRD", 18))
    run.end()
    write("AFTER")  # the name changes while the program is down
    run = Run(exporter, tmp_path, "none", **options)
    run.send(3, 1)
    wait_for(run, ("AFTER", 19))
    run.end()


def test_series_shown_without_its_name_gets_it_later(server, exporter, tmp_path):
    whois = server("--fault", "silent", "--faults", 1)
    run = Run(exporter, tmp_path, whois.address, {"query_timeout": "2s"}, names_wait="0s", late_names="rename")
    run.send(3)
    run.wait_for_value(3, 10)
    run.program.wait_for(lambda: names_of(run.series()[3]) == [(KNOWN[3], 10)], "the late name")
    (labels, _), = run.series()[3]
    assert labels["source_as_name"] == KNOWN[15169]
    run.send(3)
    run.program.wait_for(lambda: names_of(run.series()[3]) == [(KNOWN[3], 20)], "the next record")
    run.end()
