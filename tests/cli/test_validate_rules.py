"""Breaks one thing at a time in a small shop and checks that validate finds just that.

Each case names the rule, the SQL that breaks it, and the rules that can't but be broken along with it.
"""
import json
import shutil
import sqlite3
import subprocess
import uuid

import pytest
from validate_cases import MORE_CASES

# rule, SQL, further rules that the same change breaks
CASES = [
    (
        "categories.level_follows_parent",
        "UPDATE categories SET level = level + 1 WHERE is_leaf AND rowid = (SELECT max(rowid) FROM categories "
        "WHERE is_leaf)",
        set(),
    ),
    (
        "categories.path_follows_parent",
        "UPDATE categories SET path = path || 'x' WHERE rowid = (SELECT max(rowid) FROM categories WHERE "
        "is_leaf)",
        set(),
    ),
    (
        "products.lifetime_in_order",
        "UPDATE products SET retired_at = launched_at, status = 'retired' WHERE rowid = (SELECT p.rowid FROM "
        "products p WHERE NOT EXISTS (SELECT 1 FROM order_items i WHERE i.product_id = p.id) LIMIT 1)",
        set(),
    ),
    (
        "products.status_fits_retirement",
        "UPDATE products SET status = iif(status = 'active', 'retired', 'active') WHERE rowid = 1",
        set(),
    ),
    (
        "products.price_above_cost",
        "UPDATE products SET cost_amount = list_amount WHERE rowid = 1",
        set(),
    ),
    (
        "products.positive_measures",
        "UPDATE products SET weight = 0 WHERE rowid = 1",
        set(),
    ),
    (
        "products.excluded_countries_known",
        "UPDATE products SET excluded_countries = 'QQ' WHERE rowid = 1",
        set(),
    ),
    (
        "product_prices.positive",
        "UPDATE product_prices SET unit_amount = 0 WHERE rowid = (SELECT pp.rowid FROM product_prices pp "
        "WHERE NOT EXISTS (SELECT 1 FROM order_items i WHERE i.product_id = pp.product_id) LIMIT 1)",
        set(),
    ),
    (
        "product_prices.no_gap",
        "UPDATE product_prices SET valid_to = valid_to + 1 WHERE rowid = (SELECT min(rowid) FROM "
        "product_prices WHERE valid_to IS NOT NULL AND valid_to < (SELECT max(valid_to) FROM product_prices))",
        set(),
    ),
    (
        "product_prices.currency_known",
        "UPDATE product_prices SET currency = 'QQQ' WHERE product_id = (SELECT p.id FROM products p WHERE NOT "
        "EXISTS (SELECT 1 FROM order_items i WHERE i.product_id = p.id) LIMIT 1) AND currency = 'EUR'",
        set(),
    ),
    (
        "variants.barcode_valid",
        "UPDATE variants SET barcode = substr(barcode, 1, 12) || (substr(barcode, 13, 1) + 1) % 10 WHERE "
        "rowid = 1",
        set(),
    ),
    (
        "variants.barcode.unique",
        "UPDATE variants SET barcode = (SELECT barcode FROM variants WHERE rowid = 2) WHERE rowid = 1",
        set(),
    ),
    (
        "fulfilment_centres.time_zone_known",
        "UPDATE fulfilment_centres SET time_zone = 'Moon/Base' WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE "
        "o.fulfilment_centre_id = fulfilment_centres.id)",
        set(),
    ),
    (
        "customers.email_valid",
        "UPDATE customers SET email = 'nobody' WHERE rowid = 1",
        set(),
    ),
    (
        "customers.email.unique",
        "UPDATE customers SET email = (SELECT email FROM customers WHERE rowid = 2) WHERE rowid = 1",
        set(),
    ),
    (
        "customers.age_at_as_of",
        "UPDATE customers SET birth_date = -40000 WHERE rowid = 1",
        set(),
    ),
    (
        "customers.phone_fits_kind",
        "UPDATE customers SET phone = '+4911111111' WHERE rowid = (SELECT min(rowid) FROM customers WHERE "
        "phone IS NOT NULL)",
        set(),
    ),
    (
        "customers.market_coherent",
        "UPDATE customers SET language = 'xx' WHERE rowid = 1",
        set(),
    ),
    (
        "customers.place_exists",
        "UPDATE customers SET postal_code = 'nowhere' WHERE rowid = 1",
        {"customers.home_matches_address"},
    ),
    (
        "customers.named",
        "UPDATE customers SET given_name = '' WHERE rowid = 1",
        set(),
    ),
    (
        "customers.one_default_address",
        "UPDATE addresses SET is_default = 1 WHERE rowid = (SELECT min(rowid) FROM addresses WHERE NOT "
        "is_default)",
        set(),
    ),
    (
        "customers.home_matches_address",
        "UPDATE customers SET street = street || 'x' WHERE rowid = 1",
        set(),
    ),
    (
        "customers.one_default_payment_method",
        "UPDATE payment_methods SET is_default = 0 WHERE rowid = 1",
        set(),
    ),
    (
        "customers.segment.values",
        "UPDATE customers SET segment = 'rich' WHERE rowid = 1",
        set(),
    ),
    (
        "addresses.after_sign_up",
        "UPDATE addresses SET created_at = 1 WHERE rowid = 1",
        set(),
    ),
    (
        "addresses.place_exists",
        "UPDATE addresses SET city = 'Nowhere' WHERE rowid = (SELECT min(rowid) FROM addresses WHERE NOT "
        "is_default)",
        set(),
    ),
    (
        "addresses.customer_id.exists",
        "UPDATE addresses SET customer_id = zeroblob(16) WHERE rowid = (SELECT max(a.rowid) FROM addresses a "
        "WHERE NOT a.is_default AND NOT EXISTS (SELECT 1 FROM orders o WHERE a.id IN (o.shipping_address_id, "
        "o.billing_address_id)))",
        set(),
    ),
    (
        "payment_methods.card_fields",
        "UPDATE payment_methods SET expiry_year = NULL WHERE rowid = (SELECT min(rowid) FROM payment_methods "
        "WHERE kind = 'card')",
        set(),
    ),
    (
        "payment_methods.card_number_valid",
        "UPDATE payment_methods SET card_number = substr(card_number, 1, length(card_number) - 1) || "
        "(substr(card_number, -1) + 1) % 10 WHERE rowid = (SELECT min(rowid) FROM payment_methods WHERE kind "
        "= 'card')",
        {"payment_methods.card_number_published"},
    ),
    (
        "payment_methods.card_number_published",
        "UPDATE payment_methods SET card_number = '4539578763621486' WHERE rowid = (SELECT min(rowid) FROM "
        "payment_methods WHERE kind = 'card')",
        set(),
    ),
    (
        "payment_methods.expiry_after_creation",
        "UPDATE payment_methods SET expiry_year = 1999 WHERE rowid = (SELECT min(m.rowid) FROM "
        "payment_methods m WHERE kind = 'card' AND NOT EXISTS (SELECT 1 FROM orders o WHERE "
        "o.payment_method_id = m.id))",
        set(),
    ),
    (
        "payment_methods.brand_of_market",
        "UPDATE payment_methods SET brand = 'shells' WHERE rowid = 1",
        set(),
    ),
    (
        "orders.after_sign_up",
        "UPDATE customers SET created_at = created_at + 315360000000000 WHERE rowid = (SELECT c.rowid FROM "
        "customers c JOIN orders o ON o.customer_id = c.id LIMIT 1)",
        {
            "addresses.after_sign_up",
            "customers.id_tells_time",
            "customers.not_after_as_of",
            "payment_methods.after_sign_up",
        },
    ),
    (
        "orders.total_adds_up",
        "UPDATE orders SET total_amount = total_amount + 1 WHERE rowid = 1",
        {"payments.amount_is_total"},
    ),
    (
        "orders.subtotal_is_sum",
        "UPDATE orders SET subtotal_amount = subtotal_amount + 1, total_amount = total_amount + 1 WHERE rowid "
        "= 1",
        {"payments.amount_is_total"},
    ),
    (
        "orders.discount_is_sum",
        "UPDATE orders SET discount_amount = discount_amount + 1, shipping_amount = shipping_amount + 1 WHERE "
        "rowid = 1",
        set(),
    ),
    (
        "orders.tax_is_sum",
        "UPDATE orders SET shipping_tax_amount = shipping_tax_amount + 1 WHERE rowid = 1",
        set(),
    ),
    (
        "orders.item_count_is_count",
        "UPDATE orders SET item_count = item_count + 1 WHERE rowid = 1",
        set(),
    ),
    (
        "orders.shipping_address_of_buyer",
        "UPDATE orders SET shipping_address_id = (SELECT a.id FROM addresses a WHERE a.country = 'JP' AND "
        "a.customer_id <> orders.customer_id AND a.created_at < orders.created_at LIMIT 1) WHERE rowid = "
        "(SELECT max(rowid) FROM orders WHERE currency = 'JPY')",
        set(),
    ),
    (
        "orders.payment_method_of_buyer",
        "UPDATE orders SET payment_method_id = (SELECT m.id FROM payment_methods m WHERE m.kind <> 'card' AND "
        "m.customer_id <> orders.customer_id AND m.created_at < orders.created_at AND m.limit_amount >= "
        "orders.total_amount LIMIT 1) WHERE rowid = (SELECT max(rowid) FROM orders)",
        set(),
    ),
    (
        "orders.fraud_flag_fits_score",
        "UPDATE orders SET is_fraud_flagged = NOT is_fraud_flagged WHERE rowid = 1",
        set(),
    ),
    (
        "orders.cancellation_reason_fits_status",
        "UPDATE orders SET cancellation_reason = 'fraud' WHERE rowid = (SELECT min(rowid) FROM orders WHERE "
        "status = 'delivered')",
        set(),
    ),
    (
        "orders.status_is_last_of_history",
        "UPDATE orders SET status = 'shipped' WHERE rowid = (SELECT min(rowid) FROM orders WHERE status = "
        "'delivered')",
        set(),
    ),
    (
        "order_items.sku_of_variant",
        "UPDATE order_items SET sku = sku || 'X' WHERE rowid = 1",
        set(),
    ),
    (
        "order_items.price_in_force",
        "UPDATE product_prices SET unit_amount = unit_amount + 1 WHERE product_id = (SELECT product_id FROM "
        "order_items WHERE rowid = 1)",
        set(),
    ),
    (
        "order_items.tax_rate_of_place",
        "UPDATE order_items SET tax_rate = tax_rate + 1 WHERE rowid = (SELECT i.rowid FROM order_items i "
        "WHERE i.tax_rate = 0 AND i.quantity * i.unit_amount < 10000 LIMIT 1)",
        set(),
    ),
    (
        "order_items.tax_recomputes",
        "UPDATE order_items SET tax_amount = tax_amount + 1, total_amount = total_amount + iif((SELECT "
        "tax_inclusive FROM orders o WHERE o.id = order_id), 0, 1) WHERE rowid = 1",
        {"orders.tax_is_sum"},
    ),
    (
        "order_items.total_adds_up",
        "UPDATE order_items SET total_amount = total_amount + 1 WHERE rowid = 1",
        set(),
    ),
    (
        "order_items.product_active",
        "UPDATE products SET retired_at = launched_at + 1, status = 'retired' WHERE id = (SELECT product_id "
        "FROM order_items WHERE rowid = 1)",
        set(),
    ),
    (
        "order_items.sold_in_country",
        "UPDATE products SET excluded_countries = 'US;GB;DE;FR;JP' WHERE id = (SELECT product_id FROM "
        "order_items WHERE rowid = 1)",
        set(),
    ),
    (
        "order_items.buyer_old_enough",
        "UPDATE products SET minimum_age = 99 WHERE id = (SELECT product_id FROM order_items WHERE rowid = 1)",
        set(),
    ),
    (
        "order_items.substitution_explained",
        "UPDATE order_items SET fulfilment = 'substituted' WHERE rowid = (SELECT min(rowid) FROM order_items "
        "WHERE fulfilment = 'stock')",
        set(),
    ),
    (
        "order_items.moved_stock_once",
        "DELETE FROM stock_movements WHERE kind = 'sale' AND order_item_id = (SELECT i.id FROM order_items i "
        "JOIN orders o ON o.id = i.order_id WHERE o.status = 'delivered' AND i.fulfilment = 'stock' LIMIT 1)",
        {"stock.on_hand_is_sum", "stock.updated_with_last_movement"},
    ),
    (
        "order_status_history.steps_allowed",
        "UPDATE order_status_history SET status = 'confirmed' WHERE sequence = 2 AND order_id = (SELECT id "
        "FROM orders WHERE status = 'delivered' LIMIT 1)",
        {"order_status_history.in_business_hours", "shipments.only_after_payment"},
    ),
    (
        "order_status_history.times_in_order",
        "UPDATE order_status_history SET changed_at = (SELECT created_at - 1 FROM orders o WHERE o.id = "
        "order_id) WHERE sequence = 2 AND status = 'paid' AND order_id = (SELECT id FROM orders WHERE status "
        "= 'delivered' LIMIT 1)",
        set(),
    ),
    (
        "payments.amount_is_total",
        "UPDATE payments SET amount = amount - 1 WHERE rowid = 1",
        set(),
    ),
    (
        "payments.within_limit",
        "UPDATE payment_methods SET limit_amount = 1 WHERE id = (SELECT payment_method_id FROM payments WHERE "
        "rowid = 1)",
        {"orders.within_payment_limit"},
    ),
    (
        "payments.times_fit_status",
        "UPDATE payments SET captured_at = NULL WHERE rowid = (SELECT min(rowid) FROM payments WHERE status = "
        "'captured')",
        set(),
    ),
    (
        "payments.failure_fits_status",
        "UPDATE payments SET failure_code = 'card_declined' WHERE rowid = (SELECT min(rowid) FROM payments "
        "WHERE status = 'captured')",
        set(),
    ),
    (
        "shipments.service_of_order",
        "UPDATE shipments SET service = iif(service = 'express', 'standard', 'express') WHERE rowid = 1",
        set(),
    ),
    (
        "shipments.delivered_fits_status",
        "UPDATE shipments SET status = 'in_transit' WHERE rowid = (SELECT min(rowid) FROM shipments WHERE "
        "status = 'delivered')",
        set(),
    ),
    (
        "shipments.in_business_hours",
        "UPDATE shipments SET shipped_at = shipped_at + 43200000000 WHERE rowid = (SELECT min(rowid) FROM "
        "shipments WHERE status = 'delivered')",
        {"shipments.shipped_as_in_history"},
    ),
    (
        "shipments.weight_positive",
        "UPDATE shipments SET weight = 0 WHERE rowid = 1",
        set(),
    ),
    (
        "stock_movements.never_below_zero",
        "UPDATE stock_movements SET quantity = quantity - 100000 WHERE rowid = (SELECT min(rowid) FROM "
        "stock_movements WHERE kind = 'opening' AND quantity > 0)",
        {"stock.on_hand_is_sum", "stock_movements.sign_fits_kind"},
    ),
    (
        "stock_movements.order_item_fits_kind",
        "UPDATE stock_movements SET order_item_id = (SELECT order_item_id FROM stock_movements WHERE "
        "order_item_id IS NOT NULL LIMIT 1) WHERE rowid = 1",
        {
            "order_items.cancelled_restocked",
            "stock_movements.centre_of_order",
            "stock_movements.match_order_item",
            "stock_movements.sale_not_before_order",
        },
    ),
    (
        "stock.on_hand_is_sum",
        "UPDATE stock SET on_hand = on_hand + 1 WHERE rowid = 1",
        set(),
    ),
    (
        "stock.updated_with_last_movement",
        "UPDATE stock SET updated_at = updated_at - 1 WHERE rowid = 1",
        set(),
    ),
    (
        "stock.not_after_as_of",
        "UPDATE stock SET updated_at = 4000000000000000 WHERE rowid = 1",
        {"stock.updated_with_last_movement"},
    ),
] + MORE_CASES


@pytest.fixture(scope="module")
def shop(cartwright, tmp_path_factory):
    """A small valid store whose constraints are taken off, so that it can be broken."""
    path = tmp_path_factory.mktemp("rules") / "shop.db"
    subprocess.run([cartwright, "generate", "--scale", "0.3", "--seed", "11", "--store", str(path), "--quiet"],
                   check=True, capture_output=True)
    database = sqlite3.connect(path)
    indexes = database.execute("SELECT name, sql FROM sqlite_schema WHERE sql LIKE 'CREATE UNIQUE INDEX%'").fetchall()
    for name, sql in indexes:
        database.execute(f"DROP INDEX {name}")
        database.execute(sql.replace("UNIQUE ", "", 1))
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("PRAGMA journal_mode = DELETE")
    database.close()
    return path


def validate(cartwright, path, *options, **keywords):
    result = subprocess.run([cartwright, "validate", "--json", *options, str(path)], capture_output=True, text=True,
                            **keywords)
    assert result.returncode in (0, 1), result.stderr
    answer = json.loads(result.stdout)
    violated = {rule["rule"]: rule for rule in answer["rules"] if rule["outcome"] == "violated"}
    assert (result.returncode == 1) == bool(violated)
    return answer, violated


def test_unbroken_shop_is_valid(cartwright, shop):
    answer, violated = validate(cartwright, shop)
    assert not violated
    assert answer["rules_skipped"] == 0
    assert len(answer["rules"]) > 200


@pytest.mark.parametrize("rule, sql, others", CASES, ids=[case[0] for case in CASES])
def test_broken_rule_is_found(cartwright, shop, tmp_path, rule, sql, others):
    path = tmp_path / "broken.db"
    shutil.copy(shop, path)
    database = sqlite3.connect(path)
    database.execute("PRAGMA ignore_check_constraints = ON")
    if database.execute(sql).rowcount == 0:
        pytest.skip("the small shop has no such row")
    database.commit()
    database.close()
    _, violated = validate(cartwright, path)
    assert rule in violated
    assert set(violated) <= {rule} | others
    assert violated[rule]["offenders"][0]["id"]


def test_offenders_show_ids_as_everywhere_else(cartwright, shop, tmp_path):
    path = tmp_path / "broken.db"
    shutil.copy(shop, path)
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM variants WHERE rowid = (SELECT v.rowid FROM variants v JOIN order_items i ON "
                         "i.variant_id = v.id LIMIT 1)")
    database.close()
    _, violated = validate(cartwright, path)
    for offender in violated["order_items.variant_id.exists"]["offenders"]:
        assert str(uuid.UUID(offender["id"])) == offender["id"]
        assert str(uuid.UUID(offender["detail"])) == offender["detail"]


@pytest.fixture(scope="module")
def directory(cartwright, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "shop"
    subprocess.run([cartwright, "generate", "--scale", "0.3", "--seed", "11", "--format", "csv", "--out", str(path),
                    "--quiet"], check=True, capture_output=True)
    return path


@pytest.mark.parametrize("threads", ["1", "3"])
def test_files_are_checked_like_a_store(cartwright, shop, directory, tmp_path, threads):
    kept, _ = validate(cartwright, shop)
    answer, violated = validate(cartwright, directory, "--threads", threads, env={"TMPDIR": str(tmp_path)})
    assert not violated
    assert not list(tmp_path.iterdir()), "temporary files are left"
    assert [(rule["rule"], rule["outcome"], rule["checked"]) for rule in answer["rules"]] == [
        (rule["rule"], rule["outcome"], rule["checked"]) for rule in kept["rules"]]


def test_broken_files_are_found_on_any_number_of_threads(cartwright, directory, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(directory, broken)
    part = broken / "order_items" / "part-00000.csv"
    lines = part.read_text().splitlines(keepends=True)
    part.write_text("".join(lines[:5] + lines[6:] + lines[7:8]))  # a lost line, and one twice
    answer, violated = validate(cartwright, broken, "--threads", "1")
    assert {"order_items.id.unique", "order_items.line_numbers_differ", "orders.item_count_is_count"} <= set(violated)
    assert violated["order_items.id.unique"]["violations"] == 2
    assert validate(cartwright, broken, "--threads", "4")[0] == answer


def test_unreadable_files_leave_nothing_behind(cartwright, directory, tmp_path):
    broken = tmp_path / "broken"
    folder = tmp_path / "temporary"
    folder.mkdir()
    shutil.copytree(directory, broken)
    (broken / "payments" / "part-00000.csv").write_text("id,order_id\nx\n")
    result = subprocess.run([cartwright, "validate", str(broken)], capture_output=True, text=True,
                            env={"TMPDIR": str(folder)})
    assert result.returncode > 1
    assert "payments" in result.stderr
    assert not list(folder.iterdir())
