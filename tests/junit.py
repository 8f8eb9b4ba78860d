"""Reads the JUnit file of a run of pytest, for ./dev test.

junit.py bad FILE             the tests that failed, each as pytest takes it
junit.py steadied FILE AGAIN  those that failed in FILE and passed in AGAIN
junit.py counts FILE AGAIN    passed, failed, skipped

A test that passed in AGAIN does not count as failed. AGAIN need not exist.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def node(case):
    """The name for pytest's command line. The class's name is the path of the file, with points."""
    return f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}"


def results(path):
    """Each test's result. A test that ends with an error after a failure is in the file twice."""
    found = {}
    for case in ElementTree.parse(path).getroot().iter("testcase") if Path(path).exists() else ():
        if case.find("failure") is not None or case.find("error") is not None:
            found[node(case)] = "failed"
        else:
            found.setdefault(node(case), "skipped" if case.find("skipped") is not None else "passed")
    return found


def bad(path):
    return [name for name, result in results(path).items() if result == "failed"]


def steadied(path, again):
    second = results(again)
    return [name for name in bad(path) if second.get(name) == "passed"]


def counts(path, again):
    all_results = [*{**results(path), **dict.fromkeys(steadied(path, again), "passed")}.values()]
    return [" ".join(str(all_results.count(result)) for result in ("passed", "failed", "skipped"))]


if __name__ == "__main__":
    for line in {"bad": bad, "steadied": steadied, "counts": counts}[sys.argv[1]](*sys.argv[2:]):
        print(line)  # none is no line, not an empty one
