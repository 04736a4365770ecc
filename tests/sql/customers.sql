-- Customers, their addresses and payment methods. Each rule counts the rows that break it.

-- rule: customer ids are unique
SELECT count(*) - count(DISTINCT id) FROM customers;

-- rule: e-mail addresses are unique regardless of case
SELECT count(*) - count(DISTINCT lower(email)) FROM customers;

-- rule: e-mail addresses are well formed and lower case
SELECT count(*) FROM customers
WHERE NOT regexp_full_match(email, '[a-z][a-z0-9]*([._][a-z][a-z0-9]*)?@([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z]{2,}')
   OR length(email) > 254 OR length(split_part(email, '@', 1)) > 64;

-- rule: ids are UUIDs of version 7 and hold the time of their row
SELECT count(*) FROM (
    SELECT id, created_at AS instant FROM customers
    UNION ALL SELECT id, created_at FROM addresses
    UNION ALL SELECT id, created_at FROM payment_methods
    UNION ALL SELECT id, created_at FROM orders
    UNION ALL SELECT id, created_at FROM payments
    UNION ALL SELECT id, changed_at FROM order_status_history
    UNION ALL SELECT id, shipped_at FROM shipments
    UNION ALL SELECT id, occurred_at FROM stock_movements)
WHERE (id::VARCHAR)[15] <> '7' OR (id::VARCHAR)[20] NOT IN ('8', '9', 'a', 'b')
   OR ('0x' || replace((id::VARCHAR)[1:13], '-', ''))::BIGINT <> epoch_us(instant) // 1000;

-- rule: customers stand in order of sign-up and of id
SELECT count(*) FROM (
    SELECT created_at, id::VARCHAR AS id, lag(created_at) OVER place AS before, lag(id::VARCHAR) OVER place AS id_before
    FROM (SELECT *, row_number() OVER () AS place FROM customers) WINDOW place AS (ORDER BY place))
WHERE before > created_at OR id_before[1:17] > id[1:17];

-- rule: nobody signs up outside the shop's life
SELECT count(*) FROM customers, run WHERE created_at < opening OR created_at >= as_of;

-- rule: ages are 16 to 95 at as-of, and 16 at sign-up
SELECT count(*) FROM customers, run
WHERE date_diff('day', birth_date, as_of::DATE) > 95 * 365.25 + 1
   OR birth_date + INTERVAL 16 YEAR > created_at::DATE;

-- rule: country, locale, language and currency belong together
SELECT count(*) FROM customers c LEFT JOIN market m ON m.country = c.country
WHERE m.country IS NULL OR c.locale <> m.locale OR c.language <> m.language OR c.currency <> m.currency;

-- rule: given names are of the country and of the sex
SELECT count(*) FROM customers c
WHERE NOT EXISTS (FROM given_name g WHERE g.country = c.country AND g.name = c.given_name AND g.sex = c.sex[1]);

-- rule: nobody was born in a decade (give or take a day) when nobody got the name, but for those young at sign-up
SELECT count(*) FROM customers c, run
WHERE date_diff('year', birth_date, created_at::DATE) > 21
  AND NOT EXISTS (
      FROM given_name g
      WHERE g.country = c.country AND g.name = c.given_name AND g.sex = c.sex[1]
        AND (g.weights[least(greatest(year(c.birth_date - 1) // 10 - 192, 1), len(g.weights))] > 0
             OR g.weights[least(greatest(year(c.birth_date + 1) // 10 - 192, 1), len(g.weights))] > 0));

-- rule: family names are of the country
SELECT count(*) FROM customers c
WHERE NOT EXISTS (FROM family_name f WHERE f.country = c.country AND f.name = c.family_name);

-- rule: telephone numbers lie in a range of the country and kind
SELECT count(*) FROM customers c
WHERE phone IS NOT NULL
  AND NOT EXISTS (
      FROM phone_range r
      WHERE r.country = c.country AND r.kind = c.phone_kind AND starts_with(c.phone, r.prefix)
        AND length(c.phone) = length(r.prefix) + r.digits);

-- rule: a telephone number and its kind come together
SELECT count(*) FROM customers WHERE (phone IS NULL) <> (phone_kind IS NULL);

-- rule: credit limits are whole hundreds, or thousands of a currency without minor units
SELECT count(*) FROM customers
WHERE credit_limit <= 0 OR credit_limit % (CASE currency WHEN 'JPY' THEN 1000 ELSE 10000 END) <> 0;

-- rule: segments are known
SELECT count(*) FROM customers WHERE segment NOT IN ('new', 'regular', 'vip', 'wholesale', 'dormant');

-- rule: new customers are new
SELECT count(*) FROM customers, run WHERE segment = 'new' AND created_at < as_of - INTERVAL 90 DAY;

-- rule: home addresses are the customer's
SELECT count(*) FROM customers c LEFT JOIN addresses a ON a.id = c.default_address_id
WHERE a.id IS NULL OR a.customer_id <> c.id OR NOT a.is_default OR a.street <> c.street OR a.city <> c.city
   OR a.region IS DISTINCT FROM c.region OR a.postal_code <> c.postal_code OR a.country <> c.country
   OR a.created_at <> c.created_at;

-- rule: every customer has one to three addresses, one of them the default
SELECT count(*) FROM (
    SELECT c.id, count(a.id) AS n, count(*) FILTER (a.is_default) AS defaults
    FROM customers c LEFT JOIN addresses a ON a.customer_id = c.id GROUP BY c.id)
WHERE n NOT BETWEEN 1 AND 3 OR defaults <> 1;

-- rule: address ids are unique, addresses have their customer
SELECT count(*) - count(DISTINCT a.id) + count(*) FILTER (c.id IS NULL)
FROM addresses a LEFT JOIN customers c ON c.id = a.customer_id;

-- rule: addresses are not older than their customer, nor later than as-of
SELECT count(*) FROM addresses a JOIN customers c ON c.id = a.customer_id, run
WHERE a.created_at < c.created_at OR a.created_at > as_of;

-- rule: postal codes belong to the city and region of the address
SELECT count(*) FROM addresses a
WHERE NOT EXISTS (
    FROM place p
    WHERE p.country = a.country AND p.city = a.city AND p.postal_code = a.postal_code
      AND p.region IS NOT DISTINCT FROM a.region);

-- rule: recipients are written in the national order of names
SELECT count(*) FROM addresses a JOIN customers c ON c.id = a.customer_id
WHERE a.recipient <> CASE WHEN c.country = 'JP' THEN c.family_name || ' ' || c.given_name
                          ELSE c.given_name || ' ' || c.family_name END;

-- rule: businesses have a name, homes have none
SELECT count(*) FROM addresses WHERE (company IS NULL) <> (kind <> 'work') OR company = '';

-- rule: streets are not empty and have a number
SELECT count(*) FROM addresses WHERE NOT regexp_matches(street, '[0-9]') OR trim(street) <> street;

-- rule: every customer has one to three payment methods, one of them the default
SELECT count(*) FROM (
    SELECT c.id, count(m.id) AS n, count(*) FILTER (m.is_default) AS defaults
    FROM customers c LEFT JOIN payment_methods m ON m.customer_id = c.id GROUP BY c.id)
WHERE n NOT BETWEEN 1 AND 3 OR defaults <> 1;

-- rule: payment method ids are unique, methods have their customer
SELECT count(*) - count(DISTINCT m.id) + count(*) FILTER (c.id IS NULL)
FROM payment_methods m LEFT JOIN customers c ON c.id = m.customer_id;

-- rule: payment methods are not older than their customer, nor later than as-of, and in his currency
SELECT count(*) FROM payment_methods m JOIN customers c ON c.id = m.customer_id, run
WHERE m.created_at < c.created_at OR m.created_at > as_of OR m.currency <> c.currency;

-- rule: brands are of the country and kind
SELECT count(*) FROM payment_methods m JOIN customers c ON c.id = m.customer_id
WHERE NOT EXISTS (FROM payment_brand b WHERE b.country = c.country AND b.name = m.brand AND b.kind = m.kind);

-- rule: cards have a number and an expiry, nothing else has
SELECT count(*) FROM payment_methods
WHERE (kind = 'card') <> (card_number IS NOT NULL) OR (kind = 'card') <> (expiry_month IS NOT NULL)
   OR (kind = 'card') <> (expiry_year IS NOT NULL) OR expiry_month NOT BETWEEN 1 AND 12;

-- rule: card numbers pass Luhn's check
SELECT count(*) FROM payment_methods
WHERE card_number IS NOT NULL
  AND (NOT regexp_full_match(card_number, '[0-9]{12,19}')
       OR list_sum(list_transform(range(1, length(card_number) + 1), lambda i:
              CASE WHEN i % 2 = 1 THEN reverse(card_number)[i]::INT
                   ELSE reverse(card_number)[i]::INT * 2 // 10 + reverse(card_number)[i]::INT * 2 % 10 END)) % 10 <> 0);

-- rule: card numbers are published test numbers of the brand
SELECT count(*) FROM payment_methods m
WHERE card_number IS NOT NULL
  AND NOT EXISTS (
      FROM card_range r
      WHERE r.brand = m.brand AND starts_with(m.card_number, r.prefix) AND length(m.card_number) = r.length);

-- rule: cards expire after they were added, the default one after as-of
SELECT count(*) FROM payment_methods, run
WHERE kind = 'card'
  AND make_date(expiry_year, expiry_month, 1) + INTERVAL 1 MONTH
      <= greatest(created_at::DATE, CASE WHEN is_default THEN as_of::DATE ELSE DATE '1970-01-01' END);

-- rule: limits are whole hundreds, or thousands of a currency without minor units
SELECT count(*) FROM payment_methods
WHERE limit_amount <= 0 OR limit_amount % (CASE currency WHEN 'JPY' THEN 1000 ELSE 10000 END) <> 0;

-- rule: what is bought on account is limited by the credit
SELECT count(*) FROM payment_methods m JOIN customers c ON c.id = m.customer_id
WHERE m.kind = 'invoice' AND m.limit_amount <> c.credit_limit;
