#define _POSIX_C_SOURCE 200809L
#include "service/check_database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/check_files.h"
#include "service/check_rows.h"
#include "service/check_store.h"
#include "service/json_read.h"
#include "service/values.h"

cw_status cw_check_error(sqlite3 *connection, struct cw_error *error)
{
    const int code = sqlite3_errcode(connection);
    cw_status kind = CW_E_IO;
    if (code == SQLITE_INTERRUPT) {
        kind = CW_E_CANCELLED;
    } else if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
        kind = CW_E_CORRUPT;
    } else if (code == SQLITE_NOMEM) {
        kind = CW_E_NO_MEMORY;
    } else if (code == SQLITE_ERROR) {
        kind = CW_E_INTERNAL;
    }
    const cw_status status = cw_error_set(error, kind, NULL, "the check failed in the database: %.300s",
                                          sqlite3_errmsg(connection));
    if (error != NULL) {
        error->native_code = code;
    }
    return status;
}

/* Stops a statement when the work is cancelled. */
static int is_cancelled(void *context)
{
    return cw_progress_is_cancelled(context);
}

cw_status cw_run_times_add(struct cw_run_times *times, int64_t time, struct cw_error *error)
{
    size_t at = 0;
    while (at < times->count && times->list[at] < time) {
        at++;
    }
    if (at < times->count && times->list[at] == time) {
        return CW_OK;
    }
    if (times->count == times->capacity) {
        const size_t capacity = times->capacity * 2 + 8;
        int64_t *grown = realloc(times->list, capacity * sizeof *grown);
        if (grown == NULL) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the times of the runs");
        }
        times->list = grown;
        times->capacity = capacity;
    }
    memmove(times->list + at + 1, times->list + at, (times->count - at) * sizeof *times->list);
    times->list[at] = time;
    times->count++;
    return CW_OK;
}

static cw_status read_times(struct cw_check_database *database, struct cw_error *error)
{
    sqlite3_stmt *statement = NULL;
    cw_status status = CW_OK;
    int code = SQLITE_DONE;
    if (sqlite3_prepare_v2(database->connections[0],
                           "SELECT DISTINCT json_extract(spec, '$.as_of') FROM runs", -1, &statement,
                           NULL) != SQLITE_OK) {
        return cw_check_error(database->connections[0], error);
    }
    while (status == CW_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(statement, 0);
        int64_t time = 0;
        if (text != NULL && cw_value_time("as_of", (const char *)text, &time, NULL) == CW_OK) {
            status = cw_run_times_add(&database->times, time, error);
        }
    }
    if (status == CW_OK && code != SQLITE_DONE) {
        status = cw_check_error(database->connections[0], error);
    }
    sqlite3_finalize(statement);
    return status;
}

cw_status cw_check_numbers(sqlite3 *connection, const char *sql, int64_t *numbers, int count,
                           struct cw_error *error)
{
    sqlite3_stmt *statement = NULL;
    cw_status status = CW_OK;
    if (sqlite3_prepare_v2(connection, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        status = cw_check_error(connection, error);
    }
    for (int i = 0; i < count && status == CW_OK; i++) {
        numbers[i] = sqlite3_column_int64(statement, i);
    }
    sqlite3_finalize(statement);
    return status;
}

static const char *affinity(enum cw_type type)
{
    return type == CW_TYPE_STRING ? "TEXT" : type == CW_TYPE_UUID ? "BLOB" : "INTEGER";
}

cw_status cw_check_put_columns(struct cw_buffer *sql, const struct cw_entity *entity, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < entity->column_count && status == CW_OK; i++) {
        const struct cw_column_def *column = &entity->columns[i];
        const bool is_email = column->unique && column->personal == CW_PERSONAL_IDENTIFIER;
        status = cw_buffer_format(sql, error, "%s%s %s%s", i == 0 ? "" : ", ", column->name,
                                  affinity(column->type), is_email ? " COLLATE NOCASE" : "");
    }
    return status;
}

/* To read a file in its mode of writing SQLite needs an index beside it. */
static cw_status refuse_file(const char *path, sqlite3 *connection, struct cw_error *error)
{
    const int code = sqlite3_errcode(connection);
    return code == SQLITE_READONLY || code == SQLITE_CANTOPEN
               ? cw_error_set(error, CW_E_IO, NULL,
                              "store %.300s: %s; files are kept beside it: let this user write to its folder",
                              path, sqlite3_errmsg(connection))
               : cw_error_set(error, CW_E_CORRUPT, NULL, "%.300s is no store: %s", path,
                              sqlite3_errmsg(connection));
}

static cw_status open_connection(const char *path, sqlite3 **connection, struct cw_error *error)
{
    if (sqlite3_open_v2(path, connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        return cw_check_error(*connection, error);
    }
    sqlite3_busy_timeout(*connection, 10000);
    if (sqlite3_exec(*connection,
                     "PRAGMA mmap_size = 8589934592; PRAGMA cache_size = -65536; PRAGMA temp_store = FILE",
                     NULL, NULL, NULL) != SQLITE_OK) {
        return refuse_file(path, *connection, error);
    }
    return CW_OK;
}

static cw_status read_tables(struct cw_check_database *database, const char *path, struct cw_error *error)
{
    sqlite3_stmt *statement = NULL;
    bool has_runs = false;
    if (sqlite3_prepare_v2(database->connections[0], "SELECT name FROM sqlite_schema WHERE type = 'table'",
                           -1, &statement, NULL) != SQLITE_OK) {
        return refuse_file(path, database->connections[0], error);
    }
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        const struct cw_entity *entity = cw_entity_find(name, strlen(name));
        has_runs = has_runs || strcmp(name, "runs") == 0;
        if (entity != NULL && strcmp(entity->table, name) == 0) {
            database->present |= 1U << entity->id;
        }
    }
    sqlite3_finalize(statement);
    if (!has_runs || database->present == 0) {
        return cw_error_set(error, CW_E_CORRUPT, NULL, "%.300s is a database, but no store of Cartwright",
                            path);
    }
    return CW_OK;
}

static cw_status open_store(const char *path, struct cw_check_database *database, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < database->threads && status == CW_OK; i++) {
        status = open_connection(path, &database->connections[i], error);
    }
    if (status == CW_OK) {
        status = read_tables(database, path, error);
    }
    return status == CW_OK ? read_times(database, error) : status;
}

cw_status cw_check_database_open(const char *path, uint32_t threads, struct cw_progress *progress,
                                 struct cw_check_database *database, struct cw_error *error)
{
    struct stat about;
    struct cw_check_database made = {.threads = 0};
    const long processors = threads > 0 ? (long)threads : sysconf(_SC_NPROCESSORS_ONLN);
    made.threads = processors < 1                      ? 1
                   : processors > CW_CHECK_THREADS_MAX ? CW_CHECK_THREADS_MAX
                                                       : (uint32_t)processors;
    const bool is_server = cw_store_is_server(path);
    cw_status status = cw_store_location_check(path, error);
    if (status != CW_OK) {
        return status;
    }
    if (!is_server && stat(path, &about) != 0) {
        return cw_error_set(error, CW_E_NOT_FOUND, NULL, "there is no store or directory %.300s", path);
    }
    status = is_server                ? cw_check_store_open(path, progress, &made, error)
             : S_ISDIR(about.st_mode) ? cw_check_files_open(path, progress, &made, error)
                                      : open_store(path, &made, error);
    if (status != CW_OK) {
        cw_check_database_close(&made);
        return status;
    }
    for (uint32_t i = 0; i < made.threads && progress != NULL; i++) {
        sqlite3_progress_handler(made.connections[i], 100000, is_cancelled, progress);
    }
    *database = made;
    return CW_OK;
}

void cw_check_database_close(struct cw_check_database *database)
{
    for (uint32_t i = 0; i < CW_CHECK_THREADS_MAX; i++) {
        sqlite3_close(database->connections[i]);
    }
    cw_check_rows_free(database->rows);
    free(database->times.list);
    *database = (struct cw_check_database){.threads = 0};
}
