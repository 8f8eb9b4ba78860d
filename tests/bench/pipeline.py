"""Pipeline: from a file through input-stdin to counters of 16,000 series, with one worker. The CPU time of the whole
process is compared with that of the decoder alone on the same records, in turns."""

import itertools
import json
import subprocess
import time

from configs import ASN
from decode import decoder_alone
from figures import Figure
from measure import growth, in_turns, memory_bytes, thread_cpu_seconds
from programs import FLOWGEN, FlowExporter
from replay import names_file, page_client, shape

SECTION = "pipeline"
SERIES = 16_000
SHARE = 0.65
numbers = itertools.count(1)


def flow_flags(records):
    """The flags of flowgen for both sections that it feeds."""
    ases, routers = shape(SERIES)
    return [FLOWGEN, "--records", records, "--asn", ASN, "--as", ases, "--routers", routers, "--series", SERIES,
            "--spread"]


def program_config(folder, source):
    """A configuration whose checkpoints come only when a page is requested."""
    return {
        "state": {"min_interval": "1ms", "max_interval": "1h", "directory": "none"},
        "inputs": [source],
        "resolvers": [{"plugin": "resolver-whois", "server": "none", "names": [str(names_file(folder, SERIES))]}],
        "outputs": [{"plugin": "output-prometheus", "asn": ASN}],
    }


def check_page(program, folder, counted):
    """Waits for a page with all series and bytes: the page of a cut that begins now, or one of the next few."""
    path, expected, found = folder / "page.txt", {"series": SERIES, "total": counted % 2**64}, {}

    def is_right():
        page_client(program.port, path)
        found.update(page_client("sum", path))
        return found == expected

    program.wait_for(is_right, lambda: f"the page has {expected}, not {found}", 30)


def make_file(folder, records):
    """The file of flows, and the bytes that the page must show for it."""
    path, summary = folder / f"flows-{records}.json", folder / f"flows-{records}.summary"
    command = [str(word) for word in [*flow_flags(records), "--summary", summary]]
    with open(path, "wb") as file:
        subprocess.run(command, stdout=file, check=True, timeout=600)
    return path, json.loads(summary.read_text())["counted"]


def run_exporter(folder, path, counted, records):
    """CPU time of all threads of the program, from its start to the end of the file."""
    begin = time.monotonic()
    with open(path, "rb") as file:
        program = FlowExporter(folder, program_config(folder, {"plugin": "input-stdin"}), stdin=file,
                               name=f"stdin-{next(numbers)}")
    program.wait_for_log("Standard input has ended", 300)
    used, seconds = thread_cpu_seconds(program.process.pid), time.monotonic() - begin
    found = {"cpu_ns": used / records * 1e9, "seconds": seconds,
             "resident_mb": memory_bytes(program.process.pid) / 1e6}
    check_page(program, folder, counted)
    program.stop()
    return found


def run(context):
    settings, folder = context.settings, context.folder
    path, counted = make_file(context.memory, settings.file_records)
    ways = {
        "program": lambda: run_exporter(folder, path, counted, settings.file_records),
        "decoder": lambda: decoder_alone(path, 1),
    }
    found = in_turns(ways, settings.rounds)
    whole, decoder = found["program"]["cpu_ns"], found["decoder"]["cpu_ns"]
    figures = [
        Figure(SECTION, "stdin to counters, whole process", whole, "ns a record"),
        Figure(SECTION, "the decoder alone", decoder, "ns a record"),
        Figure(SECTION, "against the decoder alone", decoder / whole, "of it", at_least=SHARE),
        *[Figure(SECTION, "against simdjson alone", found["decoder"][key] / whole, "of it")
          for key in found["decoder"] if key == "simdjson_ns"],
        Figure(SECTION, "resident", found["program"]["resident_mb"], "MB"),
    ]
    costs = []
    for times in (1, 4, 16):
        records = settings.file_records // 16 * times
        path, counted = make_file(context.memory, records)
        ways = {"program": lambda: run_exporter(folder, path, counted, records)}
        costs.append(in_turns(ways, settings.rounds)["program"]["cpu_ns"])
    return figures + growth("stdin to counters", SECTION, costs)
