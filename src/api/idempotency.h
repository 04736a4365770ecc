/* Idempotency-Key: what was answered to a key is answered again. Kept in memory for a day at most, bounded in
 * number and bytes; a restart forgets it. */
#ifndef CW_API_IDEMPOTENCY_H
#define CW_API_IDEMPOTENCY_H

#include "api/exchange.h"

struct cw_idempotency; /* thread-safe */

cw_status cw_idempotency_new(struct cw_idempotency **keys, struct cw_error *error);
void cw_idempotency_free(struct cw_idempotency *keys);

enum cw_idempotency_state {
    CW_KEY_FRESH,     /* go on, and end it */
    CW_KEY_ANSWERED,  /* exchange->reply is the answer given before */
    CW_KEY_DIFFERENT, /* the key was used with another request */
    CW_KEY_UNDER_WAY  /* the first request with it is not answered yet */
};

enum cw_idempotency_state cw_idempotency_begin(struct cw_idempotency *keys, struct cw_exchange *exchange);

/* Keeps the answer of a fresh key when it is a success; forgets the key otherwise. */
void cw_idempotency_end(struct cw_idempotency *keys, const struct cw_exchange *exchange);

#endif
