"""A load that somebody stops while PostgreSQL builds its keys ends soon, and leaves the store as it was."""
import contextlib
import signal
import subprocess
import time

import psycopg
import pytest
from api_server import Server

CUSTOMERS, ORDERS = ["--customers", "200000"], ["--customers", "2000", "--products", "50", "--orders", "60000"]
# The load waits for a lock that it needs after all rows: for the reader that keeps it from its end.
FINISHING = ("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation IN "
             "('addresses'::regclass, 'orders'::regclass)")
BEGUN = ("SELECT xact_start FROM pg_stat_activity WHERE pid IN (SELECT pid FROM pg_locks WHERE granted AND mode = "
         "'ShareRowExclusiveLock' AND relation IN ('addresses'::regclass, 'orders'::regclass))")
INTERRUPTED = 130


def poll(condition, seconds=100):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


@contextlib.contextmanager
def kept_from_its_end(database, table, is_over):
    """Within it a load has made all its rows, and can't end until the reader of a table that it fills has gone. Yields
    what waits until the load's transaction is over."""
    with psycopg.connect(database.uri, autocommit=True) as watch, psycopg.connect(database.uri) as reader:
        poll(lambda: watch.execute(BEGUN).fetchone() is not None)
        of_load = watch.execute(BEGUN).fetchone()
        reader.execute(f"SELECT count(*) FROM {table}")
        poll(lambda: is_over() or watch.execute(FINISHING).fetchone()[0] > 0)
        assert not is_over()
        yield lambda: poll(lambda: watch.execute(BEGUN).fetchone() != of_load)


def check_empty_and_sound(cartwright, database):
    for table in ("customers", "addresses", "orders", "stock_movements", "runs"):
        assert database.value(f"SELECT count(*) FROM {table}") == 0
    assert database.value("SELECT count(*) FROM deferred_tables") == 0
    subprocess.run([cartwright, "migrate", "check", database.uri], check=True, stdout=subprocess.DEVNULL)
    for command in (["generate", "--scale", "0.1", "--quiet", "--store"], ["validate"]):
        subprocess.run([cartwright, *command, database.uri], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("amounts", [CUSTOMERS, ORDERS], ids=["customers", "orders"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_keys_are_built(cartwright, database, amounts, number):
    subprocess.run([cartwright, "migrate", "up", database.uri], check=True, stdout=subprocess.DEVNULL)
    load = subprocess.Popen([cartwright, "generate", "--quiet", *amounts, "--store", database.uri],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    table = "addresses" if "--orders" not in amounts else "orders"
    with kept_from_its_end(database, table, lambda: load.poll() is not None) as wait_for_end:
        load.send_signal(number)
        wait_for_end()
    out, errors = load.communicate(timeout=60)
    assert (load.returncode, out) == (INTERRUPTED, ""), errors
    assert "interrupted" in errors
    check_empty_and_sound(cartwright, database)


def begin_job(cartwright, database):
    server = Server(cartwright, database.uri, "--no-seed-shop", "--quiet", "--max-count", "200000")
    job = server.post("/api/v1/generate/customers", {"count": 200000}, 202).json()["id"]
    return server, job, lambda: server.get(f"/api/v1/jobs/{job}").json()["state"]


def wait_for(state, wanted):
    until = time.monotonic() + 60
    while (seen := state()) != wanted:
        assert time.monotonic() < until and seen in ("queued", "running", wanted), seen
        time.sleep(0.01)


@pytest.mark.parametrize("by", ["its server", "another"])
def test_a_job_is_cancelled_while_keys_are_built(cartwright, database, by):
    server, job, state = begin_job(cartwright, database)
    other = Server(cartwright, database.uri, "--no-seed-shop", "--quiet") if by == "another" else server
    try:
        with kept_from_its_end(database, "addresses", lambda: state() not in ("queued", "running")) as wait_for_end:
            other.call("POST", f"/api/v1/jobs/{job}/cancel", 200)
            wait_for_end()
        wait_for(state, "cancelled")
    finally:
        for each in {server, other}:
            assert each.stop() == 0
    check_empty_and_sound(cartwright, database)


def test_a_server_that_stops_puts_a_job_back_while_keys_are_built(cartwright, database):
    server, _, state = begin_job(cartwright, database)
    with kept_from_its_end(database, "addresses", lambda: state() not in ("queued", "running")) as wait_for_end:
        server.process.terminate()
        wait_for_end()
    assert server.stop() == 0
    assert database.run("SELECT state, attempts FROM jobs") == [("queued", 0)]
    assert database.value("SELECT count(*) FROM customers") == 0
    server.start()
    try:
        wait_for(state, "succeeded")
    finally:
        assert server.stop() == 0
    assert database.value("SELECT count(*) FROM customers") == 200000
    subprocess.run([cartwright, "validate", database.uri], check=True, stdout=subprocess.DEVNULL)
