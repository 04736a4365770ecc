/* Jobs: long work that was accepted with 202. */
#ifndef CW_API_JOB_RESOURCE_H
#define CW_API_JOB_RESOURCE_H

#include "api/exchange.h"
#include "service/jobs.h"

cw_status cw_list_jobs(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_get_job(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_cancel_job(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_follow_job(struct cw_exchange *exchange, struct cw_error *error);

/* Queues a job of the route's operation and answers 202, again and again to the same key. The record holds
 * its request and run; the rest is filled in. */
cw_status cw_job_accept(struct cw_exchange *exchange, struct cw_job_record *record, struct cw_error *error);

/* Appends a job as a JSON object; result may be NULL or empty. */
void cw_job_json(struct cw_json_writer *writer, const struct cw_job_view *view,
                 const struct cw_buffer *result);

#endif
