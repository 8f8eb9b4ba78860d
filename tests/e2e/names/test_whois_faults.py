"""Whatever a whois server does, records flow at full speed and memory is bounded: every fault, in every dialect.

Each run waits until the fault has begun, sends the bulk of the records, and ends the input. It is compared with a run
without a server: by the time that the records took, and by the peak memory of the process.
"""

import json
import random
import re
import time

import pytest

from programs import SCALE, SLOWNESS, wait_until
from whois_program import program_fixture, server_fixture  # noqa: F401

RECORDS = max(2000, int(600_000 * SCALE))
NUMBERS = range(100000, 102000)
ALL = ["none", "silent", "deaf", "refuse", "reset", "half", "garbage", "endless", "endless-line", "slow", "drip",
       "reverse", "wrong", "omit", "duplicate", "cr", "latin1", "limit", "empty"]
# Every fault for a bulk dialect and for one that asks one by one. The others have only their own ways to fail.
CASES = [(dialect, fault) for dialect in ("cymru", "rpsl") for fault in ALL]
CASES += [("irrd", fault) for fault in ("half", "reverse", "wrong", "endless", "limit")]
CASES += [("arin", fault) for fault in ("half", "loop", "limit")]
CASES += [("lacnic", "limit"), ("iana", "loop")]
if SLOWNESS > 1:  # a sanitizer needs only the kinds
    CASES = [("cymru", "garbage"), ("cymru", "endless"), ("rpsl", "drip"), ("irrd", "half"), ("iana", "loop")]
MEMORY_KB = 24 * 1024
# A run is repeated, in case another process took the processor. A program that waits for a server is slow every time.
TRIES = 6


@pytest.fixture(scope="module", name="records")
def records_fixture():
    rand = random.Random(5)
    return "".join(json.dumps({"as": rand.choice(NUMBERS)}) + "\n" for _ in range(RECORDS)).encode()


def peak_kb(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))


def flow(program, records, under_way, folder, **resolver):
    """Gives the seconds until all records have passed and the program has ended, and its peak memory in kB.
    under_way(): the fault is met."""
    run = program(folder, outputs=["report"], input_options={"serve_after_end": False}, **resolver)
    run.feed(NUMBERS)
    wait_until(lambda: "Running." in run.log(), "the program to run")
    wait_until(under_way, "the fault to be met")
    begin = time.monotonic()
    run.process.stdin.write(records)
    memory = peak_kb(run.process)  # all records but those in the pipe have passed
    run.process.stdin.close()
    assert run.process.wait(120 * SLOWNESS) == 0, run.log()
    seconds = time.monotonic() - begin
    assert run.counted("records_total") == RECORDS + len(NUMBERS)
    return seconds, memory


@pytest.mark.parametrize("dialect, fault", CASES)
def test_records_flow_and_memory_is_bounded(server, program, records, tmp_path, dialect, fault):
    whois = server("--dialect", dialect, "--fault", fault, "--pause", 0.05)
    servers = [{"host": whois.address, "dialect": dialect, "connections": 4, "queries_per_second": 1000,
                "refused_interval": "100ms"}]
    ratios = []
    while len(ratios) < TRIES and (not ratios or min(ratios) > 2):
        folder = tmp_path / f"try-{len(ratios)}"
        folder.mkdir()
        plain_s, plain_kb = flow(program, records, lambda: True, folder / "plain", server="none")
        seconds, memory = flow(program, records, whois.queries, folder / "fault", servers=servers,
                               retry_interval="100ms")
        ratios.append(seconds / plain_s)
        assert memory < plain_kb + MEMORY_KB * SLOWNESS, f"{memory} kB, {plain_kb} kB without a server"
    print(f"{dialect} {fault}: {min(ratios):.2f} times as long, {memory - plain_kb} kB more")
    assert min(ratios) <= 2, ratios


def test_a_gigabyte_without_end_is_not_taken(server, program, tmp_path):
    """The answer has a bound. The connection is broken off long before a gigabyte, again and again, after growing
    pauses."""
    whois = server("--fault", "endless")
    run = program(server=whois.address, retry_interval="20ms")
    run.feed(NUMBERS)
    wait_until(lambda: len(whois.queries()) >= 4, "four tries")
    assert "the answer does not end" in run.log()
    read = int(re.search(r"^rchar: (\d+)", open(f"/proc/{run.process.pid}/io", encoding="ascii").read(), re.M).group(1))
    tries = len(whois.queries())
    assert read < (tries + 1) * 64 << 20, f"{read} bytes read in {tries} tries"
    run.stop()
