#include "api/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "model/reference.h"
#include "service/json_read.h"
#include "service/values.h"

#define NAME_LENGTH_MAX 63
#define MARKET_TEXT_MAX 512
#define SHARE_MAX 1000000

/* The value as JSON; of a long one how it begins, as a text without characters that need an escape. */
static void put_value(struct cw_field_error *item, const json_t *value)
{
    char *dumped =
        value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
    item->value[0] = '\0';
    if (dumped != NULL && strlen(dumped) < sizeof item->value) {
        memcpy(item->value, dumped, strlen(dumped) + 1);
    } else if (dumped != NULL) {
        snprintf(item->value, sizeof item->value, "\"%.100s...\"", dumped);
        for (char *at = item->value + 1; *at != '\0' && at[1] != '\0'; at++) {
            *at = *at == '"' || *at == '\\' ? '\'' : *at;
        }
    }
    free(dumped);
}

void cw_field_errors_add_message(struct cw_field_errors *errors, const char *field, const json_t *value,
                                 const char *expected, const char *message)
{
    if (errors->count == CW_FIELD_ERRORS_MAX) {
        return;
    }
    struct cw_field_error *item = &errors->items[errors->count++];
    put_value(item, value);
    snprintf(item->field, sizeof item->field, "%.90s", field);
    snprintf(item->expected, sizeof item->expected, "%s", expected);
    if (message != NULL) {
        snprintf(item->message, sizeof item->message, "%s", message);
        return;
    }
    const char *name = field[0] != '\0' ? field : "the body";
    char composed[sizeof item->message];
    if (item->value[0] != '\0') {
        snprintf(composed, sizeof composed, "%.90s is %s; expected %.320s", name, item->value, expected);
    } else {
        snprintf(composed, sizeof composed, "%.90s is missing; expected %.320s", name, expected);
    }
    memcpy(item->message, composed, sizeof composed);
}

void cw_field_errors_add(struct cw_field_errors *errors, const char *field, const json_t *value,
                         const char *expected)
{
    cw_field_errors_add_message(errors, field, value, expected, NULL);
}

void cw_field_errors_add_unknown(struct cw_field_errors *errors, const char *kind, const char *field,
                                 const json_t *value, const char *const *names, size_t count)
{
    char expected[sizeof errors->items[0].expected];
    char message[sizeof errors->items[0].message];
    const char *dot = strrchr(field, '.');
    const char *nearest = cw_name_nearest(dot != NULL ? dot + 1 : field, names, count);
    size_t used = (size_t)snprintf(expected, sizeof expected, count == 0 ? "no %s" : "one of", kind);
    for (size_t i = 0; i < count && used < sizeof expected; i++) {
        used +=
            (size_t)snprintf(expected + used, sizeof expected - used, "%s %s", i == 0 ? "" : ",", names[i]);
    }
    if (nearest != NULL) {
        snprintf(message, sizeof message, "unknown %s \"%.90s\"; did you mean \"%s\"?", kind, field, nearest);
    } else {
        snprintf(message, sizeof message, "unknown %s \"%.90s\"; expected %s", kind, field, expected);
    }
    cw_field_errors_add_message(errors, field, value, expected, message);
}

void cw_field_errors_add_text(struct cw_field_errors *errors, const char *field, const char *value,
                              const char *expected)
{
    json_t *text = value == NULL ? NULL : json_string(value);
    cw_field_errors_add(errors, field, text, expected);
    json_decref(text);
}

void cw_choice_text(const char *values, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    while (*values != '\0' && used < size) {
        const size_t length = strcspn(values, "|");
        const bool is_last = values[length] == '\0';
        const char *joint = used == 0 ? "" : is_last ? " or " : ", ";
        used += (size_t)snprintf(text + used, size - used, "%s%.*s", joint, (int)length, values);
        values += length + !is_last;
    }
}

bool cw_choice_has(const char *values, const char *text)
{
    const size_t length = strlen(text);
    for (const char *at = values; at != NULL;) {
        const size_t size = strcspn(at, "|");
        if (size == length && memcmp(at, text, size) == 0) {
            return true;
        }
        at = at[size] == '|' ? at + size + 1 : NULL;
    }
    return false;
}

void cw_market_choices(char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < cw_market_count() && used < size; i++) {
        const struct cw_market *market = cw_market_get(i);
        used += (size_t)snprintf(text + used, size - used, "%s%s|%s", i == 0 ? "" : "|", market->locale,
                                 market->country);
    }
}

/* "en-US, de-DE or fr-FR (or their countries)". */
static void market_text(char *text, size_t size)
{
    size_t used = 0;
    const uint32_t count = cw_market_count();
    for (uint32_t i = 0; i < count && used < size; i++) {
        const char *joint = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", joint, cw_market_get(i)->locale);
    }
    if (used < size) {
        snprintf(text + used, size - used, " (or the country alone)");
    }
}

/* What a field must be, in words. */
static void expectation(const struct cw_field *field, const struct cw_field_limits *limits, char *text,
                        size_t size)
{
    char choices[MARKET_TEXT_MAX];
    switch (field->kind) {
    case CW_FIELD_INTEGER:
        snprintf(text, size, "a whole number from %lld to %lld", (long long)field->minimum,
                 (long long)field->maximum);
        break;
    case CW_FIELD_COUNT:
        snprintf(text, size, "a whole number from 1 to %lld", (long long)limits->count);
        break;
    case CW_FIELD_AMOUNT:
        snprintf(text, size, "a whole number from 0 to %lld", (long long)limits->count);
        break;
    case CW_FIELD_NUMBER:
        snprintf(text, size, "a number above 0, at most %lld", (long long)field->maximum);
        break;
    case CW_FIELD_BOOLEAN:
        snprintf(text, size, "true or false");
        break;
    case CW_FIELD_CHOICE:
        cw_choice_text(field->values, text, size);
        break;
    case CW_FIELD_TEXT:
        snprintf(text, size, "a text of 1 to %lld bytes", (long long)field->maximum);
        break;
    case CW_FIELD_UUID:
        snprintf(text, size, "a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057");
        break;
    case CW_FIELD_TIME:
        snprintf(text, size, "a date such as 2025-06-30 or a time such as 2025-06-30T18:00:00Z");
        break;
    case CW_FIELD_MARKETS:
        market_text(choices, sizeof choices);
        snprintf(text, size,
                 "%.200s, a list of them, or an object with a share for each such as {\"en-US\": 3}",
                 choices);
        break;
    case CW_FIELD_NAMES:
        snprintf(text, size, "a list of 1 to %lld different texts, each of 1 to %d characters",
                 (long long)field->maximum, NAME_LENGTH_MAX);
        break;
    case CW_FIELD_OBJECT:
        snprintf(text, size, "an object");
        break;
    }
}

static bool as_integer(const json_t *value, int64_t *integer)
{
    if (json_is_integer(value)) {
        *integer = json_integer_value(value);
        return true;
    }
    /* JSON Schema takes 10.0 for an integer; beyond 2^53 a double is not exact. */
    const double real = json_is_real(value) ? json_real_value(value) : 0.5;
    if (real < -9007199254740992.0 || real > 9007199254740992.0 || (double)(int64_t)real != real) {
        return false;
    }
    *integer = (int64_t)real;
    return true;
}

int64_t cw_field_integer(const json_t *value)
{
    int64_t integer = 0;
    as_integer(value, &integer);
    return integer;
}

static bool is_in_range(const json_t *value, int64_t minimum, int64_t maximum)
{
    int64_t integer = 0;
    return as_integer(value, &integer) && integer >= minimum && integer <= maximum;
}

static bool is_time_text(const char *text)
{
    int32_t day = 0;
    int64_t time = 0;
    return cw_parse_date(text, strlen(text), &day) || cw_parse_timestamp(text, strlen(text), &time) ||
           strcmp(text, "now") == 0;
}

/* Exactly as written in the list of choices, so that what is accepted is what /openapi.json says. */
static bool is_market(const char *code)
{
    char choices[MARKET_TEXT_MAX];
    cw_market_choices(choices, sizeof choices);
    return cw_choice_has(choices, code);
}

static bool is_markets(const json_t *value)
{
    if (json_is_string(value)) {
        return is_market(json_string_value(value));
    }
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++) {
        const json_t *code = json_array_get(value, i);
        if (!json_is_string(code) || !is_market(json_string_value(code))) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (json_equal(code, json_array_get(value, j))) {
                return false;
            }
        }
    }
    if (json_is_array(value)) {
        return json_array_size(value) > 0;
    }
    union {
        const json_t *constant;
        json_t *changeable; /* the iterators take it so, but only read */
    } access = {.constant = value};
    for (void *at = json_object_iter(access.changeable); at != NULL;
         at = json_object_iter_next(access.changeable, at)) {
        if (!is_market(json_object_iter_key(at)) || !is_in_range(json_object_iter_value(at), 1, SHARE_MAX)) {
            return false;
        }
    }
    return json_is_object(value) && json_object_size(value) > 0;
}

/* Code points, as JSON Schema counts length. */
static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return count;
}

static bool is_names(const json_t *value, int64_t maximum)
{
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *name = json_array_get(value, i);
        const size_t length = json_is_string(name) ? count_characters(json_string_value(name)) : 0;
        if (length < 1 || length > NAME_LENGTH_MAX) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (json_equal(name, json_array_get(value, j))) {
                return false;
            }
        }
    }
    return json_is_array(value) && json_array_size(value) >= 1 && (int64_t)json_array_size(value) <= maximum;
}

/* Whether a value fits a field that is not an object. */
static bool fits(const struct cw_field *field, const struct cw_field_limits *limits, const json_t *value)
{
    const char *text = json_string_value(value);
    uint8_t uuid[16];
    switch (field->kind) {
    case CW_FIELD_INTEGER:
        return is_in_range(value, field->minimum, field->maximum);
    case CW_FIELD_COUNT:
        return is_in_range(value, 1, limits->count);
    case CW_FIELD_AMOUNT:
        return is_in_range(value, 0, limits->count);
    case CW_FIELD_NUMBER:
        return json_is_number(value) && json_number_value(value) > 0 &&
               json_number_value(value) <= (double)field->maximum;
    case CW_FIELD_BOOLEAN:
        return json_is_boolean(value);
    case CW_FIELD_CHOICE:
        return text != NULL && cw_choice_has(field->values, text);
    case CW_FIELD_TEXT:
        return text != NULL && text[0] != '\0' && (int64_t)strlen(text) <= field->maximum;
    case CW_FIELD_UUID:
        return text != NULL && cw_parse_uuid(text, strlen(text), uuid);
    case CW_FIELD_TIME:
        return text != NULL && is_time_text(text);
    case CW_FIELD_MARKETS:
        return is_markets(value);
    case CW_FIELD_NAMES:
        return is_names(value, field->maximum);
    case CW_FIELD_OBJECT:
        break;
    }
    return false;
}

static const struct cw_field *find_field(const struct cw_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

size_t cw_field_names(const struct cw_field *fields, size_t count, const char *names[CW_FIELD_NAMES_MAX])
{
    size_t known = 0;
    for (; known < count && known < CW_FIELD_NAMES_MAX; known++) {
        names[known] = fields[known].name;
    }
    return known;
}

/* A text that is none of the choices, with the nearest of them. */
static void add_wrong_choice(const struct cw_field *field, const json_t *value, const char *name,
                             const char *expected, struct cw_field_errors *errors)
{
    const char *names[CW_FIELD_NAMES_MAX];
    char values[MARKET_TEXT_MAX];
    char message[sizeof errors->items[0].message];
    size_t count = 0;
    snprintf(values, sizeof values, "%s", field->values);
    for (char *at = values; at != NULL && count < CW_FIELD_NAMES_MAX;) {
        char *bar = strchr(at, '|');
        names[count++] = at;
        at = bar != NULL ? bar + 1 : NULL;
        if (bar != NULL) {
            *bar = '\0';
        }
    }
    const char *nearest = cw_name_nearest(json_string_value(value), names, count);
    snprintf(message, sizeof message, "%.90s is \"%.60s\"; did you mean \"%s\"? Expected %s", name,
             json_string_value(value), nearest != NULL ? nearest : "", expected);
    cw_field_errors_add_message(errors, name, value, expected, nearest != NULL ? message : NULL);
}

static void check_member(const struct cw_field *field, const struct cw_field_limits *limits,
                         const json_t *value, const char *name, struct cw_field_errors *errors)
{
    char expected[sizeof errors->items[0].expected];
    if (field->kind == CW_FIELD_OBJECT && json_is_object(value)) {
        char prefix[96];
        snprintf(prefix, sizeof prefix, "%.90s.", name);
        cw_fields_check(field->members, field->member_count, limits, value, prefix, errors);
        if (json_object_size(value) < (size_t)field->minimum) {
            cw_field_errors_add(errors, name, value, "an object with at least one member");
        }
        return;
    }
    if (field->kind == CW_FIELD_OBJECT || !fits(field, limits, value)) {
        expectation(field, limits, expected, sizeof expected);
        if (field->kind == CW_FIELD_CHOICE && json_is_string(value)) {
            add_wrong_choice(field, value, name, expected, errors);
        } else {
            cw_field_errors_add(errors, name, value, expected);
        }
    }
}

void cw_fields_check(const struct cw_field *fields, size_t count, const struct cw_field_limits *limits,
                     const json_t *object, const char *prefix, struct cw_field_errors *errors)
{
    char name[96];
    char expected[sizeof errors->items[0].expected];
    const char *names[CW_FIELD_NAMES_MAX];
    if (!json_is_object(object)) {
        cw_field_errors_add(errors, prefix, object, "a JSON object");
        return;
    }
    union {
        const json_t *constant;
        json_t *changeable; /* the iterators take it so, but only read */
    } access = {.constant = object};
    for (void *at = json_object_iter(access.changeable); at != NULL;
         at = json_object_iter_next(access.changeable, at)) {
        const struct cw_field *field = find_field(fields, count, json_object_iter_key(at));
        snprintf(name, sizeof name, "%s%.60s", prefix, json_object_iter_key(at));
        if (field == NULL) {
            cw_field_errors_add_unknown(errors, "field", name, json_object_iter_value(at), names,
                                        cw_field_names(fields, count, names));
        } else {
            check_member(field, limits, json_object_iter_value(at), name, errors);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (fields[i].required && json_object_get(object, fields[i].name) == NULL) {
            snprintf(name, sizeof name, "%s%.60s", prefix, fields[i].name);
            expectation(&fields[i], limits, expected, sizeof expected);
            cw_field_errors_add(errors, name, NULL, expected);
        }
    }
}

/* A query parameter as the JSON value that its field would have in a body. */
static json_t *query_value(const struct cw_field *field, const char *text)
{
    int64_t integer = 0;
    bool truth = false;
    if (field->kind == CW_FIELD_INTEGER && cw_parse_int64(text, strlen(text), &integer)) {
        return json_integer(integer);
    }
    if (field->kind == CW_FIELD_BOOLEAN && cw_parse_bool(text, strlen(text), &truth)) {
        return json_boolean(truth);
    }
    return json_string(text);
}

static void check_pair(const struct cw_field *field, const struct cw_query_pair *pair,
                       struct cw_field_errors *errors)
{
    const struct cw_field_limits none = {0};
    json_t *value = query_value(field, pair->value);
    if (value != NULL) {
        check_member(field, &none, value, pair->name, errors);
    }
    json_decref(value);
}

static void add_unknown_parameter(const struct cw_field *fields, size_t count,
                                  const struct cw_query_pair *pair, struct cw_field_errors *errors)
{
    const char *names[CW_FIELD_NAMES_MAX];
    json_t *value = json_string(pair->value);
    cw_field_errors_add_unknown(errors, "query parameter", pair->name, value, names,
                                cw_field_names(fields, count, names));
    json_decref(value);
}

static void add_repeated_parameter(const struct cw_query_pair *pair, struct cw_field_errors *errors)
{
    char message[160];
    json_t *value = json_string(pair->value);
    snprintf(message, sizeof message, "%.90s is given more than once; expected once", pair->name);
    cw_field_errors_add_message(errors, pair->name, value, "this parameter once", message);
    json_decref(value);
}

void cw_query_check(const struct cw_field *fields, size_t count, const struct cw_uri *uri,
                    cw_query_other *other, void *context, struct cw_field_errors *errors)
{
    const struct cw_field_limits none = {0};
    for (size_t i = 0; i < uri->pair_count; i++) {
        const struct cw_query_pair *pair = &uri->pairs[i];
        const struct cw_field *field = find_field(fields, count, pair->name);
        bool is_repeated = false;
        for (size_t j = 0; j < i; j++) {
            is_repeated |= strcmp(uri->pairs[j].name, pair->name) == 0;
        }
        if (is_repeated) {
            add_repeated_parameter(pair, errors);
        } else if (field != NULL) {
            check_pair(field, pair, errors);
        } else if (other == NULL || !other(context, pair, errors)) {
            add_unknown_parameter(fields, count, pair, errors);
        }
    }
    for (size_t i = 0; i < count; i++) {
        char expected[sizeof errors->items[0].expected];
        if (fields[i].required && cw_uri_query(uri, fields[i].name) == NULL) {
            expectation(&fields[i], &none, expected, sizeof expected);
            cw_field_errors_add(errors, fields[i].name, NULL, expected);
        }
    }
}
