#include <string.h>

#include "store/sqlite_store.h"

#define COLUMNS "id, created_at, spec, request, digests, basis"

static void bind_buffer(sqlite3_stmt *statement, int index, const struct cw_buffer *buffer)
{
    sqlite3_bind_text64(statement, index, buffer->data != NULL ? buffer->data : "", buffer->size,
                        SQLITE_STATIC, SQLITE_UTF8);
}

cw_status cw_run_insert(struct cw_connection *connection, const struct cw_run_record *run,
                        struct cw_error *error)
{
    sqlite3_stmt *statement;
    const cw_status status = cw_connection_prepare(
        connection,
        "INSERT INTO runs (id, created_at, spec, request, digests, basis) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_blob(statement, 1, run->id.bytes, sizeof run->id.bytes, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, run->created_at);
    bind_buffer(statement, 3, &run->spec);
    bind_buffer(statement, 4, &run->request);
    bind_buffer(statement, 5, &run->digests);
    bind_buffer(statement, 6, &run->basis);
    const cw_status inserted = cw_statement_run(connection, statement, error);
    return inserted == CW_OK && run->answer != NULL ? cw_answer_insert(connection, run->answer, error)
                                                    : inserted;
}

/* The row that the statement stands on, into an empty record. */
static cw_status read_record(sqlite3_stmt *statement, struct cw_run_record *record, struct cw_error *error)
{
    struct cw_run_record made = {.created_at = sqlite3_column_int64(statement, 1)};
    cw_statement_bytes(statement, 0, made.id.bytes, sizeof made.id.bytes);
    cw_status status = cw_statement_buffer(statement, 2, &made.spec, error);
    if (status == CW_OK) {
        status = cw_statement_buffer(statement, 3, &made.request, error);
    }
    if (status == CW_OK) {
        status = cw_statement_buffer(statement, 4, &made.digests, error);
    }
    if (status == CW_OK) {
        status = cw_statement_buffer(statement, 5, &made.basis, error);
    }
    if (status != CW_OK) {
        cw_run_record_clear(&made);
        return status;
    }
    *record = made;
    return CW_OK;
}

/* Steps through at most limit runs. */
static cw_status read_records(struct cw_connection *connection, sqlite3_stmt *statement, uint32_t limit,
                              struct cw_run_record *records, uint32_t *count, struct cw_error *error)
{
    cw_status status = CW_OK;
    uint32_t read = 0;
    int code = SQLITE_DONE;
    while (status == CW_OK && read < limit && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        status = read_record(statement, &records[read], error);
        read += status == CW_OK;
    }
    if (status == CW_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
        status = cw_connection_error(connection, error);
    }
    cw_statement_finish(statement);
    if (status != CW_OK) {
        for (uint32_t i = 0; i < read; i++) {
            cw_run_record_clear(&records[i]);
        }
        return status;
    }
    *count = read;
    return CW_OK;
}

cw_status cw_sqlite_runs(struct cw_store *base, const struct cw_uuid *id, const struct cw_uuid *after,
                         uint32_t limit, struct cw_run_record *records, uint32_t *count,
                         struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    struct cw_connection *connection;
    cw_status status = cw_sqlite_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_stmt *statement;
    const struct cw_uuid *key = id != NULL ? id : after;
    status = cw_connection_prepare(
        connection,
        id != NULL      ? "SELECT " COLUMNS " FROM runs WHERE id = ?2 LIMIT ?1"
        : after != NULL ? "SELECT " COLUMNS " FROM runs WHERE sequence < (SELECT sequence FROM runs WHERE "
                          "id = ?2) ORDER BY sequence DESC LIMIT ?1"
                        : "SELECT " COLUMNS " FROM runs ORDER BY sequence DESC LIMIT ?1",
        &statement, error);
    if (status == CW_OK) {
        sqlite3_bind_int64(statement, 1, limit);
        if (key != NULL) {
            sqlite3_bind_blob(statement, 2, key->bytes, sizeof key->bytes, SQLITE_STATIC);
        }
        status = read_records(connection, statement, limit, records, count, error);
    }
    cw_sqlite_return(store, connection);
    return status;
}
