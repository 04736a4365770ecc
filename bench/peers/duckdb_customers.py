"""The customers of `cartwright generate` by DuckDB SQL: the same columns, as CSV, to /dev/null, on one thread.

Usage: duckdb_customers.py ROWS POOL_CSV

POOL_CSV holds customers; their names, streets, mail domains and places become the pools that SQL draws from. Pools as
small tables and hash joins were the fastest of the ways tried: lists in variables took twice as long. Prints the wall
and CPU seconds of the COPY alone.
"""
import sys
import time

import duckdb

POOLS = """
CREATE TABLE s AS FROM read_csv('{pool}', all_varchar = true, quote = '"');
CREATE TABLE given AS SELECT row_number() OVER () - 1 AS n, x AS given_name, lower(x) AS given_lower
    FROM (SELECT DISTINCT given_name AS x FROM s LIMIT 3000);
CREATE TABLE family AS SELECT row_number() OVER () - 1 AS n, x AS family_name, lower(x) AS family_lower
    FROM (SELECT DISTINCT family_name AS x FROM s LIMIT 3000);
CREATE TABLE street AS SELECT row_number() OVER () - 1 AS n, x AS street_name
    FROM (SELECT DISTINCT regexp_replace(street, ' *[0-9-]+ *', '') AS x FROM s LIMIT 3000);
CREATE TABLE domain AS SELECT row_number() OVER () - 1 AS n, x AS domain
    FROM (SELECT split_part(email, '@', 2) AS x FROM s GROUP BY x ORDER BY count(*) DESC LIMIT 30);
CREATE TABLE place AS SELECT row_number() OVER () - 1 AS n, city, region, postal_code, country
    FROM (SELECT DISTINCT city, region, postal_code, country FROM s LIMIT 30000);
"""
CUSTOMERS = """
COPY (
    SELECT uuid() AS id,
           make_timestamp((1640995200000000 + a % 126230400000000)::BIGINT) AS created_at,
           given_lower || '.' || family_lower || i || '@' || domain AS email,
           given_name,
           family_name,
           DATE '1940-01-01' + (c % 24471)::INTEGER AS birth_date,
           '+1' || (2000000000 + c % 7999999999) AS phone,
           (1 + a % 9999) || ' ' || street_name AS street,
           city, region, postal_code, country
    FROM (SELECT i, hash(i) AS a, hash(i, 1) AS b, hash(i, 2) AS c FROM range({rows}) AS r(i)) AS draws
    JOIN given ON given.n = (a >> 10) % {given}
    JOIN family ON family.n = (b >> 10) % {family}
    JOIN domain ON domain.n = b % {domain}
    JOIN street ON street.n = (c >> 20) % {street}
    JOIN place ON place.n = (b >> 32) % {place}
) TO '/dev/null' (FORMAT csv)
"""


def main():
    rows, pool = int(sys.argv[1]), sys.argv[2]
    database = duckdb.connect()
    database.execute("SET threads = 1")
    database.execute(POOLS.format(pool=pool))
    sizes = {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
             for name in ("given", "family", "street", "domain", "place")}
    query = CUSTOMERS.format(rows=rows, **sizes)
    wall, cpu = time.monotonic(), time.process_time()
    copied = database.execute(query).fetchone()[0]
    print(time.monotonic() - wall, time.process_time() - cpu)
    if copied != rows:
        sys.exit(f"copied {copied} rows, expected {rows}")


main()
