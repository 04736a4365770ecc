#define _POSIX_C_SOURCE 200809L
#include "service/redact.h"

#include <string.h>
#include <strings.h>

#define MASK "***"

/* The parameters of libpq that are secrets. */
static const char *const secret_parameters[] = {"password", "sslpassword", "passfile", "oauth_client_secret"};

static bool is_secret(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof secret_parameters / sizeof secret_parameters[0]; i++) {
        if (strlen(secret_parameters[i]) == length && strncasecmp(name, secret_parameters[i], length) == 0) {
            return true;
        }
    }
    /* Escapes may spell any name. */
    return memchr(name, '%', length) != NULL;
}

/* Appends "user:password@host", of which size bytes belong to the authority. */
static cw_status put_authority(const char *authority, size_t size, struct cw_buffer *out,
                               struct cw_error *error)
{
    size_t at = size;
    while (at > 0 && authority[at - 1] != '@') {
        at--;
    }
    const char *colon = at > 0 ? memchr(authority, ':', at) : NULL;
    if (colon == NULL) {
        return cw_buffer_append(out, authority, size, error);
    }
    return cw_buffer_format(out, error, "%.*s:" MASK "@%.*s", (int)(colon - authority), authority,
                            (int)(size - at), authority + at);
}

static cw_status put_query(const char *query, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = CW_OK;
    while (*query != '\0' && status == CW_OK) {
        const size_t name = strcspn(query, "=&");
        const size_t whole = strcspn(query, "&");
        status = name < whole && is_secret(query, name)
                     ? cw_buffer_format(out, error, "%.*s=" MASK, (int)name, query)
                     : cw_buffer_append(out, query, whole, error);
        query += whole;
        if (status == CW_OK && *query == '&') {
            status = cw_buffer_append(out, query++, 1, error);
        }
    }
    return status;
}

cw_status cw_redact_address(const char *text, struct cw_buffer *out, struct cw_error *error)
{
    const char *start = strstr(text, "://");
    if (start == NULL) {
        return cw_buffer_append(out, text, strlen(text), error);
    }
    start += 3;
    /* A password may hold a slash or a question mark that nobody escaped: the last @ ends it. */
    const char *at = strrchr(start, '@');
    const char *from = at != NULL ? at : start;
    const size_t authority = (size_t)(from - start) + strcspn(from, "/?#");
    cw_status status = cw_buffer_append(out, text, (size_t)(start - text), error);
    if (status == CW_OK) {
        status = put_authority(start, authority, out, error);
    }
    const char *rest = start + authority;
    const size_t path = strcspn(rest, "?");
    if (status == CW_OK) {
        status = cw_buffer_append(out, rest, path + (rest[path] == '?'), error);
    }
    return status == CW_OK ? put_query(rest + path + (rest[path] == '?'), out, error) : status;
}
