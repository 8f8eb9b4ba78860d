"""The command line: help, exit statuses, checks, and the messages about a wrong configuration."""

import subprocess

import pytest
import yaml

from programs import SOURCE, flow_exporter_command, flow_exporter_run

ISSUE = """\
log: {level: info, format: text}
inputs:
  - plugin: input-kafka
    brokers: [kafka.fqdn.com:9092]
    topics: [pmacct.acct]
    group: flow-exporter
    start: latest                 # or earliest: where to begin when the group has no position yet
resolvers:
  - plugin: resolver-whois
    fields: {as_src: as_src_name, as_dst: as_dst_name}
    server: whois.cymru.com
outputs:
  - plugin: output-prometheus
    listen: ":9590"
    asn: 15169
"""
PLUGINS = ["input-kafka", "input-stdin", "output-prometheus", "resolver-whois"]


@pytest.fixture(name="check")
def check_fixture(tmp_path):
    """Runs --check on a text. Gives the status and the messages, with FILE for the file's name."""

    def check(text, *flags):
        path = tmp_path / "flows.yaml"
        path.write_text(text)
        status, out, err = flow_exporter_run("--config", path, "--check", *flags)
        return status, (out + err).replace(str(path), "FILE")

    return check


def test_no_argument_prints_help_and_fails():
    command, _ = flow_exporter_command()
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 64
    assert "Usage: flow-exporter" in done.stdout + done.stderr


def test_help_and_version():
    for flag in ("--help", "-h", "-help"):
        status, out, _ = flow_exporter_run(flag)
        assert status == 0 and out.startswith("Usage: flow-exporter --config FILE")
        assert all(len(line) <= 80 for line in out.splitlines())
    status, out, _ = flow_exporter_run("--version")
    assert status == 0 and out.startswith("flow-exporter ") and out.count("\n") == 1


@pytest.mark.parametrize(
    "arguments, status, said",
    [
        (["--brokrs=a:1", "--topic=t"], 64, "unknown flag '--brokrs'; did you mean '--brokers'?"),
        (["--brokers=a:1"], 64, "Usage:"),
        (["--topic=t"], 64, "Usage:"),
        (["--brokers=a:1", "--topic=t", "--asn=x"], 64, "--asn"),
        (["--brokers=a:1", "--topic=t", "--asn=4294967296"], 64, "4294967295"),
        (["--brokers=a:1", "--topic=t", "--partitions=0,x"], 64, "--partitions"),
        (["--config=a.yaml", "--topic=t"], 64, "--config and --topic exclude each other"),
        (["--config=/nonexistent/a.yaml"], 78, "/nonexistent/a.yaml"),
        (["plugin"], 64, "needs the name of a plugin"),
        (["plugin", "input-kafak"], 64, "input-kafak"),
        (["plugin", "../input-kafka"], 64, "../input-kafka"),
    ],
)
def test_wrong_arguments(arguments, status, said):
    found, out, err = flow_exporter_run(*arguments)
    assert (found, said in out + err) == (status, True), (found, out, err)


def test_plugins_are_listed_and_described():
    status, out, err = flow_exporter_run("plugins")
    assert status == 0, err
    assert [line.split()[0] for line in out.splitlines() if line[0] != " "] == PLUGINS
    for name in PLUGINS:
        status, out, _ = flow_exporter_run("plugin", name)
        assert status == 0 and name in out.splitlines()[0]
        assert all(len(line) <= 80 for line in out.splitlines() if line.startswith("  "))
    assert "brokers" in flow_exporter_run("plugin", "input-kafka")[1]


def test_the_documented_configuration_is_right(check):
    assert check(ISSUE)[0] == 0


def test_print_config_of_flags_is_a_configuration(tmp_path):
    flags = ["--brokers=a:1,b:2", "-topic", "pmacct.acct", "--partitions=0,2", "-asn=15169", "--addr=:9591"]
    status, out, err = flow_exporter_run(*flags, "--print-config")
    assert status == 0, err
    config = yaml.safe_load(out)
    source, output = config["inputs"][0], config["outputs"][0]
    assert source["plugin"] == "input-kafka" and source["brokers"] == ["a:1", "b:2"]
    assert source["topics"] == ["pmacct.acct"] and [int(number) for number in source["partitions"]] == [0, 2]
    assert config["resolvers"][0]["plugin"] == "resolver-whois"
    assert (output["plugin"], output["listen"], int(output["asn"])) == ("output-prometheus", ":9591", 15169)

    path = tmp_path / "printed.yaml"
    path.write_text(out)
    assert flow_exporter_run("--config", path, "--check")[0] == 0
    assert flow_exporter_run("--config", path, "--print-config")[1] == out


@pytest.mark.parametrize(
    "old, new, place, said",
    [
        ("brokers:", "brokres:", "4:5", "did you mean 'brokers'"),
        ("    brokers: [kafka.fqdn.com:9092]\n", "", "3:5", "brokers"),
        ("start: latest", "start: newest", "7:12", "latest"),
        ("asn: 15169", "asn: -1", "15:10", "-1"),
        ("asn: 15169", "asn: Google", "15:10", "Google"),
        ('listen: ":9590"', 'listen: ":99590"', "14:13", "99590"),
        ("level: info", "level: loud", "1:14", "loud"),
        ("outputs:", "outptus:", "12:1", "did you mean 'outputs'"),
        ("plugin: input-kafka", "plugin: input-kafak", "3:13", "input-kafak"),
        ("plugin: input-kafka", "plugin: output-prometheus", "3:13", "output"),
        ("fields: {as_src: as_src_name, as_dst: as_dst_name}", "fields: [as_src]", "10:13", "fields"),
        ("topics: [pmacct.acct]", "topics: [pmacct.acct", "", "FILE"),
        ("resolvers:", "inputs:", "8:1", "inputs"),
        ("group: flow-exporter", "group: *anchor", "6:12", "alias"),
        ("group: flow-exporter", "preset: goflow3", "6:13", "did you mean 'goflow2'"),
        ("group: flow-exporter", "fields: {bytes: a..b}", "6:14", "a..b"),
        ("group: flow-exporter", "fields: [bytes]", "6:13", "map"),
        ("group: flow-exporter", 'scale_by: ""', "6:15", "without a name"),
        ("group: flow-exporter", "rdkafka: {no.such.property: 1}", "6:15", "no.such.property"),
        ("group: flow-exporter", "rdkafka: {enable.auto.commit: true}", "6:15", "enable.auto.commit"),
        ("group: flow-exporter", "rdkafka: {enable.auto.offset.store: true}", "6:15", "committed with the checkpoints"),
        ("group: flow-exporter", "rdkafka: {auto.commit.interval.ms: 1}", "6:15", "max_interval"),
        ("group: flow-exporter", "rdkafka: {group.id: x}", "6:15", "use the option 'group'"),
        ("group: flow-exporter", "rdkafka: {bootstrap.servers: x}", "6:15", "use the option 'brokers'"),
        ("group: flow-exporter", "rdkafka: {auto.offset.reset: latest}", "6:15", "use the option 'start'"),
        ("group: flow-exporter", "rdkafka: {client.id: x}", "6:15", "use the option 'client_id'"),
        ("group: flow-exporter", "rdkafka: {plugin.library.paths: x}", "6:15", "interceptors"),
        ("group: flow-exporter", "rdkafka: {offset.store.method: file}", "6:15", "kept by the group in Kafka"),
        ("group: flow-exporter", "rdkafka: {security.protocol: tls}", "6:15", "security.protocol"),
        ("group: flow-exporter", "rdkafka: {fetch.wait.max.ms: never}", "6:15", "fetch.wait.max.ms"),
        ("group: flow-exporter", "rdkafka: {fetch.wait.max.ms: 99999999}", "6:15", "outside allowed range"),
        ("group: flow-exporter", "rdkafka: {statistics.interval.ms: 0}", "6:15", "can't be 0"),
        ("group: flow-exporter", "rdkafka: {rebalance_cb: x}", "6:15", "rebalance_cb"),
        ("group: flow-exporter", "rdkafka: {partition.assignment.strategy: 'range,cooperative-sticky'}", "6:15", "can't be mixed"),
        ("group: flow-exporter", "rdkafka: {group.protocol: consumer}", "6:15", "can only be 'classic'"),
        ("group: flow-exporter", "rdkafka: {group.protocol: Consumer}", "6:15", "KIP-848"),
        ("group: flow-exporter", "rdkafka: {group.remote.assignor: range}", "6:15", "which can't be used here"),
        ("group: flow-exporter", "rdkafka: {sasl.password: {flie: /x}}", "6:30", "{file: PATH}"),
        ("group: flow-exporter", "rdkafka: {sasl.password: {file: /nonexistent}}", "6:37", "'/nonexistent' can't be read"),
        ("group: flow-exporter", "rdkafka: {sasl.password: {env: FX_NOT_SET}}", "6:36", "'FX_NOT_SET' is not set"),
        ("topics: [pmacct.acct]", "topics: ['^pm(acct']", "5:14", "not a regular expression"),
        ("topics: [pmacct.acct]", "topics: [a, b, a]", "5:13", "given twice"),
        ("topics: [pmacct.acct]\n", "topics: ['^a']\n    partitions: [0]\n", "5:14", "with fixed partitions"),
        ("start: latest", "start: {timestamp: yesterday}", "7:13", "not a time"),
        ("start: latest", "start: {latest: x}", "7:13", "latest"),
    ],
)
def test_wrong_configuration(check, old, new, place, said):
    assert ISSUE.count(old) == 1
    status, text = check(ISSUE.replace(old, new))
    assert status == 78
    assert f"FILE:{place}" in text and said in text, text


def test_the_classic_protocol_may_be_named(check):
    """The answer is the same whether librdkafka knows the property or not."""
    status, text = check(ISSUE.replace("group: flow-exporter", "rdkafka: {group.protocol: classic}"))
    assert status == 0, text


@pytest.mark.parametrize("text", ["", "{}", "[]", "inputs: []", "inputs: 5", "a: &a [*a]", "\0", "inputs: [{plugin: input-stdin}]"])
def test_configurations_that_are_none(check, text):
    status, said = check(text)
    assert status == 78 and said.startswith("flow-exporter: FILE") and said.count("\n") == 1, said


def completed(tmp_path, *words):
    """The words that bash would offer after these. The last of these may be empty."""
    command, flags = flow_exporter_command()
    program = tmp_path / "flow-exporter"
    program.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in [*command, *flags]) + ' "$@"\n')
    program.chmod(0o755)
    script = """
        . "$1"
        shift
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _flow_exporter "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-c", script, "bash", SOURCE / "etc/bash-completion/flow-exporter", program, *words], check=True,
                          capture_output=True, text=True, timeout=120)
    assert not done.stderr
    return done.stdout.split()


def test_completion(tmp_path):
    assert {"plugins", "plugin", "options", "metrics", "state", "whois", "health"} <= set(completed(tmp_path, ""))
    assert completed(tmp_path, "met") == ["metrics"]
    assert completed(tmp_path, "--pa") == ["--partitions"]
    assert set(completed(tmp_path, "--")) >= {"--config", "--check", "--brokers", "--asn", "--plugin-dir", "--markdown", "--version"}
    assert set(PLUGINS) == set(completed(tmp_path, "plugin", ""))
    assert completed(tmp_path, "health", "r") == ["ready"]
    (tmp_path / "mine.yaml").touch()
    assert completed(tmp_path, "--config", f"{tmp_path}/mi") == [f"{tmp_path}/mine.yaml"]
    assert completed(tmp_path, "--config", "=", f"{tmp_path}/mi") == [f"{tmp_path}/mine.yaml"]
    assert completed(tmp_path, "--config", "=") == completed(tmp_path, "--config", "")
