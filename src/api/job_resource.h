/* Jobs: long work that was accepted with 202. */
#ifndef CW_API_JOB_RESOURCE_H
#define CW_API_JOB_RESOURCE_H

#include "api/exchange.h"
#include "service/jobs.h"

cw_status cw_list_jobs(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_get_job(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_cancel_job(struct cw_exchange *exchange, struct cw_error *error);
cw_status cw_follow_job(struct cw_exchange *exchange, struct cw_error *error);

/* Answers 202 with a job that is about to be queued under this ticket. */
cw_status cw_job_accept(struct cw_exchange *exchange, const struct cw_job_ticket *ticket,
                        struct cw_error *error);

/* Appends a job as a JSON object; result may be NULL or empty. */
void cw_job_json(struct cw_json_writer *writer, const struct cw_job_view *view,
                 const struct cw_buffer *result);

#endif
