"""Exports: every table in every format, filters, scopes, slow readers, readers that go, failures on the way."""
import csv
import io
import json
import pathlib
import re
import socket
import sqlite3
import subprocess
import time

import pyarrow.parquet
import pytest
import requests

TABLES = ["customers", "addresses", "payment_methods", "categories", "brands", "products", "product_prices", "variants",
          "fulfilment_centres", "orders", "order_items", "order_status_history", "payments", "shipments",
          "stock_movements", "stock"]
MEDIA = {"csv": "text/csv", "ndjson": "application/x-ndjson", "json": "application/json",
         "parquet": "application/vnd.apache.parquet"}
LIMIT = 32


def fill(cartwright, store, *options):
    subprocess.run([cartwright, "generate", "--store", store, "--seed", "11", "--quiet", *options], check=True,
                   stdout=subprocess.DEVNULL)
    return store


@pytest.fixture(scope="module")
def shop(start_server, cartwright, new_store):
    """A server with a shop whose tables take several pieces."""
    place = fill(cartwright, new_store(), "--scale", "2")
    server = start_server("--store", place)
    server.place = place
    return server


def export(server, path, kind="ndjson", status=200, **options):
    return server.get("/api/v1/exports/" + path, status, headers={"Accept": MEDIA[kind]}, **options)


def listed(server, table, query=""):
    rows, path = [], f"/api/v1/{table}?limit=1000{query}"
    while path:
        page = server.get(path).json()
        rows += page["data"]
        path = page["next"]
    return rows


def as_text(value):
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_in_every_format(shop, table):
    rows = listed(shop, table)
    answers = {kind: export(shop, table, kind) for kind in MEDIA}
    for kind, answer in answers.items():
        assert answer.headers["Content-Type"] == MEDIA[kind]
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{table}.{kind}"'
        assert ("Content-Length" in answer.headers) != ("Transfer-Encoding" in answer.headers)
    assert [json.loads(line) for line in answers["ndjson"].content.splitlines()] == rows
    assert json.loads(answers["json"].content) == rows
    found = list(csv.DictReader(io.StringIO(answers["csv"].content.decode(), newline="")))
    assert found == [{name: as_text(value) for name, value in row.items()} for row in rows]
    parquet = pyarrow.parquet.ParquetFile(io.BytesIO(answers["parquet"].content))
    assert all(parquet.metadata.row_group(i).num_rows <= 32768 for i in range(parquet.num_row_groups))
    columns = parquet.read()
    assert columns.column_names == list(rows[0]) and columns.num_rows == len(rows)
    for name, column in zip(columns.column_names, columns.columns, strict=True):
        if isinstance(rows[0][name], (int, bool)):
            assert column.to_pylist() == [row[name] for row in rows], name
        assert column.null_count == sum(row[name] is None for row in rows), name


@pytest.mark.parametrize("path", [
    "customers?country=DE", "customers?created_at[gte]=2024-01-01&country[ne]=US&fields=created_at,id,country",
    "orders?status=cancelled&fields=id,total_amount", "orders?total_amount[gt]=20000",
    "order_items?fields=quantity", "stock_movements?kind=sale&fields=id,kind", "customers?country=DE&country[ne]=DE",
])
def test_filters_and_columns_are_those_of_lists(shop, path):
    table, _, query = path.partition("?")
    rows = listed(shop, table, "&" + query)
    answer = export(shop, path)
    found = [json.loads(line) for line in answer.content.splitlines()]
    assert found == rows and [list(row) for row in found[:1]] == [list(row) for row in rows[:1]]
    parquet = pyarrow.parquet.read_table(io.BytesIO(export(shop, path, "parquet").content))
    assert parquet.num_rows == len(rows)
    assert len(export(shop, path, "csv").content.splitlines()) == len(rows) + 1
    assert json.loads(export(shop, path, "json").content) == rows


def test_an_index_of_a_filter_and_many_rows(shop):
    """More rows than a piece has, of a column with an index: of one centre's stock."""
    centre = shop.get("/api/v1/fulfilment_centres?limit=1").json()["data"][0]["id"]
    path = f"stock_movements?fulfilment_centre_id={centre}&fields=id"
    found = [json.loads(line) for line in export(shop, path).content.splitlines()]
    assert len(found) > 2048
    assert found == listed(shop, "stock_movements", f"&fulfilment_centre_id={centre}&fields=id")


@pytest.mark.parametrize("path, detail", [
    ("custmers", "there is nothing at this path; expected /api/v1/exports/customers"),
    ("", "there is nothing at this path; expected /api/v1/exports/TABLE"),
    ("customers/01890a5d-ac96-774b-bcce-b302099a8057", "there is nothing at this path"),
])
def test_paths_that_are_not_there(shop, path, detail):
    assert shop.get("/api/v1/exports/" + path, 404).json()["detail"].startswith(detail)


@pytest.mark.parametrize("query, field", [
    ("limit=5", "limit"), ("cursor=c00", "cursor"), ("fields=id,nothing", "fields"), ("contry=DE", "contry"),
    ("created_at[gte]=soon", "created_at[gte]"), ("segment=gold", "segment"),
])
def test_wrong_queries_are_named(shop, query, field):
    assert export(shop, "customers?" + query, status=400).json()["errors"][0]["field"] == field


def test_methods_and_formats(shop):
    shop.call("POST", "/api/v1/exports/customers", 405)
    shop.get("/api/v1/exports/customers", 406, headers={"Accept": "image/png"})
    for table in ("brands", "orders"):
        head = shop.call("HEAD", f"/api/v1/exports/{table}?fields=id", 200, headers={"Accept": "text/csv"})
        assert head.content == b"" and head.headers["Content-Type"] == "text/csv"
        assert head.headers["Content-Disposition"] == f'attachment; filename="{table}.csv"'
        assert "Content-Length" not in head.headers
    shop.call("HEAD", "/api/v1/exports/customers?contry=DE", 400)


def test_short_ones_tell_their_length(shop):
    assert int(export(shop, "brands").headers["Content-Length"]) == len(export(shop, "brands").content)
    assert export(shop, "orders").headers["Transfer-Encoding"] == "chunked"


def test_an_empty_table(start_server, new_store):
    server = start_server("--store", new_store(), "--no-seed-shop", "--quiet")
    assert export(server, "customers").content == b""
    assert export(server, "customers", "json").json() == []
    assert export(server, "customers?fields=id,email", "csv").text == "id,email\n"
    parquet = pyarrow.parquet.read_table(io.BytesIO(export(server, "customers", "parquet").content))
    assert parquet.num_rows == 0 and "email" in parquet.column_names


class Reader:
    """A client that takes an export as slowly as it likes."""

    def __init__(self, server, path, version="1.1", kind="ndjson"):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.sendall(f"GET /api/v1/exports/{path} HTTP/{version}\r\nHost: x\r\nAccept: {MEDIA[kind]}\r\n\r\n"
                            .encode())
        self.bytes = bytearray()
        while b"\r\n\r\n" not in self.bytes:
            self.take()
        self.status = int(self.bytes.split(b" ")[1])

    def take(self, size=4096):
        part = self.socket.recv(size)
        self.bytes += part
        return part

    def rest(self):
        """The body, which must be whole."""
        while self.take(1 << 16):
            if self.bytes.endswith(b"\r\n0\r\n\r\n"):
                break
        body, at = bytearray(), self.bytes.index(b"\r\n\r\n") + 4
        while True:
            end = self.bytes.index(b"\r\n", at)
            size = int(self.bytes[at:end], 16)
            if size == 0:
                return bytes(body)
            body += self.bytes[end + 2:end + 2 + size]
            at = end + 4 + size

    def close(self):
        self.socket.close()


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def logged(server, request_id):
    return [line for line in server.errors if request_id in line]


def test_rows_that_come_meanwhile_are_not_in_it(shop):
    before = listed(shop, "stock_movements", "&fields=id")
    reader = Reader(shop, "stock_movements")
    shop.post("/api/v1/generate/orders", {"count": 200, "seed": 5}, 201)
    assert len(listed(shop, "stock_movements", "&fields=id")) > len(before)
    rows = [json.loads(line) for line in reader.rest().splitlines()]
    assert [row["id"] for row in rows] == [row["id"] for row in before]
    reader.close()


def test_a_slow_reader_keeps_nothing_of_the_store(shop):
    reader = Reader(shop, "stock_movements")
    shop.post("/api/v1/generate/customers", {"count": 100}, 201)
    if not shop.place.startswith("postgresql:"):
        with sqlite3.connect(shop.place) as store:
            assert store.execute("pragma wal_checkpoint(truncate)").fetchone()[0] == 0
    reader.close()


def test_there_is_a_bound_and_places_are_given_back(shop):
    readers = [Reader(shop, "stock_movements") for _ in range(LIMIT)]
    assert {reader.status for reader in readers} == {200}
    refused = export(shop, "orders", status=503)
    assert refused.headers["Retry-After"] and "32 exports under way" in refused.json()["detail"]
    started = time.monotonic()
    shop.get("/api/v1/customers?limit=5")
    shop.post("/api/v1/generate/customers", {"count": 3}, 201)
    assert time.monotonic() - started < 5
    body = readers[0].rest()
    assert len(body.splitlines()) == shop.count("stock_movements")
    for reader in readers:
        reader.close()
    until(lambda: requests.get(f"{shop.url}/api/v1/exports/orders", timeout=60).status_code == 200)
    readers = [Reader(shop, "stock_movements") for _ in range(LIMIT)]
    assert {reader.status for reader in readers} == {200}
    for reader in readers:
        reader.close()


def test_who_reads_nothing_is_cut_off(shop, start_server):
    hasty = start_server("--store", shop.place, "--timeout", "2")
    reader = Reader(hasty, "stock_movements")
    request_id = re.search(rb"X-Request-Id: (\S+)", bytes(reader.bytes))[1].decode()
    until(lambda: logged(hasty, request_id))
    assert "status=200" in logged(hasty, request_id)[0] and "outcome=aborted" in logged(hasty, request_id)[0]
    with pytest.raises((ValueError, ConnectionError)):
        reader.rest()
    reader.close()


def test_who_pauses_for_less_gets_all(shop):
    reader = Reader(shop, "stock_movements")
    for _ in range(4):
        time.sleep(1)
        for _ in range(64):
            reader.take()
    assert len(reader.rest().splitlines()) == shop.count("stock_movements")
    reader.close()


def test_a_failure_on_the_way_is_seen(start_server, cartwright, new_database, postgres):
    server = start_server("--store", fill(cartwright, new_database(), "--scale", "2"))
    chunked, plain = Reader(server, "stock_movements"), Reader(server, "stock_movements", "1.0")
    assert b"Transfer-Encoding" in chunked.bytes and b"Transfer-Encoding" not in plain.bytes
    postgres.stop()
    try:
        with pytest.raises(ConnectionError):
            while plain.take(1 << 16):
                pass
        while chunked.take(1 << 16):
            pass
        assert not chunked.bytes.endswith(b"0\r\n\r\n")
        request_id = re.search(rb"X-Request-Id: (\S+)", bytes(chunked.bytes))[1].decode()
        until(lambda: len(logged(server, request_id)) == 2)
        assert "level=error event=export" in logged(server, request_id)[0]
        assert "outcome=aborted" in logged(server, request_id)[1]
        problem = export(server, "orders", status=503).json()
        assert problem["status"] == 503
    finally:
        postgres.start()
    until(lambda: requests.get(f"{server.url}/api/v1/exports/orders", timeout=60).status_code == 200)


def test_http_1_0_gets_a_whole_file(shop):
    reader = Reader(shop, "orders?fields=id", "1.0")
    while reader.take(1 << 16):
        pass
    assert len(reader.bytes.partition(b"\r\n\r\n")[2].splitlines()) == shop.count("orders")


def test_stopping_lets_exports_end(start_server, cartwright, tmp_path):
    server = start_server("--store", fill(cartwright, str(tmp_path / "shop.db"), "--scale", "2"), "--quiet")
    rows = server.count("stock_movements")
    reader = Reader(server, "stock_movements")
    server.process.terminate()
    time.sleep(0.2)
    assert len(reader.rest().splitlines()) == rows
    assert server.stop() == 0


def test_stopping_cuts_those_who_take_too_long(start_server, cartwright, tmp_path):
    server = start_server("--store", fill(cartwright, str(tmp_path / "shop.db"), "--scale", "2"), "--quiet")
    readers = [Reader(server, "stock_movements") for _ in range(5)]
    assert server.stop() == 0
    for reader in readers:
        with pytest.raises((ValueError, ConnectionError)):
            reader.rest()


def make_key(cartwright, store, scopes):
    made = subprocess.run(
        [cartwright, "keys", "create", "--store", store, "--json", "--name", "test", "--scopes", scopes],
        capture_output=True, text=True, check=True)
    return json.loads(made.stdout)["key"]


def test_scopes(start_server, cartwright, tmp_path):
    store = fill(cartwright, str(tmp_path / "shop.db"), "--scale", "0.1")
    keys = {scopes: make_key(cartwright, store, scopes) for scopes in ("read", "generate", "read,personal-data")}
    server = start_server("--store", store, "--quiet")

    def ask(path, scopes, status=200, kind="csv"):
        return server.get("/api/v1/exports/" + path, status,
                          headers={"Accept": MEDIA[kind], "Authorization": "Bearer " + keys[scopes]})

    server.get("/api/v1/exports/customers", 401)
    ask("customers", "generate", 403)
    whole = ask("customers", "read,personal-data").text.splitlines()[0].split(",")
    seen = ask("customers", "read").text.splitlines()[0].split(",")
    assert "email" in whole and "birth_date" in whole and set(whole) - set(seen) >= {"email", "birth_date", "city"}
    assert "segment" in seen and "id" in seen
    for kind in MEDIA:
        content = ask("customers", "read", kind=kind).content
        assert not any(name in content for name in (b"given_name", b"birth_date", b"postal_code"))
        assert kind == "parquet" or b"@" not in content
    for path in ("customers?fields=id,email", "customers?email=a@example.org", "addresses?city=Berlin"):
        assert "personal-data" in ask(path, "read", 403).json()["detail"]
    assert ask("orders", "read").text == ask("orders", "read,personal-data").text


def peak_memory(server):
    """The most that the server had in memory since it was asked last, in MB."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table(start_server, cartwright, tmp_path):
    peaks = {}
    for customers in (20_000, 400_000):
        store = fill(cartwright, str(tmp_path / f"{customers}.db"), "--customers", str(customers))
        server = start_server("--store", store, "--quiet")
        for kind in MEDIA:
            with requests.get(f"{server.url}/api/v1/exports/customers", headers={"Accept": MEDIA[kind]}, stream=True,
                              timeout=120) as answer:
                size = sum(len(part) for part in answer.iter_content(1 << 20))
        assert size > customers * 50
        peaks[customers] = peak_memory(server)
        server.stop()
    assert peaks[400_000] < peaks[20_000] + 24, peaks
