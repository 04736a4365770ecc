#include "api/caller_check.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/connection_watch.h"
#include "api/route.h"

#define CHALLENGE "Bearer realm=\"cartwright\""

static void forget(char **secret)
{
    if (*secret != NULL) {
        OPENSSL_cleanse(*secret, strlen(*secret));
        free(*secret);
        *secret = NULL;
    }
}

void cw_caller_identify(struct cw_exchange *exchange, const uint8_t address[16])
{
    cw_access_admit(exchange->api->access, exchange->authorization, exchange->api_key, cw_time_now(),
                    &exchange->caller);
    forget(&exchange->authorization);
    forget(&exchange->api_key);
    if (exchange->caller.label[0] == '\0') {
        memcpy(exchange->caller.identity, address, sizeof exchange->caller.identity);
    }
}

bool cw_caller_has(const struct cw_exchange *exchange, enum cw_scope scope)
{
    return !cw_access_is_required(exchange->api->access) || (exchange->caller.scopes & (uint32_t)scope) != 0;
}

uint64_t cw_caller_columns(const struct cw_exchange *exchange, const struct cw_entity *entity)
{
    const bool sees_all = cw_caller_has(exchange, CW_SCOPE_PERSONAL);
    uint64_t columns = 0;
    for (uint32_t i = 0; i < entity->column_count; i++) {
        const enum cw_personal personal = entity->columns[i].personal;
        if (sees_all || (personal != CW_PERSONAL_IDENTIFIER && personal != CW_PERSONAL_QUASI)) {
            columns |= UINT64_C(1) << i;
        }
    }
    return columns;
}

void cw_caller_refuse(struct cw_exchange *exchange)
{
    cw_reply_header(&exchange->reply, "WWW-Authenticate", CHALLENGE, NULL);
    cw_reply_problem(exchange, 401, "this needs a valid key or token: Authorization: Bearer ...", NULL);
}

void cw_caller_forbid(struct cw_exchange *exchange, enum cw_scope scope, const char *detail)
{
    char challenge[128];
    char text[96];
    snprintf(challenge, sizeof challenge, CHALLENGE ", error=\"insufficient_scope\", scope=\"%s\"",
             cw_scope_name(scope));
    snprintf(text, sizeof text, "this needs the scope %s, which the key or token does not have",
             cw_scope_name(scope));
    cw_reply_header(&exchange->reply, "WWW-Authenticate", challenge, NULL);
    cw_reply_problem(exchange, 403, detail != NULL ? detail : text, NULL);
}

/* The scope of a route: what it says, else by its method. */
static enum cw_scope scope_of(const struct cw_route *route)
{
    if (route->scope != 0) {
        return route->scope;
    }
    return strcmp(route->method, "GET") == 0 ? CW_SCOPE_READ : CW_SCOPE_GENERATE;
}

static bool check_rate(struct cw_exchange *exchange)
{
    struct cw_rate_verdict *verdict = &exchange->rate;
    char wait[24];
    if (exchange->api->limiter == NULL) {
        return true;
    }
    cw_rate_take(exchange->api->limiter, exchange->caller.identity, exchange->caller.rate, cw_clock_now(),
                 verdict);
    if (!verdict->is_refused) {
        return true;
    }
    snprintf(wait, sizeof wait, "%lld", (long long)verdict->wait);
    cw_reply_header(&exchange->reply, "Retry-After", wait, NULL);
    cw_reply_problem(exchange, 429, "too many requests in a short time; see Retry-After", NULL);
    return false;
}

bool cw_caller_check(struct cw_exchange *exchange)
{
    const struct cw_route *route = exchange->route;
    if (route != NULL && (route->flags & CW_ROUTE_PUBLIC) != 0) {
        return true;
    }
    if (cw_access_is_required(exchange->api->access) && !exchange->caller.is_known) {
        cw_caller_refuse(exchange);
        return false;
    }
    if (!check_rate(exchange)) {
        return false;
    }
    if (route != NULL && !cw_caller_has(exchange, scope_of(route))) {
        cw_caller_forbid(exchange, scope_of(route), NULL);
        return false;
    }
    return true;
}
