"""One server, or several, that keep many small runs in one store at the same time."""
import collections
import concurrent.futures
import subprocess

import pytest
import requests
from api_server import Server

TABLES = ["customers", "products", "orders"]


@pytest.fixture(name="servers", params=[1, 3], ids=["one server", "three servers"])
def fixture_servers(request, cartwright, new_store):
    """Upon one shop."""
    place = new_store()
    subprocess.run([cartwright, "generate", "--quiet", "--scale", "0.1", "--store", place], check=True,
                   stdout=subprocess.DEVNULL)
    servers = [Server(cartwright, place, "--quiet") for _ in range(request.param)]
    yield servers
    assert [server.stop() for server in servers] == [0] * len(servers)


def test_no_number_is_used_twice(cartwright, servers):
    """Rows of the same seed and number would be the same rows."""
    def ask(number):
        table = TABLES[number // len(servers) % len(TABLES)]
        return requests.post(f"{servers[number % len(servers)].url}/api/v1/generate/{table}", timeout=60,
                             json={"count": 2, "seed": 7})

    with concurrent.futures.ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(ask, range(360)))
    assert collections.Counter(answer.status_code for answer in answers) == {201: 360}, [
        answer.json()["detail"] for answer in answers if answer.status_code != 201]
    kept = collections.Counter()
    for answer in answers:
        for table, rows in answer.json()["data"].items():
            kept.update((table, row["id"]) for row in rows if "id" in row)
    assert max(kept.values()) == 1
    subprocess.run([cartwright, "validate", servers[0].store, "--quiet"], check=True, capture_output=True)
