"""The other commands, help, manual page and completion."""
import json
import sqlite3
import subprocess

import pytest


def run(cartwright, *arguments, code=0):
    result = subprocess.run([cartwright, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert result.returncode == code, result.stderr
    return result


@pytest.mark.parametrize("command", ["generate", "validate", "reproduce", "migrate", "schema", "version", "help"])
def test_every_command_has_help(cartwright, command):
    answer = run(cartwright, command, "--help")
    assert answer.stdout.startswith(f"Usage: cartwright {command}")
    assert answer.stdout == run(cartwright, command, "-h").stdout
    assert max(map(len, answer.stdout.splitlines())) <= 130


def test_unknown_commands_are_answered_with_the_nearest(cartwright):
    assert "generate" in run(cartwright, "genrate", code=2).stderr
    assert "Usage" in run(cartwright, code=2).stderr


def test_version(cartwright):
    assert run(cartwright, "version").stdout.splitlines()[0].startswith("cartwright 0.")
    assert run(cartwright, "--version").stdout == run(cartwright, "version").stdout


def test_schema_is_json_and_sql(cartwright):
    schema = json.loads(run(cartwright, "schema", "--format", "json").stdout)
    assert len(schema) == 16
    assert schema["orders"]["columns"][0]["name"] == "id"
    database = sqlite3.connect(":memory:")
    database.executescript(run(cartwright, "schema", "--format", "sql").stdout)
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert tables == set(schema)
    text = run(cartwright, "schema", "orders").stdout
    assert "total_amount" in text and "given_name" not in text
    assert "orders" in run(cartwright, "schema", "ordes", code=2).stderr


def test_validate_refuses_what_is_no_data(cartwright, tmp_path):
    run(cartwright, "validate", tmp_path / "nothing", code=4)
    run(cartwright, "validate", tmp_path, code=4)
    (tmp_path / "text.db").write_text("this is no database at all, but long enough to look at" * 20)
    run(cartwright, "validate", tmp_path / "text.db", code=7)
    run(cartwright, "validate", code=2)


def test_validate_skips_rules_without_their_tables(cartwright, tmp_path):
    out = tmp_path / "people"
    run(cartwright, "generate", "--customers", 50, "--out", out, "--tables", "customers")
    answer = json.loads(run(cartwright, "validate", "--json", out).stdout)
    assert answer["violations"] == 0
    skipped = {rule["rule"]: rule for rule in answer["rules"] if rule["outcome"] == "skipped"}
    assert "addresses" in skipped["customers.one_default_address"]["missing"]
    passed = {rule["rule"] for rule in answer["rules"] if rule["outcome"] == "passed"}
    assert "customers.email.unique" in passed


def test_validate_names_damaged_files(cartwright, tmp_path):
    out = tmp_path / "people"
    run(cartwright, "generate", "--customers", 50, "--out", out)
    path = out / "customers" / "part-00000.csv"
    text = path.read_text()
    for broken in (text.replace(",", ";"), text.replace("-0", "-x"), text.replace("email", "e-mail"), text[:-9], ""):
        path.write_text(broken)
        assert "part-00000.csv" in run(cartwright, "validate", out, code=7).stderr


def test_reproduce_refuses_damaged_manifests(cartwright, tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text('{"spec": {}, "tables": {"customers": {"file": "../../etc/passwd"}}}')
    assert "inside the directory" in run(cartwright, "reproduce", path, code=7).stderr
    path.write_text("{")
    run(cartwright, "reproduce", path, code=7)
    path.write_text('{"spec": {}, "tables": {}, "shard": 3, "shards": 3}')
    assert "shard is 3 of 3" in run(cartwright, "reproduce", path, code=7).stderr
    path.write_text('{"spec": {}, "tables": {"customers": {"file": "customers.csv", "rows": 1}}}')
    assert "must have the members" in run(cartwright, "reproduce", path, code=7).stderr
    path.write_text('{"spec": {}, "tables": {}, "cartwright": "1.0\\u001b[2J"}')
    assert "must be a version" in run(cartwright, "reproduce", path, code=7).stderr
    run(cartwright, "reproduce", tmp_path / "none.json", code=4)


@pytest.mark.parametrize("kind, file", [("man", "docs/cartwright.1"), ("bash", "tools/completion/cartwright.bash")])
def test_written_help_is_up_to_date(cartwright, source_root, kind, file):
    assert run(cartwright, "help", "--format", kind).stdout == (source_root / file).read_text()


def test_completion_is_valid_bash(cartwright, source_root):
    script = source_root / "tools/completion/cartwright.bash"
    subprocess.run(["bash", "-n", str(script)], check=True)
    words = "COMP_WORDS=(cartwright generate --format ''); COMP_CWORD=3; _cartwright; echo ${COMPREPLY[@]}"
    answer = subprocess.run(["bash", "-c", f"source {script}; {words}"], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["csv", "ndjson", "json", "parquet"]


def test_migrate_tells_applies_and_checks(cartwright, tmp_path):
    store = tmp_path / "shop.db"
    assert str(store) in run(cartwright, "migrate", "check", store, code=4).stderr
    assert run(cartwright, "migrate", "up", store).stdout.endswith("up to date\n")
    for action in ("status", "check"):
        assert "up to date" in run(cartwright, "migrate", action, store).stdout
    assert "expected status, up or check" in run(cartwright, "migrate", "down", store, code=2).stderr
