#include "encode/parquet_pages.h"

#include <string.h>

#include "encode/parquet_pack.h"
#include "encode/parquet_statistics.h"

/* A reader keeps a dictionary in memory for the whole column chunk. */
#define DICTIONARY_LIMIT ((size_t)1 << 20)
#define UUID_DICTIONARY_LIMIT ((size_t)2 << 20)

/* What compression leaves of text and of distinct numbers, in percent; measured on names, places and amounts.
 */
#define TEXT_SHARE 60

/* What shared beginnings must save, in sixteenths of a byte a value, to pay for their lengths. */
#define PREFIX_GAIN 24

/* Where UUIDs share this much on average, many repeat the one before. zstd then makes them smaller than any
 * encoding does, and as fast. */
#define REPEATING_PREFIX 8

static size_t packed_size(size_t count, size_t distinct)
{
    return count * cw_bit_width(distinct > 1 ? distinct - 1 : 1) / 8;
}

static void use_codes(struct cw_parquet_plan *plan, const uint32_t *codes, size_t distinct)
{
    plan->pays = false;
    plan->encoding = CW_PARQUET_RLE_DICTIONARY;
    plan->codes = codes;
    plan->dictionary_count = distinct;
    plan->code_width = cw_bit_width(distinct > 1 ? distinct - 1 : 1);
}

/* Appends the dictionary page of fixed-width values. */
static cw_status write_dictionary(struct cw_parquet_writer *writer, const struct cw_distinct *distinct,
                                  struct cw_error *error)
{
    return cw_buffer_append(&writer->pages, distinct->values.data, distinct->values.size, error);
}

static cw_status plan_numbers(struct cw_parquet_writer *writer, const struct cw_parquet_column *column,
                              size_t size, int64_t low, int64_t high, struct cw_parquet_plan *plan,
                              struct cw_error *error)
{
    const size_t count = (size_t)column->value_count;
    const void *values = column->values.data;
    const size_t delta = size == 4 ? cw_delta_size_32(values, count) : cw_delta_size_64(values, count);
    plan->encoding = CW_PARQUET_DELTA_BINARY_PACKED;
    plan->values = values;
    plan->value_size = size;
    bool found = false;
    const cw_status status =
        cw_distinct_find(&writer->distinct, values, count, size, low, high, delta / size + 1, &found, error);
    if (status != CW_OK || !found) {
        return status;
    }
    const size_t dictionary = writer->distinct.values.size * TEXT_SHARE / 100;
    if (dictionary + packed_size(count, writer->distinct.count) > delta) {
        return CW_OK;
    }
    use_codes(plan, (const uint32_t *)(const void *)writer->distinct.codes.data, writer->distinct.count);
    return write_dictionary(writer, &writer->distinct, error);
}

static uint32_t shared_prefix(const char *a, const char *b)
{
    uint64_t left[2];
    uint64_t right[2];
    memcpy(left, a, 16);
    memcpy(right, b, 16);
    if (left[0] != right[0]) {
        return (uint32_t)__builtin_ctzll(left[0] ^ right[0]) / 8;
    }
    return left[1] != right[1] ? 8 + (uint32_t)__builtin_ctzll(left[1] ^ right[1]) / 8 : 16;
}

/* Sets writer->lengths to what each UUID shares with the one before it; *total gets the sum. */
static cw_status find_prefixes(struct cw_parquet_writer *writer, const char *uuids, size_t count,
                               size_t *total, struct cw_error *error)
{
    writer->lengths.size = 0;
    const cw_status status = cw_buffer_reserve(&writer->lengths, count * sizeof(uint32_t), error);
    if (status != CW_OK) {
        return status;
    }
    uint32_t *lengths = (uint32_t *)(void *)writer->lengths.data;
    size_t sum = 0;
    lengths[0] = 0;
    for (size_t i = 1; i < count; i++) {
        lengths[i] = shared_prefix(uuids + (i - 1) * 16, uuids + i * 16);
        sum += lengths[i];
    }
    *total = sum;
    return CW_OK;
}

static cw_status plan_uuids(struct cw_parquet_writer *writer, const struct cw_parquet_column *column,
                            struct cw_parquet_plan *plan, struct cw_error *error)
{
    const size_t count = (size_t)column->value_count;
    size_t shared = 0;
    plan->encoding = CW_PARQUET_PLAIN;
    plan->values = column->values.data;
    plan->value_size = 16;
    cw_status status = find_prefixes(writer, plan->values, count, &shared, error);
    if (status != CW_OK) {
        return status;
    }
    const bool repeats = shared > count * REPEATING_PREFIX;
    if (repeats && writer->codec == CW_PARQUET_ZSTD) {
        plan->pays = true;
        return CW_OK;
    }
    size_t best = count * 16;
    if (shared * 16 > count * PREFIX_GAIN) {
        plan->encoding = CW_PARQUET_DELTA_BYTE_ARRAY;
        plan->lengths = (const uint32_t *)(const void *)writer->lengths.data;
        plan->pays = repeats;
        best -= shared - count * PREFIX_GAIN / 32;
    }
    if (column->def->unique) {
        return CW_OK;
    }
    bool found = false;
    status = cw_distinct_find(&writer->distinct, plan->values, count, 16, 0, 0, UUID_DICTIONARY_LIMIT / 16,
                              &found, error);
    if (status != CW_OK || !found ||
        writer->distinct.values.size + packed_size(count, writer->distinct.count) > best) {
        return status;
    }
    use_codes(plan, (const uint32_t *)(const void *)writer->distinct.codes.data, writer->distinct.count);
    return write_dictionary(writer, &writer->distinct, error);
}

static cw_status write_pool_dictionary(struct cw_parquet_writer *writer, const struct cw_pool *pool,
                                       const uint32_t *used, size_t count, size_t size,
                                       struct cw_error *error)
{
    const cw_status status = cw_buffer_reserve(&writer->pages, count * 4 + size, error);
    if (status != CW_OK) {
        return status;
    }
    char *to = writer->pages.data + writer->pages.size;
    for (size_t i = 0; i < count; i++) {
        const uint32_t length = pool->offsets[used[i] + 1] - pool->offsets[used[i]];
        memcpy(to, &length, 4);
        memcpy(to + 4, pool->bytes + pool->offsets[used[i]], length);
        to += 4 + length;
    }
    writer->pages.size = (size_t)(to - writer->pages.data);
    return CW_OK;
}

/* Writes the strings out where a dictionary would not be useful. */
static cw_status expand_codes(struct cw_parquet_writer *writer, const struct cw_parquet_column *column,
                              size_t size, struct cw_parquet_plan *plan, struct cw_error *error)
{
    const struct cw_pool *pool = column->pool;
    const uint32_t *codes = (const uint32_t *)(const void *)column->values.data;
    const uint32_t *used = (const uint32_t *)(const void *)column->used.data;
    const size_t count = (size_t)column->value_count;
    writer->text.size = 0;
    writer->lengths.size = 0;
    cw_status status = cw_buffer_reserve(&writer->text, size + 1, error);
    if (status == CW_OK) {
        status = cw_buffer_reserve(&writer->lengths, count * sizeof(uint32_t), error);
    }
    if (status != CW_OK) {
        return status;
    }
    uint32_t *lengths = (uint32_t *)(void *)writer->lengths.data;
    char *to = writer->text.data;
    for (size_t i = 0; i < count; i++) {
        const uint32_t code = used[codes[i]];
        lengths[i] = pool->offsets[code + 1] - pool->offsets[code];
        memcpy(to, pool->bytes + pool->offsets[code], lengths[i]);
        to += lengths[i];
    }
    plan->encoding = CW_PARQUET_DELTA_LENGTH_BYTE_ARRAY;
    plan->lengths = lengths;
    plan->text = writer->text.data;
    return CW_OK;
}

static cw_status plan_pool(struct cw_parquet_writer *writer, const struct cw_parquet_column *column,
                           struct cw_parquet_plan *plan, struct cw_error *error)
{
    const struct cw_pool *pool = column->pool;
    const uint32_t *codes = (const uint32_t *)(const void *)column->values.data;
    const uint32_t *used = (const uint32_t *)(const void *)column->used.data;
    const size_t count = (size_t)column->value_count;
    const size_t distinct = column->used.size / sizeof *used;
    size_t dictionary = 0;
    for (size_t i = 0; i < distinct; i++) {
        dictionary += pool->offsets[used[i] + 1] - pool->offsets[used[i]];
    }
    bool useful = distinct <= count / 4;
    if (!useful) {
        size_t size = 0;
        for (size_t i = 0; i < count; i++) {
            size += pool->offsets[used[codes[i]] + 1] - pool->offsets[used[codes[i]]];
        }
        useful = (dictionary + 2 * distinct) * TEXT_SHARE / 100 + packed_size(count, distinct) <=
                 size * TEXT_SHARE / 100;
        if ((!useful || dictionary + 4 * distinct > DICTIONARY_LIMIT) && size <= CW_PARQUET_COLUMN_LIMIT) {
            return expand_codes(writer, column, size, plan, error);
        }
    }
    use_codes(plan, codes, distinct);
    return write_pool_dictionary(writer, pool, used, distinct, dictionary, error);
}

static cw_status plan_strings(struct cw_parquet_writer *writer, const struct cw_parquet_column *column,
                              struct cw_parquet_statistics *statistics, struct cw_parquet_plan *plan,
                              struct cw_error *error)
{
    if (column->pool != NULL) {
        cw_statistics_pool(statistics, column->pool, (const uint32_t *)(const void *)column->used.data,
                           column->used.size / sizeof(uint32_t));
        return plan_pool(writer, column, plan, error);
    }
    plan->encoding = CW_PARQUET_DELTA_LENGTH_BYTE_ARRAY;
    plan->lengths = (const uint32_t *)(const void *)column->values.data;
    plan->text = column->bytes.data;
    cw_statistics_strings(statistics, plan->lengths, plan->text, (size_t)column->value_count);
    return CW_OK;
}

cw_status cw_parquet_plan_make(struct cw_parquet_writer *writer, const struct cw_parquet_column *column,
                               struct cw_parquet_statistics *statistics, struct cw_parquet_plan *plan,
                               struct cw_error *error)
{
    const size_t count = (size_t)column->value_count;
    int64_t low;
    int64_t high;
    *plan = (struct cw_parquet_plan){.encoding = CW_PARQUET_PLAIN, .values = column->values.data};
    switch (column->def->type) {
    case CW_TYPE_BOOL:
        cw_statistics_bools(statistics, (const uint8_t *)column->values.data, count);
        return CW_OK;
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        cw_statistics_numbers(statistics, column->values.data, count, 4, &low, &high);
        return plan_numbers(writer, column, 4, low, high, plan, error);
    case CW_TYPE_INT64:
    case CW_TYPE_TIMESTAMP:
        cw_statistics_numbers(statistics, column->values.data, count, 8, &low, &high);
        return plan_numbers(writer, column, 8, low, high, plan, error);
    case CW_TYPE_UUID:
        cw_statistics_uuids(statistics, (const uint8_t *)column->values.data, count);
        return plan_uuids(writer, column, plan, error);
    case CW_TYPE_STRING:
        break;
    }
    return plan_strings(writer, column, statistics, plan, error);
}
