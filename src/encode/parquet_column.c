#include "encode/parquet_column.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void cw_parquet_column_clear(struct cw_parquet_column *column)
{
    cw_buffer_clear(&column->validity);
    cw_buffer_clear(&column->values);
    cw_buffer_clear(&column->bytes);
    cw_buffer_clear(&column->used);
    free(column->code_of);
    column->code_of = NULL;
    column->code_capacity = 0;
    column->pool = NULL;
    column->row_count = 0;
    column->value_count = 0;
}

void cw_parquet_column_reset(struct cw_parquet_column *column)
{
    const uint32_t *used = (const uint32_t *)(const void *)column->used.data;
    for (size_t i = 0; i < column->used.size / sizeof *used; i++) {
        column->code_of[used[i]] = 0;
    }
    column->pool = NULL;
    column->row_count = 0;
    column->value_count = 0;
    column->validity.size = 0;
    column->values.size = 0;
    column->bytes.size = 0;
    column->used.size = 0;
}

static int64_t count_bits(const uint8_t *bitmap, int64_t count)
{
    int64_t total = 0;
    int64_t byte = 0;
    for (; byte + 8 <= count / 8; byte += 8) {
        uint64_t word;
        memcpy(&word, bitmap + byte, sizeof word);
        total += __builtin_popcountll(word);
    }
    for (; byte < count / 8; byte++) {
        total += __builtin_popcount(bitmap[byte]);
    }
    if (count % 8 != 0) {
        total += __builtin_popcount(bitmap[byte] & ((1u << (count % 8)) - 1));
    }
    return total;
}

int64_t cw_parquet_column_valid(const struct cw_parquet_column *column, int64_t from, int64_t to)
{
    if (column->validity.size == 0) {
        return to - from;
    }
    return count_bits((const uint8_t *)column->validity.data + from / 8, to - from);
}

/* Appends count bits to a bitmap of size bits; source NULL stands for ones. Bits past the end stay zero. */
static cw_status append_bits(struct cw_buffer *bitmap, int64_t size, const uint8_t *source, int64_t count,
                             struct cw_error *error)
{
    const size_t bytes = (size_t)((size + count + 7) / 8);
    const cw_status status = cw_buffer_reserve(bitmap, bytes + 1 - bitmap->size, error);
    if (status != CW_OK) {
        return status;
    }
    const unsigned shift = (unsigned)(size % 8);
    uint8_t *to = (uint8_t *)bitmap->data + size / 8;
    if (shift == 0) {
        *to = 0;
    }
    for (int64_t done = 0; done < count; done += 8) {
        unsigned byte = source != NULL ? source[done / 8] : 0xFFu;
        if (count - done < 8) {
            byte &= (1u << (count - done)) - 1;
        }
        to[0] = (uint8_t)(to[0] | byte << shift);
        to[1] = (uint8_t)(byte >> (8 - shift));
        to++;
    }
    bitmap->size = bytes;
    return CW_OK;
}

static cw_status add_validity(struct cw_parquet_column *column, const uint8_t *validity, bool has_nulls,
                              int64_t row_count, struct cw_error *error)
{
    cw_status status = CW_OK;
    if (column->validity.size == 0) {
        if (!has_nulls) {
            return CW_OK;
        }
        status = append_bits(&column->validity, 0, NULL, column->row_count, error);
    }
    if (status == CW_OK) {
        status =
            append_bits(&column->validity, column->row_count, has_nulls ? validity : NULL, row_count, error);
    }
    return status;
}

/* Moves values of a fixed size without those of null rows; to has room for all rows. */
static inline void squeeze(char *to, const char *from, const uint8_t *validity, int64_t row_count,
                           size_t size)
{
    for (int64_t row = 0; row < row_count; row++) {
        memcpy(to, from + (size_t)row * size, size);
        to += ((validity[row >> 3] >> (row & 7)) & 1) * size;
    }
}

static cw_status add_fixed(struct cw_parquet_column *column, const void *values, const uint8_t *validity,
                           int64_t row_count, size_t size, struct cw_error *error)
{
    const cw_status status = cw_buffer_reserve(&column->values, (size_t)row_count * size, error);
    if (status != CW_OK) {
        return status;
    }
    char *to = column->values.data + column->values.size;
    if (validity == NULL) {
        memcpy(to, values, (size_t)row_count * size);
        column->values.size += (size_t)row_count * size;
        return CW_OK;
    }
    if (size == 4) {
        squeeze(to, values, validity, row_count, 4);
    } else if (size == 8) {
        squeeze(to, values, validity, row_count, 8);
    } else {
        squeeze(to, values, validity, row_count, 16);
    }
    column->values.size += (size_t)count_bits(validity, row_count) * size;
    return CW_OK;
}

static cw_status add_bools(struct cw_parquet_column *column, const uint8_t *bits, const uint8_t *validity,
                           int64_t row_count, struct cw_error *error)
{
    if (validity == NULL) {
        return append_bits(&column->values, column->value_count, bits, row_count, error);
    }
    const size_t bytes = (size_t)((column->value_count + row_count + 7) / 8);
    const cw_status status = cw_buffer_reserve(&column->values, bytes - column->values.size, error);
    if (status != CW_OK) {
        return status;
    }
    uint8_t *to = (uint8_t *)column->values.data;
    memset(to + column->values.size, 0, bytes - column->values.size);
    int64_t at = column->value_count;
    for (int64_t row = 0; row < row_count; row++) {
        if ((validity[row >> 3] >> (row & 7)) & 1) {
            to[at >> 3] = (uint8_t)(to[at >> 3] | ((unsigned)bits[row >> 3] >> (row & 7) & 1u) << (at & 7));
            at++;
        }
    }
    column->values.size = (size_t)((at + 7) / 8);
    return CW_OK;
}

static cw_status add_plain_strings(struct cw_parquet_column *column, const struct cw_column *rows,
                                   const uint8_t *validity, int64_t row_count, struct cw_error *error)
{
    const int32_t *offsets = rows->values;
    cw_status status = cw_buffer_reserve(&column->values, (size_t)row_count * sizeof(uint32_t), error);
    if (status != CW_OK) {
        return status;
    }
    uint32_t *to = (uint32_t *)(void *)(column->values.data + column->values.size);
    size_t count = 0;
    uint64_t total = 0;
    bool ascending = true;
    for (int64_t row = 0; row < row_count; row++) {
        const bool valid = validity == NULL || ((validity[row >> 3] >> (row & 7)) & 1);
        const uint32_t length = (uint32_t)offsets[row + 1] - (uint32_t)offsets[row];
        ascending &= offsets[row + 1] >= offsets[row];
        to[count] = length;
        count += valid;
        total += valid ? length : 0;
    }
    const int64_t size = (int64_t)offsets[row_count] - offsets[0];
    if (!ascending || size < 0 || (uint64_t)size != total) {
        return cw_error_set(error, CW_E_INVALID, column->def->name,
                            "the string offsets of column %s do not ascend, or a null row holds bytes",
                            column->def->name);
    }
    status = cw_buffer_reserve(&column->bytes, (size_t)size + CW_PADDING, error);
    if (status == CW_OK) {
        if (size > 0) {
            (void)cw_buffer_append(&column->bytes, rows->bytes + offsets[0], (size_t)size, NULL);
        }
        column->values.size += count * sizeof(uint32_t);
    }
    return status;
}

static cw_status reserve_codes(struct cw_parquet_column *column, const struct cw_pool *pool,
                               int64_t row_count, struct cw_error *error)
{
    if (column->code_capacity < pool->count) {
        uint32_t *grown = calloc(pool->count, sizeof *grown);
        if (grown == NULL) {
            return cw_error_set(error, CW_E_NO_MEMORY, column->def->name,
                                "out of memory: the dictionary of column %s needs %zu bytes",
                                column->def->name, pool->count * sizeof *grown);
        }
        free(column->code_of);
        column->code_of = grown;
        column->code_capacity = pool->count;
    }
    const cw_status status = cw_buffer_reserve(&column->values, (size_t)row_count * sizeof(uint32_t), error);
    return status == CW_OK ? cw_buffer_reserve(&column->used, (size_t)row_count * sizeof(uint32_t), error)
                           : status;
}

/* Codes of the pool become codes of what was used, dense and in the order of first use. */
static cw_status add_codes(struct cw_parquet_column *column, const struct cw_column *rows,
                           const uint8_t *validity, int64_t row_count, struct cw_error *error)
{
    const struct cw_pool *pool = rows->pool;
    const uint32_t *codes = rows->values;
    uint32_t highest = 0;
    for (int64_t row = 0; row < row_count; row++) {
        highest = codes[row] > highest ? codes[row] : highest;
    }
    const bool all_null = validity != NULL && count_bits(validity, row_count) == 0;
    if (all_null) {
        return CW_OK;
    }
    if (highest >= pool->count) {
        return cw_error_set(error, CW_E_INVALID, column->def->name,
                            "column %s holds code %" PRIu32 ", but its pool has %" PRIu32 " strings",
                            column->def->name, highest, pool->count);
    }
    const cw_status status = reserve_codes(column, pool, row_count, error);
    if (status != CW_OK) {
        return status;
    }
    uint32_t *to = (uint32_t *)(void *)(column->values.data + column->values.size);
    uint32_t *used = (uint32_t *)(void *)column->used.data;
    uint32_t *code_of = column->code_of;
    uint32_t used_count = (uint32_t)(column->used.size / sizeof *used);
    for (int64_t row = 0; row < row_count; row++) {
        if (validity != NULL && !((validity[row >> 3] >> (row & 7)) & 1)) {
            continue;
        }
        uint32_t code = code_of[codes[row]];
        if (code == 0) {
            used[used_count++] = codes[row];
            code = used_count;
            code_of[codes[row]] = code;
        }
        *to++ = code - 1;
    }
    column->used.size = used_count * sizeof *used;
    column->values.size = (size_t)((char *)to - column->values.data);
    return CW_OK;
}

static cw_status add_strings(struct cw_parquet_column *column, const struct cw_column *rows,
                             const uint8_t *validity, int64_t row_count, struct cw_error *error)
{
    if (column->row_count > 0 && column->pool != rows->pool) {
        return cw_error_set(error, CW_E_INVALID, column->def->name,
                            "the pool of column %s changed within a chunk", column->def->name);
    }
    column->pool = rows->pool;
    return rows->pool != NULL ? add_codes(column, rows, validity, row_count, error)
                              : add_plain_strings(column, rows, validity, row_count, error);
}

static cw_status add_values(struct cw_parquet_column *column, const struct cw_column *rows,
                            const uint8_t *validity, int64_t row_count, struct cw_error *error)
{
    switch (rows->type) {
    case CW_TYPE_BOOL:
        return add_bools(column, rows->values, validity, row_count, error);
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        return add_fixed(column, rows->values, validity, row_count, 4, error);
    case CW_TYPE_INT64:
    case CW_TYPE_TIMESTAMP:
        return add_fixed(column, rows->values, validity, row_count, 8, error);
    case CW_TYPE_UUID:
        return add_fixed(column, rows->values, validity, row_count, 16, error);
    case CW_TYPE_STRING:
        break;
    }
    return add_strings(column, rows, validity, row_count, error);
}

cw_status cw_parquet_column_add(struct cw_parquet_column *column, const struct cw_column *rows,
                                int64_t row_count, struct cw_error *error)
{
    const int64_t valid = rows->validity != NULL ? count_bits(rows->validity, row_count) : row_count;
    if (valid < row_count && !column->def->nullable) {
        return cw_error_set(error, CW_E_INVALID, column->def->name,
                            "column %s holds %" PRId64 " nulls, expected none", column->def->name,
                            row_count - valid);
    }
    if (column->values.size + column->bytes.size + (size_t)row_count * 16 + rows->bytes_capacity >
        CW_PARQUET_COLUMN_LIMIT) {
        return cw_error_set(error, CW_E_LIMIT, column->def->name,
                            "column %s of a row group would pass %zu bytes", column->def->name,
                            CW_PARQUET_COLUMN_LIMIT);
    }
    const uint8_t *validity = valid < row_count ? rows->validity : NULL;
    cw_status status = add_validity(column, validity, validity != NULL, row_count, error);
    if (status == CW_OK) {
        status = add_values(column, rows, validity, row_count, error);
    }
    if (status == CW_OK) {
        column->row_count += row_count;
        column->value_count += valid;
    }
    return status;
}
