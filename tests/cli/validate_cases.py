"""More cases for test_validate_rules.py: rule, SQL that breaks it, rules that the same change breaks."""

MORE_CASES = [
    (
        "addresses.complete",
        "UPDATE addresses SET recipient = '' WHERE rowid = 1",
        set(),
    ),
    (
        "addresses.country_of_customer",
        "UPDATE addresses SET country = iif(country = 'FR', 'DE', 'FR') WHERE rowid = (SELECT a.rowid FROM "
        "addresses a WHERE NOT a.is_default AND NOT EXISTS (SELECT 1 FROM orders o WHERE "
        "o.shipping_address_id = a.id OR o.billing_address_id = a.id) LIMIT 1)",
        {"addresses.place_exists"},
    ),
    (
        "categories.leaf_has_no_child",
        "UPDATE categories SET is_leaf = 1 WHERE rowid = (SELECT min(rowid) FROM categories WHERE NOT "
        "is_leaf)",
        set(),
    ),
    (
        "customers.age_at_sign_up",
        "UPDATE customers SET birth_date = created_at / 86400000000 - 365 * 15 WHERE rowid = (SELECT "
        "c.rowid FROM customers c ORDER BY c.created_at LIMIT 1)",
        set(),
    ),
    (
        "customers.credit_limit_not_negative",
        "UPDATE customers SET credit_limit = -1 WHERE rowid = 1",
        set(),
    ),
    (
        "customers.email.unique",
        "UPDATE customers SET email = (SELECT upper(email) FROM customers WHERE rowid = 1) WHERE rowid = 2",
        {"customers.email_valid"},
    ),
    (
        "customers.home_is_default_address",
        "UPDATE customers SET default_address_id = id WHERE rowid = 1",
        {"customers.home_matches_address"},
    ),
    (
        "customers.one_to_three_addresses",
        "INSERT INTO addresses SELECT randomblob(16), customer_id, created_at, kind, 0, recipient, "
        "company, street, unit, city, region, postal_code, country, settlement FROM addresses, (SELECT 1 "
        "UNION ALL SELECT 2 UNION ALL SELECT 3) WHERE addresses.rowid = 1",
        set(),
    ),
    (
        "fulfilment_centres.place_exists",
        "UPDATE fulfilment_centres SET postal_code = 'x' WHERE rowid = 1",
        set(),
    ),
    (
        "order_items.discount_in_range",
        "UPDATE order_items SET discount_amount = -1 WHERE rowid = 1",
        {"order_items.total_adds_up", "orders.discount_is_sum"},
    ),
    (
        "order_items.id.unique",
        "UPDATE order_items SET id = (SELECT id FROM order_items WHERE rowid = 1) WHERE rowid = (SELECT "
        "rowid FROM order_items WHERE order_id <> (SELECT order_id FROM order_items WHERE rowid = 1) LIMIT "
        "1)",
        {
            "order_items.cancelled_restocked",
            "stock_movements.centre_of_order",
            "stock_movements.match_order_item",
            "stock_movements.order_item_id.exists",
            "stock_movements.sale_not_before_order",
        },
    ),
    (
        "order_items.line_numbers",
        "UPDATE order_items SET line_number = 99 WHERE rowid = 1",
        set(),
    ),
    (
        "order_items.line_numbers_differ",
        "UPDATE order_items SET line_number = 1 WHERE line_number = 2 AND order_id = (SELECT id FROM "
        "orders WHERE item_count > 1 LIMIT 1)",
        set(),
    ),
    (
        "order_items.order_id.exists",
        "UPDATE order_items SET order_id = x'00000000000000000000000000000001' WHERE rowid = 1",
        {
            "order_items.price_in_force",
            "orders.item_count_is_count",
            "orders.subtotal_is_sum",
            "orders.tax_is_sum",
        },
    ),
    (
        "order_items.quantity_positive",
        "UPDATE order_items SET quantity = 0 WHERE rowid = 1",
        {
            "order_items.cancelled_restocked",
            "order_items.tax_recomputes",
            "order_items.total_adds_up",
            "orders.subtotal_is_sum",
            "stock_movements.match_order_item",
        },
    ),
    (
        "order_items.substitute_of_same_product",
        "UPDATE order_items SET requested_variant_id = variant_id, fulfilment = 'substituted' WHERE rowid "
        "= (SELECT min(rowid) FROM order_items WHERE fulfilment = 'stock')",
        set(),
    ),
    (
        "order_items.variant_of_product",
        "UPDATE order_items SET product_id = (SELECT id FROM products p WHERE p.id <> product_id LIMIT 1) "
        "WHERE rowid = 1",
        {"order_items.price_in_force"},
    ),
    (
        "order_status_history.delivered_by_day",
        "UPDATE order_status_history SET changed_at = changed_at - changed_at % 86400000000 + 7 * "
        "86400000000 + 10800000000 WHERE status = 'delivered' AND order_id = (SELECT id FROM orders WHERE "
        "status = 'delivered' LIMIT 1)",
        {"shipments.delivered_as_in_history"},
    ),
    (
        "orders.addresses_existed",
        "UPDATE addresses SET created_at = (SELECT max(created_at) + 1 FROM orders) WHERE id = (SELECT "
        "shipping_address_id FROM orders WHERE rowid = 1)",
        set(),
    ),
    (
        "orders.amounts_not_negative",
        "UPDATE orders SET shipping_amount = -1, total_amount = total_amount - shipping_amount - 1 WHERE "
        "rowid = 1",
        {"payments.amount_is_total"},
    ),
    (
        "orders.billing_address_of_buyer",
        "UPDATE orders SET billing_address_id = (SELECT id FROM addresses a WHERE a.customer_id <> "
        "orders.customer_id ORDER BY created_at LIMIT 1) WHERE rowid = (SELECT max(rowid) FROM orders)",
        set(),
    ),
    (
        "orders.called_off_keeps_no_money",
        "UPDATE payments SET status = 'captured', refunded_at = NULL WHERE rowid = (SELECT p.rowid FROM "
        "payments p JOIN orders o ON o.id = p.order_id WHERE p.status = 'refunded' ORDER BY p.created_at "
        "LIMIT 1)",
        set(),
    ),
    (
        "orders.card_not_expired",
        "UPDATE payment_methods SET expiry_year = 2000 WHERE id = (SELECT o.payment_method_id FROM orders "
        "o JOIN payment_methods m ON m.id = o.payment_method_id WHERE m.kind = 'card' LIMIT 1)",
        {"payment_methods.expiry_after_creation", "payments.method_valid"},
    ),
    (
        "orders.centre_of_country",
        "UPDATE fulfilment_centres SET opened_at = (SELECT max(created_at) - 1 FROM orders o WHERE "
        "o.fulfilment_centre_id = fulfilment_centres.id) + 1 WHERE rowid = 1",
        set(),
    ),
    (
        "orders.currency_of_customer",
        "UPDATE orders SET currency = 'ZZZ' WHERE rowid = 1",
        {"order_items.price_in_force", "payments.currency_of_order"},
    ),
    (
        "orders.customer_id.exists",
        "UPDATE orders SET customer_id = x'00000000000000000000000000000001' WHERE rowid = 1",
        {
            "orders.billing_address_of_buyer",
            "orders.payment_method_of_buyer",
            "orders.shipping_address_of_buyer",
            "payments.method_of_buyer",
        },
    ),
    (
        "orders.history_begins_at_creation",
        "UPDATE order_status_history SET changed_at = changed_at - 1 WHERE sequence = 1 AND order_id = "
        "(SELECT id FROM orders WHERE status = 'delivered' LIMIT 1)",
        set(),
    ),
    (
        "orders.history_is_gapless",
        "UPDATE order_status_history SET sequence = 9 WHERE sequence = 5 AND order_id = (SELECT id FROM "
        "orders WHERE status = 'delivered' LIMIT 1)",
        set(),
    ),
    (
        "orders.id.unique",
        "INSERT INTO orders SELECT * FROM orders WHERE rowid = 1",
        set(),
    ),
    (
        "orders.id_tells_time",
        "UPDATE orders SET created_at = created_at + 60000000 WHERE rowid = (SELECT o.rowid FROM orders o "
        "WHERE o.status = 'delivered' LIMIT 1)",
        {
            "orders.history_begins_at_creation",
            "payments.not_before_order",
            "stock_movements.sale_not_before_order",
        },
    ),
    (
        "orders.one_capture",
        "INSERT INTO payments SELECT randomblob(16), order_id, payment_method_id, attempt + 1, amount, "
        "currency, status, failure_code, created_at, captured_at, refunded_at FROM payments WHERE status = "
        "'captured' ORDER BY rowid LIMIT 1",
        set(),
    ),
    (
        "orders.paid_has_capture",
        "UPDATE payments SET status = 'pending', captured_at = NULL WHERE status = 'captured' AND order_id "
        "= (SELECT id FROM orders WHERE status = 'delivered' LIMIT 1)",
        set(),
    ),
    (
        "orders.payment_method_existed",
        "UPDATE payment_methods SET created_at = (SELECT max(created_at) + 1 FROM orders) WHERE id = "
        "(SELECT payment_method_id FROM orders WHERE rowid = 1)",
        {"payments.method_valid"},
    ),
    (
        "orders.shipment_fits_status",
        "DELETE FROM shipments WHERE order_id = (SELECT id FROM orders WHERE status = 'delivered' LIMIT 1)",
        set(),
    ),
    (
        "orders.tax_kind_of_country",
        "UPDATE orders SET tax_inclusive = NOT tax_inclusive WHERE rowid = 1",
        {
            "order_items.tax_recomputes",
            "order_items.total_adds_up",
            "orders.total_adds_up",
        },
    ),
    (
        "payment_methods.currency_of_customer",
        "UPDATE payment_methods SET currency = 'ZZZ' WHERE rowid = 1",
        set(),
    ),
    (
        "payment_methods.limit_positive",
        "UPDATE payment_methods SET limit_amount = 0 WHERE rowid = (SELECT m.rowid FROM payment_methods m "
        "WHERE NOT EXISTS (SELECT 1 FROM payments p WHERE p.payment_method_id = m.id) AND NOT EXISTS "
        "(SELECT 1 FROM orders o WHERE o.payment_method_id = m.id) LIMIT 1)",
        set(),
    ),
    (
        "payments.attempts_count_up",
        "UPDATE payments SET attempt = attempt + 5 WHERE rowid = 1",
        set(),
    ),
    (
        "payments.currency_of_order",
        "UPDATE payments SET currency = 'ZZZ' WHERE rowid = 1",
        set(),
    ),
    (
        "payments.method_of_buyer",
        "UPDATE payments SET payment_method_id = (SELECT m.id FROM payment_methods m WHERE m.id <> "
        "payments.payment_method_id AND m.kind = 'wallet' ORDER BY m.limit_amount DESC, m.created_at LIMIT "
        "1) WHERE rowid = (SELECT max(rowid) FROM payments)",
        set(),
    ),
    (
        "payments.method_valid",
        "UPDATE payments SET created_at = 0, captured_at = NULL, status = 'pending' WHERE rowid = (SELECT "
        "min(rowid) FROM payments WHERE status = 'failed')",
        {"payments.failure_fits_status", "payments.not_before_order"},
    ),
    (
        "payments.not_before_order",
        "UPDATE payments SET created_at = (SELECT created_at - 1 FROM orders o WHERE o.id = "
        "payments.order_id) WHERE rowid = 1",
        set(),
    ),
    (
        "payments.order_id.exists",
        "UPDATE payments SET order_id = x'00000000000000000000000000000001' WHERE rowid = 1",
        {"orders.paid_has_capture"},
    ),
    (
        "product_prices.first_at_launch",
        "UPDATE product_prices SET valid_from = valid_from - 1 WHERE rowid = (SELECT x.rowid FROM "
        "product_prices x JOIN products p ON p.id = x.product_id AND p.launched_at = x.valid_from LIMIT 1)",
        set(),
    ),
    (
        "product_prices.one_at_a_time",
        "INSERT INTO product_prices SELECT randomblob(16), product_id, currency, unit_amount, reason, "
        "valid_from, valid_to FROM product_prices WHERE rowid = 1",
        set(),
    ),
    (
        "product_prices.span_in_order",
        "UPDATE product_prices SET valid_to = valid_from WHERE rowid = 1",
        {"product_prices.no_gap"},
    ),
    (
        "order_status_history.in_business_hours",
        "UPDATE orders SET cancellation_reason = 'address_problem' WHERE id = (SELECT o.id FROM orders o JOIN "
        "order_status_history h ON h.order_id = o.id WHERE h.status = 'cancelled' AND o.cancellation_reason = "
        "'customer_request' AND h.changed_at / 3600000000 % 24 IN (20, 21, 22) AND o.currency <> 'JPY' AND "
        "o.currency <> 'USD' LIMIT 1)",
        set(),
    ),
    (
        "products.brand_known_before",
        "UPDATE brands SET created_at = (SELECT max(created_at) + 1 FROM products) WHERE id = (SELECT "
        "brand_id FROM products WHERE rowid = 1)",
        set(),
    ),
    (
        "products.category_is_leaf",
        "UPDATE products SET category_id = (SELECT id FROM categories WHERE NOT is_leaf LIMIT 1) WHERE "
        "rowid = 1",
        set(),
    ),
    (
        "products.has_launch_price",
        "DELETE FROM product_prices WHERE product_id = (SELECT p.id FROM products p WHERE NOT EXISTS "
        "(SELECT 1 FROM order_items i WHERE i.product_id = p.id) LIMIT 1)",
        set(),
    ),
    (
        "products.has_variant",
        "UPDATE variants SET product_id = (SELECT p.id FROM products p WHERE p.id <> variants.product_id "
        "LIMIT 1) WHERE product_id = (SELECT max(id) FROM products)",
        {"order_items.variant_of_product", "variants.entered_with_product"},
    ),
    (
        "shipments.centre_of_order",
        "UPDATE shipments SET fulfilment_centre_id = (SELECT c.id FROM fulfilment_centres c WHERE c.id <> "
        "shipments.fulfilment_centre_id LIMIT 1) WHERE rowid = 1",
        {"shipments.in_business_hours"},
    ),
    (
        "shipments.delivered_as_in_history",
        "UPDATE shipments SET delivered_at = delivered_at + 1 WHERE rowid = (SELECT min(rowid) FROM "
        "shipments WHERE status = 'delivered')",
        set(),
    ),
    (
        "stock.on_hand_not_negative",
        "UPDATE stock SET on_hand = -1 WHERE rowid = 1",
        {"stock.on_hand_is_sum"},
    ),
    (
        "stock.one_row_per_place",
        "INSERT INTO stock SELECT randomblob(16), fulfilment_centre_id, variant_id, on_hand, "
        "reorder_point, reorder_quantity, lead_time, stockouts, updated_at FROM stock WHERE rowid = 1",
        set(),
    ),
    (
        "stock.reorder_rule_sane",
        "UPDATE stock SET lead_time = 0 WHERE rowid = 1",
        set(),
    ),
    (
        "stock_movements.cancellation_of_cancelled",
        "UPDATE stock_movements SET kind = 'cancellation', quantity = -quantity WHERE kind = 'sale' AND "
        "order_item_id = (SELECT i.id FROM order_items i JOIN orders o ON o.id = i.order_id WHERE o.status "
        "= 'delivered' LIMIT 1)",
        {
            "order_items.cancelled_restocked",
            "order_items.moved_stock_once",
            "stock.on_hand_is_sum",
        },
    ),
    (
        "stock_movements.has_stock",
        "DELETE FROM stock WHERE rowid = (SELECT min(rowid) FROM stock)",
        set(),
    ),
    (
        "variants.entered_with_product",
        "UPDATE variants SET created_at = created_at + 1 WHERE rowid = 1",
        set(),
    ),
    (
        "variants.options_differ",
        "UPDATE variants SET size = (SELECT o.size FROM variants o WHERE o.product_id = "
        "variants.product_id AND o.id <> variants.id LIMIT 1), colour = (SELECT o.colour FROM variants o "
        "WHERE o.product_id = variants.product_id AND o.id <> variants.id LIMIT 1), material = (SELECT "
        "o.material FROM variants o WHERE o.product_id = variants.product_id AND o.id <> variants.id LIMIT "
        "1) WHERE rowid = (SELECT min(v.rowid) FROM variants v WHERE (SELECT count(*) FROM variants o "
        "WHERE o.product_id = v.product_id) = 2)",
        set(),
    ),
]
