"""Aggregation: CPU nanoseconds for a record once the series exist, and resident bytes for a series, by the number of
series.

The records come from memory (input-replay). Marks before the resolver and after the output measure what these two take.
The rest of the time goes to the decoder and to the path in between. Programs of all sizes run at once and take turns. A
state directory is on. The memory of the series is the resident memory after two pages, less that before the first
record.
"""

from figures import Figure
from measure import growth, in_turns, medians
from replay import Replay, series_name

SECTION = "aggregation"
SIZES = (10_000, 100_000, 1_000_000, 4_000_000)
BYTES_A_SERIES = 320
GROWTH = 6


def start(folder, sizes, draw, pool):
    programs = {}
    for series in sizes:
        programs[series] = Replay(folder, series, draw=draw, pool=pool, name=f"{draw}-{series}", has_state=True)
        programs[series].fill()
    return programs


def stop(programs):
    for program in programs.values():
        program.check()
        program.stop()


def measure(folder, sizes, draw, settings):
    """{series: medians}, with bytes for a series. Also figures for larger numbers of records."""
    programs = start(folder, sizes, draw, settings.pool)
    size_bytes = {series: program.series_bytes() for series, program in programs.items()}
    for program in programs.values():
        program.replay(settings.records // 4)
    ways = {series: lambda program=program: program.replay(settings.records) for series, program in programs.items()}
    found = in_turns(ways, settings.rounds)
    smallest = programs[min(sizes)]
    costs = [medians([smallest.replay(settings.records // 16 * times) for _ in range(settings.rounds)])["stage_ns"]
             for times in (1, 4, 16)]
    stop(programs)
    for series, row in found.items():
        row["series_bytes"] = size_bytes[series]
    return found, growth(f"{series_name(min(sizes))} series, {draw}", SECTION, costs)


def figures_of(found, draw):
    for series, row in found.items():
        name = f"{series_name(series)} series, {draw}"
        yield Figure(SECTION, f"{name}: resolver and output", row["stage_ns"], "ns a record")
        yield Figure(SECTION, f"{name}: with decoding", row["cpu_ns"], "ns a record")


def run(context):
    settings, figures = context.settings, []
    sizes = settings.sizes or SIZES
    found = {}
    for draw in ("skewed", "uniform"):
        found[draw], grown = measure(context.folder, sizes, draw, settings)
        figures += grown
    for draw, rows in found.items():
        figures += figures_of(rows, draw)
    for series, row in found["skewed"].items():
        bar = BYTES_A_SERIES if series == 1_000_000 else None
        figures.append(Figure(SECTION, f"{series_name(series)} series: resident", row["series_bytes"], "bytes a series", bar))
    for draw, rows in found.items():
        first, last = rows[min(sizes)], rows[max(sizes)]
        bar = GROWTH if (min(sizes), max(sizes)) == (10_000, 4_000_000) else None
        ratio = last["stage_ns"] / first["stage_ns"]
        figures.append(Figure(SECTION, f"{series_name(max(sizes))} against {series_name(min(sizes))}, {draw}", ratio, "times", bar))
    return figures
