#include <string.h>

#include "cli/settings.h"
#include "cli/settings_text.h"
#include "service/json_read.h"
#include "service/redact.h"

#define COUNT_PATTERN "^[0-9][0-9_]*(\\\\.[0-9]+)?[KkMmBb]?$"

/* ---- The schema of a file ---- */

static cw_status put_words(const char *words, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_append(out, "[", 1, error);
    for (const char *at = words; *at != '\0' && status == CW_OK; at += strspn(at, " ")) {
        const size_t length = strcspn(at, " ");
        status = cw_buffer_format(out, error, "%s\"%.*s\"", at == words ? "" : ", ", (int)length, at);
        at += length;
    }
    return status == CW_OK ? cw_buffer_append(out, "]", 1, error) : status;
}

/* What JSON Schema says of the values of an option. */
static cw_status put_form(const struct cw_option *option, struct cw_buffer *out, struct cw_error *error)
{
    const struct cw_option_form *form = option->form;
    cw_status status;
    if (option->value == NULL) {
        return cw_buffer_format(out, error, "\"type\": \"boolean\"");
    }
    switch (form != NULL ? form->kind : CW_OPTION_TEXT) {
    case CW_OPTION_COUNT:
    case CW_OPTION_WHOLE:
        return cw_buffer_format(
            out, error,
            "\"type\": [\"integer\", \"string\"], \"minimum\": %lld, \"maximum\": %lld, \"pattern\": \"%s\"",
            (long long)form->lowest, (long long)form->highest,
            form->kind == CW_OPTION_WHOLE ? "^[0-9]+$" : COUNT_PATTERN);
    case CW_OPTION_NUMBER:
        return cw_buffer_format(out, error,
                                "\"type\": [\"number\", \"string\"], \"pattern\": "
                                "\"^[0-9]+(\\\\.[0-9]+)?[Kk]?$\"");
    case CW_OPTION_CHOICE:
        status = cw_buffer_format(out, error, "\"enum\": ");
        return status == CW_OK ? put_words(form->choices, out, error) : status;
    case CW_OPTION_TEXT:
    default:
        break;
    }
    status = cw_buffer_format(out, error, "%s",
                              strcmp(option->value, "LIST") == 0
                                  ? "\"type\": [\"string\", \"array\"], \"minItems\": 1, \"items\": "
                                    "{\"type\": \"string\", \"pattern\": \"^[^,]+$\"}"
                                  : "\"type\": \"string\"");
    if (status == CW_OK && form != NULL && form->choices != NULL) {
        status = cw_buffer_format(out, error, ", \"examples\": ");
        status = status == CW_OK ? put_words(form->choices, out, error) : status;
    }
    return status;
}

static cw_status put_property(const struct cw_option *option, int indent, const char *glue,
                              struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(out, error, "%s\n%*s\"%s\": {", glue, indent, "", option->name);
    if (status == CW_OK) {
        status = put_form(option, out, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, ", \"description\": ");
    }
    if (status == CW_OK) {
        status = cw_json_quote(out, option->help, strlen(option->help), error);
    }
    return status == CW_OK ? cw_buffer_append(out, "}", 1, error) : status;
}

/* The options of a command that are keys; common ones, or those of its group. */
static cw_status put_properties(const struct cw_command *command, bool common, int indent,
                                struct cw_buffer *out, struct cw_error *error)
{
    const char *glue = "";
    cw_status status = CW_OK;
    for (size_t i = 0; i < command->option_count && status == CW_OK; i++) {
        const struct cw_option *option = &command->options[i];
        if (cw_option_is_key(command, option) && cw_option_is_common(option) == common) {
            status = put_property(option, indent, glue, out, error);
            glue = ",";
        }
    }
    return status;
}

static cw_status put_group(const struct cw_command *owner, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(out, error,
                                        ",\n    \"%s\": {\n      \"type\": [\"object\", \"null\"],\n      "
                                        "\"description\": ",
                                        owner->name);
    if (status == CW_OK) {
        status = cw_json_quote(out, owner->summary, strlen(owner->summary), error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error,
                                  ",\n      \"additionalProperties\": false,\n      \"properties\": {");
    }
    if (status == CW_OK) {
        status = put_properties(owner, false, 8, out, error);
    }
    return status == CW_OK ? cw_buffer_format(out, error, "\n      }\n    }") : status;
}

cw_status cw_settings_schema(struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(
        out, error,
        "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
        "  \"title\": \"Configuration of Cartwright\",\n  \"type\": [\"object\", \"null\"],\n"
        "  \"additionalProperties\": false,\n  \"properties\": {");
    if (status == CW_OK) {
        status = put_properties(cw_settings_owner("serve"), true, 4, out, error);
    }
    for (size_t i = 0; i < cw_command_count && status == CW_OK; i++) {
        if (cw_settings_owner(cw_commands[i]->name) != NULL) {
            status = put_group(cw_commands[i], out, error);
        }
    }
    return status == CW_OK ? cw_buffer_format(out, error, "\n  }\n}\n") : status;
}

/* ---- What holds ---- */

/* Appends a value as YAML: in quotes unless it can't be anything but what it is. */
static cw_status put_value(const struct cw_option *option, const char *value, struct cw_buffer *out,
                           struct cw_error *error)
{
    struct cw_buffer redacted = {0};
    const bool is_plain =
        option->value == NULL || (option->form != NULL && option->form->kind != CW_OPTION_TEXT);
    cw_status status = cw_redact_address(value, &redacted, error);
    if (status == CW_OK) {
        status = is_plain ? cw_buffer_append(out, redacted.data, redacted.size, error)
                          : cw_json_quote(out, (const char *)redacted.data, redacted.size, error);
    }
    cw_buffer_clear(&redacted);
    return status;
}

static cw_status put_line(const struct cw_settings *settings, const struct cw_option *option,
                          const struct cw_setting_found *found, int indent, struct cw_buffer *out,
                          struct cw_error *error)
{
    char variable[CW_VARIABLE_NAME];
    const char *value = found->value;
    cw_variable_name(option, variable);
    cw_status status = cw_setting_check(variable, option, &value, error);
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, "%*s%s: ", indent, "", option->name);
    }
    if (status == CW_OK) {
        status = put_value(option, value, out, error);
    }
    if (status == CW_OK && found->source == CW_FROM_FILE) {
        return cw_buffer_format(out, error, " # %s:%d\n", settings->path, found->line);
    }
    return status == CW_OK ? cw_buffer_format(out, error, " # %s\n", variable) : status;
}

cw_status cw_settings_show(const struct cw_settings *settings, const struct cw_command *command, bool common,
                           struct cw_buffer *out, size_t *shown, struct cw_error *error)
{
    cw_status status = CW_OK;
    *shown = 0;
    for (size_t i = 0; i < command->option_count && status == CW_OK; i++) {
        const struct cw_option *option = &command->options[i];
        struct cw_setting_found found;
        if (cw_option_is_common(option) != common || !cw_settings_find(settings, command, option, &found)) {
            continue;
        }
        if (!common && *shown == 0) {
            status = cw_buffer_format(out, error, "%s:\n", command->settings);
        }
        if (status == CW_OK) {
            status = put_line(settings, option, &found, common ? 0 : 2, out, error);
        }
        ++*shown;
    }
    return status;
}
