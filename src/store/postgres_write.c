/* Small writes that arrive together: one transaction, sent without waiting for answers in between. At first
 * the runs share statements; when that fails, the group is written again, each run by itself, to find out
 * whose rows are to blame. Then every run is a part of the pipeline that begins by going back to the last
 * savepoint and ends by setting one of the same name: after a run that failed that undoes it, after one that
 * did not it undoes nothing. */
#include <stdlib.h>

#include "store/postgres_group.h"

static cw_status send_rows(struct cw_pg_group *self, const struct cw_write *write, struct cw_tally *tally,
                           struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        const struct cw_batch *batch = write->batches[e];
        if (!cw_write_has_rows(write, e)) {
            continue;
        }
        status = cw_pg_insert_parameters(&batch, 1, &self->parameters, error);
        status = cw_pg_group_send_filled(self, self->inserts[e], status, error);
        cw_tally_add(tally, batch, batch->row_count);
    }
    return status;
}

static cw_status send_run(struct cw_pg_group *self, const struct cw_write *write, struct cw_error *error)
{
    struct cw_tally tally = {0};
    const struct cw_run_record *run = write->run;
    cw_status status = send_rows(self, write, &tally, error);
    if (status == CW_OK) {
        status = cw_pg_group_send_record(self, run, error);
    }
    if (status == CW_OK) {
        status = cw_pg_used_parameters(&tally, &run->priors, &self->parameters, error);
        status = cw_pg_group_send_filled(self, self->statements[CW_PG_COUNT_USED], status, error);
    }
    return status;
}

static cw_status end_part(struct cw_pg_group *self, struct cw_error *error)
{
    return PQpipelineSync(self->connection->handle) == 1 ? CW_OK : cw_pg_error(self->connection, NULL, error);
}

/* A run whose parameters could not be put together is undone like one that the server refused. */
static cw_status send_write(struct cw_pg_group *self, struct cw_write *write, struct cw_error *error)
{
    cw_status status = cw_pg_group_send(self, CW_PG_BACK, error);
    if (status == CW_OK) {
        write->status = send_run(self, write, &write->error);
        write->settled = write->status != CW_OK;
        status = write->settled ? cw_pg_group_send(self, CW_PG_BACK, error) : CW_OK;
    }
    if (status == CW_OK) {
        status = cw_pg_group_send(self, CW_PG_SAVE, error);
    }
    return status == CW_OK ? end_part(self, error) : status;
}

static cw_status send_group(struct cw_pg_group *self, struct cw_write *group, struct cw_error *error)
{
    cw_status status = cw_pg_group_send(self, CW_PG_BEGIN, error);
    if (status == CW_OK) {
        status = cw_pg_group_send(self, CW_PG_TAKE_LOCK, error);
    }
    if (status == CW_OK) {
        status = cw_pg_group_send(self, CW_PG_SAVE, error);
    }
    if (status == CW_OK) {
        status = end_part(self, error);
    }
    for (struct cw_write *write = group; status == CW_OK && write != NULL; write = write->next) {
        write->sent = !write->settled;
        if (write->sent) {
            status = send_write(self, write, error);
        }
    }
    if (status == CW_OK) {
        status = cw_pg_group_send(self, CW_PG_BACK, error);
    }
    if (status == CW_OK) {
        status = cw_pg_group_send(self, CW_PG_COMMIT, error);
    }
    return status == CW_OK ? end_part(self, error) : status;
}

cw_status cw_pg_read_part(struct cw_pg_connection *connection, struct cw_error *error)
{
    PGconn *handle = connection->handle;
    cw_status status = CW_OK;
    /* Two results of nothing in a row: there is no more to come. */
    for (int silent = 0; silent < 2;) {
        PGresult *result = PQgetResult(handle);
        const ExecStatusType kind = PQresultStatus(result);
        silent = result == NULL ? silent + 1 : 0;
        if (kind == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return status;
        }
        if (result != NULL && status == CW_OK && (kind == PGRES_FATAL_ERROR || kind == PGRES_BAD_RESPONSE)) {
            status = cw_pg_error(connection, result, error);
        }
        PQclear(result);
    }
    return status != CW_OK ? status : cw_pg_error(connection, NULL, error);
}

/* opened: whether the transaction could be begun at all. */
static cw_status read_group(struct cw_pg_group *self, struct cw_write *group, bool *opened,
                            struct cw_error *error)
{
    const cw_status beginning = cw_pg_read_part(self->connection, error);
    *opened = beginning == CW_OK;
    for (struct cw_write *write = group; write != NULL; write = write->next) {
        if (!write->sent) {
            continue;
        }
        struct cw_error failure = {0};
        const cw_status status = cw_pg_read_part(self->connection, &failure);
        if (beginning == CW_OK && status != CW_OK && !write->settled &&
            PQstatus(self->connection->handle) == CONNECTION_OK) {
            write->status = status;
            write->error = failure;
            write->settled = true;
        }
    }
    struct cw_error failure = {0};
    const cw_status ending = cw_pg_read_part(self->connection, &failure);
    if (beginning == CW_OK && ending != CW_OK && error != NULL) {
        *error = failure;
    }
    return beginning != CW_OK ? beginning : ending;
}

static cw_status write_once(struct cw_pg_group *self, struct cw_write *group, bool *opened,
                            struct cw_error *error)
{
    cw_status status = cw_pg_group_prepare(self, group, error);
    if (status != CW_OK) {
        return status;
    }
    if (PQenterPipelineMode(self->connection->handle) != 1) {
        return cw_pg_error(self->connection, NULL, error);
    }
    status = send_group(self, group, error);
    if (status == CW_OK) {
        status = read_group(self, group, opened, error);
    }
    if (PQexitPipelineMode(self->connection->handle) != 1 && status == CW_OK) {
        status = cw_pg_error(self->connection, NULL, error);
    }
    return status;
}

/* After a connection that broke nobody knows whether the commit was done: the runs tell, once the server has
 * ended its transaction, which frees the lock. */
static cw_status settle_committed(struct cw_pg_connection *connection, struct cw_write *group,
                                  struct cw_error *error)
{
    cw_status status = cw_pg_execute(connection, "SELECT pg_advisory_xact_lock(" CW_PG_LOCK_WRITE ")", error);
    for (struct cw_write *write = group; status == CW_OK && write != NULL; write = write->next) {
        struct cw_pg_parameters parameters = {0};
        int64_t found = 0;
        if (write->settled) {
            continue;
        }
        status = cw_pg_add_bytes(&parameters, write->run->id.bytes, 16, error);
        if (status == CW_OK) {
            status = cw_pg_number(connection, "SELECT count(*) FROM runs WHERE id = $1", &parameters, &found,
                                  error);
        }
        cw_pg_parameters_clear(&parameters);
        write->settled = found == 1;
    }
    return status;
}

static bool is_settled(const struct cw_write *group)
{
    while (group != NULL && group->settled) {
        group = group->next;
    }
    return group == NULL;
}

/* Once more on a new connection when the first was lost, and after the keys that a killed load left missing
 * are back. */
static cw_status write_group(struct cw_pg_store *store, struct cw_write *group, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int attempt = 0; attempt < 2; attempt++) {
        struct cw_pg_group writing = {0};
        bool opened = false;
        status = cw_pg_borrow(store, &writing.connection, error);
        if (status == CW_OK && attempt > 0) {
            status = settle_committed(writing.connection, group, error);
        }
        if (status == CW_OK && attempt > 0 && !is_settled(group)) {
            status = cw_pg_heal(writing.connection, error);
        }
        if (status == CW_OK && attempt == 0 &&
            cw_pg_write_merged(writing.connection, group, error) == CW_OK) {
            cw_pg_return(store, writing.connection);
            return CW_OK;
        }
        if (status == CW_OK && !is_settled(group)) {
            status = write_once(&writing, group, &opened, error);
        }
        const bool is_lost =
            writing.connection != NULL && PQstatus(writing.connection->handle) != CONNECTION_OK;
        cw_pg_parameters_clear(&writing.parameters);
        if (writing.connection != NULL) {
            cw_pg_return(store, writing.connection);
        }
        if (status == CW_OK || (!is_lost && opened)) {
            break;
        }
    }
    return status;
}

void cw_pg_write_group(struct cw_store *base, struct cw_write *group)
{
    struct cw_pg_store *store = cw_pg_store_of(base);
    struct cw_error error = {0};
    const cw_status status = write_group(store, group, &error);
    for (struct cw_write *write = group; status != CW_OK && write != NULL; write = write->next) {
        if (!write->settled) {
            write->status = status;
            write->error = error;
        }
    }
}
