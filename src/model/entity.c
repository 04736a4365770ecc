#include "cartwright/entity.h"

#include <stddef.h>
#include <string.h>

#define X(symbol, name, type, nullable, unique, reference, personal, unit, values, meaning)                  \
    {name, CW_TYPE_##type, nullable, unique, reference, CW_PERSONAL_##personal, unit, values, meaning},

static const struct cw_column_def category_columns[] = {
#include "model/entities/category.def"
};

static const struct cw_column_def brand_columns[] = {
#include "model/entities/brand.def"
};

static const struct cw_column_def product_columns[] = {
#include "model/entities/product.def"
};

static const struct cw_column_def product_price_columns[] = {
#include "model/entities/product_price.def"
};

static const struct cw_column_def variant_columns[] = {
#include "model/entities/variant.def"
};

static const struct cw_column_def fulfilment_centre_columns[] = {
#include "model/entities/fulfilment_centre.def"
};

static const struct cw_column_def customer_columns[] = {
#include "model/entities/customer.def"
};

static const struct cw_column_def address_columns[] = {
#include "model/entities/address.def"
};

static const struct cw_column_def payment_method_columns[] = {
#include "model/entities/payment_method.def"
};

static const struct cw_column_def order_columns[] = {
#include "model/entities/order.def"
};

static const struct cw_column_def order_item_columns[] = {
#include "model/entities/order_item.def"
};

static const struct cw_column_def order_status_history_columns[] = {
#include "model/entities/order_status_history.def"
};

static const struct cw_column_def payment_columns[] = {
#include "model/entities/payment.def"
};

static const struct cw_column_def shipment_columns[] = {
#include "model/entities/shipment.def"
};

static const struct cw_column_def stock_movement_columns[] = {
#include "model/entities/stock_movement.def"
};

static const struct cw_column_def stock_columns[] = {
#include "model/entities/stock.def"
};

#undef X

#define ENTITY(symbol, name, table, meaning, columns)                                                        \
    [CW_ENTITY_##symbol] = {CW_ENTITY_##symbol,                                                              \
                            name,                                                                            \
                            table,                                                                           \
                            meaning,                                                                         \
                            columns,                                                                         \
                            (uint32_t)(sizeof(columns) / sizeof((columns)[0]))}

static const struct cw_entity entities[CW_ENTITY_COUNT] = {
    ENTITY(CATEGORY, "category", "categories", "A node of the category tree that products are filed under",
           category_columns),
    ENTITY(BRAND, "brand", "brands", "An invented brand", brand_columns),
    ENTITY(PRODUCT, "product", "products",
           "A product as the catalogue shows it, sold in one or more variants", product_columns),
    ENTITY(PRODUCT_PRICE, "product_price", "product_prices",
           "The price of a product in a market's currency over a span of time", product_price_columns),
    ENTITY(VARIANT, "variant", "variants", "One sellable variant (SKU) of a product", variant_columns),
    ENTITY(FULFILMENT_CENTRE, "fulfilment_centre", "fulfilment_centres",
           "A warehouse that serves its own region from its own stock", fulfilment_centre_columns),
    ENTITY(CUSTOMER, "customer", "customers", "A person or business that may buy", customer_columns),
    ENTITY(ADDRESS, "address", "addresses", "A postal address of a customer", address_columns),
    ENTITY(PAYMENT_METHOD, "payment_method", "payment_methods", "A way to pay that a customer has on file",
           payment_method_columns),
    ENTITY(ORDER, "order", "orders", "An order placed by a customer", order_columns),
    ENTITY(ORDER_ITEM, "order_item", "order_items", "One line of an order", order_item_columns),
    ENTITY(ORDER_STATUS_HISTORY, "order_status_history", "order_status_history",
           "A step in the life of an order", order_status_history_columns),
    ENTITY(PAYMENT, "payment", "payments", "An attempt to pay for an order", payment_columns),
    ENTITY(SHIPMENT, "shipment", "shipments", "A parcel that carries an order", shipment_columns),
    ENTITY(STOCK_MOVEMENT, "stock_movement", "stock_movements",
           "A change of the stock of a variant in a fulfilment centre", stock_movement_columns),
    ENTITY(STOCK, "stock", "stock", "The stock of a variant in a fulfilment centre at as-of", stock_columns),
};

#undef ENTITY

static const char *const type_names[] = {
    [CW_TYPE_BOOL] = "bool",     [CW_TYPE_INT32] = "int32",         [CW_TYPE_INT64] = "int64",
    [CW_TYPE_DATE] = "date",     [CW_TYPE_TIMESTAMP] = "timestamp", [CW_TYPE_UUID] = "uuid",
    [CW_TYPE_STRING] = "string",
};

static bool name_equals(const char *name, const char *text, size_t length)
{
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

const struct cw_entity *cw_entity_get(enum cw_entity_id id)
{
    return (unsigned)id < CW_ENTITY_COUNT ? &entities[id] : NULL;
}

const struct cw_entity *cw_entity_find(const char *name, unsigned long length)
{
    for (size_t i = 0; i < CW_ENTITY_COUNT; i++) {
        if (name_equals(entities[i].table, name, length) || name_equals(entities[i].name, name, length)) {
            return &entities[i];
        }
    }
    return NULL;
}

int cw_entity_column(const struct cw_entity *entity, const char *name, unsigned long length)
{
    for (uint32_t i = 0; i < entity->column_count; i++) {
        if (name_equals(entity->columns[i].name, name, length)) {
            return (int)i;
        }
    }
    return -1;
}

const char *cw_type_name(enum cw_type type)
{
    return (unsigned)type < sizeof type_names / sizeof type_names[0] ? type_names[type] : "unknown";
}
