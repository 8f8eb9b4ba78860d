"""pmacct's daemons with the configurations of etc/pmacct. Only places differ: ports, folders, the topic."""

import re
import shutil
import signal
import socket

from programs import SOURCE, Program, free_port

CONFIGURATIONS = SOURCE / "etc" / "pmacct"
# The settings that a test must change: places, and the time until records are written.
PLACES = {"kafka_broker_port", "kafka_topic", "kafka_refresh_time", "nfacctd_port", "sfacctd_port", "pcap_interfaces_map"}


def replace(text, settings):
    """Replaces the values of these keys. Each key must be in the text once: a test follows the file."""
    for key, value in settings.items():
        assert key in PLACES, key
        text, count = re.subn(rf"(?m)^{key}: .*$", value if ":" in str(value) else f"{key}: {value}", text)
        assert count == 1, f"{key} is {count} times in the configuration"
    return text


class Daemon(Program):
    """nfacctd, sfacctd or pmacctd. networks: {prefix: AS} in addition to the shipped networks.lst."""

    def __init__(self, name, folder, kafka, topic, networks, **places):
        shutil.copytree(CONFIGURATIONS, folder, dirs_exist_ok=True)
        with open(folder / "networks.lst", "a", encoding="utf-8") as file:
            file.writelines(f"{asn},{prefix}\n" for prefix, asn in networks.items())
        self.port = free_port(socket.SOCK_DGRAM)
        settings = {"kafka_broker_port": kafka.port, "kafka_topic": topic, "kafka_refresh_time": 1, **places}
        if name != "pmacctd":
            settings[f"{name}_port"] = self.port
        path = folder / f"{name}.conf"
        path.write_text(replace(path.read_text(), settings).replace("/etc/pmacct/", f"{folder}/"))
        super().__init__([name, "-f", path], folder, name)
        self.wait_for(lambda: "Purging cache - END" in self.log(), f"both processes of {name} are at work")

    def stop(self):
        """At its end it writes the records that it holds to Kafka."""
        self.end(signal.SIGINT)
