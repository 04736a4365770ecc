/* A batch as a table of SQL: `INSERT INTO t SELECT c0, c1 FROM cw_batch` takes all rows of connection->batch
 * in one statement, without a call per value and a statement per row. Columns are c0 to c63, by their
 * position in the entity. Strings and UUIDs are not copied: the batch must not change while a statement reads
 * it. */
#ifndef CW_STORE_SQLITE_BATCH_TABLE_H
#define CW_STORE_SQLITE_BATCH_TABLE_H

#include "store/sqlite_connection.h"

cw_status cw_batch_table_register(struct cw_connection *connection, struct cw_error *error);

#endif
