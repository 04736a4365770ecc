#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "store/migrations.h"
#include "store/sqlite_store.h"

/* "CWst" in the file's header says whose file it is. */
#define APPLICATION_ID 0x43577374

static cw_status pragma_integer(struct cw_connection *connection, const char *sql, int64_t *value,
                                struct cw_error *error)
{
    sqlite3_stmt *statement;
    const cw_status status = cw_connection_prepare(connection, sql, &statement, error);
    return status == CW_OK ? cw_statement_integer(connection, statement, value, error) : status;
}

/* A file without tables may become a store; one of someone else's may not. */
static cw_status check_owner(struct cw_connection *connection, bool *is_empty, struct cw_error *error)
{
    int64_t application = 0;
    int64_t tables = 0;
    cw_status status = pragma_integer(connection, "PRAGMA application_id", &application, error);
    if (status == CW_OK) {
        status = pragma_integer(connection, "SELECT count(*) FROM sqlite_schema", &tables, error);
    }
    if (status != CW_OK) {
        return status;
    }
    *is_empty = tables == 0;
    if (application != APPLICATION_ID && !(application == 0 && tables == 0)) {
        return cw_error_set(error, CW_E_CORRUPT, "store",
                            "store %s is an SQLite database of another program (application id %" PRId64
                            ", expected %d)",
                            connection->path, application, APPLICATION_ID);
    }
    return CW_OK;
}

static cw_status compare_revision(const struct cw_connection *connection, int revision, const char *name,
                                  const char *digest, struct cw_error *error)
{
    if (revision > cw_migration_count) {
        return cw_error_set(error, CW_E_UNSUPPORTED, "store",
                            "store %s is of a newer version: it has schema revision %d (%s), this program "
                            "knows revisions up to %d",
                            connection->path, revision, name, cw_migration_count);
    }
    const struct cw_migration *known = &cw_migrations[revision - 1];
    if (strcmp(digest, known->digest) != 0) {
        return cw_error_set(
            error, CW_E_UNSUPPORTED, "store",
            "store %s: schema revision %d (%s) was applied with digest %.16s..., this program "
            "has %s with digest %.16s...",
            connection->path, revision, name, digest, known->name, known->digest);
    }
    return CW_OK;
}

/* Sets *applied to the highest revision after comparing every one that is there with ours. */
static cw_status compare_revisions(struct cw_connection *connection, int *applied, struct cw_error *error)
{
    sqlite3_stmt *statement;
    cw_status status = cw_connection_prepare(
        connection, "SELECT revision, name, digest FROM schema_revisions ORDER BY revision DESC", &statement,
        error);
    if (status != CW_OK) {
        return status;
    }
    int highest = 0;
    int count = 0;
    int code;
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const int revision = sqlite3_column_int(statement, 0);
        highest = revision > highest ? revision : highest;
        count++;
        status = revision < 1
                     ? CW_E_CORRUPT
                     : compare_revision(connection, revision, (const char *)sqlite3_column_text(statement, 1),
                                        (const char *)sqlite3_column_text(statement, 2), error);
    }
    if (status == CW_OK && code != SQLITE_DONE) {
        status = cw_connection_error(connection, error);
    } else if (status == CW_E_CORRUPT || (status == CW_OK && count != highest)) {
        status = cw_error_set(error, CW_E_CORRUPT, "store", "store %s: its schema revisions have a gap",
                              connection->path);
    }
    cw_statement_finish(statement);
    if (status == CW_OK) {
        *applied = highest;
    }
    return status;
}

static cw_status apply_one(struct cw_connection *connection, const struct cw_migration *migration,
                           struct cw_error *error)
{
    cw_status status = cw_connection_execute(connection, migration->sql, error);
    sqlite3_stmt *statement;
    if (status == CW_OK) {
        status = cw_connection_prepare(connection, "INSERT INTO schema_revisions VALUES (?1, ?2, ?3, ?4)",
                                       &statement, error);
    }
    if (status != CW_OK) {
        return status;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    sqlite3_bind_int(statement, 1, migration->revision);
    sqlite3_bind_text(statement, 2, migration->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, migration->digest, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    return cw_statement_run(connection, statement, error);
}

/* Another process may have come first: everything is looked at again inside the write transaction. */
static cw_status apply_missing(struct cw_connection *connection, struct cw_error *error)
{
    cw_status status = cw_connection_execute(connection, "BEGIN IMMEDIATE", error);
    if (status != CW_OK) {
        return status;
    }
    char sql[256];
    snprintf(
        sql, sizeof sql,
        "PRAGMA application_id = %d; CREATE TABLE IF NOT EXISTS schema_revisions (revision INTEGER PRIMARY "
        "KEY, name TEXT NOT NULL, digest TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
        APPLICATION_ID);
    int applied = 0;
    status = cw_connection_execute(connection, sql, error);
    if (status == CW_OK) {
        status = compare_revisions(connection, &applied, error);
    }
    for (int i = applied; status == CW_OK && i < cw_migration_count; i++) {
        status = apply_one(connection, &cw_migrations[i], error);
    }
    if (status == CW_OK) {
        status = cw_connection_execute(connection, "COMMIT", error);
    }
    if (status != CW_OK) {
        cw_connection_execute(connection, "ROLLBACK", NULL);
    }
    return status;
}

/* Tables that lost a column since the migrations made them are found here rather than in the middle of a
 * request. */
static cw_status check_tables(struct cw_connection *connection, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int e = 0; status == CW_OK && e < CW_ENTITY_COUNT; e++) {
        const struct cw_entity *entity = cw_entity_get((enum cw_entity_id)e);
        for (uint32_t c = 0; status == CW_OK && c < entity->column_count; c++) {
            if (sqlite3_table_column_metadata(connection->db, NULL, entity->table, entity->columns[c].name,
                                              NULL, NULL, NULL, NULL, NULL) == SQLITE_OK) {
                continue;
            }
            const int code = sqlite3_errcode(connection->db);
            status = code == SQLITE_ERROR
                         ? cw_error_set(error, CW_E_CORRUPT, "store", "store %s: column %s.%s is missing",
                                        connection->path, entity->table, entity->columns[c].name)
                         : cw_connection_error(connection, error);
        }
    }
    return status;
}

cw_status cw_migrations_apply(struct cw_connection *connection, bool read_only, struct cw_error *error)
{
    bool is_empty = false;
    int applied = 0;
    cw_status status = check_owner(connection, &is_empty, error);
    if (status == CW_OK && !is_empty) {
        status = compare_revisions(connection, &applied, error);
    }
    if (status != CW_OK) {
        return status;
    }
    if (applied == cw_migration_count) {
        return check_tables(connection, error);
    }
    if (read_only) {
        return cw_error_set(
            error, CW_E_UNSUPPORTED, "store",
            "store %s has schema revision %d, this program needs %d and the store is open for "
            "reading only",
            connection->path, applied, cw_migration_count);
    }
    status = cw_connection_execute(connection, "PRAGMA journal_mode = WAL", error);
    return status == CW_OK ? apply_missing(connection, error) : status;
}

cw_status cw_migrations_look(struct cw_connection *connection, int *applied, struct cw_error *error)
{
    bool is_empty = false;
    *applied = 0;
    const cw_status status = check_owner(connection, &is_empty, error);
    return status == CW_OK && !is_empty ? compare_revisions(connection, applied, error) : status;
}
