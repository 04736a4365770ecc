#include "store/sqlite_batch_table.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH_TABLE_COLUMNS 64

struct batch_table {
    sqlite3_vtab base;
    struct cw_connection *connection;
};

struct batch_cursor {
    sqlite3_vtab_cursor base;
    const struct cw_batch *batch;
    int64_t row;
};

static int table_connect(sqlite3 *db, void *context, int argument_count, const char *const *arguments,
                         sqlite3_vtab **table, char **message)
{
    (void)argument_count;
    (void)arguments;
    (void)message;
    char schema[BATCH_TABLE_COLUMNS * 5 + 32];
    int length = snprintf(schema, sizeof schema, "CREATE TABLE x(c0");
    for (int i = 1; i < BATCH_TABLE_COLUMNS; i++) {
        length += snprintf(schema + length, sizeof schema - (size_t)length, ",c%d", i);
    }
    snprintf(schema + length, sizeof schema - (size_t)length, ")");
    const int code = sqlite3_declare_vtab(db, schema);
    if (code != SQLITE_OK) {
        return code;
    }
    struct batch_table *made = sqlite3_malloc64(sizeof *made);
    if (made == NULL) {
        return SQLITE_NOMEM;
    }
    *made = (struct batch_table){.connection = context};
    *table = &made->base;
    return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

static int table_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    info->estimatedCost = 1000.0;
    info->estimatedRows = 1000;
    return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor)
{
    (void)table;
    struct batch_cursor *made = sqlite3_malloc64(sizeof *made);
    if (made == NULL) {
        return SQLITE_NOMEM;
    }
    *made = (struct batch_cursor){0};
    *cursor = &made->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static int cursor_filter(sqlite3_vtab_cursor *cursor, int index, const char *name, int argument_count,
                         sqlite3_value **arguments)
{
    (void)index;
    (void)name;
    (void)argument_count;
    (void)arguments;
    struct batch_cursor *self = (struct batch_cursor *)cursor;
    self->batch = ((struct batch_table *)cursor->pVtab)->connection->batch;
    self->row = 0;
    return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *cursor)
{
    ((struct batch_cursor *)cursor)->row++;
    return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *cursor)
{
    const struct batch_cursor *self = (const struct batch_cursor *)cursor;
    return self->batch == NULL || self->row >= self->batch->row_count;
}

static void result_string(sqlite3_context *context, const struct cw_column *column, int64_t row)
{
    size_t length;
    const char *text = cw_column_string(column, row, &length);
    sqlite3_result_text(context, length > 0 ? text : "", (int)length, SQLITE_STATIC);
}

static int cursor_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int index)
{
    const struct batch_cursor *self = (const struct batch_cursor *)cursor;
    if ((uint32_t)index >= self->batch->column_count) {
        return SQLITE_OK;
    }
    const struct cw_column *column = &self->batch->columns[index];
    const int64_t row = self->row;
    if (!cw_column_is_valid(column, row)) {
        return SQLITE_OK;
    }
    switch (column->type) {
    case CW_TYPE_BOOL:
        sqlite3_result_int(context, cw_column_bool(column, row));
        break;
    case CW_TYPE_INT32:
    case CW_TYPE_DATE:
        sqlite3_result_int(context, ((const int32_t *)column->values)[row]);
        break;
    case CW_TYPE_INT64:
    case CW_TYPE_TIMESTAMP:
        sqlite3_result_int64(context, ((const int64_t *)column->values)[row]);
        break;
    case CW_TYPE_UUID:
        sqlite3_result_blob(context, (const uint8_t *)column->values + row * 16, 16, SQLITE_STATIC);
        break;
    case CW_TYPE_STRING:
        result_string(context, column, row);
        break;
    }
    return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid)
{
    *rowid = ((const struct batch_cursor *)cursor)->row;
    return SQLITE_OK;
}

/* No xCreate: the table is there without CREATE VIRTUAL TABLE and in no schema. */
static const sqlite3_module batch_module = {
    .xConnect = table_connect,
    .xBestIndex = table_best_index,
    .xDisconnect = table_disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_rowid,
};

cw_status cw_batch_table_register(struct cw_connection *connection, struct cw_error *error)
{
    return sqlite3_create_module_v2(connection->db, "cw_batch", &batch_module, connection, NULL) == SQLITE_OK
               ? CW_OK
               : cw_connection_error(connection, error);
}
