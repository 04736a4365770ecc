#include <stdlib.h>
#include <string.h>

#include "store/sqlite_store.h"

/* The log is copied into the file once it is this long, in pages of 4 KiB: 16 MiB. */
#define CHECKPOINT_PAGES 4096
/* From here on the copy shuts writers out for a moment, so that the log can begin anew: 512 MiB. */
#define RESTART_PAGES 131072

/* A passive checkpoint copies what no reader still needs to be in the log, and stops no one. When writers are
 * so busy that it never reaches the log's end, the log would grow without bound. */
static void checkpoint(struct cw_sqlite_store *store, int log_pages)
{
    sqlite3 *db = store->checkpointer.connection->db;
    int pages = 0;
    int copied = 0;
    sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
    if (log_pages < RESTART_PAGES) {
        return;
    }
    cw_gate_enter(&store->base.writer, CW_WAIT_FOREVER);
    sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    cw_gate_leave(&store->base.writer);
}

static void *checkpointer_main(void *context)
{
    struct cw_sqlite_store *store = context;
    struct cw_checkpointer *self = &store->checkpointer;
    pthread_mutex_lock(&self->mutex);
    while (!self->stopping) {
        if (self->log_pages < CHECKPOINT_PAGES) {
            pthread_cond_wait(&self->wanted, &self->mutex);
            continue;
        }
        const int log_pages = self->log_pages;
        self->log_pages = 0;
        pthread_mutex_unlock(&self->mutex);
        checkpoint(store, log_pages);
        pthread_mutex_lock(&self->mutex);
    }
    pthread_mutex_unlock(&self->mutex);
    return NULL;
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
    const int code = pthread_create(&self->thread, NULL, checkpointer_main, store);
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
    self->log_pages = connection->log_pages;
    if (self->log_pages >= CHECKPOINT_PAGES) {
        pthread_cond_signal(&self->wanted);
    }
    pthread_mutex_unlock(&self->mutex);
}
