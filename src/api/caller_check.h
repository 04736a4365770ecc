/* Whether a caller may do what a request asks, before its handler runs. */
#ifndef CW_API_CALLER_CHECK_H
#define CW_API_CALLER_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "api/exchange.h"
#include "service/access_key.h"

/* Finds out who sends the request from authorization and api_key, which it wipes and frees. */
void cw_caller_identify(struct cw_exchange *exchange, const uint8_t address[16]);

/* Whether the caller has a scope; everybody has all of them where nobody is asked. */
bool cw_caller_has(const struct cw_exchange *exchange, enum cw_scope scope);

/* The columns of an entity that the caller may see, a bit each: without personal-data those that identify a
 * person, alone or with others, are not among them. */
uint64_t cw_caller_columns(const struct cw_exchange *exchange, const struct cw_entity *entity);

/* Answers 401. */
void cw_caller_refuse(struct cw_exchange *exchange);
/* Answers 403 for want of a scope. detail: NULL says which. */
void cw_caller_forbid(struct cw_exchange *exchange, enum cw_scope scope, const char *detail);

/* Authentication, the limit of rate, and the scope of the route; exchange->route is NULL where there is none.
 * False: the answer is made. */
bool cw_caller_check(struct cw_exchange *exchange);

#endif
