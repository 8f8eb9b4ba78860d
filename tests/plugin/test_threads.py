#!/usr/bin/env python3
"""Which thread calls a plugin when: ticks, one call at a time, sleeps that the stop ends, the last poll. Runs the real
program.

`make check` runs this file in the build folder. By hand: FLOW_EXPORTER_BUILD=build tests/plugin/test_threads.py
"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import unittest

from test_plugins import BUILD, PLUGINS, PROGRAM, TIMEOUT_S, PluginTest, records


class Serialized(PluginTest):
    def run_four(self, plugin):
        """Runs four workers, with ticks and a checkpoint after each record."""
        inputs = [self.input(*[f"{worker}{i}" for i in range(10)], name=f"in{worker}", checkpoints=True)
                  for worker in range(4)]
        self.run_to_end(inputs, [{"plugin": plugin, "file": self.path("serial")}])
        return dict(line.split("=") for line in self.lines("serial"))

    def test_no_two_calls_at_a_time(self):
        found = self.run_four("output-serial")
        self.assertEqual((found["rows"], found["overlaps"]), ("40", "0"))
        self.assertGreater(int(found["ticks"]), 0)

    def test_calls_do_overlap_where_they_may(self):
        self.assertGreater(int(self.run_four("output-parallel")["overlaps"]), 0)


class Ticks(PluginTest):
    def test_each_instance_has_its_own(self):
        """The descriptor asks for a tick every 10 ms. The first instance asks for the second one after an hour."""
        outputs = [{"plugin": "output-parallel", "name": name, "file": self.path("file"), "patience": "0ms",
                    "calls": self.path(name), "next": next_tick} for name, next_tick in (("once", "1h"), ("many", "0ms"))]
        process = self.start([self.input("a", finish="wait")], outputs)
        self.wait_for(process, lambda: len(self.lines("many")) > 5)
        process.send_signal(signal.SIGTERM)
        self.finish(process)
        self.assertEqual(self.lines("once"), ["tick"])


class Sleeps(PluginTest):
    def test_the_stop_ends_a_sleep(self):
        process = self.start([self.input("a", finish="wait")], [{"plugin": "output-sleep", "calls": self.path("calls")}])
        self.wait_for(process, lambda: "sleeps" in self.lines("calls"))
        process.send_signal(signal.SIGTERM)
        self.finish(process)
        self.assertIn("short: 0, stopping: 0", self.lines("calls"))
        self.assertIn("woken: 1, stopping: 1", self.lines("calls"))


class LastPoll(PluginTest):
    def start_udp(self, outputs=None, **options):
        config = {"plugin": "input-udp", "calls": self.path("calls"), **options}
        process = self.start([config], outputs or [self.rows(), self.report()], pipeline={"stop_timeout": "20s"})
        self.wait_for(process, lambda: any(line.startswith("port") for line in self.lines("calls")))
        port = next(int(line.split()[1]) for line in self.lines("calls") if line.startswith("port"))
        return process, port

    def send(self, port, count):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for line in records(*range(count)):
                sender.sendto(line.encode(), ("127.0.0.1", port))

    def test_what_is_in_the_socket_is_counted(self):
        process, port = self.start_udp(per_poll=1, pause="50ms")
        self.send(port, 150)
        self.wait_for(process, lambda: "write: ok" in self.lines("calls"))
        process.send_signal(signal.SIGTERM)
        self.finish(process)
        self.assertEqual(self.lines("rows"), [str(i) for i in range(150)])
        self.assertIn("drain in time", self.lines("calls"))
        self.assertIn("stop after 150", self.lines("calls"))

    def test_an_output_that_has_no_room_for_a_moment(self):
        rows = self.rows(answers=["ok"] + ["again", "retry"] * 3)
        process, port = self.start_udp([rows], per_poll=1, pause="50ms")
        self.send(port, 100)
        self.wait_for(process, lambda: "write: ok" in self.lines("calls"))
        process.send_signal(signal.SIGTERM)
        self.finish(process)
        self.assertEqual(self.lines("rows"), [str(i) for i in range(100)])

    def test_a_sender_that_never_ends(self):
        """The last polls have 40 % of stop_timeout. Whatever they take is committed."""
        process, port = self.start_udp()
        ended = threading.Event()

        def flood():
            while not ended.is_set():
                self.send(port, 10)

        sender = threading.Thread(target=flood)
        sender.start()
        try:
            self.wait_for(process, lambda: "write: ok" in self.lines("calls"))
            begin = time.monotonic()
            process.send_signal(signal.SIGTERM)
            self.finish(process)
            self.assertLess(time.monotonic() - begin, 20)
        finally:
            ended.set()
            sender.join()
        taken = next(int(line.split()[-1]) for line in self.lines("calls") if line.startswith("stop after"))
        self.assertEqual(len(self.lines("rows")), taken)

    def test_a_buffer_is_flushed_and_used_again(self):
        """The buffer has room for two of these records. The first poll sleeps until all have come."""
        process, port = self.start_udp(pause="500ms")
        names = [f"{i}-{chr(97 + i) * 20000}" for i in range(6)]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for line in records(*names):
                sender.sendto(line.encode(), ("127.0.0.1", port))
        self.wait_for(process, lambda: "write: ok" in self.lines("calls"))
        process.send_signal(signal.SIGTERM)
        self.finish(process)
        self.assertEqual(self.lines("rows"), names)
        self.assertGreater(self.lines("calls").count("write: ok"), 1)


class Stdin(PluginTest):
    """At the stop input-stdin takes what is still in the pipe."""

    def start_stdin(self, outputs, data):
        folder = BUILD / "plugins" / "input-stdin" / ".libs"
        if not (folder / "input-stdin.so").exists():
            self.skipTest("input-stdin is not built")
        config = {"state": {"directory": "none"}, "pipeline": {"stop_timeout": "20s"},
                  "inputs": [{"plugin": "input-stdin"}], "outputs": outputs}
        self.config.write_text(json.dumps(config))
        process = subprocess.Popen([PROGRAM, "--plugin-dir", PLUGINS, "--plugin-dir", folder, "--config", self.config],
                                   stdin=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_a_pipe(self):
        """The first write hangs until the stop. The rest is in the pipe by then."""
        read_end, write_end = os.pipe()
        process = self.start_stdin([{"plugin": "output-sleep", "calls": self.path("calls")}, self.rows()], read_end)
        os.close(read_end)
        os.write(write_end, b'{"name": "first"}\n')
        self.wait_for(process, lambda: "sleeps" in self.lines("calls"))
        lines = [f"n{i}" for i in range(500)]
        os.write(write_end, "".join(f"{line}\n" for line in records(*lines)).encode() + b'{"name": "cut')
        process.send_signal(signal.SIGTERM)
        err = self.finish(process)
        os.close(write_end)
        self.assertEqual(self.lines("rows"), ["first", *lines])
        self.assertIn("Standard input was not read to its end.", err)
        self.assertIn("bytes=13", err)

    def test_a_file_is_not_read_on(self):
        file = pathlib.Path(self.path("file"))
        file.write_text("".join(f'{{"name": "{i}"}}\n' for i in range(100000)))
        with open(file, "rb") as data:
            process = self.start_stdin([{"plugin": "output-sleep", "calls": self.path("calls")}, self.rows()], data)
            self.wait_for(process, lambda: "sleeps" in self.lines("calls"))
            process.send_signal(signal.SIGTERM)
            self.finish(process)
        self.assertLess(len(self.lines("rows")), 100000)


if __name__ == "__main__":
    unittest.main()
