#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "store/sqlite_store.h"
#include "store/store_query.h"

/* Parameter 1 is the limit, 2 the cursor, the filters' values follow, then the basis. Names come from the
 * catalogue alone. A plus sign keeps an index from being used: that of the rows' numbers never helps, and
 * that of a filter, which serves a first page well, would sort the rest of a long list for each page of it.
 */
static cw_status query_sql(const struct cw_query *query, const struct cw_entity *entity,
                           struct cw_buffer *sql, struct cw_error *error)
{
    cw_status status = cw_buffer_format(sql, error, "SELECT id");
    for (uint32_t c = 1; status == CW_OK && c < entity->column_count; c++) {
        if (query->columns >> c & 1) {
            status = cw_buffer_format(sql, error, ", %s", entity->columns[c].name);
        }
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, " FROM %s WHERE %s", entity->table,
                                  query->after != NULL ? "id > ?2" : "true");
    }
    for (uint32_t i = 0; status == CW_OK && i < query->filter_count; i++) {
        const struct cw_filter *filter = &query->filters[i];
        status = cw_buffer_format(sql, error, " AND %s%s %s ?%" PRIu32, query->is_sequel ? "+" : "",
                                  entity->columns[filter->column].name, cw_comparison_sql(filter->comparison),
                                  i + 3);
    }
    if (status == CW_OK && query->basis > 0) {
        status = cw_buffer_format(sql, error, " AND +rowid <= ?%" PRIu32, query->filter_count + 3);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(sql, error, " ORDER BY id LIMIT ?1");
    }
    return status == CW_OK ? cw_buffer_append(sql, "", 1, error) : status;
}

static bool bind_value(sqlite3_stmt *statement, int index, enum cw_type type, const char *text)
{
    bool flag;
    int64_t number;
    int32_t days;
    uint8_t id[16];
    const size_t length = strlen(text);
    switch (type) {
    case CW_TYPE_BOOL:
        return cw_parse_bool(text, length, &flag) && sqlite3_bind_int(statement, index, flag) == SQLITE_OK;
    case CW_TYPE_INT32:
    case CW_TYPE_INT64:
        return cw_parse_int64(text, length, &number) &&
               sqlite3_bind_int64(statement, index, number) == SQLITE_OK;
    case CW_TYPE_DATE:
        return cw_parse_date(text, length, &days) && sqlite3_bind_int(statement, index, days) == SQLITE_OK;
    case CW_TYPE_TIMESTAMP:
        return cw_parse_timestamp(text, length, &number) &&
               sqlite3_bind_int64(statement, index, number) == SQLITE_OK;
    case CW_TYPE_UUID:
        return cw_parse_uuid(text, length, id) &&
               sqlite3_bind_blob(statement, index, id, sizeof id, SQLITE_TRANSIENT) == SQLITE_OK;
    case CW_TYPE_STRING:
        break;
    }
    return sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC) == SQLITE_OK;
}

static cw_status bind_query(const struct cw_query *query, const struct cw_entity *entity,
                            sqlite3_stmt *statement, struct cw_error *error)
{
    sqlite3_bind_int64(statement, 1, query->limit);
    if (query->after != NULL) {
        sqlite3_bind_blob(statement, 2, query->after->bytes, sizeof query->after->bytes, SQLITE_STATIC);
    }
    for (uint32_t i = 0; i < query->filter_count; i++) {
        const struct cw_filter *filter = &query->filters[i];
        const struct cw_column_def *definition = &entity->columns[filter->column];
        if (!bind_value(statement, (int)i + 3, definition->type, filter->value)) {
            return cw_filter_refuse(definition, filter->value, error);
        }
    }
    if (query->basis > 0) {
        sqlite3_bind_int64(statement, (int)query->filter_count + 3, query->basis);
    }
    return CW_OK;
}

/* Fixed-width values; a null leaves the slot zero, as sqlite3_column_* give 0 for it. */
static cw_status store_value(struct cw_batch *batch, uint32_t index, int64_t row, sqlite3_stmt *statement,
                             int field, struct cw_error *error)
{
    struct cw_column *column = &batch->columns[index];
    if (column->validity != NULL) {
        const bool is_null = sqlite3_column_type(statement, field) == SQLITE_NULL;
        cw_bit_set(column->validity, row, !is_null);
        column->null_count += is_null;
    }
    switch (column->type) {
    case CW_TYPE_BOOL:
        cw_bit_set(column->values, row, sqlite3_column_int(statement, field) != 0);
        break;
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        ((int32_t *)column->values)[row] = sqlite3_column_int(statement, field);
        break;
    case CW_TYPE_INT64:
    case CW_TYPE_TIMESTAMP:
        ((int64_t *)column->values)[row] = sqlite3_column_int64(statement, field);
        break;
    case CW_TYPE_UUID: {
        const void *id = sqlite3_column_blob(statement, field);
        uint8_t *slot = (uint8_t *)column->values + row * 16;
        memset(slot, 0, 16);
        if (id != NULL && sqlite3_column_bytes(statement, field) == 16) {
            memcpy(slot, id, 16);
        }
        break;
    }
    case CW_TYPE_STRING: {
        const void *text = sqlite3_column_text(statement, field);
        return cw_batch_put_text(batch, index, row, text, (size_t)sqlite3_column_bytes(statement, field),
                                 error);
    }
    }
    return CW_OK;
}

static cw_status read_row(const struct cw_query *query, struct cw_batch *batch, int64_t row,
                          sqlite3_stmt *statement, struct cw_error *error)
{
    cw_status status = CW_OK;
    int field = 0;
    for (uint32_t c = 0; status == CW_OK && c < batch->column_count; c++) {
        if (!cw_query_selects(query, c)) {
            continue;
        }
        if (row >= CW_QUERY_FIRST_ROWS) {
            status = cw_batch_reserve(batch, c, row + 1, error);
        }
        if (status == CW_OK) {
            status = store_value(batch, c, row, statement, field++, error);
        }
    }
    return status;
}

static cw_status read_rows(struct cw_connection *connection, const struct cw_query *query,
                           sqlite3_stmt *statement, struct cw_batch *batch, struct cw_error *error)
{
    cw_status status = CW_OK;
    int64_t rows = 0;
    int code;
    batch->row_count = 0;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        status = read_row(query, batch, rows, statement, error);
        if (status != CW_OK) {
            return status;
        }
        rows++;
    }
    if (code != SQLITE_DONE) {
        return cw_connection_error(connection, error);
    }
    batch->row_count = rows;
    return CW_OK;
}

cw_status cw_sqlite_read(struct cw_store *base, const struct cw_query *query, struct cw_batch *batch,
                         struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    const struct cw_entity *entity = cw_entity_get(query->entity);
    cw_status status = cw_query_refuse(query, error);
    if (status != CW_OK) {
        return status;
    }
    struct cw_buffer sql = {0};
    struct cw_connection *connection = NULL;
    sqlite3_stmt *statement = NULL;
    status = query_sql(query, entity, &sql, error);
    if (status == CW_OK) {
        status = cw_sqlite_borrow(store, &connection, error);
    }
    if (status == CW_OK) {
        status = cw_connection_prepare(connection, sql.data, &statement, error);
    }
    if (status == CW_OK) {
        status = bind_query(query, entity, statement, error);
    }
    if (status == CW_OK) {
        status = cw_query_batch_prepare(query, batch, error);
    }
    if (status == CW_OK) {
        status = read_rows(connection, query, statement, batch, error);
    }
    if (statement != NULL) {
        cw_statement_finish(statement);
    }
    if (connection != NULL) {
        cw_sqlite_return(store, connection);
    }
    cw_buffer_clear(&sql);
    return status;
}

static cw_status select_rows(struct cw_connection *connection, sqlite3_stmt *statement,
                             bool (*row)(void *context, int columns, const char *const *values),
                             void *context, struct cw_error *error)
{
    enum { COLUMNS_MAX = 64 };
    const char *values[COLUMNS_MAX];
    const int columns = sqlite3_column_count(statement);
    if (columns > COLUMNS_MAX) {
        return cw_error_set(error, CW_E_LIMIT, "sql", "a query gives %d columns, expected at most %d",
                            columns, COLUMNS_MAX);
    }
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++) {
            values[i] = (const char *)sqlite3_column_text(statement, i);
        }
        if (!row(context, columns, values)) {
            return CW_OK;
        }
    }
    return code == SQLITE_DONE ? CW_OK : cw_connection_error(connection, error);
}

cw_status cw_sqlite_select(struct cw_store *base, const char *sql, const char *const *parameters,
                           uint32_t parameter_count,
                           bool (*row)(void *context, int columns, const char *const *values), void *context,
                           struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    struct cw_connection *connection;
    cw_status status = cw_sqlite_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_stmt *statement = NULL;
    status = cw_connection_prepare(connection, sql, &statement, error);
    for (uint32_t i = 0; status == CW_OK && i < parameter_count; i++) {
        if (sqlite3_bind_text(statement, (int)i + 1, parameters[i], -1, SQLITE_STATIC) != SQLITE_OK) {
            status = cw_connection_error(connection, error);
        }
    }
    if (status == CW_OK) {
        status = select_rows(connection, statement, row, context, error);
    }
    if (statement != NULL) {
        cw_statement_finish(statement);
    }
    cw_sqlite_return(store, connection);
    return status;
}
