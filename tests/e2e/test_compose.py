"""The command lines of compose.yaml, each run as a process: from NetFlow to the answers of Prometheus."""

import json
import os
import subprocess
import sys
from pathlib import Path

from kafka import LIBS
from programs import SLOWNESS

import pytest

UNSHARE = ["unshare", "--mount", "--net"] + ([] if os.getuid() == 0 else ["--map-root-user"])


def test_the_chain(tmp_path):
    if subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to make network and mount namespaces")
    if not LIBS.is_dir():
        pytest.skip(f"needs Kafka's jars in {LIBS}")
    script = Path(__file__).with_name("compose_services.py")
    done = subprocess.run([*UNSHARE, sys.executable, script, tmp_path], capture_output=True, text=True, timeout=240 * SLOWNESS)
    logs = "".join(f"== {path}\n{path.read_text(errors='replace')[-2000:]}\n" for path in sorted(tmp_path.rglob("*.log")))
    assert done.returncode == 0, done.stdout + done.stderr + logs
    found = json.loads(done.stdout)
    pairs = {tuple(entry[:3]) for entry in found["flows"]}
    assert pairs == {("0", "64496", "border.example.net"), ("64496", "0", "border.example.net")}
    assert found["rules"] >= 2
