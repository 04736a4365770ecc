/* The description of the API (OpenAPI 3.1), made from the table of routes and the catalogue of entities. */
#ifndef CW_API_OPENAPI_H
#define CW_API_OPENAPI_H

#include "api/json_write.h"
#include "cartwright/buffer.h"
#include "cartwright/error.h"

cw_status cw_openapi_write(int64_t largest_count, struct cw_buffer *out, struct cw_error *error);

/* Writes the members of components/schemas. */
void cw_openapi_schemas(struct cw_json_writer *writer);

#endif
