#define _POSIX_C_SOURCE 200809L
#include "service/jobs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "service/values.h"

/* Before the second attempt at a job, and twice as long before the third, microseconds. */
#define ATTEMPT_PAUSE INT64_C(2000000)
#define JOB_THREADS_MAX 64
#define KINDS_TEXT 512
/* How often leases are renewed and the store is asked for what is new, microseconds. A lease is renewed at
 * least four times in its life. */
#define ROUND_MAX INT64_C(1000000)
#define ROUND_MIN INT64_C(20000)

/* An attempt under way. */
struct slot {
    struct cw_job_runner *runner;
    pthread_t thread;
    bool is_busy;
    struct cw_uuid id;
    struct cw_progress progress;
    int64_t started_at; /* wall clock */
    int64_t renewed_at; /* when the lease was last known to be ours; monotonic */
    bool is_cancelled;  /* somebody wishes it to end */
    bool is_lost;       /* the lease is another's, or may be */
};

/* A job that somebody listens to. */
struct followed {
    struct followed *next;
    struct cw_uuid id;
    uint32_t followers;
    bool is_known, is_gone;
    struct cw_job_view view;
};

/* One lock guards everything but progress, which is atomic. It is never held while the store is asked. */
struct cw_job_runner {
    pthread_mutex_t lock;
    pthread_cond_t woken; /* of threads that wait for jobs, and of the keeper; monotonic */
    struct cw_job_options options;
    struct cw_job_lease lease;
    char kinds[KINDS_TEXT];
    int64_t round;
    struct slot slots[JOB_THREADS_MAX];
    uint32_t thread_count;
    pthread_t keeper;
    bool has_keeper;
    uint64_t submitted; /* grows with every job queued here: there is work */
    uint64_t events;    /* grows with everything that the keeper should look at */
    bool is_stopping;   /* no job is taken any more */
    bool is_closing;    /* the keeper ends */
    int64_t stop_at;    /* monotonic; when the grace is over */
    struct followed *followed;
    uint32_t queued, running;
    void (*listener)(void *context);
    void *listener_context;
};

static int64_t monotonic_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static bool is_same(const struct cw_uuid *a, const struct cw_uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Waits for a wake-up, but not beyond a monotonic moment; the lock is held. */
static void wait_until(struct cw_job_runner *runner, int64_t moment)
{
    const struct timespec until = {moment / 1000000, (long)(moment % 1000000) * 1000};
    pthread_cond_timedwait(&runner->woken, &runner->lock, &until);
}

/* Wakes everybody up, and the listener; the lock is held on entry and exit, but not meanwhile. */
static void tell_changed(struct cw_job_runner *runner)
{
    void (*listener)(void *) = runner->listener;
    void *context = runner->listener_context;
    runner->events++;
    pthread_cond_broadcast(&runner->woken);
    if (listener != NULL) {
        pthread_mutex_unlock(&runner->lock);
        listener(context);
        pthread_mutex_lock(&runner->lock);
    }
}

/* ---- Views ---- */

static struct slot *find_slot(struct cw_job_runner *runner, const struct cw_uuid *id)
{
    for (uint32_t i = 0; i < runner->options.threads; i++) {
        if (runner->slots[i].is_busy && is_same(&runner->slots[i].id, id)) {
            return &runner->slots[i];
        }
    }
    return NULL;
}

static void read_progress(struct slot *slot, struct cw_job_view *view)
{
    view->done = atomic_load(&slot->progress.done);
    view->total = atomic_load(&slot->progress.total);
    view->rows = atomic_load(&slot->progress.rows);
    view->bytes = atomic_load(&slot->progress.bytes);
    view->measured_at = cw_time_now();
}

/* What runs here is known better than the store knows it; the lock is held. */
static void complete_view(struct cw_job_runner *runner, struct cw_job_view *view)
{
    struct slot *slot = view->state < CW_JOB_SUCCEEDED ? find_slot(runner, &view->id) : NULL;
    if (slot != NULL) {
        view->state = CW_JOB_RUNNING;
        view->started_at = slot->started_at;
        read_progress(slot, view);
    }
}

int64_t cw_job_rate(const struct cw_job_view *view)
{
    const int64_t end = view->state == CW_JOB_RUNNING ? view->measured_at : view->finished_at;
    const int64_t took = end - view->started_at;
    return view->started_at > 0 && took > 0 && view->rows > 0
               ? (int64_t)((double)view->rows * 1000000.0 / (double)took)
               : 0;
}

int64_t cw_job_seconds_left(const struct cw_job_view *view)
{
    const int64_t took = view->measured_at - view->started_at;
    if (view->state != CW_JOB_RUNNING || view->done <= 0 || view->total < view->done || took <= 0) {
        return -1;
    }
    return (int64_t)((double)took * (double)(view->total - view->done) / (double)view->done / 1000000.0 +
                     0.5);
}

/* ---- An attempt ---- */

static const struct cw_job_kind *find_kind(const struct cw_job_runner *runner, const char *name)
{
    for (size_t i = 0; i < runner->options.kind_count; i++) {
        if (strcmp(runner->options.kinds[i].name, name) == 0) {
            return &runner->options.kinds[i];
        }
    }
    return NULL;
}

/* What is to become of a job when an attempt is over. */
struct outcome {
    struct cw_job_view end;
    struct cw_buffer result;
    bool waits_again;
    bool counts; /* the attempt counts as one */
};

/* An attempt before may have kept the run and got no further. */
static cw_status recall(struct cw_job_runner *runner, const struct cw_job_record *record,
                        struct outcome *outcome, bool *recalled, struct cw_error *error)
{
    static const struct cw_uuid none;
    const struct cw_job_kind *kind = find_kind(runner, record->view.kind);
    struct cw_run_record run = {0};
    *recalled = false;
    if (kind->recall == NULL || is_same(&record->run, &none)) {
        return CW_OK;
    }
    cw_status status = cw_store_run(runner->options.store, &record->run, &run, error);
    if (status == CW_E_NOT_FOUND) {
        return CW_OK;
    }
    if (status == CW_OK) {
        status = kind->recall(runner->options.context, &run, &outcome->result, error);
    }
    *recalled = status == CW_OK;
    cw_run_record_clear(&run);
    return status;
}

static bool may_succeed_later(cw_status status, const struct cw_error *error)
{
    return error->retryable || status == CW_E_UNAVAILABLE || status == CW_E_TIMEOUT ||
           status == CW_E_CONFLICT;
}

static void decide(struct cw_job_runner *runner, struct slot *slot, const struct cw_job_record *record,
                   cw_status status, const struct cw_error *error, struct outcome *outcome)
{
    struct cw_job_view *end = &outcome->end;
    pthread_mutex_lock(&runner->lock);
    read_progress(slot, end);
    end->id = record->view.id;
    end->state = status == CW_OK            ? CW_JOB_SUCCEEDED
                 : status == CW_E_CANCELLED ? CW_JOB_CANCELLED
                                            : CW_JOB_FAILED;
    if (status == CW_E_CANCELLED && !slot->is_cancelled) {
        outcome->waits_again = true;
    } else if (status != CW_OK && status != CW_E_CANCELLED) {
        end->error = *error;
        end->error.code = status;
        outcome->waits_again = outcome->counts =
            may_succeed_later(status, error) && record->view.attempts < CW_JOB_ATTEMPTS_MAX;
    }
    pthread_mutex_unlock(&runner->lock);
}

/* Runs the work unless it is clear before what comes of it. */
static cw_status attempt(struct cw_job_runner *runner, struct slot *slot, const struct cw_job_record *record,
                         struct outcome *outcome, struct cw_error *error)
{
    const struct cw_job_task task = {
        .record = record,
        .owner = runner->lease.owner,
        .progress = &slot->progress,
        .result = &outcome->result,
    };
    if (record->view.attempts > 1 || record->view.cancel_requested) {
        bool recalled;
        const cw_status status = recall(runner, record, outcome, &recalled, error);
        if (status != CW_OK || recalled) {
            return status;
        }
    }
    pthread_mutex_lock(&runner->lock);
    const bool is_cancelled = slot->is_cancelled;
    pthread_mutex_unlock(&runner->lock);
    if (is_cancelled) {
        return CW_E_CANCELLED;
    }
    if (record->view.attempts > CW_JOB_ATTEMPTS_MAX) {
        cw_error_set(error, CW_E_INTERNAL, NULL,
                     "given up after %d attempts, each of which ended with the server that made it",
                     CW_JOB_ATTEMPTS_MAX);
        return CW_E_INTERNAL;
    }
    return find_kind(runner, record->view.kind)->work(runner->options.context, &task, error);
}

/* Tells the store what came of an attempt. What it can't be told, it finds out when the lease is over. */
static void conclude(struct cw_job_runner *runner, const struct outcome *outcome)
{
    struct cw_store *store = runner->options.store;
    const struct cw_uuid *owner = &runner->lease.owner;
    bool held = false;
    if (outcome->waits_again) {
        cw_store_job_release(store, &outcome->end.id, owner, outcome->counts, NULL);
        return;
    }
    cw_store_job_finish(store, &outcome->end, owner, &outcome->result, &held, NULL);
    cw_store_jobs_forget(store, runner->options.history, cw_time_now() - runner->options.history_age, NULL);
}

static void begin_attempt(struct slot *slot, const struct cw_job_record *record, int64_t asked_at)
{
    slot->id = record->view.id;
    slot->started_at = cw_time_now();
    slot->renewed_at = asked_at;
    slot->is_cancelled = record->view.cancel_requested;
    slot->is_lost = false;
    atomic_store(&slot->progress.done, 0);
    atomic_store(&slot->progress.total, 0);
    atomic_store(&slot->progress.rows, 0);
    atomic_store(&slot->progress.bytes, 0);
    atomic_store(&slot->progress.cancelled, false);
    slot->is_busy = true;
}

static void tell_attempted(const struct cw_job_runner *runner, const struct cw_job_record *record,
                           const struct outcome *outcome)
{
    struct cw_job_view view = outcome->end;
    memcpy(view.kind, record->view.kind, sizeof view.kind);
    view.attempts = record->view.attempts;
    view.created_at = record->view.created_at;
    if (runner->options.attempted != NULL) {
        runner->options.attempted(runner->options.context, &view, outcome->waits_again);
    }
}

/* What passes (a database that starts again, connections that are all taken) is seldom over at once. The lock
 * is held on entry and exit. */
static void pause_after(struct cw_job_runner *runner, int32_t attempts)
{
    const int64_t until = monotonic_now() + attempts * ATTEMPT_PAUSE;
    while (!runner->is_stopping && monotonic_now() < until) {
        wait_until(runner, until);
    }
}

/* The lock is held on entry and exit. */
static void run_job(struct cw_job_runner *runner, struct slot *slot, const struct cw_job_record *record,
                    int64_t asked_at)
{
    struct outcome outcome = {0};
    struct cw_error error = {0};
    begin_attempt(slot, record, asked_at);
    tell_changed(runner);
    pthread_mutex_unlock(&runner->lock);
    const cw_status status = attempt(runner, slot, record, &outcome, &error);
    decide(runner, slot, record, status, &error, &outcome);
    pthread_mutex_lock(&runner->lock);
    const bool is_ours = !slot->is_lost || status == CW_OK;
    pthread_mutex_unlock(&runner->lock);
    if (is_ours) {
        conclude(runner, &outcome);
        tell_attempted(runner, record, &outcome);
    }
    cw_buffer_clear(&outcome.result);
    pthread_mutex_lock(&runner->lock);
    slot->is_busy = false;
    tell_changed(runner);
    if (outcome.counts) {
        pause_after(runner, record->view.attempts);
    }
}

/* Takes and runs one job; false: there is none. The lock is held on entry and exit. */
static bool take_one(struct cw_job_runner *runner, struct slot *slot)
{
    struct cw_job_record record = {0};
    bool found = false;
    const int64_t asked_at = monotonic_now();
    pthread_mutex_unlock(&runner->lock);
    cw_store_job_take(runner->options.store, runner->kinds, &runner->lease, &record, &found, NULL);
    pthread_mutex_lock(&runner->lock);
    const bool is_too_late = found && runner->is_stopping;
    if (is_too_late) {
        pthread_mutex_unlock(&runner->lock);
        cw_store_job_release(runner->options.store, &record.view.id, &runner->lease.owner, false, NULL);
        pthread_mutex_lock(&runner->lock);
    } else if (found) {
        run_job(runner, slot, &record, asked_at);
    }
    cw_job_record_clear(&record);
    return found;
}

static void *work_on_jobs(void *context)
{
    struct slot *slot = context;
    struct cw_job_runner *runner = slot->runner;
    pthread_mutex_lock(&runner->lock);
    while (!runner->is_stopping) {
        const uint64_t seen = runner->submitted;
        if (take_one(runner, slot)) {
            continue;
        }
        const int64_t next = monotonic_now() + runner->round;
        while (!runner->is_stopping && runner->submitted == seen && monotonic_now() < next) {
            wait_until(runner, next);
        }
    }
    pthread_mutex_unlock(&runner->lock);
    return NULL;
}

/* ---- The keeper: leases, and what others do ---- */

/* The lock is held on entry and exit. A lease that could not be renewed in time may be another's by now. */
static void renew(struct cw_job_runner *runner, struct slot *slot)
{
    struct cw_job_view progress = {.id = slot->id};
    bool held = false;
    bool cancelled = false;
    const int64_t asked_at = monotonic_now();
    read_progress(slot, &progress);
    pthread_mutex_unlock(&runner->lock);
    const cw_status status =
        cw_store_job_beat(runner->options.store, &progress, &runner->lease, &held, &cancelled, NULL);
    pthread_mutex_lock(&runner->lock);
    if (!slot->is_busy || !is_same(&slot->id, &progress.id)) {
        return;
    }
    if (status == CW_OK && held) {
        slot->renewed_at = asked_at;
        slot->is_cancelled = slot->is_cancelled || cancelled;
    }
    slot->is_lost = slot->is_lost || (status == CW_OK && !held) ||
                    monotonic_now() - slot->renewed_at >= runner->lease.duration;
    if (slot->is_lost || slot->is_cancelled) {
        cw_progress_cancel(&slot->progress);
    }
}

static struct followed *find_followed(struct cw_job_runner *runner, const struct cw_uuid *id)
{
    struct followed *at = runner->followed;
    while (at != NULL && !is_same(&at->id, id)) {
        at = at->next;
    }
    return at;
}

/* Looks what has become of a followed job; the lock is held on entry and exit. True: something has. */
static bool look_at(struct cw_job_runner *runner, const struct cw_uuid *id)
{
    struct cw_job_record record = {0};
    pthread_mutex_unlock(&runner->lock);
    const cw_status status = cw_store_job(runner->options.store, id, &record, NULL);
    pthread_mutex_lock(&runner->lock);
    struct followed *followed = find_followed(runner, id);
    bool changed = false;
    if (followed != NULL && status == CW_OK) {
        const struct cw_job_view *view = &record.view;
        changed = !followed->is_known || followed->view.version != view->version ||
                  followed->view.done != view->done || followed->view.rows != view->rows;
        followed->view = *view;
        followed->is_known = true;
    } else if (followed != NULL && status == CW_E_NOT_FOUND) {
        changed = !followed->is_gone;
        followed->is_gone = true;
    }
    cw_job_record_clear(&record);
    return changed;
}

/* One look at each, though the list may change meanwhile: ids are copied first. */
static bool look_at_followed(struct cw_job_runner *runner)
{
    size_t count = 0;
    bool changed = false;
    for (const struct followed *at = runner->followed; at != NULL; at = at->next) {
        count++;
    }
    struct cw_uuid *ids = count > 0 ? calloc(count, sizeof *ids) : NULL;
    size_t copied = 0;
    for (const struct followed *at = runner->followed; ids != NULL && at != NULL; at = at->next) {
        if (!at->is_gone && (!at->is_known || at->view.state < CW_JOB_SUCCEEDED)) {
            ids[copied++] = at->id;
        }
    }
    for (size_t i = 0; i < copied; i++) {
        changed = look_at(runner, &ids[i]) || changed;
    }
    free(ids);
    return changed;
}

static void count_jobs(struct cw_job_runner *runner)
{
    uint32_t queued = 0;
    uint32_t running = 0;
    pthread_mutex_unlock(&runner->lock);
    const cw_status status = cw_store_job_counts(runner->options.store, &queued, &running, NULL);
    pthread_mutex_lock(&runner->lock);
    if (status == CW_OK) {
        runner->queued = queued;
        runner->running = running;
    }
}

static void *keep(void *context)
{
    struct cw_job_runner *runner = context;
    pthread_mutex_lock(&runner->lock);
    while (!runner->is_closing) {
        const uint64_t seen = runner->events;
        for (uint32_t i = 0; i < runner->options.threads; i++) {
            if (runner->slots[i].is_busy) {
                renew(runner, &runner->slots[i]);
            }
        }
        count_jobs(runner);
        if (look_at_followed(runner) && runner->listener != NULL) {
            void (*listener)(void *) = runner->listener;
            void *listener_context = runner->listener_context;
            pthread_mutex_unlock(&runner->lock);
            listener(listener_context);
            pthread_mutex_lock(&runner->lock);
        }
        const int64_t next = monotonic_now() + runner->round;
        while (!runner->is_closing && runner->events == seen && monotonic_now() < next) {
            wait_until(runner, next);
        }
    }
    pthread_mutex_unlock(&runner->lock);
    return NULL;
}

/* ---- The runner ---- */

static bool init_locks(struct cw_job_runner *runner)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    const bool good = pthread_mutex_init(&runner->lock, NULL) == 0 &&
                      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                      pthread_cond_init(&runner->woken, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return good;
}

static cw_status list_kinds(struct cw_job_runner *runner, struct cw_error *error)
{
    size_t size = (size_t)snprintf(runner->kinds, KINDS_TEXT, "|");
    for (size_t i = 0; i < runner->options.kind_count && size < KINDS_TEXT; i++) {
        size +=
            (size_t)snprintf(runner->kinds + size, KINDS_TEXT - size, "%s|", runner->options.kinds[i].name);
    }
    return size < KINDS_TEXT ? CW_OK
                             : cw_error_set(error, CW_E_LIMIT, "kinds", "there are too many kinds of jobs");
}

static cw_status start_threads(struct cw_job_runner *runner, struct cw_error *error)
{
    runner->has_keeper = pthread_create(&runner->keeper, NULL, keep, runner) == 0;
    for (; runner->has_keeper && runner->thread_count < runner->options.threads; runner->thread_count++) {
        struct slot *slot = &runner->slots[runner->thread_count];
        slot->runner = runner;
        if (pthread_create(&slot->thread, NULL, work_on_jobs, slot) != 0) {
            break;
        }
    }
    return runner->has_keeper && runner->thread_count == runner->options.threads
               ? CW_OK
               : cw_error_set(error, CW_E_NO_MEMORY, NULL, "no thread for the job runner");
}

cw_status cw_job_runner_new(const struct cw_job_options *options, struct cw_job_runner **runner,
                            struct cw_error *error)
{
    uint32_t counts[2];
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
    made->lease = (struct cw_job_lease){cw_uuid_fresh(), options->lease};
    const int64_t quarter = options->lease / 4;
    made->round = quarter > ROUND_MAX ? ROUND_MAX : quarter < ROUND_MIN ? ROUND_MIN : quarter;
    cw_status status = list_kinds(made, error);
    if (status == CW_OK) {
        status = cw_store_job_counts(options->store, &counts[0], &counts[1], error);
    }
    if (status == CW_OK) {
        status = start_threads(made, error);
    }
    if (status != CW_OK) {
        cw_job_runner_free(made);
        return status;
    }
    *runner = made;
    return CW_OK;
}

void cw_job_runner_stop(struct cw_job_runner *runner)
{
    pthread_mutex_lock(&runner->lock);
    if (!runner->is_stopping) {
        runner->is_stopping = true;
        runner->stop_at = monotonic_now() + runner->options.grace;
        pthread_cond_broadcast(&runner->woken);
    }
    pthread_mutex_unlock(&runner->lock);
}

static bool is_any_busy(const struct cw_job_runner *runner)
{
    bool is_busy = false;
    for (uint32_t i = 0; i < runner->options.threads; i++) {
        is_busy = is_busy || runner->slots[i].is_busy;
    }
    return is_busy;
}

static void interrupt_all(struct cw_job_runner *runner)
{
    pthread_mutex_lock(&runner->lock);
    while (is_any_busy(runner) && monotonic_now() < runner->stop_at) {
        wait_until(runner, runner->stop_at);
    }
    for (uint32_t i = 0; i < runner->options.threads; i++) {
        cw_progress_cancel(&runner->slots[i].progress);
    }
    pthread_mutex_unlock(&runner->lock);
}

void cw_job_runner_free(struct cw_job_runner *runner)
{
    if (runner == NULL) {
        return;
    }
    cw_job_runner_listen(runner, NULL, NULL);
    cw_job_runner_stop(runner);
    interrupt_all(runner);
    for (uint32_t i = 0; i < runner->thread_count; i++) {
        pthread_join(runner->slots[i].thread, NULL);
    }
    pthread_mutex_lock(&runner->lock);
    runner->is_closing = true;
    pthread_cond_broadcast(&runner->woken);
    pthread_mutex_unlock(&runner->lock);
    if (runner->has_keeper) {
        pthread_join(runner->keeper, NULL);
    }
    while (runner->followed != NULL) {
        struct followed *next = runner->followed->next;
        free(runner->followed);
        runner->followed = next;
    }
    pthread_cond_destroy(&runner->woken);
    pthread_mutex_destroy(&runner->lock);
    free(runner);
}

/* ---- Requests ---- */

cw_status cw_job_submit(struct cw_job_runner *runner, const struct cw_job_record *record,
                        struct cw_error *error)
{
    const cw_status status =
        cw_store_job_add(runner->options.store, record, runner->options.queue_limit, error);
    if (status == CW_OK) {
        pthread_mutex_lock(&runner->lock);
        runner->submitted++;
        tell_changed(runner);
        pthread_mutex_unlock(&runner->lock);
    }
    return status;
}

cw_status cw_job_get(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_job_record *record,
                     struct cw_error *error)
{
    const cw_status status = cw_store_job(runner->options.store, id, record, error);
    if (status == CW_OK) {
        pthread_mutex_lock(&runner->lock);
        complete_view(runner, &record->view);
        pthread_mutex_unlock(&runner->lock);
    }
    return status;
}

cw_status cw_job_list(struct cw_job_runner *runner, uint32_t limit, struct cw_job_record *records,
                      uint32_t *count, struct cw_error *error)
{
    const cw_status status = cw_store_jobs(runner->options.store, limit, records, count, error);
    if (status == CW_OK) {
        pthread_mutex_lock(&runner->lock);
        for (uint32_t i = 0; i < *count; i++) {
            complete_view(runner, &records[i].view);
        }
        pthread_mutex_unlock(&runner->lock);
    }
    return status;
}

cw_status cw_job_cancel(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_error *error)
{
    pthread_mutex_lock(&runner->lock);
    struct slot *slot = find_slot(runner, id);
    if (slot != NULL) {
        slot->is_cancelled = true;
        cw_progress_cancel(&slot->progress);
    }
    pthread_mutex_unlock(&runner->lock);
    const cw_status status = cw_store_job_cancel(runner->options.store, id, error);
    if (status == CW_OK) {
        pthread_mutex_lock(&runner->lock);
        tell_changed(runner);
        pthread_mutex_unlock(&runner->lock);
    }
    return status;
}

void cw_job_counts(struct cw_job_runner *runner, uint32_t *queued, uint32_t *running)
{
    pthread_mutex_lock(&runner->lock);
    *queued = runner->queued;
    *running = runner->running;
    pthread_mutex_unlock(&runner->lock);
}

/* ---- Following ---- */

void cw_job_runner_listen(struct cw_job_runner *runner, void (*changed)(void *context), void *context)
{
    pthread_mutex_lock(&runner->lock);
    runner->listener = changed;
    runner->listener_context = context;
    pthread_mutex_unlock(&runner->lock);
}

cw_status cw_job_follow(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_error *error)
{
    pthread_mutex_lock(&runner->lock);
    struct followed *followed = find_followed(runner, id);
    if (followed == NULL) {
        followed = calloc(1, sizeof *followed);
        if (followed != NULL) {
            followed->id = *id;
            followed->next = runner->followed;
            runner->followed = followed;
            runner->events++;
            pthread_cond_broadcast(&runner->woken);
        }
    }
    if (followed != NULL) {
        followed->followers++;
    }
    pthread_mutex_unlock(&runner->lock);
    return followed != NULL ? CW_OK : cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory to follow a job");
}

void cw_job_unfollow(struct cw_job_runner *runner, const struct cw_uuid *id)
{
    pthread_mutex_lock(&runner->lock);
    struct followed **at = &runner->followed;
    while (*at != NULL && !is_same(&(*at)->id, id)) {
        at = &(*at)->next;
    }
    struct followed *followed = *at;
    if (followed != NULL && --followed->followers == 0) {
        *at = followed->next;
        free(followed);
    }
    pthread_mutex_unlock(&runner->lock);
}

cw_status cw_job_peek(struct cw_job_runner *runner, const struct cw_uuid *id, struct cw_job_view *view)
{
    cw_status status = CW_E_NOT_FOUND;
    pthread_mutex_lock(&runner->lock);
    const struct followed *followed = find_followed(runner, id);
    if (followed != NULL && !followed->is_gone) {
        status = followed->is_known ? CW_OK : CW_E_UNAVAILABLE;
    }
    if (status == CW_OK) {
        *view = followed->view;
        complete_view(runner, view);
    }
    pthread_mutex_unlock(&runner->lock);
    return status;
}
