#include "encode/parquet_cursor.h"

#include <inttypes.h>
#include <string.h>

/* Page headers are some dozen bytes; with statistics of long strings they may be longer. */
#define HEADER_FIRST_TRY ((size_t)256)
#define HEADER_LONGEST ((size_t)1 << 20)

/* More than any writer puts into a page. */
#define PAGE_LIMIT ((size_t)256 << 20)

void cw_parquet_cursor_clear(struct cw_parquet_cursor *cursor)
{
    cw_buffer_clear(&cursor->compressed);
    cw_buffer_clear(&cursor->page);
    cw_buffer_clear(&cursor->dictionary);
    cw_buffer_clear(&cursor->dictionary_ends);
}

cw_status cw_parquet_cursor_corrupt(const struct cw_parquet_cursor *cursor, const char *what,
                                    struct cw_error *error)
{
    return cw_error_set(error, CW_E_CORRUPT, cursor->name, "row group %zu, column %s: %s", cursor->row_group,
                        cursor->name, what);
}

cw_status cw_parquet_cursor_open(struct cw_parquet_cursor *cursor, const struct cw_parquet_chunk *chunk,
                                 int64_t row_count, int64_t file_size, struct cw_error *error)
{
    int64_t begin = chunk->data_offset;
    if (chunk->dictionary_offset >= 0 && chunk->dictionary_offset < begin) {
        begin = chunk->dictionary_offset;
    }
    if (begin > file_size || chunk->compressed_size > file_size - begin) {
        return cw_parquet_cursor_corrupt(cursor, "the column chunk reaches past the end of the file", error);
    }
    if (chunk->value_count != row_count) {
        return cw_parquet_cursor_corrupt(
            cursor, "the column chunk has another number of rows than its row group", error);
    }
    if (chunk->type != cursor->type) {
        return cw_parquet_cursor_corrupt(cursor, "the column chunk has another type than the schema says",
                                         error);
    }
    if (chunk->codec != CW_PARQUET_UNCOMPRESSED && chunk->codec != CW_PARQUET_SNAPPY &&
        chunk->codec != CW_PARQUET_ZSTD) {
        return cw_error_set(error, CW_E_UNSUPPORTED, cursor->name,
                            "row group %zu, column %s is compressed by codec %" PRId32
                            ", expected none, snappy or zstd",
                            cursor->row_group, cursor->name, chunk->codec);
    }
    cursor->codec = chunk->codec;
    cursor->offset = begin;
    cursor->end = begin + chunk->compressed_size;
    cursor->left = row_count;
    cursor->page_left = 0;
    cursor->dictionary_count = 0;
    cursor->dictionary.size = 0;
    return CW_OK;
}

/* Sets buffer to size bytes of the file. */
static cw_status read_bytes(struct cw_parquet_cursor *cursor, int64_t offset, size_t size,
                            struct cw_buffer *buffer, struct cw_error *error)
{
    size_t got = 0;
    buffer->size = 0;
    cw_status status = cw_buffer_reserve(buffer, size, error);
    if (status == CW_OK && size > 0) {
        status = cursor->input->read_at(cursor->input->context, offset, buffer->data, size, &got, error);
    }
    if (status == CW_OK && got != size) {
        return cw_parquet_cursor_corrupt(cursor, "the file ends within a page", error);
    }
    buffer->size = size;
    return status;
}

static cw_status read_header(struct cw_parquet_cursor *cursor, struct cw_parquet_page_header *header,
                             struct cw_error *error)
{
    const size_t available = (size_t)(cursor->end - cursor->offset);
    for (size_t wanted = HEADER_FIRST_TRY; wanted <= HEADER_LONGEST; wanted *= 16) {
        const size_t size = wanted < available ? wanted : available;
        size_t used;
        const cw_status status = read_bytes(cursor, cursor->offset, size, &cursor->compressed, error);
        if (status != CW_OK) {
            return status;
        }
        if (cw_parquet_page_header_read((const uint8_t *)cursor->compressed.data, size, header, &used)) {
            cursor->offset += (int64_t)used;
            return CW_OK;
        }
        if (size == available) {
            break;
        }
    }
    return cw_parquet_cursor_corrupt(cursor, "a page's header is damaged", error);
}

/* Sets out to the page's contents. The levels of version 2, plain bytes, go first. */
static cw_status read_contents(struct cw_parquet_cursor *cursor, const struct cw_parquet_page_header *header,
                               struct cw_buffer *out, struct cw_error *error)
{
    const size_t size = (size_t)header->uncompressed_size;
    const size_t stored = (size_t)header->compressed_size;
    const bool is_v2 = header->type == CW_PARQUET_DATA_PAGE_V2;
    const size_t plain = is_v2 ? (size_t)header->definition_size : 0;
    const int32_t codec = is_v2 && !header->values_compressed ? CW_PARQUET_UNCOMPRESSED : cursor->codec;
    if (header->repetition_size != 0 || plain > size || plain > stored ||
        stored > (size_t)(cursor->end - cursor->offset) || size > PAGE_LIMIT) {
        return cw_parquet_cursor_corrupt(cursor, "a page's header has impossible sizes", error);
    }
    const bool is_empty = size == plain && stored == plain;
    if (!is_empty && !cw_codec_can_hold(codec, stored - plain, size - plain)) {
        return cw_parquet_cursor_corrupt(cursor, "a page's compressed size cannot hold what its header says",
                                         error);
    }
    cw_status status = read_bytes(cursor, cursor->offset, stored, &cursor->compressed, error);
    out->size = 0;
    if (status == CW_OK) {
        status = cw_buffer_reserve(out, size + 1, error);
    }
    if (status != CW_OK) {
        return status;
    }
    cursor->offset += (int64_t)stored;
    (void)cw_buffer_append(out, cursor->compressed.data, plain, NULL);
    if (!is_empty && !cw_decompressor_run(cursor->decompressor, codec, cursor->compressed.data + plain,
                                          stored - plain, out->data + plain, size - plain)) {
        return cw_parquet_cursor_corrupt(cursor, "a page cannot be decompressed", error);
    }
    out->size = size;
    return CW_OK;
}

static size_t value_size(int32_t type)
{
    return type == CW_PARQUET_INT32 ? 4 : type == CW_PARQUET_INT64 ? 8 : 16;
}

/* Checks that every string lies in the dictionary and notes where it ends. */
static bool index_strings(struct cw_parquet_cursor *cursor, uint32_t count, struct cw_error *error,
                          cw_status *status)
{
    const uint8_t *bytes = (const uint8_t *)cursor->dictionary.data;
    size_t at = 0;
    cursor->dictionary_ends.size = 0;
    *status = cw_buffer_reserve(&cursor->dictionary_ends, (size_t)count * sizeof(uint32_t), error);
    if (*status != CW_OK) {
        return true;
    }
    uint32_t *ends = (uint32_t *)(void *)cursor->dictionary_ends.data;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length;
        if (cursor->dictionary.size - at < 4) {
            return false;
        }
        memcpy(&length, bytes + at, 4);
        at += 4;
        if (length > cursor->dictionary.size - at) {
            return false;
        }
        at += length;
        ends[i] = (uint32_t)at;
    }
    return true;
}

static cw_status load_dictionary(struct cw_parquet_cursor *cursor,
                                 const struct cw_parquet_page_header *header, struct cw_error *error)
{
    cw_status status = read_contents(cursor, header, &cursor->dictionary, error);
    if (status != CW_OK) {
        return status;
    }
    const uint32_t count = (uint32_t)header->value_count;
    const bool is_plain =
        header->encoding == CW_PARQUET_PLAIN || header->encoding == CW_PARQUET_PLAIN_DICTIONARY;
    bool fits = is_plain && cursor->type != CW_PARQUET_BOOLEAN;
    if (fits && cursor->type == CW_PARQUET_BYTE_ARRAY) {
        fits = count <= cursor->dictionary.size / 4 && index_strings(cursor, count, error, &status);
    } else if (fits) {
        fits = count <= cursor->dictionary.size / value_size(cursor->type);
    }
    if (!fits) {
        return cw_parquet_cursor_corrupt(cursor, "the dictionary is damaged", error);
    }
    cursor->dictionary_count = count;
    return status;
}

static cw_status open_levels(struct cw_parquet_cursor *cursor, const struct cw_parquet_page_header *header,
                             struct cw_error *error)
{
    const uint8_t *bytes = (const uint8_t *)cursor->page.data;
    size_t size = 0;
    size_t skipped = 0;
    if (header->type == CW_PARQUET_DATA_PAGE_V2) {
        size = (size_t)header->definition_size;
    } else if (cursor->optional) {
        uint32_t length = UINT32_MAX;
        if (cursor->page.size >= 4) {
            memcpy(&length, bytes, 4);
        }
        if (header->level_encoding != CW_PARQUET_RLE || length > cursor->page.size - 4) {
            return cw_parquet_cursor_corrupt(cursor, "the definition levels of a page are damaged", error);
        }
        size = length;
        skipped = 4;
    }
    cursor->levels =
        (struct cw_hybrid_reader){.next = bytes + skipped, .end = bytes + skipped + size, .width = 1};
    cursor->next = bytes + skipped + size;
    cursor->page_end = bytes + cursor->page.size;
    return CW_OK;
}

static cw_status load_data(struct cw_parquet_cursor *cursor, const struct cw_parquet_page_header *header,
                           struct cw_error *error)
{
    if (header->value_count > cursor->left) {
        return cw_parquet_cursor_corrupt(cursor, "a page has more rows than its row group has left", error);
    }
    cw_status status = read_contents(cursor, header, &cursor->page, error);
    if (status == CW_OK) {
        status = open_levels(cursor, header, error);
    }
    if (status != CW_OK) {
        return status;
    }
    cursor->encoding = header->encoding;
    cursor->page_left = header->value_count;
    cursor->left -= header->value_count;
    cursor->values_open = false;
    return CW_OK;
}

static cw_status load_page(struct cw_parquet_cursor *cursor, struct cw_error *error)
{
    struct cw_parquet_page_header header;
    if (cursor->offset >= cursor->end) {
        return cw_parquet_cursor_corrupt(cursor, "the pages hold fewer rows than the row group", error);
    }
    const cw_status status = read_header(cursor, &header, error);
    if (status != CW_OK) {
        return status;
    }
    switch (header.type) {
    case CW_PARQUET_DATA_PAGE:
    case CW_PARQUET_DATA_PAGE_V2:
        return load_data(cursor, &header, error);
    case CW_PARQUET_DICTIONARY_PAGE:
        return load_dictionary(cursor, &header, error);
    default:
        break;
    }
    if (header.compressed_size > cursor->end - cursor->offset) {
        return cw_parquet_cursor_corrupt(cursor, "a page reaches past the column chunk", error);
    }
    cursor->offset += header.compressed_size;
    return CW_OK;
}

cw_status cw_parquet_cursor_load(struct cw_parquet_cursor *cursor, int64_t count, int64_t *rows,
                                 struct cw_error *error)
{
    while (cursor->page_left == 0) {
        const cw_status status = load_page(cursor, error);
        if (status != CW_OK) {
            return status;
        }
    }
    int64_t take = cursor->page_left < count ? cursor->page_left : count;
    take = take < CW_PARQUET_READ_ROWS ? take : CW_PARQUET_READ_ROWS;
    *rows = take;
    return CW_OK;
}

/* Pages of delta encodings say how many values they hold, so nulls must be counted before the first is read.
 */
static bool count_page(const struct cw_parquet_cursor *cursor, int64_t rows, uint64_t *valid)
{
    struct cw_hybrid_reader ahead = cursor->levels;
    uint32_t levels[256];
    *valid = 0;
    while (rows > 0) {
        const size_t take = rows < 256 ? (size_t)rows : 256;
        if (!cw_hybrid_read(&ahead, levels, take)) {
            return false;
        }
        for (size_t i = 0; i < take; i++) {
            *valid += levels[i];
        }
        rows -= (int64_t)take;
    }
    return true;
}

static bool open_codes(struct cw_parquet_cursor *cursor, uint64_t count)
{
    if (cursor->next == cursor->page_end) {
        return count == 0;
    }
    const unsigned width = *cursor->next;
    cursor->codes =
        (struct cw_hybrid_reader){.next = cursor->next + 1, .end = cursor->page_end, .width = width};
    return width <= 32;
}

static bool open_runs(struct cw_parquet_cursor *cursor, uint64_t count)
{
    uint32_t length;
    if (cursor->page_end - cursor->next < 4) {
        return count == 0;
    }
    memcpy(&length, cursor->next, 4);
    cursor->codes = (struct cw_hybrid_reader){.next = cursor->next + 4, .end = cursor->page_end, .width = 1};
    return length <= (size_t)(cursor->page_end - cursor->next) - 4;
}

/* Lengths, one or two runs of them, then bytes. */
static bool open_lengths(struct cw_parquet_cursor *cursor, uint64_t count, bool has_beginnings)
{
    const uint8_t *next = cursor->next;
    memset(cursor->last, 0, sizeof cursor->last);
    if (!cw_delta_open(&cursor->delta, next, cursor->page_end, count) ||
        (next = cw_delta_end(&cursor->delta)) == NULL) {
        return false;
    }
    if (has_beginnings && (!cw_delta_open(&cursor->rest, next, cursor->page_end, count) ||
                           (next = cw_delta_end(&cursor->rest)) == NULL)) {
        return false;
    }
    cursor->next = next;
    return true;
}

/* Sets up the readers of the page's values; called by the first level read. */
static cw_status open_values(struct cw_parquet_cursor *cursor, struct cw_error *error)
{
    uint64_t count = (uint64_t)cursor->page_left;
    bool fits = true;
    if (cursor->optional) {
        fits = count_page(cursor, cursor->page_left, &count);
    }
    cursor->bit = 0;
    cursor->values_open = true;
    switch (cursor->encoding) {
    case CW_PARQUET_PLAIN:
        break;
    case CW_PARQUET_RLE:
        fits = fits && open_runs(cursor, count);
        break;
    case CW_PARQUET_PLAIN_DICTIONARY:
    case CW_PARQUET_RLE_DICTIONARY:
        fits = fits && open_codes(cursor, count);
        break;
    case CW_PARQUET_DELTA_BINARY_PACKED:
        fits = fits && cw_delta_open(&cursor->delta, cursor->next, cursor->page_end, count);
        break;
    case CW_PARQUET_DELTA_LENGTH_BYTE_ARRAY:
    case CW_PARQUET_DELTA_BYTE_ARRAY:
        fits = fits && open_lengths(cursor, count, cursor->encoding == CW_PARQUET_DELTA_BYTE_ARRAY);
        break;
    default:
        break;
    }
    return fits ? CW_OK : cw_parquet_cursor_corrupt(cursor, "a page's levels or lengths are damaged", error);
}

cw_status cw_parquet_cursor_levels(struct cw_parquet_cursor *cursor, int64_t rows, uint32_t *levels,
                                   int64_t *valid, struct cw_error *error)
{
    if (!cursor->values_open) {
        const cw_status status = open_values(cursor, error);
        if (status != CW_OK) {
            return status;
        }
    }
    int64_t sum = rows;
    if (!cursor->optional) {
        for (int64_t i = 0; i < rows; i++) {
            levels[i] = 1;
        }
    } else {
        if (!cw_hybrid_read(&cursor->levels, levels, (size_t)rows)) {
            return cw_parquet_cursor_corrupt(cursor, "the definition levels of a page are damaged", error);
        }
        sum = 0;
        for (int64_t i = 0; i < rows; i++) {
            sum += levels[i];
        }
    }
    cursor->page_left -= rows;
    *valid = sum;
    return CW_OK;
}
