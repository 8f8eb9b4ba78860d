"""The configurations of etc/pmacct with the real daemons, from packets to counters."""

import socket
import struct

import netflow
import pmacct
import pytest
from configs import kafka_config
from page import RECEIVE, TRANSMIT, differences


ASN, LABEL = 64496, "border.example.net"
# The other networks. The own prefix and AS are those in the shipped networks.lst.
NETWORKS = {"10.1.0.0/16": 64501, "10.2.0.0/16": 64502, "10.3.0.0/16": 4200000001}
PACKETS = [
    ("10.1.0.1", "192.0.2.1", 1000, [100, 200, 1500]),
    ("192.0.2.9", "10.2.0.1", 1002, [1500] * 30),
    ("10.3.0.9", "192.0.2.77", 1003, [333]),
    ("10.1.0.1", "10.2.0.1", 1005, [999] * 9),
]
EXPECTED = {
    (RECEIVE, 64501, ASN, LABEL): 1800,
    (RECEIVE, 4200000001, ASN, LABEL): 333,
    (TRANSMIT, ASN, 64502, LABEL): 45000,
}

FRAMES = {(RECEIVE, 64501, ASN, LABEL): 3, (RECEIVE, 4200000001, ASN, LABEL): 1, (TRANSMIT, ASN, 64502, LABEL): 30}


@pytest.fixture
def daemon(kafka, topic, tmp_path):
    started = []

    def start(name, **places):
        started.append(pmacct.Daemon(name, tmp_path / name, kafka, topic, NETWORKS, **places))
        return started[-1]

    yield start
    for program in started:
        program.stop()


@pytest.fixture
def pcap(tmp_path):
    netflow.pcap_write(tmp_path / "packets.pcap", PACKETS)
    return tmp_path / "packets.pcap"


@pytest.fixture
def counted(kafka, topic, exporter):
    """Waits until the page has exactly the flows that were sent."""
    program = exporter(kafka_config(kafka, topic, asn=ASN))

    def wait(collector, expected):
        page = program.wait_for_page(lambda shown: shown.total() >= sum(expected.values()),
                                     lambda: f"{expected}; the collector: {collector.log()[-3000:]}")
        assert not differences(page.flows(), expected)
        assert page.self_sum("flow_exporter_records_malformed_total") == 0

    return wait


@pytest.mark.parametrize("version", ["5", "10"], ids=["netflow5", "ipfix"])
def test_nfacctd(daemon, pcap, counted, version):
    collector = daemon("nfacctd")
    netflow.export(pcap, collector.port, version)
    counted(collector, EXPECTED)


def test_nfacctd_netflow9(daemon, counted):
    collector = daemon("nfacctd")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as router:
        router.sendto(netflow.v9_datagram(PACKETS), ("127.0.0.1", collector.port))
    counted(collector, EXPECTED)


def test_pmacctd(daemon, pcap, counted):
    collector = daemon("pmacctd", pcap_interfaces_map=f"pcap_savefile: {pcap}\npcap_savefile_wait: true")
    counted(collector, EXPECTED)


def sflow_datagram(frames, rate):
    """An sFlow version 5 datagram with a flow sample for each frame: a raw packet header, sampled one in rate."""
    samples = b""
    for number, frame in enumerate(frames, 1):
        header = frame[:128]
        header += bytes(-len(header) % 4)
        raw = struct.pack("!IIII", 1, len(frame) + 4, 4, min(len(frame), 128)) + header  # Ethernet, its 4 octets of check sum
        record = struct.pack("!II", 1, len(raw)) + raw
        sample = struct.pack("!IIIIIIII", number, 1, rate, number * rate, 0, 1, 2, 1) + record
        samples += struct.pack("!II", 1, len(sample)) + sample
    agent = struct.pack("!II4sIII", 5, 1, socket.inet_aton("127.0.0.1"), 0, 1, 1000)
    return agent + struct.pack("!I", len(frames)) + samples


def test_sfacctd(daemon, counted):
    """With sampling of one in a hundred, a packet counts as a hundred. sFlow counts the whole frame: 14 octets of
    Ethernet, and 4 of its check sum."""
    collector = daemon("sfacctd")
    frames = [netflow.ETHERNET + netflow.ip_packet(source, destination, port, size)
              for source, destination, port, sizes in PACKETS for size in sizes]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        for first in range(0, len(frames), 5):
            agent.sendto(sflow_datagram(frames[first:first + 5], 100), ("127.0.0.1", collector.port))
    counted(collector, {key: 100 * (size + 18 * FRAMES[key]) for key, size in EXPECTED.items()})


def test_the_files_name_no_others():
    """Every map that a configuration names is shipped."""
    for path in pmacct.CONFIGURATIONS.glob("*.conf"):
        for line in path.read_text().splitlines():
            if "/etc/pmacct/" in line and not line.startswith("! Run"):
                assert (pmacct.CONFIGURATIONS / line.rsplit("/", 1)[1]).is_file(), line
