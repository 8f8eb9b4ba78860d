"""Every program and library in the packages is hardened: what `checksec` looks for, read by readelf."""

import re

import pytest
from made import debs, output_of, rpms, unpack_deb, unpack_rpm, whole

PROGRAM = "flow-exporter"
# Functions with a checked form in glibc. A compiler takes the unchecked form where it knows that the data fits.
FORTIFIED = re.compile(r"^(mem(cpy|move|set)|str(n?cpy|n?cat)|v?(f|s|sn)?printf|read|recv|recvfrom|realpath|gethostname)$")


def unpacked(tmp_path, packages, unpack):
    for name, path in packages.items():
        unpack(path, tmp_path / name)
    found = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink() and is_elf(path)]
    return sorted(found)


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def imports_of(path):
    """The names of imported functions."""
    lines = output_of("readelf", "-W", "--dyn-syms", path).splitlines()
    return {line.split()[7].split("@")[0] for line in lines if " UND " in line and len(line.split()) > 7}


def faults_of(path):
    """Gives one sentence for each missing protection."""
    header = output_of("readelf", "-W", "-h", path)
    segments = output_of("readelf", "-W", "-l", path)
    dynamic = output_of("readelf", "-W", "-d", path)
    sections = output_of("readelf", "-W", "-S", path)
    imports = imports_of(path)
    stack = re.search(r"^ *GNU_STACK.* ([R ][W ][E ]) ", segments, re.M)
    if "DYN (" not in header:
        yield "it has fixed addresses (no PIE)"
    if path.name == PROGRAM and not re.search(r"FLAGS_1\).*\bPIE\b", dynamic):
        yield "it is no PIE"
    if "GNU_RELRO" not in segments:
        yield "no RELRO"
    if not re.search(r"\(BIND_NOW\)|\(FLAGS\).*BIND_NOW|FLAGS_1\).*\bNOW\b", dynamic):
        yield "symbols are bound lazily: RELRO is partial"
    if not stack or "E" in stack.group(1):
        yield "its stack can be executed"
    if re.search(r"^ *LOAD.* RWE ", segments, re.M):
        yield "it has memory that can be written and executed"
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        yield "it has a path of its own for libraries"
    if "(TEXTREL)" in dynamic:
        yield "its code is written to when it is loaded"
    if "__stack_chk_fail" not in imports:
        yield "no canaries"
    if not any(name.endswith("_chk") for name in imports) and any(map(FORTIFIED.match, imports)):
        yield "no fortified functions"
    if ".symtab" in sections or ".debug_info" in sections:
        yield "it is not stripped"


# Files with nothing to protect: main() has no array, and input-stdin reads into memory whose size no compiler knows.
SMALL = {"no canaries": {PROGRAM}, "no fortified functions": {"input-stdin.so"}}


@pytest.mark.parametrize(("packages", "unpack"), [
    pytest.param(debs, unpack_deb, id="deb"), pytest.param(rpms, unpack_rpm, id="rpm", marks=whole),
])
def test_every_elf_is_hardened(tmp_path, packages, unpack):
    found = unpacked(tmp_path, packages(), unpack)
    names = {path.name for path in found}
    assert {PROGRAM, "input-kafka.so", "input-stdin.so", "resolver-whois.so", "output-prometheus.so"} <= names
    assert len(found) == 6, names
    faults = [f"{path.relative_to(tmp_path)}: {fault}" for path in found for fault in faults_of(path)
              if path.name not in SMALL.get(fault, ())]
    assert not faults, "\n".join(faults)


def test_the_test_sees_a_program_without(tmp_path):
    """The same checks find every fault in a program without protections."""
    (tmp_path / "bad.c").write_text("#include <string.h>\nint main(int n, char **v) { char t[40]; strcpy(t, v[n - 1]); return t[3]; }\n")
    flags = ["-O2", "-no-pie", "-fno-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE", "-z", "execstack", "-z", "lazy",
             "-z", "norelro", "-Wl,-rpath,/tmp"]
    output_of("gcc", *flags, "-o", tmp_path / PROGRAM, tmp_path / "bad.c")
    faults = set(faults_of(tmp_path / PROGRAM))
    assert faults >= {"it has fixed addresses (no PIE)", "it is no PIE", "no RELRO", "its stack can be executed",
                      "symbols are bound lazily: RELRO is partial", "it has a path of its own for libraries", "no canaries",
                      "no fortified functions", "it is not stripped"}, faults
