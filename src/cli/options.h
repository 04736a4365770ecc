/* Commands and their options, described by tables: parsing, help, man page and completion all read them. */
#ifndef CW_CLI_OPTIONS_H
#define CW_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "cartwright/buffer.h"
#include "cartwright/error.h"

#define CW_ARGUMENTS_MAX 64

struct cw_option {
    const char *name;  /* without the hyphens */
    const char *value; /* what stands for its value in the help, "N"; NULL for a flag */
    const char *help;
    const char *choices; /* values for completion, separated by blanks; NULL for free ones */
};

struct cw_arguments;

struct cw_command {
    const char *name;
    const char *summary;   /* one line */
    const char *arguments; /* what may follow the options, "DIR|STORE"; "" for nothing */
    const char *text;      /* the paragraphs of its help */
    const struct cw_option *options;
    size_t option_count;
    size_t fewest, most;  /* arguments */
    const char *examples; /* lines, each a command and a comment */
    /* Does it; returns a process exit code. */
    int (*run)(const struct cw_arguments *arguments);
};

/* What was given. Texts are those of argv. */
struct cw_arguments {
    const struct cw_command *command;
    size_t given_count;
    struct {
        const struct cw_option *option;
        const char *value; /* NULL for flags */
    } given[CW_ARGUMENTS_MAX];
    size_t count;
    const char *values[CW_ARGUMENTS_MAX];
    bool wants_help;
};

/* Reads the words behind the command's name: --name value, --name=value, unambiguous beginnings of names, -h,
 * and -- before arguments that begin with a hyphen; a single hyphen is an argument or a value. Errors:
 * CW_E_INVALID that suggests the nearest option. */
cw_status cw_arguments_parse(const struct cw_command *command, int count, char **words,
                             struct cw_arguments *arguments, struct cw_error *error);

/* The value of an option, the last one when it was repeated; NULL when it was not given. */
const char *cw_argument(const struct cw_arguments *arguments, const char *name);
bool cw_argument_given(const struct cw_arguments *arguments, const char *name);

/* Appends the help of one command, or of the program when command is NULL. */
cw_status cw_help_text(const struct cw_command *command, struct cw_buffer *out, struct cw_error *error);
/* Appends the manual page (man(7)) and the completion script for bash. */
cw_status cw_help_man(struct cw_buffer *out, struct cw_error *error);
cw_status cw_help_bash(struct cw_buffer *out, struct cw_error *error);

/* The commands, in the order in which help shows them. */
extern const struct cw_command *const cw_commands[];
extern const size_t cw_command_count;

#endif
