/* The tables of a store on a server as tables of SQLite whose rows are fetched when they are asked for: for
 * checks of a few rows and of what hangs on them. */
#ifndef CW_SERVICE_CHECK_ROWS_H
#define CW_SERVICE_CHECK_ROWS_H

#include "service/check_database.h"
#include "store/store.h"

struct cw_check_rows;

/* Opens one connection with all tables of the store as they are at this moment, and under the names of held
 * rows too (rule_held.h). Rows are found by columns of type UUID, or by a unique text; a statement that would
 * walk along a whole table is refused. What was fetched once is kept until the database is closed. Errors:
 * those of reading. */
cw_status cw_check_rows_open(struct cw_store *store, struct cw_check_database *database,
                             struct cw_error *error);
void cw_check_rows_free(struct cw_check_rows *rows);

/* Between true and false, look for the rows that the check is about: what these name is fetched together. */
void cw_check_rows_gather(struct cw_check_rows *rows, bool gathers);

/* The failure to fetch rows, if there was one, in place of what a statement made of it. */
cw_status cw_check_rows_failure(const struct cw_check_rows *rows, cw_status status, struct cw_error *error);

#endif
