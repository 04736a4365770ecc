#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "model/columns.h"
#include "store/postgres_store.h"
#include "store/store_query.h"

/* E-mail addresses are compared regardless of case, by the index that does so too. */
static bool ignores_case(const struct cw_entity *entity, uint32_t column)
{
    return entity->id == CW_ENTITY_CUSTOMER && column == CW_CUSTOMER_EMAIL;
}

static cw_status put_condition(struct cw_buffer *sql, const struct cw_entity *entity,
                               const struct cw_filter *filter, int parameter, struct cw_error *error)
{
    const struct cw_column_def *definition = &entity->columns[filter->column];
    const char *comparison = cw_comparison_sql(filter->comparison);
    if (ignores_case(entity, filter->column)) {
        return cw_buffer_format(sql, error, " AND lower(%s) %s lower($%d::text COLLATE \"C\")",
                                definition->name, comparison, parameter);
    }
    /* A number beyond the column's range is compared, not refused. */
    const bool is_number = definition->type == CW_TYPE_INT32 || definition->type == CW_TYPE_INT64;
    return cw_buffer_format(sql, error, " AND %s %s $%d%s", definition->name, comparison, parameter,
                            is_number ? "::bigint" : "");
}

/* Rows that few others refer to. */
static const bool has_few_children[CW_ENTITY_COUNT] = {
    [CW_ENTITY_CUSTOMER] = true, [CW_ENTITY_ADDRESS] = true,    [CW_ENTITY_PAYMENT_METHOD] = true,
    [CW_ENTITY_ORDER] = true,    [CW_ENTITY_ORDER_ITEM] = true,
};

/* Whether few rows can be what the query asks for, whatever the server takes for granted. */
static bool is_narrow(const struct cw_query *query, const struct cw_entity *entity)
{
    for (uint32_t i = 0; i < query->filter_count; i++) {
        const struct cw_column_def *definition = &entity->columns[query->filters[i].column];
        const int reference = (int)definition->reference;
        if (query->filters[i].comparison == CW_EQUAL &&
            (definition->unique || (reference != CW_NO_REFERENCE && has_few_children[reference]))) {
            return true;
        }
    }
    return false;
}

/* Parameter 1 is the limit, then the cursor's, the filters' and the basis. Names come from the catalogue
 * alone. The sum keeps the index of rows' numbers out, which never helps here. For tables without statistics
 * the server assumes that many rows have the value asked for, and would look for them in the order of the id,
 * through the whole table; OFFSET 0 makes it find all of a few rows before it orders them. */
static cw_status query_sql(const struct cw_query *query, const struct cw_entity *entity,
                           struct cw_buffer *sql, struct cw_error *error)
{
    const bool is_fenced = is_narrow(query, entity);
    int parameter = query->after != NULL ? 3 : 2;
    cw_status status = cw_buffer_format(sql, error, is_fenced ? "SELECT * FROM (SELECT id" : "SELECT id");
    for (uint32_t c = 1; status == CW_OK && c < entity->column_count; c++) {
        if (cw_query_selects(query, c)) {
            status = cw_buffer_format(sql, error, ", %s", entity->columns[c].name);
        }
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, " FROM %s WHERE %s", entity->table,
                                  query->after != NULL ? "id > $2" : "true");
    }
    for (uint32_t i = 0; status == CW_OK && i < query->filter_count; i++) {
        status = put_condition(sql, entity, &query->filters[i], parameter++, error);
    }
    if (status == CW_OK && query->basis > 0) {
        status = cw_buffer_format(sql, error, " AND rowid + 0 <= $%d", parameter);
    }
    if (status == CW_OK) {
        status =
            cw_buffer_format(sql, error, "%s ORDER BY id LIMIT $1", is_fenced ? " OFFSET 0) AS found" : "");
    }
    return status == CW_OK ? cw_buffer_append(sql, "", 1, error) : status;
}

/* *is_valid becomes false when the text is no value of the type. */
static cw_status add_value(struct cw_pg_parameters *parameters, enum cw_type type, const char *text,
                           bool *is_valid, struct cw_error *error)
{
    bool flag = false;
    int64_t number = 0;
    int32_t days = 0;
    uint8_t id[16] = {0};
    const size_t length = strlen(text);
    switch (type) {
    case CW_TYPE_BOOL:
        *is_valid = cw_parse_bool(text, length, &flag);
        return cw_pg_add_bytes(parameters, flag ? "\1" : "\0", 1, error);
    case CW_TYPE_INT32:
    case CW_TYPE_INT64:
        *is_valid = cw_parse_int64(text, length, &number);
        return cw_pg_add_int64(parameters, number, error);
    case CW_TYPE_DATE:
        *is_valid = cw_parse_date(text, length, &days);
        return cw_pg_add_int32(parameters, days - CW_PG_EPOCH_DAYS, error);
    case CW_TYPE_TIMESTAMP:
        *is_valid = cw_parse_timestamp(text, length, &number);
        return cw_pg_add_instant(parameters, number, error);
    case CW_TYPE_UUID:
        *is_valid = cw_parse_uuid(text, length, id);
        return cw_pg_add_bytes(parameters, id, sizeof id, error);
    case CW_TYPE_STRING:
        break;
    }
    return cw_pg_add_text(parameters, text, error);
}

static cw_status add_values(const struct cw_query *query, const struct cw_entity *entity,
                            struct cw_pg_parameters *parameters, struct cw_error *error)
{
    cw_status status = cw_pg_add_int64(parameters, query->limit, error);
    if (status == CW_OK && query->after != NULL) {
        status = cw_pg_add_bytes(parameters, query->after->bytes, sizeof query->after->bytes, error);
    }
    for (uint32_t i = 0; status == CW_OK && i < query->filter_count; i++) {
        const struct cw_filter *filter = &query->filters[i];
        const struct cw_column_def *definition = &entity->columns[filter->column];
        bool is_valid = true;
        status = add_value(parameters, definition->type, filter->value, &is_valid, error);
        if (status == CW_OK && !is_valid) {
            status = cw_filter_refuse(definition, filter->value, error);
        }
    }
    return status == CW_OK && query->basis > 0 ? cw_pg_add_int64(parameters, query->basis, error) : status;
}

static cw_status store_value(struct cw_batch *batch, uint32_t index, int row, const PGresult *result,
                             int field, struct cw_error *error)
{
    struct cw_column *column = &batch->columns[index];
    if (column->validity != NULL) {
        const bool is_null = PQgetisnull(result, row, field) != 0;
        cw_bit_set(column->validity, row, !is_null);
        column->null_count += is_null;
    }
    switch (column->type) {
    case CW_TYPE_BOOL:
        cw_bit_set(column->values, row, cw_pg_integer(result, row, field) != 0);
        break;
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        ((int32_t *)column->values)[row] = (int32_t)cw_pg_integer(result, row, field);
        break;
    case CW_TYPE_INT64:
    case CW_TYPE_TIMESTAMP:
        ((int64_t *)column->values)[row] = cw_pg_integer(result, row, field);
        break;
    case CW_TYPE_UUID: {
        uint8_t *slot = (uint8_t *)column->values + (size_t)row * 16;
        memset(slot, 0, 16);
        if (PQgetlength(result, row, field) == 16) {
            memcpy(slot, PQgetvalue(result, row, field), 16);
        }
        break;
    }
    case CW_TYPE_STRING:
        return cw_batch_put_text(batch, index, row, PQgetvalue(result, row, field),
                                 (size_t)PQgetlength(result, row, field), error);
    }
    return CW_OK;
}

static cw_status fill_batch(const struct cw_query *query, const PGresult *result, struct cw_batch *batch,
                            struct cw_error *error)
{
    const int rows = PQntuples(result);
    cw_status status = cw_query_batch_prepare(query, batch, error);
    batch->row_count = 0;
    int field = 0;
    for (uint32_t c = 0; status == CW_OK && c < batch->column_count; c++) {
        if (!cw_query_selects(query, c)) {
            continue;
        }
        if (rows > CW_QUERY_FIRST_ROWS) {
            status = cw_batch_reserve(batch, c, rows, error);
        }
        for (int row = 0; status == CW_OK && row < rows; row++) {
            status = store_value(batch, c, row, result, field, error);
        }
        field++;
    }
    if (status == CW_OK) {
        batch->row_count = rows;
    }
    return status;
}

cw_status cw_pg_read(struct cw_store *base, const struct cw_query *query, struct cw_batch *batch,
                     struct cw_error *error)
{
    const struct cw_entity *entity = cw_entity_get(query->entity);
    struct cw_pg_parameters parameters = {0};
    struct cw_buffer sql = {0};
    PGresult *result = NULL;
    cw_status status = cw_query_refuse(query, error);
    if (status == CW_OK) {
        status = add_values(query, entity, &parameters, error);
    }
    if (status == CW_OK) {
        status = query_sql(query, entity, &sql, error);
    }
    if (status == CW_OK) {
        status = cw_pg_ask(cw_pg_store_of(base), sql.data, &parameters, &result, error);
    }
    if (status == CW_OK) {
        status = fill_batch(query, result, batch, error);
    }
    PQclear(result);
    cw_pg_parameters_clear(&parameters);
    cw_buffer_clear(&sql);
    return status;
}

cw_status cw_pg_translate(const char *sql, struct cw_buffer *out, struct cw_error *error)
{
    const cw_status status = cw_buffer_append(out, sql, strlen(sql) + 1, error);
    char quote = '\0';
    for (size_t i = 0; status == CW_OK && out->data[i] != '\0'; i++) {
        char *at = &out->data[i];
        if (quote != '\0') {
            quote = *at == quote ? '\0' : quote;
        } else if (*at == '\'' || *at == '"') {
            quote = *at;
        } else if (*at == '?' && at[1] >= '1' && at[1] <= '9') {
            *at = '$';
        }
    }
    return status;
}

static void give_rows(const PGresult *result,
                      bool (*row)(void *context, int columns, const char *const *values), void *context,
                      int columns)
{
    enum { COLUMNS_MAX = 64 };
    const char *values[COLUMNS_MAX] = {NULL};
    bool more = columns <= COLUMNS_MAX;
    for (int r = 0; more && r < PQntuples(result); r++) {
        for (int c = 0; c < columns; c++) {
            values[c] = PQgetisnull(result, r, c) ? NULL : PQgetvalue(result, r, c);
        }
        more = row(context, columns, values);
    }
}

cw_status cw_pg_select(struct cw_store *base, const char *sql, const char *const *parameters,
                       uint32_t parameter_count,
                       bool (*row)(void *context, int columns, const char *const *values), void *context,
                       struct cw_error *error)
{
    struct cw_pg_store *store = cw_pg_store_of(base);
    struct cw_pg_connection *connection;
    struct cw_buffer translated = {0};
    cw_status status = cw_pg_begin_reading(store, "BEGIN READ ONLY", &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_pg_translate(sql, &translated, error);
    if (status == CW_OK) {
        PGresult *result = PQexecParams(connection->handle, translated.data, (int)parameter_count, NULL,
                                        parameters, NULL, NULL, 0);
        const ExecStatusType kind = PQresultStatus(result);
        if (kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK) {
            give_rows(result, row, context, PQnfields(result));
        } else {
            status = cw_pg_error(connection, result, error);
        }
        PQclear(result);
    }
    cw_pg_execute(connection, "ROLLBACK", NULL);
    cw_buffer_clear(&translated);
    cw_pg_return(store, connection);
    return status;
}
