/* Long work in the background: a bounded queue, some threads, and a memory of the last jobs. */
#ifndef CW_SERVICE_JOBS_H
#define CW_SERVICE_JOBS_H

#include "cartwright/buffer.h"
#include "cartwright/error.h"
#include "model/world.h"
#include "service/progress.h"

#define CW_JOB_KIND_MAX 32

enum cw_job_state { CW_JOB_QUEUED, CW_JOB_RUNNING, CW_JOB_SUCCEEDED, CW_JOB_FAILED, CW_JOB_CANCELLED };

const char *cw_job_state_name(enum cw_job_state state);

/* What is known of a job at a moment. Plain data. Times are microseconds UTC, 0 where not reached yet. */
struct cw_job_view {
    struct cw_uuid id;
    char kind[CW_JOB_KIND_MAX];
    enum cw_job_state state;
    uint64_t version; /* grows with every change of state */
    int64_t created_at, started_at, finished_at;
    int64_t done, total, rows, bytes; /* of its progress */
    size_t result_size;
    struct cw_error error; /* when failed */
};

/* The work of a job. It looks at progress->cancelled and reports there; what it appends to result is kept
 * with the job. A CW_E_CANCELLED makes the job cancelled, any other failure failed. */
typedef cw_status cw_job_work(void *context, struct cw_progress *progress, struct cw_buffer *result,
                              struct cw_error *error);

struct cw_job_options {
    uint32_t threads;     /* jobs at the same time, at least 1 */
    uint32_t queue_limit; /* jobs that may wait */
    uint32_t history;     /* finished jobs that are remembered */
};

/* Thread-safe. */
struct cw_job_runner;

cw_status cw_job_runner_new(const struct cw_job_options *options, struct cw_job_runner **runner,
                            struct cw_error *error);
/* Cancels what is queued and running, waits for it, and forgets everything. */
void cw_job_runner_free(struct cw_job_runner *runner);

/* Queues work(context). release(context), unless NULL, is called exactly once: when the work has ended, was
 * cancelled before it began, or could not be queued. Errors: CW_E_UNAVAILABLE when the queue is full. */
cw_status cw_job_submit(struct cw_job_runner *runner, const char *kind, cw_job_work *work, void *context,
                        void (*release)(void *context), struct cw_uuid *id, struct cw_error *error);

/* The name of a job before it is there. */
struct cw_job_ticket {
    struct cw_uuid id;
    int64_t created_at;
};
struct cw_job_ticket cw_job_ticket_new(void);

/* The same under a ticket, whose id no job that is known may have. */
cw_status cw_job_submit_as(struct cw_job_runner *runner, const struct cw_job_ticket *ticket, const char *kind,
                           cw_job_work *work, void *context, void (*release)(void *context),
                           struct cw_error *error);
/* Makes a job of an earlier process known again as the newest one: its id, kind, times and rows are those of
 * view, it has succeeded, and its result is a copy of size bytes. */
cw_status cw_job_restore(struct cw_job_runner *runner, const struct cw_job_view *view, const char *result,
                         size_t size, struct cw_error *error);

/* Errors of the following: CW_E_NOT_FOUND for a job that never was or is forgotten. */
cw_status cw_job_get(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_job_view *view,
                     struct cw_error *error);
/* Appends the result of a finished job. CW_E_CONFLICT while it is not finished. */
cw_status cw_job_result(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_buffer *result,
                        struct cw_error *error);
/* Asks a job to stop; a job that is finished stays as it is. */
cw_status cw_job_cancel(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_error *error);
/* Waits until the job's version is above `version` or milliseconds have passed, whichever is first. */
cw_status cw_job_wait(struct cw_job_runner *runner, const struct cw_uuid *id, uint64_t version,
                      int milliseconds, struct cw_job_view *view, struct cw_error *error);

/* Calls changed(context) after every change of any job's state, from any thread, without a lock held: to wake
 * listeners up. One listener per runner; NULL removes it. */
void cw_job_runner_listen(struct cw_job_runner *runner, void (*changed)(void *context), void *context);

/* Copies the newest jobs, newest first; returns how many, at most capacity. */
size_t cw_job_list(struct cw_job_runner *runner, struct cw_job_view *views, size_t capacity);

/* Jobs that wait and that run. */
void cw_job_counts(struct cw_job_runner *runner, uint32_t *queued, uint32_t *running);

#endif
