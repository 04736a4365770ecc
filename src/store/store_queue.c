/* Small writes of many threads: who comes first leads, and commits what waits by then as one transaction. */
#include "store/row_check.h"
#include "store/store_base.h"

/* About how many rows the writes of a group may have together, for the same reason as CW_WRITE_GROUP_MAX. */
#define GROUP_ROWS_MAX 20000

void cw_write_fail_all(struct cw_write *group, cw_status status, const struct cw_error *error)
{
    for (struct cw_write *write = group; write != NULL; write = write->next) {
        if (write->status == CW_OK) {
            write->status = status;
            write->error = *error;
        }
    }
}

static int64_t count_rows(const struct cw_write *write)
{
    int64_t rows = 0;
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        rows += write->batches[e] != NULL ? write->batches[e]->row_count : 0;
    }
    return rows;
}

/* Takes those off the queue that came first. */
static struct cw_write *take_group(struct cw_store *store)
{
    struct cw_write_queue *queue = &store->writes;
    pthread_mutex_lock(&queue->mutex);
    struct cw_write *group = queue->first;
    struct cw_write *last = group;
    int64_t rows = count_rows(group);
    for (int i = 1; i < CW_WRITE_GROUP_MAX && last->next != NULL; i++) {
        rows += count_rows(last->next);
        if (rows > GROUP_ROWS_MAX) {
            break;
        }
        last = last->next;
    }
    queue->first = last->next;
    if (queue->first == NULL) {
        queue->last = &queue->first;
    }
    last->next = NULL;
    pthread_mutex_unlock(&queue->mutex);
    return group;
}

static void lead(struct cw_store *store)
{
    struct cw_write_queue *queue = &store->writes;
    struct cw_write *group = NULL;
    store->operations->write_group(store, take_group, &group);
    pthread_mutex_lock(&queue->mutex);
    while (group != NULL) {
        struct cw_write *next = group->next;
        group->done = true;
        pthread_cond_signal(&group->changed);
        group = next;
    }
    queue->has_leader = false;
    if (queue->first != NULL) {
        pthread_cond_signal(&queue->first->changed);
    }
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
            pthread_cond_wait(&write->changed, &queue->mutex);
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
    pthread_cond_init(&write.changed, NULL);
    enqueue_and_wait(store, &write);
    pthread_cond_destroy(&write.changed);
    if (write.status != CW_OK && error != NULL) {
        *error = write.error;
    }
    return write.status;
}
