#include <stdlib.h>
#include <string.h>

#include "store/row_check.h"
#include "store/sqlite_counters.h"
#include "store/sqlite_insert.h"
#include "store/sqlite_store.h"

/* Most small writes that share a transaction: bounds how long the first of them waits. */
#define GROUP_MAX 256

static cw_status insert_run(struct cw_connection *connection, const struct cw_write *write,
                            struct cw_error *error)
{
    struct cw_tally tally = {0};
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        const struct cw_batch *batch = write->batches[e];
        if (batch == NULL || batch->row_count == 0) {
            continue;
        }
        int64_t added = 0;
        status = cw_batch_insert(connection, batch, false, &added, error);
        if (status == CW_OK) {
            cw_tally_add(&tally, batch, added);
        }
    }
    if (status == CW_OK) {
        status = cw_run_insert(connection, write->run, error);
    }
    return status == CW_OK ? cw_counters_apply(connection, &tally, &write->run->priors, error) : status;
}

/* One run inside the shared transaction: all of it or nothing. */
static void write_one(struct cw_connection *connection, struct cw_write *write)
{
    write->status = cw_connection_execute(connection, "SAVEPOINT run", &write->error);
    if (write->status != CW_OK) {
        return;
    }
    write->status = insert_run(connection, write, &write->error);
    if (write->status == CW_OK) {
        write->status = cw_connection_execute(connection, "RELEASE run", &write->error);
    } else if (!sqlite3_get_autocommit(connection->db)) {
        cw_connection_execute(connection, "ROLLBACK TO run; RELEASE run", NULL);
    }
}

static void fail_all(struct cw_write *group, cw_status status, const struct cw_error *error)
{
    for (struct cw_write *write = group; write != NULL; write = write->next) {
        if (write->status == CW_OK) {
            write->status = status;
            write->error = *error;
        }
    }
}

/* Some failures (a full disk, say) make SQLite roll the whole transaction back: then nothing of the group is
 * there. */
static void write_group(struct cw_store *store, struct cw_write *group)
{
    struct cw_connection *connection = store->write_connection;
    struct cw_error error = {0};
    cw_status status = cw_connection_execute(connection, "BEGIN IMMEDIATE", &error);
    if (status != CW_OK) {
        fail_all(group, status, &error);
        return;
    }
    for (struct cw_write *write = group; write != NULL; write = write->next) {
        write_one(connection, write);
        if (sqlite3_get_autocommit(connection->db)) {
            status = write->status;
            error = write->error;
            fail_all(group, status, &error);
            return;
        }
    }
    status = cw_connection_execute(connection, "COMMIT", &error);
    if (status != CW_OK) {
        cw_connection_execute(connection, "ROLLBACK", NULL);
        fail_all(group, status, &error);
        return;
    }
    cw_checkpointer_notify(store, connection);
}

/* Takes up to GROUP_MAX writes off the queue. The mutex is held. */
static struct cw_write *take_group(struct cw_write_queue *queue)
{
    struct cw_write *group = queue->first;
    struct cw_write *last = group;
    for (int i = 1; i < GROUP_MAX && last->next != NULL; i++) {
        last = last->next;
    }
    queue->first = last->next;
    if (queue->first == NULL) {
        queue->last = &queue->first;
    }
    last->next = NULL;
    return group;
}

/* Waits for the writer before taking the group, so that all who come meanwhile are in it. */
static void lead(struct cw_store *store)
{
    struct cw_write_queue *queue = &store->writes;
    cw_gate_enter(&store->writer);
    pthread_mutex_lock(&queue->mutex);
    struct cw_write *group = take_group(queue);
    pthread_mutex_unlock(&queue->mutex);
    write_group(store, group);
    cw_gate_leave(&store->writer);
    pthread_mutex_lock(&queue->mutex);
    while (group != NULL) {
        struct cw_write *next = group->next;
        group->done = true;
        group = next;
    }
    queue->has_leader = false;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->mutex);
}

static void enqueue_and_wait(struct cw_store *store, struct cw_write *write)
{
    struct cw_write_queue *queue = &store->writes;
    pthread_mutex_lock(&queue->mutex);
    *queue->last = write;
    queue->last = &write->next;
    while (!write->done) {
        if (queue->has_leader) {
            pthread_cond_wait(&queue->changed, &queue->mutex);
            continue;
        }
        queue->has_leader = true;
        pthread_mutex_unlock(&queue->mutex);
        lead(store);
        pthread_mutex_lock(&queue->mutex);
    }
    pthread_mutex_unlock(&queue->mutex);
}

cw_status cw_store_write(struct cw_store *store, const struct cw_batch *const batches[CW_ENTITY_COUNT],
                         const struct cw_run_record *run, struct cw_error *error)
{
    cw_status status = cw_store_check_writable(store, error);
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        if (batches[e] != NULL && batches[e]->row_count > 0) {
            status = cw_rows_check(batches[e], error);
        }
    }
    if (status != CW_OK) {
        return status;
    }
    struct cw_write write = {.batches = batches, .run = run};
    enqueue_and_wait(store, &write);
    if (write.status != CW_OK && error != NULL) {
        *error = write.error;
    }
    return write.status;
}
