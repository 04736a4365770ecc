/* A run as a list of tasks: what cartwright/run.h has not. */
#ifndef CW_ENGINE_GENERATION_H
#define CW_ENGINE_GENERATION_H

#include "cartwright/run.h"

/* cw_generation_new on up to so many threads, which are gone when it returns. They change nothing of the
 * result. */
cw_status cw_generation_plan(const struct cw_run_spec *spec, const struct cw_world *world,
                             const struct cw_selection *selection, uint32_t shard, uint32_t shards,
                             uint32_t threads, struct cw_generation **generation, struct cw_error *error);

#endif
