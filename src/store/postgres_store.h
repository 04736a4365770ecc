/* What the files of the PostgreSQL store share. */
#ifndef CW_STORE_POSTGRES_STORE_H
#define CW_STORE_POSTGRES_STORE_H

#include "store/key_store.h"
#include "store/postgres_connection.h"
#include "store/store_base.h"
#include "store/store_tally.h"

/* At most this many connections are open at once, besides those of a load; who comes later waits, but no
 * longer than this many seconds. */
#define CW_PG_POOL_MAX 16
#define CW_PG_POOL_PATIENCE 30
/* A load has one connection, and up to this many more for tables aside. */
#define CW_PG_ASIDE_MAX 3

/* Advisory locks: of the database's migrations, of whoever writes, of runs that promise stock. */
#define CW_PG_LOCK_MIGRATE "7094612001"
#define CW_PG_LOCK_WRITE "7094612002"
#define CW_PG_LOCK_STOCK "7094612003"

struct cw_pg_store {
    struct cw_store base;
    char *location;
    struct cw_pg_connection *idle;             /* connections of the pool; guarded by its mutex */
    struct cw_pg_connection *stock_connection; /* holds the lock on stock; guarded by the stock's gate */
    pthread_mutex_t months_mutex;
    int32_t first_month, last_month; /* whose partitions are known to be there, as year * 12 + month - 1 */
};

static inline struct cw_pg_store *cw_pg_store_of(struct cw_store *store)
{
    return (struct cw_pg_store *)(void *)store;
}

/* A connection of the pool for one thread at a time. What is given back in a transaction, or broken, is
 * closed. Errors: CW_E_UNAVAILABLE. */
cw_status cw_pg_borrow(struct cw_pg_store *store, struct cw_pg_connection **connection,
                       struct cw_error *error);
void cw_pg_return(struct cw_pg_store *store, struct cw_pg_connection *connection);

/* Waits for a lock of the session among all processes. Errors: CW_E_UNAVAILABLE when it is `until`. */
cw_status cw_pg_lock(struct cw_pg_connection *connection, const char *lock, int64_t until,
                     struct cw_error *error);

/* One query on any connection. What changes nothing is tried once more when its connection turns out to be
 * gone. */
cw_status cw_pg_ask(struct cw_pg_store *store, const char *sql, const struct cw_pg_parameters *parameters,
                    PGresult **result, struct cw_error *error);
/* The same for a transaction that only reads: a connection on which begin has been run. */
cw_status cw_pg_begin_reading(struct cw_pg_store *store, const char *begin,
                              struct cw_pg_connection **connection, struct cw_error *error);

/* Brings the schema up to date under a lock, or, read-only, checks that it is; compares what is there with
 * what the migrations made, but for a store that is read as it is. */
cw_status cw_pg_migrations_apply(struct cw_pg_connection *connection, bool read_only, bool as_is,
                                 struct cw_error *error);

/* The revisions that are there, after comparing them with ours. */
cw_status cw_pg_migrations_look(struct cw_pg_connection *connection, int *applied, struct cw_error *error);

/* ---- Bulk loads: keys and indexes after the rows ---- */

enum cw_pg_lock_purpose {
    /* To take keys away from the tables of deferred_tables: nobody reads those, nor what foreign keys tie to
     * them. */
    CW_PG_LOCK_TO_DEFER,
    CW_PG_LOCK_TO_FILL,  /* nobody else writes to them, nor counts own rows of any table */
    CW_PG_LOCK_TO_BUILD, /* nobody reads them or what is aside, nor writes to what is tied to them */
};
/* Locks others out until the transaction under way ends. */
cw_status cw_pg_lock_others_out(struct cw_pg_connection *connection, enum cw_pg_lock_purpose purpose,
                                struct cw_error *error);
/* Builds what is missing, having locked readers out; tables aside are emptied and put back. */
cw_status cw_pg_build(struct cw_pg_connection *connection, struct cw_error *error);
/* Puts tables aside back with their rows, likewise. */
cw_status cw_pg_put_back(struct cw_pg_connection *connection, struct cw_error *error);
/* Builds what a load that was killed left missing, in a transaction of its own, once nobody loads. */
cw_status cw_pg_heal(struct cw_pg_connection *connection, struct cw_error *error);
/* The same, but leaves a load that is under way alone. */
cw_status cw_pg_heal_unattended(struct cw_pg_connection *connection, struct cw_error *error);

/* ---- Adding rows ---- */

/* The statement that adds a batch of the entity and counts its rows. rows: its batch's columns as arrays. */
cw_status cw_pg_insert_sql(const struct cw_entity *entity, struct cw_buffer *sql, struct cw_error *error);
/* Its parameters: the rows of one batch, or of several of the same entity one after the other, unless
 * cw_pg_insert_merges says that their rows may be the same. */
cw_status cw_pg_insert_parameters(const struct cw_batch *const *batches, size_t count,
                                  struct cw_pg_parameters *parameters, struct cw_error *error);
bool cw_pg_insert_merges(enum cw_entity_id entity);
/* What a run adds besides its rows. */
extern const char cw_pg_run_sql[];
cw_status cw_pg_run_parameters(const struct cw_run_record *run, struct cw_pg_parameters *parameters,
                               struct cw_error *error);
extern const char cw_pg_forget_sql[];
cw_status cw_pg_forget_parameters(const struct cw_kept_answer *answer, struct cw_pg_parameters *parameters,
                                  struct cw_error *error);
extern const char cw_pg_answer_sql[];
cw_status cw_pg_answer_parameters(const struct cw_kept_answer *answer, struct cw_pg_parameters *parameters,
                                  struct cw_error *error);
extern const char cw_pg_used_sql[];
cw_status cw_pg_used_parameters(const struct cw_tally *tally, const struct cw_priors *priors,
                                struct cw_pg_parameters *parameters, struct cw_error *error);
/* The same for several runs together. */
cw_status cw_pg_usage_parameters(const struct cw_usage *usage, struct cw_pg_parameters *parameters,
                                 struct cw_error *error);
/* What a run that fulfils a job ends it by. */
extern const char cw_pg_job_sql[];
cw_status cw_pg_job_parameters(const struct cw_run_job *job, struct cw_pg_parameters *parameters,
                               struct cw_error *error);
/* Sees to it that all counters are there. */
cw_status cw_pg_counters_make(struct cw_pg_connection *connection, struct cw_error *error);

/* Appends all rows of a batch in the format of COPY BINARY, without its header; rowid follows the columns and
 * counts up from first. */
cw_status cw_pg_copy_rows(const struct cw_batch *batch, int64_t first, struct cw_buffer *out,
                          struct cw_error *error);

/* ---- Operations; see struct cw_store_operations ---- */

cw_status cw_pg_load_begin(struct cw_store *store, int64_t until, struct cw_load **load,
                           struct cw_error *error);
cw_status cw_pg_load_watch(struct cw_load *load, struct cw_error *error);
cw_status cw_pg_load_add(struct cw_load *load, const struct cw_batch *batch, struct cw_error *error);
cw_status cw_pg_load_commit(struct cw_load **load, const struct cw_run_record *run, struct cw_error *error);
void cw_pg_load_abort(struct cw_load **load);
void cw_pg_write_group(struct cw_store *store, struct cw_write *group);
cw_status cw_pg_answer(struct cw_store *store, const char *key, int64_t since, struct cw_kept_answer *answer,
                       bool *found, struct cw_error *error);
cw_status cw_pg_read(struct cw_store *store, const struct cw_query *query, struct cw_batch *batch,
                     struct cw_error *error);
cw_status cw_pg_count(struct cw_store *store, enum cw_entity_id entity, int64_t *rows,
                      struct cw_error *error);
cw_status cw_pg_counters(struct cw_store *store, int64_t rows[CW_ENTITY_COUNT], struct cw_priors *priors,
                         struct cw_error *error);
cw_status cw_pg_runs(struct cw_store *store, const struct cw_uuid *id, const struct cw_uuid *after,
                     uint32_t limit, struct cw_run_record *records, uint32_t *count, struct cw_error *error);
cw_status cw_pg_select(struct cw_store *store, const char *sql, const char *const *parameters,
                       uint32_t parameter_count,
                       bool (*row)(void *context, int columns, const char *const *values), void *context,
                       struct cw_error *error);
cw_status cw_pg_reader_begin(struct cw_store *store, struct cw_reader **reader, struct cw_error *error);
cw_status cw_pg_reader_share(struct cw_reader *reader, struct cw_reader **other, struct cw_error *error);
void cw_pg_reader_end(struct cw_reader *reader);
cw_status cw_pg_reader_basis(struct cw_reader *reader, int64_t rows[CW_ENTITY_COUNT], struct cw_error *error);
cw_status cw_pg_reader_query(struct cw_reader *reader, const char *sql, const struct cw_parameter *parameters,
                             uint32_t parameter_count, bool many, struct cw_cursor **rows,
                             struct cw_error *error);
cw_status cw_pg_expect(struct cw_store *store, int64_t from, int64_t to, int64_t until,
                       struct cw_error *error);
extern const struct cw_key_operations cw_pg_key_operations;
extern const struct cw_job_operations cw_pg_job_operations;

/* The answers to one part of a pipeline: the first failure. What follows a failure there was not run. */
cw_status cw_pg_read_part(struct cw_pg_connection *connection, struct cw_error *error);

/* Writes a group as one transaction in which the rows of all runs share statements. After a failure nothing
 * of it is there, and nobody's write is settled: some run is to blame, but not all. */
cw_status cw_pg_write_merged(struct cw_pg_connection *connection, const struct cw_write *group,
                             struct cw_error *error);

/* ?1 becomes $1, outside of quotes. */
cw_status cw_pg_translate(const char *sql, struct cw_buffer *out, struct cw_error *error);
/* The values of counters by name, into rows and priors (either may be NULL). */
cw_status cw_pg_counters_read(struct cw_pg_connection *connection, int64_t rows[CW_ENTITY_COUNT],
                              struct cw_priors *priors, struct cw_error *error);

#endif
