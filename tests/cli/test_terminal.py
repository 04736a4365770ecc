"""What people see who run the program in a terminal: progress while it works, and a clean line afterwards."""
import os
import pty
import re
import signal
import subprocess
import time


def run_in_terminal(command, interrupt_at=None, stdout=subprocess.DEVNULL):
    """(exit code, what the terminal got); sends SIGINT as soon as interrupt_at was printed."""
    leader, follower = pty.openpty()
    started = subprocess.Popen(command, stdout=stdout or follower, stderr=follower)
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


def test_a_server_says_what_to_try_to_terminals_only(cartwright, tmp_path):
    serve = [str(cartwright), "serve", "--store", str(tmp_path / "shop.db"), "--no-seed-shop", "--port", "0"]
    code, shown = run_in_terminal(serve, interrupt_at=rb"Ctrl-C", stdout=None)
    assert code == 0 and "Try next:" in shown and "curl -s" in shown
    with open(tmp_path / "out", "w+", encoding="utf-8") as journal:
        process = subprocess.Popen(serve, stdout=journal, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while os.fstat(journal.fileno()).st_size == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.terminate()
        assert process.wait(timeout=60) == 0
        journal.seek(0)
        assert re.fullmatch(r"Cartwright listens on http://127.0.0.1:\d+ \(its API: http://127.0.0.1:\d+/docs\).\n",
                            journal.read())
