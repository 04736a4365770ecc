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

/* Adds what other runs added. */
void cw_tally_sum(struct cw_tally *tally, const struct cw_tally *other);

/* How far runs raise a counter of numbers used up: its value v becomes the higher of v + added and least.
 * Several runs, one after the other, come to the same form. Zeroed storage: not at all. */
struct cw_use {
    int64_t added, least;
};
struct cw_usage {
    struct cw_use customers[CW_MARKETS_MAX]; /* by market index */
    struct cw_use customer_runs, products, orders;
};

/* Adds what a run used up that began after these numbers and added this much. */
void cw_usage_add(struct cw_usage *usage, const struct cw_tally *tally, const struct cw_priors *priors);

/* Adds what a run used up whose rows these are, all of them new; any may be NULL. */
void cw_usage_add_run(struct cw_usage *usage, const struct cw_batch *const batches[CW_ENTITY_COUNT],
                      const struct cw_priors *priors);

/* Takes the value of a counter by its name: "rows.TABLE" into rows, "used.…" into priors; either may be NULL.
 */
void cw_counter_take(const char *name, int64_t value, int64_t rows[CW_ENTITY_COUNT],
                     struct cw_priors *priors);

#endif
