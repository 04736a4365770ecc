/* A connection to the file: settings, statements kept for the next use, errors in our terms. Belongs to one
 * thread at a time. */
#ifndef CW_STORE_SQLITE_CONNECTION_H
#define CW_STORE_SQLITE_CONNECTION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "cartwright/batch.h"
#include "cartwright/buffer.h"
#include "cartwright/error.h"

enum cw_connection_kind {
    CW_CONNECTION_READ,
    CW_CONNECTION_WRITE, /* small writes: closed sets and ranges are checked before (see row_check.h) */
    CW_CONNECTION_LOAD   /* bulk: those likewise, and references are checked by the load itself */
};

#define CW_STATEMENTS_MAX 48

struct cw_statement {
    char *sql;
    sqlite3_stmt *handle;
    uint64_t used_at;
};

struct cw_connection {
    sqlite3 *db;
    char *path;
    struct cw_statement statements[CW_STATEMENTS_MAX];
    uint64_t clock;
    const struct cw_batch *batch; /* the rows that the table cw_batch shows (see sqlite_batch_table.h) */
    int log_pages;                /* pages in the write-ahead log after the last commit here */
    struct cw_connection *next;   /* in the pool */
};

/* create: make the file when it is not there. read_only: the store was opened so. */
cw_status cw_connection_open(const char *path, enum cw_connection_kind kind, bool create, bool read_only,
                             struct cw_connection **connection, struct cw_error *error);
void cw_connection_close(struct cw_connection *connection);

/* The statement of sql, reset and without bindings; it stays the connection's. Give it back by
 * cw_statement_finish before the next one of the same text is asked for. */
cw_status cw_connection_prepare(struct cw_connection *connection, const char *sql, sqlite3_stmt **statement,
                                struct cw_error *error);
void cw_statement_finish(sqlite3_stmt *statement);

/* Runs SQL without results. */
cw_status cw_connection_execute(struct cw_connection *connection, const char *sql, struct cw_error *error);

/* Runs a statement without results to its end and finishes it. */
cw_status cw_statement_run(struct cw_connection *connection, sqlite3_stmt *statement, struct cw_error *error);

/* One whole number from a statement's first row; 0 without a row or for null. Finishes the statement. */
cw_status cw_statement_integer(struct cw_connection *connection, sqlite3_stmt *statement, int64_t *value,
                               struct cw_error *error);

/* A column of the row that the statement stands on. text: cut to size, NUL at its end, empty for null. bytes:
 * left alone unless the value has this size. buffer: the value's bytes are added. */
void cw_statement_text(sqlite3_stmt *statement, int column, char *text, size_t size);
void cw_statement_bytes(sqlite3_stmt *statement, int column, void *bytes, size_t size);
cw_status cw_statement_buffer(sqlite3_stmt *statement, int column, struct cw_buffer *buffer,
                              struct cw_error *error);

/* Puts the connection's last failure into *error. */
cw_status cw_connection_error(const struct cw_connection *connection, struct cw_error *error);

#endif
