"""Tables: pages, filters, columns, formats, single rows."""
import csv
import io
import json
import sqlite3
import subprocess
import time

import psycopg
import pyarrow.parquet
import pytest

TABLES = ["customers", "addresses", "payment_methods", "categories", "brands", "products", "product_prices", "variants",
          "fulfilment_centres", "orders", "order_items", "order_status_history", "payments", "shipments",
          "stock_movements", "stock"]


@pytest.mark.parametrize("table", TABLES)
def test_pages_show_every_row_once(server, table):
    seen, path = [], f"/api/v1/{table}?limit=97"
    while path:
        answer = server.get(path)
        page = answer.json()
        assert 0 < len(page["data"]) <= 97
        seen += [row["id"] for row in page["data"]]
        path = page["next"]
        assert (f"<{path}>; rel=\"next\"" == answer.headers.get("Link")) if path else "Link" not in answer.headers
        assert (page["next_cursor"] is None) == (path is None)
    with sqlite3.connect(f"file:{server.store}?mode=ro", uri=True) as store:
        rows = store.execute(f"select count(*) from {table}").fetchone()[0]
    assert len(seen) == len(set(seen)) == rows and seen == sorted(seen)


@pytest.mark.parametrize("table", TABLES)
def test_one_row(server, table):
    row = server.get(f"/api/v1/{table}?limit=1").json()["data"][0]
    assert server.get(f"/api/v1/{table}/{row['id']}").json() == row
    assert server.get(f"/api/v1/{table}/{row['id'].upper()}").json() == row
    assert server.get(f"/api/v1/{table}/{row['id']}?fields=id").json() == {"id": row["id"]}
    problem = server.get(f"/api/v1/{table}/01890a5d-ac96-774b-bcce-b302099a8057", 404).json()
    assert "01890a5d-ac96-774b-bcce-b302099a8057" in problem["detail"]
    server.get(f"/api/v1/{table}/42", 404)


def test_filters(server):
    customers = server.get("/api/v1/customers?limit=1000").json()["data"]

    def check(query, keep):
        found = server.get("/api/v1/customers?limit=1000&" + query).json()["data"]
        assert [row["id"] for row in found] == [row["id"] for row in customers if keep(row)], query
        assert found

    check("country=DE", lambda row: row["country"] == "DE")
    check("country[ne]=DE", lambda row: row["country"] != "DE")
    check("marketing_consent=true", lambda row: row["marketing_consent"])
    check("created_at[gte]=2024-01-01", lambda row: row["created_at"] >= "2024-01-01")
    check("created_at[lt]=2024-01-01T00:00:00Z&country=US",
          lambda row: row["created_at"] < "2024-01-01" and row["country"] == "US")
    check("birth_date[lte]=1990-06-30", lambda row: row["birth_date"] <= "1990-06-30")
    check("credit_limit[gt]=100000", lambda row: row["credit_limit"] > 100000)
    check("email=" + customers[5]["email"].upper(), lambda row: row["id"] == customers[5]["id"])
    check("city=" + customers[7]["city"], lambda row: row["city"] == customers[7]["city"])


def test_filters_survive_paging(server):
    path, seen = "/api/v1/customers?country=US&limit=10&fields=country,id", []
    while path:
        page = server.get(path).json()
        seen += page["data"]
        path = page["next"]
    assert {row["country"] for row in seen} == {"US"} and all(list(row) == ["country", "id"] for row in seen)
    assert len(seen) == len(server.get("/api/v1/customers?country=US&limit=1000").json()["data"])


@pytest.mark.parametrize("query, field", [
    ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("limit=5&limit=6", "limit"),
    ("cursor=zzz", "cursor"), ("cursor=c00" + "0" * 32, "cursor"), ("fields=id,nothing", "fields"),
    ("fields=id,id", "fields"), ("contry=DE", "contry"), ("country[like]=D", "country[like]"),
    ("created_at[gte]=soon", "created_at[gte]"), ("segment=gold", "segment"), ("id=42", "id"),
    ("credit_limit=ten", "credit_limit"), ("marketing_consent=1", "marketing_consent"),
])
def test_wrong_queries_are_named(server, query, field):
    problem = server.get("/api/v1/customers?" + query, 400).json()
    assert problem["errors"][0]["field"] == field


def test_formats_agree(server):
    path = "/api/v1/orders?limit=50"
    rows = server.get(path).json()["data"]

    def ask(accept, expected=None):
        answer = server.get(path, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == (expected or accept) and "Link" in answer.headers
        return answer

    assert [json.loads(line) for line in ask("application/x-ndjson").text.splitlines()] == rows
    table = list(csv.DictReader(io.StringIO(ask("text/csv").text)))
    assert [row["id"] for row in table] == [row["id"] for row in rows]
    assert [int(row["total_amount"]) for row in table] == [row["total_amount"] for row in rows]
    parquet = pyarrow.parquet.read_table(io.BytesIO(ask("application/vnd.apache.parquet").content))
    assert parquet.column("total_amount").to_pylist() == [row["total_amount"] for row in rows]
    ask("text/*;q=0.5, application/x-ndjson;q=0.9", "application/x-ndjson")
    ask("*/*", "application/json")
    server.get(path, 406, headers={"Accept": "image/png"})
    server.get(path, 406, headers={"Accept": "application/json;q=0"})


def test_relationships(server):
    for table, entity in (("customers", "customer"), ("orders", "order"), ("products", "product")):
        row = server.get(f"/api/v1/{table}?limit=1").json()["data"][0]
        result = server.get(f"/api/v1/relationships/validate?entity_type={entity}&entity_id={row['id']}").json()
        assert result["valid"] and result["violations"] == 0 and len(result["rules"]) > 5
        assert all(rule["outcome"] == "passed" and rule["description"] for rule in result["rules"])
    path = "/api/v1/relationships/validate"
    assert {error["field"] for error in server.get(path, 400).json()["errors"]} == {"entity_type", "entity_id"}
    server.get(path + "?entity_type=robot&entity_id=01890a5d-ac96-774b-bcce-b302099a8057", 400)
    server.get(path + "?entity_type=customer&entity_id=01890a5d-ac96-774b-bcce-b302099a8057", 404)


@pytest.mark.parametrize("path, detail", [
    ("customers?countri=DE", 'unknown query parameter "countri"; did you mean "country"?'),
    ("customers?limit=0", "limit is 0; expected a whole number from 1 to 1000"),
    ("customers?limit=1&limit=2", "limit is given more than once; expected once"),
    ("customers?cursor=abc", 'cursor is "abc"; expected the next_cursor of a page of the same table'),
    ("customers?fields=id,nmae", 'fields names "nmae", which is no column; '),
    ("customers?fields=id,id", 'fields names "id" twice; expected columns of the table'),
    ("customers?created_at[gt]=noon", 'created_at[gt] is "noon"; expected a date such as 2025-06-30 or a time '),
    ("customers?created_at[after]=2025-01-01", '"created_at[after]" is no comparison; expected created_at alone, '),
    ("customers?segment=gold", 'segment is "gold"; expected new, regular, vip, wholesale or dormant'),
    ("custmers", "there is nothing at this path; did you mean /api/v1/customers?"),
    ("customers/42", "there is nothing at this path; expected a UUID after /api/v1/customers/"),
    ("jobs/1", "there is nothing at this path; expected a UUID after /api/v1/jobs/"),
    ("relationships/validate?entity_id=01890a5d-ac96-774b-bcce-b302099a8057",
     "entity_type is missing; expected category, brand, "),
    ("relationships/validate?entity_type=customers&entity_id=01890a5d-ac96-774b-bcce-b302099a8057",
     'entity_type is "customers"; did you mean "customer"? Expected category, '),
])
def test_messages_are_plain(server, path, detail):
    assert server.call("GET", "/api/v1/" + path).json()["detail"].startswith(detail)


ROWS_READ = ("SELECT sum(idx_scan), sum(idx_tup_read) + (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE "
             "relname = '{0}') FROM pg_stat_user_indexes WHERE relname = '{0}'")


@pytest.mark.parametrize("table", ["addresses", "payment_methods"])
def test_a_customers_rows_are_found_without_statistics(table, cartwright, new_database, start_server):
    """PostgreSQL keeps to what it planned for a table that was new; that must not be to read all of it."""
    uri, calls = new_database(), 20
    subprocess.run([cartwright, "generate", "--quiet", "--customers", "3000", "--store", uri], check=True,
                   capture_output=True)
    with psycopg.connect(uri, autocommit=True) as connection:
        customer = connection.execute("DELETE FROM pg_statistic; SELECT id FROM customers LIMIT 1")
        customer.nextset()
        path = f"/api/v1/{table}?customer_id={customer.fetchone()[0]}"
        server = start_server("--store", uri)
        server.get(path)
        time.sleep(2)  # PostgreSQL counts what its sessions read once a second
        connection.execute("SELECT pg_stat_reset()")
        until = time.monotonic() + 60
        scans = 0
        while scans < calls and time.monotonic() < until:
            server.get(path)
            time.sleep(0.1)
            scans, rows = connection.execute(ROWS_READ.format(table)).fetchone()
    assert calls <= scans
    assert rows <= 3 * scans
