#!/usr/bin/env python3
"""Plugins in C++: they compile without a warning with g++ and clang++, load, and do their work.

`make check` runs this file in the build folder. By hand: FLOW_EXPORTER_BUILD=build tests/plugin/test_cxx.py
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("FLOW_EXPORTER_BUILD", ".")).resolve()
PROGRAM = BUILD / "core" / "flow-exporter"
HERE = pathlib.Path(__file__).resolve().parent
HEADERS = HERE.parents[1] / "core" / "include"
FLAGS = ["-std=c++20", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fPIC", "-fvisibility=hidden"]
TIMEOUT_S = 120


class Cxx(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()

    def run_command(self, *command):
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)

    def compile(self, compiler):
        if not shutil.which(compiler):
            self.skipTest(f"needs {compiler}")
        for source in sorted((HERE / "cxx").glob("*.cc")):
            result = self.run_command(compiler, *FLAGS, f"-I{HEADERS}", "-shared", "-Wl,-z,now", source,
                                      "-o", self.folder / f"{source.stem}.so")
            self.assertEqual((result.returncode, result.stderr), (0, ""))

    def work(self, **output):
        """Runs records through all three plugins. Gives the program's result and the output's file."""
        lines = [json.dumps({"name": name, "bytes": size}) for name, size in (("a", 3), ("b", 4))]
        config = {"state": {"directory": "none"},
                  "inputs": [{"plugin": "input-cxx", "lines": lines}],
                  "resolvers": [{"plugin": "resolver-cxx", "from": "name", "to": "marked"}],
                  "outputs": [{"plugin": "output-cxx", "file": str(self.folder / "sum"), "text": "marked", **output}]}
        file = self.folder / "config.yaml"
        file.write_text(json.dumps(config, indent=1))
        return self.run_command(PROGRAM, "--plugin-dir", self.folder, "--config", file)

    def check_with(self, compiler):
        self.compile(compiler)
        result = self.work()
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual((self.folder / "sum").read_text(), "7\na!\nb!\n")
        wrong = self.work(number="?")
        self.assertEqual(wrong.returncode, 78, wrong)
        self.assertIn("config.yaml:", wrong.stderr)
        self.assertIn("'?' is no name", wrong.stderr)

    def test_gcc(self):
        self.check_with("g++")

    def test_clang(self):
        self.check_with("clang++")

    def test_every_header_alone(self):
        for compiler in ("g++", "clang++"):
            if not shutil.which(compiler):
                self.skipTest(f"needs {compiler}")
            for header in sorted((HEADERS / "flow-exporter").glob("*.h")):
                result = self.run_command(compiler, *FLAGS, f"-I{HEADERS}", "-fsyntax-only", "-x", "c++",
                                          "-include", header, "/dev/null")
                self.assertEqual((result.returncode, result.stderr), (0, ""), header)


if __name__ == "__main__":
    unittest.main()
