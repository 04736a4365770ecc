#include "cli/options.h"

#include <string.h>

#include "service/values.h"

#define NAMES_MAX 64

static const struct cw_option help_option = {"help", NULL, "Show this help", NULL};

const struct cw_option *cw_option_find(const struct cw_command *command, const char *name)
{
    for (size_t i = 0; i < command->option_count; i++) {
        if (strcmp(command->options[i].name, name) == 0) {
            return &command->options[i];
        }
    }
    return NULL;
}

/* The option of a name, or of an unambiguous beginning of one; *ambiguous tells the reason for NULL. */
static const struct cw_option *find_option(const struct cw_command *command, const char *name, size_t length,
                                           bool *ambiguous)
{
    const struct cw_option *found = NULL;
    *ambiguous = false;
    for (size_t i = 0; i <= command->option_count; i++) {
        const struct cw_option *option = i == command->option_count ? &help_option : &command->options[i];
        if (strncmp(option->name, name, length) != 0) {
            continue;
        }
        if (option->name[length] == '\0') {
            *ambiguous = false;
            return option;
        }
        *ambiguous = found != NULL;
        found = found == NULL ? option : found;
    }
    return *ambiguous ? NULL : found;
}

static cw_status unknown_option(const struct cw_command *command, const char *word, size_t length,
                                bool ambiguous, struct cw_error *error)
{
    const char *names[NAMES_MAX] = {"help"};
    char name[64];
    size_t count = 1;
    for (size_t i = 0; i < command->option_count && count < NAMES_MAX; i++) {
        names[count++] = command->options[i].name;
    }
    length = length < sizeof name ? length : sizeof name - 1;
    memcpy(name, word, length);
    name[length] = '\0';
    if (ambiguous) {
        return cw_error_set(error, CW_E_INVALID, name, "the option --%s could be several; write more of it",
                            name);
    }
    const char *nearest = cw_name_nearest(name, names, count);
    return nearest != NULL
               ? cw_error_set(error, CW_E_INVALID, name, "unknown option --%s; did you mean --%s?", name,
                              nearest)
               : cw_error_set(error, CW_E_INVALID, name, "unknown option --%s; see cartwright %s --help",
                              name, command->name);
}

static cw_status add_given(struct cw_arguments *arguments, const struct cw_option *option, const char *value,
                           bool is_off, struct cw_error *error)
{
    if (arguments->given_count == CW_ARGUMENTS_MAX) {
        return cw_error_set(error, CW_E_LIMIT, NULL, "more than %d options", CW_ARGUMENTS_MAX);
    }
    arguments->given[arguments->given_count].option = option;
    arguments->given[arguments->given_count].value = value;
    arguments->given[arguments->given_count].source = CW_FROM_FLAG;
    arguments->given[arguments->given_count++].is_off = is_off;
    return CW_OK;
}

/* The flag that a "no-" before its name takes back: only where something else than the command line may have
 * set it. */
static const struct cw_option *find_taken_back(const struct cw_command *command, const char *name)
{
    const struct cw_option *option = NULL;
    if (command->settings != NULL && strncmp(name, "no-", 3) == 0) {
        option = cw_option_find(command, name + 3);
    }
    return option != NULL && option->value == NULL ? option : NULL;
}

/* Reads the option at words[*at], which begins with two hyphens, and its value. */
static cw_status read_option(const struct cw_command *command, int count, char **words, int *at,
                             struct cw_arguments *arguments, struct cw_error *error)
{
    const char *name = words[*at] + 2;
    const size_t length = strcspn(name, "=");
    bool ambiguous = false;
    const struct cw_option *option = find_option(command, name, length, &ambiguous);
    const char *value = NULL;
    if (option == NULL && find_taken_back(command, name) != NULL) {
        return add_given(arguments, find_taken_back(command, name), NULL, true, error);
    }
    if (option == NULL) {
        return unknown_option(command, name, length, ambiguous, error);
    }
    if (option == &help_option) {
        arguments->wants_help = true;
        return CW_OK;
    }
    if (option->value == NULL) {
        if (name[length] == '=') {
            return cw_error_set(error, CW_E_INVALID, option->name, "the option --%s takes no value",
                                option->name);
        }
    } else if (name[length] == '=') {
        value = name + length + 1;
    } else if (*at + 1 < count) {
        value = words[++*at];
    } else {
        return cw_error_set(error, CW_E_INVALID, option->name, "the option --%s needs a value: --%s %s",
                            option->name, option->name, option->value);
    }
    return add_given(arguments, option, value, false, error);
}

cw_status cw_arguments_parse(const struct cw_command *command, int count, char **words,
                             struct cw_arguments *arguments, struct cw_error *error)
{
    struct cw_arguments read = {.command = command};
    bool only_arguments = false;
    cw_status status = CW_OK;
    for (int i = 0; i < count && status == CW_OK; i++) {
        const char *word = words[i];
        if (!only_arguments && strcmp(word, "--") == 0) {
            only_arguments = true;
        } else if (!only_arguments && strcmp(word, "-h") == 0) {
            read.wants_help = true;
        } else if (!only_arguments && strncmp(word, "--", 2) == 0) {
            status = read_option(command, count, words, &i, &read, error);
        } else if (!only_arguments && word[0] == '-' && word[1] != '\0') {
            status = cw_error_set(error, CW_E_INVALID, NULL,
                                  "unknown option %.40s; options are written with two hyphens", word);
        } else if (read.count == command->most || read.count == CW_ARGUMENTS_MAX) {
            status =
                cw_error_set(error, CW_E_INVALID, NULL,
                             "unexpected argument '%.60s'; see cartwright %s --help", word, command->name);
        } else {
            read.values[read.count++] = word;
        }
    }
    if (status == CW_OK && read.count < command->fewest && !read.wants_help) {
        status = cw_error_set(error, CW_E_INVALID, NULL, "%s is missing: cartwright %s %s",
                              command->arguments, command->name, command->arguments);
    }
    if (status == CW_OK) {
        *arguments = read;
    }
    return status;
}

const char *cw_argument(const struct cw_arguments *arguments, const char *name)
{
    for (size_t i = arguments->given_count; i > 0; i--) {
        if (strcmp(arguments->given[i - 1].option->name, name) == 0) {
            return arguments->given[i - 1].value;
        }
    }
    return NULL;
}

bool cw_argument_given(const struct cw_arguments *arguments, const char *name)
{
    for (size_t i = arguments->given_count; i > 0; i--) {
        if (strcmp(arguments->given[i - 1].option->name, name) == 0) {
            return !arguments->given[i - 1].is_off;
        }
    }
    return false;
}

bool cw_argument_is_flag(const struct cw_arguments *arguments, const char *name)
{
    for (size_t i = 0; i < arguments->given_count; i++) {
        if (arguments->given[i].source == CW_FROM_FLAG &&
            strcmp(arguments->given[i].option->name, name) == 0) {
            return !arguments->given[i].is_off;
        }
    }
    return false;
}

cw_status cw_argument_count(const struct cw_arguments *arguments, const char *name, int64_t *value,
                            struct cw_error *error)
{
    const char *text = cw_argument(arguments, name);
    const struct cw_option *option = cw_option_find(arguments->command, name);
    return text == NULL
               ? CW_OK
               : cw_value_count(name, text, option->form->lowest, option->form->highest, value, error);
}
