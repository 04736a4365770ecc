#include "encode/text_encode.h"

#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

/* Rows for which room is made at a time: few, because room is made for the longest possible values. */
#define BLOCK_ROWS 256

/* Writers may write this far past the end of a row. */
#define OUTPUT_SLACK 64

/* What a new buffer has more than the rows of the last chunk took: one part in so many. */
#define USUAL_MORE 8

/* At most CW_PADDING / sizeof(int32_t). */
#define PREFETCH_ROWS 8

/* The slots of a pool of up to so many strings stay in the nearest cache by themselves. */
#define MOST_NEAR_STRINGS 64

/* A column with fewer rows than this writes strings of pools as they are: slots, of which there is one for
 * each string of the pool, would cost more than they save. */
#define FEWEST_SLOTTED_ROWS 1024

/* What one byte of a string grows to at most in any format. */
#define MOST_GROWTH 7

/* A column with a row for every so many strings of its pool fills all slots at once, in order, which takes
 * far less time for each than to meet them one by one all over memory. */
#define STRINGS_PER_ROW 8

/* A chunk should be worth a system call and still fit a core's second-level cache. */
#define CHUNK_BYTES 524288
#define FEWEST_CHUNK_ROWS 4096
#define MOST_CHUNK_ROWS 65536

/* A short text that is written as a whole word and then counted. */
struct short_text {
    char bytes[8];
    size_t length;
};

struct text_column;
typedef char *(*text_writer)(char *out, struct text_column *column, int64_t row);

struct text_column {
    text_writer write;       /* the value with what stands before it, and the rest of the row */
    text_writer write_value; /* the same from the value on */
    const void *values;
    const char *bytes;
    const uint8_t *validity;
    _Atomic uint64_t *words;     /* of the slot of the pool's first string; null's stands before it */
    struct cw_text_slots *slots; /* of the pool met last; or NULL */
    const struct cw_pool *pool;  /* of the batch, where its strings are written without slots */
    int64_t pooled_rows;         /* seen so far */
    struct cw_slot_shelf *shelf; /* the encoder's */
    struct short_text end;       /* after a number: separator or row end */
    struct short_text close;     /* after a quoted value: the quote and end */
    size_t quote;                /* 1 where a quote stands before a value */
    size_t prefix_length;
    char prefix[88];
    text_writer write_valid; /* what write_value calls for rows that are not null */
    const struct cw_text_format *format;
    int64_t day_start; /* of the latest timestamp, microseconds */
    char day_text[16]; /* its date and "T" */
    struct short_text null_value;
    struct short_text empty_value;
    uint32_t position; /* in the entity */
    enum cw_type type;
};

struct text_chunk {
    struct cw_chunk base;
    const struct cw_text_format *format;
    struct cw_buffer rows;
    size_t usual_size; /* of the rows when the chunk was last finished */
    uint32_t column_count;
    struct text_column columns[]; /* and one that ends the row */
};

static inline char *put(char *out, const struct short_text *text)
{
    memcpy(out, text->bytes, sizeof text->bytes);
    return out + text->length;
}

/* What each writer ends with: what follows the value, and the row's other columns. That the next writer is
 * called from here, not from a loop over columns, saves a return and a test for each value. */
static inline char *end_value(char *out, const struct short_text *end, struct text_column *column,
                              int64_t row)
{
    out = put(out, end);
    column++;
    return column->write(out, column, row);
}

static char *end_row(char *out, struct text_column *column, int64_t row)
{
    (void)column;
    (void)row;
    return out;
}

static inline char *open_quote(char *out, const struct text_column *column)
{
    *out = '"';
    return out + column->quote;
}

static char *write_bool(char *out, struct text_column *column, int64_t row)
{
    const uint8_t *bits = column->values;
    if ((bits[row >> 3] >> (row & 7)) & 1) {
        memcpy(out, "true", 4);
        return end_value(out + 4, &column->end, column, row);
    }
    memcpy(out, "false", 5);
    return end_value(out + 5, &column->end, column, row);
}

static char *write_int32(char *out, struct text_column *column, int64_t row)
{
    return end_value(cw_decimal_i32(out, ((const int32_t *)column->values)[row]), &column->end, column, row);
}

static char *write_int64(char *out, struct text_column *column, int64_t row)
{
    return end_value(cw_decimal_i64(out, ((const int64_t *)column->values)[row]), &column->end, column, row);
}

static char *write_date(char *out, struct text_column *column, int64_t row)
{
    out = open_quote(out, column);
    return end_value(cw_decimal_date(out, ((const int32_t *)column->values)[row]), &column->close, column,
                     row);
}

static char *write_uuid(char *out, struct text_column *column, int64_t row)
{
    out = open_quote(out, column);
    return end_value(cw_decimal_uuid(out, (const uint8_t *)column->values + row * 16), &column->close, column,
                     row);
}

static inline char *write_time(char *out, struct text_column *column, int64_t row, int64_t micros_of_day)
{
    out = open_quote(out, column);
    memcpy(out, column->day_text, sizeof column->day_text);
    out = cw_decimal_time(out + 11, micros_of_day);
    *out = 'Z';
    return end_value(out + 1, &column->close, column, row);
}

static __attribute__((noinline)) char *write_time_of_new_day(char *out, struct text_column *column,
                                                             int64_t row)
{
    const int64_t micros = ((const int64_t *)column->values)[row];
    char text[CW_DECIMAL_SLACK];
    int64_t micros_of_day;
    *cw_decimal_date(text, cw_timestamp_split(micros, &micros_of_day)) = 'T';
    memcpy(column->day_text, text, sizeof column->day_text);
    column->day_start = micros - micros_of_day;
    return write_time(out, column, row, micros_of_day);
}

/* Keeps the text of the latest day, since rows mostly stand in order of time. */
static char *write_timestamp(char *out, struct text_column *column, int64_t row)
{
    const int64_t micros = ((const int64_t *)column->values)[row];
    const int64_t micros_of_day = micros - column->day_start;
    return (uint64_t)micros_of_day < (uint64_t)CW_MICROS_PER_DAY ? write_time(out, column, row, micros_of_day)
                                                                 : write_time_of_new_day(out, column, row);
}

/* Strings of which none needs an escape. */
static char *write_clean(char *out, struct text_column *column, int64_t row)
{
    const int32_t *offsets = (const int32_t *)column->values + row;
    const size_t length = (size_t)(offsets[1] - offsets[0]);
    if (length == 0) {
        return end_value(out, &column->empty_value, column, row);
    }
    const char *text = column->bytes + offsets[0];
    out = open_quote(out, column);
    memcpy(out, text, 32);
    for (size_t i = 32; i < length; i += 32) {
        memcpy(out + i, text + i, 32);
    }
    return end_value(out + length, &column->close, column, row);
}

static char *write_string(char *out, struct text_column *column, int64_t row)
{
    const int32_t *offsets = (const int32_t *)column->values + row;
    out = column->format->escape(out, column->bytes + offsets[0], (size_t)(offsets[1] - offsets[0]));
    return end_value(out, &column->end, column, row);
}

/* Writes a pool's string that has no slot yet and gives it one if it is short enough. */
static __attribute__((noinline)) char *write_unslotted(char *out, struct text_column *column, int64_t row)
{
    const struct cw_pool *pool = column->slots->pool;
    const size_t code = (size_t)((const int32_t *)column->values)[row];
    const uint32_t *offsets = pool->offsets + code;
    char *end = column->format->escape(out, pool->bytes + offsets[0], offsets[1] - offsets[0]);
    end = put(end, &column->end);
    cw_text_slots_fill(column->slots, code + 1, out, (size_t)(end - out));
    column++;
    return column->write(end, column, row);
}

/* Starts to fetch the slot of a row some rows ahead: slots of large pools lie outside the nearest caches.
 * Codes are readable that far past the last row (CW_PADDING); what they then are does not matter, as
 * prefetching cannot fault.
 */
static inline void prefetch_slot(const struct text_column *column, int64_t row, size_t slot_size)
{
    const uint32_t code = ((const uint32_t *)column->values)[row + PREFETCH_ROWS];
    const uintptr_t address = (uintptr_t)column->words + (uintptr_t)code * slot_size;
    __builtin_prefetch((const void *)address);
}

static inline char *write_slot(char *out, struct text_column *column, int64_t row, ptrdiff_t slot_number,
                               size_t slot_size)
{
    _Atomic uint64_t *slot = column->words + slot_number * (ptrdiff_t)(slot_size / 8);
    const size_t length = cw_text_slot_read(out, slot, slot_size);
    if (__builtin_expect(length == 0, 0)) {
        return write_unslotted(out, column, row);
    }
    column++;
    return column->write(out + length, column, row);
}

static inline ptrdiff_t slot_of_code(const struct text_column *column, int64_t row)
{
    return ((const int32_t *)column->values)[row];
}

/* -1, the slot of null, or the code. */
static inline ptrdiff_t slot_of_valid(const struct text_column *column, int64_t row)
{
    const ptrdiff_t valid = (column->validity[row >> 3] >> (row & 7)) & 1;
    return ((slot_of_code(column, row) + 1) & -valid) - 1;
}

static char *write_near_code(char *out, struct text_column *column, int64_t row)
{
    return write_slot(out, column, row, slot_of_code(column, row), CW_SMALL_SLOT);
}

static char *write_small_code(char *out, struct text_column *column, int64_t row)
{
    prefetch_slot(column, row, CW_SMALL_SLOT);
    return write_slot(out, column, row, slot_of_code(column, row), CW_SMALL_SLOT);
}

static char *write_large_code(char *out, struct text_column *column, int64_t row)
{
    prefetch_slot(column, row, CW_LARGE_SLOT);
    return write_slot(out, column, row, slot_of_code(column, row), CW_LARGE_SLOT);
}

static char *write_small_code_or_null(char *out, struct text_column *column, int64_t row)
{
    prefetch_slot(column, row, CW_SMALL_SLOT);
    return write_slot(out, column, row, slot_of_valid(column, row), CW_SMALL_SLOT);
}

static char *write_large_code_or_null(char *out, struct text_column *column, int64_t row)
{
    prefetch_slot(column, row, CW_LARGE_SLOT);
    return write_slot(out, column, row, slot_of_valid(column, row), CW_LARGE_SLOT);
}

/* A pool's string without a slot. */
static char *write_pooled(char *out, struct text_column *column, int64_t row)
{
    const struct cw_pool *pool = column->pool;
    const uint32_t *offsets = pool->offsets + ((const int32_t *)column->values)[row];
    return end_value(column->format->escape(out, pool->bytes + offsets[0], offsets[1] - offsets[0]),
                     &column->end, column, row);
}

static char *write_or_null(char *out, struct text_column *column, int64_t row)
{
    if ((column->validity[row >> 3] >> (row & 7)) & 1) {
        return column->write_valid(out, column, row);
    }
    return end_value(out, &column->null_value, column, row);
}

static inline char *put_prefix(char *out, const struct text_column *column)
{
    memcpy(out, column->prefix, 32);
    if (column->prefix_length > 32) {
        memcpy(out + 32, column->prefix + 32, sizeof column->prefix - 32);
    }
    return out + column->prefix_length;
}

static char *write_named(char *out, struct text_column *column, int64_t row)
{
    return column->write_value(put_prefix(out, column), column, row);
}

static struct short_text short_text_of(const char *first, const char *second, const char *third)
{
    struct short_text text = {.length = 0};
    const char *const parts[] = {first, second, third};
    for (size_t i = 0; i < 3; i++) {
        const size_t length = strlen(parts[i]);
        memcpy(text.bytes + text.length, parts[i], length);
        text.length += length;
    }
    return text;
}

static void append_prefix(struct text_column *column, const char *text)
{
    const size_t length = strlen(text);
    memcpy(column->prefix + column->prefix_length, text, length);
    column->prefix_length += length;
}

static void column_init(struct text_column *column, const struct cw_text_format *format,
                        const struct cw_column_def *def, uint32_t position, bool is_first, bool is_last)
{
    const char *end = is_last ? format->row_end : format->separator;
    const char *quote = format->quoted ? "\"" : "";
    *column = (struct text_column){
        .end = short_text_of(end, "", ""),
        .close = short_text_of(quote, end, ""),
        .null_value = short_text_of(format->null_value, end, ""),
        .empty_value = short_text_of(format->empty_value, end, ""),
        .quote = format->quoted,
        .format = format,
        .day_start = INT64_MIN / 2,
        .position = position,
        .type = def->type,
    };
    append_prefix(column, is_first ? format->row_start : "");
    if (format->named) {
        append_prefix(column, "\"");
        append_prefix(column, def->name);
        append_prefix(column, "\":");
    }
}

cw_status cw_text_chunk_new(const struct cw_encoder *encoder, const struct cw_text_format *format,
                            struct cw_chunk **chunk, struct cw_error *error)
{
    const uint32_t count = encoder->options.column_count;
    const size_t size = sizeof(struct text_chunk) + ((size_t)count + 1) * sizeof(struct text_column);
    struct text_chunk *made = calloc(1, size);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: a chunk of %s needs %zu bytes",
                            encoder->options.entity->table, size);
    }
    made->format = format;
    made->column_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t position = encoder->options.columns[i];
        column_init(&made->columns[i], format, &encoder->options.entity->columns[position], position, i == 0,
                    i + 1 == count);
        made->columns[i].shelf = encoder->shelf;
    }
    made->columns[count].write = end_row;
    *chunk = &made->base;
    return CW_OK;
}

void cw_text_chunk_free(struct cw_chunk *chunk)
{
    struct text_chunk *text = (struct text_chunk *)chunk;
    for (uint32_t i = 0; i < text->column_count; i++) {
        cw_text_slots_release(text->columns[i].shelf, text->columns[i].slots);
    }
    cw_buffer_clear(&text->rows);
    free(text);
}

/* Gives the column the slots of a pool. */
static cw_status use_pool(struct text_column *column, const struct cw_pool *pool, struct cw_error *error)
{
    const size_t around = column->end.length + (column->format->quoted ? 2 : 0);
    struct cw_text_slots *slots;
    const cw_status status =
        cw_text_slots_take(column->shelf, column->position, pool, around, column->null_value.bytes,
                           column->null_value.length, &slots, error);
    if (status != CW_OK) {
        return status;
    }
    cw_text_slots_release(column->shelf, column->slots);
    column->slots = slots;
    column->words = slots->words + slots->size / 8;
    return CW_OK;
}

/* Fills the slots of all strings of the column's pool, unless that has been done. */
static void fill_all_slots(struct text_column *column)
{
    struct cw_text_slots *slots = column->slots;
    const struct cw_pool *pool = slots->pool;
    char value[MOST_GROWTH * CW_LARGE_SLOT + CW_PADDING];
    if (atomic_flag_test_and_set(&slots->is_filled)) {
        return;
    }
    for (uint32_t code = 0; code < pool->count; code++) {
        const uint32_t start = pool->offsets[code];
        const uint32_t length = pool->offsets[code + 1] - start;
        if (length < slots->size) {
            char *end = put(column->format->escape(value, pool->bytes + start, length), &column->end);
            cw_text_slots_fill(slots, (size_t)code + 1, value, (size_t)(end - value));
        }
    }
}

static text_writer choose_code_writer(const struct text_column *column, bool has_nulls)
{
    const bool is_near = column->slots->pool->count <= MOST_NEAR_STRINGS;
    if (column->slots->size == CW_SMALL_SLOT) {
        return has_nulls ? write_small_code_or_null : is_near ? write_near_code : write_small_code;
    }
    return has_nulls ? write_large_code_or_null : write_large_code;
}

/* Slots, or for a few rows the pool itself. */
static cw_status bind_pool(struct text_column *column, const struct cw_pool *pool, int64_t rows,
                           bool has_nulls, struct cw_error *error)
{
    column->pooled_rows += rows;
    if (column->slots == NULL && column->pooled_rows < FEWEST_SLOTTED_ROWS) {
        column->pool = pool;
        column->write_valid = write_pooled;
        column->write_value = has_nulls ? write_or_null : write_pooled;
        return CW_OK;
    }
    const cw_status status =
        column->slots == NULL || column->slots->pool != pool ? use_pool(column, pool, error) : CW_OK;
    if (status != CW_OK) {
        return status;
    }
    if (column->pooled_rows >= pool->count / STRINGS_PER_ROW) {
        fill_all_slots(column);
    }
    column->pool = NULL;
    column->write_value = choose_code_writer(column, has_nulls);
    return CW_OK;
}

static text_writer choose_string_writer(const struct text_column *column, const struct cw_column *source,
                                        int64_t rows)
{
    const int32_t *offsets = source->values;
    const size_t size = (size_t)(offsets[rows] - offsets[0]);
    if (size == 0) {
        return write_clean;
    }
    return column->format->is_clean(source->bytes + offsets[0], size) ? write_clean : write_string;
}

static text_writer choose_writer(const struct text_column *column, const struct cw_column *source,
                                 int64_t rows)
{
    switch (column->type) {
    case CW_TYPE_BOOL:
        return write_bool;
    case CW_TYPE_INT32:
        return write_int32;
    case CW_TYPE_INT64:
        return write_int64;
    case CW_TYPE_DATE:
        return write_date;
    case CW_TYPE_TIMESTAMP:
        return write_timestamp;
    case CW_TYPE_UUID:
        return write_uuid;
    case CW_TYPE_STRING:
        break;
    }
    return choose_string_writer(column, source, rows);
}

static cw_status column_bind(struct text_column *column, const struct cw_column *source, int64_t rows,
                             struct cw_error *error)
{
    const bool has_nulls = source->validity != NULL && source->null_count != 0;
    column->values = source->values;
    column->bytes = source->bytes;
    column->validity = source->validity;
    if (source->pool != NULL) {
        return bind_pool(column, source->pool, rows, has_nulls, error);
    }
    column->write_valid = choose_writer(column, source, rows);
    column->write_value = has_nulls ? write_or_null : column->write_valid;
    return CW_OK;
}

/* The most bytes that pooled strings of the rows from first up to last have. */
static size_t pooled_size(const struct text_column *column, const int32_t *codes, int64_t first, int64_t last)
{
    if (column->pool == NULL) {
        return (size_t)(last - first) * column->slots->longest;
    }
    size_t size = 0;
    for (int64_t row = first; row < last; row++) {
        if (column->validity == NULL || ((column->validity[row >> 3] >> (row & 7)) & 1) != 0) {
            const uint32_t *offsets = column->pool->offsets + codes[row];
            size += offsets[1] - offsets[0];
        }
    }
    return size;
}

/* The most bytes that the rows from first up to last can take. */
static size_t block_size(const struct text_chunk *chunk, const struct cw_batch *batch, int64_t first,
                         int64_t last)
{
    const size_t rows = (size_t)(last - first);
    size_t size = OUTPUT_SLACK;
    for (uint32_t i = 0; i < chunk->column_count; i++) {
        const struct text_column *column = &chunk->columns[i];
        const struct cw_column *source = &batch->columns[column->position];
        /* Quotes on both sides, or "null", and what follows. */
        size += rows * (column->prefix_length + 4 + column->end.length);
        if (column->type != CW_TYPE_STRING) {
            size += rows * CW_DECIMAL_SLACK;
        } else if (source->pool != NULL) {
            size += pooled_size(column, source->values, first, last) * column->format->growth;
        } else {
            const int32_t *offsets = source->values;
            size += (size_t)(offsets[last] - offsets[first]) * column->format->growth;
        }
    }
    return size;
}

cw_status cw_text_chunk_add(struct cw_chunk *chunk, const struct cw_batch *batch, struct cw_error *error)
{
    struct text_chunk *text = (struct text_chunk *)chunk;
    for (uint32_t i = 0; i < text->column_count; i++) {
        struct text_column *column = &text->columns[i];
        const cw_status status =
            column_bind(column, &batch->columns[column->position], batch->row_count, error);
        if (status != CW_OK) {
            return status;
        }
        column->write = text->format->named ? write_named : column->write_value;
    }
    if (text->rows.capacity == 0 && text->usual_size > 0) {
        const int64_t last = BLOCK_ROWS < batch->row_count ? BLOCK_ROWS : batch->row_count;
        const cw_status status = cw_buffer_reserve(
            &text->rows, text->usual_size + text->usual_size / USUAL_MORE + block_size(text, batch, 0, last),
            error);
        if (status != CW_OK) {
            return status;
        }
    }
    for (int64_t first = 0; first < batch->row_count; first += BLOCK_ROWS) {
        const int64_t last = first + BLOCK_ROWS < batch->row_count ? first + BLOCK_ROWS : batch->row_count;
        const cw_status status = cw_buffer_reserve(&text->rows, block_size(text, batch, first, last), error);
        if (status != CW_OK) {
            return status;
        }
        char *out = text->rows.data + text->rows.size;
        for (int64_t row = first; row < last; row++) {
            out = text->columns[0].write(out, &text->columns[0], row);
        }
        text->rows.size = (size_t)(out - text->rows.data);
    }
    return CW_OK;
}

cw_status cw_text_chunk_finish(struct cw_chunk *chunk, size_t skipped, struct cw_buffer *body,
                               struct cw_error *error)
{
    struct text_chunk *text = (struct text_chunk *)chunk;
    text->usual_size = text->rows.size;
    /* An empty body takes the rows over without a copy and gives its memory for the next ones. */
    if (body->size == 0 && skipped == 0) {
        const struct cw_buffer rows = text->rows;
        text->rows = *body;
        *body = rows;
        return CW_OK;
    }
    const cw_status status =
        cw_buffer_append(body, text->rows.data + skipped, text->rows.size - skipped, error);
    if (status == CW_OK) {
        text->rows.size = 0;
    }
    return status;
}

cw_status cw_text_check(const struct cw_encoder_options *options, struct cw_error *error)
{
    if (options->compression != CW_COMPRESSION_NONE) {
        return cw_error_set(error, CW_E_INVALID, "compression",
                            "compression is set, but format %s has none; it goes with parquet",
                            cw_format_name(options->format));
    }
    return CW_OK;
}

int64_t cw_text_chunk_rows(const struct cw_encoder *encoder)
{
    static const int64_t usual_widths[] = {
        [CW_TYPE_BOOL] = 6,       [CW_TYPE_INT32] = 4, [CW_TYPE_INT64] = 7,   [CW_TYPE_DATE] = 11,
        [CW_TYPE_TIMESTAMP] = 28, [CW_TYPE_UUID] = 37, [CW_TYPE_STRING] = 14,
    };
    int64_t width = 1;
    for (uint32_t i = 0; i < encoder->options.column_count; i++) {
        width += usual_widths[encoder->options.entity->columns[encoder->options.columns[i]].type];
    }
    const int64_t rows = CHUNK_BYTES / width / 1024 * 1024;
    return rows < FEWEST_CHUNK_ROWS ? FEWEST_CHUNK_ROWS : rows > MOST_CHUNK_ROWS ? MOST_CHUNK_ROWS : rows;
}

struct text_tail {
    struct cw_tail base;
    const char *text;
};

cw_status cw_text_tail_new(const char *text, struct cw_tail **tail, struct cw_error *error)
{
    struct text_tail *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: a file's tail needs %zu bytes",
                            sizeof *made);
    }
    made->text = text;
    *tail = &made->base;
    return CW_OK;
}

void cw_text_tail_free(struct cw_tail *tail)
{
    free(tail);
}

cw_status cw_text_tail_add(struct cw_tail *tail, const struct cw_buffer *note, int64_t body_offset,
                           struct cw_error *error)
{
    (void)tail;
    (void)note;
    (void)body_offset;
    (void)error;
    return CW_OK;
}

cw_status cw_text_tail_finish(struct cw_tail *tail, struct cw_buffer *out, struct cw_error *error)
{
    const char *text = ((const struct text_tail *)tail)->text;
    return cw_buffer_append(out, text, strlen(text), error);
}
