#include "store/store_query.h"

#include <inttypes.h>
#include <string.h>

static const char *const operators[] = {
    [CW_EQUAL] = "=",       [CW_NOT_EQUAL] = "<>", [CW_LESS] = "<",
    [CW_LESS_EQUAL] = "<=", [CW_GREATER] = ">",    [CW_GREATER_EQUAL] = ">=",
};

const char *cw_comparison_sql(enum cw_comparison comparison)
{
    return operators[comparison];
}

cw_status cw_query_refuse(const struct cw_query *query, struct cw_error *error)
{
    const struct cw_entity *entity = cw_entity_get(query->entity);
    if (query->limit < 1) {
        return cw_error_set(error, CW_E_INVALID, "limit", "limit is %" PRId64 ", expected 1 or more",
                            query->limit);
    }
    if (query->filter_count > CW_FILTERS_MAX) {
        return cw_error_set(error, CW_E_LIMIT, "filter", "%" PRIu32 " conditions given, expected at most %d",
                            query->filter_count, CW_FILTERS_MAX);
    }
    for (uint32_t i = 0; i < query->filter_count; i++) {
        if (query->filters[i].column >= entity->column_count) {
            return cw_error_set(error, CW_E_INVALID, "filter",
                                "filter column is %" PRIu32 ", but %s has columns 0 to %" PRIu32,
                                query->filters[i].column, entity->table, entity->column_count - 1);
        }
    }
    return CW_OK;
}

const char *cw_filter_value_form(enum cw_type type)
{
    switch (type) {
    case CW_TYPE_BOOL:
        return "true or false";
    case CW_TYPE_INT32:
    case CW_TYPE_INT64:
        return "a whole number";
    case CW_TYPE_DATE:
        return "a date such as 2025-06-30";
    case CW_TYPE_TIMESTAMP:
        return "a time such as 2025-06-30T18:00:00Z";
    case CW_TYPE_UUID:
        return "a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057";
    case CW_TYPE_STRING:
        break;
    }
    return "a text";
}

cw_status cw_filter_refuse(const struct cw_column_def *definition, const char *value, struct cw_error *error)
{
    return cw_error_set(error, CW_E_INVALID, definition->name, "%s is \"%.100s\", expected %s",
                        definition->name, value, cw_filter_value_form(definition->type));
}

cw_status cw_query_batch_prepare(const struct cw_query *query, struct cw_batch *batch, struct cw_error *error)
{
    const struct cw_entity *entity = cw_entity_get(query->entity);
    for (uint32_t c = 0; c < batch->column_count; c++) {
        if (!cw_query_selects(query, c) && batch->columns[c].values != NULL) {
            cw_batch_clear(batch);
            break;
        }
    }
    if (batch->columns == NULL) {
        const cw_status status = cw_batch_init(batch, entity, error);
        if (status != CW_OK) {
            return status;
        }
    }
    const int64_t rows = query->limit < CW_QUERY_FIRST_ROWS ? query->limit : CW_QUERY_FIRST_ROWS;
    cw_status status = CW_OK;
    for (uint32_t c = 0; status == CW_OK && c < batch->column_count; c++) {
        struct cw_column *column = &batch->columns[c];
        if (!cw_query_selects(query, c)) {
            continue;
        }
        column->pool = NULL;
        column->null_count = 0;
        status = cw_batch_reserve(batch, c, rows, error);
        if (status == CW_OK && column->type == CW_TYPE_STRING) {
            status = cw_batch_reserve_bytes(batch, c, 0, error);
            ((int32_t *)column->values)[0] = 0;
        }
    }
    return status;
}

cw_status cw_batch_put_text(struct cw_batch *batch, uint32_t index, int64_t row, const void *text,
                            size_t size, struct cw_error *error)
{
    struct cw_column *column = &batch->columns[index];
    int32_t *offsets = column->values;
    const size_t start = (size_t)offsets[row];
    if (column->bytes == NULL || start + size > column->bytes_capacity) {
        const cw_status status = cw_batch_reserve_bytes(batch, index, start + size, error);
        if (status != CW_OK) {
            return status;
        }
    }
    if (size > 0 && text != NULL && column->bytes != NULL) {
        memcpy(column->bytes + start, text, size);
    }
    offsets[row + 1] = (int32_t)(start + size);
    return CW_OK;
}
