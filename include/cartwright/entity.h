/* The catalogue of the shop: every entity and column, described once. Encoders, stores, API and checks read
 * it. */
#ifndef CARTWRIGHT_ENTITY_H
#define CARTWRIGHT_ENTITY_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum cw_type {
    CW_TYPE_BOOL,
    CW_TYPE_INT32,
    CW_TYPE_INT64,
    CW_TYPE_DATE,      /* calendar date, int32 days since 1970-01-01 */
    CW_TYPE_TIMESTAMP, /* instant, int64 microseconds since 1970-01-01T00:00:00Z */
    CW_TYPE_UUID,      /* RFC 9562 UUID, 16 bytes */
    CW_TYPE_STRING     /* UTF-8 */
};

/* What a column says about a living person, were the data real (GDPR, article 4). */
enum cw_personal {
    CW_PERSONAL_NONE,
    CW_PERSONAL_IDENTIFIER, /* identifies a person alone: e-mail, phone, card number */
    CW_PERSONAL_QUASI,      /* identifies together with others: name, birth date, postal code */
    CW_PERSONAL_PSEUDONYM   /* a key that leads to a person: customer id */
};

/* Entities in the order in which references allow them to be loaded. */
enum cw_entity_id {
    CW_ENTITY_CATEGORY,
    CW_ENTITY_BRAND,
    CW_ENTITY_PRODUCT,
    CW_ENTITY_PRODUCT_PRICE,
    CW_ENTITY_VARIANT,
    CW_ENTITY_FULFILMENT_CENTRE,
    CW_ENTITY_CUSTOMER,
    CW_ENTITY_ADDRESS,
    CW_ENTITY_PAYMENT_METHOD,
    CW_ENTITY_ORDER,
    CW_ENTITY_ORDER_ITEM,
    CW_ENTITY_ORDER_STATUS_HISTORY,
    CW_ENTITY_PAYMENT,
    CW_ENTITY_SHIPMENT,
    CW_ENTITY_STOCK_MOVEMENT,
    CW_ENTITY_STOCK,
    CW_ENTITY_COUNT
};

#define CW_NO_REFERENCE (-1)

struct cw_column_def {
    const char *name; /* snake_case */
    enum cw_type type;
    bool nullable;
    bool unique;   /* no two rows of the entity share a value (case-insensitive for e-mail) */
    int reference; /* enum cw_entity_id whose id this column holds, or CW_NO_REFERENCE */
    enum cw_personal personal;
    const char *unit; /* "minor units", "microseconds UTC", "g", "basis points", ...; "" where none applies */
    const char *values;  /* allowed values separated by '|' for closed sets; NULL for open ones */
    const char *meaning; /* one line */
};

struct cw_entity {
    enum cw_entity_id id;
    const char *name;  /* singular, "order_item" */
    const char *table; /* plural, "order_items": table, folder and URL name; "stock" and
                          "order_status_history" stay as they are */
    const char *meaning;
    const struct cw_column_def *columns; /* column 0 is always the primary key "id" (UUID) */
    uint32_t column_count;               /* at most 64 */
};

/* The entity with this id; never NULL for ids below CW_ENTITY_COUNT. Static storage. */
const struct cw_entity *cw_entity_get(enum cw_entity_id id);

/* The entity of a table name ("orders") or entity name ("order"); NULL when unknown. length: size of name. */
const struct cw_entity *cw_entity_find(const char *name, unsigned long length);

/* The index of a column, or -1. */
int cw_entity_column(const struct cw_entity *entity, const char *name, unsigned long length);

/* "uuid", "string", ...: the type's name as `cartwright schema` prints it. */
const char *cw_type_name(enum cw_type type);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
