/* One column of a row group under construction: what cw_chunk_add has brought, without nulls, until
 * cw_chunk_finish turns it into pages. */
#ifndef CW_ENCODE_PARQUET_COLUMN_H
#define CW_ENCODE_PARQUET_COLUMN_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/batch.h"
#include "cartwright/buffer.h"
#include "encode/parquet_metadata.h"

/* Most bytes that a column of a row group may hold: sizes in page headers are of 31 bits. */
#define CW_PARQUET_COLUMN_LIMIT ((size_t)1 << 30)

struct cw_parquet_column {
    uint32_t position; /* in the entity */
    const struct cw_column_def *def;
    const struct cw_pool *pool; /* of a dictionary column, once rows are there */
    int64_t row_count;
    int64_t value_count;       /* rows that are not null */
    struct cw_buffer validity; /* bitmap; empty while no row is null */
    /* Without nulls: int32_t, int64_t or 16 bytes a value; booleans as bitmap; plain strings as uint32_t
     * lengths; dictionary strings as uint32_t codes into used. */
    struct cw_buffer values;
    struct cw_buffer bytes; /* of plain strings, end to end */
    struct cw_buffer used;  /* uint32_t codes into the pool, each once, in the order of first use */
    uint32_t *code_of;      /* by code into the pool: 1 + its place in used, or 0 */
    size_t code_capacity;
};

/* Zeroed storage with position and def set is an empty column. */
void cw_parquet_column_clear(struct cw_parquet_column *column);

/* Appends the rows of a batch's column. After a failure the column is to be reset. Errors: CW_E_INVALID,
 * CW_E_LIMIT, CW_E_NO_MEMORY. */
cw_status cw_parquet_column_add(struct cw_parquet_column *column, const struct cw_column *rows,
                                int64_t row_count, struct cw_error *error);

/* Empties the column and keeps its memory. */
void cw_parquet_column_reset(struct cw_parquet_column *column);

/* How many of the rows [from, to) are not null; from is a multiple of 8. */
int64_t cw_parquet_column_valid(const struct cw_parquet_column *column, int64_t from, int64_t to);

#endif
