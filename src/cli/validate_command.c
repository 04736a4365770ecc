#include "service/validate.h"

#include "cli/commands.h"
#include "cli/console.h"
#include "service/values.h"

static int run_validate(const struct cw_arguments *arguments)
{
    struct cw_buffer out = {0};
    struct cw_error error = {0};
    struct cw_progress progress = {0};
    struct cw_validation validation = {0};
    int64_t threads = 0;
    if (cw_argument_given(arguments, "threads")) {
        const cw_status parsed = cw_value_count("threads", cw_argument(arguments, "threads"), 1,
                                                CW_VALIDATE_THREADS_MAX, &threads, &error);
        if (parsed != CW_OK) {
            return cw_console_fail(parsed, &error);
        }
    }
    cw_console_watch(&progress);
    struct cw_console_progress *shown =
        cw_console_progress_start(&progress, cw_argument_given(arguments, "quiet"));
    cw_status status =
        cw_validate_path(arguments->values[0], (uint32_t)threads, &progress, &validation, &error);
    cw_console_progress_stop(shown);
    if (status == CW_OK) {
        status = cw_argument_given(arguments, "json") ? cw_validation_json(&validation, &out, &error)
                                                      : cw_validation_text(&validation, &out, &error);
    }
    const bool violated = validation.violations > 0;
    cw_validation_clear(&validation);
    if (status != CW_OK) {
        cw_buffer_clear(&out);
        return cw_console_fail(status, &error);
    }
    const int code = cw_console_print(&out);
    return code != 0 ? code : violated ? cw_status_exit_code(CW_E_VIOLATION) : 0;
}

static const struct cw_option options[] = {
    {"json", NULL, "Print the result as JSON", NULL},
    {"threads", "N", "Threads; one per processor by default. The result does not depend on it", NULL},
    {"quiet", NULL, "Show no progress", NULL},
};

const struct cw_command cw_command_validate = {
    .name = "validate",
    .summary = "Check data against every reference and business rule",
    .arguments = "DIR|STORE|URI",
    .text = "Checks a directory of generated files, in any of the formats, or a store, be it a file or a "
            "postgresql:// URI: every reference, closed set and "
            "unique column of the schema, and every business rule. Prints for each rule how many rows were "
            "looked at, "
            "how many break it, and the first five of those. Rules that need a table that is not there are "
            "skipped. "
            "Exit code 1 when a rule is broken.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .fewest = 1,
    .most = 1,
    .examples = "  cartwright validate cartwright-data\n"
                "  cartwright validate --json shop.db\n"
                "  cartwright validate postgresql://user@host/shop\n",
    .run = run_validate,
};
