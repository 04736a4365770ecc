-- The shop: one table per entity of the catalogue, in its order of columns, and rowid, which counts a table's rows from
-- 1 in the order in which they were committed; rows that someone else adds are counted by its default. Text is compared
-- by its bytes. customers.default_address_id references no table: the address is loaded after its customer. Closed sets
-- and ranges are those of the catalogue in src/model/entities/.
--
-- Orders, and what belongs to them, are partitioned by month. Their key is the range of ids: a UUID of version 7 begins
-- with the time of its row, so that the id alone is unique over all partitions, foreign keys need no second column, and
-- a look-up by id opens one partition. Partitions are made ahead of a run by the function below; what is in none of
-- them is in the one named _other. Autovacuum is told to look at large tables after a share of rows that a bulk
-- load exceeds at once.

CREATE TABLE counters (
    name text COLLATE "C" PRIMARY KEY,
    value bigint NOT NULL CHECK (value >= 0)
) WITH (fillfactor = 20);

INSERT INTO counters (name, value) VALUES
    ('rows.categories', 0),
    ('rows.brands', 0),
    ('rows.products', 0),
    ('rows.product_prices', 0),
    ('rows.variants', 0),
    ('rows.fulfilment_centres', 0),
    ('rows.customers', 0),
    ('rows.addresses', 0),
    ('rows.payment_methods', 0),
    ('rows.orders', 0),
    ('rows.order_items', 0),
    ('rows.order_status_history', 0),
    ('rows.payments', 0),
    ('rows.shipments', 0),
    ('rows.stock_movements', 0),
    ('rows.stock', 0);

CREATE FUNCTION cartwright_next_row(counter text) RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path FROM CURRENT
AS $$UPDATE counters SET value = value + 1 WHERE name = counter RETURNING value$$;


CREATE TABLE categories (
    id uuid NOT NULL,
    parent_id uuid,
    name text COLLATE "C" NOT NULL,
    path text COLLATE "C" NOT NULL,
    level integer NOT NULL CHECK (level >= 1),
    is_leaf boolean NOT NULL,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.categories')
);

CREATE TABLE brands (
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    tier text COLLATE "C" NOT NULL CHECK (tier IN ('value', 'mainstream', 'premium', 'luxury')),
    country text COLLATE "C" NOT NULL CHECK (length(country) = 2),
    created_at timestamptz NOT NULL,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.brands')
);

CREATE TABLE products (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    category_id uuid NOT NULL,
    brand_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('active', 'retired')),
    launched_at timestamptz NOT NULL,
    retired_at timestamptz,
    currency text COLLATE "C" NOT NULL CHECK (length(currency) = 3),
    list_amount bigint NOT NULL CHECK (list_amount >= 0),
    cost_amount bigint NOT NULL CHECK (cost_amount >= 0),
    weight integer NOT NULL CHECK (weight >= 0),
    season text COLLATE "C" CHECK (season IN ('spring', 'summer', 'autumn', 'winter', 'holiday')),
    tax_class text COLLATE "C" NOT NULL CHECK (tax_class IN ('standard', 'reduced', 'zero')),
    minimum_age integer CHECK (minimum_age > 0),
    excluded_countries text COLLATE "C",
    popularity integer NOT NULL CHECK (popularity >= 1),
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.products')
) WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);

CREATE TABLE product_prices (
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    currency text COLLATE "C" NOT NULL CHECK (length(currency) = 3),
    unit_amount bigint NOT NULL CHECK (unit_amount >= 0),
    reason text COLLATE "C" NOT NULL CHECK (reason IN ('launch', 'increase', 'promotion', 'markdown', 'regular')),
    valid_from timestamptz NOT NULL,
    valid_to timestamptz,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.product_prices')
) WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);

CREATE TABLE variants (
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    sku text COLLATE "C" NOT NULL,
    barcode text COLLATE "C" NOT NULL,
    size text COLLATE "C",
    colour text COLLATE "C",
    material text COLLATE "C",
    created_at timestamptz NOT NULL,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.variants')
) WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);

CREATE TABLE fulfilment_centres (
    id uuid NOT NULL,
    code text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    city text COLLATE "C" NOT NULL,
    region text COLLATE "C",
    postal_code text COLLATE "C" NOT NULL,
    country text COLLATE "C" NOT NULL CHECK (length(country) = 2),
    time_zone text COLLATE "C" NOT NULL,
    opened_at timestamptz NOT NULL,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.fulfilment_centres')
);

CREATE TABLE customers (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    email text COLLATE "C" NOT NULL,
    given_name text COLLATE "C" NOT NULL,
    family_name text COLLATE "C" NOT NULL,
    sex text COLLATE "C" NOT NULL CHECK (sex IN ('female', 'male')),
    birth_date date NOT NULL,
    phone text COLLATE "C",
    phone_kind text COLLATE "C" CHECK (phone_kind IN ('mobile', 'landline')),
    street text COLLATE "C" NOT NULL,
    city text COLLATE "C" NOT NULL,
    region text COLLATE "C",
    postal_code text COLLATE "C" NOT NULL,
    country text COLLATE "C" NOT NULL CHECK (length(country) = 2),
    locale text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL CHECK (length(currency) = 3),
    segment text COLLATE "C" NOT NULL CHECK (segment IN ('new', 'regular', 'vip', 'wholesale', 'dormant')),
    acquisition_channel text COLLATE "C" NOT NULL
        CHECK (acquisition_channel IN ('organic_search', 'paid_search', 'social', 'email', 'referral',
            'direct', 'affiliate', 'marketplace')),
    credit_limit bigint NOT NULL CHECK (credit_limit >= 0),
    marketing_consent boolean NOT NULL,
    default_address_id uuid NOT NULL,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.customers')
) WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);

CREATE TABLE addresses (
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('home', 'work', 'other')),
    is_default boolean NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    company text COLLATE "C",
    street text COLLATE "C" NOT NULL,
    unit text COLLATE "C",
    city text COLLATE "C" NOT NULL,
    region text COLLATE "C",
    postal_code text COLLATE "C" NOT NULL,
    country text COLLATE "C" NOT NULL CHECK (length(country) = 2),
    settlement text COLLATE "C" NOT NULL CHECK (settlement IN ('urban', 'rural')),
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.addresses')
) WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);

CREATE TABLE payment_methods (
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    kind text COLLATE "C" NOT NULL
        CHECK (kind IN ('card', 'wallet', 'bank_transfer', 'direct_debit', 'invoice', 'cash')),
    brand text COLLATE "C" NOT NULL,
    card_number text COLLATE "C",
    expiry_month integer CHECK (expiry_month BETWEEN 1 AND 12),
    expiry_year integer,
    currency text COLLATE "C" NOT NULL CHECK (length(currency) = 3),
    limit_amount bigint NOT NULL CHECK (limit_amount >= 0),
    is_default boolean NOT NULL,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.payment_methods')
) WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);

CREATE TABLE orders (
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    status text COLLATE "C" NOT NULL
        CHECK (status IN ('created', 'paid', 'confirmed', 'shipped', 'delivered', 'cancelled', 'payment_failed')),
    currency text COLLATE "C" NOT NULL CHECK (length(currency) = 3),
    subtotal_amount bigint NOT NULL CHECK (subtotal_amount >= 0),
    discount_amount bigint NOT NULL CHECK (discount_amount >= 0),
    shipping_amount bigint NOT NULL CHECK (shipping_amount >= 0),
    tax_amount bigint NOT NULL CHECK (tax_amount >= 0),
    shipping_tax_amount bigint NOT NULL CHECK (shipping_tax_amount >= 0),
    tax_inclusive boolean NOT NULL,
    total_amount bigint NOT NULL CHECK (total_amount >= 0),
    item_count integer NOT NULL CHECK (item_count >= 1),
    channel text COLLATE "C" NOT NULL CHECK (channel IN ('web', 'mobile_web', 'app', 'phone')),
    shipping_option text COLLATE "C" NOT NULL
        CHECK (shipping_option IN ('standard', 'express', 'next_day', 'pickup')),
    shipping_address_id uuid NOT NULL,
    billing_address_id uuid NOT NULL,
    payment_method_id uuid NOT NULL,
    fulfilment_centre_id uuid NOT NULL,
    fraud_score integer NOT NULL CHECK (fraud_score BETWEEN 0 AND 100),
    is_fraud_flagged boolean NOT NULL,
    cancellation_reason text COLLATE "C"
        CHECK (cancellation_reason IN ('customer_request', 'payment_timeout', 'fraud', 'address_problem')),
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.orders')
) PARTITION BY RANGE (id);

CREATE TABLE order_items (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    line_number integer NOT NULL CHECK (line_number >= 1),
    product_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    sku text COLLATE "C" NOT NULL,
    quantity integer NOT NULL CHECK (quantity >= 1),
    unit_amount bigint NOT NULL CHECK (unit_amount >= 0),
    discount_amount bigint NOT NULL CHECK (discount_amount >= 0),
    tax_rate integer NOT NULL CHECK (tax_rate >= 0),
    tax_amount bigint NOT NULL CHECK (tax_amount >= 0),
    total_amount bigint NOT NULL CHECK (total_amount >= 0),
    fulfilment text COLLATE "C" NOT NULL CHECK (fulfilment IN ('stock', 'substituted', 'backordered')),
    requested_variant_id uuid,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.order_items')
) PARTITION BY RANGE (id);

CREATE TABLE order_status_history (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    sequence integer NOT NULL CHECK (sequence >= 1),
    status text COLLATE "C" NOT NULL
        CHECK (status IN ('created', 'paid', 'confirmed', 'shipped', 'delivered', 'cancelled', 'payment_failed')),
    changed_at timestamptz NOT NULL,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.order_status_history')
) PARTITION BY RANGE (id);

CREATE TABLE payments (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    payment_method_id uuid NOT NULL,
    attempt integer NOT NULL CHECK (attempt >= 1),
    amount bigint NOT NULL CHECK (amount >= 0),
    currency text COLLATE "C" NOT NULL CHECK (length(currency) = 3),
    status text COLLATE "C" NOT NULL CHECK (status IN ('pending', 'captured', 'failed', 'refunded')),
    failure_code text COLLATE "C"
        CHECK (failure_code IN ('insufficient_funds', 'card_declined', 'expired_card',
            'authentication_failed', 'processing_error')),
    created_at timestamptz NOT NULL,
    captured_at timestamptz,
    refunded_at timestamptz,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.payments')
) PARTITION BY RANGE (id);

CREATE TABLE shipments (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    fulfilment_centre_id uuid NOT NULL,
    carrier text COLLATE "C" NOT NULL,
    service text COLLATE "C" NOT NULL CHECK (service IN ('standard', 'express', 'next_day', 'pickup')),
    tracking_number text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('in_transit', 'delivered')),
    weight integer NOT NULL CHECK (weight >= 0),
    shipped_at timestamptz NOT NULL,
    promised_on date NOT NULL,
    delivered_at timestamptz,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.shipments')
) PARTITION BY RANGE (id);

CREATE TABLE stock_movements (
    id uuid NOT NULL,
    fulfilment_centre_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('opening', 'receipt', 'sale', 'cancellation')),
    quantity integer NOT NULL CHECK (quantity <> 0),
    order_item_id uuid,
    occurred_at timestamptz NOT NULL,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.stock_movements')
) PARTITION BY RANGE (id);

CREATE TABLE stock (
    id uuid NOT NULL,
    fulfilment_centre_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    on_hand integer NOT NULL CHECK (on_hand >= 0),
    reorder_point integer NOT NULL CHECK (reorder_point >= 0),
    reorder_quantity integer NOT NULL CHECK (reorder_quantity >= 0),
    lead_time integer NOT NULL CHECK (lead_time >= 0),
    stockouts integer NOT NULL CHECK (stockouts >= 0),
    updated_at timestamptz NOT NULL,
    rowid bigint NOT NULL DEFAULT cartwright_next_row('rows.stock')
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

-- A table of its own for each month that a run writes into; ids below 48 bits of milliseconds are its limits. A month
-- whose rows are in the partition _other already stays there. Returns how many partitions were made.
CREATE FUNCTION cartwright_make_partitions(first date, last date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    month date;
    name text;
    made integer := 0;
    low uuid;
    high uuid;
    taken boolean;
BEGIN
    FOREACH parent IN ARRAY ARRAY['orders', 'order_items', 'order_status_history', 'payments', 'shipments',
                                  'stock_movements'] LOOP
        month := date_trunc('month', first);
        WHILE month <= last LOOP
            name := parent || to_char(month, '_YYYY_MM');
            IF to_regclass(name) IS NULL THEN
                low := cartwright_lowest_id(month);
                high := cartwright_lowest_id((month + interval '1 month')::date);
                EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id >= %L AND id < %L)', parent || '_other', low,
                    high) INTO taken;
                IF NOT taken THEN
                    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L) WITH '
                        '(autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1)', name,
                        parent, low, high);
                    made := made + 1;
                END IF;
            END IF;
            month := month + interval '1 month';
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

-- The lowest UUID of version 7 of a day: a condition on created_at that is also put to the id, as
-- id >= cartwright_lowest_id('2026-01-01'), looks at the partitions of that time alone.
CREATE FUNCTION cartwright_lowest_id(day date) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT
AS $$SELECT (lpad(to_hex((day - date '1970-01-01')::bigint * 86400000), 12, '0') || repeat('0', 20))::uuid$$;

CREATE TABLE orders_other PARTITION OF orders DEFAULT;
CREATE TABLE order_items_other PARTITION OF order_items DEFAULT;
CREATE TABLE order_status_history_other PARTITION OF order_status_history DEFAULT;
CREATE TABLE payments_other PARTITION OF payments DEFAULT;
CREATE TABLE shipments_other PARTITION OF shipments DEFAULT;
CREATE TABLE stock_movements_other PARTITION OF stock_movements DEFAULT;

-- The id of a partition's rows is unique over all of them; what is unique within an order is so by construction, as
-- a unique index over partitions must contain their key.
ALTER TABLE categories ADD CONSTRAINT categories_id PRIMARY KEY (id);
CREATE UNIQUE INDEX categories_path ON categories (path);
CREATE INDEX categories_parent_id ON categories (parent_id);
ALTER TABLE brands ADD CONSTRAINT brands_id PRIMARY KEY (id);
ALTER TABLE products ADD CONSTRAINT products_id PRIMARY KEY (id);
CREATE INDEX products_category_id ON products (category_id);
CREATE INDEX products_brand_id ON products (brand_id);
ALTER TABLE product_prices ADD CONSTRAINT product_prices_id PRIMARY KEY (id);
CREATE UNIQUE INDEX product_prices_validity ON product_prices (product_id, currency, valid_from);
ALTER TABLE variants ADD CONSTRAINT variants_id PRIMARY KEY (id);
CREATE INDEX variants_product_id ON variants (product_id);
CREATE UNIQUE INDEX variants_sku ON variants (sku);
CREATE UNIQUE INDEX variants_barcode ON variants (barcode);
ALTER TABLE fulfilment_centres ADD CONSTRAINT fulfilment_centres_id PRIMARY KEY (id);
CREATE UNIQUE INDEX fulfilment_centres_code ON fulfilment_centres (code);
ALTER TABLE customers ADD CONSTRAINT customers_id PRIMARY KEY (id);
CREATE UNIQUE INDEX customers_email ON customers (lower(email));
CREATE UNIQUE INDEX customers_default_address_id ON customers (default_address_id);
ALTER TABLE addresses ADD CONSTRAINT addresses_id PRIMARY KEY (id);
CREATE INDEX addresses_customer_id ON addresses (customer_id);
ALTER TABLE payment_methods ADD CONSTRAINT payment_methods_id PRIMARY KEY (id);
CREATE INDEX payment_methods_customer_id ON payment_methods (customer_id);
ALTER TABLE orders ADD CONSTRAINT orders_id PRIMARY KEY (id);
CREATE INDEX orders_customer_id ON orders (customer_id, created_at);
ALTER TABLE order_items ADD CONSTRAINT order_items_id PRIMARY KEY (id);
CREATE INDEX order_items_line ON order_items (order_id, line_number);
CREATE INDEX order_items_product_id ON order_items (product_id);
CREATE INDEX order_items_variant_id ON order_items (variant_id);
ALTER TABLE order_status_history ADD CONSTRAINT order_status_history_id PRIMARY KEY (id);
CREATE INDEX order_status_history_entry ON order_status_history (order_id, sequence);
ALTER TABLE payments ADD CONSTRAINT payments_id PRIMARY KEY (id);
CREATE INDEX payments_attempt ON payments (order_id, attempt);
ALTER TABLE shipments ADD CONSTRAINT shipments_id PRIMARY KEY (id);
CREATE INDEX shipments_order_id ON shipments (order_id);
CREATE INDEX shipments_tracking_number ON shipments (tracking_number);
CREATE INDEX shipments_open ON shipments (shipped_at) WHERE status = 'in_transit';
ALTER TABLE stock_movements ADD CONSTRAINT stock_movements_id PRIMARY KEY (id);
CREATE INDEX stock_movements_ledger ON stock_movements (fulfilment_centre_id, variant_id, occurred_at, quantity);
CREATE INDEX stock_movements_order_item_id ON stock_movements (order_item_id) WHERE order_item_id IS NOT NULL;
ALTER TABLE stock ADD CONSTRAINT stock_id PRIMARY KEY (id);
CREATE UNIQUE INDEX stock_place ON stock (fulfilment_centre_id, variant_id);
CREATE INDEX stock_variant_id ON stock (variant_id);

-- Rows added since, found without reading the table.
CREATE INDEX customers_rowid ON customers USING brin (rowid) WITH (autosummarize = on);
CREATE INDEX addresses_rowid ON addresses USING brin (rowid) WITH (autosummarize = on);
CREATE INDEX payment_methods_rowid ON payment_methods USING brin (rowid) WITH (autosummarize = on);
CREATE INDEX products_rowid ON products USING brin (rowid) WITH (autosummarize = on);
CREATE INDEX variants_rowid ON variants USING brin (rowid) WITH (autosummarize = on);
CREATE INDEX product_prices_rowid ON product_prices USING brin (rowid) WITH (autosummarize = on);
CREATE INDEX stock_movements_rowid ON stock_movements USING brin (rowid) WITH (autosummarize = on);

ALTER TABLE categories ADD CONSTRAINT categories_parent_id_fkey
    FOREIGN KEY (parent_id) REFERENCES categories (id) DEFERRABLE;
ALTER TABLE products ADD CONSTRAINT products_category_id_fkey
    FOREIGN KEY (category_id) REFERENCES categories (id) DEFERRABLE;
ALTER TABLE products ADD CONSTRAINT products_brand_id_fkey
    FOREIGN KEY (brand_id) REFERENCES brands (id) DEFERRABLE;
ALTER TABLE product_prices ADD CONSTRAINT product_prices_product_id_fkey
    FOREIGN KEY (product_id) REFERENCES products (id) DEFERRABLE;
ALTER TABLE variants ADD CONSTRAINT variants_product_id_fkey
    FOREIGN KEY (product_id) REFERENCES products (id) DEFERRABLE;
ALTER TABLE addresses ADD CONSTRAINT addresses_customer_id_fkey
    FOREIGN KEY (customer_id) REFERENCES customers (id) DEFERRABLE;
ALTER TABLE payment_methods ADD CONSTRAINT payment_methods_customer_id_fkey
    FOREIGN KEY (customer_id) REFERENCES customers (id) DEFERRABLE;
ALTER TABLE orders ADD CONSTRAINT orders_customer_id_fkey
    FOREIGN KEY (customer_id) REFERENCES customers (id) DEFERRABLE;
ALTER TABLE orders ADD CONSTRAINT orders_shipping_address_id_fkey
    FOREIGN KEY (shipping_address_id) REFERENCES addresses (id) DEFERRABLE;
ALTER TABLE orders ADD CONSTRAINT orders_billing_address_id_fkey
    FOREIGN KEY (billing_address_id) REFERENCES addresses (id) DEFERRABLE;
ALTER TABLE orders ADD CONSTRAINT orders_payment_method_id_fkey
    FOREIGN KEY (payment_method_id) REFERENCES payment_methods (id) DEFERRABLE;
ALTER TABLE orders ADD CONSTRAINT orders_fulfilment_centre_id_fkey
    FOREIGN KEY (fulfilment_centre_id) REFERENCES fulfilment_centres (id) DEFERRABLE;
ALTER TABLE order_items ADD CONSTRAINT order_items_order_id_fkey
    FOREIGN KEY (order_id) REFERENCES orders (id) DEFERRABLE;
ALTER TABLE order_items ADD CONSTRAINT order_items_product_id_fkey
    FOREIGN KEY (product_id) REFERENCES products (id) DEFERRABLE;
ALTER TABLE order_items ADD CONSTRAINT order_items_variant_id_fkey
    FOREIGN KEY (variant_id) REFERENCES variants (id) DEFERRABLE;
ALTER TABLE order_items ADD CONSTRAINT order_items_requested_variant_id_fkey
    FOREIGN KEY (requested_variant_id) REFERENCES variants (id) DEFERRABLE;
ALTER TABLE order_status_history ADD CONSTRAINT order_status_history_order_id_fkey
    FOREIGN KEY (order_id) REFERENCES orders (id) DEFERRABLE;
ALTER TABLE payments ADD CONSTRAINT payments_order_id_fkey
    FOREIGN KEY (order_id) REFERENCES orders (id) DEFERRABLE;
ALTER TABLE payments ADD CONSTRAINT payments_payment_method_id_fkey
    FOREIGN KEY (payment_method_id) REFERENCES payment_methods (id) DEFERRABLE;
ALTER TABLE shipments ADD CONSTRAINT shipments_order_id_fkey
    FOREIGN KEY (order_id) REFERENCES orders (id) DEFERRABLE;
ALTER TABLE shipments ADD CONSTRAINT shipments_fulfilment_centre_id_fkey
    FOREIGN KEY (fulfilment_centre_id) REFERENCES fulfilment_centres (id) DEFERRABLE;
ALTER TABLE stock_movements ADD CONSTRAINT stock_movements_fulfilment_centre_id_fkey
    FOREIGN KEY (fulfilment_centre_id) REFERENCES fulfilment_centres (id) DEFERRABLE;
ALTER TABLE stock_movements ADD CONSTRAINT stock_movements_variant_id_fkey
    FOREIGN KEY (variant_id) REFERENCES variants (id) DEFERRABLE;
ALTER TABLE stock_movements ADD CONSTRAINT stock_movements_order_item_id_fkey
    FOREIGN KEY (order_item_id) REFERENCES order_items (id) DEFERRABLE;
ALTER TABLE stock ADD CONSTRAINT stock_fulfilment_centre_id_fkey
    FOREIGN KEY (fulfilment_centre_id) REFERENCES fulfilment_centres (id) DEFERRABLE;
ALTER TABLE stock ADD CONSTRAINT stock_variant_id_fkey
    FOREIGN KEY (variant_id) REFERENCES variants (id) DEFERRABLE;

-- Every run in the order of its commit. spec, request, digests and basis are JSON, byte for byte as they were given.
CREATE TABLE runs (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    spec text COLLATE "C" NOT NULL,
    request text COLLATE "C" NOT NULL,
    digests text COLLATE "C" NOT NULL,
    basis text COLLATE "C" NOT NULL
);

-- Answers to requests that carried an Idempotency-Key, for a day; written in the transaction that adds the rows they
-- answer for. headers are names and values, each ended by a zero byte. Where a job made the rows, the answer is its
-- acceptance, and its result stands beside it.
CREATE TABLE kept_answers (
    key text COLLATE "C" PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 128),
    request bytea NOT NULL CHECK (length(request) = 32),
    created_at timestamptz NOT NULL,
    status integer NOT NULL,
    media_type text COLLATE "C" NOT NULL,
    headers bytea NOT NULL,
    body bytea NOT NULL,
    job_id uuid,
    job_kind text COLLATE "C" NOT NULL,
    job_result text COLLATE "C",
    job_finished_at timestamptz
);

CREATE INDEX kept_answers_created_at ON kept_answers (created_at);

-- Not empty while a bulk load has taken the keys and indexes of empty tables away, to build them after its rows. Who
-- finds it so without a load under way builds them again.
CREATE TABLE deferred_tables (
    name text COLLATE "C" PRIMARY KEY
);

-- What the tables consist of, partitions aside, in words that make it again.
CREATE VIEW cartwright_shape AS
WITH ours AS (
    SELECT oid, relname::text AS name FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND relname IN (
        'categories', 'brands', 'products', 'product_prices', 'variants',
        'fulfilment_centres', 'customers', 'addresses', 'payment_methods', 'orders',
        'order_items', 'order_status_history', 'payments', 'shipments', 'stock_movements',
        'stock',
        'counters', 'runs', 'kept_answers', 'deferred_tables')
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

-- The shape after the last migration.
CREATE TABLE schema_shape (
    step integer NOT NULL,
    kind text NOT NULL,
    relation text NOT NULL,
    name text NOT NULL,
    target text,
    definition text NOT NULL,
    PRIMARY KEY (kind, relation, name)
);

-- Takes keys and indexes away from the tables that are empty, apart from those whose rows are looked up one by one
-- while they are loaded. Returns the tables.
CREATE FUNCTION cartwright_defer() RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    empty_tables text[] := ARRAY[]::text[];
    relation text;
    has_rows boolean;
    part record;
BEGIN
    FOR relation IN SELECT DISTINCT s.relation FROM schema_shape s WHERE kind = 'column' AND s.relation NOT IN (
        'categories', 'fulfilment_centres', 'stock', 'counters', 'runs', 'kept_answers', 'deferred_tables') LOOP
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

-- Makes the keys and indexes that are missing: first what readers need not wait for, last what ties tables together.
CREATE FUNCTION cartwright_build() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT s.* FROM schema_shape s LEFT JOIN cartwright_shape c USING (kind, relation, name)
        WHERE s.kind IN ('index', 'key', 'foreign key') AND c.name IS NULL ORDER BY s.step, s.relation, s.name LOOP
        EXECUTE CASE WHEN part.kind = 'index' THEN part.definition
            ELSE format('ALTER TABLE %I ADD CONSTRAINT %I %s', part.relation, part.name, part.definition) END;
    END LOOP;
    DELETE FROM deferred_tables;
END
$$;

-- Whether every reference of the rows added since leads somewhere: once for all rows of a load, instead of by a search
-- for each. Keys that are missing are left out: adding them looks at all rows.
CREATE FUNCTION cartwright_check_references(child text, first bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part record;
    field text;
    lost uuid;
BEGIN
    FOR part IN SELECT c.name, c.target FROM cartwright_shape c WHERE kind = 'foreign key' AND c.relation = child LOOP
        field := regexp_replace(substr(part.name, length(child) + 2), '_fkey$', '');
        EXECUTE format('SELECT c.%1$I FROM %2$I AS c WHERE c.rowid > $1 AND c.%1$I IS NOT NULL AND NOT EXISTS '
            '(SELECT FROM %3$I AS p WHERE p.id = c.%1$I) LIMIT 1', field, child, part.target) INTO lost USING first;
        IF lost IS NOT NULL THEN
            RAISE foreign_key_violation USING
                MESSAGE = format('%s is %s, expected the id of a row of %s', field, lost, part.target),
                DETAIL = format('Key (%s)=(%s) is not present in table "%s".', field, lost, part.target),
                TABLE = child, CONSTRAINT = part.name;
        END IF;
    END LOOP;
END
$$;

-- Begins a transaction that adds rows: one at a time, and none while keys are missing.
CREATE FUNCTION cartwright_begin_write() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7094612002);
    IF EXISTS (SELECT FROM deferred_tables) THEN
        RAISE EXCEPTION 'a bulk load ended without building the keys' USING ERRCODE = 'CW001';
    END IF;
END
$$;
