"""The command `health`, which asks the running program as a container's health check does, and `--is-configured`, which
systemd's unit runs before the start."""

import socket
import subprocess
import threading

import pytest
import yaml

from configs import kafka_config, stdin_config
from programs import SOURCE, can_connect, flow_exporter_run, free_port
from secure_kafka import Certificates


def written(folder, config, name="asked.yaml"):
    path = folder / name
    path.write_text(yaml.safe_dump(config))
    return path


def at(config, listen, **options):
    config["outputs"][0].update(listen=listen, **options)
    return config


@pytest.fixture
def run_at(exporter, tmp_path):
    """Runs the program with this address, and the command `health`. Gives status, standard output, standard error."""

    def run(listen, port, **options):
        path = written(tmp_path, at(stdin_config(), listen, **options))
        program = exporter(arguments=["--config", path], port=port, wait=False, stdin=subprocess.PIPE)
        program.wait_for(lambda: "Running." in program.log(), "it runs")
        return program, lambda *words: flow_exporter_run("--config", path, "health", *words)

    return run


@pytest.mark.parametrize("host", ["", "127.0.0.1", "0.0.0.0", "localhost"])
def test_a_program_that_runs(run_at, host):
    port = free_port()
    program, ask = run_at(f"{host}:{port}", port)
    program.wait_for(lambda: ask()[0] == 0, "ready")
    assert ask("ready") == (0, "Ready.\n", "")
    assert ask("alive")[::2] == (0, "")
    assert flow_exporter_run(f"--addr={host}:{port}", "health")[0] == 0
    program.stop()
    status, out, err = ask()
    assert status == 1 and not out and "can't connect: Connection refused" in err


def test_a_unix_socket(run_at, tmp_path):
    path = tmp_path / "page.sock"
    program, ask = run_at([f"unix:{path}"], None)
    program.wait_for(lambda: ask()[0] == 0, "ready")
    program.stop()
    status, _, err = ask()
    assert status == 1 and "can't connect: No such file" in err


def test_tls_and_passwords(run_at, tmp_path):
    certificates = Certificates(tmp_path / "certificates")
    web = tmp_path / "web.yml"
    port = free_port()
    tls = {"cert_file": certificates["server.pem"], "key_file": certificates["server.key"]}
    web.write_text(yaml.safe_dump({"tls_server_config": tls, "basic_auth_users": {"a": "$2b$05$" + "a" * 53}}))
    program, ask = run_at(f"127.0.0.1:{port}", port, web_config=str(web))
    program.wait_for(lambda: ask()[0] == 0, "ready")
    program.stop()
    wanted = {**tls, "client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": certificates["ca.pem"]}
    web.write_text(yaml.safe_dump({"tls_server_config": wanted}))
    status, _, err = ask()
    assert status == 1 and "asks for a client's certificate" in err


def test_alive_but_not_ready(exporter, tmp_path):
    """Without a broker the answer names what is missing."""

    class Nobody:
        brokers = f"127.0.0.1:{free_port()}"

    port = free_port()
    path = written(tmp_path, at(kafka_config(Nobody, "flows"), f":{port}"))
    program = exporter(arguments=["--config", path], port=port)
    program.wait_for(lambda: flow_exporter_run("--config", path, "health")[0] == 1, "not ready")
    status, out, _ = flow_exporter_run("--config", path, "health")
    assert status == 1 and "input-kafka" in out
    assert flow_exporter_run("--config", path, "health", "alive")[0] == 0


@pytest.mark.parametrize("listen, said", [("systemd", "does not say where the page is"), ("127.0.0.1:0", "the port is 0")])
def test_an_address_that_is_not_known(tmp_path, listen, said):
    path = written(tmp_path, at(stdin_config(), listen))
    status, out, err = flow_exporter_run("--config", path, "health")
    assert status == 1 and not out and said in err


def test_wrong_arguments(tmp_path):
    status, _, err = flow_exporter_run("health", "well")
    assert status == 64 and "'ready' (the default) or 'alive'" in err


def test_something_else_answers():
    """A server that speaks no HTTP is not healthy."""

    def serve():
        client, _ = listener.accept()
        with client:
            client.sendall(b"SSH-2.0-x\r\n\r\n")
            client.recv(4096)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        status, _, err = flow_exporter_run(f"--addr=127.0.0.1:{listener.getsockname()[1]}", "health")
        thread.join()
    assert status == 1 and "does not answer as HTTP" in err


# ---- Before the start


def test_the_installed_configuration_waits_for_an_as_number(tmp_path):
    shipped = (SOURCE / "etc" / "flow-exporter.yaml").read_text()
    path = tmp_path / "flow-exporter.yaml"
    path.write_text(shipped)
    status, _, err = flow_exporter_run("--config", path, "--is-configured")
    assert status == 1 and f"{path}:" in err and "write your own AS number" in err
    status, _, err = flow_exporter_run("--config", path, "--check")
    assert status == 78 and "write your own AS number" in err
    status, _, err = flow_exporter_run("--config", path)
    assert status == 78 and err.count("write your own AS number") == 1
    path.write_text(shipped.replace("# asn: 15169 ", "asn: 15169 "))
    for action in ("--is-configured", "--check"):
        assert flow_exporter_run("--config", path, action)[0] == 0
    path.write_text(shipped.replace("# asn: 15169 ", "asm: 15169 "))
    assert flow_exporter_run("--config", path, "--is-configured") == (0, "", "")  # the start reports a wrong file
    assert flow_exporter_run("--config", path, "--check")[0] == 78


def test_several_as_numbers_are_own(exporter, tmp_path):
    """One network with several numbers, in each spelling."""
    config = stdin_config()
    config["outputs"][0]["asn"] = ["AS64500", "1.1", 0]
    program = exporter(config, stdin=subprocess.PIPE)
    flows = [(64500, 3), (3, 65537), (0, 4), (5, 6), (65537, 0)]
    for number, (source, destination) in enumerate(flows):
        line = f'{{"as_src": {source}, "as_dst": {destination}, "bytes": {10 ** number}, "label": "r"}}\n'
        program.process.stdin.write(line.encode())
    program.process.stdin.flush()
    page = program.wait_for_page(lambda shown: shown.total() == 10101 + 10, "all but one")
    assert sum(page.of("flow_transmit_bytes_total").values()) == 10101
    assert sum(page.of("flow_receive_bytes_total").values()) == 10
