"""The programs under test, and other programs that tests need. Each has a folder, is waited for by conditions, and is
ended by its pid."""

import json
import os
import random
import shlex
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

import page

TESTS = Path(__file__).resolve().parent.parent
SOURCE = TESTS.parent
BUILD = Path(os.environ.get("FLOW_EXPORTER_BUILD", SOURCE / "build")).resolve()
NAMES = TESTS / "data" / "asn-names.txt"
# How much slower than a plain build the program is, and which share of the plain build's records it gets.
SLOWNESS = float(os.environ.get("FLOW_EXPORTER_SLOWNESS", "1"))
SCALE = float(os.environ.get("FLOW_EXPORTER_SCALE", "1"))
# Tests of crashes at their full length take minutes each.
WHOLE = bool(os.environ.get("FLOW_EXPORTER_WHOLE"))
# A command that runs the program, such as "valgrind ...".
WRAPPER = shlex.split(os.environ.get("FLOW_EXPORTER_WRAPPER", ""))
# Tools come from the plain build: with ThreadSanitizer, librdkafka would need a preloaded library.
FLOWGEN = Path(os.environ.get("FLOW_EXPORTER_TOOLS", BUILD / "tests" / "tools")).resolve() / "flowgen"
REPORTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:", "ERROR SUMMARY: ")


def wait_until(condition, what, seconds=30):
    """Asks until condition() is true, and gives its result."""
    end = time.monotonic() + seconds * SLOWNESS
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds * SLOWNESS:.0f} s: {what() if callable(what) else what}")
        time.sleep(0.05)


def free_port(kind=socket.SOCK_STREAM):
    """A port that the system gives to no client. Otherwise a flood of another test could take the port between this
    look and its use, and the next start of a stopped program would find it taken."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first = int(file.read().split()[0])
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", random.SystemRandom().randrange(10_000, first) if first > 12_000 else 0))
                return probe.getsockname()[1]
            except OSError:
                pass  # taken: try another one


def can_connect(port, host="127.0.0.1"):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def http_get(url, seconds=30, tls=None):
    """Gives status and text. An error status counts as an answer. tls: an SSL context."""
    try:
        with urllib.request.urlopen(url, timeout=seconds * SLOWNESS, context=tls) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def run(*command, seconds=300, **options):
    """Runs a program that ends by itself. Gives its standard output. A failure shows its output."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds, **options)
    assert done.returncode == 0, f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def shown_of(text):
    """The part of a page that helps to find a fault: no comments, no histograms, no zeros."""
    lines = (line for line in text.splitlines() if not line.startswith("#") and "_bucket{" not in line)
    return "\n".join(line for line in lines if not line.endswith(" 0"))[:6000]


class Program:
    """One process and its children. Its output goes to a file."""

    started = []  # all running ones, so that the run can end those that are left

    def __init__(self, command, folder, name, stdin=subprocess.DEVNULL, env=None, stderr=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log_path = folder / f"{name}.log"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=stdin, stdout=log, stderr=stderr or log, start_new_session=True,
                env={**os.environ, **(env or {})},
            )
        Program.started.append(self)

    def log(self):
        return self.log_path.read_text(errors="replace")

    def is_running(self):
        return self.process.poll() is None

    def require_running(self):
        assert self.is_running(), f"{self.name} ended with {self.process.returncode}:\n{self.log()[-4000:]}"
        return True

    def wait_for(self, condition, what, seconds=30):
        return wait_until(lambda: self.require_running() and condition(), what, seconds)

    def wait_for_log(self, text, seconds=30):
        self.wait_for(lambda: text in self.log(), f"'{text}' in the log of {self.name}", seconds)

    def end(self, signal_number=signal.SIGTERM, seconds=30):
        """Ends the process and gives its status. It may have ended already."""
        if self.is_running():
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(seconds * SLOWNESS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end:\n{self.log()[-4000:]}") from None
        finally:
            self.kill_group()

    def kill_group(self):
        """Kills what is left of the process and its children. They share a session of their own."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def kill(self):
        self.end(signal.SIGKILL)


def flow_exporter_command():
    """The program in the build tree, or the installed one that FLOW_EXPORTER and FLOW_EXPORTER_PLUGINS name."""
    binary = os.environ.get("FLOW_EXPORTER", BUILD / "core" / "flow-exporter")
    command = [BUILD / "libtool", "--mode=execute", *WRAPPER, binary] if WRAPPER else [binary]
    plugins = os.environ.get("FLOW_EXPORTER_PLUGINS", BUILD / "plugins")
    return command, ["--plugin-dir", plugins]


def flow_exporter_run(*arguments, stdin=subprocess.DEVNULL):
    """Runs a command of the program that ends by itself: gives status, standard output, standard error."""
    command, plugin_flags = flow_exporter_command()
    done = subprocess.run(
        [str(word) for word in [*command, *plugin_flags, *arguments]],
        stdin=stdin, capture_output=True, text=True, timeout=60 * SLOWNESS,
    )
    return done.returncode, done.stdout, done.stderr


class FlowExporter(Program):
    """A flow-exporter with a configuration (a dict) or with arguments. It has answered /-/healthy."""

    def __init__(self, folder, config=None, arguments=(), stdin=subprocess.DEVNULL, name="flow-exporter", port=None,
                 env=None, wait=True, tls=None, stderr=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.config, self.tls = config, tls
        command, plugin_flags = flow_exporter_command()
        if config is not None:
            for output in config["outputs"]:
                if output["plugin"] == "output-prometheus":
                    output["listen"] = f"127.0.0.1:{self.port}"
            path = folder / f"{name}.yaml"
            path.write_text(yaml.safe_dump(config, sort_keys=False))
            arguments = ["--config", path]
        # Without a configuration the environment decides on the state directory. No other program uses this one.
        env = {"XDG_STATE_HOME": folder / f"{name}-state", "STATE_DIRECTORY": "", **(env or {})}
        super().__init__([*command, *plugin_flags, *arguments], folder, name, stdin, env, stderr)
        if wait:
            self.wait_for(self.is_healthy, f"{name} is healthy")

    def url(self, path):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{path}"

    def get(self, path):
        """Gives status and text."""
        return http_get(self.url(path), tls=self.tls)

    def is_healthy(self):
        return can_connect(self.port) and self.get("/-/healthy")[0] == 200

    def ready(self):
        """Gives status and text of /-/ready."""
        return self.get("/-/ready")

    def page_text(self):
        status, text = self.get("/metrics")
        assert status == 200, text
        return text

    def page(self):
        return page.Page(self.page_text())

    def wait_for_page(self, condition, what, seconds=60):
        """Gives the first page for which condition(page) is true."""

        def ask():
            last[0] = self.page()
            return last[0] if condition(last[0]) else None

        def said():
            wanted = what() if callable(what) else what
            shown = shown_of(last[0].text) if last[0] else ""
            return f"{wanted}; the last page was\n{shown}\nthe log's end is\n{self.log()[-3000:]}"

        last = [None]
        return self.wait_for(ask, said, seconds)

    def wait_for_a_share(self):
        name = "flow_exporter_kafka_assigned_partitions"
        self.wait_for_page(lambda shown: shown.self_sum(name) > 0, "a partition is assigned")

    def wait_for_assigned(self, partitions):
        name = "flow_exporter_kafka_assigned_partitions"
        self.wait_for_page(lambda shown: shown.self_sum(name) == partitions, f"{partitions} partitions are assigned")

    def wait_for_records(self, count):
        """Gives the page once this many records were read, valid or not. Markers do not count."""
        names = ("flow_exporter_records_total", "flow_exporter_records_malformed_total")
        self.wait_for_page(
            lambda shown: sum(shown.self_sum(name) for name in names) >= count, f"{count} records were read", 120
        )
        return self.fresh_page()

    def fresh_page(self):
        """A page of a cut that began after this call. Its self metrics are current; its flows are of the last committed
        cut."""
        name = "flow_exporter_checkpoints_total"
        enough = self.page().self_sum(name, result="committed") + 2
        self.wait_for_page(lambda shown: shown.self_sum(name, result="committed") >= enough, "two more checkpoints")
        return self.page()

    def stop(self):
        """An orderly end: status 0, and no findings of a sanitizer or valgrind."""
        status = self.end()
        log = self.log()
        findings = [line for line in log.splitlines() if any(report in line for report in REPORTS)]
        findings = [line for line in findings if "ERROR SUMMARY: 0 errors" not in line]
        assert status == 0 and not findings, f"{self.name} ended with {status}:\n{log[-8000:]}"


class WhoisServer(Program):
    """The whois server of tests/tools."""

    def __init__(self, folder, *arguments):
        super().__init__([TESTS / "tools" / "whois-server", "--names", NAMES, *arguments], folder, "whois-server")
        self.wait_for(lambda: "listening on" in self.log(), "the whois server listens")
        self.port = int(self.log().split()[3])
        self.address = f"127.0.0.1:{self.port}"


class Prometheus(Program):
    """A real Prometheus. It scrapes each second, or as configured."""

    def __init__(self, folder, targets, config=None):
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        config = config or {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [{"job_name": "flows", "static_configs": [{"targets": targets}]}],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        flags = {
            "config.file": folder / "prometheus.yml",
            "storage.tsdb.path": folder / "data",
            "web.listen-address": f"127.0.0.1:{self.port}",
        }
        super().__init__(["prometheus", *(f"--{key}={value}" for key, value in flags.items())], folder, "prometheus")
        self.wait_for(lambda: can_connect(self.port) and http_get(self.url("/-/ready"))[0] == 200, "Prometheus is ready")

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, path, **parameters):
        """The data in the API's answer. A failed query is a failure here."""
        status, text = http_get(self.url(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))
        assert status == 200, f"{parameters}: {text}"
        return json.loads(text)["data"]

    def query(self, expression):
        """[(labels, value as text)] of an instant vector."""
        return [(row["metric"], row["value"][1]) for row in self.ask("query", query=expression)["result"]]

    def query_range(self, expression, seconds):
        """[(labels, points)] over the last seconds, with a point for each second."""
        now = time.time()
        found = self.ask("query_range", query=expression, start=now - seconds, end=now, step=1)
        return [(row["metric"], row["values"]) for row in found["result"]]
