/* Command lines: one word per line, the first one a command; for generate up to the run spec that its options
 * make. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/generate_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_WORDS 100

static void read_generate(const struct cw_arguments *arguments)
{
    struct cw_generate_options options;
    struct cw_error error = {0};
    /* --spec reads a file, which fuzz_run_spec does better. */
    if (cw_argument_given(arguments, "spec") ||
        cw_generate_options_read(arguments, &options, &error) != CW_OK) {
        return;
    }
    if (options.shards == 0 || options.shard >= options.shards || options.format >= CW_FORMAT_COUNT) {
        abort();
    }
    (void)cw_run_spec_resolve(&options.spec, &error);
}

static void read_words(char **words, int count)
{
    struct cw_arguments arguments;
    struct cw_error error = {0};
    for (size_t i = 0; i < cw_command_count; i++) {
        const struct cw_command *command = cw_commands[i];
        if (strcmp(command->name, words[0]) != 0 ||
            cw_arguments_parse(command, count - 1, words + 1, &arguments, &error) != CW_OK) {
            continue;
        }
        if (arguments.count > command->most || (arguments.count < command->fewest && !arguments.wants_help)) {
            abort();
        }
        if (command->options == cw_generate_option_table && !arguments.wants_help) {
            read_generate(&arguments);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *words[MOST_WORDS];
    int count = 0;
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *at = text; at != NULL && count < MOST_WORDS;) {
        char *end = strchr(at, '\n');
        words[count++] = at;
        if (end != NULL) {
            *end = '\0';
        }
        at = end != NULL ? end + 1 : NULL;
    }
    read_words(words, count);
    free(text);
    return 0;
}
