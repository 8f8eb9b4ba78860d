"""A real Kafka with listeners for each kind of security, certificates for it, and rights (ACLs) that tests give to
users.

It is Kafka 3.9. librdkafka before 2.6.1 (Debian 12's) has a fault in SCRAM that Kafka refuses from 4.0 on. One process
has these listeners: PLAINTEXT for the tests themselves (a superuser), TLS, TLS that asks for a client's certificate,
and SASL with and without TLS. alice and CN=exporter may do everything. bob may do only what a test allows.
"""

import hashlib
import os
import socket
import struct
from pathlib import Path
from types import SimpleNamespace

from kafka import Kafka
from programs import SOURCE, free_port, run

LIBS = Path(os.environ.get("FLOW_EXPORTER_KAFKA_OLD_LIBS", SOURCE / "build" / "kafka-libs-3.9"))
PASSWORDS = {"alice": "alice-s3cret-Zq9", "bob": "bob-s3cret-Xw7"}
LISTENERS = {"TLS": "SSL", "MTLS": "SSL", "SASL": "SASL_PLAINTEXT", "SASLTLS": "SASL_SSL"}
TOPIC, GROUP, LITERAL, READ, DESCRIBE, ALLOW = 2, 3, 3, 3, 8, 3
CREATE_ACLS, ALTER_USER_SCRAM_CREDENTIALS = 30, 51
SCRAM_SHA_512 = 2


class Certificates:
    """An authority, certificates for the server and a client, and another authority that is not trusted."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        for name in ("ca", "other-ca"):
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 2,
                "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature",
                "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem")
        self.sign("server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        self.sign("exporter", "extendedKeyUsage=clientAuth")
        run("openssl", "ec", "-aes256", "-passout", "pass:key-s3cret-Vb5", "-in", folder / "exporter.key",
            "-out", folder / "exporter-locked.key")
        both = (folder / "server.key").read_text() + (folder / "server.pem").read_text()
        (folder / "server-both.pem").write_text(both)

    def sign(self, name, extension):
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        # From 3.13 on Python refuses a certificate without the key identifier, and an authority without its key usage.
        extensions.write_text(f"authorityKeyIdentifier=keyid\n{extension}\n")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
            "-keyout", self[f"{name}.key"], "-out", request)
        run("openssl", "x509", "-req", "-in", request, "-CA", self["ca.pem"], "-CAkey", self["ca.key"], "-CAcreateserial",
            "-days", 2, "-extfile", extensions, "-out", self[f"{name}.pem"])

    def __getitem__(self, name):
        return str(self.folder / name)


def settings(ports, certificates):
    names = ["PLAINTEXT", *LISTENERS]
    protocols = {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT", **LISTENERS}
    users = " ".join(f'user_{user}="{password}"' for user, password in PASSWORDS.items())
    found = {
        "listeners": ",".join(f"{name}://127.0.0.1:{ports[name]}" for name in [*names, "CONTROLLER"]),
        "advertised.listeners": ",".join(f"{name}://127.0.0.1:{ports[name]}" for name in names),
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
        "inter.broker.listener.name": "PLAINTEXT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": certificates["server-both.pem"],
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": certificates["ca.pem"],
        "listener.name.mtls.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:alice;User:CN=exporter",
        "message.max.bytes": 20 << 20,
        "replica.fetch.max.bytes": 21 << 20,
    }
    package = "org.apache.kafka.common.security"
    for listener in ("sasl", "sasltls"):
        found[f"listener.name.{listener}.plain.sasl.jaas.config"] = f"{package}.plain.PlainLoginModule required {users};"
        for mechanism in ("scram-sha-256", "scram-sha-512"):
            found[f"listener.name.{listener}.{mechanism}.sasl.jaas.config"] = f"{package}.scram.ScramLoginModule required;"
    return found


class SecureKafka(Kafka):
    def __init__(self, folder):
        self.certificates = Certificates(folder / "certificates")
        ports = {name: free_port() for name in ["PLAINTEXT", "CONTROLLER", *LISTENERS]}
        scram = [f"{mechanism}=[name={user},password={password}]"
                 for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512") for user, password in PASSWORDS.items()]
        super().__init__(folder, port=ports["PLAINTEXT"], settings=settings(ports, self.certificates), libs=LIBS,
                         format_arguments=[word for entry in scram for word in ("--add-scram", entry)])
        self.listeners = {name: SimpleNamespace(brokers=f"127.0.0.1:{port}") for name, port in ports.items()}

    def ask(self, request):
        """Sends a request in Kafka's protocol. Gives the answer without its size."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = b""
            while len(answer) < 4 or len(answer) < 4 + struct.unpack(">i", answer[:4])[0]:
                piece = connection.recv(4096)
                assert piece, "the broker hung up"
                answer += piece
        return answer[4:]

    def set_password(self, user, password):
        """Gives a user a SCRAM-SHA-512 password, and creates the user if needed (AlterUserScramCredentials, version
        0)."""
        salt, iterations = b"salt of the tests", 4096
        salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)

        def compact(value):
            return bytes([len(value) + 1]) + value

        upsertion = compact(user.encode()) + struct.pack(">bi", SCRAM_SHA_512, iterations) + compact(salt) + compact(salted)
        header = struct.pack(">hhih", ALTER_USER_SCRAM_CREDENTIALS, 0, 8, 5) + b"tests" + b"\0"
        answer = self.ask(header + b"\1\2" + upsertion + b"\0" + b"\0")
        correlation, _, throttle, results, name = struct.unpack(">ibibb", answer[:11])
        error = struct.unpack(">h", answer[10 + name:12 + name])[0]
        assert (correlation, throttle, results, error) == (8, 0, 2, 0), answer

    def allow(self, user, resource, name, operation=READ):
        """Gives a user a right, in Kafka's protocol: no tool in Debian can do so."""

        def text(value):
            return struct.pack(">h", len(value)) + value.encode()

        entry = struct.pack(">b", resource) + text(name) + struct.pack(">b", LITERAL) + text(f"User:{user}") + text("*")
        body = struct.pack(">i", 1) + entry + struct.pack(">bb", operation, ALLOW)
        answer = self.ask(struct.pack(">hhi", CREATE_ACLS, 1, 7) + text("tests") + body)
        correlation, _, results, error = struct.unpack(">iiih", answer[:14])
        assert (correlation, results, error) == (7, 1, 0), answer
