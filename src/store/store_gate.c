#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include "store/store_base.h"

/* Who comes while so many wait already waits no longer than this after the gate last moved. */
#define CROWD 24
#define CROWD_WAIT 5000000

static int64_t monotonic_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t cw_wait_of(int32_t seconds)
{
    return monotonic_now() + (int64_t)seconds * 1000000;
}

int64_t cw_wait_in_crowd(int64_t until, int waiting, int64_t moved_at)
{
    return until == CW_WAIT_FOREVER || waiting < CROWD || until < moved_at + CROWD_WAIT
               ? until
               : moved_at + CROWD_WAIT;
}

void cw_wait_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool cw_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until)
{
    if (until == CW_WAIT_FOREVER) {
        pthread_cond_wait(condition, mutex);
        return true;
    }
    const struct timespec end = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
    return pthread_cond_timedwait(condition, mutex, &end) == 0;
}

cw_status cw_wait_given_up(const char *store, struct cw_error *error)
{
    cw_error_set(error, CW_E_UNAVAILABLE, NULL,
                 "store %s is busy with a run that is not done yet; try again later", store);
    if (error != NULL) {
        error->retryable = true;
    }
    return CW_E_UNAVAILABLE;
}

void cw_gate_init(struct cw_gate *gate)
{
    pthread_mutex_init(&gate->mutex, NULL);
    cw_wait_condition_init(&gate->opened);
    gate->closed = false;
    gate->waiting = 0;
    gate->moved_at = monotonic_now();
}

void cw_gate_clear(struct cw_gate *gate)
{
    pthread_cond_destroy(&gate->opened);
    pthread_mutex_destroy(&gate->mutex);
}

bool cw_gate_enter(struct cw_gate *gate, int64_t until)
{
    pthread_mutex_lock(&gate->mutex);
    const int64_t end = cw_wait_in_crowd(until, gate->waiting, gate->moved_at);
    bool in_time = true;
    gate->waiting++;
    while (gate->closed && in_time) {
        in_time = cw_wait_until(&gate->opened, &gate->mutex, end);
    }
    gate->waiting--;
    const bool entered = !gate->closed;
    if (entered) {
        gate->closed = true;
        gate->moved_at = monotonic_now();
    }
    pthread_mutex_unlock(&gate->mutex);
    return entered;
}

bool cw_gate_try_enter(struct cw_gate *gate)
{
    return cw_gate_enter(gate, 0);
}

void cw_gate_leave(struct cw_gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->closed = false;
    gate->moved_at = monotonic_now();
    pthread_cond_signal(&gate->opened);
    pthread_mutex_unlock(&gate->mutex);
}
