#!/usr/bin/env python3
"""Measures flow-exporter: all sections, or the named ones. Prints one table and writes bench.json.

Programs that are compared take turns in one run. The figures are medians of several rounds. Every measured run is
checked: unless the page has every series and the sum of what was sent, the bench ends. Needs PYTHONPATH=tests/e2e and
FLOW_EXPORTER_BUILD: see ./dev bench. docs/performance.md explains the figures.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional, Tuple

import aggregation
import checkpoint
import decode
import kafka_section
import pipeline
import scrape
import workers
from figures import print_markdown, print_table, write_json
from programs import BUILD, Program

MEMORY = Path("/dev/shm")
SECTIONS = {
    "decode": decode,
    "pipeline": pipeline,
    "kafka": kafka_section,
    "aggregation": aggregation,
    "scrape": scrape,
    "checkpoint": checkpoint,
    "workers": workers,
}


@dataclass
class Settings:
    """How much is measured. --quick measures less of everything. A sixteenth of the records of a file or topic must
    still have every series: growth is measured with that."""

    rounds: int = 5
    decode_records: int = 200_000
    file_records: int = 2_000_000
    kafka_records: int = 5_000_000
    kafka_growth_rounds: int = 3
    records: int = 4_000_000  # in a round
    pool: int = 500_000  # records held in memory
    sizes: Optional[Tuple[int, ...]] = None  # numbers of series; None: all
    patience_s: float = 45  # how long to look for idle cores
    pause_records: int = 20_000_000
    pause_pages: int = 20


QUICK = Settings(rounds=3, decode_records=50_000, file_records=320_000, kafka_records=320_000, kafka_growth_rounds=1,
                 records=1_000_000, pool=100_000, sizes=(10_000, 100_000), pause_records=2_000_000, pause_pages=5,
                 patience_s=10)


# Only shows that the bench works.
SMOKE = Settings(rounds=1, decode_records=3_000, file_records=256_000, kafka_records=256_000, kafka_growth_rounds=1,
                 records=64_000, pool=10_000, sizes=(16_000,), pause_records=200_000, pause_pages=2,
                 patience_s=0)


@dataclass
class Context:
    settings: Settings
    folder: Path
    memory: Path  # a folder in memory: no disk is measured, and no cache loses a file


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="less of everything, for a first look")
    parser.add_argument("--smoke", action="store_true", help="hardly anything, whatever the bars say")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--series", type=int, action="append", help="this number of series only; may be repeated")
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"there is no section {', '.join(sorted(unknown))}: {', '.join(SECTIONS)}")
    return options


def settings_of(options):
    settings = SMOKE if options.smoke else QUICK if options.quick else Settings()
    if options.rounds:
        settings.rounds = options.rounds
    if options.series:
        settings.sizes = tuple(options.series)
    return settings


def run_section(section, settings, parent):
    begin = time.monotonic()
    folder = parent / section
    folder.mkdir()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=MEMORY if MEMORY.is_dir() else folder) as memory:
        figures = SECTIONS[section].run(Context(settings, folder, Path(memory)))
    print(f"== {section}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    return figures


def measure(sections, settings, figures):
    """Adds to figures: earlier measurements survive a later failure."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        try:
            for section in sections:
                figures += run_section(section, settings, Path(name))
        finally:
            for program in Program.started:
                program.kill_group()


def main():
    options = parse_arguments()
    settings, figures = settings_of(options), []
    try:
        measure(options.sections or SECTIONS, settings, figures)
    finally:
        (print_markdown if options.markdown else print_table)(figures)
        write_json(BUILD / "bench.json", figures, asdict(settings))
    fails = any(figure.holds() is False for figure in figures)
    return 1 if fails and not options.smoke else 0


if __name__ == "__main__":
    sys.exit(main())
