/* What the fuzz targets of the HTTP API share: a request written as "METHOD TARGET", header lines, an empty
 * line and the body, read by the parsers that stand between the socket and the handlers. */
#ifndef TESTS_FUZZ_HTTP_TARGET_H
#define TESTS_FUZZ_HTTP_TARGET_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/media_type.h"
#include "api/route.h"

/* Cuts the line at *at off and ends it. */
static char *fuzz_next_line(char **at)
{
    char *line = *at;
    char *end = strchr(line, '\n');
    if (end == NULL) {
        *at = line + strlen(line);
    } else {
        *end = '\0';
        *at = end + 1;
    }
    return line;
}

static void fuzz_read_headers(struct cw_exchange *exchange, struct cw_header_gate *gate, char **at)
{
    for (char *line = fuzz_next_line(at); line[0] != '\0'; line = fuzz_next_line(at)) {
        const size_t name_size = strcspn(line, ":");
        const char *value = line + name_size + (line[name_size] == ':');
        value += strspn(value, " \t"); /* as the server does */
        cw_header_gate_add(gate, line, name_size, value, strlen(value));
        line[name_size] = '\0';
        char **place = strcmp(line, "Accept") == 0            ? &exchange->accept
                       : strcmp(line, "Content-Type") == 0    ? &exchange->content_type
                       : strcmp(line, "Prefer") == 0          ? &exchange->prefer
                       : strcmp(line, "Idempotency-Key") == 0 ? &exchange->idempotency_key
                                                              : NULL;
        if (place != NULL && *place == NULL) {
            *place = strdup(value);
        }
        if (cw_request_id_is_good(value) && strlen(value) > CW_REQUEST_ID_MAX) {
            abort();
        }
        cw_traceparent_is_good(value);
    }
}

/* Whatever is refused must be explained in JSON that others can read. */
static void fuzz_check_problem(const struct cw_exchange *exchange)
{
    const struct cw_reply *reply = &exchange->reply;
    if (reply->status == 204) {
        return;
    }
    json_t *problem = json_loadb(reply->body.data, reply->body.size, 0, NULL);
    if (reply->status < 400 || problem == NULL ||
        json_integer_value(json_object_get(problem, "status")) != reply->status) {
        abort();
    }
    json_decref(problem);
}

/* Reads the request of text, which has size bytes and a zero byte behind them, into a zeroed exchange. True
 * when its handler should run; refusals are in exchange->reply, or nowhere when text is no request. */
static bool fuzz_prepare(struct cw_exchange *exchange, char *text, size_t size)
{
    struct cw_header_gate gate = {0};
    struct cw_error error = {0};
    char *at = text;
    char *line = fuzz_next_line(&at);
    const size_t method_size = strcspn(line, " ");
    if (method_size >= sizeof exchange->method || line[method_size] != ' ') {
        return false;
    }
    memcpy(exchange->method, line, method_size);
    fuzz_read_headers(exchange, &gate, &at);
    cw_status status = cw_header_gate_check(&gate, false, &error);
    if (status == CW_OK) {
        status = cw_uri_parse(line + method_size + 1, &exchange->uri, &error);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&exchange->body, at, (size_t)(text + size - at), &error);
    }
    if (status != CW_OK) {
        cw_reply_error(exchange, 400, &error);
    }
    if (status != CW_OK || !cw_route_prepare(exchange)) {
        fuzz_check_problem(exchange);
        return false;
    }
    return true;
}

/* A copy of data with a zero byte behind it; NULL without memory. */
static char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text != NULL) {
        memcpy(text, data, size);
        text[size] = '\0';
    }
    return text;
}

#endif
