/* A thread that runs the statements of a load, its COPYs above all, so that neither the server waits while
 * the next rows are made and encoded, nor their maker while the server takes these. */
#ifndef CW_STORE_POSTGRES_SENDER_H
#define CW_STORE_POSTGRES_SENDER_H

#include "cartwright/entity.h"
#include "store/postgres_connection.h"

struct cw_pg_sender;

/* connection: borrowed; the thread uses it from each cw_pg_sender_send or _run to the next cw_pg_sender_wait.
 * Errors: CW_E_NO_MEMORY, CW_E_UNAVAILABLE. */
cw_status cw_pg_sender_start(struct cw_pg_connection *connection, struct cw_pg_sender **sender,
                             struct cw_error *error);

/* Whether nothing is on its way: what is handed over now need not wait. */
bool cw_pg_sender_is_idle(struct cw_pg_sender *sender);

/* Hands over rows for a table of this name with the columns of the entity, as cw_pg_copy_rows appends them,
 * once all before is done; gives another buffer, of size 0, for them. Errors: what the server said to
 * anything before; after one nothing is sent any more. */
cw_status cw_pg_sender_send(struct cw_pg_sender *sender, const char *table, const struct cw_entity *entity,
                            struct cw_buffer *rows, struct cw_error *error);
/* The same for a statement without result. */
cw_status cw_pg_sender_run(struct cw_pg_sender *sender, const char *sql, struct cw_error *error);

/* Waits until all is done. Errors: as above. */
cw_status cw_pg_sender_wait(struct cw_pg_sender *sender, struct cw_error *error);

/* Waits too, ends the thread and frees the sender. NULL is let pass. */
void cw_pg_sender_end(struct cw_pg_sender *sender);

#endif
