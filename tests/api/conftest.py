"""A server of our own for each test module, and shorthands to talk to it."""
import itertools
import signal

import psycopg
import pytest
import with_postgres
from api_server import Server


@pytest.fixture(scope="session")
def start_server(cartwright, tmp_path_factory):
    """Starts a server with options; all are stopped at the end, and must end well."""
    servers = []

    def start(*options):
        server = Server(cartwright, tmp_path_factory.mktemp("api") / "shop.db", *options)
        servers.append(server)
        return server

    yield start
    ends = [(server.stop(), server.errors[-40:]) for server in servers]
    bad = [(code, "".join(errors)) for code, errors in ends if code not in (0, -signal.SIGKILL)]
    assert not bad, bad


@pytest.fixture(scope="module")
def server(start_server):
    """A server with the small shop."""
    return start_server()


@pytest.fixture(scope="session", name="postgres")
def fixture_postgres():
    """A PostgreSQL server of our own."""
    with with_postgres.running() as server:
        yield server


@pytest.fixture(scope="session")
def new_database(postgres):
    """Makes databases; gives their URIs."""
    numbers = itertools.count(1)

    def make():
        name = f"api_{next(numbers)}"
        with psycopg.connect(postgres.uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return postgres.uri.replace("///postgres?", f"///{name}?")

    return make


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def new_store(request, tmp_path_factory):
    """Makes empty stores of either kind; gives what --store takes."""
    if request.param == "postgresql":
        return request.getfixturevalue("new_database")
    return lambda: str(tmp_path_factory.mktemp("store") / "shop.db")
