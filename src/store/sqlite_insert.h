/* Putting batches into tables, inside a transaction of the caller. */
#ifndef CW_STORE_SQLITE_INSERT_H
#define CW_STORE_SQLITE_INSERT_H

#include "store/sqlite_connection.h"

/* Inserts all rows with every constraint that the connection enforces; *added: rows that are new (stock rows
 * may have been merged, categories and centres left alone). bulk: the transaction is lost at the first
 * violation, which spares SQLite the journal of the statement; and stock on hand may be negative for now. */
cw_status cw_batch_insert(struct cw_connection *connection, const struct cw_batch *batch, bool bulk,
                          int64_t *added, struct cw_error *error);

#endif
