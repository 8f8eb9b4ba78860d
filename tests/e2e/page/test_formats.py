"""The two formats of the page: both have the same numbers, and their readers have nothing to complain about."""

import fcntl
import http.client
import http.server
import struct
import subprocess
import termios
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from configs import ASN, record, stdin_config
from page import Page
from programs import NAMES, Prometheus, wait_until

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# Any character may be in a label: controls, line ends that only some readers see, quotes, characters beyond 16 bits.
NASTY = 'a "quoted"\\ label\nof\r\n\u2028lines\x0b\x0c\x1c\x85\t\x00\x01\x7f, {}=#\\n \U0001f600 \ufeff'
BIG = 2**53 + 1


def ask(program, path="/metrics", method="GET", port=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port or program.port, timeout=60)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def rich_config():
    config = stdin_config()
    config["outputs"][0].update(
        created=True,
        metrics=[
            {"name": "flow_transmit_bytes_total", "help": 'Of "us",\nin a \\ line.', "value": "bytes",
             "match": {"as_src": str(ASN)}, "labels": {"destination_as": "as_dst", "hostname": "label"}},
            {"name": "flow_records_total", "help": "All.", "value": "1", "labels": {"hostname": "label"}},
            {"name": "flow_size_bytes", "help": "Sizes.", "type": "histogram", "value": "bytes",
             "buckets": [0.5, 5, 64, 1e6, 1e19], "labels": {"hostname": "label", "source_as": "as_src"}},
            {"name": "flow_last_size", "help": "The last.", "type": "gauge", "value": "bytes", "factor": 0.001,
             "labels": {"destination_as": "as_dst"}},
        ],
    )
    return config


def info_config():
    config = stdin_config()
    config["resolvers"][0]["names"] = [str(NAMES)]
    config["outputs"][0]["as_info"] = True
    return config


LINES = [
    record(ASN, 1, BIG, label=NASTY),
    record(ASN, 2, 7, label=""),
    record(ASN, 3, 2**64 - 1),
    record(4, ASN, 5, label="\x00"),
    b"{",
]


def filled(exporter, tmp_path, config):
    path = tmp_path / "lines.json"
    path.write_bytes(b"\n".join(LINES) + b"\n")
    with open(path, "rb") as file:
        program = exporter(config, stdin=file)
    program.wait_for_records(len(LINES))
    return program


def samples(families, wanted):
    """{(name, labels): value} of the samples that do not change."""
    found = {}
    for family in families:
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, key
            if wanted(sample.name):
                    found[key] = float(sample.value)
    return found


def stands_still(name):
    moves = ("process_", "flow_exporter_checkpoint", "flow_exporter_stage", "flow_exporter_http", "flow_exporter_page",
             "flow_exporter_scrape", "flow_exporter_decode")
    return not name.startswith(moves) and not name.endswith("_created")


CONFIGS = pytest.mark.parametrize("config", [stdin_config, rich_config, info_config], ids=["default", "rich", "info"])


@CONFIGS
def test_both_formats_say_the_same(exporter, tmp_path, config):
    program = filled(exporter, tmp_path, config())
    text_answer, text = ask(program)
    open_answer, opened = ask(program, Accept="application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3")
    assert (text_answer.getheader("Content-Type"), open_answer.getheader("Content-Type")) == (TEXT, OPEN)
    assert opened.endswith(b"\n# EOF\n") and b"# EOF" not in text
    by_text = samples(text_families(text.decode()), stands_still)
    by_open = samples(open_families(opened.decode()), stands_still)
    assert by_text == by_open and any(name.startswith("flow_transmit_bytes") for name, _ in by_open)
    labels = [dict(labels).get("hostname") for name, labels in by_open if name == "flow_transmit_bytes_total"]
    assert NASTY in labels
    exact = {value for (name, _), value in Page(opened.decode()).samples.items() if name == "flow_transmit_bytes_total"}
    assert exact == {BIG, 7, 2**64 - 1}  # exact, not rounded to a double


def test_created_is_beside_each_flow_counter(exporter, tmp_path):
    program = filled(exporter, tmp_path, rich_config())
    opened = ask(program, Accept="application/openmetrics-text")[1].decode()
    families = {family.name: family for family in open_families(opened)}
    start = next(sample.value for sample in families["process_start_time_seconds"].samples)
    flows = families["flow_transmit_bytes"].samples + families["flow_records"].samples
    totals = [sample for sample in flows if sample.name.endswith("_total")]
    created = [sample for sample in flows if sample.name.endswith("_created")]
    assert [sample.labels for sample in totals] == [sample.labels for sample in created] and totals
    assert all(start - 1 <= sample.value <= start + 3600 for sample in created)
    sizes = families["flow_size_bytes"].samples
    labels = [{key: value for key, value in sample.labels.items() if key != "le"} for sample in sizes]
    names = ["bucket"] * 6 + ["sum", "count", "created"]  # all samples of a series together
    assert [sample.name for sample in sizes] == [f"flow_size_bytes_{name}" for name in names] * (len(sizes) // 9)
    assert all(labels[index] == labels[index - index % 9] for index in range(len(labels)))
    assert [sample.labels["le"] for sample in sizes[:6]] == ["0.5", "5.0", "64.0", "1e+06", "1e+19", "+Inf"]
    assert families["flow_last_size"].type == "gauge" and "flow_last_size_created" not in opened
    assert "_created{" not in ask(program)[1].decode()


@CONFIGS
def test_promtool_is_content(exporter, tmp_path, config):
    program = filled(exporter, tmp_path, config())
    done = subprocess.run(["promtool", "check", "metrics"], input=ask(program)[1], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


class Proxy(http.server.ThreadingHTTPServer):
    """Passes scrapes on, with another Accept header if one is given, and notes the types of the answers."""

    daemon_threads = True

    def __init__(self, target, accept=None):
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self.target, self.accept, self.types = target, accept, set()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class ProxyHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        headers = {"Accept": self.server.accept or self.headers["Accept"], "Accept-Encoding": "gzip"}
        connection = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=60)
        connection.request("GET", self.path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        self.server.types.add(answer.getheader("Content-Type"))
        self.send_response(answer.status)
        for name in ("Content-Type", "Content-Encoding"):
            self.send_header(name, answer.getheader(name))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


def scraped(server, job):
    """The data that Prometheus has of a job, without the values that each scrape changes."""
    found = {}
    for labels, value in server.query(f'{{job="{job}",__name__=~"flow_.*"}}'):
        name = labels.pop("__name__")
        del labels["job"], labels["instance"]
        if stands_still(name):
            found[name, tuple(sorted(labels.items()))] = value
    return found


@CONFIGS
def test_prometheus_scrapes_both_without_a_complaint(exporter, tmp_path, config):
    program = filled(exporter, tmp_path, config())
    proxies = {"open": Proxy(program.port), "text": Proxy(program.port, "text/plain;version=0.0.4")}
    server = Prometheus(tmp_path / "prometheus", [], {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{proxy.server_port}"]}]}
            for job, proxy in proxies.items()
        ],
    })
    try:
        wait_until(lambda: len(server.query("count_over_time(up[1m]) >= 3")) == 2, server.log)
        wait_until(lambda: scraped(server, "open") == scraped(server, "text") != {}, "the same of both formats")
        assert [value for _, value in server.query("min_over_time(up[1m])")] == ["1", "1"]
        assert {job: proxy.types for job, proxy in proxies.items()} == {"open": {OPEN}, "text": {TEXT}}
        assert NASTY in [dict(labels).get("hostname") for name, labels in scraped(server, "open")]
        complaints = [line for line in server.log().splitlines() if "level=warn" in line or "level=error" in line]
        assert not complaints
    finally:
        server.end()
        for proxy in proxies.values():
            proxy.shutdown()
            proxy.server_close()


def names_of(body):
    return {line.split("{")[0].split(" ")[0] for line in body.decode().split("\n") if line and not line.startswith("#")}


def test_names_that_are_asked_for(exporter, tmp_path):
    program = filled(exporter, tmp_path, stdin_config())
    path = "/metrics?name[]=flow_receive_bytes_total&x=y&name%5B%5D=process%5Fmax%5ffds&name[]=flow_exporter_scrape_seconds_count"
    wanted = {"flow_receive_bytes_total", "process_max_fds", "flow_exporter_scrape_seconds_count"}
    assert names_of(ask(program, path)[1]) == wanted
    opened = ask(program, path, Accept="application/openmetrics-text")[1]
    assert names_of(opened) == wanted and opened.endswith(b"# EOF\n")
    assert ask(program, "/metrics?name[]=nothing")[1] == b""
    assert ask(program, "/metrics?name[]=flow_receive_bytes_total%00")[1] == b""
    assert ask(program, "/metrics?name[]=nothing", Accept="application/openmetrics-text")[1] == b"# EOF\n"
    assert len(names_of(ask(program, "/metrics?name=flow")[1])) > 10  # an argument with another name
    assert ask(program, "/metrics?" + "&".join(["name[]=x"] * 256))[0].status == 200
    assert ask(program, "/metrics?" + "&".join(["name[]=x"] * 257))[0].status == 400


def test_zstd_is_the_same_page(exporter, tmp_path):
    program = filled(exporter, tmp_path, stdin_config())
    plain = ask(program)[1]
    answer, packed = ask(program, Accept_Encoding="gzip;q=0.9, zstd")
    assert answer.getheader("Content-Encoding") == "zstd"
    done = subprocess.run(["zstd", "-d", "-c"], input=packed, capture_output=True, check=True, timeout=60)
    assert samples(text_families(done.stdout.decode()), stands_still) == samples(text_families(plain.decode()), stands_still)


def test_head_has_the_headers_and_causes_no_checkpoint(exporter):
    config = stdin_config()
    config["state"]["max_interval"] = "1h"
    config["state"]["min_interval"] = "1ms"
    source = subprocess.Popen(["sleep", "infinity"], stdout=subprocess.PIPE)
    try:
        program = exporter(config, stdin=source.stdout)
        for number in range(20):
            answer, body = ask(program, method="HEAD", Accept="application/openmetrics-text", Accept_Encoding="zstd")
            head = {name: answer.getheader(name) for name in ("Content-Type", "Content-Encoding", "Vary")}
            assert (answer.status, body) == (200, b"")
        answer, _ = ask(program, Accept="application/openmetrics-text", Accept_Encoding="zstd")
        assert head == {name: answer.getheader(name) for name in head} and head["Content-Type"] == OPEN
        assert program.page().self_sum("flow_exporter_checkpoints_total") <= 2  # those of the two GETs
    finally:
        source.kill()
        source.wait()


def pipe_is_empty(pipe):
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"    "))[0] == 0


def test_requests_at_once_share_a_cut(exporter):
    config = stdin_config()
    config["state"].update(min_interval="1h", max_interval="1h")
    config["outputs"][0]["max_compressed"] = 20
    source = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        program = exporter(config, stdin=source.stdout)
        source.stdin.write(b"\n".join(record(ASN, number, 10) for number in range(1000)) + b"\n")
        source.stdin.flush()
        wait_until(lambda: pipe_is_empty(source.stdin) and pipe_is_empty(source.stdout), "the records are read")
        everybody = threading.Barrier(20)

        def scrape(_number):
            everybody.wait()
            return ask(program)[1].decode()

        with ThreadPoolExecutor(20) as pool:
            pages = [Page(text) for text in pool.map(scrape, range(20))]
        assert all(page.flows() == pages[0].flows() for page in pages)
        # One checkpoint for the first page, and one for requests that came after its cut had begun.
        assert 1 <= program.page().self_sum("flow_exporter_checkpoints_total") <= 2
    finally:
        source.kill()
        source.wait()
