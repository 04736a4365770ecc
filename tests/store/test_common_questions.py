"""The plans that docs/store.md shows for common questions are those that PostgreSQL makes."""
import re
import sys

import pytest

BLOCKS = re.compile(r"^```sql\n(.*?)^```\n\n^```text\n(.*?)^```$", re.M | re.S)


@pytest.fixture(name="questions")
def fixture_questions(source_root):
    found = BLOCKS.findall((source_root / "docs/store.md").read_text())
    assert len(found) == 3
    return found


def test_documented_plans_are_the_servers(source_root, program, database, questions):
    sys.path.insert(0, str(source_root / "tools"))
    matches = __import__("doc_commands").matches
    program("generate", "--quiet", "--seed", "1", "--customers", "1000", "--products", "100", "--orders", "12000",
            "--store", database.uri)
    database.run("ANALYZE")
    values = {":customer": database.value("SELECT customer_id FROM orders LIMIT 1"),
              ":product": database.value("SELECT product_id FROM order_items LIMIT 1")}
    for sql, expected in questions:
        for name, value in values.items():
            sql = sql.replace(name, f"'{value}'")
        plan = "\n".join(row[0] for row in database.run(f"EXPLAIN (COSTS OFF) {sql}"))
        assert matches(expected, plan), f"{sql}\n{plan}"
        assert database.run(sql)


def test_searches_by_time_open_their_partitions_alone(database, program):
    program("generate", "--quiet", "--customers", "100", "--products", "20", "--orders", "300", "--store", database.uri)
    plan = "\n".join(row[0] for row in database.run(
        "EXPLAIN (COSTS OFF) SELECT count(*) FROM orders WHERE id >= cartwright_lowest_id('2025-05-01') AND id < "
        "cartwright_lowest_id('2025-07-01')"))
    assert set(re.findall(r"orders_(\d{4}_\d{2}|other)", plan)) <= {"2025_05", "2025_06", "other"}
    assert "orders_2025_06" in plan
