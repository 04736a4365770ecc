#include "store/row_check.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "model/columns.h"

/* Lowest and highest value of number columns; the same as the CHECKs of the first migration. Stock on hand
 * may be negative in a batch: there it is a change. */
static const struct {
    enum cw_entity_id entity;
    uint32_t column;
    int64_t lowest;
    int64_t highest;
} ranges[] = {
    {CW_ENTITY_CATEGORY, CW_CATEGORY_LEVEL, 1, INT64_MAX},
    {CW_ENTITY_PRODUCT, CW_PRODUCT_LIST_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_PRODUCT, CW_PRODUCT_COST_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_PRODUCT, CW_PRODUCT_WEIGHT, 0, INT64_MAX},
    {CW_ENTITY_PRODUCT, CW_PRODUCT_MINIMUM_AGE, 1, INT64_MAX},
    {CW_ENTITY_PRODUCT, CW_PRODUCT_POPULARITY, 1, INT64_MAX},
    {CW_ENTITY_PRODUCT_PRICE, CW_PRODUCT_PRICE_UNIT_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_CUSTOMER, CW_CUSTOMER_CREDIT_LIMIT, 0, INT64_MAX},
    {CW_ENTITY_PAYMENT_METHOD, CW_PAYMENT_METHOD_EXPIRY_MONTH, 1, 12},
    {CW_ENTITY_PAYMENT_METHOD, CW_PAYMENT_METHOD_LIMIT_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_ORDER, CW_ORDER_SUBTOTAL_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_ORDER, CW_ORDER_DISCOUNT_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_ORDER, CW_ORDER_SHIPPING_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_ORDER, CW_ORDER_TAX_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_ORDER, CW_ORDER_SHIPPING_TAX_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_ORDER, CW_ORDER_TOTAL_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_ORDER, CW_ORDER_ITEM_COUNT, 1, INT64_MAX},
    {CW_ENTITY_ORDER, CW_ORDER_FRAUD_SCORE, 0, 100},
    {CW_ENTITY_ORDER_ITEM, CW_ORDER_ITEM_LINE_NUMBER, 1, INT64_MAX},
    {CW_ENTITY_ORDER_ITEM, CW_ORDER_ITEM_QUANTITY, 1, INT64_MAX},
    {CW_ENTITY_ORDER_ITEM, CW_ORDER_ITEM_UNIT_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_ORDER_ITEM, CW_ORDER_ITEM_DISCOUNT_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_ORDER_ITEM, CW_ORDER_ITEM_TAX_RATE, 0, INT64_MAX},
    {CW_ENTITY_ORDER_ITEM, CW_ORDER_ITEM_TAX_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_ORDER_ITEM, CW_ORDER_ITEM_TOTAL_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_ORDER_STATUS_HISTORY, CW_ORDER_STATUS_HISTORY_SEQUENCE, 1, INT64_MAX},
    {CW_ENTITY_PAYMENT, CW_PAYMENT_ATTEMPT, 1, INT64_MAX},
    {CW_ENTITY_PAYMENT, CW_PAYMENT_AMOUNT, 0, INT64_MAX},
    {CW_ENTITY_SHIPMENT, CW_SHIPMENT_WEIGHT, 0, INT64_MAX},
    {CW_ENTITY_STOCK, CW_STOCK_REORDER_POINT, 0, INT64_MAX},
    {CW_ENTITY_STOCK, CW_STOCK_REORDER_QUANTITY, 0, INT64_MAX},
    {CW_ENTITY_STOCK, CW_STOCK_LEAD_TIME, 0, INT64_MAX},
    {CW_ENTITY_STOCK, CW_STOCK_STOCKOUTS, 0, INT64_MAX},
};

static bool is_one_of(const char *values, const char *text, size_t length)
{
    for (const char *value = values; value != NULL;) {
        const char *end = strchr(value, '|');
        const size_t size = end != NULL ? (size_t)(end - value) : strlen(value);
        if (size == length && memcmp(value, text, length) == 0) {
            return true;
        }
        value = end != NULL ? end + 1 : NULL;
    }
    return false;
}

/* What every text of a column must be: of a set, or of a length (0: any). */
struct text_rule {
    const char *values;
    size_t length;
};

static bool text_rule_holds(const struct text_rule *rule, const char *text, size_t length)
{
    return (rule->values == NULL || is_one_of(rule->values, text, length)) &&
           (rule->length == 0 || rule->length == length);
}

static cw_status bad_text(const struct cw_batch *batch, uint32_t column, int64_t row, const char *expected,
                          struct cw_error *error)
{
    const struct cw_column_def *definition = &batch->entity->columns[column];
    size_t length;
    const char *text = cw_column_string(&batch->columns[column], row, &length);
    return cw_error_set(error, CW_E_VIOLATION, definition->name,
                        "%s.%s is \"%.*s\" in row %" PRId64 ", expected %s", batch->entity->table,
                        definition->name, (int)(length < 100 ? length : 100), text, row, expected);
}

/* Codes of a dictionary are judged once each. */
#define JUDGED_CODES 256

static cw_status check_text(const struct cw_batch *batch, uint32_t index, const struct text_rule *rule,
                            const char *expected, struct cw_error *error)
{
    const struct cw_column *column = &batch->columns[index];
    uint8_t judged[JUDGED_CODES] = {0};
    for (int64_t row = 0; row < batch->row_count; row++) {
        if (!cw_column_is_valid(column, row)) {
            continue;
        }
        const int32_t code = column->pool != NULL ? ((const int32_t *)column->values)[row] : JUDGED_CODES;
        if (code < JUDGED_CODES && judged[code]) {
            continue;
        }
        size_t length;
        const char *text = cw_column_string(column, row, &length);
        if (!text_rule_holds(rule, text, length)) {
            return bad_text(batch, index, row, expected, error);
        }
        if (code < JUDGED_CODES) {
            judged[code] = 1;
        }
    }
    return CW_OK;
}

static int64_t number_at(const struct cw_column *column, int64_t row)
{
    return column->type == CW_TYPE_INT32 ? ((const int32_t *)column->values)[row]
                                         : ((const int64_t *)column->values)[row];
}

static cw_status check_range(const struct cw_batch *batch, uint32_t index, int64_t lowest, int64_t highest,
                             struct cw_error *error)
{
    const struct cw_column *column = &batch->columns[index];
    for (int64_t row = 0; row < batch->row_count; row++) {
        if (!cw_column_is_valid(column, row)) {
            continue;
        }
        const int64_t value = number_at(column, row);
        if (value < lowest || value > highest) {
            const char *name = batch->entity->columns[index].name;
            return cw_error_set(error, CW_E_VIOLATION, name,
                                "%s.%s is %" PRId64 " in row %" PRId64 ", expected %" PRId64 " to %" PRId64,
                                batch->entity->table, name, value, row, lowest, highest);
        }
    }
    return CW_OK;
}

static cw_status check_moved(const struct cw_batch *batch, struct cw_error *error)
{
    const int32_t *quantities = batch->columns[CW_STOCK_MOVEMENT_QUANTITY].values;
    for (int64_t row = 0; row < batch->row_count; row++) {
        if (quantities[row] == 0) {
            return cw_error_set(error, CW_E_VIOLATION, "quantity",
                                "stock_movements.quantity is 0 in row %" PRId64 ", expected a change", row);
        }
    }
    return CW_OK;
}

static cw_status check_column(const struct cw_batch *batch, uint32_t index, struct cw_error *error)
{
    const struct cw_column_def *definition = &batch->entity->columns[index];
    const struct cw_column *column = &batch->columns[index];
    if (column->values == NULL) {
        return cw_error_set(error, CW_E_INVALID, definition->name, "column %s.%s is absent from the batch",
                            batch->entity->table, definition->name);
    }
    if (!definition->nullable && column->validity != NULL && column->null_count > 0) {
        return cw_error_set(error, CW_E_VIOLATION, definition->name,
                            "%s.%s is null in %" PRId64 " rows, expected a value", batch->entity->table,
                            definition->name, column->null_count);
    }
    if (definition->type != CW_TYPE_STRING) {
        return CW_OK;
    }
    if (definition->values != NULL) {
        const struct text_rule rule = {.values = definition->values};
        return check_text(batch, index, &rule, definition->values, error);
    }
    if (strcmp(definition->name, "country") == 0) {
        return check_text(batch, index, &(struct text_rule){.length = 2}, "two letters", error);
    }
    if (strcmp(definition->name, "currency") == 0) {
        return check_text(batch, index, &(struct text_rule){.length = 3}, "three letters", error);
    }
    return CW_OK;
}

cw_status cw_rows_check(const struct cw_batch *batch, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t c = 0; status == CW_OK && c < batch->column_count; c++) {
        status = check_column(batch, c, error);
    }
    for (size_t i = 0; status == CW_OK && i < sizeof ranges / sizeof *ranges; i++) {
        if (ranges[i].entity == batch->entity->id) {
            status = check_range(batch, ranges[i].column, ranges[i].lowest, ranges[i].highest, error);
        }
    }
    if (status == CW_OK && batch->entity->id == CW_ENTITY_STOCK_MOVEMENT) {
        status = check_moved(batch, error);
    }
    return status;
}
