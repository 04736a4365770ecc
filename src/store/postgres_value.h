/* A value of a batch as PostgreSQL's binary format has it: its length in 32 bits, then its bytes, all in
 * network order. COPY and arrays share it. */
#ifndef CW_STORE_POSTGRES_VALUE_H
#define CW_STORE_POSTGRES_VALUE_H

#include <endian.h>
#include <string.h>

#include "cartwright/batch.h"
#include "store/postgres_connection.h"

static inline char *cw_pg_put32(char *out, uint32_t value)
{
    const uint32_t bits = htobe32(value);
    memcpy(out, &bits, sizeof bits);
    return out + sizeof bits;
}

static inline char *cw_pg_put64(char *out, uint64_t value)
{
    const uint64_t bits = htobe64(value);
    memcpy(out, &bits, sizeof bits);
    return out + sizeof bits;
}

/* Most bytes that the values of a column take. */
static inline size_t cw_pg_column_bound(const struct cw_column *column, int64_t rows)
{
    size_t size = (size_t)rows * 20;
    if (column->type == CW_TYPE_STRING) {
        for (int64_t row = 0; column->pool != NULL && row < rows; row++) {
            const uint32_t *offset = column->pool->offsets + ((const int32_t *)column->values)[row];
            size += offset[1] - offset[0];
        }
        if (column->pool == NULL) {
            const int32_t *offsets = column->values;
            size += (size_t)(offsets[rows] - offsets[0]);
        }
    }
    return size;
}

static inline char *cw_pg_put_value(char *out, const struct cw_column *column, int64_t row)
{
    if (!cw_column_is_valid(column, row)) {
        return cw_pg_put32(out, UINT32_MAX);
    }
    switch (column->type) {
    case CW_TYPE_BOOL:
        out = cw_pg_put32(out, 1);
        *out = (char)cw_column_bool(column, row);
        return out + 1;
    case CW_TYPE_INT32:
        return cw_pg_put32(cw_pg_put32(out, 4), (uint32_t)((const int32_t *)column->values)[row]);
    case CW_TYPE_DATE:
        return cw_pg_put32(cw_pg_put32(out, 4),
                           (uint32_t)(((const int32_t *)column->values)[row] - CW_PG_EPOCH_DAYS));
    case CW_TYPE_INT64:
        return cw_pg_put64(cw_pg_put32(out, 8), (uint64_t)((const int64_t *)column->values)[row]);
    case CW_TYPE_TIMESTAMP:
        return cw_pg_put64(cw_pg_put32(out, 8),
                           (uint64_t)(((const int64_t *)column->values)[row] - CW_PG_EPOCH_MICROS));
    case CW_TYPE_UUID:
        out = cw_pg_put32(out, 16);
        memcpy(out, (const uint8_t *)column->values + row * 16, 16);
        return out + 16;
    case CW_TYPE_STRING:
        break;
    }
    size_t length;
    const char *text = cw_column_string(column, row, &length);
    out = cw_pg_put32(out, (uint32_t)length);
    memcpy(out, text, length);
    return out + length;
}

#endif
