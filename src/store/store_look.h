/* A look at a database before its tables are: for diagnosis. */
#ifndef CW_STORE_STORE_LOOK_H
#define CW_STORE_STORE_LOOK_H

#include "cartwright/error.h"

/* Runs one query, all of whose columns are of the type text, on a PostgreSQL database that need not be a
 * store, and calls row for each row (NULL for null). At most 32 columns. Errors: CW_E_UNAVAILABLE,
 * CW_E_INVALID. */
cw_status cw_store_look(const char *location, const char *sql,
                        void (*row)(void *context, int columns, const char *const *values), void *context,
                        struct cw_error *error);

#endif
