"""The unit of systemd: valid, well locked up, and told when the server is ready."""
import os
import re
import signal
import socket
import subprocess

import pytest
from packaging_tools import needs


@needs("systemd-analyze")
def test_the_unit_is_valid(packaging, cartwright, tmp_path):
    text = (packaging / "cartwright.service").read_text()
    assert text.count("/usr/bin/cartwright ") == 1
    unit = tmp_path / "cartwright.service"
    unit.write_text(text.replace("/usr/bin/cartwright ", f"{cartwright} "))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSystems=strict"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
    assert "ProtectSystems" in done.stderr


@needs("systemd-analyze")
def test_the_unit_is_locked_up(packaging):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20",
                           packaging / "cartwright.service"], capture_output=True, text=True, timeout=60)
    exposure = re.search(r"Overall exposure level for cartwright.service: ([0-9.]+)", done.stdout)
    assert exposure and float(exposure[1]) < 2.0, done.stdout[-300:]
    assert done.returncode == 0


def test_the_unit_runs_what_there_is(packaging, cartwright):
    command = re.search(r"^ExecStart=/usr/bin/cartwright (\w+) --config (\S+)$",
                        (packaging / "cartwright.service").read_text(), re.M)
    assert command[2] == "/etc/cartwright/cartwright.yaml"
    help_text = subprocess.run([cartwright, command[1], "--help"], capture_output=True, text=True, check=True).stdout
    assert "--config FILE" in help_text


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_hears_when_it_is_ready_and_when_it_stops(cartwright, tmp_path, abstract):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        name = f"@cartwright-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
        manager.bind(name.replace("@", "\0", 1) if abstract else name)
        manager.settimeout(60)
        process = subprocess.Popen([cartwright, "serve", "--store", tmp_path / "shop.db", "--no-seed-shop", "--port",
                                    "0"], env=os.environ | {"NOTIFY_SOCKET": name}, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            assert manager.recv(100) == b"READY=1"
            process.send_signal(signal.SIGTERM)
            assert manager.recv(100) == b"STOPPING=1"
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()


def test_a_manager_that_can_not_be_reached_is_no_obstacle(cartwright, tmp_path):
    for name in (str(tmp_path / "nobody"), "x" * 300, "relative", "@"):
        process = subprocess.Popen([cartwright, "serve", "--store", tmp_path / "shop.db", "--no-seed-shop", "--port",
                                    "0"], env=os.environ | {"NOTIFY_SOCKET": name}, stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.DEVNULL)
        try:
            assert "listens on" in process.stdout.readline()
            process.terminate()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
