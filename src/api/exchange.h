/* One request and its answer, as handlers see them. */
#ifndef CW_API_EXCHANGE_H
#define CW_API_EXCHANGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/field.h"
#include "api/header_gate.h"
#include "api/json_write.h"
#include "api/rate_limit.h"
#include "api/uri.h"
#include "cartwright/buffer.h"
#include "cartwright/encode.h"
#include "cartwright/entity.h"
#include "cartwright/error.h"
#include "service/access.h"
#include "service/values.h"

struct cw_api;
struct cw_export_stream;
struct cw_route;

#define CW_PATH_VALUE_MAX 64
#define CW_LOCATION_MAX 128

/* The answer. body_text, when set, is sent instead of body and must live for ever. */
struct cw_reply {
    int status;
    const char *media_type; /* NULL: no body */
    struct cw_buffer body;
    const char *body_text;
    struct cw_buffer headers; /* names and values, each ended by a zero byte */
    bool must_close;
};

struct cw_exchange {
    struct cw_api *api;
    /* The request. Header values are NULL when absent and live as long as the exchange. */
    char method[16];
    struct cw_uri uri;
    const struct cw_route *route;   /* NULL until found */
    const struct cw_entity *entity; /* of {table} */
    struct cw_uuid id;              /* of {id} */
    char id_text[CW_UUID_TEXT];
    bool is_head;
    bool is_cross_site; /* a browser sends it for a page of another site */
    char *accept, *content_type, *content_encoding, *prefer, *idempotency_key;
    char *authorization, *api_key; /* until the caller is known; never logged */
    struct cw_caller caller;
    struct cw_rate_verdict rate;
    char request_id[CW_REQUEST_ID_MAX + 1];
    char traceparent[64]; /* "" when absent */
    struct cw_buffer body;
    json_t *json;          /* the parsed body */
    enum cw_format format; /* negotiated, for routes that answer rows */
    /* Of an Idempotency-Key; see idempotency.h. */
    uint8_t request_digest[32];
    struct cw_exchange *next_keyed;
    /* The answer. */
    struct cw_reply reply;
    char cause[256];   /* of an answer of 500 and more, for the log alone */
    bool streams_job;  /* answer with the events of job id instead of reply.body */
    bool streams_rows; /* answer with the file of export; with its head alone when that is NULL */
    struct cw_export_stream *export;
};

void cw_exchange_clear(struct cw_exchange *exchange);

/* Whether the Prefer header (RFC 7240) asks for an answer before the work is done. */
bool cw_prefers_async(const struct cw_exchange *exchange);

/* Adds a header to the answer; a failure to do so is reported by the status. */
cw_status cw_reply_header(struct cw_reply *reply, const char *name, const char *value,
                          struct cw_error *error);

/* Replaces the answer's body by an application/problem+json (RFC 9457); headers stay. detail and errors may
 * be NULL. Never fails: without memory for the text a fixed one is sent. */
void cw_reply_problem(struct cw_exchange *exchange, int status, const char *detail,
                      const struct cw_field_errors *errors);

/* The same from a failure: the HTTP status of error->code unless status is not 0; names error->field. */
void cw_reply_error(struct cw_exchange *exchange, int status, const struct cw_error *error);

/* Notes why a request fails with 500 or more, for the log. The first cause stays. */
void cw_reply_cause(struct cw_exchange *exchange, const char *message);

/* The reason phrase of an HTTP status. */
const char *cw_http_reason(int status);

#endif
