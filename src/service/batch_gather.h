/* Batches laid end to end into one that stands on its own. */
#ifndef CW_SERVICE_BATCH_GATHER_H
#define CW_SERVICE_BATCH_GATHER_H

#include "cartwright/batch.h"
#include "cartwright/error.h"

/* Appends all rows of source, every column of which is present, to target (initialised for the same entity).
 * Strings of dictionaries are copied, so that target outlives source's pools. Errors: CW_E_NO_MEMORY. */
cw_status cw_batch_gather(struct cw_batch *target, const struct cw_batch *source, struct cw_error *error);

#endif
