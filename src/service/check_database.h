/* The database that rules run on, in SQL of SQLite: a store's file opened for reading; generated files, or
 * the rows of a PostgreSQL store, put into temporary databases without constraints, so that broken data can
 * be told apart rule by rule; or tables that fetch rows from a PostgreSQL store when they are asked for. */
#ifndef CW_SERVICE_CHECK_DATABASE_H
#define CW_SERVICE_CHECK_DATABASE_H

#include <sqlite3.h>

#include "cartwright/buffer.h"
#include "cartwright/entity.h"
#include "cartwright/error.h"
#include "service/progress.h"

#define CW_CHECK_THREADS_MAX 16 /* CW_VALIDATE_THREADS_MAX */

/* The as-of times of the runs that made the data, each once, in order. */
struct cw_run_times {
    int64_t *list; /* owned */
    size_t count, capacity;
};

struct cw_check_rows;
struct cw_check_database {
    sqlite3 *connections[CW_CHECK_THREADS_MAX]; /* one for each thread, all of the same data */
    uint32_t threads;                           /* at least 1 once opened */
    uint32_t present;           /* bit e: the table of entity e is there, with all its columns */
    struct cw_run_times times;  /* none when nothing says them */
    struct cw_check_rows *rows; /* owned; what the tables fetch from, or NULL (check_rows.h) */
};

/* path: a store, or a directory of generated files; threads: 1 to CW_CHECK_THREADS_MAX connections, 0 for one
 * per processor. Errors: see cw_validate_path. */
cw_status cw_check_database_open(const char *path, uint32_t threads, struct cw_progress *progress,
                                 struct cw_check_database *database, struct cw_error *error);
void cw_check_database_close(struct cw_check_database *database);

/* Adds a time if it is not there yet. Errors: CW_E_NO_MEMORY. */
cw_status cw_run_times_add(struct cw_run_times *times, int64_t time, struct cw_error *error);

/* Appends the columns of an entity's table as CREATE TABLE names them: "id BLOB, created_at INTEGER, ...". */
cw_status cw_check_put_columns(struct cw_buffer *sql, const struct cw_entity *entity, struct cw_error *error);

/* Puts the last failure of a connection into *error. */
cw_status cw_check_error(sqlite3 *connection, struct cw_error *error);

/* The first count numbers of the one row that a query gives. */
cw_status cw_check_numbers(sqlite3 *connection, const char *sql, int64_t *numbers, int count,
                           struct cw_error *error);

#endif
