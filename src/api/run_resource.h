/* Runs: what was generated into the store, and how to make it again. Also the checks of one entity's
 * relationships. */
#ifndef CW_API_RUN_RESOURCE_H
#define CW_API_RUN_RESOURCE_H

#include "api/exchange.h"
#include "service/jobs.h"

cw_status cw_list_runs(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_get_run(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_reproduce(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_validate_relationships(struct cw_exchange *exchange, struct cw_error *error);

/* Work of a job that makes a run again; context is the API. */
cw_status cw_reproduce_job_work(void *context, const struct cw_job_task *task, struct cw_error *error);

#endif
