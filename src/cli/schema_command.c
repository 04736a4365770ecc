#include "service/schema_print.h"

#include "cli/commands.h"
#include "cli/console.h"
#include "service/run_request.h"

static int run_schema(const struct cw_arguments *arguments)
{
    struct cw_buffer out = {0};
    struct cw_error error = {0};
    struct cw_selection selection;
    const char *name = cw_argument(arguments, "format");
    const int format = name == NULL ? CW_SCHEMA_TEXT : cw_schema_format_find(name);
    uint32_t entities = 0;
    cw_status status = CW_OK;
    if (format < 0) {
        status = cw_error_set(&error, CW_E_INVALID, "format",
                              "format is '%.60s', but must be text, json or sql", name);
    }
    for (size_t i = 0; i < arguments->count && status == CW_OK; i++) {
        status = cw_request_tables("the table", arguments->values[i], &selection, &error);
        for (int e = 0; e < CW_ENTITY_COUNT && status == CW_OK; e++) {
            entities |= selection.columns[e] != 0 ? 1U << e : 0;
        }
    }
    if (status == CW_OK) {
        status = cw_schema_print((enum cw_schema_format)format, arguments->count == 0 ? UINT32_MAX : entities,
                                 &out, &error);
    }
    return status == CW_OK ? cw_console_print(&out) : cw_console_fail(status, &error);
}

static const struct cw_option options[] = {
    {"format", "FORMAT", "text (default), json, or sql (CREATE TABLE statements)",
     CW_CHOICE("text json sql")},
};

const struct cw_command cw_command_schema = {
    .name = "schema",
    .summary = "Print the tables and columns of the shop",
    .arguments = "[TABLE...]",
    .text = "Prints every table and column: type, nullability, references, unit, personal-data class and "
            "meaning.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .most = 16,
    .examples = "  cartwright schema orders order_items\n"
                "  cartwright schema --format sql | psql\n",
    .run = run_schema,
};
