"""A FIFO, a socket, a device or a folder in place of any file is refused at once with its name, and never waited
for."""

import os
import shutil
import stat
import subprocess

import pytest
import yaml

from configs import ASN, record, stdin_config
from programs import flow_exporter_command, flow_exporter_run, free_port

KINDS = {"fifo": "a FIFO", "socket": "a socket", "device": "a device", "folder": "a folder"}
LINE = record(1, ASN, 1) + b"\n"
PARTS = ["instance-output-prometheus/values-0", "instance-output-prometheus/log-1"]
STATE = ["lock", "identity", "checkpoint-0", *PARTS]


def put(path, kind):
    """Puts a file of this kind in place of the file."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        os.mknod(path, stat.S_IFSOCK | 0o600)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()


def config_of(folder):
    """A configuration of which all files are in the folder. The program ends after its input."""
    config = stdin_config(serve_after_end=False)
    config["state"]["directory"] = str(folder / "state")
    config["outputs"][0]["listen"] = f"127.0.0.1:{free_port()}"
    return config


def run(folder, config, *arguments):
    """Runs the program on one record. It ends by itself. Gives its status and its messages."""
    path, lines = folder / "flow-exporter.yaml", folder / "lines"
    path.write_text(yaml.safe_dump(config))
    lines.write_bytes(LINE)
    with open(lines, "rb") as stdin:
        status, out, err = flow_exporter_run("--config", path, *arguments, stdin=stdin)
    return status, out + err


def name_secret(config, path):
    config["inputs"] = [{"plugin": "input-kafka", "brokers": ["127.0.0.1:1"], "topics": ["t"],
                         "rdkafka": {"sasl.password": {"file": str(path)}}}]


def name_authority(config, path):
    config["inputs"] = [{"plugin": "input-kafka", "brokers": ["127.0.0.1:1"], "topics": ["t"],
                         "rdkafka": {"security.protocol": "SSL", "ssl.ca.location": str(path)}}]


def name_web_config(config, path):
    config["outputs"][0]["web_config"] = str(path)


def name_certificate(config, path):
    web = path.parent / "web.yml"
    web.write_text(yaml.safe_dump({"tls_server_config": {"cert_file": str(path), "key_file": str(path)}}))
    name_web_config(config, web)


def name_names_file(config, path):
    config["resolvers"][0]["names"] = [str(path)]


def name_dead_letters(config, path):
    config["inputs"][0].update(on_malformed="dead-letter", dead_letters={"file": str(path)})


NAMED = {"secret": name_secret, "web configuration": name_web_config, "certificate": name_certificate,
         "names file": name_names_file, "dead letters": name_dead_letters}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", NAMED)
def test_named_by_the_configuration(tmp_path, what, kind):
    config = config_of(tmp_path)
    path = tmp_path / "special"
    put(path, kind)
    NAMED[what](config, path)
    # --check does not open files that only the start opens. Without a names file the program continues.
    status, said = run(tmp_path, config, *(["--check"] if what not in ("dead letters", "names file") else []))
    # Messages about the configuration cut a long name.
    assert str(path)[:60] in said and KINDS[kind] in said and (status or what == "names file"), said


def test_authorities_for_kafka_may_be_a_folder(tmp_path):
    """librdkafka and OpenSSL open these files themselves, and would wait."""
    config = config_of(tmp_path)
    path = tmp_path / "special"
    name_authority(config, path)
    for kind in ("fifo", "socket", "device"):
        put(path, kind)
        status, said = run(tmp_path, config, "--check")
        assert status and "ssl.ca.location" in said and KINDS[kind] in said, said
    put(path, "folder")
    assert run(tmp_path, config, "--check")[0] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_in_place_of_the_configuration(tmp_path, kind):
    path = tmp_path / "flow-exporter.yaml"
    put(path, kind)
    status, out, err = flow_exporter_run("--config", path, "--check")
    assert status and str(path) in err and KINDS[kind] in err, out + err


def test_a_configuration_by_a_pipe(tmp_path):
    """A shell's <(...) and /dev/stdin are pipes whose other end the user holds. They are read to their end."""
    config = config_of(tmp_path)
    command, plugins = flow_exporter_command()
    text = yaml.safe_dump(config)
    command = [str(word) for word in [*command, *plugins, "--check", "--config"]]
    done = subprocess.run([*command, "/dev/stdin"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "config.yaml"
    path.write_text(text)
    script = f'exec "$@" <(sleep 0.2; cat "{path}")'
    done = subprocess.run(["bash", "-c", script, "bash", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["fifo", "device"])
@pytest.mark.parametrize("name", STATE)
def test_in_the_state_directory(tmp_path, name, kind):
    """The program names the file's place. It goes on or ends as with any other file that can't be used."""
    config = config_of(tmp_path)
    status, said = run(tmp_path, config)
    assert status == 0, said
    path = tmp_path / "state" / name
    assert path.exists() or name == "lock"
    put(path, kind)
    status, out, err = flow_exporter_run("state", tmp_path / "state")
    assert name == "lock" or "not a regular file" in out + err, out + err
    status, said = run(tmp_path, config)
    assert name == "lock" or (str(path.parent) in said and "not a regular file" in said), said


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_in_place_of_the_names_cache(tmp_path, whois, kind):
    config = config_of(tmp_path)
    config["resolvers"][0]["server"] = whois.address
    folder = tmp_path / "state" / "instance-resolver-whois" / "private"
    folder.mkdir(parents=True)
    for name in ("names.cache", "names.cache.new"):
        put(folder / name, kind)
    status, said = run(tmp_path, config)
    assert "instance-resolver-whois/private/names.cache" in said and KINDS[kind] in said, said


@pytest.mark.parametrize("name", [*PARTS, "checkpoint-0", "checkpoint-1", "web.yml"])
def test_while_it_runs(exporter, tmp_path, name):
    """Pages are answered and the program ends, whatever lies in its folders."""
    config = config_of(tmp_path)
    del config["inputs"][0]["serve_after_end"]
    web = tmp_path / "state" / "web.yml"
    web.parent.mkdir()
    web.write_text("{}")
    name_web_config(config, web)
    lines = tmp_path / "lines"
    lines.write_bytes(LINE)
    with open(lines, "rb") as stdin:
        program = exporter(config, stdin=stdin)
    program.wait_for_page(lambda page: page.total() == 1, "1 byte")
    put(tmp_path / "state" / name, "fifo")
    if name == "web.yml":
        program.wait_for_log("a FIFO, not a regular file")
    for _ in range(4):
        program.fresh_page()
    program.end()
