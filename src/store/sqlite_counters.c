#include "store/sqlite_counters.h"

#include <stdio.h>
#include <string.h>

#include "model/columns.h"
#include "model/reference.h"
#include "store/sqlite_store.h"

#define COUNTER_NAME_MAX 64

/* The market of a customer row; customers of unknown countries use up no numbers. Neighbours often share a
 * country, so the last answer is kept. */
struct market_memory {
    char country[2];
    int market;
};

static int market_of(struct market_memory *memory, const char *text, size_t length)
{
    if (length != sizeof memory->country) {
        return -1;
    }
    if (memcmp(memory->country, text, length) != 0) {
        const char code[] = {text[0], text[1], '\0'};
        memcpy(memory->country, text, length);
        memory->market = cw_market_find(code);
    }
    return memory->market;
}

void cw_tally_add(struct cw_tally *tally, const struct cw_batch *batch, int64_t added)
{
    tally->rows[batch->entity->id] += added;
    if (batch->entity->id != CW_ENTITY_CUSTOMER) {
        return;
    }
    const struct cw_column *countries = &batch->columns[CW_CUSTOMER_COUNTRY];
    struct market_memory memory = {.market = -1};
    for (int64_t row = 0; row < batch->row_count; row++) {
        size_t length;
        const char *country = cw_column_string(countries, row, &length);
        const int market = market_of(&memory, country, length);
        if (market >= 0 && market < CW_MARKETS_MAX) {
            tally->customers[market]++;
        }
    }
}

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

cw_status cw_store_count(struct cw_store *store, enum cw_entity_id entity, int64_t *rows,
                         struct cw_error *error)
{
    struct cw_connection *connection;
    cw_status status = cw_store_borrow(store, &connection, error);
    if (status == CW_OK) {
        status = cw_counters_rows(connection, entity, rows, error);
        cw_store_return(store, connection);
    }
    return status;
}

cw_status cw_store_basis(struct cw_store *store, int64_t rows[CW_ENTITY_COUNT], struct cw_error *error)
{
    struct cw_connection *connection;
    cw_status status = cw_store_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    int64_t read[CW_ENTITY_COUNT] = {0};
    status = cw_connection_execute(connection, "BEGIN", error);
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        status = cw_counters_rows(connection, (enum cw_entity_id)e, &read[e], error);
    }
    cw_connection_execute(connection, "ROLLBACK", NULL);
    cw_store_return(store, connection);
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

static int64_t higher(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void raise_to(struct cw_priors *priors, const struct cw_priors *other)
{
    for (uint32_t m = 0; m < CW_MARKETS_MAX; m++) {
        priors->customers[m] = higher(priors->customers[m], other->customers[m]);
    }
    priors->customer_runs = higher(priors->customer_runs, other->customer_runs);
    priors->products = higher(priors->products, other->products);
    priors->orders = higher(priors->orders, other->orders);
}

static void advance(struct cw_priors *marks, const struct cw_run_spec *spec)
{
    for (uint32_t m = 0; m < CW_MARKETS_MAX; m++) {
        marks->customers[m] += higher(spec->customers, 0);
    }
    marks->customer_runs += spec->customers > 0;
    marks->products += higher(spec->products, 0);
    marks->orders += higher(spec->orders, 0);
}

struct cw_priors cw_priors_of(const struct cw_run_spec *spec)
{
    struct cw_priors priors = {
        .customer_runs = spec->prior_customer_runs,
        .products = spec->prior_products,
        .orders = spec->prior_orders,
    };
    memcpy(priors.customers, spec->prior_customers, sizeof priors.customers);
    return priors;
}

static void set_priors(struct cw_run_spec *spec, const struct cw_priors *priors)
{
    memcpy(spec->prior_customers, priors->customers, sizeof priors->customers);
    spec->prior_customer_runs = priors->customer_runs;
    spec->prior_products = priors->products;
    spec->prior_orders = priors->orders;
}

/* The counters are read inside the mutex: a run that commits and releases in between would be missed
 * otherwise. */
static cw_status priors_take(struct cw_store *store, struct cw_run_spec *spec, bool reserve,
                             struct cw_error *error)
{
    struct cw_connection *connection;
    cw_status status = cw_store_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    struct cw_reservations *reservations = &store->reservations;
    struct cw_priors priors = {0};
    pthread_mutex_lock(&reservations->mutex);
    status = priors_read(connection, &priors, error);
    if (status == CW_OK) {
        if (reservations->open_count > 0) {
            raise_to(&priors, &reservations->marks);
        }
        set_priors(spec, &priors);
        if (reserve) {
            reservations->open_count++;
            reservations->marks = priors;
            advance(&reservations->marks, spec);
        }
    }
    pthread_mutex_unlock(&reservations->mutex);
    cw_store_return(store, connection);
    return status;
}

cw_status cw_store_priors(struct cw_store *store, struct cw_run_spec *spec, struct cw_error *error)
{
    return priors_take(store, spec, false, error);
}

cw_status cw_store_reserve_numbers(struct cw_store *store, struct cw_run_spec *spec, struct cw_error *error)
{
    return priors_take(store, spec, true, error);
}

void cw_store_release_numbers(struct cw_store *store)
{
    pthread_mutex_lock(&store->reservations.mutex);
    store->reservations.open_count--;
    pthread_mutex_unlock(&store->reservations.mutex);
}
