"""Faults under load: kills, restarts, cut connections, full disks, races. Whatever was answered is there, once and
whole, with every value that was told; of the rest there is nothing.

make test has one round of each, make test-all twenty; CARTWRIGHT_FAULTS sets how many.
"""
import contextlib
import os
import random
import re
import signal
import subprocess
import tempfile
import time

import psycopg
import pytest
import with_postgres
from disk import Disk
from fault_load import Proxy, Requests, Server, check, validate

ROUNDS = os.environ.get("CARTWRIGHT_FAULTS")
rounds_of = pytest.mark.parametrize("rounds", [int(ROUNDS)] if ROUNDS else [
    1, pytest.param(20, marks=pytest.mark.slow)])
pytestmark = pytest.mark.timeout(2400)
# Synced as in earnest, so that commits take their time.
SETTINGS = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "32MB", "max_connections": "100"}
TABLESPACE, LOG = "disk", "log_disk"


@contextlib.contextmanager
def postgres(kind):
    with tempfile.TemporaryDirectory(prefix="cwpg", ignore_cleanup_errors=True) as folder:
        server = with_postgres.Server(folder, SETTINGS | (
            {"max_wal_size": "8MB", "min_wal_size": "2MB", "wal_recycle": "off"} if kind == LOG else {}))
        server.disk = Disk(f"{folder}/disk", "512M") if kind in (TABLESPACE, LOG) else None
        try:
            if kind == LOG:
                server.create("--waldir", f"{folder}/disk/wal", "--wal-segsize", "1")
            else:
                server.create()
            server.start()
            yield server
        finally:
            server.stop()
            if server.disk:
                server.disk.remove()


class Shop:
    """A server process, loads into databases, and what was answered."""

    def __init__(self, program, server, kind):
        self.program, self.server, self.kind = program, server, kind
        self.draw = random.Random(kind)
        self.proxy = Proxy(f"{server.folder}/.s.PGSQL.5432") if kind == "cut" else None
        self.answers, self.loads, self.lost, self.databases, self.compared, self.repeated = [], [], 0, 0, 0, 0
        self.tablespace = ""
        if kind == TABLESPACE:
            place = server.folder / "disk/space"
            place.mkdir()
            os.chmod(place, 0o700)
            if os.geteuid() == 0:
                os.chown(place, os.stat(server.data).st_uid, -1)
            self.run("postgres", f"CREATE TABLESPACE small LOCATION '{place}'")
            self.tablespace = " TABLESPACE small"
        self.main = self.database()
        self.web = Server(program, self.uri(self.main)).start()
        self.small_shop = str(self.run(self.main, "SELECT id FROM runs")[0][0])

    def uri(self, name, direct=False):
        if self.proxy and not direct:
            return f"postgresql://postgres@127.0.0.1:{self.proxy.port}/{name}?sslmode=disable&gssencmode=disable"
        return self.server.uri.replace("///postgres?", f"///{name}?")

    def run(self, name, sql):
        with psycopg.connect(self.uri(name, direct=True), autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def database(self):
        self.databases += 1
        name = f"shop_{self.databases}"
        self.run("postgres", f"CREATE DATABASE {name}{self.tablespace}")
        return name

    def load(self, name, *size):
        """Of one seed each, as runs of one seed would clash."""
        seed = str(self.draw.getrandbits(40))
        return subprocess.Popen([self.program, "generate", "--quiet", "--store", self.uri(name), "--seed", seed, *size],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, load):
        """The run of a load that ended well; None, and one more that may be there, of another."""
        output, errors = load.communicate(timeout=200)
        if load.returncode == 0:
            return re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", output)[0]
        limited = self.server.disk and not self.server.disk.is_mounted  # EFBIG has no SQLSTATE of its own
        assert load.returncode in (-signal.SIGKILL, 3, 9, 10, 70 if limited else 3), (load.returncode, errors)
        return None

    def recover(self):
        """The database is there again."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                self.run("postgres", "SELECT 1")
                return
            except psycopg.Error:
                if not (self.server.data / "postmaster.pid").exists():
                    with contextlib.suppress(RuntimeError):
                        self.server.start()
                time.sleep(0.1)
        raise AssertionError((self.server.folder / "log").read_text()[-2000:])

    def strike(self, loads, requests):
        kind = self.kind
        if kind == "program":
            self.web.kill()
            for load in loads:
                load.send_signal(signal.SIGKILL)
            self.web.start()
        elif kind == "backend":
            backends = self.run("postgres", "SELECT pid FROM pg_stat_activity WHERE application_name = 'cartwright'")
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(self.draw.choice(backends)[0], signal.SIGKILL)
        elif kind in ("fast", "immediate"):
            self.server.stop(kind)
            self.server.start()
        elif kind == "cut":
            upstream = self.draw.random() < 0.8
            self.proxy.cut_after(int(2 ** self.draw.uniform(2, 22 if upstream else 14)), upstream)
        else:
            self.server.disk.fill(self.server, int(2 ** self.draw.uniform(12, 20)))
            until = time.monotonic() + 5
            while time.monotonic() < until and requests.repeated == 0 and not any(load.poll() for load in loads):
                time.sleep(0.02)
            time.sleep(self.draw.uniform(0, 0.5))
            self.server.disk.empty(self.server)

    def round(self, number):
        fresh = self.database()
        requests = Requests([self.web], seed=f"{self.kind}{number}")
        loads = [self.load(fresh, "--customers", "4000", "--products", "50", "--orders", "3000"),
                 self.load(self.main, "--customers", "3000")]
        time.sleep(self.draw.uniform(0.02, 1.5))
        self.strike(loads, requests)
        time.sleep(0.2)
        self.recover()
        first, second = map(self.end, loads)
        self.answers += requests.stop()
        self.repeated += requests.repeated
        self.loads += [second] if second else []
        self.lost += second is None
        if self.proxy:
            self.proxy.cut_after(None)
        self.compared = check(self.program, self.uri(self.main, True), self.answers, [*self.loads, self.small_shop],
                              self.lost)
        check(self.program, self.uri(fresh, True), [], [first] if first else [], first is None)
        self.run("postgres", f"DROP DATABASE {fresh} WITH (FORCE)")


@rounds_of
@pytest.mark.parametrize("kind", ["program", "backend", "fast", "immediate", "cut", TABLESPACE, LOG])
def test_what_was_answered_outlives(cartwright, kind, rounds):
    with postgres(kind) as server:
        shop = Shop(cartwright, server, kind)
        try:
            for number in range(rounds):
                shop.round(number)
            validate(cartwright, shop.uri(shop.main, True))
        finally:
            shop.web.stop()
            if shop.proxy:
                shop.proxy.close()
        print(f"{kind}: {rounds} rounds, {len(shop.answers)} requests answered with {shop.compared} rows, "
              f"{shop.repeated} sent again, {len(shop.loads)} of {rounds} loads answered")
        assert len(shop.answers) > rounds


@rounds_of
def test_two_servers_race_to_begin_and_to_write(cartwright, rounds):
    with postgres("race") as server:
        for number in range(rounds):
            name = f"race_{number}"
            with psycopg.connect(server.uri, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
            uri = server.uri.replace("///postgres?", f"///{name}?")
            servers = [Server(cartwright, uri), Server(cartwright, uri)]
            try:
                for one in servers:
                    one.begin()
                for one in servers:
                    one.greet()
                requests = Requests(servers, threads=8, seed=number)
                load = subprocess.run([cartwright, "generate", "--quiet", "--store", uri, "--customers", "2000"],
                                      capture_output=True, text=True, check=False)
                until = time.monotonic() + 10
                while len(requests.answers) < 60 and time.monotonic() < until:
                    time.sleep(0.05)
                answers = requests.stop()
            finally:
                for one in servers:
                    one.stop()
            with psycopg.connect(uri) as connection:
                shops = [str(row[0]) for row in connection.execute(
                    "SELECT id FROM runs WHERE spec::json ->> 'seed' = '20260101'")]
            assert load.returncode == 0, load.stderr
            assert len(shops) == 1, "the small shop was made by both"
            compared = check(cartwright, uri, answers, [re.search(r"[0-9a-f-]{36}", load.stdout)[0], *shops])
            validate(cartwright, uri)
            print(f"race: {len(answers)} requests answered with {compared} rows, {requests.repeated} sent again "
                  f"({dict(requests.refusals)})")


def test_keys_that_a_load_takes_away_do_not_look_changed_by_hand(cartwright):
    with postgres("keys") as server:
        subprocess.run([cartwright, "migrate", "up", server.uri], check=True, stdout=subprocess.DEVNULL)
        loads = "BEGIN; SELECT cartwright_mark_empty(), cartwright_defer(); COMMIT; SELECT cartwright_build();\n" * 500
        with subprocess.Popen(["psql", "-X", "-q", server.uri], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              text=True) as loading:
            loading.stdin.write(loads)
            loading.stdin.flush()
            try:
                checks = [subprocess.run([cartwright, "migrate", "check", server.uri], capture_output=True, text=True,
                                         check=False) for _ in range(40)]
                assert loading.poll() is None, "the loads ended too early to tell"
            finally:
                loading.kill()
        assert [check.stderr for check in checks if check.returncode != 0] == []
