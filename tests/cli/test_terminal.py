"""What people see who run the program in a terminal: progress while it works, and a clean line afterwards."""
import os
import pty
import re
import signal
import subprocess
import time


def run_in_terminal(command, interrupt_at=None):
    """(exit code, what the terminal got); sends SIGINT as soon as interrupt_at was printed."""
    leader, follower = pty.openpty()
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=follower)
    os.close(follower)
    shown = b""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            part = os.read(leader, 4096)
        except OSError:  # Linux says so when the other side is closed
            break
        if not part:
            break
        shown += part
        if interrupt_at is not None and re.search(interrupt_at, shown):
            started.send_signal(signal.SIGINT)
            interrupt_at = None
    os.close(leader)
    return started.wait(timeout=60), shown.decode()


def generate(cartwright, tmp_path, *options):
    return [str(cartwright), "generate", "--orders", "60K", "--threads", "1", "--out", str(tmp_path / "out"), *options]


def test_progress_tells_rows_rate_and_share(cartwright, tmp_path):
    code, shown = run_in_terminal(generate(cartwright, tmp_path))
    assert code == 0
    assert re.search(r"\r\x1b\[K[\d.]+[KMB]? rows, [\d.]+[KMB]?B, [\d.]+[KMB]? rows/s, \d+ %", shown)
    assert shown.split("\r\x1b[K")[-1].startswith(("wrote", "  "))


def test_quiet_shows_no_progress(cartwright, tmp_path):
    code, shown = run_in_terminal(generate(cartwright, tmp_path, "--quiet"))
    assert code == 0
    assert "\x1b" not in shown and "rows/s" not in shown


def test_interrupted_work_ends_with_a_clean_line(cartwright, tmp_path):
    code, shown = run_in_terminal(generate(cartwright, tmp_path, "--orders", "20M"), interrupt_at=rb"rows/s")
    assert code != 0
    assert shown.endswith("\r\x1b[Kcartwright: interrupted\r\n")
    assert not (tmp_path / "out/manifest.json").exists()
