-- Stock and its movements. Each rule counts the rows that break it.

-- rule: ids are unique
SELECT sum(n) FROM (
    SELECT count(*) - count(DISTINCT id) AS n FROM stock
    UNION ALL SELECT count(*) - count(DISTINCT (fulfilment_centre_id, variant_id)) FROM stock
    UNION ALL SELECT count(*) - count(DISTINCT id) FROM stock_movements);

-- rule: the stock on hand is the sum of its movements
SELECT count(*) FROM stock s FULL JOIN (
    SELECT fulfilment_centre_id, variant_id, sum(quantity) AS total, max(occurred_at) AS last
    FROM stock_movements GROUP BY ALL) m USING (fulfilment_centre_id, variant_id)
WHERE s.on_hand IS DISTINCT FROM m.total OR s.updated_at IS DISTINCT FROM m.last;

-- rule: the stock is never below zero at any instant
SELECT count(*) FROM (
    SELECT sum(change) OVER (PARTITION BY fulfilment_centre_id, variant_id ORDER BY occurred_at) AS level
    FROM (SELECT fulfilment_centre_id, variant_id, occurred_at, sum(quantity) AS change
          FROM stock_movements GROUP BY ALL))
WHERE level < 0;

-- rule: movements have the sign of their kind, and no time after as-of
SELECT count(*) FROM stock_movements, run
WHERE occurred_at > as_of OR quantity = 0 OR (quantity < 0) <> (kind = 'sale')
   OR (order_item_id IS NOT NULL) <> (kind IN ('sale', 'cancellation'));

-- rule: there is one opening per centre and variant, before everything else
SELECT count(*) FROM (
    SELECT count(*) FILTER (kind = 'opening') AS openings, min(occurred_at) FILTER (kind = 'opening') AS opened,
           min(occurred_at) AS first
    FROM stock_movements GROUP BY fulfilment_centre_id, variant_id)
WHERE openings <> 1 OR opened <> first;

-- rule: sales are of the line's variant, quantity and centre, not before the order
SELECT count(*) FROM stock_movements m LEFT JOIN order_items i ON i.id = m.order_item_id
LEFT JOIN orders o ON o.id = i.order_id
WHERE m.kind = 'sale'
  AND (o.id IS NULL OR m.variant_id <> i.variant_id OR m.quantity <> -i.quantity
       OR m.fulfilment_centre_id <> o.fulfilment_centre_id OR m.occurred_at < o.created_at);

-- rule: goods in stock leave it at the order, backordered ones later
SELECT count(*) FROM order_items i JOIN orders o ON o.id = i.order_id
LEFT JOIN stock_movements m ON m.order_item_id = i.id AND m.kind = 'sale'
WHERE (i.fulfilment <> 'backordered' AND m.occurred_at IS DISTINCT FROM o.created_at)
   OR (i.fulfilment = 'backordered' AND m.occurred_at <= o.created_at);

-- rule: a line is sold once at most
SELECT count(*) FROM (
    SELECT order_item_id FROM stock_movements WHERE kind = 'sale' GROUP BY order_item_id HAVING count(*) > 1);

-- rule: what an order that ended had taken comes back once, when it ends
SELECT count(*) FROM (
    SELECT s.order_item_id, s.quantity AS sold, s.occurred_at AS sold_at, c.quantity AS back, c.occurred_at AS back_at,
           s.variant_id = c.variant_id AND s.fulfilment_centre_id = c.fulfilment_centre_id AS same_place, h.changed_at AS ended_at
    FROM stock_movements s
    LEFT JOIN stock_movements c ON c.order_item_id = s.order_item_id AND c.kind = 'cancellation'
    JOIN order_items i ON i.id = s.order_item_id
    LEFT JOIN order_status_history h ON h.order_id = i.order_id AND h.status IN ('cancelled', 'payment_failed')
    WHERE s.kind = 'sale')
WHERE (back IS NOT NULL) <> (ended_at IS NOT NULL) OR (back IS NOT NULL AND (back <> -sold OR NOT same_place))
   OR back_at <> ended_at OR back_at < sold_at;

-- rule: nothing comes back that was not sold
SELECT count(*) FROM stock_movements c
WHERE kind = 'cancellation'
  AND NOT EXISTS (FROM stock_movements s WHERE s.kind = 'sale' AND s.order_item_id = c.order_item_id);

-- rule: nothing is shipped before all its goods have left the stock
SELECT count(*) FROM shipments h JOIN order_items i ON i.order_id = h.order_id
LEFT JOIN stock_movements m ON m.order_item_id = i.id AND m.kind = 'sale'
WHERE m.occurred_at IS NULL OR m.occurred_at > h.shipped_at;

-- rule: deliveries come in business hours of the centre
SELECT count(*) FROM (
    SELECT f.country AS land, timezone(f.time_zone, occurred_at) AS local
    FROM stock_movements m JOIN fulfilment_centres f ON f.id = m.fulfilment_centre_id WHERE m.kind = 'receipt')
WHERE hour(local) NOT BETWEEN 8 AND 17 OR isodow(local) > 5
   OR EXISTS (FROM holiday d WHERE d.country = land AND d.day = local::DATE);

-- rule: stockouts are as many as lines that were not met, at least
SELECT count(*) FROM stock s LEFT JOIN (
    SELECT o.fulfilment_centre_id, coalesce(i.requested_variant_id, i.variant_id) AS variant_id, count(*) AS unmet
    FROM order_items i JOIN orders o ON o.id = i.order_id WHERE i.fulfilment <> 'stock' GROUP BY ALL) d
  USING (fulfilment_centre_id, variant_id)
WHERE s.stockouts <> coalesce(d.unmet, 0);

-- rule: stock is of known centres and variants
SELECT count(*) FROM stock s LEFT JOIN fulfilment_centres f ON f.id = s.fulfilment_centre_id
LEFT JOIN variants v ON v.id = s.variant_id WHERE f.id IS NULL OR v.id IS NULL;
