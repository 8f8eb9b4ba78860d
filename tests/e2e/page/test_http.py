"""Listeners and abuse: whoever connects and whatever they do, records flow on, a good scrape is answered, and nothing
leaks."""

import http.client
import json
import os
import socket
import ssl
import stat
import subprocess
import threading
import time

import pytest

from configs import ASN, stdin_config
from programs import FLOWGEN, SCALE, SLOWNESS, flow_exporter_command, flow_exporter_run, free_port, http_get, wait_until
from page import Page
from secure_kafka import Certificates

MANY = max(100, int(1000 * SCALE))


def config_with(**options):
    config = stdin_config()
    config["outputs"][0].update(options)
    return config


class Flows:
    """Records for as long as the program runs, at a steady pace: flowgen's lines go into a pipe again and again."""

    def __init__(self, series=200):
        self.read_end, self.write_end = os.pipe()
        flags = ["--records", 20_000, "--asn", ASN, "--as", series, "--routers", 4]
        self.lines = subprocess.run([str(word) for word in (FLOWGEN, *flags)], capture_output=True, check=True).stdout
        self.stopping = False
        self.thread = threading.Thread(target=self.write, daemon=True)

    def write(self):
        try:
            while not self.stopping:
                data = memoryview(self.lines)
                while data and not self.stopping:
                    data = data[os.write(self.write_end, data[:65536]):]
                    time.sleep(0.005)  # 10 MB a second: a stream, not the most that the machine can do
        except BrokenPipeError:
            pass
        os.close(self.write_end)

    def stop(self):
        self.stopping = True
        self.thread.join(30)


@pytest.fixture
def flowing(exporter):
    """Starts the program with records streaming through it."""
    flows = []

    def start(series=200, tls=None, **options):
        flows.append(Flows(series))
        with os.fdopen(flows[-1].read_end, "rb") as stdin:
            program = exporter(config_with(**options), stdin=stdin, tls=tls)
        flows[-1].thread.start()
        program.wait_for_page(lambda shown: shown.self_sum("flow_exporter_records_total") > 1000, "records flow")
        return program

    yield start
    for one in flows:
        one.stop()


def resources(program):
    """The numbers of descriptors and threads, and the MiB of the process."""
    pid = program.process.pid
    status = open(f"/proc/{pid}/status").read()
    memory = int(status.split("VmRSS:")[1].split()[0]) / 1024
    return len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task")), memory


def connect(port, receive_buffer=None):
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(20 * SLOWNESS)
    client.connect(("127.0.0.1", port))
    return client


def closed_by(program, reason):
    return program.page().self_sum("flow_exporter_http_connections_closed_total", reason=reason)


def records_on(text):
    """The records on a whole page. Python would need far more time to parse the page than the program to make it."""
    name = "flow_exporter_records_total"
    lines = [line for line in text.splitlines(keepends=True) if line.startswith(name)]
    return Page("".join(lines)).self_sum(name)


def records_a_second(program, seconds):
    """Records a second, and the time of the slowest page. The measuring pages are the good scrapes."""
    first, last, slowest, begin = records_on(program.page_text()), 0, 0, time.monotonic()
    while not last or time.monotonic() - begin < seconds:
        asked = time.monotonic()
        text = program.page_text()
        slowest = max(slowest, time.monotonic() - asked)
        last = records_on(text)
        time.sleep(0.1)
    return (last - first) / (time.monotonic() - begin), slowest


def compare(program, abuse, seconds):
    """Measures the rate without and with the abuse. Gives what is wrong, or an empty text."""
    quiet, _ = records_a_second(program, seconds)
    clients = []
    try:
        abuse(clients)
        loud, slowest = records_a_second(program, seconds)
    except (OSError, http.client.HTTPException, AssertionError) as fault:
        return f"a good scrape: {fault!r}"
    finally:
        for client in clients:
            client.close()
    if slowest >= 5 * SLOWNESS:
        return f"a scrape took {slowest:.1f} s"
    return "" if loud > quiet / 2 else f"{loud:.0f} records a second, {quiet:.0f} without"


def stays_well(program, abuse, seconds=3):
    """Flows and scrapes are well during the abuse, and nothing of it is left afterwards."""
    before = resources(program)
    faults = []
    # Other tests run beside this one. A fault of the program shows each time.
    while len(faults) < 3 and not (faults and not faults[-1]):
        faults.append(compare(program, abuse, seconds))
    assert not faults[-1], faults

    def is_over():
        after = resources(program)
        return after[0] <= before[0] + 2 and after[1] <= before[1]

    program.wait_for(is_over, lambda: f"before {before}, after {resources(program)}")
    # Sanitizers keep freed memory for a while.
    assert SLOWNESS > 1 or resources(program)[2] < before[2] + 50


def test_idle_connections(flowing):
    """Four times as many connections as places. Silent ones wait for a place, and are in nobody's way."""
    program = flowing()

    def abuse(clients):
        clients.extend(connect(program.port) for _ in range(MANY))
        assert is_answered(program)
        shown = program.page()
        assert shown.self_sum("flow_exporter_http_connections_open") <= 256 + 1
        closed = sum(shown.self_sum("flow_exporter_http_connections_closed_total", reason=reason) for reason in ("full", "request_time"))
        assert shown.self_sum("flow_exporter_http_connections_waiting") + closed >= MANY - 256

    stays_well(program, abuse)


def test_half_requests(flowing):
    """A byte now and then does not help: a whole request has a time limit."""
    program = flowing(request_timeout="1s")

    def abuse(clients):
        clients.extend(connect(program.port) for _ in range(MANY))
        for client in clients:
            try:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-")
            except OSError:
                pass  # cut off already

    stays_well(program, abuse)
    assert closed_by(program, "request_time") > 0


def test_a_byte_now_and_then_is_no_request(exporter):
    program = exporter(config_with(request_timeout="1s"))
    client, begin = connect(program.port), time.monotonic()
    with pytest.raises(OSError):
        for byte in b"GET /metrics HTTP/1.1\r\nX-A: " + b"a" * 1000:
            client.sendall(bytes([byte]))
            time.sleep(0.05)
    assert time.monotonic() - begin < 15 * SLOWNESS


def is_answered(program):
    try:
        return http_get(program.url("/metrics"))[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def test_slow_readers(flowing):
    """Each client asks for a page and reads next to nothing. The pages fill every buffer on the way."""
    program = flowing(series=20_000)
    program.wait_for(lambda: len(program.page_text()) > 1_000_000, "a big page", 60)

    def abuse(clients):
        clients.extend(connect(program.port, 4096) for _ in range(MANY))
        for client in clients:
            try:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            except OSError:
                pass
        assert is_answered(program)

    stays_well(program, abuse)
    if MANY > 256:
        assert closed_by(program, "full") > 0


def test_few_cuts_are_held(flowing):
    """Slow readers that come one after the other would each keep a cut of their own in memory."""
    program = flowing(series=20_000, min_answer_rate="0")
    program.wait_for(lambda: len(program.page_text()) > 1_000_000, "a big page", 60)
    clients = []
    for _ in range(6):
        clients.append(connect(program.port, 4096))
        clients[-1].sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert clients[-1].recv(15) == b"HTTP/1.1 200 OK"
        program.fresh_page()  # the next one gets a later cut
    program.page()
    assert closed_by(program, "cut") == 3  # a page that begins leaves three older cuts to others: four with its own
    for client in clients:
        client.close()


def test_a_slow_reader_is_cut_off(flowing):
    program = flowing(series=20_000, min_answer_rate="1MiB")
    program.wait_for(lambda: len(program.page_text()) > 1_000_000, "a big page", 60)
    client = connect(program.port, 4096)
    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_until(lambda: closed_by(program, "slow") == 1, "the slow reader is cut off", 40)
    client.close()


def test_an_answer_has_a_time(flowing):
    program = flowing(series=20_000, min_answer_rate="0", answer_timeout="1s")
    program.wait_for(lambda: len(program.page_text()) > 1_000_000, "a big page", 60)
    client = connect(program.port, 4096)
    client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    wait_until(lambda: closed_by(program, "answer_time") >= 1, "the answer's time is over", 40)
    client.close()


def test_pipelined_requests(exporter):
    """All requests are answered, in their order."""
    program = exporter(config_with())
    client = connect(program.port)
    client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n" * 200 + b"GET /none HTTP/1.1\r\nHost: x\r\n"
                   b"Connection: close\r\n\r\n")
    answer = b""
    while piece := client.recv(65536):
        answer += piece
    assert answer.count(b"HTTP/1.1 200 OK") == 200 and answer.count(b"HTTP/1.1 404 ") == 1
    client.close()


def test_a_megabyte_of_headers(flowing):
    program = flowing()

    def abuse(_clients):
        for _ in range(20):
            client = connect(program.port)
            try:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\n")
                answer = client.recv(100)
                assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer
            except OSError:
                pass  # the server does not read them to the end
            client.close()

    stays_well(program, abuse, 2)
    assert closed_by(program, "incomplete") > 0


def test_bad_tls(flowing, tmp_path):
    """Garbage, HTTP, a part of a hello, or nothing at all: these connections never get as far as a request."""
    certificates = Certificates(tmp_path / "certificates")
    path = tmp_path / "web.yml"
    path.write_text(f"tls_server_config: {{cert_file: {certificates['server.pem']}, key_file: {certificates['server.key']}}}\n")
    program = flowing(web_config=str(path), request_timeout="3s", tls=ssl.create_default_context(cafile=certificates["ca.pem"]))
    said = (b"\xff" * 300, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"")

    def abuse(clients):
        clients.extend(connect(program.port) for _ in range(MANY))
        for number, client in enumerate(clients):
            try:
                client.sendall(said[number % len(said)])
            except OSError:
                pass  # cut off already

    stays_well(program, abuse, 5)
    assert closed_by(program, "request_time") > 0


def ask_unix(path, target="/metrics"):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20 * SLOWNESS)
        client.connect(str(path))
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    return answer.decode()


def start_at(exporter, tmp_path, *addresses, **options):
    """Starts the program with several addresses. The test's helper uses one of them."""
    config = config_with(**options)
    program_port = free_port()
    config["outputs"] = [dict(config["outputs"][0], listen=[f"127.0.0.1:{program_port}", *map(str, addresses)])]
    path = tmp_path / "several.json"
    path.write_text(json.dumps(config))
    return exporter(arguments=["--config", path], port=program_port)


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def test_several_listeners(exporter, tmp_path):
    path, port = tmp_path / "page.sock", free_port()
    addresses = [f"unix:{path}"] + ([f"[::1]:{port}"] if has_ipv6() else [])
    program = start_at(exporter, tmp_path, *addresses, socket_mode="0600")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_ISSOCK(path.stat().st_mode)
    answer = ask_unix(path)
    assert answer.startswith("HTTP/1.1 200 ") and "flow_exporter_" in answer
    shown = program.page()
    names = {dict(labels)["listen"] for labels in shown.of("flow_exporter_http_connections_total")}
    assert f"unix:{path}" in names and len(names) == len(addresses) + 1
    if has_ipv6():
        with socket.create_connection(("::1", port), timeout=20) as client:
            client.sendall(b"HEAD /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
    program.stop()
    assert not path.exists()


def test_a_dead_socket_is_replaced_and_a_living_one_is_not(exporter, tmp_path):
    path = tmp_path / "page.sock"
    first = start_at(exporter, tmp_path, f"unix:{path}")
    config = tmp_path / "second.json"
    config.write_text((tmp_path / "several.json").read_text().replace(str(first.port), str(free_port())))
    status, _, errors = flow_exporter_run("--config", config)
    assert status != 0 and "another program listens there" in errors
    assert ask_unix(path, "/-/healthy").startswith("HTTP/1.1 200 ")
    first.kill()
    assert path.exists()
    second = start_at(exporter, tmp_path, f"unix:{path}")
    assert ask_unix(path, "/-/healthy").startswith("HTTP/1.1 200 ")
    second.stop()
    path.write_text("precious")
    status, _, errors = flow_exporter_run("--config", config)
    assert status != 0 and "other than a socket" in errors and path.read_text() == "precious"


def test_sockets_of_systemd(tmp_path):
    """A shell that opens nothing itself plays systemd: the test's own listening socket is descriptor 3."""
    config = config_with()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        config["outputs"][0]["listen"] = ["systemd:page"]
        path = tmp_path / "inherited.json"
        path.write_text(json.dumps(config))
        status, _, errors = flow_exporter_run("--config", path)
        assert status != 0 and "systemd has handed over no socket named page" in errors
        command, flags = flow_exporter_command()
        words = [str(word) for word in (*command, *flags, "--config", path)]
        script = 'exec 3<&"$0"; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=page exec "$@"'
        log = open(tmp_path / "inherited.log", "wb")
        process = subprocess.Popen(["bash", "-c", script, str(server.fileno()), *words], stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, pass_fds=[server.fileno()],
                                   env={**os.environ, "XDG_STATE_HOME": str(tmp_path)})
    try:
        status, text = http_get(f"http://127.0.0.1:{port}/metrics")
        assert status == 200 and isinstance(Page(text), Page)
    finally:
        process.terminate()
        assert process.wait(30 * SLOWNESS) == 0, (tmp_path / "inherited.log").read_text()
