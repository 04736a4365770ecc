/* A thread that sends the rows of a load by COPY, so that neither the server waits while the next rows are
 * made and encoded, nor their maker while the server takes these. */
#ifndef CW_STORE_POSTGRES_SENDER_H
#define CW_STORE_POSTGRES_SENDER_H

#include "cartwright/entity.h"
#include "store/postgres_connection.h"

struct cw_pg_sender;

/* connection: borrowed; the thread uses it from each cw_pg_sender_send to the next cw_pg_sender_wait.
 * Errors: CW_E_NO_MEMORY, CW_E_UNAVAILABLE. */
cw_status cw_pg_sender_start(struct cw_pg_connection *connection, struct cw_pg_sender **sender,
                             struct cw_error *error);

/* Hands over rows of a table as cw_pg_copy_rows appends them, once those before are sent; gives another
 * buffer, of size 0, for them. Errors: what the server said to any rows before; after one nothing is sent any
 * more. */
cw_status cw_pg_sender_send(struct cw_pg_sender *sender, const struct cw_entity *entity,
                            struct cw_buffer *rows, struct cw_error *error);

/* Waits until the server has all rows. Errors: as above. */
cw_status cw_pg_sender_wait(struct cw_pg_sender *sender, struct cw_error *error);

/* Waits too, ends the thread and frees the sender. NULL is let pass. */
void cw_pg_sender_end(struct cw_pg_sender *sender);

#endif
