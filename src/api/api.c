#include "api/api.h"

#include <stdio.h>

#include "api/api_metrics.h"
#include "api/export_stream.h"
#include "api/generate_job.h"
#include "api/idempotency.h"
#include "api/openapi.h"
#include "api/rate_limit.h"
#include "api/run_resource.h"
#include "api/store_probe.h"
#include "service/access.h"
#include "service/redact.h"

#define JOBS_WAITING_MAX 64
#define JOBS_REMEMBERED 1000
#define JOBS_REMEMBERED_FOR (INT64_C(7) * 86400 * 1000000)
/* Running jobs may go on for this long when the server is stopped. */
#define JOBS_GRACE INT64_C(3000000)
/* Two keep a slow query of one export from holding up the others. */
#define EXPORT_THREADS 2

static const struct cw_job_kind job_kinds[] = {
    {"generate_customers", cw_generate_job_work, cw_generate_job_recall},
    {"generate_products", cw_generate_job_work, cw_generate_job_recall},
    {"generate_orders", cw_generate_job_work, cw_generate_job_recall},
    {"generate_bulk", cw_generate_job_work, cw_generate_job_recall},
    {"reproduce_run", cw_reproduce_job_work, NULL},
};

/* One line for each attempt at a job, and the count of those that ended. */
static void note_attempt(void *context, const struct cw_job_view *view, bool waits_again)
{
    struct cw_api *api = context;
    char time[CW_TIME_TEXT];
    char id[CW_UUID_TEXT];
    char cause[sizeof view->error.message];
    const char *state = waits_again ? "waits" : cw_job_state_name(view->state);
    cw_time_text(cw_time_now(), time);
    cw_uuid_text(&view->id, id);
    cw_log_text(view->error.message, cause, sizeof cause);
    if (!waits_again) {
        cw_api_count_job(api, state);
    }
    if (!atomic_load(&api->is_quiet)) {
        fprintf(stderr, "time=%s level=%s event=job id=%s kind=%s state=%s attempts=%d rows=%lld%s%s%s\n",
                time, view->error.message[0] != '\0' ? "error" : "info", id, view->kind, state,
                view->attempts, (long long)view->rows, cause[0] != '\0' ? " error=\"" : "", cause,
                cause[0] != '\0' ? "\"" : "");
    }
}

cw_status cw_api_init(struct cw_api *api, struct cw_store *store, int64_t largest_count, int64_t lease,
                      struct cw_error *error)
{
    /* Jobs follow one another: each uses all processors, and loads into one store wait for each other. */
    const struct cw_job_options jobs = {
        .store = store,
        .kinds = job_kinds,
        .kind_count = sizeof job_kinds / sizeof job_kinds[0],
        .context = api,
        .attempted = note_attempt,
        .threads = 1,
        .queue_limit = JOBS_WAITING_MAX,
        .history = JOBS_REMEMBERED,
        .history_age = JOBS_REMEMBERED_FOR,
        .lease = lease,
        .grace = JOBS_GRACE,
    };
    *api = (struct cw_api){.store = store, .largest_count = largest_count};
    cw_status status = cw_api_metrics_new(&api->metrics, error);
    if (status == CW_OK) {
        status = cw_openapi_write(largest_count, &api->openapi, error);
    }
    if (status == CW_OK) {
        status = cw_job_runner_new(&jobs, &api->jobs, error);
    }
    if (status == CW_OK) {
        status = cw_export_streams_new(EXPORT_THREADS, &api->exports, error);
    }
    if (status == CW_OK) {
        status = cw_idempotency_new(store, &api->keys, error);
    }
    if (status == CW_OK) {
        status = cw_store_probe_new(store, &api->probe, error);
    }
    if (status != CW_OK) {
        cw_api_clear(api);
    }
    return status;
}

void cw_api_clear(struct cw_api *api)
{
    cw_store_probe_free(api->probe);
    api->probe = NULL;
    cw_job_runner_free(api->jobs);
    api->jobs = NULL;
    cw_export_streams_free(api->exports);
    api->exports = NULL;
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
