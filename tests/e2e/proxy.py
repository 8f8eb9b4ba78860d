"""A TCP proxy in front of a broker. It reads Kafka's requests as they pass. It can cut the connection in the middle of
a chosen request, hold back the answers to one kind of request, or make the answer to a commit say that there is no
such partition."""

import socket
import struct
import threading

FETCH, COMMIT, OFFSET_FETCH, SYNC_GROUP = 1, 8, 9, 14
UNKNOWN_TOPIC_OR_PARTITION = 3
# The moment of the cut: before the broker gets the request, after half of it, before the answer goes back, or after
# half of the answer.
MOMENTS = ("before", "half", "answered", "half answered")


def read(peer, size):
    data = b""
    while len(data) < size:
        more = peer.recv(size - len(data))
        if not more:
            raise OSError("end")
        data += more
    return data


def deny(answer, version):
    """Changes the answer to a commit into that of a coordinator that knows none of its partitions."""
    data, at = bytearray(answer), 4
    flexible = version >= 8  # lengths have one byte, as all are short here; tags are counted

    def length(form):
        nonlocal at
        if flexible:
            at += 1
            return data[at - 1] - 1
        at += struct.calcsize(form)
        return struct.unpack_from(form, data, at - struct.calcsize(form))[0]

    at += flexible + (4 if version >= 3 else 0)
    for _ in range(length(">i")):
        name = length(">h")
        at += name
        for _ in range(length(">i")):
            struct.pack_into(">h", data, at + 4, UNKNOWN_TOPIC_OR_PARTITION)
            at += 6 + flexible
        at += flexible
    return bytes(data)


class Link:
    """One connection. Its answers have the order of its requests."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.broker = socket.create_connection(("127.0.0.1", proxy.target))
        self.waiting = []
        for direction in (self.forward, self.back):
            threading.Thread(target=self.until_end, args=[direction], daemon=True).start()

    def until_end(self, direction):
        try:
            while True:
                direction()
        except OSError:
            self.end()

    def end(self):
        for peer in (self.client, self.broker):
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def forward(self):
        size = read(self.client, 4)
        body = read(self.client, struct.unpack(">i", size)[0])
        key, version = struct.unpack_from(">hh", body)
        moment = self.proxy.take(key)
        if moment == "before":
            raise OSError("cut")
        if moment == "half":
            self.broker.sendall(size + body[:len(body) // 2])
            raise OSError("cut")
        self.waiting.append((key, version, moment))
        self.broker.sendall(size + body)

    def back(self):
        size = read(self.broker, 4)
        body = read(self.broker, struct.unpack(">i", size)[0])
        key, version, moment = self.waiting.pop(0)
        self.proxy.pass_on(key)
        if key == COMMIT and self.proxy.denies():
            body = deny(body, version)
        if moment == "half answered":
            self.client.sendall(size + body[:len(body) // 2])
        if moment:
            raise OSError("cut")
        self.client.sendall(size + body)


class Proxy(threading.Thread):
    def __init__(self, target, port):
        super().__init__(daemon=True)
        self.target = target
        self.lock = threading.Lock()
        self.key = self.moment = self.held = None
        self.denied, self.commits = 0, 0  # answers still to be changed; commits whose answers have passed
        self.holds, self.let_go = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", port))
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                Link(self, client)
            except OSError:
                client.close()  # the broker does not run

    def cut(self, key, moment):
        """Cuts the connection in the next request of this kind."""
        with self.lock:
            self.key, self.moment = key, moment

    def take(self, key):
        with self.lock:
            if key != self.key:
                return None
            moment, self.key, self.moment = self.moment, None, None
            return moment

    def hold(self, key):
        """Holds back the answers to requests of this kind until release or the end. The first one sets holds."""
        self.held = key

    def pass_on(self, key):
        if key == self.held:
            self.holds.set()
            self.let_go.wait()

    def release(self):
        self.held = None
        self.let_go.set()

    def deny(self, count):
        """Changes this many of the next answers to commits."""
        with self.lock:
            self.denied, self.commits = count, 0

    def denies(self):
        with self.lock:
            self.commits += 1
            self.denied -= 1
            return self.denied >= 0

    def is_done(self):
        with self.lock:
            return self.key is None

    def close(self):
        self.let_go.set()
        self.listener.close()
