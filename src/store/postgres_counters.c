#include <stdio.h>
#include <string.h>

#include "model/reference.h"
#include "store/postgres_store.h"

#define NAME_MAX_SIZE 64

cw_status cw_pg_counters_make(struct cw_pg_connection *connection, struct cw_error *error)
{
    struct cw_buffer sql = {0};
    cw_status status = cw_buffer_format(
        &sql, error,
        "INSERT INTO counters (name, value) SELECT * FROM (VALUES ('used.customer_runs', 0), "
        "('used.products', 0), ('used.orders', 0)");
    for (uint32_t m = 0; status == CW_OK && m < cw_market_count() && m < CW_MARKETS_MAX; m++) {
        status = cw_buffer_format(&sql, error, ", ('used.customers.%s', 0)", cw_market_get(m)->country);
    }
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        status =
            cw_buffer_format(&sql, error, ", ('rows.%s', 0)", cw_entity_get((enum cw_entity_id)e)->table);
    }
    if (status == CW_OK) {
        /* Of those that are there, one that someone is counting up would have to be waited for. */
        status = cw_buffer_format(&sql, error,
                                  ") AS wanted (name, value) WHERE NOT EXISTS (SELECT FROM counters WHERE "
                                  "counters.name = wanted.name) ON CONFLICT (name) DO NOTHING");
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, "", 1, error);
    }
    if (status == CW_OK) {
        status = cw_pg_execute(connection, sql.data, error);
    }
    cw_buffer_clear(&sql);
    return status;
}

/* See struct cw_use. */
const char cw_pg_used_sql[] =
    "UPDATE counters SET value = greatest(value + used.added, used.least) FROM unnest(string_to_array($1, ' "
    "'), string_to_array($2, ' ')::bigint[], string_to_array($3, ' ')::bigint[]) AS used (name, added, "
    "least) WHERE counters.name = used.name";

struct used_text {
    struct cw_buffer names, added, least;
};

static cw_status put_used(struct used_text *text, const char *name, const struct cw_use *use,
                          struct cw_error *error)
{
    if (use->added == 0 && use->least == 0) {
        return CW_OK;
    }
    const char *space = text->names.size > 0 ? " " : "";
    cw_status status = cw_buffer_format(&text->names, error, "%s%s", space, name);
    if (status == CW_OK) {
        status = cw_buffer_format(&text->added, error, "%s%lld", space, (long long)use->added);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(&text->least, error, "%s%lld", space, (long long)use->least);
    }
    return status;
}

static cw_status put_all_used(struct used_text *text, const struct cw_usage *usage, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t m = 0; status == CW_OK && m < cw_market_count() && m < CW_MARKETS_MAX; m++) {
        char name[NAME_MAX_SIZE];
        snprintf(name, sizeof name, "used.customers.%s", cw_market_get(m)->country);
        status = put_used(text, name, &usage->customers[m], error);
    }
    if (status == CW_OK) {
        status = put_used(text, "used.customer_runs", &usage->customer_runs, error);
    }
    if (status == CW_OK) {
        status = put_used(text, "used.products", &usage->products, error);
    }
    return status == CW_OK ? put_used(text, "used.orders", &usage->orders, error) : status;
}

cw_status cw_pg_usage_parameters(const struct cw_usage *usage, struct cw_pg_parameters *parameters,
                                 struct cw_error *error)
{
    struct used_text text = {0};
    cw_status status = put_all_used(&text, usage, error);
    const struct cw_buffer *const buffers[] = {&text.names, &text.added, &text.least};
    for (size_t i = 0; status == CW_OK && i < 3; i++) {
        status = cw_pg_add_bytes(parameters, buffers[i]->data != NULL ? buffers[i]->data : "",
                                 buffers[i]->size, error);
    }
    cw_buffer_clear(&text.names);
    cw_buffer_clear(&text.added);
    cw_buffer_clear(&text.least);
    return status;
}

cw_status cw_pg_used_parameters(const struct cw_tally *tally, const struct cw_priors *priors,
                                struct cw_pg_parameters *parameters, struct cw_error *error)
{
    struct cw_usage usage = {0};
    cw_usage_add(&usage, tally, priors);
    return cw_pg_usage_parameters(&usage, parameters, error);
}

static void take_counters(PGresult *result, int64_t *rows, struct cw_priors *priors)
{
    for (int row = 0; row < PQntuples(result); row++) {
        cw_counter_take(PQgetvalue(result, row, 0), cw_pg_integer(result, row, 1), rows, priors);
    }
    PQclear(result);
}

static const char read_sql[] = "SELECT name, value FROM counters";

cw_status cw_pg_counters_read(struct cw_pg_connection *connection, int64_t rows[CW_ENTITY_COUNT],
                              struct cw_priors *priors, struct cw_error *error)
{
    PGresult *result;
    const cw_status status = cw_pg_query(connection, read_sql, NULL, &result, error);
    if (status == CW_OK) {
        take_counters(result, rows, priors);
    }
    return status;
}

static cw_status read_counters(struct cw_store *store, int64_t *rows, struct cw_priors *priors,
                               struct cw_error *error)
{
    PGresult *result;
    const cw_status status = cw_pg_ask(cw_pg_store_of(store), read_sql, NULL, &result, error);
    if (status == CW_OK) {
        take_counters(result, rows, priors);
    }
    return status;
}

cw_status cw_pg_count(struct cw_store *store, enum cw_entity_id entity, int64_t *rows, struct cw_error *error)
{
    int64_t all[CW_ENTITY_COUNT] = {0};
    const cw_status status = read_counters(store, all, NULL, error);
    if (status == CW_OK) {
        *rows = all[entity];
    }
    return status;
}

cw_status cw_pg_counters(struct cw_store *store, int64_t rows[CW_ENTITY_COUNT], struct cw_priors *priors,
                         struct cw_error *error)
{
    int64_t all[CW_ENTITY_COUNT] = {0};
    struct cw_priors used = {0};
    const cw_status status = read_counters(store, all, &used, error);
    if (status == CW_OK && rows != NULL) {
        memcpy(rows, all, sizeof all);
    }
    if (status == CW_OK && priors != NULL) {
        *priors = used;
    }
    return status;
}
