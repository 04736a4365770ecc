-- Orders, their items, payments, parcels and history. Each rule counts the rows that break it.

-- rule: ids are unique
SELECT sum(n) FROM (
    SELECT count(*) - count(DISTINCT id) AS n FROM orders
    UNION ALL SELECT count(*) - count(DISTINCT id) FROM order_items
    UNION ALL SELECT count(*) - count(DISTINCT id) FROM payments
    UNION ALL SELECT count(*) - count(DISTINCT id) FROM shipments
    UNION ALL SELECT count(*) - count(DISTINCT order_id) FROM shipments
    UNION ALL SELECT count(*) - count(DISTINCT tracking_number) FROM shipments
    UNION ALL SELECT count(*) - count(DISTINCT id) FROM order_status_history);

-- rule: orders lie in the range asked for
SELECT count(*) FROM orders, run WHERE created_at < range_from OR created_at >= range_to;

-- rule: nobody orders before signing up
SELECT count(*) FROM orders o LEFT JOIN customers c ON c.id = o.customer_id
WHERE c.id IS NULL OR o.created_at < c.created_at;

-- rule: orders go to addresses of the buyer that exist by then
SELECT count(*) FROM orders o
LEFT JOIN addresses s ON s.id = o.shipping_address_id LEFT JOIN addresses b ON b.id = o.billing_address_id
WHERE s.customer_id IS DISTINCT FROM o.customer_id OR b.customer_id IS DISTINCT FROM o.customer_id
   OR s.created_at > o.created_at OR b.created_at > o.created_at;

-- rule: orders are paid by a valid method of the buyer that can bear the amount
SELECT count(*) FROM orders o LEFT JOIN payment_methods m ON m.id = o.payment_method_id
WHERE m.customer_id IS DISTINCT FROM o.customer_id OR m.created_at > o.created_at OR m.limit_amount < o.total_amount
   OR (m.kind = 'card' AND make_date(m.expiry_year, m.expiry_month, 1) + INTERVAL 1 MONTH <= o.created_at);

-- rule: an account bears what its owner's credit limit says
SELECT count(*) FROM payment_methods m JOIN customers c ON c.id = m.customer_id
WHERE m.kind = 'invoice' AND m.limit_amount IS DISTINCT FROM c.credit_limit;

-- rule: what is charged to an account and not yet captured stays within the credit limit
SELECT count(*) FROM (
    SELECT credit_limit, sum(amount) OVER (PARTITION BY customer_id ORDER BY time, amount) AS open FROM (
        SELECT o.customer_id, c.credit_limit, unnest([p.created_at, coalesce(p.captured_at, 'infinity')]) AS time,
               unnest([p.amount, -p.amount]) AS amount
        FROM payments p JOIN orders o ON o.id = p.order_id JOIN customers c ON c.id = o.customer_id
        JOIN payment_methods m ON m.id = p.payment_method_id
        WHERE m.kind = 'invoice' AND p.status <> 'failed'))
WHERE open > credit_limit;

-- rule: the currency is the buyer's, the centre one of his country
SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id
LEFT JOIN fulfilment_centres f ON f.id = o.fulfilment_centre_id
WHERE o.currency <> c.currency OR f.country IS DISTINCT FROM c.country;

-- rule: the centre is open at the order time
SELECT count(*) FROM orders o LEFT JOIN fulfilment_centres f ON f.id = o.fulfilment_centre_id
WHERE f.opened_at IS NULL OR o.created_at < f.opened_at;

-- rule: items belong to an order and are numbered from 1
SELECT count(*) FROM (
    SELECT o.item_count, count(i.id) AS n, min(line_number) AS low, max(line_number) AS high,
           count(DISTINCT line_number) AS different
    FROM orders o LEFT JOIN order_items i ON i.order_id = o.id GROUP BY o.id, o.item_count)
WHERE n <> item_count OR n < 1 OR low <> 1 OR high <> n OR different <> n;

-- rule: no item without an order
SELECT count(*) FROM order_items i ANTI JOIN orders o ON o.id = i.order_id;

-- rule: items name a variant of the product by its code
SELECT count(*) FROM order_items i LEFT JOIN variants v ON v.id = i.variant_id
WHERE v.product_id IS DISTINCT FROM i.product_id OR v.sku <> i.sku;

-- rule: substitutes are another variant of the same product
SELECT count(*) FROM order_items i LEFT JOIN variants v ON v.id = i.requested_variant_id
WHERE (i.fulfilment = 'substituted') <> (i.requested_variant_id IS NOT NULL)
   OR (i.requested_variant_id IS NOT NULL
       AND (v.product_id IS DISTINCT FROM i.product_id OR i.requested_variant_id = i.variant_id));

-- rule: products are on sale at the order time
SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id JOIN products p ON p.id = i.product_id
WHERE o.created_at < p.launched_at OR o.created_at >= p.retired_at;

-- rule: prices are those in force at the order time
SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id
ASOF LEFT JOIN product_prices p
  ON p.product_id = i.product_id AND p.currency = o.currency AND p.valid_from <= o.created_at
WHERE p.unit_amount IS DISTINCT FROM i.unit_amount OR p.valid_to <= o.created_at;

-- rule: nothing is sold where it must not be
SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id JOIN products p ON p.id = i.product_id
JOIN customers c ON c.id = o.customer_id
WHERE list_contains(string_split(coalesce(p.excluded_countries, ''), ';'), c.country);

-- rule: nothing is sold to those too young
SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id JOIN products p ON p.id = i.product_id
JOIN customers c ON c.id = o.customer_id
WHERE p.minimum_age IS NOT NULL
  AND (c.birth_date + to_years(p.minimum_age))::DATE > (o.created_at AT TIME ZONE 'UTC')::DATE;

-- rule: quantities and prices are positive, discounts no more than the goods
SELECT count(*) FROM order_items
WHERE quantity < 1 OR unit_amount < 1 OR discount_amount < 0 OR discount_amount > quantity * unit_amount;

-- rule: tax rates are those of the country, state and tax class
SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id JOIN products p ON p.id = i.product_id
JOIN customers c ON c.id = o.customer_id JOIN market m ON m.country = c.country
LEFT JOIN sales_tax s ON s.country = c.country AND s.region = c.region
WHERE o.tax_inclusive <> m.tax_inclusive
   OR i.tax_rate IS DISTINCT FROM (CASE
       WHEN NOT m.tax_inclusive THEN CASE p.tax_class WHEN 'standard' THEN coalesce(s.rate, 0) ELSE 0 END
       WHEN p.tax_class = 'reduced' THEN m.reduced_rate
       WHEN p.tax_class = 'zero' THEN m.zero_rate
       ELSE m.standard_rate END);

-- rule: line taxes are the rate on what is paid, rounded half up
SELECT count(*) FROM (
    SELECT i.*, o.tax_inclusive, i.quantity::HUGEINT * i.unit_amount - i.discount_amount AS net
    FROM order_items i JOIN orders o ON o.id = i.order_id)
WHERE tax_amount <> CASE WHEN tax_inclusive THEN (2 * net * tax_rate + 100000 + tax_rate) // (2 * (100000 + tax_rate))
                         ELSE (2 * net * tax_rate + 100000) // 200000 END
   OR total_amount <> net + CASE WHEN tax_inclusive THEN 0 ELSE tax_amount END;

-- rule: order amounts are the sums of their items
SELECT count(*) FROM orders o JOIN (
    SELECT order_id, sum(quantity * unit_amount) AS goods, sum(discount_amount) AS discount, sum(tax_amount) AS tax,
           sum(total_amount) AS total
    FROM order_items GROUP BY order_id) i ON i.order_id = o.id
WHERE o.subtotal_amount <> goods OR o.discount_amount <> discount OR o.tax_amount <> tax + o.shipping_tax_amount
   OR o.total_amount <> total + o.shipping_amount
   OR o.total_amount <> goods - discount + o.shipping_amount + CASE WHEN o.tax_inclusive THEN 0 ELSE o.tax_amount END;

-- rule: shipping fees hold their tax
SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id JOIN market m ON m.country = c.country
WHERE shipping_amount < 0
   OR shipping_tax_amount <> CASE WHEN m.tax_inclusive
          THEN (2 * shipping_amount * m.standard_rate + 100000 + m.standard_rate) // (2 * (100000 + m.standard_rate))
          ELSE 0 END;

-- rule: fraud flags and cancellation reasons fit
SELECT count(*) FROM orders
WHERE is_fraud_flagged <> (fraud_score >= 80) OR fraud_score NOT BETWEEN 0 AND 100
   OR (cancellation_reason IS NOT NULL) <> (status = 'cancelled')
   OR (cancellation_reason = 'fraud' AND NOT is_fraud_flagged);

-- rule: histories are numbered from 1, begin at the order and go on in time until as-of
SELECT count(*) FROM (
    SELECT h.*, o.created_at, lag(changed_at) OVER steps AS before, lag(sequence, 1, 0) OVER steps AS sequence_before
    FROM order_status_history h LEFT JOIN orders o ON o.id = h.order_id
    WINDOW steps AS (PARTITION BY h.order_id ORDER BY sequence)), run
WHERE created_at IS NULL OR sequence <> sequence_before + 1 OR before > changed_at OR changed_at > as_of
   OR (sequence = 1 AND (status <> 'created' OR changed_at <> created_at));

-- rule: every step may follow the one before
SELECT count(*) FROM (
    SELECT status, lag(status) OVER (PARTITION BY order_id ORDER BY sequence) AS before FROM order_status_history)
WHERE before IS NOT NULL
  AND (before, status) NOT IN (('created', 'paid'), ('created', 'payment_failed'), ('created', 'cancelled'),
      ('paid', 'confirmed'), ('paid', 'cancelled'), ('confirmed', 'shipped'), ('confirmed', 'cancelled'),
      ('shipped', 'delivered'));

-- rule: the status is the last of the history
SELECT count(*) FROM orders o LEFT JOIN (
    SELECT order_id, arg_max(status, sequence) AS last FROM order_status_history GROUP BY order_id) h ON h.order_id = o.id
WHERE h.last IS DISTINCT FROM o.status;

-- rule: the shop confirms, ships and calls off in business hours of the centre
SELECT count(*) FROM (
    SELECT f.country AS land, timezone(f.time_zone, changed_at) AS local
    FROM order_status_history h JOIN orders o ON o.id = h.order_id JOIN fulfilment_centres f ON f.id = o.fulfilment_centre_id
    WHERE h.status IN ('confirmed', 'shipped')
       OR (h.status = 'cancelled' AND o.cancellation_reason IN ('payment_timeout', 'fraud', 'address_problem')))
WHERE hour(local) NOT BETWEEN 8 AND 17 OR isodow(local) > 5
   OR EXISTS (FROM holiday d WHERE d.country = land AND d.day = local::DATE);

-- rule: parcels arrive by day, not on Sundays and holidays
SELECT count(*) FROM (
    SELECT f.country AS land, timezone(f.time_zone, delivered_at) AS local
    FROM shipments s JOIN fulfilment_centres f ON f.id = s.fulfilment_centre_id WHERE delivered_at IS NOT NULL)
WHERE hour(local) NOT BETWEEN 8 AND 20 OR isodow(local) = 7
   OR EXISTS (FROM holiday d WHERE d.country = land AND d.day = local::DATE);

-- rule: every shipped order has one parcel of its centre and option, at the time of its history
SELECT count(*) FROM (
    SELECT o.id, o.status, o.shipping_option, o.fulfilment_centre_id,
           max(changed_at) FILTER (h.status = 'shipped') AS shipped, max(changed_at) FILTER (h.status = 'delivered') AS arrived
    FROM orders o JOIN order_status_history h ON h.order_id = o.id
    GROUP BY o.id, o.status, o.shipping_option, o.fulfilment_centre_id) o
FULL JOIN shipments s ON s.order_id = o.id
WHERE (s.id IS NOT NULL) <> (o.shipped IS NOT NULL) OR s.shipped_at <> o.shipped
   OR s.delivered_at IS DISTINCT FROM o.arrived OR (s.status = 'delivered') <> (o.arrived IS NOT NULL)
   OR s.service <> o.shipping_option OR s.fulfilment_centre_id <> o.fulfilment_centre_id;

-- rule: parcels weigh what is in them and 150 g more
SELECT count(*) FROM shipments s JOIN (
    SELECT order_id, sum(quantity * p.weight) AS weight
    FROM order_items i JOIN products p ON p.id = i.product_id GROUP BY order_id) i ON i.order_id = s.order_id
WHERE s.weight <> i.weight + 150;

-- rule: parcels arrive after they left and are promised from the order's next day on
SELECT count(*) FROM shipments s JOIN orders o ON o.id = s.order_id, run
WHERE s.delivered_at <= s.shipped_at OR s.delivered_at > as_of OR s.shipped_at > as_of
   OR s.promised_on <= o.created_at::DATE - 1;

-- rule: payments ask for the order's total by its method, from attempt 1 on
SELECT count(*) FROM (
    SELECT p.*, o.total_amount, o.currency AS order_currency, o.payment_method_id AS method, o.created_at AS ordered_at,
           row_number() OVER (PARTITION BY p.order_id ORDER BY attempt) AS place
    FROM payments p LEFT JOIN orders o ON o.id = p.order_id), run
WHERE ordered_at IS NULL OR amount <> total_amount OR currency <> order_currency OR payment_method_id <> method
   OR attempt <> place OR created_at < ordered_at OR created_at > as_of;

-- rule: only the last attempt may succeed
SELECT count(*) FROM (
    SELECT status, attempt, max(attempt) OVER (PARTITION BY order_id) AS last FROM payments)
WHERE attempt < last AND status <> 'failed';

-- rule: payment times fit their status
SELECT count(*) FROM payments, run
WHERE (captured_at IS NOT NULL) <> (status IN ('captured', 'refunded')) OR (refunded_at IS NOT NULL) <> (status = 'refunded')
   OR (failure_code IS NOT NULL) <> (status = 'failed') OR captured_at < created_at OR refunded_at < captured_at
   OR captured_at > as_of OR refunded_at > as_of;

-- rule: an order is paid when its payment is captured
SELECT count(*) FROM (
    SELECT order_id, max(changed_at) FILTER (status = 'paid') AS paid, bool_or(status = 'cancelled') AS cancelled,
           bool_or(status = 'payment_failed') AS failed
    FROM order_status_history GROUP BY order_id) h
LEFT JOIN (SELECT order_id, max(captured_at) AS captured, bool_or(status = 'pending') AS pending,
                  bool_or(status = 'refunded') AS refunded FROM payments GROUP BY order_id) p USING (order_id)
WHERE paid IS DISTINCT FROM captured OR (pending AND (failed OR cancelled)) OR (refunded AND NOT cancelled)
   OR (failed AND captured IS NOT NULL);

-- rule: every order has a payment
SELECT count(*) FROM orders o ANTI JOIN payments p ON p.order_id = o.id;
