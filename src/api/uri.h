/* Request targets (RFC 3986, RFC 9112), read strictly: paths, query strings, percent-encoding. Pure functions
 * over text from outside. */
#ifndef CW_API_URI_H
#define CW_API_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "cartwright/error.h"

#define CW_URI_SIZE_MAX 8192
#define CW_QUERY_PAIRS_MAX 48

/* Decodes %XX (and, in queries, '+' to a space) from text into out, which has room for size + 1 bytes; ends
 * it with a zero byte. False for a broken escape, a zero byte, a control character in a path, or what is not
 * UTF-8. */
bool cw_uri_decode(const char *text, size_t size, bool is_query, char *out, size_t *length);

/* One name and value of a query string. */
struct cw_query_pair {
    const char *name;
    const char *value;
};

/* The decoded target. Zeroed storage is valid. */
struct cw_uri {
    const char *path;            /* as sent: still percent-encoded, begins with '/' */
    struct cw_query_pair *pairs; /* owned: the memory of them all, path, names and values */
    size_t pair_count;
};

/* Splits a request target in origin form ("/path?query") or absolute form ("http://host/path?query").
 * Errors: CW_E_INVALID, CW_E_LIMIT beyond CW_URI_SIZE_MAX bytes or CW_QUERY_PAIRS_MAX pairs, CW_E_NO_MEMORY.
 * Where only the query is at fault, uri has the path, for whoever tells of it, and must be cleared. */
cw_status cw_uri_parse(const char *target, struct cw_uri *uri, struct cw_error *error);
void cw_uri_clear(struct cw_uri *uri);

/* The value of the only pair of that name, or NULL. */
const char *cw_uri_query(const struct cw_uri *uri, const char *name);

/* Writes text with all but unreserved characters percent-encoded; out has room for 3 * strlen(text) + 1. */
void cw_uri_encode(const char *text, char *out);

#endif
