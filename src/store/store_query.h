/* What reading a page needs, whichever store it is read from. */
#ifndef CW_STORE_STORE_QUERY_H
#define CW_STORE_STORE_QUERY_H

#include "store/store.h"

/* Rows that room is made for at first; more grows by doubling. */
#define CW_QUERY_FIRST_ROWS 256

/* Errors: CW_E_INVALID, CW_E_LIMIT. */
cw_status cw_query_refuse(const struct cw_query *query, struct cw_error *error);
/* The operator of a comparison in SQL. */
const char *cw_comparison_sql(enum cw_comparison comparison);
/* CW_E_INVALID: a condition's value is not of its column's type. */
cw_status cw_filter_refuse(const struct cw_column_def *definition, const char *value, struct cw_error *error);

static inline bool cw_query_selects(const struct cw_query *query, uint32_t column)
{
    return column == 0 || (query->columns >> column & 1);
}

static inline void cw_bit_set(uint8_t *bits, int64_t index, bool value)
{
    const uint8_t mask = (uint8_t)(1u << (index & 7));
    bits[index >> 3] = (uint8_t)(value ? bits[index >> 3] | mask : bits[index >> 3] & ~mask);
}

/* Empties the batch and makes room for the first rows in the selected columns; others become absent. */
cw_status cw_query_batch_prepare(const struct cw_query *query, struct cw_batch *batch,
                                 struct cw_error *error);

/* Puts a text into row `row` of a plain string column, after those of the rows before. */
cw_status cw_batch_put_text(struct cw_batch *batch, uint32_t index, int64_t row, const void *text,
                            size_t size, struct cw_error *error);

#endif
