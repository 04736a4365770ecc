#include "engine/fill.h"

cw_status cw_fill_begin(struct cw_batch *batch, uint64_t columns, int64_t rows,
                        const struct cw_pool *const *pools, size_t text_bytes, struct cw_error *error)
{
    batch->row_count = 0;
    for (uint32_t c = 0; c < batch->column_count; c++) {
        if (!cw_fill_wants(columns, c)) {
            continue;
        }
        struct cw_column *column = &batch->columns[c];
        column->pool = pools[c];
        column->null_count = 0;
        bool plain = column->type == CW_TYPE_STRING && column->pool == NULL;
        cw_status status = cw_batch_reserve(batch, c, rows + plain, error);
        if (status == CW_OK && plain) {
            status = cw_batch_reserve_bytes(batch, c, (size_t)rows * text_bytes + CW_PADDING, error);
        }
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

static void fill_int64(struct cw_batch *batch, uint32_t column, const char *source, size_t stride,
                       int64_t count, int64_t at)
{
    int64_t *values = cw_fill_int64(batch, column, at);
    for (int64_t i = 0; i < count; i++, source += stride) {
        memcpy(&values[i], source, sizeof values[i]);
    }
}

static void fill_time(struct cw_batch *batch, uint32_t column, const char *source, size_t stride,
                      int64_t count, int64_t at)
{
    int64_t *values = cw_fill_int64(batch, column, at);
    for (int64_t i = 0; i < count; i++, source += stride) {
        int64_t time;
        memcpy(&time, source, sizeof time);
        cw_fill_valid(batch, column, at + i, time != INT64_MAX);
        values[i] = time != INT64_MAX ? time : 0;
    }
}

static void fill_int32(struct cw_batch *batch, uint32_t column, const char *source, size_t stride,
                       int64_t count, int64_t at)
{
    int32_t *values = cw_fill_int32(batch, column, at);
    for (int64_t i = 0; i < count; i++, source += stride) {
        memcpy(&values[i], source, sizeof values[i]);
    }
}

static void fill_uint8(struct cw_batch *batch, uint32_t column, const char *source, size_t stride,
                       int64_t count, int64_t at)
{
    int32_t *values = cw_fill_int32(batch, column, at);
    for (int64_t i = 0; i < count; i++, source += stride) {
        values[i] = (unsigned char)*source;
    }
}

static void fill_uuid(struct cw_batch *batch, uint32_t column, const char *source, size_t stride,
                      int64_t count, int64_t at)
{
    uint8_t *values = cw_fill_uuid(batch, column, at);
    for (int64_t i = 0; i < count; i++, source += stride) {
        memcpy(values + 16 * i, source, 16);
    }
}

void cw_fill_fields(struct cw_batch *batch, uint64_t columns, const struct cw_field *fields,
                    size_t field_count, const void *structures, size_t stride, int64_t count, int64_t at)
{
    static void (*const fillers[])(struct cw_batch *, uint32_t, const char *, size_t, int64_t,
                                   int64_t) = {[CW_FIELD_INT64] = fill_int64,
                                               [CW_FIELD_TIME] = fill_time,
                                               [CW_FIELD_INT32] = fill_int32,
                                               [CW_FIELD_UINT8] = fill_uint8,
                                               [CW_FIELD_UUID] = fill_uuid};
    for (size_t f = 0; f < field_count; f++) {
        if (cw_fill_wants(columns, fields[f].column)) {
            fillers[fields[f].kind](batch, fields[f].column, (const char *)structures + fields[f].offset,
                                    stride, count, at);
        }
    }
}

/* Eight rows become a byte by one multiplication, which puts each flag at its bit of the highest byte, and
 * another one adds the flags up there. */
void cw_fill_validity(struct cw_batch *batch, uint32_t column, int64_t at, const uint8_t *valid,
                      int64_t count)
{
    struct cw_column *target = &batch->columns[column];
    int64_t nulls = count;
    int64_t i = 0;
    for (; i < count && ((at + i) & 7) != 0; i++) {
        cw_fill_bit(target->validity, at + i, valid[i] != 0);
        nulls -= valid[i];
    }
    for (; i + 8 <= count; i += 8) {
        uint64_t flags = 0;
        for (int64_t k = 0; k < 8; k++) {
            flags |= (uint64_t)valid[i + k] << (8 * k);
        }
        target->validity[(at + i) >> 3] = (uint8_t)((flags * UINT64_C(0x0102040810204080)) >> 56);
        nulls -= (int64_t)(flags * UINT64_C(0x0101010101010101) >> 56);
    }
    for (; i < count; i++) {
        cw_fill_bit(target->validity, at + i, valid[i] != 0);
        nulls -= valid[i];
    }
    target->null_count += nulls;
}
