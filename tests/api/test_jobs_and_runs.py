"""Jobs with progress and cancellation; runs and their reproduction; what the server says of itself."""
import json
import re
import signal
import socket
import subprocess
import time

import requests

ASYNC = {"Prefer": "respond-async"}


def wait_for(server, job, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        seen = server.get(f"/api/v1/jobs/{job}").json()
        if seen["state"] in ("succeeded", "failed", "cancelled"):
            return seen
        time.sleep(0.05)
    raise AssertionError(seen)


def events(server, job):
    with requests.get(f"{server.url}/api/v1/jobs/{job}/events", stream=True, timeout=60) as answer:
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/event-stream"
        text = "".join(chunk.decode() for chunk in answer.iter_content(None))
    return [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", text)]


def test_large_counts_become_jobs(server):
    answer = server.post("/api/v1/generate/customers", {"count": 1500, "seed": 4}, 202)
    job = answer.json()
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    told = events(server, job["id"])
    assert told[-1][0] == "finished" and told[-1][1]["state"] == "succeeded"
    done = wait_for(server, job["id"])
    assert done["result"]["counts"]["customers"] == 1500 and done["result"]["seed"] == 4
    assert job["id"] in [seen["id"] for seen in server.get("/api/v1/jobs").json()["data"]]
    run = server.get(f"/api/v1/runs/{done['result']['run_id']}").json()
    assert run["request"]["count"] == 1500


def test_small_counts_on_request(server):
    answer = server.post("/api/v1/generate/customers", {"count": 3}, 202, headers=ASYNC)
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert wait_for(server, answer.json()["id"])["result"]["counts"]["customers"] == 3


def test_failures_of_jobs_are_told_at_once_where_possible(server):
    server.post("/api/v1/generate/products", {"categories": ["Nothing"]}, 422, headers=ASYNC)


def test_cancel(server):
    before = server.count("customers")
    job = server.post("/api/v1/generate/customers", {"count": 3000000}, 202).json()["id"]
    waiting = server.post("/api/v1/generate/customers", {"count": 2000}, 202).json()["id"]
    assert server.call("POST", f"/api/v1/jobs/{waiting}/cancel", 200).json()["state"] == "cancelled"
    with requests.get(f"{server.url}/api/v1/jobs/{job}/events", stream=True, timeout=60) as stream:
        next(stream.iter_content(64))
        server.call("POST", f"/api/v1/jobs/{job}/cancel", 200)
    assert wait_for(server, job)["state"] == "cancelled"
    assert server.count("customers") == before
    server.get("/api/v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057", 404)
    server.get("/api/v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057/events", 404)


def test_readers_of_events_who_leave_are_noticed(server):
    job = server.post("/api/v1/generate/customers", {"count": 3000000}, 202).json()["id"]
    waiting = server.post("/api/v1/generate/customers", {"count": 2000}, 202).json()["id"]

    def connections():
        return int(re.search(r"^cartwright_http_connections (\d+)", server.get("/metrics").text, re.M)[1])

    streams = [requests.get(f"{server.url}/api/v1/jobs/{waiting}/events", stream=True, timeout=60) for _ in range(20)]
    try:
        assert connections() >= 20
        for stream in streams:
            stream.raw._fp.close()
            stream.close()
        until = time.monotonic() + 10
        # Our own, and one of a reader before us that is just being closed.
        while connections() > 2 and time.monotonic() < until:
            time.sleep(0.1)
        assert connections() <= 2
    finally:
        for each in (waiting, job):
            server.call("POST", f"/api/v1/jobs/{each}/cancel", 200)
        wait_for(server, job)


def test_runs_reproduce(server):
    for seed in (31, 32):
        server.post("/api/v1/generate/customers", {"count": 1, "seed": seed}, 201)
    runs, path = [], "/api/v1/runs?limit=2"
    while path:
        page = server.get(path).json()
        runs += page["data"]
        path = page["next"]
    assert len(runs) >= 3 and len({run["id"] for run in runs}) == len(runs)
    made = server.post("/api/v1/generate/orders", {"count": 5, "seed": 12}, 201).json()
    result = server.call("POST", f"/api/v1/runs/{made['run_id']}/reproduce", 200).json()
    assert result["same"] and result["difference"] is None and result["tables"]["orders"]["rows_made"] == 5
    job = server.call("POST", f"/api/v1/runs/{made['run_id']}/reproduce", 202, headers=ASYNC).json()["id"]
    assert wait_for(server, job)["result"]["same"]
    server.get("/api/v1/runs/01890a5d-ac96-774b-bcce-b302099a8057", 404)
    server.call("POST", "/api/v1/runs/01890a5d-ac96-774b-bcce-b302099a8057/reproduce", 404)


def test_what_the_server_says_of_itself(server):
    assert server.get("/healthz").json()["status"] == "ok" and server.get("/readyz").json()["status"] == "ready"
    server.post("/api/v1/generate/customers", {"count": 0}, 400)
    metrics = server.get("/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    for name in ("cartwright_http_requests_total", "cartwright_http_request_duration_seconds_bucket",
                 'cartwright_http_errors_total{status="400"}', 'cartwright_records_generated_total{table="customers"}',
                 "cartwright_rule_checks_total", 'cartwright_jobs{state="queued"}', "cartwright_http_queue_length",
                 'cartwright_store_connections{state="busy"} 0', 'cartwright_store_connections{state="idle"}',
                 "cartwright_store_connections_max", "cartwright_store_waiting 0", "cartwright_exports 0",
                 "process_resident_memory_bytes"):
        assert name in metrics.text, name
    page = server.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html") and "frame-ancestors" in page.headers[
        "Content-Security-Policy"]
    assert "http://" not in page.text and "https://" not in page.text
    assert server.get("/").url.endswith("/docs")


def test_greeting_shows_commands_that_work(server):
    commands = [line.strip() for line in server.greeting.splitlines() if line.strip().startswith("curl")]
    assert len(commands) == 3
    for command in commands:
        strict = command.replace("curl", "curl -g --fail", 1)
        done = subprocess.run(["bash", "-c", strict], capture_output=True, check=False)
        assert done.returncode == 0 and done.stdout, command


def test_stops_on_sigterm_while_a_database_does_not_answer(cartwright):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        store = f"postgresql://127.0.0.1:{mute.getsockname()[1]}/shop?connect_timeout=0&sslmode=disable"
        process = subprocess.Popen([cartwright, "serve", "--store", store], stdin=subprocess.DEVNULL)
        try:
            waiting = mute.accept()[0]
            waiting.recv(1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == -signal.SIGTERM
        finally:
            process.kill()


def test_stops_on_sigterm_with_work_under_way(start_server):
    server = start_server()
    job = server.post("/api/v1/generate/customers", {"count": 3000000}, 202).json()["id"]
    stream = requests.get(f"{server.url}/api/v1/jobs/{job}/events", stream=True, timeout=60)
    begun = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=20) == 0
    assert time.monotonic() - begun < 15
    stream.close()
    server.start()
    assert server.count("customers") == 200
