/* Jobs that make rows and keep them: what POST /api/v1/generate/... and its like leave to the background. */
#ifndef CW_API_GENERATE_JOB_H
#define CW_API_GENERATE_JOB_H

#include "api/exchange.h"
#include "service/generate_store.h"
#include "service/jobs.h"

/* Appends the members of what a run has made to an open object. request: the body with its defaults, JSON. */
cw_status cw_generated_put(struct cw_json_writer *writer, const struct cw_store_run *run, const char *request,
                           bool persist);

/* Answers 202 and queues a job of the route's operation that makes the rows of a resolved spec. */
cw_status cw_generate_job_accept(struct cw_exchange *exchange, const struct cw_run_spec *spec,
                                 const char *request, struct cw_error *error);

/* Work and recall of such a job; context is the API. */
cw_status cw_generate_job_work(void *context, const struct cw_job_task *task, struct cw_error *error);
cw_status cw_generate_job_recall(void *context, const struct cw_run_record *run, struct cw_buffer *result,
                                 struct cw_error *error);

#endif
