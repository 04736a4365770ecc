#include "store/sqlite_counters.h"

#include <stdio.h>
#include <string.h>

#include "model/reference.h"
#include "store/sqlite_store.h"

#define COUNTER_NAME_MAX 64

static cw_status upsert(struct cw_connection *connection, const char *sql, const char *name, int64_t first,
                        int64_t second, struct cw_error *error)
{
    sqlite3_stmt *statement;
    const cw_status status = cw_connection_prepare(connection, sql, &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, first);
    if (sqlite3_bind_parameter_count(statement) > 2) {
        sqlite3_bind_int64(statement, 3, second);
    }
    return cw_statement_run(connection, statement, error);
}

/* See struct cw_use. */
static cw_status raise_used(struct cw_connection *connection, const char *name, const struct cw_use *use,
                            struct cw_error *error)
{
    if (use->added == 0 && use->least == 0) {
        return CW_OK;
    }
    return upsert(connection,
                  "INSERT INTO counters (name, value) VALUES (?1, max(?2, ?3)) ON CONFLICT (name) DO UPDATE "
                  "SET value = max(value + ?2, ?3)",
                  name, use->added, use->least, error);
}

cw_status cw_counters_raise(struct cw_connection *connection, const struct cw_tally *tally,
                            const struct cw_usage *usage, struct cw_error *error)
{
    char name[COUNTER_NAME_MAX];
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        if (tally->rows[e] > 0) {
            snprintf(name, sizeof name, "rows.%s", cw_entity_get((enum cw_entity_id)e)->table);
            status = upsert(connection,
                            "INSERT INTO counters (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE "
                            "SET value = value + excluded.value",
                            name, tally->rows[e], 0, error);
        }
    }
    for (uint32_t m = 0; status == CW_OK && m < cw_market_count() && m < CW_MARKETS_MAX; m++) {
        snprintf(name, sizeof name, "used.customers.%s", cw_market_get(m)->country);
        status = raise_used(connection, name, &usage->customers[m], error);
    }
    if (status == CW_OK) {
        status = raise_used(connection, "used.customer_runs", &usage->customer_runs, error);
    }
    if (status == CW_OK) {
        status = raise_used(connection, "used.products", &usage->products, error);
    }
    return status == CW_OK ? raise_used(connection, "used.orders", &usage->orders, error) : status;
}

cw_status cw_counters_apply(struct cw_connection *connection, const struct cw_tally *tally,
                            const struct cw_priors *priors, struct cw_error *error)
{
    struct cw_usage usage = {0};
    cw_usage_add(&usage, tally, priors);
    return cw_counters_raise(connection, tally, &usage, error);
}

static cw_status counter_read(struct cw_connection *connection, const char *name, int64_t *value,
                              struct cw_error *error)
{
    sqlite3_stmt *statement;
    const cw_status status =
        cw_connection_prepare(connection, "SELECT value FROM counters WHERE name = ?1", &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_TRANSIENT);
    return cw_statement_integer(connection, statement, value, error);
}

cw_status cw_counters_rows(struct cw_connection *connection, enum cw_entity_id entity, int64_t *rows,
                           struct cw_error *error)
{
    char name[COUNTER_NAME_MAX];
    snprintf(name, sizeof name, "rows.%s", cw_entity_get(entity)->table);
    return counter_read(connection, name, rows, error);
}

cw_status cw_sqlite_count(struct cw_store *base, enum cw_entity_id entity, int64_t *rows,
                          struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    struct cw_connection *connection;
    cw_status status = cw_sqlite_borrow(store, &connection, error);
    if (status == CW_OK) {
        status = cw_counters_rows(connection, entity, rows, error);
        cw_sqlite_return(store, connection);
    }
    return status;
}

static cw_status take_counters(struct cw_connection *connection, sqlite3_stmt *statement,
                               int64_t rows[CW_ENTITY_COUNT], struct cw_priors *priors,
                               struct cw_error *error)
{
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        cw_counter_take((const char *)sqlite3_column_text(statement, 0), sqlite3_column_int64(statement, 1),
                        rows, priors);
    }
    const cw_status status = code == SQLITE_DONE ? CW_OK : cw_connection_error(connection, error);
    cw_statement_finish(statement);
    return status;
}

cw_status cw_sqlite_counters(struct cw_store *base, int64_t rows[CW_ENTITY_COUNT], struct cw_priors *priors,
                             struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    struct cw_connection *connection;
    sqlite3_stmt *statement;
    int64_t read[CW_ENTITY_COUNT] = {0};
    struct cw_priors used = {0};
    cw_status status = cw_sqlite_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_connection_prepare(connection, "SELECT name, value FROM counters", &statement, error);
    if (status == CW_OK) {
        status = take_counters(connection, statement, read, &used, error);
    }
    cw_sqlite_return(store, connection);
    if (status == CW_OK && rows != NULL) {
        memcpy(rows, read, sizeof read);
    }
    if (status == CW_OK && priors != NULL) {
        *priors = used;
    }
    return status;
}
