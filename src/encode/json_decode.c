/* NDJSON and JSON (RFC 8259), of flat objects: members in any order, each known and given once; absent ones
 * are null. There is no recursion: nested values are refused. */
#include <stdlib.h>
#include <string.h>

#include "encode/text_decode.h"

/* Where in an array the next row stands. NDJSON knows only ROWS_LINE. */
enum rows_state {
    ROWS_LINE,
    ROWS_BEFORE,  /* before the opening bracket */
    ROWS_FIRST,   /* behind it */
    ROWS_NEXT,    /* behind a row */
    ROWS_ELEMENT, /* behind a comma */
    ROWS_AFTER    /* behind the closing bracket */
};

struct json_decoder {
    struct cw_text_decoder base;
    enum rows_state state;
    char *at; /* what is looked at, in the window */
    char *end;
    uint32_t guess; /* the column that the next member is likely to be */
};

/* Longer than any column's name. */
#define LONGEST_KEY 256

static int corrupt(const struct json_decoder *decoder, struct cw_error *error, const char *expected)
{
    const struct cw_text_excerpt found = cw_text_excerpt_of(
        decoder->at,
        (size_t)(decoder->end - decoder->at) < 16 ? (size_t)(decoder->end - decoder->at) : (size_t)16);
    return cw_text_decoder_error(&decoder->base, CW_E_CORRUPT, NULL, error, "%s was expected at \"%s\"",
                                 expected, found.text);
}

/* The window ends before what was expected. */
static int ran_out(const struct json_decoder *decoder, struct cw_error *error, const char *expected)
{
    if (!decoder->base.at_end) {
        return CW_TEXT_MORE;
    }
    return cw_text_decoder_error(&decoder->base, CW_E_CORRUPT, NULL, error,
                                 "the file ends, but %s was expected", expected);
}

/* The next character that is no white space, or -1 at the window's end. A line of NDJSON ends its row. */
static int peek(struct json_decoder *decoder)
{
    while (decoder->at < decoder->end) {
        const char character = *decoder->at;
        const bool is_line_end = character == '\n' && decoder->state != ROWS_LINE;
        if (character != ' ' && character != '\t' && character != '\r' && !is_line_end) {
            return (unsigned char)character;
        }
        decoder->at++;
    }
    return -1;
}

/* Moves behind one given character. */
static int expect(struct json_decoder *decoder, char wanted, const char *expected, struct cw_error *error)
{
    const int found = peek(decoder);
    if (found < 0) {
        return ran_out(decoder, error, expected);
    }
    if (found != wanted) {
        return corrupt(decoder, error, expected);
    }
    decoder->at++;
    return CW_TEXT_ROW;
}

/* A string whose opening quote was passed; escapes are left to be looked at later. */
static int scan_string(struct json_decoder *decoder, struct cw_text_field *field, struct cw_error *error)
{
    char *text = decoder->at;
    char *here = text;
    *field = (struct cw_text_field){.kind = CW_TEXT_QUOTED, .text = text};
    while (here < decoder->end && *here != '"') {
        if ((unsigned char)*here < 0x20) {
            decoder->at = here;
            return corrupt(decoder, error,
                           "the string's closing quote, or an escape for the control character,");
        }
        if (*here == '\\') {
            field->has_escapes = true;
            here++;
        }
        here++;
    }
    if (here >= decoder->end) {
        return ran_out(decoder, error, "the string's closing quote");
    }
    field->length = (size_t)(here - text);
    decoder->at = here + 1;
    return CW_TEXT_ROW;
}

static int scan_value(struct json_decoder *decoder, struct cw_text_field *field, struct cw_error *error)
{
    const int first = peek(decoder);
    if (first < 0) {
        return ran_out(decoder, error, "a value");
    }
    if (first == '"') {
        decoder->at++;
        return scan_string(decoder, field, error);
    }
    if (first == '{' || first == '[') {
        return corrupt(decoder, error, "a string, number, boolean or null");
    }
    char *text = decoder->at;
    char *here = text;
    while (here < decoder->end && *here != ',' && *here != '}' && *here != ']' &&
           (unsigned char)*here > 0x20) {
        here++;
    }
    if (here == decoder->end) {
        return ran_out(decoder, error, "the end of a value");
    }
    if (here == text) {
        return corrupt(decoder, error, "a value");
    }
    const size_t length = (size_t)(here - text);
    const bool is_null = length == 4 && memcmp(text, "null", 4) == 0;
    *field =
        (struct cw_text_field){.kind = is_null ? CW_TEXT_NULL : CW_TEXT_BARE, .text = text, .length = length};
    decoder->at = here;
    return CW_TEXT_ROW;
}

static unsigned hex_value(const char *digits, bool *valid)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        const char digit = digits[i];
        const char lower = (char)(digit | 0x20);
        if (digit >= '0' && digit <= '9') {
            value = value * 16 + (unsigned)(digit - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            value = value * 16 + (unsigned)(lower - 'a') + 10;
        } else {
            *valid = false;
        }
    }
    return value;
}

static size_t put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* The code point of "uXXXX" or of a surrogate pair "uXXXX\uXXXX"; returns the bytes read, 0 when it is
 * neither. */
static size_t read_unicode_escape(const char *text, size_t length, unsigned *code)
{
    bool valid = length >= 5;
    const unsigned first = valid ? hex_value(text + 1, &valid) : 0;
    if (!valid || (first >= 0xDC00 && first <= 0xDFFF)) {
        return 0;
    }
    *code = first;
    if (first < 0xD800 || first > 0xDBFF) {
        return 5;
    }
    valid = length >= 11 && text[5] == '\\' && text[6] == 'u';
    const unsigned second = valid ? hex_value(text + 7, &valid) : 0;
    if (!valid || second < 0xDC00 || second > 0xDFFF) {
        return 0;
    }
    *code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    return 11;
}

/* Resolves what follows a backslash into out; returns the bytes read, 0 when it is no escape. */
static size_t read_escape(const char *text, size_t length, char *out, size_t *written)
{
    static const char meanings[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                       ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    if (length == 0) {
        return 0;
    }
    if (text[0] == 'u') {
        unsigned code;
        const size_t used = read_unicode_escape(text, length, &code);
        *written = used > 0 ? put_utf8(out, code) : 0;
        return used;
    }
    const char meaning = meanings[(unsigned char)text[0]];
    *out = meaning;
    *written = 1;
    return meaning != 0 ? 1 : 0;
}

/* Never longer than what it stands for, so out may be text. Returns false when an escape is wrong. */
static bool resolve_escapes(const char *text, size_t length, char *out, size_t *out_length)
{
    size_t made = 0;
    size_t i = 0;
    while (i < length) {
        if (text[i] != '\\') {
            out[made++] = text[i++];
            continue;
        }
        char resolved[4];
        size_t written = 0;
        const size_t used = read_escape(text + i + 1, length - i - 1, resolved, &written);
        if (used == 0) {
            return false;
        }
        memcpy(out + made, resolved, written);
        made += written;
        i += 1 + used;
    }
    *out_length = made;
    return true;
}

static cw_status json_unescape(struct cw_text_decoder *decoder, uint32_t column, struct cw_text_field *field,
                               struct cw_error *error)
{
    if (!resolve_escapes(field->text, field->length, field->text, &field->length)) {
        return cw_text_decoder_error(decoder, CW_E_CORRUPT, decoder->entity->columns[column].name, error,
                                     "an escape in the string is none of RFC 8259, or half a surrogate pair");
    }
    field->has_escapes = false;
    return CW_OK;
}

static bool is_column(const struct cw_entity *entity, uint32_t column, const char *name, size_t length)
{
    return column < entity->column_count && strlen(entity->columns[column].name) == length &&
           memcmp(entity->columns[column].name, name, length) == 0;
}

/* The column that a key names, or an error. */
static int find_column(struct json_decoder *decoder, const struct cw_text_field *key, uint32_t *column,
                       struct cw_error *error)
{
    const struct cw_entity *entity = decoder->base.entity;
    const char *name = key->text;
    size_t length = key->length;
    char resolved[LONGEST_KEY];
    if (key->has_escapes && length <= sizeof resolved) {
        if (!resolve_escapes(key->text, key->length, resolved, &length)) {
            return corrupt(decoder, error, "a key whose escapes are those of RFC 8259");
        }
        name = resolved;
    }
    int position = (int)decoder->guess;
    if (!is_column(entity, decoder->guess, name, length)) {
        position = cw_entity_column(entity, name, length);
    }
    if (position < 0 || decoder->base.fields[position].kind != CW_TEXT_ABSENT) {
        const struct cw_text_excerpt excerpt = cw_text_excerpt_of(name, length);
        return cw_text_decoder_error(&decoder->base, CW_E_INVALID, NULL, error,
                                     position < 0 ? "the row has a member \"%s\", which %s does not have"
                                                  : "the row has two members \"%s\" of %s",
                                     excerpt.text, entity->table);
    }
    *column = (uint32_t)position;
    decoder->guess = *column + 1;
    return CW_TEXT_ROW;
}

static int scan_member(struct json_decoder *decoder, struct cw_error *error)
{
    struct cw_text_field key;
    struct cw_text_field value;
    uint32_t column = 0;
    int found = expect(decoder, '"', "a member's name in quotes", error);
    if (found == CW_TEXT_ROW) {
        found = scan_string(decoder, &key, error);
    }
    if (found == CW_TEXT_ROW) {
        found = find_column(decoder, &key, &column, error);
    }
    if (found == CW_TEXT_ROW) {
        found = expect(decoder, ':', "a colon", error);
    }
    if (found == CW_TEXT_ROW) {
        found = scan_value(decoder, &value, error);
    }
    if (found == CW_TEXT_ROW) {
        decoder->base.fields[column] = value;
    }
    return found;
}

static int scan_object(struct json_decoder *decoder, struct cw_error *error)
{
    for (uint32_t i = 0; i < decoder->base.entity->column_count; i++) {
        decoder->base.fields[i].kind = CW_TEXT_ABSENT;
    }
    decoder->guess = 0;
    int found = expect(decoder, '{', "an object", error);
    if (found == CW_TEXT_ROW && peek(decoder) == '}') {
        decoder->at++;
        return CW_TEXT_ROW;
    }
    while (found == CW_TEXT_ROW) {
        found = scan_member(decoder, error);
        if (found != CW_TEXT_ROW) {
            break;
        }
        const int next = peek(decoder);
        if (next == '}') {
            decoder->at++;
            break;
        }
        found = expect(decoder, ',', "a comma or the object's closing brace", error);
    }
    return found;
}

static void open_window(struct json_decoder *decoder)
{
    decoder->at = decoder->base.window + decoder->base.start;
    decoder->end = decoder->base.window + decoder->base.end;
}

static void leave_window(struct json_decoder *decoder)
{
    decoder->base.next_start = (size_t)(decoder->at - decoder->base.window);
}

/* Moves the window behind what is not part of a row, so that lines are counted up to the row. */
static void drop_passed(struct json_decoder *decoder)
{
    leave_window(decoder);
    cw_text_decoder_advance(&decoder->base);
}

static int ndjson_row(struct cw_text_decoder *base, struct cw_error *error)
{
    struct json_decoder *decoder = (struct json_decoder *)base;
    open_window(decoder);
    int next = peek(decoder);
    while (next == '\n') {
        decoder->at++;
        next = peek(decoder);
    }
    drop_passed(decoder);
    if (next < 0) {
        return base->at_end ? CW_TEXT_END : CW_TEXT_MORE;
    }
    const int found = scan_object(decoder, error);
    if (found != CW_TEXT_ROW) {
        return found;
    }
    next = peek(decoder);
    if (next < 0 && !base->at_end) {
        return CW_TEXT_MORE;
    }
    if (next >= 0 && next != '\n') {
        return corrupt(decoder, error, "the line's end");
    }
    decoder->at += next == '\n';
    leave_window(decoder);
    return CW_TEXT_ROW;
}

/* Moves to the array's next row; returns CW_TEXT_END behind the last. */
static int enter_element(struct json_decoder *decoder, struct cw_error *error)
{
    if (decoder->state == ROWS_BEFORE) {
        const int found = expect(decoder, '[', "an array", error);
        if (found != CW_TEXT_ROW) {
            return found;
        }
        decoder->state = ROWS_FIRST;
    }
    if ((decoder->state == ROWS_FIRST || decoder->state == ROWS_NEXT) && peek(decoder) == ']') {
        decoder->at++;
        decoder->state = ROWS_AFTER;
    }
    if (decoder->state == ROWS_NEXT) {
        const int found = expect(decoder, ',', "a comma or the array's closing bracket", error);
        if (found != CW_TEXT_ROW) {
            return found;
        }
        decoder->state = ROWS_ELEMENT;
    }
    const int next = peek(decoder);
    drop_passed(decoder);
    if (decoder->state != ROWS_AFTER) {
        return CW_TEXT_ROW;
    }
    if (next >= 0) {
        return corrupt(decoder, error, "the file's end");
    }
    return decoder->base.at_end ? CW_TEXT_END : CW_TEXT_MORE;
}

static int json_row(struct cw_text_decoder *base, struct cw_error *error)
{
    struct json_decoder *decoder = (struct json_decoder *)base;
    open_window(decoder);
    int found = enter_element(decoder, error);
    if (found == CW_TEXT_ROW) {
        found = scan_object(decoder, error);
    }
    if (found == CW_TEXT_ROW) {
        decoder->state = ROWS_NEXT;
        leave_window(decoder);
    }
    return found;
}

static const struct cw_text_grammar ndjson_grammar = {
    .typed = true, .row = ndjson_row, .unescape = json_unescape};

static const struct cw_text_grammar json_grammar = {
    .typed = true, .row = json_row, .unescape = json_unescape};

static cw_status open_decoder(const struct cw_text_grammar *grammar, enum rows_state state,
                              const struct cw_entity *entity, const struct cw_input *input,
                              struct cw_decoder **decoder, struct cw_error *error)
{
    struct json_decoder *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: a JSON decoder needs %zu bytes",
                            sizeof *made);
    }
    cw_text_decoder_init(&made->base, grammar, entity, input);
    made->state = state;
    const cw_status status = cw_text_decoder_fill(&made->base, error);
    if (status != CW_OK) {
        cw_text_decoder_clear(&made->base);
        free(made);
        return status;
    }
    *decoder = &made->base.base;
    return CW_OK;
}

static cw_status ndjson_open(const struct cw_entity *entity, const struct cw_input *input,
                             struct cw_decoder **decoder, struct cw_error *error)
{
    return open_decoder(&ndjson_grammar, ROWS_LINE, entity, input, decoder, error);
}

static cw_status json_open(const struct cw_entity *entity, const struct cw_input *input,
                           struct cw_decoder **decoder, struct cw_error *error)
{
    return open_decoder(&json_grammar, ROWS_BEFORE, entity, input, decoder, error);
}

static void json_close(struct cw_decoder *decoder)
{
    cw_text_decoder_clear((struct cw_text_decoder *)decoder);
    free(decoder);
}

const struct cw_format_decoder cw_ndjson_decoder = {
    .open = ndjson_open, .close = json_close, .next = cw_text_decoder_next};

const struct cw_format_decoder cw_json_decoder = {
    .open = json_open, .close = json_close, .next = cw_text_decoder_next};
