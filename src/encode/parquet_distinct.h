/* Finding the distinct values of a column whose values carry no dictionary codes. */
#ifndef CW_ENCODE_PARQUET_DISTINCT_H
#define CW_ENCODE_PARQUET_DISTINCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cartwright/buffer.h"

/* Zeroed storage is ready for use; all three buffers are used again. */
struct cw_distinct {
    struct cw_buffer slots;  /* uint32_t: 1 + code, or 0 */
    struct cw_buffer values; /* the distinct values in the order of first use, as PLAIN writes them */
    struct cw_buffer codes;  /* uint32_t per value */
    size_t count;            /* distinct values */
};

void cw_distinct_clear(struct cw_distinct *distinct);

/* Gives each of count values of size 4, 8 or 16 bytes a code. *found becomes false, and codes and values mean
 * nothing, when there are more than limit distinct ones or so many among the first that a dictionary is
 * hopeless. low and high are the least and the greatest of numbers of 4 or 8 bytes; of 16 bytes they are not
 * looked at. Errors: CW_E_NO_MEMORY. */
cw_status cw_distinct_find(struct cw_distinct *distinct, const void *values, size_t count, size_t size,
                           int64_t low, int64_t high, size_t limit, bool *found, struct cw_error *error);

#endif
