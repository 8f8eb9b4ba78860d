"""Decode: our decoder, json-c and simdjson On-Demand take the same four fields of the same records, in turns.

Some records of `mixed` have nested maps, other orders of members, or escapes. `pmacct` and `goflow2` are the output of
these programs. Of simdjson's two ways (record by record, or its stream of documents) the better one counts.
"""

import json

from figures import Figure
from measure import growth
from programs import run as run_program
from replay import BENCH

SECTION = "decode"
SETS = ("pmacct", "mixed", "goflow2")
AGAINST_SIMDJSON, AGAINST_JSON_C = 1.0, 15
OURS = ("portable", "sse2", "avx2", "neon")
SIMDJSON = ("simdjson", "simdjson_many")


def decode_bench(records_or_file, records=0, rounds=5):
    """Nanoseconds for a record, by way."""
    return json.loads(run_program(BENCH / "decode_bench", records_or_file, records, rounds))


def best(ways, names):
    return min(ways[name] for name in names if name in ways)


def decoder_alone(path, rounds):
    """Nanoseconds for a record of a file: by our best way, and by simdjson's best if simdjson is built in."""
    ways = decode_bench(path, 0, rounds)["ns"]
    found = {"cpu_ns": best(ways, OURS)}
    if any(way in ways for way in SIMDJSON):
        found["simdjson_ns"] = best(ways, SIMDJSON)
    return found


def figures_of(name, found):
    ways = found["ns"]
    for way, cost in ways.items():
        yield Figure(SECTION, f"{name}: {way}", cost, "ns a record")
    ours = best(ways, OURS)
    if any(way in ways for way in SIMDJSON):
        yield Figure(SECTION, f"{name}: against simdjson ({found['simdjson']})", best(ways, SIMDJSON) / ours, "times",
                     at_least=AGAINST_SIMDJSON)
    yield Figure(SECTION, f"{name}: against json-c", ways["json_c"] / ours, "times", at_least=AGAINST_JSON_C)


def run(context):
    settings, figures = context.settings, []
    for name in SETS:
        figures += figures_of(name, decode_bench(name, settings.decode_records, settings.rounds + 2))
    costs = [best(decode_bench("mixed", settings.decode_records // 4 * times, 3)["ns"], OURS)
             for times in (1, 4, 16)]
    return figures + growth("mixed", SECTION, costs)
