"""The bill of materials names every package with its checksum, and everything that each package needs."""

import hashlib
import json
import re

import pytest
from made import PACKAGES, SOURCE, debs, output_of, rpms, whole

KINDS = {"deb": debs, "rpm": rpms}
RPM = pytest.param("rpm", marks=whole)


def read(kind):
    return json.loads((PACKAGES / kind / "flow-exporter.spdx.json").read_text())


@pytest.mark.parametrize("kind", ["deb", RPM])
def test_every_package_with_its_checksum(kind):
    found = {package["name"]: package for package in read(kind)["packages"] if "packageFileName" in package}
    assert set(found) == set(KINDS[kind]())
    for name, path in KINDS[kind]().items():
        assert found[name]["packageFileName"] == path.name
        assert found[name]["checksums"] == [{"algorithm": "SHA256", "checksumValue": hashlib.sha256(path.read_bytes()).hexdigest()}]


@pytest.mark.parametrize("kind", ["deb", RPM])
def test_it_is_well_formed(kind):
    document = read(kind)
    assert document["spdxVersion"] == "SPDX-2.3" and document["dataLicense"] == "CC0-1.0"
    names = [document["SPDXID"], *(package["SPDXID"] for package in document["packages"])]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", name) for name in names)
    for one in document["relationships"]:
        assert one["spdxElementId"] in names and one["relatedSpdxElement"] in names, one
    for package in document["packages"]:
        assert {"name", "downloadLocation", "licenseConcluded", "copyrightText"} <= set(package)


@pytest.mark.parametrize(("kind", "one", "other"), [
    ("deb", "flow-exporter-plugin-kafka", "librdkafka1"),
    ("deb", "flow-exporter-plugin-kafka", "libflow-exporter1"),
    ("deb", "flow-exporter-plugin-prometheus", "libmicrohttpd12"),
    pytest.param("rpm", "flow-exporter-plugin-kafka", "librdkafka.so.1()(64bit)", marks=whole),
    pytest.param("rpm", "flow-exporter-plugin-prometheus", "flow-exporter-libs", marks=whole),
])
def test_what_each_one_needs(kind, one, other):
    document = read(kind)
    names = {package["SPDXID"]: package["name"] for package in document["packages"]}
    needs = {(names.get(entry["spdxElementId"]), names[entry["relatedSpdxElement"]])
             for entry in document["relationships"] if entry["relationshipType"] == "DEPENDS_ON"}
    assert (one, other) in needs
    assert ("flow-exporter", other) not in needs or other.endswith(("libs", "exporter1")), "standard input needs no Kafka"


@pytest.mark.parametrize("kind", ["deb", RPM])
def test_the_same_again(kind):
    text = (PACKAGES / kind / "flow-exporter.spdx.json").read_text()
    time = read(kind)["creationInfo"]["created"]
    seconds = output_of("date", "-u", "-d", time, "+%s").strip()
    version = read(kind)["name"].removeprefix("flow-exporter-")
    command = ["/usr/bin/python3", SOURCE / "packaging" / "sbom.py", "--version", version, "--created", seconds, PACKAGES / kind]
    assert output_of(*command) == text
