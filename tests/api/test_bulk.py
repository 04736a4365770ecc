"""A whole shop in one document: JSON and YAML, by HTTP and by command line."""
import io
import json
import subprocess
import time

import pyarrow.parquet
import pytest

SHOP = {"customers": 30, "products": 12, "orders": 60, "locale": {"de-DE": 2, "fr-FR": 1}, "segment": "vip",
        "date_range": {"from": "2025-10-01", "to": "2025-12-31"}, "behavior": "holiday", "seed": 77,
        "as_of": "2026-01-01", "price_range": {"min": 5, "max": 99.95}}
SHOP_YAML = """# The same.
customers: 30
products: 12
orders: 60
locale: {de-DE: 2, fr-FR: 1}
segment: vip
date_range:
  from: 2025-10-01
  to: '2025-12-31'
behavior: holiday
seed: 77
as_of: 2026-01-01
price_range: {min: 5, max: 99.95}
"""
PARTS = {
    "customers": {"customers": 40, "locale": "ja-JP", "seed": 1},
    "categories": {"categories": ["Running Shoes", "Coffee Tables"], "products_per_category": 3, "seed": 2,
                   "attributes": {"colour": ["red"]}},
    "orders": {"orders": 25, "seed": 3, "cells": 7, "behavior": "peak"},
    "shop": SHOP,
}


def bulk(server, document, status=None, kind="json", **options):
    headers = {"Content-Type": "application/" + kind} | options.pop("headers", {})
    text = document if isinstance(document, str) else json.dumps(document)
    return server.call("POST", "/api/v1/bulk" + options.pop("query", ""), status, data=text.encode(), headers=headers)


def digests(server):
    """Of all runs, oldest first; and their specs."""
    runs = server.get("/api/v1/runs?limit=100").json()["data"][::-1]
    return [(run["digests"], run["spec"], run["basis"]) for run in runs]


@pytest.fixture(scope="module")
def shop(start_server, new_store):
    """A server with a store that the first test fills."""
    return start_server("--store", new_store(), "--no-seed-shop", "--max-count", "5000")


@pytest.fixture(scope="module")
def filled(shop):
    bulk(shop, SHOP)
    return shop


def test_a_whole_shop(shop):
    made = bulk(shop, SHOP, 201)
    answer = made.json()
    assert made.headers["Location"] == "/api/v1/runs/" + answer["run_id"]
    assert answer["request"] == SHOP | {"persist": True} and answer["persisted"] and answer["seed"] == 77
    counts = answer["counts"]
    assert (counts["customers"], counts["products"], counts["orders"]) == (30, 12, 60)
    assert {table: len(rows) for table, rows in answer["data"].items() if rows} == counts
    assert {row["country"] for row in answer["data"]["customers"]} == {"DE", "FR"}
    assert all(row["segment"] == "vip" for row in answer["data"]["customers"])
    assert all("2025-10-01" <= row["created_at"] < "2025-12-31" for row in answer["data"]["orders"])
    customers = {row["id"] for row in answer["data"]["customers"]}
    assert {row["customer_id"] for row in answer["data"]["orders"]} <= customers
    run = shop.get(made.headers["Location"]).json()
    assert run["request"] == answer["request"] and run["spec"] == answer["spec"]
    again = shop.call("POST", made.headers["Location"] + "/reproduce", 200).json()
    assert again["same"] and set(again["tables"]) >= set(counts)
    order = answer["data"]["orders"][0]
    valid = shop.get(f"/api/v1/relationships/validate?entity_type=order&entity_id={order['id']}").json()
    assert valid["valid"]


def test_yaml_is_the_same(start_server, tmp_path_factory):
    answers = []
    for text, kind in ((json.dumps(SHOP), "json"), (SHOP_YAML, "yaml"), (json.dumps(SHOP), "yaml")):
        store = tmp_path_factory.mktemp("yaml") / "shop.db"
        server = start_server("--store", str(store), "--no-seed-shop", "--quiet")
        answer = bulk(server, text, 201, kind).json()
        answers.append({name: answer[name] for name in ("request", "spec", "counts", "data")})
        server.stop()
    assert answers[0] == answers[1] == answers[2]


def test_the_command_line_makes_the_same(start_server, cartwright, new_store, tmp_path):
    by_request, by_command = new_store(), new_store()
    server = start_server("--store", by_request, "--no-seed-shop", "--quiet")
    for name, document in {"shop": SHOP, **PARTS}.items():
        bulk(server, document, 201)
        path = tmp_path / (name + (".json" if name == "orders" else ".yaml"))
        path.write_text(SHOP_YAML if name == "shop" else json.dumps(document))
        subprocess.run([cartwright, "generate", "--request", str(path), "--store", by_command, "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
    requested = digests(server)
    server.stop()
    server = start_server("--store", by_command, "--no-seed-shop", "--quiet")
    assert digests(server) == requested and len(requested) == len(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_a_preview_keeps_nothing(filled, part):
    before = {table: filled.count(table) for table in ("customers", "products", "orders", "stock_movements")}
    answers = [bulk(filled, PARTS[part] | {"persist": False}, 200).json() for _ in range(2)]
    assert answers[0]["data"] == answers[1]["data"] and answers[0]["run_id"] is None
    assert answers[0]["request"]["persist"] is False and answers[0]["request"]["behavior"]
    assert {table: filled.count(table) for table in before} == before


def test_what_is_left_out_comes_from_the_store(filled):
    answer = bulk(filled, {"orders": 5, "seed": 9, "persist": False}, 200).json()
    assert answer["request"] == {"customers": 0, "products": 0, "orders": 5, "seed": 9, "persist": False,
                                 "behavior": "normal"}
    assert bulk(filled, answer["request"], 200).json()["data"] == answer["data"]
    assert not answer["data"]["customers"] and len(answer["data"]["orders"]) == 5
    customer = answer["data"]["orders"][0]["customer_id"]
    filled.get("/api/v1/customers/" + customer)
    own = bulk(filled, {"orders": 4, "customer_id": customer, "persist": False}, 200).json()
    assert {row["customer_id"] for row in own["data"]["orders"]} == {customer}


def test_one_table_in_other_formats(filled):
    document = SHOP | {"persist": False}
    whole = bulk(filled, document, 200).json()["data"]
    for query, table in (("", "customers"), ("?table=order_items", "order_items"), ("?table=stock", "stock")):
        lines = bulk(filled, document, 200, query=query, headers={"Accept": "application/x-ndjson"})
        assert [json.loads(line) for line in lines.text.splitlines()] == whole[table]
        assert lines.headers["Cartwright-Seed"] == "77"
        parquet = bulk(filled, document, 200, query=query, headers={"Accept": "application/vnd.apache.parquet"})
        assert pyarrow.parquet.read_table(io.BytesIO(parquet.content)).num_rows == len(whole[table])
    assert list(bulk(filled, document, 200, query="?table=orders").json()["data"]) == ["orders"]
    bulk(filled, document, 400, query="?table=order")


@pytest.mark.parametrize("document, field, detail", [
    ({"custmers": 5}, "custmers", 'unknown field "custmers"; did you mean "customers"?'),
    ({"customers": -1}, "customers", "customers is -1; expected a whole number from 0 to 5000"),
    ({"orders": 5001}, "orders", "orders is 5001; expected"),
    ({"orders": "10K"}, "orders", 'orders is "10K"; expected'),
    ({"customers": 1, "date_range": {"form": "2025-01-01"}}, "date_range.form", "unknown field"),
    ({"customers": 1, "behavior": "odd"}, "behavior", "behavior is"),
    ({"customers": 1, "locale": "xx-XX"}, "locale", "locale is"),
    ({"customers": 1, "persist": "no"}, "persist", "persist is"),
    ({"customers": 1, "cells": 0}, "cells", "cells is 0"),
])
def test_wrong_values_are_named(filled, document, field, detail):
    for kind in ("json", "yaml"):
        problem = bulk(filled, document, 400, kind).json()
        assert problem["errors"][0]["field"] == field and problem["detail"].startswith(detail)


@pytest.mark.parametrize("document, field", [
    ({}, "customers"), ({"seed": 1}, "customers"), ({"customers": 0, "orders": 0}, "customers"),
    ({"products": 5, "categories": ["Running Shoes"]}, "products"), ({"categories": ["Running Shoes"]},
                                                                     "products_per_category"),
    ({"products_per_category": 5}, "categories"),
    ({"customers": 1, "orders": 1, "date_range": {"from": "2025-02-01", "to": "2025-01-01"}}, "date_range"),
    ({"categories": ["Flying Carpets"], "products_per_category": 2}, "categories"),
    ({"customers": 600, "orders": 600, "persist": False}, "customers"),
])
def test_what_does_not_fit_is_named(filled, document, field):
    problem = bulk(filled, document, 422).json()
    assert problem["errors"][0]["field"] == field, problem


def test_an_empty_store_needs_customers_and_products(start_server, new_store):
    server = start_server("--store", new_store(), "--no-seed-shop", "--quiet")
    assert "no customers" in bulk(server, {"orders": 5}, 409).json()["detail"]
    assert "no products" in bulk(server, {"orders": 5, "customers": 5}, 409).json()["detail"]
    assert "no customers" in bulk(server, {"orders": 5000, "products": 5}, 409).json()["detail"]
    bulk(server, {"orders": 5, "customers": 5, "products": 5}, 201)
    bulk(server, {"orders": 5}, 201)


@pytest.mark.parametrize("text, place", [
    ("customers: 1\ncustomers: 2\n", "line 2, column 1"), ("customers: &a 1\norders: *a\n", "anchors and aliases"),
    ("customers: 1\n---\norders: 1\n", "line 2, column 1"), ("customers: [1", "not valid YAML at line"),
    ("", "customers"), ("customers: !!int '5'\n", "no tag is taken"), ("- customers\n", "JSON object"),
    ("customers: .inf\n", "no such"),
])
def test_bad_yaml_is_refused(filled, text, place):
    answer = bulk(filled, text, kind="yaml")
    assert answer.status_code in (400, 422) and place in answer.text, answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-yaml", "application/yamlx", "text/yaml"])
def test_other_types_are_refused(filled, kind):
    answer = bulk(filled, "customers: 1", 415, headers={"Content-Type": kind})
    assert answer.headers["Accept-Post"] == "application/json, application/yaml"
    assert answer.json()["detail"] == "the body must be application/json or application/yaml"
    filled.call("POST", "/api/v1/generate/customers", 415, data=b"count: 1",
                headers={"Content-Type": "application/yaml"})
    bulk(filled, "customers: 1\npersist: false", 200, headers={"Content-Type": "application/yaml; charset=utf-8"})


def wait_for(server, location):
    for _ in range(600):
        job = server.get(location).json()
        if job["state"] not in ("queued", "running"):
            return job
        time.sleep(0.1)
    raise AssertionError(job)


def test_large_ones_become_jobs(filled):
    large = SHOP | {"orders": 1500, "seed": 4}
    accepted = bulk(filled, large, 202)
    job = wait_for(filled, accepted.headers["Location"])
    assert job["kind"] == "generate_bulk" and job["state"] == "succeeded", job
    assert job["result"]["counts"]["orders"] == 1500 and job["result"]["request"] == large | {"persist": True}
    run = filled.get("/api/v1/runs/" + job["result"]["run_id"]).json()
    assert run["digests"]["orders"]["rows"] == 1500
    asked = bulk(filled, {"customers": 3}, 202, headers={"Prefer": "respond-async"})
    assert asked.headers["Preference-Applied"] == "respond-async"
    assert wait_for(filled, asked.headers["Location"])["result"]["counts"]["customers"] == 3


def test_a_key_makes_it_once(filled):
    headers = {"Idempotency-Key": "bulk-1"}
    first = bulk(filled, "customers: 4\norders: 7\n", 201, "yaml", headers=headers)
    runs = len(filled.get("/api/v1/runs?limit=100").json()["data"])
    again = bulk(filled, "customers: 4\norders: 7\n", 201, "yaml", headers=headers)
    assert again.content == first.content and again.headers["Idempotent-Replayed"] == "true"
    bulk(filled, {"customers": 4, "orders": 8}, 422, headers=headers)
    assert len(filled.get("/api/v1/runs?limit=100").json()["data"]) == runs


def run_generate(cartwright, *options):
    return subprocess.run([cartwright, "generate", "--quiet", *options], capture_output=True, text=True, check=False)


def test_requests_on_the_command_line(cartwright, tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text("customers: 5\nseed: 3\n")
    made = run_generate(cartwright, "--request", str(path), "--out", str(tmp_path / "out"))
    assert made.returncode == 0, made.stderr
    options = run_generate(cartwright, "--customers", "5", "--seed", "3", "--out", str(tmp_path / "same"))
    assert options.returncode == 0
    table = "customers/part-00000.csv"
    assert (tmp_path / "out" / table).read_bytes() == (tmp_path / "same" / table).read_bytes()
    other = run_generate(cartwright, "--request", str(path), "--customers", "2", "--tables", "customers", "--out", "-")
    assert len(other.stdout.splitlines()) == 3
    for text, message in (("customers: 5\ncustomers: 6\n", "line 2, column 1"), ("custmers: 5\n", "did you mean"),
                          ("seed: 5\n", "nothing is asked for"), ("customers: 10K\n", "without quotes"),
                          ("customers: 5\npersist: false\n", "persist is false"),
                          ("customers: 5\nlocale: {}\n", "locale is empty"),
                          ("customers: 5\nlocale: de-DE,fr-FR\n", "expected one locale"),
                          ("customers: 5\nlocale: [DE, de-DE]\n", "names de-DE twice"),
                          ("products_per_category: 5\ncategories: []\n", "categories is empty"),
                          ("products_per_category: 5\ncategories: [Furniture, Furniture]\n", "'Furniture' twice"),
                          ("products: 5\nattributes: {size: []}\n", "attributes.size is empty")):
        path.write_text(text)
        refused = run_generate(cartwright, "--request", str(path), "--out", str(tmp_path / "no"))
        assert refused.returncode == 2 and message in refused.stderr and "shop.yaml" in refused.stderr, refused
    path.write_text("customers: 5\n")
    both = run_generate(cartwright, "--request", str(path), "--spec", str(path), "--out", str(tmp_path / "no"))
    assert both.returncode == 2 and "--request and --spec" in both.stderr
