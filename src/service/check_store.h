/* The rows of a store on a server, put into temporary databases. */
#ifndef CW_SERVICE_CHECK_STORE_H
#define CW_SERVICE_CHECK_STORE_H

#include "service/check_database.h"
#include "store/store_base.h"

/* Reads every table of the store, as they were at one moment, into temporary databases (check_tables.h), on
 * database->threads threads. Rows keep the order in which they were committed. Tables whose columns were
 * changed by hand count as absent. Memory does not grow with the rows. Errors: those of cw_store_open and of
 * reading. */
cw_status cw_check_store_open(const char *location, struct cw_progress *progress,
                              struct cw_check_database *database, struct cw_error *error);

/* Reads the as-of times of a store's runs. */
cw_status cw_check_store_times(struct cw_reader *reader, struct cw_run_times *times, struct cw_error *error);

#endif
