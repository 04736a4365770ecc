#include "api/api.h"

#include "api/api_metrics.h"
#include "api/idempotency.h"
#include "api/openapi.h"
#include "api/rate_limit.h"
#include "service/access.h"

#define JOBS_WAITING_MAX 64
#define JOBS_REMEMBERED 1000

cw_status cw_api_init(struct cw_api *api, struct cw_store *store, int64_t largest_count,
                      struct cw_error *error)
{
    /* Jobs follow one another: each uses all processors, and loads into one store wait for each other. */
    const struct cw_job_options jobs = {
        .threads = 1, .queue_limit = JOBS_WAITING_MAX, .history = JOBS_REMEMBERED};
    *api = (struct cw_api){.store = store, .largest_count = largest_count};
    cw_status status = cw_api_metrics_new(&api->metrics, error);
    if (status == CW_OK) {
        status = cw_openapi_write(largest_count, &api->openapi, error);
    }
    if (status == CW_OK) {
        status = cw_job_runner_new(&jobs, &api->jobs, error);
    }
    if (status == CW_OK) {
        status = cw_idempotency_new(store, api->jobs, &api->keys, error);
    }
    if (status != CW_OK) {
        cw_api_clear(api);
    }
    return status;
}

void cw_api_clear(struct cw_api *api)
{
    cw_job_runner_free(api->jobs);
    api->jobs = NULL;
    cw_idempotency_free(api->keys);
    api->keys = NULL;
    cw_api_metrics_free(api->metrics);
    api->metrics = NULL;
    cw_buffer_clear(&api->openapi);
    cw_access_free(api->access);
    api->access = NULL;
    cw_rate_limiter_free(api->limiter);
    api->limiter = NULL;
}
