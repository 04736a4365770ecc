"""cartwright generate: files, stdout, store; the same bytes for any threads; bad input; interruption."""
import hashlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import time

import pytest

FORMATS = ["csv", "ndjson", "json", "parquet"]


def run(cartwright, *arguments, code=0, **options):
    result = subprocess.run([cartwright, *map(str, arguments)], capture_output=True, timeout=120, **options)
    assert result.returncode == code, result.stderr.decode()
    return result


def digests(folder):
    tables = json.loads((folder / "manifest.json").read_text())["tables"]
    return {name: table["sha256"] for name, table in tables.items()}


@pytest.mark.parametrize("name", FORMATS)
def test_any_number_of_threads_gives_the_same_files(cartwright, tmp_path, name):
    made = []
    for threads in (1, 2, 7):
        out = tmp_path / str(threads)
        run(cartwright, "generate", "--scale", 3, "--format", name, "--threads", threads, "--out", out)
        made.append(digests(out))
    assert made[0] == made[1] == made[2]
    assert len(made[0]) == 16


def test_manifest_tells_the_truth(cartwright, tmp_path):
    out = tmp_path / "shop"
    run(cartwright, "generate", "--scale", "0.1", "--out", out)
    manifest = json.loads((out / "manifest.json").read_text())
    for table in manifest["tables"].values():
        content = (out / table["file"]).read_bytes()
        assert len(content) == table["bytes"]
        assert hashlib.sha256(content).hexdigest() == table["sha256"]
    assert manifest["tables"]["orders"]["rows"] == 500
    assert not list(out.rglob("*.partial"))


@pytest.mark.parametrize("name", FORMATS)
def test_generated_files_are_valid_and_reproduced(cartwright, tmp_path, name):
    out = tmp_path / "shop"
    run(cartwright, "generate", "--scale", "0.2", "--format", name, "--out", out)
    run(cartwright, "validate", out)
    answer = run(cartwright, "reproduce", out / "manifest.json")
    assert b"everything is the same" in answer.stdout


def test_reproduce_tells_changed_and_missing_files_and_sizes(cartwright, tmp_path):
    out = tmp_path / "shop"
    run(cartwright, "generate", "--scale", "0.1", "--out", out)
    manifest = out / "manifest.json"
    with (out / "orders" / "part-00000.csv").open("a") as file:
        file.write("\n")
    (out / "payments" / "part-00000.csv").unlink()
    answer = run(cartwright, "reproduce", "--json", out, code=1)
    result = json.loads(answer.stdout)
    assert {name: table["file"] for name, table in result["tables"].items() if table["file"] != "same"} == {
        "orders": "changed", "payments": "missing"}
    assert result["difference"] == ("these files were changed after they were made: orders; "
                                    "these files are missing: payments")
    sole = tmp_path / "sole.json"
    text = manifest.read_text()
    sole.write_text(text)
    answer = run(cartwright, "reproduce", sole)
    assert b"file" not in answer.stdout and b"everything is the same" in answer.stdout
    size = json.loads(text)["tables"]["customers"]["bytes"]
    sole.write_text(text.replace(f'"bytes": {size}', f'"bytes": {size + 1}'))
    answer = run(cartwright, "reproduce", sole, code=1)
    assert b"made again, these tables differ: customers\n" in answer.stdout


def test_reproduce_takes_the_shards_of_a_directory_together(cartwright, tmp_path):
    out = tmp_path / "shop"
    for shard in range(3):
        run(cartwright, "generate", "--customers", 60, "--shard", f"{shard}/3", "--out", out)
    answer = run(cartwright, "reproduce", out).stdout.decode()
    assert answer.count("\neverything of this manifest is the same\n") == 3
    assert answer.endswith("\nall 3 manifests: everything is the same\n")
    (out / "customers" / "part-00002.csv").write_text("")
    answer = run(cartwright, "reproduce", out, code=1).stdout.decode()
    assert answer.endswith("\n1 of 3 manifests: something differs\n")
    gone = "these manifests are missing: manifest-00001-of-00003.json"
    (out / "manifest-00001-of-00003.json").unlink()
    answer = run(cartwright, "reproduce", out, code=1).stdout.decode()
    assert answer.endswith(f"\n1 of 2 manifests: something differs; {gone}\n")
    lines = [json.loads(line) for line in run(cartwright, "reproduce", "--json", out, code=1).stdout.splitlines()]
    assert [line["same"] for line in lines] == [True, False, False]
    assert lines[2] == {"same": False, "difference": gone, "tables": {}}
    (out / "manifest-00002-of-00003.json").unlink()
    answer = run(cartwright, "reproduce", out, code=1).stdout.decode()
    assert answer.endswith(f"\neverything of this manifest is the same\n{gone}, manifest-00002-of-00003.json\n")
    answer = run(cartwright, "reproduce", out / "manifest-00000-of-00003.json").stdout.decode()
    assert answer.endswith("\neverything is the same\n")


def test_reproduce_names_as_many_missing_manifests_as_fit(cartwright, tmp_path):
    (tmp_path / "manifest.json").write_text('{"spec": {}, "tables": {}, "shard": 70, "shards": 99999}')
    answer = json.loads(run(cartwright, "reproduce", "--json", tmp_path, code=1).stdout.splitlines()[1])
    assert answer["difference"].endswith("-of-99999.json, ...") and len(answer["difference"]) > 400


def test_reproduce_ends_when_told_while_it_reads_a_file(cartwright, tmp_path):
    out = tmp_path / "shop"
    run(cartwright, "generate", "--customers", "10", "--out", out)
    os.truncate(out / "customers" / "part-00000.csv", 1 << 40)
    process = subprocess.Popen([cartwright, "reproduce", str(out)], stderr=subprocess.PIPE)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130


def test_shards_laid_end_to_end_are_the_whole(cartwright, tmp_path):
    run(cartwright, "generate", "--scale", 4, "--format", "ndjson", "--out", tmp_path / "whole")
    for shard in range(5):
        run(cartwright, "generate", "--scale", 4, "--format", "ndjson", "--shard", f"{shard}/5", "--out",
            tmp_path / "parts")
    for table in digests(tmp_path / "whole"):
        parts = b"".join(path.read_bytes() for path in sorted((tmp_path / "parts" / table).iterdir()))
        assert parts == (tmp_path / "whole" / table / "part-00000.ndjson").read_bytes(), table
    run(cartwright, "validate", tmp_path / "parts")


def test_one_table_goes_to_stdout(cartwright):
    answer = run(cartwright, "generate", "--customers", "1.5K", "--columns", "customers.id,email", "--out", "-")
    lines = answer.stdout.decode().splitlines()
    assert lines[0] == "id,email"
    assert len(lines) == 1501
    assert answer.stderr == b""


def test_a_reader_that_goes_away_ends_it_quietly(cartwright):
    process = subprocess.Popen([cartwright, "generate", "--customers", "1M", "--tables", "customers", "--out", "-"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == b""


def test_interrupted_it_leaves_nothing_that_looks_whole(cartwright, tmp_path):
    out = tmp_path / "shop"
    process = subprocess.Popen([cartwright, "generate", "--scale", "2K", "--out", str(out)], stderr=subprocess.PIPE)
    while not list(out.rglob("*.partial")):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert not out.exists() or not [path for path in out.rglob("*") if path.is_file()]


def test_foreign_files_are_kept_unless_forced(cartwright, tmp_path):
    out = tmp_path / "shop"
    first = ("generate", "--customers", 100, "--out", out)
    run(cartwright, *first)
    run(cartwright, *first)
    answer = run(cartwright, "generate", "--customers", 101, "--out", out, code=5)
    assert b"--force" in answer.stderr
    run(cartwright, "generate", "--customers", 101, "--out", out, "--force")
    assert json.loads((out / "manifest.json").read_text())["spec"]["customers"] == 101
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("keep me")
    run(cartwright, "generate", "--customers", 10, "--out", tmp_path / "letters", code=5)
    assert (tmp_path / "letters" / "dear.txt").read_text() == "keep me"


def test_runs_join_in_a_store(cartwright, tmp_path):
    store = tmp_path / "shop.db"
    ids = [run(cartwright, "generate", *what, "--store", store).stdout.decode().strip()
           for what in (("--scale", "0.5"), ("--orders", 200, "--seed", 1), ("--customers", 20, "--seed", 2),
                        ("--orders", 10, "--seed", 3))]
    run(cartwright, "validate", store)
    for run_id in ids:
        run(cartwright, "reproduce", "--store", store, run_id)
    database = sqlite3.connect(store)
    assert database.execute("SELECT count(*) FROM orders").fetchone()[0] == 2710
    run(cartwright, "generate", "--orders", 5, "--store", tmp_path / "empty.db", code=4)


def test_a_run_whose_id_is_lost_is_told(cartwright, tmp_path):
    store = tmp_path / "shop.db"
    with open("/dev/full", "w") as full:
        result = subprocess.run([cartwright, "generate", "--customers", "5", "--store", store], stdout=full,
                                stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.returncode == 3 and "can't write to stdout: No space left" in result.stderr
    assert "\nrun " in result.stderr
    assert sqlite3.connect(store).execute("SELECT count(*) FROM customers").fetchone()[0] == 5


def test_a_changed_file_is_noticed(cartwright, tmp_path):
    out = tmp_path / "shop"
    run(cartwright, "generate", "--customers", 50, "--out", out)
    with (out / "customers" / "part-00000.csv").open("ab") as file:
        file.write(b"\n")
    answer = run(cartwright, "reproduce", out, code=1)
    assert b"customers" in answer.stdout and b"changed" in answer.stdout


def test_spec_file_and_options(cartwright, tmp_path):
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"seed": 9, "customers": "2K", "locales": {"DE": 1}}))
    answer = run(cartwright, "generate", "--spec", spec, "--customers", 5, "--columns", "customers.country",
                 "--out", "-")
    assert answer.stdout.decode().split() == ["country"] + ["DE"] * 5
    spec.write_text('{"sed": 9}')
    answer = run(cartwright, "generate", "--spec", spec, "--out", tmp_path / "x", code=2)
    assert b"seed" in answer.stderr


BAD = [
    (["--custmers", "5"], "--customers"),
    (["--customers", "many"], "many"),
    (["--customers", "-1"], "-1"),
    (["--customers"], "needs a value"),
    (["--scale", "0"], "scale"),
    (["--seed", "1.5"], "seed"),
    (["--locale", "xx-XX"], "xx-XX"),
    (["--categories", "Furniture"], "needs --products-per-category"),
    (["--categories", "Furniture", "--products", "10"], "expected --products-per-category"),
    (["--categories", "Furniture, Furniture", "--products-per-category", "1"], "'Furniture' twice"),
    (["--products-per-category", "5"], "none is named"),
    (["--segment", "rich"], "regular"),
    (["--behavior", "wild"], "holiday"),
    (["--from", "yesterday"], "yesterday"),
    (["--tables", "custmers"], "customers"),
    (["--columns", "customers.emial"], "email"),
    (["--columns", "customers"], "customers.id,email"),
    (["--format", "xml"], "parquet"),
    (["--compression", "zstd"], "parquet"),
    (["--shard", "5/5"], "shard"),
    (["--shard", "5"], "I/N"),
    (["--threads", "0"], "threads"),
    (["--out", "-"], "one table"),
    (["--store", "x.db", "--format", "csv"], "--store"),
    (["--quiet=yes"], "no value"),
    (["surplus"], "surplus"),
    (["-x"], "two hyphens"),
]


@pytest.mark.parametrize("arguments, says", BAD, ids=[" ".join(case[0]) for case in BAD])
def test_bad_input_is_refused_in_words(cartwright, tmp_path, arguments, says):
    answer = run(cartwright, "generate", *arguments, code=2, cwd=tmp_path)
    assert says in answer.stderr.decode()
    assert answer.stdout == b""
    assert os.listdir(tmp_path) == []


def test_files_that_may_not_grow_are_like_a_full_disk(cartwright, tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

    out = tmp_path / "out"
    answer = run(cartwright, "generate", "--scale", 1, "--out", out, "--quiet", code=3, preexec_fn=limit)
    assert b"File too large" in answer.stderr and not (out / "manifest.json").exists()
