#include "cartwright/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* What both front ends make of a status. Exit codes above 64 follow sysexits.h (70: EX_SOFTWARE) and the
 * shell's 128 + SIGINT. */
struct status_row {
    const char *name;
    int http;
    int exit_code;
    bool retryable;
};

static const struct status_row status_rows[] = {
    [-CW_OK] = {"ok", 200, 0, false},
    [-CW_E_INVALID] = {"invalid", 400, 2, false},
    [-CW_E_NO_MEMORY] = {"no_memory", 503, 12, true},
    [-CW_E_IO] = {"io", 503, 3, false},
    [-CW_E_NOT_FOUND] = {"not_found", 404, 4, false},
    [-CW_E_CONFLICT] = {"conflict", 409, 5, false},
    [-CW_E_CANCELLED] = {"cancelled", 503, 130, true},
    [-CW_E_UNSUPPORTED] = {"unsupported", 422, 6, false},
    [-CW_E_CORRUPT] = {"corrupt", 500, 7, false},
    [-CW_E_LIMIT] = {"limit", 413, 8, false},
    [-CW_E_TIMEOUT] = {"timeout", 504, 9, true},
    [-CW_E_UNAVAILABLE] = {"unavailable", 503, 10, true},
    [-CW_E_INTERNAL] = {"internal", 500, 70, false},
    [-CW_E_VIOLATION] = {"violation", 422, 1, false},
};

static const struct status_row unknown_row = {"unknown", 500, 70, false};

static const struct status_row *status_row_get(cw_status status)
{
    const int count = (int)(sizeof status_rows / sizeof status_rows[0]);
    if (status > 0 || status <= -count) {
        return &unknown_row;
    }
    return &status_rows[-status];
}

/* Drops a UTF-8 sequence that a cut left unfinished at the end of text, so that the text stays valid in JSON.
 */
static void trim_unfinished_character(char *text)
{
    const size_t length = strlen(text);
    size_t start = length;
    while (start > 0 && length - start < 4) {
        start--;
        const unsigned char byte = (unsigned char)text[start];
        if ((byte & 0xC0) == 0x80) {
            continue;
        }
        const size_t needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
        if (needed > length - start) {
            text[start] = '\0';
        }
        return;
    }
}

#undef cw_error_set
cw_status cw_error_set(struct cw_error *error, cw_status code, const char *field, const char *format, ...)
{
    if (error == NULL) {
        return code;
    }
    /* field and the arguments may point into *error when a caller adds context, so all is formatted aside. */
    struct cw_error made = {.code = code, .native_code = 0, .retryable = status_row_get(code)->retryable};
    if (field != NULL && snprintf(made.field, sizeof made.field, "%s", field) >= (int)sizeof made.field) {
        trim_unfinished_character(made.field);
    }
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(made.message, sizeof made.message, format, arguments);
    va_end(arguments);
    if (length < 0) {
        made.message[0] = '\0';
    } else if ((size_t)length >= sizeof made.message) {
        trim_unfinished_character(made.message);
    }
    *error = made;
    return code;
}

const char *cw_status_name(cw_status status)
{
    return status_row_get(status)->name;
}

int cw_status_http(cw_status status)
{
    return status_row_get(status)->http;
}

int cw_status_exit_code(cw_status status)
{
    return status_row_get(status)->exit_code;
}
