"""resolver-whois in the real program, against real servers on sockets, with every fault.

Records go in by standard input. The tests' own outputs write two files: each record's name at the time when the record
passed (tests/plugin/output-rows.c), and the self metrics at the end (output-report.c). So a late name is "(pending)"
first. Each test feeds records until the name that it waits for has come.
"""

import contextlib
import functools
import json
import signal
import subprocess
import sys
import time

import pytest

from programs import BUILD, NAMES, SLOWNESS, TESTS, wait_until

SERVER = TESTS / "tools" / "whois-server"
DEADLINE_S = 60 * SLOWNESS
STOP_S = 2 * SLOWNESS
PENDING, UNKNOWN = "(pending)", "(unknown)"
# Numbers that the server knows, and others. It answers NA for even ones, and an error line for odd ones.
KNOWN = {15169: "GOOGLE - Google Inc.", 397143: "NEPTUNE-NETWORKS - Neptune Networks", 10318: "CABLEVISION S.A.",
         3: "MIT-GATEWAYS - Massachusetts Institute of Technology", 1279: "MCDOUGLAS-AS McDonnell Douglas Information "
         "Systems International"}
NAMELESS = {399998: UNKNOWN, 399999: UNKNOWN}


@functools.cache
def build_outputs():
    """The tests' own outputs, which `make` alone does not build."""
    targets = [f"tests/plugin/output-{name}.la" for name in ("rows", "report")]
    subprocess.run(["make", "-s", "-C", BUILD, *targets], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(name="server")
def server_fixture(tmp_path):
    """Starts whois servers. Each has .address, .queries(), and .asked(): the numbers in each query that it has read."""
    with contextlib.ExitStack() as stack:

        def start(*arguments, names=NAMES):
            log = tmp_path / f"whois-{len(list(tmp_path.iterdir()))}.log"
            command = [sys.executable, SERVER, "--names", names, "--log", log, *map(str, arguments)]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.terminate)
            process.port = int(process.stdout.readline().split()[-1])
            process.address = f"127.0.0.1:{process.port}"
            process.queries = lambda: [json.loads(line) for line in log.read_text().splitlines()]
            process.asked = lambda: [query["asked"] for query in process.queries()]
            return process

        yield start


def plugin(name):
    return str(BUILD / "tests" / "plugin" / ".libs" / f"output-{name}.so")


class Program:
    """flow-exporter with resolver-whois between standard input and the tests' outputs."""

    def __init__(self, folder, state="none", fields=("as_name",), outputs=("rows", "report"), input_options=None,
                 **resolver):
        build_outputs()
        folder.mkdir(exist_ok=True)
        self.rows_file = folder / "rows"
        self.metrics_file = folder / "metrics"
        self.log_file = folder / "log"
        resolver.setdefault("retry_interval", "50ms")
        every = {
            "rows": {"plugin": plugin("rows"), "file": str(self.rows_file), "fields": list(fields)},
            "report": {"plugin": plugin("report"), "metrics_file": str(self.metrics_file)},
        }
        config = {
            "state": {"directory": str(state), "min_interval": "1ms", "max_interval": "100ms"},
            "inputs": [{"plugin": "input-stdin", **(input_options or {})}],
            "resolvers": [{"plugin": "resolver-whois", "fields": {"as": "as_name"}, **resolver}],
            "outputs": [every[name] for name in outputs],
        }
        self.config = folder / "config.yaml"
        self.config.write_text(json.dumps(config))  # JSON is YAML
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen(
                [BUILD / "core" / "flow-exporter", "--plugin-dir", BUILD / "plugins", "--config", self.config],
                stdin=subprocess.PIPE, stdout=log, stderr=log)

    def feed(self, numbers):
        """Sends a record for each number. None: the number is absent."""
        records = [json.dumps({} if number is None else {"as": number}) for number in numbers]
        self.process.stdin.write(("\n".join(records) + "\n").encode())
        self.process.stdin.flush()

    def names(self):
        """The names of all records that have passed."""
        assert self.process.poll() is None, self.log()
        if not self.rows_file.exists():
            return []
        return self.rows_file.read_text(encoding="utf-8").split("\n")[:-1]

    def resolve(self, numbers):
        """Feeds the numbers once, and gives the names in their records: [name]."""
        numbers = list(numbers)
        before = len(self.names())
        self.feed(numbers)
        count = before + len(numbers)
        return wait_until(lambda: len(names := self.names()) >= count and names, "records to pass", 60)[before:count]

    def wait_for_names(self, expected):
        """Feeds the numbers until each has its name. Before that a number may only be (pending)."""
        numbers = list(expected)

        def all_named():
            names = dict(zip(numbers, self.resolve(numbers)))
            wrong = {n: name for n, name in names.items() if name not in (expected[n], PENDING)}
            assert not wrong, f"{wrong}, expected {expected}"
            return PENDING not in names.values()

        wait_until(all_named, lambda: f"names\n{self.log()[-3000:]}", 60)

    def log(self):
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def stop(self):
        """Stops it, which must be quick and clean. Gives the self metrics of the resolver: {name: sum over servers}."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(DEADLINE_S) == 0, self.log()
        self.process.stop_s = time.monotonic() - begin
        self.process.stdin.close()
        return self.metrics()

    def counted(self, name):
        """The sum over a self metric of any part of the program, at the end."""
        lines = [line.split(" ") for line in self.metrics_file.read_text().splitlines()]
        return sum(float(words[-1]) for words in lines if words[0] == f"flow_exporter_{name}")

    def metrics(self):
        sums = {}
        for line in self.metrics_file.read_text().splitlines():
            name, *labels, value = line.split(" ")
            if not name.startswith("flow_exporter_whois_"):
                continue
            shown = [label.split("=", 1)[1] for label in labels if label.split("=")[0] in ("result", "state")]
            key = " ".join([name.removeprefix("flow_exporter_whois_"), *shown])
            sums[key] = sums.get(key, 0) + float(value)
        return sums


@pytest.fixture(name="program")
def program_fixture(tmp_path):
    programs = []

    def start(folder=None, **options):
        programs.append(Program(folder or tmp_path / f"program-{len(programs)}", **options))
        return programs[-1]

    yield start
    for program in programs:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait()
