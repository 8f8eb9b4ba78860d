"""The kernel's figures about a process, and small arithmetic. The scheduler's CPU time has nanoseconds."""

import os
import statistics
import time
from pathlib import Path

from figures import Figure


def cpu_seconds(pid):
    """User and system time of the process so far, including threads that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def thread_cpu_seconds(pid):
    """The CPU time of the living threads, exactly."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory_bytes(pid, name="VmRSS"):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def reset_peak(pid):
    """Makes VmHWM count the peak from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def machine_busy_seconds():
    """CPU time that all cores have given to anybody so far."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / os.sysconf("SC_CLK_TCK")


class Others:
    """The share of this machine's cores that other processes had during the block. `own` gives our CPU seconds."""

    def __init__(self, own):
        self.own, self.share = own, 0.0

    def __enter__(self):
        self.begin = (time.monotonic(), machine_busy_seconds(), self.own())
        return self

    def __exit__(self, *_):
        wall, busy, own = (now - then for now, then in zip((time.monotonic(), machine_busy_seconds(), self.own()),
                                                           self.begin))
        self.share = max(0.0, busy - own) / (wall * os.cpu_count())


def medians(rounds):
    """The medians of [{key: number}] as one dict. A round may lack a key."""
    keys = {key: None for one in rounds for key in one}
    return {key: statistics.median([one[key] for one in rounds if key in one]) for key in keys}


def in_turns(ways, rounds):
    """Runs each of {name: function giving a dict}, round after round. Gives the medians of each."""
    found = {name: [] for name in ways}
    for _ in range(rounds):
        for name, measure in ways.items():
            found[name].append(measure())
    return {name: medians(each) for name, each in found.items()}


def growth(name, section, costs):
    """Figures of the cost for a unit of work, at 1, 4 and 16 times the work. More than 1 is worse than linear."""
    first, *more = costs
    return [Figure(section, f"{name}: {times} times the work", cost / first, "times a unit")
            for times, cost in zip((4, 16), more)]
