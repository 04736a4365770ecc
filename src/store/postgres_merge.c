/* Small writes that arrive together and share statements: one for each table, whosesoever its rows are. Most
 * groups are written so; see postgres_write.c for what follows when one is not. */
#include "store/postgres_group.h"

/* The rows of one table of all runs. */
static cw_status send_table(struct cw_pg_group *self, const struct cw_write *group, int entity,
                            struct cw_error *error)
{
    const struct cw_batch *batches[CW_WRITE_GROUP_MAX];
    const bool merges = cw_pg_insert_merges((enum cw_entity_id)entity);
    size_t count = 0;
    cw_status status = CW_OK;
    for (const struct cw_write *write = group; status == CW_OK && write != NULL; write = write->next) {
        if (cw_write_has_rows(write, entity)) {
            batches[count++] = write->batches[entity];
        }
        if (count > 0 && (!merges || write->next == NULL || count == CW_WRITE_GROUP_MAX)) {
            status = cw_pg_insert_parameters(batches, count, &self->parameters, error);
            status = cw_pg_group_send_filled(self, self->inserts[entity], status, error);
            count = 0;
        }
    }
    return status;
}

static cw_status send_runs(struct cw_pg_group *self, const struct cw_write *group, struct cw_error *error)
{
    struct cw_usage usage = {0};
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        if (self->inserts[e][0] != '\0') {
            status = send_table(self, group, e, error);
        }
    }
    for (const struct cw_write *write = group; status == CW_OK && write != NULL; write = write->next) {
        cw_usage_add_run(&usage, write->batches, &write->run->priors);
        status = cw_pg_group_send_record(self, write->run, error);
    }
    if (status == CW_OK) {
        status = cw_pg_usage_parameters(&usage, &self->parameters, error);
        status = cw_pg_group_send_filled(self, self->statements[CW_PG_COUNT_USED], status, error);
    }
    return status;
}

static cw_status send_group(struct cw_pg_group *self, const struct cw_write *group, struct cw_error *error)
{
    cw_status status = cw_pg_group_send(self, CW_PG_BEGIN, error);
    if (status == CW_OK) {
        status = cw_pg_group_send(self, CW_PG_TAKE_LOCK, error);
    }
    if (status == CW_OK) {
        status = send_runs(self, group, error);
    }
    if (status == CW_OK) {
        status = cw_pg_group_send(self, CW_PG_COMMIT, error);
    }
    return status;
}

/* What could not be sent whole is answered too, so that the connection can be used again. */
static cw_status run_pipeline(struct cw_pg_group *self, const struct cw_write *group, struct cw_error *error)
{
    PGconn *handle = self->connection->handle;
    if (PQenterPipelineMode(handle) != 1) {
        return cw_pg_error(self->connection, NULL, error);
    }
    const cw_status sent = send_group(self, group, error);
    cw_status status = sent;
    if (PQpipelineSync(handle) == 1) {
        const cw_status answered = cw_pg_read_part(self->connection, sent == CW_OK ? error : NULL);
        status = sent != CW_OK ? sent : answered;
    } else if (sent == CW_OK) {
        status = cw_pg_error(self->connection, NULL, error);
    }
    if (PQexitPipelineMode(handle) != 1 && status == CW_OK) {
        status = cw_pg_error(self->connection, NULL, error);
    }
    return status;
}

cw_status cw_pg_write_merged(struct cw_pg_connection *connection, const struct cw_write *group,
                             struct cw_error *error)
{
    struct cw_pg_group self = {.connection = connection};
    cw_status status = cw_pg_group_prepare(&self, group, error);
    if (status == CW_OK) {
        status = run_pipeline(&self, group, error);
    }
    if (PQstatus(connection->handle) == CONNECTION_OK &&
        PQtransactionStatus(connection->handle) != PQTRANS_IDLE) {
        cw_pg_execute(connection, "ROLLBACK", NULL);
    }
    cw_pg_parameters_clear(&self.parameters);
    return status;
}
