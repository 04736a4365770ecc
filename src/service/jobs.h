/* Long work in the background. Jobs live in the store, so that they survive their process and any server that
 * shares the store may run them, follow them and stop them; see store/job_store.h. A runner is the part that
 * a server has in this: threads that take jobs, and one that keeps their leases and tells who listens. */
#ifndef CW_SERVICE_JOBS_H
#define CW_SERVICE_JOBS_H

#include "cartwright/buffer.h"
#include "cartwright/error.h"
#include "service/progress.h"
#include "store/job_store.h"

/* A job is given up when this many attempts have ended without a result. */
#define CW_JOB_ATTEMPTS_MAX 3

/* The usual lease, microseconds. */
#define CW_JOB_LEASE INT64_C(30000000)

/* An attempt at a job, as its work sees it. */
struct cw_job_task {
    const struct cw_job_record *record;
    struct cw_uuid owner; /* who holds the lease */
    struct cw_progress *progress;
    struct cw_buffer *result; /* to append to */
};

/* The work of a job. It depends on nothing but the record and the store, so that another attempt, by whoever
 * makes it, comes to the same. It looks at progress->cancelled and reports there; what it appends to result
 * is kept with the job. What it keeps in the store it keeps under the id record->run and nothing else. */
typedef cw_status cw_job_work(void *context, const struct cw_job_task *task, struct cw_error *error);

/* Appends the result of a job whose run an attempt that got no further has kept. */
typedef cw_status cw_job_recall(void *context, const struct cw_run_record *run, struct cw_buffer *result,
                                struct cw_error *error);

struct cw_job_kind {
    const char *name; /* without bars */
    cw_job_work *work;
    cw_job_recall *recall; /* NULL: it makes no run */
};

struct cw_job_options {
    struct cw_store *store;          /* borrowed */
    const struct cw_job_kind *kinds; /* borrowed; jobs of other kinds are left to others */
    size_t kind_count;
    void *context; /* of their functions */
    /* Is told what came of each attempt, by the thread that made it; or NULL. waits_again: another follows.
     */
    void (*attempted)(void *context, const struct cw_job_view *view, bool waits_again);
    uint32_t threads;     /* jobs at the same time, at least 1 */
    uint32_t queue_limit; /* jobs that may wait, of all servers */
    uint32_t history;     /* finished jobs that are remembered, */
    int64_t history_age;  /* for at most this long, microseconds */
    int64_t lease; /* for how long a job is not taken by others though nothing is heard, microseconds */
    int64_t grace; /* for how long running jobs may go on when the runner is stopped, microseconds */
};

/* Thread-safe. */
struct cw_job_runner;

/* Begins to take jobs. Errors: CW_E_INVALID, CW_E_NO_MEMORY, those of the store's jobs. */
cw_status cw_job_runner_new(const struct cw_job_options *options, struct cw_job_runner **runner,
                            struct cw_error *error);
/* Takes no more jobs; those that run have the grace from now on. Does not wait. */
void cw_job_runner_stop(struct cw_job_runner *runner);
/* Stops, waits for the grace, lets jobs that run still wait again, for whoever takes them next, and ends.
 * NULL is accepted. */
void cw_job_runner_free(struct cw_job_runner *runner);

/* Queues a job; durable when it returns. Errors: as of cw_store_job_add. */
cw_status cw_job_submit(struct cw_job_runner *runner, const struct cw_job_record *record,
                        struct cw_error *error);

/* Reads a job into zeroed storage, its progress as new as can be. Errors: CW_E_NOT_FOUND. */
cw_status cw_job_get(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_job_record *record,
                     struct cw_error *error);

/* Asks a job to stop; a job that is finished stays as it is. Errors: CW_E_NOT_FOUND. */
cw_status cw_job_cancel(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_error *error);

/* Reads the newest jobs, newest first, without request and result. records: zeroed, room for limit. */
cw_status cw_job_list(struct cw_job_runner *runner, uint32_t limit, struct cw_job_record *records,
                      uint32_t *count, struct cw_error *error);

/* Jobs that wait and that run, wherever, as of some moment in the last second. Asks no database. */
void cw_job_counts(struct cw_job_runner *runner, uint32_t *queued, uint32_t *running);

/* Rows per second of the attempt, and the seconds that it will take still, -1 where that can't be told. */
int64_t cw_job_rate(const struct cw_job_view *view);
int64_t cw_job_seconds_left(const struct cw_job_view *view);

/* ---- Following ---- */

/* Calls changed(context) after changes of jobs that run here or are followed, from any thread, without a lock
 * held: to wake listeners up. One listener per runner; NULL removes it. */
void cw_job_runner_listen(struct cw_job_runner *runner, void (*changed)(void *context), void *context);

/* Has a job watched until cw_job_unfollow, which each follower calls once. Errors: CW_E_NO_MEMORY. */
cw_status cw_job_follow(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_error *error);
void cw_job_unfollow(struct cw_job_runner *runner, const struct cw_uuid *id);

/* What is known of a job that is followed, without asking a database. Errors: CW_E_UNAVAILABLE: nothing yet;
 * CW_E_NOT_FOUND: it is there no more. */
cw_status cw_job_peek(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_job_view *view);

#endif
