#!/usr/bin/env python3
"""Where plugins are loaded from, who could change them, and what a crash in one reports. Runs the real program.

`make check` runs this file in the build folder. By hand: FLOW_EXPORTER_BUILD=build tests/plugin/test_loading.py
"""
import os
import pathlib
import platform
import resource
import shutil
import signal
import subprocess
import unittest

from test_plugins import PLUGINS, PROGRAM, TIMEOUT_S, PluginTest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = (PROGRAM.parent / ".libs" / "libflow-exporter.so").read_bytes()
IS_SANITIZED = b"__asan_init" in LIBRARY or b"__tsan_init" in LIBRARY


class LoadingTest(PluginTest):
    def run_program(self, *arguments, **options):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
                              **options)

    def copy(self, folder="plugins"):
        """Copies output-sum.so into a folder where nobody else may write."""
        file = self.folder / folder / "output-sum.so"
        file.parent.mkdir(mode=0o755)
        shutil.copy(PLUGINS / "output-sum.so", file)
        file.chmod(0o644)
        return file

    def show(self, file):
        return self.run_program("--plugin-dir", file.parent, "plugin", "output-sum")


class Folders(LoadingTest):
    def test_a_folder_that_is_not_there(self):
        for command in (["plugins"], ["plugin", "output-sum"], ["--brokers", "b", "--topic", "t", "--check"]):
            result = self.run_program("--plugin-dir", self.folder / "absent", *command)
            self.assertEqual(result.returncode, 64, result)
            self.assertIn(f"--plugin-dir '{self.folder}/absent': No such file or directory", result.stderr)
        result = self.run_program("--plugin-dir", self.copy(), "plugins")
        self.assertEqual(result.returncode, 64, result)
        self.assertIn("it is no folder", result.stderr)

    def test_a_file_that_is_hidden_by_another_of_its_name(self):
        first, second = self.copy("first"), self.copy("second")
        result = self.run_program("--plugin-dir", first.parent, "--plugin-dir", second.parent, "--plugin-dir",
                                  first.parent, "plugins")
        self.assertIn(f"{first}\n", result.stdout)
        self.assertEqual(result.stdout.count(str(first)), 1)
        self.assertIn(f"not used, because it comes later: {second}\n", result.stdout)


class Trust(LoadingTest):
    def check(self, file, because):
        result = self.show(file)
        self.assertIn(because, result.stderr)
        self.assertIn(str(file), result.stderr)
        if os.geteuid() == 0:
            self.assertEqual(result.returncode, 78, result)
            self.assertIn("refused", result.stderr)
        else:
            self.assertEqual(result.returncode, 0, result)
            self.assertIn("Others can change this plugin.", result.stderr)

    def test_nobody_else_can_write_it(self):
        result = self.show(self.copy())
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_everybody_can_write_the_file(self):
        file = self.copy()
        file.chmod(0o646)
        self.check(file, "the file may be written by everybody")

    def test_everybody_can_write_the_folder(self):
        file = self.copy()
        file.parent.chmod(0o777)
        self.check(file, "its folder may be written by everybody")

    def test_behind_a_link(self):
        file, link = self.copy(), self.folder / "links" / "output-sum.so"
        file.chmod(0o666)
        link.parent.mkdir()
        link.symlink_to(file)
        self.check(link, "the file may be written by everybody")

    def test_another_owner_or_group(self):
        if os.geteuid() != 0:
            return  # only root can make such a file
        file = self.copy()
        os.chown(file, 12345, 0)
        self.check(file, "the file belongs to another user")
        os.chown(file, 0, 12345)
        self.assertEqual(self.show(file).returncode, 0)
        file.chmod(0o664)
        self.check(file, "the file may be written by a group")
        file.chmod(0o644)
        os.chown(file.parent, 12345, 0)
        self.check(file, "its folder belongs to another user")

    def test_the_configuration_has_its_place(self):
        file = self.copy()
        file.chmod(0o666)
        self.config.write_text(f"inputs:\n  - plugin: {PLUGINS}/input-lines.so\n    lines: [x]\n"
                               f"outputs:\n  - plugin: {file}\n")
        result = self.run_program("--config", self.config, "--check")
        if os.geteuid() == 0:
            self.assertEqual(result.returncode, 78, result)
            self.assertIn(f"{self.config}:5:13: ", result.stderr)


class Crashes(LoadingTest):
    def crash(self, **options):
        process = self.start([self.input("a")], [{"plugin": "output-crash", "name": "mine", **options}])
        _, err = process.communicate(timeout=TIMEOUT_S)
        return process.returncode, err.splitlines()

    def check(self, call, name, status, **options):
        code, lines = self.crash(at=call, **options)
        line = f"flow-exporter: mine: the plugin output-crash crashed in {call}: {name}"
        self.assertIn(line, lines)
        if not IS_SANITIZED:  # a sanitizer's report follows
            self.assertEqual(lines[-1], line)
            self.assertEqual(code, -status)

    def test_a_crash_names_the_plugin_and_the_call(self):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        self.check("create", "SIGSEGV", signal.SIGSEGV)
        self.check("create", "SIGABRT", signal.SIGABRT, how="abort")
        self.check("write", "SIGSEGV", signal.SIGSEGV)
        self.check("create", "SIGSEGV", signal.SIGSEGV, how="overflow")

    def test_a_signal_from_outside_is_no_plugins_fault(self):
        process = self.start([self.input("a", finish="wait")], [self.rows()])
        self.wait_for(process, lambda: self.lines("calls"))
        process.send_signal(signal.SIGABRT)
        _, err = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, -signal.SIGABRT)
        self.assertNotIn("crashed", err)


@unittest.skipUnless(platform.machine() == "x86_64", "the kept plugins are for amd64")
class Kept(LoadingTest):
    """tests/abi has a plugin as it was built with the headers of each ABI version. It must load for ever."""

    def test_a_plugin_of_each_version(self):
        kept = sorted((SOURCE / "tests" / "abi").glob("*/output-sum.so"))
        self.assertTrue(kept)
        for number, file in enumerate(kept):
            own = self.copy(f"kept-{number}")
            shutil.copyfile(file, own)
            err = self.run_to_end([self.input("1", "2", "3")], [{"plugin": str(own)}])
            self.assertIn("output-sum: This is the sum. sum=30", err, file)


if __name__ == "__main__":
    unittest.main()
