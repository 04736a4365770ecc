#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "service/access_key.h"
#include "service/generate_store.h"
#include "service/json_read.h"
#include "service/values.h"

#define DEFAULT_STORE "cartwright.db"
#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)
#define DAYS_MAX 36500

static cw_status open_store(const struct cw_arguments *arguments, bool creates, bool read_only,
                            struct cw_store **store, struct cw_error *error)
{
    const char *location = cw_argument(arguments, "store");
    const struct cw_store_options options = {
        .location = location != NULL ? location : DEFAULT_STORE, .create = creates, .read_only = read_only};
    return cw_store_open(&options, store, error);
}

/* --expires: days ("90d"), "never", or a time to come. */
static cw_status read_expiry(const char *text, int64_t now, int64_t *expires_at, struct cw_error *error)
{
    const size_t length = strlen(text);
    char days[16];
    int64_t count = 0;
    if (strcmp(text, "never") == 0) {
        *expires_at = 0;
        return CW_OK;
    }
    if (length > 1 && length < sizeof days && text[length - 1] == 'd') {
        snprintf(days, sizeof days, "%.*s", (int)(length - 1), text);
        const cw_status status = cw_value_count("expires", days, 1, DAYS_MAX, &count, error);
        *expires_at = status == CW_OK ? now + count * DAY : *expires_at;
        return status;
    }
    int64_t time = 0;
    if (cw_value_time("expires", text, &time, NULL) != CW_OK || time < now + SECOND) {
        return cw_error_set(error, CW_E_INVALID, "expires",
                            "expires is '%.60s'; expected days such as 90d, a date or time to come, or never",
                            text);
    }
    *expires_at = time;
    return CW_OK;
}

/* Whether a text is UTF-8 that a terminal shows as it is: no control characters. */
static bool is_plain(const char *text, size_t length)
{
    bool is_control = false;
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)text[i];
        is_control = is_control || byte < 0x20 || byte == 0x7F ||
                     (byte == 0xC2 && ((unsigned char)text[i + 1] & 0xE0) == 0x80);
    }
    return !is_control && cw_parse_is_utf8(text, length);
}

static cw_status read_record(const struct cw_arguments *arguments, struct cw_key_record *record,
                             struct cw_error *error)
{
    const char *name = cw_argument(arguments, "name");
    const char *scopes = cw_argument(arguments, "scopes");
    const char *expires = cw_argument(arguments, "expires");
    const char *rate = cw_argument(arguments, "rate");
    const size_t length = name != NULL ? strlen(name) : 0;
    if (length == 0 || length > CW_KEY_NAME_MAX || !is_plain(name, length)) {
        return cw_error_set(
            error, CW_E_INVALID, "name",
            "name is '%.80s'; expected --name with 1 to %d bytes of UTF-8, without control characters, that "
            "say whose key it is",
            name != NULL ? name : "", CW_KEY_NAME_MAX);
    }
    memcpy(record->name, name, length + 1);
    cw_status status = cw_scopes_read("scopes", scopes != NULL ? scopes : "read", &record->scopes, error);
    if (status == CW_OK && expires != NULL) {
        status = read_expiry(expires, cw_time_now(), &record->expires_at, error);
    }
    if (status == CW_OK && rate != NULL) {
        status = cw_value_count("rate", rate, 1, 1000000, &record->rate, error);
    }
    return status;
}

static void time_or(int64_t time, const char *otherwise, char text[CW_TIME_TEXT])
{
    if (time == 0) {
        snprintf(text, CW_TIME_TEXT, "%s", otherwise);
    } else {
        cw_time_text(time, text);
    }
}

static cw_status print_json_time(struct cw_buffer *out, const char *name, int64_t time,
                                 struct cw_error *error)
{
    char text[CW_TIME_TEXT];
    if (time == 0) {
        return cw_buffer_format(out, error, ",\"%s\":null", name);
    }
    cw_time_text(time, text);
    return cw_buffer_format(out, error, ",\"%s\":\"%s\"", name, text);
}

/* One object; key is NULL unless it is new. */
static cw_status print_json(const struct cw_key_record *record, const char *key, struct cw_buffer *out,
                            struct cw_error *error)
{
    char id[CW_UUID_TEXT];
    char scopes[CW_SCOPES_TEXT];
    cw_uuid_text(&record->id, id);
    cw_scopes_text(record->scopes, scopes);
    cw_status status = cw_buffer_format(out, error, "{\"id\":\"%s\",\"name\":", id);
    if (status == CW_OK) {
        status = cw_json_quote(out, record->name, strlen(record->name), error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, ",\"scopes\":\"%s\",\"state\":\"%s\"", scopes,
                                  cw_access_key_state(record, cw_time_now()));
    }
    if (status == CW_OK && record->rate > 0) {
        status = cw_buffer_format(out, error, ",\"rate\":%lld", (long long)record->rate);
    }
    const struct {
        const char *name;
        int64_t time;
    } times[] = {{"created_at", record->created_at},
                 {"expires_at", record->expires_at},
                 {"revoked_at", record->revoked_at},
                 {"used_at", record->used_at}};
    for (size_t i = 0; i < sizeof times / sizeof times[0] && status == CW_OK; i++) {
        status = print_json_time(out, times[i].name, times[i].time, error);
    }
    if (status == CW_OK && key != NULL) {
        status = cw_buffer_format(out, error, ",\"key\":\"%s\"", key);
    }
    return status == CW_OK ? cw_buffer_append(out, "}\n", 2, error) : status;
}

/* Prints a new key; one that could not be shown is of no use to anybody but whoever saw half of it. */
static int show_key(struct cw_store *store, const struct cw_key_record *record, struct cw_buffer *out)
{
    struct cw_error error = {0};
    char id[CW_UUID_TEXT];
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of the write */
    const int code = cw_console_print(out);
    cw_uuid_text(&record->id, id);
    if (code == 0) {
        fprintf(stderr,
                "This is key %s; it is shown only now. Servers that ask for keys know it within a second.\n",
                id);
    } else if (cw_store_key_revoke(store, &record->id, cw_time_now(), &error) == CW_OK) {
        fprintf(stderr, "Key %s could not be shown and is revoked.\n", id);
    } else {
        fprintf(stderr, "Key %s could not be shown; please revoke it: %s\n", id, error.message);
    }
    return code;
}

static int create_key(const struct cw_arguments *arguments)
{
    struct cw_key_record record = {0};
    struct cw_store *store = NULL;
    struct cw_buffer out = {0};
    struct cw_error error = {0};
    char key[CW_ACCESS_KEY_LENGTH + 1] = "";
    cw_status status = read_record(arguments, &record, &error);
    if (status == CW_OK) {
        status = open_store(arguments, true, false, &store, &error);
    }
    if (status == CW_OK) {
        status = cw_access_key_new(&record, key, &error);
    }
    if (status == CW_OK) {
        status = cw_argument_given(arguments, "json") ? print_json(&record, key, &out, &error)
                                                      : cw_buffer_format(&out, &error, "%s\n", key);
    }
    cw_access_key_wipe(key);
    if (status == CW_OK) {
        status = cw_store_key_add(store, &record, &error);
    }
    const int code = status == CW_OK ? show_key(store, &record, &out) : cw_console_fail(status, &error);
    cw_buffer_clear(&out);
    cw_store_close(store);
    return code;
}

static cw_status print_line(const struct cw_key_record *record, struct cw_buffer *out, struct cw_error *error)
{
    char id[CW_UUID_TEXT];
    char scopes[CW_SCOPES_TEXT];
    char created[CW_TIME_TEXT];
    char expires[CW_TIME_TEXT];
    char used[CW_TIME_TEXT];
    cw_uuid_text(&record->id, id);
    cw_scopes_text(record->scopes, scopes);
    time_or(record->created_at, "-", created);
    time_or(record->expires_at, "never", expires);
    time_or(record->used_at, "never", used);
    return cw_buffer_format(out, error, "%s  %-8s  created %s  expires %s  used %s  %s  %s\n", id,
                            cw_access_key_state(record, cw_time_now()), created, expires, used, scopes,
                            record->name);
}

static int list_keys(const struct cw_arguments *arguments)
{
    struct cw_key_record *records = NULL;
    struct cw_store *store = NULL;
    struct cw_buffer out = {0};
    struct cw_error error = {0};
    uint32_t count = 0;
    const bool as_json = cw_argument_given(arguments, "json");
    cw_status status = open_store(arguments, false, true, &store, &error);
    if (status == CW_OK) {
        status = cw_store_keys(store, &records, &count, &error);
    }
    cw_store_close(store);
    for (uint32_t i = 0; i < count && status == CW_OK; i++) {
        status =
            as_json ? print_json(&records[i], NULL, &out, &error) : print_line(&records[i], &out, &error);
    }
    free(records);
    const int code = status == CW_OK ? cw_console_print(&out) : cw_console_fail(status, &error);
    cw_buffer_clear(&out);
    return code;
}

static int revoke_key(const struct cw_arguments *arguments)
{
    struct cw_store *store = NULL;
    struct cw_uuid id;
    struct cw_error error = {0};
    cw_status status = CW_OK;
    if (arguments->count < 2) {
        status = cw_error_set(&error, CW_E_INVALID, "id", "the key is missing: cartwright keys revoke ID");
    }
    if (status == CW_OK) {
        status = cw_value_uuid("id", arguments->values[1], &id, &error);
    }
    if (status == CW_OK) {
        status = open_store(arguments, false, false, &store, &error);
    }
    if (status == CW_OK) {
        status = cw_store_key_revoke(store, &id, cw_time_now(), &error);
    }
    cw_store_close(store);
    if (status != CW_OK) {
        return cw_console_fail(status, &error);
    }
    fprintf(stderr, "Key %s is revoked; servers refuse it within a second.\n", arguments->values[1]);
    return 0;
}

/* What can be done, with how many arguments, and which options it has beside --store and --config. */
static const struct action {
    const char *name;
    size_t arguments;
    const char *options; /* each between blanks */
    int (*run)(const struct cw_arguments *arguments);
} actions[] = {
    {"create", 1, " name scopes expires rate json ", create_key},
    {"list", 1, " json ", list_keys},
    {"revoke", 2, " ", revoke_key},
};

static cw_status check_action(const struct action *action, const struct cw_arguments *arguments,
                              struct cw_error *error)
{
    if (arguments->count > action->arguments) {
        return cw_error_set(error, CW_E_INVALID, NULL,
                            "unexpected argument '%.60s'; see cartwright keys --help",
                            arguments->values[action->arguments]);
    }
    for (size_t i = 0; i < arguments->given_count; i++) {
        const char *name = arguments->given[i].option->name;
        char word[32];
        snprintf(word, sizeof word, " %s ", name);
        if (strstr(" store config ", word) == NULL && strstr(action->options, word) == NULL) {
            return cw_error_set(error, CW_E_INVALID, name,
                                "--%s says nothing to keys %s; see cartwright keys --help", name,
                                action->name);
        }
    }
    return CW_OK;
}

static int run_keys(const struct cw_arguments *arguments)
{
    struct cw_error error = {0};
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(actions[i].name, arguments->values[0]) == 0) {
            const cw_status status = check_action(&actions[i], arguments, &error);
            return status == CW_OK ? actions[i].run(arguments) : cw_console_fail(status, &error);
        }
    }
    cw_error_set(&error, CW_E_INVALID, NULL,
                 "'%.60s' can't be done with keys; expected create, list or revoke", arguments->values[0]);
    return cw_console_fail(error.code, &error);
}

static const struct cw_option options[] = {
    {"store", "PATH|URI",
     "The store that keeps the keys: a file, cartwright.db by default, or a postgresql:// URI", NULL},
    {"name", "TEXT", "create: whose key it is", NULL},
    {"scopes", "LIST", "create: read, generate, admin, personal-data, separated by commas; read by default",
     CW_PROPOSE("read read,generate read,generate,personal-data read,generate,admin,personal-data")},
    {"expires", "WHEN", "create: days such as 90d, a date or time, or never, which is the default", NULL},
    {"rate", "N", "create: requests a minute, instead of what serve --rate says", NULL},
    {"json", NULL, "Print JSON, one object a line", NULL},
    CW_CONFIG_OPTION,
};

const struct cw_command cw_command_keys = {
    .name = "keys",
    .summary = "Make, list and revoke the API keys of a store",
    .arguments = "create|list|revoke [ID]",
    .text =
        "create makes a key and prints it, once: the store keeps only its digest. list shows all keys, never "
        "the keys themselves. revoke ends the key with this id for good. A server learns of each within a "
        "second. read lets look at rows, runs and jobs, generate make rows, admin read the metrics; "
        "columns that tell of a person are shown only with personal-data.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .settings = "",
    .fewest = 1,
    .most = 2,
    .examples = "  cartwright keys create --store shop.db --name ci --scopes read,generate --expires 90d\n"
                "  cartwright keys list --store shop.db\n"
                "  cartwright keys revoke --store shop.db 01890a5d-ac96-774b-bcce-b302099a8057\n",
    .run = run_keys,
};
