/* Idempotency-Key: what was answered to a key is answered again, also after a restart, because the answer is
 * kept in the store, in the transaction of the rows it answers for. Keys are forgotten after a day, and at
 * once when nothing was made. */
#ifndef CW_API_IDEMPOTENCY_H
#define CW_API_IDEMPOTENCY_H

#include "api/exchange.h"
#include "service/generate_store.h"

/* Thread-safe. */
struct cw_idempotency;

/* store is borrowed. */
cw_status cw_idempotency_new(struct cw_store *store, struct cw_idempotency **keys, struct cw_error *error);
void cw_idempotency_free(struct cw_idempotency *keys);

enum cw_idempotency_state {
    CW_KEY_FRESH,     /* go on, and end it */
    CW_KEY_ANSWERED,  /* exchange->reply is the answer given before, or a problem */
    CW_KEY_DIFFERENT, /* the key was used with another request */
    CW_KEY_UNDER_WAY  /* the first request with it is not answered yet */
};

/* Sets exchange->request_digest, too. */
enum cw_idempotency_state cw_idempotency_begin(struct cw_idempotency *keys, struct cw_exchange *exchange);
/* A fresh key's request is answered. */
void cw_idempotency_end(struct cw_idempotency *keys, struct cw_exchange *exchange);

/* Copies an exchange's key and answer as it is now into zeroed storage: to be kept with a run or a
 * job. */
cw_status cw_idempotency_take(const struct cw_exchange *exchange, struct cw_kept_answer *answer,
                              struct cw_error *error);

/* What a key without a seed of its own is answered from: the same for the same key and request, so that a
 * preview comes out the same. Below 2^53. */
int64_t cw_idempotency_seed(const struct cw_exchange *exchange);

#endif
