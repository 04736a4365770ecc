"""Parquet of ready-made tables by DuckDB's COPY with zstd, on one thread.

Usage: duckdb_parquet.py FOLDER TABLE...

FOLDER/TABLE/part-00000.parquet is loaded into memory first. Prints the wall and CPU seconds of the COPY alone, and the
bytes and rows written to FOLDER/TABLE.duckdb.parquet.
"""
import os
import sys
import time

import duckdb


def main():
    folder, tables = sys.argv[1], sys.argv[2:]
    database = duckdb.connect()
    database.execute("SET threads = 1")
    for table in tables:
        database.execute(f"CREATE TABLE {table} AS FROM '{folder}/{table}/part-00000.parquet'")
    rows = size = 0
    wall, cpu = time.monotonic(), time.process_time()
    for table in tables:
        copy = f"COPY {table} TO '{folder}/{table}.duckdb.parquet' (FORMAT parquet, COMPRESSION zstd)"
        rows += database.execute(copy).fetchone()[0]
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    for table in tables:
        size += os.path.getsize(f"{folder}/{table}.duckdb.parquet")
        os.remove(f"{folder}/{table}.duckdb.parquet")
    print(wall, cpu, size, rows)


main()
