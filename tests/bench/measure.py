"""What the kernel says about a process, and small arithmetic. CPU time is the scheduler's, to the nanosecond."""

import os
import statistics
from pathlib import Path


def cpu_seconds(pid):
    """User and system time of the process so far, threads that have ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def thread_cpu_seconds(pid):
    """The same of the threads that live, exactly."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory_bytes(pid, name="VmRSS"):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def reset_peak(pid):
    """From now on VmHWM is the peak since now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def busy_share():
    """How busy this machine's cores are with what is not ours to know: run queue over cores, now."""
    running = int(Path("/proc/loadavg").read_text().split()[3].split("/")[0]) - 1
    return running / os.cpu_count()


def medians(rounds):
    """[{key: number}] as one dict of medians; a key may be missing in some rounds."""
    keys = {key: None for one in rounds for key in one}
    return {key: statistics.median([one[key] for one in rounds if key in one]) for key in keys}


def in_turns(ways, rounds):
    """{name: function giving a dict}: all of them round after round, and the medians of each."""
    found = {name: [] for name in ways}
    for _ in range(rounds):
        for name, measure in ways.items():
            found[name].append(measure())
    return {name: medians(each) for name, each in found.items()}
