#define _DEFAULT_SOURCE

#include "store/postgres_connection.h"

#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cartwright/entity.h"

#define OID_BOOL 16
#define OID_DATE 1082
#define OID_TIMESTAMPTZ 1184

/* ---- Errors ---- */

/* Tables and functions that are missing (42P01, 42883) were there when it was opened. */
static const struct {
    const char *prefix; /* of the SQLSTATE */
    cw_status status;
    bool retryable;
} states[] = {
    {"23505", CW_E_CONFLICT, false}, {"23P01", CW_E_CONFLICT, false},
    {"23", CW_E_VIOLATION, false},   {"22021", CW_E_INVALID, false},
    {"22P05", CW_E_INVALID, false},  {"25006", CW_E_UNSUPPORTED, false},
    {"53200", CW_E_NO_MEMORY, true}, {"53300", CW_E_UNAVAILABLE, true},
    {"53", CW_E_IO, false},          {"54", CW_E_LIMIT, false},
    {"55P03", CW_E_TIMEOUT, true},   {"57014", CW_E_TIMEOUT, true},
    {"57", CW_E_UNAVAILABLE, true},  {"58", CW_E_IO, false},
    {"08", CW_E_UNAVAILABLE, true},  {"40", CW_E_UNAVAILABLE, true},
    {"28", CW_E_UNAVAILABLE, false}, {"3D", CW_E_NOT_FOUND, false},
    {"3F", CW_E_NOT_FOUND, false},   {"42501", CW_E_UNSUPPORTED, false},
    {"42P07", CW_E_CORRUPT, false},  {"42P01", CW_E_CORRUPT, false},
    {"42883", CW_E_CORRUPT, false},  {"XX001", CW_E_CORRUPT, false},
    {"XX002", CW_E_CORRUPT, false},  {"CW001", CW_E_UNAVAILABLE, true},
    {"CW002", CW_E_CONFLICT, false},
};

static cw_status status_of_state(const char *state, bool *retryable)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strncmp(state, states[i].prefix, strlen(states[i].prefix)) == 0) {
            *retryable = states[i].retryable;
            return states[i].status;
        }
    }
    *retryable = false;
    return CW_E_INTERNAL;
}

/* The columns of `Key (lower(email))=(...) already exists.`: what stands in the first parentheses. Values are
 * left out: they may be someone's. */
static void columns_of_detail(const char *detail, char columns[64])
{
    columns[0] = '\0';
    const char *start = detail != NULL ? strchr(detail, '(') : NULL;
    const char *end = start != NULL ? strstr(start, ")=(") : NULL;
    if (end == NULL) {
        return;
    }
    start++;
    if (strncmp(start, "lower(", 6) == 0 && end > start + 7) {
        start += 6;
        end--;
    }
    snprintf(columns, 64, "%.*s", (int)(end - start), start);
}

/* A partition bears its table's name and a month, or _other. */
static void table_of_partition(const char *name, char table[64])
{
    snprintf(table, 64, "%s", name != NULL ? name : "");
    const size_t length = strlen(table);
    if (length > 6 && strcmp(table + length - 6, "_other") == 0) {
        table[length - 6] = '\0';
    } else if (length > 8 && strspn(table + length - 7, "_0123456789") == 7) {
        table[length - 8] = '\0';
    }
}

/* A check is named TABLE_COLUMN_check. */
static void column_of_check(const char *constraint, const char *table, char column[64])
{
    const size_t table_length = strlen(table);
    const size_t length = constraint != NULL ? strlen(constraint) : 0;
    column[0] = '\0';
    if (length > table_length + 7 && strncmp(constraint, table, table_length) == 0 &&
        strcmp(constraint + length - 6, "_check") == 0) {
        snprintf(column, 64, "%.*s", (int)(length - table_length - 7), constraint + table_length + 1);
    }
}

/* Others may have used the same numbers for rows of theirs: those that are made later have others. */
static cw_status constraint_error(const struct cw_pg_connection *connection, const PGresult *result,
                                  const char *state, cw_status status, bool *retryable,
                                  struct cw_error *error)
{
    char table[64];
    char column[64];
    table_of_partition(PQresultErrorField(result, PG_DIAG_TABLE_NAME), table);
    *retryable = status == CW_E_CONFLICT && cw_entity_find(table, strlen(table)) != NULL;
    if (strcmp(state, "23514") == 0) {
        column_of_check(PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME), table, column);
    } else if (strcmp(state, "23502") == 0) {
        const char *name = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
        snprintf(column, sizeof column, "%s", name != NULL ? name : "");
    } else {
        columns_of_detail(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL), column);
    }
    return cw_error_set(error, status, column, "store %s: %s%s%s: %.200s", connection->name, table,
                        column[0] != '\0' ? "." : "", column,
                        PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

/* libpq calls a connection sound whose last write failed, until it is read to its end. */
static void read_to_end(PGconn *handle)
{
    for (int i = 0; i < 8 && PQstatus(handle) == CONNECTION_OK && PQconsumeInput(handle) == 1; i++) {
    }
}

/* The server has one state for statements that took too long and for those that somebody ended. */
static bool was_ended(const struct cw_pg_connection *connection, const char *state)
{
    return strcmp(state, "57014") == 0 && connection->cancelled != NULL &&
           atomic_load_explicit(connection->cancelled, memory_order_relaxed);
}

cw_status cw_pg_error(const struct cw_pg_connection *connection, const PGresult *result,
                      struct cw_error *error)
{
    const char *state = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    bool retryable = true;
    cw_status status = CW_E_UNAVAILABLE;
    if (state != NULL) {
        status = was_ended(connection, state) ? CW_E_CANCELLED : status_of_state(state, &retryable);
    } else {
        read_to_end(connection->handle);
    }
    if (state != NULL && strncmp(state, "23", 2) == 0) {
        status = constraint_error(connection, result, state, status, &retryable, error);
    } else {
        const char *primary = state != NULL ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)
                                            : PQerrorMessage(connection->handle);
        /* Full memory, disk or lock table: the server knows which setting helps. */
        const char *hint = state != NULL && strncmp(state, "53", 2) == 0
                               ? PQresultErrorField(result, PG_DIAG_MESSAGE_HINT)
                               : NULL;
        cw_error_set(error, status, "store", "store %s: %.*s%s%s", connection->name,
                     (int)strcspn(primary, "\n"), primary, hint != NULL ? ". " : "",
                     hint != NULL ? hint : "");
    }
    if (error != NULL) {
        error->retryable = retryable;
    }
    return status;
}

/* ---- Parameters ---- */

void cw_pg_parameters_clear(struct cw_pg_parameters *parameters)
{
    cw_buffer_clear(&parameters->bytes);
    *parameters = (struct cw_pg_parameters){0};
}

cw_status cw_pg_add_bytes(struct cw_pg_parameters *parameters, const void *bytes, size_t size,
                          struct cw_error *error)
{
    if (parameters->count == CW_PG_PARAMETERS_MAX || size > INT32_MAX) {
        return cw_error_set(error, CW_E_LIMIT, NULL, "a statement has more than %d parameters",
                            CW_PG_PARAMETERS_MAX);
    }
    const int at = parameters->count;
    parameters->offsets[at] = parameters->bytes.size;
    parameters->lengths[at] = (int)size;
    parameters->is_null[at] = bytes == NULL;
    const cw_status status =
        size > 0 && bytes != NULL ? cw_buffer_append(&parameters->bytes, bytes, size, error) : CW_OK;
    parameters->count += status == CW_OK;
    return status;
}

cw_status cw_pg_add_int64(struct cw_pg_parameters *parameters, int64_t value, struct cw_error *error)
{
    const uint64_t bits = htobe64((uint64_t)value);
    return cw_pg_add_bytes(parameters, &bits, sizeof bits, error);
}

cw_status cw_pg_add_int32(struct cw_pg_parameters *parameters, int32_t value, struct cw_error *error)
{
    const uint32_t bits = htobe32((uint32_t)value);
    return cw_pg_add_bytes(parameters, &bits, sizeof bits, error);
}

cw_status cw_pg_add_instant(struct cw_pg_parameters *parameters, int64_t time, struct cw_error *error)
{
    return cw_pg_add_int64(parameters, time - CW_PG_EPOCH_MICROS, error);
}

cw_status cw_pg_add_text(struct cw_pg_parameters *parameters, const char *text, struct cw_error *error)
{
    return cw_pg_add_bytes(parameters, text, strlen(text), error);
}

/* Parameters as libpq takes them. */
struct passed {
    const char *values[CW_PG_PARAMETERS_MAX];
    int formats[CW_PG_PARAMETERS_MAX];
};

static void pass(const struct cw_pg_parameters *parameters, struct passed *passed)
{
    for (int i = 0; i < parameters->count; i++) {
        const char *bytes = parameters->bytes.data != NULL ? parameters->bytes.data : "";
        passed->values[i] = parameters->is_null[i] ? NULL : bytes + parameters->offsets[i];
        passed->formats[i] = 1;
    }
}

/* ---- Connecting ---- */

/* Another process may hold the writer this long before we give up; what a sort may take. Then what a role or
 * a database may set otherwise: words of ours mean one thing, what was answered was synced, and what is read
 * after waiting for a lock is what its holder left. Tables of later schemas of the search path are not ours.
 * The server finds out within half a minute that a machine has vanished, and frees its locks. */
static const char settings[] =
    "SET client_encoding = 'UTF8'; SET timezone = 'UTC'; SET lock_timeout = '30s'; SET work_mem = '64MB'; "
    "SET cursor_tuple_fraction = 1; SET client_min_messages = warning; SET DateStyle = 'ISO'; "
    "SET standard_conforming_strings = on; SET quote_all_identifiers = off; SET array_nulls = on; "
    "SET transform_null_equals = off; SET default_transaction_isolation = 'read committed'; "
    "SET default_transaction_read_only = off; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; "
    "SET tcp_keepalives_count = 3; "
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = "
    "'off'; SELECT set_config('search_path', quote_ident(current_schema()), false) WHERE current_schema() IS "
    "NOT NULL; SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'";

/* libpq would print what the server remarks. */
static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

/* libpq has no code for why it could not connect, and speaks English here: no locale is set. */
bool cw_pg_is_crowded(const struct cw_error *error)
{
    return strstr(error->message, "too many connections") != NULL ||
           strstr(error->message, "too many clients") != NULL ||
           strstr(error->message, "connection slots are reserved") != NULL;
}

/* What libpq refuses before it asks a server, which no later try changes. */
static cw_status connecting_error(const struct cw_pg_connection *opened, struct cw_error *error)
{
    const char *message = PQerrorMessage(opened->handle);
    return strncmp(message, "invalid ", 8) == 0
               ? cw_error_set(error, CW_E_INVALID, "store", "store %s: %.*s", opened->name,
                              (int)strcspn(message, "\n"), message)
               : cw_pg_error(opened, NULL, error);
}

cw_status cw_pg_connect(const char *location, const char *name, bool read_only,
                        struct cw_pg_connection **connection, struct cw_error *error)
{
    /* A server whose machine has vanished is given up after half a minute; the address may say otherwise. */
    static const char *const keywords[] = {
        "connect_timeout",  "fallback_application_name", "keepalives_idle", "keepalives_interval",
        "keepalives_count", "tcp_user_timeout",          "dbname",          NULL};
    const char *const values[] = {"10", "cartwright", "10", "5", "3", "30000", location, NULL};
    struct cw_pg_connection *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: opening store %s", name);
    }
    opened->name = name;
    opened->handle = PQconnectdbParams(keywords, values, 1);
    cw_status status = CW_OK;
    if (opened->handle == NULL) {
        status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: opening store %s", name);
    } else if (PQstatus(opened->handle) != CONNECTION_OK) {
        status = connecting_error(opened, error);
    } else if (PQserverVersion(opened->handle) < 130000) {
        status = cw_error_set(error, CW_E_UNSUPPORTED, "store",
                              "store %s is of PostgreSQL %d, expected version 13 or newer", name,
                              PQserverVersion(opened->handle) / 10000);
    } else if (strcmp(PQparameterStatus(opened->handle, "server_encoding"), "UTF8") != 0) {
        status = cw_error_set(error, CW_E_UNSUPPORTED, "store", "store %s has the encoding %s, expected UTF8",
                              name, PQparameterStatus(opened->handle, "server_encoding"));
    }
    if (status == CW_OK) {
        PQsetNoticeProcessor(opened->handle, ignore_notice, NULL);
        status = cw_pg_execute(opened, settings, error);
    }
    if (status == CW_OK && read_only) {
        status = cw_pg_execute(opened, "SET default_transaction_read_only = on", error);
    }
    if (status != CW_OK) {
        cw_pg_disconnect(opened);
        return status;
    }
    *connection = opened;
    return CW_OK;
}

void cw_pg_disconnect(struct cw_pg_connection *connection)
{
    if (connection != NULL) {
        PQfinish(connection->handle);
        for (int i = 0; i < connection->statement_count; i++) {
            free(connection->statements[i]);
        }
        free(connection);
    }
}

bool cw_pg_is_alive(struct cw_pg_connection *connection)
{
    if (PQstatus(connection->handle) != CONNECTION_OK ||
        PQtransactionStatus(connection->handle) != PQTRANS_IDLE) {
        return false;
    }
    /* An idle connection has nothing to say but that it ends. */
    struct pollfd socket = {.fd = PQsocket(connection->handle), .events = POLLIN};
    if (poll(&socket, 1, 0) > 0) {
        return PQconsumeInput(connection->handle) != 0 && PQstatus(connection->handle) == CONNECTION_OK &&
               (socket.revents & (POLLHUP | POLLERR)) == 0;
    }
    return true;
}

/* ---- Statements ---- */

static bool has_succeeded(const PGresult *result)
{
    const ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

cw_status cw_pg_execute(struct cw_pg_connection *connection, const char *sql, struct cw_error *error)
{
    PGresult *result = PQexec(connection->handle, sql);
    const cw_status status = has_succeeded(result) ? CW_OK : cw_pg_error(connection, result, error);
    PQclear(result);
    return status;
}

/* Filters make texts without end: begin anew. */
cw_status cw_pg_make_room(struct cw_pg_connection *connection, int statements, struct cw_error *error)
{
    if (connection->statement_count + statements <= CW_PG_STATEMENTS_MAX) {
        return CW_OK;
    }
    const cw_status status = cw_pg_execute(connection, "DEALLOCATE ALL", error);
    while (status == CW_OK && connection->statement_count > 0) {
        free(connection->statements[--connection->statement_count]);
    }
    return status;
}

cw_status cw_pg_prepare(struct cw_pg_connection *connection, const char *sql, char name[16],
                        struct cw_error *error)
{
    int at = 0;
    while (at < connection->statement_count && strcmp(connection->statements[at], sql) != 0) {
        at++;
    }
    snprintf(name, 16, "s%d", at < CW_PG_STATEMENTS_MAX ? at : 0);
    if (at < connection->statement_count) {
        return CW_OK;
    }
    const cw_status roomy = cw_pg_make_room(connection, 1, error);
    if (roomy != CW_OK) {
        return roomy;
    }
    char *copy = strdup(sql);
    if (copy == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: statement of %zu bytes",
                            strlen(sql));
    }
    PGresult *result = PQprepare(connection->handle, name, sql, 0, NULL);
    const cw_status status = has_succeeded(result) ? CW_OK : cw_pg_error(connection, result, error);
    PQclear(result);
    if (status != CW_OK) {
        free(copy);
        return status;
    }
    connection->statements[connection->statement_count++] = copy;
    return CW_OK;
}

cw_status cw_pg_query(struct cw_pg_connection *connection, const char *sql,
                      const struct cw_pg_parameters *parameters, PGresult **result, struct cw_error *error)
{
    static const struct cw_pg_parameters none;
    char name[16];
    struct passed passed;
    const cw_status status = cw_pg_prepare(connection, sql, name, error);
    if (status != CW_OK) {
        return status;
    }
    const struct cw_pg_parameters *given = parameters != NULL ? parameters : &none;
    pass(given, &passed);
    PGresult *answer = PQexecPrepared(connection->handle, name, given->count, passed.values, given->lengths,
                                      passed.formats, 1);
    if (!has_succeeded(answer)) {
        const cw_status failed = cw_pg_error(connection, answer, error);
        PQclear(answer);
        return failed;
    }
    *result = answer;
    return CW_OK;
}

cw_status cw_pg_run(struct cw_pg_connection *connection, const char *sql,
                    const struct cw_pg_parameters *parameters, struct cw_error *error)
{
    PGresult *result = NULL;
    const cw_status status = cw_pg_query(connection, sql, parameters, &result, error);
    if (status == CW_OK) {
        PQclear(result);
    }
    return status;
}

cw_status cw_pg_number(struct cw_pg_connection *connection, const char *sql,
                       const struct cw_pg_parameters *parameters, int64_t *value, struct cw_error *error)
{
    PGresult *result = NULL;
    const cw_status status = cw_pg_query(connection, sql, parameters, &result, error);
    if (status == CW_OK) {
        *value = PQntuples(result) > 0 ? cw_pg_integer(result, 0, 0) : 0;
        PQclear(result);
    }
    return status;
}

cw_status cw_pg_send(struct cw_pg_connection *connection, const char *name,
                     const struct cw_pg_parameters *parameters, struct cw_error *error)
{
    static const struct cw_pg_parameters none;
    struct passed passed;
    const struct cw_pg_parameters *given = parameters != NULL ? parameters : &none;
    pass(given, &passed);
    return PQsendQueryPrepared(connection->handle, name, given->count, passed.values, given->lengths,
                               passed.formats, 1) == 1
               ? CW_OK
               : cw_pg_error(connection, NULL, error);
}

int64_t cw_pg_integer(const PGresult *result, int row, int field)
{
    if (PQgetisnull(result, row, field)) {
        return 0;
    }
    const char *bytes = PQgetvalue(result, row, field);
    uint64_t wide;
    uint32_t narrow;
    uint16_t small;
    switch (PQgetlength(result, row, field)) {
    case 8:
        memcpy(&wide, bytes, sizeof wide);
        return (int64_t)be64toh(wide) + (PQftype(result, field) == OID_TIMESTAMPTZ ? CW_PG_EPOCH_MICROS : 0);
    case 4:
        memcpy(&narrow, bytes, sizeof narrow);
        return (int32_t)be32toh(narrow) + (PQftype(result, field) == OID_DATE ? CW_PG_EPOCH_DAYS : 0);
    case 2:
        memcpy(&small, bytes, sizeof small);
        return (int16_t)be16toh(small);
    default:
        return PQftype(result, field) == OID_BOOL && bytes[0] != 0;
    }
}

void cw_pg_text(const PGresult *result, int row, int field, char *text, size_t size)
{
    snprintf(text, size, "%s", PQgetvalue(result, row, field));
}

void cw_pg_bytes(const PGresult *result, int row, int field, void *bytes, size_t size)
{
    if ((size_t)PQgetlength(result, row, field) == size) {
        memcpy(bytes, PQgetvalue(result, row, field), size);
    }
}

cw_status cw_pg_buffer(const PGresult *result, int row, int field, struct cw_buffer *buffer,
                       struct cw_error *error)
{
    const size_t size = (size_t)PQgetlength(result, row, field);
    return size > 0 ? cw_buffer_append(buffer, PQgetvalue(result, row, field), size, error) : CW_OK;
}
