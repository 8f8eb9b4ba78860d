"""A flow-exporter that input-replay feeds from memory: filled with series, timed by its own clock, checked by a
page."""

import json
import struct
import subprocess
import time

from configs import ASN
from measure import memory_bytes, reset_peak
from programs import BUILD, FLOWGEN, FlowExporter, run

BENCH = BUILD / "tests" / "bench"
PAGE_SECONDS = 60


def shape(series):
    """The numbers of other ASes and routers that make so many series in 2 directions: up to 50,000 ASes, 4 to 64
    routers."""
    routers = max(4, -(-series // 100_000))
    return -(-series // (2 * routers)), routers


def names_file(folder, series):
    """A file of names for every AS of that shape, of usual lengths."""
    path = folder / f"names-{series}.txt"
    if not path.exists():
        run(FLOWGEN, "--records", 0, "--asn", ASN, "--as", shape(series)[0], "--spread", "--names", path)
    return path


def series_name(series):
    return f"{series / 1_000_000:g} M" if series >= 1_000_000 else f"{series / 1000:g} k"


def plugin_file(name):
    return str(BENCH / ".libs" / f"{name}.so")


def page_client(*arguments):
    return json.loads(run(BENCH / "page_client", *arguments))


def self_metrics(path, tail_bytes=1 << 18):
    """The program's own metrics, which end a page: {sample as it stands: number}."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - tail_bytes))
        lines = file.read().decode(errors="replace").splitlines()
    samples = (line.rsplit(" ", 1) for line in lines if line.startswith("flow_exporter_"))
    return {name: float(value) for name, value in samples}


class Replay(FlowExporter):
    """The program with at most so many series, and none at first. Marks of CPU time stand around its resolver and
    output."""

    def __init__(self, folder, series, draw="skewed", workers=1, pool=500_000, name=None, has_state=False):
        self.series, self.workers = series, workers
        name = name or f"replay-{series}"
        state = str(folder / f"{name}.state") if has_state else "none"
        self.records = self.counted = self.peak_bytes = 0
        self.stamps = [folder / f"{name}.{place}" for place in ("begin", "end")]
        ases, routers = shape(series)
        source = {
            "plugin": plugin_file("input-replay"),
            "as_count": ases,
            "routers": routers,
            "series": series,
            "draw": draw,
            "pool": pool,
            "workers": workers,
        }
        stamps = [
            {"plugin": plugin_file(f"{kind}-stamp"), "file": str(path)}
            for kind, path in zip(("resolver", "output"), self.stamps)
        ]
        config = {
            "log": {"level": "warn"},
            "state": {"min_interval": "1ms", "max_interval": "1h", "directory": state},
            "inputs": [source],
            "resolvers": [
                stamps[0],
                {"plugin": "resolver-whois", "server": "none", "names": [str(names_file(folder, series))]},
            ],
            "outputs": [{"plugin": "output-prometheus", "asn": ASN, "max_series": 10_000_000}, stamps[1]],
        }
        super().__init__(folder, config, stdin=subprocess.PIPE, name=name)
        self.log_at = len(self.log())
        self.page_path = self.log_path.parent / f"{name}.page"
        self.empty_bytes = memory_bytes(self.process.pid)

    def begin(self, command):
        self.log_at = self.log_path.stat().st_size
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self):
        """Waits for the program's answer to the last command."""
        while True:
            with open(self.log_path, "rb") as file:
                file.seek(self.log_at)
                for line in file.read().splitlines(keepends=True):
                    if line.startswith(b"{") and line.endswith(b"\n"):
                        return self.take(json.loads(line))
            self.require_running()
            time.sleep(0.005)

    def take(self, done):
        assert "error" not in done, done
        self.records += done["records"]
        self.counted += done["counted"]
        return done

    def stage_ns(self):
        """CPU time of resolvers and outputs so far, modulo 2^64."""
        begin, end = (struct.unpack("=Q", path.read_bytes())[0] for path in self.stamps)
        return end - begin

    def fill(self):
        """Gives every series a record from each worker. Then the page must have exactly these."""
        self.begin("fill")
        done = self.answer()
        assert done["records"] == self.series * self.workers, done
        self.check()

    def replay(self, records):
        """CPU nanoseconds for a record: in all, of resolver and output, and by the wall clock."""
        before = self.stage_ns()
        self.begin(f"replay {records}")
        done = self.answer()
        assert done["records"] == records, done
        return {
            "cpu_ns": done["cpu_ns"] / records,
            "stage_ns": (self.stage_ns() - before) % 2**64 / records,
            "wall_ns": done["wall_ns"] / records,
        }

    def fetch(self, gzip=False, path=None):
        """A page as a client sees it. peak_bytes: the most memory that a page has taken beyond what was used before."""
        pid = self.process.pid
        reset_peak(pid)
        before = memory_bytes(pid)
        arguments = ["gzip"] * gzip + [path] * bool(path)
        found = page_client(self.port, *arguments)
        assert found["status"] == 200, found
        self.peak_bytes = max(self.peak_bytes, memory_bytes(pid, "VmHWM") - before)
        return found

    def steps(self):
        """The sum of milliseconds and the number of checkpoints so far, by step: {step: (sum, count)}."""
        found = self_metrics(self.page_path)
        name = "flow_exporter_checkpoint_seconds"
        keys = [key for key in found if key.startswith(f'{name}_sum{{step="')]
        return {key.split('"')[1]: (found[key] * 1000, found[key.replace("_sum{", "_count{")]) for key in keys}

    def check(self):
        """Waits until a new page has every series, and the sum of the replayed records. Gives the page's file."""
        path = self.page_path
        for attempt in range(PAGE_SECONDS):
            self.fetch(path=path)
            found = page_client("sum", path)
            if found == {"series": self.series, "total": self.counted % 2**64}:
                return path
            time.sleep(0.1 if attempt < 5 else 1)
        raise AssertionError(f"page {found}; replayed {self.series} series, {self.counted % 2**64} bytes")

    def series_bytes(self):
        """Resident bytes for a series, everything included."""
        return (memory_bytes(self.process.pid) - self.empty_bytes) / self.series
