"""Crowds that spoil the page for others: a scrape that reads at a normal pace is answered, whatever they do."""

import gzip
import http.client
import ssl
import sys
import time
from pathlib import Path

import pytest

from configs import ASN, stdin_config
from page import Page
from programs import SLOWNESS, Program, wait_until
from secure_kafka import Certificates
from test_http import flowing  # a fixture

THEIRS, OURS = "127.0.0.66", "127.0.0.1"
SCRAPES = 10
TIMEOUT = 10  # Prometheus's own, if nothing else is configured


def scrape(program, source, headers=None):
    """As Prometheus does it: a whole page within its time, or why not."""
    make = http.client.HTTPSConnection if program.tls else http.client.HTTPConnection
    more = {"context": program.tls} if program.tls else {}
    begin = time.monotonic()
    connection = make("127.0.0.1", program.port, timeout=TIMEOUT * SLOWNESS, source_address=(source, 0), **more)
    try:
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip", **(headers or {})})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            return f"status {answer.status}"
        if answer.getheader("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        Page(body.decode())
        took = time.monotonic() - begin
        return "" if took < TIMEOUT * SLOWNESS else f"took {took:.1f} s"
    except (OSError, http.client.HTTPException, EOFError) as fault:
        return repr(fault)
    finally:
        connection.close()


@pytest.fixture
def crowd(tmp_path):
    """Starts crowds, from their address or ours."""
    started = []

    def start(program, kind, source=THEIRS):
        tls = ["--tls"] if program.tls else []
        command = [sys.executable, Path(__file__).with_name("crowd.py"), kind, program.port, source, *tls]
        started.append(Program(command, tmp_path / "crowd", f"crowd-{len(started)}"))
        started[-1].wait_for_log("at work")
        return started[-1]

    yield start
    for one in started:
        one.end()


def faults_of(program, source, count=SCRAPES, **options):
    faults = []
    for _ in range(count):
        faults.append(scrape(program, source, **options))
        time.sleep(0.2)
    return [fault for fault in faults if fault]


def settles(program, kind):
    """The crowd is there in force when the program has had this many more connections than before."""


@pytest.mark.parametrize("source", [OURS, THEIRS])
@pytest.mark.parametrize("kind", ["silent", "trickle", "half-heads", "requests", "readers"])
def test_measure(flowing, crowd, kind, source):
    program = flowing(series=20_000)
    program.wait_for_page(lambda shown: len(shown.text) > 1_000_000, "a big page")
    crowd(program, kind, source)
    time.sleep(4)
    t = time.monotonic()
    faults = faults_of(program, OURS)
    print("RESULT", kind, source, len(faults), faults[:3], round((time.monotonic() - t - 2)/SCRAPES, 3), file=sys.stderr)
