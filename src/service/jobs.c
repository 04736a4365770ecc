#define _POSIX_C_SOURCE 200809L
#include "service/jobs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "service/values.h"

#define JOB_THREADS_MAX 64

struct job {
    struct job *older; /* all jobs, newest first */
    struct job *queued_behind;
    struct cw_uuid id;
    char kind[CW_JOB_KIND_MAX];
    cw_job_work *work;
    void *context;
    void (*release)(void *context);
    enum cw_job_state state;
    uint64_t version;
    int64_t created_at, started_at, finished_at;
    struct cw_progress progress;
    struct cw_buffer result;
    struct cw_error error;
};

/* One lock guards everything but the progress, which is atomic. */
struct cw_job_runner {
    pthread_mutex_t lock;
    pthread_cond_t queued;  /* work for the threads, or closing */
    pthread_cond_t changed; /* some job's state; timed by the monotonic clock */
    struct cw_job_options options;
    struct job *newest;
    struct job *queue_head, *queue_tail;
    uint32_t queue_length, running, finished;
    bool closing;
    void (*listener)(void *context);
    void *listener_context;
    pthread_t threads[JOB_THREADS_MAX];
    uint32_t thread_count;
};

const char *cw_job_state_name(enum cw_job_state state)
{
    static const char *const names[] = {"queued", "running", "succeeded", "failed", "cancelled"};
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

static void job_free(struct job *job)
{
    cw_buffer_clear(&job->result);
    free(job);
}

static bool is_finished(const struct job *job)
{
    return job->state >= CW_JOB_SUCCEEDED;
}

/* Calls the listener; the lock is held on entry and exit, but not meanwhile. */
static void tell_changed(struct cw_job_runner *runner)
{
    void (*listener)(void *) = runner->listener;
    void *context = runner->listener_context;
    pthread_cond_broadcast(&runner->changed);
    if (listener != NULL) {
        pthread_mutex_unlock(&runner->lock);
        listener(context);
        pthread_mutex_lock(&runner->lock);
    }
}

/* Drops the oldest finished jobs beyond the history. */
static void forget_oldest(struct cw_job_runner *runner)
{
    while (runner->finished > runner->options.history) {
        struct job **oldest = NULL;
        for (struct job **at = &runner->newest; *at != NULL; at = &(*at)->older) {
            if (is_finished(*at)) {
                oldest = at;
            }
        }
        if (oldest == NULL) {
            return;
        }
        struct job *job = *oldest;
        *oldest = job->older;
        job_free(job);
        runner->finished--;
    }
}

static void finish_job(struct cw_job_runner *runner, struct job *job, enum cw_job_state state)
{
    job->state = state;
    job->version++;
    job->finished_at = cw_time_now();
    runner->finished++;
    forget_oldest(runner);
    tell_changed(runner);
}

static struct job *dequeue(struct cw_job_runner *runner)
{
    struct job *job = runner->queue_head;
    runner->queue_head = job->queued_behind;
    if (runner->queue_head == NULL) {
        runner->queue_tail = NULL;
    }
    runner->queue_length--;
    return job;
}

/* Runs one job; the lock is held on entry and exit. */
static void run_job(struct cw_job_runner *runner, struct job *job)
{
    struct cw_buffer result = {0};
    struct cw_error error = {0};
    job->state = CW_JOB_RUNNING;
    job->started_at = cw_time_now();
    job->version++;
    runner->running++;
    tell_changed(runner);
    pthread_mutex_unlock(&runner->lock);
    /* A job that was cancelled between the queue and here, as on closing, does not begin. */
    const cw_status status = cw_progress_is_cancelled(&job->progress)
                                 ? CW_E_CANCELLED
                                 : job->work(job->context, &job->progress, &result, &error);
    if (job->release != NULL) {
        job->release(job->context);
    }
    pthread_mutex_lock(&runner->lock);
    runner->running--;
    if (status == CW_OK) {
        job->result = result;
    } else {
        cw_buffer_clear(&result);
        job->error = error;
        job->error.code = status;
    }
    finish_job(runner, job,
               status == CW_OK            ? CW_JOB_SUCCEEDED
               : status == CW_E_CANCELLED ? CW_JOB_CANCELLED
                                          : CW_JOB_FAILED);
}

static void *work_on_jobs(void *context)
{
    struct cw_job_runner *runner = context;
    pthread_mutex_lock(&runner->lock);
    for (;;) {
        while (runner->queue_head == NULL && !runner->closing) {
            pthread_cond_wait(&runner->queued, &runner->lock);
        }
        if (runner->queue_head == NULL) {
            break;
        }
        run_job(runner, dequeue(runner));
    }
    pthread_mutex_unlock(&runner->lock);
    return NULL;
}

static bool init_locks(struct cw_job_runner *runner)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    const bool good = pthread_mutex_init(&runner->lock, NULL) == 0 &&
                      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                      pthread_cond_init(&runner->changed, &attributes) == 0 &&
                      pthread_cond_init(&runner->queued, NULL) == 0;
    pthread_condattr_destroy(&attributes);
    return good;
}

cw_status cw_job_runner_new(const struct cw_job_options *options, struct cw_job_runner **runner,
                            struct cw_error *error)
{
    if (options->threads < 1 || options->threads > JOB_THREADS_MAX) {
        return cw_error_set(error, CW_E_INVALID, "threads", "threads is %u, but must be from 1 to %d",
                            options->threads, JOB_THREADS_MAX);
    }
    struct cw_job_runner *made = calloc(1, sizeof *made);
    if (made == NULL || !init_locks(made)) {
        free(made);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the job runner");
    }
    made->options = *options;
    for (; made->thread_count < options->threads; made->thread_count++) {
        if (pthread_create(&made->threads[made->thread_count], NULL, work_on_jobs, made) != 0) {
            cw_job_runner_free(made);
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no thread for the job runner");
        }
    }
    *runner = made;
    return CW_OK;
}

void cw_job_runner_free(struct cw_job_runner *runner)
{
    if (runner == NULL) {
        return;
    }
    pthread_mutex_lock(&runner->lock);
    runner->closing = true;
    runner->listener = NULL;
    for (struct job *job = runner->newest; job != NULL; job = job->older) {
        cw_progress_cancel(&job->progress);
    }
    pthread_cond_broadcast(&runner->queued);
    pthread_mutex_unlock(&runner->lock);
    for (uint32_t i = 0; i < runner->thread_count; i++) {
        pthread_join(runner->threads[i], NULL);
    }
    while (runner->newest != NULL) {
        struct job *job = runner->newest;
        runner->newest = job->older;
        job_free(job);
    }
    pthread_cond_destroy(&runner->changed);
    pthread_cond_destroy(&runner->queued);
    pthread_mutex_destroy(&runner->lock);
    free(runner);
}

static struct job *job_new(const struct cw_job_ticket *ticket, const char *kind, cw_job_work *work,
                           void *context, void (*release)(void *context))
{
    struct job *job = calloc(1, sizeof *job);
    if (job != NULL) {
        job->id = ticket->id;
        snprintf(job->kind, sizeof job->kind, "%s", kind);
        job->work = work;
        job->context = context;
        job->release = release;
        job->version = 1;
        job->created_at = ticket->created_at;
    }
    return job;
}

static void enqueue(struct cw_job_runner *runner, struct job *job)
{
    job->older = runner->newest;
    runner->newest = job;
    if (runner->queue_tail == NULL) {
        runner->queue_head = job;
    } else {
        runner->queue_tail->queued_behind = job;
    }
    runner->queue_tail = job;
    runner->queue_length++;
    pthread_cond_signal(&runner->queued);
}

struct cw_job_ticket cw_job_ticket_new(void)
{
    return (struct cw_job_ticket){cw_uuid_fresh(), cw_time_now()};
}

cw_status cw_job_submit(struct cw_job_runner *runner, const char *kind, cw_job_work *work, void *context,
                        void (*release)(void *context), struct cw_uuid *id, struct cw_error *error)
{
    const struct cw_job_ticket ticket = cw_job_ticket_new();
    const cw_status status = cw_job_submit_as(runner, &ticket, kind, work, context, release, error);
    if (status == CW_OK) {
        *id = ticket.id;
    }
    return status;
}

cw_status cw_job_submit_as(struct cw_job_runner *runner, const struct cw_job_ticket *ticket, const char *kind,
                           cw_job_work *work, void *context, void (*release)(void *context),
                           struct cw_error *error)
{
    struct job *job = job_new(ticket, kind, work, context, release);
    cw_status status = CW_OK;
    if (job == NULL) {
        status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a job");
        goto refused;
    }
    pthread_mutex_lock(&runner->lock);
    if (runner->closing || runner->queue_length >= runner->options.queue_limit) {
        const uint32_t length = runner->queue_length;
        pthread_mutex_unlock(&runner->lock);
        status = cw_error_set(error, CW_E_UNAVAILABLE, NULL, "%u jobs are waiting already; try again later",
                              length);
        goto refused;
    }
    enqueue(runner, job);
    tell_changed(runner);
    pthread_mutex_unlock(&runner->lock);
    return CW_OK;
refused:
    free(job);
    if (release != NULL) {
        release(context);
    }
    return status;
}

cw_status cw_job_restore(struct cw_job_runner *runner, const struct cw_job_view *view, const char *result,
                         size_t size, struct cw_error *error)
{
    const struct cw_job_ticket ticket = {view->id, view->created_at};
    struct job *job = job_new(&ticket, view->kind, NULL, NULL, NULL);
    if (job == NULL || cw_buffer_append(&job->result, result, size, NULL) != CW_OK) {
        free(job);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a job");
    }
    job->started_at = view->started_at;
    atomic_store(&job->progress.done, view->done);
    atomic_store(&job->progress.total, view->total);
    atomic_store(&job->progress.rows, view->rows);
    pthread_mutex_lock(&runner->lock);
    job->older = runner->newest;
    runner->newest = job;
    job->state = CW_JOB_SUCCEEDED;
    job->finished_at = view->finished_at;
    runner->finished++;
    forget_oldest(runner);
    pthread_mutex_unlock(&runner->lock);
    return CW_OK;
}

static struct job *find_job(struct cw_job_runner *runner, const struct cw_uuid *id)
{
    struct job *job = runner->newest;
    while (job != NULL && memcmp(job->id.bytes, id->bytes, sizeof id->bytes) != 0) {
        job = job->older;
    }
    return job;
}

static cw_status not_found(const struct cw_uuid *id, struct cw_error *error)
{
    char text[CW_UUID_TEXT];
    cw_uuid_text(id, text);
    return cw_error_set(error, CW_E_NOT_FOUND, "id", "there is no job %s, or it is forgotten", text);
}

static void view_job(struct job *job, struct cw_job_view *view)
{
    *view = (struct cw_job_view){
        .id = job->id,
        .state = job->state,
        .version = job->version,
        .created_at = job->created_at,
        .started_at = job->started_at,
        .finished_at = job->finished_at,
        .done = atomic_load(&job->progress.done),
        .total = atomic_load(&job->progress.total),
        .rows = atomic_load(&job->progress.rows),
        .bytes = atomic_load(&job->progress.bytes),
        .result_size = job->result.size,
        .error = job->error,
    };
    memcpy(view->kind, job->kind, sizeof view->kind);
}

cw_status cw_job_get(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_job_view *view,
                     struct cw_error *error)
{
    return cw_job_wait(runner, id, 0, 0, view, error);
}

cw_status cw_job_result(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_buffer *result,
                        struct cw_error *error)
{
    cw_status status = CW_OK;
    pthread_mutex_lock(&runner->lock);
    const struct job *job = find_job(runner, id);
    if (job == NULL) {
        status = not_found(id, error);
    } else if (job->state == CW_JOB_FAILED) {
        status = job->error.code;
        if (error != NULL) {
            *error = job->error;
        }
    } else if (job->state != CW_JOB_SUCCEEDED) {
        status = cw_error_set(error, CW_E_CONFLICT, "id", "the job is %s and has no result",
                              cw_job_state_name(job->state));
    } else {
        status = cw_buffer_append(result, job->result.data, job->result.size, error);
    }
    pthread_mutex_unlock(&runner->lock);
    return status;
}

static void remove_queued(struct cw_job_runner *runner, struct job *job)
{
    struct job *before = NULL;
    for (struct job *at = runner->queue_head; at != job; at = at->queued_behind) {
        before = at;
    }
    if (before == NULL) {
        runner->queue_head = job->queued_behind;
    } else {
        before->queued_behind = job->queued_behind;
    }
    if (runner->queue_tail == job) {
        runner->queue_tail = before;
    }
    runner->queue_length--;
}

cw_status cw_job_cancel(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_error *error)
{
    void (*release)(void *) = NULL;
    void *context = NULL;
    pthread_mutex_lock(&runner->lock);
    struct job *job = find_job(runner, id);
    if (job == NULL) {
        pthread_mutex_unlock(&runner->lock);
        return not_found(id, error);
    }
    if (job->state == CW_JOB_QUEUED) {
        remove_queued(runner, job);
        release = job->release;
        context = job->context;
        finish_job(runner, job, CW_JOB_CANCELLED);
    } else if (job->state == CW_JOB_RUNNING) {
        cw_progress_cancel(&job->progress);
    }
    pthread_mutex_unlock(&runner->lock);
    if (release != NULL) {
        release(context);
    }
    return CW_OK;
}

cw_status cw_job_wait(struct cw_job_runner *runner, const struct cw_uuid *id, uint64_t version,
                      int milliseconds, struct cw_job_view *view, struct cw_error *error)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&runner->lock);
    struct job *job = find_job(runner, id);
    int waited = 0;
    /* The job may be forgotten while we wait, so it is looked up again. */
    while (job != NULL && job->version <= version && waited == 0) {
        waited = pthread_cond_timedwait(&runner->changed, &runner->lock, &until);
        job = find_job(runner, id);
    }
    if (job != NULL) {
        view_job(job, view);
    }
    pthread_mutex_unlock(&runner->lock);
    return job != NULL ? CW_OK : not_found(id, error);
}

void cw_job_runner_listen(struct cw_job_runner *runner, void (*changed)(void *context), void *context)
{
    pthread_mutex_lock(&runner->lock);
    runner->listener = changed;
    runner->listener_context = context;
    pthread_mutex_unlock(&runner->lock);
}

size_t cw_job_list(struct cw_job_runner *runner, struct cw_job_view *views, size_t capacity)
{
    size_t count = 0;
    pthread_mutex_lock(&runner->lock);
    for (struct job *job = runner->newest; job != NULL && count < capacity; job = job->older) {
        view_job(job, &views[count++]);
    }
    pthread_mutex_unlock(&runner->lock);
    return count;
}

void cw_job_counts(struct cw_job_runner *runner, uint32_t *queued, uint32_t *running)
{
    pthread_mutex_lock(&runner->lock);
    *queued = runner->queue_length;
    *running = runner->running;
    pthread_mutex_unlock(&runner->lock);
}
