#!/usr/bin/env python3
"""A crowd of clients that spoil an HTTP server for others, on loopback only: KIND PORT FROM [--tls].

Each kind is bounded: in clients at a time, in connections in all, and in time. It says "at work" when its first clients
are connected. On SIGTERM it says how many it has begun.

  silent      40 clients ask for the page, read nothing, and come again each second
  trickle     16 clients read 10 KiB a second each, and come again when they are cut off
  half-heads  two threads open connections as fast as they can, with half a head each
  requests    two threads open connections as fast as they can, with a whole request each, and read nothing
  keepers     the same, and keep thousands of them open
  leavers     the same, and hang up at once
  tops        like requests, with the most expensive question that the API answers
  readers     24 clients ask for compressed pages again and again and read them as fast as they come
  hellos      two threads begin handshakes as fast as they can and never go on
  guesses     two threads send wrong passwords, a different one each time
"""

import base64
import itertools
import signal
import socket
import ssl
import sys
import threading
import time
from collections import deque

BEGUN_MAX = 400_000
SECONDS_MAX = 120
PAGE = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
TOP = b"GET /api/v1/top?limit=50 HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-"


class Crowd:
    def __init__(self, port, source, is_tls):
        self.port, self.source = port, source
        self.tls = ssl.create_default_context() if is_tls else None
        if self.tls:
            self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE
        self.numbers = itertools.count()
        self.begun = 0
        self.end = time.monotonic() + SECONDS_MAX

    def goes_on(self):
        return time.monotonic() < self.end and self.begun < BEGUN_MAX

    def connect(self, say=b"", receive_buffer=None, tls=True):
        """Makes a connection and sends these bytes. Gives the connection, or None."""
        client = socket.socket()
        try:
            client.settimeout(5)
            if receive_buffer:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            client.bind((self.source, 0))
            client.connect(("127.0.0.1", self.port))
            if self.tls and tls:
                client = self.tls.wrap_socket(client)
            client.sendall(say)
        except OSError:
            client.close()
            return None
        finally:
            self.begun = next(self.numbers)
        return client

    def flood(self, say, kept=300, tls=True):
        """Opens connections as fast as possible. The last ones stay open."""
        clients = deque()
        while self.goes_on():
            if client := self.connect(say() if callable(say) else say, tls=tls):
                clients.append(client)
            if len(clients) > kept:
                clients.popleft().close()

    def half_heads(self):
        self.flood(HALF)

    def requests(self):
        self.flood(PAGE)

    def keepers(self):
        self.flood(PAGE, kept=4000)

    def leavers(self):
        self.flood(PAGE, kept=0)

    def tops(self):
        self.flood(TOP)

    def hellos(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        hello = self.tls.wrap_bio(incoming, outgoing)
        try:
            hello.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self.flood(outgoing.read(), tls=False)

    def guesses(self):
        def guess():
            said = base64.b64encode(f"alice:wrong-{next(self.numbers)}".encode()).decode()
            return f"GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {said}\r\n\r\n".encode()

        self.flood(guess)

    def silent(self):
        clients = []
        while self.goes_on():
            for client in clients:
                client.close()
            clients = [client for client in (self.connect(PAGE, 4096) for _ in range(40)) if client]
            time.sleep(1)

    def trickle(self):
        while self.goes_on():
            if client := self.connect(PAGE, 4096):
                try:
                    while client.recv(2048) and self.goes_on():
                        time.sleep(0.2)
                except OSError:
                    pass
                client.close()
            else:
                time.sleep(0.1)

    def readers(self):
        while self.goes_on():
            if client := self.connect(PAGE.replace(b"\r\n\r\n", b"\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")):
                try:
                    while client.recv(65536):
                        pass
                except OSError:
                    pass
                client.close()
            else:
                time.sleep(0.1)


KINDS = {"silent": (Crowd.silent, 1), "trickle": (Crowd.trickle, 16), "half-heads": (Crowd.half_heads, 2),
         "requests": (Crowd.requests, 2), "keepers": (Crowd.keepers, 2), "leavers": (Crowd.leavers, 2), "tops": (Crowd.tops, 2), "readers": (Crowd.readers, 24), "hellos": (Crowd.hellos, 2),
         "guesses": (Crowd.guesses, 2)}


def main():
    kind, port, source = sys.argv[1:4]
    crowd = Crowd(int(port), source, "--tls" in sys.argv)
    work, threads = KINDS[kind]

    def stop(_number, _frame):
        print(f"begun {crowd.begun}", flush=True)
        crowd.end = 0

    signal.signal(signal.SIGTERM, stop)
    started = [threading.Thread(target=work, args=[crowd], daemon=True) for _ in range(threads)]
    for thread in started:
        thread.start()
    print("at work", flush=True)
    for thread in started:
        while thread.is_alive() and crowd.end:
            thread.join(0.1)


if __name__ == "__main__":
    main()
