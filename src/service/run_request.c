#include "service/run_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cartwright/encode.h"
#include "model/reference.h"
#include "service/json_read.h"
#include "service/values.h"

#define NAMES_MAX 64
#define PART_MAX 128

/* Cuts the next part off a comma-separated text, blanks around it dropped; false at the end. Parts that do
 * not fit are cut short, which no known name survives. */
static bool next_part(const char **at, char part[PART_MAX])
{
    if (**at == '\0') {
        return false;
    }
    const char *end = strchr(*at, ',');
    const char *next = end == NULL ? *at + strlen(*at) : end + 1;
    const char *start = *at;
    if (end == NULL) {
        end = next;
    }
    while (start < end && *start == ' ') {
        start++;
    }
    while (end > start && end[-1] == ' ') {
        end--;
    }
    snprintf(part, PART_MAX, "%.*s", (int)(end - start), start);
    *at = next;
    return true;
}

/* "a, b or c", for messages. */
static void join_names(const char *const *names, size_t count, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        const char *glue = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", glue, names[i]);
    }
}

static cw_status find_name(const char *field, const char *text, const char *const *names, size_t count,
                           int *index, struct cw_error *error)
{
    char list[320];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], text) == 0) {
            *index = (int)i;
            return CW_OK;
        }
    }
    join_names(names, count, list, sizeof list);
    return cw_error_set(error, CW_E_INVALID, field, "%s is '%.60s', but must be %s", field, text, list);
}

cw_status cw_request_behavior(const char *field, const char *text, enum cw_behavior *behavior,
                              struct cw_error *error)
{
    const char *names[CW_BEHAVIOR_COUNT];
    int index = 0;
    for (int i = 0; i < CW_BEHAVIOR_COUNT; i++) {
        names[i] = cw_behavior_name((enum cw_behavior)i);
    }
    const cw_status status = find_name(field, text, names, CW_BEHAVIOR_COUNT, &index, error);
    if (status == CW_OK) {
        *behavior = (enum cw_behavior)index;
    }
    return status;
}

cw_status cw_request_segment(const char *field, const char *text, int *segment, struct cw_error *error)
{
    const char *names[CW_SEGMENT_COUNT];
    for (int i = 0; i < CW_SEGMENT_COUNT; i++) {
        names[i] = cw_segment_name((enum cw_segment)i);
    }
    return find_name(field, text, names, CW_SEGMENT_COUNT, segment, error);
}

cw_status cw_request_format(const char *field, const char *text, int *format, struct cw_error *error)
{
    const char *names[CW_FORMAT_COUNT];
    for (int i = 0; i < CW_FORMAT_COUNT; i++) {
        names[i] = cw_format_name((enum cw_format)i);
    }
    return find_name(field, text, names, CW_FORMAT_COUNT, format, error);
}

cw_status cw_request_compression(const char *field, const char *text, int *compression, int *level,
                                 struct cw_error *error)
{
    static const char *const names[] = {"none", "snappy", "zstd"};
    char name[PART_MAX];
    int64_t number = 0;
    const char *colon = strchr(text, ':');
    snprintf(name, sizeof name, "%.*s", colon == NULL ? (int)strlen(text) : (int)(colon - text), text);
    cw_status status = find_name(field, name, names, 3, compression, error);
    if (status == CW_OK && colon != NULL) {
        if (*compression != CW_COMPRESSION_ZSTD) {
            return cw_error_set(error, CW_E_INVALID, field, "%s is '%.60s', but only zstd takes a level",
                                field, text);
        }
        status = cw_value_count(field, colon + 1, 1, 19, &number, error);
    }
    if (status == CW_OK) {
        *level = (int)number;
    }
    return status;
}

static cw_status unknown_locale(const char *field, const char *code, struct cw_error *error)
{
    const char *locales[NAMES_MAX];
    char list[320];
    size_t count = 0;
    for (uint32_t i = 0; i < cw_market_count() && count < NAMES_MAX; i++) {
        locales[count++] = cw_market_get(i)->locale;
    }
    join_names(locales, count, list, sizeof list);
    return cw_error_set(error, CW_E_INVALID, field,
                        "%s holds '%.60s', but must name markets: %s, or their countries", field, code, list);
}

static cw_status add_locale(const char *field, const char *code, int64_t share,
                            uint32_t shares[CW_MARKETS_MAX], struct cw_error *error)
{
    const int market = cw_market_find(code);
    if (market < 0 || market >= CW_MARKETS_MAX) {
        return unknown_locale(field, code, error);
    }
    if (shares[market] != 0) {
        return cw_error_set(error, CW_E_INVALID, field, "%s names %.60s twice; expected each market once",
                            field, code);
    }
    shares[market] = (uint32_t)share;
    return CW_OK;
}

cw_status cw_request_locales(const char *field, const char *text, struct cw_run_spec *spec,
                             struct cw_error *error)
{
    uint32_t shares[CW_MARKETS_MAX] = {0};
    char part[PART_MAX];
    const char *at = text;
    while (next_part(&at, part)) {
        int64_t share = 1;
        cw_status status = CW_OK;
        char *equals = strpbrk(part, "=:");
        if (equals != NULL) {
            *equals = '\0';
            status = cw_value_count(field, equals + 1, 1, 1000000, &share, error);
        }
        if (status == CW_OK) {
            status = add_locale(field, part, share, shares, error);
        }
        if (status != CW_OK) {
            return status;
        }
    }
    if (text[0] == '\0') {
        return unknown_locale(field, text, error);
    }
    memcpy(spec->market_shares, shares, sizeof shares);
    return CW_OK;
}

/* Access to members of a constant object or array: jansson's getters take const, its iterators do not. */
static json_t *changeable(const json_t *value)
{
    union {
        const json_t *constant;
        json_t *changeable;
    } access = {.constant = value};
    return access.changeable;
}

cw_status cw_request_locales_json(const char *field, const json_t *value, struct cw_run_spec *spec,
                                  struct cw_error *error)
{
    uint32_t shares[CW_MARKETS_MAX] = {0};
    cw_status status = CW_OK;
    if (json_is_string(value)) {
        return cw_request_locales(field, json_string_value(value), spec, error);
    }
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value) && status == CW_OK; i++) {
            const char *code = NULL;
            status = cw_json_string(field, json_array_get(value, i), &code, error);
            if (status == CW_OK) {
                status = add_locale(field, code, 1, shares, error);
            }
        }
    } else if (json_is_object(value)) {
        json_t *object = changeable(value);
        for (void *at = json_object_iter(object); at != NULL && status == CW_OK;
             at = json_object_iter_next(object, at)) {
            int64_t share = 0;
            status = cw_json_integer(field, json_object_iter_value(at), 1, 1000000, &share, error);
            if (status == CW_OK) {
                status = add_locale(field, json_object_iter_key(at), share, shares, error);
            }
        }
    } else {
        status = cw_error_set(
            error, CW_E_INVALID, field,
            "%s must be a locale such as \"de-DE\", a list of locales, or an object of locale and "
            "share",
            field);
    }
    if (status == CW_OK) {
        memcpy(spec->market_shares, shares, sizeof shares);
    }
    return status;
}

/* Puts a name into the next slot of a fixed list. */
static cw_status add_name(const char *field, const char *name, char (*names)[CW_NAME_MAX], uint32_t capacity,
                          uint32_t *count, struct cw_error *error)
{
    const size_t length = strlen(name);
    if (length == 0 || length >= CW_NAME_MAX) {
        return cw_error_set(error, CW_E_INVALID, field, "%s holds '%.70s', but a name has 1 to %d bytes",
                            field, name, CW_NAME_MAX - 1);
    }
    if (*count >= capacity) {
        return cw_error_set(error, CW_E_INVALID, field, "%s holds more than %u names", field, capacity);
    }
    for (uint32_t i = 0; i < *count; i++) {
        if (strcmp(names[i], name) == 0) {
            return cw_error_set(error, CW_E_INVALID, field, "%s holds '%.70s' twice; expected each name once",
                                field, name);
        }
    }
    memcpy(names[(*count)++], name, length + 1);
    return CW_OK;
}

static cw_status read_names(const char *field, const json_t *value, char (*names)[CW_NAME_MAX],
                            uint32_t capacity, uint32_t *count, struct cw_error *error)
{
    uint32_t read = 0;
    if (!json_is_array(value)) {
        return cw_error_set(error, CW_E_INVALID, field, "%s must be a list of names", field);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *name = NULL;
        cw_status status = cw_json_string(field, json_array_get(value, i), &name, error);
        if (status == CW_OK) {
            status = add_name(field, name, names, capacity, &read, error);
        }
        if (status != CW_OK) {
            return status;
        }
    }
    *count = read;
    return CW_OK;
}

cw_status cw_request_categories(const char *field, const char *text, struct cw_run_spec *spec,
                                struct cw_error *error)
{
    uint32_t count = 0;
    char part[PART_MAX];
    const char *at = text;
    if (text[0] == '\0') {
        return cw_error_set(error, CW_E_INVALID, field, "%s is empty, but must name categories", field);
    }
    while (next_part(&at, part)) {
        const cw_status status = add_name(field, part, spec->categories, CW_CATEGORIES_MAX, &count, error);
        if (status != CW_OK) {
            return status;
        }
    }
    spec->category_count = count;
    return CW_OK;
}

cw_status cw_request_categories_json(const char *field, const json_t *value, struct cw_run_spec *spec,
                                     struct cw_error *error)
{
    return read_names(field, value, spec->categories, CW_CATEGORIES_MAX, &spec->category_count, error);
}

cw_status cw_request_attributes_json(const char *field, const json_t *value, struct cw_run_spec *spec,
                                     struct cw_error *error)
{
    const char *names[CW_ATTRIBUTE_COUNT];
    for (int i = 0; i < CW_ATTRIBUTE_COUNT; i++) {
        names[i] = cw_attribute_name((enum cw_attribute)i);
    }
    if (!json_is_object(value)) {
        return cw_error_set(error, CW_E_INVALID, field,
                            "%s must be an object of lists, such as {\"size\": [\"S\", \"M\"]}", field);
    }
    json_t *object = changeable(value);
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        int index = 0;
        char member[PART_MAX];
        snprintf(member, sizeof member, "%s.%.40s", field, json_object_iter_key(at));
        cw_status status =
            find_name(field, json_object_iter_key(at), names, CW_ATTRIBUTE_COUNT, &index, error);
        if (status == CW_OK) {
            struct cw_attribute_values *values = &spec->attributes[index];
            status = read_names(member, json_object_iter_value(at), values->values, CW_ATTRIBUTE_VALUES_MAX,
                                &values->count, error);
        }
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

cw_status cw_request_tables(const char *field, const char *text, struct cw_selection *selection,
                            struct cw_error *error)
{
    struct cw_selection chosen = {{0}};
    const char *tables[CW_ENTITY_COUNT];
    char part[PART_MAX];
    const char *at = text;
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        tables[i] = cw_entity_get((enum cw_entity_id)i)->table;
    }
    while (next_part(&at, part)) {
        if (strcmp(part, "all") == 0) {
            for (int i = 0; i < CW_ENTITY_COUNT; i++) {
                cw_selection_add(&chosen, (enum cw_entity_id)i);
            }
            continue;
        }
        const struct cw_entity *entity = cw_entity_find(part, strlen(part));
        if (entity == NULL) {
            int unused = 0;
            const char *nearest = cw_name_nearest(part, tables, CW_ENTITY_COUNT);
            if (nearest == NULL) {
                return find_name(field, part, tables, CW_ENTITY_COUNT, &unused, error);
            }
            return cw_error_set(error, CW_E_INVALID, field,
                                "%s holds '%.60s', which is no table; did you mean '%s'?", field, part,
                                nearest);
        }
        cw_selection_add(&chosen, entity->id);
    }
    if (text[0] == '\0') {
        return cw_error_set(error, CW_E_INVALID, field, "%s is empty, but must name tables, or be all",
                            field);
    }
    *selection = chosen;
    return CW_OK;
}
