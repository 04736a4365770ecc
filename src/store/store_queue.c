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
static struct cw_write *take_group(struct cw_write_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    struct cw_write *group = queue->first;
    struct cw_write *last = group;
    int64_t rows = count_rows(group);
    int count = 1;
    group->taken = true;
    while (count < CW_WRITE_GROUP_MAX && last->next != NULL) {
        rows += count_rows(last->next);
        if (rows > GROUP_ROWS_MAX) {
            break;
        }
        last = last->next;
        last->taken = true;
        count++;
    }
    queue->waiting -= count;
    queue->first = last->next;
    if (queue->first == NULL) {
        queue->last = &queue->first;
    }
    last->next = NULL;
    pthread_mutex_unlock(&queue->mutex);
    return group;
}

/* Takes one off whose time has come. The mutex is held. */
static void give_up(struct cw_store *store, struct cw_write *write)
{
    struct cw_write_queue *queue = &store->writes;
    struct cw_write **place = &queue->first;
    while (*place != write) {
        place = &(*place)->next;
    }
    *place = write->next;
    if (queue->last == &write->next) {
        queue->last = place;
    }
    queue->waiting--;
    write->status = cw_wait_given_up(store->name, &write->error);
    write->done = true;
}

/* The mutex is held. */
static void call_next_leader(struct cw_write_queue *queue)
{
    if (!queue->has_leader && queue->first != NULL) {
        pthread_cond_signal(&queue->first->changed);
    }
}

/* Waits for the writer before taking the group, so that all who come meanwhile are in it. The mutex is held,
 * but not meanwhile. */
static void lead(struct cw_store *store, struct cw_write *leader, int64_t until)
{
    struct cw_write_queue *queue = &store->writes;
    struct cw_write *group = NULL;
    queue->has_leader = true;
    pthread_mutex_unlock(&queue->mutex);
    if (cw_gate_enter(&store->writer, until)) {
        group = take_group(queue);
        store->operations->write_group(store, group);
        cw_gate_leave(&store->writer);
    }
    pthread_mutex_lock(&queue->mutex);
    if (group == NULL) {
        give_up(store, leader);
    }
    while (group != NULL) {
        struct cw_write *next = group->next;
        group->done = true;
        pthread_cond_signal(&group->changed);
        group = next;
    }
    queue->has_leader = false;
    call_next_leader(queue);
}

static void enqueue_and_wait(struct cw_store *store, struct cw_write *write, int64_t until)
{
    struct cw_write_queue *queue = &store->writes;
    pthread_mutex_lock(&queue->mutex);
    const int64_t end = cw_wait_in_crowd(until, queue->waiting, store->writer.moved_at);
    *queue->last = write;
    queue->last = &write->next;
    queue->waiting++;
    while (!write->done) {
        if (!queue->has_leader) {
            lead(store, write, end);
        } else if (!cw_wait_until(&write->changed, &queue->mutex, write->taken ? CW_WAIT_FOREVER : end) &&
                   !write->taken) {
            give_up(store, write);
            call_next_leader(queue);
        }
    }
    pthread_mutex_unlock(&queue->mutex);
}

cw_status cw_store_write(struct cw_store *store, const struct cw_batch *const batches[CW_ENTITY_COUNT],
                         const struct cw_run_record *run, int64_t until, struct cw_error *error)
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
    cw_wait_condition_init(&write.changed);
    enqueue_and_wait(store, &write, until);
    pthread_cond_destroy(&write.changed);
    if (write.status != CW_OK && error != NULL) {
        *error = write.error;
    }
    return write.status;
}
