#!/usr/bin/env python3
"""Every broken plugin is refused with exit status 78. The message names its file and its fault.

`make check` runs this file in the build folder. By hand: FLOW_EXPORTER_BUILD=build tests/bad-plugins/test_refusals.py
"""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("FLOW_EXPORTER_BUILD", ".")).resolve()
PROGRAM = BUILD / "core" / "flow-exporter"
PLUGINS = BUILD / "tests" / "bad-plugins" / ".libs"

HEADER = pathlib.Path(__file__).resolve().parents[2] / "core/include/flow-exporter/plugin.h"
MAJOR, MINOR = (int(re.search(rf"#define FX_ABI_{which} (\d+)", HEADER.read_text()).group(1))
                for which in ("MAJOR", "MINOR"))

# Plugin: what the message must say besides the file.
REFUSALS = {
    "bad-magic": ["magic", "0x12345678"],
    "bad-abi-major": [f"ABI {MAJOR + 1}.{MINOR}", f"{MAJOR}.{MINOR}"],
    "bad-abi-old": ["ABI 1.2", f"{MAJOR}.{MINOR}"],
    "bad-size-small": ["16 bytes"],
    "bad-size-large": ["bytes", f"ABI {MAJOR}.{MINOR}"],
    "bad-kind": ["kind", "9"],
    "bad-no-symbol": ["fx_plugin_descriptor"],
    "bad-missing-function": ["bad_function_that_nobody_has"],
    "bad-name-null": ["no name"],
    "bad-name-other": ["somebody-else"],
    "bad-version-null": ["version"],
    "bad-no-create": ["output", "'create'"],
    "bad-no-destroy": ["output", "'destroy'"],
    "bad-no-poll": ["input", "'poll'"],
    "bad-no-enrich": ["resolver", "'enrich'"],
    "bad-no-write": ["output", "'write'"],
    "bad-no-rolled-back": ["output", "'rolled_back'"],
    "bad-no-worker-free": ["output", "'worker_free'"],
    "bad-option-duplicate": ["'count'"],
    "bad-option-default": ["'count'", "many"],
    "bad-option-help": ["'count'", "help"],
    "bad-option-place": ["'count'"],
    "bad-metric-labels": ["'lag'", "max_series"],
    "bad-metric-bounds": ["'row_seconds'", "ascending"],
    "bad-metric-help": ["'rows_total'", "help"],
    "bad-flags": ["flags", "0x40000000"],
    "bad-serialized": ["input", "serialized"],
    "bad-tick": ["tick_interval_ms"],
}
SECTIONS = {"bad-no-poll": "inputs", "bad-serialized": "inputs", "bad-no-enrich": "resolvers"}


def run(*args):
    return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60, check=False)


class Refusals(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()

    def assert_refused(self, result, *fragments):
        self.assertIn(result.returncode, (64, 78), result)
        for fragment in fragments:
            self.assertIn(str(fragment), result.stderr)
        self.assertNotIn("Sanitizer", result.stderr)

    def show(self, plugin, folder=PLUGINS):
        return run("--plugin-dir", folder, "plugin", plugin)

    def check(self, plugin, section="outputs"):
        """Runs --check on a file that uses the plugin beside sound ones."""
        entries = {"inputs": BUILD / "plugins/input-stdin/input-stdin.la", "outputs": PLUGINS / "good.so"}
        if not entries["inputs"].exists():
            self.skipTest("input-stdin is not built")
        entries["inputs"] = entries["inputs"].parent / ".libs/input-stdin.so"
        entries[section] = plugin
        self.config = self.folder / "config.yaml"
        self.config.write_text("".join(f"{key}:\n  - plugin: {value}\n" for key, value in entries.items()))
        self.line = 2 * list(entries).index(section) + 2
        return run("--plugin-dir", PLUGINS, "--config", self.config, "--check")

    def test_the_sound_one_is_taken(self):
        self.assertEqual(self.show("good").returncode, 0, self.show("good"))
        result = self.check("good")
        self.assertEqual(result.returncode, 0, result)

    def test_one_of_a_later_minor_version_is_taken(self):
        self.assertEqual(self.show("later-minor").returncode, 0, self.show("later-minor"))
        self.assertEqual(self.check("later-minor").returncode, 0, self.check("later-minor"))

    def test_every_broken_one_is_in_the_table(self):
        built = {file.stem for file in PLUGINS.glob("bad-*.so")}
        self.assertEqual(built, set(REFUSALS))

    def test_plugin_command(self):
        for plugin, fragments in REFUSALS.items():
            with self.subTest(plugin):
                self.assert_refused(self.show(plugin), PLUGINS / f"{plugin}.so", *fragments)

    def test_check_of_a_configuration(self):
        for plugin, fragments in REFUSALS.items():
            with self.subTest(plugin):
                result = self.check(plugin, SECTIONS.get(plugin, "outputs"))
                self.assert_refused(result, PLUGINS / f"{plugin}.so", f"{self.config}:{self.line}:13", *fragments)

    def test_kind_against_section(self):
        self.assertEqual(self.show("kind-resolver").returncode, 0)
        self.assert_refused(self.check("kind-resolver"), f"{self.config}:4:13", "'resolvers'", "'outputs'")

    def test_files_that_are_no_shared_objects(self):
        sound = (PLUGINS / "good.so").read_bytes()
        contents = {"text": b"This is no plugin.\n" * 100, "empty": b"", "cut": sound[:40], "zeros": bytes(4096)}
        for name, content in contents.items():
            with self.subTest(name):
                file = self.folder / f"{name}.so"
                file.write_bytes(content)
                self.assert_refused(self.show(name, self.folder), file, "can't be loaded")

    def test_a_folder_instead_of_a_file(self):
        (self.folder / "folder.so").mkdir()
        self.assert_refused(self.show("folder", self.folder), self.folder / "folder.so")

    def test_a_file_without_permission(self):
        file = self.folder / "secret.so"
        file.write_bytes((PLUGINS / "good.so").read_bytes())
        file.chmod(0)
        if os.access(file, os.R_OK):
            self.skipTest("the superuser reads every file")
        self.assert_refused(self.show("secret", self.folder), file, "Permission denied")

    def test_absent(self):
        self.assert_refused(self.show("absent", self.folder), "'absent'", self.folder)
        self.assert_refused(self.check(self.folder / "absent.so"), self.folder / "absent.so", f"{self.config}:4:13")
        (self.folder / "dangling.so").symlink_to("nowhere")
        self.assert_refused(self.show("dangling", self.folder), "dangling")

    def test_names_that_are_no_names(self):
        for name in ("../good", "Good", "", "good.so", "go od"):
            with self.subTest(name):
                self.assertNotEqual(self.show(name).returncode, 0)

    def test_list_of_plugins_names_each_with_its_reason(self):
        result = run("--plugin-dir", PLUGINS, "plugins")
        self.assertEqual(result.returncode, 1, result)
        lines = {line.split()[0]: line for line in result.stdout.splitlines() if line.split()}
        self.assertIn("Loads.", lines["good"])
        for plugin, fragments in REFUSALS.items():
            for fragment in fragments:
                self.assertIn(fragment, lines[plugin])


if __name__ == "__main__":
    unittest.main()
