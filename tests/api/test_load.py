"""Many clients at once, and death under load."""
import asyncio
import json
import random
import tempfile
import threading
import time

import pytest
import requests
import with_postgres
from api_server import Server


async def client(server, number, requests_each, failures, kept):
    """One keep-alive connection that mixes reads and small generates; notes what was kept, by its answers."""
    draw = random.Random(number)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for _ in range(requests_each):
            kind = draw.random()
            if kind < 0.25:
                body = json.dumps({"count": draw.randint(1, 3), "persist": draw.random() < 0.5}).encode()
                head = (f"POST /api/v1/generate/customers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n").encode()
            else:
                table = draw.choice(["customers?country=DE&", "orders?", "products?", "stock?", "order_items?"])
                head, body = f"GET /api/v1/{table}limit=5 HTTP/1.1\r\nHost: x\r\n\r\n".encode(), b""
            writer.write(head + body)
            await writer.drain()
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            content = await reader.readexactly(length)
            status = answer.split(b" ", 2)[1]
            if status not in (b"200", b"201"):
                failures.append(answer + content)
            elif status == b"201":
                kept.append(json.loads(content)["data"])
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        failures.append(repr(error).encode())
    finally:
        writer.close()


def test_a_thousand_connections(start_server):
    server = start_server("--quiet")
    failures, kept = [], []

    async def run():
        await asyncio.gather(*(client(server, number, 6, failures, kept) for number in range(1000)))

    before = server.count("customers")
    asyncio.run(run())
    assert not failures, (len(failures), failures[:3])
    assert len(kept) > 100
    for table in ("customers", "addresses", "payment_methods"):
        acknowledged = [row["id"] for data in kept for row in data[table]]
        assert len(set(acknowledged)) == len(acknowledged)
        assert set(acknowledged) <= all_ids(server, table)
    assert server.count("customers") == before + sum(len(data["customers"]) for data in kept)


def all_ids(server, table):
    ids, path = set(), f"/api/v1/{table}?limit=1000&fields=id"
    while path:
        page = server.get(path).json()
        ids |= {row["id"] for row in page["data"]}
        path = page["next"]
    return ids


def test_a_database_that_goes_away_and_comes_back(cartwright):
    with tempfile.TemporaryDirectory() as folder:
        database = with_postgres.Server(folder).create()
        database.start()
        server = Server(cartwright, database.uri, "--quiet")
        try:
            server.get("/readyz")
            database.stop()
            for method, path in (("GET", "/readyz"), ("GET", "/api/v1/customers?limit=1"),
                                 ("POST", "/api/v1/generate/customers")):
                answer = server.call(method, path, 503, json={} if method == "POST" else None)
                assert answer.headers["Retry-After"] == "1", path
                assert answer.headers["Content-Type"] == "application/problem+json", path
            server.get("/healthz")
            database.start()
            server.get("/readyz")
            made = server.post("/api/v1/generate/customers", {"count": 3}, 201).json()
            for row in made["data"]["customers"]:
                server.get(f"/api/v1/customers/{row['id']}")
        finally:
            server.stop()
            database.stop()


@pytest.mark.parametrize("round_number", range(3))
def test_nothing_acknowledged_is_lost_when_killed(start_server, round_number):
    server = start_server("--quiet")
    acknowledged = []

    def work():
        session = requests.Session()
        while True:
            try:
                answer = session.post(server.url + "/api/v1/generate/customers", json={"count": 2}, timeout=10)
            except requests.RequestException:
                return
            if answer.status_code == 201:
                made = answer.json()
                acknowledged.append((made["run_id"], [row["id"] for row in made["data"]["customers"]]))

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    until = time.monotonic() + 30
    while len(acknowledged) < 40 + 15 * round_number and time.monotonic() < until:
        time.sleep(0.01)
    server.kill()
    for worker in workers:
        worker.join()
    server.start()
    assert len(acknowledged) > 10
    for run, customers in acknowledged[-60:]:
        assert server.get(f"/api/v1/runs/{run}").json()["request"]["count"] == 2
        for customer in customers:
            server.get(f"/api/v1/customers/{customer}")
    runs, path = set(), "/api/v1/runs?limit=100"
    while path:
        page = server.get(path).json()
        runs |= {run["id"] for run in page["data"]}
        path = page["next"]
    assert {run for run, _ in acknowledged} <= runs
    # Half-written runs would leave customers that no run accounts for.
    assert server.count("customers") == 200 + 2 * (len(runs) - 1)
