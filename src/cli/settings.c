#define _POSIX_C_SOURCE 200809L
#include "cli/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/settings_text.h"
#include "service/manifest.h"
#include "service/values.h"
#include "service/yaml_read.h"

#define FILE_SIZE_MAX (1u << 20)
#define NAMES_MAX 80
#define FIELD_TEXT 96

/* ---- Which keys there are ---- */

bool cw_option_is_common(const struct cw_option *option)
{
    return strcmp(option->name, "store") == 0 && (option->form == NULL || !option->form->is_momentary);
}

/* The flag that this one takes back ("auth" of "no-auth"), or that takes this one back; NULL without one. */
static const struct cw_option *counterpart(const struct cw_command *command, const struct cw_option *option)
{
    char name[CW_VARIABLE_NAME];
    if (option->value != NULL) {
        return NULL;
    }
    if (strncmp(option->name, "no-", 3) == 0) {
        return cw_option_find(command, option->name + 3);
    }
    snprintf(name, sizeof name, "no-%s", option->name);
    return cw_option_find(command, name);
}

bool cw_option_is_key(const struct cw_command *command, const struct cw_option *option)
{
    const struct cw_command *owner = command->settings != NULL ? cw_settings_owner(command->settings) : NULL;
    const bool takes_back = strncmp(option->name, "no-", 3) == 0 && counterpart(command, option) != NULL;
    const bool is_known =
        cw_option_is_common(option) || (owner != NULL && cw_option_find(owner, option->name) != NULL);
    return is_known && !takes_back && (option->form == NULL || !option->form->is_momentary);
}

const struct cw_command *cw_settings_owner(const char *group)
{
    for (size_t i = 0; i < cw_command_count; i++) {
        const char *settings = cw_commands[i]->settings;
        if (settings != NULL && strcmp(settings, group) == 0 && strcmp(cw_commands[i]->name, group) == 0) {
            return cw_commands[i];
        }
    }
    return NULL;
}

void cw_variable_name(const struct cw_option *option, char name[CW_VARIABLE_NAME])
{
    const int length = snprintf(name, CW_VARIABLE_NAME, "CARTWRIGHT_%s", option->name);
    for (int i = 0; i < length && i < CW_VARIABLE_NAME - 1; i++) {
        const char character = name[i];
        name[i] = (char)(character == '-'                       ? '_'
                         : character >= 'a' && character <= 'z' ? character - 32
                                                                : character);
    }
}

/* The command and option of a key that commands have in common. */
static const struct cw_option *common_option(const char *key)
{
    for (size_t i = 0; i < cw_command_count; i++) {
        const struct cw_option *option =
            cw_commands[i]->settings != NULL ? cw_option_find(cw_commands[i], key) : NULL;
        if (option != NULL && cw_option_is_common(option)) {
            return option;
        }
    }
    return NULL;
}

/* ---- Reading a file ---- */

struct file_reader {
    struct cw_settings *settings;
    const char *text; /* ends with a zero byte behind its size */
    size_t size;
    struct cw_error *error;
};

/* The line of a key; 1 where it can't be told. */
static int line_of(const struct file_reader *reader, const char *group, const char *key)
{
    const int line = cw_yaml_key_line(reader->text, reader->size, group, key);
    return line > 0 ? line : 1;
}

/* Puts file and line before the message that is in *cause. */
static cw_status refuse_at(const struct file_reader *reader, const char *group, const char *key,
                           const struct cw_error *cause)
{
    return cw_error_set(reader->error, cause->code, key, "%.200s:%d: %.280s", reader->settings->path,
                        line_of(reader, group, key), cause->message);
}

static cw_status refuse_unknown(const struct file_reader *reader, const char *group, const char *key)
{
    const char *names[NAMES_MAX] = {"store"};
    const struct cw_command *owner = cw_settings_owner(group);
    struct cw_error cause = {0};
    size_t count = group[0] == '\0' ? 1 : 0;
    for (size_t i = 0; i < cw_command_count && owner == NULL && count < NAMES_MAX; i++) {
        if (cw_settings_owner(cw_commands[i]->name) != NULL) {
            names[count++] = cw_commands[i]->name;
        }
        if (cw_settings_owner(cw_commands[i]->name) != NULL && cw_option_find(cw_commands[i], key) != NULL) {
            cw_error_set(&cause, CW_E_INVALID, key, "the key '%.60s' stands under '%s:'", key,
                         cw_commands[i]->name);
        }
    }
    for (size_t i = 0; owner != NULL && i < owner->option_count && count < NAMES_MAX; i++) {
        if (cw_option_is_key(owner, &owner->options[i])) {
            names[count++] = owner->options[i].name;
        }
    }
    const struct cw_option *option = owner != NULL ? cw_option_find(owner, key) : NULL;
    const char *nearest = cw_name_nearest(key, names, count);
    if (option != NULL && cw_option_is_common(option)) {
        cw_error_set(&cause, CW_E_INVALID, key, "the key '%s' stands beside '%s:', not under it", key, group);
    } else if (option != NULL && counterpart(owner, option) != NULL) {
        cw_error_set(&cause, CW_E_INVALID, key, "'%s' is no key; write '%s: false'", key, key + 3);
    } else if (option != NULL) {
        cw_error_set(&cause, CW_E_INVALID, key, "'%s' can be given on the command line only: --%s", key, key);
    } else if (cause.code == CW_OK) {
        cw_error_set(&cause, CW_E_INVALID, key, "unknown key '%.60s'%s%s%s%s%s", key,
                     group[0] != '\0' ? " under " : "", group, nearest != NULL ? "; did you mean '" : "",
                     nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    }
    return refuse_at(reader, group, key, &cause);
}

static cw_status add_setting(const struct file_reader *reader, const char *group,
                             const struct cw_option *option, const json_t *value)
{
    struct cw_settings *settings = reader->settings;
    struct cw_error cause = {0};
    char field[FIELD_TEXT];
    char *text = NULL;
    snprintf(field, sizeof field, "%s%s%s", group, group[0] != '\0' ? "." : "", option->name);
    const cw_status status = cw_setting_text(field, option, value, &text, &cause);
    if (status != CW_OK) {
        return refuse_at(reader, group, option->name, &cause);
    }
    struct cw_setting *list = realloc(settings->list, (settings->count + 1) * sizeof *list);
    if (list == NULL) {
        free(text);
        return cw_error_set(reader->error, CW_E_NO_MEMORY, NULL, "no memory for the settings");
    }
    settings->list = list;
    settings->list[settings->count++] = (struct cw_setting){
        .group = group,
        .option = option,
        .value = text,
        .line = line_of(reader, group, option->name),
    };
    return CW_OK;
}

static cw_status read_group(const struct file_reader *reader, const struct cw_command *owner, json_t *group)
{
    const char *key;
    json_t *value;
    if (!json_is_object(group) && !json_is_null(group)) {
        const struct cw_error cause = {.code = CW_E_INVALID, .message = "expected keys and values under it"};
        return refuse_at(reader, "", owner->name, &cause);
    }
    json_object_foreach(group, key, value)
    {
        const struct cw_option *option = cw_option_find(owner, key);
        const bool is_key = option != NULL && cw_option_is_key(owner, option) && !cw_option_is_common(option);
        const cw_status status = is_key ? add_setting(reader, owner->name, option, value)
                                        : refuse_unknown(reader, owner->name, key);
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

static cw_status read_document(const struct file_reader *reader, json_t *document)
{
    const char *key;
    json_t *value;
    if (!json_is_object(document) && !json_is_null(document)) {
        return cw_error_set(reader->error, CW_E_INVALID, NULL, "%.200s: expected keys and values",
                            reader->settings->path);
    }
    json_object_foreach(document, key, value)
    {
        const struct cw_command *owner = cw_settings_owner(key);
        const struct cw_option *option = common_option(key);
        const cw_status status = owner != NULL    ? read_group(reader, owner, value)
                                 : option != NULL ? add_setting(reader, "", option, value)
                                                  : refuse_unknown(reader, "", key);
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

/* Whether there is nothing but blanks and comments: a file that was not filled in yet. */
static bool is_blank(const char *text)
{
    for (text += strspn(text, " \t\r\n"); *text == '#'; text += strspn(text, " \t\r\n")) {
        text += strcspn(text, "\n");
    }
    return *text == '\0';
}

static cw_status read_text(const char *path, const struct cw_buffer *text, struct cw_settings *settings,
                           struct cw_error *error)
{
    json_t *document = NULL;
    struct cw_error cause = {0};
    settings->path = strdup(path);
    if (settings->path == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the settings");
    }
    struct file_reader reader = {settings, (const char *)text->data, text->size - 1, error};
    cw_text_skip_mark(&reader.text, &reader.size);
    if (is_blank(reader.text)) {
        return CW_OK;
    }
    cw_status status = cw_document_parse(path, reader.text, reader.size, &document, &cause);
    if (status != CW_OK) {
        return cw_error_set(error, status, NULL, "%.200s: %.280s", path, cause.message);
    }
    status = read_document(&reader, document);
    json_decref(document);
    return status;
}

cw_status cw_settings_read(const char *path, struct cw_settings *settings, struct cw_error *error)
{
    struct cw_buffer text = {0};
    struct cw_settings read = {0};
    cw_status status = cw_file_read(path, FILE_SIZE_MAX, &text, error);
    if (status == CW_OK) {
        status = cw_buffer_append(&text, "", 1, error);
    }
    if (status == CW_OK) {
        status = read_text(path, &text, &read, error);
    }
    cw_buffer_clear(&text);
    if (status == CW_OK) {
        *settings = read;
    } else {
        cw_settings_clear(&read);
    }
    return status;
}

void cw_settings_clear(struct cw_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        free(settings->list[i].value);
    }
    free(settings->list);
    free(settings->path);
    *settings = (struct cw_settings){0};
}

/* ---- What holds ---- */

static bool find_in_environment(const struct cw_option *option, struct cw_setting_found *found)
{
    char variable[CW_VARIABLE_NAME];
    cw_variable_name(option, variable);
    const char *value = getenv(variable);
    if (value == NULL || value[0] == '\0') {
        return false;
    }
    *found = (struct cw_setting_found){value, CW_FROM_ENVIRONMENT, 0};
    return true;
}

static bool find_in_file(const struct cw_settings *settings, const struct cw_command *command,
                         const struct cw_option *option, struct cw_setting_found *found)
{
    const char *group = cw_option_is_common(option) ? "" : command->settings;
    for (size_t i = 0; i < settings->count; i++) {
        const struct cw_setting *setting = &settings->list[i];
        if (strcmp(setting->group, group) == 0 && strcmp(setting->option->name, option->name) == 0) {
            *found = (struct cw_setting_found){setting->value, CW_FROM_FILE, setting->line};
            return true;
        }
    }
    return false;
}

bool cw_settings_find(const struct cw_settings *settings, const struct cw_command *command,
                      const struct cw_option *option, struct cw_setting_found *found)
{
    return cw_option_is_key(command, option) &&
           (find_in_environment(option, found) || find_in_file(settings, command, option, found));
}

static bool is_decided(const struct cw_arguments *flags, const struct cw_command *command,
                       const struct cw_option *option)
{
    const struct cw_option *other = counterpart(command, option);
    for (size_t i = 0; i < flags->given_count; i++) {
        if (flags->given[i].option == option || flags->given[i].option == other) {
            return true;
        }
    }
    return false;
}

/* Adds what holds for an option to the arguments. */
static cw_status add_found(struct cw_arguments *arguments, const struct cw_option *option,
                           const struct cw_setting_found *found, struct cw_error *error)
{
    char variable[CW_VARIABLE_NAME];
    const char *value = found->value;
    cw_variable_name(option, variable);
    const cw_status status = cw_setting_check(variable, option, &value, error);
    if (status != CW_OK) {
        return status;
    }
    if (option->value == NULL && strcmp(value, "false") == 0) {
        option = counterpart(arguments->command, option);
    }
    if (option != NULL && arguments->given_count == CW_ARGUMENTS_MAX) {
        return cw_error_set(error, CW_E_LIMIT, NULL, "more than %d options", CW_ARGUMENTS_MAX);
    }
    if (option != NULL) {
        const size_t at = arguments->given_count++;
        arguments->given[at].option = option;
        arguments->given[at].value = option->value != NULL ? value : NULL;
        arguments->given[at].source = found->source;
        arguments->given[at].is_off = false;
        arguments->given[at].line = found->line;
    }
    return CW_OK;
}

/* Adds what the file or the environment says, as far as neither the command line nor, of the file, the
 * environment decides. */
static cw_status add_from(const struct cw_settings *settings, enum cw_source source, bool with_environment,
                          const struct cw_arguments *flags, struct cw_arguments *arguments,
                          struct cw_error *error)
{
    const struct cw_command *command = flags->command;
    cw_status status = CW_OK;
    for (size_t i = 0; i < command->option_count && status == CW_OK; i++) {
        const struct cw_option *option = &command->options[i];
        struct cw_setting_found found;
        if (!cw_option_is_key(command, option) || is_decided(flags, command, option)) {
            continue;
        }
        const bool is_said = with_environment && find_in_environment(option, &found);
        if (is_said == (source == CW_FROM_ENVIRONMENT) &&
            (is_said || find_in_file(settings, command, option, &found))) {
            status = add_found(arguments, option, &found, error);
        }
    }
    return status;
}

const char *cw_settings_path(const struct cw_arguments *arguments)
{
    const char *path = cw_argument(arguments, "config");
    path = path == NULL ? getenv("CARTWRIGHT_CONFIG") : path;
    return path != NULL && path[0] != '\0' ? path : NULL;
}

cw_status cw_settings_apply(const struct cw_settings *settings, bool with_environment,
                            struct cw_arguments *arguments, struct cw_error *error)
{
    struct cw_arguments all = *arguments;
    all.given_count = 0;
    cw_status status = add_from(settings, CW_FROM_FILE, with_environment, arguments, &all, error);
    if (status == CW_OK && with_environment) {
        status = add_from(settings, CW_FROM_ENVIRONMENT, true, arguments, &all, error);
    }
    for (size_t i = 0; i < arguments->given_count && status == CW_OK; i++) {
        if (all.given_count == CW_ARGUMENTS_MAX) {
            status = cw_error_set(error, CW_E_LIMIT, NULL, "more than %d options", CW_ARGUMENTS_MAX);
        } else {
            all.given[all.given_count++] = arguments->given[i];
        }
    }
    if (status == CW_OK) {
        *arguments = all;
    }
    return status;
}
