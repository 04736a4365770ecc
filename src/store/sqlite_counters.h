/* Counters of the store: rows of each table, and how far the numbers behind unique values reach. They are
 * put into the transaction that adds the rows. */
#ifndef CW_STORE_SQLITE_COUNTERS_H
#define CW_STORE_SQLITE_COUNTERS_H

#include "store/sqlite_connection.h"
#include "store/store_tally.h"

/* Writes the tally of one run, whose numbers began after priors, in the transaction under way. */
cw_status cw_counters_apply(struct cw_connection *connection, const struct cw_tally *tally,
                            const struct cw_priors *priors, struct cw_error *error);

/* The same for several runs together: what they added, and used up. */
cw_status cw_counters_raise(struct cw_connection *connection, const struct cw_tally *tally,
                            const struct cw_usage *usage, struct cw_error *error);

cw_status cw_counters_rows(struct cw_connection *connection, enum cw_entity_id entity, int64_t *rows,
                           struct cw_error *error);

#endif
