#!/usr/bin/env python3
"""The plugin contract: the real program runs the tests' own plugins.

`make check` runs this file in the build folder. By hand: FLOW_EXPORTER_BUILD=build tests/plugin/test_plugins.py
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = pathlib.Path(os.environ.get("FLOW_EXPORTER_BUILD", ".")).resolve()
PROGRAM = BUILD / "core" / "flow-exporter"
PLUGINS = BUILD / "tests" / "plugin" / ".libs"
TIMEOUT_S = 60


def records(*names):
    return [json.dumps({"name": name, "bytes": 10}) for name in names]


class PluginTest(unittest.TestCase):
    """Runs the program on a configuration in a folder of its own. JSON is YAML, so the configuration is written as
    JSON."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()
        self.config = self.folder / "config.yaml"

    def path(self, name):
        return str(self.folder / name)

    def lines(self, name):
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []

    def calls(self):
        """The calls, without the last checkpoints that had nothing new to commit: there may be one or two of these."""
        text = "\n".join(self.lines("calls")) + "\n"
        return re.sub(r"cut (\d+)\nprepare \1\ncommitted \1\n", "", text).splitlines()

    def input(self, *names, **options):
        return {"plugin": "input-lines", "lines": records(*names), "calls": self.path("calls"), **options}

    def rows(self, *fields, **options):
        return {"plugin": "output-rows", "file": self.path("rows"), "fields": list(fields or ["name"]),
                "calls": self.path("calls"), **options}

    def report(self, **options):
        return {"plugin": "output-report", "metrics_file": self.path("metrics"), **options}

    def metrics(self):
        """{"flow_exporter_x label=value": number}, without the prefix."""
        split = [line.removeprefix("flow_exporter_").rsplit(" ", 1) for line in self.lines("metrics")]
        return {name: float(value) for name, value in split}

    def start(self, inputs, outputs, resolvers=(), **sections):
        sections.setdefault("state", {"directory": "none"})
        config = {**sections, "inputs": inputs, "resolvers": list(resolvers), "outputs": outputs}
        self.config.write_text(json.dumps(config, indent=1))
        command = [PROGRAM, "--plugin-dir", PLUGINS, "--config", self.config]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def finish(self, process, status=0):
        out, err = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, status, f"{out}\n{err}")
        return err

    def run_to_end(self, inputs, outputs, resolvers=(), status=0, **sections):
        return self.finish(self.start(inputs, outputs, resolvers, **sections), status)

    def wait_for(self, process, condition):
        end = time.monotonic() + TIMEOUT_S
        while not condition():
            self.assertIsNone(process.poll(), "the program ended too early")
            self.assertLess(time.monotonic(), end, "waited too long")
            time.sleep(0.01)

    def place_of(self, fragment):
        """FILE:LINE:COLUMN of the fragment's first place in the configuration."""
        text = self.config.read_text()
        at = text.index(fragment)
        return f"{self.config}:{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}: "


class Lifecycle(PluginTest):
    def test_order_of_calls(self):
        self.run_to_end([self.input("a", "b")], [self.rows()])
        self.assertEqual(self.calls(), ["create", "start", "write: ok", "write: ok", "cut 1", "prepare 1",
                                        "commit 1 at 2: ok", "committed 1", "stop"])
        self.assertEqual(self.lines("rows"), ["a", "b"])

    def test_a_poll_with_several_payloads_is_one_batch(self):
        self.run_to_end([self.input("a", "b", "c", per_poll=10)], [self.rows()])
        self.assertEqual(self.lines("calls").count("write: ok"), 1)
        self.assertEqual(self.lines("rows"), ["a", "b", "c"])

    def test_check_creates_but_does_not_start(self):
        self.start([self.input("a")], [self.rows()]).communicate()
        (self.folder / "calls").unlink()
        command = [PROGRAM, "--plugin-dir", PLUGINS, "--config", self.config, "--check"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(self.lines("calls"), ["create"])

    def test_start_that_fails(self):
        err = self.run_to_end([self.input("a")], [self.rows(file=self.path("no/such/folder"))], status=78)
        self.assertIn("no/such/folder", err)
        self.assertIn(self.place_of(json.dumps(self.path("no/such/folder"))), err)
        self.assertEqual(self.lines("calls"), ["create", "start"])

    def test_sigterm_commits_what_was_counted(self):
        process = self.start([self.input("a", "b", finish="wait")], [self.rows()])
        self.wait_for(process, lambda: self.lines("calls").count("write: ok") == 2)
        process.send_signal(signal.SIGTERM)
        self.finish(process)
        self.assertEqual(self.lines("rows"), ["a", "b"])

    def test_several_instances(self):
        inputs = [self.input("a", name="left"), self.input("b", name="right")]
        outputs = [self.rows(), self.rows(name="copy", file=self.path("copy")), self.report()]
        self.run_to_end(inputs, outputs)
        self.assertEqual(sorted(self.lines("rows")), ["a", "b"])
        self.assertEqual(sorted(self.lines("copy")), ["a", "b"])
        metrics = self.metrics()
        for name in ("left", "right"):
            self.assertEqual(metrics[f"records_total plugin={name}"], 1)
        for name in ("output-rows", "copy"):
            self.assertEqual(metrics[f"rows_shown_total plugin={name}"], 2)

    def test_more_workers_than_the_plugin_takes(self):
        err = self.run_to_end([self.input("a", workers=2)], [self.rows()], status=78)
        self.assertIn(self.place_of('2,\n' if '2,\n' in self.config.read_text() else '2\n'), err)
        self.assertIn("input-lines", err)


class Checkpoints(PluginTest):
    def test_nothing_is_shown_before_it_is_committed(self):
        process = self.start([self.input("a", "b", finish="wait", answers=["retry"] * 3)], [self.rows()],
                             state={"directory": "none", "min_interval": "100ms", "max_interval": "100ms"})
        self.wait_for(process, lambda: any(call.endswith("retry") for call in self.lines("calls")))
        rows = self.lines("rows")
        if "commit 1 at 2: ok" not in self.lines("calls"):
            self.assertEqual(rows, [])
        self.wait_for(process, lambda: self.lines("rows"))
        process.terminate()
        self.finish(process)
        calls = self.lines("calls")
        self.assertLess(calls.index("commit 1 at 2: ok"), calls.index("committed 1"))
        self.assertEqual(self.lines("rows"), ["a", "b"])

    def test_a_refused_commit_goes_back(self):
        inputs = [self.input("a", "b", "c", checkpoints=True, answers=["ok", "fenced"])]
        self.run_to_end(inputs, [self.rows(), self.report()])
        self.assertEqual(self.calls(), [
            "create", "start",
            "write: ok", "cut 1", "prepare 1", "commit 1 at 1: ok", "committed 1",
            "write: ok", "cut 2", "prepare 2", "commit 2 at 2: fenced", "rolled_back 1", "rewind to 1",
            "no checkpoint: the checkpoint was refused",
            "write: ok", "cut 3", "prepare 3", "commit 3 at 2: ok", "committed 3",
            "write: ok", "cut 4", "prepare 4", "commit 4 at 3: ok", "committed 4",
            "stop"])
        self.assertEqual(self.lines("rows"), ["a", "b", "c"])
        metrics = self.metrics()
        self.assertEqual(metrics["checkpoints_total result=fenced"], 1)
        self.assertEqual(metrics["rows_taken_back_total plugin=output-rows"], 1)

    def test_a_refused_first_commit_goes_back_to_the_beginning(self):
        self.run_to_end([self.input("a", "b", checkpoints=True, answers=["fenced"])], [self.rows()])
        calls = self.lines("calls")
        self.assertIn("rolled_back 0", calls)
        self.assertIn("rewind to 0", calls)
        self.assertEqual(self.lines("rows"), ["a", "b"])

    def test_a_commit_without_answer_is_asked_again_with_its_number(self):
        for answer in ("retry", "lost"):
            with self.subTest(answer):
                self.setUp()
                self.run_to_end([self.input("a", checkpoints=True, answers=[answer] * 2)], [self.rows()])
                calls = self.lines("calls")
                first = calls.index("cut 1")
                self.assertEqual(calls[first:first + 6], [
                    "cut 1", "prepare 1", f"commit 1 at 1: {answer}", f"commit 1 at 1: {answer}", "commit 1 at 1: ok",
                    "committed 1"])
                self.assertEqual(self.lines("rows"), ["a"])

    def test_a_second_run_goes_on_from_the_committed_position(self):
        for names in ("ab", "abc"):
            self.run_to_end([self.input(*names, position_file=self.path("position"))], [self.rows()])
        self.assertEqual(self.lines("rows"), ["a", "b", "c"])

    def test_runs_that_are_stopped_show_each_record_once(self):
        # The runs are stopped, not killed. A kill between a commit and its line in the file would lose a record. An
        # output prevents that with prepare and restore, which this one lacks.
        names = [f"r{i}" for i in range(2000)]
        options = {"position_file": self.path("position"), "checkpoints": True, "per_poll": 3, "finish": "wait"}
        for _ in range(3):
            shown = len(self.lines("rows"))
            process = self.start([self.input(*names, **options)], [self.rows()])
            self.wait_for(process, lambda shown=shown: len(self.lines("rows")) >= min(shown + 50, len(names))
                          and self.lines("calls")[-1] != "stop")
            process.terminate()
            self.finish(process)
        process = self.start([self.input(*names, **options)], [self.rows()])
        self.wait_for(process, lambda: len(self.lines("rows")) >= len(names) and self.lines("calls")[-1] != "stop")
        process.terminate()
        self.finish(process)
        self.assertEqual(self.lines("rows"), names)


class Verdicts(PluginTest):
    def write(self, *answers, status=0):
        err = self.run_to_end([self.input("a", "b", "c")], [self.rows(answers=answers), self.report()], status=status)
        return err, self.metrics()

    def test_drop_is_counted(self):
        err, metrics = self.write("ok", "drop")
        self.assertEqual(self.lines("rows"), ["a", "c"])
        self.assertEqual(metrics["stage_dropped_total plugin=output-rows"], 1)
        self.assertEqual(metrics["stage_records_total plugin=output-rows"], 2)
        self.assertEqual(metrics["stage_records_total plugin=output-report"], 3)

    def test_again_and_retry_offer_the_same_batch(self):
        err, metrics = self.write("again", "retry", "ok", "retry")
        self.assertEqual(self.lines("rows"), ["a", "b", "c"])
        self.assertEqual(metrics["stage_retries_total plugin=output-rows"], 3)

    def test_fatal_ends_the_program_and_commits_nothing_more(self):
        err, metrics = self.write("ok", "fatal", status=70)
        self.assertIn("output-rows", err)
        self.assertFalse([call for call in self.lines("calls") if call.startswith("commit")])
        self.assertEqual(self.lines("rows"), [])

    def test_faults_of_an_input_pass(self):
        self.run_to_end([self.input("a", faults=2)], [self.rows(), self.report()])
        self.assertEqual(self.lines("rows"), ["a"])
        self.assertEqual(self.metrics()["input_faults_total plugin=input-lines"], 2)

    def test_fatal_input(self):
        err = self.run_to_end([self.input("a", finish="fatal")], [self.rows()], status=70)
        self.assertIn("input-lines", err)


class State(PluginTest):
    """The state directory, from the view of an output that keeps counts in it."""

    def tally(self, **options):
        return {"plugin": "output-tally", "file": self.path("counts"), "calls": self.path("calls"), **options}

    def start_kept(self, inputs, outputs=None, **state):
        sections = {"state": {"directory": self.path("state"), "min_interval": "50ms", **state}}
        return self.start(inputs, outputs or [self.tally(), self.report()], **sections)

    def kept(self, *names, status=0, state=(), outputs=None, **options):
        options.setdefault("position_file", self.path("position"))
        return self.finish(self.start_kept([self.input(*names, **options)], outputs, **dict(state)), status)

    def counts(self):
        return {name: int(count) for name, count in (line.split() for line in self.lines("counts"))}

    def prepares(self):
        return [call for call in self.lines("calls") if call.startswith("prepare")]

    def test_counts_go_on(self):
        self.kept("a", "b", "a")
        self.assertEqual(self.counts(), {"a": 2, "b": 1})
        err = self.kept("a", "b", "a", "c", "a")
        self.assertEqual(self.counts(), {"a": 3, "b": 1, "c": 1})
        self.assertIn("continue from the newest checkpoint", err)
        self.assertEqual(self.metrics()["recoveries_total kind=newest"], 1)
        self.assertEqual(self.metrics()["state_kept"], 1)

    def test_they_are_shown_before_anything_is_read(self):
        self.kept("a", "a")
        (self.folder / "counts").unlink()
        process = self.start_kept([self.input("a", "a", "b", faults=100, position_file=self.path("position"))])
        self.wait_for(process, lambda: self.counts() == {"a": 2})
        process.kill()

    def killed(self, *names, wanted, **options):
        """Kills the program once the counts are as wanted."""
        lines = self.input(*names, finish="wait", position_file=self.path("position"), checkpoints=True, **options)
        process = self.start_kept([lines])
        self.wait_for(process, lambda: self.counts() == wanted)
        process.kill()
        process.wait()

    def test_killed(self):
        self.killed("a", "b", "a", wanted={"a": 2, "b": 1})
        self.kept("a", "b", "a", "a")
        self.assertEqual(self.counts(), {"a": 3, "b": 1})

    def test_a_commit_that_was_made_but_not_answered_counts(self):
        """The mark is missing, but the tag is there."""
        process = self.start_kept([self.input("a", "b", finish="wait", position_file=self.path("position"),
                                              answers=["lost"] * 1000, checkpoints=True)])
        self.wait_for(process, lambda: self.lines("position"))
        process.kill()
        process.wait()
        position = int(self.lines("position")[0].split()[0])
        self.assertEqual(self.lines("counts"), [])
        err = self.kept("a", "b")
        self.assertIn("newest checkpoint", err)
        self.assertEqual(self.counts(), {"a": 1, "b": 1}, position)

    def test_a_commit_that_was_not_made_does_not(self):
        self.killed("a", wanted={"a": 1})
        process = self.start_kept([self.input("a", "b", "b", finish="wait", position_file=self.path("position"),
                                              answers=["retry"] * 1000, checkpoints=True)])
        self.wait_for(process, lambda: any("retry" in call for call in self.lines("calls")))
        process.kill()
        process.wait()
        self.assertEqual(self.counts(), {"a": 1})
        err = self.kept("a", "b", "b")
        self.assertIn("was not accepted", err)
        self.assertEqual(self.counts(), {"a": 1, "b": 2})

    def test_restore_knows_whose_checkpoint_it_is(self):
        """An output with a store of its own finds its rows by identity and number, and compares the positions."""
        self.kept("a", "b")
        self.kept("a", "b", "c")
        identity = pathlib.Path(self.path("state"), "identity").read_text().split()[-1]
        first, second = [call for call in self.lines("calls") if call.startswith("restore")]
        self.assertEqual(first, f"restore 0 of {identity} tag=")
        match = re.fullmatch(rf"restore (\d+) of {identity} tag={identity}:(\d+) (\S+)@2", second)
        self.assertTrue(match and match[1] == match[2] != "0", second)

    def test_a_cut_that_fails_is_no_checkpoint(self):
        """Otherwise positions would advance without values, and the page would miss the records between."""
        outputs = [self.tally(failing_cuts=2), self.report()]
        err = self.kept("a", "b", "c", outputs=outputs, checkpoints=True)
        self.assertIn("could not make a cut", err)
        self.assertIn("the copy failed, as failing_cuts says", err)
        calls = [call for call in self.lines("calls") if call.startswith(("cut", "prepare", "commit"))]
        self.assertEqual(calls[:5], ["cut 1", "cut 2", "cut 3", "prepare 3, log anew", "commit 3 at 3: ok"])
        self.assertEqual(self.counts(), {"a": 1, "b": 1, "c": 1})
        self.assertEqual(self.metrics()["checkpoints_total result=not_cut"], 2)

    def test_all_inputs_are_asked_before_any_is_waited_for(self):
        """An input that is asked only after a rebalance could commit streams that have moved."""
        left = self.input("a", name="left", finish="wait", position_file=self.path("left"), answers=["retry"] * 3)
        right = self.input("b", name="right", finish="wait", position_file=self.path("right"))
        process = self.start_kept([left, right], [self.rows(), self.tally()], max_interval="1h")
        self.wait_for(process, lambda: self.lines("calls").count("write: ok") == 2)
        process.send_signal(signal.SIGTERM)
        self.finish(process)
        calls = [call.split(":")[0] + call.split(":")[1] for call in self.lines("calls") if call.startswith("commit 1 ")]
        self.assertIn("ok", calls[1], calls)
        self.assertIn("retry", calls[0], calls)
        self.assertEqual(self.counts(), {"a": 1, "b": 1})

    def test_refused_texts_are_logged_again(self):
        self.kept("a", "b", "c", checkpoints=True, answers=["ok", "fenced"])
        self.assertEqual(self.counts(), {"a": 1, "b": 1, "c": 1})
        self.kept("a", "b", "c", "b", checkpoints=True)
        self.assertEqual(self.counts(), {"a": 1, "b": 2, "c": 1})

    def test_an_input_that_is_slow_to_remember(self):
        self.killed("a", wanted={"a": 1})
        process = self.start_kept([self.input("a", "b", finish="wait", position_file=self.path("position"),
                                              answers=["lost"] * 1000, checkpoints=True)])
        self.wait_for(process, lambda: self.lines("position")[0].startswith("2 "))
        process.kill()
        process.wait()
        err = self.kept("a", "b", slow_recalls=3)
        self.assertIn("not known yet", err)
        self.assertEqual(self.counts(), {"a": 1, "b": 1})
        self.assertEqual(self.lines("calls").count("recall"), 1 + 4)

    def test_stop_before_it_remembers(self):
        self.kept("a")
        for mark in self.folder.glob("state/checkpoint-*"):
            mark.write_bytes(bytes(512) + mark.read_bytes()[512:])
        process = self.start_kept([self.input("a", "b", position_file=self.path("position"), slow_recalls=100)])
        self.wait_for(process, lambda: self.lines("calls").count("recall") >= 2)
        process.send_signal(signal.SIGTERM)
        self.finish(process)
        self.kept("a", "b")
        self.assertEqual(self.counts(), {"a": 1, "b": 1})

    def test_later_checkpoints_than_those_that_are_kept(self):
        """A directory from a backup has values that are too old. Counters begin at zero rather than go back."""
        self.kept("a")
        shutil.copytree(self.folder / "state", self.folder / "backup")
        self.kept("a", "b")
        shutil.rmtree(self.folder / "state")
        (self.folder / "backup").rename(self.folder / "state")
        err = self.kept("a", "b", "c")
        self.assertIn("checkpoints were accepted that are later", err)
        self.assertEqual(self.counts(), {"c": 1})
        self.assertEqual(self.metrics()["recoveries_total kind=stale"], 1)
        self.kept("a", "b", "c", "c")
        self.assertEqual(self.counts(), {"c": 2})

    def show(self, status=0):
        command = [PROGRAM, "state", self.folder / "state"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual(result.returncode, status, result)
        return result.stdout + result.stderr

    def test_the_directory_is_shown(self):
        self.assertIn("open", self.show(status=1))
        self.kept("a", "b", "a", checkpoints=True)
        before = {file: file.read_bytes() for file in self.folder.rglob("state/*") if file.is_file()}
        text = self.show()
        self.assertIn("in use: no", text)
        self.assertIn("position  input-lines: lines at 3", text)
        self.assertIn("output-tally (output-tally): 16 bytes of values, 2 entries of 32 bytes in log-1", text)
        self.assertEqual(text.count(", accepted"), 2)
        process = self.start_kept([self.input("a", "b", "a", finish="wait", position_file=self.path("position"))])
        self.wait_for(process, lambda: "in use: yes" in self.show())
        process.kill()
        process.wait()
        for file in self.folder.glob("state/instance-*/values-*"):
            file.write_bytes(b"garbage")
        self.assertIn("damaged", self.show(status=1))
        self.assertEqual(before.keys(), {file for file in self.folder.rglob("state/*") if file.is_file()})

    def test_one_process_a_directory(self):
        process = self.start_kept([self.input("a", finish="wait")])
        self.wait_for(process, lambda: (self.folder / "state" / "identity").exists())
        err = self.kept("a", status=70)
        self.assertIn("used by another process", err)
        process.kill()

    def test_damage(self):
        for name, spoil, fragment in [
            ("checkpoint-*", lambda data: data[:-1], "truncated"),
            ("checkpoint-*", lambda data: data[:600] + bytes([data[600] ^ 1]) + data[601:], "checksum is wrong"),
            ("checkpoint-*", lambda data: b"", "empty"),
            ("checkpoint-*", lambda data: b"GARBAGE!" * 200, "not a checkpoint of flow-exporter"),
            ("checkpoint-*", lambda data: data[:520] + data[520:524][::-1] + data[524:], "byte order"),
            ("checkpoint-*", lambda data: data[:524] + bytes(4) + data[528:], "an older flow-exporter"),
            ("instance-*/values-*", lambda data: data[:-1], "truncated"),
            ("instance-*/values-*", lambda data: bytes([data[0] ^ 1]) + data[1:], "checksum is wrong"),
            ("instance-*/log-*", lambda data: data[:-1], "truncated"),
            ("instance-*/log-*", lambda data: bytes([data[0] ^ 1]) + data[1:], "checksum is wrong"),
        ]:
            with self.subTest(name=name, fragment=fragment):
                shutil.rmtree(self.folder / "state", ignore_errors=True)
                (self.folder / "position").unlink(missing_ok=True)
                self.kept("a")
                self.assertEqual(self.counts(), {"a": 1})
                for file in self.folder.glob("state/" + name):
                    file.write_bytes(spoil(file.read_bytes()))
                stray = self.folder / "state" / "instance-output-tally" / "log-77"
                stray.write_text("of a log that nothing speaks of")
                err = self.kept("a", "b")
                self.assertEqual(stray.exists(), not name.startswith("checkpoint"))
                self.assertIn(fragment, err)
                self.assertEqual(self.counts(), {"b": 1}, err)
                self.kept("a", "b", "b")
                self.assertEqual(self.counts(), {"b": 2})

    def test_values_that_are_damaged_are_told(self):
        """The accepted slot is sound, but the files that it names are not. The start reports this, in the log and for
        the alert."""
        for name in ("values-*", "log-*"):
            with self.subTest(name):
                shutil.rmtree(self.folder / "state", ignore_errors=True)
                (self.folder / "position").unlink(missing_ok=True)
                self.kept("a")
                for file in self.folder.glob("state/instance-*/" + name):
                    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
                err = self.kept("a", "b")
                self.assertIn("the kept checkpoint is damaged", err)
                self.assertNotIn("continue from the newest", err)
                self.assertEqual(self.metrics()["recoveries_total kind=damaged"], 1)
                self.assertEqual(self.metrics()["recoveries_total kind=newest"], 0)

    def slots(self):
        """The files of the slots, the newest first. The number stands at byte 32 of the body."""
        return sorted(self.folder.glob("state/checkpoint-*"), key=lambda file: -int.from_bytes(
            file.read_bytes()[544:552], sys.byteorder))

    def test_the_older_slot_of_a_source_without_tags(self):
        """A byte of the newest slot is wrong. Its values were shown. With the older slot a counter would go back."""
        text = b"".join(b'{"name": "a"}\n' for _ in range(5))
        tally, source = self.tally(), {"plugin": "input-stdin"}
        config = {"state": {"directory": self.path("state"), "min_interval": "10ms", "max_interval": "100ms"},
                  "inputs": [source], "outputs": [tally]}
        self.config.write_text(json.dumps(config))
        command = [PROGRAM, "--plugin-dir", PLUGINS, "--plugin-dir", BUILD / "plugins" / "input-stdin" / ".libs",
                   "--config", self.config]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            for total in (5, 10):
                process.stdin.write(text)
                process.stdin.flush()
                self.wait_for(process, lambda wanted=total: self.counts() == {"a": wanted})
            process.kill()
        newest = self.slots()[0]
        data = newest.read_bytes()
        newest.write_bytes(data[:600] + bytes([data[600] ^ 1]) + data[601:])
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            said = next(line for line in process.stderr if "Counters begin" in line or "Counters continue" in line)
            process.terminate()
            self.finish(process)
        self.assertIn("Counters begin at zero: the kept checkpoint is damaged", said)
        self.assertEqual(self.counts(), {})

    def test_a_lock_that_is_removed(self):
        process = self.start_kept([self.input("a", finish="wait")])
        self.wait_for(process, lambda: (self.folder / "state" / "identity").exists())
        (self.folder / "state" / "lock").unlink()
        self.assertIn("used by another process", self.kept("a", status=70))
        self.assertIn("in use: yes", self.show())
        process.kill()

    def test_another_folder_in_the_place_of_the_directory(self):
        """The new folder is not ours. The option on_failure decides, and nothing is written there."""
        process = self.start_kept([self.input("a", finish="wait", checkpoints=True, position_file=self.path("position"))],
                                  max_interval="100ms", on_failure="stop")
        self.wait_for(process, lambda: self.counts() == {"a": 1})
        (self.folder / "state").rename(self.folder / "moved")
        (self.folder / "state").mkdir()
        out, err = process.communicate(timeout=TIMEOUT_S)
        self.assertNotEqual(process.returncode, 0, out)
        self.assertIn("another folder has its name now", err)
        self.assertEqual(list((self.folder / "state").iterdir()), [])

    def test_refused_directories(self):
        newer = lambda data: data[:524] + (9).to_bytes(4, sys.byteorder) + data[528:]
        for name, spoil, fragment in [
            ("checkpoint-*", newer, "a newer flow-exporter"),
            ("identity", lambda data: b"mine\n", "not a state directory of flow-exporter"),
            ("identity", lambda data: data.replace(b"state 1", b"state 2"), "another version"),
            ("identity", lambda data: data[:-5], "damaged"),
        ]:
            with self.subTest(fragment):
                shutil.rmtree(self.folder / "state", ignore_errors=True)
                self.kept("a")
                for file in self.folder.glob("state/" + name):
                    file.write_bytes(spoil(file.read_bytes()))
                before = {file: file.read_bytes() for file in self.folder.rglob("state/*") if file.is_file()}
                err = self.kept("a", "b", status=78)
                self.assertIn(fragment, err)
                for file, data in before.items():
                    self.assertEqual(file.read_bytes(), data, f"{file} was changed")

    def test_an_unwritable_place(self):
        (self.folder / "state").write_text("a file")
        err = self.kept("a")
        self.assertIn("not kept over a restart", err)
        self.assertEqual(self.counts(), {"a": 1})
        self.assertEqual(self.metrics()["state_kept"], 0)
        err = self.kept("a", status=70, state={"on_failure": "stop"})
        self.assertIn("state directory", err)

    def test_another_plugin_of_that_name(self):
        self.kept("a", outputs=[self.tally(name="x")])
        self.kept("a", "b", outputs=[self.rows(name="x"), self.tally()])
        self.assertEqual(self.counts(), {"b": 1})

    def test_the_log_is_written_anew_when_it_has_doubled(self):
        names = [f"{number:04}" + "x" * 2000 for number in range(120)]
        self.kept(*names, checkpoints=True)
        self.assertIn(", log anew", "".join(self.prepares()[1:]))
        self.assertEqual(len(list(self.folder.glob("state/instance-output-tally/log-*"))), 1)
        self.kept(*names, names[0])
        self.assertEqual(self.counts(), {name: 2 if name == names[0] else 1 for name in names})


class Records(PluginTest):
    def test_claims_of_members_and_nested_paths(self):
        line = json.dumps({"n": 12, "label": {"nkey": "100.1", "deep": {"er": True}}, "a.b": "dot", "none": None})
        fields = ["n", "label.nkey", "label.deep.er", "a\\.b", "none", "absent", "label"]
        self.run_to_end([{"plugin": "input-lines", "lines": [line]}], [self.rows(*fields)])
        self.assertEqual(self.lines("rows"), ["12\t100.1\ttrue\tdot\t-\t-\t100.1,true"])

    def test_malformed_ones_are_left_out_and_counted(self):
        lines = ['{"name": "a"}', '{"name": ', "[1]", '{"name": "b"}\n{"name": "c"}']
        err = self.run_to_end([{"plugin": "input-lines", "lines": lines}], [self.rows(), self.report()])
        self.assertEqual(self.lines("rows"), ["a", "b", "c"])
        metrics = self.metrics()
        self.assertEqual(metrics["records_total plugin=input-lines"], 3)
        self.assertEqual(metrics["records_malformed_total plugin=input-lines reason=truncated"], 1)
        self.assertEqual(metrics["records_malformed_total plugin=input-lines reason=not_object"], 1)
        self.assertIn("line=2", err)
        self.assertIn("line=3", err)

    def table(self, **options):
        return {"plugin": "resolver-table", "from": "name", "to": "long", "texts": {"a": "Anna", "b": "Ben"}, **options}

    def test_an_output_reads_what_a_resolver_wrote(self):
        lines = records("a", "b", "c") + ['{"bytes": 1}']
        self.run_to_end([{"plugin": "input-lines", "lines": lines}], [self.rows("name", "long")], [self.table()])
        self.assertEqual(self.lines("rows"), ["a\tAnna", "b\tBen", "c\tc?", "-\t-"])

    def test_the_resolver_overrides_a_member_of_that_name(self):
        line = '{"name": "a", "long": "from the record"}'
        self.run_to_end([{"plugin": "input-lines", "lines": [line]}], [self.rows("long")], [self.table()])
        self.assertEqual(self.lines("rows"), ["Anna"])

    def test_late_values(self):
        inputs = [self.input("a", "a", "b", "b", "c")]
        self.run_to_end(inputs, [self.rows("name", "long")], [self.table(late=True)])
        self.assertEqual(self.lines("rows"), ["a\t(pending)", "a\tAnna", "b\t(pending)", "b\tBen", "c\tc?"])

    def test_a_chain_of_resolvers(self):
        second = self.table(name="second", to="longer", texts={"Anna": "Anna Karenina"}, **{"from": "long"})
        self.run_to_end([self.input("a")], [self.rows("longer")], [self.table(), second])
        self.assertEqual(self.lines("rows"), ["Anna Karenina"])

    def test_two_writers_of_a_field_are_refused(self):
        resolvers = [self.table(), self.table(name="second")]
        err = self.run_to_end([self.input("a")], [self.rows("long")], resolvers, status=78)
        self.assertIn("'long'", err)
        self.assertRegex(err, re.escape(str(self.config)) + r":\d+:\d+: second: ")

    def test_sum(self):
        err = self.run_to_end([self.input("a", "b", "c")], [{"plugin": "output-sum"}])
        self.assertIn("sum=30", err)


class Options(PluginTest):
    def values(self, **options):
        self.run_to_end([self.input("a")], [self.report(options_file=self.path("options"), **options)])
        return self.lines("options")

    def test_defaults(self):
        self.assertEqual(self.values(), [
            "name=output-report", "flag=1", "number=7", "ratio=0.5", "text=(none)", "password=(none)", "color=1",
            "wait=2000", "memory=65536", "items=one", "items=two", "pairs.a=b"])

    def test_every_type(self):
        self.assertEqual(self.values(name="mine", flag=False, number=10, ratio=-1.5, text="a: b", password="p", wait="1m",
                                     color="blue", memory="1MiB", items=["x"], pairs={"k": "v", "l": "w"}), [
            "name=mine", "flag=0", "number=10", "ratio=-1.5", "text=a: b", "password=p", "color=2", "wait=60000",
            "memory=1048576", "items=x", "pairs.k=v", "pairs.l=w"])

    def test_errors_name_line_and_column(self):
        cases = [({"number": 987654321}, "987654321", ["number", "10"]),
                 ({"number": "many"}, '"many"', ["number"]),
                 ({"flag": "yes"}, '"yes"', ["flag", "true"]),
                 ({"color": "grren"}, '"grren"', ["green"]),
                 ({"wait": "61s"}, '"61s"', ["wait"]),
                 ({"memory": "1 GB?"}, '"1 GB?"', ["memory"]),
                 ({"nubmer": 1}, '"nubmer"', ["nubmer", "number"]),
                 ({"pairs": {"k": "wrong"}}, '"k"', ["'k' is wrong"])]
        for options, place, fragments in cases:
            with self.subTest(options):
                err = self.run_to_end([self.input("a")], [self.report(**options)], status=78)
                for fragment in [self.place_of(place), *fragments]:
                    self.assertIn(fragment, err)

    def test_required_option(self):
        err = self.run_to_end([self.input("a")], [{"plugin": "output-rows", "fields": ["name"]}], status=78)
        self.assertIn("file", err)
        self.assertIn(f"{self.config}:", err)

    def test_secrets_are_not_printed(self):
        self.values(password="hunter2")
        command = [PROGRAM, "--plugin-dir", PLUGINS, "--config", self.config, "--print-config"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("password", result.stdout)
        self.assertNotIn("hunter2", result.stdout + result.stderr)

    def test_plugin_command_shows_the_table(self):
        for markdown in ([], ["--markdown"]):
            command = [PROGRAM, "--plugin-dir", PLUGINS, "plugin", "output-report", *markdown]
            result = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
            self.assertEqual(result.returncode, 0, result)
            for fragment in ("output-report", "color", "green", "64KiB", "A truth."):
                self.assertIn(fragment, result.stdout)


if __name__ == "__main__":
    unittest.main()
