#define _POSIX_C_SOURCE 200809L
#include "service/redact.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "service/access_key.h"

#define MASK "***"
#define BLANKS " \t\r\n"

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

/* Appends "host=db password='it\'s' user=shop" with the values of secrets masked. */
static cw_status put_parameters(const char *text, struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = CW_OK;
    while (*text != '\0' && status == CW_OK) {
        const char *name = text + strspn(text, BLANKS);
        const size_t length = strcspn(name, "=" BLANKS);
        const char *equals = name + length + strspn(name + length, BLANKS);
        const bool has_value = *equals == '=';
        const char *value = has_value ? equals + 1 + strspn(equals + 1, BLANKS) : equals;
        const char *end = value;
        const bool is_quoted = *end == '\'';
        end += has_value && is_quoted;
        while (has_value && *end != '\0' && (is_quoted ? *end != '\'' : strchr(BLANKS, *end) == NULL)) {
            end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
        }
        end += has_value && is_quoted && *end == '\'';
        const bool is_masked = has_value && is_secret(name, length);
        status = cw_buffer_append(out, text, (size_t)((is_masked ? value : end) - text), error);
        if (status == CW_OK && is_masked) {
            status = cw_buffer_append(out, MASK, strlen(MASK), error);
        }
        text = end;
    }
    return status;
}

/* Where the part with user and password begins in a text with an @ that is no good address: behind a scheme.
 */
static size_t skip_scheme(const char *text)
{
    const size_t length = strcspn(text, ":/@");
    const size_t slashes = text[length] == ':' ? strspn(text + length + 1, "/") : 0;
    const bool has_more =
        memchr(text + length + 1 + slashes, ':', strcspn(text + length + 1 + slashes, "@")) != NULL;
    return text[length] == ':' && (slashes > 0 || has_more) ? length + 1 + slashes : 0;
}

static cw_status put_odd(const char *text, struct cw_buffer *out, struct cw_error *error)
{
    const char *at = strrchr(text, '@');
    if (at == NULL || text[0] == '/' || text[0] == '.') {
        return put_parameters(text, out, error);
    }
    const size_t scheme = skip_scheme(text);
    const cw_status status = cw_buffer_append(out, text, scheme, error);
    return status == CW_OK ? put_authority(text + scheme, strlen(text + scheme), out, error) : status;
}

void cw_redact_keys(const char *text, char *out, size_t size)
{
    /* What API keys begin with, and tokens: {" as base64url. */
    static const char *const beginnings[] = {CW_ACCESS_KEY_PREFIX, "eyJ"};
    size_t used = 0;
    while (*text != '\0' && used + 1 < size) {
        bool is_key = false;
        for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
            is_key = is_key || strncmp(text, beginnings[i], strlen(beginnings[i])) == 0;
        }
        if (is_key) {
            used += (size_t)snprintf(out + used, size - used, MASK);
            used = used < size ? used : size - 1;
            text += strcspn(text, "/");
        } else {
            out[used++] = *text++;
        }
    }
    out[used] = '\0';
}

cw_status cw_redact_address(const char *text, struct cw_buffer *out, struct cw_error *error)
{
    const char *start = strstr(text, "://");
    if (start == NULL) {
        return put_odd(text, out, error);
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

void cw_log_text(const char *text, char *out, size_t size)
{
    size_t used = 0;
    for (; text[used] != '\0' && used + 1 < size; used++) {
        const unsigned char byte = (unsigned char)text[used];
        out[used] = byte < ' ' || byte == 0x7F ? ' ' : byte == '"' || byte == '\\' ? '\'' : (char)byte;
    }
    out[used] = '\0';
}
