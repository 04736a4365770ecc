-- The shop: one table per entity of the catalogue, in its order of columns.
-- Ids are 16-byte UUIDs, instants are microseconds since 1970 UTC, dates are days since 1970, flags are 0 or 1.
-- Keys are indexes of their own rather than PRIMARY KEY clauses, so that a load into an empty table can drop them
-- and build them once all rows are there. customers.default_address_id references no table: the address is loaded
-- after its customer. Closed sets and ranges are those of the catalogue in src/model/entities/.

CREATE TABLE categories (
    id BLOB NOT NULL CHECK (length(id) = 16),
    parent_id BLOB CHECK (length(parent_id) = 16) REFERENCES categories (id),
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level >= 1),
    is_leaf INTEGER NOT NULL CHECK (is_leaf IN (0, 1))
) STRICT;

CREATE TABLE brands (
    id BLOB NOT NULL CHECK (length(id) = 16),
    name TEXT NOT NULL,
    tier TEXT NOT NULL CHECK (tier IN ('value', 'mainstream', 'premium', 'luxury')),
    country TEXT NOT NULL CHECK (length(country) = 2),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE products (
    id BLOB NOT NULL CHECK (length(id) = 16),
    created_at INTEGER NOT NULL,
    category_id BLOB NOT NULL CHECK (length(category_id) = 16) REFERENCES categories (id),
    brand_id BLOB NOT NULL CHECK (length(brand_id) = 16) REFERENCES brands (id),
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'retired')),
    launched_at INTEGER NOT NULL,
    retired_at INTEGER,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    list_amount INTEGER NOT NULL CHECK (list_amount >= 0),
    cost_amount INTEGER NOT NULL CHECK (cost_amount >= 0),
    weight INTEGER NOT NULL CHECK (weight >= 0),
    season TEXT CHECK (season IN ('spring', 'summer', 'autumn', 'winter', 'holiday')),
    tax_class TEXT NOT NULL CHECK (tax_class IN ('standard', 'reduced', 'zero')),
    minimum_age INTEGER CHECK (minimum_age > 0),
    excluded_countries TEXT,
    popularity INTEGER NOT NULL CHECK (popularity >= 1)
) STRICT;

CREATE TABLE product_prices (
    id BLOB NOT NULL CHECK (length(id) = 16),
    product_id BLOB NOT NULL CHECK (length(product_id) = 16) REFERENCES products (id),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    unit_amount INTEGER NOT NULL CHECK (unit_amount >= 0),
    reason TEXT NOT NULL CHECK (reason IN ('launch', 'increase', 'promotion', 'markdown', 'regular')),
    valid_from INTEGER NOT NULL,
    valid_to INTEGER
) STRICT;

CREATE TABLE variants (
    id BLOB NOT NULL CHECK (length(id) = 16),
    product_id BLOB NOT NULL CHECK (length(product_id) = 16) REFERENCES products (id),
    sku TEXT NOT NULL,
    barcode TEXT NOT NULL,
    size TEXT,
    colour TEXT,
    material TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE fulfilment_centres (
    id BLOB NOT NULL CHECK (length(id) = 16),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    region TEXT,
    postal_code TEXT NOT NULL,
    country TEXT NOT NULL CHECK (length(country) = 2),
    time_zone TEXT NOT NULL,
    opened_at INTEGER NOT NULL
) STRICT;

CREATE TABLE customers (
    id BLOB NOT NULL CHECK (length(id) = 16),
    created_at INTEGER NOT NULL,
    email TEXT NOT NULL COLLATE NOCASE,
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    sex TEXT NOT NULL CHECK (sex IN ('female', 'male')),
    birth_date INTEGER NOT NULL,
    phone TEXT,
    phone_kind TEXT CHECK (phone_kind IN ('mobile', 'landline')),
    street TEXT NOT NULL,
    city TEXT NOT NULL,
    region TEXT,
    postal_code TEXT NOT NULL,
    country TEXT NOT NULL CHECK (length(country) = 2),
    locale TEXT NOT NULL,
    language TEXT NOT NULL,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    segment TEXT NOT NULL CHECK (segment IN ('new', 'regular', 'vip', 'wholesale', 'dormant')),
    acquisition_channel TEXT NOT NULL
        CHECK (acquisition_channel IN ('organic_search', 'paid_search', 'social', 'email', 'referral',
            'direct', 'affiliate', 'marketplace')),
    credit_limit INTEGER NOT NULL CHECK (credit_limit >= 0),
    marketing_consent INTEGER NOT NULL CHECK (marketing_consent IN (0, 1)),
    default_address_id BLOB NOT NULL CHECK (length(default_address_id) = 16)
) STRICT;

CREATE TABLE addresses (
    id BLOB NOT NULL CHECK (length(id) = 16),
    customer_id BLOB NOT NULL CHECK (length(customer_id) = 16) REFERENCES customers (id),
    created_at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('home', 'work', 'other')),
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    recipient TEXT NOT NULL,
    company TEXT,
    street TEXT NOT NULL,
    unit TEXT,
    city TEXT NOT NULL,
    region TEXT,
    postal_code TEXT NOT NULL,
    country TEXT NOT NULL CHECK (length(country) = 2),
    settlement TEXT NOT NULL CHECK (settlement IN ('urban', 'rural'))
) STRICT;

CREATE TABLE payment_methods (
    id BLOB NOT NULL CHECK (length(id) = 16),
    customer_id BLOB NOT NULL CHECK (length(customer_id) = 16) REFERENCES customers (id),
    created_at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('card', 'wallet', 'bank_transfer', 'direct_debit', 'invoice', 'cash')),
    brand TEXT NOT NULL,
    card_number TEXT,
    expiry_month INTEGER CHECK (expiry_month BETWEEN 1 AND 12),
    expiry_year INTEGER,
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    limit_amount INTEGER NOT NULL CHECK (limit_amount >= 0),
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1))
) STRICT;

CREATE TABLE orders (
    id BLOB NOT NULL CHECK (length(id) = 16),
    customer_id BLOB NOT NULL CHECK (length(customer_id) = 16) REFERENCES customers (id),
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('created', 'paid', 'confirmed', 'shipped', 'delivered', 'cancelled',
            'payment_failed')),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    subtotal_amount INTEGER NOT NULL CHECK (subtotal_amount >= 0),
    discount_amount INTEGER NOT NULL CHECK (discount_amount >= 0),
    shipping_amount INTEGER NOT NULL CHECK (shipping_amount >= 0),
    tax_amount INTEGER NOT NULL CHECK (tax_amount >= 0),
    shipping_tax_amount INTEGER NOT NULL CHECK (shipping_tax_amount >= 0),
    tax_inclusive INTEGER NOT NULL CHECK (tax_inclusive IN (0, 1)),
    total_amount INTEGER NOT NULL CHECK (total_amount >= 0),
    item_count INTEGER NOT NULL CHECK (item_count >= 1),
    channel TEXT NOT NULL CHECK (channel IN ('web', 'mobile_web', 'app', 'phone')),
    shipping_option TEXT NOT NULL CHECK (shipping_option IN ('standard', 'express', 'next_day', 'pickup')),
    shipping_address_id BLOB NOT NULL CHECK (length(shipping_address_id) = 16) REFERENCES addresses (id),
    billing_address_id BLOB NOT NULL CHECK (length(billing_address_id) = 16) REFERENCES addresses (id),
    payment_method_id BLOB NOT NULL CHECK (length(payment_method_id) = 16) REFERENCES payment_methods (id),
    fulfilment_centre_id BLOB NOT NULL
        CHECK (length(fulfilment_centre_id) = 16) REFERENCES fulfilment_centres (id),
    fraud_score INTEGER NOT NULL CHECK (fraud_score BETWEEN 0 AND 100),
    is_fraud_flagged INTEGER NOT NULL CHECK (is_fraud_flagged IN (0, 1)),
    cancellation_reason TEXT
        CHECK (cancellation_reason IN ('customer_request', 'payment_timeout', 'fraud', 'address_problem'))
) STRICT;

CREATE TABLE order_items (
    id BLOB NOT NULL CHECK (length(id) = 16),
    order_id BLOB NOT NULL CHECK (length(order_id) = 16) REFERENCES orders (id),
    line_number INTEGER NOT NULL CHECK (line_number >= 1),
    product_id BLOB NOT NULL CHECK (length(product_id) = 16) REFERENCES products (id),
    variant_id BLOB NOT NULL CHECK (length(variant_id) = 16) REFERENCES variants (id),
    sku TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity >= 1),
    unit_amount INTEGER NOT NULL CHECK (unit_amount >= 0),
    discount_amount INTEGER NOT NULL CHECK (discount_amount >= 0),
    tax_rate INTEGER NOT NULL CHECK (tax_rate >= 0),
    tax_amount INTEGER NOT NULL CHECK (tax_amount >= 0),
    total_amount INTEGER NOT NULL CHECK (total_amount >= 0),
    fulfilment TEXT NOT NULL CHECK (fulfilment IN ('stock', 'substituted', 'backordered')),
    requested_variant_id BLOB CHECK (length(requested_variant_id) = 16) REFERENCES variants (id)
) STRICT;

CREATE TABLE order_status_history (
    id BLOB NOT NULL CHECK (length(id) = 16),
    order_id BLOB NOT NULL CHECK (length(order_id) = 16) REFERENCES orders (id),
    sequence INTEGER NOT NULL CHECK (sequence >= 1),
    status TEXT NOT NULL
        CHECK (status IN ('created', 'paid', 'confirmed', 'shipped', 'delivered', 'cancelled',
            'payment_failed')),
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE payments (
    id BLOB NOT NULL CHECK (length(id) = 16),
    order_id BLOB NOT NULL CHECK (length(order_id) = 16) REFERENCES orders (id),
    payment_method_id BLOB NOT NULL CHECK (length(payment_method_id) = 16) REFERENCES payment_methods (id),
    attempt INTEGER NOT NULL CHECK (attempt >= 1),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    currency TEXT NOT NULL CHECK (length(currency) = 3),
    status TEXT NOT NULL CHECK (status IN ('pending', 'captured', 'failed', 'refunded')),
    failure_code TEXT
        CHECK (failure_code IN ('insufficient_funds', 'card_declined', 'expired_card',
            'authentication_failed', 'processing_error')),
    created_at INTEGER NOT NULL,
    captured_at INTEGER,
    refunded_at INTEGER
) STRICT;

CREATE TABLE shipments (
    id BLOB NOT NULL CHECK (length(id) = 16),
    order_id BLOB NOT NULL CHECK (length(order_id) = 16) REFERENCES orders (id),
    fulfilment_centre_id BLOB NOT NULL
        CHECK (length(fulfilment_centre_id) = 16) REFERENCES fulfilment_centres (id),
    carrier TEXT NOT NULL,
    service TEXT NOT NULL CHECK (service IN ('standard', 'express', 'next_day', 'pickup')),
    tracking_number TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('in_transit', 'delivered')),
    weight INTEGER NOT NULL CHECK (weight >= 0),
    shipped_at INTEGER NOT NULL,
    promised_on INTEGER NOT NULL,
    delivered_at INTEGER
) STRICT;

CREATE TABLE stock_movements (
    id BLOB NOT NULL CHECK (length(id) = 16),
    fulfilment_centre_id BLOB NOT NULL
        CHECK (length(fulfilment_centre_id) = 16) REFERENCES fulfilment_centres (id),
    variant_id BLOB NOT NULL CHECK (length(variant_id) = 16) REFERENCES variants (id),
    kind TEXT NOT NULL CHECK (kind IN ('opening', 'receipt', 'sale', 'cancellation')),
    quantity INTEGER NOT NULL CHECK (quantity <> 0),
    order_item_id BLOB CHECK (length(order_item_id) = 16) REFERENCES order_items (id),
    occurred_at INTEGER NOT NULL
) STRICT;

CREATE TABLE stock (
    id BLOB NOT NULL CHECK (length(id) = 16),
    fulfilment_centre_id BLOB NOT NULL
        CHECK (length(fulfilment_centre_id) = 16) REFERENCES fulfilment_centres (id),
    variant_id BLOB NOT NULL CHECK (length(variant_id) = 16) REFERENCES variants (id),
    on_hand INTEGER NOT NULL CHECK (on_hand >= 0),
    reorder_point INTEGER NOT NULL CHECK (reorder_point >= 0),
    reorder_quantity INTEGER NOT NULL CHECK (reorder_quantity >= 0),
    lead_time INTEGER NOT NULL CHECK (lead_time >= 0),
    stockouts INTEGER NOT NULL CHECK (stockouts >= 0),
    updated_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX categories_id ON categories (id);
CREATE UNIQUE INDEX categories_path ON categories (path);
CREATE INDEX categories_parent_id ON categories (parent_id);
CREATE UNIQUE INDEX brands_id ON brands (id);
CREATE UNIQUE INDEX products_id ON products (id);
CREATE INDEX products_category_id ON products (category_id);
CREATE INDEX products_brand_id ON products (brand_id);
CREATE UNIQUE INDEX product_prices_id ON product_prices (id);
CREATE UNIQUE INDEX product_prices_validity ON product_prices (product_id, currency, valid_from);
CREATE UNIQUE INDEX variants_id ON variants (id);
CREATE INDEX variants_product_id ON variants (product_id);
CREATE UNIQUE INDEX variants_sku ON variants (sku);
CREATE UNIQUE INDEX variants_barcode ON variants (barcode);
CREATE UNIQUE INDEX fulfilment_centres_id ON fulfilment_centres (id);
CREATE UNIQUE INDEX fulfilment_centres_code ON fulfilment_centres (code);
CREATE UNIQUE INDEX customers_id ON customers (id);
CREATE UNIQUE INDEX customers_email ON customers (email);
CREATE UNIQUE INDEX customers_default_address_id ON customers (default_address_id);
CREATE UNIQUE INDEX addresses_id ON addresses (id);
CREATE INDEX addresses_customer_id ON addresses (customer_id);
CREATE UNIQUE INDEX payment_methods_id ON payment_methods (id);
CREATE INDEX payment_methods_customer_id ON payment_methods (customer_id);
CREATE UNIQUE INDEX orders_id ON orders (id);
CREATE INDEX orders_customer_id ON orders (customer_id);
CREATE UNIQUE INDEX order_items_id ON order_items (id);
CREATE UNIQUE INDEX order_items_line ON order_items (order_id, line_number);
CREATE INDEX order_items_product_id ON order_items (product_id);
CREATE INDEX order_items_variant_id ON order_items (variant_id);
CREATE UNIQUE INDEX order_status_history_id ON order_status_history (id);
CREATE UNIQUE INDEX order_status_history_entry ON order_status_history (order_id, sequence);
CREATE UNIQUE INDEX payments_id ON payments (id);
CREATE UNIQUE INDEX payments_attempt ON payments (order_id, attempt);
CREATE UNIQUE INDEX shipments_id ON shipments (id);
CREATE UNIQUE INDEX shipments_order_id ON shipments (order_id);
CREATE UNIQUE INDEX shipments_tracking_number ON shipments (tracking_number);
CREATE UNIQUE INDEX stock_movements_id ON stock_movements (id);
CREATE INDEX stock_movements_ledger ON stock_movements (fulfilment_centre_id, variant_id, occurred_at, quantity);
CREATE INDEX stock_movements_order_item_id ON stock_movements (order_item_id) WHERE order_item_id IS NOT NULL;
CREATE UNIQUE INDEX stock_id ON stock (id);
CREATE UNIQUE INDEX stock_place ON stock (fulfilment_centre_id, variant_id);
CREATE INDEX stock_variant_id ON stock (variant_id);

-- Every run in the order of its commit. spec, request, digests and basis are JSON.
CREATE TABLE runs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    created_at INTEGER NOT NULL,
    spec TEXT NOT NULL,
    request TEXT NOT NULL,
    digests TEXT NOT NULL,
    basis TEXT NOT NULL
) STRICT;

-- Row counts ("rows.TABLE") and the highest numbers that runs have used up ("used.customers.COUNTRY", ...), kept in
-- the transaction that adds the rows.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;
