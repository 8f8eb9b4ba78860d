"""Figures, the bars that they must meet, the table and bench.json."""

import json
import os
from dataclasses import asdict, dataclass
from typing import Optional


@dataclass
class Figure:
    """One number of a section. A figure with a bar holds, or does not."""

    section: str
    name: str
    value: float
    unit: str = ""
    at_most: Optional[float] = None
    at_least: Optional[float] = None

    def holds(self):
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    def bar(self):
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return f"at least {self.at_least:g}" if self.at_least is not None else ""

    def row(self):
        verdict = {None: "", True: "holds", False: "FAILS"}[self.holds()]
        return [self.section, self.name, number(self.value), self.unit, self.bar(), verdict]


def number(value):
    """The number with three significant digits; from a thousand on, as a whole number."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def print_table(figures):
    rows = [["section", "figure", "value", "unit", "bar", ""], *(figure.row() for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for i, row in enumerate(rows):
        if i > 0 and row[0] != rows[i - 1][0]:
            print("-" * (sum(widths) + 2 * len(widths)))
        cells = [cell.rjust(width) if j == 2 else cell.ljust(width) for j, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())


def print_markdown(figures):
    """Two tables for docs/performance.md: figures with a bar, and the rest."""
    with_bar = [figure for figure in figures if figure.holds() is not None]
    print("| section | figure | value | | bar | |\n|---|---|---:|---|---|---|")
    for figure in with_bar:
        print("| " + " | ".join(figure.row()) + " |")
    print("\nWithout a bar:\n\n| section | figure | value | |\n|---|---|---:|---|")
    for figure in figures:
        if figure.holds() is None:
            print("| " + " | ".join(figure.row()[:4]) + " |")


def machine():
    with open("/proc/cpuinfo", encoding="ascii") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    return {"processor": model, "cores": os.cpu_count()}


def write_json(path, figures, settings):
    report = {
        "machine": machine(),
        "settings": settings,
        "figures": [{**asdict(figure), "holds": figure.holds()} for figure in figures],
    }
    path.write_text(json.dumps(report, indent=2) + "\n")
