"""Runs the services of compose.yaml as processes. test_compose.py runs this file in a network and mount namespace.

In the namespace the services' names stand for this machine, and their ports are free. Environment, entrypoints and
commands are the file's. Places in a container become places below the given folder. Prints the flows and rules that
Prometheus has in the end.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import netflow
import yaml
from confluent_kafka.admin import AdminClient
from kafka import JAVA, JAVA_LOG, LIBS
from page import RECEIVE, TRANSMIT
from programs import SOURCE, FlowExporter, Program, can_connect, http_get, run, wait_until

PACKETS = [("10.1.0.1", "192.0.2.1", 1000, [100, 200, 1500]), ("192.0.2.9", "10.2.0.1", 1002, [1500] * 30)]
ASN = 64496


def prepare_machine(folder, services):
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {' '.join(services)}\n")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


class Places:
    """The place of a container's file in this file system."""

    def __init__(self, folder, service):
        self.found = {"/tmp/": f"{folder}/tmp/"}
        (folder / "tmp").mkdir(parents=True)
        for volume in service["volumes"]:
            source, target = volume.split(":")[:2]
            self.found[target] = str(folder / target.lstrip("/"))
        for volume in service["volumes"]:
            self.put(*volume.split(":")[:2])

    def put(self, source, target):
        place = Path(self.found[target])
        if not source.startswith("./"):
            place.mkdir(parents=True)
            return
        source = SOURCE / source
        for path in sorted(source.iterdir()) if source.is_dir() else [source]:
            goal = place / path.name if source.is_dir() else place
            goal.parent.mkdir(parents=True, exist_ok=True)
            goal.write_text(self.here(path.read_text()))

    def here(self, text):
        return re.sub("|".join(map(re.escape, sorted(self.found, key=len, reverse=True))), lambda m: self.found[m.group()], text)


def kafka_properties(environment):
    """Reads the environment as the image does: KAFKA_NODE_ID is node.id."""
    return {key.removeprefix("KAFKA_").lower().replace("_", "."): value for key, value in environment.items()}


def start_kafka(folder, service):
    places = Places(folder, service)
    properties = kafka_properties(service["environment"])
    path = folder / "server.properties"
    path.write_text("".join(f"{key}={places.here(value)}\n" for key, value in properties.items()))
    java = [*JAVA, "-cp", f"{LIBS}/*", *JAVA_LOG]
    run(*java, "kafka.tools.StorageTool", "format", "-t", "4L6g3nShT-eMCtK--X86sw", "-c", path)
    program = Program([*java, "kafka.Kafka", path], folder, "kafka")
    program.wait_for(lambda: can_connect(9092), "Kafka listens", 60)
    admin = AdminClient({"bootstrap.servers": "kafka:9092"})
    program.wait_for(lambda: admin.list_topics(timeout=10).brokers, "Kafka answers", 60)
    return program


def start_nfacctd(folder, service):
    places = Places(folder, service)
    program = Program([places.here(word) for word in service["entrypoint"]], folder, "nfacctd")
    program.wait_for_log("Purging cache - END", 60)
    return program


def start_flow_exporter(folder, service):
    command = [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word) for word in service["command"]]
    return FlowExporter(folder, arguments=[*command, "--whois=none"], port=9590)


def start_prometheus(folder, service):
    places = Places(folder, service)
    program = Program(["prometheus", *map(places.here, service["command"])], folder, "prometheus")
    program.wait_for(lambda: can_connect(9090), "Prometheus listens", 60)
    return program


def query(text):
    answer = json.loads(http_get(f"http://prometheus:9090/api/v1/query?query={text}")[1])
    return {(series["metric"]["source_as"], series["metric"]["destination_as"], series["metric"]["hostname"]): int(series["value"][1])
            for series in answer["data"]["result"]}


def flows_of(exporter):
    return {(*map(str, key[1:3]), key[3]): value for key, value in exporter.fresh_page().flows().items()}


def main():
    folder = Path(sys.argv[1])
    services = yaml.safe_load((SOURCE / "compose.yaml").read_text())["services"]
    prepare_machine(folder, services)
    started = []
    try:
        for name, start in (("kafka", start_kafka), ("nfacctd", start_nfacctd), ("flow-exporter", start_flow_exporter),
                            ("prometheus", start_prometheus)):
            started.append(start(folder / name, services[name]))
        exporter = started[2]
        # The first record creates the topic, and a new group begins at the topic's end. So one round of flows comes
        # first.
        netflow.pcap_write(folder / "packets.pcap", PACKETS)
        netflow.export(folder / "packets.pcap", 2055, "10")
        exporter.wait_for_assigned(int(services["kafka"]["environment"]["KAFKA_NUM_PARTITIONS"]))
        before = exporter.fresh_page().total()
        netflow.export(folder / "packets.pcap", 2055, "10")
        wanted = sum(sum(sizes) for _, _, _, sizes in PACKETS)
        exporter.wait_for_page(lambda shown: shown.total() - before >= wanted, f"{wanted} bytes more than {before}")
        # The rest of the first round may come later than the second round, so the page is read again each time.
        found = wait_until(lambda: (now := {**query(RECEIVE), **query(TRANSMIT)}) == flows_of(exporter) and now,
                           lambda: f"the same in Prometheus: {flows_of(exporter)}, {query(RECEIVE)}, {query(TRANSMIT)}", 90)
        targets = json.loads(http_get("http://prometheus:9090/api/v1/rules")[1])["data"]["groups"]
        print(json.dumps({"flows": [[*key, value] for key, value in sorted(found.items())], "rules": len(targets)}))
        exporter.stop()
    finally:
        for program in started:
            program.kill_group()


if __name__ == "__main__":
    main()
