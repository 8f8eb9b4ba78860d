"""The program that this one replaces, as its README shows it: the same flags, and the same lines for the same flows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kafka import LIBS
from programs import SLOWNESS

EXPECTED = """\
# HELP flow_receive_bytes_total Bytes received.
# TYPE flow_receive_bytes_total counter
flow_receive_bytes_total{destination_as="397143",destination_as_name="NEPTUNE-NETWORKS - Neptune Networks",\
hostname="border.neptunenetworks.org",source_as="10318",source_as_name="CABLEVISION S.A."} 663
# HELP flow_transmit_bytes_total Bytes transferred.
# TYPE flow_transmit_bytes_total counter
flow_transmit_bytes_total{destination_as="10318",destination_as_name="CABLEVISION S.A.",\
hostname="border.neptunenetworks.org",source_as="397143",source_as_name="NEPTUNE-NETWORKS - Neptune Networks"} 1137
"""
UNSHARE = ["unshare", "--mount", "--net"] + ([] if os.getuid() == 0 else ["--map-root-user"])


@pytest.fixture(name="namespace", scope="module")
def namespace_fixture():
    if subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to make network and mount namespaces")
    if not LIBS.is_dir():
        pytest.skip(f"needs Kafka's jars in {LIBS}")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--brokers=kafka.fqdn.com:9092", "--topic=pmacct.acct", "--asn=397143"],
        ["-brokers", "kafka.fqdn.com:9092", "-topic", "pmacct.acct", "-asn", "397143"],
        ["-brokers=kafka.fqdn.com:9092", "--topic", "pmacct.acct", "--partitions=0", "-asn=397143", "--addr=:9590"],
    ],
    ids=["two-dashes", "one-dash", "fixed-partitions"],
)
def test_example_of_the_old_readme(namespace, tmp_path, arguments):
    script = Path(__file__).with_name("old_readme.py")
    done = subprocess.run(
        [*UNSHARE, sys.executable, script, tmp_path, *arguments],
        capture_output=True, text=True, timeout=120 * SLOWNESS,
    )
    log = tmp_path / "flow-exporter.log"
    assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")
    shown = done.stdout[: done.stdout.index("# HELP flow_exporter_")]
    assert shown == EXPECTED
