"""No secret is in anything that the program prints or logs, whatever its key is called and however it is refused."""

import pytest
import yaml

from configs import stdin_config
from programs import flow_exporter_run, free_port, wait_until

SECRET = "hunter2-Tr0ub4dor"


def config_of(**properties):
    """A configuration with an input from a broker that is not there."""
    config = stdin_config()
    config["inputs"] = [{"plugin": "input-kafka", "brokers": [f"127.0.0.1:{free_port()}"], "topics": ["t"],
                         "rdkafka": properties}]
    return config


def run(tmp_path, config, *arguments):
    path = tmp_path / "flow-exporter.yaml"
    path.write_text(yaml.safe_dump(config))
    status, out, err = flow_exporter_run("--config", path, *arguments)
    return status, out + err


# Values that librdkafka refuses, in properties of every kind that it checks.
REFUSED = ["security.protocol", "sasl.mechanisms", "session.timeout.ms", "enable.partition.eof", "debug",
           "ssl.cipher.suites", "ssl.ca.pem", "ssl.endpoint.identification.algorithm", "isolation.level",
           "sasl.oauthbearer.method", "partition.assignment.strategy", "client.dns.lookup", "ssl.ca.location"]


@pytest.mark.parametrize("how", ["file", "env"])
def test_values_by_reference_are_secret(tmp_path, monkeypatch, how):
    file = tmp_path / "value"
    file.write_text(SECRET + "\n")
    monkeypatch.setenv("FX_SECRET", SECRET)
    reference = {"file": str(file)} if how == "file" else {"env": "FX_SECRET"}
    failed = 0
    for key in REFUSED:
        for arguments in (["--check"], ["--print-config"]):
            status, said = run(tmp_path, config_of(**{key: reference}), *arguments)
            assert SECRET not in said and SECRET[:8] not in said, (key, said)
            failed += status != 0
            assert arguments == ["--check"] or (str(file) if how == "file" else "FX_SECRET") in said  # its place
            assert status == 0 or key in said, said
    assert failed >= 8  # runs with wrong values


@pytest.mark.parametrize("key", ["sasl.pasword", "sasl.passwd", "sasl.jaas.config", "sasl.kerberos.kinit.cmd", "ssl.keystore.pasword",
                                 "sasl.oauthbearer.config", "sasl.oauthbearer.client.secret", "ssl.key.pem", "ssl.certificate.pem",
                                 "sasl.oauthbearer.token.endpoint.url", "made.up", "SASL.PASSWORD"])
def test_what_is_not_known_to_be_public_is_hidden(tmp_path, key):
    config = config_of(**{key: SECRET, "fetch.wait.max.ms": "77", "security.protocol": "PLAINTEXT", "sasl.username": "alice"})
    status, said = run(tmp_path, config, "--print-config")
    assert status == 0 and SECRET not in said
    shown = yaml.safe_load(said)["inputs"][0]["rdkafka"]
    assert shown == {key: "********", "fetch.wait.max.ms": 77, "security.protocol": "PLAINTEXT", "sasl.username": "alice"}
    assert SECRET not in run(tmp_path, config, "--check")[1]


def test_a_misspelled_property_is_named(tmp_path):
    status, said = run(tmp_path, config_of(**{"sasl.pasword": SECRET}), "--check")
    assert status and "no property sasl.pasword" in said and SECRET not in said


def test_users_in_urls(tmp_path):
    config = config_of()
    config["inputs"][0]["brokers"] = [f"SASL_SSL://bob:{SECRET}@localhost:9092"]
    status, said = run(tmp_path, config, "--print-config")
    assert status == 0 and SECRET not in said and "localhost:9092" in said
    status, said = run(tmp_path, config, "--check")
    assert status and SECRET not in said and "without a user" in said


@pytest.mark.parametrize("properties, said", [
    # librdkafka shows the rest of a text that it can't read, here from the middle of the value.
    ({"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "OAUTHBEARER", "enable.sasl.oauthbearer.unsecure.jwt": "true",
      "sasl.oauthbearer.config": f"principal=bob {SECRET}=x more{SECRET}"}, "beginning at"),
    # It also shows the command that it can't run.
    ({"security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "GSSAPI", "sasl.kerberos.principal": "bob",
      "sasl.kerberos.kinit.cmd": f"false {SECRET}"}, "kinit"),
], ids=["oauthbearer", "kerberos"])
def test_what_librdkafka_says(exporter, tmp_path, properties, said):
    config = config_of(**properties, debug="security,conf")
    config["log"] = {"level": "debug"}
    program = exporter(config, wait=False)
    wait_until(lambda: said in program.log().lower() or not program.is_running(), f"'{said}'")
    wait_until(lambda: "********" in program.log(), "something to be hidden")
    if program.is_running():
        assert SECRET not in program.ready()[1] + program.page_text()
    program.end()
    assert SECRET not in program.log() and SECRET[:8] not in program.log(), program.log()
