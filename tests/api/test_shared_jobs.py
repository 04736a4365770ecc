"""Jobs that outlive their server: killed, stopped or paused, whoever shares the store takes them up, once."""
import json
import random
import signal
import subprocess
import time

import pytest
import requests
import with_postgres
from api_server import Server

CUSTOMERS = "/api/v1/generate/customers"
ENDS = ("succeeded", "failed", "cancelled")


@pytest.fixture(scope="module")
def postgres():
    with with_postgres.running({"max_connections": "100"}) as server:
        yield server


@pytest.fixture(name="new_store", params=["sqlite", "postgresql"])
def fixture_new_store(request, tmp_path):
    """The places of new, empty stores of one kind."""
    made = []

    def new():
        made.append(f"jobs_{time.monotonic_ns()}")
        if request.param == "sqlite":
            return tmp_path / f"{made[-1]}.db"
        return database(request.getfixturevalue("postgres"), made[-1])

    return new


def database(postgres, name):
    subprocess.run(["psql", "-X", "-q", "-c", f"CREATE DATABASE {name}", postgres.uri], check=True)
    return postgres.uri.replace("///postgres", f"///{name}")


@pytest.fixture(name="shared")
def fixture_shared(postgres):
    return database(postgres, f"shared_{time.monotonic_ns()}")


@pytest.fixture(name="serve")
def fixture_serve(cartwright):
    """Starts servers whose jobs are taken from them after a second of silence."""
    servers = []

    def start(store):
        servers.append(Server(cartwright, store, "--quiet", "--no-seed-shop", "--job-lease", "1"))
        return servers[-1]

    yield start
    ends = [server.stop() for server in servers]
    assert set(ends) <= {0, -signal.SIGKILL}, (ends, [server.errors[-20:] for server in servers])


def submit(server, count, **more):
    answer = server.post(CUSTOMERS, {"count": count, **more}, 202, headers={"Prefer": "respond-async"})
    return answer.json()["id"]


def wait_for(server, job, wanted, seconds=120):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        seen = server.get(f"/api/v1/jobs/{job}").json()
        if wanted(seen):
            return seen
        assert seen["state"] not in ENDS, seen
        time.sleep(0.02)
    raise AssertionError(seen)


def has_rows(job):
    return job["state"] == "running" and job["progress"]["rows"] > 0


def succeeded(job):
    return job["state"] == "succeeded"


def digests(server, job):
    return server.get(f"/api/v1/runs/{job['result']['run_id']}").json()["digests"]


def count_customers(uri):
    psql = ["psql", "-X", "-A", "-t", "-c", "SELECT count(*) FROM customers", uri]
    return int(subprocess.run(psql, capture_output=True, text=True, check=True).stdout)


def test_a_killed_servers_job_ends_with_the_same_rows(new_store, serve):
    calm = serve(new_store())
    expected = digests(calm, wait_for(calm, submit(calm, 100000, seed=7), succeeded))
    store = new_store()
    first = serve(store)
    job = submit(first, 100000, seed=7)
    wait_for(first, job, has_rows)
    first.kill()
    second = serve(store)
    done = wait_for(second, job, succeeded)
    assert done["attempts"] == 2 and done["result"]["counts"]["customers"] == 100000
    assert digests(second, done) == expected
    assert len(second.get("/api/v1/runs").json()["data"]) == 1
    assert second.get("/api/v1/jobs").json()["data"][0]["id"] == job


def test_a_stopped_servers_job_goes_on_elsewhere(new_store, serve):
    store = new_store()
    first = serve(store)
    job = submit(first, 3000000)
    wait_for(first, job, has_rows)
    waiting = submit(first, 4)
    begun = time.monotonic()
    assert first.stop() == 0
    assert time.monotonic() - begun < 30
    second = serve(store)
    assert wait_for(second, job, lambda seen: seen["state"] == "running")["attempts"] == 1
    second.call("POST", f"/api/v1/jobs/{job}/cancel", 200)
    assert wait_for(second, waiting, succeeded)["result"]["counts"]["customers"] == 4
    assert second.count("customers") == 4


def test_each_job_is_done_once_by_two_servers(shared, serve):
    servers = [serve(shared), serve(shared)]
    jobs = [submit(servers[i % 2], 1500 + i, seed=i) for i in range(20)]
    done = [wait_for(servers[(i + 1) % 2], job, succeeded) for i, job in enumerate(jobs)]
    assert [job["result"]["counts"]["customers"] for job in done] == [1500 + i for i in range(20)]
    runs = servers[0].get("/api/v1/runs?limit=100").json()["data"]
    assert {run["id"] for run in runs} == {job["result"]["run_id"] for job in done} and len(runs) == 20
    assert servers[1].count("customers") == sum(1500 + i for i in range(20))
    assert {job["attempts"] for job in done} == {1}


@pytest.mark.timeout(2400)
@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_jobs_are_done_once_however_many_workers_are_killed(cartwright, shared, serve, rounds):
    draw = random.Random(rounds)
    servers, jobs, attempts = [serve(shared), serve(shared)], {}, 0
    for number in range(rounds):
        for i in range(6):
            count = int(2 ** draw.uniform(6, 16))
            jobs[submit(servers[i % 2], count, seed=100 * number + i)] = count
        time.sleep(draw.uniform(0, 1.5))
        killed = draw.randrange(2)
        servers[killed].kill()
        servers[killed] = serve(shared)
        for job in list(jobs)[-6:]:
            attempts += wait_for(servers[draw.randrange(2)], job, succeeded)["attempts"]
    done = [servers[0].get(f"/api/v1/jobs/{job}").json() for job in jobs]
    assert [job["result"]["counts"]["customers"] for job in done] == list(jobs.values())
    runs = {run["id"] for job in done for run in [servers[0].get(f"/api/v1/runs/{job['result']['run_id']}").json()]}
    assert len(runs) == len(jobs)
    assert count_customers(shared) == sum(jobs.values())
    assert rounds == 1 or attempts > len(jobs), "no job was ever taken from a killed worker"
    for job in done[-12:]:
        again = servers[1].call("POST", f"/api/v1/runs/{job['result']['run_id']}/reproduce", 202,
                                headers={"Prefer": "respond-async"}).json()["id"]
        assert wait_for(servers[0], again, succeeded)["result"]["same"]
    subprocess.run([cartwright, "validate", shared, "--quiet"], check=True, capture_output=True)


def test_others_jobs_are_listed_followed_and_cancelled(shared, serve):
    first = serve(shared)
    job = submit(first, 3000000)
    wait_for(first, job, has_rows)
    second = serve(shared)
    assert job in [seen["id"] for seen in second.get("/api/v1/jobs").json()["data"]]
    far = wait_for(second, job, lambda seen: has_rows(seen) and seen["progress"]["done"] > 0)
    assert far["progress"]["rows_per_second"] > 0 and far["progress"]["seconds_left"] >= 0
    with requests.get(f"{second.url}/api/v1/jobs/{job}/events", stream=True, timeout=60) as stream:
        parts = stream.iter_content(None)
        text = next(parts)
        second.call("POST", f"/api/v1/jobs/{job}/cancel", 200)
        text += b"".join(parts)
    events = [json.loads(part.split("data: ")[1]) for part in text.decode().split("\n\n") if "data: " in part]
    assert events[0]["state"] == "running" and events[-1]["state"] == "cancelled"
    assert first.get(f"/api/v1/jobs/{job}").json()["state"] == "cancelled"
    assert first.count("customers") == 0


def test_a_paused_server_gives_its_job_up(shared, serve):
    first = serve(shared)
    job = submit(first, 400000, seed=3)
    wait_for(first, job, has_rows)
    second = serve(shared)
    first.process.send_signal(signal.SIGSTOP)
    try:
        assert wait_for(second, job, lambda seen: seen["attempts"] == 2)["state"] == "running"
    finally:
        first.process.send_signal(signal.SIGCONT)
    done = wait_for(second, job, succeeded)
    assert done["result"]["counts"]["customers"] == 400000
    assert len(second.get("/api/v1/runs").json()["data"]) == 1
    assert count_customers(shared) == 400000
    assert submit(first, 3) != job


def test_keys_of_waiting_jobs_are_known_to_all(shared, serve):
    servers = [serve(shared), serve(shared)]
    blocker = submit(servers[0], 3000000)
    wait_for(servers[0], blocker, has_rows)
    servers[1].stop()
    headers = {"Idempotency-Key": "one", "Prefer": "respond-async"}
    first = servers[0].post(CUSTOMERS, {"count": 5}, 202, headers=headers)
    other = serve(shared)
    again = other.post(CUSTOMERS, {"count": 5}, 202, headers=headers)
    assert again.content == first.content and again.headers["Idempotent-Replayed"] == "true"
    servers[0].call("POST", f"/api/v1/jobs/{blocker}/cancel", 200)
    wait_for(other, first.json()["id"], succeeded)
    assert other.post(CUSTOMERS, {"count": 5}, 202, headers=headers).content == first.content
    assert other.count("customers") == 5


def test_a_job_outlives_its_database(postgres, shared, serve):
    server = serve(shared)
    job = submit(server, 300000, seed=5)
    wait_for(server, job, has_rows)
    postgres.stop()
    postgres.start()
    until = time.monotonic() + 120
    while (answer := server.get(f"/api/v1/jobs/{job}", None)).status_code != 200 or answer.json()["state"] not in ENDS:
        assert time.monotonic() < until, answer.text
        time.sleep(0.1)
    done = answer.json()
    assert done["state"] == "succeeded" and done["attempts"] == 2, done
    assert server.count("customers") == 300000
    assert len(server.get("/api/v1/runs").json()["data"]) == 1
    assert count_customers(shared) == 300000
