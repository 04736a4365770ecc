/* YAML from outside, as the values that JSON has. Taken is what YAML 1.2.2 (https://yaml.org/spec/1.2.2/)
 * calls the core schema: mappings, sequences, and plain scalars that are null, true, false, a number, or else
 * a text; quoted scalars and blocks are always texts. */
#ifndef CW_SERVICE_YAML_READ_H
#define CW_SERVICE_YAML_READ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "cartwright/error.h"
#include "service/json_read.h"

/* Parses one YAML document in UTF-8, with or without a byte order mark, of at most CW_JSON_SIZE_MAX bytes and
 * CW_JSON_DEPTH_MAX levels. The caller owns *value (json_decref). Refused are what JSON has no value for
 * (.inf, .nan, integers beyond 64 bits, keys that are no texts, zero bytes), a key given twice, a second
 * document, anchors and aliases, and tags other than !!str, !!map and !!seq. Errors: CW_E_INVALID saying line
 * and column, CW_E_LIMIT, CW_E_NO_MEMORY.
 */
cw_status cw_yaml_parse(const char *text, size_t size, json_t **value, struct cw_error *error);

/* Whether a file of this name holds YAML rather than JSON: by its ending, .yaml or .yml against .json, else
 * by its text, which as JSON begins with a brace, a bracket or a quotation mark. */
bool cw_yaml_is_likely(const char *path, const char *text, size_t size);

/* The line, counted from 1, in which a key of a document's mapping stands (parent ""), or a key of the
 * mapping that parent has as its value; of a key given twice the first. 0: there is none, or the text before
 * it is no YAML, which JSON with some escapes is not. */
int cw_yaml_key_line(const char *text, size_t size, const char *parent, const char *key);

/* Parses a text as what cw_yaml_is_likely says. */
cw_status cw_document_parse(const char *path, const char *text, size_t size, json_t **value,
                            struct cw_error *error);

#endif
