#include "api/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/export_stream.h"

void cw_exchange_clear(struct cw_exchange *exchange)
{
    cw_uri_clear(&exchange->uri);
    cw_buffer_clear(&exchange->body);
    cw_buffer_clear(&exchange->reply.body);
    cw_buffer_clear(&exchange->reply.headers);
    free(exchange->accept);
    free(exchange->content_type);
    free(exchange->content_encoding);
    free(exchange->prefer);
    free(exchange->idempotency_key);
    free(exchange->authorization);
    free(exchange->api_key);
    json_decref(exchange->json);
    cw_export_stream_free(exchange->export);
}

bool cw_prefers_async(const struct cw_exchange *exchange)
{
    static const char wanted[] = "respond-async";
    const char *at = exchange->prefer;
    while (at != NULL && *at != '\0') {
        at += strspn(at, " \t,");
        const size_t size = strcspn(at, " \t,;=");
        if (size == sizeof wanted - 1 && strncasecmp(at, wanted, size) == 0) {
            return true;
        }
        at += strcspn(at, ",");
    }
    return false;
}

cw_status cw_reply_header(struct cw_reply *reply, const char *name, const char *value, struct cw_error *error)
{
    const size_t before = reply->headers.size;
    cw_status status = cw_buffer_append(&reply->headers, name, strlen(name) + 1, error);
    if (status == CW_OK) {
        status = cw_buffer_append(&reply->headers, value, strlen(value) + 1, error);
    }
    if (status != CW_OK) {
        reply->headers.size = before;
    }
    return status;
}

const char *cw_http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Error";
}

static void put_errors(struct cw_json_writer *writer, const struct cw_field_errors *errors)
{
    cw_json_key(writer, "errors");
    cw_json_open(writer, '[');
    for (size_t i = 0; i < errors->count; i++) {
        const struct cw_field_error *item = &errors->items[i];
        cw_json_open(writer, '{');
        cw_json_put_text(writer, "field", item->field);
        if (item->value[0] != '\0') {
            cw_json_key(writer, "value");
            cw_json_raw(writer, item->value, strlen(item->value));
        }
        if (item->expected[0] != '\0') {
            cw_json_put_text(writer, "expected", item->expected);
        }
        cw_json_put_text(writer, "message", item->message);
        cw_json_close(writer, '}');
    }
    cw_json_close(writer, ']');
}

void cw_reply_cause(struct cw_exchange *exchange, const char *message)
{
    if (exchange->cause[0] == '\0') {
        snprintf(exchange->cause, sizeof exchange->cause, "%.255s", message);
    }
}

void cw_reply_problem(struct cw_exchange *exchange, int status, const char *detail,
                      const struct cw_field_errors *errors)
{
    struct cw_reply *reply = &exchange->reply;
    if (detail == NULL && errors != NULL && errors->count > 0) {
        detail = errors->items[0].message;
    }
    if (status >= 500 && detail != NULL) {
        cw_reply_cause(exchange, detail);
    }
    reply->status = status;
    reply->media_type = "application/problem+json";
    reply->body_text = NULL;
    reply->body.size = 0;
    struct cw_json_writer writer = cw_json_writer_init(&reply->body, NULL);
    cw_json_open(&writer, '{');
    cw_json_put_text(&writer, "type", "about:blank");
    cw_json_put_text(&writer, "title", cw_http_reason(status));
    cw_json_put_number(&writer, "status", status);
    if (detail != NULL) {
        cw_json_put_text(&writer, "detail", detail);
    }
    cw_json_put_text(&writer, "instance", exchange->uri.path != NULL ? exchange->uri.path : "/");
    if (exchange->request_id[0] != '\0') {
        cw_json_put_text(&writer, "request_id", exchange->request_id);
    }
    if (errors != NULL && errors->count > 0) {
        put_errors(&writer, errors);
    }
    cw_json_close(&writer, '}');
    if (writer.status != CW_OK) {
        reply->body_text = "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503}";
        reply->status = 503;
    }
}

void cw_reply_error(struct cw_exchange *exchange, int status, const struct cw_error *error)
{
    struct cw_field_errors errors = {0};
    if (error->field[0] != '\0') {
        /* Messages end in what was expected, if there is more to say than that something is not there. */
        const char *expected = strstr(error->message, "expected ");
        expected = expected != NULL ? expected + strlen("expected ") : strstr(error->message, "must be ");
        cw_field_errors_add_message(&errors, error->field, json_object_get(exchange->json, error->field),
                                    expected != NULL ? expected : "", error->message);
    }
    const int http_status = status != 0 ? status : cw_status_http(error->code);
    if (error->retryable || http_status == 503) {
        cw_reply_header(&exchange->reply, "Retry-After", "1", NULL);
    }
    cw_reply_problem(exchange, http_status, error->message, &errors);
}
