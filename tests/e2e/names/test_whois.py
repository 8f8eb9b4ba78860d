"""resolver-whois: names from one server and from files, whatever the server does. See whois_program.py."""

import json
import os
import random
import socket
import subprocess
import time

import pytest

import whois_program
from programs import BUILD, NAMES, wait_until
from whois_program import DEADLINE_S, KNOWN, NAMELESS, PENDING, STOP_S, UNKNOWN, program_fixture, server_fixture  # noqa: F401


def test_names_from_the_server(server, program):
    whois = server()
    run = program(server=whois.address)
    run.wait_for_names(KNOWN | NAMELESS)
    assert run.resolve([15169]) == [KNOWN[15169]]
    metrics = run.stop()
    asked = sum(whois.asked(), [])
    assert sorted(asked) == sorted(KNOWN | NAMELESS)
    assert metrics["queries_total"] == 7
    assert metrics["answers_total known"] == metrics["names known"] == 5
    assert metrics["answers_total unknown"] == metrics["names unknown"] == 2
    assert metrics["answers_total error"] == metrics["names pending"] == 0
    assert metrics["connections_total complete"] == len(whois.asked())


def test_names_from_files_come_first_and_need_no_server(server, program, tmp_path):
    whois = server()
    mine = tmp_path / "mine.txt"
    mine.write_text("15169\tMINE, US\n64512\tOURS\n")
    run = program(server=whois.address, names=[str(NAMES), str(mine)])
    names = {15169: "MINE", 64512: "OURS", 397143: KNOWN[397143], 0: "-Reserved AS-"}
    assert run.resolve(names) == list(names.values())
    metrics = run.stop()
    assert whois.asked() == []
    assert metrics["queries_total"] == metrics["connections_total complete"] == 0
    assert metrics["names_loaded"] == 318 + 2
    assert metrics["names known"] == 4


def test_no_server_and_no_number(program):
    run = program(server="none", names=[str(NAMES)])
    assert run.resolve([15169, None, 0, 399998]) == [KNOWN[15169], "-Reserved AS-", "-Reserved AS-", UNKNOWN]
    assert run.stop()["names pending"] == 0


def test_country_can_be_kept(server, program):
    whois = server()
    run = program(server=whois.address, names=[str(NAMES)], country="keep")
    assert run.resolve([15169]) == [KNOWN[15169] + ", US"]
    run = program(server=whois.address, country="keep")
    run.wait_for_names({397143: KNOWN[397143] + ", US"})


def test_reserved_numbers_are_never_asked_about(server, program):
    whois = server()
    run = program(server=whois.address)
    reserved = [0, 23456, 64496, 64511, 64512, 65534, 65535, 65536, 65551, 4200000000, 2**32 - 1, 2**32, 2**64 - 1]
    assert run.resolve(reserved) == [UNKNOWN] * len(reserved)
    run.wait_for_names({15169: KNOWN[15169]})
    assert whois.asked() == [[15169]]


def test_names_beyond_the_bound(server, program):
    """A number beyond the bound has no name until an unused one has made room. There are never more names than
    allowed."""
    whois = server()
    run = program(server=whois.address, max_names=3)
    run.wait_for_names({number: KNOWN[number] for number in (15169, 3, 10318)})
    assert run.resolve([397143, 15169]) == [UNKNOWN, KNOWN[15169]]
    wait_until(lambda: run.resolve([397143]) == [KNOWN[397143]], "room for one more")
    metrics = run.stop()
    assert metrics["names_overflow_total"] >= 1
    assert metrics["names_evicted_total"] >= 1
    assert metrics["names known"] == 3
    assert sorted(set(sum(whois.asked(), []))) == [3, 10318, 15169, 397143]


def test_text_of_a_name_is_made_valid(server, program, tmp_path):
    names = tmp_path / "names.txt"
    names.write_bytes(b"70001\tCaf\xe9 \x01Stra\xdfe \xe2\x82, DE\n70002\tA | B, FR\n70003\t, US\n70004\t" +
                      b"X" * 3000 + b", US\n70005\t" + b"Y" * 5000 + b", US\n")
    run = program(server=server(names=names).address)
    run.wait_for_names({70001: "Caf\u00e9 Stra\u00dfe \u00e2", 70002: "A | B", 70003: UNKNOWN, 70004: "X" * 1020})
    run.stop()


@pytest.mark.parametrize("fault", ["reverse", "duplicate", "cr", "crlf", "slow"])
def test_odd_but_whole_answers(server, program, fault):
    run = program(server=server("--fault", fault, "--pause", 0.001).address)
    run.wait_for_names(KNOWN | NAMELESS)
    assert run.stop()["answers_total error"] == 0


@pytest.mark.parametrize("fault", ["refuse", "reset", "half", "garbage", "wrong", "endless", "endless-line", "empty"])
def test_faults_that_pass(server, program, fault):
    """Records flow while the server is broken. Once it works, every name comes."""
    whois = server("--fault", fault, "--faults", 3)
    run = program(server=whois.address)
    run.wait_for_names(KNOWN | NAMELESS)
    metrics = run.stop()
    broken = sum(metrics[f"connections_total {result}"] for result in ("partial", "failed", "timeout"))
    assert broken >= 1 and metrics["connections_total complete"] >= 1
    assert metrics["answers_total error"] > 0
    assert metrics["names pending"] == 0
    assert run.log().count("gives no valid answer") == run.log().count("answers again") == 1


@pytest.mark.parametrize("fault", ["silent", "deaf"])
def test_silence_ends_by_the_timeout(server, program, fault):
    run = program(server=server("--fault", fault, "--faults", 1).address, query_timeout="300ms")
    assert run.resolve(KNOWN) == [PENDING] * len(KNOWN)
    run.wait_for_names(KNOWN | NAMELESS)
    assert run.stop()["connections_total timeout"] >= 1


def test_half_an_answer_keeps_its_names(server, program):
    """The whole lines of a broken answer count. Only the other numbers are asked again."""
    whois = server("--fault", "half", "--faults", 1)
    run = program(server=whois.address)
    run.wait_for_names(KNOWN)
    run.stop()
    first, *others = [set(asked) for asked in whois.asked()]
    assert set.union(*others) < first == set(KNOWN)


def test_numbers_left_out_become_unknown(server, program):
    """A server leaves out numbers that it does not know. After some tries they count as unknown."""
    whois = server("--fault", "omit")
    run = program(server=whois.address)
    run.wait_for_names(KNOWN | NAMELESS)
    metrics = run.stop()
    assert metrics["answers_total unknown"] == 2
    assert len(whois.asked()) >= 3


@pytest.mark.parametrize("fault", ["silent", "deaf", "refuse", "reset", "garbage", "endless", "half", "slow", None])
def test_stop_is_quick_whatever_the_server_does(server, program, fault):
    if fault:
        address = server("--fault", fault, "--pause", 1).address
    else:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            address = "127.0.0.1:%d" % closed.getsockname()[1]
    run = program(server=address, retry_interval="10ms")
    names = set(run.resolve(range(100000, 100100)))
    assert names == {PENDING} or (fault in ("half", "slow") and names <= {PENDING, UNKNOWN})
    if fault in (None, "refuse", "reset", "garbage", "endless"):
        wait_until(lambda: "gives no valid answer" in run.log(), "the fault to be met")
    run.stop()
    assert run.process.stop_s < STOP_S


def test_dead_server_is_left_alone_longer_and_longer(server, program):
    whois = server("--fault", "reset")
    begin = time.monotonic()
    run = program(server=whois.address, retry_interval="20ms")
    run.resolve([15169])
    wait_until(lambda: len(whois.asked()) >= 6, "six tries")
    elapsed_s = time.monotonic() - begin
    assert elapsed_s > 0.020 * (1 + 2 + 4 + 8 + 16) * 0.74
    run.stop()
    assert run.log().count("gives no valid answer") == 1


def test_many_numbers_in_few_connections(server, program, tmp_path):
    """Of 20,000 numbers at once each is asked once, in as few connections as the batch allows."""
    numbers = list(range(100000, 120000))
    random.Random(1).shuffle(numbers)
    names = tmp_path / "names.txt"
    names.write_text("".join(f"{number}\tNAME-{number}, US\n" for number in numbers))
    whois = server(names=names)
    run = program(server=whois.address, batch=4000)
    run.wait_for_names({number: f"NAME-{number}" for number in numbers})
    run.stop()
    asked = whois.asked()
    assert sorted(sum(asked, [])) == sorted(numbers)
    assert max(map(len, asked)) <= 4000
    assert len(asked) <= 20


def test_server_by_name_and_ipv6(server, program):
    port = server().address.split(":")[1]
    run = program(server=f"localhost:{port}")
    run.wait_for_names(KNOWN)
    run.stop()
    if socket.has_ipv6:
        port = server("--listen", "::1").address.split(":")[1]
        run = program(server=f"[::1]:{port}")
        run.wait_for_names(KNOWN)
        run.stop()


def test_name_of_server_that_nobody_knows(program):
    run = program(server="no-such-host.invalid", retry_interval="50ms")
    assert run.resolve(KNOWN) == [PENDING] * len(KNOWN)
    wait_until(lambda: "gives no valid answer" in run.log(), "the look-up to fail")
    run.stop()
    assert run.process.stop_s < STOP_S


@pytest.mark.parametrize("options, place", [
    ({"server": "host:0"}, "host:0"),
    ({"server": "::1"}, "::1"),
    ({"names": ["/no/such/file"]}, "/no/such/file"),
])
def test_wrong_options_are_refused(program, options, place):
    run = program(**options)
    run.process.stdin.close()
    assert run.process.wait(DEADLINE_S) == 78
    assert place in run.log() and "config.yaml:1:" in run.log()


def test_names_file_is_read_again_when_it_changes(server, program, tmp_path):
    """New and changed names are read. For a name that is gone the server is asked. A bad file changes nothing."""
    mine = tmp_path / "mine.txt"
    mine.write_text("70001\tONE, US\n15169\tMINE, US\n")
    whois = server()
    run = program(server=whois.address, names=[str(mine)])
    run.wait_for_names({70001: "ONE", 15169: "MINE", 399998: UNKNOWN})
    mine.write_text("70001\tONE-B, US\n399998\tNEW, US\n")
    wait_until(lambda: run.resolve([70001, 399998, 15169]) == ["ONE-B", "NEW", KNOWN[15169]], "the file to be read")
    os.unlink(mine)
    mine.mkdir()
    wait_until(lambda: "can't be read; its old names stay" in run.log(), "the change to be seen")
    assert run.resolve([70001, 399998]) == ["ONE-B", "NEW"]
    metrics = run.stop()
    assert metrics["file_loads_total done"] == 2 and metrics["file_loads_total failed"] >= 1
    assert metrics["names_loaded"] == 2


def test_name_format_country_field_and_reserved(program):
    run = program(server="none", names=[str(NAMES)], fields=["as_name", "as_country"], name_format="short",
                  countries={"as": "as_country"}, reserved_name="private")
    assert [row.split("\t") for row in run.resolve([15169, 10318, 64513, 399998])] == [
        ["GOOGLE", "US"], ["CABLEVISION", "AR"], ["private", UNKNOWN], [UNKNOWN, UNKNOWN]]
    run.stop()



def test_any_field_to_any_other(tmp_path):
    """Two resolvers read and write the fields that they are told, with servers and files of their own."""
    mine = tmp_path / "mine.txt"
    mine.write_text("64512\tOUR PEER, US\n")
    folder = tmp_path / "program"
    run = whois_program.Program(folder, server="none")  # needed for its configuration only
    run.process.stdin.close()
    run.process.terminate()
    run.process.wait(DEADLINE_S)
    config = json.loads(run.config.read_text())
    config["resolvers"] = [
        {"plugin": "resolver-whois", "name": "peers", "fields": {"peer_as_dst": "peer_as_dst_name"}, "server": "none",
         "names": [str(mine)]},
        {"plugin": "resolver-whois", "name": "ends", "fields": {"as": "as_name"}, "server": "none", "names": [str(NAMES)]},
    ]
    config["inputs"][0]["serve_after_end"] = False
    config["outputs"][0]["fields"] = ["peer_as_dst_name", "as_name"]
    run.config.write_text(json.dumps(config))
    run.rows_file.unlink(missing_ok=True)
    record = json.dumps({"peer_as_dst": 64512, "as": 15169})
    subprocess.run([BUILD / "core" / "flow-exporter", "--plugin-dir", BUILD / "plugins", "--config", run.config],
                   input=record + "\n", text=True, check=True, timeout=DEADLINE_S, capture_output=True)
    assert run.rows_file.read_text() == "OUR PEER\tGOOGLE - Google Inc.\n"
