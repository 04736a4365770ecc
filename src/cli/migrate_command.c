#include "service/migrate.h"

#include <string.h>

#include "cli/commands.h"
#include "cli/console.h"

static const struct {
    const char *name;
    cw_status (*act)(const char *location, struct cw_buffer *out, struct cw_error *error);
} actions[] = {{"status", cw_migrate_status}, {"up", cw_migrate_up}, {"check", cw_migrate_check}};

static int run_migrate(const struct cw_arguments *arguments)
{
    struct cw_buffer out = {0};
    struct cw_error error = {0};
    const char *action = arguments->values[0];
    cw_status status = CW_E_INVALID;
    size_t at = 0;
    while (at < sizeof actions / sizeof *actions && strcmp(actions[at].name, action) != 0) {
        at++;
    }
    if (at == sizeof actions / sizeof *actions) {
        cw_error_set(&error, status, "action", "%.100s is no action, expected status, up or check", action);
    } else {
        status = actions[at].act(arguments->values[1], &out, &error);
    }
    if (status != CW_OK) {
        cw_buffer_clear(&out);
        return cw_console_fail(status, &error);
    }
    return cw_console_print(&out);
}

const struct cw_command cw_command_migrate = {
    .name = "migrate",
    .summary = "Show, apply or check the revisions of a store's schema",
    .arguments = "status|up|check STORE",
    .text =
        "Every store has a schema of numbered revisions that only go forward. `status` tells which ones a "
        "store "
        "has and changes nothing; `up` applies those that are missing, as every command that writes into a "
        "store does; `check` fails unless all are there and, with PostgreSQL, every column, key and index is "
        "as they left it, and says what differs.",
    .fewest = 2,
    .most = 2,
    .examples = "  cartwright migrate up postgresql://shop@db.example.com/shop\n"
                "  cartwright migrate check shop.db\n",
    .run = run_migrate,
};
