/* Batches: a few thousand rows of one entity in columns, in the Apache Arrow memory layout
 * (https://arrow.apache.org/docs/format/Columnar.html). Generators fill them, encoders and stores read them.
 */
#ifndef CARTWRIGHT_BATCH_H
#define CARTWRIGHT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "cartwright/entity.h"
#include "cartwright/error.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Every byte buffer reachable from a batch may be read this many bytes past its last used byte, so that
 * copies of a fixed width can be used. */
#define CW_PADDING 32

/* An immutable set of strings; string i is bytes[offsets[i]] up to bytes[offsets[i + 1]]. UTF-8, no
 * terminators. bytes is readable CW_PADDING bytes past its end. */
struct cw_pool {
    uint32_t count;
    const uint32_t *offsets; /* count + 1 of them, ascending */
    const char *bytes;
};

/* One column of a batch. values by type:
 *   CW_TYPE_BOOL               bitmap, least significant bit first
 *   CW_TYPE_INT32, _DATE       int32_t per row (DATE: days since 1970-01-01)
 *   CW_TYPE_INT64, _TIMESTAMP  int64_t per row (TIMESTAMP: microseconds since 1970-01-01T00:00:00Z)
 *   CW_TYPE_UUID               16 bytes per row, in network order
 *   CW_TYPE_STRING, pool set   int32_t codes into pool (Arrow dictionary)
 *   CW_TYPE_STRING, pool NULL  int32_t offsets, row_count + 1 of them, into bytes
 * A null row has its validity bit clear; its slot in values is zero (an empty range for strings) and code 0.
 */
struct cw_column {
    enum cw_type type;
    int64_t null_count;
    uint8_t *validity; /* NULL where no row is null; else a bitmap, least significant bit first, 1 = valid */
    void *values;      /* NULL: the column was not asked for */
    char *bytes;
    const struct cw_pool *pool; /* borrowed; outlives the batch */
    size_t values_capacity;     /* bytes allocated */
    size_t validity_capacity;
    size_t bytes_capacity;
};

struct cw_batch {
    const struct cw_entity *entity;
    int64_t row_count;
    uint32_t column_count; /* == entity->column_count; columns stand in the entity's order */
    struct cw_column *columns;
};

/* Prepares an empty batch of entity in the caller's storage; no column has memory yet.
 * Errors: CW_E_NO_MEMORY. */
cw_status cw_batch_init(struct cw_batch *batch, const struct cw_entity *entity, struct cw_error *error);

/* Releases all memory of the batch; NULL and zeroed batches are accepted. */
void cw_batch_clear(struct cw_batch *batch);

/* Makes room for rows rows in column `column` (values, and validity when the column is nullable in the
 * entity) and sets values. Contents up to the old capacity are kept; validity bits are undefined. Capacity
 * only grows, so a batch that is used again costs no allocation. */
cw_status cw_batch_reserve(struct cw_batch *batch, uint32_t column, int64_t rows, struct cw_error *error);

/* Makes room for size bytes of string data (plus CW_PADDING) in a plain string column. */
cw_status cw_batch_reserve_bytes(struct cw_batch *batch, uint32_t column, size_t size,
                                 struct cw_error *error);

/* True when row `row` of column is not null. */
static inline int cw_column_is_valid(const struct cw_column *column, int64_t row)
{
    return column->validity == NULL || ((column->validity[row >> 3] >> (row & 7)) & 1);
}

static inline int cw_column_bool(const struct cw_column *column, int64_t row)
{
    return (((const uint8_t *)column->values)[row >> 3] >> (row & 7)) & 1;
}

/* The text of a row of a string column, plain or dictionary; *length gets its size in bytes. */
static inline const char *cw_column_string(const struct cw_column *column, int64_t row, size_t *length)
{
    const int32_t *values = (const int32_t *)column->values;
    if (column->pool != NULL) {
        const uint32_t *offset = column->pool->offsets + values[row];
        *length = offset[1] - offset[0];
        return column->pool->bytes + offset[0];
    }
    *length = (size_t)(values[row + 1] - values[row]);
    return column->bytes + values[row];
}

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
