/* Rows of a query and a picture of one moment, for what both stores share. */
#include <stdio.h>
#include <stdlib.h>

#include "store/postgres_store.h"

/* Rows that come at once where many may come. */
#define FETCH_SQL "FETCH FORWARD 8192 FROM rows"

struct pg_rows {
    struct cw_cursor base;
    struct cw_pg_connection *connection;
    PGresult *result;
    int row;
    int row_count;
    bool has_cursor; /* and there may be more rows */
};

struct pg_reader {
    struct cw_reader base;
    struct cw_pg_connection *connection;
    struct pg_rows rows;
};

static struct pg_rows *rows_of(struct cw_cursor *rows)
{
    return (struct pg_rows *)(void *)rows;
}

static cw_status fetch(struct pg_rows *rows, struct cw_error *error)
{
    PQclear(rows->result);
    rows->result = NULL;
    rows->row = 0;
    rows->row_count = 0;
    PGresult *result = PQexecParams(rows->connection->handle, FETCH_SQL, 0, NULL, NULL, NULL, NULL, 1);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        const cw_status status = cw_pg_error(rows->connection, result, error);
        PQclear(result);
        return status;
    }
    rows->result = result;
    rows->row_count = PQntuples(result);
    rows->has_cursor = rows->row_count > 0;
    return CW_OK;
}

static cw_status rows_next(struct cw_cursor *base, bool *has_row, struct cw_error *error)
{
    struct pg_rows *rows = rows_of(base);
    rows->row++;
    if (rows->row >= rows->row_count && rows->has_cursor) {
        const cw_status status = fetch(rows, error);
        if (status != CW_OK) {
            return status;
        }
    }
    *has_row = rows->row < rows->row_count;
    return CW_OK;
}

static bool rows_is_null(struct cw_cursor *base, int field)
{
    return PQgetisnull(rows_of(base)->result, rows_of(base)->row, field) != 0;
}

static int64_t rows_integer(struct cw_cursor *base, int field)
{
    return cw_pg_integer(rows_of(base)->result, rows_of(base)->row, field);
}

static const void *rows_bytes(struct cw_cursor *base, int field, size_t *size)
{
    const struct pg_rows *rows = rows_of(base);
    *size = (size_t)PQgetlength(rows->result, rows->row, field);
    return PQgetisnull(rows->result, rows->row, field) ? NULL : PQgetvalue(rows->result, rows->row, field);
}

static void rows_close(struct cw_cursor *base)
{
    struct pg_rows *rows = rows_of(base);
    PQclear(rows->result);
    rows->result = NULL;
}

static cw_status add_parameters(const struct cw_parameter *given, uint32_t count,
                                struct cw_pg_parameters *parameters, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (uint32_t i = 0; status == CW_OK && i < count; i++) {
        if (given[i].kind == CW_PARAMETER_INTEGER) {
            status = cw_pg_add_int64(parameters, given[i].integer, error);
        } else if (given[i].kind == CW_PARAMETER_UUID) {
            status = cw_pg_add_bytes(parameters, given[i].bytes, 16, error);
        } else {
            status = cw_pg_add_text(parameters, given[i].bytes, error);
        }
    }
    return status;
}

/* Declares the cursor. DECLARE takes no parameters of unknown type, but those of its query have columns'. */
static cw_status open_cursor(struct pg_rows *rows, const char *sql, const struct cw_pg_parameters *parameters,
                             struct cw_error *error)
{
    struct cw_buffer declaration = {0};
    cw_status status = cw_pg_execute(rows->connection, "CLOSE ALL", error);
    if (status == CW_OK) {
        status = cw_buffer_format(&declaration, error, "DECLARE rows NO SCROLL CURSOR FOR %s", sql);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&declaration, "", 1, error);
    }
    if (status == CW_OK) {
        const char *values[CW_PARAMETERS_MAX];
        int formats[CW_PARAMETERS_MAX];
        for (int i = 0; i < parameters->count; i++) {
            values[i] = parameters->bytes.data + parameters->offsets[i];
            formats[i] = 1;
        }
        PGresult *result = PQexecParams(rows->connection->handle, declaration.data, parameters->count, NULL,
                                        values, parameters->lengths, formats, 0);
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            status = cw_pg_error(rows->connection, result, error);
        }
        PQclear(result);
    }
    cw_buffer_clear(&declaration);
    rows->has_cursor = status == CW_OK;
    return status;
}

cw_status cw_pg_reader_query(struct cw_reader *base, const char *sql, const struct cw_parameter *parameters,
                             uint32_t parameter_count, bool many, struct cw_cursor **rows,
                             struct cw_error *error)
{
    static const struct cw_cursor_operations operations = {
        .next = rows_next,
        .is_null = rows_is_null,
        .integer = rows_integer,
        .bytes = rows_bytes,
        .close = rows_close,
    };
    struct pg_reader *reader = (struct pg_reader *)(void *)base;
    struct cw_pg_parameters passed = {0};
    struct cw_buffer translated = {0};
    reader->rows =
        (struct pg_rows){.base = {.operations = &operations}, .connection = reader->connection, .row = -1};
    cw_status status = add_parameters(parameters, parameter_count, &passed, error);
    if (status == CW_OK) {
        status = cw_pg_translate(sql, &translated, error);
    }
    if (status == CW_OK && many) {
        status = open_cursor(&reader->rows, translated.data, &passed, error);
    } else if (status == CW_OK) {
        status = cw_pg_query(reader->connection, translated.data, &passed, &reader->rows.result, error);
        reader->rows.row_count = status == CW_OK ? PQntuples(reader->rows.result) : 0;
    }
    cw_pg_parameters_clear(&passed);
    cw_buffer_clear(&translated);
    if (status == CW_OK) {
        *rows = &reader->rows.base;
    }
    return status;
}

/* However long it takes to use rows before the next are asked for, the picture must last. */
#define BEGIN_SQL "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
#define PATIENT_SQL "; SET LOCAL idle_in_transaction_session_timeout = 0"

static cw_status begin_reader(struct cw_store *base, const char *begin, struct cw_reader **reader,
                              struct cw_error *error)
{
    struct pg_reader *begun = calloc(1, sizeof *begun);
    if (begun == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: reading %s", base->name);
    }
    begun->base.store = base;
    const cw_status status = cw_pg_begin_reading(cw_pg_store_of(base), begin, &begun->connection, error);
    if (status != CW_OK) {
        free(begun);
        return status;
    }
    *reader = &begun->base;
    return CW_OK;
}

/* Takes the moment of all that is read. What connections of a load have committed into tables aside (see
 * postgres_aside.h) is seen by a moment before the load's end, and would be found in the tables by who looks
 * after it. So where something is aside at that moment, the load must wait with its end for us. */
static cw_status take_moment(struct cw_pg_connection *connection, struct cw_error *error)
{
    static const char lock[] =
        "SAVEPOINT moment; LOCK TABLE orders, order_items, order_status_history, payments, shipments, "
        "stock_movements IN ACCESS SHARE MODE";
    int64_t aside = 0;
    cw_status status = cw_pg_execute(connection, lock, error);
    if (status == CW_OK) {
        status = cw_pg_number(connection, "SELECT count(*) FROM tables_aside", NULL, &aside, error);
    }
    if (PQstatus(connection->handle) != CONNECTION_OK || status == CW_E_TIMEOUT) {
        return status;
    }
    /* Who may not read all tables, or finds them changed, reads what is there. */
    return cw_pg_execute(connection,
                         aside > 0 ? "RELEASE SAVEPOINT moment"
                                   : "ROLLBACK TO SAVEPOINT moment; RELEASE SAVEPOINT moment",
                         error);
}

cw_status cw_pg_reader_begin(struct cw_store *base, struct cw_reader **reader, struct cw_error *error)
{
    cw_status status = begin_reader(base, BEGIN_SQL PATIENT_SQL, reader, error);
    if (status == CW_OK) {
        status = take_moment(((struct pg_reader *)(void *)*reader)->connection, error);
        if (status != CW_OK) {
            cw_pg_reader_end(*reader);
        }
    }
    return status;
}

cw_status cw_pg_reader_share(struct cw_reader *base, struct cw_reader **other, struct cw_error *error)
{
    struct cw_pg_connection *connection = ((struct pg_reader *)(void *)base)->connection;
    char begin[256];
    PGresult *result = NULL;
    cw_status status = cw_pg_query(connection, "SELECT pg_export_snapshot()", NULL, &result, error);
    if (status != CW_OK) {
        return status;
    }
    snprintf(begin, sizeof begin, BEGIN_SQL "; SET TRANSACTION SNAPSHOT '%.64s'" PATIENT_SQL,
             PQgetvalue(result, 0, 0));
    PQclear(result);
    status = begin_reader(base->store, begin, other, error);
    /* The moment ends with the connection that has it; the server calls it invalid then, which explains less
     * than what became of the connection. */
    if (status != CW_OK) {
        const cw_status lost = cw_pg_execute(connection, "SELECT 1", error);
        status = lost != CW_OK ? lost : status;
    }
    return status;
}

void cw_pg_reader_end(struct cw_reader *base)
{
    struct pg_reader *reader = (struct pg_reader *)(void *)base;
    cw_pg_execute(reader->connection, "ROLLBACK", NULL);
    cw_pg_return(cw_pg_store_of(base->store), reader->connection);
    free(reader);
}

/* The counters are changed by the transactions that add the rows. */
cw_status cw_pg_reader_basis(struct cw_reader *base, int64_t rows[CW_ENTITY_COUNT], struct cw_error *error)
{
    return cw_pg_counters_read(((struct pg_reader *)(void *)base)->connection, rows, NULL, error);
}
