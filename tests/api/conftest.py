"""A server of our own for each test module, and shorthands to talk to it."""
import itertools
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading

import psycopg
import pytest
import requests


class Server:
    """The program under test, serving on a free port."""

    def __init__(self, program, store, *options):
        self.store = str(store)
        self.command = [program, "serve", "--store", self.store, "--port", "0", *options]
        self.errors = []
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self._collect, args=(self.process.stderr,), daemon=True).start()
        self.greeting = ""
        for line in self.process.stdout:
            self.greeting += line
            if line.startswith("Stop it"):
                break
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.greeting)
        assert found, (self.greeting, self.errors)
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def _collect(self, stream):
        for line in stream:
            self.errors.append(line)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=40)

    def get(self, path, status=200, **options):
        return self.call("GET", path, status, **options)

    def post(self, path, json=None, status=None, **options):
        return self.call("POST", path, status, json=json if json is not None else {}, **options)

    def call(self, method, path, status=None, **options):
        response = requests.request(method, self.url + path, timeout=60, **options)
        if status is not None:
            assert response.status_code == status, (response.status_code, response.text[:1000])
        return response

    def count(self, table):
        rows, path = 0, f"/api/v1/{table}?limit=1000&fields=id"
        while path:
            page = self.get(path).json()
            rows += len(page["data"])
            path = page["next"]
        return rows


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
def fixture_postgres(source_root):
    """A PostgreSQL server of our own."""
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
