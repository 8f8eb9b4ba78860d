"""Scrape: the page of so many series, as a client on the same machine gets it, from the request to the last byte. The
request asks for a cut. The comparison, in turns, is a buffer with the same bytes, ready in memory and served by the
same HTTP library.

The page comes from a program without a state directory. The steps of a checkpoint show by themselves what a state
directory adds.

The program is filled from memory (input-replay) and otherwise idle. Only the longest pause of its worker by a cut is
measured while it replays records at full speed and pages are requested.
"""

import subprocess

from figures import Figure
from measure import growth, in_turns
from programs import Program
from replay import BENCH, Replay, page_client, self_metrics, series_name

SECTION = "scrape"
SIZES = (10_000, 100_000, 1_000_000, 4_000_000)
WAYS = ("page", "ready", "page gzip", "ready gzip", "page with state")
PLAIN, GZIP = 3.5, 1.2
PAUSE_MS = 10
EXTRA_BYTES, EXTRA_FIXED_BYTES = 16, 64 * 1024 * 1024


class ReadyServer(Program):
    """Serves the bytes of a file from memory."""

    def __init__(self, folder, series, path):
        super().__init__([BENCH / "ready_server", path], folder, f"ready-server-{series}", subprocess.PIPE)
        self.wait_for(lambda: self.log().endswith("\n"), "the ready server listens")
        self.port = int(self.log().split()[-1])

    def fetch(self, gzip=False):
        return page_client(self.port, *["gzip"] * gzip)

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(30) == 0


def longest_pause_ms(program, settings):
    """Requests pages one after the other while the worker replays."""
    program.begin(f"replay {settings.pause_records}")
    pages = 0
    while pages < settings.pause_pages:
        program.fetch()
        pages += 1
    program.answer()
    return self_metrics(program.check())["flow_exporter_checkpoint_cut_max_seconds"] * 1000


def step_ms(program, pages):
    """The mean time of each step of a checkpoint, over so many more pages."""
    program.check()
    before = program.steps()
    for _ in range(pages):
        program.fetch()
    program.check()
    return {step: (total - before[step][0]) / (count - before[step][1])
            for step, (total, count) in program.steps().items() if count > before[step][1]}


def measure(folder, series, settings):
    program = Replay(folder, series, name=f"scrape-{series}", pool=settings.pool)
    kept = Replay(folder, series, name=f"scrape-kept-{series}", pool=settings.pool, has_state=True)
    program.fill()
    kept.fill()
    page = program.page_path
    ready = ReadyServer(folder, series, page)
    has_gzip = program.fetch(gzip=True)["gzip"]
    ways = {"page": program.fetch, "ready": ready.fetch, "page with state": kept.fetch}
    if has_gzip:
        ways["page gzip"] = lambda: program.fetch(gzip=True)
        ways["ready gzip"] = lambda: ready.fetch(gzip=True)
    program.peak_bytes = 0
    found = in_turns(ways, settings.rounds)
    found["peak_bytes"] = program.peak_bytes
    ready.stop()
    found["steps"] = step_ms(kept, settings.rounds)
    found["pause_ms"] = longest_pause_ms(program, settings)
    program.stop()
    kept.stop()
    return found


def figures_of(series, found):
    name = f"{series_name(series)} series"
    is_bar = series == 1_000_000
    for way, row in ((way, found[way]) for way in WAYS if way in found):
        yield Figure(SECTION, f"{name}, {way}: first byte", row["first_s"] * 1000, "ms")
        yield Figure(SECTION, f"{name}, {way}: last byte", row["last_s"] * 1000, "ms")
        yield Figure(SECTION, f"{name}, {way}: a second", row["wire_bytes"] / row["last_s"] / 1e6, "MB")
    for step, cost in found["steps"].items():
        yield Figure(SECTION, f"{name}, page with state: of it {step}", cost, "ms")
    page, ready = found["page"], found["ready"]
    yield Figure(SECTION, f"{name}, plain: against the ready buffer", page["last_s"] / ready["last_s"], "times",
                 PLAIN if is_bar else None)
    if "page gzip" in found:
        yield Figure(SECTION, f"{name}, gzip: against the ready buffer",
                     found["page gzip"]["last_s"] / found["ready gzip"]["last_s"], "times", GZIP if is_bar else None)
    yield Figure(SECTION, f"{name}: longest pause of a worker", found["pause_ms"], "ms", PAUSE_MS if is_bar else None)
    limit = EXTRA_BYTES * series + EXTRA_FIXED_BYTES
    yield Figure(SECTION, f"{name}: memory during the page", found["peak_bytes"] / 1e6, "MB", limit / 1e6 if is_bar else None)


def measure_growth(folder, settings):
    """Seconds for a series until the last byte, at 1, 4 and 16 times the series."""
    most = max(size for size in settings.sizes or SIZES if size <= 1_000_000)
    programs = [Replay(folder, most // 16 * times, name=f"growth-{times}", pool=1000) for times in (1, 4, 16)]
    for program in programs:
        program.fill()
    found = in_turns({program.series: program.fetch for program in programs}, settings.rounds)
    for program in programs:
        program.check()
        program.stop()
    return growth("page", SECTION, [row["last_s"] / series for series, row in found.items()])


def run(context):
    figures = []
    for series in context.settings.sizes or SIZES:
        figures += figures_of(series, measure(context.folder, series, context.settings))
    return figures + measure_growth(context.folder, context.settings)
