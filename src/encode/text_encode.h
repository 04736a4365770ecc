/* What CSV, NDJSON and JSON share: rows to text, row by row, through one writer function per column that is
 * chosen once per batch. A writer checks no bounds: room for the longest rows is made once per block of rows.
 */
#ifndef CW_ENCODE_TEXT_ENCODE_H
#define CW_ENCODE_TEXT_ENCODE_H

#include "encode/format.h"

/* How the text formats differ. */
struct cw_text_format {
    bool quoted;           /* dates, timestamps, UUIDs and strings stand in quotes */
    bool named;            /* the column's name stands before each value */
    const char *row_start; /* at most 8 bytes, as are the next three */
    const char *row_end;
    const char *null_value;
    const char *empty_value; /* an empty string */
    const char *separator;   /* after each value but the last: at most 1 byte */
    size_t growth;           /* most bytes that one byte of a string can become, up to 7 */
    /* True when no byte needs to be escaped or makes quotes necessary. May look at up to 15 bytes past the
     * end (they are readable) and then answer false because of them. */
    bool (*is_clean)(const char *bytes, size_t size);
    /* Writes a string as a whole value: quotes, where needed, and escapes. Text may be read CW_PADDING bytes
     * past its end and out written as far past the value's. Returns the value's end. */
    char *(*escape)(char *out, const char *text, size_t length);
};

/* Members of struct cw_format_encoder, or nearly so; format must be static. */
cw_status cw_text_check(const struct cw_encoder_options *options, struct cw_error *error);
int64_t cw_text_chunk_rows(const struct cw_encoder *encoder);
cw_status cw_text_chunk_new(const struct cw_encoder *encoder, const struct cw_text_format *format,
                            struct cw_chunk **chunk, struct cw_error *error);
void cw_text_chunk_free(struct cw_chunk *chunk);
cw_status cw_text_chunk_add(struct cw_chunk *chunk, const struct cw_batch *batch, struct cw_error *error);

/* Appends the rows to body without their first skipped bytes. */
cw_status cw_text_chunk_finish(struct cw_chunk *chunk, size_t skipped, struct cw_buffer *body,
                               struct cw_error *error);

/* A tail that appends text, which must be static. */
cw_status cw_text_tail_new(const char *text, struct cw_tail **tail, struct cw_error *error);
void cw_text_tail_free(struct cw_tail *tail);
cw_status cw_text_tail_add(struct cw_tail *tail, const struct cw_buffer *note, int64_t body_offset,
                           struct cw_error *error);
cw_status cw_text_tail_finish(struct cw_tail *tail, struct cw_buffer *out, struct cw_error *error);

#endif
