"""The example in the old program's README, literally. test_old_readme.py runs this file in a network and mount
namespace.

In the namespace, kafka.fqdn.com and whois.cymru.com stand for this machine, with Kafka on port 9092 and the whois
server on port 43. Prints the page. Arguments: a folder for files, then the program's arguments as a user types them.
"""

import subprocess
import sys
from pathlib import Path

import programs
from configs import record
from kafka import Kafka

# These flows are not counted. They make both names known before they are needed: a page waits only five seconds for a
# name.
FIRST_MET = [(397143, 397143, 0), (10318, 10318, 0)]
FLOWS = [(10318, 397143, 663), (397143, 10318, 1100), (397143, 10318, 37), (10318, 15169, 9)]


def prepare_machine(folder):
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost kafka.fqdn.com whois.cymru.com\n")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def main():
    folder, arguments = Path(sys.argv[1]), sys.argv[2:]
    prepare_machine(folder)
    kafka = Kafka(folder / "kafka", port=9092, advertised="kafka.fqdn.com")
    whois = programs.WhoisServer(folder / "whois", "--port", "43")
    topic = kafka.topic_create(name="pmacct.acct")
    kafka.wait_for_coordinator("flow-exporter")
    exporter = programs.FlowExporter(folder, arguments=arguments, port=9590)
    try:
        exporter.wait_for_assigned(1)
        kafka.produce(topic, [record(*flow, label="border.neptunenetworks.org") for flow in FIRST_MET])
        exporter.wait_for_page(lambda shown: shown.self_sum("flow_exporter_whois_names", state="known") == 2, "two names", 60)
        kafka.produce(topic, [record(*flow, label="border.neptunenetworks.org") for flow in FLOWS])
        print(exporter.wait_for_page(lambda shown: shown.total() == 1800, "1800 bytes").text, end="")
        exporter.stop()
    finally:
        for program in (exporter, whois, kafka):
            program.kill_group()


if __name__ == "__main__":
    main()
