"""Records of producers other than pmacct. A preset or the user says for each input where the fields are."""

import json

import pytest

from configs import ASN, kafka_config, stdin_config
from page import RECEIVE, TRANSMIT, differences


def vflow(agent, *flows):
    sets = [[{"I": number, "V": value} for number, value in flow.items()] for flow in flows]
    return {"AgentID": agent, "Header": {"Version": 10, "SequenceNo": 7}, "DataSets": sets}


# Two flows of AS 9 at the router r1, sampled at 10: 100 bytes to us, and 11 from us.
CASES = {
    "goflow2": [
        {"type": "SFLOW_5", "src_as": 9, "dst_as": ASN, "bytes": 100, "sampling_rate": 10, "sampler_address": "r1"},
        {"type": "SFLOW_5", "src_as": ASN, "dst_as": 9, "bytes": 11, "sampling_rate": 10, "sampler_address": "r1"},
    ],
    "goflow": [
        {"SrcAS": 9, "DstAS": ASN, "Bytes": 100, "SamplingRate": 10, "SamplerAddress": "r1"},
        {"SrcAS": ASN, "DstAS": 9, "Bytes": 11, "SamplingRate": 10, "SamplerAddress": "r1"},
    ],
    "nprobe": [
        {"SRC_AS": 9, "DST_AS": ASN, "IN_BYTES": 90, "OUT_BYTES": 11, "EXPORTER_IPV4_ADDRESS": "r1", "SAMPLING_INTERVAL": 10},
        {"16": 9, "17": ASN, "1": 10, "23": 0, "130": "r1", "34": 10},
    ],
    "vflow": [
        vflow("r1", {16: 9, 17: ASN, 1: 60, 34: 10}, {16: "0x00000009", 17: ASN, 1: "0x28", 34: 10}, {16: ASN, 17: 9, 1: 11, 34: 10}),
        vflow("r1"),
    ],
}


def expected(factor=1):
    return {(RECEIVE, 9, ASN, "r1"): 100 * factor, (TRANSMIT, ASN, 9, "r1"): 11 * factor}


def run_stdin(exporter, tmp_path, records, **options):
    path = tmp_path / "flows.json"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    with open(path, "rb") as file:
        program = exporter(stdin_config(**options), stdin=file)
    return program.wait_for_page(lambda shown: shown.total() > 0, "something is counted")


@pytest.mark.parametrize("preset", CASES)
@pytest.mark.parametrize("scaled", [False, True], ids=["unscaled", "scaled"])
def test_preset(exporter, tmp_path, preset, scaled):
    options = {"scale_by": "sampling_rate"} if scaled else {}
    page = run_stdin(exporter, tmp_path, CASES[preset], preset=preset, **options)
    assert not differences(page.flows(), expected(10 if scaled else 1))
    assert page.self_sum("flow_exporter_records_malformed_total") == 0


def test_fields_of_the_user(exporter, tmp_path):
    records = [{"from": {"as": 9}, "to.as": ASN, "size": 100, "label": {"router": "r1"}},
               {"from": {"as": ASN}, "to.as": 9, "size": 11, "label": {"router": "r1"}}]
    fields = {"as_src": "from.as", "as_dst": "to\\.as", "bytes": "size", "label": "label.router"}
    page = run_stdin(exporter, tmp_path, records, fields=fields)
    assert not differences(page.flows(), expected())


def test_each_input_has_its_own(kafka, exporter):
    """goflow2, nProbe and vFlow side by side, each from a topic of its own."""
    config, topics = None, []
    for preset in ("goflow2", "nprobe", "vflow"):
        topics.append(kafka.topic_create())
        kafka.produce(topics[-1], [json.dumps(record).encode() for record in CASES[preset]])
        more = kafka_config(kafka, topics[-1], preset=preset, name=preset)
        config = config or {**more, "inputs": []}
        config["inputs"] += more["inputs"]
    program = exporter(config)
    page = program.wait_for_page(lambda shown: shown.total() == 333, "three times 111 bytes")
    assert not differences(page.flows(), {key: 3 * value for key, value in expected().items()})


def test_scaled_beyond_64_bits_is_malformed(exporter, tmp_path):
    records = [{"as_src": 9, "as_dst": ASN, "bytes": 2**63, "sampling_rate": 2},
               {"as_src": 9, "as_dst": ASN, "bytes": 2**62, "sampling_rate": 2}]
    page = run_stdin(exporter, tmp_path, records, scale_by="sampling_rate")
    assert page.flows() == {(RECEIVE, 9, ASN, ""): 2**63}
    assert page.self_sum("flow_exporter_records_malformed_total", reason="range") == 1
