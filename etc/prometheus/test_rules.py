#!/usr/bin/env python3
"""The rules by themselves: they are sound, each has a test, and docs/monitoring.md explains each alert.

`make check` runs this file. By hand: etc/prometheus/test_rules.py. tests/e2e/page/test_monitoring.py, which needs the
whole program, tests whether the metrics of the rules and of the dashboard exist.
"""
import pathlib
import re
import shutil
import subprocess
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FOLDER = SOURCE / "etc" / "prometheus"
RULES = FOLDER / "flow-exporter.rules.yml"
TESTS = FOLDER / "flow-exporter.test.yml"
SEVERITIES = {"critical", "warning", "info"}


def alerts():
    """{name: the text of the rule}. The file is read as plain text, so that no YAML library is needed."""
    parts = re.split(r"^      - alert: (\w+)\n", RULES.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def recorded():
    return re.findall(r"^      - record: (\S+)$", RULES.read_text(), re.M)


def sections():
    """{alert: the text below its heading}."""
    parts = re.split(r"^### (\w+)\n", (SOURCE / "docs/monitoring.md").read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


class Rules(unittest.TestCase):
    def promtool(self, *arguments):
        if not shutil.which("promtool"):
            self.skipTest("there is no promtool")
        done = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=600, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_rules_and_configuration_are_sound(self):
        self.assertIn("SUCCESS", self.promtool("check", "rules", "--lint=all", "--lint-fatal", RULES.name))
        self.assertIn("SUCCESS", self.promtool("check", "config", "--lint=all", "--lint-fatal", "prometheus.yml"))
        self.assertIn("SUCCESS", self.promtool("check", "config", "--lint=all", "--lint-fatal", "prometheus-tls.yml"))

    def test_rules_do_what_their_tests_say(self):
        self.assertIn("SUCCESS", self.promtool("test", "rules", TESTS.name))

    def test_every_rule_has_a_test(self):
        text = TESTS.read_text()
        for name in alerts():
            with self.subTest(name):
                self.assertIn(f'alertname="{name}", alertstate="firing"', text)
        for name in recorded():
            with self.subTest(name):
                self.assertIn(f"- expr: {name}\n", text)

    def test_every_alert_has_its_section_and_every_section_its_alert(self):
        self.assertGreater(len(alerts()), 20)
        self.assertEqual(sorted(alerts()), sorted(sections()))
        self.assertEqual(list(alerts()), list(sections()), "in the same order")

    def test_alerts_say_what_to_do(self):
        for name, rule in alerts().items():
            with self.subTest(name):
                severity = re.search(r"severity: (\w+)", rule).group(1)
                self.assertIn(severity, SEVERITIES)
                self.assertTrue(sections()[name].lstrip().startswith(f"*{severity}"), "the section's severity")
                self.assertIn(f"runbook: docs/monitoring.md#{name.lower()}\n", rule)
                for annotation in ("summary: ", "description: "):
                    self.assertEqual(rule.count(f"          {annotation}"), 1)

    def test_every_record_is_in_the_document(self):
        text = (SOURCE / "docs/monitoring.md").read_text()
        for name in recorded():
            self.assertIn(f"`{name}`", text)


if __name__ == "__main__":
    unittest.main()
