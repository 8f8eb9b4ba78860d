"""The Debian packages in a bare Debian, as a person installs, upgrades and removes them. Kafka runs outside, on this
machine.

tests/fresh/fresh.sh makes the system. No systemd runs in it: systemctl enables the unit and starts nothing. The test runs
the unit's command as systemd would: by a user of its own, with the state directory in the environment.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys

import pytest
from made import SOURCE, debs

sys.path.insert(0, str(SOURCE / "tests" / "e2e"))
# pylint: disable=wrong-import-position
from configs import record  # noqa: E402
from kafka import LIBS, Kafka  # noqa: E402
from page import Page  # noqa: E402
from programs import Program, can_connect, free_port, http_get, wait_until  # noqa: E402

USER = 61184  # the first ID that systemd gives to DynamicUser=
STATE, LINK = "/var/lib/private/flow-exporter", "/var/lib/flow-exporter"
ASN, LABEL = 64496, "border.example.net"
APT = "DEBIAN_FRONTEND=noninteractive apt-get -q -y"
HOME = "/root/flow-exporter"
# Plays the person at the screen, who answers yes, is root, and edits the configuration as its comments ask. systemctl
# starts nothing, since no systemd runs.
PERSON = {
    "/etc/apt/apt.conf.d/90-yes": 'APT::Get::Assume-Yes "true";\nquiet "1";\n',
    "/usr/local/bin/sudo": '#!/bin/sh\nDEBIAN_FRONTEND=noninteractive exec "$@"\n',
    "/usr/local/bin/systemctl": '#!/bin/sh\n[ "$1 $2" != "enable --now" ] || { shift 2; set -- enable "$@"; }\nexec /bin/systemctl "$@"\n',
    "/usr/local/bin/editor": '#!/bin/sh\ncp /root/edited.yaml "$1"\n',
}


def fresh(script, **options):
    """Runs a script with the functions of fresh.sh."""
    return subprocess.run(["bash", "-c", f". tests/fresh/fresh.sh; {script}"], cwd=SOURCE, check=False, **options)


class System:
    def __init__(self, release, name=None):
        self.root = SOURCE / "build" / f"fresh-packages-{name or release}"
        done = fresh(f"make_system {release} {self.root} && take_over {self.root}", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        self.path(HOME).mkdir()
        self.run(f"{APT} update")

    def command(self, script):
        return f"inside {self.root} sh -c {shlex.quote(script)}"

    def run(self, script):
        """Gives the output of the command. A failure shows all of it."""
        done = fresh(self.command(script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"{script}: status {done.returncode}\n{done.stdout[-6000:]}"
        return done.stdout

    def path(self, name):
        return self.root / name.lstrip("/")

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def copy(self, folder, paths):
        """Copies the files into the folder, and removes what was in it."""
        shutil.rmtree(self.path(folder), ignore_errors=True)
        self.path(folder).mkdir(parents=True)
        for path in paths:
            shutil.copy(path, self.path(folder))

    def remove(self):
        subprocess.run(["rm", "-rf", "--one-file-system", self.root], check=True)

    def write(self, name, text):
        self.path(name).write_text(text)
        self.path(name).chmod(0o755)


def older(packages, folder):
    """Makes packages of an older version from these. They differ only in the version and in the versions that they need
    of each other."""
    folder.mkdir()
    for path in packages.values():
        tree = folder / "tree"
        subprocess.run(["dpkg-deb", "-R", path, tree], check=True)
        control = tree / "DEBIAN" / "control"
        text = control.read_text()
        version = re.search(r"^Version: (.*)$", text, re.M).group(1)
        control.write_text(text.replace(version, "0.0.9-1"))
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", tree, folder], check=True, capture_output=True)
        shutil.rmtree(tree)
    return sorted(folder.glob("*.deb"))


class Daemon(Program):
    """Runs the unit's command inside, as its user."""

    def __init__(self, system, folder, port):
        self.port = port
        start = unit_command(system, "ExecStart")
        # systemd does this for DynamicUser=. But it uses a namespace to let only the unit into /var/lib/private.
        script = (f"chmod 755 /var/lib/private && install -d -m 700 -o {USER} -g {USER} {STATE} && ln -sfn private/flow-exporter {LINK} && "
                  f"exec setpriv --reuid={USER} --regid={USER} --clear-groups --no-new-privs env STATE_DIRECTORY={LINK} {start}")
        command = ["bash", "-c", f"cd {SOURCE} && . tests/fresh/fresh.sh && {system.command(script)}"]
        super().__init__(command, folder, "flow-exporter")
        self.wait_for(lambda: can_connect(port) and self.answer("/-/healthy")[0] == 200, "the daemon answers", 60)

    def answer(self, path):
        return http_get(f"http://127.0.0.1:{self.port}{path}")

    def flows(self):
        return Page(self.answer("/metrics")[1]).flows()

    def pid(self):
        """The process ID of the program itself, which several other processes have started."""
        waiting = [self.process.pid]
        while waiting:
            pid = waiting.pop()
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if file.read().strip() == "flow-exporter":
                    return pid
            with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
                waiting.extend(map(int, file.read().split()))
        raise AssertionError("the daemon does not run")

    def stop(self):
        with open(f"/proc/{self.pid()}/status", encoding="utf-8") as file:
            assert re.search(rf"^Uid:\s+{USER}\s", file.read(), re.M)
        os.kill(self.pid(), signal.SIGTERM)
        assert self.process.wait(60) == 0, self.log()[-4000:]
        assert "Counters are not kept" not in self.log(), self.log()[-4000:]


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    assert LIBS.is_dir(), f"needs Kafka's jars in {LIBS}"
    broker = Kafka(tmp_path_factory.mktemp("kafka"))
    yield broker
    broker.end()


@pytest.fixture(scope="module", params=["bookworm", pytest.param("trixie", marks=pytest.mark.whole)])
def system(request):
    if os.geteuid() != 0 or not shutil.which("mmdebstrap"):
        pytest.skip("needs root and mmdebstrap")
    made = System(request.param)
    for name, text in PERSON.items():
        made.write(name, text)
    made.copy("/root/tests", (SOURCE / "debian" / "tests").iterdir())
    made.run(f"{APT} install --no-install-recommends systemd gcc libc6-dev pkg-config curl")
    yield made
    for program in Program.started:
        if isinstance(program, Daemon):
            program.kill_group()
            program.process.wait(60)
    made.remove()


def edited(kafka, topic, port):
    """The shipped configuration as its comments tell the operator to edit it."""
    text = (SOURCE / "etc" / "flow-exporter.yaml").read_text()
    for pattern, value in ((r"brokers: .*", f"brokers: [{kafka.brokers}]"), (r"topics: \S+", f"topics: [{topic}]"),
                           (r"start: latest", "start: earliest"), (r'listen: "?:9590"?', f'listen: ":{port}"'),
                           (r"(# )?asn: \d+", f"asn: {ASN}"), (r"server: whois.cymru.com", "server: none")):
        text, count = re.subn(pattern, value, text, count=1)
        assert count == 1, pattern
    return text


def readme(pattern):
    found = re.search(pattern, (SOURCE / "README.md").read_text(), re.M | re.S)
    assert found, f"README.md has no {pattern}"
    return found.group(1)


def unit_command(system, key):
    unit = system.path("/lib/systemd/system/flow-exporter.service").read_text()
    return re.search(rf"^{key}=(.*)$", unit, re.M).group(1)


def test_a_life_of_the_packages(system, kafka, tmp_path):
    """One test, because each part begins where the one before ended."""
    topic, port = kafka.topic_create(partitions=2), free_port()
    system.write("/root/edited.yaml", edited(kafka, topic, port))
    system.copy(f"{HOME}/build/packages/deb", older(debs(), tmp_path / "older"))
    readme_installs(system)
    assert "0.0.9-1" in system.run("dpkg-query -W flow-exporter libflow-exporter1")
    a_plugin_is_built(system)

    kafka.produce(topic, [record(65001, ASN, 100, label=LABEL), record(ASN, 65002, 50, label=LABEL)])
    daemon = Daemon(system, tmp_path / "old", port)
    wait_until(lambda: sum(daemon.flows().values()) == 150, lambda: daemon.log()[-3000:], 90)
    assert "<html" in daemon.answer("/")[1]
    before = daemon.flows()
    daemon.stop()

    system.copy(f"{HOME}/build/packages/deb", debs().values())
    system.run(f"cd {HOME} && sudo apt install ./build/packages/deb/*.deb")
    assert "0.0.9" not in system.run("dpkg-query -W flow-exporter libflow-exporter1")
    assert system.path("/etc/flow-exporter/flow-exporter.yaml").read_text() == edited(kafka, topic, port)
    daemon = Daemon(system, tmp_path / "new", port)
    wait_until(lambda: daemon.flows() == before, lambda: f"{before}\n{daemon.log()[-3000:]}", 90)
    kafka.produce(topic, [record(65001, ASN, 7, label=LABEL)], partition=1)
    wait_until(lambda: sum(daemon.flows().values()) == 157, lambda: daemon.log()[-3000:], 90)
    assert all(value >= before[key] for key, value in daemon.flows().items())
    daemon.stop()

    the_units_verify(system)
    the_plugin_still_loads(system)
    for test in ("counts", "plugins"):
        system.run(f"/root/tests/{test}")
    removal_leaves_what_it_should(system)


def readme_installs(system):
    """Runs the commands of README's first page as printed. The packages are made already."""
    commands = readme(r"from packages that `./dev package` makes:\n\n((?:    [^\n]*\n)+)").splitlines()
    assert commands.pop(0).strip() == "./dev package deb"
    system.run(f"cd {HOME} && {commands.pop(0)}")
    the_service_waits(system)
    for command in commands:
        system.run(f"cd {HOME} && {command}")


def the_service_waits(system):
    """The service is enabled. systemd skips it, since its condition fails, and its log says what to edit."""
    assert system.exists("/etc/systemd/system/multi-user.target.wants/flow-exporter.service")
    assert system.path("/etc/flow-exporter/flow-exporter.yaml").read_text() == (SOURCE / "etc" / "flow-exporter.yaml").read_text()
    said = system.run(f"{unit_command(system, 'ExecCondition')}; echo status $?")
    assert said.endswith("status 1\n") and "asn" in said and "/etc/flow-exporter/flow-exporter.yaml" in said, said


def the_units_verify(system):
    units = "/lib/systemd/system/flow-exporter.service /lib/systemd/system/flow-exporter@.service"
    said = system.run(f"systemd-analyze verify --man=no {units}")
    assert "flow-exporter" not in said, said


def a_plugin_is_built(system):
    """Builds README's plugin with README's commands."""
    system.write("/root/output-sum.c", readme(r"^```c\n(.*?)^```$"))
    commands = readme(r"^    (cc -shared .*?plugin output-sum)$")
    assert "The field to add up" in system.run(f"cd /root && {commands}")


def the_plugin_still_loads(system):
    """The plugin that was built before the upgrade still loads."""
    assert "The field to add up" in system.run("cd /root && flow-exporter --plugin-dir . plugin output-sum")


def removal_leaves_what_it_should(system):
    assert any(system.path(STATE).iterdir())
    other = "/var/lib/private/flow-exporter-other"
    system.path(other).mkdir()
    kept = ["/etc/flow-exporter/flow-exporter.yaml", STATE, other]
    system.run(f"{APT} remove flow-exporter")
    assert not system.exists("/usr/bin/flow-exporter")
    assert all(map(system.exists, kept))
    system.run(f"{APT} purge flow-exporter")
    assert not any(map(system.exists, [*kept, "/etc/flow-exporter", LINK]))
    system.run(f"{APT} purge 'flow-exporter*' 'libflow-exporter*'")
    left = system.run("find / -xdev -name '*flow-exporter*' -not -path '/root/*' -not -path '/root' -not -path '/proc/*' "
                      "-not -path '/var/cache/*' -not -path '/var/lib/apt/*' -not -path '/var/log/*'")
    assert not left.strip(), left
