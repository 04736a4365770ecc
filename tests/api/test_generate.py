"""POST /api/v1/generate/...: every parameter, every refusal."""
import csv
import gzip
import io
import json

import duckdb
import pyarrow.parquet
import pytest

GENERATE = "/api/v1/generate/"


def test_customers_are_made_as_asked(server):
    request = {"count": 7, "locale": "de-DE", "segment": "vip", "seed": 99}
    answer = server.post(GENERATE + "customers", request, 201)
    made = answer.json()
    assert made["seed"] == 99 and made["persisted"] and made["request"] == {**request, "persist": True}
    assert made["spec"]["segment"] == "vip" and made["spec"]["locales"] == {"DE": 1}
    customers = made["data"]["customers"]
    assert made["counts"]["customers"] == len(customers) == 7
    assert {row["country"] for row in customers} == {"DE"} and {row["segment"] for row in customers} == {"vip"}
    ids = {row["id"] for row in customers}
    assert {row["customer_id"] for row in made["data"]["addresses"]} == ids
    assert {row["customer_id"] for row in made["data"]["payment_methods"]} <= ids
    assert answer.headers["Location"] == f"/api/v1/runs/{made['run_id']}"
    for row in customers:
        assert server.get(f"/api/v1/customers/{row['id']}").json() == row


def test_seed_is_drawn_and_echoed(server):
    seeds = {server.post(GENERATE + "customers", {"count": 1, "persist": False}, 200).json()["seed"] for _ in range(5)}
    assert len(seeds) == 5 and all(0 <= seed < 2**53 for seed in seeds)


def test_preview_leaves_the_store_alone(server):
    before = {table: server.count(table) for table in ("customers", "products", "orders", "stock_movements")}
    runs = server.get("/api/v1/runs").json()
    for kind in ("customers", "products", "orders"):
        made = server.post(GENERATE + kind, {"count": 5, "persist": False, "seed": 3}, 200).json()
        again = server.post(GENERATE + kind, {"count": 5, "persist": False, "seed": 3}, 200).json()
        assert made["run_id"] is None and not made["persisted"] and made["counts"][kind] == 5
        assert made["data"] == again["data"]
    assert before == {table: server.count(table) for table in before}
    assert server.get("/api/v1/runs").json() == runs


def test_products_are_made_as_asked(server):
    category = server.get("/api/v1/categories?limit=1000").json()["data"]
    parents = {row["parent_id"] for row in category}
    leaves = [row["name"] for row in category if row["id"] not in parents]
    name = next(leaf for leaf in leaves if leaves.count(leaf) == 1)
    request = {"categories": [name], "count": 3, "price_range": {"min": 10, "max": 19.99}, "seed": 5,
               "attributes": {"colour": ["teal", "ochre"]}}
    made = server.post(GENERATE + "products", request, 201).json()
    assert made["counts"]["products"] == len(made["data"]["products"]) == 3
    assert made["spec"]["price_minimum"] == 1000 and made["spec"]["price_maximum"] == 1999
    assert made["spec"]["attributes"] == {"colour": ["teal", "ochre"]}
    assert made["data"]["variants"] and made["data"]["product_prices"]


def test_price_ranges_are_rounded_inwards(server):
    for prices, bounds in (({"min": 5.005, "max": 6.999}, (501, 699)), ({"min": 0.001, "max": 19.99}, (1, 1999))):
        request = {"count": 1, "price_range": prices, "persist": False}
        spec = server.post(GENERATE + "products", request, 200).json()["spec"]
        assert (spec["price_minimum"], spec["price_maximum"]) == bounds
        request = {"products": 1, "price_range": prices, "persist": False}
        spec = server.post("/api/v1/bulk", request, 200).json()["spec"]
        assert (spec["price_minimum"], spec["price_maximum"]) == bounds


def test_orders_are_made_as_asked(server):
    buyers = server.get("/api/v1/customers?created_at[lt]=2025-01-01&limit=200").json()["data"]
    buyer = next(row for row in buyers if row["segment"] in ("regular", "vip"))
    request = {"customer_id": buyer["id"], "count": 2, "seed": 8, "behavior": "peak",
               "date_range": {"from": "2025-06-01", "to": "2025-07-01T00:00:00Z"}}
    made = server.post(GENERATE + "orders", request, 201).json()
    orders = made["data"]["orders"]
    assert len(orders) == 2 and {row["customer_id"] for row in orders} == {buyer["id"]}
    assert all("2025-06-01" <= row["created_at"] < "2025-07-01" for row in orders)
    ids = {row["id"] for row in orders}
    assert {row["order_id"] for row in made["data"]["order_items"]} == ids
    assert {row["order_id"] for row in made["data"]["order_status_history"]} == ids
    assert made["spec"]["behavior"] == "peak"
    for row in orders:
        result = server.get(f"/api/v1/relationships/validate?entity_type=order&entity_id={row['id']}").json()
        assert result["valid"], result


@pytest.mark.parametrize("kind", ["customers", "products", "orders"])
def test_accept_chooses_the_format(server, tmp_path, kind):
    request = {"count": 4, "seed": 1, "persist": False}
    rows = server.post(GENERATE + kind, request, 200).json()["data"][kind]

    def ask(media_type, table=""):
        answer = server.post(GENERATE + kind + table, request, 200, headers={"Accept": media_type})
        assert answer.headers["Content-Type"] == media_type and answer.headers["Cartwright-Seed"] == "1"
        return answer

    assert [json.loads(line) for line in ask("application/x-ndjson").text.splitlines()] == rows
    assert [row["id"] for row in csv.DictReader(io.StringIO(ask("text/csv").text))] == [row["id"] for row in rows]
    file = tmp_path / "rows.parquet"
    file.write_bytes(ask("application/vnd.apache.parquet").content)
    assert pyarrow.parquet.read_table(file).num_rows == len(rows)
    assert duckdb.sql(f"select count(*) from '{file}'").limit(1).fetchall() == [(len(rows),)]
    child = {"customers": "addresses", "products": "variants", "orders": "order_items"}[kind]
    full = server.post(GENERATE + kind, request, 200).json()["data"][child]
    assert [json.loads(line) for line in ask("application/x-ndjson", "?table=" + child).text.splitlines()] == full
    assert set(server.post(GENERATE + kind + "?table=" + child, request, 200).json()["data"]) == {child}


@pytest.mark.parametrize("kind, body, field", [
    ("customers", {"count": 0}, "count"),
    ("customers", {"count": "10"}, "count"),
    ("customers", {"count": 1.5}, "count"),
    ("customers", {"count": None}, "count"),
    ("customers", {"cuont": 5}, "cuont"),
    ("customers", {"locale": "xx-XX"}, "locale"),
    ("customers", {"locale": []}, "locale"),
    ("customers", {"locale": {"de-DE": 0}}, "locale"),
    ("customers", {"segment": "gold"}, "segment"),
    ("customers", {"seed": -1}, "seed"),
    ("customers", {"seed": True}, "seed"),
    ("customers", {"persist": "no"}, "persist"),
    ("products", {"price_range": {"min": -1}}, "price_range.min"),
    ("products", {"price_range": {"minimum": 1}}, "price_range.minimum"),
    ("products", {"attributes": {"color": ["red"]}}, "attributes.color"),
    ("products", {"categories": "Shoes"}, "categories"),
    ("orders", {"date_range": {"from": "yesterday"}}, "date_range.from"),
    ("orders", {"customer_id": "42"}, "customer_id"),
    ("orders", {"behavior": "wild"}, "behavior"),
])
def test_wrong_values_are_named(server, kind, body, field):
    answer = server.post(GENERATE + kind, body, 400)
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == 400 and problem["title"] and problem["type"] and problem["instance"]
    assert [error["field"] for error in problem["errors"]] == [field] and problem["errors"][0]["expected"]


def test_nearest_name_is_offered(server):
    problem = server.post(GENERATE + "customers", {"cuont": 5}, 400).json()
    assert problem["detail"] == problem["errors"][0]["message"] == 'unknown field "cuont"; did you mean "count"?'
    assert problem["errors"][0]["expected"] == "one of count, locale, segment, seed, persist, as_of"


@pytest.mark.parametrize("path, body, detail", [
    ("customers", {"local": "de-DE"}, 'unknown field "local"; did you mean "locale"?'),
    ("customers", {"zzz": 1}, 'unknown field "zzz"; expected one of count, locale, segment, seed, persist, as_of'),
    ("customers", {"count": "10"}, 'count is "10"; expected a whole number from 1 to 10000000'),
    ("customers", {"locale": "german"}, 'locale is "german"; expected en-US, en-GB, '),
    ("customers", {"segment": "gold"}, 'segment is "gold"; expected new, regular, vip, wholesale or dormant'),
    ("customers", {"segment": "regulr"}, 'segment is "regulr"; did you mean "regular"? Expected new, regular, '),
    ("customers", {"as_of": "2025-02-30"}, 'as_of is "2025-02-30"; expected a date such as 2025-06-30 or a time '),
    ("customers", [1], "the body is [1]; expected a JSON object"),
    ("customers?tabel=addresses", {}, 'unknown query parameter "tabel"; did you mean "table"?'),
    ("customers?table=orders", {}, 'table is "orders"; expected customers, addresses or payment_methods'),
    ("products", {"price_range": {"minimum": 1}}, 'unknown field "price_range.minimum"; expected one of min, max'),
    ("products", {"attributes": {"color": ["red"]}}, 'unknown field "attributes.color"; did you mean "colour"?'),
    ("products", {"price_range": {"min": 20, "max": 10}}, "price_range.max is 10.00; expected 20.00 to 1000000.00"),
    ("orders", {"date_range": {"from": "2025-07-01", "to": "2025-06-01"}},
     "date_range is from 2025-07-01T00:00:00Z to 2025-06-01T00:00:00Z; expected"),
    ("orders", {"date_range": "2025"}, 'date_range is "2025"; expected an object'),
])
def test_messages_are_plain(server, path, body, detail):
    problem = server.post(GENERATE + path, body).json()
    assert problem["detail"].startswith(detail) and problem["errors"][0]["message"] == problem["detail"]


@pytest.mark.parametrize("kind, body", [
    ("products", {"categories": ["No such category"]}),
    ("products", {"price_range": {"min": 20, "max": 10}}),
    ("orders", {"customer_id": "01890a5d-ac96-774b-bcce-b302099a8057"}),
    ("orders", {"date_range": {"from": "2025-07-01", "to": "2025-06-01"}}),
    ("orders", {"date_range": {"from": "1970-01-01", "to": "1971-01-01"}}),
    ("customers", {"count": 1001, "persist": False}),
    ("customers", {"locale": ["DE", "de-DE"]}),
])
def test_values_that_do_not_fit_the_data(server, kind, body):
    problem = server.post(GENERATE + kind, body, 422).json()
    assert problem["errors"][0]["field"] and problem["detail"]


def test_bodies_that_are_no_json(server):
    def post(data, content_type="application/json"):
        headers = {"Content-Type": content_type} if content_type else {}
        return server.call("POST", GENERATE + "customers", data=data, headers=headers)

    assert post("{").status_code == 400
    assert post("[]").status_code == 400
    assert post('{"count":1,"count":2}').status_code == 400
    assert post("[" * 10000).status_code in (400, 413)
    assert post("{}", "text/plain").status_code == 415
    assert post("{}", None).status_code == 415
    zipped = server.call("POST", GENERATE + "customers", 415, data=gzip.compress(b"{}"),
                         headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert zipped.headers["Accept-Encoding"] == "identity"
    assert post(b'{"locale":"\xff"}').status_code == 400
    assert post("{\"count\":1}" + " " * (1 << 20)).status_code == 413


def test_orders_of_an_empty_store_say_what_comes_first(start_server):
    empty = start_server("--no-seed-shop")
    assert empty.count("customers") == 0
    assert "generate/customers" in empty.post(GENERATE + "orders", {}, 409).json()["detail"]
    empty.post(GENERATE + "customers", {"count": 3}, 201)
    assert "generate/products" in empty.post(GENERATE + "orders", {}, 409).json()["detail"]
    empty.post(GENERATE + "products", {"count": 5}, 201)
    assert empty.post(GENERATE + "orders", {"count": 3}, 201).json()["counts"]["orders"] == 3


def test_idempotency_key(server):
    headers = {"Idempotency-Key": "order-1"}
    first = server.post(GENERATE + "customers", {"count": 2}, 201, headers=headers)
    rows = server.count("customers")
    again = server.post(GENERATE + "customers", {"count": 2}, 201, headers=headers)
    assert again.content == first.content and again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert server.count("customers") == rows
    assert "Idempotency-Key" in server.post(GENERATE + "customers", {"count": 3}, 422, headers=headers).json()["detail"]
    server.post(GENERATE + "customers", {"count": 2}, 400, headers={"Idempotency-Key": "a b"})


def test_counts_that_are_too_many_together(start_server):
    limited = start_server("--max-count", "20", "--no-seed-shop")
    limited.post(GENERATE + "products", {"count": 5}, 201)
    names = [row["path"] for row in limited.get("/api/v1/categories?limit=1000").json()["data"][:3]]
    problem = limited.post(GENERATE + "products", {"count": 10, "categories": names, "persist": False}, 422).json()
    assert problem["errors"][0]["field"] == "count" and "at most 20 rows in one request" in problem["detail"]
    limited.post(GENERATE + "products", {"count": 6, "categories": names, "persist": False}, 200)
    problem = limited.post("/api/v1/bulk", {"customers": 9, "products": 5, "orders": 7}, 422).json()
    assert problem["errors"][0]["field"] == "customers"
    limited.post("/api/v1/bulk", {"customers": 8, "products": 5, "orders": 7}, 201)
    assert limited.count("orders") == 7
