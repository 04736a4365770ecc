/* Encoders: batches to bytes. An encoder is made once per file and is immutable; chunks, one per thread, do
 * the work, so that pieces of a file can be encoded at the same time and laid end to end:
 *
 *     file = head, body of chunk 0, body of chunk 1, ..., tail
 */
#ifndef CARTWRIGHT_ENCODE_H
#define CARTWRIGHT_ENCODE_H

#include <stdint.h>

#include "cartwright/batch.h"
#include "cartwright/buffer.h"
#include "cartwright/entity.h"
#include "cartwright/error.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum cw_format {
    CW_FORMAT_CSV,    /* RFC 4180, UTF-8, header line, LF line ends by default as most tools write; null is an
                         empty    field, an empty string is "" in quotes */
    CW_FORMAT_NDJSON, /* one JSON object (RFC 8259) per line */
    CW_FORMAT_JSON,   /* one JSON array of the same objects */
    CW_FORMAT_PARQUET, /* Apache Parquet 2 */
    CW_FORMAT_COUNT
};

enum cw_compression { CW_COMPRESSION_NONE, CW_COMPRESSION_SNAPPY, CW_COMPRESSION_ZSTD };

struct cw_encoder_options {
    enum cw_format format;
    enum cw_compression compression; /* Parquet only */
    int compression_level;           /* zstd; 0 means the default */
    const struct cw_entity *entity;
    const uint32_t *columns; /* positions in the entity, in output order; NULL: all */
    uint32_t column_count;
};

struct cw_encoder;
struct cw_chunk;

/* "csv", "ndjson", "json", "parquet": name, file ending and media type of a format; and the reverse (-1:
 * unknown). */
const char *cw_format_name(enum cw_format format);
const char *cw_format_media_type(enum cw_format format);
int cw_format_find(const char *name);

/* Makes an encoder; options are copied, except entity, which must outlive it. Thread-safe to share once made.
 * Errors: CW_E_INVALID, CW_E_NO_MEMORY. */
cw_status cw_encoder_new(const struct cw_encoder_options *options, struct cw_encoder **encoder,
                         struct cw_error *error);
void cw_encoder_free(struct cw_encoder *encoder);

/* About how many rows of a table a chunk should hold for this format (a Parquet row group, or a write of some
 * 100s of kilobytes). */
int64_t cw_encoder_chunk_rows(const struct cw_encoder *encoder);

/* Appends the bytes that begin a file. */
cw_status cw_encoder_head(const struct cw_encoder *encoder, struct cw_buffer *out, struct cw_error *error);

/* A chunk belongs to one thread at a time and is used again and again; encoder must outlive it. */
cw_status cw_chunk_new(const struct cw_encoder *encoder, struct cw_chunk **chunk, struct cw_error *error);
void cw_chunk_free(struct cw_chunk *chunk);

/* Adds all rows of a batch of the encoder's entity. The chosen columns must be present in the batch. The
 * batch may be changed afterwards, but pools of dictionary columns must live, and be the same for every batch
 * of a column, until the chunk is finished. The chunks of an encoder know a pool by its address: one that a
 * chunk has seen must not change, nor another be made at its address, before that chunk is freed. */
cw_status cw_chunk_add(struct cw_chunk *chunk, const struct cw_batch *batch, struct cw_error *error);

/* Ends the chunk: appends its bytes to body and what the tail must know of it to note, and empties it for the
 * next use. is_first: no chunk with rows stands before it in the file. A chunk without rows appends nothing.
 */
cw_status cw_chunk_finish(struct cw_chunk *chunk, bool is_first, struct cw_buffer *body,
                          struct cw_buffer *note, struct cw_error *error);

/* The end of a file under construction. Notes are added in file order, with the file offset where the chunk's
 * body begins. Not thread-safe. */
struct cw_tail;
cw_status cw_tail_new(const struct cw_encoder *encoder, struct cw_tail **tail, struct cw_error *error);
void cw_tail_free(struct cw_tail *tail);
cw_status cw_tail_add(struct cw_tail *tail, const struct cw_buffer *note, int64_t body_offset,
                      struct cw_error *error);
/* Appends the bytes that end a file. */
cw_status cw_tail_finish(struct cw_tail *tail, struct cw_buffer *out, struct cw_error *error);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
