"""Rules written by hand in SQLite's SQL (tests/sql/store.sql) beside `cartwright validate`, over stores into which
several runs went: the same counts, of none where the store is sound and of all that was broken where it is not."""
import datetime
import json
import pathlib
import shutil
import sqlite3
import subprocess

import pytest
import shop_facts

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = shop_facts.read_rules(ROOT / "tests/sql/store.sql")
# Overlapping spans of time, each up to its own as-of: what is under way at the as-of of one run stays so for ever.
RUNS = [("2025-06-15", "2025-07-01", "2025-07-01"), ("2025-06-20", "2025-08-01", "2025-08-01"),
        ("2025-05-01", "2025-09-01", "2025-09-01")]
KEPT_MONEY = """SELECT count(*) FROM orders WHERE status = 'cancelled'
                AND id IN (SELECT order_id FROM payments WHERE status = 'captured')"""
BREAKS = [
    "DELETE FROM customers WHERE rowid % 211 = 7",
    "DELETE FROM order_items WHERE rowid % 101 = 5",
    "DELETE FROM shipments WHERE rowid % 103 = 1",
    "DELETE FROM order_status_history WHERE rowid % 307 = 2",
    "DELETE FROM orders WHERE rowid % 401 = 9",
    "UPDATE addresses SET is_default = 1 WHERE rowid % 59 = 0",
    "UPDATE customers SET created_at = created_at + 5000000 WHERE rowid % 83 = 0",
    "UPDATE order_items SET unit_amount = unit_amount + 1 WHERE rowid % 71 = 0",
    "UPDATE order_items SET tax_amount = tax_amount + 1 WHERE rowid % 97 = 3",
    "UPDATE order_status_history SET changed_at = changed_at - 3456000000000 WHERE rowid % 89 = 3",
    "UPDATE orders SET total_amount = total_amount + 1 WHERE rowid % 61 = 0",
    "UPDATE orders SET status = 'cancelled' WHERE rowid % 67 = 0",
    "UPDATE payment_methods SET limit_amount = 1 WHERE rowid % 53 = 0",
    "UPDATE product_prices SET valid_to = valid_to + 1 WHERE rowid % 47 = 0",
    "UPDATE stock SET on_hand = on_hand + 1, updated_at = updated_at + 1 WHERE rowid % 43 = 0",
    "UPDATE stock_movements SET quantity = quantity - 3 WHERE kind = 'sale' AND rowid % 41 = 0",
]


def make_store(cartwright, path, customers, products, orders):
    def generate(*options):
        subprocess.run([cartwright, "generate", "--store", str(path), "--quiet", *options], check=True,
                       capture_output=True)
    generate("--seed", "1", "--customers", customers, "--products", products, "--orders", "0", "--as-of", RUNS[0][2])
    for number, (first, end, as_of) in enumerate(RUNS):
        generate("--seed", str(number + 2), "--orders", orders, "--from", first, "--to", end, "--as-of", as_of)


def microseconds(text):
    return round(datetime.datetime.fromisoformat(text).timestamp() * 1_000_000)


def counts_by_hand(path):
    """{rule: rows that break it}, by the SQL of this folder."""
    with sqlite3.connect(path) as store:
        store.create_function("instant", 1, lambda id: int.from_bytes(id[:6]), deterministic=True)
        times = [(microseconds(json.loads(spec)["as_of"]),) for spec, in store.execute("SELECT spec FROM runs")]
        store.execute("CREATE TEMP TABLE run_times (as_of INTEGER)")
        store.executemany("INSERT INTO run_times VALUES (?)", times)
        return {name: store.execute(statement).fetchone()[0] for name, statement in RULES}


def counts_of_program(cartwright, path):
    result = subprocess.run([cartwright, "validate", "--json", "--quiet", str(path)], capture_output=True, text=True)
    assert result.returncode in (0, 1), result.stderr
    return {rule["rule"]: rule["violations"] for rule in json.loads(result.stdout)["rules"]}


@pytest.fixture(scope="module", name="store")
def fixture_store(cartwright, tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "shop.db"
    make_store(cartwright, path, "1000", "100", "900")
    return path


def test_three_overlapping_runs_break_no_rule(cartwright, store):
    counts = counts_of_program(cartwright, store)
    assert {rule: count for rule, count in counts.items() if count} == {}
    assert counts_by_hand(store) == {name: 0 for name, _ in RULES}


def test_refunds_are_due_by_the_as_of_of_the_own_run(store):
    with sqlite3.connect(store) as database:
        assert database.execute(KEPT_MONEY).fetchone()[0] > 0


def test_a_broken_store_is_counted_alike(cartwright, store, tmp_path):
    path = tmp_path / "broken.db"
    shutil.copy(store, path)
    with sqlite3.connect(path) as database:
        for statement in BREAKS:
            assert database.execute(statement).rowcount > 0, statement
    database.close()
    expected = counts_by_hand(path)
    counts = counts_of_program(cartwright, path)
    assert {name: counts[name] for name in expected} == expected
    assert sum(count > 0 for count in expected.values()) > len(RULES) // 2


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_large_store_breaks_no_rule(cartwright, tmp_path):
    path = tmp_path / "shop.db"
    make_store(cartwright, path, "1M", "50K", "500K")
    assert {rule: count for rule, count in counts_of_program(cartwright, path).items() if count} == {}
    assert counts_by_hand(path) == {name: 0 for name, _ in RULES}
