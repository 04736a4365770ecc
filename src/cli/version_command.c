#include "cli/commands.h"
#include "cli/console.h"
#include "model/reference.h"
#include "service/program_version.h"

static int run_version(const struct cw_arguments *arguments)
{
    struct cw_buffer out = {0};
    struct cw_error error = {0};
    (void)arguments;
    const cw_status status = cw_buffer_format(&out, &error, "cartwright %s\ndata version %u\n",
                                              CW_PROGRAM_VERSION, cw_data_version());
    return status == CW_OK ? cw_console_print(&out) : cw_console_fail(status, &error);
}

const struct cw_command cw_command_version = {
    .name = "version",
    .summary = "Print the version of the program and of its data",
    .arguments = "",
    .text = "Prints the version of the program, and the data version: the same run spec and data version "
            "give the same "
            "bytes.",
    .examples = "",
    .run = run_version,
};
