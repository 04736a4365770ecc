/* Pages of a table of a store: filters and columns as text from outside, rows as bytes of a format. */
#ifndef CW_SERVICE_LIST_PAGE_H
#define CW_SERVICE_LIST_PAGE_H

#include "cartwright/buffer.h"
#include "cartwright/encode.h"
#include "cartwright/entity.h"
#include "cartwright/error.h"
#include "store/store.h"

#define CW_PAGE_ROWS_MAX 1000

struct cw_list_page {
    const struct cw_entity *entity;
    enum cw_format format;
    int64_t limit; /* 1 to CW_PAGE_ROWS_MAX */
    bool has_after;
    struct cw_uuid after;                     /* rows with an id above this one */
    uint32_t columns[64];                     /* in output order */
    uint32_t column_count;                    /* 0: all */
    struct cw_filter filters[CW_FILTERS_MAX]; /* texts are borrowed */
    uint32_t filter_count;
    char instants[CW_FILTERS_MAX][24]; /* texts of times that were given as dates */
    /* Set by cw_list_page_read. */
    int64_t rows;
    bool has_more;
    struct cw_uuid last; /* id of the last row */
};

/* Finds a comparison by name: "eq", "ne", "lt", "lte", "gt", "gte". False when there is none. */
bool cw_comparison_find(const char *name, enum cw_comparison *comparison);

/* Whether text is a value of a column's type: uuid, integer, date, RFC 3339 time (or date), true or false. */
/* What such a value must be, in words. */
const char *cw_filter_value_expected(const struct cw_column_def *column);
bool cw_filter_value_is_good(const struct cw_column_def *column, const char *text);

/* Adds a condition whose value is good. A date for a time means its first moment, UTC. Errors: CW_E_LIMIT. */
cw_status cw_list_page_filter(struct cw_list_page *page, uint32_t column, enum cw_comparison comparison,
                              const char *value, struct cw_error *error);

/* Reads the page and appends it as a whole file of its format. Errors: those of cw_store_read. */
cw_status cw_list_page_read(struct cw_store *store, struct cw_list_page *page, struct cw_buffer *out,
                            struct cw_error *error);

/* Appends all rows of a batch as a whole file of a format; columns as in cw_encoder_options. */
cw_status cw_batch_encode(const struct cw_batch *batch, enum cw_format format, const uint32_t *columns,
                          uint32_t column_count, struct cw_buffer *out, struct cw_error *error);

#endif
