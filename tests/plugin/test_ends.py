#!/usr/bin/env python3
"""Plugins that do not return: SIGTERM ends the program in time. The program names the call, and tells whether
everything was committed.

`make check` runs this file in the build folder. By hand: FLOW_EXPORTER_BUILD=build tests/plugin/test_ends.py
"""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest

BUILD = pathlib.Path(os.environ.get("FLOW_EXPORTER_BUILD", ".")).resolve()
PROGRAM = BUILD / "core" / "flow-exporter"
PLUGINS = BUILD / "tests" / "plugin" / ".libs"
PAGE = BUILD / "plugins" / "output-prometheus" / ".libs"
WAIT_S = 60
STOP_S = 0.3
# The promise is STOP_S and two seconds. The rest is for a busy machine.
END_S = STOP_S + 2 + 3

COMMITTED, NOT_COMMITTED = 0, 75
# The plugin, its call, whether the call hangs before SIGTERM (or SIGTERM makes it hang), and the status.
CALLS = [
    ("output-hang", "create", True, COMMITTED),  # nothing was read yet
    ("output-hang", "start", True, COMMITTED),
    ("output-hang", "worker_new", True, COMMITTED),
    ("output-hang", "restore", True, COMMITTED),
    ("output-hang", "write", True, NOT_COMMITTED),
    ("output-hang", "tick", True, COMMITTED),
    ("output-hang", "before_cut", False, NOT_COMMITTED),
    ("output-hang", "cut", False, NOT_COMMITTED),
    ("output-hang", "prepare", False, NOT_COMMITTED),
    ("output-hang", "committed", False, COMMITTED),
    ("output-hang", "stop", False, COMMITTED),
    ("output-hang", "worker_free", False, COMMITTED),
    ("output-hang", "destroy", False, COMMITTED),
    ("input-hang", "poll", True, COMMITTED),  # between payloads: the other threads continue
    ("input-hang", "commit", False, NOT_COMMITTED),
    ("input-hang", "stop", False, COMMITTED),
]


class Run:
    def __init__(self, folder, plugin=None, call=None, outputs=(), stop_timeout="300ms", env=None, pipeline=None, **options):
        self.calls, self.log = folder / "calls", folder / "log"
        entry = {"calls": str(self.calls), **options}
        chosen = {"at": call}
        config = {"state": {"directory": "none"}, "pipeline": {"stop_timeout": stop_timeout, "call_deadline": "100ms", **(pipeline or {})},
                  "inputs": [{"plugin": "input-hang", **entry, **(chosen if plugin == "input-hang" else {})}],
                  "outputs": [{"plugin": "output-hang", **entry, **(chosen if plugin == "output-hang" else {})}, *outputs]}
        (folder / "config").write_text(json.dumps(config))
        pages = ["--plugin-dir", PAGE] if PAGE.exists() else []
        command = [PROGRAM, "--plugin-dir", PLUGINS, *pages, "--config", folder / "config"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **(env or {})})

    def wait_for(self, text, file=None):
        file = file or self.calls
        end = time.monotonic() + WAIT_S
        while not (file.exists() and text in file.read_text()):
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.log.read_text()}"
            assert time.monotonic() < end, f"no '{text}': {self.log.read_text()}"
            time.sleep(0.01)

    def signal(self, number=signal.SIGTERM):
        self.begin = time.monotonic()
        self.process.send_signal(number)

    def status(self):
        status = self.process.wait(WAIT_S)
        self.seconds = time.monotonic() - self.begin
        assert "Sanitizer" not in self.log.read_text(), self.log.read_text()
        return status


class Ends(unittest.TestCase):
    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name).resolve()

    def start(self, *args, **options):
        run = Run(self.folder(), *args, **options)
        self.addCleanup(run.process.wait)
        self.addCleanup(run.process.kill)
        return run

    def test_each_call(self):
        runs = [(self.start(plugin, call), plugin, call, before, status) for plugin, call, before, status in CALLS]
        for run, _, call, before, _ in runs:
            run.wait_for(f"hangs: {call}" if before else "written")
        for run, *_ in runs:
            run.signal()
        for run, plugin, call, _, status in runs:
            with self.subTest(f"{plugin} {call}"):
                self.assertEqual(run.status(), status, run.log.read_text())
                self.assertIn(f"hangs: {call}", run.calls.read_text())
                self.assertRegex(run.log.read_text(), f"{plugin}: Ending without this call of the plugin.* call={call} seconds=")
                self.assertLess(run.seconds, END_S)

    def test_one_that_takes_a_whole_processor(self):
        run = self.start("output-hang", "write", spins=True)
        run.wait_for("hangs: write")
        run.signal()
        self.assertEqual(run.status(), NOT_COMMITTED)
        self.assertLess(run.seconds, END_S)

    def test_none_hangs(self):
        run = self.start()
        run.wait_for("written")
        run.signal()
        self.assertEqual(run.status(), COMMITTED)
        self.assertNotIn("Ending without", run.log.read_text())

    def test_it_is_named_while_the_program_runs(self):
        run = self.start("output-hang", "write")
        run.wait_for("output-hang: A call of the plugin has not returned yet. call=write seconds=", run.log)
        run.signal()
        run.status()

    def feeds(self, begun, call=None, **options):
        """How often systemd's watchdog is fed, of three times, once it has begun (a text in the log) and long enough."""
        name = str(self.folder() / "notify")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listener.close)
        listener.bind(name)
        limit_s = 1.0
        run = self.start("output-hang", call, env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": str(int(limit_s * 1e6))}, **options)
        run.wait_for(begun, run.log)
        time.sleep(3 * limit_s)
        listener.setblocking(False)
        while True:  # what came before
            try:
                listener.recv(4096)
            except BlockingIOError:
                break
        fed, end = 0, time.monotonic() + 4 * limit_s
        while fed < 3 and (left := end - time.monotonic()) > 0:
            listener.settimeout(left)  # the status line may come all the time
            try:
                fed += b"WATCHDOG=1" in listener.recv(4096)
            except TimeoutError:
                break
        run.signal()
        run.status()
        return fed

    def test_systemd_s_watchdog_is_fed_unless_a_worker_hangs(self):
        begun = "output-hang: A call of the plugin has not returned yet. call={} seconds="
        self.assertEqual(self.feeds(begun.format("write"), "write"), 0)
        self.assertEqual(self.feeds(begun.format("tick"), "tick"), 3)

    def test_the_watchdog_is_fed_while_an_output_takes_nothing(self):
        """A poll that waits for it hangs as little as the output."""
        rows = {"plugin": "output-rows", "file": str(self.folder() / "rows"), "fields": ["name"], "answers": ["retry"] * 10000}
        self.assertEqual(self.feeds("Running.", outputs=[rows], pipeline={"batch_records": 1, "retry_for": "1h"}), 3)

    def ready(self, path):
        found = subprocess.run(["curl", "-s", "-w", "%{http_code}", "--unix-socket", path, "http://x/-/ready"],
                               capture_output=True, text=True, timeout=WAIT_S, check=True).stdout
        return int(found[-3:]), found[:-3]

    def test_and_shown_in_a_metric_and_by_readiness(self):
        if not (PAGE / "output-prometheus.so").exists():
            self.skipTest("output-prometheus is not built")
        run = self.start("input-hang", "poll", outputs=[{"plugin": "output-prometheus", "asn": 0, "listen": f"unix:{self.folder()}/page"}])
        run.wait_for("input-hang: A call of the plugin has not returned yet. call=poll", run.log)
        path = re.search(r"listen=(?:unix:)?(\S+)", run.log.read_text()).group(1)
        page = subprocess.run(["curl", "-s", "--unix-socket", path, "http://x/metrics"], capture_output=True, text=True,
                              timeout=WAIT_S, check=True).stdout
        found = dict(re.findall(r'^flow_exporter_call_overdue_seconds\{plugin="(.*)"\} (\S+)$', page, re.M))
        self.assertGreater(float(found.pop("input-hang")), 0.1, page)
        self.assertEqual({float(value) for value in found.values()}, {0}, found)
        self.assertIn("program", found)
        status, said = self.ready(path)
        self.assertEqual(status, 200, said)  # an overdue call alone is no reason
        self.assertRegex(said, r"^Ready\.\n(.*\n)*input-hang: the call 'poll' has not returned for \d+\.\d s\n")
        run.signal()
        run.status()

    def test_a_second_signal_ends_at_once(self):
        """A second signal within a second counts as the same request. Later, it does not wait for the end of
        stop_timeout."""
        run = self.start("output-hang", "write", stop_timeout="10m")
        run.wait_for("hangs: write")
        run.signal()
        run.signal(signal.SIGINT)
        run.wait_for("Stopping.", run.log)
        time.sleep(1.1)  # the second itself must pass
        self.assertIsNone(run.process.poll())
        run.signal(signal.SIGINT)
        self.assertEqual(run.status(), NOT_COMMITTED)
        self.assertLess(run.seconds, END_S)


if __name__ == "__main__":
    unittest.main()
