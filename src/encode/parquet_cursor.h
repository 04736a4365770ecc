/* Reading one column chunk forward, page by page, whatever its encodings. */
#ifndef CW_ENCODE_PARQUET_CURSOR_H
#define CW_ENCODE_PARQUET_CURSOR_H

#include "cartwright/buffer.h"
#include "encode/decode.h"
#include "encode/parquet_codec.h"
#include "encode/parquet_metadata.h"
#include "encode/parquet_pack.h"

/* Most rows that are read at a time. */
#define CW_PARQUET_READ_ROWS 4096

struct cw_parquet_cursor {
    const struct cw_input *input;
    struct cw_decompressor *decompressor; /* shared by all cursors of a file */
    const char *name;                     /* for messages */
    size_t row_group;                     /* for messages */
    int32_t type;                         /* enum cw_parquet_type */
    int32_t codec;
    bool optional;
    int64_t offset; /* of the next page */
    int64_t end;    /* of the column chunk */
    int64_t left;   /* rows in the pages to come */

    /* The page. */
    struct cw_buffer compressed;
    struct cw_buffer page;
    int64_t page_left; /* its rows that were not read yet */
    int32_t encoding;
    struct cw_hybrid_reader levels;
    bool values_open;    /* the members below are set, up to value_left */
    const uint8_t *next; /* of what is not packed */
    const uint8_t *page_end;
    unsigned bit;                  /* of *next, for booleans */
    struct cw_hybrid_reader codes; /* of a dictionary; booleans as runs */
    struct cw_delta_reader delta;  /* numbers; lengths of strings; lengths of shared beginnings */
    struct cw_delta_reader rest;   /* lengths of what follows a shared beginning */
    uint8_t last[16];              /* the value before, for shared beginnings */

    /* The dictionary. */
    struct cw_buffer dictionary;
    struct cw_buffer dictionary_ends; /* uint32_t: where each string ends and, 4 bytes on, the next begins */
    uint32_t dictionary_count;
};

void cw_parquet_cursor_clear(struct cw_parquet_cursor *cursor);

/* Points the cursor at a column chunk of row_count rows. Memory is kept.
 * Errors: CW_E_CORRUPT, CW_E_UNSUPPORTED. */
cw_status cw_parquet_cursor_open(struct cw_parquet_cursor *cursor, const struct cw_parquet_chunk *chunk,
                                 int64_t row_count, int64_t file_size, struct cw_error *error);

/* Loads pages until the current one has rows left, and returns in *rows how many of at most count can be read
 * from it at once. Errors: CW_E_CORRUPT, CW_E_UNSUPPORTED, CW_E_NO_MEMORY, and those of the input. */
cw_status cw_parquet_cursor_load(struct cw_parquet_cursor *cursor, int64_t count, int64_t *rows,
                                 struct cw_error *error);

/* After a load: sets levels[i] to 0 for null rows, else 1; *valid to their sum. Errors: CW_E_CORRUPT. */
cw_status cw_parquet_cursor_levels(struct cw_parquet_cursor *cursor, int64_t rows, uint32_t *levels,
                                   int64_t *valid, struct cw_error *error);

/* The next count values that are not null. Errors: CW_E_CORRUPT, CW_E_UNSUPPORTED. */
cw_status cw_parquet_cursor_numbers(struct cw_parquet_cursor *cursor, int64_t *values, size_t count,
                                    struct cw_error *error);
cw_status cw_parquet_cursor_bools(struct cw_parquet_cursor *cursor, uint32_t *values, size_t count,
                                  struct cw_error *error);
cw_status cw_parquet_cursor_uuids(struct cw_parquet_cursor *cursor, uint8_t *values, size_t count,
                                  struct cw_error *error);
/* The strings stay until the next load. */
cw_status cw_parquet_cursor_strings(struct cw_parquet_cursor *cursor, struct cw_parquet_bytes *values,
                                    size_t count, struct cw_error *error);

cw_status cw_parquet_cursor_corrupt(const struct cw_parquet_cursor *cursor, const char *what,
                                    struct cw_error *error);

#endif
