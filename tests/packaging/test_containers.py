"""Dockerfile and Compose file, as far as they can be judged without an engine."""
import json
import pathlib
import re
import subprocess
import sys

import compose_spec
import pytest
import yaml

HADOLINT = pathlib.Path(sys.executable).parent / "hadolint"


@pytest.fixture(scope="module")
def dockerfile(packaging):
    return (packaging / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def compose(packaging):
    return (packaging / "compose.yaml").read_text()


def test_dockerfile_is_clean(packaging):
    done = subprocess.run([HADOLINT, packaging / "Dockerfile"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_dockerfile_copies_and_runs_what_there_is(dockerfile, source_root):
    for source in re.findall(r"^COPY (\S+) ", dockerfile, re.M):
        assert (source_root / source).exists(), source
    for program in re.findall(r"^RUN (tools/\S+)", dockerfile, re.M):
        assert (source_root / program).exists(), program
    assert dockerfile.count("FROM debian:bookworm-slim") == 2
    user = re.search(r"^USER (\d+):(\d+)$", dockerfile, re.M)
    assert int(user[1]) > 0 and int(user[2]) > 0
    assert re.search(r"^HEALTHCHECK ", dockerfile, re.M) and re.search(r"^STOPSIGNAL SIGTERM$", dockerfile, re.M)


def variables(text):
    return set(re.findall(r"CARTWRIGHT_[A-Z_]+", text))


def test_variables_of_the_containers_are_settings(dockerfile, compose, cartwright):
    schema = json.loads(subprocess.run([cartwright, "config", "schema"], capture_output=True, check=True).stdout)
    names = {"CARTWRIGHT_STORE"}
    names |= {"CARTWRIGHT_" + key.upper().replace("-", "_") for key in schema["properties"]["serve"]["properties"]}
    used = variables(dockerfile) | variables(compose)
    assert used and used <= names


def test_compose_file_fits_the_specification(compose):
    parsed = compose_spec.PyCompose.from_yaml(compose)
    parsed.validate()
    assert parsed.service_names() == ["postgres", "cartwright"]
    with pytest.raises(ValueError):
        compose_spec.PyCompose.from_yaml(compose.replace("restart:", "restrat:", 1))


def test_compose_file_is_careful(compose, packaging):
    document = yaml.safe_load(compose)
    server, database = document["services"]["cartwright"], document["services"]["postgres"]
    assert (packaging / server["build"]["context"] / server["build"]["dockerfile"]).exists()
    assert server["read_only"] and server["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    assert "ports" not in database
    assert server["depends_on"]["postgres"]["condition"] == "service_healthy"
    for service in (server, database):
        mounted = {volume.split(":")[0] for volume in service["volumes"]}
        assert mounted <= set(document["volumes"])
    # The password comes from outside, and nothing starts without it.
    assert server["environment"]["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert "@postgres/" in server["environment"]["CARTWRIGHT_STORE"]
    assert ":" not in server["environment"]["CARTWRIGHT_STORE"].split("//")[1]
