/* Column positions of every entity, from the same descriptions as the catalogue: CW_CUSTOMER_EMAIL, ... */
#ifndef CW_MODEL_COLUMNS_H
#define CW_MODEL_COLUMNS_H

enum {
#define X(symbol, ...) CW_CATEGORY_##symbol,
#include "model/entities/category.def"
#undef X
    CW_CATEGORY_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_BRAND_##symbol,
#include "model/entities/brand.def"
#undef X
    CW_BRAND_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_PRODUCT_##symbol,
#include "model/entities/product.def"
#undef X
    CW_PRODUCT_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_PRODUCT_PRICE_##symbol,
#include "model/entities/product_price.def"
#undef X
    CW_PRODUCT_PRICE_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_VARIANT_##symbol,
#include "model/entities/variant.def"
#undef X
    CW_VARIANT_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_FULFILMENT_CENTRE_##symbol,
#include "model/entities/fulfilment_centre.def"
#undef X
    CW_FULFILMENT_CENTRE_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_CUSTOMER_##symbol,
#include "model/entities/customer.def"
#undef X
    CW_CUSTOMER_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_ADDRESS_##symbol,
#include "model/entities/address.def"
#undef X
    CW_ADDRESS_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_PAYMENT_METHOD_##symbol,
#include "model/entities/payment_method.def"
#undef X
    CW_PAYMENT_METHOD_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_ORDER_##symbol,
#include "model/entities/order.def"
#undef X
    CW_ORDER_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_ORDER_ITEM_##symbol,
#include "model/entities/order_item.def"
#undef X
    CW_ORDER_ITEM_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_ORDER_STATUS_HISTORY_##symbol,
#include "model/entities/order_status_history.def"
#undef X
    CW_ORDER_STATUS_HISTORY_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_PAYMENT_##symbol,
#include "model/entities/payment.def"
#undef X
    CW_PAYMENT_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_SHIPMENT_##symbol,
#include "model/entities/shipment.def"
#undef X
    CW_SHIPMENT_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_STOCK_MOVEMENT_##symbol,
#include "model/entities/stock_movement.def"
#undef X
    CW_STOCK_MOVEMENT_COLUMN_COUNT
};

enum {
#define X(symbol, ...) CW_STOCK_##symbol,
#include "model/entities/stock.def"
#undef X
    CW_STOCK_COLUMN_COUNT
};

#endif
