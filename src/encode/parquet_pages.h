/* Columns of a row group to the pages of a column chunk. */
#ifndef CW_ENCODE_PARQUET_PAGES_H
#define CW_ENCODE_PARQUET_PAGES_H

#include "cartwright/buffer.h"
#include "encode/parquet_codec.h"
#include "encode/parquet_column.h"
#include "encode/parquet_distinct.h"
#include "encode/parquet_metadata.h"

/* How the values of a column are written; pointers lead into the column, its pool or the writer. */
struct cw_parquet_plan {
    enum cw_parquet_encoding encoding;
    const uint32_t *codes; /* RLE_DICTIONARY: a code per value */
    size_t dictionary_count;
    unsigned code_width;
    const char *values; /* PLAIN, DELTA_BINARY_PACKED, DELTA_BYTE_ARRAY: the values; booleans as bitmap */
    size_t value_size;
    const uint32_t *lengths; /* DELTA_LENGTH_BYTE_ARRAY: of the strings in text; DELTA_BYTE_ARRAY: what a
                                value shares with the one before it */
    const char *text;
    bool pays; /* compression is known to be worth the time */
};

struct cw_parquet_page {
    size_t offset; /* in pages */
    size_t size;
    int32_t value_count;
    bool is_dictionary;
    bool pays; /* to be compressed */
};

/* The working memory of a thread; zeroed but for codec and compressor it is ready. Every buffer is used
 * again. */
struct cw_parquet_writer {
    enum cw_parquet_codec codec;
    struct cw_compressor *compressor; /* owned; NULL for no compression */
    struct cw_distinct distinct;
    struct cw_buffer pages;      /* contents of the pages of one column, end to end */
    struct cw_buffer page_list;  /* struct cw_parquet_page */
    struct cw_buffer compressed; /* one page */
    struct cw_buffer lengths;    /* uint32_t */
    struct cw_buffer suffixes;   /* uint32_t */
    struct cw_buffer text;
};

void cw_parquet_writer_clear(struct cw_parquet_writer *writer);

/* Gives back the memory of all buffers; the writer stays ready. */
void cw_parquet_writer_trim(struct cw_parquet_writer *writer);

/* Appends the pages of a column with at least one row to body and describes them, with offsets in body.
 * Errors: CW_E_NO_MEMORY, CW_E_INTERNAL. */
cw_status cw_parquet_writer_run(struct cw_parquet_writer *writer, const struct cw_parquet_column *column,
                                struct cw_buffer *body, struct cw_parquet_chunk *chunk,
                                struct cw_error *error);

/* Chooses the plan for a column with at least one value, sets the bounds in statistics, and appends the
 * dictionary, if there is one, to the writer's pages. Errors: CW_E_NO_MEMORY. */
cw_status cw_parquet_plan_make(struct cw_parquet_writer *writer, const struct cw_parquet_column *column,
                               struct cw_parquet_statistics *statistics, struct cw_parquet_plan *plan,
                               struct cw_error *error);

#endif
