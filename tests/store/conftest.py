"""A PostgreSQL server of our own for each test module, and shorthands to talk to it."""
import subprocess

import pytest
import with_postgres
from postgres_database import Database


@pytest.fixture(scope="module", name="postgres")
def fixture_postgres():
    """The server; it forgets what it holds when its machine dies, so it is fast."""
    with with_postgres.running() as server:
        yield server


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
