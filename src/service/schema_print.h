/* The catalogue of the shop, printed. */
#ifndef CW_SERVICE_SCHEMA_PRINT_H
#define CW_SERVICE_SCHEMA_PRINT_H

#include "cartwright/buffer.h"
#include "cartwright/entity.h"
#include "cartwright/error.h"

enum cw_schema_format { CW_SCHEMA_TEXT, CW_SCHEMA_JSON, CW_SCHEMA_SQL, CW_SCHEMA_FORMAT_COUNT };

/* "text", "json", "sql"; and the reverse (-1: unknown). */
const char *cw_schema_format_name(enum cw_schema_format format);
int cw_schema_format_find(const char *name);

/* Appends the description of the entities whose bit is set in entities (bit e: enum cw_entity_id e).
 * SQL is ISO: UUID, TIMESTAMP WITH TIME ZONE, CHECK and REFERENCES, in an order that can be loaded. */
cw_status cw_schema_print(enum cw_schema_format format, uint32_t entities, struct cw_buffer *out,
                          struct cw_error *error);

#endif
