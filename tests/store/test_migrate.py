"""`cartwright migrate` over PostgreSQL: what it tells, what it refuses and why, and many who begin at once."""
import hashlib
import subprocess

import pytest

UNSUPPORTED, DAMAGED = 6, 7


def files(source_root):
    return sorted((source_root / "migrations/postgresql").glob("*.sql"))


def test_status_lists_revisions_and_digests(source_root, program, database):
    paths = files(source_root)
    for state, action in (("missing", None), ("applied", "up")):
        if action:
            program("migrate", action, database.uri)
        lines = program("migrate", "status", database.uri).stdout.splitlines()
        assert [line.split() for line in lines[:-1]] == [
            [path.stem, state, f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"] for path in paths]
    assert lines[-1] == f"revision {len(paths)} of {len(paths)}: up to date"
    assert database.run("SELECT revision, name, digest FROM schema_revisions ORDER BY 1") == [
        (number, path.stem[5:], hashlib.sha256(path.read_bytes()).hexdigest())
        for number, path in enumerate(paths, 1)]


def test_status_and_check_change_nothing(program, database):
    assert program("migrate", "status", database.uri).stdout.endswith(": no tables yet\n")
    program("migrate", "check", database.uri, code=UNSUPPORTED)
    assert database.value("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 0


CHANGES = {
    "newer": ("INSERT INTO schema_revisions VALUES (999, 'future', 'beef', now())", UNSUPPORTED,
              ["newer version", "999 (future)"]),
    "digest": ("UPDATE schema_revisions SET digest = 'beef' WHERE revision = 1", UNSUPPORTED,
               ["revision 1 (shop)", "digest beef", "this program has shop with digest"]),
    "gap": ("DELETE FROM schema_revisions WHERE revision = 1", None, []),
    "column": ("ALTER TABLE orders DROP COLUMN channel CASCADE", DAMAGED, ["orders.channel is missing"]),
    "type": ("ALTER TABLE stock ALTER COLUMN stockouts TYPE bigint", DAMAGED,
             ["stock.stockouts is bigint not null, expected integer not null"]),
    "default": ("ALTER TABLE brands ALTER COLUMN rowid SET DEFAULT 7", DAMAGED,
                ["the column brands.rowid is bigint not null default 7, expected bigint not null default cartwright"]),
    "function": ("CREATE OR REPLACE FUNCTION cartwright_build() RETURNS void LANGUAGE sql AS 'SELECT'", DAMAGED,
                 ["the function cartwright_build() is sql returning void, volatile, body",
                  "expected plpgsql returning void, volatile, body"]),
    "no function": ("ALTER FUNCTION cartwright_build() RENAME TO build", DAMAGED,
                    ["the function cartwright_build() is missing, expected plpgsql"]),
    "index": ("DROP INDEX shipments_open", DAMAGED, ["shipments.shipments_open is missing"]),
    "check": ("ALTER TABLE orders DROP CONSTRAINT orders_fraud_score_check", DAMAGED,
              ["orders.orders_fraud_score_check is missing"]),
    "collation": ('ALTER TABLE customers ALTER country TYPE text COLLATE "default"', DAMAGED,
                  ["the column customers.country is text not null, expected text collate C not null"]),
    "keys disabled": ("ALTER TABLE payments_other DISABLE TRIGGER ALL", DAMAGED,
                      ["the table payments is row security off, keys disabled, expected row security off"]),
    "row security": ("ALTER TABLE orders ENABLE ROW LEVEL SECURITY", DAMAGED, ["the table orders is row security on"]),
    "volatility": ("ALTER FUNCTION cartwright_lowest_id(date) VOLATILE", DAMAGED,
                   ["the function cartwright_lowest_id(day date) is sql returning uuid, volatile"]),
    "settings": ("ALTER FUNCTION cartwright_index_month(text, text) RESET ALL", DAMAGED,
                 ["the function cartwright_index_month(month text, parent text) is", "set lock_timeout=2s"]),
    "several": ("DROP INDEX shipments_open; DROP INDEX orders_customer_id", DAMAGED,
                ["in 2 places: the index orders.orders_customer_id is missing",
                 "; also index shipments.shipments_open"]),
    "stamped": ("DELETE FROM alembic_version", DAMAGED, ["alembic_version holds nothing, expected 000"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_by_hand_is_refused_and_named(cartwright, program, database, name):
    sql, code, words = CHANGES[name]
    program("migrate", "up", database.uri)
    program("migrate", "check", database.uri)
    database.run(sql)
    for command in (("migrate", "check"), ("migrate", "up"), ("generate", "--customers", "1", "--store")):
        done = subprocess.run([cartwright, *command, database.uri], capture_output=True,
                              text=True, check=False)
        assert done.returncode in ((code,) if code else (UNSUPPORTED, DAMAGED)), done
        for word in words:
            assert word in done.stderr


def test_tables_of_others_are_refused(program, database):
    database.run("CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('1a2b')")
    assert "revisions of another program" in program("migrate", "up", database.uri, code=DAMAGED).stderr
    database.run("DROP TABLE alembic_version; CREATE TABLE runs (id integer)")
    assert 'relation "runs" already exists' in program("migrate", "up", database.uri, code=DAMAGED).stderr
    assert database.value("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 1
    database.run("CREATE SCHEMA shop")
    program("migrate", "up", database.uri + "&options=-csearch_path%3Dshop")


def test_what_a_migration_finds_changed_is_not_taken_for_granted(source_root, program, database):
    """As if the last revision were still to come: a change by hand is found before it is applied."""
    program("migrate", "up", database.uri)
    last = files(source_root)[-1].stem
    if last.startswith("0001"):
        pytest.skip("there is one migration")
    before = files(source_root)[-2].stem
    database.run(f"DELETE FROM schema_revisions WHERE revision = {int(last[:4])}; "
                 f"UPDATE alembic_version SET version_num = '{before}'; DROP INDEX customers_email")
    assert "customers_email is missing" in program("migrate", "up", database.uri, code=DAMAGED).stderr


def test_keys_that_a_killed_load_left_missing_outlive_a_migration(source_root, program, database):
    program("migrate", "up", database.uri)
    before, last = (path.stem for path in files(source_root)[-2:])
    database.run("SELECT cartwright_mark_empty(), cartwright_defer(); "
                 f"DELETE FROM schema_revisions WHERE revision = {int(last[:4])}; "
                 f"UPDATE alembic_version SET version_num = '{before}'")
    email = "SELECT count(*) FROM pg_indexes WHERE indexname = 'customers_email'"
    assert database.value(email) == 0
    program("migrate", "up", database.uri)
    assert database.value(email) == 1
    assert database.value("SELECT count(*) FROM schema_shape WHERE name = 'customers_email'") == 1


@pytest.mark.parametrize("attempt", range(3))
def test_many_may_begin_at_once(cartwright, database, attempt):
    commands = [["migrate", "up", database.uri]] * 4 + [
        ["generate", "--quiet", "--customers", "20", "--seed", str(seed), "--store", database.uri]
        for seed in (attempt, attempt + 10)]
    started = [subprocess.Popen([cartwright, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for command in commands]
    ends = [(process.communicate(timeout=120), process.returncode) for process in started]
    assert [code for _, code in ends] == [0] * len(commands), ends
    assert database.value("SELECT count(*) FROM customers") == 40
    assert database.value("SELECT count(*) = max(revision) FROM schema_revisions")
    assert database.value("SELECT count(*) FROM alembic_version") == 1
