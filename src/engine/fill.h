/* Small helpers to write values into the columns of a batch that has room for them. */
#ifndef CW_ENGINE_FILL_H
#define CW_ENGINE_FILL_H

#include <string.h>

#include "cartwright/batch.h"

/* True when the selection asks for a column. */
static inline bool cw_fill_wants(uint64_t columns, uint32_t column)
{
    return (columns >> column) & 1;
}

static inline int32_t *cw_fill_int32(struct cw_batch *batch, uint32_t column, int64_t at)
{
    return (int32_t *)batch->columns[column].values + at;
}

static inline int64_t *cw_fill_int64(struct cw_batch *batch, uint32_t column, int64_t at)
{
    return (int64_t *)batch->columns[column].values + at;
}

static inline uint8_t *cw_fill_uuid(struct cw_batch *batch, uint32_t column, int64_t at)
{
    return (uint8_t *)batch->columns[column].values + at * 16;
}

static inline void cw_fill_bit(uint8_t *bits, int64_t row, bool value)
{
    uint8_t mask = (uint8_t)(1U << (row & 7));
    bits[row >> 3] = (uint8_t)(value ? bits[row >> 3] | mask : bits[row >> 3] & ~mask);
}

static inline void cw_fill_bool(struct cw_batch *batch, uint32_t column, int64_t row, bool value)
{
    cw_fill_bit((uint8_t *)batch->columns[column].values, row, value);
}

/* Marks a row of a nullable column as null or not. */
static inline void cw_fill_valid(struct cw_batch *batch, uint32_t column, int64_t row, bool valid)
{
    struct cw_column *target = &batch->columns[column];
    cw_fill_bit(target->validity, row, valid);
    target->null_count += !valid;
}

/* Marks count rows of a nullable column from at on, where valid[i] is 1 or 0. */
void cw_fill_validity(struct cw_batch *batch, uint32_t column, int64_t at, const uint8_t *valid,
                      int64_t count);

/* Writes plain strings one after another. Room for every string and CW_PADDING after it must be reserved. */
struct cw_fill_text {
    struct cw_column *column;
    int32_t *offsets;
    char *at;
};

static inline struct cw_fill_text cw_fill_text_begin(struct cw_batch *batch, uint32_t column, int64_t row)
{
    struct cw_column *target = &batch->columns[column];
    int32_t *offsets = (int32_t *)target->values + row;
    if (row == 0) {
        offsets[0] = 0;
    }
    return (struct cw_fill_text){target, offsets, target->bytes + offsets[0]};
}

/* Ends the string that stands up to end. */
static inline void cw_fill_text_end(struct cw_fill_text *text, char *end)
{
    text->at = end;
    *++text->offsets = (int32_t)(end - text->column->bytes);
}

/* Copies a string in blocks of 16 bytes (source and target are padded); returns the end. */
static inline char *cw_copy_text(char *out, const char *text, size_t length)
{
    memcpy(out, text, 16);
    for (size_t i = 16; i < length; i += 16) {
        memcpy(out + i, text + i, 16);
    }
    return out + length;
}

static inline char *cw_copy_pool(char *out, const struct cw_pool *pool, uint32_t index)
{
    uint32_t start = pool->offsets[index];
    return cw_copy_text(out, pool->bytes + start, pool->offsets[index + 1] - start);
}

/* Makes room for rows rows in every column asked for, text_bytes per row in plain string columns, and empties
 * the batch; columns not asked for lose their values. pools[c] makes column c a dictionary column. */
cw_status cw_fill_begin(struct cw_batch *batch, uint64_t columns, int64_t rows,
                        const struct cw_pool *const *pools, size_t text_bytes, struct cw_error *error);

/* Columns that are plain copies of a member of a structure. */
enum cw_field_kind {
    CW_FIELD_INT64, /* to an INT64 or TIMESTAMP column */
    CW_FIELD_TIME,  /* the same, null where INT64_MAX */
    CW_FIELD_INT32,
    CW_FIELD_UINT8, /* to an INT32 column or as a dictionary code */
    CW_FIELD_UUID
};

struct cw_field {
    uint32_t column;
    enum cw_field_kind kind;
    size_t offset;
};

/* Fills those columns of the fields that are wanted, from count structures of stride bytes, from row at on.
 */
void cw_fill_fields(struct cw_batch *batch, uint64_t columns, const struct cw_field *fields,
                    size_t field_count, const void *structures, size_t stride, int64_t count, int64_t at);

#endif
