/* The status codes and the error object that every fallible function of Cartwright uses. */
#ifndef CARTWRIGHT_ERROR_H
#define CARTWRIGHT_ERROR_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* 0 on success, else one of the negative codes below. */
typedef int cw_status;

enum {
    CW_OK = 0,
    CW_E_INVALID = -1,      /* a value given by the caller is not acceptable */
    CW_E_NO_MEMORY = -2,    /* an allocation failed */
    CW_E_IO = -3,           /* a file, socket or disk failed; native_code is errno where there is one */
    CW_E_NOT_FOUND = -4,    /* what was named does not exist */
    CW_E_CONFLICT = -5,     /* it clashes with what is already there */
    CW_E_CANCELLED = -6,    /* the caller asked for the work to stop */
    CW_E_UNSUPPORTED = -7,  /* valid, but not possible with this format, store or version */
    CW_E_CORRUPT = -8,      /* data read back is damaged or not what its header says */
    CW_E_LIMIT = -9,        /* a documented limit would be exceeded */
    CW_E_TIMEOUT = -10,     /* the time allowed ran out */
    CW_E_UNAVAILABLE = -11, /* a needed service is away or overloaded; retrying may help */
    CW_E_INTERNAL = -12,    /* a broken invariant of Cartwright itself */
    CW_E_VIOLATION = -13    /* data breaks a business rule or a reference */
};

/* Why a call failed. Plain storage of the caller; no function allocates into it, copying it is allowed.
 * Every function that takes one accepts NULL. Contents are meaningful only after a non-zero status. */
struct cw_error {
    cw_status code;
    int native_code;   /* errno, SQLite code, ...; 0 where there is none */
    bool retryable;    /* the same call may succeed later, unchanged */
    char field[64];    /* the offending field or option in the caller's own terms; "" where none applies */
    char message[448]; /* one sentence: the field, the value given and what was expected */
};

/* Fills *error (when not NULL) and returns code, so that a failing function can end with
 * `return cw_error_set(...)`. field may be NULL. The message is cut, never overrun. Thread-safe. */
cw_status cw_error_set(struct cw_error *error, cw_status code, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
#ifdef __clang_analyzer__
/* Shows the analyzer, which sees one source file at a time, that the result is the code. */
#define cw_error_set(error, code, ...) ((void)cw_error_set(error, code, __VA_ARGS__), (code))
#endif

/* The stable name of a status, such as "invalid" or "not_found"; "unknown" for anything else. Static storage.
 */
const char *cw_status_name(cw_status status);

/* The HTTP status (400, 404, 409, 503, ...) and the process exit code (0 ok, 1 violation, 2 usage, 3 ...) for
 * a status: the one table that both front ends use. */
int cw_status_http(cw_status status);
int cw_status_exit_code(cw_status status);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
