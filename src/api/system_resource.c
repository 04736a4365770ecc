#include "api/system_resource.h"

#include <stdatomic.h>
#include <string.h>

#include "api/api.h"
#include "api/docs_page.h"
#include "api/store_probe.h"
#include "service/program_version.h"

#define STATE(name) "{\"status\":\"" name "\",\"version\":\"" CW_PROGRAM_VERSION "\"}"

/* Who asks whether the store answers, asks someone else after this long, microseconds. */
#define READINESS_PATIENCE INT64_C(8000000)

static cw_status answer_text(struct cw_exchange *exchange, const char *media_type, const char *text)
{
    exchange->reply.status = 200;
    exchange->reply.media_type = media_type;
    exchange->reply.body_text = text;
    return CW_OK;
}

cw_status cw_get_health(struct cw_exchange *exchange, struct cw_error *error)
{
    (void)error;
    return answer_text(exchange, "application/json", STATE("ok"));
}

cw_status cw_get_readiness(struct cw_exchange *exchange, struct cw_error *error)
{
    if (atomic_load(&exchange->api->is_stopping)) {
        return cw_error_set(error, CW_E_UNAVAILABLE, NULL, "the server is stopping");
    }
    if (cw_store_probe_ask(exchange->api->probe, READINESS_PATIENCE, error) != CW_OK) {
        cw_reply_cause(exchange, error->message);
        cw_reply_header(&exchange->reply, "Retry-After", "1", NULL);
        cw_reply_problem(exchange, 503, "the store does not answer", NULL);
        return CW_OK;
    }
    return answer_text(exchange, "application/json", STATE("ready"));
}

cw_status cw_get_openapi(struct cw_exchange *exchange, struct cw_error *error)
{
    exchange->reply.status = 200;
    exchange->reply.media_type = "application/json";
    return cw_buffer_append(&exchange->reply.body, exchange->api->openapi.data, exchange->api->openapi.size,
                            error);
}

cw_status cw_get_docs(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_reply *reply = &exchange->reply;
    reply->status = 200;
    reply->media_type = "text/html; charset=utf-8";
    reply->body_text = cw_docs_page;
    /* The page holds its style and script, and asks for nothing but this server. */
    cw_status status =
        cw_reply_header(reply, "Content-Security-Policy",
                        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                        "frame-ancestors 'none'",
                        error);
    if (status == CW_OK) {
        status = cw_reply_header(reply, "Referrer-Policy", "no-referrer", error);
    }
    return status != CW_OK ? status : cw_reply_header(reply, "X-Frame-Options", "DENY", error);
}

cw_status cw_get_root(struct cw_exchange *exchange, struct cw_error *error)
{
    exchange->reply.status = 302;
    exchange->reply.media_type = "text/plain; charset=utf-8";
    exchange->reply.body_text = "see /docs\n";
    return cw_reply_header(&exchange->reply, "Location", "/docs", error);
}
