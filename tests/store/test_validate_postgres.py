"""`cartwright validate` and checks of single rows over PostgreSQL: the same results as over a built-in store that holds
the same rows, sound or broken, and what is told when the server is away, old, new, changed or may only be read."""
import json
import signal
import sqlite3
import subprocess
import sys
import time
import uuid

import psycopg
import pytest
from served import Serving

TYPES = {"uuid": "{}", "timestamp with time zone": "timestamptz 'epoch' + {} * interval '1 microsecond'",
         "date": "date 'epoch' + {}", "boolean": "({}::integer)::boolean"}
WITHOUT_CONSTRAINTS = """
DO $$
DECLARE part record;
BEGIN
    FOR part IN SELECT * FROM cartwright_shape WHERE kind IN ('check', 'foreign key', 'key') ORDER BY step DESC LOOP
        IF part.kind <> 'key' OR part.relation NOT IN ('runs', 'counters', 'shape_tables') THEN
            EXECUTE format('ALTER TABLE %I DROP CONSTRAINT IF EXISTS %I CASCADE', part.relation, part.name);
        END IF;
    END LOOP;
    FOR part IN SELECT * FROM cartwright_shape WHERE kind = 'index' AND definition LIKE 'CREATE UNIQUE%' LOOP
        EXECUTE format('DROP INDEX %I', part.name);
        EXECUTE replace(part.definition, 'UNIQUE ', '');
    END LOOP;
END
$$
"""


class Twin:
    """A store in a file and one in PostgreSQL with the same rows, without constraints, so that they can be broken."""

    def __init__(self, cartwright, path, server):
        self.path, self.uri = path, server.uri.replace("///postgres?", "///twin?")
        with psycopg.connect(server.uri, autocommit=True) as connection:
            connection.execute("CREATE DATABASE twin")
        for store in (str(path), self.uri):
            subprocess.run([cartwright, "generate", "--scale", "0.2", "--seed", "11", "--from", "2025-03-01", "--to",
                            "2025-05-01", "--store", store, "--quiet"], check=True, capture_output=True)
        with psycopg.connect(self.uri, autocommit=True) as connection:
            self.columns = {}
            for table, column, kind in connection.execute(
                    "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_name IN "
                    "(SELECT relation FROM schema_shape WHERE name = 'rowid') AND column_name <> 'rowid' "
                    "ORDER BY ordinal_position").fetchall():
                self.columns.setdefault(table, []).append((column, kind))
            connection.execute(WITHOUT_CONSTRAINTS)
        self.file = sqlite3.connect(path, isolation_level=None)
        for name, sql in self.file.execute("SELECT name, sql FROM sqlite_schema WHERE sql LIKE 'CREATE UNIQUE INDEX%'"
                                           ).fetchall():
            self.file.execute(f"DROP INDEX {name}")
            self.file.execute(sql.replace("UNIQUE ", "", 1))
        self.file.execute("PRAGMA ignore_check_constraints = ON")
        self.rows = self.read()

    def read(self):
        return {table: {row[0]: row[1:] for row in self.file.execute(f"SELECT rowid, * FROM {table}")}
                for table in self.columns}

    def break_all(self, statements):
        """Changes the file, and then PostgreSQL's rows alike."""
        changed = sum(self.file.execute(statement).rowcount > 0 for statement in statements)
        now = self.read()
        with psycopg.connect(self.uri) as connection:
            for table, rows in now.items():
                self.follow(connection, table, self.rows[table], rows)
        self.rows = now
        return changed

    def follow(self, connection, table, before, after):
        gone = [rowid for rowid, row in before.items() if after.get(rowid) != row]
        come = [rowid for rowid, row in after.items() if before.get(rowid) != row]
        names = ", ".join(name for name, _ in self.columns[table])
        values = ", ".join(TYPES.get(kind, "{}").format("%s") for _, kind in self.columns[table])
        connection.execute(f"DELETE FROM {table} WHERE rowid = ANY (%s)", [gone])
        for rowid in come:
            row = [uuid.UUID(bytes=value) if isinstance(value, bytes) else value for value in after[rowid]]
            connection.execute(f"INSERT INTO {table} ({names}, rowid) VALUES ({values}, %s)", [*row, rowid])


@pytest.fixture(scope="module", name="twin")
def fixture_twin(cartwright, postgres, tmp_path_factory):
    return Twin(cartwright, tmp_path_factory.mktemp("twin") / "shop.db", postgres)


def validate(cartwright, store, *options):
    done = subprocess.run([cartwright, "validate", "--json", "--quiet", *options, str(store)], capture_output=True,
                          text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def broken(answer):
    return {rule["rule"] for rule in answer["rules"] if rule["outcome"] == "violated"}


def statements(source_root):
    sys.path.insert(0, str(source_root / "tests/cli"))
    return [case[1] for case in __import__("test_validate_rules").CASES]


def comparable(answer):
    """Offenders come as their rows are found, which no store promises; at most five are shown."""
    for rule in answer["rules"]:
        shown = sorted(rule["offenders"], key=lambda offender: offender["id"])
        rule["offenders"] = shown if rule["violations"] <= 5 else len(shown)
    return answer


def test_broken_rows_are_found_alike(cartwright, source_root, twin):
    """Many rows of both stores are broken, group by group; every result, to the last word, is the same."""
    sound = validate(cartwright, twin.uri)
    assert sound == validate(cartwright, twin.path) and not broken(sound) and sound["rules_skipped"] == 0
    found, changed, all_of_them = set(), 0, statements(source_root)
    for start in range(0, len(all_of_them), 25):
        changed += twin.break_all(all_of_them[start:start + 25])
        answer = validate(cartwright, twin.uri, "--threads", "1" if start % 50 else "3")
        assert answer == validate(cartwright, twin.path)
        found |= broken(answer)
    assert len(found) > 100 and changed > 0.9 * len(all_of_them)


def test_single_rows_are_checked_alike(cartwright, twin):
    """The rows that break rules, looked at one by one, and some that don't; after the test before all is broken."""
    with psycopg.connect(twin.uri, autocommit=True) as connection:
        connection.execute("DELETE FROM schema_shape; INSERT INTO schema_shape SELECT * FROM cartwright_shape")
    answer = validate(cartwright, twin.uri)
    rows = {(rule["entity"], offender["id"]) for rule in answer["rules"] for offender in rule["offenders"][:2]}
    for table, kind in [("customers", "customer"), ("orders", "order"), ("variants", "variant")]:
        rows |= {(kind, str(uuid.UUID(bytes=row[0])))
                 for row in twin.file.execute(f"SELECT DISTINCT id FROM {table} ORDER BY id DESC LIMIT 8").fetchall()}
    with Serving(cartwright, twin.path) as file, Serving(cartwright, twin.uri) as server:
        for kind, row in sorted(rows):
            assert comparable(server.check(kind, row)) == comparable(file.check(kind, row)), (kind, row)
        missing = server.get(f"/api/v1/relationships/validate?entity_type=order&entity_id={uuid.UUID(int=1)}")
    assert missing.status_code == 404


def make_shop(program, database, *size):
    program("generate", "--seed", 5, "--quiet", "--store", database.uri,
            *(size or ("--customers", 50, "--products", 20, "--orders", 100)))


def test_tables_of_other_columns_are_left_out(program, database):
    make_shop(program, database)
    database.run("ALTER TABLE shipments DROP COLUMN weight; ALTER TABLE payments ALTER COLUMN attempt DROP NOT NULL; "
                 "ALTER TABLE brands ALTER COLUMN tier TYPE varchar(20); ALTER TABLE customers ADD COLUMN note text")
    answer = json.loads(program("validate", "--json", "--quiet", database.uri).stdout)
    missing = {rule.get("missing") for rule in answer["rules"] if rule["outcome"] == "skipped"}
    assert missing >= {"brands", "shipments"} and not any("payments" in (names or "") for names in missing)
    assert "changed by hand" in program("keys", "list", "--store", database.uri, code=7).stderr


def test_a_role_that_may_only_read(program, cartwright, database):
    make_shop(program, database)
    program("keys", "create", "--name", "x", "--store", database.uri)
    name = f"reader_{database.name}"
    database.run(f"CREATE ROLE {name} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    uri = database.uri.replace("user=postgres", f"user={name}")
    assert not broken(validate(cartwright, uri))
    assert "x" in program("keys", "list", "--store", uri).stdout
    assert "permission denied" in program("keys", "create", "--name", "y", "--store", uri, code=6).stderr


def test_other_revisions_are_refused(program, database):
    assert "nothing" not in program("validate", database.uri, code=6).stdout
    make_shop(program, database)
    last = database.value("SELECT max(revision) FROM schema_revisions")
    database.run(f"INSERT INTO schema_revisions VALUES ({last + 1}, 'future', 'abc', now())")
    for command in (["validate"], ["keys", "list", "--store"]):
        assert f"{last + 1} (future)" in program(*command, database.uri, code=6).stderr


def test_a_server_that_goes_away_is_told(cartwright, program, database):
    make_shop(program, database, "--customers", 3000, "--products", 100, "--orders", 3000)
    program_name = f"validate_{database.name}"
    uri = f"{database.uri}&application_name={program_name}"
    ends = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{program_name}'"
    process = subprocess.Popen([cartwright, "validate", "--quiet", uri], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    while process.poll() is None:
        database.value(ends)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 10 and "postgresql://" in said, (process.returncode, said)


def test_a_check_is_stopped_by_the_keyboard(cartwright, program, database):
    make_shop(program, database, "--customers", 3000, "--products", 100, "--orders", 3000)
    process = subprocess.Popen([cartwright, "validate", "--quiet", database.uri], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    while database.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cartwright'") == 0:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in said, (process.returncode, said)


SECRETS = ["postgresql://me:geheim@127.0.0.1:1/shop", "postgres://me:geheim@127.0.0.1:1/shop",
           "postgresql://me:x/geheim@127.0.0.1:1/shop", "postgresql://me:1/geheim@127.0.0.1/shop",
           "postgresql://me:x@geheim@127.0.0.1:1/shop", "postgresql://me:x?geheim@127.0.0.1:1/shop",
           "postgresql://127.0.0.1:1/shop?user=me&password=geheim", "postgresql://me:geheim@127.0.0.1:1/shop?no=1"]


@pytest.mark.parametrize("uri", SECRETS)
def test_passwords_are_not_shown(cartwright, uri):
    for command in (["validate"], ["keys", "list", "--store"], ["keys", "create", "--name", "x", "--store"],
                    ["serve", "--port", "0", "--store"], ["migrate", "status"], ["reproduce", "--store"]):
        extra = [str(uuid.UUID(int=1))] if command[0] == "reproduce" else []
        done = subprocess.run([cartwright, *command, uri, *extra], capture_output=True, text=True, check=False,
                              timeout=60)
        assert done.returncode > 1 and done.stderr
        assert "geheim" not in done.stdout + done.stderr, command


def test_passwords_are_not_logged(cartwright, program, database):
    make_shop(program, database)
    uri = database.uri.replace("user=postgres", "user=postgres&password=geheim")
    customer = str(database.value("SELECT id FROM customers LIMIT 1"))
    with Serving(cartwright, uri) as server:
        server.check("customer", customer)
        database.run("ALTER TABLE customers RENAME TO others")
        gone = server.get(f"/api/v1/relationships/validate?entity_type=customer&entity_id={customer}")
        said = gone.text + server.said
    assert gone.status_code >= 500 and "geheim" not in said
