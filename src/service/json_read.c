#include "service/json_read.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "service/values.h"

#define FIELDS_MAX 64

/* Whether no bracket of the text opens deeper than CW_JSON_DEPTH_MAX; strings are stepped over. jansson's own
 * limit is fixed at 2048 levels. */
static bool is_shallow(const char *text, size_t size)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        const char byte = text[i];
        if (in_string) {
            i += byte == '\\';
            in_string = byte != '"';
        } else if (byte == '"') {
            in_string = true;
        } else if (byte == '[' || byte == '{') {
            if (++depth > CW_JSON_DEPTH_MAX) {
                return false;
            }
        } else if (byte == ']' || byte == '}') {
            depth--;
        }
    }
    return true;
}

void cw_text_skip_mark(const char **text, size_t *size)
{
    static const char mark[] = "\xEF\xBB\xBF";
    const size_t length = sizeof mark - 1;
    if (*size >= length && memcmp(*text, mark, length) == 0) {
        *text += length;
        *size -= length;
    }
}

cw_status cw_json_parse(const char *text, size_t size, json_t **value, struct cw_error *error)
{
    json_error_t problem;
    if (size > CW_JSON_SIZE_MAX) {
        return cw_error_set(error, CW_E_LIMIT, NULL, "the JSON text has %zu bytes, but at most %u are read",
                            size, CW_JSON_SIZE_MAX);
    }
    cw_text_skip_mark(&text, &size);
    if (!is_shallow(text, size)) {
        return cw_error_set(error, CW_E_LIMIT, NULL, "the JSON text is nested deeper than %d levels",
                            CW_JSON_DEPTH_MAX);
    }
    json_t *parsed = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (parsed == NULL) {
        return cw_error_set(error, CW_E_INVALID, NULL, "not valid JSON at line %d, column %d: %s",
                            problem.line, problem.column, problem.text);
    }
    *value = parsed;
    return CW_OK;
}

static const struct cw_json_field *find_field(const struct cw_json_field *fields, size_t count,
                                              const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

static cw_status unknown_field(const struct cw_json_field *fields, size_t count, const char *name,
                               struct cw_error *error)
{
    const char *names[FIELDS_MAX] = {NULL};
    size_t known = 0;
    for (; known < count && known < FIELDS_MAX; known++) {
        names[known] = fields[known].name;
    }
    const char *nearest = cw_name_nearest(name, names, known);
    if (nearest != NULL) {
        return cw_error_set(error, CW_E_INVALID, name, "unknown field '%.60s'; did you mean '%s'?", name,
                            nearest);
    }
    char list[300] = "";
    size_t used = 0;
    for (size_t i = 0; i < known && used < sizeof list; i++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    return cw_error_set(error, CW_E_INVALID, name, "unknown field '%.60s'; known are %s", name, list);
}

/* How a value is shown in messages. */
static void show_value(const json_t *value, char *text, size_t size)
{
    char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    snprintf(text, size, "%s", dumped == NULL ? "?" : dumped);
    if (dumped != NULL && strlen(dumped) >= size && size > 4) {
        snprintf(text + size - 4, 4, "...");
    }
    free(dumped);
}

static cw_status wrong_value(const char *name, const json_t *value, const char *expected,
                             struct cw_error *error)
{
    char shown[64];
    show_value(value, shown, sizeof shown);
    return cw_error_set(error, CW_E_INVALID, name, "%s is %s, but must be %s", name, shown, expected);
}

cw_status cw_json_read_object(const json_t *object, const struct cw_json_field *fields, size_t count,
                              void *target, struct cw_error *error)
{
    if (!json_is_object(object)) {
        return wrong_value("the request", object, "a JSON object", error);
    }
    /* json_object_iter takes a mutable object but only reads it. */
    union {
        const json_t *constant;
        json_t *changeable;
    } access = {.constant = object};
    for (void *at = json_object_iter(access.changeable); at != NULL;
         at = json_object_iter_next(access.changeable, at)) {
        const char *name = json_object_iter_key(at);
        const struct cw_json_field *field = find_field(fields, count, name);
        if (field == NULL) {
            return unknown_field(fields, count, name, error);
        }
        const cw_status status = field->read(name, json_object_iter_value(at), target, error);
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

cw_status cw_json_integer(const char *name, const json_t *value, int64_t minimum, int64_t maximum,
                          int64_t *out, struct cw_error *error)
{
    if (json_is_string(value)) {
        return cw_value_count(name, json_string_value(value), minimum, maximum, out, error);
    }
    if (!json_is_integer(value) || json_integer_value(value) < minimum ||
        json_integer_value(value) > maximum) {
        char expected[80];
        snprintf(expected, sizeof expected, "a whole number from %lld to %lld", (long long)minimum,
                 (long long)maximum);
        return wrong_value(name, value, expected, error);
    }
    *out = json_integer_value(value);
    return CW_OK;
}

cw_status cw_json_string(const char *name, const json_t *value, const char **out, struct cw_error *error)
{
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value)) {
        return wrong_value(name, value, "a string", error);
    }
    *out = json_string_value(value);
    return CW_OK;
}

cw_status cw_json_boolean(const char *name, const json_t *value, bool *out, struct cw_error *error)
{
    if (!json_is_boolean(value)) {
        return wrong_value(name, value, "true or false", error);
    }
    *out = json_is_true(value);
    return CW_OK;
}

cw_status cw_json_time(const char *name, const json_t *value, int64_t *out, struct cw_error *error)
{
    const char *text = NULL;
    if (!json_is_string(value)) {
        return wrong_value(name, value, "a date (\"2025-06-30\") or a time (\"2025-06-30T18:00:00Z\")",
                           error);
    }
    const cw_status status = cw_json_string(name, value, &text, error);
    return status != CW_OK ? status : cw_value_time(name, text, out, error);
}

cw_status cw_json_quote(struct cw_buffer *out, const char *text, size_t size, struct cw_error *error)
{
    static const char digits[] = "0123456789abcdef";
    const cw_status status = cw_buffer_reserve(out, size * 6 + 2, error);
    if (status != CW_OK) {
        return status;
    }
    char *at = out->data + out->size;
    *at++ = '"';
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\') {
            *at++ = '\\';
            *at++ = (char)byte;
        } else if (byte < 0x20) {
            memcpy(at, "\\u00", 4);
            at[4] = digits[byte >> 4];
            at[5] = digits[byte & 15];
            at += 6;
        } else if (byte < 0x80) {
            *at++ = (char)byte;
        } else {
            const size_t length = cw_parse_utf8(text + i, size - i);
            memcpy(at, length > 0 ? text + i : "\\ufffd", length > 0 ? length : 6);
            at += length > 0 ? length : 6;
            i += length > 0 ? length - 1 : 0;
        }
    }
    *at++ = '"';
    out->size = (size_t)(at - out->data);
    return CW_OK;
}
