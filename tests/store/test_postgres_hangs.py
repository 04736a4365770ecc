"""A database that hangs, is crowded, or is not as it should be: what a server says, and that it ends."""
import contextlib
import os
import signal
import time

import psycopg
import pytest
import requests
from served import Serving

UNSUPPORTED = 6


@contextlib.contextmanager
def stopped(database):
    """Holds every process that serves the database."""
    pids = [pid for pid, in database.run("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid "
                                         "<> pg_backend_pid()")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield pids
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_readiness_does_not_wait_for_a_database_that_hangs(cartwright, database):
    with Serving(cartwright, database.uri) as server:
        assert server.get("/readyz").status_code == 200 and "cartwright_store_up 1" in server.get("/metrics").text
        with stopped(database):
            began = time.monotonic()
            answer = server.get("/readyz")
            assert answer.status_code == 503 and answer.headers["Retry-After"]
            assert server.get("/healthz").status_code == 200
            assert "cartwright_store_up 0" in server.get("/metrics").text and time.monotonic() - began < 30
        assert server.get("/readyz").status_code == 200
    assert "status=503" in server.said and 'error="store ' in server.said
    assert "has not answered for 8.0 s" in server.said


@pytest.mark.slow
def test_a_server_ends_though_its_database_hangs(cartwright, database):
    with Serving(cartwright, database.uri) as server:
        with stopped(database):
            with contextlib.suppress(requests.Timeout):
                requests.get(server.url + "/api/v1/customers", timeout=1)
            assert server.stop() == 10
    assert "ended without it" in server.said


def test_health_does_not_wait_for_jobs(cartwright, database):
    with Serving(cartwright, database.uri) as server, psycopg.connect(database.uri) as holder:
        holder.execute("LOCK TABLE jobs")
        for _ in range(6):
            with contextlib.suppress(requests.Timeout):
                requests.get(server.url + "/api/v1/jobs", timeout=0.2)
        assert requests.get(server.url + "/healthz", timeout=5).status_code == 200
        holder.rollback()
        assert server.get("/api/v1/jobs").status_code == 200


def test_connections_that_there_are_go_round(cartwright, database):
    """The role may have fewer than the pool."""
    database.run("CREATE ROLE narrow LOGIN CONNECTION LIMIT 3")
    database.run("GRANT CREATE, USAGE ON SCHEMA public TO narrow")
    uri = database.uri.replace("postgresql://", "postgresql://narrow@", 1) if "@" not in database.uri else None
    assert uri, database.uri
    with Serving(cartwright, uri) as server:
        job = requests.post(server.url + "/api/v1/generate/customers", json={"count": 2000}, timeout=60).json()
        answers = []
        for _ in range(5):
            answers += [server.get("/api/v1/customers?limit=1").status_code for _ in range(4)]
        while (seen := server.get(f"/api/v1/jobs/{job['id']}").json())["state"] in ("queued", "running"):
            time.sleep(0.1)
        assert set(answers) == {200} and seen["state"] == "succeeded", seen
    assert f"event=job id={job['id']} kind=generate_customers state=succeeded attempts=1 rows=" in server.said
    database.run("DROP OWNED BY narrow")
    database.run("DROP ROLE narrow")


def test_only_the_first_schema_of_the_path_is_looked_at(program, database):
    database.run("CREATE TABLE customers (name text)")
    database.run('CREATE SCHEMA "My Shop.1"')
    uri = database.uri + '&options=-csearch_path%3D%22My%5C%20Shop.1%22,public'
    program("generate", "--customers", "5", "--store", uri)
    program("migrate", "check", uri)
    program("validate", uri)
    assert database.value('SELECT count(*) FROM "My Shop.1".customers') == 5
    assert database.value("SELECT count(*) FROM public.customers") == 0


def test_a_role_that_only_reads_by_default_writes(program, database):
    name = database.value("SELECT current_database()")
    database.run(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    program("generate", "--customers", "5", "--store", database.uri)


def test_another_encoding_is_refused_before_tables_are_made(program, database):
    database.run("CREATE DATABASE narrow_letters ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    name = database.value("SELECT current_database()")
    uri = database.uri.replace(f"/{name}?", "/narrow_letters?")
    for command in (("migrate", "up", uri), ("generate", "--customers", "1", "--store", uri)):
        assert "has the encoding LATIN1, expected UTF8" in program(*command, code=UNSUPPORTED).stderr
    database.run("DROP DATABASE narrow_letters")
