#include "api/header_gate.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"

static bool is_named(const char *name, size_t size, const char *wanted)
{
    return strlen(wanted) == size && strncasecmp(name, wanted, size) == 0;
}

/* The library joins what is folded below a header line to its name, not to its value. */
static bool is_folded(const char *name, size_t size, const char *wanted)
{
    const size_t length = strlen(wanted);
    return size > length && strncasecmp(name, wanted, length) == 0;
}

/* The characters of a token (RFC 9110, section 5.6.2). */
static bool is_token(const char *text, size_t size)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < size; i++) {
        const char c = text[i];
        const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alphanumeric && (c == '\0' || strchr(marks, c) == NULL)) {
            return false;
        }
    }
    return size > 0;
}

static bool is_field_value(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F) {
            return false;
        }
    }
    return true;
}

void cw_header_gate_add(struct cw_header_gate *gate, const char *name, size_t name_size, const char *value,
                        size_t value_size)
{
    gate->count++;
    gate->size += name_size + value_size + 4;
    if (!is_token(name, name_size) || !is_field_value(value, value_size) ||
        is_folded(name, name_size, "Content-Length") || is_folded(name, name_size, "Transfer-Encoding")) {
        gate->is_broken = true;
    }
    if (is_named(name, name_size, "Host")) {
        gate->host_count++;
        gate->is_broken |= memchr(value, ',', value_size) != NULL || memchr(value, ' ', value_size) != NULL;
    } else if (is_named(name, name_size, "Content-Length")) {
        uint64_t length = 0;
        gate->length_count++;
        gate->content_length =
            value_size < 19 && cw_parse_uint64(value, value_size, &length) ? (int64_t)length : -1;
    } else if (is_named(name, name_size, "Transfer-Encoding")) {
        gate->transfer_count++;
        gate->is_chunked = value_size == 7 && strncasecmp(value, "chunked", 7) == 0;
    }
}

cw_status cw_header_gate_check(const struct cw_header_gate *gate, bool http_1_0, struct cw_error *error)
{
    if (gate->count > CW_HEADERS_MAX || gate->size > CW_HEADERS_SIZE_MAX) {
        return cw_error_set(error, CW_E_LIMIT, "headers",
                            "the request has %zu headers of %zu bytes; expected at most %d of %d bytes",
                            gate->count, gate->size, CW_HEADERS_MAX, CW_HEADERS_SIZE_MAX);
    }
    if (gate->is_broken) {
        return cw_error_set(error, CW_E_INVALID, "headers",
                            "a header holds characters that its name or value must not have");
    }
    if (gate->host_count > 1 || (gate->host_count == 0 && !http_1_0)) {
        return cw_error_set(error, CW_E_INVALID, "Host", "the request has %d Host headers; expected one",
                            gate->host_count);
    }
    if (gate->length_count > 1) {
        return cw_error_set(error, CW_E_INVALID, "Content-Length",
                            "the request has %d Content-Length headers; expected at most one",
                            gate->length_count);
    }
    if (gate->length_count == 1 && gate->content_length < 0) {
        return cw_error_set(error, CW_E_INVALID, "Content-Length",
                            "Content-Length must be a whole number of bytes");
    }
    if (gate->transfer_count > 0 && gate->length_count > 0) {
        return cw_error_set(
            error, CW_E_INVALID, "Transfer-Encoding",
            "the request has both Content-Length and Transfer-Encoding; expected one of them");
    }
    if (gate->transfer_count > 1 || (gate->transfer_count == 1 && !gate->is_chunked) ||
        (gate->transfer_count == 1 && http_1_0)) {
        return cw_error_set(error, CW_E_INVALID, "Transfer-Encoding",
                            "Transfer-Encoding must be chunked, once, and in HTTP/1.1");
    }
    return CW_OK;
}

bool cw_request_id_is_good(const char *text)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\') {
            return false;
        }
    }
    return length >= 1 && length <= CW_REQUEST_ID_MAX;
}

bool cw_traceparent_is_good(const char *text)
{
    static const char shape[] = "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
    if (strlen(text) != sizeof shape - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        const char c = text[i];
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (shape[i] == 'x' ? !hex : c != shape[i]) {
            return false;
        }
    }
    return strspn(text + 3, "0") < 32 && strspn(text + 36, "0") < 16;
}
