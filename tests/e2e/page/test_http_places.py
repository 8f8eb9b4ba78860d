"""Crowds that spoil the page for others. A scrape that reads at a normal pace is answered, whatever they do."""

import gzip
import http.client
import socket
import ssl
import sys
import time
from pathlib import Path

import pytest
import yaml

from configs import stdin_config
from page import Page
from programs import SLOWNESS, Program, wait_until
from secure_kafka import Certificates
from test_http import config_with, flowing  # flowing is a fixture
from test_web import PASSWORD, encoded, hash_of

THEIRS, OURS, NEUTRAL = "127.0.0.66", "127.0.0.1", "127.0.0.9"
SCRAPES = 4
PROMETHEUS_TIMEOUT = 10
TIMEOUT = 60  # a refusal or a cut is a fault; a late answer on a machine that the crowd loads is not


def connect_as(program, source, timeout=TIMEOUT):
    make = http.client.HTTPSConnection if program.tls else http.client.HTTPConnection
    more = {"context": program.tls} if program.tls else {}
    return make("127.0.0.1", program.port, timeout=timeout * SLOWNESS, source_address=(source, 0), **more)


def scrape(program, source, headers=None, timeout=TIMEOUT):
    """Scrapes as Prometheus does. Gives an empty text for a whole page in time, or the fault."""
    connection, begin = connect_as(program, source, timeout), time.monotonic()
    try:
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip", **(headers or {})})
        answer = connection.getresponse()
        body = answer.read()
        if time.monotonic() - begin > timeout * SLOWNESS:
            return "late"
        if answer.status != 200:
            return f"status {answer.status}"
        if answer.getheader("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        # Parsing the page would cost Python more than anything else here.
        return "" if b"\nflow_exporter_build_info{" in body and body.endswith(b"\n") else f"{body[-100:]} at the end"
    except (OSError, http.client.HTTPException, EOFError) as fault:
        return repr(fault)
    finally:
        connection.close()


@pytest.fixture
def crowd(tmp_path):
    """Starts crowds, from their own address or from ours."""
    started = []

    def start(program, kind, source=THEIRS):
        tls = ["--tls"] if program.tls else []
        command = [sys.executable, Path(__file__).parents[1] / "crowd.py", kind, program.port, source, *tls]
        started.append(Program(command, tmp_path / "crowd", f"crowd-{len(started)}"))
        started[-1].wait_for_log("at work")
        return started[-1]

    yield start
    for one in started:
        one.end()


def counter(program, name, source=OURS, headers=None):
    """The sum over one metric of the program, which the request selects. None: no answer."""
    connection = connect_as(program, source)
    try:
        connection.request("GET", f"/metrics?name[]={name}", headers=headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        return Page(text).self_sum(name) if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def begins(program, crowd, kind, source, least, **options):
    """Starts a crowd and waits until it is at work: so many more connections than before were accepted."""
    name = "flow_exporter_http_connections_total"
    before = wait_until(lambda: counter(program, name, NEUTRAL, **options), "connections are counted")
    one = crowd(program, kind, source)
    wait_until(lambda: (counter(program, name, NEUTRAL, **options) or 0) > before + least, f"{kind} are at work", 60)
    return one


def faults_of(program, source, **options):
    faults = [scrape(program, source, **options) for _ in range(SCRAPES)]
    return [fault for fault in faults if fault]


@pytest.fixture
def big(flowing):
    """A program whose page fills all buffers on the way. A client that does not read is felt."""
    program = flowing(series=20_000)
    program.wait_for(lambda: len(program.page_text()) > 1_500_000, "a big page", 60)
    return program


SLOW = {"silent": 120, "trickle": 16}
FAST = {"tops": 300, "readers": 24}


@pytest.mark.parametrize("kind", [*SLOW, *FAST])
def test_a_crowd_elsewhere(big, crowd, kind):
    """Whatever a crowd on another address does, every scrape is answered whole."""
    begins(big, crowd, kind, THEIRS, {**SLOW, **FAST}[kind])
    assert not faults_of(big, OURS)
    assert counter(big, "flow_exporter_http_cuts_held", NEUTRAL) <= 4


@pytest.mark.parametrize("kind", [*SLOW, "readers", "tops", "leavers"])
def test_a_crowd_of_our_own_address(big, crowd, kind):
    """Clients that can be told apart by their behaviour do no harm from the same address, either."""
    begins(big, crowd, kind, OURS, {**SLOW, **FAST}.get(kind, 300))
    assert not faults_of(big, OURS)


@pytest.mark.parametrize("source", [OURS, THEIRS])
@pytest.mark.parametrize("kind", ["half-heads", "requests"])
def test_a_flood(big, crowd, kind, source):
    """Two threads connect as fast as they can. A scrape is answered in the time that Prometheus allows."""
    begins(big, crowd, kind, source, 300)
    faults = [scrape(big, OURS, timeout=PROMETHEUS_TIMEOUT) for _ in range(10)]
    assert sum(not fault for fault in faults) >= 9, faults


def test_a_flood_is_held_off(big, crowd):
    """More requests wait than will soon be served. Their address can't open more at the pace at which it tries."""
    one = begins(big, crowd, "keepers", THEIRS, 300)
    name = "flow_exporter_http_connections_waiting"
    assert max(counter(big, name, NEUTRAL) for _ in range(10)) > 0
    one.end()
    wait_until(lambda: counter(big, name, NEUTRAL) == 0, "nobody waits", 60)
    assert not scrape(big, THEIRS)  # the address is no longer held off


def web_config(tmp_path, **more):
    certificates, path = Certificates(tmp_path / "certificates"), tmp_path / "web.yml"
    server = {"cert_file": certificates["server.pem"], "key_file": certificates["server.key"]}
    path.write_text(yaml.safe_dump({"tls_server_config": server, **more}))
    return str(path), ssl.create_default_context(cafile=certificates["ca.pem"])


def test_a_flood_with_tls_and_passwords(exporter, crowd, tmp_path):
    """Handshakes that never end, half heads, whole requests and guesses come from our own address."""
    path, tls = web_config(tmp_path, basic_auth_users={"alice": hash_of(PASSWORD, 5)})
    says = {"Authorization": encoded(f"alice:{PASSWORD}".encode())}
    program = exporter(config_with(web_config=path), tls=tls)
    assert not scrape(program, OURS, says)
    for kind, least in {"hellos": 300, "half-heads": 64, "requests": 64, "guesses": 64}.items():
        one = begins(program, crowd, kind, OURS, least, headers=says)
        faults = [scrape(program, OURS, says, PROMETHEUS_TIMEOUT) for _ in range(10)]
        assert sum(not fault for fault in faults) >= 9, (kind, faults)
        one.end()


def test_a_crowd_with_tls_and_passwords(exporter, crowd, tmp_path):
    """There are endless handshakes and guesses. A known password is answered at once; an unknown one waits for a check
    or two."""
    users = {"alice": hash_of(PASSWORD, 5), "bob": hash_of(PASSWORD, 12)}
    path, tls = web_config(tmp_path, basic_auth_users=users)
    says = {user: {"Authorization": encoded(f"{user}:{PASSWORD}".encode())} for user in users}
    program = exporter(config_with(web_config=path), tls=tls)
    assert not faults_of(program, OURS, headers=says["alice"])
    ended = [begins(program, crowd, "hellos", THEIRS, 300, headers=says["alice"])]
    assert not faults_of(program, OURS, headers=says["alice"])
    ended.pop().end()
    begins(program, crowd, "guesses", THEIRS, 64, headers=says["alice"])
    assert not faults_of(program, OURS, headers=says["alice"])
    assert not faults_of(program, OURS, headers=says["bob"])


def answer_to(program, said):
    with socket.create_connection(("127.0.0.1", program.port), 30 * SLOWNESS) as client:
        client.sendall(said)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    return answer.split(b"\r\n")[0]


def test_big_heads(exporter):
    """A head of 64 KiB with up to 1,000 parameters and 1,000 lines is accepted. A greater one is refused by an answer
    that says so."""
    program = exporter(stdin_config())

    def ask(query="", headers=b""):
        head = f"GET /-/healthy{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode()
        return answer_to(program, head + headers + b"\r\n")

    assert b" 200 " in ask("?" + "&".join(f"p{number}=v" for number in range(900)))
    assert b" 200 " in ask("?" + "&".join("a" for _ in range(1000)), b"X: y\r\n" * 990)
    assert b" 200 " in ask(headers=b"X-A: " + b"a" * 64_000 + b"\r\n")
    assert b" 414 " in ask("?" + "&".join("a" for _ in range(1001)))
    assert b" 414 " in ask("?" + "&" * 30_000)
    assert b" 431 " in ask(headers=b"X: y\r\n" * 5000)
    shown = program.page()
    assert shown.self_sum("flow_exporter_http_requests_total", answer="refused") == 2
