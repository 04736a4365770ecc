/* Small batches as one statement each: every column is an array, the rows are their elements side by side. */
#define _DEFAULT_SOURCE

#include <inttypes.h>
#include <stdio.h>

#include "model/columns.h"
#include "store/postgres_store.h"
#include "store/postgres_value.h"

/* The types of columns, and of their arrays' elements. */
static const struct {
    const char *name;
    uint32_t oid;
} types[] = {
    [CW_TYPE_BOOL] = {"boolean", 16},
    [CW_TYPE_INT32] = {"integer", 23},
    [CW_TYPE_INT64] = {"bigint", 20},
    [CW_TYPE_DATE] = {"date", 1082},
    [CW_TYPE_TIMESTAMP] = {"timestamptz", 1184},
    [CW_TYPE_UUID] = {"uuid", 2950},
    [CW_TYPE_STRING] = {"text", 25},
};

/* Rows that are there already are left out or changed, so how many are new shows only while they are added.
 */
static bool counts_itself(enum cw_entity_id entity)
{
    return entity == CW_ENTITY_CATEGORY || entity == CW_ENTITY_FULFILMENT_CENTRE || entity == CW_ENTITY_STOCK;
}

static cw_status put_columns(struct cw_buffer *sql, const struct cw_entity *entity, const char *before,
                             struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t c = 0; status == CW_OK && c < entity->column_count; c++) {
        status = cw_buffer_format(sql, error, "%s%s%s", c > 0 ? ", " : "", before, entity->columns[c].name);
    }
    return status;
}

/* The given rows, numbered from 1. */
static cw_status put_given(struct cw_buffer *sql, const struct cw_entity *entity, struct cw_error *error)
{
    cw_status status = cw_buffer_format(sql, error, "unnest(");
    for (uint32_t c = 0; status == CW_OK && c < entity->column_count; c++) {
        status = cw_buffer_format(sql, error, "%s$%" PRIu32 "::%s[]", c > 0 ? ", " : "", c + 1,
                                  types[entity->columns[c].type].name);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, ") WITH ORDINALITY AS given (");
    }
    if (status == CW_OK) {
        status = put_columns(sql, entity, "", error);
    }
    return status == CW_OK ? cw_buffer_format(sql, error, ", place)") : status;
}

static const char stock_changed[] =
    "changed AS (UPDATE stock SET on_hand = stock.on_hand + given.on_hand, reorder_point = "
    "given.reorder_point, reorder_quantity = given.reorder_quantity, lead_time = given.lead_time, stockouts "
    "= "
    "stock.stockouts + given.stockouts, updated_at = greatest(stock.updated_at, given.updated_at) FROM given "
    "WHERE stock.fulfilment_centre_id = given.fulfilment_centre_id AND stock.variant_id = given.variant_id "
    "RETURNING given.place), ";

/* WITH parts up to `fresh`, the rows to add, and `base`, the number that they are counted from. */
static cw_status put_fresh(struct cw_buffer *sql, const struct cw_entity *entity, struct cw_error *error)
{
    cw_status status = cw_buffer_format(sql, error, "WITH given AS (SELECT * FROM ");
    if (status == CW_OK) {
        status = put_given(sql, entity, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, "), %s", entity->id == CW_ENTITY_STOCK ? stock_changed : "");
    }
    if (status == CW_OK && entity->id == CW_ENTITY_STOCK) {
        status =
            cw_buffer_format(sql, error,
                             "fresh AS (SELECT *, row_number() OVER (ORDER BY place) AS number FROM given "
                             "WHERE place NOT IN (SELECT place FROM changed)), ");
    } else if (status == CW_OK) {
        status =
            cw_buffer_format(sql, error,
                             "fresh AS (SELECT *, row_number() OVER (ORDER BY place) AS number FROM given "
                             "WHERE NOT EXISTS (SELECT FROM %s AS old WHERE old.id = given.id)), ",
                             entity->table);
    }
    return status == CW_OK
               ? cw_buffer_format(sql, error,
                                  "base AS (UPDATE counters SET value = value + (SELECT count(*) FROM fresh) "
                                  "WHERE name = 'rows.%s' RETURNING value - (SELECT count(*) FROM fresh) AS "
                                  "first) ",
                                  entity->table)
               : status;
}

cw_status cw_pg_insert_sql(const struct cw_entity *entity, struct cw_buffer *sql, struct cw_error *error)
{
    const bool itself = counts_itself(entity->id);
    cw_status status = CW_OK;
    if (itself) {
        status = put_fresh(sql, entity, error);
    } else {
        const uint32_t rows = entity->column_count + 1;
        status = cw_buffer_format(sql, error,
                                  "WITH base AS (UPDATE counters SET value = value + $%" PRIu32
                                  "::bigint WHERE name = 'rows.%s' RETURNING value - $%" PRIu32
                                  "::bigint AS first) ",
                                  rows, entity->table, rows);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, "INSERT INTO %s (", entity->table);
    }
    if (status == CW_OK) {
        status = put_columns(sql, entity, "", error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, ", rowid) SELECT ");
    }
    if (status == CW_OK) {
        status = put_columns(sql, entity, itself ? "fresh." : "given.", error);
    }
    if (status == CW_OK && itself) {
        status = cw_buffer_format(sql, error, ", base.first + fresh.number FROM base, fresh");
    } else if (status == CW_OK) {
        status = cw_buffer_format(sql, error, ", base.first + given.place FROM base, ");
        if (status == CW_OK) {
            status = put_given(sql, entity, error);
        }
    }
    return status == CW_OK ? cw_buffer_append(sql, "", 1, error) : status;
}

/* Appends the same column of several batches as one array. */
static cw_status add_array(const struct cw_batch *const *batches, size_t count, uint32_t c,
                           struct cw_pg_parameters *parameters, struct cw_error *error)
{
    struct cw_buffer *bytes = &parameters->bytes;
    size_t bound = 20;
    int64_t rows = 0;
    bool has_nulls = false;
    for (size_t b = 0; b < count; b++) {
        const struct cw_column *column = &batches[b]->columns[c];
        bound += cw_pg_column_bound(column, batches[b]->row_count);
        rows += batches[b]->row_count;
        has_nulls = has_nulls || (column->validity != NULL && column->null_count > 0);
    }
    const cw_status status = cw_buffer_reserve(bytes, bound, error);
    if (status != CW_OK) {
        return status;
    }
    const size_t start = bytes->size;
    char *at = bytes->data + start;
    at = cw_pg_put32(at, 1); /* dimensions */
    at = cw_pg_put32(at, has_nulls);
    at = cw_pg_put32(at, types[batches[0]->columns[c].type].oid);
    at = cw_pg_put32(at, (uint32_t)rows);
    at = cw_pg_put32(at, 1); /* the first element's number */
    for (size_t b = 0; b < count; b++) {
        for (int64_t row = 0; row < batches[b]->row_count; row++) {
            at = cw_pg_put_value(at, &batches[b]->columns[c], row);
        }
    }
    bytes->size = (size_t)(at - bytes->data);
    parameters->offsets[parameters->count] = start;
    parameters->lengths[parameters->count] = (int)(bytes->size - start);
    parameters->is_null[parameters->count++] = false;
    return CW_OK;
}

bool cw_pg_insert_merges(enum cw_entity_id entity)
{
    return !counts_itself(entity);
}

cw_status cw_pg_insert_parameters(const struct cw_batch *const *batches, size_t count,
                                  struct cw_pg_parameters *parameters, struct cw_error *error)
{
    cw_status status = CW_OK;
    int64_t rows = 0;
    for (size_t b = 0; b < count; b++) {
        rows += batches[b]->row_count;
    }
    for (uint32_t c = 0; status == CW_OK && c < batches[0]->column_count; c++) {
        status = add_array(batches, count, c, parameters, error);
    }
    if (status == CW_OK && !counts_itself(batches[0]->entity->id)) {
        status = cw_pg_add_int64(parameters, rows, error);
    }
    return status;
}
