#define _GNU_SOURCE
#include "api/http_call.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "api/api_metrics.h"
#include "api/caller_check.h"
#include "api/export_stream.h"
#include "api/idempotency.h"
#include "api/refusal.h"
#include "api/route.h"
#include "service/redact.h"

#define SECOND INT64_C(1000000)
/* What is read beyond the largest body, to answer instead of hanging up. */
#define DISCARDED_MAX ((size_t)3 << 20)
/* How long whoever sends still more may take to read the answer. */
#define LINGER_SECONDS 2
/* Bytes a second that a reader must take. */
#define SLOWEST_READER 16384

void *cw_call_begin(void *context, const char *target, struct MHD_Connection *connection)
{
    struct cw_server *server = context;
    const size_t size = strlen(target) + 1;
    struct cw_call *call = calloc(1, sizeof *call + size);
    if (call == NULL) {
        return NULL;
    }
    memcpy(call->target, target, size);
    call->server = server;
    call->exchange.api = &server->api;
    call->connection = connection;
    call->started_at = cw_clock_now();
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    call->watched = info != NULL ? info->socket_context : NULL;
    atomic_fetch_add(&server->calls, 1);
    if (call->watched != NULL) {
        cw_call_forgotten(server, call->watched);
        call->watched->call = call;
    }
    return call;
}

void cw_call_forgotten(struct cw_server *server, struct cw_watched *watched)
{
    if (watched->call != NULL) {
        cw_call_end(server, NULL, &watched->call, MHD_REQUEST_TERMINATED_WITH_ERROR);
    }
}

static void set_deadline(struct cw_call *call, int64_t now, int64_t seconds)
{
    if (call->watched != NULL) {
        cw_watched_until(call->watched, now + seconds * SECOND);
    }
}

static void set_no_deadline(struct cw_call *call)
{
    if (call->watched != NULL) {
        cw_watched_until(call->watched, INT64_MAX);
    }
}

/* Keeps a header that matters. A second one of the same name is refused by being joined, as HTTP has it. */
static void keep_header(char **place, const char *value, size_t size)
{
    if (*place == NULL) {
        *place = strndup(value, size);
        return;
    }
    char *joined = NULL;
    if (asprintf(&joined, "%s, %.*s", *place, (int)size, value) >= 0) {
        free(*place);
        *place = joined;
    }
}

static void take_site(struct cw_exchange *exchange, const char *value)
{
    exchange->is_cross_site = strcasecmp(value, "cross-site") == 0;
}

static void take_request_id(struct cw_exchange *exchange, const char *value)
{
    if (cw_request_id_is_good(value)) {
        snprintf(exchange->request_id, sizeof exchange->request_id, "%s", value);
    }
}

static void take_traceparent(struct cw_exchange *exchange, const char *value)
{
    if (cw_traceparent_is_good(value)) {
        snprintf(exchange->traceparent, sizeof exchange->traceparent, "%s", value);
    }
}

#define KEPT(name, field)                                                                                    \
    {                                                                                                        \
        name, sizeof(name) - 1, offsetof(struct cw_exchange, field), NULL                                    \
    }
#define TAKEN(name, function)                                                                                \
    {                                                                                                        \
        name, sizeof(name) - 1, 0, function                                                                  \
    }

/* The headers that matter beside those of the gate: kept in a field, or taken by a function. */
static const struct {
    const char *name;
    size_t size;
    size_t field;
    void (*take)(struct cw_exchange *exchange, const char *value);
} headers[] = {
    KEPT("Accept", accept),
    KEPT("Content-Type", content_type),
    KEPT("Content-Encoding", content_encoding),
    KEPT("Prefer", prefer),
    KEPT("Idempotency-Key", idempotency_key),
    KEPT("Authorization", authorization),
    KEPT("X-API-Key", api_key),
    TAKEN("Sec-Fetch-Site", take_site),
    TAKEN("X-Request-Id", take_request_id),
    TAKEN("traceparent", take_traceparent),
};

static void take_header(struct cw_exchange *exchange, const char *name, size_t name_size, const char *value,
                        size_t value_size)
{
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (headers[i].size != name_size || strncasecmp(headers[i].name, name, name_size) != 0) {
            continue;
        }
        if (headers[i].take != NULL) {
            headers[i].take(exchange, value);
        } else {
            keep_header((char **)(void *)((char *)exchange + headers[i].field), value, value_size);
        }
        return;
    }
}

struct header_scan {
    struct cw_call *call;
    struct cw_header_gate gate;
};

static enum MHD_Result scan_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                   const char *value, size_t value_size)
{
    struct header_scan *scan = context;
    (void)kind;
    value = value != NULL ? value : "";
    cw_header_gate_add(&scan->gate, name, name_size, value, value_size);
    take_header(&scan->call->exchange, name, name_size, value, value_size);
    return MHD_YES;
}

/* Where a request comes from, for those whom nobody knows otherwise. Who has an IPv6 address has many: they
 * are taken together by their network of 64 bits. */
static void find_address(const struct cw_call *call, uint8_t address[16])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *from = info != NULL ? info->client_addr : NULL;
    memset(address, 0, 16);
    if (from != NULL && from->sa_family == AF_INET) {
        struct sockaddr_in narrow;
        memcpy(&narrow, from, sizeof narrow);
        memcpy(address + 12, &narrow.sin_addr, 4);
    } else if (from != NULL && from->sa_family == AF_INET6) {
        struct sockaddr_in6 wide;
        memcpy(&wide, from, sizeof wide);
        const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&wide.sin6_addr);
        memcpy(address, &wide.sin6_addr, is_mapped ? 16 : 8);
    }
}

/* Finds out who asks, and how long the body may take. False, with an answer, where nobody known sends one: it
 * is not read. */
static bool identify(struct cw_call *call, const struct cw_header_gate *gate)
{
    struct cw_exchange *exchange = &call->exchange;
    uint8_t address[16];
    find_address(call, address);
    cw_caller_identify(exchange, address);
    if (gate->content_length == 0 && !gate->is_chunked) {
        return true;
    }
    if (exchange->caller.is_known) {
        set_deadline(call, cw_clock_now(), call->server->options.timeout);
        return true;
    }
    cw_caller_refuse(exchange);
    exchange->reply.must_close = true;
    return false;
}

/* Reads target and headers. False: the answer is made and the connection must be closed. */
static bool open_call(struct cw_call *call, const char *method, const char *version)
{
    struct cw_exchange *exchange = &call->exchange;
    struct header_scan scan = {.call = call};
    struct cw_error error = {0};
    call->is_http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    for (size_t i = 0; i < sizeof exchange->method - 1 && method[i] != '\0'; i++) {
        exchange->method[i] = method[i] > ' ' && method[i] <= '~' ? method[i] : '?'; /* it is logged */
    }
    MHD_get_connection_values_n(call->connection, MHD_HEADER_KIND, scan_header, &scan);
    call->is_framed = scan.gate.length_count + scan.gate.transfer_count > 0;
    if (exchange->request_id[0] == '\0') {
        const struct cw_uuid id = cw_uuid_fresh();
        cw_uuid_text(&id, exchange->request_id);
    }
    cw_status status = cw_header_gate_check(&scan.gate, call->is_http_1_0, &error);
    int http_status = status == CW_E_LIMIT ? 431 : 400;
    if (status == CW_OK) {
        status = cw_uri_parse(call->target, &exchange->uri, &error);
        http_status = status == CW_E_LIMIT ? 414 : status == CW_E_NO_MEMORY ? 503 : 400;
    }
    if (status == CW_OK && scan.gate.content_length > (int64_t)call->server->options.largest_body) {
        status = cw_error_set(&error, CW_E_LIMIT, NULL, "the body has %lld bytes; expected at most %u",
                              (long long)scan.gate.content_length, call->server->options.largest_body);
        http_status = 413;
    }
    if (status != CW_OK) {
        cw_reply_error(exchange, http_status, &error);
        exchange->reply.must_close = true;
        return false;
    }
    return identify(call, &scan.gate);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): libmicrohttpd says what the parameters are */
static ssize_t read_nothing(void *context, uint64_t position, char *bytes, size_t size)
{
    (void)context;
    (void)position;
    (void)bytes;
    (void)size;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/* A file whose length is not known before it is over. */
static struct MHD_Response *make_file_response(struct cw_call *call)
{
    struct cw_export_stream *export = call->exchange.export;
    if (export == NULL) {
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1, read_nothing, NULL, NULL);
    }
    return cw_export_stream_respond(export, call->connection, call->watched, call->server->options.timeout,
                                    call->is_http_1_0);
}

static struct MHD_Response *make_response(struct cw_call *call)
{
    struct cw_reply *reply = &call->exchange.reply;
    if (reply->body_text != NULL || reply->body.size == 0) {
        union {
            const char *constant;
            void *changeable; /* taken so by libmicrohttpd, which only reads it */
        } text = {.constant = reply->body_text != NULL ? reply->body_text : ""};
        call->answered = strlen(text.constant);
        return MHD_create_response_from_buffer(call->answered, text.changeable, MHD_RESPMEM_PERSISTENT);
    }
    call->answered = reply->body.size;
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(reply->body.size, reply->body.data, free);
    if (response != NULL) {
        reply->body = (struct cw_buffer){0};
    }
    return response;
}

/* The limit of rate and what is left of it, as draft-ietf-httpapi-ratelimit-headers has it. */
static void add_rate_headers(const struct cw_rate_verdict *rate, struct MHD_Response *response)
{
    char text[80];
    if (rate->is_limited) {
        snprintf(text, sizeof text, "\"default\";q=%lld;w=%lld", (long long)rate->quota,
                 (long long)rate->window);
        MHD_add_response_header(response, "RateLimit-Policy", text);
        snprintf(text, sizeof text, "\"default\";r=%lld;t=%lld", (long long)rate->remaining,
                 (long long)rate->reset);
        MHD_add_response_header(response, "RateLimit", text);
    }
}

static void add_headers(struct cw_call *call, struct MHD_Response *response)
{
    const struct cw_exchange *exchange = &call->exchange;
    const struct cw_reply *reply = &exchange->reply;
    if (reply->media_type != NULL) {
        MHD_add_response_header(response, "Content-Type", reply->media_type);
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    }
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "Vary", "Accept");
    MHD_add_response_header(response, "X-Request-Id", exchange->request_id);
    if (exchange->traceparent[0] != '\0') {
        MHD_add_response_header(response, "traceparent", exchange->traceparent);
    }
    add_rate_headers(&exchange->rate, response);
    for (size_t at = 0; at < reply->headers.size;) {
        const char *name = reply->headers.data + at;
        const char *value = name + strlen(name) + 1;
        MHD_add_response_header(response, name, value);
        at += strlen(name) + strlen(value) + 2;
    }
    if (reply->must_close || atomic_load(&exchange->api->is_stopping)) {
        MHD_add_response_header(response, "Connection", "close");
    }
}

/* The request no longer counts as being at work. */
static void leave(struct cw_call *call)
{
    if (call->is_counted) {
        call->is_counted = false;
        cw_rate_leave(call->server->api.limiter, call->exchange.caller.identity);
    }
}

static enum MHD_Result send_reply(struct cw_call *call)
{
    struct cw_exchange *exchange = &call->exchange;
    struct MHD_Response *response = NULL;
    call->state = CW_CALL_ANSWERED;
    if (exchange->streams_job && !exchange->is_head) {
        response =
            cw_event_stream_open(&call->server->streams, &call->server->api, &exchange->id, call->connection,
                                 call->watched != NULL ? call->watched->descriptor : -1, &call->stream);
        if (response == NULL) {
            cw_reply_header(&exchange->reply, "Retry-After", "5", NULL);
            cw_reply_problem(exchange, 503, "too many streams are open", NULL);
        }
    }
    if (response == NULL) {
        response = exchange->streams_rows ? make_file_response(call) : make_response(call);
    }
    if (response == NULL) {
        return MHD_NO;
    }
    if (call->stream == NULL) {
        set_deadline(call, cw_clock_now(),
                     (int64_t)call->server->options.timeout + (int64_t)(call->answered / SLOWEST_READER));
    }
    add_headers(call, response);
    /* Who has read an answer may send the next request at once, before the end of this one is known here. */
    if (call->stream == NULL && !exchange->streams_rows) {
        leave(call);
    }
    const enum MHD_Result result =
        cw_reply_queue(call->connection, (unsigned)exchange->reply.status, response);
    MHD_destroy_response(response);
    return result;
}

/* Runs the handler, once for an Idempotency-Key. */
static void run_route(struct cw_exchange *exchange)
{
    struct cw_idempotency *keys = exchange->api->keys;
    if (exchange->idempotency_key == NULL || (exchange->route->flags & CW_ROUTE_KEYED) == 0) {
        cw_route_run(exchange);
        return;
    }
    switch (cw_idempotency_begin(keys, exchange)) {
    case CW_KEY_FRESH:
        cw_route_run(exchange);
        cw_idempotency_end(keys, exchange);
        break;
    case CW_KEY_ANSWERED:
        break;
    case CW_KEY_DIFFERENT:
        cw_reply_problem(exchange, 422, "this Idempotency-Key was used with another request", NULL);
        break;
    case CW_KEY_UNDER_WAY:
        cw_reply_header(&exchange->reply, "Retry-After", "1", NULL);
        cw_reply_problem(exchange, 409, "the first request with this Idempotency-Key is not answered yet",
                         NULL);
        break;
    }
}

void cw_call_work(void *context)
{
    struct cw_call *call = context;
    run_route(&call->exchange);
    MHD_resume_connection(call->connection);
}

/* Counts the request as being at work; false, with an answer, when its caller has too many. */
static bool enter(struct cw_call *call)
{
    struct cw_exchange *exchange = &call->exchange;
    struct cw_rate_limiter *limiter = call->server->api.limiter;
    if (limiter == NULL || (exchange->route->flags & CW_ROUTE_PUBLIC) != 0) {
        return true;
    }
    call->is_counted = cw_rate_enter(limiter, exchange->caller.identity, cw_clock_now());
    if (!call->is_counted) {
        cw_reply_header(&exchange->reply, "Retry-After", "1", NULL);
        cw_reply_problem(exchange, 429, "too many requests at the same time; wait for the answer of one",
                         NULL);
    }
    return call->is_counted;
}

/* The library reads some headers that are not well-formed (folded, without a name, with zero bytes) as others
 * than a proxy before it may. A request that could have had a body, and had none for it, is the last of its
 * connection: nobody's body is taken for a request. */
static bool may_have_lost_body(const struct cw_call *call)
{
    static const char *const without[] = {"GET", "HEAD", "OPTIONS"};
    bool is_without = false;
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        is_without = is_without || strcmp(call->exchange.method, without[i]) == 0;
    }
    return call->received == 0 && (call->is_framed || !is_without);
}

static void refuse_body(struct cw_call *call)
{
    char detail[80];
    snprintf(detail, sizeof detail, "the body has more than %u bytes", call->server->options.largest_body);
    call->exchange.reply.must_close = true;
    cw_reply_problem(&call->exchange, 413, detail, NULL);
}

/* Answers a body that does not end. The library answers complete requests only, so the answer goes around it;
 * no other follows on this connection. What arrives until its end is thrown away: bytes left unread would
 * reset the connection, and with it the answer. */
static enum MHD_Result answer_endless_body(struct cw_call *call)
{
    char head[512];
    struct cw_exchange *exchange = &call->exchange;
    const struct cw_reply *reply = &exchange->reply;
    if (call->watched == NULL) {
        return MHD_NO;
    }
    refuse_body(call);
    call->answered = reply->body_text != NULL ? strlen(reply->body_text) : reply->body.size;
    const int length =
        snprintf(head, sizeof head,
                 "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nX-Content-Type-Options: nosniff\r\nCache-Control: "
                 "no-store\r\nX-Request-Id: %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
                 reply->status, cw_http_reason(reply->status), reply->media_type, exchange->request_id,
                 call->answered);
    union {
        const char *constant;
        void *changeable; /* taken so by sendmsg, which only reads it */
    } body = {.constant = reply->body_text != NULL ? reply->body_text : reply->body.data};
    struct iovec parts[] = {{head, (size_t)length}, {body.changeable, call->answered}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    const ssize_t wanted = (ssize_t)(parts[0].iov_len + parts[1].iov_len);
    if (sendmsg(call->watched->descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT) != wanted ||
        shutdown(call->watched->descriptor, SHUT_WR) != 0) {
        return MHD_NO;
    }
    call->state = CW_CALL_HUNG_UP;
    set_deadline(call, cw_clock_now(), LINGER_SECONDS);
    return MHD_YES;
}

/* The request is complete: answers it here, or has a worker do it. */
static enum MHD_Result dispatch(struct cw_call *call)
{
    struct cw_exchange *exchange = &call->exchange;
    set_no_deadline(call);
    exchange->reply.must_close = may_have_lost_body(call);
    if (call->received > call->server->options.largest_body) {
        refuse_body(call);
        return send_reply(call);
    }
    if (!cw_route_prepare(exchange) || !enter(call)) {
        return send_reply(call);
    }
    if ((exchange->route->flags & CW_ROUTE_INLINE) != 0) {
        cw_route_run(exchange);
        return send_reply(call);
    }
    call->state = CW_CALL_WORKING;
    MHD_suspend_connection(call->connection);
    if (!cw_work_pool_submit(call->server->pool, call)) {
        cw_reply_header(&exchange->reply, "Retry-After", "1", NULL);
        cw_reply_problem(exchange, 503, "too many requests are waiting; try again soon", NULL);
        MHD_resume_connection(call->connection);
    }
    return MHD_YES;
}

/* Takes a piece of the body. */
static enum MHD_Result receive(struct cw_call *call, const char *data, size_t *size)
{
    call->received += *size;
    if (call->received <= call->server->options.largest_body &&
        cw_buffer_append(&call->exchange.body, data, *size, NULL) != CW_OK) {
        return MHD_NO;
    }
    *size = 0;
    return call->received <= call->server->options.largest_body + DISCARDED_MAX ? MHD_YES
                                                                                : answer_endless_body(call);
}

enum MHD_Result cw_call_continue(void *context, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data, size_t *size,
                                 void **opened)
{
    struct cw_call *call = *opened;
    (void)context;
    (void)connection;
    (void)url;
    if (call == NULL) {
        return MHD_NO;
    }
    switch (call->state) {
    case CW_CALL_NEW:
        call->state = CW_CALL_READING;
        return open_call(call, method, version) ? MHD_YES : send_reply(call);
    case CW_CALL_READING:
        return *size > 0 ? receive(call, data, size) : dispatch(call);
    case CW_CALL_WORKING:
        return send_reply(call);
    case CW_CALL_HUNG_UP:
        if (*size == 0) {
            return MHD_NO;
        }
        break;
    case CW_CALL_ANSWERED:
        break;
    }
    *size = 0;
    return MHD_YES;
}

void cw_call_log(const struct cw_call *call, int64_t now, bool is_complete)
{
    const struct cw_exchange *exchange = &call->exchange;
    char time[CW_TIME_TEXT];
    char line[1400];
    char cause[sizeof exchange->cause];
    char path[401];
    char id[sizeof exchange->request_id];
    cw_time_text(cw_time_now(), time);
    cw_redact_keys(exchange->uri.path != NULL ? exchange->uri.path : "-", path, sizeof path);
    cw_redact_keys(exchange->request_id, id, sizeof id);
    cw_log_text(exchange->cause, cause, sizeof cause);
    /* Targets are logged as sent, which is percent-encoded; the rest was checked to be without blanks. */
    const int length = snprintf(
        line, sizeof line,
        "time=%s level=%s event=request id=%s method=%s path=%s route=%s status=%d bytes=%zu "
        "duration_us=%lld%s%s%s%.*s%s%s%s%s\n",
        time, exchange->reply.status >= 500 ? "error" : "info", id, exchange->method, path,
        exchange->route != NULL ? exchange->route->path : "-", exchange->reply.status, call->answered,
        (long long)(now - call->started_at), exchange->caller.label[0] != '\0' ? " caller=" : "",
        exchange->caller.label, exchange->traceparent[0] != '\0' ? " trace=" : "", 32,
        exchange->traceparent[0] != '\0' ? exchange->traceparent + 3 : "",
        is_complete ? "" : " outcome=aborted", cause[0] != '\0' ? " error=\"" : "", cause,
        cause[0] != '\0' ? "\"" : "");
    if (length > 0) {
        fwrite(line, 1, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1, stderr);
    }
}

void cw_call_end(void *context, struct MHD_Connection *connection, void **opened,
                 enum MHD_RequestTerminationCode reason)
{
    struct cw_server *server = context;
    struct cw_call *call = *opened;
    (void)connection;
    if (call == NULL) {
        return;
    }
    *opened = NULL;
    const int64_t now = cw_clock_now();
    if (call->exchange.export != NULL) {
        call->answered = cw_export_stream_sent(call->exchange.export);
    }
    if (call->watched != NULL) {
        call->watched->call = NULL;
        call->exchange.reply.status =
            call->exchange.reply.status == 0 ? call->watched->refused : call->exchange.reply.status;
    }
    if (call->exchange.reply.status != 0) {
        cw_api_count_request(&server->api, &call->exchange, now - call->started_at);
    }
    if (!server->options.quiet) {
        cw_call_log(call, now, reason == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    }
    /* Now the client may think before its next request, but not for ever. */
    set_deadline(call, now, 2 * (int64_t)server->options.timeout);
    cw_event_stream_free(&server->streams, call->stream);
    leave(call);
    cw_exchange_clear(&call->exchange);
    free(call);
    atomic_fetch_sub(&server->calls, 1);
}
