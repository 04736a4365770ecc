#define _POSIX_C_SOURCE 200809L

#include "store/sqlite_connection.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite_batch_table.h"
#include "store/sqlite_log_file.h"

/* Other processes may hold the writer this long before we give up, in milliseconds. */
#define BUSY_TIMEOUT 30000

static pthread_once_t configured = PTHREAD_ONCE_INIT;

/* Without the allocator's statistics SQLite takes no lock on every allocation. */
static void configure_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
    cw_log_file_register();
}

static cw_status status_of_constraint(int extended)
{
    switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return CW_E_CONFLICT;
    default:
        return CW_E_VIOLATION;
    }
}

static cw_status status_of_code(int extended)
{
    switch (extended & 0xff) {
    case SQLITE_CONSTRAINT:
        return status_of_constraint(extended);
    case SQLITE_NOMEM:
        return CW_E_NO_MEMORY;
    case SQLITE_IOERR:
        return extended == SQLITE_IOERR_NOMEM ? CW_E_NO_MEMORY : CW_E_IO;
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return CW_E_IO;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return CW_E_UNAVAILABLE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return CW_E_CORRUPT;
    case SQLITE_TOOBIG:
        return CW_E_LIMIT;
    case SQLITE_INTERRUPT:
        return CW_E_CANCELLED;
    default:
        return CW_E_INTERNAL;
    }
}

/* Of a message such as "UNIQUE constraint failed: customers.email": whether it is about rows, which others
 * may have made of the same numbers. Those that are made later have other numbers. */
static bool is_of_rows(const char *message)
{
    const char *table = strrchr(message, ' ');
    return table != NULL && cw_entity_find(table + 1, strcspn(table + 1, ".")) != NULL;
}

static cw_status set_error(const char *path, int extended, const char *message, struct cw_error *error)
{
    const cw_status status = status_of_code(extended);
    cw_error_set(error, status, "store", "store %s: %s%s", path, message,
                 (extended & 0xff) == SQLITE_READONLY ? "; let this user write to the file and its folder"
                                                      : "");
    if (error != NULL) {
        error->native_code = extended;
        error->retryable = status == CW_E_UNAVAILABLE || (status == CW_E_CONFLICT && is_of_rows(message));
    }
    return status;
}

cw_status cw_connection_error(const struct cw_connection *connection, struct cw_error *error)
{
    return set_error(connection->path, sqlite3_extended_errcode(connection->db),
                     sqlite3_errmsg(connection->db), error);
}

static int remember_log_size(void *context, sqlite3 *db, const char *schema, int pages)
{
    (void)db;
    (void)schema;
    ((struct cw_connection *)context)->log_pages = pages;
    return SQLITE_OK;
}

/* FULL makes every commit durable before it returns. Checkpoints are the checkpointer's work. Sorting for
 * indexes may use another thread. What a savepoint needs to roll back stays in memory for small writes; a
 * load has no savepoints, and what it sorts may be larger than memory. CHECKs would be two fifths of the time
 * of a small write: rows are checked by row_check.h before they come here. The system keeps what readers need
 * of the file in memory, so they need little themselves. A log that a large run made long is cut to 768 MB
 * when it begins anew: longer than small writes make it. */
static const char *settings(enum cw_connection_kind kind)
{
    switch (kind) {
    case CW_CONNECTION_READ:
        return "PRAGMA query_only = ON; PRAGMA cache_size = -2048;";
    case CW_CONNECTION_WRITE:
        return "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA ignore_check_constraints = ON;"
               "PRAGMA cache_size = -98304; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY;"
               "PRAGMA journal_size_limit = 805306368;";
    case CW_CONNECTION_LOAD:
        break;
    }
    return "PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;"
           "PRAGMA cache_size = -131072; PRAGMA threads = 2; PRAGMA wal_autocheckpoint = 0;"
           "PRAGMA journal_size_limit = 805306368;";
}

static cw_status connection_set_up(struct cw_connection *connection, enum cw_connection_kind kind,
                                   struct cw_error *error)
{
    sqlite3_extended_result_codes(connection->db, 1);
    sqlite3_busy_timeout(connection->db, BUSY_TIMEOUT);
    sqlite3_db_config(connection->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    cw_status status = cw_connection_execute(connection, settings(kind), error);
    if (status != CW_OK || kind == CW_CONNECTION_READ) {
        return status;
    }
    sqlite3_wal_hook(connection->db, remember_log_size, connection);
    return cw_batch_table_register(connection, error);
}

cw_status cw_connection_open(const char *path, enum cw_connection_kind kind, bool create, bool read_only,
                             struct cw_connection **connection, struct cw_error *error)
{
    pthread_once(&configured, configure_library);
    struct cw_connection *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: opening store %s", path);
    }
    cw_status status;
    opened->path = strdup(path);
    if (opened->path == NULL) {
        status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: opening store %s", path);
        goto failed;
    }
    int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | (create ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(path, &opened->db, flags, CW_LOG_FILE_VFS) != SQLITE_OK) {
        status = opened->db == NULL ? set_error(path, SQLITE_NOMEM, "out of memory", error)
                                    : cw_connection_error(opened, error);
        goto failed;
    }
    status = connection_set_up(opened, kind, error);
    if (status != CW_OK) {
        goto failed;
    }
    *connection = opened;
    return CW_OK;
failed:
    cw_connection_close(opened);
    return status;
}

void cw_connection_close(struct cw_connection *connection)
{
    if (connection == NULL) {
        return;
    }
    for (int i = 0; i < CW_STATEMENTS_MAX; i++) {
        sqlite3_finalize(connection->statements[i].handle);
        free(connection->statements[i].sql);
    }
    sqlite3_close_v2(connection->db);
    free(connection->path);
    free(connection);
}

/* The slot of sql, or else the one to give up: an empty one, or the one that was not used for longest. */
static struct cw_statement *find_slot(struct cw_connection *connection, const char *sql)
{
    struct cw_statement *oldest = &connection->statements[0];
    for (int i = 0; i < CW_STATEMENTS_MAX; i++) {
        struct cw_statement *slot = &connection->statements[i];
        if (slot->sql != NULL && strcmp(slot->sql, sql) == 0) {
            return slot;
        }
        if (slot->used_at < oldest->used_at) {
            oldest = slot;
        }
    }
    return oldest;
}

cw_status cw_connection_prepare(struct cw_connection *connection, const char *sql, sqlite3_stmt **statement,
                                struct cw_error *error)
{
    struct cw_statement *slot = find_slot(connection, sql);
    if (slot->sql == NULL || strcmp(slot->sql, sql) != 0) {
        char *text = strdup(sql);
        sqlite3_stmt *handle = NULL;
        if (text == NULL) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: statement of %zu bytes",
                                strlen(sql));
        }
        if (sqlite3_prepare_v3(connection->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL) !=
            SQLITE_OK) {
            free(text);
            return cw_connection_error(connection, error);
        }
        sqlite3_finalize(slot->handle);
        free(slot->sql);
        slot->sql = text;
        slot->handle = handle;
    }
    slot->used_at = ++connection->clock;
    *statement = slot->handle;
    return CW_OK;
}

void cw_statement_finish(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

cw_status cw_connection_execute(struct cw_connection *connection, const char *sql, struct cw_error *error)
{
    return sqlite3_exec(connection->db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? CW_OK
               : cw_connection_error(connection, error);
}

cw_status cw_statement_run(struct cw_connection *connection, sqlite3_stmt *statement, struct cw_error *error)
{
    int code;
    do {
        code = sqlite3_step(statement);
    } while (code == SQLITE_ROW);
    const cw_status status = code == SQLITE_DONE ? CW_OK : cw_connection_error(connection, error);
    cw_statement_finish(statement);
    return status;
}

cw_status cw_statement_integer(struct cw_connection *connection, sqlite3_stmt *statement, int64_t *value,
                               struct cw_error *error)
{
    const int code = sqlite3_step(statement);
    cw_status status = CW_OK;
    if (code == SQLITE_ROW) {
        *value = sqlite3_column_int64(statement, 0);
    } else if (code == SQLITE_DONE) {
        *value = 0;
    } else {
        status = cw_connection_error(connection, error);
    }
    cw_statement_finish(statement);
    return status;
}

void cw_statement_text(sqlite3_stmt *statement, int column, char *text, size_t size)
{
    const unsigned char *value = sqlite3_column_text(statement, column);
    snprintf(text, size, "%s", value != NULL ? (const char *)value : "");
}

void cw_statement_bytes(sqlite3_stmt *statement, int column, void *bytes, size_t size)
{
    const void *value = sqlite3_column_blob(statement, column);
    if (value != NULL && (size_t)sqlite3_column_bytes(statement, column) == size) {
        memcpy(bytes, value, size);
    }
}

cw_status cw_statement_buffer(sqlite3_stmt *statement, int column, struct cw_buffer *buffer,
                              struct cw_error *error)
{
    const void *value = sqlite3_column_blob(statement, column);
    const int size = sqlite3_column_bytes(statement, column);
    return size > 0 ? cw_buffer_append(buffer, value, (size_t)size, error) : CW_OK;
}
