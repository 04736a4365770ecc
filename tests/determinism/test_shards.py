"""Shards laid end to end are the whole, as readers that we did not write see them: every table, every format."""
import hashlib
import json
import subprocess

import duckdb
import pyarrow
import pyarrow.parquet
import pytest

SHARDS = 16
SHOP = ["--seed", "20260101", "--customers", "700", "--products", "90", "--orders", "1100", "--quiet"]
FORMATS = ("csv", "ndjson", "json", "parquet")


def generate(program, folder, form, *options):
    subprocess.run([program, "generate", *SHOP, "--format", form, "--out", folder, *options], check=True)


@pytest.fixture(scope="module", name="shops")
def fixture_shops(cartwright, tmp_path_factory):
    """{format: (folder of the whole, folder of the shards)}"""
    made = {}
    for form in FORMATS:
        whole, parts = tmp_path_factory.mktemp(form), tmp_path_factory.mktemp(form)
        generate(cartwright, whole, form)
        for shard in range(SHARDS):
            generate(cartwright, parts, form, "--shard", f"{shard}/{SHARDS}", "--threads", str(1 + shard % 2))
        made[form] = whole, parts
    return made


def tables(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def files(folder, table):
    return sorted((folder / table).glob("part-*"))


def rows_of_json(folder, table):
    return [row for file in files(folder, table) for row in json.loads(file.read_text())]


def rows_of_parquet(folder, table):
    return pyarrow.concat_tables([pyarrow.parquet.read_table(file) for file in files(folder, table)])


def digest(rows):
    """Of the values of all rows in their order, whatever file they came from."""
    sums = hashlib.sha256()
    for row in rows:
        sums.update(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return sums.hexdigest()


def test_every_table_is_there(shops):
    for whole, parts in shops.values():
        assert len(tables(whole)) == 16 and tables(parts) == tables(whole)
        assert all(len(files(parts, table)) == SHARDS for table in tables(whole))


def test_text_is_the_same_bytes(shops):
    for form in ("csv", "ndjson"):
        whole, parts = shops[form]
        for table in tables(whole):
            expected = files(whole, table)[0].read_bytes()
            head = expected[:expected.index(b"\n") + 1] if form == "csv" else b""
            pieces = [file.read_bytes() for file in files(parts, table)]
            assert all(piece.startswith(head) for piece in pieces)
            assert head + b"".join(piece[len(head):] for piece in pieces) == expected, (form, table)


def test_json_arrays_hold_the_same_rows(shops):
    whole, parts = shops["json"]
    for table in tables(whole):
        assert rows_of_json(parts, table) == rows_of_json(whole, table), table


def test_parquet_files_hold_the_same_rows(shops):
    whole, parts = shops["parquet"]
    for table in tables(whole):
        expected, found = rows_of_parquet(whole, table), rows_of_parquet(parts, table)
        assert expected.schema.equals(found.schema) and expected.equals(found), table


def test_digests_of_values_agree_across_formats(shops):
    """Read by DuckDB, which takes Parquet's types and JSON's texts to the same text."""
    with duckdb.connect() as base:
        for table in tables(shops["json"][0]):
            names = list(rows_of_json(shops["json"][0], table)[0])
            sums = set()
            for folder in shops["json"]:
                rows = rows_of_json(folder, table)
                sums.add(digest([[None if row[name] is None else text_of(row[name]) for name in names]
                                 for row in rows]))
            for folder in shops["parquet"]:
                sums.add(digest(values_of_parquet(base, folder, table, names)))
            for folder in shops["ndjson"]:
                rows = [json.loads(line) for file in files(folder, table) for line in file.read_text().splitlines()]
                sums.add(digest([[None if row[name] is None else text_of(row[name]) for name in names]
                                 for row in rows]))
            assert len(sums) == 1, table


def text_of(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def values_of_parquet(base, folder, table, names):
    """Rows as lists of texts in the spelling of our JSON."""
    for file in files(folder, table):
        kinds = {row[0]: row[1] for row in base.execute(f"describe select * from '{file}'").fetchall()}
        columns = [f"strftime(\"{name}\" at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
                   if kinds[name] == "TIMESTAMP WITH TIME ZONE" else f'"{name}"::varchar' for name in names]
        yield from map(list, base.execute(f"select {', '.join(columns)} from '{file}'").fetchall())
