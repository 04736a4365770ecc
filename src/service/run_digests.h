/* What a stored run says about its rows: digests over canonical NDJSON, and what it was built upon. */
#ifndef CW_SERVICE_RUN_DIGESTS_H
#define CW_SERVICE_RUN_DIGESTS_H

#include "cartwright/buffer.h"
#include "cartwright/error.h"
#include "service/produce.h"
#include "store/store.h"

/* Sets up one output for each entity that a run of a spec can have rows of (NULL: every entity), which
 * digests them as NDJSON and writes nothing; they are in the order of entities. Returns how many. */
size_t cw_digest_outputs_init(const struct cw_run_spec *spec, struct cw_output outputs[CW_ENTITY_COUNT]);

/* Appends {"customers":{"rows":N,"sha256":"…"},…} of the outputs that have rows; and reads it back into rows
 * and hexadecimal text (rows 0 and "" where a table is absent). Errors of reading: CW_E_CORRUPT. */
cw_status cw_digests_json(const struct cw_output *outputs, size_t count, struct cw_buffer *out,
                          struct cw_error *error);
cw_status cw_digests_parse(const struct cw_buffer *json, int64_t rows[CW_ENTITY_COUNT],
                           char digests[CW_ENTITY_COUNT][CW_DIGEST_SIZE * 2 + 1], struct cw_error *error);

/* Appends {"customers":N,…}; and reads it back. */
cw_status cw_basis_json(const int64_t rows[CW_ENTITY_COUNT], struct cw_buffer *out, struct cw_error *error);
cw_status cw_basis_parse(const struct cw_buffer *json, int64_t rows[CW_ENTITY_COUNT], struct cw_error *error);

/* Whether a run builds upon rows of the store, and the part of the store's world that it does build upon. */
bool cw_run_needs_world(const struct cw_run_spec *spec);
void cw_run_world_choose(const struct cw_run_spec *spec, const struct cw_store_world *shared,
                         struct cw_world *world);

#endif
