/* A bulk load is one transaction. Keys and indexes of empty tables are taken away before it, in a transaction
 * of their own, so that readers go on meanwhile, and built in it after the rows. The months of empty
 * partitioned tables are put aside with them: other connections fill and index those. What a load that was
 * killed left missing or aside is built or emptied and put back by whoever writes next. Rows go by COPY in
 * binary, some megabytes of a table at once: to begin one in a partitioned table takes the server about as
 * long as a thousand rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/columns.h"
#include "store/postgres_aside.h"
#include "store/postgres_store.h"
#include "store/row_check.h"

/* From this many rows on a table's statistics are made anew after the load. */
#define ANALYZE_ROWS 5000
/* Encoded rows of a table wait until there are this many bytes of them. */
#define COPY_SIZE ((size_t)4 << 20)

struct pg_load {
    struct cw_load base;
    struct cw_pg_store *store;
    struct cw_pg_connection *connection; /* the sender's while rows are sent */
    struct cw_pg_sender *sender;
    struct cw_pg_canceller *canceller; /* NULL: nobody wishes to end it */
    struct cw_pg_aside aside;
    struct cw_tally tally;
    int64_t next[CW_ENTITY_COUNT];  /* rowid before the next row */
    int64_t first[CW_ENTITY_COUNT]; /* the same when the load began */
    int64_t copied[CW_ENTITY_COUNT];
    bool checks_references;                 /* once at the end, rather than the server for each row */
    struct cw_buffer rows[CW_ENTITY_COUNT]; /* encoded, not sent yet */
    struct cw_error failure;
    cw_status status; /* of the first failure */
};

static struct pg_load *load_of(struct cw_load *load)
{
    return (struct pg_load *)(void *)load;
}

static void load_free(struct pg_load *load)
{
    cw_pg_canceller_end(load->canceller);
    cw_pg_aside_clear(&load->aside);
    cw_pg_sender_end(load->sender);
    /* Closing ends the session, and with it the transaction and the lock. */
    cw_pg_disconnect(load->connection);
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        cw_buffer_clear(&load->rows[e]);
    }
    free(load);
}

/* ---- Beginning ---- */

static cw_status lock_deferred(struct cw_pg_connection *connection, struct cw_error *error)
{
    const cw_status status = cw_pg_lock_others_out(connection, CW_PG_LOCK_TO_FILL, error);
    return status == CW_OK
               ? cw_pg_execute(connection,
                               "DO $$ DECLARE relation text; has_rows boolean; BEGIN FOR relation IN SELECT "
                               "name FROM deferred_tables LOOP EXECUTE format('SELECT EXISTS (SELECT FROM "
                               "%I)', relation) INTO has_rows; IF has_rows THEN RAISE EXCEPTION 'rows came "
                               "while a load began' USING ERRCODE = 'CW001'; END IF; END LOOP; END $$",
                               error)
               : status;
}

/* Without the right to take keys away, or where someone else's tables stand on them, rows go in beside
 * them. */
static cw_status defer_keys(struct pg_load *load, struct cw_error *error)
{
    cw_status status = cw_pg_heal(load->connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_pg_execute(load->connection, "BEGIN; SELECT cartwright_mark_empty()", error);
    if (status == CW_OK) {
        status = cw_pg_lock_others_out(load->connection, CW_PG_LOCK_TO_DEFER, error);
    }
    if (status == CW_OK) {
        status = cw_pg_execute(load->connection, "SELECT cartwright_defer(), cartwright_set_aside(); COMMIT",
                               error);
    }
    if (status != CW_OK && PQstatus(load->connection->handle) == CONNECTION_OK) {
        status = cw_pg_execute(load->connection, "ROLLBACK", error);
    }
    return status;
}

/* A search in a partitioned table for each reference would take several times as long as all else. A role
 * that may not turn these checks off leaves them to the server. */
static cw_status take_over_references(struct pg_load *load, struct cw_error *error)
{
    cw_status status = cw_pg_execute(load->connection, "SAVEPOINT role", error);
    if (status == CW_OK) {
        load->checks_references =
            cw_pg_execute(load->connection, "SET LOCAL session_replication_role = replica", NULL) == CW_OK;
        status = load->checks_references
                     ? CW_OK
                     : cw_pg_execute(load->connection, "ROLLBACK TO SAVEPOINT role", error);
    }
    return status;
}

static cw_status begin_locked(struct pg_load *load, struct cw_error *error)
{
    const cw_status status = cw_pg_execute(load->connection, "BEGIN; SET CONSTRAINTS ALL DEFERRED", error);
    return status == CW_OK ? lock_deferred(load->connection, error) : status;
}

static cw_status begin_transaction(struct pg_load *load, struct cw_error *error)
{
    cw_status status = begin_locked(load, error);
    if (status != CW_OK && PQstatus(load->connection->handle) == CONNECTION_OK) {
        /* Someone's rows came in between: keep the keys. */
        cw_pg_execute(load->connection, "ROLLBACK", NULL);
        status = cw_pg_heal(load->connection, error);
        if (status == CW_OK) {
            status = begin_locked(load, error);
        }
    }
    if (status == CW_OK) {
        status = take_over_references(load, error);
    }
    if (status == CW_OK) {
        status = cw_pg_aside_look(&load->aside, load->connection, error);
    }
    if (status == CW_OK) {
        status = cw_pg_counters_read(load->connection, load->next, NULL, error);
        memcpy(load->first, load->next, sizeof load->first);
    }
    return status;
}

cw_status cw_pg_load_begin(struct cw_store *base, int64_t until, struct cw_load **load,
                           struct cw_error *error)
{
    struct cw_pg_store *store = cw_pg_store_of(base);
    struct pg_load *begun = calloc(1, sizeof *begun);
    if (begun == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: loading into %s", base->name);
    }
    begun->base.store = base;
    begun->store = store;
    cw_status status = cw_pg_connect(store->location, base->name, false, &begun->connection, error);
    if (status == CW_OK) {
        status = cw_pg_execute(begun->connection,
                               "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET "
                               "maintenance_work_mem = '512MB'",
                               error);
    }
    if (status == CW_OK) {
        status = cw_pg_lock(begun->connection, CW_PG_LOCK_WRITE, until, error);
    }
    if (status == CW_OK) {
        /* A load may take its time. */
        status = cw_pg_execute(begun->connection, "SET lock_timeout = 0", error);
    }
    if (status == CW_OK) {
        status = defer_keys(begun, error);
    }
    if (status == CW_OK) {
        status = begin_transaction(begun, error);
    }
    if (status == CW_OK) {
        status = cw_pg_sender_start(begun->connection, &begun->sender, error);
    }
    if (status != CW_OK) {
        load_free(begun);
        return status;
    }
    *load = &begun->base;
    return CW_OK;
}

cw_status cw_pg_load_watch(struct cw_load *base, struct cw_error *error)
{
    struct pg_load *load = load_of(base);
    const cw_status status = cw_pg_canceller_start(base->cancelled, &load->canceller, error);
    cw_pg_canceller_add(load->canceller, load->connection);
    load->aside.canceller = load->canceller;
    return status;
}

/* Nothing more is ended from here on: what goes on is short, or puts things in order. */
static void stop_watching(struct pg_load *load)
{
    load->aside.canceller = NULL;
    cw_pg_canceller_end(load->canceller);
    load->canceller = NULL;
}

/* ---- Rows ---- */

static cw_status send_rows(struct pg_load *load, enum cw_entity_id entity, struct cw_error *error)
{
    const struct cw_entity *table = cw_entity_get(entity);
    struct cw_buffer *rows = &load->rows[entity];
    if (rows->size == 0) {
        return CW_OK;
    }
    return load->aside.tables[entity][0] != '\0'
               ? cw_pg_aside_send(&load->aside, load->store, load->sender, table, rows, error)
               : cw_pg_sender_send(load->sender, table->table, table, rows, error);
}

static cw_status copy_batch(struct pg_load *load, const struct cw_batch *batch, struct cw_error *error)
{
    const enum cw_entity_id entity = batch->entity->id;
    const cw_status status = cw_pg_copy_rows(batch, load->next[entity] + 1, &load->rows[entity], error);
    if (status != CW_OK) {
        return status;
    }
    load->next[entity] += batch->row_count;
    load->copied[entity] += batch->row_count;
    return load->rows[entity].size >= COPY_SIZE ? send_rows(load, entity, error) : CW_OK;
}

/* Tables whose rows may be there already are few and small. */
static cw_status insert_batch(struct pg_load *load, const struct cw_batch *batch, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    struct cw_pg_parameters parameters = {0};
    cw_status status = cw_pg_sender_wait(load->sender, error);
    if (status == CW_OK) {
        status = cw_pg_insert_sql(batch->entity, &sql, error);
    }
    if (status == CW_OK) {
        status = cw_pg_insert_parameters(&batch, 1, &parameters, error);
    }
    if (status == CW_OK) {
        status = cw_pg_run(load->connection, sql.data, &parameters, error);
    }
    cw_pg_parameters_clear(&parameters);
    cw_buffer_clear(&sql);
    return status;
}

static cw_status add_batch(struct pg_load *load, const struct cw_batch *batch, struct cw_error *error)
{
    const enum cw_entity_id entity = batch->entity->id;
    cw_status status = cw_rows_check(batch, error);
    if (status != CW_OK) {
        return status;
    }
    cw_tally_add(&load->tally, batch, batch->row_count);
    const bool may_be_there =
        entity == CW_ENTITY_CATEGORY || entity == CW_ENTITY_FULFILMENT_CENTRE || entity == CW_ENTITY_STOCK;
    return may_be_there ? insert_batch(load, batch, error) : copy_batch(load, batch, error);
}

static cw_status failed_before(const struct pg_load *load, struct cw_error *error)
{
    if (error != NULL) {
        *error = load->failure;
    }
    return load->status;
}

cw_status cw_pg_load_add(struct cw_load *base, const struct cw_batch *batch, struct cw_error *error)
{
    struct pg_load *load = load_of(base);
    if (load->status == CW_OK && batch->row_count > 0) {
        load->status = add_batch(load, batch, &load->failure);
    }
    return load->status == CW_OK ? CW_OK : failed_before(load, error);
}

/* ---- The end ---- */

static cw_status count_copied(struct pg_load *load, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status = cw_buffer_format(&sql, error, "SELECT 1");
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        if (load->copied[e] > 0) {
            status = cw_buffer_format(&sql, error,
                                      "; UPDATE counters SET value = value + %lld WHERE name = 'rows.%s'",
                                      (long long)load->copied[e], cw_entity_get((enum cw_entity_id)e)->table);
        }
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, "", 1, error);
    }
    if (status == CW_OK) {
        status = cw_pg_execute(load->connection, sql.data, error);
    }
    cw_buffer_clear(&sql);
    return status;
}

/* Runs a statement with the parameters that were put together, and empties them. */
static cw_status run_filled(struct pg_load *load, const char *sql, struct cw_pg_parameters *parameters,
                            cw_status filled, struct cw_error *error)
{
    const cw_status status = filled == CW_OK ? cw_pg_run(load->connection, sql, parameters, error) : filled;
    cw_pg_parameters_clear(parameters);
    return status;
}

static cw_status add_run(struct pg_load *load, const struct cw_run_record *run, struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    cw_status status = cw_pg_run_parameters(run, &parameters, error);
    status = run_filled(load, cw_pg_run_sql, &parameters, status, error);
    if (status == CW_OK && run->answer != NULL) {
        status = cw_pg_forget_parameters(run->answer, &parameters, error);
        status = run_filled(load, cw_pg_forget_sql, &parameters, status, error);
    }
    if (status == CW_OK && run->answer != NULL) {
        status = cw_pg_answer_parameters(run->answer, &parameters, error);
        status = run_filled(load, cw_pg_answer_sql, &parameters, status, error);
    }
    if (status == CW_OK) {
        status = cw_pg_used_parameters(&load->tally, &run->priors, &parameters, error);
        status = run_filled(load, cw_pg_used_sql, &parameters, status, error);
    }
    return status;
}

/* Last: its row is locked from here on, and other servers mark there that the job is to be cancelled. */
static cw_status end_job(struct pg_load *load, const struct cw_run_record *run, struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    if (run->job == NULL) {
        return CW_OK;
    }
    const cw_status status = cw_pg_job_parameters(run->job, &parameters, error);
    return run_filled(load, cw_pg_job_sql, &parameters, status, error);
}

static cw_status check_references(struct pg_load *load, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && load->checks_references && e < CW_ENTITY_COUNT; e++) {
        if (load->tally.rows[e] > 0) {
            char sql[192];
            snprintf(sql, sizeof sql, "SELECT cartwright_check_references('%s', %lld)",
                     cw_entity_get((enum cw_entity_id)e)->table, (long long)load->first[e]);
            status = cw_pg_execute(load->connection, sql, error);
        }
    }
    return status;
}

static cw_status finish_rows(struct pg_load *load, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        status = send_rows(load, (enum cw_entity_id)e, error);
    }
    if (status == CW_OK) {
        status = cw_pg_sender_wait(load->sender, error);
    }
    return status == CW_OK ? cw_pg_aside_wait(&load->aside, error) : status;
}

static cw_status finish_keys(struct pg_load *load, struct cw_error *error)
{
    cw_status status = cw_pg_execute(load->connection, "SET CONSTRAINTS ALL IMMEDIATE", error);
    if (status == CW_OK) {
        status = check_references(load, error);
    }
    if (status == CW_OK) {
        status = cw_pg_aside_index(&load->aside, error);
    }
    if (status == CW_OK) {
        status = cw_pg_execute(load->connection, "SELECT cartwright_build_indexes()", error);
    }
    if (status == CW_OK) {
        status = cw_pg_put_back(load->connection, error);
    }
    return status == CW_OK ? cw_pg_build(load->connection, error) : status;
}

/* The run before the keys: a clash of its answer's key is found before they are built. */
static cw_status commit_load(struct pg_load *load, const struct cw_run_record *run, struct cw_error *error)
{
    cw_status status = finish_rows(load, error);
    if (status == CW_OK) {
        status = add_run(load, run, error);
    }
    if (status == CW_OK) {
        status = count_copied(load, error);
    }
    if (status == CW_OK) {
        status = finish_keys(load, error);
    }
    if (status == CW_OK) {
        stop_watching(load);
        status = end_job(load, run, error);
    }
    if (status == CW_OK) {
        status = cw_load_check_wanted(&load->base, error);
    }
    return status == CW_OK ? cw_pg_execute(load->connection, "COMMIT", error) : status;
}

/* Whether the run is there though its commit was not answered. The connection that broke may still be ending
 * its transaction: the lock of whoever writes is free when it has. */
static bool is_committed(struct pg_load *load, const struct cw_run_record *run)
{
    struct cw_pg_parameters parameters = {0};
    struct cw_pg_connection *connection;
    int64_t found = 0;
    if (cw_pg_borrow(load->store, &connection, NULL) != CW_OK) {
        return false;
    }
    if (cw_pg_execute(connection, "SELECT pg_advisory_xact_lock(" CW_PG_LOCK_WRITE ")", NULL) == CW_OK &&
        cw_pg_add_bytes(&parameters, run->id.bytes, sizeof run->id.bytes, NULL) == CW_OK) {
        cw_pg_number(connection, "SELECT count(*) FROM runs WHERE id = $1", &parameters, &found, NULL);
    }
    cw_pg_parameters_clear(&parameters);
    cw_pg_return(load->store, connection);
    return found == 1;
}

static void analyze(struct pg_load *load)
{
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        if (load->tally.rows[e] >= ANALYZE_ROWS) {
            char sql[128];
            snprintf(sql, sizeof sql, "ANALYZE %s", cw_entity_get((enum cw_entity_id)e)->table);
            if (load->aside.count > 0) {
                cw_pg_aside_run(&load->aside, sql, NULL);
            } else {
                cw_pg_execute(load->connection, sql, NULL);
            }
        }
    }
}

/* Ends a load that failed: its rows go, the keys come back. A lost connection, and readers that keep their
 * tables for long, leave that to whoever writes next. */
static void give_up(struct pg_load *load)
{
    cw_pg_sender_wait(load->sender, NULL);
    cw_pg_aside_wait(&load->aside, NULL);
    stop_watching(load);
    cw_pg_aside_clear(&load->aside);
    /* An autovacuum makes room after deadlock_timeout, a second. */
    cw_pg_execute(load->connection, "ROLLBACK; SET lock_timeout = '3s'", NULL);
    cw_pg_heal(load->connection, NULL);
    load_free(load);
}

cw_status cw_pg_load_commit(struct cw_load **load, const struct cw_run_record *run, struct cw_error *error)
{
    struct pg_load *ending = load_of(*load);
    *load = NULL;
    cw_status status =
        ending->status == CW_OK ? commit_load(ending, run, error) : failed_before(ending, error);
    /* After a failure rows may still be on their way. */
    cw_pg_sender_wait(ending->sender, NULL);
    if (status != CW_OK && PQstatus(ending->connection->handle) != CONNECTION_OK &&
        is_committed(ending, run)) {
        status = CW_OK;
    }
    if (status != CW_OK) {
        give_up(ending);
        return status;
    }
    cw_pg_execute(ending->connection, "SELECT pg_advisory_unlock(" CW_PG_LOCK_WRITE ")", NULL);
    analyze(ending);
    load_free(ending);
    return CW_OK;
}

void cw_pg_load_abort(struct cw_load **load)
{
    give_up(load_of(*load));
    *load = NULL;
}
