#define _POSIX_C_SOURCE 200809L

#include "store/postgres_cancel.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "store/postgres_store.h"
#include "store/store_base.h"

/* Those of a load, and its own. */
#define CONNECTIONS_MAX (CW_PG_ASIDE_MAX + 1)
/* A statement that has just begun when the others are ended is met the next time. */
#define LOOK_MICROSECONDS 100000

struct cw_pg_canceller {
    const _Atomic bool *cancelled;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    PGcancel *connections[CONNECTIONS_MAX];
    int count;
    bool is_ending;
};

/* The lock is held on entry and exit, but not while the server is talked to. */
static void end_statements(struct cw_pg_canceller *self)
{
    for (int i = 0; i < self->count && !self->is_ending; i++) {
        char message[256];
        pthread_mutex_unlock(&self->mutex);
        /* A connection that is closed, or has nothing to do, is not disturbed. */
        PQcancel(self->connections[i], message, sizeof message);
        pthread_mutex_lock(&self->mutex);
    }
}

static void *look(void *context)
{
    struct cw_pg_canceller *self = context;
    pthread_mutex_lock(&self->mutex);
    while (!self->is_ending) {
        cw_wait_until(&self->changed, &self->mutex, cw_wait_of(0) + LOOK_MICROSECONDS);
        if (atomic_load_explicit(self->cancelled, memory_order_relaxed)) {
            end_statements(self);
        }
    }
    pthread_mutex_unlock(&self->mutex);
    return NULL;
}

cw_status cw_pg_canceller_start(const _Atomic bool *cancelled, struct cw_pg_canceller **canceller,
                                struct cw_error *error)
{
    struct cw_pg_canceller *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: loading into PostgreSQL");
    }
    self->cancelled = cancelled;
    pthread_mutex_init(&self->mutex, NULL);
    cw_wait_condition_init(&self->changed);
    if (pthread_create(&self->thread, NULL, look, self) != 0) {
        pthread_cond_destroy(&self->changed);
        pthread_mutex_destroy(&self->mutex);
        free(self);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no thread to watch a load into PostgreSQL");
    }
    *canceller = self;
    return CW_OK;
}

void cw_pg_canceller_add(struct cw_pg_canceller *canceller, struct cw_pg_connection *connection)
{
    if (canceller == NULL) {
        return;
    }
    PGcancel *added = PQgetCancel(connection->handle);
    pthread_mutex_lock(&canceller->mutex);
    if (added != NULL && canceller->count < CONNECTIONS_MAX) {
        connection->cancelled = canceller->cancelled;
        canceller->connections[canceller->count++] = added;
        added = NULL;
    }
    pthread_mutex_unlock(&canceller->mutex);
    PQfreeCancel(added);
}

void cw_pg_canceller_end(struct cw_pg_canceller *canceller)
{
    if (canceller == NULL) {
        return;
    }
    pthread_mutex_lock(&canceller->mutex);
    canceller->is_ending = true;
    pthread_cond_signal(&canceller->changed);
    pthread_mutex_unlock(&canceller->mutex);
    pthread_join(canceller->thread, NULL);
    for (int i = 0; i < canceller->count; i++) {
        PQfreeCancel(canceller->connections[i]);
    }
    pthread_cond_destroy(&canceller->changed);
    pthread_mutex_destroy(&canceller->mutex);
    free(canceller);
}
