"""One version everywhere; the archive and the packages are a function of the sources.

All tests are in one file, because one process runs a file: `make dist` can't run twice at once.
"""

import hashlib
import os
import re
import subprocess

import pytest
import yaml
from made import PACKAGES, SOURCE, output_of, whole

BUILD = SOURCE / "build"


def version():
    """The version's one source."""
    return re.search(r"^AC_INIT\(\[flow-exporter\], \[([^]]+)\]", (SOURCE / "configure.ac").read_text(), re.M).group(1)


def found_in(name, pattern):
    found = re.findall(pattern, (SOURCE / name).read_text(), re.M)
    assert found, f"{name} has no version"
    return found


# The other places of the version, each with its pattern. Where there are several matches, the first is the newest.
PLACES = {
    "debian/changelog": r"^flow-exporter \(([^)-]+)-",
    "packaging/rpm/flow-exporter.spec": r"^Version: +(\S+)$",
    "CHANGELOG.md": r"^## (\d\S*)",
    "packaging/kubernetes/kustomization.yaml": r"newTag: (\S+)",
    "plugins/input-kafka/input-kafka.c": r'\.version = "([^"]+)"',
    "plugins/input-stdin/input-stdin.c": r'\.version = "([^"]+)"',
    "plugins/resolver-whois/resolver-whois.c": r'\.version = "([^"]+)"',
    "plugins/output-prometheus/output-prometheus.c": r'\.version = "([^"]+)"',
}


@pytest.mark.parametrize("name", PLACES)
def test_one_version(name):
    assert found_in(name, PLACES[name])[0] == version()


def test_every_plugin_is_looked_at():
    there = {str(path.parent.relative_to(SOURCE)) for path in SOURCE.glob("plugins/*/Makefile.inc")}
    assert there == {os.path.dirname(name) for name in PLACES if name.startswith("plugins/")}


def test_the_changelogs_name_the_same_releases():
    ours = found_in("CHANGELOG.md", PLACES["CHANGELOG.md"])
    assert ours == found_in("debian/changelog", PLACES["debian/changelog"])
    assert ours == found_in("packaging/rpm/flow-exporter.spec", r"^\* .* - ([^-\s]+)-\d+$")


def test_the_program_says_it():
    said = output_of(BUILD / "core" / "flow-exporter", "--version")
    assert said.startswith(f"flow-exporter {version()} "), said


# Only tests and packaging need these.
NOT_BUILDING = re.compile(r"debhelper|python3|systemd|libcmocka")
TOOLS = {"autoconf", "automake", "libtool", "make", "gcc", "pkg-config", "pkgconf", "pkgconf-pkg-config"}


def debian_needs():
    field = re.search(r"^Build-Depends:\n((?: .*\n)+)", (SOURCE / "debian/control").read_text(), re.M).group(1)
    return {name for name in re.findall(r"^ ([a-z0-9.+-]+)", field, re.M) if not NOT_BUILDING.match(name)}


def rpm_needs():
    return {name for name in found_in("packaging/rpm/flow-exporter.spec", r"^BuildRequires: +(\S+)$") if not NOT_BUILDING.match(name)}


@pytest.mark.parametrize(("installer", "needs"), [("apt", debian_needs), ("dnf", rpm_needs)])
def test_the_readme_names_what_is_needed(installer, needs):
    """README has one line for each distribution. A clone also needs the tools that make `configure`."""
    (line,) = found_in("README.md", rf"^    sudo {installer} install (autoconf .*)$")
    assert set(line.split()) - TOOLS == needs() - TOOLS
    assert TOOLS & set(line.split()) >= {"autoconf", "automake", "libtool", "make", "gcc"}


def make_dist(**environment):
    for old in BUILD.glob("flow-exporter-*.tar.xz"):
        old.unlink()
    changed = {**os.environ, **environment}
    subprocess.run(["sh", "-c", "umask $0; exec make -s -C $1 dist", environment.get("UMASK", "022"), BUILD], env=changed, check=True,
                   capture_output=True)
    archive = next(BUILD.glob("flow-exporter-*.tar.xz"))
    return archive.rename(PACKAGES / "again.tar.xz")


def test_the_archive_is_the_same_again():
    """The same bytes at another time, under another umask, in another time zone."""
    first = PACKAGES / f"flow-exporter-{version()}.tar.xz"
    again = make_dist(UMASK="077", TZ="Pacific/Auckland", LC_ALL="C")
    names = [output_of("tar", "-tvf", path, "--numeric-owner") for path in (first, again)]
    assert names[0] == names[1]
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()


def sums(folder, kind):
    files = sorted((folder / kind).glob(f"*.{kind}"))
    assert files
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@whole
@pytest.mark.parametrize("kind", ["deb", "rpm"])
def test_the_packages_are_the_same_again(kind):
    """The same bytes in another folder, time zone and language, under another umask, by one job."""
    again = SOURCE / "build" / "packages-again"
    environment = {**os.environ, "FLOW_EXPORTER_PACKAGES": str(again), "TZ": "Pacific/Auckland", "LC_ALL": "C",
                   "DEB_BUILD_OPTIONS": "nocheck parallel=1"}
    done = subprocess.run(["sh", "-c", f"umask 027; exec ./dev package {kind}"], cwd=SOURCE, env=environment, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sums(again, kind) == sums(PACKAGES, kind)


def test_the_archive_has_all_that_packages_need():
    names = output_of("tar", "-tf", PACKAGES / f"flow-exporter-{version()}.tar.xz").splitlines()
    names = {name.split("/", 1)[1] for name in names}
    wanted = ["CHANGELOG.md", "LICENSE", "README.md", "configure", "Dockerfile", "compose.yaml", "packaging/rpm/flow-exporter.spec",
              *(str(path.relative_to(SOURCE)) for path in SOURCE.glob("packaging/*/*.*") if path.is_file()),
              *(str(path.relative_to(SOURCE)) for path in SOURCE.glob("etc/*/*.*"))]
    assert not [name for name in wanted if name not in names]
    assert not [name for name in names if name.startswith(("debian/", ".git", "build/"))]


def test_what_compose_mounts_is_there():
    services = yaml.safe_load((SOURCE / "compose.yaml").read_text())["services"]
    mounted = [volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())]
    places = [place for place in mounted if place.startswith("./")]
    assert len(places) >= 6
    assert not [place for place in places if not (SOURCE / place).exists()]
