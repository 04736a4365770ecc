/* Batches and files in memory for the tests of encoders and decoders. Functions are inline so that a test may
 * leave some unused. */
#ifndef TESTS_UNIT_ENCODE_SAMPLES_H
#define TESTS_UNIT_ENCODE_SAMPLES_H

#include <stdint.h>
#include <string.h>

#include "base/calendar.h"
#include "cartwright/encode.h"
#include "encode/decode.h"
#include "harness.h"

#define SAMPLE_COLUMN(name, type, nullable)                                                                  \
    {                                                                                                        \
        name, type, nullable, false, CW_NO_REFERENCE, CW_PERSONAL_NONE, "", NULL, "A column of the tests"    \
    }

/* Every type, with nulls and without. */
enum {
    SAMPLE_ID,
    SAMPLE_FLAG,
    SAMPLE_FLAG_OR_NULL,
    SAMPLE_SMALL,
    SAMPLE_SMALL_OR_NULL,
    SAMPLE_BIG,
    SAMPLE_BIG_OR_NULL,
    SAMPLE_DAY,
    SAMPLE_DAY_OR_NULL,
    SAMPLE_TIME,
    SAMPLE_TIME_OR_NULL,
    SAMPLE_KEY_OR_NULL,
    SAMPLE_TEXT,
    SAMPLE_TEXT_OR_NULL,
    SAMPLE_WORD,
    SAMPLE_WORD_OR_NULL,
    SAMPLE_COLUMN_COUNT
};

static const struct cw_column_def sample_columns[SAMPLE_COLUMN_COUNT] = {
    [SAMPLE_ID] = SAMPLE_COLUMN("id", CW_TYPE_UUID, false),
    [SAMPLE_FLAG] = SAMPLE_COLUMN("flag", CW_TYPE_BOOL, false),
    [SAMPLE_FLAG_OR_NULL] = SAMPLE_COLUMN("flag_or_null", CW_TYPE_BOOL, true),
    [SAMPLE_SMALL] = SAMPLE_COLUMN("small", CW_TYPE_INT32, false),
    [SAMPLE_SMALL_OR_NULL] = SAMPLE_COLUMN("small_or_null", CW_TYPE_INT32, true),
    [SAMPLE_BIG] = SAMPLE_COLUMN("big", CW_TYPE_INT64, false),
    [SAMPLE_BIG_OR_NULL] = SAMPLE_COLUMN("big_or_null", CW_TYPE_INT64, true),
    [SAMPLE_DAY] = SAMPLE_COLUMN("day", CW_TYPE_DATE, false),
    [SAMPLE_DAY_OR_NULL] = SAMPLE_COLUMN("day_or_null", CW_TYPE_DATE, true),
    [SAMPLE_TIME] = SAMPLE_COLUMN("time", CW_TYPE_TIMESTAMP, false),
    [SAMPLE_TIME_OR_NULL] = SAMPLE_COLUMN("time_or_null", CW_TYPE_TIMESTAMP, true),
    [SAMPLE_KEY_OR_NULL] = SAMPLE_COLUMN("key_or_null", CW_TYPE_UUID, true),
    [SAMPLE_TEXT] = SAMPLE_COLUMN("text", CW_TYPE_STRING, false),
    [SAMPLE_TEXT_OR_NULL] = SAMPLE_COLUMN("a_text_whose_name_is_longer_than_any_other", CW_TYPE_STRING, true),
    [SAMPLE_WORD] = SAMPLE_COLUMN("word", CW_TYPE_STRING, false),
    [SAMPLE_WORD_OR_NULL] = SAMPLE_COLUMN("word_or_null", CW_TYPE_STRING, true),
};

static const struct cw_entity sample_entity = {CW_ENTITY_CUSTOMER,  "sample",       "samples",
                                               "Rows of the tests", sample_columns, SAMPLE_COLUMN_COUNT};

static uint64_t sample_state;

static inline uint64_t sample_random(void)
{
    sample_state = sample_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return sample_state ^ sample_state >> 29;
}

static inline uint64_t sample_below(uint64_t limit)
{
    return (sample_random() >> 11) % limit;
}

/* A text of up to about 90 bytes with all that makes quotes and escapes necessary. */
static inline size_t sample_text(char *out)
{
    static const char *const pieces[] = {"a",  "Zoë",  "\"", ",",        "\n",    "\r\n", "\\", "\t",
                                         "ß",  "東京", "😀",  "\x01\x1f", "null",  "/",    " ",  "Straße 12",
                                         "{}", "[",    ":",  "\x7f",     "plain", "\b\f", "'",  ""};
    const uint64_t count = sample_below(4) == 0 ? sample_below(12) : sample_below(3);
    size_t length = 0;
    for (uint64_t i = 0; i < count; i++) {
        const char *piece =
            sample_below(2) == 0 ? "word" : pieces[sample_below(sizeof pieces / sizeof *pieces)];
        memcpy(out + length, piece, strlen(piece));
        length += strlen(piece);
    }
    return length;
}

#define SAMPLE_POOL_COUNT 200

/* Texts as above, made once. */
static inline const struct cw_pool *sample_pool(void)
{
    static uint32_t offsets[SAMPLE_POOL_COUNT + 1];
    static char bytes[SAMPLE_POOL_COUNT * 160 + CW_PADDING];
    static struct cw_pool pool;
    if (pool.count == 0) {
        pool = (struct cw_pool){.count = SAMPLE_POOL_COUNT, .offsets = offsets, .bytes = bytes};
        for (uint32_t i = 0; i < SAMPLE_POOL_COUNT; i++) {
            offsets[i + 1] = offsets[i] + (uint32_t)sample_text(bytes + offsets[i]);
        }
    }
    return &pool;
}

static inline void sample_texts(struct cw_batch *batch, uint32_t position, int64_t rows)
{
    struct cw_column *column = &batch->columns[position];
    int32_t *offsets = column->values;
    offsets[0] = 0;
    for (int64_t row = 0; row < rows; row++) {
        char text[200];
        const size_t length = cw_column_is_valid(column, row) ? sample_text(text) : 0;
        const size_t start = (size_t)offsets[row];
        ck_assert_int_eq(cw_batch_reserve_bytes(batch, position, start + length, NULL), CW_OK);
        memcpy(column->bytes + start, text, length);
        offsets[row + 1] = (int32_t)(start + length);
    }
}

/* A value of a type with fixed width; extremes are frequent. */
static inline void sample_value(struct cw_column *column, int64_t row)
{
    const bool valid = cw_column_is_valid(column, row);
    const uint64_t kind = sample_below(8);
    const uint64_t shift = sample_below(64);
    const int64_t drawn = valid ? (int64_t)(sample_random() >> shift) : 0;
    uint8_t *bits = column->values;
    switch (column->type) {
    case CW_TYPE_BOOL:
        bits[row / 8] = (uint8_t)((bits[row / 8] & ~(1U << row % 8)) | ((unsigned)drawn & 1U) << row % 8);
        break;
    case CW_TYPE_INT32:
        ((int32_t *)column->values)[row] = !valid      ? 0
                                           : kind == 0 ? INT32_MIN
                                           : kind == 1 ? INT32_MAX
                                                       : (int32_t)drawn;
        break;
    case CW_TYPE_INT64:
        ((int64_t *)column->values)[row] = !valid ? 0 : kind == 0 ? INT64_MIN : kind == 1 ? INT64_MAX : drawn;
        break;
    case CW_TYPE_DATE:
        ((int32_t *)column->values)[row] =
            !valid ? 0
                   : (int32_t)sample_below(CW_CALENDAR_LAST_DAY - CW_CALENDAR_FIRST_DAY + 1) +
                         CW_CALENDAR_FIRST_DAY;
        break;
    case CW_TYPE_TIMESTAMP:
        ((int64_t *)column->values)[row] =
            !valid
                ? 0
                : (int64_t)(sample_random() % (uint64_t)(CW_CALENDAR_LAST_MICRO - CW_CALENDAR_FIRST_MICRO)) +
                      CW_CALENDAR_FIRST_MICRO;
        break;
    default:
        for (int i = 0; i < 16; i++) {
            ((uint8_t *)column->values)[row * 16 + i] = valid ? (uint8_t)sample_random() : 0;
        }
    }
}

/* Fills a batch of sample_entity; SAMPLE_WORD and SAMPLE_WORD_OR_NULL are dictionary columns. */
static inline void sample_fill(struct cw_batch *batch, int64_t rows, uint64_t seed)
{
    sample_state = seed;
    const struct cw_pool *pool = sample_pool();
    batch->row_count = rows;
    for (uint32_t i = 0; i < batch->column_count; i++) {
        struct cw_column *column = &batch->columns[i];
        ck_assert_int_eq(cw_batch_reserve(batch, i, rows, NULL), CW_OK);
        const uint64_t null_share = sample_below(4);
        column->null_count = 0;
        for (int64_t row = 0; column->validity != NULL && row < rows; row++) {
            const bool valid = sample_below(3) >= null_share;
            column->validity[row / 8] =
                (uint8_t)((column->validity[row / 8] & ~(1U << row % 8)) | (unsigned)valid << row % 8);
            column->null_count += !valid;
        }
        if (i == SAMPLE_TEXT || i == SAMPLE_TEXT_OR_NULL) {
            sample_texts(batch, i, rows);
            continue;
        }
        column->pool = column->type == CW_TYPE_STRING ? pool : NULL;
        for (int64_t row = 0; row < rows; row++) {
            if (column->type == CW_TYPE_STRING) {
                ((int32_t *)column->values)[row] =
                    cw_column_is_valid(column, row) ? (int32_t)sample_below(pool->count) : 0;
            } else {
                sample_value(column, row);
            }
        }
    }
}

static inline void sample_check_value(const struct cw_column *column, int64_t row,
                                      const struct cw_column *other, int64_t other_row)
{
    ck_assert_int_eq(cw_column_is_valid(column, row), cw_column_is_valid(other, other_row));
    size_t width = 0;
    switch (column->type) {
    case CW_TYPE_BOOL:
        ck_assert_int_eq(cw_column_bool(column, row), cw_column_bool(other, other_row));
        return;
    case CW_TYPE_STRING:
        if (cw_column_is_valid(column, row)) {
            size_t length;
            size_t other_length;
            const char *text = cw_column_string(column, row, &length);
            const char *other_text = cw_column_string(other, other_row, &other_length);
            ck_assert_uint_eq(length, other_length);
            ck_assert(length == 0 || memcmp(text, other_text, length) == 0);
        }
        return;
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        width = 4;
        break;
    case CW_TYPE_INT64:
    case CW_TYPE_TIMESTAMP:
        width = 8;
        break;
    case CW_TYPE_UUID:
        width = 16;
        break;
    }
    ck_assert_mem_eq((const char *)column->values + (size_t)row * width,
                     (const char *)other->values + (size_t)other_row * width, width);
}

/* A whole file of some batches, of which each chunk takes batches_per_chunk. */
static inline void sample_encode(enum cw_format format, const struct cw_batch *batches, size_t count,
                                 size_t batches_per_chunk, struct cw_buffer *file)
{
    const struct cw_encoder_options options = {.format = format, .entity = batches[0].entity};
    struct cw_encoder *encoder;
    struct cw_chunk *chunk;
    struct cw_tail *tail;
    struct cw_buffer note = {0};
    bool is_first = true;
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, NULL), CW_OK);
    ck_assert_int_eq(cw_chunk_new(encoder, &chunk, NULL), CW_OK);
    ck_assert_int_eq(cw_tail_new(encoder, &tail, NULL), CW_OK);
    ck_assert_int_eq(cw_encoder_head(encoder, file, NULL), CW_OK);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(cw_chunk_add(chunk, &batches[i], NULL), CW_OK);
        if ((i + 1) % batches_per_chunk == 0 || i + 1 == count) {
            const int64_t offset = (int64_t)file->size;
            note.size = 0;
            ck_assert_int_eq(cw_chunk_finish(chunk, is_first, file, &note, NULL), CW_OK);
            ck_assert_int_eq(cw_tail_add(tail, &note, offset, NULL), CW_OK);
            is_first = is_first && (int64_t)file->size == offset;
        }
    }
    ck_assert_int_eq(cw_tail_finish(tail, file, NULL), CW_OK);
    cw_tail_free(tail);
    cw_chunk_free(chunk);
    cw_encoder_free(encoder);
    cw_buffer_clear(&note);
}

/* A file in memory for decoders. */
struct sample_file {
    const char *bytes;
    size_t size;
};

static inline cw_status sample_read_at(void *context, int64_t offset, void *bytes, size_t size, size_t *got,
                                       struct cw_error *error)
{
    (void)error;
    const struct sample_file *file = context;
    const size_t start = (size_t)offset < file->size ? (size_t)offset : file->size;
    *got = file->size - start < size ? file->size - start : size;
    if (*got > 0) {
        memcpy(bytes, file->bytes + start, *got);
    }
    return CW_OK;
}

/* Text is read as a stream; Parquet begins at its end. */
static inline int64_t sample_input_size(enum cw_format format, size_t size)
{
    return format == CW_FORMAT_PARQUET ? (int64_t)size : -1;
}

/* Opens a file and reads its first batch; returns the first failure. */
static inline cw_status sample_decode(enum cw_format format, const struct cw_entity *entity,
                                      const char *bytes, size_t size, struct cw_batch *batch,
                                      struct cw_error *error)
{
    struct sample_file file = {bytes, size};
    const struct cw_input input = {sample_read_at, &file, sample_input_size(format, size)};
    struct cw_decoder *decoder;
    ck_assert_int_eq(cw_batch_init(batch, entity, NULL), CW_OK);
    cw_status status = cw_decoder_open(format, entity, &input, &decoder, error);
    if (status == CW_OK) {
        status = cw_decoder_next(decoder, batch, error);
        cw_decoder_close(decoder);
    }
    return status;
}

/* Decodes a file of samples and compares it with the batches that were written. */
static inline void sample_check_file(enum cw_format format, const struct cw_buffer *file,
                                     const struct cw_batch *batches, size_t count)
{
    struct sample_file memory = {file->data, file->size};
    const struct cw_input input = {sample_read_at, &memory, sample_input_size(format, file->size)};
    struct cw_decoder *decoder;
    struct cw_batch batch;
    struct cw_error error;
    ck_assert_int_eq(cw_batch_init(&batch, batches[0].entity, NULL), CW_OK);
    cw_status status = cw_decoder_open(format, batches[0].entity, &input, &decoder, &error);
    ck_assert_msg(status == CW_OK, "%s", error.message);
    int64_t decoded = 0;
    int64_t written = 0;
    for (size_t i = 0; i < count; i++) {
        written += batches[i].row_count;
    }
    do {
        status = cw_decoder_next(decoder, &batch, &error);
        ck_assert_msg(status == CW_OK, "%s", error.message);
        for (int64_t row = 0; row < batch.row_count; row++) {
            int64_t in_batch = decoded + row;
            size_t b = 0;
            while (in_batch >= batches[b].row_count) {
                in_batch -= batches[b++].row_count;
                ck_assert_uint_lt(b, count);
            }
            for (uint32_t i = 0; i < batch.column_count; i++) {
                sample_check_value(&batches[b].columns[i], in_batch, &batch.columns[i], row);
            }
        }
        decoded += batch.row_count;
    } while (batch.row_count > 0);
    ck_assert_int_eq(decoded, written);
    cw_decoder_close(decoder);
    cw_batch_clear(&batch);
}

#endif
