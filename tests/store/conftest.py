"""A PostgreSQL server of our own for each test module, and shorthands to talk to it."""
import itertools
import subprocess
import sys
import tempfile

import psycopg
import pytest


@pytest.fixture(scope="module", name="postgres")
def fixture_postgres(source_root):
    """The server; it forgets what it holds when its machine dies, so it is fast."""
    sys.path.insert(0, str(source_root / "tests"))
    with_postgres = __import__("with_postgres")
    if with_postgres.tool("initdb") is None:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="cwpg", ignore_cleanup_errors=True) as folder:
        server = with_postgres.Server(folder).create()
        server.start()
        try:
            yield server
        finally:
            server.stop()


class Database:
    """An empty database: its URI, and SQL in it as the superuser."""

    numbers = itertools.count(1)

    def __init__(self, server):
        self.server = server
        self.name = f"shop_{next(self.numbers)}"
        self.uri = server.uri.replace("///postgres?", f"///{self.name}?")
        with psycopg.connect(server.uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.name}")

    def run(self, sql):
        """The rows of the last statement, if it gives any."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            cursor = connection.execute(sql)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def value(self, sql):
        return self.run(sql)[0][0]


@pytest.fixture(name="database")
def fixture_database(postgres):
    return Database(postgres)


@pytest.fixture(name="new_database")
def fixture_new_database(postgres):
    """Makes databases."""
    return lambda: Database(postgres)


@pytest.fixture(name="program")
def fixture_program(cartwright):
    """Runs the program; code is what it must end with."""
    def run(*arguments, code=0):
        done = subprocess.run([cartwright, *map(str, arguments)], capture_output=True, text=True, check=False,
                              timeout=250)
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done
    return run
