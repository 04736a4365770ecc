/* Whether the store answers: a thread of its own asks it, so that who wants to know does not wait longer than
 * it likes for a database that hangs. */
#ifndef CW_API_STORE_PROBE_H
#define CW_API_STORE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/error.h"
#include "service/generate_store.h"

struct cw_store_probe;

/* Begins to ask a store (borrowed), now and then and whenever someone wants to know. Errors: CW_E_NO_MEMORY.
 */
cw_status cw_store_probe_new(struct cw_store *store, struct cw_store_probe **probe, struct cw_error *error);

/* Ends the asking, after the answer that it waits for. NULL is allowed. */
void cw_store_probe_free(struct cw_store_probe *probe);

/* Has the store asked once more, from now on, and waits for the answer for at most so many microseconds. Any
 * thread. Errors: that of the store; CW_E_TIMEOUT without an answer. */
cw_status cw_store_probe_ask(struct cw_store_probe *probe, int64_t patience, struct cw_error *error);

/* Whether the store answered when it was last asked, and does not let an answer wait for long now. Any
 * thread, without waiting. */
bool cw_store_probe_is_up(struct cw_store_probe *probe);

#endif
