"""resolver-whois with servers of every dialect: their names, fall-back, referrals and budgets. The names are those that
Debian's whois shows."""

import re
import shutil
import socket
import subprocess
import sys
import time

import pytest

from programs import NAMES, SLOWNESS, TESTS, wait_until
from whois_program import KNOWN, NAMELESS, PENDING, UNKNOWN, program_fixture, server_fixture  # noqa: F401

sys.path.insert(0, str(TESTS / "tools"))
import whois_dialects  # noqa: E402

LINES = whois_dialects.read_names(NAMES)
DIALECTS = ["cymru", "rpsl", "irrd", "arin", "lacnic"]
PASSING = ["refuse", "reset", "half", "garbage", "wrong", "limit", "empty", "endless"]
ODD = ["cr", "crlf", "latin1", "duplicate"]
# Under a sanitizer the reading of answers matters, not the number of cases.
FAULTS = [(dialect, fault) for dialect in DIALECTS for fault in (PASSING if SLOWNESS == 1 else ["half"])]
ODDITIES = [(dialect, fault) for dialect in DIALECTS for fault in (ODD if SLOWNESS == 1 else ["latin1"])]
# A pace that suits a test server. The default numbers are for real servers.
BRISK = {"queries_per_second": 5000, "queries_per_day": 1000000, "refused_interval": "50ms"}


def name_of(dialect, number):
    """The name that a server of the dialect gives, by the format facts."""
    handle, text, _ = (part.decode() for part in whois_dialects.split_name(LINES[number]))
    if dialect == "cymru":
        return KNOWN[number]
    if dialect == "lacnic":
        return text or handle
    return (" - " if dialect == "arin" else " ").join(part for part in (handle, text) if part)


def names_of(dialect, numbers=tuple(KNOWN)):
    return {number: name_of(dialect, number) for number in numbers} | NAMELESS


def at(server, dialect, **more):
    return {"host": server.address, "dialect": dialect, **BRISK, **more}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_names_of_a_dialect(server, program, dialect):
    whois = server("--dialect", dialect)
    run = program(servers=[at(whois, dialect, connections=2)])
    run.wait_for_names(names_of(dialect))
    metrics = run.stop()
    assert sorted(sum(whois.asked(), [])) == sorted(KNOWN | NAMELESS)
    assert metrics["answers_total known"] == metrics["names known"] == 5
    assert metrics["answers_total unknown"] == metrics["names unknown"] == 2
    assert metrics["connections_total complete"] == len(whois.asked()) == metrics["query_seconds"]
    assert metrics["queue"] == 0


@pytest.mark.parametrize("dialect, fault", ODDITIES)
def test_odd_but_sound_answers(server, program, dialect, fault, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("70001\tCAFE - Stra\u00dfe, DE\n15169\tGOOGLE - Google Inc., US\n", encoding="utf-8")
    whois = server("--dialect", dialect, "--fault", fault, names=names)
    run = program(servers=[at(whois, dialect)])
    shown = wait_until(lambda: (n := run.resolve([70001])[0]) != PENDING and n, "a name")
    assert "Stra\u00dfe" in shown and "\ufffd" not in shown
    run.stop()


@pytest.mark.parametrize("dialect, fault", FAULTS)
def test_faults_that_pass(server, program, dialect, fault):
    """No name is wrong while the server is broken. Once it works, every name comes."""
    whois = server("--dialect", dialect, "--fault", fault, "--faults", 3)
    run = program(servers=[at(whois, dialect)], retry_interval="20ms")
    run.wait_for_names(names_of(dialect))
    metrics = run.stop()
    assert metrics["answers_total error"] > 0
    assert metrics["names pending"] == 0
    assert metrics["connections_total complete"] >= 1
    if fault == "limit":
        assert metrics["connections_total refused"] >= 1


def test_refused_server_is_left_alone(server, program):
    """A server that refuses for too many queries is not asked again before the configured pause."""
    whois = server("--dialect", "lacnic", "--fault", "limit", "--faults", 1)
    run = program(servers=[at(whois, "lacnic", refused_interval="800ms")], retry_interval="10ms")
    run.wait_for_names({15169: name_of("lacnic", 15169)})
    run.stop()
    first, second = [query["at"] for query in whois.queries()][:2]
    assert second - first > 0.8 * 0.74
    assert "it refuses queries" in run.log()


def test_next_server_is_asked_what_the_first_does_not_know(server, program, tmp_path):
    few = tmp_path / "few.txt"
    few.write_text("15169\tGOOGLE - From The First, US\n")
    first, second = server(names=few), server("--dialect", "rpsl")
    run = program(servers=[at(first, "cymru"), at(second, "rpsl")])
    run.wait_for_names({15169: "GOOGLE - From The First", 3: name_of("rpsl", 3), 399998: UNKNOWN})
    run.stop()
    assert sorted(sum(first.asked(), [])) == [3, 15169, 399998]
    assert sorted(sum(second.asked(), [])) == [3, 399998]


def test_next_server_stands_in_for_one_that_fails(server, program):
    first, second = server("--fault", "reset"), server("--dialect", "irrd")
    run = program(servers=[at(first, "cymru"), at(second, "irrd")], retry_interval="1h")
    run.wait_for_names({number: name_of("irrd", number) for number in KNOWN})
    # The second server does not know the number, but the first one may: the number waits. No server is asked twice.
    assert run.resolve([399998]) == [PENDING]
    wait_until(lambda: run.resolve([399998]) and 399998 in sum(second.asked(), []), "the second to be asked")
    metrics = run.stop()
    assert len(first.asked()) == 1
    assert sorted(sum(second.asked(), [])) == sorted([*KNOWN, 399998])
    assert metrics["names pending"] == 1


def test_day_is_over_and_the_next_server_goes_on(server, program):
    first, second = server("--dialect", "rpsl"), server("--dialect", "irrd")
    run = program(servers=[at(first, "rpsl", queries_per_day=2), at(second, "irrd")])
    run.wait_for_names({number: name_of("rpsl", number) for number in KNOWN})  # both give the same names
    run.stop()
    assert len(sum(first.asked(), [])) == 2
    assert sorted(sum(first.asked(), []) + sum(second.asked(), [])) == sorted(KNOWN)


def test_pace_and_connections_are_kept(server, program, tmp_path):
    """40 numbers at 20 a second over 3 connections: no faster than the budget allows, never more connections at a
    time."""
    names = tmp_path / "names.txt"
    numbers = range(100000, 100040)
    names.write_text("".join(f"{number}\tNAME-{number}, US\n" for number in numbers))
    whois = server("--dialect", "rpsl", "--delay", 0.02, names=names)
    run = program(servers=[{"host": whois.address, "dialect": "rpsl", "queries_per_second": 20, "connections": 3}])
    run.wait_for_names({number: f"NAME-{number}" for number in numbers})
    run.stop()
    times = [query["at"] for query in whois.queries()]
    assert len(times) == 40
    assert max(query["most"] for query in whois.queries()) <= 3
    assert times[-1] - times[0] > (40 - 20) / 20 * 0.95


@pytest.mark.parametrize("dialect", ["iana", "arin"])
def test_referrals_are_followed(server, program, dialect):
    whois = server("--dialect", "rpsl")
    registry = server("--dialect", dialect, "--refer", whois.address)
    run = program(servers=[at(registry, dialect)], referrals=[whois.address])
    run.wait_for_names({15169: name_of("rpsl", 15169), 399998: UNKNOWN})
    assert run.stop()["referrals_total followed"] >= 1
    assert sorted(sum(whois.asked(), [])) in ([15169], [15169, 399998])  # arin refers only for numbers that it knows


REFERRING = ["iana", "arin", "rpsl", "lacnic"]


@pytest.mark.parametrize("dialect", REFERRING)
def test_referrals_lead_to_nobody_else(server, program, dialect):
    """A referral to a port of this machine, by any name, or to another port of a registry is not followed."""
    with socket.create_server(("127.0.0.1", 0)) as inside:
        port = inside.getsockname()[1]
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"whois.ripe.net:{port}"):
            registry, other = server("--dialect", dialect, "--refer", host), server("--dialect", "irrd")
            run = program(servers=[at(registry, dialect), at(other, "irrd")])
            run.wait_for_names({15169: name_of("irrd", 15169)})  # the next server is asked
            run.wait_for_names({3: name_of("irrd", 3)})  # the referring server is not left alone
            assert "refers to a host that is not asked" in run.log()
            assert run.stop()["referrals_total refused"] == len(registry.asked()) == 2
        inside.setblocking(False)
        with pytest.raises(BlockingIOError):
            inside.accept()


@pytest.mark.parametrize("dialect", ["iana", "arin"])
def test_referral_loop_ends(server, program, dialect):
    """A registry that refers to itself, or two that refer to each other, count as broken servers and no more."""
    whois = server("--dialect", dialect, "--fault", "loop")
    run = program(servers=[at(whois, dialect)], retry_interval="1h")
    assert run.resolve([15169]) == [PENDING]
    wait_until(lambda: "refer to each other" in run.log(), "the loop to be met")
    assert len(whois.asked()) == 1
    run.stop()


def test_iana_without_a_referral_knows_nothing(server, program):
    whois = server("--dialect", "iana")
    run = program(servers=[at(whois, "iana")], retry_interval="10ms")
    run.wait_for_names({15169: UNKNOWN})
    run.stop()


def ask(address, numbers):
    """The seconds that the server itself takes for these numbers on one connection."""
    begin = time.monotonic()
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as connection:
        query = "".join(f"AS{number}\n" for number in numbers)
        connection.sendall(f"begin\nverbose\n{query}end\n".encode())
        while connection.recv(1 << 20):
            pass
    return time.monotonic() - begin


def test_fifty_thousand_at_once(server, program, tmp_path):
    """All numbers have names within five seconds of the server's own time: in bulk, over two connections, each asked
    once."""
    numbers = list(range(100000, 150000))
    names = tmp_path / "names.txt"
    names.write_text("".join(f"{number}\tNAME-{number} - Some company {number}, US\n" for number in numbers))
    own_s = sum(ask(server(names=names).address, numbers[i:i + 5000]) for i in range(0, 50000, 5000))
    whois = server(names=names)
    run = program(servers=[{"host": whois.address, "connections": 2}])
    begin = time.monotonic()
    run.wait_for_names({number: f"NAME-{number} - Some company {number}" for number in numbers})
    taken_s = time.monotonic() - begin
    run.stop()
    print(f"server alone {own_s:.2f} s, all named after {taken_s:.2f} s")
    assert taken_s < own_s + 5 * SLOWNESS
    queries = whois.queries()
    assert sorted(number for query in queries for number in query["asked"]) == numbers
    assert max(query["most"] for query in queries) <= 2
    assert len(queries) <= 14


def debians_whois(server, *query):
    command = ["whois", "-h", "127.0.0.1", "-p", str(server.port), "--", *query]
    return subprocess.run(command, capture_output=True, timeout=60, check=True).stdout.decode()


def value_of(text, key):
    """The first value of an attribute in the number's own object, as a person would find it by the format facts."""
    match = re.search(rf"^{key}:[ \t]*(.*?)[ \t]*$", text, re.MULTILINE)
    return match.group(1) if match else ""


def facts(dialect, text, number):
    """The name that a person would read in the answer."""
    if dialect == "cymru":
        row = next(line for line in text.splitlines() if line.startswith(str(number)))
        return re.sub(r", [A-Z]{2}$", "", row.split("|")[4].strip())
    if dialect == "arin":
        return f"{value_of(text, 'ASName')} - {value_of(text, 'OrgName')}"
    if dialect == "lacnic":
        return value_of(text, "owner")
    body = text[text.index("aut-num:"):]
    return " ".join(part for part in (value_of(body, "as-name"), value_of(body, "descr")) if part)


QUERIES = {"cymru": " -v AS{}", "rpsl": "-r -T aut-num AS{}", "arin": "a {}", "lacnic": "AS{}", "irrd": "!maut-num,AS{}"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_debians_whois_agrees(server, program, dialect):
    if not shutil.which("whois"):
        pytest.skip("needs Debian's whois")
    whois = server("--dialect", dialect)
    numbers = [15169, 397143, 3] + ([10318] if dialect != "arin" else [])
    expected = {n: facts(dialect, debians_whois(whois, QUERIES[dialect].format(n)), n) for n in numbers}
    assert all(expected.values())
    run = program(servers=[at(server("--dialect", dialect), dialect)])
    run.wait_for_names(expected)
    run.stop()


@pytest.mark.parametrize("server_options, place, reason", [
    ({"host": "a:b:c"}, "1:", "IPv6"),
    ({"host": "a", "dialect": "finger"}, "1:", "finger"),
    ({"dialect": "rpsl"}, "1:", "'host' is required"),
    ({"host": "a", "connections": 17}, "1:", "0 to 16"),
    ({"host": "a", "flags": "-r\n-k"}, "1:", "one line"),
    ({"host": "a", "port": 43}, "1:", "unknown key 'port'"),
])
def test_wrong_servers_are_refused_with_their_place(program, server_options, place, reason):
    run = program(servers=[{"host": "sound.example"}, server_options])
    assert run.process.wait(60 * SLOWNESS) == 78
    assert f"config.yaml:{place}" in run.log() and reason in run.log()
