"""API keys that are kept in PostgreSQL: what tests/api/test_authentication.py shows of a built-in store, where the
store makes the difference."""
import hashlib
import json
import re
import subprocess
import time

import pytest
from served import Serving

EMAIL = "/api/v1/customers?limit=1&fields=id,email"


def make_key(program, database, *options):
    return json.loads(program("keys", "create", "--json", "--name", "test", "--store", database.uri, *options).stdout)


def wait_until(condition):
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.fixture(name="shop")
def fixture_shop(program, database):
    program("generate", "--seed", 5, "--quiet", "--customers", 20, "--products", 5, "--orders", 20, "--store",
            database.uri)
    return database


def test_scopes_hold(cartwright, program, shop):
    keys = {scope: make_key(program, shop, "--scopes", scope)["key"]
            for scope in ("read", "generate", "admin", "read,personal-data")}
    with Serving(cartwright, shop.uri) as server:
        assert server.get("/healthz").status_code == server.get("/readyz").status_code == 200
        assert server.get("/api/v1/runs").status_code == 401
        assert server.get("/api/v1/runs", keys["read"][:-1] + "!").status_code == 401
        assert [server.get("/api/v1/runs", keys[scope]).status_code for scope in keys] == [200, 403, 403, 200]
        assert [server.get("/metrics", keys[scope]).status_code for scope in keys] == [403, 403, 200, 403]
        assert server.get(EMAIL, keys["read"]).status_code == 403
        assert "@" in server.get(EMAIL, keys["read,personal-data"]).text
        assert "email" not in server.get("/api/v1/customers?limit=1", keys["read"]).text
        wish = {"count": 1, "seed": 11}
        assert server.post("/api/v1/generate/customers", wish, keys["read"]).status_code == 403
        made = server.post("/api/v1/generate/customers", wish, keys["generate"])
        assert made.status_code == 201 and "email" not in made.text
        order = shop.value("SELECT id FROM orders LIMIT 1")
        check = f"/api/v1/relationships/validate?entity_type=order&entity_id={order}"
        assert server.get(check, keys["read"]).json()["violations"] == 0
        assert server.get(check, keys["generate"]).status_code == 403


def test_keys_hold_for_all_servers_and_at_once(cartwright, program, shop):
    first = make_key(program, shop)
    with Serving(cartwright, shop.uri) as one, Serving(cartwright, shop.uri) as two:
        late = make_key(program, shop)
        for server in (one, two):
            assert server.get("/api/v1/runs", first["key"]).status_code == 200
            wait_until(lambda at=server: at.get("/api/v1/runs", late["key"]).status_code == 200)
        program("keys", "revoke", late["id"], "--store", shop.uri)
        for server in (one, two):
            wait_until(lambda at=server: at.get("/api/v1/runs", late["key"]).status_code == 401)
            assert server.get("/api/v1/runs", first["key"]).status_code == 200
    assert program("keys", "revoke", first["id"].replace("-", "")[::-1], "--store", shop.uri, code=2).stderr
    listed = program("keys", "list", "--store", shop.uri).stdout
    assert re.search(late["id"] + r"\s+revoked", listed) and re.search(first["id"] + r"\s+active", listed)


def test_uses_are_noted_and_keys_are_not_told(cartwright, program, shop):
    key = make_key(program, shop, "--expires", "90d", "--rate", 100)
    with Serving(cartwright, shop.uri, "--rate", "1000") as server:
        answer = server.get("/api/v1/runs", key["key"])
        assert answer.headers["RateLimit-Policy"].startswith('"default";q=100')
        assert server.stop() == 0
        assert f"caller=key:{key['id']}" in server.said
        assert key["key"] not in server.said and key["key"][4:40] not in server.said
    listed = json.loads(program("keys", "list", "--json", "--store", shop.uri).stdout)
    assert listed["used_at"] is not None and listed["expires_at"] == key["expires_at"] and listed["rate"] == 100
    kept = shop.value("SELECT row_to_json(k)::text FROM api_keys k")
    assert key["key"][4:] not in kept and key["key"].encode().hex() not in kept


def test_a_server_that_others_reach_needs_keys(cartwright, program, shop):
    refused = program("serve", "--port", 0, "--address", "0.0.0.0", "--store", shop.uri, code=2)
    assert "cartwright keys create" in refused.stderr
    make_key(program, shop)
    with Serving(cartwright, shop.uri, "--address", "0.0.0.0") as server:
        assert server.get("/api/v1/runs").status_code == 401


def test_keys_are_still_known_while_postgres_is_away(cartwright, program, postgres, shop):
    key = make_key(program, shop)["key"]
    with Serving(cartwright, shop.uri) as server:
        assert server.get("/api/v1/runs", key).status_code == 200
        postgres.stop()
        try:
            assert server.get("/api/v1/runs", key).status_code == 503
            time.sleep(2)
            assert server.get("/api/v1/runs", key).status_code == 503
            assert server.get("/api/v1/runs", key + "x").status_code == 401
            assert server.get("/readyz").status_code == 503
        finally:
            postgres.start()
        wait_until(lambda: server.get("/api/v1/runs", key).status_code == 200)


def test_uses_wait_for_nobody(cartwright, program, shop):
    """The server ends although someone holds the key's row."""
    key = make_key(program, shop)
    with Serving(cartwright, shop.uri) as server, subprocess.Popen(
            ["psql", "-X", "-q", shop.uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        holder.stdin.write("BEGIN; UPDATE api_keys SET name = name; SELECT 'held';\n")
        holder.stdin.flush()
        while "held" not in holder.stdout.readline():
            pass
        assert server.get("/api/v1/runs", key["key"]).status_code == 200
        start = time.monotonic()
        assert server.stop() == 0 and time.monotonic() - start < 20
        holder.stdin.close()
    assert json.loads(program("keys", "list", "--json", "--store", shop.uri).stdout)["used_at"] is None


def test_the_table_of_keys_is_compared(program, shop):
    shop.run("ALTER TABLE api_keys DROP CONSTRAINT api_keys_digest")
    assert "api_keys.api_keys_digest is missing" in program("migrate", "check", shop.uri, code=7).stderr


def test_stores_of_the_first_revision_gain_keys(program, database, source_root):
    """As the program of that revision left it, with the keys of the shop's tables gone after a load that was killed."""
    sql = (source_root / "migrations/postgresql/0001_shop.sql").read_text(encoding="utf-8")
    database.run(sql)
    database.run(f"""
        CREATE TABLE schema_revisions (revision integer PRIMARY KEY, name text NOT NULL, digest text NOT NULL,
            applied_at timestamptz NOT NULL);
        INSERT INTO schema_revisions VALUES (1, 'shop', '{hashlib.sha256(sql.encode()).hexdigest()}', now());
        CREATE TABLE alembic_version (version_num varchar(32) NOT NULL,
            CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
        INSERT INTO alembic_version VALUES ('0001_shop');
        INSERT INTO schema_shape SELECT * FROM cartwright_shape;
        SELECT cartwright_defer()""")
    assert program("keys", "list", "--store", database.uri, code=6).stderr
    key = make_key(program, database)
    program("migrate", "check", database.uri)
    assert key["id"] in program("keys", "list", "--store", database.uri).stdout
    assert database.value("SELECT count(*) FROM schema_shape WHERE kind = 'foreign key'") > 20
    database.run("SELECT cartwright_mark_empty(), cartwright_defer()")
    assert database.value("SELECT count(*) FROM deferred_tables WHERE name = 'api_keys'") == 0
    assert database.value("SELECT count(*) FROM deferred_tables") == 13
