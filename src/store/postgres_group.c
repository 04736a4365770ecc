#include "store/postgres_group.h"

static cw_status prepare_insert(struct cw_pg_group *self, enum cw_entity_id entity, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status = cw_pg_insert_sql(cw_entity_get(entity), &sql, error);
    if (status == CW_OK) {
        status = cw_pg_prepare(self->connection, sql.data, self->inserts[entity], error);
    }
    cw_buffer_clear(&sql);
    return status;
}

cw_status cw_pg_group_prepare(struct cw_pg_group *self, const struct cw_write *writes, struct cw_error *error)
{
    const char *const texts[CW_PG_STATEMENTS] = {
        [CW_PG_BEGIN] = "BEGIN",
        [CW_PG_TAKE_LOCK] = "SELECT cartwright_begin_write()",
        [CW_PG_SAVE] = "SAVEPOINT run",
        [CW_PG_BACK] = "ROLLBACK TO SAVEPOINT run",
        [CW_PG_ADD_RUN] = cw_pg_run_sql,
        [CW_PG_FORGET_ANSWERS] = cw_pg_forget_sql,
        [CW_PG_KEEP_ANSWER] = cw_pg_answer_sql,
        [CW_PG_END_JOB] = cw_pg_job_sql,
        [CW_PG_COUNT_USED] = cw_pg_used_sql,
        [CW_PG_COMMIT] = "COMMIT",
    };
    cw_status status = cw_pg_make_room(self->connection, CW_PG_STATEMENTS + CW_ENTITY_COUNT, error);
    for (int i = 0; status == CW_OK && i < CW_PG_STATEMENTS; i++) {
        status = cw_pg_prepare(self->connection, texts[i], self->statements[i], error);
    }
    for (const struct cw_write *write = writes; write != NULL; write = write->next) {
        for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
            if (cw_write_has_rows(write, e) && self->inserts[e][0] == '\0') {
                status = prepare_insert(self, (enum cw_entity_id)e, error);
            }
        }
    }
    return status;
}

cw_status cw_pg_group_send(struct cw_pg_group *self, enum cw_pg_statement which, struct cw_error *error)
{
    return cw_pg_send(self->connection, self->statements[which], NULL, error);
}

cw_status cw_pg_group_send_filled(struct cw_pg_group *self, const char *name, cw_status filled,
                                  struct cw_error *error)
{
    const cw_status status =
        filled == CW_OK ? cw_pg_send(self->connection, name, &self->parameters, error) : filled;
    self->parameters.bytes.size = 0;
    self->parameters.count = 0;
    return status;
}

cw_status cw_pg_group_send_record(struct cw_pg_group *self, const struct cw_run_record *run,
                                  struct cw_error *error)
{
    cw_status status = cw_pg_run_parameters(run, &self->parameters, error);
    status = cw_pg_group_send_filled(self, self->statements[CW_PG_ADD_RUN], status, error);
    if (status == CW_OK && run->answer != NULL) {
        status = cw_pg_forget_parameters(run->answer, &self->parameters, error);
        status = cw_pg_group_send_filled(self, self->statements[CW_PG_FORGET_ANSWERS], status, error);
    }
    if (status == CW_OK && run->answer != NULL) {
        status = cw_pg_answer_parameters(run->answer, &self->parameters, error);
        status = cw_pg_group_send_filled(self, self->statements[CW_PG_KEEP_ANSWER], status, error);
    }
    if (status == CW_OK && run->job != NULL) {
        status = cw_pg_job_parameters(run->job, &self->parameters, error);
        status = cw_pg_group_send_filled(self, self->statements[CW_PG_END_JOB], status, error);
    }
    return status;
}
