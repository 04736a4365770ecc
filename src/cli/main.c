#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/settings.h"
#include "service/values.h"

/* Commands that are asked for as if they were options of the program. */
static const struct {
    const char *word;
    const char *command;
} shorthands[] = {{"--help", "help"}, {"-h", "help"}, {"--version", "version"}};

static const struct cw_command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof shorthands / sizeof shorthands[0]; i++) {
        if (strcmp(shorthands[i].word, name) == 0) {
            name = shorthands[i].command;
        }
    }
    for (size_t i = 0; i < cw_command_count; i++) {
        if (strcmp(cw_commands[i]->name, name) == 0) {
            return cw_commands[i];
        }
    }
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[CW_ARGUMENTS_MAX];
    for (size_t i = 0; i < cw_command_count; i++) {
        names[i] = cw_commands[i]->name;
    }
    struct cw_error error;
    const char *nearest = cw_name_nearest(name, names, cw_command_count);
    if (nearest != NULL) {
        cw_error_set(&error, CW_E_INVALID, NULL, "unknown command '%.60s'; did you mean '%s'?", name,
                     nearest);
    } else {
        cw_error_set(&error, CW_E_INVALID, NULL, "unknown command '%.60s'; see cartwright help", name);
    }
    return cw_console_fail(error.code, &error);
}

/* Completes what was given by the configuration. */
static cw_status read_settings(struct cw_settings *settings, struct cw_arguments *arguments,
                               struct cw_error *error)
{
    const char *path = cw_settings_path(arguments);
    const cw_status status = path != NULL ? cw_settings_read(path, settings, error) : CW_OK;
    return status == CW_OK ? cw_settings_apply(settings, true, arguments, error) : status;
}

int main(int count, char **words)
{
    /* A file that grows too large (ulimit -f) is an error like a full disk. */
    signal(SIGXFSZ, SIG_IGN);
    struct cw_arguments arguments;
    struct cw_settings settings = {0};
    struct cw_error error = {0};
    if (count < 2) {
        struct cw_buffer help = {0};
        if (cw_help_text(NULL, &help, NULL) == CW_OK) {
            fwrite(help.data, 1, help.size, stderr);
        }
        cw_buffer_clear(&help);
        return 2;
    }
    const struct cw_command *command = find_command(words[1]);
    if (command == NULL) {
        return unknown_command(words[1]);
    }
    cw_status status = cw_arguments_parse(command, count - 2, words + 2, &arguments, &error);
    if (status == CW_OK && !arguments.wants_help && command->settings != NULL) {
        status = read_settings(&settings, &arguments, &error);
    }
    if (status != CW_OK) {
        return cw_console_fail(status, &error);
    }
    if (arguments.wants_help) {
        struct cw_buffer help = {0};
        if (cw_help_text(command, &help, &error) != CW_OK) {
            return cw_console_fail(error.code, &error);
        }
        return cw_console_print(&help);
    }
    const int code = command->run(&arguments);
    cw_settings_clear(&settings);
    return code;
}
