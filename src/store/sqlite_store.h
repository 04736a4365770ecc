/* What the files of the built-in store share. */
#ifndef CW_STORE_SQLITE_STORE_H
#define CW_STORE_SQLITE_STORE_H

#include <pthread.h>
#include <sqlite3.h>

#include "store/sqlite_connection.h"
#include "store/store_base.h"

/* Read connections: idle ones wait in a list; at most CW_READERS_MAX are open, who comes later waits. */
#define CW_READERS_MAX 24

/* The thread that copies the write-ahead log into the file, so that no writer waits for it. */
struct cw_checkpointer {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wanted;
    int log_pages;     /* pages in the log after the last commit; 0: nothing to do */
    int longest_pages; /* pages in the log after the last commit */
    int enough_pages;  /* as many are copied */
    bool running;
    bool stopping;
    struct cw_connection *connection;
};

struct cw_sqlite_store {
    struct cw_store base;                   /* its name is the path */
    struct cw_connection *idle;             /* connections of the pool, for reading; guarded by its mutex */
    struct cw_connection *write_connection; /* used only inside the writer's gate */
    struct cw_checkpointer checkpointer;
    int64_t load_memory;         /* see cw_store_options */
    pthread_mutex_t jobs_mutex;  /* held by whoever uses the jobs */
    struct cw_sqlite_jobs *jobs; /* NULL until they are asked for */
};

static inline struct cw_sqlite_store *cw_sqlite_store_of(struct cw_store *store)
{
    return (struct cw_sqlite_store *)(void *)store;
}

/* A read connection for one thread at a time; give it back with no statement running. */
cw_status cw_sqlite_borrow(struct cw_sqlite_store *store, struct cw_connection **connection,
                           struct cw_error *error);
void cw_sqlite_return(struct cw_sqlite_store *store, struct cw_connection *connection);

/* Starts and stops the checkpointer. */
cw_status cw_checkpointer_start(struct cw_sqlite_store *store, struct cw_error *error);
void cw_checkpointer_stop(struct cw_sqlite_store *store);
/* Tells it how long the log is after a commit on connection. */
void cw_checkpointer_notify(struct cw_sqlite_store *store, struct cw_connection *connection);

/* Brings the schema up to date (see migrations.h). Inside no transaction. */
cw_status cw_migrations_apply(struct cw_connection *connection, bool read_only, struct cw_error *error);

/* The revisions that are there, after comparing them with ours. */
cw_status cw_migrations_look(struct cw_connection *connection, int *applied, struct cw_error *error);

/* Keeps an answer in the transaction under way. */
cw_status cw_answer_insert(struct cw_connection *connection, const struct cw_kept_answer *answer,
                           struct cw_error *error);

/* Closes the file of jobs, if it is open. */
void cw_sqlite_jobs_close(struct cw_sqlite_store *store);

/* Inserts the run, with its answer, in the transaction under way. */
cw_status cw_run_insert(struct cw_connection *connection, const struct cw_run_record *run,
                        struct cw_error *error);

/* ---- Operations; see struct cw_store_operations ---- */

cw_status cw_sqlite_load_begin(struct cw_store *store, int64_t until, struct cw_load **load,
                               struct cw_error *error);
cw_status cw_sqlite_load_watch(struct cw_load *load, struct cw_error *error);
cw_status cw_sqlite_load_add(struct cw_load *load, const struct cw_batch *batch, struct cw_error *error);
cw_status cw_sqlite_load_commit(struct cw_load **load, const struct cw_run_record *run,
                                struct cw_error *error);
void cw_sqlite_load_abort(struct cw_load **load);
void cw_sqlite_write_group(struct cw_store *store, struct cw_write *group);
cw_status cw_sqlite_answer(struct cw_store *store, const char *key, int64_t since,
                           struct cw_kept_answer *answer, bool *found, struct cw_error *error);
cw_status cw_sqlite_read(struct cw_store *store, const struct cw_query *query, struct cw_batch *batch,
                         struct cw_error *error);
cw_status cw_sqlite_count(struct cw_store *store, enum cw_entity_id entity, int64_t *rows,
                          struct cw_error *error);
cw_status cw_sqlite_counters(struct cw_store *store, int64_t rows[CW_ENTITY_COUNT], struct cw_priors *priors,
                             struct cw_error *error);
cw_status cw_sqlite_runs(struct cw_store *store, const struct cw_uuid *id, const struct cw_uuid *after,
                         uint32_t limit, struct cw_run_record *records, uint32_t *count,
                         struct cw_error *error);
cw_status cw_sqlite_select(struct cw_store *store, const char *sql, const char *const *parameters,
                           uint32_t parameter_count,
                           bool (*row)(void *context, int columns, const char *const *values), void *context,
                           struct cw_error *error);
extern const struct cw_key_operations cw_sqlite_key_operations;
extern const struct cw_job_operations cw_sqlite_job_operations;
cw_status cw_sqlite_reader_begin(struct cw_store *store, struct cw_reader **reader, struct cw_error *error);
cw_status cw_sqlite_reader_basis(struct cw_reader *reader, int64_t rows[CW_ENTITY_COUNT],
                                 struct cw_error *error);
void cw_sqlite_reader_end(struct cw_reader *reader);
cw_status cw_sqlite_reader_query(struct cw_reader *reader, const char *sql,
                                 const struct cw_parameter *parameters, uint32_t parameter_count, bool many,
                                 struct cw_cursor **rows, struct cw_error *error);

#endif
