/* What libmicrohttpd lets through and must not: requests whose framing two servers could read differently
 * (request smuggling, RFC 9112 section 11.2), and headers without end. */
#ifndef CW_API_HEADER_GATE_H
#define CW_API_HEADER_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cartwright/error.h"

#define CW_HEADERS_MAX 64
#define CW_HEADERS_SIZE_MAX 16384
#define CW_REQUEST_ID_MAX 128

/* Collects what matters of a request's headers, one after the other. Zeroed storage begins a request. */
struct cw_header_gate {
    size_t count, size;
    int host_count, length_count, transfer_count;
    int64_t content_length; /* -1: not a number */
    bool is_chunked;
    bool is_broken; /* a name or value holds what it must not */
};

void cw_header_gate_add(struct cw_header_gate *gate, const char *name, size_t name_size, const char *value,
                        size_t value_size);

/* The verdict after the last header. http_1_0: the request is HTTP/1.0, which needs no Host. Errors:
 * CW_E_INVALID, CW_E_LIMIT; the connection must be closed after them. */
cw_status cw_header_gate_check(const struct cw_header_gate *gate, bool http_1_0, struct cw_error *error);

/* Whether an X-Request-Id or Idempotency-Key may be echoed and logged: 1 to CW_REQUEST_ID_MAX visible ASCII
 * characters without quotes and backslashes. */
bool cw_request_id_is_good(const char *text);

/* Whether text is a W3C traceparent of version 00 with ids that are not zero. */
bool cw_traceparent_is_good(const char *text);

#endif
