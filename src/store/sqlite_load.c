#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/row_check.h"
#include "store/sqlite_counters.h"
#include "store/sqlite_insert.h"
#include "store/sqlite_reference.h"
#include "store/sqlite_store.h"

/* Of SQLite's machine: some milliseconds. */
#define STEPS_BETWEEN_LOOKS 100000

/* A bulk load is one transaction in the write-ahead log: readers go on with what was there before, the one
 * commit record makes everything visible, and the checkpointer copies the log into the file afterwards. */
struct sqlite_load {
    struct cw_load base;
    struct cw_sqlite_store *store;
    struct cw_connection *connection;
    struct cw_references *references;
    struct cw_tally tally;
    bool is_open[CW_ENTITY_COUNT];     /* a batch of the entity has come */
    bool is_deferred[CW_ENTITY_COUNT]; /* its indexes were dropped and are built at commit */
    char *indexes[CW_ENTITY_COUNT];    /* the statements that build them, joined */
    struct cw_error failure;
    cw_status status; /* of the first failure */
};

static void load_free(struct sqlite_load *load)
{
    cw_references_free(load->references);
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        free(load->indexes[e]);
    }
    /* Closing ends a transaction that is still open by rolling it back. */
    cw_connection_close(load->connection);
    free(load);
}

static struct sqlite_load *load_of(struct cw_load *load)
{
    return (struct sqlite_load *)(void *)load;
}

cw_status cw_sqlite_load_begin(struct cw_store *base, int64_t until, struct cw_load **load,
                               struct cw_error *error)
{
    (void)until; /* another process is waited for as long as the connection's busy time-out says */
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    struct sqlite_load *begun = calloc(1, sizeof *begun);
    if (begun == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: loading into %s", base->name);
    }
    begun->base.store = base;
    begun->store = store;
    cw_status status =
        cw_connection_open(base->name, CW_CONNECTION_LOAD, false, false, &begun->connection, error);
    if (status == CW_OK) {
        status = cw_references_new(&begun->references, error);
    }
    if (status == CW_OK) {
        status = cw_connection_execute(begun->connection, "BEGIN IMMEDIATE", error);
    }
    if (status != CW_OK) {
        load_free(begun);
        return status;
    }
    *load = &begun->base;
    return CW_OK;
}

static int is_cancelled(void *flag)
{
    const _Atomic bool *cancelled = flag;
    return atomic_load_explicit(cancelled, memory_order_relaxed);
}

cw_status cw_sqlite_load_watch(struct cw_load *base, struct cw_error *error)
{
    (void)error;
    union {
        const _Atomic bool *constant;
        void *changeable; /* taken so by SQLite, which only hands it back */
    } flag = {.constant = base->cancelled};
    sqlite3_progress_handler(load_of(base)->connection->db, STEPS_BETWEEN_LOOKS, is_cancelled,
                             flag.changeable);
    return CW_OK;
}

/* Clashes in these tables are resolved row by row, which needs their indexes. */
static bool needs_indexes(enum cw_entity_id entity)
{
    return entity == CW_ENTITY_CATEGORY || entity == CW_ENTITY_FULFILMENT_CENTRE || entity == CW_ENTITY_STOCK;
}

/* Joins the statements that make the table's indexes, and those that drop them. */
static cw_status collect_indexes(struct sqlite_load *load, const struct cw_entity *entity,
                                 struct cw_buffer *create, struct cw_buffer *drop, struct cw_error *error)
{
    sqlite3_stmt *statement;
    cw_status status = cw_connection_prepare(
        load->connection,
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL "
        "ORDER BY rowid",
        &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_text(statement, 1, entity->table, -1, SQLITE_STATIC);
    int code = SQLITE_DONE;
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        const char *sql = (const char *)sqlite3_column_text(statement, 1);
        status = cw_buffer_format(create, error, "%s;", sql);
        if (status == CW_OK) {
            status = cw_buffer_format(drop, error, "DROP INDEX %s;", name);
        }
    }
    if (status == CW_OK && code != SQLITE_DONE) {
        status = cw_connection_error(load->connection, error);
    }
    cw_statement_finish(statement);
    return status;
}

static cw_status defer_indexes(struct sqlite_load *load, const struct cw_entity *entity,
                               struct cw_error *error)
{
    struct cw_buffer create = {0};
    struct cw_buffer drop = {0};
    cw_status status = collect_indexes(load, entity, &create, &drop, error);
    if (status == CW_OK) {
        status = cw_buffer_append(&create, "", 1, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&drop, "", 1, error);
    }
    if (status == CW_OK) {
        status = cw_connection_execute(load->connection, drop.data, error);
    }
    cw_buffer_clear(&drop);
    if (status != CW_OK) {
        cw_buffer_clear(&create);
        return status;
    }
    load->indexes[entity->id] = create.data;
    load->is_deferred[entity->id] = true;
    return CW_OK;
}

/* Rows of a run come in the order of their own keys; what refers to customers and products lies all over the
 * indexes, and pages that do not stay in memory are written into the log again and again. */
static cw_status widen_cache(struct sqlite_load *load, struct cw_error *error)
{
    char sql[64];
    if (load->store->load_memory == 0) {
        return CW_OK;
    }
    snprintf(sql, sizeof sql, "PRAGMA cache_size = -%lld", (long long)(load->store->load_memory / 1024));
    return cw_connection_execute(load->connection, sql, error);
}

/* The first batch of a table decides how it is loaded. */
static cw_status open_table(struct sqlite_load *load, const struct cw_entity *entity, struct cw_error *error)
{
    load->is_open[entity->id] = true;
    if (needs_indexes(entity->id)) {
        return CW_OK;
    }
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT 1 FROM %s LIMIT 1", entity->table);
    sqlite3_stmt *statement;
    int64_t has_rows = 0;
    cw_status status = cw_connection_prepare(load->connection, sql, &statement, error);
    if (status == CW_OK) {
        status = cw_statement_integer(load->connection, statement, &has_rows, error);
    }
    if (status != CW_OK) {
        return status;
    }
    return has_rows == 0 ? defer_indexes(load, entity, error) : widen_cache(load, error);
}

static cw_status add_batch(struct sqlite_load *load, const struct cw_batch *batch, struct cw_error *error)
{
    cw_status status = cw_rows_check(batch, error);
    if (status == CW_OK && !load->is_open[batch->entity->id]) {
        status = open_table(load, batch->entity, error);
    }
    int64_t added = 0;
    if (status == CW_OK) {
        status = cw_batch_insert_bulk(load->connection, batch, &added, error);
    }
    if (status == CW_OK) {
        cw_tally_add(&load->tally, batch, added);
        status = cw_references_add(load->references, load->connection, batch, load->is_deferred, error);
    }
    return status;
}

static cw_status failed_before(const struct sqlite_load *load, struct cw_error *error)
{
    if (error != NULL) {
        *error = load->failure;
    }
    return load->status;
}

cw_status cw_sqlite_load_add(struct cw_load *base, const struct cw_batch *batch, struct cw_error *error)
{
    struct sqlite_load *load = load_of(base);
    if (load->status == CW_OK && batch->row_count > 0) {
        load->status = add_batch(load, batch, &load->failure);
    }
    return load->status == CW_OK ? CW_OK : failed_before(load, error);
}

static cw_status build_indexes(struct sqlite_load *load, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        if (load->is_deferred[e]) {
            status = cw_connection_execute(load->connection, load->indexes[e], error);
        }
    }
    return status;
}

/* The load's connection leaves CHECKs aside, and a batch of stock may hold changes below zero. */
static cw_status check_stock(struct sqlite_load *load, struct cw_error *error)
{
    if (!load->is_open[CW_ENTITY_STOCK]) {
        return CW_OK;
    }
    sqlite3_stmt *statement;
    int64_t below = 0;
    cw_status status = cw_connection_prepare(load->connection, "SELECT count(*) FROM stock WHERE on_hand < 0",
                                             &statement, error);
    if (status == CW_OK) {
        status = cw_statement_integer(load->connection, statement, &below, error);
    }
    if (status == CW_OK && below > 0) {
        return cw_error_set(error, CW_E_VIOLATION, "on_hand",
                            "stock.on_hand would be below zero in %lld rows, expected 0 and more",
                            (long long)below);
    }
    return status;
}

static cw_status commit_load(struct sqlite_load *load, const struct cw_run_record *run,
                             struct cw_error *error)
{
    cw_status status = build_indexes(load, error);
    if (status == CW_OK) {
        status = cw_references_finish(load->references, load->connection, error);
    }
    if (status == CW_OK) {
        status = check_stock(load, error);
    }
    if (status == CW_OK) {
        status = cw_run_insert(load->connection, run, error);
    }
    if (status == CW_OK) {
        status = cw_counters_apply(load->connection, &load->tally, &run->priors, error);
    }
    if (status == CW_OK) {
        status = cw_load_check_wanted(&load->base, error);
    }
    sqlite3_progress_handler(load->connection->db, 0, NULL, NULL);
    return status == CW_OK ? cw_connection_execute(load->connection, "COMMIT", error) : status;
}

cw_status cw_sqlite_load_commit(struct cw_load **load, const struct cw_run_record *run,
                                struct cw_error *error)
{
    struct sqlite_load *ending = load_of(*load);
    *load = NULL;
    cw_status status =
        ending->status == CW_OK ? commit_load(ending, run, error) : failed_before(ending, error);
    if (status == CW_OK) {
        cw_checkpointer_notify(ending->store, ending->connection);
    }
    load_free(ending);
    return status;
}

void cw_sqlite_load_abort(struct cw_load **load)
{
    load_free(load_of(*load));
    *load = NULL;
}
