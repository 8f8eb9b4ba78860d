"""The Debian and the RPM packages have the same files, except for the places that each distribution prescribes."""

import re

import pytest
from made import debs, files_of_deb, files_of_rpm, output_of, rpms, unpack_deb, unpack_rpm, whole

# The name in Debian: the RPM's name.
NAMES = {
    "flow-exporter": "flow-exporter",
    "flow-exporter-plugin-kafka": "flow-exporter-plugin-kafka",
    "flow-exporter-plugin-prometheus": "flow-exporter-plugin-prometheus",
    "libflow-exporter1": "flow-exporter-libs",
    "libflow-exporter-dev": "flow-exporter-devel",
}
# The place in Debian: the place in Fedora.
PLACES = [
    (r"^/usr/lib/[a-z0-9_]+-linux-gnu/", "/usr/lib64/"),
    (r"^/lib/", "/usr/lib/"),
    (r"^/usr/share/doc/libflow-exporter-dev/(?!copyright$|changelog)", "/usr/share/doc/flow-exporter-devel/"),
]
# Files that every package of one distribution has, and no package of the other.
ONLY_DEBIAN = re.compile(r"^/usr/share/(doc/[^/]+/(copyright|changelog(\.Debian)?\.gz|NEWS\.Debian\.gz)|lintian/overrides/.*)$")
ONLY_RPM = re.compile(r"^/usr/share/(licenses/|doc/flow-exporter/CHANGELOG\.md$)")  # Debian calls it changelog.gz
# Fedora's libraries can be executed, so that its tools find them. Debian's must not be.
LIBRARY = re.compile(r"\.so(\.[0-9.]+)?$")
# Empty folders that belong to a package.
FOLDERS = {"/etc/flow-exporter/conf.d/"}


def fedora_place(path):
    for place, other in PLACES:
        path = re.sub(place, other, path)
    return path


def listed(files, left_out):
    """What is compared: mode and place of files, links with their target, and the folders in FOLDERS."""
    return {
        fedora_place(path): ("" if LIBRARY.search(path) else file.mode, file.target)
        for path, file in files.items()
        if not left_out.match(path) and (not path.endswith("/") or path in FOLDERS)
    }


@whole
def test_the_split_is_the_same():
    assert {NAMES[name] for name in debs()} == set(rpms())


@whole
@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_the_same(name):
    deb = listed(files_of_deb(debs()[name]), ONLY_DEBIAN)
    rpm = listed(files_of_rpm(rpms()[NAMES[name]]), ONLY_RPM)
    assert deb == rpm
    assert len(deb) > 0


@whole
def test_the_same_files_are_the_operators():
    conffiles = output_of("dpkg-deb", "--info", debs()["flow-exporter"], "conffiles").split()
    assert conffiles == output_of("rpm", "-qpc", rpms()["flow-exporter"]).split() == ["/etc/flow-exporter/flow-exporter.yaml"]


def links_of(page):
    """The links of a document into its own tree."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    return [link for link in re.findall(r"\]\(([^)#\s]+)", text) if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize(("packages", "unpack", "names"), [
    pytest.param(debs, unpack_deb, ("flow-exporter", "libflow-exporter-dev"), id="deb"),
    pytest.param(rpms, unpack_rpm, ("flow-exporter", "flow-exporter-devel"), id="rpm", marks=whole),
])
def test_links_of_documents_work_in_each_package(tmp_path, packages, unpack, names):
    """Links work even if the package is the only one."""
    for name in names:
        unpack(packages()[name], tmp_path / name)
        pages = sorted((tmp_path / name / "usr/share/doc").rglob("*.md"))
        links = [(page, link) for page in pages for link in links_of(page)]
        assert len(links) >= 10
        assert not [f"{page.relative_to(tmp_path)}: {link}" for page, link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize(("packages", "files_of"), [
    pytest.param(debs, files_of_deb, id="deb"), pytest.param(rpms, files_of_rpm, id="rpm", marks=whole),
])
def test_nothing_of_the_build(packages, files_of):
    for package in packages().values():
        for path in files_of(package):
            assert not path.endswith((".la", ".a", ".o", ".default")) and "/usr/local" not in path, path
