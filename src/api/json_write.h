/* Builds JSON text into a buffer. The first failure sticks, so that a whole document is written and checked
 * once. */
#ifndef CW_API_JSON_WRITE_H
#define CW_API_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cartwright/buffer.h"
#include "cartwright/error.h"

struct cw_json_writer {
    struct cw_buffer *out;
    struct cw_error *error;
    cw_status status;
    bool needs_comma; /* before the next member or element */
};

struct cw_json_writer cw_json_writer_init(struct cw_buffer *out, struct cw_error *error);

/* bracket is '{' or '['; and '}' or ']'. */
void cw_json_open(struct cw_json_writer *writer, char bracket);
void cw_json_close(struct cw_json_writer *writer, char bracket);

/* Writes a member's name; a value must follow. */
void cw_json_key(struct cw_json_writer *writer, const char *name);

/* Values. text NULL is written as null; raw is a whole JSON value, copied as it is. */
void cw_json_text(struct cw_json_writer *writer, const char *text);
void cw_json_text_sized(struct cw_json_writer *writer, const char *text, size_t size);
void cw_json_number(struct cw_json_writer *writer, int64_t value);
void cw_json_bool(struct cw_json_writer *writer, bool value);
void cw_json_raw(struct cw_json_writer *writer, const char *raw, size_t size);
/* A time as RFC 3339, or null for 0. */
void cw_json_instant(struct cw_json_writer *writer, int64_t time);

/* Member name and value at once. */
void cw_json_put_text(struct cw_json_writer *writer, const char *name, const char *text);
void cw_json_put_number(struct cw_json_writer *writer, const char *name, int64_t value);
void cw_json_put_bool(struct cw_json_writer *writer, const char *name, bool value);
void cw_json_put_raw(struct cw_json_writer *writer, const char *name, const struct cw_buffer *raw);
void cw_json_put_instant(struct cw_json_writer *writer, const char *name, int64_t time);

/* A member whose value is the JSON text json; without `"` in C source, "'" stands for it. */
void cw_json_put_quoted(struct cw_json_writer *writer, const char *name, const char *json);

#endif
