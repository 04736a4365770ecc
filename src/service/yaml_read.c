#include "service/yaml_read.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#define NUMBER_MAX 64 /* characters of a number; what is longer is refused */
#define SHOWN_MAX 60  /* characters of a value in messages */

/* A mapping or sequence that is open. */
struct level {
    json_t *container; /* owned until it is closed */
    char *key;         /* of a mapping: read, and its value is not yet; owned */
    size_t key_size;
};

struct reader {
    yaml_parser_t parser;
    struct level levels[CW_JSON_DEPTH_MAX];
    int depth;
    json_t *whole; /* the document's value, once it is complete */
    struct cw_error *error;
};

static cw_status refuse(struct reader *reader, const yaml_mark_t *at, const char *what)
{
    return cw_error_set(reader->error, CW_E_INVALID, NULL, "not valid YAML at line %zu, column %zu: %s",
                        at->line + 1, at->column + 1, what);
}

static cw_status refuse_text(struct reader *reader, const yaml_mark_t *at, const char *what, const char *text,
                             size_t size)
{
    char message[160];
    snprintf(message, sizeof message, "%s '%.*s'", what, (int)(size < SHOWN_MAX ? size : SHOWN_MAX), text);
    return refuse(reader, at, message);
}

static cw_status no_memory(struct reader *reader)
{
    return cw_error_set(reader->error, CW_E_NO_MEMORY, NULL, "no memory for a YAML text");
}

/* What the parser itself has found. */
static cw_status refuse_syntax(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        return no_memory(reader);
    }
    const char *problem = parser->problem != NULL ? parser->problem : "it can't be read";
    if (parser->error == YAML_READER_ERROR) {
        return cw_error_set(reader->error, CW_E_INVALID, NULL, "not valid YAML at byte %zu: %s",
                            parser->problem_offset + 1, problem);
    }
    return refuse(reader, &parser->problem_mark, problem);
}

/* ---- Scalars ---- */

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(text, *words) != 0) {
        words++;
    }
    return *words != NULL;
}

static bool is_null(const char *text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};
    return is_one_of(text, words);
}

static bool is_flag(const char *text, bool *flag)
{
    static const char *const yes[] = {"true", "True", "TRUE", NULL};
    static const char *const no[] = {"false", "False", "FALSE", NULL};
    *flag = is_one_of(text, yes);
    return *flag || is_one_of(text, no);
}

enum number_kind { NO_NUMBER, DECIMAL, OCTAL, HEXADECIMAL, FRACTION, NO_JSON_NUMBER };

/* [-+]? ( [0-9]+ | ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? ) and its special values, and
 * without a sign 0o [0-7]+ and 0x [0-9a-fA-F]+: section 10.3.2. */
static enum number_kind classify(const char *text)
{
    static const char *const no_json[] = {".inf", ".Inf", ".INF", NULL};
    static const char *const no_number[] = {".nan", ".NaN", ".NAN", NULL};
    if (text[0] == '0' && text[1] == 'o' && text[2] != '\0' &&
        text[2 + strspn(text + 2, "01234567")] == '\0') {
        return OCTAL;
    }
    if (text[0] == '0' && text[1] == 'x' && text[2] != '\0' &&
        text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0') {
        return HEXADECIMAL;
    }
    const char *at = text + (text[0] == '-' || text[0] == '+');
    if (is_one_of(at, no_json) || is_one_of(text, no_number)) {
        return NO_JSON_NUMBER;
    }
    const size_t whole = strspn(at, "0123456789");
    at += whole;
    if (*at == '\0') {
        return whole > 0 ? DECIMAL : NO_NUMBER;
    }
    const size_t fraction = *at == '.' ? strspn(at + 1, "0123456789") : 0;
    at += *at == '.' ? fraction + 1 : 0;
    if (whole + fraction == 0) {
        return NO_NUMBER;
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '-' || at[1] == '+');
        if (*at < '0' || *at > '9') {
            return NO_NUMBER;
        }
        at += strspn(at, "0123456789");
    }
    return *at == '\0' ? FRACTION : NO_NUMBER;
}

static bool read_integer(const char *digits, unsigned base, bool is_negative, int64_t *value)
{
    const uint64_t limit = is_negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t sum = 0;
    for (; *digits != '\0'; digits++) {
        const unsigned digit =
            *digits <= '9' ? (unsigned)(*digits - '0') : (unsigned)(*digits | 0x20) - 'a' + 10;
        if (sum > (limit - digit) / base) {
            return false;
        }
        sum = sum * base + digit;
    }
    *value = is_negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return true;
}

/* Sets *value to a number, or leaves it NULL where JSON has none like it. */
static void read_number(const char *text, enum number_kind kind, json_t **value)
{
    int64_t integer = 0;
    if (kind == FRACTION) {
        const double real = strtod(text, NULL);
        *value = isfinite(real) ? json_real(real) : NULL;
        return;
    }
    const bool is_signed = text[0] == '-' || text[0] == '+';
    const char *digits = kind == DECIMAL ? text + is_signed : text + 2;
    const unsigned base = kind == DECIMAL ? 10 : kind == OCTAL ? 8 : 16;
    if (kind != NO_JSON_NUMBER && read_integer(digits, base, text[0] == '-', &integer)) {
        *value = json_integer(integer);
    }
}

static bool is_text_tag(const yaml_char_t *tag)
{
    return tag != NULL &&
           (strcmp((const char *)tag, "!") == 0 || strcmp((const char *)tag, YAML_STR_TAG) == 0);
}

/* The value of a scalar. */
static cw_status read_scalar(struct reader *reader, const yaml_event_t *event, json_t **value)
{
    const char *text = (const char *)event->data.scalar.value;
    const size_t size = event->data.scalar.length;
    const yaml_char_t *tag = event->data.scalar.tag;
    bool flag = false;
    json_t *made = NULL;
    if (tag != NULL && !is_text_tag(tag)) {
        return refuse_text(reader, &event->start_mark, "no tag is taken but !!str, !!map and !!seq; found",
                           (const char *)tag, strlen((const char *)tag));
    }
    if (memchr(text, '\0', size) != NULL) {
        return refuse(reader, &event->start_mark, "a text holds a zero byte");
    }
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || is_text_tag(tag)) {
        made = json_stringn(text, size);
    } else if (is_null(text)) {
        made = json_null();
    } else if (is_flag(text, &flag)) {
        made = json_boolean(flag);
    } else if (classify(text) == NO_NUMBER) {
        made = json_stringn(text, size);
    } else {
        if (size <= NUMBER_MAX) {
            read_number(text, classify(text), &made);
        }
        if (made == NULL) {
            return refuse_text(reader, &event->start_mark, "JSON has no such number:", text, size);
        }
    }
    *value = made;
    return made != NULL ? CW_OK : no_memory(reader);
}

/* ---- Containers ---- */

/* Whether a text stands for itself when it is written without quotes. */
static bool is_plain_text(const char *text)
{
    bool flag;
    return !is_null(text) && !is_flag(text, &flag) && classify(text) == NO_NUMBER;
}

static cw_status take_key(struct reader *reader, struct level *level, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const size_t size = event->data.scalar.length;
    const bool is_text =
        event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || is_text_tag(event->data.scalar.tag);
    if (event->data.scalar.tag != NULL && !is_text_tag(event->data.scalar.tag)) {
        return refuse(reader, &event->start_mark, "a key has a tag; expected none, or !!str");
    }
    if (memchr(text, '\0', size) != NULL || (!is_text && !is_plain_text(text))) {
        return refuse_text(reader, &event->start_mark, "a key must be a text; write it in quotes:", text,
                           size);
    }
    if (json_object_getn(level->container, text, size) != NULL) {
        return refuse_text(reader, &event->start_mark, "this key is given twice:", text, size);
    }
    level->key = malloc(size + 1);
    if (level->key == NULL) {
        return no_memory(reader);
    }
    memcpy(level->key, text, size + 1);
    level->key_size = size;
    return CW_OK;
}

/* Puts a value, which is taken over in any case, where it belongs. */
static cw_status put_value(struct reader *reader, json_t *value)
{
    if (reader->depth == 0) {
        reader->whole = value;
        return CW_OK;
    }
    struct level *level = &reader->levels[reader->depth - 1];
    int failed;
    if (json_is_array(level->container)) {
        failed = json_array_append_new(level->container, value);
    } else {
        failed = json_object_setn_new(level->container, level->key, level->key_size, value);
        free(level->key);
        level->key = NULL;
    }
    return failed == 0 ? CW_OK : no_memory(reader);
}

static bool awaits_key(const struct reader *reader)
{
    const struct level *level = reader->depth > 0 ? &reader->levels[reader->depth - 1] : NULL;
    return level != NULL && json_is_object(level->container) && level->key == NULL;
}

static cw_status take_scalar(struct reader *reader, const yaml_event_t *event)
{
    json_t *value = NULL;
    if (event->data.scalar.anchor != NULL) {
        return refuse(reader, &event->start_mark, "anchors and aliases are not taken");
    }
    if (awaits_key(reader)) {
        return take_key(reader, &reader->levels[reader->depth - 1], event);
    }
    const cw_status status = read_scalar(reader, event, &value);
    return status != CW_OK ? status : put_value(reader, value);
}

static cw_status open_container(struct reader *reader, const yaml_event_t *event, const yaml_char_t *anchor,
                                const yaml_char_t *tag, const char *usual_tag)
{
    if (anchor != NULL) {
        return refuse(reader, &event->start_mark, "anchors and aliases are not taken");
    }
    if (tag != NULL && strcmp((const char *)tag, "!") != 0 && strcmp((const char *)tag, usual_tag) != 0) {
        return refuse_text(reader, &event->start_mark, "no tag is taken but !!str, !!map and !!seq; found",
                           (const char *)tag, strlen((const char *)tag));
    }
    if (awaits_key(reader)) {
        return refuse(reader, &event->start_mark, "a key must be a text, not a mapping or sequence");
    }
    if (reader->depth == CW_JSON_DEPTH_MAX) {
        return cw_error_set(reader->error, CW_E_LIMIT, NULL, "the YAML text is nested deeper than %d levels",
                            CW_JSON_DEPTH_MAX);
    }
    json_t *container = event->type == YAML_MAPPING_START_EVENT ? json_object() : json_array();
    if (container == NULL) {
        return no_memory(reader);
    }
    reader->levels[reader->depth++] = (struct level){.container = container};
    return CW_OK;
}

static cw_status close_container(struct reader *reader)
{
    return put_value(reader, reader->levels[--reader->depth].container);
}

/* ---- The document ---- */

static cw_status take_event(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_container(reader, event, event->data.sequence_start.anchor,
                              event->data.sequence_start.tag, YAML_SEQ_TAG);
    case YAML_MAPPING_START_EVENT:
        return open_container(reader, event, event->data.mapping_start.anchor, event->data.mapping_start.tag,
                              YAML_MAP_TAG);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_container(reader);
    case YAML_ALIAS_EVENT:
        return refuse(reader, &event->start_mark, "anchors and aliases are not taken");
    case YAML_DOCUMENT_START_EVENT:
        return reader->whole == NULL ? CW_OK
                                     : refuse(reader, &event->start_mark, "a second document; expected one");
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return CW_OK;
}

static cw_status read_events(struct reader *reader)
{
    bool is_over = false;
    cw_status status = CW_OK;
    while (status == CW_OK && !is_over) {
        yaml_event_t event;
        if (yaml_parser_parse(&reader->parser, &event) == 0) {
            return refuse_syntax(reader);
        }
        is_over = event.type == YAML_STREAM_END_EVENT;
        status = take_event(reader, &event);
        yaml_event_delete(&event);
    }
    if (status == CW_OK && reader->whole == NULL) {
        return cw_error_set(reader->error, CW_E_INVALID, NULL, "the YAML text is empty; expected a document");
    }
    return status;
}

/* The library takes no byte order mark where it is told the encoding, and guesses it where it is not. */
static void set_input(yaml_parser_t *parser, const char *text, size_t size)
{
    cw_text_skip_mark(&text, &size);
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)text, size);
}

cw_status cw_yaml_parse(const char *text, size_t size, json_t **value, struct cw_error *error)
{
    struct reader reader = {.error = error};
    if (size > CW_JSON_SIZE_MAX) {
        return cw_error_set(error, CW_E_LIMIT, NULL, "the YAML text has %zu bytes, but at most %u are read",
                            size, CW_JSON_SIZE_MAX);
    }
    if (yaml_parser_initialize(&reader.parser) == 0) {
        return no_memory(&reader);
    }
    set_input(&reader.parser, text, size);
    const cw_status status = read_events(&reader);
    if (status == CW_OK) {
        *value = reader.whole;
        reader.whole = NULL;
    }
    while (reader.depth > 0) {
        struct level *level = &reader.levels[--reader.depth];
        json_decref(level->container);
        free(level->key);
    }
    json_decref(reader.whole);
    yaml_parser_delete(&reader.parser);
    return status;
}

/* ---- Where a key stands ---- */

#define DEPTH_LOOKED_AT 2

/* A walk over the events of a document, which is known to be well-formed. */
struct key_search {
    const char *parent, *key;
    int depth;
    bool is_mapping[DEPTH_LOOKED_AT + 1]; /* the container open at a depth */
    bool awaits_key[DEPTH_LOOKED_AT + 1];
    bool is_in_parent;
    int line;
};

/* A value was read whole: a key may follow. */
static void end_value(struct key_search *search)
{
    if (search->depth <= DEPTH_LOOKED_AT) {
        search->awaits_key[search->depth] = search->is_mapping[search->depth];
    }
}

static void look_at_scalar(struct key_search *search, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    if (search->depth > DEPTH_LOOKED_AT || !search->awaits_key[search->depth]) {
        end_value(search);
        return;
    }
    search->awaits_key[search->depth] = false;
    const bool is_inside = search->depth == (search->parent[0] != '\0' ? 2 : 1);
    if (is_inside && (search->depth == 1 || search->is_in_parent) && strcmp(text, search->key) == 0) {
        search->line = (int)event->start_mark.line + 1;
    } else if (search->depth == 1) {
        search->is_in_parent = strcmp(text, search->parent) == 0;
    }
}

static void look_at_event(struct key_search *search, const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT) {
        look_at_scalar(search, event);
    } else if (event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT) {
        search->depth++;
        if (search->depth <= DEPTH_LOOKED_AT) {
            search->is_mapping[search->depth] = event->type == YAML_MAPPING_START_EVENT;
            search->awaits_key[search->depth] = search->is_mapping[search->depth];
        }
    } else if (event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT) {
        search->depth--;
        end_value(search);
    }
}

int cw_yaml_key_line(const char *text, size_t size, const char *parent, const char *key)
{
    struct key_search search = {.parent = parent, .key = key};
    yaml_parser_t parser;
    bool is_over = yaml_parser_initialize(&parser) == 0;
    if (is_over) {
        return 0;
    }
    set_input(&parser, text, size);
    while (!is_over && search.line == 0) {
        yaml_event_t event;
        is_over = yaml_parser_parse(&parser, &event) == 0;
        if (!is_over) {
            is_over = event.type == YAML_STREAM_END_EVENT;
            look_at_event(&search, &event);
            yaml_event_delete(&event);
        }
    }
    yaml_parser_delete(&parser);
    return search.line;
}

/* ---- Which of the two ---- */

static bool ends_with(const char *path, const char *ending)
{
    const size_t length = strlen(path);
    const size_t size = strlen(ending);
    return length >= size && strcasecmp(path + length - size, ending) == 0;
}

bool cw_yaml_is_likely(const char *path, const char *text, size_t size)
{
    size_t at = 0;
    if (ends_with(path, ".yaml") || ends_with(path, ".yml")) {
        return true;
    }
    if (ends_with(path, ".json")) {
        return false;
    }
    cw_text_skip_mark(&text, &size);
    while (at < size && strchr(" \t\r\n", text[at]) != NULL) {
        at++;
    }
    return at == size || strchr("{[\"", text[at]) == NULL;
}

cw_status cw_document_parse(const char *path, const char *text, size_t size, json_t **value,
                            struct cw_error *error)
{
    return cw_yaml_is_likely(path, text, size) ? cw_yaml_parse(text, size, value, error)
                                               : cw_json_parse(text, size, value, error);
}
