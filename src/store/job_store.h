/* Jobs as a store keeps them: long work that was accepted, its state and its result. A job is data, so that
 * any server that shares the store may run it. Whoever runs it holds a lease, which it renews while it lives;
 * a job whose lease has run out is taken by another. */
#ifndef CW_STORE_JOB_STORE_H
#define CW_STORE_JOB_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/buffer.h"
#include "cartwright/error.h"
#include "model/world.h"
#include "store/store.h"

#define CW_JOB_KIND_MAX 32

enum cw_job_state { CW_JOB_QUEUED, CW_JOB_RUNNING, CW_JOB_SUCCEEDED, CW_JOB_FAILED, CW_JOB_CANCELLED };
#define CW_JOB_STATES 5

/* "queued", "running", "succeeded", "failed", "cancelled"; "unknown" for anything else. */
const char *cw_job_state_name(enum cw_job_state state);

/* What is known of a job at a moment. Plain data. Times are microseconds UTC, 0 where not reached yet. */
struct cw_job_view {
    struct cw_uuid id;
    char kind[CW_JOB_KIND_MAX];
    enum cw_job_state state;
    int64_t version; /* grows with every change of state */
    int64_t created_at;
    int64_t started_at; /* of the latest attempt */
    int64_t finished_at;
    int32_t attempts;
    bool cancel_requested;
    int64_t done, total, rows, bytes; /* of the latest attempt's progress, as it was at measured_at */
    int64_t measured_at;
    struct cw_error error; /* when failed */
};

/* A job with all that belongs to it. Zeroed storage is valid. */
struct cw_job_record {
    struct cw_job_view view;
    struct cw_uuid run;           /* the id of the run that it makes; all zero: it makes none */
    struct cw_buffer request;     /* what to do, JSON */
    struct cw_buffer result;      /* JSON; of one that succeeded */
    struct cw_kept_answer answer; /* its acceptance, given again to the same key until it is finished; key "":
                                     without one */
};
void cw_job_record_clear(struct cw_job_record *record);

/* What kinds of store say in the same words. */
cw_status cw_job_not_found(struct cw_error *error);
cw_status cw_job_queue_full(uint32_t queue_limit, struct cw_error *error);

/* How long a lease lasts unless it is renewed, and who holds it. */
struct cw_job_lease {
    struct cw_uuid owner;
    int64_t duration; /* microseconds */
};

/* What a kind of store does for the functions below. */
struct cw_job_operations {
    cw_status (*add)(struct cw_store *store, const struct cw_job_record *record, uint32_t queue_limit,
                     struct cw_error *error);
    cw_status (*take)(struct cw_store *store, const char *kinds, const struct cw_job_lease *lease,
                      struct cw_job_record *record, bool *found, struct cw_error *error);
    cw_status (*beat)(struct cw_store *store, const struct cw_job_view *progress,
                      const struct cw_job_lease *lease, bool *held, bool *cancelled, struct cw_error *error);
    cw_status (*finish)(struct cw_store *store, const struct cw_job_view *end, const struct cw_uuid *owner,
                        const struct cw_buffer *result, bool *held, struct cw_error *error);
    cw_status (*release)(struct cw_store *store, const struct cw_uuid *id, const struct cw_uuid *owner,
                         bool counts, struct cw_error *error);
    cw_status (*cancel)(struct cw_store *store, const struct cw_uuid *id, struct cw_error *error);
    /* id: of one, with its request and result, or NULL: the newest, without. */
    cw_status (*read)(struct cw_store *store, const struct cw_uuid *id, uint32_t limit,
                      struct cw_job_record *records, uint32_t *count, struct cw_error *error);
    cw_status (*count)(struct cw_store *store, uint32_t *queued, uint32_t *running, struct cw_error *error);
    cw_status (*forget)(struct cw_store *store, uint32_t keep, int64_t since, struct cw_error *error);
    /* The acceptance of an unfinished job, by its key; NULL where `answers` of the store finds it. */
    cw_status (*answer)(struct cw_store *store, const char *key, struct cw_kept_answer *answer, bool *found,
                        struct cw_error *error);
};

/* Errors of all of the following: those of the store, CW_E_UNSUPPORTED for one that is open for reading only.
 */

/* Queues a job; durable when it returns. Uses id, kind and created_at of the view, the run, the request and
 * the answer. Errors: CW_E_UNAVAILABLE, to be tried again, when queue_limit jobs wait already; CW_E_CONFLICT
 * when the id is there, or an unfinished job has the same key. */
cw_status cw_store_job_add(struct cw_store *store, const struct cw_job_record *record, uint32_t queue_limit,
                           struct cw_error *error);

/* Takes the job that waits for longest, or one whose lease has run out, for lease->owner: nobody else gets it
 * until the lease runs out. kinds: the names of those to take, each between bars: "|a|b|". record: zeroed. */
cw_status cw_store_job_take(struct cw_store *store, const char *kinds, const struct cw_job_lease *lease,
                            struct cw_job_record *record, bool *found, struct cw_error *error);

/* Renews a lease and notes done, total, rows and bytes of *progress, by its id. *held: whether the owner has
 * the job still; *cancelled: whether somebody asked to stop it. */
cw_status cw_store_job_beat(struct cw_store *store, const struct cw_job_view *progress,
                            const struct cw_job_lease *lease, bool *held, bool *cancelled,
                            struct cw_error *error);

/* Ends a job: id, state (one of the last three), progress and error of *end, and the result. *held false: the
 * owner has it no more (or it ended with its run), and nothing was changed. */
cw_status cw_store_job_finish(struct cw_store *store, const struct cw_job_view *end,
                              const struct cw_uuid *owner, const struct cw_buffer *result, bool *held,
                              struct cw_error *error);

/* Lets a job wait again. counts: whether the attempt counts as one. Nothing happens when the owner has it no
 * more. */
cw_status cw_store_job_release(struct cw_store *store, const struct cw_uuid *id, const struct cw_uuid *owner,
                               bool counts, struct cw_error *error);

/* Cancels a job that waits; asks whoever runs it to stop it; leaves a finished one as it is.
 * Errors: CW_E_NOT_FOUND. */
cw_status cw_store_job_cancel(struct cw_store *store, const struct cw_uuid *id, struct cw_error *error);

/* Reads a job into zeroed storage. Errors: CW_E_NOT_FOUND. */
cw_status cw_store_job(struct cw_store *store, const struct cw_uuid *id, struct cw_job_record *record,
                       struct cw_error *error);

/* The newest jobs, newest first, without request, result and answer. records: zeroed, room for limit. */
cw_status cw_store_jobs(struct cw_store *store, uint32_t limit, struct cw_job_record *records,
                        uint32_t *count, struct cw_error *error);

/* Jobs that wait and that run. */
cw_status cw_store_job_counts(struct cw_store *store, uint32_t *queued, uint32_t *running,
                              struct cw_error *error);

/* Forgets finished jobs but the newest `keep` of them, and those that finished before `since`. */
cw_status cw_store_jobs_forget(struct cw_store *store, uint32_t keep, int64_t since, struct cw_error *error);

#endif
