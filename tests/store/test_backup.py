"""The backup that docs/operations.md names: what pg_dump wrote is a store again, complete and writable."""
import re
import shutil
import subprocess

import pytest

SMALL = ("--customers", "60", "--products", "40", "--orders", "80")


def of_client(name, *arguments):
    subprocess.run([name, *map(str, arguments)], check=True, timeout=120)


@pytest.fixture(name="is_dumped_by_its_own")
def fixture_is_dumped_by_its_own(database):
    """pg_dump refuses servers that are newer than itself, which CARTWRIGHT_PG_BIN may choose."""
    if shutil.which("pg_dump") is None:
        pytest.skip("pg_dump is not installed")
    told = subprocess.run(["pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
    if int(re.search(r" (\d+)", told)[1]) < int(database.value("SHOW server_version_num")) // 10000:
        pytest.skip("pg_dump is older than the server")


@pytest.mark.usefixtures("is_dumped_by_its_own")
def test_a_dump_is_a_store_again(program, database, new_database, tmp_path):
    made = program("generate", "--quiet", *SMALL, "--seed", "1", "--store", database.uri).stdout
    of_client("pg_dump", "--format=custom", "--file", tmp_path / "shop.dump", "--dbname", database.uri)
    again = new_database()
    of_client("pg_restore", "--exit-on-error", "--dbname", again.uri, tmp_path / "shop.dump")
    program("migrate", "check", again.uri)
    program("validate", "--quiet", again.uri)
    counters = "SELECT name, value FROM counters ORDER BY name"
    assert again.run(counters) == database.run(counters)
    program("reproduce", "--store", again.uri, re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", made)[0])
    program("generate", "--quiet", *SMALL, "--seed", "2", "--store", again.uri)
    program("validate", "--quiet", again.uri)
    assert again.value("SELECT count(*) FROM orders") == 160
