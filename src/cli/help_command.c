#include <string.h>

#include "cli/commands.h"
#include "cli/console.h"
#include "service/values.h"

#define COMMANDS_MAX 32

static cw_status unknown_command(const char *name, struct cw_error *error)
{
    const char *names[COMMANDS_MAX];
    for (size_t i = 0; i < cw_command_count && i < COMMANDS_MAX; i++) {
        names[i] = cw_commands[i]->name;
    }
    const char *nearest =
        cw_name_nearest(name, names, cw_command_count < COMMANDS_MAX ? cw_command_count : COMMANDS_MAX);
    return nearest != NULL ? cw_error_set(error, CW_E_INVALID, NULL,
                                          "unknown command '%.60s'; did you mean '%s'?", name, nearest)
                           : cw_error_set(error, CW_E_INVALID, NULL,
                                          "unknown command '%.60s'; see cartwright help", name);
}

static int run_help(const struct cw_arguments *arguments)
{
    struct cw_buffer out = {0};
    struct cw_error error = {0};
    const char *format = cw_argument(arguments, "format");
    const struct cw_command *command = NULL;
    cw_status status = CW_OK;
    for (size_t i = 0; arguments->count > 0 && i < cw_command_count; i++) {
        if (strcmp(cw_commands[i]->name, arguments->values[0]) == 0) {
            command = cw_commands[i];
        }
    }
    if (arguments->count > 0 && command == NULL) {
        status = unknown_command(arguments->values[0], &error);
    } else if (format == NULL || strcmp(format, "text") == 0) {
        status = cw_help_text(command, &out, &error);
    } else if (strcmp(format, "man") == 0) {
        status = cw_help_man(&out, &error);
    } else if (strcmp(format, "bash") == 0) {
        status = cw_help_bash(&out, &error);
    } else {
        status = cw_error_set(&error, CW_E_INVALID, "format",
                              "format is '%.60s', but must be text, man or bash", format);
    }
    if (status != CW_OK) {
        cw_buffer_clear(&out);
        return cw_console_fail(status, &error);
    }
    return cw_console_print(&out);
}

static const struct cw_option options[] = {
    {"format", "FORMAT", "text, man (the manual page of all commands) or bash (completion)",
     CW_CHOICE("text man bash")},
};

const struct cw_command cw_command_help = {
    .name = "help",
    .summary = "Tell how to use the program or a command",
    .arguments = "[COMMAND]",
    .text = "Tells how to use the program, or one command of it.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .most = 1,
    .examples = "  cartwright help generate\n"
                "  cartwright help --format man | man -l -\n",
    .run = run_help,
};
