"""Real NetFlow: packets in a pcap file, made here. softflowd makes flows of them, and nfacctd writes the flows to
Kafka."""

import signal
import socket
import struct

from programs import Program, free_port, run

PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
ETHERNET = bytes(12) + b"\x08\x00"


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_packet(source, destination, port, size):
    """An IPv4 packet of size bytes that contains a UDP datagram."""
    def header(check):
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, size, 1, 0, 64, 17, check, socket.inet_aton(source),
                           socket.inet_aton(destination))

    udp = struct.pack("!HHHH", port, 443, size - 20, 0)
    return header(checksum(header(0))) + udp + bytes(size - 28)


def pcap_write(path, flows):
    """Writes packets, each a millisecond after the one before. flows: (source, destination, port, [packet sizes])."""
    with open(path, "wb") as file:
        file.write(PCAP_HEADER)
        clock_us = 1_700_000_000_000_000
        for source, destination, port, sizes in flows:
            for size in sizes:
                frame = ETHERNET + ip_packet(source, destination, port, size)
                file.write(struct.pack("<IIII", clock_us // 1_000_000, clock_us % 1_000_000, len(frame), len(frame)))
                file.write(frame)
                clock_us += 1000


# The fields of a record by NetFlow 9's numbers, each with its size (RFC 3954, section 8).
V9_FIELDS = ((8, 4), (12, 4), (1, 4), (2, 4), (22, 4), (21, 4), (7, 2), (11, 2), (10, 2), (14, 2), (4, 1))


def v9_set(number, body):
    """A set with its header, filled up to a multiple of four octets."""
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", number, len(body) + 4) + body


def v9_datagram(flows):
    """
    NetFlow version 9 as a router sends it: a template, then a record for each flow of pcap_write. (softflowd sends sets that
    are not filled up; nfacctd 1.7.7 reads nothing after them.)
    """
    template = struct.pack("!HH", 256, len(V9_FIELDS)) + b"".join(struct.pack("!HH", *field) for field in V9_FIELDS)
    records = b"".join(
        struct.pack("!4s4sIIIIHHHHB", socket.inet_aton(source), socket.inet_aton(destination), sum(sizes), len(sizes), 1000, 2000,
                    port, 443, 1, 2, 17) for source, destination, port, sizes in flows)
    sets = v9_set(0, template) + v9_set(256, records)
    return struct.pack("!HHIIII", 9, len(flows) + 1, 3000, 1_700_000_000, 1, 1) + sets


class Nfacctd(Program):
    """pmacct's NetFlow collector. A file maps prefixes to ASes, and another one gives the label. Records go to Kafka
    each second."""

    def __init__(self, folder, kafka, topic, networks, label):
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port(socket.SOCK_DGRAM)
        (folder / "networks.lst").write_text("".join(f"{asn},{prefix}\n" for prefix, asn in networks.items()))
        # pmacct 1.7.9 takes the address of an IPFIX exporter at 127.0.0.1 for an IPv6 address.
        (folder / "pretag.map").write_text(f"set_label={label} ip=0.0.0.0/0\nset_label={label} ip=::/0\n")
        settings = {
            "daemonize": "false",
            "nfacctd_ip": "127.0.0.1",
            "nfacctd_port": self.port,
            "nfacctd_as": "file",
            "nfacctd_net": "file",
            "networks_file": folder / "networks.lst",
            "pre_tag_map": folder / "pretag.map",
            "aggregate": "src_as, dst_as, label, peer_src_ip, src_host, dst_host, src_port",
            "plugins": "kafka",
            "kafka_broker_host": "127.0.0.1",
            "kafka_broker_port": kafka.port,
            "kafka_topic": topic,
            "kafka_output": "json",
            "kafka_refresh_time": 1,
            "kafka_markers": "true",
            "nfacctd_time_new": "true",
        }
        path = folder / "nfacctd.conf"
        path.write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
        super().__init__(["nfacctd", "-f", path], folder, "nfacctd")
        self.wait_for(self.is_listening, "nfacctd listens")

    def stop(self):
        """At its end it writes the records that it holds to Kafka."""
        self.end(signal.SIGINT)

    def is_listening(self):
        """Waits for both of its processes. Flows that arrive before the second one runs are lost."""
        log = self.log()
        return "waiting for NetFlow/IPFIX data" in log and "Purging cache - END" in log


def export(pcap, port, version):
    """Exports the flows of the capture as NetFlow 5 or IPFIX (10). Returns when all are sent."""
    run("softflowd", "-r", pcap, "-n", f"127.0.0.1:{port}", "-v", version, seconds=30)
