/* Answers kept for requests that come again. */
#include <stdio.h>
#include <string.h>

#include "store/sqlite_store.h"

#define COLUMNS                                                                                              \
    "key, request, created_at, status, media_type, headers, body, job_id, job_kind, job_result, "            \
    "job_finished_at"

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
                                       ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
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
    if (answer->job_result.size > 0) {
        sqlite3_bind_text64(statement, 10, answer->job_result.data, answer->job_result.size, SQLITE_STATIC,
                            SQLITE_UTF8);
        sqlite3_bind_int64(statement, 11, answer->job_finished_at);
    }
    status = cw_statement_run(connection, statement, error);
    if (status == CW_OK && sqlite3_changes(connection->db) == 0) {
        status =
            cw_error_set(error, CW_E_CONFLICT, NULL, "the key '%s' belongs to another request", answer->key);
    }
    return status;
}

static void read_text(sqlite3_stmt *statement, int index, char *text, size_t size)
{
    const unsigned char *value = sqlite3_column_text(statement, index);
    snprintf(text, size, "%s", value != NULL ? (const char *)value : "");
}

static cw_status read_buffer(sqlite3_stmt *statement, int index, struct cw_buffer *buffer,
                             struct cw_error *error)
{
    const void *bytes = sqlite3_column_blob(statement, index);
    const int size = sqlite3_column_bytes(statement, index);
    return size > 0 ? cw_buffer_append(buffer, bytes, (size_t)size, error) : CW_OK;
}

/* The row that the statement stands on, into zeroed storage. */
static cw_status read_answer(sqlite3_stmt *statement, struct cw_kept_answer *answer, struct cw_error *error)
{
    read_text(statement, 0, answer->key, sizeof answer->key);
    memcpy(answer->request, sqlite3_column_blob(statement, 1), sizeof answer->request);
    answer->created_at = sqlite3_column_int64(statement, 2);
    answer->status = sqlite3_column_int(statement, 3);
    read_text(statement, 4, answer->media_type, sizeof answer->media_type);
    cw_status status = read_buffer(statement, 5, &answer->headers, error);
    if (status == CW_OK) {
        status = read_buffer(statement, 6, &answer->body, error);
    }
    if (sqlite3_column_type(statement, 7) != SQLITE_NULL) {
        memcpy(answer->job.bytes, sqlite3_column_blob(statement, 7), sizeof answer->job.bytes);
    }
    read_text(statement, 8, answer->job_kind, sizeof answer->job_kind);
    if (status == CW_OK) {
        status = read_buffer(statement, 9, &answer->job_result, error);
    }
    answer->job_finished_at = sqlite3_column_int64(statement, 10);
    return status;
}

static cw_status read_answers(struct cw_connection *connection, sqlite3_stmt *statement, uint32_t limit,
                              struct cw_kept_answer *answers, uint32_t *count, struct cw_error *error)
{
    cw_status status = CW_OK;
    uint32_t read = 0;
    int code = SQLITE_DONE;
    while (status == CW_OK && read < limit && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        status = read_answer(statement, &answers[read++], error);
    }
    if (status == CW_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
        status = cw_connection_error(connection, error);
    }
    cw_statement_finish(statement);
    if (status != CW_OK) {
        for (uint32_t i = 0; i < read; i++) {
            cw_kept_answer_clear(&answers[i]);
        }
        return status;
    }
    *count = read;
    return CW_OK;
}

cw_status cw_sqlite_answers(struct cw_store *base, const char *key, int64_t since, uint32_t limit,
                            struct cw_kept_answer *answers, uint32_t *count, struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    struct cw_connection *connection;
    sqlite3_stmt *statement;
    cw_status status = cw_sqlite_borrow(store, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_connection_prepare(
        connection,
        key != NULL ? "SELECT " COLUMNS " FROM kept_answers WHERE created_at >= ?1 AND key = ?3 LIMIT ?2"
                    : "SELECT " COLUMNS
                      " FROM kept_answers WHERE created_at >= ?1 AND job_result IS NOT NULL "
                      "ORDER BY created_at DESC, key LIMIT ?2",
        &statement, error);
    if (status == CW_OK) {
        sqlite3_bind_int64(statement, 1, since);
        sqlite3_bind_int64(statement, 2, limit);
        if (key != NULL) {
            sqlite3_bind_text(statement, 3, key, -1, SQLITE_STATIC);
        }
        status = read_answers(connection, statement, limit, answers, count, error);
    }
    cw_sqlite_return(store, connection);
    return status;
}
