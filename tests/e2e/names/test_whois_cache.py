"""The cache of names: after a restart the names are there at once, without a query. A fault of the file costs only the
names."""

import json
import re
import signal
import subprocess

import pytest

from configs import stdin_config
from programs import NAMES, SLOWNESS, flow_exporter_command, wait_until
from whois_program import KNOWN, NAMELESS, PENDING, UNKNOWN, program_fixture, server_fixture  # noqa: F401


def cache_file(state):
    return state / "instance-resolver-whois" / "private" / "names.cache"


def fill(server, program, state, **options):
    """Runs the program until it has all names, and ends it in order."""
    whois = server()
    run = program(state=state, server=whois.address, **options)
    run.wait_for_names(KNOWN | NAMELESS)
    run.stop()
    assert whois.asked()
    return cache_file(state)


def test_restart_has_the_names_without_a_query(server, program, tmp_path):
    fill(server, program, tmp_path / "state")
    whois = server()
    run = program(state=tmp_path / "state", server=whois.address)
    assert run.resolve(KNOWN | NAMELESS) == list((KNOWN | NAMELESS).values())
    metrics = run.stop()
    assert whois.asked() == []
    assert metrics["cache_hits_total"] == 7
    assert metrics["names known"] == 5 and metrics["names unknown"] == 2


def test_killed_program_has_the_names_when_it_is_back(server, program, tmp_path):
    state = tmp_path / "state"
    whois = server()
    run = program(state=state, server=whois.address, cache_interval="20ms")
    run.wait_for_names(KNOWN)
    wait_until(lambda: cache_file(state).exists() and cache_file(state).read_text().count("\n") == len(KNOWN) + 2,
               "the cache to be kept")
    run.process.send_signal(signal.SIGKILL)
    run.process.wait()
    before = len(whois.asked())
    run = program(state=state, server=whois.address)
    assert run.resolve(KNOWN) == list(KNOWN.values())
    run.stop()
    assert len(whois.asked()) == before


def test_names_are_there_at_the_first_scrape(server, program, exporter, tmp_path):
    """A restarted program shows names on the first page that has the flow."""
    fill(server, program, tmp_path / "state")
    whois = server()
    config = stdin_config(asn=15169)
    config["state"]["directory"] = str(tmp_path / "state")
    config["resolvers"] = [{"plugin": "resolver-whois", "server": whois.address}]
    run = exporter(config, stdin=subprocess.PIPE)
    record = {"as_src": 15169, "as_dst": 3, "bytes": 7, "label": "x"}
    run.process.stdin.write((json.dumps(record) + "\n").encode())
    run.process.stdin.flush()
    page = run.wait_for_page(lambda shown: shown.of("flow_transmit_bytes_total"), "the first flow")
    (labels, value), = page.of("flow_transmit_bytes_total").items()
    assert value == 7
    assert dict(labels)["source_as_name"] == KNOWN[15169] and dict(labels)["destination_as_name"] == KNOWN[3]
    assert whois.asked() == []
    run.process.stdin.close()


@pytest.mark.parametrize("damage", ["cut", "bit", "empty", "garbage", "foreign"])
def test_damaged_cache_is_reported_and_ignored(server, program, tmp_path, damage):
    file = fill(server, program, tmp_path / "state")
    content = bytearray(file.read_bytes())
    if damage == "bit":
        content[len(content) // 2] ^= 4
    file.write_bytes({"cut": content[:-5], "bit": content, "empty": b"", "garbage": b"\0\xff" * 5000,
                      "foreign": content.replace(b"cache 1", b"cache 9")}[damage])
    whois = server()
    run = program(state=tmp_path / "state", server=whois.address)
    run.wait_for_names(KNOWN)
    run.stop()
    assert "The cache of names is ignored" in run.log() and str(file) in run.log()
    assert sorted(sum(whois.asked(), [])) == sorted(KNOWN)
    assert file.read_bytes().startswith(b"flow-exporter whois cache 1\n")


def test_full_disk_costs_only_the_saving(fill_disk, server, program, tmp_path):
    """The cache is on a full disk. Saved names stay, names continue to come, and the log says so once."""
    file = fill(server, program, tmp_path / "state")
    before = file.read_bytes()
    fill_disk(file.parent, file)
    run = program(state=tmp_path / "state", server=server().address, cache_interval="1h")
    run.wait_for_names({10: "CSNET-EXT-AS - CSNET Coordination and Information Center (CSNET-CIC)"})
    run.stop()
    assert "The cache of names can't be written" in run.log() and "No space left" in run.log()
    assert file.read_bytes() == before


def test_names_expire_and_are_asked_again_in_time(server, program, tmp_path):
    """A name in use is refreshed before it expires. It is never pending again, and a change arrives."""
    names = tmp_path / "names.txt"
    names.write_text("70001\tBEFORE, US\n70002\tGOES, US\n")
    whois = server(names=names)
    run = program(server=whois.address, keep_known="600ms", keep_unknown="600ms")
    run.wait_for_names({70001: "BEFORE", 70002: "GOES", 399998: UNKNOWN})
    wait_until(lambda: sum(whois.asked(), []).count(70001) >= 3, "two refreshes")
    assert run.resolve([70001]) == ["BEFORE"]
    metrics = run.stop()
    assert metrics["names pending"] == 0


def test_unused_names_do_not_stay(server, program, tmp_path):
    """Unused names are not asked for ever: a worker forgets a number, or its series is gone."""
    state = tmp_path / "state"
    fill(server, program, state)
    whois = server()
    run = program(state=state, server=whois.address, keep_known="300ms", keep_unknown="300ms")
    run.resolve([70001])
    wait_until(lambda: sum(whois.asked(), []).count(70001) >= 2, "refreshes of what is in use")
    metrics = run.stop()
    assert set(sum(whois.asked(), [])) == {70001}
    assert metrics["names known"] == 0


def command(run_config, *arguments):
    words, plugins = flow_exporter_command()
    done = subprocess.run([str(w) for w in [*words, *plugins, *run_config, "whois", *arguments]], capture_output=True,
                          text=True, timeout=60 * SLOWNESS, check=False)
    return done.returncode, done.stdout, done.stderr


def test_whois_command_says_what_each_said(server, program, tmp_path):
    first, second, silent = server(), server("--dialect", "rpsl"), server("--fault", "reset")
    state = tmp_path / "state"
    fill(server, program, state)
    run = program(state=state, names=[str(NAMES)], query_timeout="5s", servers=[
        {"host": first.address},
        {"host": second.address, "dialect": "rpsl", "queries_per_second": 100},
        {"host": silent.address}])
    status, out, err = command(["--config", run.config], "AS15169", "399998", "as64513")
    assert status == 1, (out, err)
    blocks = dict(re.findall(r"^(AS\d+)\n((?:  .*\n)*)", out, re.M))
    assert list(blocks) == ["AS15169", "AS399998", "AS64513"]
    assert blocks["AS15169"].splitlines()[0] == f"  {NAMES}: GOOGLE - Google Inc., US"
    assert re.search(r"^  cache: GOOGLE - Google Inc\., US \(for another \d+ s\)$", blocks["AS15169"], re.M)
    assert f"  {first.address} (cymru): GOOGLE - Google Inc., US\n" in blocks["AS15169"]
    assert f"  {second.address} (rpsl): GOOGLE Google Inc., US\n" in blocks["AS15169"]
    assert f"  {silent.address} (cymru): no answer: the connection broke: Connection reset" in blocks["AS15169"]
    assert blocks["AS15169"].endswith("  shown as: GOOGLE - Google Inc.\n")
    assert f"  {first.address} (cymru): no name\n  {second.address} (rpsl): no name\n" in blocks["AS399998"]
    assert blocks["AS64513"] == "  reserved, private or for documentation: no server is asked\n"
    run.stop()


def test_whois_command_without_a_configuration(server):
    whois = server()
    status, out, _ = command(["--whois", whois.address], "15169")
    assert status == 0 and "shown as: GOOGLE - Google Inc.\n" in out
    assert command(["--whois", "none"])[0] == 64
    assert command(["--whois", "none"], "AS4294967296")[0] == 64
    status, _, err = command(["--whois", "none"], "google")
    assert status == 64 and "'google' is not an AS number" in err


def test_unknown_command_is_refused():
    words, plugins = flow_exporter_command()
    done = subprocess.run([str(w) for w in [*words, *plugins, "whos", "AS1"]], capture_output=True, text=True,
                          timeout=60 * SLOWNESS, check=False)
    assert done.returncode == 64
    assert "'whois AS15169 ...'" in done.stderr
