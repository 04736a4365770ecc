/* A connection to PostgreSQL: statements prepared once, parameters and results in binary, errors in our
 * terms. Belongs to one thread at a time. */
#ifndef CW_STORE_POSTGRES_CONNECTION_H
#define CW_STORE_POSTGRES_CONNECTION_H

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cartwright/buffer.h"
#include "cartwright/error.h"

/* PostgreSQL counts instants and days from 2000-01-01. */
#define CW_PG_EPOCH_MICROS INT64_C(946684800000000)
#define CW_PG_EPOCH_DAYS 10957

#define CW_PG_STATEMENTS_MAX 64
#define CW_PG_PARAMETERS_MAX 32

struct cw_pg_connection {
    PGconn *handle;
    const char *name; /* of the store; borrowed */
    char *statements[CW_PG_STATEMENTS_MAX];
    int statement_count;
    const _Atomic bool *cancelled; /* why its statements may be ended; NULL: no such wish is known */
    struct cw_pg_connection *next; /* in the pool */
};

/* Parameters of a statement, in binary; they live in one buffer. Zeroed storage: none. */
struct cw_pg_parameters {
    struct cw_buffer bytes;
    size_t offsets[CW_PG_PARAMETERS_MAX];
    int lengths[CW_PG_PARAMETERS_MAX];
    bool is_null[CW_PG_PARAMETERS_MAX];
    int count;
};

void cw_pg_parameters_clear(struct cw_pg_parameters *parameters);
/* Adds a parameter of these bytes; NULL for null. */
cw_status cw_pg_add_bytes(struct cw_pg_parameters *parameters, const void *bytes, size_t size,
                          struct cw_error *error);
cw_status cw_pg_add_int64(struct cw_pg_parameters *parameters, int64_t value, struct cw_error *error);
cw_status cw_pg_add_int32(struct cw_pg_parameters *parameters, int32_t value, struct cw_error *error);
/* Microseconds since 1970. */
cw_status cw_pg_add_instant(struct cw_pg_parameters *parameters, int64_t time, struct cw_error *error);
cw_status cw_pg_add_text(struct cw_pg_parameters *parameters, const char *text, struct cw_error *error);

/* Whether an error of cw_pg_connect says that the server, database or role has no connection left. */
bool cw_pg_is_crowded(const struct cw_error *error);

/* location: a URI of libpq. name: how messages call the store; must outlive the connection.
 * Errors: CW_E_UNAVAILABLE, CW_E_INVALID, CW_E_NO_MEMORY. */
cw_status cw_pg_connect(const char *location, const char *name, bool read_only,
                        struct cw_pg_connection **connection, struct cw_error *error);
void cw_pg_disconnect(struct cw_pg_connection *connection);
/* Whether the server, as far as can be told without asking it, is still there. */
bool cw_pg_is_alive(struct cw_pg_connection *connection);

/* Runs SQL without results, or forgets them. */
cw_status cw_pg_execute(struct cw_pg_connection *connection, const char *sql, struct cw_error *error);

/* Runs a statement with $1, $2, ... (parameters may be NULL) and gives its result in binary, to be cleared by
 * PQclear. */
cw_status cw_pg_query(struct cw_pg_connection *connection, const char *sql,
                      const struct cw_pg_parameters *parameters, PGresult **result, struct cw_error *error);
/* The same without a result. */
cw_status cw_pg_run(struct cw_pg_connection *connection, const char *sql,
                    const struct cw_pg_parameters *parameters, struct cw_error *error);
/* One whole number; 0 without a row or for null. */
cw_status cw_pg_number(struct cw_pg_connection *connection, const char *sql,
                       const struct cw_pg_parameters *parameters, int64_t *value, struct cw_error *error);

/* Sees to it that this many statements can be prepared without one of them giving its name up. */
cw_status cw_pg_make_room(struct cw_pg_connection *connection, int statements, struct cw_error *error);
/* Prepares sql unless it is, and tells its name. Not in pipeline mode. */
cw_status cw_pg_prepare(struct cw_pg_connection *connection, const char *sql, char name[16],
                        struct cw_error *error);
/* Sends a prepared statement in pipeline mode. */
cw_status cw_pg_send(struct cw_pg_connection *connection, const char *name,
                     const struct cw_pg_parameters *parameters, struct cw_error *error);

/* Puts a failure into *error: that of result, or of the connection when it is NULL. */
cw_status cw_pg_error(const struct cw_pg_connection *connection, const PGresult *result,
                      struct cw_error *error);

/* A field of a binary result as a whole number: numbers, flags, instants (microseconds since 1970) and dates
 * (days since 1970); 0 for null. */
int64_t cw_pg_integer(const PGresult *result, int row, int field);

/* A field of a binary result. text: cut to size, NUL at its end, empty for null. bytes: left alone unless the
 * value has this size. buffer: the value's bytes are added. */
void cw_pg_text(const PGresult *result, int row, int field, char *text, size_t size);
void cw_pg_bytes(const PGresult *result, int row, int field, void *bytes, size_t size);
cw_status cw_pg_buffer(const PGresult *result, int row, int field, struct cw_buffer *buffer,
                       struct cw_error *error);

#endif
