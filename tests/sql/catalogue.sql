-- Categories, brands, products, prices and variants. Each rule counts the rows that break it.

-- rule: ids and codes are unique
SELECT sum(n) FROM (
    SELECT count(*) - count(DISTINCT id) AS n FROM categories
    UNION ALL SELECT count(*) - count(DISTINCT id) FROM brands
    UNION ALL SELECT count(*) - count(DISTINCT id) FROM products
    UNION ALL SELECT count(*) - count(DISTINCT id) FROM product_prices
    UNION ALL SELECT count(*) - count(DISTINCT id) FROM variants
    UNION ALL SELECT count(*) - count(DISTINCT sku) FROM variants
    UNION ALL SELECT count(*) - count(DISTINCT barcode) FROM variants
    UNION ALL SELECT count(*) - count(DISTINCT code) FROM fulfilment_centres);

-- rule: categories have a parent one level up
SELECT count(*) FROM categories c LEFT JOIN categories p ON p.id = c.parent_id
WHERE (c.level = 1) <> (c.parent_id IS NULL) OR (c.parent_id IS NOT NULL AND p.level IS DISTINCT FROM c.level - 1);

-- rule: products stand in a leaf and have a brand and a variant
SELECT count(*) FROM products p LEFT JOIN categories c ON c.id = p.category_id LEFT JOIN brands b ON b.id = p.brand_id
WHERE c.is_leaf IS DISTINCT FROM true OR b.id IS NULL OR NOT EXISTS (FROM variants v WHERE v.product_id = p.id);

-- rule: costs are below list prices, weights are positive
SELECT count(*) FROM products WHERE cost_amount >= list_amount OR cost_amount < 1 OR weight < 1 OR popularity < 1;

-- rule: products live within the shop's life
SELECT count(*) FROM products, run
WHERE created_at > launched_at OR retired_at <= launched_at OR (status = 'retired') <> (retired_at IS NOT NULL)
   OR retired_at > as_of OR launched_at > as_of;

-- rule: prices follow one another without gaps from launch on, in every currency
SELECT count(*) FROM (
    SELECT p.launched_at, r.valid_from, r.valid_to, r.unit_amount,
           lag(r.valid_to) OVER steps AS before, row_number() OVER steps AS place, lead(r.valid_from) OVER steps AS next
    FROM product_prices r JOIN products p ON p.id = r.product_id
    WINDOW steps AS (PARTITION BY r.product_id, r.currency ORDER BY r.valid_from))
WHERE unit_amount < 1 OR (place = 1 AND valid_from <> launched_at) OR (place > 1 AND before IS DISTINCT FROM valid_from)
   OR (next IS NULL) <> (valid_to IS NULL);

-- rule: every product has prices in every currency
SELECT count(*) FROM (
    SELECT p.id, count(DISTINCT r.currency) AS currencies FROM products p LEFT JOIN product_prices r ON r.product_id = p.id
    GROUP BY p.id)
WHERE currencies <> (SELECT count(DISTINCT currency) FROM market);

-- rule: barcodes are valid EAN-13 codes for use in a shop
SELECT count(*) FROM variants
WHERE NOT regexp_full_match(barcode, '(02|2[0-9])[0-9]{11}')
   OR list_sum(list_transform(range(1, 14), lambda i: barcode[i]::INT * CASE WHEN i % 2 = 0 THEN 3 ELSE 1 END)) % 10 <> 0;
