/* NDJSON and JSON (RFC 8259): objects without spaces, members in column order, null members written out. */
#include <string.h>

#include "base/lanes.h"
#include "encode/text_encode.h"

#define ONES UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

/* How the rows of an array begin: the first one without the comma. */
#define ARRAY_ROW_START ",\n{"
#define ARRAY_FIRST_SKIPPED 1

/* High bits set in bytes that need an escape: quotes, backslashes and control characters. Exact up to and
 * including the lowest such byte. */
static inline uint64_t special_bytes(uint64_t word)
{
    const uint64_t quotes = word ^ ONES * '"';
    const uint64_t backslashes = word ^ ONES * '\\';
    const uint64_t found =
        ((quotes - ONES) & ~quotes) | ((backslashes - ONES) & ~backslashes) | ((word - ONES * 0x20) & ~word);
    return found & HIGH_BITS;
}

static bool json_is_clean(const char *bytes, size_t size)
{
    cw_lanes special = {0};
    for (size_t i = 0; i < size; i += sizeof special) {
        const cw_lanes lanes = cw_lanes_load(bytes + i);
        special |= cw_lanes_equal(lanes, '"') | cw_lanes_equal(lanes, '\\') | (cw_lanes)(lanes < 0x20);
    }
    return !cw_lanes_any(special);
}

static char *write_escaped_byte(char *out, unsigned char byte)
{
    static const char letters[32] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char digits[] = "0123456789abcdef";
    *out++ = '\\';
    if (byte >= 0x20) {
        *out++ = (char)byte;
    } else if (letters[byte] != 0) {
        *out++ = letters[byte];
    } else {
        memcpy(out, "u00", 3);
        out[3] = digits[byte >> 4];
        out[4] = digits[byte & 15];
        out += 5;
    }
    return out;
}

static char *json_escape(char *out, const char *text, size_t length)
{
    const char *end = text + length;
    *out++ = '"';
    while (text < end) {
        uint64_t word;
        memcpy(&word, text, sizeof word);
        memcpy(out, &word, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        const uint64_t special = special_bytes(word);
        size_t clean = special == 0 ? 8 : (size_t)__builtin_ctzll(special) / 8;
        if (clean >= (size_t)(end - text)) {
            out += end - text;
            break;
        }
        out += clean;
        text += clean;
        if (special != 0) {
            out = write_escaped_byte(out, (unsigned char)*text++);
        }
    }
    *out = '"';
    return out + 1;
}

static const struct cw_text_format ndjson_text = {
    .quoted = true,
    .named = true,
    .row_start = "{",
    .row_end = "}\n",
    .null_value = "null",
    .empty_value = "\"\"",
    .separator = ",",
    .growth = 6,
    .is_clean = json_is_clean,
    .escape = json_escape,
};

static const struct cw_text_format json_text = {
    .quoted = true,
    .named = true,
    .row_start = ARRAY_ROW_START,
    .row_end = "}",
    .null_value = "null",
    .empty_value = "\"\"",
    .separator = ",",
    .growth = 6,
    .is_clean = json_is_clean,
    .escape = json_escape,
};

static cw_status ndjson_head(const struct cw_encoder *encoder, struct cw_buffer *out, struct cw_error *error)
{
    (void)encoder;
    (void)out;
    (void)error;
    return CW_OK;
}

static cw_status ndjson_chunk_new(const struct cw_encoder *encoder, struct cw_chunk **chunk,
                                  struct cw_error *error)
{
    return cw_text_chunk_new(encoder, &ndjson_text, chunk, error);
}

static cw_status ndjson_chunk_finish(struct cw_chunk *chunk, bool is_first, struct cw_buffer *body,
                                     struct cw_buffer *note, struct cw_error *error)
{
    (void)is_first;
    (void)note;
    return cw_text_chunk_finish(chunk, 0, body, error);
}

static cw_status ndjson_tail_new(const struct cw_encoder *encoder, struct cw_tail **tail,
                                 struct cw_error *error)
{
    (void)encoder;
    return cw_text_tail_new("", tail, error);
}

static cw_status json_head(const struct cw_encoder *encoder, struct cw_buffer *out, struct cw_error *error)
{
    (void)encoder;
    return cw_buffer_append(out, "[", 1, error);
}

static cw_status json_chunk_new(const struct cw_encoder *encoder, struct cw_chunk **chunk,
                                struct cw_error *error)
{
    return cw_text_chunk_new(encoder, &json_text, chunk, error);
}

static cw_status json_chunk_finish(struct cw_chunk *chunk, bool is_first, struct cw_buffer *body,
                                   struct cw_buffer *note, struct cw_error *error)
{
    (void)note;
    return cw_text_chunk_finish(chunk, is_first ? ARRAY_FIRST_SKIPPED : 0, body, error);
}

static cw_status json_tail_new(const struct cw_encoder *encoder, struct cw_tail **tail,
                               struct cw_error *error)
{
    (void)encoder;
    return cw_text_tail_new("\n]\n", tail, error);
}

const struct cw_format_encoder cw_ndjson_encoder = {
    .check = cw_text_check,
    .chunk_rows = cw_text_chunk_rows,
    .head = ndjson_head,
    .chunk_new = ndjson_chunk_new,
    .chunk_free = cw_text_chunk_free,
    .chunk_add = cw_text_chunk_add,
    .chunk_finish = ndjson_chunk_finish,
    .tail_new = ndjson_tail_new,
    .tail_free = cw_text_tail_free,
    .tail_add = cw_text_tail_add,
    .tail_finish = cw_text_tail_finish,
};

const struct cw_format_encoder cw_json_encoder = {
    .check = cw_text_check,
    .chunk_rows = cw_text_chunk_rows,
    .head = json_head,
    .chunk_new = json_chunk_new,
    .chunk_free = cw_text_chunk_free,
    .chunk_add = cw_text_chunk_add,
    .chunk_finish = json_chunk_finish,
    .tail_new = json_tail_new,
    .tail_free = cw_text_tail_free,
    .tail_add = cw_text_tail_add,
    .tail_finish = cw_text_tail_finish,
};
