-- Keys that requests over HTTP carry. digest is the SHA-256 of the key, which itself is never kept. scopes are bits: 1
-- read, 2 generate, 4 admin, 8 personal-data. rate is in requests a minute; null leaves it to the server. Rows are kept
-- after a key was revoked or has expired.
CREATE TABLE api_keys (
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    scopes integer NOT NULL CHECK (scopes BETWEEN 1 AND 15),
    rate bigint CHECK (rate > 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    used_at timestamptz,
    CONSTRAINT api_keys_id PRIMARY KEY (id),
    CONSTRAINT api_keys_digest UNIQUE (digest)
);

-- The tables whose shape is compared when a store is opened. A migration that makes a table adds its name.
CREATE TABLE shape_tables (
    name text COLLATE "C" PRIMARY KEY
);

INSERT INTO shape_tables (name) VALUES
    ('categories'), ('brands'), ('products'), ('product_prices'), ('variants'), ('fulfilment_centres'), ('customers'),
    ('addresses'), ('payment_methods'), ('orders'), ('order_items'), ('order_status_history'), ('payments'),
    ('shipments'), ('stock_movements'), ('stock'),
    ('counters'), ('runs'), ('kept_answers'), ('deferred_tables'), ('api_keys'), ('shape_tables');

-- What the tables consist of, partitions aside, in words that make it again.
CREATE OR REPLACE VIEW cartwright_shape AS
WITH ours AS (
    SELECT oid, relname::text AS name FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        AND relname IN (SELECT name FROM shape_tables)
)
SELECT 1 AS step, 'column' AS kind, ours.name AS relation, attname::text AS name, NULL AS target,
    format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END AS definition
FROM ours JOIN pg_attribute ON attrelid = ours.oid WHERE attnum > 0 AND NOT attisdropped
UNION ALL
SELECT CASE contype WHEN 'c' THEN 2 WHEN 'f' THEN 5 ELSE 4 END,
    CASE contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' ELSE 'key' END, ours.name, conname::text,
    (SELECT relname::text FROM pg_class WHERE oid = confrelid), pg_get_constraintdef(pg_constraint.oid)
FROM ours JOIN pg_constraint ON conrelid = ours.oid WHERE conparentid = 0 AND contype IN ('c', 'f', 'p', 'u')
UNION ALL
SELECT 3, 'index', ours.name, pg_class.relname::text, NULL,
    replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
FROM ours JOIN pg_index ON indrelid = ours.oid JOIN pg_class ON pg_class.oid = indexrelid
WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid);

-- Takes keys and indexes away from the tables of the shop (those that count their rows) that are empty, apart from
-- those whose rows are looked up one by one while they are loaded. Returns the tables.
CREATE OR REPLACE FUNCTION cartwright_defer() RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    empty_tables text[] := ARRAY[]::text[];
    relation text;
    has_rows boolean;
    part record;
BEGIN
    FOR relation IN SELECT s.relation FROM schema_shape s WHERE s.kind = 'column' AND s.name = 'rowid'
        AND s.relation NOT IN ('categories', 'fulfilment_centres', 'stock') LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', relation) INTO has_rows;
        IF NOT has_rows THEN
            empty_tables := empty_tables || relation;
        END IF;
    END LOOP;
    INSERT INTO deferred_tables SELECT unnest(empty_tables) ON CONFLICT DO NOTHING;
    FOR part IN SELECT s.relation, s.name FROM schema_shape s WHERE kind IN ('foreign key', 'key')
        AND (s.relation = ANY (empty_tables) OR s.target = ANY (empty_tables)) ORDER BY step DESC LOOP
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT IF EXISTS %I', part.relation, part.name);
    END LOOP;
    FOR part IN SELECT s.name FROM schema_shape s WHERE kind = 'index' AND s.relation = ANY (empty_tables) LOOP
        EXECUTE format('DROP INDEX IF EXISTS %I', part.name);
    END LOOP;
    RETURN empty_tables;
END
$$;
