#include "encode/parquet_pages.h"

#include <inttypes.h>
#include <string.h>

#include "encode/parquet_pack.h"

/* A page should hold about this much, and not more rows than that: pages are what readers decompress and
 * skip. */
#define PAGE_BYTES ((size_t)1 << 20)
#define PAGE_ROWS ((int64_t)131072)

void cw_parquet_writer_trim(struct cw_parquet_writer *writer)
{
    cw_distinct_clear(&writer->distinct);
    cw_buffer_clear(&writer->pages);
    cw_buffer_clear(&writer->page_list);
    cw_buffer_clear(&writer->compressed);
    cw_buffer_clear(&writer->lengths);
    cw_buffer_clear(&writer->suffixes);
    cw_buffer_clear(&writer->text);
}

void cw_parquet_writer_clear(struct cw_parquet_writer *writer)
{
    cw_parquet_writer_trim(writer);
    cw_compressor_free(writer->compressor);
    writer->compressor = NULL;
}

/* How many rows go into a page, a multiple of 8 so that bitmaps are cut at bytes. */
static int64_t page_rows(const struct cw_parquet_column *column, const struct cw_parquet_plan *plan)
{
    size_t size = plan->encoding == CW_PARQUET_RLE_DICTIONARY
                      ? (size_t)column->value_count * plan->code_width / 8
                      : column->values.size + column->bytes.size;
    if (plan->encoding == CW_PARQUET_DELTA_LENGTH_BYTE_ARRAY) {
        size = (size_t)column->value_count * 2;
        for (int64_t i = 0; i < column->value_count; i++) {
            size += plan->lengths[i];
        }
    }
    const int64_t parts = (int64_t)((size + PAGE_BYTES / 4) / PAGE_BYTES) + 1;
    const int64_t rows = ((column->row_count + parts - 1) / parts + 7) / 8 * 8;
    return rows < PAGE_ROWS ? rows : PAGE_ROWS;
}

/* Definition levels of version 1: their size in four bytes, then runs of one bit a row. */
static cw_status write_levels(struct cw_buffer *out, const struct cw_parquet_column *column, int64_t from,
                              int64_t to, int64_t valid, struct cw_error *error)
{
    static const char size_to_come[4] = {0};
    const size_t at = out->size;
    cw_status status = cw_buffer_append(out, size_to_come, sizeof size_to_come, error);
    if (status != CW_OK) {
        return status;
    }
    if (valid == 0 || valid == to - from) {
        uint8_t run[CW_VARINT_SIZE + 1];
        size_t size = cw_varint_put(run, (uint64_t)(to - from) << 1);
        run[size++] = valid > 0;
        status = cw_buffer_append(out, run, size, error);
    } else {
        status = cw_hybrid_write_bits(out, (const uint8_t *)column->validity.data + from / 8,
                                      (size_t)(to - from), error);
    }
    if (status == CW_OK) {
        const uint32_t size = (uint32_t)(out->size - at - sizeof size_to_come);
        memcpy(out->data + at, &size, sizeof size);
    }
    return status;
}

/* values [first, first + count) of a bitmap, moved to a byte's beginning. */
static cw_status write_bools(struct cw_buffer *out, const uint8_t *bitmap, size_t first, size_t count,
                             struct cw_error *error)
{
    const size_t size = (count + 7) / 8;
    const cw_status status = cw_buffer_reserve(out, size, error);
    if (status != CW_OK) {
        return status;
    }
    uint8_t *to = (uint8_t *)out->data + out->size;
    memset(to, 0, size);
    for (size_t i = 0; i < count; i++) {
        const size_t bit = first + i;
        to[i / 8] = (uint8_t)(to[i / 8] | ((unsigned)bitmap[bit / 8] >> (bit % 8) & 1u) << (i % 8));
    }
    out->size += size;
    return CW_OK;
}

static cw_status write_plain(struct cw_buffer *out, const struct cw_parquet_plan *plan, size_t first,
                             size_t count, struct cw_error *error)
{
    if (plan->values == NULL) {
        return CW_OK; /* a chunk of nulls */
    }
    if (plan->value_size == 0) {
        return write_bools(out, (const uint8_t *)plan->values, first, count, error);
    }
    return cw_buffer_append(out, plan->values + first * plan->value_size, count * plan->value_size, error);
}

static cw_status write_delta(struct cw_buffer *out, const struct cw_parquet_plan *plan, size_t first,
                             size_t count, struct cw_error *error)
{
    const void *values = plan->values + first * plan->value_size;
    return plan->value_size == 4 ? cw_delta_write_32(out, values, count, error)
                                 : cw_delta_write_64(out, values, count, error);
}

/* Lengths, then all bytes. *text moves on to the next page's. */
static cw_status write_strings(struct cw_buffer *out, const uint32_t *lengths, size_t count,
                               const char **text, struct cw_error *error)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += lengths[i];
    }
    cw_status status = cw_delta_write_32(out, (const int32_t *)(const void *)lengths, count, error);
    if (status == CW_OK && size > 0) {
        status = cw_buffer_append(out, *text, size, error);
        *text += size;
    }
    return status;
}

/* What each value shares with the one before it on the page; the lengths of the rest; the rests. */
static cw_status write_prefixed(struct cw_parquet_writer *writer, const struct cw_parquet_plan *plan,
                                size_t first, size_t count, struct cw_error *error)
{
    struct cw_buffer *out = &writer->pages;
    writer->suffixes.size = 0;
    cw_status status = cw_buffer_reserve(&writer->suffixes, count * sizeof(uint32_t), error);
    if (status != CW_OK) {
        return status;
    }
    uint32_t *shared = (uint32_t *)(void *)writer->lengths.data + first;
    uint32_t *rest = (uint32_t *)(void *)writer->suffixes.data;
    if (count > 0) {
        shared[0] = 0;
    }
    for (size_t i = 0; i < count; i++) {
        rest[i] = 16 - shared[i];
    }
    status = cw_delta_write_32(out, (const int32_t *)(const void *)shared, count, error);
    if (status == CW_OK) {
        status = cw_delta_write_32(out, (const int32_t *)(const void *)rest, count, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_reserve(out, count * 16 + 16, error);
    }
    if (status != CW_OK) {
        return status;
    }
    char *to = out->data + out->size;
    const char *values = plan->values + first * 16;
    for (size_t i = 0; i < count; i++) {
        uint64_t word[2];
        memcpy(word, values + i * 16, 16);
        if (shared[i] >= 8) {
            memcpy(to, values + i * 16 + shared[i], 16 - shared[i]);
        } else {
            const unsigned shift = shared[i] * 8;
            word[0] = shift == 0 ? word[0] : word[0] >> shift | word[1] << (64 - shift);
            word[1] >>= shift;
            memcpy(to, word, 16);
        }
        to += rest[i];
    }
    out->size = (size_t)(to - out->data);
    return CW_OK;
}

static cw_status write_codes(struct cw_buffer *out, const struct cw_parquet_plan *plan, size_t first,
                             size_t count, struct cw_error *error)
{
    const uint32_t *codes = plan->codes + first;
    uint32_t all = 0;
    for (size_t i = 0; i < count; i++) {
        all |= codes[i];
    }
    const uint8_t width = (uint8_t)cw_bit_width(all > 0 ? all : 1);
    const cw_status status = cw_buffer_append(out, &width, 1, error);
    return status == CW_OK ? cw_hybrid_write(out, codes, count, width, error) : status;
}

static cw_status write_values(struct cw_parquet_writer *writer, const struct cw_parquet_plan *plan,
                              size_t first, size_t count, const char **text, struct cw_error *error)
{
    switch (plan->encoding) {
    case CW_PARQUET_RLE_DICTIONARY:
        return write_codes(&writer->pages, plan, first, count, error);
    case CW_PARQUET_DELTA_BINARY_PACKED:
        return write_delta(&writer->pages, plan, first, count, error);
    case CW_PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return write_strings(&writer->pages, plan->lengths + first, count, text, error);
    case CW_PARQUET_DELTA_BYTE_ARRAY:
        return write_prefixed(writer, plan, first, count, error);
    default:
        return write_plain(&writer->pages, plan, first, count, error);
    }
}

static cw_status list_page(struct cw_parquet_writer *writer, size_t offset, int64_t value_count,
                           bool is_dictionary, struct cw_error *error)
{
    const struct cw_parquet_page page = {.offset = offset,
                                         .size = writer->pages.size - offset,
                                         .value_count = (int32_t)value_count,
                                         .is_dictionary = is_dictionary};
    if (page.size > CW_PARQUET_COLUMN_LIMIT + CW_PARQUET_COLUMN_LIMIT / 2) {
        return cw_error_set(error, CW_E_LIMIT, "row group",
                            "a page would hold %zu bytes, expected at most %zu", page.size,
                            CW_PARQUET_COLUMN_LIMIT + CW_PARQUET_COLUMN_LIMIT / 2);
    }
    return cw_buffer_append(&writer->page_list, &page, sizeof page, error);
}

static cw_status write_data_pages(struct cw_parquet_writer *writer, const struct cw_parquet_column *column,
                                  const struct cw_parquet_plan *plan, struct cw_error *error)
{
    cw_status status = CW_OK;
    const int64_t step = page_rows(column, plan);
    const char *text = plan->text;
    size_t first = 0;
    for (int64_t from = 0; from < column->row_count && status == CW_OK; from += step) {
        const int64_t to = column->row_count - from < step ? column->row_count : from + step;
        const int64_t valid = cw_parquet_column_valid(column, from, to);
        const size_t offset = writer->pages.size;
        if (column->def->nullable) {
            status = write_levels(&writer->pages, column, from, to, valid, error);
        }
        if (status == CW_OK) {
            status = write_values(writer, plan, first, (size_t)valid, &text, error);
        }
        if (status == CW_OK) {
            status = list_page(writer, offset, to - from, false, error);
        }
        first += (size_t)valid;
    }
    return status;
}

/* A codec is chosen for the whole column chunk: the one asked for where any page gains by it. */
static enum cw_parquet_codec choose_codec(struct cw_parquet_writer *writer,
                                          const struct cw_parquet_plan *plan, struct cw_parquet_page *pages,
                                          size_t count)
{
    bool any = false;
    if (writer->codec == CW_PARQUET_UNCOMPRESSED) {
        return CW_PARQUET_UNCOMPRESSED;
    }
    for (size_t i = 0; i < count; i++) {
        const char *bytes = writer->pages.data + pages[i].offset;
        pages[i].pays = plan->pays || cw_compressor_pays(writer->compressor, bytes, pages[i].size);
        any |= pages[i].pays;
    }
    return any ? writer->codec : CW_PARQUET_UNCOMPRESSED;
}

static cw_status emit_page(struct cw_parquet_writer *writer, const struct cw_parquet_page *page,
                           const struct cw_parquet_plan *plan, struct cw_buffer *body,
                           struct cw_parquet_chunk *chunk, struct cw_error *error)
{
    const void *bytes = writer->pages.data + page->offset;
    size_t size = page->size;
    cw_status status = CW_OK;
    if (chunk->codec != CW_PARQUET_UNCOMPRESSED) {
        status = cw_compressor_run(writer->compressor, bytes, size, page->pays, &writer->compressed, error);
        bytes = writer->compressed.data;
        size = writer->compressed.size;
    }
    const struct cw_parquet_page_header header = {
        .type = page->is_dictionary ? CW_PARQUET_DICTIONARY_PAGE : CW_PARQUET_DATA_PAGE,
        .uncompressed_size = (int32_t)page->size,
        .compressed_size = (int32_t)size,
        .value_count = page->value_count,
        .encoding = page->is_dictionary ? CW_PARQUET_PLAIN : (int32_t)plan->encoding,
    };
    const size_t before = body->size;
    if (status == CW_OK) {
        status = cw_parquet_page_header_write(body, &header, error);
    }
    const size_t header_size = body->size - before;
    if (status == CW_OK) {
        status = cw_buffer_append(body, bytes, size, error);
    }
    if (page->is_dictionary) {
        chunk->dictionary_offset = (int64_t)before;
    } else if (chunk->data_offset < 0) {
        chunk->data_offset = (int64_t)before;
    }
    chunk->uncompressed_size += (int64_t)(header_size + page->size);
    chunk->compressed_size += (int64_t)(header_size + size);
    return status;
}

static int32_t physical_type(enum cw_type type)
{
    switch (type) {
    case CW_TYPE_BOOL:
        return CW_PARQUET_BOOLEAN;
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        return CW_PARQUET_INT32;
    case CW_TYPE_INT64:
    case CW_TYPE_TIMESTAMP:
        return CW_PARQUET_INT64;
    case CW_TYPE_UUID:
        return CW_PARQUET_FIXED;
    case CW_TYPE_STRING:
        break;
    }
    return CW_PARQUET_BYTE_ARRAY;
}

static void describe(const struct cw_parquet_column *column, const struct cw_parquet_plan *plan,
                     struct cw_parquet_chunk *chunk)
{
    chunk->type = physical_type(column->def->type);
    chunk->encodings = 1u << plan->encoding;
    if (plan->encoding == CW_PARQUET_RLE_DICTIONARY) {
        chunk->encodings |= 1u << CW_PARQUET_PLAIN;
    }
    if (column->def->nullable) {
        chunk->encodings |= 1u << CW_PARQUET_RLE;
    }
    chunk->value_count = column->row_count;
    chunk->name = (struct cw_parquet_bytes){.bytes = (const uint8_t *)column->def->name,
                                            .size = strlen(column->def->name)};
    chunk->statistics.null_count = column->row_count - column->value_count;
}

cw_status cw_parquet_writer_run(struct cw_parquet_writer *writer, const struct cw_parquet_column *column,
                                struct cw_buffer *body, struct cw_parquet_chunk *chunk,
                                struct cw_error *error)
{
    struct cw_parquet_plan plan = {.encoding = CW_PARQUET_PLAIN};
    cw_status status = CW_OK;
    *chunk = (struct cw_parquet_chunk){.data_offset = -1, .dictionary_offset = -1};
    writer->pages.size = 0;
    writer->page_list.size = 0;
    if (column->value_count > 0) {
        status = cw_parquet_plan_make(writer, column, &chunk->statistics, &plan, error);
    }
    describe(column, &plan, chunk);
    if (status == CW_OK && plan.encoding == CW_PARQUET_RLE_DICTIONARY) {
        status = list_page(writer, 0, (int64_t)plan.dictionary_count, true, error);
    }
    if (status == CW_OK) {
        status = write_data_pages(writer, column, &plan, error);
    }
    struct cw_parquet_page *pages = (struct cw_parquet_page *)(void *)writer->page_list.data;
    const size_t count = writer->page_list.size / sizeof *pages;
    if (status == CW_OK) {
        chunk->codec = (int32_t)choose_codec(writer, &plan, pages, count);
    }
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        status = emit_page(writer, &pages[i], &plan, body, chunk, error);
    }
    return status;
}
