/* API keys in the built-in store. */
#include <stdio.h>
#include <string.h>

#include "store/key_store.h"
#include "store/sqlite_store.h"

static void bind_time(sqlite3_stmt *statement, int index, int64_t value)
{
    if (value != 0) {
        sqlite3_bind_int64(statement, index, value);
    }
}

static void copy_blob(sqlite3_stmt *statement, int index, uint8_t *bytes, size_t size)
{
    const void *blob = sqlite3_column_blob(statement, index);
    if (blob != NULL && (size_t)sqlite3_column_bytes(statement, index) == size) {
        memcpy(bytes, blob, size);
    }
}

static void read_record(sqlite3_stmt *statement, struct cw_key_record *record)
{
    const unsigned char *name = sqlite3_column_text(statement, 1);
    *record = (struct cw_key_record){.scopes = (uint32_t)sqlite3_column_int(statement, 3),
                                     .rate = sqlite3_column_int64(statement, 4),
                                     .created_at = sqlite3_column_int64(statement, 5),
                                     .expires_at = sqlite3_column_int64(statement, 6),
                                     .revoked_at = sqlite3_column_int64(statement, 7),
                                     .used_at = sqlite3_column_int64(statement, 8)};
    copy_blob(statement, 0, record->id.bytes, sizeof record->id.bytes);
    snprintf(record->name, sizeof record->name, "%s", name != NULL ? (const char *)name : "");
    copy_blob(statement, 2, record->digest, sizeof record->digest);
}

static cw_status list_keys(struct cw_store *base, struct cw_key_record *records, uint32_t limit,
                           uint32_t *count, struct cw_error *error)
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
        "SELECT id, name, digest, scopes, rate, created_at, expires_at, revoked_at, used_at FROM api_keys "
        "ORDER BY created_at, id LIMIT ?1",
        &statement, error);
    if (status == CW_OK) {
        uint32_t read = 0;
        int code = SQLITE_DONE;
        sqlite3_bind_int64(statement, 1, limit);
        while (read < limit && (code = sqlite3_step(statement)) == SQLITE_ROW) {
            read_record(statement, &records[read++]);
        }
        if (code != SQLITE_ROW && code != SQLITE_DONE) {
            status = cw_connection_error(connection, error);
        } else {
            *count = read;
        }
        cw_statement_finish(statement);
    }
    cw_sqlite_return(store, connection);
    return status;
}

static cw_status insert_key(struct cw_connection *connection, const struct cw_key_record *record,
                            struct cw_error *error)
{
    sqlite3_stmt *statement;
    cw_status status =
        cw_connection_prepare(connection,
                              "INSERT INTO api_keys (id, name, digest, scopes, rate, created_at, expires_at) "
                              "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE (SELECT count(*) FROM api_keys) < ?8",
                              &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_blob(statement, 1, record->id.bytes, sizeof record->id.bytes, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, record->name, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, record->digest, sizeof record->digest, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, record->scopes);
    bind_time(statement, 5, record->rate);
    sqlite3_bind_int64(statement, 6, record->created_at);
    bind_time(statement, 7, record->expires_at);
    sqlite3_bind_int64(statement, 8, CW_KEYS_MAX);
    status = cw_statement_run(connection, statement, error);
    if (status == CW_OK && sqlite3_changes(connection->db) == 0) {
        status = cw_error_set(error, CW_E_LIMIT, NULL, "store %s holds %d keys, which is the most",
                              connection->path, CW_KEYS_MAX);
    }
    return status;
}

static cw_status add_key(struct cw_store *base, const struct cw_key_record *record, struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    cw_gate_enter(&store->base.writer, CW_WAIT_FOREVER);
    const cw_status status = insert_key(store->write_connection, record, error);
    if (status == CW_OK) {
        cw_checkpointer_notify(store, store->write_connection);
    }
    cw_gate_leave(&store->base.writer);
    return status;
}

static cw_status mark_revoked(struct cw_connection *connection, const struct cw_uuid *id, int64_t at,
                              bool *found, struct cw_error *error)
{
    sqlite3_stmt *statement;
    cw_status status = cw_connection_prepare(
        connection, "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1", &statement,
        error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_blob(statement, 1, id->bytes, sizeof id->bytes, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, at);
    status = cw_statement_run(connection, statement, error);
    if (status == CW_OK) {
        *found = sqlite3_changes(connection->db) > 0;
    }
    return status;
}

static cw_status revoke_key(struct cw_store *base, const struct cw_uuid *id, int64_t at, bool *found,
                            struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    cw_gate_enter(&store->base.writer, CW_WAIT_FOREVER);
    const cw_status status = mark_revoked(store->write_connection, id, at, found, error);
    if (status == CW_OK) {
        cw_checkpointer_notify(store, store->write_connection);
    }
    cw_gate_leave(&store->base.writer);
    return status;
}

static cw_status update_uses(struct cw_connection *connection, const struct cw_key_use *uses, uint32_t count,
                             struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < count && status == CW_OK; i++) {
        sqlite3_stmt *statement;
        status = cw_connection_prepare(
            connection, "UPDATE api_keys SET used_at = max(coalesce(used_at, 0), ?2) WHERE id = ?1",
            &statement, error);
        if (status == CW_OK) {
            sqlite3_bind_blob(statement, 1, uses[i].id.bytes, sizeof uses[i].id.bytes, SQLITE_STATIC);
            sqlite3_bind_int64(statement, 2, uses[i].at);
            status = cw_statement_run(connection, statement, error);
        }
    }
    return status;
}

/* Another process that writes is not waited for either. */
static cw_status write_uses(struct cw_connection *connection, const struct cw_key_use *uses, uint32_t count,
                            struct cw_error *error)
{
    int timeout = 0;
    sqlite3_stmt *statement;
    int64_t waits = 0;
    cw_status status = cw_connection_prepare(connection, "PRAGMA busy_timeout", &statement, error);
    if (status == CW_OK) {
        status = cw_statement_integer(connection, statement, &waits, error);
    }
    if (status != CW_OK) {
        return status;
    }
    timeout = (int)waits;
    sqlite3_busy_timeout(connection->db, 0);
    status = cw_connection_execute(connection, "BEGIN IMMEDIATE", error);
    sqlite3_busy_timeout(connection->db, timeout);
    if (status != CW_OK) {
        return status;
    }
    status = update_uses(connection, uses, count, error);
    if (status == CW_OK) {
        status = cw_connection_execute(connection, "COMMIT", error);
    }
    if (status != CW_OK && !sqlite3_get_autocommit(connection->db)) {
        cw_connection_execute(connection, "ROLLBACK", NULL);
    }
    return status;
}

static cw_status note_uses(struct cw_store *base, const struct cw_key_use *uses, uint32_t count,
                           struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    if (!cw_gate_try_enter(&store->base.writer)) {
        return cw_error_set(error, CW_E_UNAVAILABLE, NULL, "store %s is being written", base->name);
    }
    const cw_status status = write_uses(store->write_connection, uses, count, error);
    if (status == CW_OK) {
        cw_checkpointer_notify(store, store->write_connection);
    }
    cw_gate_leave(&store->base.writer);
    return status;
}

const struct cw_key_operations cw_sqlite_key_operations = {
    .list = list_keys,
    .add = add_key,
    .revoke = revoke_key,
    .note_uses = note_uses,
};
