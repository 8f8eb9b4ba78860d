#!/usr/bin/env python3
"""No circle of files: a reader of one file need not read all the others first.

The core, and each plugin, is a graph. An object depends on another one if it uses a function or a variable of that one.
Headers make another graph, of includes. Neither may have a circle; the decoder's recursion is the only exception.

`make check` runs this file in the build folder. By hand: FLOW_EXPORTER_BUILD=build tests/lint/test_circles.py
"""
import os
import pathlib
import re
import subprocess
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FLOW_EXPORTER_BUILD", ".")).resolve()
PROGRAMS = ["core", *(f"plugins/{folder.name}" for folder in sorted(SOURCE.glob("plugins/*/")))]
# A list holds records, and their values can be lists. Each way of scanning is the same parser.
RECURSION = {f"core/decode/{name}.c" for name in ("convert", "decoder", "list", "parse_avx2", "parse_neon", "parse_portable",
                                                  "parse_sse2")}


def symbols(files):
    """The symbols that each object defines for others, and those that it uses of others."""
    found = {str(file): (set(), set()) for file in files}
    listing = subprocess.run([os.environ.get("NM", "nm"), "--format=posix", "-A", *found], capture_output=True, text=True,
                             check=True)
    for line in listing.stdout.splitlines():
        file, _, rest = line.partition(": ")
        name, kind = rest.split()[:2]
        if kind in "Uvw":
            found[file][1].add(name)
        elif kind.isupper() and kind != "N":
            found[file][0].add(name)
    return found


def sources(program):
    """The sources of the build, each with its object. An object without a source is from an earlier build."""
    found = {}
    for file in (BUILD / program).rglob("*.o"):
        folder = file.parent.parent if file.parent.name == ".libs" else file.parent
        source = folder.relative_to(BUILD) / (file.stem.rpartition("-")[2] + ".c")
        if (SOURCE / source).exists():
            found[str(source)] = file
    return found


def objects_graph(program):
    objects = sources(program)
    listed = symbols(objects.values())
    known = {source: listed[str(file)] for source, file in objects.items()}
    owner = {name: source for source, (defined, _) in known.items() for name in defined}
    return {source: {owner[name] for name in used if name in owner} - {source} for source, (_, used) in known.items()}


def headers_graph(program):
    root = SOURCE / program
    names = {str(file.relative_to(root)) for file in root.rglob("*.h")}
    return {name: set(re.findall(r'^#include [<"]([^">]+)[>"]', (root / name).read_text(), re.M)) & names for name in names}


def reachable(graph, start):
    seen, waiting = set(), [start]
    while waiting:
        new = graph[waiting.pop()] - seen
        seen |= new
        waiting.extend(new)
    return seen


def circles(graph):
    """Files that depend on each other, as sorted lists."""
    below = {name: reachable(graph, name) for name in graph}
    found = {tuple(sorted(other for other in below[name] if name in below[other])) for name in graph if name in below[name]}
    return sorted(found)


class Circles(unittest.TestCase):
    def test_a_circle_is_found(self):
        graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": set()}
        self.assertEqual(circles(graph), [("a", "b", "c")])
        self.assertEqual(circles({"a": {"b"}, "b": set()}), [])

    def test_objects(self):
        built = [program for program in PROGRAMS if sources(program)]
        self.assertIn("core", built)
        for program in built:
            graph = objects_graph(program)
            if not any(graph.values()):
                self.skipTest("objects without symbols: built with LTO")
            if program == "core":
                self.assertIn("core/pipeline/worker.c", graph["core/pipeline/start.c"])
            for circle in circles(graph):
                inner = {name: sorted(graph[name] & set(circle)) for name in circle}
                self.assertTrue(set(circle) <= RECURSION, f"{program}: {inner}")

    def test_headers(self):
        for program in PROGRAMS:
            self.assertEqual(circles(headers_graph(program)), [], program)

    def test_names(self):
        """A header's name is unique: no other header of the program, or of the installed ones, has it."""
        for program in PROGRAMS:
            names = [file.name for file in (SOURCE / program).rglob("*.[ch]")]
            self.assertEqual(sorted({name for name in names if names.count(name) > 1}), [], program)


if __name__ == "__main__":
    unittest.main()
