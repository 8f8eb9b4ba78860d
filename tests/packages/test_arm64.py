"""The packages for arm64 are built by a cross compiler in a bare Debian. The unit tests run there under qemu."""

import re
import shutil

import pytest
from made import PACKAGES
from test_bare import APT, System, fresh

pytestmark = pytest.mark.whole
CROSS = "gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross libc6-dev:arm64 libstdc++-12-dev:arm64 qemu-user-static"
FOLDER = "/root/flow-exporter"


@pytest.fixture(scope="module")
def system():
    made = System("bookworm", "arm64")
    done = fresh(f"put_clone {made.root}", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    made.run(f"dpkg --add-architecture arm64 && {APT} update && {APT} install --no-install-recommends {CROSS} "
             "autoconf automake libtool make dpkg-dev fakeroot")
    made.run(f"cd {FOLDER} && {APT} build-dep --no-install-recommends --host-architecture=arm64 -Pcross ./")
    yield made
    made.remove()


def test_the_packages_are_built(system):
    system.run(f"cd {FOLDER} && DEB_BUILD_OPTIONS='nocheck parallel=2' dpkg-buildpackage -us -uc -b -aarm64 -Pcross,nocheck")
    made = {path.name.split("_")[0]: path for path in system.path("/root").glob("*_arm64.deb")}
    assert {"flow-exporter", "flow-exporter-plugin-kafka", "flow-exporter-plugin-prometheus", "libflow-exporter1",
            "libflow-exporter-dev"} <= set(made)
    said = system.run(f"mkdir -p /root/x && dpkg-deb -x /root/{made['libflow-exporter1'].name} /root/x && "
                      "readelf -h /root/x/usr/lib/aarch64-linux-gnu/libflow-exporter.so.1")
    assert "AArch64" in said
    (PACKAGES / "deb-arm64").mkdir(exist_ok=True)
    for path in made.values():
        shutil.copy(path, PACKAGES / "deb-arm64")


def test_the_unit_tests_pass_under_qemu(system):
    """Runs the unit tests in C: each is one program, which qemu runs."""
    system.run(f"{APT} install --no-install-recommends libcmocka-dev:arm64")
    system.run(f"rm -rf /root/arm64 && mkdir /root/arm64 && cd /root/arm64 && PKG_CONFIG=aarch64-linux-gnu-pkg-config "
               f"{FOLDER}/configure --quiet --host=aarch64-linux-gnu && make -s -j2 && make -s -j2 check TESTS=")
    said = system.run("cd /root/arm64 && passed=0; for test in tests/unit/test_* tests/unit/*/test_*; do "
                      'case $test in *.o | *.log | *.trs | *.py) continue ;; esac; [ -f "$test" ] && [ -x "$test" ] || continue; '
                      'FX_TEST_CASES=200 qemu-aarch64-static -L / "$test" >log 2>&1 || { echo "FAILED $test"; tail -n 20 log; exit 1; }; '
                      "passed=$((passed + 1)); done; echo passed $passed")
    assert int(re.search(r"passed (\d+)", said).group(1)) > 50, said
