/* What the bodies of generate requests hold. */
#include "api/generate_resource.h"

#define MONEY_MAX 1000000 /* US dollars */
#define NAMES_MAX 64
#define VALUES_MAX 32
#define CELLS_MAX 10000
#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

#define COMMON_FIELDS                                                                                        \
    {.name = "seed",                                                                                         \
     .kind = CW_FIELD_INTEGER,                                                                               \
     .maximum = INT64_MAX,                                                                                   \
     .example = "42",                                                                                        \
     .meaning = "The seed of all draws: the same request with the same seed upon the same store makes the "  \
                "same rows. Drawn at random when absent, and always in the answer"},                         \
        {.name = "persist",                                                                                  \
         .kind = CW_FIELD_BOOLEAN,                                                                           \
         .fallback = "true",                                                                                 \
         .example = "false",                                                                                 \
         .meaning = "Keep the rows in the store; false only shows them"},                                    \
    {                                                                                                        \
        .name = "as_of", .kind = CW_FIELD_TIME, .example = "'2026-01-01'",                                   \
        .meaning = "No time in the data is later; a constant of the data version by default, or 'now'"       \
    }

const struct cw_field cw_customers_fields[6] = {
    {.name = "count",
     .kind = CW_FIELD_COUNT,
     .fallback = "10",
     .example = "5",
     .meaning = "How many customers; each with its addresses and payment methods"},
    {.name = "locale",
     .kind = CW_FIELD_MARKETS,
     .example = "'de-DE'",
     .meaning = "Where they live: a locale or country, a list with equal shares, or an object of locale and "
                "share; all markets by default"},
    {.name = "segment",
     .kind = CW_FIELD_CHOICE,
     .values = "new|regular|vip|wholesale|dormant",
     .example = "'vip'",
     .meaning = "The segment of all of them; a usual mix by default"},
    COMMON_FIELDS,
};

static const struct cw_field price_fields[] = {
    {.name = "min",
     .kind = CW_FIELD_NUMBER,
     .maximum = MONEY_MAX,
     .meaning = "Lowest list price, US dollars"},
    {.name = "max",
     .kind = CW_FIELD_NUMBER,
     .maximum = MONEY_MAX,
     .meaning = "Highest list price, US dollars"},
};

static const struct cw_field attribute_fields[] = {
    {.name = "size", .kind = CW_FIELD_NAMES, .maximum = VALUES_MAX, .meaning = "Sizes to offer"},
    {.name = "colour", .kind = CW_FIELD_NAMES, .maximum = VALUES_MAX, .meaning = "Colours to offer"},
    {.name = "material", .kind = CW_FIELD_NAMES, .maximum = VALUES_MAX, .meaning = "Materials to offer"},
};

const struct cw_field cw_products_fields[7] = {
    {.name = "categories",
     .kind = CW_FIELD_NAMES,
     .maximum = NAMES_MAX,
     .example = "['Running Shoes']",
     .meaning = "Names or paths of categories to fill; the whole tree by default"},
    {.name = "count",
     .kind = CW_FIELD_COUNT,
     .fallback = "10",
     .example = "4",
     .meaning = "How many products in each category, or in all when no categories are given"},
    {.name = "price_range",
     .kind = CW_FIELD_OBJECT,
     .members = price_fields,
     .member_count = COUNT_OF(price_fields),
     .example = "{'min':10,'max':99.95}",
     .meaning = "Bounds of the list prices in US dollars, to the cent"},
    {.name = "attributes",
     .kind = CW_FIELD_OBJECT,
     .members = attribute_fields,
     .member_count = COUNT_OF(attribute_fields),
     .example = "{'colour':['red','black']}",
     .meaning = "Option values that variants are built from; those of the category by default"},
    COMMON_FIELDS,
};

static const struct cw_field date_fields[] = {
    {.name = "from", .kind = CW_FIELD_TIME, .meaning = "First moment; a year before 'to' by default"},
    {.name = "to", .kind = CW_FIELD_TIME, .meaning = "First moment after the range; as_of by default"},
};

const struct cw_field cw_orders_fields[7] = {
    {.name = "customer_id",
     .kind = CW_FIELD_UUID,
     .meaning = "Orders of this customer only; of all customers by default"},
    {.name = "date_range",
     .kind = CW_FIELD_OBJECT,
     .members = date_fields,
     .member_count = COUNT_OF(date_fields),
     .example = "{'from':'2025-06-01','to':'2025-07-01'}",
     .meaning = "When they are placed, half-open; the year before as_of by default"},
    {.name = "count",
     .kind = CW_FIELD_COUNT,
     .fallback = "10",
     .example = "5",
     .meaning = "How many orders; each with lines, history, payments, parcel and stock movements"},
    {.name = "behavior",
     .kind = CW_FIELD_CHOICE,
     .values = "normal|peak|holiday",
     .fallback = "'normal'",
     .example = "'normal'",
     .meaning = "The shape of demand over the range"},
    COMMON_FIELDS,
};

const struct cw_field cw_bulk_fields[16] = {
    {.name = "customers",
     .kind = CW_FIELD_AMOUNT,
     .fallback = "0",
     .example = "5",
     .meaning = "How many customers; without any, orders are those of the store's customers"},
    {.name = "products",
     .kind = CW_FIELD_AMOUNT,
     .fallback = "0",
     .example = "4",
     .meaning = "How many products in all; without any, orders are of the store's products"},
    {.name = "orders",
     .kind = CW_FIELD_AMOUNT,
     .fallback = "0",
     .example = "6",
     .meaning = "How many orders"},
    {.name = "locale",
     .kind = CW_FIELD_MARKETS,
     .example = "{'de-DE':2,'fr-FR':1}",
     .meaning = "Where the customers live: a locale or country, a list with equal shares, or an object of "
                "locale and share; all markets by default"},
    {.name = "segment",
     .kind = CW_FIELD_CHOICE,
     .values = "new|regular|vip|wholesale|dormant",
     .meaning = "The segment of all customers; a usual mix by default"},
    {.name = "categories",
     .kind = CW_FIELD_NAMES,
     .maximum = NAMES_MAX,
     .meaning = "Names or paths of categories to fill, with products_per_category instead of products"},
    {.name = "products_per_category",
     .kind = CW_FIELD_AMOUNT,
     .meaning = "How many products in each of categories"},
    {.name = "price_range",
     .kind = CW_FIELD_OBJECT,
     .members = price_fields,
     .member_count = COUNT_OF(price_fields),
     .meaning = "Bounds of the list prices in US dollars, to the cent"},
    {.name = "attributes",
     .kind = CW_FIELD_OBJECT,
     .members = attribute_fields,
     .member_count = COUNT_OF(attribute_fields),
     .meaning = "Option values that variants are built from; those of the category by default"},
    {.name = "date_range",
     .kind = CW_FIELD_OBJECT,
     .members = date_fields,
     .member_count = COUNT_OF(date_fields),
     .example = "{'from':'2025-06-01','to':'2025-07-01'}",
     .meaning = "When the orders are placed, half-open; the year before as_of by default"},
    {.name = "behavior",
     .kind = CW_FIELD_CHOICE,
     .values = "normal|peak|holiday",
     .fallback = "'normal'",
     .example = "'peak'",
     .meaning = "The shape of demand over the range"},
    {.name = "customer_id", .kind = CW_FIELD_UUID, .meaning = "Orders of this customer of the store only"},
    {.name = "cells",
     .kind = CW_FIELD_INTEGER,
     .minimum = 1,
     .maximum = CELLS_MAX,
     .meaning = "Fulfilment centres that share the orders; derived from the orders by default"},
    COMMON_FIELDS,
};

#define TABLE_MEANING                                                                                        \
    "The table to answer: for CSV, NDJSON and Parquet instead of the main one, for JSON instead of all"

const struct cw_field cw_customers_query[1] = {
    {.name = "table",
     .kind = CW_FIELD_CHOICE,
     .values = "customers|addresses|payment_methods",
     .meaning = TABLE_MEANING},
};
const struct cw_field cw_products_query[1] = {
    {.name = "table",
     .kind = CW_FIELD_CHOICE,
     .values = "products|variants|product_prices|brands|categories",
     .meaning = TABLE_MEANING},
};
const struct cw_field cw_orders_query[1] = {
    {.name = "table",
     .kind = CW_FIELD_CHOICE,
     .values = "orders|order_items|order_status_history|payments|shipments|stock_movements|stock",
     .meaning = TABLE_MEANING},
};
const struct cw_field cw_bulk_query[1] = {
    {.name = "table",
     .kind = CW_FIELD_CHOICE,
     .values = "customers|addresses|payment_methods|products|variants|product_prices|brands|categories|"
               "fulfilment_centres|orders|order_items|order_status_history|payments|shipments|"
               "stock_movements|stock",
     .meaning = TABLE_MEANING},
};
