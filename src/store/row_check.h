/* Closed sets and ranges of the catalogue, checked on whole batches: faster than row by row in SQL, and with
 * messages that name the value. Every store uses it; the constraints of its schema are the second line. */
#ifndef CW_STORE_ROW_CHECK_H
#define CW_STORE_ROW_CHECK_H

#include "cartwright/batch.h"
#include "cartwright/error.h"

/* Errors: CW_E_INVALID when a column is absent; CW_E_VIOLATION naming column, row and value. */
cw_status cw_rows_check(const struct cw_batch *batch, struct cw_error *error);

#endif
