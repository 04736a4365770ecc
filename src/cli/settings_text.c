#define _POSIX_C_SOURCE 200809L
#include "cli/settings_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "service/values.h"

/* ---- Forms ---- */

static cw_status check_flag(const char *field, const char **value, struct cw_error *error)
{
    static const char *const words[][2] = {{"true", "false"}, {"1", "0"}, {"yes", "no"}, {"on", "off"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (int is_off = 0; is_off < 2; is_off++) {
            if (strcasecmp(*value, words[i][is_off]) == 0) {
                *value = words[0][is_off];
                return CW_OK;
            }
        }
    }
    return cw_error_set(error, CW_E_INVALID, field, "%s is '%.60s', but must be true or false", field,
                        *value);
}

static cw_status check_choice(const char *field, const char *choices, const char *value,
                              struct cw_error *error)
{
    const size_t size = strlen(value);
    for (const char *at = choices; *at != '\0'; at += strspn(at, " ")) {
        const size_t length = strcspn(at, " ");
        if (length == size && memcmp(at, value, size) == 0) {
            return CW_OK;
        }
        at += length;
    }
    return cw_error_set(error, CW_E_INVALID, field, "%s is '%.60s', but must be one of: %s", field, value,
                        choices);
}

static cw_status check_number(const char *field, const char *value, struct cw_error *error)
{
    char *end = NULL;
    (void)strtod(value, &end);
    end += end != value && (*end == 'K' || *end == 'k');
    return end != value && *end == '\0' ? CW_OK
                                        : cw_error_set(error, CW_E_INVALID, field,
                                                       "%s is '%.60s', but must be a number", field, value);
}

cw_status cw_setting_check(const char *field, const struct cw_option *option, const char **value,
                           struct cw_error *error)
{
    const struct cw_option_form *form = option->form;
    int64_t count = 0;
    uint64_t whole = 0;
    if (option->value == NULL) {
        return check_flag(field, value, error);
    }
    switch (form != NULL ? form->kind : CW_OPTION_TEXT) {
    case CW_OPTION_COUNT:
        return cw_value_count(field, *value, form->lowest, form->highest, &count, error);
    case CW_OPTION_WHOLE:
        return cw_value_seed(field, *value, &whole, error);
    case CW_OPTION_NUMBER:
        return check_number(field, *value, error);
    case CW_OPTION_CHOICE:
        return check_choice(field, form->choices, *value, error);
    case CW_OPTION_TEXT:
    default:
        return CW_OK;
    }
}

/* ---- Values of a file ---- */

static const char *expected_of(const struct cw_option *option)
{
    static const char *const expected[] = {[CW_OPTION_TEXT] = "a text",
                                           [CW_OPTION_COUNT] = "a whole number such as 500 or 10K",
                                           [CW_OPTION_WHOLE] = "a whole number",
                                           [CW_OPTION_NUMBER] = "a number",
                                           [CW_OPTION_CHOICE] = "a word"};
    const enum cw_option_kind kind = option->form != NULL ? option->form->kind : CW_OPTION_TEXT;
    return option->value == NULL                ? "true or false"
           : strcmp(option->value, "LIST") == 0 ? "a text, or a list of texts"
           : kind == CW_OPTION_TEXT             ? "a text (in quotes, if it looks like a number)"
                                                : expected[kind];
}

static cw_status refuse(const char *field, const struct cw_option *option, const json_t *value,
                        struct cw_error *error)
{
    const char *given = json_is_null(value)     ? "nothing"
                        : json_is_object(value) ? "a mapping"
                        : json_is_array(value)  ? "a list"
                        : json_is_string(value) ? "a text"
                        : json_is_number(value) ? "a number"
                                                : "true or false";
    return cw_error_set(error, CW_E_INVALID, field, "%s is %s, but must be %s", field, given,
                        expected_of(option));
}

/* With as few digits as tell it from every other number. */
static void real_text(double number, char text[32])
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, number);
        if (!(strtod(text, NULL) < number) && !(strtod(text, NULL) > number)) {
            return;
        }
    }
}

static cw_status join(const char *field, const struct cw_option *option, const json_t *list,
                      struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (size_t i = 0; i < json_array_size(list) && status == CW_OK; i++) {
        const json_t *item = json_array_get(list, i);
        const char *text = json_string_value(item);
        if (text == NULL || text[0] == '\0' || strchr(text, ',') != NULL) {
            return refuse(field, option, item, error);
        }
        status = cw_buffer_format(out, error, "%s%s", i == 0 ? "" : ",", text);
    }
    return status;
}

static cw_status put_value(const char *field, const struct cw_option *option, const json_t *value,
                           struct cw_buffer *out, struct cw_error *error)
{
    const enum cw_option_kind kind = option->form != NULL ? option->form->kind : CW_OPTION_TEXT;
    const bool takes_numbers = option->value != NULL && kind != CW_OPTION_TEXT && kind != CW_OPTION_CHOICE;
    char text[32];
    if (option->value == NULL && json_is_boolean(value)) {
        return cw_buffer_format(out, error, "%s", json_is_true(value) ? "true" : "false");
    }
    if (option->value != NULL && json_is_string(value)) {
        return cw_buffer_append(out, json_string_value(value), json_string_length(value), error);
    }
    if (takes_numbers && json_is_integer(value)) {
        return cw_buffer_format(out, error, "%lld", (long long)json_integer_value(value));
    }
    if (takes_numbers && json_is_real(value)) {
        real_text(json_real_value(value), text);
        return cw_buffer_format(out, error, "%s", text);
    }
    if (option->value != NULL && strcmp(option->value, "LIST") == 0 && json_array_size(value) > 0) {
        return join(field, option, value, out, error);
    }
    return refuse(field, option, value, error);
}

cw_status cw_setting_text(const char *field, const struct cw_option *option, const json_t *value, char **text,
                          struct cw_error *error)
{
    struct cw_buffer out = {0};
    cw_status status = put_value(field, option, value, &out, error);
    if (status == CW_OK) {
        status = cw_buffer_append(&out, "", 1, error);
    }
    const char *checked = (const char *)out.data;
    if (status == CW_OK) {
        status = cw_setting_check(field, option, &checked, error);
    }
    char *copy = status == CW_OK ? strdup(checked) : NULL;
    if (status == CW_OK && copy == NULL) {
        status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the settings");
    }
    if (status == CW_OK) {
        *text = copy;
    }
    cw_buffer_clear(&out);
    return status;
}
