/* Counters of the store: rows of each table, and how far the numbers behind unique values reach. They are
 * added up while rows are written and put into the same transaction. */
#ifndef CW_STORE_SQLITE_COUNTERS_H
#define CW_STORE_SQLITE_COUNTERS_H

#include "store/sqlite_connection.h"
#include "store/store.h"

/* What some runs added. Zeroed storage: nothing. */
struct cw_tally {
    int64_t rows[CW_ENTITY_COUNT];
    int64_t customers[CW_MARKETS_MAX]; /* by market index */
};

/* Counts the rows of a batch that was inserted; added: how many of them were new. */
void cw_tally_add(struct cw_tally *tally, const struct cw_batch *batch, int64_t added);

/* Writes the tally of one run, whose numbers began after priors, in the transaction under way. */
cw_status cw_counters_apply(struct cw_connection *connection, const struct cw_tally *tally,
                            const struct cw_priors *priors, struct cw_error *error);

cw_status cw_counters_rows(struct cw_connection *connection, enum cw_entity_id entity, int64_t *rows,
                           struct cw_error *error);

#endif
