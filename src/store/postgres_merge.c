/* Small writes that arrive together and share statements: one for each table, whosesoever its rows are. Most
 * groups are written so; see postgres_write.c for what follows when one is not. */
#include "store/postgres_store.h"

enum fixed_statement {
    BEGIN_STATEMENT,
    LOCK_STATEMENT,
    RUN_STATEMENT,
    FORGET_STATEMENT,
    ANSWER_STATEMENT,
    JOB_STATEMENT,
    USED_STATEMENT,
    COMMIT_STATEMENT,
    FIXED_STATEMENTS
};

struct merging {
    struct cw_pg_connection *connection;
    char fixed[FIXED_STATEMENTS][16]; /* names of prepared statements */
    char inserts[CW_ENTITY_COUNT][16];
    struct cw_pg_parameters parameters;
    struct cw_usage usage;
};

static bool has_rows(const struct cw_write *write, int entity)
{
    return write->batches[entity] != NULL && write->batches[entity]->row_count > 0;
}

static cw_status prepare_insert(struct merging *self, enum cw_entity_id entity, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status = cw_pg_insert_sql(cw_entity_get(entity), &sql, error);
    if (status == CW_OK) {
        status = cw_pg_prepare(self->connection, sql.data, self->inserts[entity], error);
    }
    cw_buffer_clear(&sql);
    return status;
}

/* Statements can't be prepared while the pipeline is open. */
static cw_status prepare_all(struct merging *self, const struct cw_write *group, struct cw_error *error)
{
    const char *const texts[FIXED_STATEMENTS] = {
        [BEGIN_STATEMENT] = "BEGIN",           [LOCK_STATEMENT] = "SELECT cartwright_begin_write()",
        [RUN_STATEMENT] = cw_pg_run_sql,       [FORGET_STATEMENT] = cw_pg_forget_sql,
        [ANSWER_STATEMENT] = cw_pg_answer_sql, [USED_STATEMENT] = cw_pg_used_sql,
        [JOB_STATEMENT] = cw_pg_job_sql,       [COMMIT_STATEMENT] = "COMMIT",
    };
    cw_status status = cw_pg_make_room(self->connection, FIXED_STATEMENTS + CW_ENTITY_COUNT, error);
    for (int i = 0; status == CW_OK && i < FIXED_STATEMENTS; i++) {
        status = cw_pg_prepare(self->connection, texts[i], self->fixed[i], error);
    }
    for (const struct cw_write *write = group; write != NULL; write = write->next) {
        for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
            if (has_rows(write, e) && self->inserts[e][0] == '\0') {
                status = prepare_insert(self, (enum cw_entity_id)e, error);
            }
        }
    }
    return status;
}

static cw_status send_fixed(struct merging *self, enum fixed_statement which, struct cw_error *error)
{
    return cw_pg_send(self->connection, self->fixed[which], NULL, error);
}

/* Sends a statement with the parameters that were put together, and empties them. */
static cw_status send_filled(struct merging *self, const char *name, cw_status filled, struct cw_error *error)
{
    const cw_status status =
        filled == CW_OK ? cw_pg_send(self->connection, name, &self->parameters, error) : filled;
    self->parameters.bytes.size = 0;
    self->parameters.count = 0;
    return status;
}

/* The rows of one table of all runs. */
static cw_status send_table(struct merging *self, const struct cw_write *group, int entity,
                            struct cw_error *error)
{
    const struct cw_batch *batches[CW_WRITE_GROUP_MAX];
    const bool merges = cw_pg_insert_merges((enum cw_entity_id)entity);
    size_t count = 0;
    cw_status status = CW_OK;
    for (const struct cw_write *write = group; status == CW_OK && write != NULL; write = write->next) {
        if (has_rows(write, entity)) {
            batches[count++] = write->batches[entity];
        }
        if (count > 0 && (!merges || write->next == NULL || count == CW_WRITE_GROUP_MAX)) {
            status = cw_pg_insert_parameters(batches, count, &self->parameters, error);
            status = send_filled(self, self->inserts[entity], status, error);
            count = 0;
        }
    }
    return status;
}

/* The run itself, the answer that is kept with it, and the end of the job that it fulfils. */
static cw_status send_record(struct merging *self, const struct cw_run_record *run, struct cw_error *error)
{
    cw_status status = cw_pg_run_parameters(run, &self->parameters, error);
    status = send_filled(self, self->fixed[RUN_STATEMENT], status, error);
    if (status == CW_OK && run->answer != NULL) {
        status = cw_pg_forget_parameters(run->answer, &self->parameters, error);
        status = send_filled(self, self->fixed[FORGET_STATEMENT], status, error);
    }
    if (status == CW_OK && run->answer != NULL) {
        status = cw_pg_answer_parameters(run->answer, &self->parameters, error);
        status = send_filled(self, self->fixed[ANSWER_STATEMENT], status, error);
    }
    if (status == CW_OK && run->job != NULL) {
        status = cw_pg_job_parameters(run->job, &self->parameters, error);
        status = send_filled(self, self->fixed[JOB_STATEMENT], status, error);
    }
    return status;
}

static void count_used(struct merging *self, const struct cw_write *write)
{
    struct cw_tally tally = {0};
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        if (has_rows(write, e)) {
            cw_tally_add(&tally, write->batches[e], write->batches[e]->row_count);
        }
    }
    cw_usage_add(&self->usage, &tally, &write->run->priors);
}

static cw_status send_runs(struct merging *self, const struct cw_write *group, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        if (self->inserts[e][0] != '\0') {
            status = send_table(self, group, e, error);
        }
    }
    for (const struct cw_write *write = group; status == CW_OK && write != NULL; write = write->next) {
        count_used(self, write);
        status = send_record(self, write->run, error);
    }
    if (status == CW_OK) {
        status = cw_pg_usage_parameters(&self->usage, &self->parameters, error);
        status = send_filled(self, self->fixed[USED_STATEMENT], status, error);
    }
    return status;
}

static cw_status send_group(struct merging *self, const struct cw_write *group, struct cw_error *error)
{
    cw_status status = send_fixed(self, BEGIN_STATEMENT, error);
    if (status == CW_OK) {
        status = send_fixed(self, LOCK_STATEMENT, error);
    }
    if (status == CW_OK) {
        status = send_runs(self, group, error);
    }
    if (status == CW_OK) {
        status = send_fixed(self, COMMIT_STATEMENT, error);
    }
    return status;
}

/* What could not be sent whole is answered too, so that the connection can be used again. */
static cw_status run_pipeline(struct merging *self, const struct cw_write *group, struct cw_error *error)
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
    struct merging self = {.connection = connection};
    cw_status status = prepare_all(&self, group, error);
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
