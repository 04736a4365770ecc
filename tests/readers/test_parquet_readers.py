"""Parquet files of the unit tests, and of the program once it is built, read by DuckDB and pyarrow."""
import datetime
import json
import os
import pathlib
import subprocess
import uuid

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

COMPRESSIONS = ["none", "snappy", "zstd"]


@pytest.fixture(scope="module")
def samples(build_dir, tmp_path_factory):
    """The folder in which tests/unit/test_parquet.c has left the same rows in each form."""
    program = build_dir / "tests/test_parquet"
    if not program.exists():
        pytest.skip(f"{program} is not built")
    folder = tmp_path_factory.mktemp("samples")
    environment = {**os.environ, "CARTWRIGHT_SAMPLE_FOLDER": str(folder), "CK_RUN_CASE": "files"}
    subprocess.run([program], env=environment, check=True, stdout=subprocess.DEVNULL, timeout=120)
    return folder


@pytest.fixture(scope="module")
def rows(samples):
    """The rows as the NDJSON file has them."""
    with open(samples / "rows.ndjson", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines.read().split("\n") if line]


def seconds_of(text):
    """Microseconds since 1970 of "0001-02-03T04:05:06.789Z", for every year that there is."""
    year, month, day = int(text[0:4]), int(text[5:7]), int(text[8:10])
    clock, _, fraction = text[11:-1].partition(".")
    hour, minute, second = (int(part) for part in clock.split(":"))
    days = days_of(year, month, day)
    micros = int((fraction + "000000")[:6])
    return ((days * 24 + hour) * 60 + minute) * 60 * 1000000 + second * 1000000 + micros


def days_of(year, month, day):
    """Days since 1970-01-01."""
    return (datetime.date(year, month, day) - datetime.date(1970, 1, 1)).days


def plain(value, kind):
    """A value of the NDJSON file as the integer, bytes or text that Parquet stores."""
    if value is None:
        return None
    if kind == "timestamp":
        return seconds_of(value)
    if kind == "date":
        return days_of(*(int(part) for part in value.split("-")))
    if kind == "uuid":
        return uuid.UUID(value).bytes
    return value


def kind_of(field):
    """What the column is, from its type in Parquet."""
    if pa.types.is_timestamp(field.type):
        assert field.type.unit == "us" and field.type.tz == "UTC"
        return "timestamp"
    if pa.types.is_date32(field.type):
        return "date"
    if "uuid" in str(field.type) or pa.types.is_fixed_size_binary(field.type):
        return "uuid"
    return "plain"


def stored(table, field):
    """The column of a pyarrow table as integers, bytes or texts."""
    column = table[field.name]
    kind = kind_of(field)
    if kind == "timestamp":
        return column.cast(pa.int64()).to_pylist()
    if kind == "date":
        return column.cast(pa.int32()).to_pylist()
    if kind == "uuid":
        storage = pa.binary(16)
        values = []
        for chunk in column.chunks:
            raw = chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk
            values += raw.cast(storage).to_pylist()
        return values
    return column.to_pylist()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_pyarrow_reads_the_values_of_the_json(samples, rows, compression):
    table = pq.read_table(samples / f"{compression}.parquet")
    assert table.num_rows == len(rows)
    for field in table.schema:
        expected = [plain(row[field.name], kind_of(field)) for row in rows]
        assert stored(table, field) == expected, field.name


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_duckdb_reads_what_pyarrow_reads(samples, compression):
    path = samples / f"{compression}.parquet"
    table = pq.read_table(path)
    connection = duckdb.connect()
    for field in table.schema:
        kind = kind_of(field)
        expression = f'"{field.name}"'
        if kind == "timestamp":
            expression = f"epoch_us({expression})"
        elif kind == "date":
            expression = f"{expression} - date '1970-01-01'"
        found = [row[0] for row in connection.execute(f"select {expression} from '{path}'").fetchall()]
        if kind == "uuid":
            found = [None if value is None else value.bytes for value in found]
        assert found == stored(table, field), field.name


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_statistics_bound_the_values(samples, compression):
    file = pq.ParquetFile(samples / f"{compression}.parquet")
    metadata = file.metadata
    assert metadata.created_by.startswith("cartwright version ")
    assert metadata.num_row_groups == 3
    for group in range(metadata.num_row_groups):
        table = file.read_row_group(group)
        assert metadata.row_group(group).num_rows == table.num_rows
        for index, field in enumerate(table.schema):
            statistics = metadata.row_group(group).column(index).statistics
            values = [value for value in stored(table, field) if value is not None]
            assert statistics.null_count == table.num_rows - len(values), field.name
            if not values:
                assert not statistics.has_min_max, field.name
                continue
            texts = isinstance(values[0], str)
            comparable = [value.encode() for value in values] if texts else values
            low, high = statistics.min_raw, statistics.max_raw
            if texts:
                low, high = (bound if isinstance(bound, bytes) else bound.encode() for bound in (low, high))
                assert low <= min(comparable) and max(comparable) <= high, field.name
                continue
            assert low == min(comparable) and high == max(comparable), field.name


def test_filters_find_rows_through_statistics(samples):
    """A filter on each value that exists, by DuckDB, which skips row groups by their bounds."""
    path = samples / "zstd.parquet"
    connection = duckdb.connect()
    for column in ["id", "small", "big", "word", "day", "time"]:
        chosen, constant = (f'"{column}"', "?") if column != "time" else ("epoch_us(time)", "make_timestamptz(?)")
        probes = connection.execute(
            f"select distinct {chosen} from '{path}' using sample 40 rows (reservoir, 7)").fetchall()
        for (value,) in probes:
            direct = f'select count(*) from \'{path}\' where "{column}" = {constant}'
            whole = f'select count(*) from (select {chosen} c from \'{path}\' limit 1000000000) where c = ?'
            found = connection.execute(direct, [value]).fetchone()
            assert found == connection.execute(whole, [value]).fetchone() != (0,), (column, value)


def test_nullability_is_that_of_the_entity(samples):
    schema = pq.read_schema(samples / "none.parquet")
    assert {field.name: field.nullable for field in schema if "null" in field.name or field.name == "id"} == {
        field.name: field.name != "id" for field in schema if "null" in field.name or field.name == "id"}


def test_the_program_writes_the_same_customers_as_csv_and_parquet(cartwright, tmp_path):
    if not pathlib.Path(cartwright).exists():
        pytest.skip(f"{cartwright} is not built")
    for form in ["csv", "parquet"]:
        subprocess.run([cartwright, "generate", "--tables", "customers", "--customers", "20K", "--seed", "7",
                        "--format", form, "--out", str(tmp_path / form)], check=True, timeout=120)
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    parquet = tmp_path / "parquet/customers/part-00000.parquet"
    csv = tmp_path / "csv/customers/part-00000.csv"
    types = {row[0]: row[1] for row in connection.execute(f"describe select * from '{parquet}'").fetchall()}
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    connection.execute(f"create view c as from read_csv('{csv}', header = true, columns = {{{columns}}})")
    assert connection.execute("select count(*) from c").fetchone() == (20000,)
    for one, other in [("c", f"'{parquet}'"), (f"'{parquet}'", "c")]:
        assert connection.execute(f"select count(*) from (from {one} except from {other})").fetchone() == (0,)
