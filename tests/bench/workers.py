"""Workers: two workers against one on records from memory, by the wall clock, with 16,000 and a million series.

The bar needs two idle cores. Rounds in which other processes had more than a twentieth of the cores do not count. The
section goes on for a while to find enough quiet rounds. If it finds none, it says so and compares CPU times with the
bar, since the load of others hardly touches these: one worker's time for a record against half of the time of two
together.
"""

import os
import time

from figures import Figure
from measure import Others, growth, medians, thread_cpu_seconds
from replay import Replay, series_name

SECTION = "workers"
SIZES = (16_000, 1_000_000)
SPEED_UP = 1.8
IDLE_SHARE = 0.05


def replay_beside_others(program, records):
    with Others(lambda: thread_cpu_seconds(program.process.pid)) as others:
        found = program.replay(records)
    return {**found, "others": others.share}


def measure(folder, series, settings):
    """{workers: rounds}, measured in turns."""
    programs = {}
    for workers in (1, 2):
        programs[workers] = Replay(folder, series, workers=workers, pool=settings.pool, name=f"workers-{series}-{workers}")
        programs[workers].fill()
        programs[workers].replay(settings.records // 4)
    rounds = {workers: [] for workers in programs}
    end = time.monotonic() + settings.patience_s
    while not has_enough(rounds, settings.rounds) and (time.monotonic() < end or not rounds[1]):
        for workers, program in programs.items():
            rounds[workers].append(replay_beside_others(program, settings.records // 2))
    costs = [medians([programs[2].replay(settings.records // 16 * times) for _ in range(settings.rounds)])["cpu_ns"]
             for times in (1, 4, 16)]
    for program in programs.values():
        program.check()
        program.stop()
    return rounds, costs


def idle_rounds(rounds):
    """The rounds in which the cores were ours, if every number of workers has some. Also tells whether that is so."""
    idle = {workers: [one for one in each if one["others"] <= IDLE_SHARE] for workers, each in rounds.items()}
    return (idle, True) if all(idle.values()) else (rounds, False)


def has_enough(rounds, wanted):
    found, is_idle = idle_rounds(rounds)
    return is_idle and all(len(each) >= wanted for each in found.values())


def figures_of(series, rounds):
    name = f"{series_name(series)} series"
    chosen, is_idle = idle_rounds(rounds)
    one, two = (medians(chosen[workers]) for workers in (1, 2))
    wall, cpu = one["wall_ns"] / two["wall_ns"], 2 * one["cpu_ns"] / two["cpu_ns"]
    remark = "" if is_idle else f" (others had {two['others']:.0%} of the cores)"
    yield Figure(SECTION, f"{name}: one worker", one["wall_ns"], "ns a record")
    yield Figure(SECTION, f"{name}: two workers", two["wall_ns"], "ns a record")
    yield Figure(SECTION, f"{name}: two against one{remark}", wall, "times", at_least=SPEED_UP if is_idle else None)
    yield Figure(SECTION, f"{name}: two against one, by CPU time", cpu, "times", at_least=None if is_idle else SPEED_UP)


def run(context):
    figures = []
    if (os.cpu_count() or 1) < 2:
        return figures
    for series in SIZES:
        rounds, costs = measure(context.folder, series, context.settings)
        figures += figures_of(series, rounds)
        figures += growth(f"{series_name(series)} series, two workers", SECTION, costs)
    return figures
