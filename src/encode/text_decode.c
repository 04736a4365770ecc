#include "encode/text_decode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

#define READ_SIZE 262144

/* A batch ends at the first of these. */
#define BATCH_ROWS 4096
#define BATCH_STRING_BYTES 16777216

void cw_text_decoder_init(struct cw_text_decoder *decoder, const struct cw_text_grammar *grammar,
                          const struct cw_entity *entity, const struct cw_input *input)
{
    decoder->grammar = grammar;
    decoder->entity = entity;
    decoder->input = input;
    decoder->line = 1;
}

void cw_text_decoder_clear(struct cw_text_decoder *decoder)
{
    free(decoder->window);
    decoder->window = NULL;
}

cw_status cw_text_decoder_error(const struct cw_text_decoder *decoder, cw_status code, const char *column,
                                struct cw_error *error, const char *format, ...)
{
    char text[320];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return cw_error_set(error, code, column != NULL ? column : decoder->entity->table,
                        "%s line %" PRId64 "%s%s: %s", decoder->entity->table, decoder->line,
                        column != NULL ? ", column " : "", column != NULL ? column : "", text);
}

struct cw_text_excerpt cw_text_excerpt_of(const char *text, size_t length)
{
    struct cw_text_excerpt excerpt = {.text = ""};
    const size_t room = sizeof excerpt.text - sizeof "...";
    size_t at = 0;
    while (at < length) {
        const size_t count = cw_parse_utf8(text + at, length - at);
        const bool printable = count > 0 && (unsigned char)text[at] >= 0x20 && text[at] != 0x7F;
        if (at + (printable ? count : 1) > room) {
            memcpy(excerpt.text + at, "...", sizeof "...");
            break;
        }
        if (printable) {
            memcpy(excerpt.text + at, text + at, count);
            at += count;
        } else {
            excerpt.text[at++] = '?';
        }
    }
    return excerpt;
}

/* How much to read next: what is left when that is known, and one byte more, which shows that it is the end.
 */
static size_t read_size(const struct cw_text_decoder *decoder)
{
    const int64_t left = decoder->input->size - decoder->offset;
    return decoder->input->size >= 0 && left >= 0 && left < READ_SIZE ? (size_t)left + 1 : READ_SIZE;
}

cw_status cw_text_decoder_fill(struct cw_text_decoder *decoder, struct cw_error *error)
{
    const size_t rest = decoder->end - decoder->start;
    if (rest > CW_TEXT_LONGEST_ROW) {
        return cw_text_decoder_error(decoder, CW_E_LIMIT, NULL, error,
                                     "the row is longer than %d bytes, the most that is read",
                                     CW_TEXT_LONGEST_ROW);
    }
    if (rest > 0) {
        memmove(decoder->window, decoder->window + decoder->start, rest);
    }
    decoder->start = 0;
    decoder->end = rest;
    const size_t asked = read_size(decoder);
    if (decoder->capacity < rest + asked) {
        const size_t wanted = 2 * (rest + asked);
        /* Values are copied at fixed widths. */
        char *grown = realloc(decoder->window, wanted + CW_PADDING);
        if (grown == NULL) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: reading %s needs %zu bytes",
                                decoder->entity->table, wanted);
        }
        decoder->window = grown;
        decoder->capacity = wanted;
    }
    size_t got = 0;
    const cw_status status = decoder->input->read_at(decoder->input->context, decoder->offset,
                                                     decoder->window + rest, asked, &got, error);
    if (status != CW_OK) {
        return status;
    }
    decoder->end += got;
    decoder->offset += (int64_t)got;
    decoder->at_end = got < asked;
    return CW_OK;
}

void cw_text_decoder_advance(struct cw_text_decoder *decoder)
{
    const char *at = decoder->window + decoder->start;
    const char *end = decoder->window + decoder->next_start;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL) {
            break;
        }
        decoder->line++;
        at = line_end + 1;
    }
    decoder->start = decoder->next_start;
}

static const char *expected_text(enum cw_type type)
{
    static const char *const texts[] = {
        [CW_TYPE_BOOL] = "true or false",
        [CW_TYPE_INT32] = "a whole number from -2147483648 to 2147483647",
        [CW_TYPE_INT64] = "a whole number from -9223372036854775808 to 9223372036854775807",
        [CW_TYPE_DATE] = "a date such as 2025-03-01",
        [CW_TYPE_TIMESTAMP] = "a timestamp such as 2025-03-01T12:34:56.123456Z",
        [CW_TYPE_UUID] = "a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91",
        [CW_TYPE_STRING] = "text in UTF-8",
    };
    return texts[type];
}

static cw_status bad_value(const struct cw_text_decoder *decoder, uint32_t column,
                           const struct cw_text_field *field, struct cw_error *error)
{
    const struct cw_column_def *def = &decoder->entity->columns[column];
    const struct cw_text_excerpt excerpt = cw_text_excerpt_of(field->text, field->length);
    const char *quote = field->kind == CW_TEXT_QUOTED && decoder->grammar->typed ? "\"" : "";
    return cw_text_decoder_error(decoder, CW_E_INVALID, def->name, error,
                                 "the value is %s%s%s, but %s was expected", quote, excerpt.text, quote,
                                 expected_text(def->type));
}

static cw_status store_null(const struct cw_text_decoder *decoder, struct cw_batch *batch, uint32_t column,
                            int64_t row, enum cw_text_kind kind, struct cw_error *error)
{
    struct cw_column *target = &batch->columns[column];
    const struct cw_column_def *def = &decoder->entity->columns[column];
    if (!def->nullable) {
        return cw_text_decoder_error(decoder, CW_E_INVALID, def->name, error, "%s, but %s was expected",
                                     kind == CW_TEXT_ABSENT ? "the row does not hold this column"
                                                            : "the value is null",
                                     expected_text(def->type));
    }
    target->validity[row >> 3] &= (uint8_t) ~(1U << (row & 7));
    target->null_count++;
    if (def->type == CW_TYPE_STRING) {
        int32_t *offsets = target->values;
        offsets[row + 1] = offsets[row];
    }
    return CW_OK;
}

static cw_status store_string(const struct cw_text_decoder *decoder, struct cw_batch *batch, uint32_t column,
                              int64_t row, const struct cw_text_field *field, struct cw_error *error)
{
    struct cw_column *target = &batch->columns[column];
    int32_t *offsets = target->values;
    if (!cw_parse_is_utf8(field->text, field->length)) {
        return cw_text_decoder_error(decoder, CW_E_CORRUPT, decoder->entity->columns[column].name, error,
                                     "the value is not valid UTF-8");
    }
    const size_t start = (size_t)offsets[row];
    const cw_status status = cw_batch_reserve_bytes(batch, column, start + field->length, error);
    if (status != CW_OK) {
        return status;
    }
    if (field->length > 0) {
        memcpy(target->bytes + start, field->text, field->length);
    }
    offsets[row + 1] = (int32_t)(start + field->length);
    return CW_OK;
}

/* Parses a value that is not a string into its slot. */
static bool store_parsed(struct cw_column *target, int64_t row, const struct cw_text_field *field)
{
    bool bit = false;
    switch (target->type) {
    case CW_TYPE_BOOL:
        if (!cw_parse_bool(field->text, field->length, &bit)) {
            return false;
        }
        ((uint8_t *)target->values)[row >> 3] |= (uint8_t)((unsigned)bit << (row & 7));
        return true;
    case CW_TYPE_INT32:
        return cw_parse_int32(field->text, field->length, (int32_t *)target->values + row);
    case CW_TYPE_INT64:
        return cw_parse_int64(field->text, field->length, (int64_t *)target->values + row);
    case CW_TYPE_DATE:
        return cw_parse_date(field->text, field->length, (int32_t *)target->values + row);
    case CW_TYPE_TIMESTAMP:
        return cw_parse_timestamp(field->text, field->length, (int64_t *)target->values + row);
    case CW_TYPE_UUID:
        return cw_parse_uuid(field->text, field->length, (uint8_t *)target->values + row * 16);
    case CW_TYPE_STRING:
        break;
    }
    return false;
}

static cw_status store_field(struct cw_text_decoder *decoder, struct cw_batch *batch, uint32_t column,
                             int64_t row, struct cw_error *error)
{
    struct cw_text_field *field = &decoder->fields[column];
    const enum cw_type type = decoder->entity->columns[column].type;
    if (field->kind == CW_TEXT_ABSENT || field->kind == CW_TEXT_NULL) {
        return store_null(decoder, batch, column, row, field->kind, error);
    }
    if (field->has_escapes) {
        const cw_status status = decoder->grammar->unescape(decoder, column, field, error);
        if (status != CW_OK) {
            return status;
        }
    }
    const bool is_bare_type = type == CW_TYPE_BOOL || type == CW_TYPE_INT32 || type == CW_TYPE_INT64;
    if (decoder->grammar->typed && (field->kind == CW_TEXT_BARE) != is_bare_type) {
        return bad_value(decoder, column, field, error);
    }
    if (type == CW_TYPE_STRING) {
        return store_string(decoder, batch, column, row, field, error);
    }
    return store_parsed(&batch->columns[column], row, field) ? CW_OK
                                                             : bad_value(decoder, column, field, error);
}

/* Empties the batch and makes room; slots are zero, rows valid. */
static cw_status begin_batch(const struct cw_text_decoder *decoder, struct cw_batch *batch,
                             struct cw_error *error)
{
    batch->row_count = 0;
    for (uint32_t i = 0; i < decoder->entity->column_count; i++) {
        struct cw_column *column = &batch->columns[i];
        cw_status status = cw_batch_reserve(batch, i, BATCH_ROWS, error);
        if (status == CW_OK && column->type == CW_TYPE_STRING) {
            status = cw_batch_reserve_bytes(batch, i, 0, error);
        }
        if (status != CW_OK) {
            return status;
        }
        memset(column->values, 0, column->values_capacity);
        if (column->validity != NULL) {
            memset(column->validity, 0xFF, BATCH_ROWS / 8);
        }
        column->null_count = 0;
        column->pool = NULL;
    }
    return CW_OK;
}

/* The next row's fields; returns what a grammar's row does, except CW_TEXT_MORE. */
static int find_row(struct cw_text_decoder *decoder, struct cw_error *error)
{
    for (;;) {
        const int found = decoder->grammar->row(decoder, error);
        if (found != CW_TEXT_MORE) {
            return found;
        }
        const cw_status status = cw_text_decoder_fill(decoder, error);
        if (status != CW_OK) {
            return status;
        }
    }
}

static cw_status store_row(struct cw_text_decoder *decoder, struct cw_batch *batch, size_t *string_bytes,
                           struct cw_error *error)
{
    const int64_t row = batch->row_count;
    if (decoder->next_start - decoder->start > CW_TEXT_LONGEST_ROW) {
        return cw_text_decoder_error(decoder, CW_E_LIMIT, NULL, error,
                                     "the row is longer than %d bytes, the most that is read",
                                     CW_TEXT_LONGEST_ROW);
    }
    for (uint32_t i = 0; i < decoder->entity->column_count; i++) {
        const cw_status status = store_field(decoder, batch, i, row, error);
        if (status != CW_OK) {
            return status;
        }
    }
    *string_bytes += decoder->next_start - decoder->start;
    batch->row_count++;
    cw_text_decoder_advance(decoder);
    return CW_OK;
}

cw_status cw_text_decoder_next(struct cw_decoder *base, struct cw_batch *batch, struct cw_error *error)
{
    struct cw_text_decoder *decoder = (struct cw_text_decoder *)base;
    cw_status status = begin_batch(decoder, batch, error);
    size_t string_bytes = 0;
    while (status == CW_OK && batch->row_count < BATCH_ROWS && string_bytes < BATCH_STRING_BYTES) {
        const int found = find_row(decoder, error);
        if (found == CW_TEXT_END) {
            break;
        }
        status = found == CW_TEXT_ROW ? store_row(decoder, batch, &string_bytes, error) : found;
    }
    if (status != CW_OK) {
        batch->row_count = 0;
    }
    return status;
}
