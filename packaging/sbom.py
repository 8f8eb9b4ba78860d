"""Prints a software bill of materials (SPDX 2.3, JSON) of the packages in a folder: .deb or .rpm files.

Each file is listed as a package with its checksum. Each package that a file needs is listed with the name and the
condition that the file gives. The packages of this machine play no part, so the result is a function of the files, and
two runs give the same bytes.
"""

import argparse
import datetime
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

NAMESPACE = "https://flow-exporter.invalid/spdx"


def output_of(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


def needs_of(text):
    """Reads a dependency field of Debian. Of alternatives the first one counts: it is what gets installed."""
    for entry in filter(None, (part.strip() for part in text.replace("\n", " ").split(","))):
        first = entry.split("|")[0].strip()
        name, _, condition = first.partition(" ")
        yield name.split(":")[0], condition.strip("()")


def read_deb(path):
    fields = [output_of("dpkg-deb", "-f", path, name).strip() for name in ("Package", "Version", "Architecture")]
    needs = [output_of("dpkg-deb", "-f", path, name) for name in ("Pre-Depends", "Depends")]
    return *fields, sorted(set(needs_of(",".join(needs)))), "pkg:deb/debian"


def read_rpm(path):
    name, version, machine = output_of("rpm", "-qp", "--qf", "%{NAME}\t%{VERSION}-%{RELEASE}\t%{ARCH}", path).split("\t")
    needs = set()
    for line in output_of("rpm", "-qpR", path).splitlines():
        needed, _, condition = line.strip().partition(" ")
        if not needed.startswith(("rpmlib(", "config(", "/bin/")):
            needs.add((needed, condition))
    return name, version, machine, sorted(needs), "pkg:rpm/fedora"


def identifier(*parts):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(parts)).strip("-")


def shipped(path, name, version, machine, kind):
    return {
        "SPDXID": identifier("Package", name),
        "name": name,
        "versionInfo": version,
        "packageFileName": path.name,
        "supplier": "Organization: The flow-exporter developers",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "checksums": [{"algorithm": "SHA256", "checksumValue": hashlib.sha256(path.read_bytes()).hexdigest()}],
        "licenseConcluded": "MIT",
        "licenseDeclared": "MIT",
        "copyrightText": "Copyright 2026 The flow-exporter developers",
        "primaryPackagePurpose": "APPLICATION" if name == "flow-exporter" else "LIBRARY",
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": f"{kind}/{name}@{version}?arch={machine}",
        }],
    }


def needed(name):
    return {
        "SPDXID": identifier("Needed", name),
        "name": name,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    }


def relation(one, kind, other, comment=""):
    found = {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
    return {**found, "comment": comment} if comment else found


def document(folder, version, created):
    found = [(path, *read_deb(path)) for path in sorted(folder.glob("*.deb"))]
    found += [(path, *read_rpm(path)) for path in sorted(folder.glob("*.rpm")) if not path.name.endswith(".src.rpm")]
    found = [entry for entry in found if not re.search(r"-(dbgsym|debuginfo|debugsource)$", entry[1])]
    packages = {name: shipped(path, name, number, machine, kind) for path, name, number, machine, _, kind in found}
    relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", package["SPDXID"]) for package in packages.values()]
    others = {}
    for _, name, _, _, needs, _ in found:
        for other, condition in needs:
            package = packages.get(re.sub(r"\(.*\)$", "", other)) or others.setdefault(other, needed(other))
            relations.append(relation(packages[name]["SPDXID"], "DEPENDS_ON", package["SPDXID"], condition))
    time = datetime.datetime.fromtimestamp(created, datetime.timezone.utc)
    text = json.dumps([package["checksums"] for package in packages.values()])
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"flow-exporter-{version}",
        "documentNamespace": f"{NAMESPACE}/flow-exporter-{version}-{hashlib.sha256(text.encode()).hexdigest()[:16]}",
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "creators": ["Organization: The flow-exporter developers", "Tool: packaging/sbom.py"]},
        "packages": [*packages.values(), *(others[name] for name in sorted(others))],
        "relationships": relations,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", required=True)
    parser.add_argument("--created", required=True, type=int, help="seconds since 1970")
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    made = document(arguments.folder, arguments.version, arguments.created)
    if len(made["packages"]) < 2:
        sys.exit(f"no packages in {arguments.folder}")
    print(json.dumps(made, indent=2))


main()
