"""The packages in build/packages, and what is in them. ./dev test packages makes them first; nothing here builds."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
PACKAGES = SOURCE / "build" / "packages"
# True with --all: also run tests that take minutes or need what CI lacks (./dev test packages --all).
WHOLE = bool(os.environ.get("FLOW_EXPORTER_ALL"))
DEBUG = re.compile(r"-(dbgsym|debuginfo|debugsource)$")

whole = pytest.mark.whole


def output_of(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}: status {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def debs():
    """{name: file}, without packages of debugging symbols."""
    found = {path.name.split("_")[0]: path for path in (PACKAGES / "deb").glob("*.deb")}
    found = {name: path for name, path in found.items() if not DEBUG.search(name)}
    assert found, f"no packages in {PACKAGES}/deb: ./dev package deb"
    return found


def rpms():
    """{name: file}, without source packages."""
    found = {}
    for path in (PACKAGES / "rpm").glob("*.rpm"):
        name = re.sub(r"-[^-]+-[^-]+\.[^.]+\.rpm$", "", path.name)
        if not path.name.endswith(".src.rpm") and not DEBUG.search(name):
            found[name] = path
    assert found, f"no packages in {PACKAGES}/rpm: ./dev package rpm"
    return found


@dataclass(frozen=True)
class File:
    mode: str
    target: str = ""  # where a link leads


def files_of_deb(path):
    """{path: File}. Folders are included; their paths end with a slash."""
    found = {}
    for line in output_of("dpkg-deb", "-c", path).splitlines():
        mode, _, _, _, _, name = line.split(None, 5)
        name, _, target = name.removeprefix(".").partition(" -> ")
        found[name] = File(mode, target)
    return found


def files_of_rpm(path):
    found = {}
    query = "[%{FILEMODES:perms}\t%{FILENAMES}\t%{FILELINKTOS}\n]"
    for line in output_of("rpm", "-qp", "--qf", query, path).splitlines():
        mode, name, target = line.split("\t")
        found[name + ("/" if mode.startswith("d") else "")] = File(mode, target)
    return found


def unpack_deb(path, folder):
    output_of("dpkg-deb", "-x", path, folder)


def unpack_rpm(path, folder):
    """Unpacks with rpm2archive, which writes an ordinary archive. The output of rpm2cpio would need cpio."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(path, "rb") as file:
        done = subprocess.run(["rpm2archive", "-"], stdin=file, capture_output=True, check=True)
    subprocess.run(["tar", "-xzf", "-", "-C", folder], input=done.stdout, check=True)
