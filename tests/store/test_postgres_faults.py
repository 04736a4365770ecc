"""Kills the program, a PostgreSQL backend or the whole server while runs are added, again and again: every run that
was answered is there, whole, and of the others there is nothing. CARTWRIGHT_FAULTS sets how often (3 otherwise)."""
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import pytest

ROUNDS = int(os.environ.get("CARTWRIGHT_FAULTS", "3"))
TABLES = ("customers addresses payment_methods products variants orders order_items order_status_history payments "
          "shipments stock_movements").split()


@pytest.fixture(name="server")
def fixture_server(source_root):
    sys.path.insert(0, str(source_root / "tests"))
    with_postgres = __import__("with_postgres")
    if with_postgres.tool("initdb") is None:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="cwpg", ignore_cleanup_errors=True) as folder:
        server = with_postgres.Server(folder, {"fsync": "on", "full_page_writes": "on"}).create()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def psql(server, sql):
    for _ in range(100):
        done = subprocess.run(["psql", "-X", "-A", "-t", "-c", sql, server.uri], capture_output=True, text=True,
                              check=False)
        if done.returncode == 0:
            return done.stdout.split()
        time.sleep(0.2)
    raise AssertionError(done.stderr)


def start(cartwright, server, size, number):
    return subprocess.Popen([cartwright, "generate", "--quiet", "--store", server.uri, "--seed", str(number),
                             *map(str, size)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def strike(server, kind, process):
    if kind == "program":
        process.send_signal(signal.SIGKILL)
    elif kind == "backend":
        for pid in psql(server, "SELECT pid FROM pg_stat_activity WHERE application_name = 'cartwright'"):
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
    else:
        server.stop()
        server.start()


def check(cartwright, server, answered):
    """Opening builds the keys that are missing; then everything must agree."""
    for _ in range(50):
        opened = subprocess.run([cartwright, "migrate", "up", server.uri], capture_output=True, text=True, check=False)
        if opened.returncode == 0:
            break
        time.sleep(0.2)
    checked = subprocess.run([cartwright, "migrate", "check", server.uri], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    runs = [run.replace("-", "") for run in psql(server, "SELECT id FROM runs")]
    assert {run.replace("-", "") for run in answered} <= set(runs)
    assert psql(server, "SELECT count(*) FROM deferred_tables") == ["0"]
    for table in TABLES:
        counted = psql(server, f"SELECT value FROM counters WHERE name = 'rows.{table}'")
        assert psql(server, f"SELECT count(*) FROM {table}") == counted, table
        made = psql(server, f"SELECT coalesce(sum((digests::json -> '{table}' ->> 'rows')::bigint), 0) FROM runs")
        assert counted == made, table
    assert psql(server, "SELECT (SELECT sum(on_hand) FROM stock) - (SELECT sum(quantity) FROM stock_movements)") \
        in ([], ["0"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["program", "backend", "server"])
def test_what_was_answered_outlives(cartwright, server, kind):
    draw = random.Random(kind)
    answered = []
    first = start(cartwright, server, ["--customers", 300, "--products", 40, "--orders", 500], 1)
    answered.append(first.communicate()[0].strip())
    for number in range(2, 2 + ROUNDS):
        large = start(cartwright, server, ["--customers", 20000], 1000 + number)
        small = start(cartwright, server, ["--orders", 20], 2000 + number)
        time.sleep(draw.uniform(0.05, 1.2))
        strike(server, kind, draw.choice([large, small]))
        for process in (large, small):
            output = process.communicate(timeout=120)[0].strip()
            if process.returncode == 0:
                answered.append(output)
        check(cartwright, server, answered)
    assert answered[0]


def test_keys_that_a_load_takes_away_do_not_look_changed_by_hand(cartwright, server):
    subprocess.run([cartwright, "migrate", "up", server.uri], check=True, stdout=subprocess.DEVNULL)
    loads = "BEGIN; SELECT cartwright_defer(); COMMIT; SELECT cartwright_build();\n" * 500
    with subprocess.Popen(["psql", "-X", "-q", server.uri], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          text=True) as loading:
        loading.stdin.write(loads)
        loading.stdin.flush()
        try:
            checks = [subprocess.run([cartwright, "migrate", "check", server.uri], capture_output=True, text=True,
                                     check=False) for _ in range(40)]
            assert loading.poll() is None, "the loads ended too early to tell"
        finally:
            loading.kill()
    assert [check.stderr for check in checks if check.returncode != 0] == []
