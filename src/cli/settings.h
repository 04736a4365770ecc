/* Settings: what a configuration file and the environment say about the options of commands. The tables of
 * options (options.h) say which keys and variables there are. A file is YAML: a mapping of each command that
 * reads settings ("serve") to its options without the hyphens, and beside them what commands have in common
 * ("store"). Of a flag with a counterpart, such as --auth and --no-auth, there is one key with true or false.
 * The environment variable of --max-body is CARTWRIGHT_MAX_BODY; an empty one counts as none. */
#ifndef CW_CLI_SETTINGS_H
#define CW_CLI_SETTINGS_H

#include "cli/options.h"

#define CW_VARIABLE_NAME 64 /* room for the name of an environment variable */

/* One key of a file. */
struct cw_setting {
    const char *group; /* "serve"; "" for what commands have in common */
    const struct cw_option *option;
    char *value; /* "true" or "false" of a flag */
    int line;
};

/* Zeroed storage holds none. */
struct cw_settings {
    char *path; /* NULL: there is no file */
    struct cw_setting *list;
    size_t count;
};

/* Reads and checks a file: every key is known, every value of its option's form. Errors: CW_E_INVALID naming
 * file, line and key; CW_E_NOT_FOUND, CW_E_IO, CW_E_LIMIT. */
cw_status cw_settings_read(const char *path, struct cw_settings *settings, struct cw_error *error);
void cw_settings_clear(struct cw_settings *settings);

/* The file that --config or CARTWRIGHT_CONFIG names; NULL for none. */
const char *cw_settings_path(const struct cw_arguments *arguments);

/* Adds to the arguments what the settings, and before them the environment if it counts, say where the
 * command line says nothing. The arguments borrow texts of both. Errors: CW_E_INVALID naming the variable. */
cw_status cw_settings_apply(const struct cw_settings *settings, bool with_environment,
                            struct cw_arguments *arguments, struct cw_error *error);

/* What holds for an option: its value ("true" or "false" of a flag), where that is from, and the line of the
 * file. False: nothing is said. */
struct cw_setting_found {
    const char *value;
    enum cw_source source;
    int line;
};
bool cw_settings_find(const struct cw_settings *settings, const struct cw_command *command,
                      const struct cw_option *option, struct cw_setting_found *found);

/* The option's environment variable. */
void cw_variable_name(const struct cw_option *option, char name[CW_VARIABLE_NAME]);

/* Whether an option of a command can be a key of a file: what is given once, and what takes another flag
 * back, can't. */
bool cw_option_is_key(const struct cw_command *command, const struct cw_option *option);
/* Whether commands have the option in common. */
bool cw_option_is_common(const struct cw_option *option);
/* The command whose options are the keys of a group; NULL when there is none. */
const struct cw_command *cw_settings_owner(const char *group);

/* Appends the JSON Schema (draft 2020-12) of a file. */
cw_status cw_settings_schema(struct cw_buffer *out, struct cw_error *error);
/* Appends what holds for a command as the text of a file, each line with where it is from; passwords in
 * addresses are left out. Returns through *shown how many there were. */
cw_status cw_settings_show(const struct cw_settings *settings, const struct cw_command *command, bool common,
                           struct cw_buffer *out, size_t *shown, struct cw_error *error);

#endif
