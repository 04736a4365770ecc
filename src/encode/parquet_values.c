#include "encode/parquet_cursor.h"

#include <inttypes.h>
#include <string.h>

static cw_status unsupported(const struct cw_parquet_cursor *cursor, struct cw_error *error)
{
    return cw_error_set(error, CW_E_UNSUPPORTED, cursor->name,
                        "row group %zu, column %s has a page of encoding %" PRId32
                        ", which is not supported for its type",
                        cursor->row_group, cursor->name, cursor->encoding);
}

static cw_status too_short(const struct cw_parquet_cursor *cursor, struct cw_error *error)
{
    return cw_parquet_cursor_corrupt(cursor, "a page's values are damaged or end too early", error);
}

static bool is_dictionary(const struct cw_parquet_cursor *cursor)
{
    return cursor->encoding == CW_PARQUET_RLE_DICTIONARY || cursor->encoding == CW_PARQUET_PLAIN_DICTIONARY;
}

/* Codes, each one of the dictionary. */
static bool read_codes(struct cw_parquet_cursor *cursor, uint32_t *codes, size_t count)
{
    uint32_t highest = 0;
    if (count == 0) {
        return true;
    }
    if (!cw_hybrid_read(&cursor->codes, codes, count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        highest = codes[i] > highest ? codes[i] : highest;
    }
    return highest < cursor->dictionary_count;
}

static int64_t load_number(const uint8_t *bytes, int32_t type)
{
    int32_t narrow;
    int64_t wide;
    if (type == CW_PARQUET_INT32) {
        memcpy(&narrow, bytes, sizeof narrow);
        return narrow;
    }
    memcpy(&wide, bytes, sizeof wide);
    return wide;
}

cw_status cw_parquet_cursor_numbers(struct cw_parquet_cursor *cursor, int64_t *values, size_t count,
                                    struct cw_error *error)
{
    const size_t size = cursor->type == CW_PARQUET_INT32 ? 4 : 8;
    uint32_t codes[CW_PARQUET_READ_ROWS];
    if (is_dictionary(cursor)) {
        const uint8_t *dictionary = (const uint8_t *)cursor->dictionary.data;
        if (!read_codes(cursor, codes, count)) {
            return too_short(cursor, error);
        }
        for (size_t i = 0; i < count; i++) {
            values[i] = load_number(dictionary + codes[i] * size, cursor->type);
        }
        return CW_OK;
    }
    if (cursor->encoding == CW_PARQUET_DELTA_BINARY_PACKED) {
        if (!cw_delta_read(&cursor->delta, values, count)) {
            return too_short(cursor, error);
        }
        for (size_t i = 0; i < count && size == 4; i++) {
            values[i] = load_number((const uint8_t *)&values[i], CW_PARQUET_INT32);
        }
        return CW_OK;
    }
    if (cursor->encoding != CW_PARQUET_PLAIN) {
        return unsupported(cursor, error);
    }
    if ((size_t)(cursor->page_end - cursor->next) / size < count) {
        return too_short(cursor, error);
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = load_number(cursor->next + i * size, cursor->type);
    }
    cursor->next += count * size;
    return CW_OK;
}

cw_status cw_parquet_cursor_bools(struct cw_parquet_cursor *cursor, uint32_t *values, size_t count,
                                  struct cw_error *error)
{
    if (cursor->encoding == CW_PARQUET_RLE) {
        return count == 0 || cw_hybrid_read(&cursor->codes, values, count) ? CW_OK : too_short(cursor, error);
    }
    if (cursor->encoding != CW_PARQUET_PLAIN) {
        return unsupported(cursor, error);
    }
    if ((uint64_t)(cursor->page_end - cursor->next) * 8 < cursor->bit + (uint64_t)count) {
        return too_short(cursor, error);
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = (*cursor->next >> cursor->bit) & 1u;
        cursor->bit = (cursor->bit + 1) % 8;
        cursor->next += cursor->bit == 0;
    }
    return CW_OK;
}

/* Each value begins with what it shares with the one before it and goes on with bytes of its own. */
static bool read_prefixed(struct cw_parquet_cursor *cursor, uint8_t *values, size_t count)
{
    int64_t shared[CW_PARQUET_READ_ROWS];
    int64_t rest[CW_PARQUET_READ_ROWS];
    if (!cw_delta_read(&cursor->delta, shared, count) || !cw_delta_read(&cursor->rest, rest, count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (shared[i] < 0 || shared[i] > 16 || rest[i] != 16 - shared[i] ||
            rest[i] > cursor->page_end - cursor->next) {
            return false;
        }
        memcpy(cursor->last + shared[i], cursor->next, (size_t)rest[i]);
        memcpy(values + i * 16, cursor->last, 16);
        cursor->next += rest[i];
    }
    return true;
}

cw_status cw_parquet_cursor_uuids(struct cw_parquet_cursor *cursor, uint8_t *values, size_t count,
                                  struct cw_error *error)
{
    uint32_t codes[CW_PARQUET_READ_ROWS];
    if (is_dictionary(cursor)) {
        if (!read_codes(cursor, codes, count)) {
            return too_short(cursor, error);
        }
        for (size_t i = 0; i < count; i++) {
            memcpy(values + i * 16, cursor->dictionary.data + (size_t)codes[i] * 16, 16);
        }
        return CW_OK;
    }
    if (cursor->encoding == CW_PARQUET_DELTA_BYTE_ARRAY) {
        return read_prefixed(cursor, values, count) ? CW_OK : too_short(cursor, error);
    }
    if (cursor->encoding != CW_PARQUET_PLAIN) {
        return unsupported(cursor, error);
    }
    if ((size_t)(cursor->page_end - cursor->next) / 16 < count) {
        return too_short(cursor, error);
    }
    if (count > 0) {
        memcpy(values, cursor->next, count * 16);
    }
    cursor->next += count * 16;
    return CW_OK;
}

static bool read_plain_strings(struct cw_parquet_cursor *cursor, struct cw_parquet_bytes *values,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t length;
        if (cursor->page_end - cursor->next < 4) {
            return false;
        }
        memcpy(&length, cursor->next, 4);
        cursor->next += 4;
        if (length > (size_t)(cursor->page_end - cursor->next)) {
            return false;
        }
        values[i] = (struct cw_parquet_bytes){.bytes = cursor->next, .size = length};
        cursor->next += length;
    }
    return true;
}

static bool read_length_strings(struct cw_parquet_cursor *cursor, struct cw_parquet_bytes *values,
                                size_t count)
{
    int64_t lengths[CW_PARQUET_READ_ROWS];
    if (!cw_delta_read(&cursor->delta, lengths, count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (lengths[i] < 0 || lengths[i] > cursor->page_end - cursor->next) {
            return false;
        }
        values[i] = (struct cw_parquet_bytes){.bytes = cursor->next, .size = (size_t)lengths[i]};
        cursor->next += lengths[i];
    }
    return true;
}

cw_status cw_parquet_cursor_strings(struct cw_parquet_cursor *cursor, struct cw_parquet_bytes *values,
                                    size_t count, struct cw_error *error)
{
    uint32_t codes[CW_PARQUET_READ_ROWS];
    if (is_dictionary(cursor)) {
        const uint8_t *bytes = (const uint8_t *)cursor->dictionary.data;
        const uint32_t *ends = (const uint32_t *)(const void *)cursor->dictionary_ends.data;
        if (!read_codes(cursor, codes, count)) {
            return too_short(cursor, error);
        }
        for (size_t i = 0; i < count; i++) {
            const size_t begin = (codes[i] == 0 ? 0 : ends[codes[i] - 1]) + 4;
            values[i] = (struct cw_parquet_bytes){.bytes = bytes + begin, .size = ends[codes[i]] - begin};
        }
        return CW_OK;
    }
    if (cursor->encoding == CW_PARQUET_DELTA_LENGTH_BYTE_ARRAY) {
        return read_length_strings(cursor, values, count) ? CW_OK : too_short(cursor, error);
    }
    if (cursor->encoding != CW_PARQUET_PLAIN) {
        return unsupported(cursor, error);
    }
    return read_plain_strings(cursor, values, count) ? CW_OK : too_short(cursor, error);
}
