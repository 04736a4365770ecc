"""cartwright keys: what is refused, and keys that nobody could see."""
import json
import subprocess

import pytest


def run(cartwright, *arguments, code=0, **options):
    result = subprocess.run([cartwright, "keys", *map(str, arguments)], text=True, timeout=60, check=False,
                            **{"capture_output": True, **options})
    assert result.returncode == code, result.stderr
    return result


@pytest.fixture
def store(tmp_path):
    return tmp_path / "shop.db"


def listed(cartwright, store):
    return [json.loads(line) for line in run(cartwright, "list", "--json", "--store", store).stdout.splitlines()]


def test_a_key_is_made_listed_and_revoked(cartwright, store):
    made = json.loads(run(cartwright, "create", "--store", store, "--name", "Zoë", "--json").stdout)
    assert made["key"].startswith("cwk_") and made["name"] == "Zoë" and made["state"] == "active"
    run(cartwright, "revoke", made["id"], "--store", store)
    assert [(key["id"], key["state"]) for key in listed(cartwright, store)] == [(made["id"], "revoked")]


@pytest.mark.parametrize("arguments, says", [
    (["create", "--name", ""], "1 to 64 bytes"),
    (["create", "--name", "x" * 65], "1 to 64 bytes"),
    (["create", "--name", "a\x1b[2J"], "'a?[2J'; expected --name with 1 to 64 bytes of UTF-8, without control"),
    (["create", "--name", "a\x9b2J"], "'a??2J'"),
    (["create", "--name", b"a\xff"], "of UTF-8"),
    (["create", "--name", "a", "--expires", "now"], "expires is 'now'"),
    (["create", "--name", "a", "--expires", "2020-01-01"], "to come"),
    (["create", "--name", "a", "--scopes", "all"], "expected read"),
    (["create", "a"], "unexpected argument 'a'"),
    (["list", "--name", "a"], "--name says nothing to keys list"),
    (["revoke", "--scopes", "read", "x"], "--scopes says nothing to keys revoke"),
    (["revoke"], "keys revoke ID"),
    (["revoke", "x"], "id is 'x'"),
    (["renew"], "expected create, list or revoke"),
])
def test_what_is_refused(cartwright, store, arguments, says):
    result = subprocess.run([cartwright, "keys", *arguments, "--store", str(store)], capture_output=True, check=False,
                            timeout=60)
    assert result.returncode == 2 and says in result.stderr.decode(errors="replace"), result.stderr
    assert b"\x1b" not in result.stderr and not store.exists()


def test_a_key_that_could_not_be_shown_is_revoked(cartwright, store):
    with open("/dev/full", "w", encoding="utf-8") as full:
        full_disk = run(cartwright, "create", "--store", store, "--name", "a", code=3, capture_output=False,
                        stdout=full, stderr=subprocess.PIPE)
    assert "can't write to stdout: No space left" in full_disk.stderr and "is revoked" in full_disk.stderr
    process = subprocess.Popen([cartwright, "keys", "create", "--store", str(store), "--name", "b"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.wait(timeout=60) == 141 and b"is revoked" in process.stderr.read()
    process.stderr.close()
    assert [key["state"] for key in listed(cartwright, store)] == ["revoked", "revoked"]
