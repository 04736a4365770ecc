"""What the tests of faults share: requests that are sent until they are answered, and a checker that compares every
answer with the database."""
import collections
import datetime
import json
import random
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import uuid

import psycopg
import requests

UNDER_WAY = "the first request with this Idempotency-Key is not answered yet"
# Where no disk may be mounted, a limit on the size of files stands in for a full one (disk.py). For what comes of that,
# EFBIG, PostgreSQL has only the SQLSTATE of internal errors.
TOO_LARGE = ": File too large"
PATIENCE = 60
# Tables whose rows only ever come with a run.
TABLES = ("customers addresses payment_methods products variants product_prices orders order_items "
          "order_status_history payments shipments stock_movements").split()


class Server:
    """`cartwright serve` on a free port."""

    def __init__(self, program, store, *options):
        self.command = [program, "serve", "--store", store, "--port", "0", *options]
        self.process = None
        self.url = None
        self.errors = []

    def begin(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=lambda stream: self.errors.extend(stream), args=(self.process.stderr,),
                         daemon=True).start()

    def greet(self):
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.url = f"http://127.0.0.1:{found[1]}"
            if line.startswith("Stop it"):
                return
        raise AssertionError(("the server did not start", self.process.wait(), self.errors[-20:]))

    def start(self):
        self.begin()
        self.greet()
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)


def is_passing(answer):
    """Whether a refusal comes and goes with a fault; no other should be given."""
    if answer.status_code == 500:
        return answer.json()["detail"].endswith(TOO_LARGE)
    if "Retry-After" not in answer.headers:
        return False
    return answer.status_code == 503 or (answer.status_code == 409 and answer.json()["detail"] == UNDER_WAY)


class Requests:
    """Threads that ask for rows, each request under a key of its own, again and again until it is answered."""

    def __init__(self, servers, threads=6, seed=0):
        self.servers = servers
        self.answers = []
        self.failures = []
        self.repeated = 0
        self.refusals = collections.Counter()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(random.Random(f"{seed}-{number}"),), daemon=True)
                        for number in range(threads)]
        for thread in self.threads:
            thread.start()

    def work(self, draw):
        while not self.over.is_set():
            table = draw.choices(["customers", "orders", "products"], [6, 3, 1])[0]
            try:
                self.ask(f"/api/v1/generate/{table}", {"count": draw.randint(1, 3)}, draw)
            except Exception as error:
                self.failures.append(repr(error))
                raise

    def ask(self, path, body, draw):
        headers = {"Idempotency-Key": f"fault-{draw.getrandbits(96):x}"}
        until = time.monotonic() + PATIENCE
        answer = None
        while time.monotonic() < until:
            try:
                answer = requests.post(draw.choice(self.servers).url + path, json=body, headers=headers, timeout=20)
            except requests.RequestException:
                self.repeated += 1
                time.sleep(0.05)
                continue
            if answer.status_code == 201:
                self.answers.append(answer.json())
                return
            if not is_passing(answer):
                self.failures.append((answer.status_code, answer.text))
                return
            self.repeated += 1
            self.refusals[answer.status_code] += 1
            time.sleep(0.05)
        self.failures.append((path, "was not answered", answer and answer.text))

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        assert self.failures == [], self.failures[:3]
        return self.answers


class Proxy:
    """Passes connections on to the server's socket, until so many bytes went one way: then all are cut at once."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.pairs = []
        self.left = None  # bytes to go
        self.upstream = True  # which way they are counted
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.path)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.pairs.append((client, server))
            for source, target, upstream in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.pump, args=(source, target, upstream), daemon=True).start()

    def pump(self, source, target, upstream):
        try:
            while data := source.recv(1 << 16):
                part = self.count(data, upstream)
                target.sendall(data[:part])
                if part < len(data):
                    self.cut()
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def count(self, data, upstream):
        """How much of it still goes through."""
        with self.lock:
            if self.left is None or upstream != self.upstream:
                return len(data)
            part = min(self.left, len(data))
            self.left -= part
            if part < len(data):
                self.left = None
                self.cuts += 1
            return part

    def cut_after(self, size, upstream=True):
        with self.lock:
            self.left, self.upstream = size, upstream

    def cut(self):
        """Closes without a farewell: both ends see a reset."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    if end.family == socket.AF_INET:
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RDWR)
                    end.close()
                except OSError:
                    pass

    def close(self):
        self.listener.close()
        self.cut()


def value_of(text, found):
    """An answer's value in the type of the database's."""
    if text is None or found is None:
        return text
    if isinstance(found, uuid.UUID):
        return uuid.UUID(text)
    if isinstance(found, datetime.datetime):
        return datetime.datetime.fromisoformat(text)
    if isinstance(found, datetime.date):
        return datetime.date.fromisoformat(text)
    return text


def check_rows(connection, answers):
    """Every row of every answer is there, with every value that was told."""
    rows = {}
    for answer in answers:
        for table, told in answer["data"].items():
            rows.setdefault(table, {}).update({uuid.UUID(row["id"]): row for row in told})
    for table, told in rows.items():
        if table == "stock":
            continue  # its rows change with every order
        cursor = connection.execute(f"SELECT * FROM {table} WHERE id = ANY (%s)", [list(told)])
        names = [column.name for column in cursor.description]
        found = {row[names.index("id")]: dict(zip(names, row)) for row in cursor}
        assert found.keys() == told.keys(), (table, "rows that were answered are not there")
        for key, row in told.items():
            kept = found[key]
            wrong = [name for name in row if name in kept and value_of(row[name], kept[name]) != kept[name]]
            assert not wrong, (table, key, wrong)
    return sum(map(len, rows.values()))


def check_runs(connection, answers, loads, lost):
    """Every answered run is there, once; at most so many loads are there whose end nobody heard of."""
    runs = {str(row[0]): json.loads(row[1]) for row in connection.execute("SELECT id, digests FROM runs")}
    told = [answer["run_id"] for answer in answers] + loads
    assert len(set(told)) == len(told), "two requests were answered with one run"
    assert set(told) <= runs.keys(), "answered runs are not there"
    assert len(runs) - len(told) <= lost, "runs are there that nobody was told of"
    return runs


def check_tables(connection, runs):
    """Rows, what counts them and what the runs say they made agree; references lead somewhere; stock adds up."""
    counters = dict(connection.execute("SELECT name, value FROM counters"))
    for table in TABLES:
        made = sum(digests.get(table, {"rows": 0})["rows"] for digests in runs.values())
        found = connection.execute(
            f"SELECT count(*), count(DISTINCT rowid), count(DISTINCT id) FROM {table}").fetchone()
        assert found == (made,) * 3 and counters[f"rows.{table}"] == made, (table, found, made, counters)
    for child, column, parent in connection.execute(
            "SELECT conrelid::regclass::text, (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum "
            "= conkey[1]), confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND conparentid = 0"
            ).fetchall():
        lost = connection.execute(f"SELECT count(*) FROM {child} c WHERE {column} IS NOT NULL AND NOT EXISTS (SELECT "
                                  f"FROM {parent} p WHERE p.id = c.{column})").fetchone()
        assert lost == (0,), (child, column)
    assert connection.execute("SELECT count(*) FROM stock s FULL JOIN (SELECT fulfilment_centre_id, variant_id, sum("
                              "quantity) AS moved FROM stock_movements GROUP BY 1, 2) m USING (fulfilment_centre_id, "
                              "variant_id) WHERE on_hand IS DISTINCT FROM moved").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM deferred_tables").fetchone() == (0,)
    assert connection.execute("SELECT (SELECT count(*) FROM tables_aside) + (SELECT count(*) FROM pg_class WHERE "
                              "relname ~ '_aside_[0-9]') + (SELECT count(*) FROM pg_constraint WHERE conname = "
                              "'cartwright_bounds')").fetchone() == (0,)


def check(program, uri, answers, loads=(), lost=0):
    """Opening the store brings back what a killed load left missing; then everything must agree."""
    for command in ("up", "check"):
        done = subprocess.run([program, "migrate", command, uri], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    with psycopg.connect(uri, autocommit=True) as connection:
        check_tables(connection, check_runs(connection, answers, list(loads), lost))
        return check_rows(connection, answers)


def validate(program, uri):
    """All rules hold after all of it."""
    done = subprocess.run([program, "validate", "--quiet", uri], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
