"""The description of the API: complete, and true under attack."""
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def small(start_server):
    """A server that makes little at a time, whatever is asked."""
    return start_server("--max-count", "20", "--quiet")


def test_every_operation_is_described(small):
    api = small.get("/openapi.json").json()
    assert api["openapi"] == "3.1.0"
    operations = [operation for path in api["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names)) >= 64
    assert all(operation["summary"] and operation["tags"] and operation["responses"] for operation in operations)
    text = small.get("/openapi.json").text
    for name in set(re.findall(r'"#/components/(\w+/[\w-]+)"', text)):
        kind, _, key = name.partition("/")
        assert key in api["components"][kind], name
    columns = api["components"]["schemas"]["customer"]["properties"]
    row = small.get("/api/v1/customers?limit=1").json()["data"][0]
    assert list(row) == list(columns)


def test_examples_of_the_description_work(small):
    api = small.get("/openapi.json").json()
    for path, operations in api["paths"].items():
        body = operations.get("post", {}).get("requestBody")
        if body:
            example = body["content"]["application/json"]["example"]
            assert small.post(path, example).status_code in (200, 201), path


def attack(server, *options):
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run",
         server.url + "/openapi.json", "--seed", "20260101", *options],
        capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    server.get("/readyz")


@pytest.mark.timeout(900)
def test_attack_by_the_description(small, tmp_path, monkeypatch):
    """Exports of one table stand for those of all, which take as long as the rest together."""
    monkeypatch.chdir(tmp_path)
    attack(small, "--phases", "examples,coverage", "--max-failures", "20", "--exclude-path-regex",
           "exports/(?!orders$)")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_long_attack_by_the_description(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    attack(small, "--phases", "examples,coverage,fuzzing,stateful", "-n", "50", "--max-failures", "20")
