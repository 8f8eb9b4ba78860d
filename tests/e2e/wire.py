"""Requests of Kafka's protocol, made by hand, that Debian's Python client library lacks."""

import socket
import struct

OFFSET_COMMIT, OFFSET_FETCH, DELETE_RECORDS, OFFSET_DELETE = 8, 9, 21, 47


def string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data


class Answer:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        value = struct.unpack_from(">" + form, self.data, self.at)[0]
        self.at += struct.calcsize(">" + form)
        return value

    def string(self):
        size = self.take("h")
        self.at += max(size, 0)
        return None if size < 0 else self.data[self.at - size:self.at].decode()


def read(peer, size):
    data = b""
    while len(data) < size:
        more = peer.recv(size - len(data))
        assert more, "the broker hung up"
        data += more
    return data


def ask(port, key, version, body):
    request = struct.pack(">hhi", key, version, 1) + string("test") + body
    with socket.create_connection(("127.0.0.1", port), 30) as peer:
        peer.sendall(struct.pack(">i", len(request)) + request)
        answer = Answer(read(peer, struct.unpack(">i", read(peer, 4))[0]))
    assert answer.take("i") == 1
    return answer


def offsets(port, group, topic, partitions):
    """{partition: (offset, text beside it)}, of partitions with an offset. The broker is the group's coordinator."""
    numbers = b"".join(struct.pack(">i", number) for number in range(partitions))
    body = string(group) + struct.pack(">i", 1) + string(topic) + struct.pack(">i", partitions) + numbers
    answer = ask(port, OFFSET_FETCH, 5, body)
    answer.take("i")
    found = {}
    for _ in range(answer.take("i")):
        answer.string()
        for _ in range(answer.take("i")):
            number, offset, _ = answer.take("i"), answer.take("q"), answer.take("i")
            text, code = answer.string(), answer.take("h")
            assert code == 0, code
            if offset >= 0:
                found[number] = (offset, text)
    assert answer.take("h") == 0
    return found


def commit(port, group, topic, partition, offset, text):
    """Commits an offset with a text, as no member: the group has none. The broker is its coordinator."""
    body = string(group) + struct.pack(">i", -1) + string("") + struct.pack(">h", -1) + struct.pack(">i", 1) + string(topic)
    body += struct.pack(">iiqi", 1, partition, offset, -1) + string(text)
    answer = ask(port, OFFSET_COMMIT, 7, body)
    answer.take("i")
    assert answer.take("i") == 1
    answer.string()
    assert answer.take("i") == 1
    answer.take("i")
    code = answer.take("h")
    assert code == 0, code


def delete_records(port, topic, partition, before):
    """Deletes the beginning of a partition, as retention does. The broker is its leader."""
    body = struct.pack(">i", 1) + string(topic) + struct.pack(">iiqi", 1, partition, before, 10000)
    answer = ask(port, DELETE_RECORDS, 1, body)
    answer.take("i")
    assert answer.take("i") == 1
    answer.string()
    assert answer.take("i") == 1
    answer.take("i")
    answer.take("q")
    code = answer.take("h")
    assert code == 0, code


def delete_offsets(port, group, topic, partitions):
    """Deletes the group's offsets, as kafka-consumer-groups --delete-offsets does. The broker is the group's coordinator."""
    numbers = b"".join(struct.pack(">i", number) for number in range(partitions))
    body = string(group) + struct.pack(">i", 1) + string(topic) + struct.pack(">i", partitions) + numbers
    answer = ask(port, OFFSET_DELETE, 0, body)
    code = answer.take("h")
    answer.take("i")
    assert code == 0, code
    for _ in range(answer.take("i")):
        answer.string()
        for _ in range(answer.take("i")):
            answer.take("i")
            code = answer.take("h")
            assert code == 0, code
