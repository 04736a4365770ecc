#include "service/batch_gather.h"

#include <string.h>

static size_t value_size(enum cw_type type)
{
    switch (type) {
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        return 4;
    case CW_TYPE_INT64:
    case CW_TYPE_TIMESTAMP:
        return 8;
    case CW_TYPE_UUID:
        return 16;
    default:
        return 0;
    }
}

static void set_bit(uint8_t *bits, int64_t position, int value)
{
    const uint8_t mask = (uint8_t)(1U << (position & 7));
    bits[position >> 3] = (uint8_t)(value ? bits[position >> 3] | mask : bits[position >> 3] & ~mask);
}

static cw_status gather_strings(struct cw_batch *target, uint32_t index, const struct cw_column *source,
                                int64_t rows, struct cw_error *error)
{
    struct cw_column *column = &target->columns[index];
    const int64_t start = target->row_count;
    int32_t *offsets = column->values;
    size_t size = 0;
    size_t length = 0;
    if (start == 0) {
        offsets[0] = 0;
    }
    for (int64_t row = 0; row < rows; row++) {
        if (cw_column_is_valid(source, row)) {
            cw_column_string(source, row, &length);
            size += length;
        }
    }
    const cw_status status = cw_batch_reserve_bytes(target, index, (size_t)offsets[start] + size, error);
    for (int64_t row = 0; row < rows && status == CW_OK; row++) {
        length = 0;
        if (cw_column_is_valid(source, row)) {
            const char *text = cw_column_string(source, row, &length);
            memcpy(column->bytes + offsets[start + row], text, length);
        }
        offsets[start + row + 1] = offsets[start + row] + (int32_t)length;
    }
    return status;
}

static cw_status gather_column(struct cw_batch *target, uint32_t index, const struct cw_batch *source,
                               struct cw_error *error)
{
    struct cw_column *column = &target->columns[index];
    const struct cw_column *from = &source->columns[index];
    const int64_t start = target->row_count;
    const enum cw_type type = target->entity->columns[index].type;
    cw_status status = cw_batch_reserve(target, index, start + source->row_count, error);
    if (status != CW_OK) {
        return status;
    }
    for (int64_t row = 0; row < source->row_count && column->validity != NULL; row++) {
        set_bit(column->validity, start + row, cw_column_is_valid(from, row));
    }
    column->null_count += from->null_count;
    column->pool = NULL;
    if (type == CW_TYPE_STRING) {
        status = gather_strings(target, index, from, source->row_count, error);
    } else if (type == CW_TYPE_BOOL) {
        for (int64_t row = 0; row < source->row_count; row++) {
            set_bit(column->values, start + row, cw_column_bool(from, row));
        }
    } else {
        const size_t size = value_size(type);
        memcpy((char *)column->values + (size_t)start * size, from->values, (size_t)source->row_count * size);
    }
    return status;
}

cw_status cw_batch_gather(struct cw_batch *target, const struct cw_batch *source, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < target->column_count && status == CW_OK; i++) {
        status = gather_column(target, i, source, error);
    }
    if (status == CW_OK) {
        target->row_count += source->row_count;
    }
    return status;
}
