#!/usr/bin/env python3
"""Outputs that do not store a checkpoint or do not take a batch: each verdict, each on_failure, the stop meanwhile.

Run by `make check` in the build folder; or by hand: FLOW_EXPORTER_BUILD=build tests/plugin/test_prepare.py
"""
import re
import shutil
import signal
import socket
import time
import unittest

from test_plugins import PLUGINS, PluginTest, records

NOT_COMMITTED, FAULT = 75, 70
SOON = {"min_interval": "10ms", "max_interval": "100ms"}


class PrepareTest(PluginTest):
    def store(self, **options):
        (self.folder / "store").mkdir(exist_ok=True)
        return {"plugin": "output-store", "folder": self.path("store"), "down": self.path("down"),
                "full": self.path("full"), "calls": self.path("calls"), **options}

    def stored(self, name="stored"):
        """{text: count} of one of the store's files."""
        lines = [line.split() for line in self.lines(f"store/{name}")[1:] if not line.startswith("@ ")]
        return {text: int(count) for text, count in lines}

    def set(self, name, on=True):
        if on:
            (self.folder / name).touch()
        else:
            (self.folder / name).unlink()

    def kept(self, **more):
        return {"state": {"directory": self.path("state"), **SOON}, **more}

    def lines_in(self, *names, **options):
        return self.input(*names, position_file=self.path("position"), **options)

    def commits(self):
        return [call for call in self.lines("calls") if call.startswith("commit ")]


class Verdicts(PrepareTest):
    def run_rows(self, *prepares, status=0, names="ab", **options):
        outputs = [self.rows(prepares=prepares, **options), self.report()]
        return self.run_to_end([self.input(*names, checkpoints=True)], outputs, status=status,
                               pipeline={"stop_timeout": "60s"})  # the input's checkpoints have as much time

    def test_retry_is_asked_again_about_the_same_checkpoint(self):
        err = self.run_rows("retry", "retry", prepare_timeout="1h")
        calls = self.lines("calls")
        first = calls.index("cut 1")
        self.assertEqual(calls[first:first + 6], ["cut 1", "prepare 1: retry", "prepare 1: retry", "prepare 1",
                                                  "commit 1 at 1: ok", "committed 1"])
        self.assertEqual(self.lines("rows"), ["a", "b"])
        self.assertIn("output-rows: The output does not store a checkpoint yet; nothing is committed meanwhile. "
                      'checkpoint=1 reason="prepares has it"', err)
        self.assertIn("output-rows: The output stores checkpoints again.", err)

    def test_again_makes_the_cut_void_and_the_next_one_has_everything(self):
        self.run_rows("again", "again")
        calls = self.calls()
        first = calls.index("cut 1")
        self.assertEqual(calls[first:first + 10], [
            "cut 1", "prepare 1: again", "no checkpoint: an output does not store it",
            "write: ok", "cut 2", "prepare 2: again", "no checkpoint: an output does not store it",
            "cut 3", "prepare 3", "commit 3 at 2: ok"])
        self.assertEqual(self.lines("rows"), ["a", "b"])
        metrics = self.metrics()
        self.assertEqual(metrics["checkpoints_total result=vetoed"], 2)
        self.assertEqual(metrics["uncommitted_records"], 0)

    def test_drop_commits_without_the_output(self):
        err = self.run_rows("drop")
        calls = self.lines("calls")
        self.assertIn("commit 1 at 1: ok", calls)
        self.assertEqual(calls.index("committed 1"), calls.index("commit 1 at 1: ok") + 1)
        self.assertEqual(self.metrics()["checkpoint_prepare_failures_total"], 1)
        self.assertIn("could not be made durable; continuing without it", err)

    def test_fatal_ends_the_program_and_commits_nothing(self):
        err = self.run_rows("ok", "fatal", status=FAULT)
        self.assertEqual(self.commits(), ["commit 1 at 1: ok"])
        self.assertEqual(self.lines("rows"), ["a"])
        self.assertIn('output-rows: The output can\'t store a checkpoint: stopping; nothing more is committed. '
                      'checkpoint=2 reason="prepares has it"', err)

    def test_a_verdict_that_prepare_does_not_have_is_fatal(self):
        self.run_rows("fenced", status=FAULT)
        self.assertEqual(self.commits(), [])


class Policies(PrepareTest):
    """What becomes of "retry" when prepare_timeout is over."""

    def test_wait_commits_nothing_until_it_is_stored(self):
        self.set("down")
        process = self.start([self.lines_in("a", "b", finish="wait")], [self.store(prepare_timeout="20ms")], **self.kept())
        self.wait_for(process, lambda: len({call for call in self.lines("calls") if call.startswith("down")}) > 2)
        self.assertEqual(self.commits(), [])
        self.set("down", False)
        self.wait_for(process, lambda: self.stored() == {"a": 1, "b": 1})
        process.terminate()
        self.finish(process)
        numbers = [int(call.split()[1]) for call in self.lines("calls") if call.startswith(("down", "staged"))]
        self.assertEqual(numbers, sorted(numbers))
        self.assertTrue(set(int(call.split()[1]) for call in self.commits())
                        <= set(int(call.split()[1]) for call in self.lines("calls") if call.startswith("staged")))

    def test_drop_goes_on_and_asks_once_until_it_is_stored_again(self):
        prepares = ["retry"] * 3 + ["ok", "retry"]
        outputs = [self.rows(prepares=prepares, on_failure="drop", prepare_timeout=0), self.report()]
        lines = self.input(*"abcde", checkpoints=True, finish="wait")
        process = self.start([lines], outputs, state={"directory": "none", "max_interval": "1h"})
        self.wait_for(process, lambda: len(self.commits()) == 5)
        process.terminate()
        self.finish(process)
        self.assertEqual(self.metrics()["checkpoint_prepare_failures_total"], 4)
        self.assertEqual(self.commits()[:5], [f"commit {n} at {n}: ok" for n in range(1, 6)])

    def test_who_is_given_up_does_not_delay_the_next_checkpoint(self):
        outputs = [self.rows(prepares=["retry"] * 1000, on_failure="drop", prepare_timeout="100ms")]
        self.run_to_end([self.input(*"abcdef", checkpoints=True)], outputs)
        asked = [call for call in self.lines("calls") if re.match(r"prepare [2-6]", call)]
        self.assertEqual(asked, [f"prepare {n}: retry" for n in range(2, 7)])

    def test_stop_ends_the_program(self):
        outputs = [self.rows(prepares=["ok"] + ["retry"] * 1000, on_failure="stop", prepare_timeout="20ms")]
        self.run_to_end([self.input("a", "b", checkpoints=True)], outputs, status=FAULT)
        self.assertEqual(self.commits(), ["commit 1 at 1: ok"])
        self.assertEqual(self.lines("rows"), ["a"])

    def policy(self, **options):
        """What the instance does by its plugin's flags or its own option: the second checkpoint tells."""
        self.set("down")
        output = self.store(prepare_timeout=0, **options)
        lines = self.lines_in("a", "b", checkpoints=True, finish="wait")  # only the input takes checkpoints
        process = self.start([lines], [output], state={"directory": self.path("state"), "max_interval": "1h"})
        self.wait_for(process, lambda: "down 2" in self.lines("calls"))
        process.kill()
        process.wait()
        return self.commits()

    def test_an_output_that_must_not_lose_waits_by_default(self):
        self.assertEqual(self.policy(), [])

    def test_the_option_overrules_the_flag(self):
        self.assertEqual(self.policy(on_failure="drop")[:1], ["commit 1 at 1: ok"])

    def test_without_the_flag_it_is_dropped(self):
        outputs = [self.rows(prepares=["retry"] * 2, prepare_timeout=0)]
        self.run_to_end([self.input("a", checkpoints=True)], outputs)
        self.assertEqual(self.commits()[0], "commit 1 at 1: ok")


class Stops(PrepareTest):
    """SIGTERM while nothing is stored: in time, status 75, nothing committed; the next run has everything."""

    def stop(self, status=NOT_COMMITTED, **options):
        self.setUp()
        self.set("down")
        lines = self.lines_in("a", "b", "a", finish="wait")
        process = self.start([lines], [self.store(**options)], **self.kept(pipeline={"stop_timeout": "500ms"}))
        self.wait_for(process, lambda: any(call.startswith("down") for call in self.lines("calls"))
                      and self.lines("calls").count("taken") == 3)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        err = self.finish(process, status)
        self.assertLess(time.monotonic() - begin, 0.5 + 2 + 5, err)  # the last is for a machine that does a lot else
        self.assertEqual(self.commits(), [])
        self.assertEqual(self.lines("position"), [])
        if status == NOT_COMMITTED:
            self.assertIn("The last checkpoint was not committed", err)
        self.set("down", False)
        self.run_to_end([self.lines_in("a", "b", "a")], [self.store(**options)], **self.kept())
        self.assertEqual(self.stored(), {"a": 2, "b": 1})

    def test_while_it_is_asked_again(self):
        self.stop(prepare_timeout="1h")

    def test_between_void_cuts(self):
        self.stop(prepare_timeout=0)
        self.stop(answer="again")

    def test_the_stop_is_no_reason_to_drop(self):
        self.stop(prepare_timeout="1h", on_failure="drop")

    def test_nor_to_stop_with_a_fault(self):
        self.stop(prepare_timeout="1h", on_failure="stop")

    def test_an_end_of_input(self):
        self.set("down")
        err = self.run_to_end([self.lines_in("a", "b")], [self.store(prepare_timeout="1h")], status=NOT_COMMITTED, **self.kept())
        self.assertIn("an output does not store it", err)
        self.assertEqual(self.commits(), [])

    def test_with_nothing_new_the_status_is_0(self):
        """All is committed, then the store goes down: a later cut has nothing that could be lost."""
        process = self.start([self.lines_in("a", finish="wait")], [self.store(prepare_timeout=0)], **self.kept())
        self.wait_for(process, lambda: self.stored() == {"a": 1})
        self.set("down")
        self.wait_for(process, lambda: any(call.startswith("down") for call in self.lines("calls")))
        process.terminate()
        err = self.finish(process)
        self.assertIn("nothing was counted since the one before", err)
        self.assertNotIn("The last checkpoint was not committed", err)  # that goes with status 75

    def test_only_the_last_one_is_not_stored(self):
        """No checkpoint has failed before, so on_failure was never asked: a stop is too short for its answer."""
        for on_failure in ("drop", "stop", "wait"):
            with self.subTest(on_failure):
                self.setUp()
                self.set("down")
                process = self.start([self.lines_in("a", finish="wait")],
                                     [self.store(on_failure=on_failure, prepare_timeout=0)],
                                     state={"directory": self.path("state"), "max_interval": "1h"})
                self.wait_for(process, lambda: "taken" in self.lines("calls"))
                process.terminate()
                self.finish(process, NOT_COMMITTED)
                self.assertEqual(self.commits(), [])

    def test_an_input_that_can_not_read_again(self):
        self.set("down")
        config = {"plugin": "input-udp", "calls": self.path("udp-calls")}
        process = self.start([config], [self.store(prepare_timeout=0)], **self.kept())
        self.wait_for(process, lambda: any(line.startswith("port") for line in self.lines("udp-calls")))
        port = next(int(line.split()[1]) for line in self.lines("udp-calls") if line.startswith("port"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(records("a")[0].encode(), ("127.0.0.1", port))
        self.wait_for(process, lambda: "taken" in self.lines("calls"))
        process.terminate()
        err = self.finish(process, NOT_COMMITTED)
        self.assertIn("records of inputs that can't read them again are lost", err)

    def test_what_comes_back_during_the_stop_is_committed(self):
        self.set("down")
        process = self.start([self.lines_in("a", finish="wait")], [self.store(prepare_timeout="1h")],
                             **self.kept(pipeline={"stop_timeout": "60s"}))
        self.wait_for(process, lambda: any(call.startswith("down") for call in self.lines("calls")))
        last = max(int(call.split()[1]) for call in self.lines("calls") if call.startswith("down"))
        process.send_signal(signal.SIGTERM)
        self.wait_for(process, lambda: f"down {last + 1}" in self.lines("calls"))
        self.set("down", False)
        self.finish(process)
        self.assertEqual(self.stored(), {"a": 1})


class Streams(PrepareTest):
    def test_a_change_of_streams_does_not_wait_for_an_output(self):
        """The input takes checkpoints itself, as in a rebalance, while the core's own would wait for an hour."""
        self.set("down")
        lines = self.lines_in("a", "b", "c", finish="wait", checkpoints=True)
        process = self.start([lines], [self.store(prepare_timeout="1h")], **self.kept(pipeline={"stop_timeout": "300ms"}))
        self.wait_for(process, lambda: self.lines("calls").count("no checkpoint: an output does not store it") == 3)
        self.assertEqual(self.commits(), [])
        self.set("down", False)
        self.wait_for(process, lambda: self.stored() == {"a": 1, "b": 1, "c": 1})
        process.terminate()
        self.finish(process)


class Bound(PrepareTest):
    def test_reading_stops_at_the_bound_and_goes_on_after_a_commit(self):
        self.set("down")
        names = [f"r{i}" for i in range(40)]
        process = self.start([self.lines_in(*names, finish="wait")], [self.store(prepare_timeout=0), self.report()],
                             **self.kept(pipeline={"max_uncommitted": 10}))
        self.wait_for(process, lambda: sum(call.startswith("down") for call in self.lines("calls")) > 20)
        self.assertEqual(self.lines("calls").count("taken"), 10)
        self.set("down", False)
        self.wait_for(process, lambda: len(self.stored()) == 40)
        process.terminate()
        err = self.finish(process)
        self.assertEqual(self.stored(), {name: 1 for name in names})
        metrics = self.metrics()
        self.assertGreaterEqual(metrics["uncommitted_waits_total"], 1)
        self.assertEqual(metrics["uncommitted_records"], 0)
        self.assertIn("Reading waits: too many records are not committed yet. records=10", err)

    def test_a_checkpoint_that_fails_is_tried_again_long_before_max_interval(self):
        """A cut fails, so nothing tells when the next one may work. The worker that waits asks for it."""
        names = [f"r{i}" for i in range(30)]
        outputs = [self.store(), {"plugin": "output-tally", "file": self.path("counts"), "failing_cuts": 5}]
        process = self.start([self.lines_in(*names, finish="wait")], outputs,
                             state={"directory": self.path("state"), "min_interval": "10ms", "max_interval": "1h"},
                             pipeline={"max_uncommitted": 10})
        self.wait_for(process, lambda: self.lines("calls").count("taken") == 30)
        process.terminate()
        err = self.finish(process)
        self.assertIn("The output could not make a cut", err)
        self.assertEqual(self.stored(), {name: 1 for name in names})

    def test_half_of_the_bound_is_committed_at_once(self):
        """Without any failure, and long before max_interval: so that a high rate alone makes no worker wait."""
        names = ["a"] * 600
        process = self.start([self.lines_in(*names, finish="wait")], [self.store(), self.report()],
                             state={"directory": self.path("state"), "min_interval": "1h", "max_interval": "1h"},
                             pipeline={"max_uncommitted": 1000})
        self.wait_for(process, lambda: self.stored().get("a", 0) >= 500)
        process.terminate()
        self.finish(process)
        self.assertEqual(self.stored(), {"a": 600})
        self.assertEqual(self.metrics()["uncommitted_waits_total"], 0)


class Lost(PrepareTest):
    """The state directory is lost while the store is down. It is there again, but has no checkpoint yet."""

    KEPT = "State is kept again."

    def lose(self):
        """Gives the process, after a void cut in the new directory."""
        process = self.start([self.lines_in("a", finish="wait")], [self.store(prepare_timeout=0)], **self.kept())
        self.wait_for(process, lambda: self.stored() == {"a": 1})
        self.set("down")
        (self.folder / "state").rename(self.folder / "lost")
        self.wait_for(process, (self.folder / "state" / "identity").exists)
        count = len(self.lines("calls"))
        self.wait_for(process, lambda: sum(call.startswith("down") for call in self.lines("calls")[count:]) > 2)
        return process

    def test_a_void_cut_is_not_kept(self):
        process = self.lose()
        process.terminate()
        err = self.finish(process)
        self.assertIn("State can't be written; continuing without it.", err)
        self.assertNotIn(self.KEPT, err)

    def test_the_next_checkpoint_is(self):
        process = self.lose()
        self.set("down", False)
        count = len(self.lines("calls"))
        self.wait_for(process, lambda: any(call.startswith("stored") for call in self.lines("calls")[count:]))
        process.terminate()
        self.assertEqual(self.finish(process).count(self.KEPT), 1)


class Completes(PrepareTest):
    def test_what_was_committed_is_complete_before_it_is_replaced(self):
        """After the commit of "a" the store can't complete it, while "b" comes."""
        obstacle = self.folder / "store" / "stored.new"  # the name of the file before it is renamed
        obstacle.mkdir(parents=True)
        process = self.start([self.lines_in("a", "b", finish="wait", checkpoints=True)], [self.store()],
                             **self.kept(pipeline={"stop_timeout": "60s"}))
        self.wait_for(process, lambda: "not stored 1" in self.lines("calls")
                      and any(call.startswith("not complete") for call in self.lines("calls")))
        self.assertEqual(self.stored("staged"), {"a": 1})
        obstacle.rmdir()
        self.wait_for(process, lambda: self.stored() == {"a": 1, "b": 1})
        process.terminate()
        self.finish(process)


class Batches(PrepareTest):
    """What becomes of a batch that an output has not taken for retry_for."""

    def start_full(self, *names, pipeline=None, **options):
        self.set("full")
        lines = self.lines_in(*names, finish="wait")
        return self.start([lines], [self.rows(calls=self.path("rows-calls")), self.store(**options), self.report()],
                          **self.kept(pipeline={"retry_for": "20ms", "stop_timeout": "500ms", **(pipeline or {})}))

    def offers(self):
        return self.lines("calls").count("full")

    def test_drop_counts_it_and_commits_past_it(self):
        process = self.start_full("a", "b", on_failure="drop")
        self.wait_for(process, lambda: "commit" in "".join(self.commits()[-1:]) and len(self.lines("rows")) == 2)
        self.set("full", False)
        process.terminate()
        err = self.finish(process)
        self.assertEqual(self.metrics()["stage_dropped_total plugin=output-store"], 2)
        self.assertEqual(self.stored(), {})
        self.assertEqual(self.lines("position")[0].split()[0], "2")
        self.assertIn("output-store: A batch was dropped: the plugin did not take it.", err)

    def test_wait_is_the_default_of_outputs_that_must_not_lose(self):
        process = self.start_full("a", "b", "a")
        self.wait_for(process, lambda: self.offers() > 10)  # 1, 2, 4, ... ms: far more than retry_for
        self.assertEqual(self.commits(), [])
        self.set("full", False)
        self.wait_for(process, lambda: self.stored() == {"a": 2, "b": 1})
        process.terminate()
        err = self.finish(process)
        self.assertEqual(self.lines("rows"), ["a", "b", "a"])
        self.assertEqual(self.metrics()["stage_dropped_total plugin=output-store"], 0)
        self.assertIn("output-store: A batch is not taken; reading waits for the output.", err)

    def test_stop_ends_the_program_and_commits_nothing_past_it(self):
        self.run_to_end([self.lines_in("a")], [self.store()], **self.kept())
        process = self.start_full("a", "b", on_failure="stop")
        err = self.finish(process, FAULT)
        self.assertEqual(self.lines("position")[0].split()[0], "1")
        self.assertEqual(self.stored(), {"a": 1})
        self.assertIn("output-store: The plugin can't continue.", err)

    def test_sigterm_while_it_is_offered(self):
        """Before retry_for is over, each policy gives the same: what was not taken is not committed."""
        for options in ({}, {"on_failure": "wait", "retry_for": "1h"}, {"on_failure": "drop", "retry_for": "1h"},
                        {"on_failure": "stop", "retry_for": "1h"}):
            with self.subTest(options):
                self.setUp()
                pipeline = {key: value for key, value in options.items() if key == "retry_for"}
                process = self.start_full("a", "b", pipeline=pipeline, **{k: v for k, v in options.items() if k == "on_failure"})
                self.wait_for(process, lambda: self.offers() > 7)
                begin = time.monotonic()
                process.send_signal(signal.SIGTERM)
                err = self.finish(process, NOT_COMMITTED)
                self.assertLess(time.monotonic() - begin, 0.5 + 2 + 5, err)
                self.assertEqual(self.commits(), [])
                self.set("full", False)
                self.run_to_end([self.lines_in("a", "b")], [self.store()], **self.kept())
                self.assertEqual(self.stored(), {"a": 1, "b": 1})


class Others(PrepareTest):
    """An output before the one that refuses has prepared the void cut already."""

    def tally(self):
        return {"plugin": "output-tally", "file": self.path("counts"), "calls": self.path("tally-calls")}

    def counts(self):
        return {name: int(count) for name, count in (line.split() for line in self.lines("counts"))}

    def test_state_of_a_void_cut_is_replaced(self):
        names = [f"r{i % 7}" for i in range(30)]
        sums = {name: names.count(name) for name in names}
        self.set("down")
        lines = self.lines_in(*names, finish="wait", checkpoints=True)
        process = self.start([lines], [self.tally(), self.store(answer="again")], **self.kept())
        self.wait_for(process, lambda: self.lines("calls").count("taken") == 30)
        self.assertEqual(self.counts(), {})
        self.set("down", False)
        self.wait_for(process, lambda: self.counts() == sums)
        process.kill()
        process.wait()
        self.run_to_end([self.lines_in(*names, "r0")], [self.tally(), self.store()], **self.kept())
        sums["r0"] += 1
        self.assertEqual(self.counts(), sums)
        self.assertEqual(self.stored(), sums)

    def test_killed_while_a_cut_is_void(self):
        """The void cut is in no file that a start would believe, with and without a committed one before it."""
        for before in ("", "ab"):
            with self.subTest(before):
                self.setUp()
                if before:
                    self.run_to_end([self.lines_in(*before)], [self.tally(), self.store()], **self.kept())
                self.set("down")
                process = self.start([self.lines_in(*before, "c", "a", finish="wait")], [self.tally(), self.store(answer="again")],
                                     **self.kept())
                self.wait_for(process, lambda: len({call for call in self.lines("calls") if call.startswith("down")}) > 2)
                process.kill()
                process.wait()
                self.set("down", False)
                err = self.run_to_end([self.lines_in(*before, "c", "a")], [self.tally(), self.store()], **self.kept())
                sums = {name: (before + "ca").count(name) for name in before + "ca"}
                self.assertEqual(self.counts(), sums, err)
                self.assertEqual(self.stored(), sums, err)


class Accepted(PrepareTest):
    """A lost state directory: the store itself asks whether what it has staged was accepted."""

    OK, DROP, RETRY = "accepted: 0", "accepted: 3", "accepted: 2"

    def lose(self, answer, names="aba"):
        """A process dies whose commit had this answer; then its directory is lost."""
        lines = self.lines_in(*names, finish="wait", checkpoints=True, answers=["ok"] + [answer] * 1000)
        process = self.start([lines], [self.store()], **self.kept())
        self.wait_for(process, lambda: any(call.endswith(answer) for call in self.lines("calls")[:-1]))
        process.kill()
        process.wait()
        shutil.rmtree(self.folder / "state")
        self.assertEqual((self.stored(), self.stored("staged")), ({"a": 1}, {"a": 0, "b": 1}))
        (self.folder / "calls").unlink()

    def check(self, names, *answers, **options):
        self.run_to_end([self.lines_in(*names, **options)], [self.store()], **self.kept())
        self.assertEqual([call for call in self.lines("calls") if call.startswith("accepted")], list(answers))
        self.assertEqual(self.stored(), {name: names.count(name) for name in names})

    def test_what_was_accepted_is_counted(self):
        self.lose("lost")
        self.check("abab", self.OK)

    def test_what_was_not_is_read_again(self):
        self.lose("retry")
        self.check("abab", self.DROP)

    def test_while_nobody_knows_nothing_is_committed(self):
        self.lose("retry")
        self.check("abab", self.RETRY, self.RETRY, self.DROP, slow_recalls=2)
        calls = self.lines("calls")
        self.assertLess(calls.index(self.DROP), calls.index(self.commits()[0]))

    def test_a_later_one_has_all_that_it_had(self):
        self.lose("retry")
        staged = self.folder / "store" / "staged"
        identity, number = staged.read_text().split()[:2]
        position = self.folder / "position"
        position.write_text(f"2 {identity}:{int(number) + 1}\n")
        self.check("abab", self.OK)

    def test_a_tag_of_a_checkpoint_without_a_directory_counts(self):
        self.lose("lost")
        position = self.folder / "position"
        position.write_text(position.read_text().replace(":", "-:"))
        self.check("abab", self.OK)

    def test_an_input_without_tags_can_not_tell(self):
        """It does not read anything again either."""
        self.lose("retry")
        plugin = PLUGINS.parents[2] / "plugins" / "input-stdin" / ".libs" / "input-stdin.so"
        if not plugin.exists():
            self.skipTest("input-stdin is not built")
        config = {"plugin": str(plugin), "serve_after_end": False}
        self.run_to_end([config], [self.store()], **self.kept())
        self.assertIn(self.OK, self.lines("calls"))
        self.assertEqual(self.stored(), {"a": 1, "b": 1})

    def test_the_wrong_place_to_ask(self):
        self.run_to_end([self.lines_in("a")], [self.store(misuse=True)], **self.kept())
        self.assertIn("asked in write: 6: fx_checkpoint_accepted needs an identity and a number, in restore and prepare only",
                      self.lines("calls"))


if __name__ == "__main__":
    unittest.main()
