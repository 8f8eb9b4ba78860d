"""flow-exporter fed from memory by input-replay: filled with series, then timed by its own clock, checked by its page."""

import json
import struct
import subprocess
import time

from configs import ASN
from measure import memory_bytes, reset_peak
from programs import BUILD, FLOWGEN, FlowExporter, run

BENCH = BUILD / "tests" / "bench"
# Series as other ASes x routers x 2 directions. Up to 50,000 ASes, 4 to 64 routers.
SHAPES = {
    10_000: (1_250, 4),
    16_000: (2_000, 4),
    100_000: (12_500, 4),
    1_000_000: (50_000, 10),
    4_000_000: (50_000, 40),
}
PAGE_SECONDS = 60


def names_file(folder, series):
    """Names for every AS of that shape, of usual lengths."""
    path = folder / f"names-{series}.txt"
    if not path.exists():
        run(FLOWGEN, "--records", 0, "--asn", ASN, "--as", SHAPES[series][0], "--spread", "--names", path)
    return path


def series_name(series):
    return f"{series // 1_000_000} M" if series >= 1_000_000 else f"{series // 1000} k"


def plugin_file(name):
    return str(BENCH / ".libs" / f"{name}.so")


def page_client(*arguments):
    return json.loads(run(BENCH / "page_client", *arguments))


class Replay(FlowExporter):
    """The program with so many series at most, none of them there yet; CPU marks around its resolver and output."""

    def __init__(self, folder, series, draw="skewed", workers=1, pack=1, pool=500_000, name=None, state=None):
        self.series, self.workers = series, workers
        state = {"directory": "none", **(state or {})}
        self.records = self.counted = self.peak_bytes = 0
        self.stamps = [folder / f"{name or series}.{place}" for place in ("begin", "end")]
        ases, routers = SHAPES[series]
        source = {
            "plugin": plugin_file("input-replay"),
            "as_count": ases,
            "routers": routers,
            "series": series,
            "draw": draw,
            "pool": pool,
            "pack": pack,
            "workers": workers,
        }
        stamps = [
            {"plugin": plugin_file(f"{kind}-stamp"), "file": str(path)}
            for kind, path in zip(("resolver", "output"), self.stamps)
        ]
        config = {
            "log": {"level": "warn"},
            "state": {"min_interval": "1ms", "max_interval": "1h", **state},
            "inputs": [source],
            "resolvers": [
                stamps[0],
                {"plugin": "resolver-whois", "server": "none", "names": [str(names_file(folder, series))]},
            ],
            "outputs": [{"plugin": "output-prometheus", "asn": ASN, "max_series": 10_000_000}, stamps[1]],
        }
        super().__init__(folder, config, stdin=subprocess.PIPE, name=name or f"replay-{series}")
        self.log_at = len(self.log())
        self.empty_bytes = memory_bytes(self.process.pid)

    def begin(self, command):
        self.log_at = self.log_path.stat().st_size
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self):
        """What the program says of the command that was begun, once it has done it."""
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
        """Every series gets a record from each worker. Then the page must have just these."""
        self.begin("fill")
        done = self.answer()
        assert done["records"] == self.series * self.workers, done
        self.check()

    def replay(self, records):
        """CPU nanoseconds a record: whole, of resolver and output, and the wall clock's."""
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
        """A page as a client sees it. peak_bytes: the memory that one took at most, beyond what was there before."""
        pid = self.process.pid
        reset_peak(pid)
        before = memory_bytes(pid)
        arguments = ["gzip"] * gzip + [path] * bool(path)
        found = page_client(self.port, *arguments)
        assert found["status"] == 200, found
        self.peak_bytes = max(self.peak_bytes, memory_bytes(pid, "VmHWM") - before)
        return found

    def check(self):
        """A page of now has every series, and the sum of what was replayed. Gives the page's file."""
        path = self.log_path.parent / "page.txt"
        for attempt in range(PAGE_SECONDS):
            self.fetch(path=path)
            found = page_client("sum", path)
            if found == {"series": self.series, "total": self.counted % 2**64}:
                return path
            time.sleep(0.1 if attempt < 5 else 1)
        raise AssertionError(f"page {found}; replayed {self.series} series, {self.counted % 2**64} bytes")

    def series_bytes(self):
        """Resident bytes a series, everything included."""
        return (memory_bytes(self.process.pid) - self.empty_bytes) / self.series
