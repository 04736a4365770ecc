#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/settings.h"
#include "service/generate_store.h"

/* The file that is meant; NULL for none. */
static const char *path_of(const struct cw_arguments *arguments)
{
    return arguments->count > 1 ? arguments->values[1] : cw_settings_path(arguments);
}

static bool is_owner(const struct cw_command *command)
{
    return cw_settings_owner(command->name) != NULL;
}

/* Asks a command whether it could do with its settings; what it refuses is told with its place. */
static cw_status check_command(const struct cw_command *command, const struct cw_settings *settings,
                               struct cw_error *error)
{
    struct cw_arguments arguments = {.command = command};
    struct cw_error cause = {0};
    int line = 0;
    cw_status status = cw_settings_apply(settings, false, &arguments, &cause);
    const char *store = cw_argument(&arguments, "store");
    if (status == CW_OK && store != NULL) {
        status = cw_store_location_check(store, &cause);
    }
    if (status == CW_OK) {
        status = command->check(&arguments, &cause);
    }
    for (size_t i = 0; i < settings->count && cause.field[0] != '\0'; i++) {
        const bool is_it =
            strcmp(settings->list[i].option->name, cause.field) == 0 &&
            (settings->list[i].group[0] == '\0' || strcmp(settings->list[i].group, command->name) == 0);
        line = is_it ? settings->list[i].line : line;
    }
    if (status == CW_OK) {
        return CW_OK;
    }
    return line > 0 ? cw_error_set(error, status, cause.field, "%.200s:%d: %.280s", settings->path, line,
                                   cause.message)
                    : cw_error_set(error, status, cause.field, "%.200s: %s: %.280s", settings->path,
                                   command->name, cause.message);
}

static cw_status check_file(const struct cw_arguments *arguments, struct cw_buffer *out,
                            struct cw_error *error)
{
    struct cw_settings settings = {0};
    const char *path = path_of(arguments);
    if (path == NULL) {
        return cw_error_set(error, CW_E_INVALID, "config",
                            "the file is missing: cartwright config check FILE");
    }
    cw_status status = cw_settings_read(path, &settings, error);
    for (size_t i = 0; i < cw_command_count && status == CW_OK; i++) {
        if (is_owner(cw_commands[i]) && cw_commands[i]->check != NULL) {
            status = check_command(cw_commands[i], &settings, error);
        }
    }
    if (status == CW_OK) {
        status =
            cw_buffer_format(out, error, "%s: %zu settings, all of them can be used\n", path, settings.count);
    }
    cw_settings_clear(&settings);
    return status;
}

static cw_status show(const struct cw_arguments *arguments, struct cw_buffer *out, struct cw_error *error)
{
    struct cw_settings settings = {0};
    const char *path = path_of(arguments);
    size_t total = 0;
    size_t shown = 0;
    cw_status status = path != NULL ? cw_settings_read(path, &settings, error) : CW_OK;
    if (status == CW_OK) {
        status = cw_settings_show(&settings, cw_settings_owner("serve"), true, out, &total, error);
    }
    for (size_t i = 0; i < cw_command_count && status == CW_OK; i++) {
        if (is_owner(cw_commands[i])) {
            status = cw_settings_show(&settings, cw_commands[i], false, out, &shown, error);
            total += shown;
        }
    }
    if (status == CW_OK && total == 0) {
        status = cw_buffer_format(out, error, "# nothing is set: neither by a file nor by the environment\n");
    }
    cw_settings_clear(&settings);
    return status;
}

static cw_status print_schema(const struct cw_arguments *arguments, struct cw_buffer *out,
                              struct cw_error *error)
{
    (void)arguments;
    return cw_settings_schema(out, error);
}

static const struct {
    const char *name;
    cw_status (*act)(const struct cw_arguments *arguments, struct cw_buffer *out, struct cw_error *error);
} actions[] = {{"check", check_file}, {"show", show}, {"schema", print_schema}};

static int run_config(const struct cw_arguments *arguments)
{
    struct cw_buffer out = {0};
    struct cw_error error = {0};
    const char *action = arguments->values[0];
    cw_status status = CW_E_INVALID;
    size_t at = 0;
    while (at < sizeof actions / sizeof actions[0] && strcmp(actions[at].name, action) != 0) {
        at++;
    }
    if (at == sizeof actions / sizeof actions[0]) {
        cw_error_set(&error, status, "action", "'%.60s' can't be done; expected check, show or schema",
                     action);
    } else {
        status = actions[at].act(arguments, &out, &error);
    }
    if (status != CW_OK) {
        cw_buffer_clear(&out);
        return cw_console_fail(status, &error);
    }
    return cw_console_print(&out);
}

static const struct cw_option options[] = {
    CW_CONFIG_OPTION,
};

const struct cw_command cw_command_config = {
    .name = "config",
    .summary = "Check or show the configuration, or print its JSON Schema",
    .arguments = "check|show|schema [FILE]",
    .text =
        "Options of serve and generate may also be set by the environment and by a YAML file that "
        "--config or CARTWRIGHT_CONFIG names: the command line goes before the environment "
        "(CARTWRIGHT_MAX_BODY for --max-body), the environment before the file. In the file the options "
        "stand under the name of their command, and the store, which several commands share, beside them. "
        "A flag is true or false; --no-FLAG takes one back. check reads a file and says what is wrong with "
        "it, with the line; show prints what holds and where it is from, without passwords; schema prints "
        "the JSON Schema of the file, for editors.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .fewest = 1,
    .most = 2,
    .examples = "  cartwright config check /etc/cartwright/cartwright.yaml\n"
                "  CARTWRIGHT_PORT=9000 cartwright config show\n"
                "  cartwright config schema >cartwright.schema.json\n",
    .run = run_config,
};
