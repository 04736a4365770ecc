/* Commands and their options, described by tables: parsing, help, man page and completion all read them. */
#ifndef CW_CLI_OPTIONS_H
#define CW_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cartwright/buffer.h"
#include "cartwright/error.h"

#define CW_ARGUMENTS_MAX 128

enum cw_option_kind {
    CW_OPTION_TEXT,   /* anything; the command looks closer */
    CW_OPTION_COUNT,  /* a whole number, also as 10K or 1.5M */
    CW_OPTION_WHOLE,  /* a whole number in digits alone */
    CW_OPTION_NUMBER, /* a number, with digits after the point or not */
    CW_OPTION_CHOICE  /* one of a closed set of words */
};

/* What values an option takes. */
struct cw_option_form {
    enum cw_option_kind kind;
    int64_t lowest, highest; /* of counts and whole numbers */
    const char *choices;     /* words separated by blanks, for completion too; not of CHOICE: proposals */
    bool is_momentary;       /* given on the command line only, never by environment or file */
};

#define CW_COUNT(low, high)                                                                                  \
    (&(const struct cw_option_form){.kind = CW_OPTION_COUNT, .lowest = (low), .highest = (high)})
#define CW_WHOLE(low, high)                                                                                  \
    (&(const struct cw_option_form){.kind = CW_OPTION_WHOLE, .lowest = (low), .highest = (high)})
#define CW_NUMBER (&(const struct cw_option_form){.kind = CW_OPTION_NUMBER})
#define CW_CHOICE(words) (&(const struct cw_option_form){.kind = CW_OPTION_CHOICE, .choices = (words)})
#define CW_PROPOSE(words) (&(const struct cw_option_form){.choices = (words)})
#define CW_MOMENTARY (&(const struct cw_option_form){.is_momentary = true})

struct cw_option {
    const char *name;  /* without the hyphens */
    const char *value; /* what stands for its value in the help, "N", a "LIST"; NULL for a flag */
    const char *help;
    const struct cw_option_form *form; /* NULL: a flag, or a free text */
};

/* The option by which a command whose settings may stand in a file is told of it. */
#define CW_CONFIG_OPTION                                                                                     \
    {                                                                                                        \
        "config", "FILE", "Read settings from this file (YAML), see cartwright config; CARTWRIGHT_CONFIG",   \
            CW_MOMENTARY                                                                                     \
    }

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
    /* Where in a configuration file its options stand: "serve"; "" for only those that commands have in
     * common; NULL when it reads no configuration. */
    const char *settings;
    /* Whether the options can be used, without doing anything; NULL: nothing more can be said of them. */
    cw_status (*check)(const struct cw_arguments *arguments, struct cw_error *error);
    /* Does it; returns a process exit code. */
    int (*run)(const struct cw_arguments *arguments);
};

/* Where a value comes from; later ones go before earlier ones. */
enum cw_source { CW_FROM_FILE, CW_FROM_ENVIRONMENT, CW_FROM_FLAG };

/* What was given. Texts are those of argv, of the environment, or of struct cw_settings. */
struct cw_arguments {
    const struct cw_command *command;
    size_t given_count;
    struct {
        const struct cw_option *option;
        const char *value; /* NULL for flags */
        enum cw_source source;
        bool is_off;           /* a flag that is taken back: --no-quiet */
        int line;              /* of the file */
    } given[CW_ARGUMENTS_MAX]; /* ascending by source */
    size_t count;
    const char *values[CW_ARGUMENTS_MAX];
    bool wants_help;
};

/* Reads the words behind the command's name: --name value, --name=value, unambiguous beginnings of names, -h,
 * --no-name for a flag of a command that reads a configuration, and -- before arguments that begin with a
 * hyphen; a single hyphen is an argument or a value. Errors: CW_E_INVALID that suggests the nearest option.
 */
cw_status cw_arguments_parse(const struct cw_command *command, int count, char **words,
                             struct cw_arguments *arguments, struct cw_error *error);

/* The value of an option, the last one when it was repeated; NULL when it was not given. */
const char *cw_argument(const struct cw_arguments *arguments, const char *name);
bool cw_argument_given(const struct cw_arguments *arguments, const char *name);
/* Whether it was given on the command line. */
bool cw_argument_is_flag(const struct cw_arguments *arguments, const char *name);
/* Reads the value of a count onto *value, which holds the default, within the range that the command's table
 * says. Errors: CW_E_INVALID. */
cw_status cw_argument_count(const struct cw_arguments *arguments, const char *name, int64_t *value,
                            struct cw_error *error);

/* The option of this name; NULL when the command has none. */
const struct cw_option *cw_option_find(const struct cw_command *command, const char *name);

/* Appends the help of one command, or of the program when command is NULL. */
cw_status cw_help_text(const struct cw_command *command, struct cw_buffer *out, struct cw_error *error);
/* Appends the manual page (man(7)) and the completion script for bash. */
cw_status cw_help_man(struct cw_buffer *out, struct cw_error *error);
cw_status cw_help_bash(struct cw_buffer *out, struct cw_error *error);

/* The commands, in the order in which help shows them. */
extern const struct cw_command *const cw_commands[];
extern const size_t cw_command_count;

#endif
