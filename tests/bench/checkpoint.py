"""Checkpoints: the cost of one page a second, with a state directory, to a worker that counts records at full speed.
The comparison is a worker without pages. A client asks for each page and throws it away. The page's checkpoint
writes and syncs every value.
"""

import threading

from figures import Figure
from measure import in_turns
from replay import Replay, series_name

SECTION = "checkpoint"
SIZES = (16_000, 1_000_000)
COST = 1.05


class Pages(threading.Thread):
    """Asks for a page each second until the block ends."""

    def __init__(self, program):
        super().__init__(daemon=True)
        self.program, self.count, self.fault = program, 0, None
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(1):
            try:
                self.program.fetch()
                self.count += 1
            except Exception as fault:  # shown by the thread that waits for this one
                self.fault = fault
                return

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join(60)
        assert not self.fault, self.fault


def with_pages(program, records):
    with Pages(program) as pages:
        found = program.replay(records)
    return {**found, "pages": pages.count}


def measure(folder, series, settings):
    program = Replay(folder, series, draw="uniform", pool=settings.pool, has_state=True, name=f"checkpoint-{series}")
    program.fill()
    program.replay(settings.records // 4)
    records = settings.pause_records
    found = in_turns({"none": lambda: program.replay(records), "pages": lambda: with_pages(program, records)},
                     settings.rounds)
    program.check()
    program.stop()
    return found


def run(context):
    figures = []
    for series in context.settings.sizes or SIZES:
        found = measure(context.folder, series, context.settings)
        name = f"{series_name(series)} series, a page a second"
        figures.append(Figure(SECTION, f"{name}: pages in a round", found["pages"]["pages"], "pages"))
        for key, clock in (("cpu_ns", "of the worker's CPU time"), ("wall_ns", "of the wall clock")):
            is_bar = series == 1_000_000 and key == "wall_ns"
            figures.append(Figure(SECTION, f"{name}: cost to a record, {clock}", found["pages"][key] / found["none"][key],
                                  "times", COST if is_bar else None))
    return figures
