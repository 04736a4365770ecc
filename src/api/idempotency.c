#include "api/idempotency.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

_Static_assert(CW_REQUEST_ID_MAX == CW_ANSWER_KEY_MAX, "a key that may be sent must be one that can be kept");
_Static_assert(SHA256_DIGEST_LENGTH == sizeof((struct cw_kept_answer *)NULL)->request, "digest of a request");

struct cw_idempotency {
    pthread_mutex_t lock;
    struct cw_exchange *first; /* under way */
    struct cw_store *store;
};

cw_status cw_idempotency_new(struct cw_store *store, struct cw_idempotency **keys, struct cw_error *error)
{
    struct cw_idempotency *made = calloc(1, sizeof *made);
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for idempotency keys");
    }
    made->store = store;
    *keys = made;
    return CW_OK;
}

void cw_idempotency_free(struct cw_idempotency *keys)
{
    if (keys != NULL) {
        pthread_mutex_destroy(&keys->lock);
        free(keys);
    }
}

static cw_status digest_request(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_buffer text = {0};
    cw_status status =
        cw_buffer_format(&text, error, "%s\n%s %s\n%s\n", exchange->idempotency_key, exchange->method,
                         exchange->uri.path, exchange->accept != NULL ? exchange->accept : "");
    /* What one caller was answered, another one may not see. */
    if (status == CW_OK && cw_access_is_required(exchange->api->access)) {
        status = cw_buffer_format(&text, error, "%u ", (unsigned)exchange->caller.scopes);
        status = status == CW_OK ? cw_buffer_append(&text, exchange->caller.identity,
                                                    sizeof exchange->caller.identity, error)
                                 : status;
    }
    for (size_t i = 0; i < exchange->uri.pair_count && status == CW_OK; i++) {
        status = cw_buffer_format(&text, error, "%s=%s\n", exchange->uri.pairs[i].name,
                                  exchange->uri.pairs[i].value);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&text, exchange->body.data, exchange->body.size, error);
    }
    if (status == CW_OK) {
        SHA256((const unsigned char *)text.data, text.size, exchange->request_digest);
    }
    cw_buffer_clear(&text);
    return status;
}

/* Notes that a key is under way unless it is already. */
static enum cw_idempotency_state enter(struct cw_idempotency *keys, struct cw_exchange *exchange)
{
    enum cw_idempotency_state state = CW_KEY_FRESH;
    pthread_mutex_lock(&keys->lock);
    const struct cw_exchange *other = keys->first;
    while (other != NULL && strcmp(other->idempotency_key, exchange->idempotency_key) != 0) {
        other = other->next_keyed;
    }
    if (other == NULL) {
        exchange->next_keyed = keys->first;
        keys->first = exchange;
    } else {
        const bool is_same =
            memcmp(other->request_digest, exchange->request_digest, sizeof exchange->request_digest) == 0;
        state = is_same ? CW_KEY_UNDER_WAY : CW_KEY_DIFFERENT;
    }
    pthread_mutex_unlock(&keys->lock);
    return state;
}

static void leave(struct cw_idempotency *keys, struct cw_exchange *exchange)
{
    pthread_mutex_lock(&keys->lock);
    struct cw_exchange **at = &keys->first;
    while (*at != exchange) {
        at = &(*at)->next_keyed;
    }
    *at = exchange->next_keyed;
    pthread_mutex_unlock(&keys->lock);
}

/* The name of a media type that lives for ever. */
static const char *media_type_known(const char *text)
{
    for (int i = 0; i < CW_FORMAT_COUNT; i++) {
        const char *known = cw_format_media_type((enum cw_format)i);
        if (strcmp(known, text) == 0) {
            return known;
        }
    }
    return "application/json";
}

/* Makes a kept answer the exchange's. */
static cw_status answer_again(struct cw_exchange *exchange, const struct cw_kept_answer *answer,
                              struct cw_error *error)
{
    struct cw_reply *reply = &exchange->reply;
    reply->status = answer->status;
    reply->media_type = media_type_known(answer->media_type);
    reply->body.size = 0;
    reply->headers.size = 0;
    cw_status status = cw_buffer_append(&reply->body, answer->body.data, answer->body.size, error);
    if (status == CW_OK) {
        status = cw_buffer_append(&reply->headers, answer->headers.data, answer->headers.size, error);
    }
    return status != CW_OK ? status : cw_reply_header(reply, "Idempotent-Replayed", "true", error);
}

/* Answers by what is known of the key, if that is of the same request. */
static cw_status answer_from(struct cw_exchange *exchange, const struct cw_kept_answer *answer,
                             enum cw_idempotency_state *state, struct cw_error *error)
{
    if (memcmp(answer->request, exchange->request_digest, sizeof answer->request) != 0) {
        *state = CW_KEY_DIFFERENT;
        return CW_OK;
    }
    *state = CW_KEY_ANSWERED;
    return answer_again(exchange, answer, error);
}

static cw_status look_up(struct cw_idempotency *keys, struct cw_exchange *exchange,
                         enum cw_idempotency_state *state, struct cw_error *error)
{
    struct cw_kept_answer answer = {0};
    bool found = false;
    cw_status status = cw_store_answer_find(keys->store, exchange->idempotency_key,
                                            cw_time_now() - CW_ANSWER_LIFETIME, &answer, &found, error);
    if (status == CW_OK && found) {
        status = answer_from(exchange, &answer, state, error);
    }
    cw_kept_answer_clear(&answer);
    return status;
}

enum cw_idempotency_state cw_idempotency_begin(struct cw_idempotency *keys, struct cw_exchange *exchange)
{
    struct cw_error error = {0};
    enum cw_idempotency_state state = CW_KEY_FRESH;
    cw_status status = digest_request(exchange, &error);
    if (status == CW_OK) {
        state = enter(keys, exchange);
    }
    if (status == CW_OK && state == CW_KEY_FRESH) {
        status = look_up(keys, exchange, &state, &error);
        if (status != CW_OK || state != CW_KEY_FRESH) {
            leave(keys, exchange);
        }
    }
    if (status != CW_OK) {
        exchange->reply.headers.size = 0;
        cw_reply_error(exchange, 0, &error);
        state = CW_KEY_ANSWERED;
    }
    return state;
}

cw_status cw_idempotency_take(const struct cw_exchange *exchange, struct cw_kept_answer *answer,
                              struct cw_error *error)
{
    const struct cw_reply *reply = &exchange->reply;
    struct cw_kept_answer made = {.created_at = cw_time_now(), .status = reply->status};
    snprintf(made.key, sizeof made.key, "%s", exchange->idempotency_key);
    snprintf(made.media_type, sizeof made.media_type, "%s", reply->media_type);
    memcpy(made.request, exchange->request_digest, sizeof made.request);
    cw_status status = cw_buffer_append(&made.body, reply->body.data, reply->body.size, error);
    if (status == CW_OK) {
        status = cw_buffer_append(&made.headers, reply->headers.data, reply->headers.size, error);
    }
    if (status != CW_OK) {
        cw_kept_answer_clear(&made);
        return status;
    }
    *answer = made;
    return CW_OK;
}

void cw_idempotency_end(struct cw_idempotency *keys, struct cw_exchange *exchange)
{
    leave(keys, exchange);
}

int64_t cw_idempotency_seed(const struct cw_exchange *exchange)
{
    uint64_t bits;
    memcpy(&bits, exchange->request_digest, sizeof bits);
    return (int64_t)(bits >> 11);
}
