"""The page as clients ask for it. It is the same with and without compression, and the real Prometheus takes it
compressed."""

import gzip
import http.client
import subprocess

from configs import ASN, stdin_config
from programs import FLOWGEN, SCALE


def ask(program, method="GET", **headers):
    """The answer, and its body as it came, not decoded."""
    connection = http.client.HTTPConnection("127.0.0.1", program.port, timeout=60)
    connection.request(method, "/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def flow_lines(text):
    return [line for line in text.splitlines() if line.startswith("flow_") and not line.startswith("flow_exporter_")]


def filled(exporter, tmp_path, series):
    path = tmp_path / "flows.json"
    flags = ["--records", 5 * series, "--asn", ASN, "--as", series, "--routers", 4]
    with open(path, "wb") as file:
        subprocess.run([str(word) for word in (FLOWGEN, *flags)], stdout=file, check=True)
    with open(path, "rb") as file:
        program = exporter(stdin_config(), stdin=file)
    program.wait_for_records(5 * series)
    return program


def test_gzip_is_the_same_page(exporter, tmp_path):
    program = filled(exporter, tmp_path, max(500, int(5_000 * SCALE)))
    plain, text = ask(program)
    packed, data = ask(program, Accept_Encoding="gzip")
    assert plain.getheader("Content-Encoding") is None and packed.getheader("Content-Encoding") == "gzip"
    assert plain.getheader("Vary") == packed.getheader("Vary") == "Accept, Accept-Encoding"
    assert plain.getheader("Content-Type") == packed.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    unpacked = gzip.decompress(data)
    assert flow_lines(unpacked.decode()) == flow_lines(text.decode()) and flow_lines(text.decode())
    assert len(data) < len(unpacked) / 2


def test_who_does_not_want_gzip_gets_none(exporter, tmp_path):
    program = filled(exporter, tmp_path, 100)
    for header in ("identity", "gzip;q=0", "br", "identity;q=1, gzip;q=0.5"):
        answer, body = ask(program, Accept_Encoding=header)
        assert answer.getheader("Content-Encoding") is None and body.startswith(b"# HELP flow_"), header


def test_head_has_the_same_headers(exporter, tmp_path):
    program = filled(exporter, tmp_path, 100)
    answer, body = ask(program, "HEAD", Accept_Encoding="gzip")
    assert answer.status == 200 and answer.getheader("Content-Encoding") == "gzip" and body == b""
    assert ask(program)[0].status == 200  # the program still runs
