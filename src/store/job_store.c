#include "store/job_store.h"

#include "store/store_base.h"

const char *cw_job_state_name(enum cw_job_state state)
{
    static const char *const names[CW_JOB_STATES] = {"queued", "running", "succeeded", "failed", "cancelled"};
    return (size_t)state < CW_JOB_STATES ? names[state] : "unknown";
}

void cw_job_record_clear(struct cw_job_record *record)
{
    if (record == NULL) {
        return;
    }
    cw_buffer_clear(&record->request);
    cw_buffer_clear(&record->result);
    cw_kept_answer_clear(&record->answer);
    *record = (struct cw_job_record){0};
}

cw_status cw_job_not_found(struct cw_error *error)
{
    return cw_error_set(error, CW_E_NOT_FOUND, "id", "there is no job with this id, or it is forgotten");
}

cw_status cw_job_queue_full(uint32_t queue_limit, struct cw_error *error)
{
    cw_error_set(error, CW_E_UNAVAILABLE, NULL, "%u jobs are waiting already; try again later", queue_limit);
    if (error != NULL) {
        error->retryable = true;
    }
    return CW_E_UNAVAILABLE;
}

static cw_status find_operations(const struct cw_store *store, const struct cw_job_operations **jobs,
                                 struct cw_error *error)
{
    *jobs = store->operations->jobs;
    return cw_store_check_writable(store, error);
}

cw_status cw_store_job_add(struct cw_store *store, const struct cw_job_record *record, uint32_t queue_limit,
                           struct cw_error *error)
{
    const struct cw_job_operations *jobs;
    const cw_status status = find_operations(store, &jobs, error);
    return status == CW_OK ? jobs->add(store, record, queue_limit, error) : status;
}

cw_status cw_store_job_take(struct cw_store *store, const char *kinds, const struct cw_job_lease *lease,
                            struct cw_job_record *record, bool *found, struct cw_error *error)
{
    const struct cw_job_operations *jobs;
    const cw_status status = find_operations(store, &jobs, error);
    return status == CW_OK ? jobs->take(store, kinds, lease, record, found, error) : status;
}

cw_status cw_store_job_beat(struct cw_store *store, const struct cw_job_view *progress,
                            const struct cw_job_lease *lease, bool *held, bool *cancelled,
                            struct cw_error *error)
{
    const struct cw_job_operations *jobs;
    const cw_status status = find_operations(store, &jobs, error);
    return status == CW_OK ? jobs->beat(store, progress, lease, held, cancelled, error) : status;
}

cw_status cw_store_job_finish(struct cw_store *store, const struct cw_job_view *end,
                              const struct cw_uuid *owner, const struct cw_buffer *result, bool *held,
                              struct cw_error *error)
{
    const struct cw_job_operations *jobs;
    const cw_status status = find_operations(store, &jobs, error);
    return status == CW_OK ? jobs->finish(store, end, owner, result, held, error) : status;
}

cw_status cw_store_job_release(struct cw_store *store, const struct cw_uuid *id, const struct cw_uuid *owner,
                               bool counts, struct cw_error *error)
{
    const struct cw_job_operations *jobs;
    const cw_status status = find_operations(store, &jobs, error);
    return status == CW_OK ? jobs->release(store, id, owner, counts, error) : status;
}

cw_status cw_store_job_cancel(struct cw_store *store, const struct cw_uuid *id, struct cw_error *error)
{
    const struct cw_job_operations *jobs;
    const cw_status status = find_operations(store, &jobs, error);
    return status == CW_OK ? jobs->cancel(store, id, error) : status;
}

cw_status cw_store_job(struct cw_store *store, const struct cw_uuid *id, struct cw_job_record *record,
                       struct cw_error *error)
{
    const struct cw_job_operations *jobs;
    uint32_t count = 0;
    cw_status status = find_operations(store, &jobs, error);
    if (status == CW_OK) {
        status = jobs->read(store, id, 1, record, &count, error);
    }
    if (status == CW_OK && count == 0) {
        status = cw_job_not_found(error);
    }
    return status;
}

cw_status cw_store_jobs(struct cw_store *store, uint32_t limit, struct cw_job_record *records,
                        uint32_t *count, struct cw_error *error)
{
    const struct cw_job_operations *jobs;
    const cw_status status = find_operations(store, &jobs, error);
    return status == CW_OK ? jobs->read(store, NULL, limit, records, count, error) : status;
}

cw_status cw_store_job_counts(struct cw_store *store, uint32_t *queued, uint32_t *running,
                              struct cw_error *error)
{
    const struct cw_job_operations *jobs;
    const cw_status status = find_operations(store, &jobs, error);
    return status == CW_OK ? jobs->count(store, queued, running, error) : status;
}

cw_status cw_store_jobs_forget(struct cw_store *store, uint32_t keep, int64_t since, struct cw_error *error)
{
    const struct cw_job_operations *jobs;
    const cw_status status = find_operations(store, &jobs, error);
    return status == CW_OK ? jobs->forget(store, keep, since, error) : status;
}
