#include "service/rules.h"

#define E(name) (1U << CW_ENTITY_##name)
/* Rules with a condition, and with a whole query. */
/* Over one row; over what other rows that hang on it add up to. */
#define RULE(title, of, reads, with, broken, values, holds)                                                  \
    {                                                                                                        \
        .name = title, .entity = CW_ENTITY_##of, .needs = reads, .joins = with, .violation = broken,         \
        .detail = values, .description = holds                                                               \
    }
#define OVER(title, of, reads, with, rows, broken, values, holds)                                            \
    {                                                                                                        \
        .name = title, .entity = CW_ENTITY_##of, .needs = reads, .joins = with, .over = rows,                \
        .violation = broken, .detail = values, .description = holds                                          \
    }

/* No two rows agree in all of these columns. */
#define APART(title, of, columns_of, broken, values, holds)                                                  \
    {                                                                                                        \
        .name = title, .entity = CW_ENTITY_##of, .joins = "", .violation = broken, .detail = values,         \
        .description = holds, .scan = CW_RULE_SCAN_UNIQUE, .columns = columns_of                             \
    }

#define OF_ADDRESSES "addresses a WHERE a.customer_id = t.id"
#define OF_PLACE                                                                                             \
    "stock_movements m WHERE m.fulfilment_centre_id = t.fulfilment_centre_id AND m.variant_id = "            \
    "t.variant_id"

const struct cw_rule cw_shop_rules[] = {
    /* Categories, brands, products. */
    RULE("categories.level_follows_parent", CATEGORY, 0, "parent", "t.level <> ifnull(parent.level, 0) + 1",
         "'level ' || t.level", "A category is one level below its parent"),
    RULE("categories.path_follows_parent", CATEGORY, 0, "parent",
         "t.path <> ifnull(parent.path || ' > ', '') || t.name", "t.path",
         "The path is the parent's and the name"),
    RULE("categories.leaf_has_no_child", CATEGORY, 0, "",
         "t.is_leaf = EXISTS (SELECT 1 FROM categories child WHERE child.parent_id = t.id)", "t.path",
         "Leaves, and only they, have nothing below"),
    RULE("products.category_is_leaf", PRODUCT, 0, "category", "NOT category.is_leaf", "category.path",
         "Products hang only on leaf categories"),
    RULE("products.brand_known_before", PRODUCT, 0, "brand", "brand.created_at > t.created_at",
         "instant(brand.created_at) || ' > ' || instant(t.created_at)",
         "The brand was taken on before the product"),
    RULE("products.lifetime_in_order", PRODUCT, 0, "",
         "t.created_at > t.launched_at OR t.launched_at >= t.retired_at",
         "instant(t.created_at) || ', ' || instant(t.launched_at) || ', ' || ifnull(instant(t.retired_at), "
         "'-')",
         "Entered, launched, retired, in this order"),
    RULE("products.status_fits_retirement", PRODUCT, 0, "",
         "(t.status = 'retired') <> (t.retired_at IS NOT NULL)", "t.status",
         "Retired products, and only they, have a time of retirement"),
    RULE("products.price_above_cost", PRODUCT, 0, "",
         "t.list_amount <= 0 OR t.cost_amount <= 0 OR t.cost_amount >= t.list_amount",
         "'cost ' || t.cost_amount || ', list ' || t.list_amount", "0 < cost < list price"),
    RULE("products.positive_measures", PRODUCT, 0, "",
         "t.weight <= 0 OR t.popularity < 1 OR t.minimum_age NOT BETWEEN 1 AND 99",
         "'weight ' || t.weight || ', popularity ' || t.popularity || ', age ' || ifnull(t.minimum_age, '-')",
         "Weight and popularity are above zero, a minimum age is an age"),
    RULE("products.excluded_countries_known", PRODUCT, 0, "", "NOT countries_known(t.excluded_countries)",
         "t.excluded_countries", "Excluded countries are ISO 3166-1 codes joined by ';'"),
    RULE("products.has_variant", PRODUCT, E(VARIANT), "",
         "NOT EXISTS (SELECT 1 FROM variants v WHERE v.product_id = t.id)", "t.name",
         "Every product has a variant"),
    RULE("products.has_launch_price", PRODUCT, E(PRODUCT_PRICE), "",
         "NOT EXISTS (SELECT 1 FROM product_prices p WHERE p.product_id = t.id AND p.valid_from = "
         "t.launched_at)",
         "instant(t.launched_at)", "Every product has a price from its launch on"),
    RULE("product_prices.positive", PRODUCT_PRICE, 0, "", "t.unit_amount <= 0", "t.unit_amount",
         "Prices are above zero"),
    RULE("product_prices.span_in_order", PRODUCT_PRICE, 0, "", "t.valid_to <= t.valid_from",
         "instant(t.valid_from) || ' - ' || instant(t.valid_to)", "A price ends after it begins"),
    RULE("product_prices.no_gap", PRODUCT_PRICE, 0, "",
         "t.valid_to IS NOT (SELECT min(next.valid_from) FROM product_prices next WHERE next.product_id = "
         "t.product_id "
         "AND next.currency = t.currency AND next.valid_from > t.valid_from)",
         "ifnull(instant(t.valid_to), '-')", "A price holds until the next one of the product and currency"),
    APART("product_prices.one_at_a_time", PRODUCT_PRICE, "product_id, currency, valid_from",
          "(SELECT count(*) FROM product_prices other WHERE other.product_id = t.product_id AND "
          "other.currency = t.currency AND other.valid_from = t.valid_from) > 1",
          "instant(t.valid_from)", "No two prices of a product and currency begin together"),
    RULE("product_prices.first_at_launch", PRODUCT_PRICE, 0, "product",
         "t.valid_from < product.launched_at OR (t.valid_from > product.launched_at AND NOT EXISTS (SELECT 1 "
         "FROM "
         "product_prices first WHERE first.product_id = t.product_id AND first.currency = t.currency AND "
         "first.valid_from < t.valid_from))",
         "instant(t.valid_from) || ', launched ' || instant(product.launched_at)",
         "The first price of a product is its launch's"),
    RULE("product_prices.currency_known", PRODUCT_PRICE, 0, "", "NOT currency_known(t.currency)",
         "t.currency", "The currency is that of a market"),
    RULE("variants.barcode_valid", VARIANT, 0, "", "NOT barcode_valid(t.barcode)", "t.barcode",
         "GTIN-13 with a right check digit, of the range for in-store use"),
    RULE("variants.entered_with_product", VARIANT, 0, "product", "t.created_at <> product.created_at",
         "instant(t.created_at)", "A variant is entered with its product"),
    RULE(
        "variants.options_differ", VARIANT, 0, "",
        "EXISTS (SELECT 1 FROM variants other WHERE other.product_id = t.product_id AND other.id <> t.id AND "
        "other.size IS t.size AND other.colour IS t.colour AND other.material IS t.material)",
        "ifnull(t.size, '-') || ', ' || ifnull(t.colour, '-') || ', ' || ifnull(t.material, '-')",
        "No two variants of a product have the same options"),
    RULE("fulfilment_centres.time_zone_known", FULFILMENT_CENTRE, 0, "", "NOT zone_known(t.time_zone)",
         "t.time_zone", "The time zone is one of the IANA database"),
    RULE("fulfilment_centres.place_exists", FULFILMENT_CENTRE, 0, "",
         "NOT place_exists(t.country, t.postal_code, t.city, t.region)",
         "t.postal_code || ', ' || t.city || ', ' || ifnull(t.region, '-') || ', ' || t.country",
         "Postal code, city and region belong together"),

    /* Customers, addresses, payment methods. */
    RULE("customers.email_valid", CUSTOMER, 0, "", "NOT email_valid(t.email)", "t.email",
         "A lower-case address with a domain"),
    RULE("customers.id_tells_time", CUSTOMER, 0, "", "uuid_milliseconds(t.id) <> t.created_at / 1000",
         "instant(t.created_at)", "The time part of the id is the sign-up time"),
    RULE("customers.age_at_as_of", CUSTOMER, 0, "",
         "age(t.birth_date, as_of_from(t.created_at)) NOT BETWEEN 16 AND 95",
         "'age ' || age(t.birth_date, as_of_from(t.created_at))", "16 to 95 years old at as-of"),
    RULE("customers.age_at_sign_up", CUSTOMER, 0, "", "age(t.birth_date, t.created_at) < 16",
         "'age ' || age(t.birth_date, t.created_at)", "At least 16 years old at sign-up"),
    RULE("customers.phone_fits_kind", CUSTOMER, 0, "",
         "(t.phone IS NULL) <> (t.phone_kind IS NULL) OR NOT phone_valid(t.country, t.phone, t.phone_kind)",
         "t.phone || ', ' || t.phone_kind", "The number is of a range of its kind in the customer's country"),
    RULE("customers.market_coherent", CUSTOMER, 0, "",
         "NOT market_coherent(t.country, t.locale, t.language, t.currency)",
         "t.country || ', ' || t.locale || ', ' || t.language || ', ' || t.currency",
         "Country, locale, language and currency belong together"),
    RULE("customers.place_exists", CUSTOMER, 0, "",
         "NOT place_exists(t.country, t.postal_code, t.city, t.region)",
         "t.postal_code || ', ' || t.city || ', ' || ifnull(t.region, '-') || ', ' || t.country",
         "Postal code, city and region belong together"),
    RULE("customers.named", CUSTOMER, 0, "", "t.given_name = '' OR t.family_name = '' OR t.street = ''",
         "t.given_name || ' ' || t.family_name || ', ' || t.street", "Names and street are not empty"),
    RULE("customers.credit_limit_not_negative", CUSTOMER, 0, "", "t.credit_limit < 0", "t.credit_limit",
         "The credit limit is not negative"),
    OVER("customers.one_default_address", CUSTOMER, E(ADDRESS), "", OF_ADDRESSES,
         "count(*) FILTER (WHERE a.is_default) <> 1", NULL, "Exactly one address is the default"),
    OVER("customers.one_to_three_addresses", CUSTOMER, E(ADDRESS), "", OF_ADDRESSES,
         "count(*) NOT BETWEEN 1 AND 3", "(SELECT count(*) FROM addresses a WHERE a.customer_id = t.id)",
         "One to three addresses"),
    RULE("customers.home_is_default_address", CUSTOMER, 0, "home",
         "home.id IS NULL OR home.customer_id <> t.id OR NOT home.is_default", NULL,
         "default_address_id is the customer's own default address"),
    RULE("customers.home_matches_address", CUSTOMER, 0, "home",
         "home.street <> t.street OR home.city <> t.city OR home.region IS NOT t.region OR home.postal_code "
         "<> "
         "t.postal_code OR home.country <> t.country",
         "home.street || ', ' || home.postal_code || ' ' || home.city",
         "The home address is the default address"),
    RULE("customers.one_default_payment_method", CUSTOMER, E(PAYMENT_METHOD), "",
         "(SELECT count(*) FROM payment_methods m WHERE m.customer_id = t.id AND m.is_default) <> 1", NULL,
         "Exactly one payment method is the default"),
    RULE("addresses.after_sign_up", ADDRESS, 0, "customer", "t.created_at < customer.created_at",
         "instant(t.created_at)", "Added at or after the sign-up"),
    RULE("addresses.place_exists", ADDRESS, 0, "",
         "NOT place_exists(t.country, t.postal_code, t.city, t.region)",
         "t.postal_code || ', ' || t.city || ', ' || ifnull(t.region, '-') || ', ' || t.country",
         "Postal code, city and region belong together"),
    RULE("addresses.country_of_customer", ADDRESS, 0, "customer", "t.country <> customer.country",
         "t.country", "In the customer's country"),
    RULE("addresses.complete", ADDRESS, 0, "", "t.recipient = '' OR t.street = ''",
         "t.recipient || ', ' || t.street", "Recipient and street are not empty"),
    RULE("payment_methods.after_sign_up", PAYMENT_METHOD, 0, "customer", "t.created_at < customer.created_at",
         "instant(t.created_at)", "Added at or after the sign-up"),
    RULE("payment_methods.card_fields", PAYMENT_METHOD, 0, "",
         "(t.kind = 'card') <> (t.card_number IS NOT NULL) OR (t.kind = 'card') <> (t.expiry_month IS NOT "
         "NULL) OR "
         "(t.kind = 'card') <> (t.expiry_year IS NOT NULL)",
         "t.kind", "Cards, and only they, have a number and an expiry"),
    RULE("payment_methods.card_number_valid", PAYMENT_METHOD, 0, "", "NOT luhn_valid(t.card_number)",
         "t.card_number", "Card numbers are valid by Luhn"),
    RULE("payment_methods.card_number_published", PAYMENT_METHOD, 0, "", "NOT test_card(t.card_number)",
         "t.card_number", "Card numbers are of published test ranges"),
    RULE("payment_methods.expiry_after_creation", PAYMENT_METHOD, 0, "",
         "t.expiry_month NOT BETWEEN 1 AND 12 OR card_end(t.expiry_year, t.expiry_month) <= t.created_at",
         "t.expiry_month || '/' || t.expiry_year", "A card was valid when it was added"),
    RULE("payment_methods.brand_of_market", PAYMENT_METHOD, 0, "customer",
         "NOT brand_known(customer.country, t.brand, t.kind)", "t.brand || ', ' || t.kind",
         "The brand is used in the customer's country, for this kind"),
    RULE("payment_methods.limit_positive", PAYMENT_METHOD, 0, "", "t.limit_amount <= 0", "t.limit_amount",
         "The limit is above zero"),
    RULE("payment_methods.currency_of_customer", PAYMENT_METHOD, 0, "customer",
         "t.currency <> customer.currency", "t.currency", "The limit is in the customer's currency"),

    /* Stock. */
    RULE("stock_movements.sign_fits_kind", STOCK_MOVEMENT, 0, "",
         "t.quantity = 0 OR (t.kind = 'sale') <> (t.quantity < 0)", "t.kind || ' ' || t.quantity",
         "Sales take away, everything else adds"),
    RULE("stock_movements.order_item_fits_kind", STOCK_MOVEMENT, 0, "",
         "(t.kind IN ('sale', 'cancellation')) <> (t.order_item_id IS NOT NULL)", "t.kind",
         "Sales and cancellations, and only they, name an order item"),
    RULE("stock_movements.match_order_item", STOCK_MOVEMENT, 0, "item",
         "t.variant_id <> item.variant_id OR abs(t.quantity) <> item.quantity",
         "t.quantity || ' moved, ' || item.quantity || ' ordered'",
         "Variant and quantity are those of the line"),
    RULE("stock_movements.centre_of_order", STOCK_MOVEMENT, 0, "item sale_order",
         "t.fulfilment_centre_id <> sale_order.fulfilment_centre_id", NULL, "Goods leave the order's centre"),
    RULE("stock_movements.sale_not_before_order", STOCK_MOVEMENT, 0, "item sale_order",
         "t.occurred_at < sale_order.created_at", "instant(t.occurred_at)", "No sale before the order"),
    RULE("stock_movements.cancellation_of_cancelled", STOCK_MOVEMENT, 0, "item sale_order",
         "t.kind = 'cancellation' AND sale_order.status NOT IN ('cancelled', 'payment_failed')",
         "sale_order.status", "Goods come back only from orders that were called off"),
    RULE("stock_movements.has_stock", STOCK_MOVEMENT, E(STOCK), "",
         "NOT EXISTS (SELECT 1 FROM held_stock s WHERE s.fulfilment_centre_id = t.fulfilment_centre_id AND "
         "s.variant_id = t.variant_id)",
         NULL, "What moves has a stock row"),
    {.name = "stock_movements.never_below_zero",
     .entity = CW_ENTITY_STOCK_MOVEMENT,
     .joins = "",
     .query =
         "SELECT m.id, 'level ' || l.level || ' at ' || instant(m.occurred_at) FROM (SELECT rowid AS place, "
         "sum(quantity) OVER (PARTITION BY fulfilment_centre_id, variant_id ORDER BY occurred_at) AS level "
         "FROM stock_movements{where}) l JOIN stock_movements m ON m.rowid = l.place WHERE l.level < 0",
     .where =
         " WHERE (fulfilment_centre_id, variant_id) IN (SELECT t.fulfilment_centre_id, t.variant_id FROM "
         "stock_movements t WHERE {scope})",
     .description = "The stock of a variant in a centre is never below zero",
     .scan = CW_RULE_SCAN_LEDGER},
    OVER("stock.on_hand_is_sum", STOCK, E(STOCK_MOVEMENT), "", OF_PLACE,
         "t.on_hand <> ifnull(sum(m.quantity), 0)", "'on hand ' || t.on_hand",
         "Stock on hand is the sum of the movements"),
    RULE("stock.on_hand_not_negative", STOCK, 0, "", "t.on_hand < 0", "t.on_hand", "Stock is not negative"),
    OVER("stock.updated_with_last_movement", STOCK, E(STOCK_MOVEMENT), "", OF_PLACE,
         "t.updated_at <> max(m.occurred_at)", "instant(t.updated_at)",
         "updated_at is the time of the last movement"),
    APART("stock.one_row_per_place", STOCK, "fulfilment_centre_id, variant_id",
          "(SELECT count(*) FROM stock s WHERE s.fulfilment_centre_id = t.fulfilment_centre_id AND "
          "s.variant_id = "
          "t.variant_id) > 1",
          NULL, "One row per centre and variant"),
    RULE("stock.reorder_rule_sane", STOCK, 0, "",
         "t.reorder_point < 0 OR t.reorder_quantity < 1 OR t.lead_time < 1 OR t.stockouts < 0",
         "t.reorder_point || ', ' || t.reorder_quantity || ', ' || t.lead_time || ', ' || t.stockouts",
         "Reorder point, quantity, lead time and stock-outs are in range"),
};

const size_t cw_shop_rule_count = sizeof cw_shop_rules / sizeof cw_shop_rules[0];

#define JOIN(entity, alias, needs, after, column, sql)                                                       \
    {                                                                                                        \
        CW_ENTITY_##entity, alias, needs, after, column, sql                                                 \
    }

const struct cw_rule_join cw_rule_joins[] = {
    JOIN(CATEGORY, "parent", E(CATEGORY), NULL, "parent_id", "categories parent ON parent.id = t.parent_id"),
    JOIN(PRODUCT, "category", E(CATEGORY), NULL, "category_id",
         "categories category ON category.id = t.category_id"),
    JOIN(PRODUCT, "brand", E(BRAND), NULL, "brand_id", "brands brand ON brand.id = t.brand_id"),
    JOIN(PRODUCT_PRICE, "product", E(PRODUCT), NULL, "product_id",
         "held_products product ON product.id = t.product_id"),
    JOIN(VARIANT, "product", E(PRODUCT), NULL, "product_id",
         "held_products product ON product.id = t.product_id"),
    JOIN(CUSTOMER, "home", E(ADDRESS), NULL, "default_address_id",
         "addresses home ON home.id = t.default_address_id"),
    JOIN(ADDRESS, "customer", E(CUSTOMER), NULL, "customer_id",
         "held_customers customer ON customer.id = t.customer_id"),
    JOIN(PAYMENT_METHOD, "customer", E(CUSTOMER), NULL, "customer_id",
         "held_customers customer ON customer.id = t.customer_id"),
    JOIN(STOCK_MOVEMENT, "item", E(ORDER_ITEM), NULL, "order_item_id",
         "order_items item ON item.id = t.order_item_id"),
    JOIN(STOCK_MOVEMENT, "sale_order", E(ORDER), "item", NULL,
         "orders sale_order ON sale_order.id = item.order_id"),
    JOIN(ORDER, "customer", E(CUSTOMER), NULL, "customer_id",
         "held_customers customer ON customer.id = t.customer_id"),
    JOIN(ORDER, "ship_to", E(ADDRESS), NULL, "shipping_address_id",
         "held_addresses ship_to ON ship_to.id = t.shipping_address_id"),
    JOIN(ORDER, "bill_to", E(ADDRESS), NULL, "billing_address_id",
         "held_addresses bill_to ON bill_to.id = t.billing_address_id"),
    JOIN(ORDER, "method", E(PAYMENT_METHOD), NULL, "payment_method_id",
         "held_payment_methods method ON method.id = t.payment_method_id"),
    JOIN(ORDER, "centre", E(FULFILMENT_CENTRE), NULL, "fulfilment_centre_id",
         "held_fulfilment_centres centre ON centre.id = t.fulfilment_centre_id"),
    JOIN(ORDER_ITEM, "parent", E(ORDER), NULL, "order_id", "orders parent ON parent.id = t.order_id"),
    JOIN(ORDER_ITEM, "customer", E(CUSTOMER), "parent", NULL,
         "held_customers customer ON customer.id = parent.customer_id"),
    JOIN(ORDER_ITEM, "ship_to", E(ADDRESS), "parent", NULL,
         "held_addresses ship_to ON ship_to.id = parent.shipping_address_id"),
    JOIN(ORDER_ITEM, "product", E(PRODUCT), NULL, "product_id",
         "held_products product ON product.id = t.product_id"),
    JOIN(ORDER_ITEM, "variant", E(VARIANT), NULL, "variant_id",
         "held_variants variant ON variant.id = t.variant_id"),
    JOIN(ORDER_ITEM, "requested", E(VARIANT), NULL, "requested_variant_id",
         "held_variants requested ON requested.id = t.requested_variant_id"),
    JOIN(ORDER_STATUS_HISTORY, "parent", E(ORDER), NULL, "order_id",
         "orders parent ON parent.id = t.order_id"),
    JOIN(ORDER_STATUS_HISTORY, "centre", E(FULFILMENT_CENTRE), "parent", NULL,
         "held_fulfilment_centres centre ON centre.id = parent.fulfilment_centre_id"),
    JOIN(ORDER_STATUS_HISTORY, "before", 0, NULL, NULL,
         "order_status_history before ON before.order_id = t.order_id AND before.sequence = t.sequence - 1"),
    JOIN(PAYMENT, "parent", E(ORDER), NULL, "order_id", "orders parent ON parent.id = t.order_id"),
    JOIN(PAYMENT, "method", E(PAYMENT_METHOD), NULL, "payment_method_id",
         "held_payment_methods method ON method.id = t.payment_method_id"),
    JOIN(SHIPMENT, "parent", E(ORDER), NULL, "order_id", "orders parent ON parent.id = t.order_id"),
    JOIN(SHIPMENT, "centre", E(FULFILMENT_CENTRE), NULL, "fulfilment_centre_id",
         "held_fulfilment_centres centre ON centre.id = t.fulfilment_centre_id"),
};

const size_t cw_rule_join_count = sizeof cw_rule_joins / sizeof cw_rule_joins[0];

const struct cw_rule_driver cw_rule_drivers[] = {
    {CW_ENTITY_ORDER_ITEM, CW_ENTITY_ORDER, "order_id"},
    {CW_ENTITY_ORDER_STATUS_HISTORY, CW_ENTITY_ORDER, "order_id"},
    {CW_ENTITY_PAYMENT, CW_ENTITY_ORDER, "order_id"},
    {CW_ENTITY_SHIPMENT, CW_ENTITY_ORDER, "order_id"},
};

const size_t cw_rule_driver_count = sizeof cw_rule_drivers / sizeof cw_rule_drivers[0];

const struct cw_rule_index cw_rule_indexes[] = {
    {CW_ENTITY_CATEGORY, "categories_id", "id"},
    {CW_ENTITY_CATEGORY, "categories_parent_id", "parent_id"},
    {CW_ENTITY_BRAND, "brands_id", "id"},
    {CW_ENTITY_PRODUCT_PRICE, "product_prices_validity", "product_id, currency, valid_from"},
    {CW_ENTITY_VARIANT, "variants_product_id", "product_id"},
    {CW_ENTITY_ADDRESS, "addresses_id", "id"},
    {CW_ENTITY_ADDRESS, "addresses_customer_id", "customer_id, is_default"},
    {CW_ENTITY_PAYMENT_METHOD, "payment_methods_customer_id", "customer_id"},
    {CW_ENTITY_ORDER, "orders_id", "id"},
    {CW_ENTITY_ORDER_ITEM, "order_items_id", "id"},
    {CW_ENTITY_ORDER_ITEM, "order_items_line", "order_id, line_number"},
    {CW_ENTITY_ORDER_STATUS_HISTORY, "order_status_history_entry", "order_id, sequence, status, changed_at"},
    {CW_ENTITY_PAYMENT, "payments_attempt", "order_id, attempt, status"},
    {CW_ENTITY_SHIPMENT, "shipments_order_id", "order_id"},
    {CW_ENTITY_STOCK_MOVEMENT, "stock_movements_ledger",
     "fulfilment_centre_id, variant_id, occurred_at, quantity"},
    {CW_ENTITY_STOCK_MOVEMENT, "stock_movements_order_item_id",
     "order_item_id, kind, quantity) WHERE (order_item_id IS NOT NULL"},
    {CW_ENTITY_STOCK, "stock_place", "fulfilment_centre_id, variant_id"},
};

const size_t cw_rule_index_count = sizeof cw_rule_indexes / sizeof cw_rule_indexes[0];
