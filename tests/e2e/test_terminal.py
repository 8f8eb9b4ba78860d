"""A terminal obeys nothing in the output of commands and in the log, whoever wrote what they read."""

import re
import struct

import pytest
import yaml

from configs import ASN, record, stdin_config
from programs import flow_exporter_run, free_port

ESCAPES = "\x1b[31m\x1b]0;owned\x07\x9b2J\u202e"
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def assert_clean(*texts):
    for text in texts:
        assert not HARMFUL.search(text), ascii(text)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def kept_state(tmp_path):
    config = stdin_config(serve_after_end=False)
    config["inputs"][0]["name"] = "in-put"
    config["state"]["directory"] = str(tmp_path / "state")
    config["outputs"][0]["listen"] = f"127.0.0.1:{free_port()}"
    path, lines = tmp_path / "flow-exporter.yaml", tmp_path / "lines"
    path.write_text(yaml.safe_dump(config))
    lines.write_bytes(record(1, ASN, 1) + b"\n")
    with open(lines, "rb") as stdin:
        status, _, err = flow_exporter_run("--config", path, stdin=stdin)
    assert status == 0, err
    return tmp_path / "state"


def test_a_state_directory_of_somebody_else(tmp_path):
    """The file's names are escape sequences, and its checksum is right."""
    folder = kept_state(tmp_path)
    slots = list(folder.glob("checkpoint-*"))
    for slot in slots:
        data = slot.read_bytes()
        head, body = data[:512], bytearray(data[512:])
        assert b"in-put" in body
        while (at := body.find(b"in-put")) >= 0:
            body[at : at + 6] = b"\x1b[31m\x07"
        crc_at = body.index(b"FXSTATE1") + 20
        body[crc_at : crc_at + 4] = bytes(4)
        body[crc_at : crc_at + 4] = struct.pack("<I", crc32c(bytes(body)))
        slot.write_bytes(head + body)
    _, out, err = flow_exporter_run("state", folder)
    assert r"\x1b[31m" in out, out + err
    assert_clean(out, err)


@pytest.mark.parametrize("arguments", [["--config", ESCAPES], ["state", "/nonexistent/" + ESCAPES], ["plugin", ESCAPES],
                                       ["--" + ESCAPES], ["--asn=" + ESCAPES, "--brokers=a", "--topic=b"], [ESCAPES],
                                       ["whois", ESCAPES]],
                         ids=["config", "state", "plugin", "flag", "value", "command", "number"])
def test_errors(arguments):
    status, out, err = flow_exporter_run(*arguments)
    assert status != 0 and (out or err)
    assert_clean(out, err)


def test_names_and_values_of_the_configuration(tmp_path):
    """YAML's escapes can make any character in keys, values and names of files."""
    escaped = r'"\x1b[31m\x9b\u202e"'
    for text in (f"{escaped}: 1", f"log: {{level: {escaped}}}", f"inputs: [{{plugin: {escaped}}}]",
                 f"inputs: [{{plugin: input-stdin, {escaped}: 1}}]", f"state: {{min_interval: {escaped}}}",
                 f"inputs: [{{plugin: input-stdin}}]\noutputs: [{{plugin: output-prometheus, asn: 0, web_config: {escaped}}}]",
                 f"inputs: [{{plugin: input-stdin}}]\nresolvers: [{{plugin: resolver-whois, server: {escaped}}}]\n"
                 "outputs: [{plugin: output-prometheus, asn: 0}]",
                 f"state: {{directory: {escaped}}}\ninputs: [{{plugin: input-stdin}}]\noutputs: [{{plugin: output-prometheus, asn: 0}}]"):
        path = tmp_path / "flow-exporter.yaml"
        path.write_text(text)
        for flag in ("--check", "--print-config"):
            status, out, err = flow_exporter_run("--config", path, flag)
            assert out or err
            assert_clean(out, err)
