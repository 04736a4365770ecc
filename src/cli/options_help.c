#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "service/program_version.h"

#define TEXT_WIDTH 100
#define HELP_COLUMN 28

static const char exit_codes[] =
    "0 done; 1 validate, reproduce or doctor found something wrong; 2 wrong use; 3 input or output failed; 4 "
    "not "
    "found; "
    "5 would replace other data; 6 not supported; 7 damaged input; 8 a limit was passed; 9 timed out; 10 not "
    "available; 12 out of memory; 70 an error of Cartwright itself; 130 interrupted; 141 the reader of "
    "stdout went "
    "away.";

/* Appends text broken at blanks, every line but the first indented. */
static cw_status put_wrapped(struct cw_buffer *out, const char *text, size_t indent, struct cw_error *error)
{
    const size_t width = TEXT_WIDTH - indent;
    cw_status status = CW_OK;
    while (status == CW_OK) {
        size_t length = strlen(text);
        if (length > width) {
            length = width;
            while (length > 0 && text[length] != ' ') {
                length--;
            }
            length = length == 0 ? width : length;
        }
        status = cw_buffer_format(out, error, "%.*s\n", (int)length, text);
        text += length;
        text += *text == ' ';
        if (*text == '\0' || status != CW_OK) {
            break;
        }
        status = cw_buffer_format(out, error, "%*s", (int)indent, "");
    }
    return status;
}

static cw_status put_option(const struct cw_option *option, struct cw_buffer *out, struct cw_error *error)
{
    char name[64];
    snprintf(name, sizeof name, "  --%s%s%s", option->name, option->value == NULL ? "" : " ",
             option->value == NULL ? "" : option->value);
    const cw_status status = cw_buffer_format(out, error, "%-*s%s", HELP_COLUMN - 2, name, "  ");
    return status != CW_OK ? status : put_wrapped(out, option->help, HELP_COLUMN, error);
}

static cw_status program_help(struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(
        out, error,
        "cartwright makes coherent synthetic data of an online shop: from a seed, the same everywhere.\n\n"
        "Usage: cartwright COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:\n");
    for (size_t i = 0; i < cw_command_count && status == CW_OK; i++) {
        status = cw_buffer_format(out, error, "  %-12s %s\n", cw_commands[i]->name, cw_commands[i]->summary);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, "\ncartwright COMMAND --help tells more.\n\nExit codes: ");
    }
    return status != CW_OK ? status : put_wrapped(out, exit_codes, 0, error);
}

cw_status cw_help_text(const struct cw_command *command, struct cw_buffer *out, struct cw_error *error)
{
    if (command == NULL) {
        return program_help(out, error);
    }
    cw_status status = cw_buffer_format(out, error, "Usage: cartwright %s%s%s%s\n\n", command->name,
                                        command->option_count > 0 ? " [OPTIONS]" : "",
                                        command->arguments[0] != '\0' ? " " : "", command->arguments);
    if (status == CW_OK) {
        status = put_wrapped(out, command->text, 0, error);
    }
    if (status == CW_OK && command->option_count > 0) {
        status = cw_buffer_format(out, error, "\nOptions:\n");
    }
    for (size_t i = 0; i < command->option_count && status == CW_OK; i++) {
        status = put_option(&command->options[i], out, error);
    }
    if (status == CW_OK && command->examples[0] != '\0') {
        status = cw_buffer_format(out, error, "\nExamples:\n%s", command->examples);
    }
    return status;
}

/* ---- Manual page ---- */

/* Appends text with what roff would take for its own escaped. */
static cw_status put_roff(struct cw_buffer *out, const char *text, struct cw_error *error)
{
    cw_status status = CW_OK;
    bool begins_line = true;
    for (; *text != '\0' && status == CW_OK; text++) {
        if (begins_line && (*text == '.' || *text == '\'')) {
            status = cw_buffer_append(out, "\\&", 2, error);
        }
        if (status == CW_OK && (*text == '\\' || *text == '-')) {
            status = cw_buffer_append(out, "\\", 1, error);
        }
        if (status == CW_OK) {
            status = cw_buffer_append(out, *text == '\\' ? "e" : text, 1, error);
        }
        begins_line = *text == '\n';
    }
    return status;
}

static cw_status man_option(const struct cw_option *option, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(out, error, ".TP\n.B \\-\\-");
    if (status == CW_OK) {
        status = put_roff(out, option->name, error);
    }
    if (status == CW_OK && option->value != NULL) {
        status = cw_buffer_format(out, error, " \\fI%s\\fR", option->value);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(out, "\n", 1, error);
    }
    if (status == CW_OK) {
        status = put_roff(out, option->help, error);
    }
    return status != CW_OK ? status : cw_buffer_append(out, "\n", 1, error);
}

static cw_status man_command(const struct cw_command *command, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status =
        cw_buffer_format(out, error, ".SS cartwright %s %s\n", command->name, command->arguments);
    if (status == CW_OK) {
        status = put_roff(out, command->text, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(out, "\n", 1, error);
    }
    for (size_t i = 0; i < command->option_count && status == CW_OK; i++) {
        status = man_option(&command->options[i], out, error);
    }
    if (status == CW_OK && command->examples[0] != '\0') {
        status = cw_buffer_format(out, error, ".PP\nExamples:\n.PP\n.nf\n");
        if (status == CW_OK) {
            status = put_roff(out, command->examples, error);
        }
        if (status == CW_OK) {
            status = cw_buffer_format(out, error, ".fi\n");
        }
    }
    return status;
}

cw_status cw_help_man(struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(
        out, error,
        ".TH CARTWRIGHT 1 \"\" \"cartwright %s\" \"User Commands\"\n.SH NAME\ncartwright \\- coherent "
        "synthetic data of "
        "an online shop\n.SH SYNOPSIS\n.B cartwright\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n"
        ".SH DESCRIPTION\nMakes customers, a catalogue, stock and orders that belong together, from a seed: "
        "the same "
        "data on every machine.\n.SH COMMANDS\n",
        CW_PROGRAM_VERSION);
    for (size_t i = 0; i < cw_command_count && status == CW_OK; i++) {
        status = man_command(cw_commands[i], out, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, ".SH EXIT STATUS\n");
    }
    if (status == CW_OK) {
        status = put_roff(out, exit_codes, error);
    }
    return status != CW_OK ? status : cw_buffer_append(out, "\n", 1, error);
}

/* ---- Completion ---- */

static cw_status bash_command(const struct cw_command *command, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(out, error, "    %s)\n        options='--help", command->name);
    for (size_t i = 0; i < command->option_count && status == CW_OK; i++) {
        status = cw_buffer_format(out, error, " --%s", command->options[i].name);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, "'\n        case $previous in\n");
    }
    for (size_t i = 0; i < command->option_count && status == CW_OK; i++) {
        const struct cw_option_form *form = command->options[i].form;
        if (form != NULL && form->choices != NULL) {
            status = cw_buffer_format(out, error, "        --%s) choices='%s' ;;\n", command->options[i].name,
                                      form->choices);
        }
    }
    return status != CW_OK ? status : cw_buffer_format(out, error, "        esac\n        ;;\n");
}

cw_status cw_help_bash(struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = cw_buffer_format(
        out, error,
        "# Completion of cartwright for bash; written by `cartwright help --format bash`.\n"
        "_cartwright() {\n    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "    local options='' choices=''\n    if ((COMP_CWORD == 1)); then\n        COMPREPLY=($(compgen -W "
        "'");
    for (size_t i = 0; i < cw_command_count && status == CW_OK; i++) {
        status = cw_buffer_format(out, error, "%s%s", i == 0 ? "" : " ", cw_commands[i]->name);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error,
                                  "' -- \"$word\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n");
    }
    for (size_t i = 0; i < cw_command_count && status == CW_OK; i++) {
        status = bash_command(cw_commands[i], out, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(
            out, error,
            "    esac\n    if [[ -n $choices ]]; then\n        COMPREPLY=($(compgen -W \"$choices\" -- "
            "\"$word\"))\n"
            "    elif [[ $word == -* ]]; then\n        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
            "    else\n        COMPREPLY=($(compgen -f -- \"$word\"))\n    fi\n}\n"
            "complete -o filenames -F _cartwright cartwright\n");
    }
    return status;
}
