#include "service/doctor.h"

#include <string.h>

#include "cli/commands.h"
#include "cli/console.h"

static cw_status read_options(const struct cw_arguments *arguments, struct cw_server_options *server,
                              struct cw_error *error)
{
    int64_t port = 8080;
    int64_t connections = 4096;
    const char *address = cw_argument(arguments, "address");
    cw_status status = cw_argument_count(arguments, "port", &port, error);
    if (status == CW_OK) {
        status = cw_argument_count(arguments, "connections", &connections, error);
    }
    server->address = address != NULL ? address : "127.0.0.1";
    server->port = (uint16_t)port;
    server->connections = (uint32_t)connections;
    server->access = (struct cw_access_options){.is_demanded = cw_argument_given(arguments, "auth"),
                                                .is_off = cw_argument_given(arguments, "no-auth"),
                                                .jwks = cw_argument(arguments, "jwks"),
                                                .jwt_secret = cw_argument(arguments, "jwt-secret")};
    return status;
}

static int run_doctor(const struct cw_arguments *arguments)
{
    struct cw_server_options server = {0};
    struct cw_findings findings;
    struct cw_buffer out = {0};
    struct cw_error error = {0};
    const char *store = cw_argument(arguments, "store");
    const char *format = cw_argument(arguments, "format");
    const bool as_json = format != NULL && strcmp(format, "json") == 0;
    cw_status status = read_options(arguments, &server, &error);
    if (status == CW_OK && format != NULL && !as_json && strcmp(format, "text") != 0) {
        status = cw_error_set(&error, CW_E_INVALID, "format", "format is '%.60s', but must be text or json",
                              format);
    }
    if (status == CW_OK) {
        cw_doctor_examine(store != NULL ? store : "cartwright.db", &server, &findings);
        status =
            as_json ? cw_findings_json(&findings, &out, &error) : cw_findings_text(&findings, &out, &error);
    }
    if (status != CW_OK) {
        cw_buffer_clear(&out);
        return cw_console_fail(status, &error);
    }
    const int code = cw_console_print(&out);
    return code != 0 ? code : findings.problems > 0 ? 1 : 0;
}

static const struct cw_option options[] = {
    {"store", "PATH|URI", "The store of the server; cartwright.db by default", NULL},
    {"address", "IP", "Address that the server is to listen on; 127.0.0.1 by default", NULL},
    {"port", "N", "Port that it is to listen on; 8080 by default", CW_COUNT(0, 65535)},
    {"connections", "N", "Connections at the same time; 4096 by default", CW_COUNT(1, 100000)},
    {"auth", NULL, "The server asks for keys", NULL},
    {"no-auth", NULL, "The server lets everybody in", NULL},
    {"jwks", "FILE", "Keys of tokens that it takes", NULL},
    {"jwt-secret", "FILE", "Secret of tokens that it takes", NULL},
    {"format", "NAME", "text (default) or json", CW_CHOICE("text json")},
    CW_CONFIG_OPTION,
};

const struct cw_command cw_command_doctor = {
    .name = "doctor",
    .summary = "Check what a server needs, and say how to mend it",
    .arguments = "",
    .text = "Looks, and changes nothing: file descriptors, room on disks, the clock, the port, files of "
            "keys, the "
            "store, its schema and rights, and the settings of PostgreSQL. Each line is ok, a warning or a "
            "problem "
            "with what to do about it. It takes the options and settings of serve. The exit code is 1 when "
            "there is "
            "a problem.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .settings = "serve",
    .examples = "  cartwright doctor --config /etc/cartwright/cartwright.yaml\n"
                "  cartwright doctor --store postgresql://shop@db.example.com/shop --format json\n",
    .run = run_doctor,
};
