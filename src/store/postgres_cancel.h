/* A thread that ends the statements of connections, however long they would run, when the work that they are
 * for is no longer wanted. */
#ifndef CW_STORE_POSTGRES_CANCEL_H
#define CW_STORE_POSTGRES_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "store/postgres_connection.h"

struct cw_pg_canceller; /* belongs to one thread, but for its own */

/* Begins to look at *cancelled, which is borrowed, some times a second. Errors: CW_E_NO_MEMORY. */
cw_status cw_pg_canceller_start(const _Atomic bool *cancelled, struct cw_pg_canceller **canceller,
                                struct cw_error *error);

/* Ends the statements of a connection too; they then fail with CW_E_CANCELLED. The connection may be closed
 * at any time. NULL for canceller is let pass. */
void cw_pg_canceller_add(struct cw_pg_canceller *canceller, struct cw_pg_connection *connection);

/* After it no statement is ended any more. NULL is let pass. */
void cw_pg_canceller_end(struct cw_pg_canceller *canceller);

#endif
