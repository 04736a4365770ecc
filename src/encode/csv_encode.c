/* CSV (RFC 4180): a value stands in quotes only where it must. */
#include <string.h>

#include "base/lanes.h"
#include "encode/text_encode.h"

#define ONES UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Non-zero when a byte of word is zero. */
static inline uint64_t zero_bytes(uint64_t word)
{
    return (word - ONES) & ~word & HIGH_BITS;
}

/* Non-zero when a byte of word makes quotes necessary. */
static inline uint64_t special_bytes(uint64_t word)
{
    return zero_bytes(word ^ ONES * '"') | zero_bytes(word ^ ONES * ',') | zero_bytes(word ^ ONES * '\n') |
           zero_bytes(word ^ ONES * '\r');
}

static bool csv_is_clean(const char *bytes, size_t size)
{
    cw_lanes special = {0};
    for (size_t i = 0; i < size; i += sizeof special) {
        cw_lanes lanes = cw_lanes_load(bytes + i);
        /* Line ends are among the eight bytes from backspace on, none of which stands in usual text. */
        special |=
            cw_lanes_equal(lanes, '"') | cw_lanes_equal(lanes, ',') | cw_lanes_equal(lanes & 0xF8, '\b');
    }
    return !cw_lanes_any(special);
}

static char *write_quoted(char *out, const char *text, size_t length)
{
    *out++ = '"';
    for (size_t i = 0; i < length; i++) {
        *out++ = text[i];
        /* A quote is doubled by the quote that the next byte overwrites otherwise. */
        *out = '"';
        out += text[i] == '"';
    }
    *out = '"';
    return out + 1;
}

static char *csv_escape(char *out, const char *text, size_t length)
{
    uint64_t special = 0;
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t word;
        memcpy(&word, text + i, sizeof word);
        memcpy(out + i, &word, sizeof word);
        special |= special_bytes(word);
    }
    if (i < length) {
        /* Bytes past the end are the next string's; they must not count. */
        char rest[8] = {0};
        memcpy(out + i, text + i, 8);
        memcpy(rest, text + i, length - i);
        uint64_t word;
        memcpy(&word, rest, sizeof word);
        special |= special_bytes(word);
    }
    return special == 0 && length > 0 ? out + length : write_quoted(out, text, length);
}

static const struct cw_text_format csv_text = {
    .quoted = false,
    .named = false,
    .row_start = "",
    .row_end = "\n",
    .null_value = "",
    .empty_value = "\"\"",
    .separator = ",",
    .growth = 2,
    .is_clean = csv_is_clean,
    .escape = csv_escape,
};

/* Column names are snake_case and need no quotes. */
static cw_status csv_head(const struct cw_encoder *encoder, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = CW_OK;
    const size_t size = out->size;
    for (uint32_t i = 0; i < encoder->options.column_count && status == CW_OK; i++) {
        const char *name = encoder->options.entity->columns[encoder->options.columns[i]].name;
        status = cw_buffer_format(out, error, "%s%s", i == 0 ? "" : ",", name);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(out, "\n", 1, error);
    }
    if (status != CW_OK) {
        out->size = size;
    }
    return status;
}

static cw_status csv_chunk_new(const struct cw_encoder *encoder, struct cw_chunk **chunk,
                               struct cw_error *error)
{
    return cw_text_chunk_new(encoder, &csv_text, chunk, error);
}

static cw_status csv_chunk_finish(struct cw_chunk *chunk, bool is_first, struct cw_buffer *body,
                                  struct cw_buffer *note, struct cw_error *error)
{
    (void)is_first;
    (void)note;
    return cw_text_chunk_finish(chunk, 0, body, error);
}

static cw_status csv_tail_new(const struct cw_encoder *encoder, struct cw_tail **tail, struct cw_error *error)
{
    (void)encoder;
    return cw_text_tail_new("", tail, error);
}

const struct cw_format_encoder cw_csv_encoder = {
    .check = cw_text_check,
    .chunk_rows = cw_text_chunk_rows,
    .head = csv_head,
    .chunk_new = csv_chunk_new,
    .chunk_free = cw_text_chunk_free,
    .chunk_add = cw_text_chunk_add,
    .chunk_finish = csv_chunk_finish,
    .tail_new = csv_tail_new,
    .tail_free = cw_text_tail_free,
    .tail_add = cw_text_tail_add,
    .tail_finish = cw_text_tail_finish,
};
