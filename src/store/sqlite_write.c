#include <stdlib.h>
#include <string.h>

#include "store/sqlite_counters.h"
#include "store/sqlite_insert.h"
#include "store/sqlite_store.h"

/* What the runs of a group come to, for the counters. */
struct group_sum {
    struct cw_tally tally;
    struct cw_usage usage;
};

static cw_status insert_table(struct cw_connection *connection, const struct cw_write *write, int entity,
                              struct cw_tally *tally, struct cw_error *error)
{
    const struct cw_batch *batch = write->batches[entity];
    int64_t added = 0;
    if (batch == NULL || batch->row_count == 0) {
        return CW_OK;
    }
    const cw_status status = cw_batch_insert(connection, batch, &added, error);
    if (status == CW_OK) {
        cw_tally_add(tally, batch, added);
    }
    return status;
}

static cw_status insert_run(struct cw_connection *connection, const struct cw_write *write,
                            struct cw_tally *tally, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        status = insert_table(connection, write, e, tally, error);
    }
    return status == CW_OK ? cw_run_insert(connection, write->run, error) : status;
}

/* One run inside the shared transaction: all of it or nothing. */
static void write_one(struct cw_connection *connection, struct cw_write *write, struct group_sum *sum)
{
    struct cw_tally tally = {0};
    write->status = cw_connection_execute(connection, "SAVEPOINT run", &write->error);
    if (write->status != CW_OK) {
        return;
    }
    write->status = insert_run(connection, write, &tally, &write->error);
    if (write->status == CW_OK) {
        write->status = cw_connection_execute(connection, "RELEASE run", &write->error);
    } else if (!sqlite3_get_autocommit(connection->db)) {
        cw_connection_execute(connection, "ROLLBACK TO run; RELEASE run", NULL);
    }
    if (write->status == CW_OK) {
        cw_tally_sum(&sum->tally, &tally);
        cw_usage_add_run(&sum->usage, write->batches, &write->run->priors);
    }
}

/* Each run by itself. Some failures (a full disk, say) make SQLite roll the whole transaction back: then
 * nothing of the group is there. */
static cw_status write_apart(struct cw_connection *connection, struct cw_write *group, struct group_sum *sum,
                             struct cw_error *error)
{
    for (struct cw_write *write = group; write != NULL; write = write->next) {
        write_one(connection, write, sum);
        if (sqlite3_get_autocommit(connection->db)) {
            *error = write->error;
            return write->status;
        }
    }
    return CW_OK;
}

/* All runs, or none: table by table, so that the pages of one table and its indexes are changed while they
 * are in memory. */
static cw_status write_together(struct cw_connection *connection, const struct cw_write *group,
                                struct group_sum *sum, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        for (const struct cw_write *write = group; status == CW_OK && write != NULL; write = write->next) {
            status = insert_table(connection, write, e, &sum->tally, error);
        }
    }
    for (const struct cw_write *write = group; status == CW_OK && write != NULL; write = write->next) {
        cw_usage_add_run(&sum->usage, write->batches, &write->run->priors);
        status = cw_run_insert(connection, write->run, error);
    }
    return status;
}

static cw_status write_transaction(struct cw_connection *connection, struct cw_write *group, bool apart,
                                   struct cw_error *error)
{
    struct group_sum sum = {0};
    cw_status status = cw_connection_execute(connection, "BEGIN IMMEDIATE", error);
    if (status == CW_OK) {
        status = apart ? write_apart(connection, group, &sum, error)
                       : write_together(connection, group, &sum, error);
    }
    if (status == CW_OK) {
        status = cw_counters_raise(connection, &sum.tally, &sum.usage, error);
    }
    if (status == CW_OK) {
        status = cw_connection_execute(connection, "COMMIT", error);
    }
    if (status != CW_OK && !sqlite3_get_autocommit(connection->db)) {
        cw_connection_execute(connection, "ROLLBACK", NULL);
    }
    return status;
}

/* Savepoints copy every page that a run changes, so at first there are none; when some run can't be written,
 * the group is written again, each by itself, to find out which. */
void cw_sqlite_write_group(struct cw_store *base, struct cw_write *group)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    struct cw_connection *connection = store->write_connection;
    struct cw_error error = {0};
    cw_status status = write_transaction(connection, group, false, &error);
    if (status != CW_OK && status != CW_E_UNAVAILABLE && group->next != NULL) {
        status = write_transaction(connection, group, true, &error);
    }
    if (status == CW_OK) {
        cw_checkpointer_notify(store, connection);
    } else {
        cw_write_fail_all(group, status, &error);
    }
}
