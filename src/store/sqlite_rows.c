/* Rows of a query and a picture of one moment, for what both stores share. */
#include <stdlib.h>
#include <string.h>

#include "store/sqlite_store.h"

struct sqlite_rows {
    struct cw_cursor base;
    struct cw_connection *connection;
    sqlite3_stmt *statement;
};

struct sqlite_reader {
    struct cw_reader base;
    struct cw_connection *connection;
    struct sqlite_rows rows;
};

static struct sqlite_rows *rows_of(struct cw_cursor *rows)
{
    return (struct sqlite_rows *)(void *)rows;
}

static cw_status rows_next(struct cw_cursor *base, bool *has_row, struct cw_error *error)
{
    struct sqlite_rows *rows = rows_of(base);
    const int code = sqlite3_step(rows->statement);
    *has_row = code == SQLITE_ROW;
    return code == SQLITE_ROW || code == SQLITE_DONE ? CW_OK : cw_connection_error(rows->connection, error);
}

static bool rows_is_null(struct cw_cursor *base, int field)
{
    return sqlite3_column_type(rows_of(base)->statement, field) == SQLITE_NULL;
}

static int64_t rows_integer(struct cw_cursor *base, int field)
{
    return sqlite3_column_int64(rows_of(base)->statement, field);
}

static const void *rows_bytes(struct cw_cursor *base, int field, size_t *size)
{
    sqlite3_stmt *statement = rows_of(base)->statement;
    const void *bytes = sqlite3_column_type(statement, field) == SQLITE_BLOB
                            ? sqlite3_column_blob(statement, field)
                            : (const void *)sqlite3_column_text(statement, field);
    *size = (size_t)sqlite3_column_bytes(statement, field);
    return bytes;
}

static void rows_close(struct cw_cursor *base)
{
    cw_statement_finish(rows_of(base)->statement);
}

cw_status cw_sqlite_reader_query(struct cw_reader *base, const char *sql,
                                 const struct cw_parameter *parameters, uint32_t parameter_count, bool many,
                                 struct cw_cursor **rows, struct cw_error *error)
{
    static const struct cw_cursor_operations operations = {
        .next = rows_next,
        .is_null = rows_is_null,
        .integer = rows_integer,
        .bytes = rows_bytes,
        .close = rows_close,
    };
    (void)many;
    struct sqlite_reader *reader = (struct sqlite_reader *)(void *)base;
    sqlite3_stmt *statement;
    const cw_status status = cw_connection_prepare(reader->connection, sql, &statement, error);
    if (status != CW_OK) {
        return status;
    }
    for (uint32_t i = 0; i < parameter_count; i++) {
        const struct cw_parameter *parameter = &parameters[i];
        if (parameter->kind == CW_PARAMETER_INTEGER) {
            sqlite3_bind_int64(statement, (int)i + 1, parameter->integer);
        } else if (parameter->kind == CW_PARAMETER_UUID) {
            sqlite3_bind_blob(statement, (int)i + 1, parameter->bytes, 16, SQLITE_STATIC);
        } else {
            sqlite3_bind_text(statement, (int)i + 1, parameter->bytes, -1, SQLITE_STATIC);
        }
    }
    reader->rows = (struct sqlite_rows){
        .base = {.operations = &operations}, .connection = reader->connection, .statement = statement};
    *rows = &reader->rows.base;
    return CW_OK;
}

/* Rows are only ever added, so the highest row number of a table says how many rows this snapshot holds, and
 * rows that came later have higher ones. */
cw_status cw_sqlite_reader_basis(struct cw_reader *base, int64_t rows[CW_ENTITY_COUNT],
                                 struct cw_error *error)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)(void *)base;
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        char sql[128];
        sqlite3_stmt *statement;
        sqlite3_snprintf(sizeof sql, sql, "SELECT max(rowid) FROM %s",
                         cw_entity_get((enum cw_entity_id)e)->table);
        status = cw_connection_prepare(reader->connection, sql, &statement, error);
        if (status == CW_OK) {
            status = cw_statement_integer(reader->connection, statement, &rows[e], error);
        }
    }
    return status;
}

cw_status cw_sqlite_reader_begin(struct cw_store *base, struct cw_reader **reader, struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    struct sqlite_reader *begun = calloc(1, sizeof *begun);
    if (begun == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: reading %s", base->name);
    }
    begun->base.store = base;
    cw_status status = cw_sqlite_borrow(store, &begun->connection, error);
    if (status == CW_OK) {
        status = cw_connection_execute(begun->connection, "BEGIN", error);
        if (status != CW_OK) {
            cw_sqlite_return(store, begun->connection);
        }
    }
    if (status != CW_OK) {
        free(begun);
        return status;
    }
    *reader = &begun->base;
    return CW_OK;
}

void cw_sqlite_reader_end(struct cw_reader *base)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)(void *)base;
    cw_connection_execute(reader->connection, "ROLLBACK", NULL);
    cw_sqlite_return(cw_sqlite_store_of(base->store), reader->connection);
    free(reader);
}
