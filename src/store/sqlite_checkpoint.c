#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite_store.h"

/* The log is copied into the file when it is this long, in pages of 4 KiB: 16 MiB; and again each time it is
 * eight times as long. */
#define CHECKPOINT_PAGES 4096
#define CHECKPOINT_GROWTH 8
/* From here on the copy shuts writers out for a moment, so that the log can begin anew: 512 MiB. */
#define RESTART_PAGES 131072
/* When a reader needs the log longer than writers can be kept waiting, it grows by so much, 64 MiB, before
 * they wait again. */
#define RETRY_PAGES 16384

/* Writers wait while so many pages and less are copied: a moment. */
#define FEW_PAGES 2048
#define COPIES_MAX 4

/* Returns how much of the log is in the file now, in pages. */
static int copy_what_can_be(struct cw_checkpointer *self)
{
    int copied = 0;
    sqlite3_wal_checkpoint_v2(self->connection->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &copied);
    return copied;
}

/* Copies again what writers add while it copies: the less is left, the less they wait. */
static void catch_up(struct cw_checkpointer *self)
{
    int log_pages = 0;
    int copied = 0;
    for (int i = 0; i < COPIES_MAX && (i == 0 || log_pages - copied > FEW_PAGES); i++) {
        copied = copy_what_can_be(self);
        pthread_mutex_lock(&self->mutex);
        log_pages = self->log_pages;
        pthread_mutex_unlock(&self->mutex);
    }
}

/* A passive checkpoint copies what no reader still needs to be in the log, and stops no one; the next writer
 * begins the log anew when nothing came after it. When writers are so busy that it never reaches the log's
 * end, the log grows: then it is copied ever less often, because a page that changed often meanwhile is
 * copied once, until it would grow without bound. The log's file keeps its length: to write again where there
 * was something costs less than to make the file longer. */
static void checkpoint(struct cw_sqlite_store *store, int log_pages)
{
    struct cw_checkpointer *self = &store->checkpointer;
    if (log_pages < RESTART_PAGES) {
        copy_what_can_be(self);
        return;
    }
    catch_up(self);
    cw_gate_enter(&store->base.writer, CW_WAIT_FOREVER);
    const int code =
        sqlite3_wal_checkpoint_v2(self->connection->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    pthread_mutex_lock(&self->mutex);
    self->log_pages = 0;
    if (code != SQLITE_OK) {
        self->enough_pages = self->longest_pages + RETRY_PAGES;
    }
    pthread_mutex_unlock(&self->mutex);
    cw_gate_leave(&store->base.writer);
}

/* How long the log may become before it is copied again, when it was this long. */
static int next_length(int log_pages)
{
    return log_pages < RESTART_PAGES / CHECKPOINT_GROWTH ? log_pages * CHECKPOINT_GROWTH
           : log_pages < RESTART_PAGES                   ? RESTART_PAGES
                                                         : CHECKPOINT_PAGES;
}

static void *checkpointer_main(void *context)
{
    struct cw_sqlite_store *store = context;
    struct cw_checkpointer *self = &store->checkpointer;
    pthread_mutex_lock(&self->mutex);
    while (!self->stopping) {
        if (self->log_pages < self->enough_pages) {
            pthread_cond_wait(&self->wanted, &self->mutex);
            continue;
        }
        const int log_pages = self->log_pages;
        self->enough_pages = next_length(log_pages);
        self->log_pages = 0;
        pthread_mutex_unlock(&self->mutex);
        checkpoint(store, log_pages);
        pthread_mutex_lock(&self->mutex);
    }
    pthread_mutex_unlock(&self->mutex);
    return NULL;
}

/* The thread leaves signals to the program's own. */
static int start_thread(struct cw_checkpointer *self, struct cw_sqlite_store *store)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int code = pthread_create(&self->thread, NULL, checkpointer_main, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

cw_status cw_checkpointer_start(struct cw_sqlite_store *store, struct cw_error *error)
{
    struct cw_checkpointer *self = &store->checkpointer;
    cw_status status =
        cw_connection_open(store->base.name, CW_CONNECTION_WRITE, false, false, &self->connection, error);
    if (status != CW_OK) {
        return status;
    }
    /* It must give way to readers quickly: it holds the writer gate while it waits. */
    sqlite3_busy_timeout(self->connection->db, 200);
    self->enough_pages = CHECKPOINT_PAGES;
    const int code = start_thread(self, store);
    if (code != 0) {
        return cw_error_set(error, CW_E_UNAVAILABLE, NULL, "store %s: no thread for checkpoints: %s",
                            store->base.name, strerror(code));
    }
    self->running = true;
    return CW_OK;
}

void cw_checkpointer_stop(struct cw_sqlite_store *store)
{
    struct cw_checkpointer *self = &store->checkpointer;
    if (self->running) {
        pthread_mutex_lock(&self->mutex);
        self->stopping = true;
        pthread_cond_signal(&self->wanted);
        pthread_mutex_unlock(&self->mutex);
        pthread_join(self->thread, NULL);
        self->running = false;
    }
    cw_connection_close(self->connection);
    self->connection = NULL;
}

void cw_checkpointer_notify(struct cw_sqlite_store *store, struct cw_connection *connection)
{
    struct cw_checkpointer *self = &store->checkpointer;
    pthread_mutex_lock(&self->mutex);
    if (connection->log_pages < self->longest_pages) {
        self->enough_pages = CHECKPOINT_PAGES; /* it began anew */
    }
    self->longest_pages = connection->log_pages;
    self->log_pages = connection->log_pages;
    if (self->log_pages >= self->enough_pages) {
        pthread_cond_signal(&self->wanted);
    }
    pthread_mutex_unlock(&self->mutex);
}
