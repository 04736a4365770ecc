/* What runs add, counted while their rows are written. */
#ifndef CW_STORE_STORE_TALLY_H
#define CW_STORE_STORE_TALLY_H

#include "store/store.h"

/* What some runs added. Zeroed storage: nothing. */
struct cw_tally {
    int64_t rows[CW_ENTITY_COUNT];
    int64_t customers[CW_MARKETS_MAX]; /* by market index */
};

/* Counts the rows of a batch that was inserted; added: how many of them were new. */
void cw_tally_add(struct cw_tally *tally, const struct cw_batch *batch, int64_t added);

#endif
