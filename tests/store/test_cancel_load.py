"""A load that somebody stops while PostgreSQL builds its keys ends soon, and leaves the store as it was."""
import signal
import subprocess
import time

import psycopg
import pytest
from api_server import Server

CUSTOMERS, ORDERS = ["--customers", "200000"], ["--customers", "2000", "--products", "50", "--orders", "60000"]
FINISHING = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query "
             "~ '^SELECT cartwright_(check_references|index_month|build_indexes|put_back|build)[(]'")
INTERRUPTED = 130


def wait_until_finishing(database, is_over):
    """Waits until the rows of a load are there and its keys are being checked and built."""
    with psycopg.connect(database.uri, autocommit=True) as watch:
        while watch.execute(FINISHING).fetchone()[0] == 0:
            assert not is_over()
            time.sleep(0.002)


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
    wait_until_finishing(database, lambda: load.poll() is not None)
    load.send_signal(number)
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


def test_a_job_is_cancelled_while_keys_are_built(cartwright, database):
    server, job, state = begin_job(cartwright, database)
    try:
        wait_until_finishing(database, lambda: state() not in ("queued", "running"))
        server.call("POST", f"/api/v1/jobs/{job}/cancel", 200)
        wait_for(state, "cancelled")
    finally:
        assert server.stop() == 0
    check_empty_and_sound(cartwright, database)


def test_a_server_that_stops_puts_a_job_back_while_keys_are_built(cartwright, database):
    server, _, state = begin_job(cartwright, database)
    began = "SELECT xact_start FROM pg_stat_activity WHERE pid = (SELECT pid FROM pg_locks WHERE mode = "
    began += "'ShareRowExclusiveLock' AND relation = 'addresses'::regclass AND granted)"
    with psycopg.connect(database.uri) as reader:
        wait_until_finishing(database, lambda: state() not in ("queued", "running"))
        # Keeps the load from its end.
        reader.execute("SELECT count(*) FROM addresses")
        of_load = database.run(began)
        server.process.terminate()
        while of_load and database.run(began) == of_load:
            time.sleep(0.05)
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
