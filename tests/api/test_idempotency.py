"""Idempotency-Key across restarts and kill -9: the first answer comes again, and nothing is made twice."""
import threading
import time

import pytest
import requests

CUSTOMERS = "/api/v1/generate/customers"


def keyed(key, **headers):
    return {"Idempotency-Key": key, **headers}


def wait_for(server, job, *states):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        seen = server.get(f"/api/v1/jobs/{job}").json()
        if seen["state"] in states:
            return seen
        time.sleep(0.02)
    raise AssertionError(seen)


def runs(server):
    found, path = [], "/api/v1/runs?limit=100"
    while path:
        page = server.get(path).json()
        found += page["data"]
        path = page["next"]
    return found


def restart(server, how):
    if how == "kill":
        server.kill()
    else:
        assert server.stop() == 0
    server.start()


@pytest.fixture(scope="module")
def mortal(start_server):
    """A server that the tests below end and start again."""
    return start_server("--quiet")


@pytest.mark.parametrize("how", ["kill", "stop"])
@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/vnd.apache.parquet"])
@pytest.mark.parametrize("count", [3, 900])
def test_answers_outlive_the_process(mortal, how, accept, count):
    headers = keyed(f"{how}-{accept}-{count}", Accept=accept)
    first = mortal.post(CUSTOMERS, {"count": count}, 201, headers=headers)
    rows, made = mortal.count("customers"), len(runs(mortal))
    restart(mortal, how)
    again = mortal.post(CUSTOMERS, {"count": count}, 201, headers=headers)
    assert again.content == first.content and again.headers["Idempotent-Replayed"] == "true"
    for name in ("Content-Type", "Location", "Cartwright-Seed", "Cartwright-Run"):
        assert again.headers[name] == first.headers[name]
    assert mortal.count("customers") == rows and len(runs(mortal)) == made
    problem = mortal.post(CUSTOMERS, {"count": count + 1}, 422, headers=headers).json()
    assert "another request" in problem["detail"]


def test_previews_draw_their_seed_from_the_key(mortal):
    first = mortal.post(CUSTOMERS, {"count": 2, "persist": False}, 200, headers=keyed("preview"))
    restart(mortal, "kill")
    again = mortal.post(CUSTOMERS, {"count": 2, "persist": False}, 200, headers=keyed("preview"))
    assert again.content == first.content
    other = mortal.post(CUSTOMERS, {"count": 2, "persist": False}, 200, headers=keyed("preview-2"))
    assert other.json()["seed"] != first.json()["seed"]


def test_refused_requests_leave_the_key_free(mortal):
    mortal.post(CUSTOMERS, {"count": 1001, "persist": False}, 422, headers=keyed("free"))
    assert mortal.post(CUSTOMERS, {"count": 1}, 201, headers=keyed("free")).json()["counts"]["customers"] == 1


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_finished_jobs_outlive_the_process(mortal, how):
    headers = keyed(f"job-{how}")
    first = mortal.post(CUSTOMERS, {"count": 1200}, 202, headers=headers)
    done = wait_for(mortal, first.json()["id"], "succeeded")
    rows = mortal.count("customers")
    restart(mortal, how)
    again = mortal.post(CUSTOMERS, {"count": 1200}, 202, headers=headers)
    assert again.content == first.content and again.headers["Location"] == first.headers["Location"]
    seen = mortal.get(again.headers["Location"]).json()
    assert seen["state"] == "succeeded" and seen["result"] == done["result"]
    assert seen["created_at"] == done["created_at"] == first.json()["created_at"]
    assert seen["progress"]["rows"] == done["progress"]["rows"] == sum(done["result"]["counts"].values())
    assert seen["id"] in [job["id"] for job in mortal.get("/api/v1/jobs").json()["data"]]
    assert mortal.count("customers") == rows


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_waiting_jobs_and_their_acceptance_outlive_the_process(mortal, how):
    rows, made = mortal.count("customers"), len(runs(mortal))
    blocker = mortal.post(CUSTOMERS, {"count": 3000000}, 202).json()["id"]
    headers = keyed(f"waiting-{how}", Prefer="respond-async")
    first = mortal.post(CUSTOMERS, {"count": 5}, 202, headers=headers)
    wait_for(mortal, blocker, "running")
    assert mortal.post(CUSTOMERS, {"count": 5}, 202, headers=headers).content == first.content
    mortal.post(CUSTOMERS, {"count": 6}, 422, headers=headers)
    restart(mortal, how)
    assert mortal.get(first.headers["Location"]).json()["state"] == "queued"
    again = mortal.post(CUSTOMERS, {"count": 5}, 202, headers=headers)
    assert again.content == first.content and again.headers["Idempotent-Replayed"] == "true"
    assert wait_for(mortal, blocker, "running")["attempts"] == (2 if how == "kill" else 1)
    mortal.call("POST", f"/api/v1/jobs/{blocker}/cancel", 200)
    wait_for(mortal, first.json()["id"], "succeeded")
    assert mortal.post(CUSTOMERS, {"count": 5}, 202, headers=headers).content == first.content
    assert mortal.count("customers") == rows + 5 and len(runs(mortal)) == made + 1


def test_cancelled_jobs_free_their_key(mortal):
    blocker = mortal.post(CUSTOMERS, {"count": 3000000}, 202).json()["id"]
    headers = keyed("cancelled")
    first = mortal.post(CUSTOMERS, {"count": 1300}, 202, headers=headers).json()["id"]
    assert mortal.post(CUSTOMERS, {"count": 1300}, 202, headers=headers).json()["id"] == first
    for job in (first, blocker):
        mortal.call("POST", f"/api/v1/jobs/{job}/cancel", 200)
        wait_for(mortal, job, "cancelled")
    second = mortal.post(CUSTOMERS, {"count": 1300}, 202, headers=headers).json()["id"]
    assert second != first
    wait_for(mortal, second, "succeeded")


@pytest.mark.parametrize("round_number", range(3))
def test_nothing_is_made_twice_when_killed(start_server, round_number):
    """Clients send again, with the same keys, what the death of the server left without an answer."""
    server = start_server("--quiet")
    answered, asked = {}, set()

    def work(number):
        session = requests.Session()
        for i in range(1000):
            key = f"{round_number}-{number}-{i}"
            asked.add(key)
            try:
                answer = session.post(server.url + CUSTOMERS, json={"count": 2}, headers=keyed(key), timeout=10)
            except requests.RequestException:
                return
            assert answer.status_code == 201
            answered[key] = answer.content

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    until = time.monotonic() + 30
    while len(answered) < 30 + 10 * round_number and time.monotonic() < until:
        time.sleep(0.005)
    server.kill()
    for worker in workers:
        worker.join()
    server.start()
    for key in sorted(asked):
        answer = server.post(CUSTOMERS, {"count": 2}, 201, headers=keyed(key))
        assert key not in answered or answer.content == answered[key]
        server.get(answer.headers["Location"])
    assert len(runs(server)) == len(asked) + 1
    assert server.count("customers") == 200 + 2 * len(asked)
