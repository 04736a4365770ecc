/* JSON from outside: parsing within limits, and objects whose fields are described by a table. */
#ifndef CW_SERVICE_JSON_READ_H
#define CW_SERVICE_JSON_READ_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "cartwright/buffer.h"
#include "cartwright/error.h"

#define CW_JSON_SIZE_MAX (4u << 20)
#define CW_JSON_DEPTH_MAX 32

/* Passes over the byte order mark (U+FEFF in UTF-8) that some editors put before a text. */
void cw_text_skip_mark(const char **text, size_t *size);

/* Parses one JSON text, with or without a byte order mark, of at most CW_JSON_SIZE_MAX bytes and
 * CW_JSON_DEPTH_MAX levels. A key given twice is refused. The caller owns *value (json_decref). Errors:
 * CW_E_INVALID saying line and column, CW_E_LIMIT. */
cw_status cw_json_parse(const char *text, size_t size, json_t **value, struct cw_error *error);

/* One field of an object. read gets its value (never NULL) and stores it in target. */
struct cw_json_field {
    const char *name;
    cw_status (*read)(const char *name, const json_t *value, void *target, struct cw_error *error);
};

/* Reads all fields of object into target by the table. Unknown fields: CW_E_INVALID with the nearest name. */
cw_status cw_json_read_object(const json_t *object, const struct cw_json_field *fields, size_t count,
                              void *target, struct cw_error *error);

/* Scalars. Each names the field, the value given and what was expected in its CW_E_INVALID. Integers may also
 * be given as text such as "10K". Strings are returned borrowed. */
cw_status cw_json_integer(const char *name, const json_t *value, int64_t minimum, int64_t maximum,
                          int64_t *out, struct cw_error *error);
cw_status cw_json_string(const char *name, const json_t *value, const char **out, struct cw_error *error);
cw_status cw_json_boolean(const char *name, const json_t *value, bool *out, struct cw_error *error);
cw_status cw_json_time(const char *name, const json_t *value, int64_t *out, struct cw_error *error);

/* Appends text as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD. */
cw_status cw_json_quote(struct cw_buffer *out, const char *text, size_t size, struct cw_error *error);

#endif
