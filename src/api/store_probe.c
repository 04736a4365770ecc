#define _POSIX_C_SOURCE 200809L
#include "api/store_probe.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "api/connection_watch.h"

#define SECOND INT64_C(1000000)
/* How often it is asked when nobody wants to know. */
#define PERIOD (5 * SECOND)
/* An answer that takes longer than this counts as none. */
#define SLOWEST (5 * SECOND)

struct cw_store_probe {
    struct cw_store *store;
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t wakes, answered;
    uint64_t wanted, begun, ended; /* numbers of questions; the thread asks while begun is below wanted */
    int64_t begun_at;              /* of question `begun`, monotonic microseconds */
    cw_status status;              /* of question `ended` */
    struct cw_error error;
    bool is_ending;
};

static bool wait_until(struct cw_store_probe *probe, pthread_cond_t *condition, int64_t until)
{
    const struct timespec time = {.tv_sec = (time_t)(until / SECOND),
                                  .tv_nsec = (long)(until % SECOND) * 1000};
    return pthread_cond_timedwait(condition, &probe->lock, &time) != ETIMEDOUT;
}

static void *ask_often(void *context)
{
    struct cw_store_probe *probe = context;
    pthread_mutex_lock(&probe->lock);
    while (!probe->is_ending) {
        struct cw_error error = {0};
        int64_t rows = 0;
        probe->begun++;
        probe->begun_at = cw_clock_now();
        pthread_mutex_unlock(&probe->lock);
        const cw_status status = cw_store_count(probe->store, CW_ENTITY_CUSTOMER, &rows, &error);
        pthread_mutex_lock(&probe->lock);
        probe->ended = probe->begun;
        probe->status = status;
        probe->error = error;
        pthread_cond_broadcast(&probe->answered);
        const int64_t next = cw_clock_now() + PERIOD;
        bool is_time = false;
        while (!probe->is_ending && probe->wanted <= probe->begun && !is_time) {
            is_time = !wait_until(probe, &probe->wakes, next);
        }
    }
    pthread_mutex_unlock(&probe->lock);
    return NULL;
}

cw_status cw_store_probe_new(struct cw_store *store, struct cw_store_probe **probe, struct cw_error *error)
{
    struct cw_store_probe *made = calloc(1, sizeof *made);
    pthread_condattr_t monotonic;
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the server");
    }
    made->store = store;
    pthread_mutex_init(&made->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&made->wakes, &monotonic);
    pthread_cond_init(&made->answered, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&made->thread, NULL, ask_often, made) != 0) {
        pthread_cond_destroy(&made->answered);
        pthread_cond_destroy(&made->wakes);
        pthread_mutex_destroy(&made->lock);
        free(made);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no thread for the server");
    }
    *probe = made;
    return CW_OK;
}

void cw_store_probe_free(struct cw_store_probe *probe)
{
    if (probe == NULL) {
        return;
    }
    pthread_mutex_lock(&probe->lock);
    probe->is_ending = true;
    pthread_cond_signal(&probe->wakes);
    pthread_mutex_unlock(&probe->lock);
    pthread_join(probe->thread, NULL);
    pthread_cond_destroy(&probe->answered);
    pthread_cond_destroy(&probe->wakes);
    pthread_mutex_destroy(&probe->lock);
    free(probe);
}

cw_status cw_store_probe_ask(struct cw_store_probe *probe, int64_t patience, struct cw_error *error)
{
    const int64_t until = cw_clock_now() + patience;
    bool is_in_time = true;
    pthread_mutex_lock(&probe->lock);
    /* What is under way may have been answered before now. */
    const uint64_t mine = probe->begun + 1;
    probe->wanted = mine;
    pthread_cond_signal(&probe->wakes);
    while (probe->ended < mine && is_in_time) {
        is_in_time = wait_until(probe, &probe->answered, until);
    }
    cw_status status = probe->ended >= mine ? probe->status : CW_E_TIMEOUT;
    if (status == CW_E_TIMEOUT && probe->ended < mine) {
        cw_error_set(error, CW_E_TIMEOUT, NULL, "store %s has not answered for %.1f s",
                     cw_store_name(probe->store), (double)patience / SECOND);
    } else if (status != CW_OK && error != NULL) {
        *error = probe->error;
    }
    pthread_mutex_unlock(&probe->lock);
    return status;
}

bool cw_store_probe_is_up(struct cw_store_probe *probe)
{
    pthread_mutex_lock(&probe->lock);
    const bool is_slow = probe->ended < probe->begun && cw_clock_now() - probe->begun_at > SLOWEST;
    const bool is_up = probe->status == CW_OK && !is_slow;
    pthread_mutex_unlock(&probe->lock);
    return is_up;
}
