/* What the decoders of CSV, NDJSON and JSON share: a window that slides over the input, and values in text
 * form to values in a batch. A format finds where the fields of the next row stand. */
#ifndef CW_ENCODE_TEXT_DECODE_H
#define CW_ENCODE_TEXT_DECODE_H

#include "encode/format.h"

/* What entity.h allows an entity to have. */
#define CW_TEXT_MOST_COLUMNS 64

/* The longest row, in bytes of the file. */
#define CW_TEXT_LONGEST_ROW 1048576

enum cw_text_kind {
    CW_TEXT_ABSENT, /* the file has no such field: null */
    CW_TEXT_NULL,
    CW_TEXT_BARE,  /* a number or a word */
    CW_TEXT_QUOTED /* between quotes, which text leaves out */
};

/* A value as it stands in the window. */
struct cw_text_field {
    enum cw_text_kind kind;
    bool has_escapes;
    char *text;
    size_t length;
};

struct cw_text_decoder;

/* What finding a row can come to, besides an error. */
enum {
    CW_TEXT_ROW = CW_OK, /* fields are set and next_start stands behind the row */
    CW_TEXT_MORE = 1,    /* the window ends within the row */
    CW_TEXT_END = 2      /* the input has no more rows */
};

struct cw_text_grammar {
    bool typed; /* numbers and booleans stand without quotes, all other values within */
    /* Finds the next row between start and end of the window and leaves the window as it is. Returns one of
     * the values above, or a status below zero. */
    int (*row)(struct cw_text_decoder *decoder, struct cw_error *error);
    /* Resolves the escapes of a field in place: that never makes it longer. */
    cw_status (*unescape)(struct cw_text_decoder *decoder, uint32_t column, struct cw_text_field *field,
                          struct cw_error *error);
};

struct cw_text_decoder {
    struct cw_decoder base;
    const struct cw_text_grammar *grammar;
    const struct cw_entity *entity;
    const struct cw_input *input;
    char *window;
    size_t start; /* of the next row */
    size_t end;   /* of what was read */
    size_t capacity;
    size_t next_start;
    int64_t offset;                                    /* of the window's end in the input */
    bool at_end;                                       /* nothing follows the window */
    int64_t line;                                      /* where the next row begins, from 1 */
    struct cw_text_field fields[CW_TEXT_MOST_COLUMNS]; /* by position in the entity */
};

/* Prepares a decoder that stands in larger, zeroed storage. */
void cw_text_decoder_init(struct cw_text_decoder *decoder, const struct cw_text_grammar *grammar,
                          const struct cw_entity *entity, const struct cw_input *input);
void cw_text_decoder_clear(struct cw_text_decoder *decoder);

/* Reads more of the input into the window. Only while at_end is false. */
cw_status cw_text_decoder_fill(struct cw_text_decoder *decoder, struct cw_error *error);

/* Moves on to next_start and counts the lines passed. */
void cw_text_decoder_advance(struct cw_text_decoder *decoder);

/* The format's next. */
cw_status cw_text_decoder_next(struct cw_decoder *base, struct cw_batch *batch, struct cw_error *error);

/* Sets an error that names the line and, unless it is NULL, the column. */
cw_status cw_text_decoder_error(const struct cw_text_decoder *decoder, cw_status code, const char *column,
                                struct cw_error *error, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The start of text for a message: cut, with what is not printable replaced. */
struct cw_text_excerpt {
    char text[52];
};
struct cw_text_excerpt cw_text_excerpt_of(const char *text, size_t length);

#endif
