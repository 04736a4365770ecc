/* Answers kept for requests that come again. */
#include <stdio.h>
#include <string.h>

#include "store/sqlite_store.h"

#define COLUMNS "key, request, created_at, status, media_type, headers, body, job_id, job_kind"

static bool has_job(const struct cw_kept_answer *answer)
{
    static const struct cw_uuid none;
    return memcmp(&answer->job, &none, sizeof none) != 0;
}

static void bind_blob(sqlite3_stmt *statement, int index, const struct cw_buffer *buffer)
{
    sqlite3_bind_blob64(statement, index, buffer->data != NULL ? buffer->data : "", buffer->size,
                        SQLITE_STATIC);
}

static cw_status delete_expired(struct cw_connection *connection, int64_t now, struct cw_error *error)
{
    sqlite3_stmt *statement;
    const cw_status status = cw_connection_prepare(
        connection, "DELETE FROM kept_answers WHERE created_at < ?1", &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_int64(statement, 1, now - CW_ANSWER_LIFETIME);
    return cw_statement_run(connection, statement, error);
}

cw_status cw_answer_insert(struct cw_connection *connection, const struct cw_kept_answer *answer,
                           struct cw_error *error)
{
    sqlite3_stmt *statement;
    cw_status status = delete_expired(connection, answer->created_at, error);
    if (status == CW_OK) {
        status = cw_connection_prepare(connection,
                                       "INSERT INTO kept_answers (" COLUMNS
                                       ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
                                       "ON CONFLICT (key) DO NOTHING",
                                       &statement, error);
    }
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_text(statement, 1, answer->key, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, answer->request, sizeof answer->request, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, answer->created_at);
    sqlite3_bind_int(statement, 4, answer->status);
    sqlite3_bind_text(statement, 5, answer->media_type, -1, SQLITE_STATIC);
    bind_blob(statement, 6, &answer->headers);
    bind_blob(statement, 7, &answer->body);
    if (has_job(answer)) {
        sqlite3_bind_blob(statement, 8, answer->job.bytes, sizeof answer->job.bytes, SQLITE_STATIC);
    }
    sqlite3_bind_text(statement, 9, answer->job_kind, -1, SQLITE_STATIC);
    status = cw_statement_run(connection, statement, error);
    if (status == CW_OK && sqlite3_changes(connection->db) == 0) {
        status =
            cw_error_set(error, CW_E_CONFLICT, NULL, "the key '%s' belongs to another request", answer->key);
    }
    return status;
}

/* The row that the statement stands on, into zeroed storage. */
static cw_status read_answer(sqlite3_stmt *statement, struct cw_kept_answer *answer, struct cw_error *error)
{
    cw_statement_text(statement, 0, answer->key, sizeof answer->key);
    cw_statement_bytes(statement, 1, answer->request, sizeof answer->request);
    answer->created_at = sqlite3_column_int64(statement, 2);
    answer->status = sqlite3_column_int(statement, 3);
    cw_statement_text(statement, 4, answer->media_type, sizeof answer->media_type);
    cw_status status = cw_statement_buffer(statement, 5, &answer->headers, error);
    if (status == CW_OK) {
        status = cw_statement_buffer(statement, 6, &answer->body, error);
    }
    cw_statement_bytes(statement, 7, answer->job.bytes, sizeof answer->job.bytes);
    cw_statement_text(statement, 8, answer->job_kind, sizeof answer->job_kind);
    return status;
}

cw_status cw_sqlite_answer(struct cw_store *base, const char *key, int64_t since,
                           struct cw_kept_answer *answer, bool *found, struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    struct cw_connection *connection;
    struct cw_kept_answer read = {0};
    sqlite3_stmt *statement;
    cw_status status = cw_sqlite_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_connection_prepare(connection,
                                   "SELECT " COLUMNS " FROM kept_answers WHERE created_at >= ?1 AND key = ?2",
                                   &statement, error);
    if (status == CW_OK) {
        sqlite3_bind_int64(statement, 1, since);
        sqlite3_bind_text(statement, 2, key, -1, SQLITE_STATIC);
        const int code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            status = read_answer(statement, &read, error);
        } else if (code != SQLITE_DONE) {
            status = cw_connection_error(connection, error);
        }
        cw_statement_finish(statement);
        *found = status == CW_OK && code == SQLITE_ROW;
    }
    cw_sqlite_return(store, connection);
    if (status == CW_OK && *found) {
        *answer = read;
    } else {
        cw_kept_answer_clear(&read);
    }
    return status;
}
