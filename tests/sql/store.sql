-- Rules over the tables of a store, in SQLite's dialect and written apart from the program's own: sets are joined and
-- grouped here where the program looks at one row after another. Each has the name of the program's rule and counts the
-- rows that break it. instant(id) is the time in a UUID of version 7, in milliseconds.

-- rule: customers.id.unique
SELECT ifnull(sum(n), 0) FROM (SELECT count(*) AS n FROM customers GROUP BY id HAVING count(*) > 1);

-- rule: customers.email.unique
SELECT ifnull(sum(n), 0) FROM (SELECT count(*) AS n FROM customers GROUP BY lower(email) HAVING count(*) > 1);

-- rule: customers.id_tells_time
SELECT count(*) FROM customers WHERE instant(id) <> created_at / 1000;

-- rule: customers.one_default_address
SELECT count(*) FROM customers WHERE id NOT IN (
    SELECT customer_id FROM addresses WHERE is_default GROUP BY customer_id HAVING count(*) = 1);

-- rule: customers.one_default_payment_method
SELECT count(*) FROM customers WHERE id NOT IN (
    SELECT customer_id FROM payment_methods WHERE is_default GROUP BY customer_id HAVING count(*) = 1);

-- rule: customers.home_is_default_address
SELECT count(*) FROM customers WHERE (default_address_id, id) NOT IN (SELECT id, customer_id FROM addresses WHERE is_default);

-- rule: addresses.customer_id.exists
SELECT count(*) FROM addresses WHERE customer_id NOT IN (SELECT id FROM customers);

-- rule: addresses.after_sign_up
SELECT count(*) FROM customers c JOIN addresses a ON a.customer_id = c.id AND a.created_at < c.created_at;

-- rule: payment_methods.customer_id.exists
SELECT count(*) FROM payment_methods WHERE customer_id NOT IN (SELECT id FROM customers);

-- rule: products.lifetime_in_order
SELECT count(*) FROM products WHERE NOT (created_at <= launched_at AND (retired_at IS NULL OR launched_at < retired_at));

-- rule: product_prices.no_gap
SELECT count(*) FROM (
    SELECT valid_to, lead(valid_from) OVER (PARTITION BY product_id, currency ORDER BY valid_from) AS next FROM product_prices)
WHERE valid_to IS NOT next;

-- rule: orders.id.unique
SELECT ifnull(sum(n), 0) FROM (SELECT count(*) AS n FROM orders GROUP BY id HAVING count(*) > 1);

-- rule: orders.customer_id.exists
SELECT count(*) FROM orders WHERE customer_id NOT IN (SELECT id FROM customers);

-- rule: orders.shipping_address_id.exists
SELECT count(*) FROM orders WHERE shipping_address_id NOT IN (SELECT id FROM addresses);

-- rule: orders.payment_method_id.exists
SELECT count(*) FROM orders WHERE payment_method_id NOT IN (SELECT id FROM payment_methods);

-- rule: orders.after_sign_up
SELECT count(*) FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.created_at < c.created_at;

-- rule: orders.id_tells_time
SELECT count(*) FROM orders WHERE instant(id) <> created_at / 1000;

-- rule: orders.total_adds_up
SELECT count(*) FROM orders
WHERE total_amount - shipping_amount + discount_amount - subtotal_amount <> CASE tax_inclusive WHEN 1 THEN 0 ELSE tax_amount END;

-- rule: orders.subtotal_is_sum
SELECT count(*) FROM orders o
LEFT JOIN (SELECT order_id, sum(quantity * unit_amount) AS goods FROM order_items GROUP BY order_id) i ON i.order_id = o.id
WHERE o.subtotal_amount <> coalesce(goods, 0);

-- rule: orders.discount_is_sum
SELECT count(*) FROM orders o
LEFT JOIN (SELECT order_id, sum(discount_amount) AS off FROM order_items GROUP BY order_id) i ON i.order_id = o.id
WHERE o.discount_amount <> coalesce(off, 0);

-- rule: orders.tax_is_sum
SELECT count(*) FROM orders o
LEFT JOIN (SELECT order_id, sum(tax_amount) AS tax FROM order_items GROUP BY order_id) i ON i.order_id = o.id
WHERE o.tax_amount - o.shipping_tax_amount <> coalesce(tax, 0);

-- rule: orders.item_count_is_count
SELECT count(*) FROM orders o
LEFT JOIN (SELECT order_id, count(*) AS lines FROM order_items GROUP BY order_id) i ON i.order_id = o.id
WHERE o.item_count <> coalesce(lines, 0);

-- rule: orders.currency_of_customer
SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.currency <> o.currency;

-- rule: orders.shipping_address_of_buyer
SELECT count(*) FROM addresses a JOIN orders o ON o.shipping_address_id = a.id WHERE a.customer_id <> o.customer_id;

-- rule: orders.payment_method_of_buyer
SELECT count(*) FROM payment_methods m JOIN orders o ON o.payment_method_id = m.id WHERE m.customer_id <> o.customer_id;

-- rule: orders.within_payment_limit
SELECT count(*) FROM payment_methods m JOIN orders o ON o.payment_method_id = m.id WHERE m.limit_amount < o.total_amount;

-- rule: orders.status_is_last_of_history
SELECT count(*) FROM orders o LEFT JOIN (
    SELECT order_id, status, max(sequence) FROM order_status_history GROUP BY order_id) h ON h.order_id = o.id
WHERE h.status IS NOT o.status;

-- rule: orders.history_begins_at_creation
SELECT count(*) FROM orders o
LEFT JOIN order_status_history h ON h.order_id = o.id AND h.sequence = 1 AND h.status = 'created' AND h.changed_at = o.created_at
WHERE h.id IS NULL;

-- rule: orders.paid_has_capture
SELECT count(*) FROM orders
WHERE status IN ('paid', 'confirmed', 'shipped', 'delivered')
  AND id NOT IN (SELECT order_id FROM payments WHERE status = 'captured');

-- rule: orders.one_capture
SELECT count(*) FROM (
    SELECT p.order_id FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.captured_at IS NOT NULL
    GROUP BY p.order_id HAVING count(*) > 1);

-- rule: orders.called_off_keeps_no_money
SELECT count(*) FROM orders o
LEFT JOIN (SELECT order_id, max(changed_at) AS ended FROM order_status_history WHERE status = 'cancelled' GROUP BY order_id) h
       ON h.order_id = o.id
WHERE o.status IN ('created', 'cancelled', 'payment_failed')
  AND o.id IN (SELECT order_id FROM payments WHERE status = 'captured')
  AND (h.ended IS NULL OR NOT EXISTS (
      SELECT 1 FROM run_times r WHERE r.as_of >= h.ended AND r.as_of < h.ended + 604800000000));

-- rule: orders.shipment_fits_status
SELECT count(*) FROM orders o LEFT JOIN shipments s ON s.order_id = o.id
WHERE (o.status = 'shipped' OR o.status = 'delivered') <> (s.id IS NOT NULL);

-- rule: order_items.order_id.exists
SELECT count(*) FROM order_items WHERE order_id NOT IN (SELECT id FROM orders);

-- rule: order_items.variant_id.exists
SELECT count(*) FROM order_items WHERE variant_id NOT IN (SELECT id FROM variants);

-- rule: order_items.sku_of_variant
SELECT count(*) FROM variants v JOIN order_items i ON i.variant_id = v.id WHERE i.sku <> v.sku;

-- rule: order_items.variant_of_product
SELECT count(*) FROM variants v JOIN order_items i ON i.variant_id = v.id WHERE i.product_id <> v.product_id;

-- rule: order_items.total_adds_up
SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id
WHERE i.total_amount + i.discount_amount - i.quantity * i.unit_amount <> CASE o.tax_inclusive WHEN 1 THEN 0 ELSE i.tax_amount END;

-- rule: order_items.tax_recomputes
SELECT count(*) FROM (
    SELECT i.tax_amount, 2 * (i.quantity * i.unit_amount - i.discount_amount) * i.tax_rate AS twice,
           100000 + CASE o.tax_inclusive WHEN 1 THEN i.tax_rate ELSE 0 END AS whole
    FROM order_items i JOIN orders o ON o.id = i.order_id)
WHERE tax_amount <> (twice + whole) / (2 * whole);

-- rule: order_items.price_in_force
SELECT (SELECT count(*) FROM order_items WHERE order_id IN (SELECT id FROM orders)) - (
    SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id
    JOIN product_prices p ON p.product_id = i.product_id AND p.currency = o.currency AND p.valid_from <= o.created_at
                         AND coalesce(p.valid_to, o.created_at + 1) > o.created_at
    WHERE p.unit_amount = i.unit_amount);

-- rule: order_items.product_active
SELECT count(*) FROM products p JOIN order_items i ON i.product_id = p.id JOIN orders o ON o.id = i.order_id
WHERE NOT (p.launched_at <= o.created_at AND (p.retired_at IS NULL OR o.created_at < p.retired_at));

-- rule: order_items.line_numbers_differ
SELECT ifnull(sum(n), 0) FROM (SELECT count(*) AS n FROM order_items GROUP BY order_id, line_number HAVING count(*) > 1);

-- rule: order_items.cancelled_restocked
SELECT count(*) FROM (
    SELECT i.quantity, o.status, sum(m.quantity) AS moved
    FROM order_items i JOIN orders o ON o.id = i.order_id JOIN stock_movements m ON m.order_item_id = i.id GROUP BY i.id)
WHERE moved + quantity * (status NOT IN ('cancelled', 'payment_failed')) <> 0;

-- rule: order_status_history.order_id.exists
SELECT count(*) FROM order_status_history WHERE order_id NOT IN (SELECT id FROM orders);

-- rule: order_status_history.times_in_order
SELECT count(*) FROM (
    SELECT sequence, changed_at, lag(changed_at) OVER steps AS last, lag(sequence) OVER steps AS place
    FROM order_status_history WINDOW steps AS (PARTITION BY order_id ORDER BY sequence))
WHERE place = sequence - 1 AND changed_at < last;

-- rule: payments.order_id.exists
SELECT count(*) FROM payments WHERE order_id NOT IN (SELECT id FROM orders);

-- rule: payments.amount_is_total
SELECT count(*) FROM orders o JOIN payments p ON p.order_id = o.id AND p.amount <> o.total_amount;

-- rule: payments.within_limit
SELECT count(*) FROM payment_methods m JOIN payments p ON p.payment_method_id = m.id WHERE m.limit_amount < p.amount;

-- rule: payments.not_before_order
SELECT count(*) FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.created_at > p.created_at;

-- rule: shipments.order_id.exists
SELECT count(*) FROM shipments WHERE order_id NOT IN (SELECT id FROM orders);

-- rule: shipments.centre_of_order
SELECT count(*) FROM orders o JOIN shipments s ON s.order_id = o.id AND s.fulfilment_centre_id <> o.fulfilment_centre_id;

-- rule: shipments.shipped_as_in_history
SELECT count(*) FROM shipments s LEFT JOIN (
    SELECT order_id, min(changed_at) AS left_at FROM order_status_history WHERE status = 'shipped' GROUP BY order_id) h
  ON h.order_id = s.order_id
WHERE h.left_at IS NOT s.shipped_at;

-- rule: stock_movements.order_item_id.exists
SELECT count(*) FROM stock_movements
WHERE order_item_id IS NOT NULL AND order_item_id NOT IN (SELECT id FROM order_items);

-- rule: stock_movements.match_order_item
SELECT count(*) FROM order_items i JOIN stock_movements m ON m.order_item_id = i.id
WHERE m.variant_id <> i.variant_id OR m.quantity NOT IN (i.quantity, -i.quantity);

-- rule: stock_movements.sale_not_before_order
SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id JOIN stock_movements m ON m.order_item_id = i.id
WHERE m.occurred_at < o.created_at;

-- rule: stock_movements.never_below_zero
SELECT count(*) FROM (
    SELECT sum(quantity) OVER (PARTITION BY fulfilment_centre_id, variant_id ORDER BY occurred_at) AS level
    FROM stock_movements)
WHERE level < 0;

-- rule: stock_movements.has_stock
SELECT count(*) FROM stock_movements WHERE (fulfilment_centre_id, variant_id) NOT IN (
    SELECT fulfilment_centre_id, variant_id FROM stock);

-- rule: stock.on_hand_is_sum
SELECT count(*) FROM stock s LEFT JOIN (
    SELECT fulfilment_centre_id, variant_id, sum(quantity) AS level FROM stock_movements GROUP BY 1, 2) m
  ON m.fulfilment_centre_id = s.fulfilment_centre_id AND m.variant_id = s.variant_id
WHERE s.on_hand <> coalesce(m.level, 0);

-- rule: stock.updated_with_last_movement
SELECT count(*) FROM stock s JOIN (
    SELECT fulfilment_centre_id, variant_id, max(occurred_at) AS last FROM stock_movements GROUP BY 1, 2) m
  ON m.fulfilment_centre_id = s.fulfilment_centre_id AND m.variant_id = s.variant_id
WHERE s.updated_at <> m.last;
