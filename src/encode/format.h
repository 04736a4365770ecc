/* What a file format plugs in: one struct of functions to write it, one to read it, and a line in the table
 * of format.c. encode.c and decode.c check arguments and own the parts below that are common to all formats.
 */
#ifndef CW_ENCODE_FORMAT_H
#define CW_ENCODE_FORMAT_H

#include "cartwright/encode.h"
#include "encode/decode.h"
#include "encode/text_slots.h"

struct cw_encoder {
    struct cw_encoder_options options; /* columns is never NULL here and owned */
    const struct cw_format_encoder *format;
    struct cw_slot_shelf *shelf; /* owned; what chunks of text share */
};

/* Formats embed these three as the first member of their own structs, so that a pointer to one is a pointer
 * to the other. The shared members are set after the format's _new or open has returned. */
struct cw_chunk {
    const struct cw_encoder *encoder;
    bool has_rows; /* since the last finish */
};

struct cw_tail {
    const struct cw_encoder *encoder;
};

struct cw_decoder {
    const struct cw_format_decoder *format;
    const struct cw_entity *entity;
    const struct cw_input *input;
};

/* Functions behind cartwright/encode.h, with its contracts; no member is NULL. Before they are called the
 * arguments were checked: options are in range, chosen columns exist, are given once and are present in the
 * batch; dates and timestamps lie in the years 1 to 9999; a batch has at least one row; *_free is not given
 * NULL. */
struct cw_format_encoder {
    /* Refuses options that this format does not know (compression). */
    cw_status (*check)(const struct cw_encoder_options *options, struct cw_error *error);
    int64_t (*chunk_rows)(const struct cw_encoder *encoder);
    cw_status (*head)(const struct cw_encoder *encoder, struct cw_buffer *out, struct cw_error *error);
    cw_status (*chunk_new)(const struct cw_encoder *encoder, struct cw_chunk **chunk, struct cw_error *error);
    void (*chunk_free)(struct cw_chunk *chunk);
    cw_status (*chunk_add)(struct cw_chunk *chunk, const struct cw_batch *batch, struct cw_error *error);
    /* Called only when the chunk has rows. */
    cw_status (*chunk_finish)(struct cw_chunk *chunk, bool is_first, struct cw_buffer *body,
                              struct cw_buffer *note, struct cw_error *error);
    cw_status (*tail_new)(const struct cw_encoder *encoder, struct cw_tail **tail, struct cw_error *error);
    void (*tail_free)(struct cw_tail *tail);
    /* Called with the notes of chunks without rows, too: those are empty. */
    cw_status (*tail_add)(struct cw_tail *tail, const struct cw_buffer *note, int64_t body_offset,
                          struct cw_error *error);
    cw_status (*tail_finish)(struct cw_tail *tail, struct cw_buffer *out, struct cw_error *error);
};

/* Functions behind encode/decode.h, with its contracts; no member is NULL. The batch given to next is one of
 * the decoder's entity. */
struct cw_format_decoder {
    cw_status (*open)(const struct cw_entity *entity, const struct cw_input *input,
                      struct cw_decoder **decoder, struct cw_error *error);
    void (*close)(struct cw_decoder *decoder);
    cw_status (*next)(struct cw_decoder *decoder, struct cw_batch *batch, struct cw_error *error);
};

struct cw_format_row {
    const char *name; /* also the file ending */
    const char *media_type;
    const struct cw_format_encoder *encoder;
    const struct cw_format_decoder *decoder;
};

/* The row of a format; NULL when format is none. Static storage. */
const struct cw_format_row *cw_format_get(enum cw_format format);

extern const struct cw_format_encoder cw_csv_encoder;
extern const struct cw_format_encoder cw_ndjson_encoder;
extern const struct cw_format_encoder cw_json_encoder;

extern const struct cw_format_decoder cw_csv_decoder;
extern const struct cw_format_decoder cw_ndjson_decoder;
extern const struct cw_format_decoder cw_json_decoder;

#endif
