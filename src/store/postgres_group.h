/* A group of small writes as statements of a pipeline: what both ways to write one share. See
 * postgres_merge.c and postgres_write.c. */
#ifndef CW_STORE_POSTGRES_GROUP_H
#define CW_STORE_POSTGRES_GROUP_H

#include "store/postgres_store.h"

enum cw_pg_statement {
    CW_PG_BEGIN,
    CW_PG_TAKE_LOCK,
    CW_PG_SAVE, /* a savepoint */
    CW_PG_BACK, /* to it */
    CW_PG_ADD_RUN,
    CW_PG_FORGET_ANSWERS,
    CW_PG_KEEP_ANSWER,
    CW_PG_END_JOB,
    CW_PG_COUNT_USED,
    CW_PG_COMMIT,
    CW_PG_STATEMENTS
};

/* Zeroed but for its connection, which is borrowed; cw_pg_parameters_clear ends it. */
struct cw_pg_group {
    struct cw_pg_connection *connection;
    char statements[CW_PG_STATEMENTS][16]; /* names of prepared statements */
    char inserts[CW_ENTITY_COUNT][16];     /* of the tables that the group has rows of; else empty */
    struct cw_pg_parameters parameters;    /* of the next statement */
};

static inline bool cw_write_has_rows(const struct cw_write *write, int entity)
{
    return write->batches[entity] != NULL && write->batches[entity]->row_count > 0;
}

/* Prepares whatever the writes need: statements can't be prepared while the pipeline is open. */
cw_status cw_pg_group_prepare(struct cw_pg_group *self, const struct cw_write *writes,
                              struct cw_error *error);

/* Sends a statement without parameters. */
cw_status cw_pg_group_send(struct cw_pg_group *self, enum cw_pg_statement which, struct cw_error *error);

/* Sends a statement with the parameters that were put together, which is how `filled` went, and empties them.
 */
cw_status cw_pg_group_send_filled(struct cw_pg_group *self, const char *name, cw_status filled,
                                  struct cw_error *error);

/* Sends the run itself, the answer that is kept with it, and the end of the job that it fulfils. */
cw_status cw_pg_group_send_record(struct cw_pg_group *self, const struct cw_run_record *run,
                                  struct cw_error *error);

#endif
