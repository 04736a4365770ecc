"""What a server needs, looked at before it starts."""
import json
import os
import socket
import subprocess

import psycopg
import pytest
import with_postgres

SECRET = "0123456789abcdef0123456789abcdef"


def doctor(cartwright, *arguments, code=0, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARTWRIGHT_")}
    result = subprocess.run([cartwright, "doctor", "--format", "json", *map(str, arguments)], capture_output=True,
                            text=True, timeout=120, env=environment | variables)
    assert result.returncode == code, (result.stdout, result.stderr)
    answer = json.loads(result.stdout)
    assert answer["problems"] == sum(check["state"] == "problem" for check in answer["checks"])
    assert answer["warnings"] == sum(check["state"] == "warning" for check in answer["checks"])
    for check in answer["checks"]:
        assert check["finding"] and (check["mend"] is None) == (check["state"] == "ok"), check
    return answer["checks"]


def state(checks, name):
    states = [check["state"] for check in checks if check["check"] == name]
    return max(states, key=["ok", "warning", "problem"].index, default=None)


@pytest.fixture(scope="module")
def store(cartwright, tmp_path_factory):
    path = tmp_path_factory.mktemp("doctor") / "shop.db"
    subprocess.run([cartwright, "generate", "--customers", "2", "--store", path, "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def test_a_good_set_up_is_good(cartwright, store):
    checks = doctor(cartwright, "--store", store, "--port", 0, "--connections", 100)
    for name in ("descriptors", "port", "reach", "store", "schema"):
        assert state(checks, name) == "ok", checks
    text = subprocess.run([cartwright, "doctor", "--store", store, "--port", "0"], capture_output=True, text=True,
                          check=False).stdout
    assert text.splitlines()[-1].endswith("problems") and "ok       port" in text


def test_a_store_to_come_is_a_warning_and_a_bad_one_a_problem(cartwright, tmp_path):
    assert state(doctor(cartwright, "--store", tmp_path / "new.db", "--port", 0), "store") == "warning"
    (tmp_path / "text.db").write_text("this is no database at all, but long enough to look at" * 20)
    assert state(doctor(cartwright, "--store", tmp_path / "text.db", "--port", 0, code=1), "schema") == "problem"
    nowhere = doctor(cartwright, "--store", tmp_path / "no/where/shop.db", "--port", 0, code=1)
    assert state(nowhere, "store folder") == "problem"


def test_a_taken_port_is_a_problem(cartwright, store):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        checks = doctor(cartwright, "--store", store, "--port", other.getsockname()[1], code=1)
    assert state(checks, "port") == "problem"
    assert state(doctor(cartwright, "--store", store, "--address", "192.0.2.1", code=1), "port") == "problem"


def test_reach_beyond_this_machine_is_told(cartwright, store):
    options = ["--store", store, "--port", 0, "--address", "0.0.0.0"]
    assert state(doctor(cartwright, *options, "--auth"), "reach") == "warning"
    assert state(doctor(cartwright, *options, "--no-auth", code=1), "reach") == "problem"


def test_a_server_that_would_not_start_without_keys_is_told(cartwright, store, tmp_path):
    options = ["--port", 0, "--address", "0.0.0.0"]
    for place in (store, tmp_path / "new.db"):
        checks = doctor(cartwright, "--store", place, *options, code=1)
        assert state(checks, "access") == "problem"
        refused = subprocess.run([cartwright, "serve", "--store", place, *map(str, options)], capture_output=True,
                                 text=True, timeout=60, check=False)
        assert refused.returncode == 2, refused.stderr
        subprocess.run([cartwright, "keys", "create", "--store", place, "--name", "k", "--scopes", "read"], check=True,
                       stdout=subprocess.DEVNULL)
        assert state(doctor(cartwright, "--store", place, *options), "access") == "ok"


def test_files_of_keys_are_looked_at(cartwright, store, tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    options = ["--store", store, "--port", 0, "--jwt-secret", path]
    path.chmod(0o600)
    assert state(doctor(cartwright, *options), "jwt-secret") == "ok"
    path.chmod(0o644)
    assert state(doctor(cartwright, *options, code=1), "jwt-secret") == "problem"
    path.write_text("short")
    checks = doctor(cartwright, *options, code=1)
    assert state(checks, "jwt-secret") == "problem" and "short" not in json.dumps(checks).replace("shorter", "")
    jwks = tmp_path / "keys.json"
    jwks.write_text("[]")
    assert state(doctor(cartwright, "--store", store, "--port", 0, "--jwks", jwks, code=1), "jwks") == "problem"
    assert state(doctor(cartwright, "--store", store, "--port", 0, "--jwks", tmp_path / "none", code=1),
                 "jwks") == "problem"


def test_limits_and_folders_of_the_machine(cartwright, store, tmp_path):
    assert state(doctor(cartwright, "--store", store, "--port", 0, TMPDIR=str(tmp_path / "gone"), code=1),
                 "temporary files") == "problem"
    result = subprocess.run(["bash", "-c", f"ulimit -n 256; {cartwright} doctor --port 0 --store {store}"],
                            capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "LimitNOFILE" in result.stdout


def test_settings_are_those_of_serve(cartwright, store, tmp_path):
    path = tmp_path / "cartwright.yaml"
    path.write_text(f"store: {store}\nserve:\n  address: 0.0.0.0\n  port: 0\n  rate: 10\n")
    assert state(doctor(cartwright, "--config", path, "--auth"), "reach") == "warning"
    assert state(doctor(cartwright, "--config", path, CARTWRIGHT_ADDRESS="127.0.0.1"), "reach") == "ok"


def check_another_role(cartwright, server):
    """One that may read and write what others own, and have few connections."""
    with psycopg.connect(server.uri, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN CONNECTION LIMIT 5; GRANT CREATE, USAGE ON SCHEMA public TO guest; "
                           "GRANT ALL ON ALL TABLES IN SCHEMA public TO guest")
    guest = server.uri.replace("user=postgres", "user=guest")
    checks = doctor(cartwright, "--store", guest, "--port", 0, code=1)
    states = {name: state(checks, name) for name in ("owner", "connections", "rights")}
    assert states == {"owner": "problem", "connections": "problem", "rights": "ok"}
    assert "5 are free" in json.dumps(checks)


def test_postgresql_is_asked(cartwright, tmp_path_factory):
    server = with_postgres.Server(tmp_path_factory.mktemp("pg"), {"wal_level": "minimal", "max_wal_senders": "0"})
    for folder in list(server.folder.parents)[:2]:
        os.chmod(folder, 0o711)
    server.create().start()
    try:
        checks = doctor(cartwright, "--store", server.uri, "--port", 0, code=1)
        assert state(checks, "fsync") == "problem"
        for name in ("wal_level", "full_page_writes", "autovacuum"):
            assert state(checks, name) == "warning", checks
        for name in ("version", "encoding", "rights", "connections", "clocks", "synchronous_commit"):
            assert state(checks, name) == "ok", checks
        assert state(checks, "schema") == "warning"
        subprocess.run([cartwright, "migrate", "up", server.uri], check=True, stdout=subprocess.DEVNULL)
        checks = doctor(cartwright, "--store", server.uri, "--port", 0, code=1)
        assert (state(checks, "schema"), state(checks, "owner")) == ("ok", "ok")
        check_another_role(cartwright, server)
        with_password = server.uri.replace("postgresql://", "postgresql://x:s3cret@")
        server.stop()
        away = doctor(cartwright, "--store", with_password, "--port", 0, code=1)
        assert state(away, "store") == "problem" and "s3cret" not in json.dumps(away)
    finally:
        server.stop()
