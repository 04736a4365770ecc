#include <string.h>

#include "engine/catalogue_parts.h"
#include "model/reference.h"

cw_status cw_rows_begin(const struct cw_rows *fill, int64_t rows)
{
    for (uint32_t c = 0; c < fill->batch->column_count; c++) {
        if (!cw_rows_want(fill, c)) {
            continue;
        }
        cw_status status = cw_batch_reserve(fill->batch, c, rows, fill->error);
        if (status != CW_OK) {
            return status;
        }
        struct cw_column *column = &fill->batch->columns[c];
        column->pool = NULL;
        column->null_count = 0;
        if (column->validity != NULL) {
            memset(column->validity, 0xff, (size_t)(rows + 7) / 8);
        }
        if (column->type == CW_TYPE_STRING) {
            ((int32_t *)column->values)[0] = 0;
        }
        if (column->type == CW_TYPE_BOOL) {
            memset(column->values, 0, (size_t)(rows + 7) / 8);
        }
    }
    fill->batch->row_count = rows;
    return CW_OK;
}

cw_status cw_rows_text(const struct cw_rows *fill, uint32_t column, int64_t row, const char *text,
                       size_t size)
{
    struct cw_column *target = &fill->batch->columns[column];
    int32_t *offsets = target->values;
    size_t used = (size_t)offsets[row];
    /* One byte more than needed, so that there is memory behind an empty text, too. */
    if (used + size >= target->bytes_capacity) {
        cw_status status = cw_batch_reserve_bytes(fill->batch, column, used + size + 1, fill->error);
        if (status != CW_OK) {
            return status;
        }
    }
    memcpy(target->bytes + used, text, size);
    offsets[row + 1] = (int32_t)(used + size);
    return CW_OK;
}

static cw_status outside(uint32_t entity, int64_t first, int64_t count, int64_t rows, struct cw_error *error)
{
    return cw_error_set(error, CW_E_INVALID, "first_row",
                        "rows %lld and %lld following of %s were asked for; expected rows of 0 to %lld",
                        (long long)first, (long long)count, cw_entity_get((enum cw_entity_id)entity)->table,
                        (long long)rows);
}

cw_status cw_catalogue_plan_fill(const struct cw_catalogue_plan *plan, uint32_t entity, int64_t first_row,
                                 int64_t row_count, uint64_t columns, struct cw_batch *batch,
                                 struct cw_error *error)
{
    static cw_status (*const fills[])(const struct cw_rows *) = {
        [CW_ENTITY_CATEGORY] = cw_category_fill, [CW_ENTITY_BRAND] = cw_brand_fill,
        [CW_ENTITY_PRODUCT] = cw_product_fill,   [CW_ENTITY_PRODUCT_PRICE] = cw_price_fill,
        [CW_ENTITY_VARIANT] = cw_variant_fill,   [CW_ENTITY_FULFILMENT_CENTRE] = cw_fulfilment_fill,
    };
    if (entity >= sizeof fills / sizeof fills[0]) {
        return cw_error_set(error, CW_E_INVALID, "entity", "entity %u is not of the catalogue", entity);
    }
    bool children = entity == CW_ENTITY_PRODUCT_PRICE || entity == CW_ENTITY_VARIANT;
    int64_t rows = cw_catalogue_plan_rows(plan, children ? CW_ENTITY_PRODUCT : (enum cw_entity_id)entity);
    if (first_row < 0 || row_count < 0 || first_row > rows || row_count > rows - first_row) {
        return outside(entity, first_row, row_count, rows, error);
    }
    const struct cw_rows fill = {plan, first_row, row_count, columns, batch, error};
    return fills[entity](&fill);
}
