/* Least and greatest values, as Parquet's statistics order them: numbers by sign, bytes without. */
#ifndef CW_ENCODE_PARQUET_STATISTICS_H
#define CW_ENCODE_PARQUET_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "cartwright/batch.h"
#include "encode/parquet_metadata.h"

/* All of these take count >= 1 values and set the bounds of statistics. */

/* numbers: int32_t (size 4) or int64_t (size 8); *low and *high get the extremes. */
void cw_statistics_numbers(struct cw_parquet_statistics *statistics, const void *numbers, size_t count,
                           size_t size, int64_t *low, int64_t *high);
void cw_statistics_bools(struct cw_parquet_statistics *statistics, const uint8_t *bitmap, size_t count);
void cw_statistics_uuids(struct cw_parquet_statistics *statistics, const uint8_t *uuids, size_t count);

/* Strings end to end; bytes may be read 8 bytes past the end. */
void cw_statistics_strings(struct cw_parquet_statistics *statistics, const uint32_t *lengths,
                           const char *bytes, size_t count);

/* The strings of a pool that are used. */
void cw_statistics_pool(struct cw_parquet_statistics *statistics, const struct cw_pool *pool,
                        const uint32_t *used, size_t count);

#endif
