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

/* A run that began after `prior` numbers and made `made` rows used up prior + made of them. Without a prior
 * it may have been made for an empty shop or by someone who did not ask: then its rows come on top. */
static cw_status raise_used(struct cw_connection *connection, const char *name, int64_t prior, int64_t made,
                            struct cw_error *error)
{
    if (made == 0) {
        return CW_OK;
    }
    return upsert(connection,
                  "INSERT INTO counters (name, value) VALUES (?1, ?2 + ?3) ON CONFLICT (name) DO UPDATE SET "
                  "value = iif(?2 > 0, max(value, excluded.value), value + ?3)",
                  name, prior, made, error);
}

cw_status cw_counters_apply(struct cw_connection *connection, const struct cw_tally *tally,
                            const struct cw_priors *priors, struct cw_error *error)
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
        status = raise_used(connection, name, priors->customers[m], tally->customers[m], error);
    }
    const int64_t customer_runs = tally->rows[CW_ENTITY_CUSTOMER] > 0;
    if (status == CW_OK) {
        status = raise_used(connection, "used.customer_runs", priors->customer_runs, customer_runs, error);
    }
    if (status == CW_OK) {
        status =
            raise_used(connection, "used.products", priors->products, tally->rows[CW_ENTITY_PRODUCT], error);
    }
    if (status == CW_OK) {
        status = raise_used(connection, "used.orders", priors->orders, tally->rows[CW_ENTITY_ORDER], error);
    }
    return status;
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

cw_status cw_sqlite_basis(struct cw_store *base, int64_t rows[CW_ENTITY_COUNT], struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    struct cw_connection *connection;
    cw_status status = cw_sqlite_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    int64_t read[CW_ENTITY_COUNT] = {0};
    status = cw_connection_execute(connection, "BEGIN", error);
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        status = cw_counters_rows(connection, (enum cw_entity_id)e, &read[e], error);
    }
    cw_connection_execute(connection, "ROLLBACK", NULL);
    cw_sqlite_return(store, connection);
    if (status == CW_OK) {
        memcpy(rows, read, sizeof read);
    }
    return status;
}

static cw_status priors_read(struct cw_connection *connection, struct cw_priors *priors,
                             struct cw_error *error)
{
    cw_status status = cw_connection_execute(connection, "BEGIN", error);
    for (uint32_t m = 0; status == CW_OK && m < cw_market_count() && m < CW_MARKETS_MAX; m++) {
        char name[COUNTER_NAME_MAX];
        snprintf(name, sizeof name, "used.customers.%s", cw_market_get(m)->country);
        status = counter_read(connection, name, &priors->customers[m], error);
    }
    if (status == CW_OK) {
        status = counter_read(connection, "used.customer_runs", &priors->customer_runs, error);
    }
    if (status == CW_OK) {
        status = counter_read(connection, "used.products", &priors->products, error);
    }
    if (status == CW_OK) {
        status = counter_read(connection, "used.orders", &priors->orders, error);
    }
    cw_connection_execute(connection, "ROLLBACK", NULL);
    return status;
}

cw_status cw_sqlite_priors(struct cw_store *base, struct cw_priors *priors, struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    struct cw_connection *connection;
    cw_status status = cw_sqlite_borrow(store, &connection, error);
    if (status == CW_OK) {
        status = priors_read(connection, priors, error);
        cw_sqlite_return(store, connection);
    }
    return status;
}
