"""resolver-whois in the real program, against a real server on a socket that has every fault there is.

Records go in by standard input; the tests' own outputs write each record's name as it was when the record passed
(tests/plugin/output-rows.c) and the self metrics at the end (output-report.c). So a name that arrives late shows as
"(pending)" first, and each test feeds records until what it waits for has come.
"""

import contextlib
import json
import random
import signal
import socket
import subprocess
import sys
import time

import pytest

from programs import BUILD, NAMES, SLOWNESS, TESTS, wait_until

SERVER = TESTS / "tools" / "whois-server"
DEADLINE_S = 60 * SLOWNESS
STOP_S = 2 * SLOWNESS
PENDING, UNKNOWN = "(pending)", "(unknown)"
# Some that the server knows, and some that it does not: even ones answered by NA, odd ones by an error line.
KNOWN = {15169: "GOOGLE - Google Inc.", 397143: "NEPTUNE-NETWORKS - Neptune Networks", 10318: "CABLEVISION S.A.",
         3: "MIT-GATEWAYS - Massachusetts Institute of Technology", 1279: "MCDOUGLAS-AS McDonnell Douglas Information "
         "Systems International"}
NAMELESS = {399998: UNKNOWN, 399999: UNKNOWN}


@pytest.fixture(scope="module", autouse=True)
def outputs():
    """The tests' own outputs, which `make` alone does not build."""
    targets = [f"tests/plugin/output-{name}.la" for name in ("rows", "report")]
    subprocess.run(["make", "-s", "-C", BUILD, *targets], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(name="server")
def server_fixture(tmp_path):
    """Starts whois servers; each has .address and .asked(), the numbers of each query it has read."""
    with contextlib.ExitStack() as stack:

        def start(*arguments, names=NAMES):
            log = tmp_path / f"whois-{len(list(tmp_path.iterdir()))}.log"
            command = [sys.executable, SERVER, "--names", names, "--log", log, *map(str, arguments)]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.terminate)
            process.address = "127.0.0.1:" + process.stdout.readline().split()[-1]
            process.asked = lambda: [json.loads(line)["asked"] for line in log.read_text().splitlines()]
            return process

        yield start


class Program:
    """flow-exporter with resolver-whois between standard input and the tests' outputs."""

    def __init__(self, folder, **resolver):
        self.rows_file = folder / "rows"
        self.metrics_file = folder / "metrics"
        self.log_file = folder / "log"
        resolver.setdefault("retry_interval", "50ms")
        plugins = BUILD / "tests" / "plugin" / ".libs"
        config = {
            "state": {"directory": "none", "min_interval": "1ms", "max_interval": "100ms"},
            "inputs": [{"plugin": "input-stdin"}],
            "resolvers": [{"plugin": "resolver-whois", "fields": {"as": "as_name"}, **resolver}],
            "outputs": [
                {"plugin": str(plugins / "output-rows.so"), "file": str(self.rows_file), "fields": ["as_name"]},
                {"plugin": str(plugins / "output-report.so"), "metrics_file": str(self.metrics_file)},
            ],
        }
        file = folder / "config.yaml"
        file.write_text(json.dumps(config))  # JSON is YAML
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [BUILD / "core" / "flow-exporter", "--plugin-dir", BUILD / "plugins", "--config", file],
                stdin=subprocess.PIPE, stdout=log, stderr=log)

    def feed(self, numbers):
        """A record for each number; an absent one for None."""
        records = [json.dumps({} if number is None else {"as": number}) for number in numbers]
        self.process.stdin.write(("\n".join(records) + "\n").encode())
        self.process.stdin.flush()

    def names(self):
        """The name of each record that has passed."""
        assert self.process.poll() is None, self.log()
        if not self.rows_file.exists():
            return []
        return self.rows_file.read_text(encoding="utf-8").split("\n")[:-1]

    def resolve(self, numbers):
        """Feeds the numbers once and gives the names that they had: [name]."""
        numbers = list(numbers)
        before = len(self.names())
        self.feed(numbers)
        count = before + len(numbers)
        return wait_until(lambda: len(names := self.names()) >= count and names, "records to pass")[before:count]

    def wait_for_names(self, expected):
        """Feeds until every number has its name, and never had another one but for (pending)."""
        numbers = list(expected)

        def all_named():
            names = dict(zip(numbers, self.resolve(numbers)))
            wrong = {n: name for n, name in names.items() if name not in (expected[n], PENDING)}
            assert not wrong, f"{wrong}, expected {expected}"
            return PENDING not in names.values()

        wait_until(all_named, "names")

    def log(self):
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def stop(self):
        """Stops it; it must be quick and clean. Gives the self metrics of the resolver: {name: value}."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(DEADLINE_S) == 0, self.log()
        self.process.stop_s = time.monotonic() - begin
        self.process.stdin.close()
        lines = self.metrics_file.read_text().splitlines()
        split = [line.removeprefix("flow_exporter_whois_").rsplit(" ", 1) for line in lines if "_whois_" in line]
        return {name.replace(" plugin=resolver-whois", "").replace(" result=", " ").replace(" state=", " "): int(value)
                for name, value in split}


@pytest.fixture(name="program")
def program_fixture(tmp_path):
    programs = []

    def start(**resolver):
        folder = tmp_path / f"program-{len(programs)}"
        folder.mkdir()
        programs.append(Program(folder, **resolver))
        return programs[-1]

    yield start
    for program in programs:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()


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
    assert metrics["names_loaded"] == 318
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
    whois = server()
    run = program(server=whois.address, max_names=3)
    run.wait_for_names({number: KNOWN[number] for number in (15169, 3, 10318)})
    assert run.resolve([397143, 15169, 1279]) == [UNKNOWN, KNOWN[15169], UNKNOWN]
    metrics = run.stop()
    assert metrics["names_overflow_total"] == 2
    assert metrics["names known"] == 3
    assert sorted(sum(whois.asked(), [])) == [3, 10318, 15169]


def test_text_of_a_name_is_made_valid(server, program, tmp_path):
    names = tmp_path / "names.txt"
    names.write_bytes(b"70001\tCaf\xe9 \x01Stra\xdfe \xe2\x82, DE\n70002\tA | B, FR\n70003\t, US\n70004\t" +
                      b"X" * 3000 + b", US\n70005\t" + b"Y" * 5000 + b", US\n")
    run = program(server=server(names=names).address)
    run.wait_for_names({70001: "Caf Strae", 70002: "A | B", 70003: UNKNOWN, 70004: "X" * 1024})
    run.stop()


@pytest.mark.parametrize("fault", ["reverse", "duplicate", "cr", "slow"])
def test_odd_but_whole_answers(server, program, fault):
    run = program(server=server("--fault", fault, "--pause", 0.001).address)
    run.wait_for_names(KNOWN | NAMELESS)
    assert run.stop()["answers_total error"] == 0


@pytest.mark.parametrize("fault", ["refuse", "reset", "half", "garbage", "wrong", "endless"])
def test_faults_that_pass(server, program, fault):
    """Records flow while the server is broken, and once it is well every name comes."""
    whois = server("--fault", fault, "--faults", 3)
    run = program(server=whois.address)
    run.wait_for_names(KNOWN | NAMELESS)
    metrics = run.stop()
    broken = sum(metrics[f"connections_total {result}"] for result in ("partial", "failed", "timeout"))
    assert broken >= 1 and metrics["connections_total complete"] >= 1
    assert metrics["answers_total error"] > 0
    assert metrics["names pending"] == 0
    assert run.log().count("gives no proper answer") == run.log().count("answers again") == 1


@pytest.mark.parametrize("fault", ["silent", "deaf"])
def test_silence_ends_by_the_timeout(server, program, fault):
    run = program(server=server("--fault", fault, "--faults", 1).address, query_timeout="300ms")
    assert run.resolve(KNOWN) == [PENDING] * len(KNOWN)
    run.wait_for_names(KNOWN | NAMELESS)
    assert run.stop()["connections_total timeout"] >= 1


def test_half_an_answer_keeps_its_names(server, program):
    """Of a broken answer the whole lines count, and only the rest is asked about again."""
    whois = server("--fault", "half", "--faults", 1)
    run = program(server=whois.address)
    run.wait_for_names(KNOWN)
    run.stop()
    first, *others = [set(asked) for asked in whois.asked()]
    assert set.union(*others) < first == set(KNOWN)


def test_numbers_left_out_become_unknown(server, program):
    """A server that says nothing of numbers that it does not know is believed at last."""
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
        wait_until(lambda: "gives no proper answer" in run.log(), "the fault to be met")
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
    assert run.log().count("gives no proper answer") == 1


def test_many_numbers_in_few_connections(server, program, tmp_path):
    """20,000 numbers at once: each asked about once, in as few connections as the batch allows."""
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
    wait_until(lambda: "gives no proper answer" in run.log(), "the look-up to fail")
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
    assert run.process.wait(DEADLINE_S) == 1
    assert place in run.log() and "config.yaml:1:" in run.log()
