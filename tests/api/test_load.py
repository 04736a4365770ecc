"""Many clients at once, and death under load."""
import asyncio
import json
import random
import threading
import time

import pytest
import requests


async def client(server, number, requests_each, failures):
    """One keep-alive connection that mixes reads and small generates."""
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
            if answer.split(b" ", 2)[1] not in (b"200", b"201"):
                failures.append(answer + content)
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        failures.append(repr(error).encode())
    finally:
        writer.close()


def test_a_thousand_connections(start_server):
    server = start_server("--quiet")
    failures = []

    async def run():
        await asyncio.gather(*(client(server, number, 6, failures) for number in range(1000)))

    before = server.count("customers")
    asyncio.run(run())
    assert not failures, (len(failures), failures[:3])
    assert server.count("customers") > before


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
