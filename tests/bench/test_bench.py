#!/usr/bin/python3
"""The bench's own arithmetic: whether a bar holds, medians, growth, the share of others, and the last metrics of a
page."""

import io
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from figures import Figure, number, print_table  # noqa: E402
from measure import Others, growth, in_turns, medians  # noqa: E402
from replay import self_metrics, series_name, shape  # noqa: E402
from workers import idle_rounds  # noqa: E402


class Bars(unittest.TestCase):
    def test_at_most(self):
        self.assertTrue(Figure("s", "n", 1.8, at_most=1.8).holds())
        self.assertFalse(Figure("s", "n", 1.81, at_most=1.8).holds())

    def test_at_least(self):
        self.assertTrue(Figure("s", "n", 15, at_least=15).holds())
        self.assertFalse(Figure("s", "n", 14.9, at_least=15).holds())

    def test_without_a_bar(self):
        self.assertIsNone(Figure("s", "n", 1).holds())

    def test_the_table_says_which_fails(self):
        out = io.StringIO()
        with redirect_stdout(out):
            print_table([Figure("s", "good", 1, at_most=2), Figure("s", "bad", 3, at_most=2), Figure("s", "free", 4)])
        rows = {line.split()[1]: line for line in out.getvalue().splitlines() if line.startswith("s ")}
        self.assertIn("holds", rows["good"])
        self.assertIn("FAILS", rows["bad"])
        self.assertNotIn("holds", rows["free"])

    def test_numbers(self):
        self.assertEqual([number(value) for value in (0.1234, 12.34, 999, 1234.5)], ["0.123", "12.3", "999", "1,234"])


class Arithmetic(unittest.TestCase):
    def test_medians(self):
        self.assertEqual(medians([{"a": 1}, {"a": 9, "b": 5}, {"a": 2}]), {"a": 2, "b": 5})

    def test_turns(self):
        order = []
        ways = {name: lambda name=name: order.append(name) or {"x": len(order)} for name in "ab"}
        self.assertEqual(in_turns(ways, 3), {"a": {"x": 3}, "b": {"x": 4}})
        self.assertEqual("".join(order), "ababab")

    def test_growth(self):
        figures = growth("g", "s", [2.0, 2.0, 5.0])
        self.assertEqual([figure.value for figure in figures], [1.0, 2.5])

    def test_others_are_what_is_busy_less_ours(self):
        own = iter([1.0, 3.0])
        with mock.patch("measure.machine_busy_seconds", side_effect=[10, 14]), mock.patch(
            "measure.time.monotonic", side_effect=[100, 102]
        ), mock.patch("measure.os.cpu_count", return_value=2):
            with Others(lambda: next(own)) as others:
                pass
        self.assertEqual(others.share, 0.5)

    def test_idle_rounds(self):
        busy, idle = {"others": 0.5}, {"others": 0.01}
        self.assertEqual(idle_rounds({1: [busy, idle], 2: [idle]}), ({1: [idle], 2: [idle]}, True))
        self.assertEqual(idle_rounds({1: [busy], 2: [idle]}), ({1: [busy], 2: [idle]}, False))


class Replay(unittest.TestCase):
    def test_shapes(self):
        for series in (10_000, 62_500, 1_000_000, 4_000_000):
            ases, routers = shape(series)
            self.assertLessEqual(ases, 50_000)
            self.assertTrue(4 <= routers <= 64)
            self.assertTrue(series <= 2 * ases * routers < series + 2 * routers)

    def test_series_names(self):
        self.assertEqual([series_name(count) for count in (16_000, 62_500, 4_000_000)], ["16 k", "62.5 k", "4 M"])

    def test_self_metrics(self):
        with tempfile.NamedTemporaryFile("w", suffix=".page") as file:
            file.write('flow_receive_bytes_total{a="b"} 7\nflow_exporter_x 0.5\nflow_exporter_y{step="cut"} 3\n')
            file.flush()
            found = self_metrics(Path(file.name))
        self.assertEqual(found, {"flow_exporter_x": 0.5, 'flow_exporter_y{step="cut"}': 3.0})


if __name__ == "__main__":
    unittest.main()
