/* Putting batches into tables, inside a transaction of the caller. */
#ifndef CW_STORE_SQLITE_INSERT_H
#define CW_STORE_SQLITE_INSERT_H

#include "store/sqlite_connection.h"

/* Inserts all rows with every constraint that the connection enforces; *added: rows that are new (stock rows
 * may have been merged, categories and centres left alone). After a failure some of the rows may be there. */
cw_status cw_batch_insert(struct cw_connection *connection, const struct cw_batch *batch, int64_t *added,
                          struct cw_error *error);

/* The same for many rows on a connection with the table cw_batch (see sqlite_batch_table.h): the transaction
 * is lost at the first violation, and stock on hand may be negative for now. */
cw_status cw_batch_insert_bulk(struct cw_connection *connection, const struct cw_batch *batch, int64_t *added,
                               struct cw_error *error);

#endif
