#include "api/uri.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool cw_uri_decode(const char *text, size_t size, bool is_query, char *out, size_t *length)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '%') {
            const int high = i + 2 < size ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < size ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            byte = (unsigned char)(high << 4 | low);
            i += 2;
        } else if (byte == '+' && is_query) {
            byte = ' ';
        }
        if (byte == 0 || (!is_query && (byte < 0x20 || byte == 0x7F))) {
            return false;
        }
        out[used++] = (char)byte;
    }
    out[used] = '\0';
    *length = used;
    return cw_parse_is_utf8(out, used);
}

/* Where the path begins: after scheme and authority in absolute form. */
static const char *find_path(const char *target)
{
    if (strncmp(target, "http://", 7) != 0 && strncmp(target, "https://", 8) != 0) {
        return target;
    }
    const char *authority = strstr(target, "//") + 2;
    return authority + strcspn(authority, "/?");
}

/* Decodes "name=value" to *room and adds it. */
static cw_status add_pair(struct cw_uri *uri, const char *text, size_t size, char **room,
                          struct cw_error *error)
{
    const char *equals = memchr(text, '=', size);
    const size_t name_size = equals != NULL ? (size_t)(equals - text) : size;
    const size_t value_size = equals != NULL ? size - name_size - 1 : 0;
    char *name = *room;
    size_t name_length = 0;
    size_t value_length = 0;
    if (uri->pair_count == CW_QUERY_PAIRS_MAX) {
        return cw_error_set(error, CW_E_LIMIT, "query", "the query has more than %d parameters",
                            CW_QUERY_PAIRS_MAX);
    }
    bool good = cw_uri_decode(text, name_size, true, name, &name_length);
    char *value = name + name_length + 1;
    good = good && cw_uri_decode(text + name_size + (equals != NULL), value_size, true, value, &value_length);
    if (!good) {
        return cw_error_set(error, CW_E_INVALID, "query",
                            "query parameter %zu is not percent-encoded UTF-8 text", uri->pair_count + 1);
    }
    uri->pairs[uri->pair_count++] = (struct cw_query_pair){name, value};
    *room = value + value_length + 1;
    return CW_OK;
}

static cw_status add_pairs(struct cw_uri *uri, const char *query, char *room, struct cw_error *error)
{
    cw_status status = CW_OK;
    while (status == CW_OK && *query != '\0') {
        const size_t size = strcspn(query, "&");
        if (size > 0) {
            status = add_pair(uri, query, size, &room, error);
        }
        query += size + (query[size] == '&');
    }
    return status;
}

/* How many pairs a query may have at most, those beyond the limit aside. */
static size_t most_pairs(const char *query)
{
    size_t count = *query != '\0';
    for (const char *at = query; *at != '\0' && count < CW_QUERY_PAIRS_MAX; at++) {
        count += *at == '&';
    }
    return count;
}

cw_status cw_uri_parse(const char *target, struct cw_uri *uri, struct cw_error *error)
{
    const size_t size = strlen(target);
    struct cw_uri made = {0};
    if (size > CW_URI_SIZE_MAX) {
        return cw_error_set(error, CW_E_LIMIT, "target", "the request target has more than %d bytes",
                            CW_URI_SIZE_MAX);
    }
    for (const char *at = target; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            return cw_error_set(error, CW_E_INVALID, "target",
                                "the request target must be visible ASCII, all else percent-encoded");
        }
    }
    const char *path = find_path(target);
    const size_t path_size = strcspn(path, "?#");
    if (path[path_size] == '#' || (path_size > 0 && path[0] != '/') || (path_size == 0 && path == target)) {
        return cw_error_set(error, CW_E_INVALID, "target",
                            "the request target must be a path that begins with /");
    }
    const char *query = path[path_size] == '?' ? path + path_size + 1 : "";
    const size_t most = most_pairs(query);
    /* Pairs, then the path and their texts, each pair with two terminators. */
    made.pairs = malloc(most * sizeof *made.pairs + size + 4 + 2 * most);
    if (made.pairs == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the request target");
    }
    char *text = (char *)(made.pairs + most);
    made.path = text;
    memcpy(text, path_size == 0 ? "/" : path, path_size == 0 ? 1 : path_size);
    text += path_size == 0 ? 1 : path_size;
    *text = '\0';
    const cw_status status = add_pairs(&made, query, text + 1, error);
    made.pair_count = status == CW_OK ? made.pair_count : 0;
    *uri = made;
    return status;
}

void cw_uri_clear(struct cw_uri *uri)
{
    free(uri->pairs);
    *uri = (struct cw_uri){0};
}

const char *cw_uri_query(const struct cw_uri *uri, const char *name)
{
    for (size_t i = 0; i < uri->pair_count; i++) {
        if (strcmp(uri->pairs[i].name, name) == 0) {
            return uri->pairs[i].value;
        }
    }
    return NULL;
}

void cw_uri_encode(const char *text, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (strchr(unreserved, byte) != NULL) {
            *out++ = (char)byte;
        } else {
            *out++ = '%';
            *out++ = digits[byte >> 4];
            *out++ = digits[byte & 15];
        }
    }
    *out = '\0';
}
