"""TLS and passwords by Prometheus's web configuration file. The real program is compared with the real Prometheus,
which reads the same file and gets the same requests."""

import base64
import ctypes
import shutil
import socket
import ssl
import time
import warnings
from pathlib import Path

import pytest
import yaml

from configs import stdin_config
from programs import SLOWNESS, SOURCE, Program, Prometheus, can_connect, flow_exporter_run, free_port, wait_until
from secure_kafka import Certificates

# Python 3.13 has removed its module crypt. The library is in every Debian.
LIBCRYPT = ctypes.CDLL("libcrypt.so.1")
LIBCRYPT.crypt.restype = ctypes.c_char_p

PASSWORD = "s3cret-Qx7"


def hash_of(password, cost=5):
    return LIBCRYPT.crypt(password.encode(), f"$2b${cost:02}$abcdefghijklmnopqrstuu".encode()).decode()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    found = Certificates(tmp_path_factory.mktemp("web-certificates"))
    found.sign("other-server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    found.sign("named", "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:prometheus.example.net")
    return found


def tls_of(certificates, **options):
    return {"cert_file": certificates["server.pem"], "key_file": certificates["server.key"], **options}


class Web:
    """A flow-exporter with a web configuration, and requests by hand: urllib would change what is sent."""

    def __init__(self, exporter, folder, certificates, web, **options):
        self.path = folder / "web.yml"
        self.certificates = certificates
        self.write(web)
        config = stdin_config()
        config["outputs"][0].update(web_config=str(self.path), **options)
        self.is_tls = bool(web.get("tls_server_config"))
        self.program = exporter(config, wait=False)
        self.port = self.program.port
        self.program.wait_for(lambda: can_connect(self.port), "the port is open")

    def write(self, web):
        """Replaces the file in one step, as a careful operator does."""
        new = self.path.with_suffix(".new")
        new.write_text(web if isinstance(web, str) else yaml.safe_dump(web))
        new.rename(self.path)

    def connect(self, client=None, least=None, most=None):
        raw = socket.create_connection(("127.0.0.1", self.port), 30 * SLOWNESS)
        if not self.is_tls:
            return raw
        context = ssl.create_default_context(cafile=self.certificates["ca.pem"])
        if client:
            context.load_cert_chain(self.certificates[f"{client}.pem"], self.certificates[f"{client}.key"])
        if least:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the test needs an old version
                context.set_ciphers("ALL:@SECLEVEL=0")
                context.minimum_version = context.maximum_version = least
        if most:
            context.maximum_version = most
        try:
            return context.wrap_socket(raw, server_hostname="127.0.0.1")
        except BaseException:
            raw.close()
            raise

    def ask(self, path="/metrics", password=None, user="alice", method="GET", authorization=None, headers="", **tls):
        """Gives the status, or 0 without an answer, and the answer."""
        if password is not None:
            authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        said = f"Authorization: {authorization}\r\n" if authorization is not None else ""
        answer = b""
        try:
            with self.connect(**tls) as client:
                client.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{said}{headers}\r\n".encode())
                while piece := client.recv(65536):
                    answer += piece
        except (ssl.SSLError, ConnectionError):
            if not answer:
                return 0, ""
        text = answer.decode(errors="replace")
        return (int(text.split()[1]) if text.startswith("HTTP/1.1 ") else 0), text

    def status(self, *arguments, **options):
        return self.ask(*arguments, **options)[0]

    def metric(self, name, **tls):
        return sum(float(line.split()[-1]) for line in self.ask(password=PASSWORD, **tls)[1].splitlines()
                   if line.startswith(name))


@pytest.fixture
def web(exporter, tmp_path, certificates):
    return lambda configuration, **options: Web(exporter, tmp_path, certificates, configuration, **options)


def encoded(data):
    return "Basic " + base64.b64encode(data).decode()


def test_nothing_but_health_without_a_password(web):
    served = web({"basic_auth_users": {"alice": hash_of(PASSWORD), "bob": hash_of("other")},
                  "http_server_config": {"headers": {"X-Frame-Options": "deny", "Strict-Transport-Security": "max-age=1", "Content-Security-Policy": ""}}})
    paths = {"/metrics": 200, "/": 200, "/live/live.js": 200, "/live/none": 404, "/api/v1/top": 200, "/api/v1/status": 200,
             "/none": 404, "//-/healthy": 404, "/-/healthy/": 404, "/-/healthyx": 404, "/metrics?x=/-/healthy": 200}
    for path, status in paths.items():
        for method in ("GET", "HEAD"):
            assert served.status(path, method=method) == 401, path
        assert served.status(path, PASSWORD) == status, path
        assert served.status(path, "wrong") == 401, path
        assert served.status(path, PASSWORD, "bob") == 401, path
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "NONE"):
        for path in ("/metrics", "/-/healthy"):
            assert served.status(path, method=method) == 401, method
            assert served.status(path, "wrong", method=method) == 401, method
            assert served.status(path, PASSWORD, method=method) == 405, method
    # A user who was never checked before sends a method that is not supported, and a body that must come first.
    assert served.status("/metrics", "other", "bob", "POST", headers="Content-Length: 0\r\n") == 405
    for path in ("/-/healthy", "/-/ready"):
        assert served.status(path) == 200 and served.status(path, "wrong") == 200
    status, answer = served.ask()
    assert 'WWW-Authenticate: Basic realm="flow-exporter"\r\n' in answer and "flow_exporter_" not in answer
    for _, answer in (served.ask(), served.ask("/", PASSWORD), served.ask("/-/healthy")):
        assert "X-Frame-Options: deny\r\n" in answer and "Strict-Transport-Security: max-age=1\r\n" in answer
        assert "Content-Security-Policy: default-src" in answer  # an empty value leaves the header alone
    refused = {
        "no scheme": "", "the scheme alone": "Basic", "with a space": "Basic ", "another scheme": "Bearer abc",
        "no base64": "Basic !!!!", "cut short": encoded(b"alice:" + PASSWORD.encode())[:-3], "no colon": encoded(b"alice"),
        "nobody": encoded(b":"), "the user only": encoded(b"alice:"), "a NUL": encoded(b"alice:" + PASSWORD.encode() + b"\0"),
        "longer": encoded(b"alice:" + PASSWORD.encode() + b"x"), "the hash": encoded(b"alice:" + hash_of(PASSWORD).encode()),
        "another case": encoded(b"Alice:" + PASSWORD.encode()), "a big one": encoded(b"alice:" + b"x" * 40_000),
        "no text": encoded(bytes(range(128, 256)) + b":" + bytes(range(128, 256))),
    }
    for what, authorization in refused.items():
        assert served.status(authorization=authorization) == 401, what
    # The head is too long. The connection is cut off, or the answer says so. Nothing of the page is sent.
    assert served.status(authorization="Basic " + "A" * 1_000_000) in (0, 413, 431, 401)
    assert served.status("/metrics", PASSWORD) == 200
    log = served.program.log()
    assert PASSWORD not in log and hash_of(PASSWORD) not in log and base64.b64encode(f"alice:{PASSWORD}".encode()).decode() not in log


def thread_seconds(program, thread):
    """The processor time that a thread has used."""
    for task in Path(f"/proc/{program.process.pid}/task").iterdir():
        if (task / "comm").read_text().strip() == thread:
            return int((task / "schedstat").read_text().split()[0]) / 1e9
    raise AssertionError("there is no such thread")


def test_nobody_can_be_told_from_somebody(web):
    """A refused password costs one bcrypt, whoever is named. A remembered password costs none."""
    served = web({"basic_auth_users": {"alice": hash_of(PASSWORD, 9)}})
    assert served.status("/metrics", PASSWORD, method="HEAD") == 200
    took = {"alice": 0, "nobody": 0, "known": 0}
    for number in range(12):  # in turns: a processor's speed changes
        for who, user, password in (("alice", "alice", f"w{number}"), ("nobody", "nobody", f"w{number}"), ("known", "alice", PASSWORD)):
            before = thread_seconds(served.program, "fx-http-login")
            assert served.status("/metrics", password, user, method="HEAD") == (200 if who == "known" else 401)
            took[who] += thread_seconds(served.program, "fx-http-login") - before
    assert took["alice"] / 1.5 < took["nobody"] < took["alice"] * 1.5 and took["known"] < took["alice"] / 20, took


def test_a_herd_of_guesses(web):
    """Guesses do not hold up a user whose password is known. Checks beyond the limit are answered with 503 at once. The
    others would take minutes."""
    served = web({"basic_auth_users": {"alice": hash_of(PASSWORD), "slow": hash_of("other", 13)}})
    assert served.status("/metrics", PASSWORD) == 200
    guesses = []
    for number in range(90):
        guess = served.connect()
        said = encoded(f"slow:{number}".encode())
        guess.sendall(f"HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {said}\r\n\r\n".encode())
        guesses.append(guess)
    wait_until(lambda: served.metric('flow_exporter_http_logins_total{plugin="output-prometheus",result="busy"}') > 0, "some are too many")
    assert served.metric("flow_exporter_http_logins_waiting") > 0  # still waiting: the page has overtaken them
    served.program.stop()  # the stop does not wait for them either
    for guess in guesses:
        guess.close()


def test_versions_and_bad_tls(web, certificates):
    served = web({"tls_server_config": tls_of(certificates), "basic_auth_users": {"alice": hash_of(PASSWORD)}},
                 request_timeout=f"{5 * int(SLOWNESS)}s")
    assert served.status(password=PASSWORD) == 200 and served.status() == 401
    assert served.status(password=PASSWORD, most=ssl.TLSVersion.TLSv1_2) == 200
    assert served.status("/-/healthy", least=ssl.TLSVersion.TLSv1_1) == 0
    descriptors = Path(f"/proc/{served.program.process.pid}/fd")
    before = len(list(descriptors.iterdir()))
    half = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(20)]
    for number, client in enumerate(half):  # silence, a part of a hello, garbage, HTTP
        client.sendall((b"", b"\x16\x03\x01\x02\x00\x01", b"\xff" * 300, b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")[number % 4])
    idle = served.connect()  # its handshake is done
    begin = time.monotonic()
    assert served.status(password=PASSWORD) == 200
    assert time.monotonic() - begin < 4.5 * SLOWNESS  # before the time of the others is over
    spent = thread_seconds(served.program, "MHD-single")
    for number, client in enumerate(half):
        client.settimeout(30 * SLOWNESS)
        try:
            assert b"HTTP/1.1 200" not in client.recv(1000)  # an alert, or nothing
        except ConnectionError:
            pass
        client.close()
    assert thread_seconds(served.program, "MHD-single") - spent < 0.3 * SLOWNESS  # of 5 s: it waits for them, and does not ask all the time
    assert served.metric("flow_exporter_http_connections_closed_total") >= 20
    assert idle.recv(10) == b""  # it has no more time than without TLS
    idle.close()
    wait_until(lambda: len(list(descriptors.iterdir())) <= before + 1, "nothing is left of them")
    served.write({"tls_server_config": tls_of(certificates, min_version="TLS11", max_version="TLS11"),
                  "basic_auth_users": {"alice": hash_of(PASSWORD)}})
    assert served.status("/-/healthy", least=ssl.TLSVersion.TLSv1_1) == 200  # the file had refused it
    assert served.status("/-/healthy") == 0
    # Only suites of TLS 1.3: the list names none for older versions.
    served.write({"tls_server_config": tls_of(certificates, cipher_suites=["TLS_AES_128_GCM_SHA256"]),
                  "basic_auth_users": {"alice": hash_of(PASSWORD)}})
    assert [served.status("/-/healthy", most=most) for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)] == [0, 200]
    served.program.stop()


def test_a_rate(web):
    served = web({"rate_limit": {"interval": "1h", "burst": 3}})
    assert [served.status("/-/healthy") for _ in range(5)] == [200, 200, 200, 429, 429]
    served.write({"rate_limit": {"interval": "1h", "burst": 2}})
    assert [served.status("/-/healthy") for _ in range(3)] == [200, 200, 429]


def test_a_unix_socket_asks_for_a_password_too(exporter, tmp_path):
    socket_path, path = tmp_path / "page.sock", tmp_path / "web.yml"
    path.write_text(yaml.safe_dump({"basic_auth_users": {"alice": hash_of(PASSWORD)}}))
    port, config = free_port(), stdin_config()
    config["outputs"][0].update(web_config=str(path), listen=[f"127.0.0.1:{port}", f"unix:{socket_path}"])
    (tmp_path / "config.yml").write_text(yaml.safe_dump(config))
    exporter(arguments=["--config", tmp_path / "config.yml"], port=port)

    def status(said=""):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30 * SLOWNESS)
            client.connect(str(socket_path))
            client.sendall(f"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{said}\r\n".encode())
            return client.recv(100).split()[1]

    assert status() == b"401"
    assert status(f"Authorization: {encoded(f'alice:{PASSWORD}'.encode())}\r\n") == b"200"


AUTH_TYPES = {  # no certificate, an unknown one, one of ours
    "NoClientCert": (200, 200, 200),
    "RequestClientCert": (200, 200, 200),
    "RequireAnyClientCert": (0, 200, 200),
    "VerifyClientCertIfGiven": (200, 0, 200),
    "RequireAndVerifyClientCert": (0, 0, 200),
}


def test_client_certificates(web, certificates, tmp_path):
    """Each type of client authentication, by changes of the file. Then names."""
    for name in ("pem", "key"):
        (certificates.folder / f"stranger.{name}").write_text((certificates.folder / f"other-ca.{name}").read_text())
    served = web({"tls_server_config": tls_of(certificates)})
    for kind, expected in AUTH_TYPES.items():
        tls = tls_of(certificates, client_auth_type=kind)
        if kind != "NoClientCert":
            tls["client_ca_file"] = certificates["ca.pem"]
        served.write({"tls_server_config": tls})
        for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            found = tuple(served.status("/-/healthy", client=client, most=most) for client in (None, "stranger", "exporter"))
            assert found == expected, (kind, most)
    served.write({"tls_server_config": tls_of(certificates, client_auth_type="RequireAndVerifyClientCert",
                                              client_ca_file=certificates["ca.pem"],
                                              client_allowed_sans=["prometheus.example.net"])})
    assert [served.status("/-/healthy", client=client) for client in ("exporter", "named", "server")] == [0, 200, 0]
    served.program.stop()


def test_the_file_changes(web, certificates, tmp_path):
    """The next connection follows the file. A file that can't be used changes nothing, and is reported."""

    def install(name):
        for kind in ("key", "pem"):
            shutil.copy(certificates[f"{name}.{kind}"], tmp_path / f"own.{kind}")

    def serial():
        with served.connect() as client:
            return client.getpeercert()["serialNumber"]

    tls = {"cert_file": "own.pem", "key_file": "own.key"}  # relative to the configuration file
    install("server")
    served = web({"tls_server_config": tls, "basic_auth_users": {"alice": hash_of(PASSWORD)}}, request_timeout="120s")
    first = serial()
    assert served.status(password=PASSWORD) == 200
    install("other-server")
    wait_until(lambda: serial() != first, "the new certificate")
    with served.connect() as kept:  # a connection that lives on
        served.write("basic_auth_users: {alice: nonsense}\n")
        assert served.status(password=PASSWORD) == 200
        assert served.metric("flow_exporter_web_config_stale") == 1
        assert f"{served.path} line=1 column=20" in served.program.log().replace('"', "")
        served.write({"tls_server_config": tls, "basic_auth_users": {"alice": hash_of("fresh")}})
        assert served.status(password=PASSWORD) == 401 and served.status(password="fresh") == 200
        kept.sendall(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: " + encoded(f"alice:{PASSWORD}".encode()).encode() + b"\r\n\r\n")
        assert kept.recv(100).startswith(b"HTTP/1.1 401 ")
    assert "nonsense" not in served.program.log()
    served.program.stop()


def test_check_reads_it_too(tmp_path):
    config, path = stdin_config(), tmp_path / "web.yml"
    config["outputs"][0].update(web_config=str(path), listen="127.0.0.1:0")
    (tmp_path / "config.yml").write_text(yaml.safe_dump(config))
    for text, expected in (("basic_auth_users:\n  a: b\n", f"{path}:2:3: "), ("http_server_config: {http3: true}\n", f"{path}:1:22: "), (None, "can't be")):
        path.write_text(text) if text else path.unlink()
        status, _, errors = flow_exporter_run("--config", tmp_path / "config.yml", "--check")
        assert status == 78 and expected in errors, errors
    path.write_text("{}\n")
    assert flow_exporter_run("--config", tmp_path / "config.yml", "--check")[0] == 0


class Oracle(Program):
    """A Prometheus with a web configuration of its own, read by its exporter-toolkit."""

    def __init__(self, folder, path):
        self.port = free_port()
        (folder / "prometheus.yml").write_text("")
        flags = {"config.file": folder / "prometheus.yml", "storage.tsdb.path": folder / "oracle", "web.config.file": path,
                 "web.listen-address": f"127.0.0.1:{self.port}"}
        super().__init__(["prometheus", *(f"--{key}={value}" for key, value in flags.items())], folder, "oracle")


def test_as_prometheus_reads_it(web, certificates, tmp_path):
    """The same file and the same requests give the same statuses. The same files are refused."""
    if not shutil.which("prometheus"):
        pytest.skip("needs prometheus")
    served = web({"tls_server_config": tls_of(certificates, client_auth_type="VerifyClientCertIfGiven",
                                              client_ca_file=certificates["ca.pem"], min_version="TLS12",
                                              cipher_suites=["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
                                              curve_preferences=["CurveP256", "X25519"]),
                  "http_server_config": {"http2": False, "headers": {"X-Frame-Options": "sameorigin"}},
                  "basic_auth_users": {"alice": hash_of(PASSWORD), "bob": hash_of("x" * 72).replace("$2b$", "$2a$"),
                                       "carol": hash_of("ä").replace("$2b$", "$2y$")}})
    oracle = Oracle(tmp_path, served.path)
    try:
        own = served.port
        oracle.wait_for(lambda: can_connect(oracle.port), "Prometheus listens")
        requests = [{}, {"password": PASSWORD}, {"password": "wrong"}, {"password": "x" * 72, "user": "bob"},
                    {"password": "x" * 73, "user": "bob"}, {"password": "x" * 71, "user": "bob"},
                    {"password": "ä", "user": "carol"}, {"password": "a", "user": "carol"}, {"password": "", "user": "dora"},
                    {"authorization": "basic " + encoded(f"alice:{PASSWORD}".encode())[6:]},
                    {"authorization": encoded(f"alice:{PASSWORD}".encode())[6:]}, {"authorization": encoded(b"alice")},
                    {"authorization": encoded(f"alice:{PASSWORD}".encode()).rstrip("=")}, {"authorization": "Basic ===="},
                    {"password": PASSWORD, "client": "exporter"}, {"password": PASSWORD, "client": "other-ca"},
                    {"password": PASSWORD, "least": ssl.TLSVersion.TLSv1_1},
                    {"password": PASSWORD, "most": ssl.TLSVersion.TLSv1_2}]
        for request in requests:
            found = []
            for port in (own, oracle.port):
                served.port = port
                found.append(served.status(**request))
            assert found[0] == found[1], (request, found)
        served.port = own
    finally:
        oracle.end()
    config = stdin_config()
    config["outputs"][0].update(web_config=str(served.path), listen="127.0.0.1:0")
    (tmp_path / "config.yml").write_text(yaml.safe_dump(config))
    refused = ["nothing: 1\n", "tls_server_config: {cert_file: /none, key_file: /none}\n", "basic_auth_users: {a: b}\n",
               "http_server_config: {headers: {Server: x}}\n", "http_server_config: {headers: {X-Frame-Options: DENY}}\n",
               yaml.safe_dump({"tls_server_config": tls_of(certificates, min_version="TLS9")}),
               yaml.safe_dump({"tls_server_config": tls_of(certificates, client_ca_file=certificates["ca.pem"])}),
               yaml.safe_dump({"tls_server_config": tls_of(certificates, cipher_suites=["AES"])})]
    for text in refused:
        served.path.write_text(text)
        oracle = Oracle(tmp_path, served.path)
        assert oracle.process.wait(60 * SLOWNESS) != 0 and "web configuration" in oracle.log(), text
        assert flow_exporter_run("--config", tmp_path / "config.yml", "--check")[0] == 78, text


def test_a_real_prometheus_scrapes(web, certificates, tmp_path):
    """With TLS and a password from a file, then with a client's certificate."""
    if not shutil.which("prometheus"):
        pytest.skip("needs prometheus")
    served = web({"tls_server_config": tls_of(certificates, client_auth_type="VerifyClientCertIfGiven",
                                              client_ca_file=certificates["ca.pem"]),
                  "basic_auth_users": {"alice": hash_of(PASSWORD), "prometheus": hash_of(PASSWORD)}})
    (tmp_path / "password").write_text(PASSWORD)
    target = [{"targets": [f"127.0.0.1:{served.port}"]}]
    trust = {"ca_file": certificates["ca.pem"]}
    shipped = yaml.safe_load((SOURCE / "etc" / "prometheus" / "prometheus-tls.yml").read_text())["scrape_configs"][0]
    shipped["tls_config"]["ca_file"] = certificates["ca.pem"]
    shipped["basic_auth"]["password_file"] = str(tmp_path / "password")
    jobs = [{**shipped, "job_name": "password", "static_configs": target},
            {"job_name": "certificate", "scheme": "https", "static_configs": target,
             "basic_auth": {"username": "prometheus", "password": PASSWORD},
             "tls_config": {**trust, "cert_file": certificates["exporter.pem"], "key_file": certificates["exporter.key"]}},
            {"job_name": "stranger", "scheme": "https", "static_configs": target, "tls_config": trust}]
    scraping = Prometheus(tmp_path / "prometheus", [], {"global": {"scrape_interval": "3s"}, "scrape_configs": jobs})
    try:
        for job in ("password", "certificate"):
            wait_until(lambda: scraping.query(f'up{{job="{job}"}} == 1'), lambda: f"{job}: {scraping.ask('targets')}", 60)
        wait_until(lambda: scraping.query('up{job="stranger"} == 0'), "nobody else", 60)

        def errors():
            targets = scraping.ask("targets")["activeTargets"]
            return [one["lastError"] for one in targets if one["labels"]["job"] == "stranger"]

        wait_until(lambda: errors() == ["server returned HTTP status 401 Unauthorized"], errors, 60)
        assert served.metric("flow_exporter_http_logins_total") > 0
    finally:
        scraping.end()
    served.program.stop()
