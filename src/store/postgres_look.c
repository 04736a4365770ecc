#include "store/store_look.h"

#include "store/postgres_connection.h"

#define COLUMNS_MAX 32

/* Every column is text, so that its binary form is its characters, with a terminator of libpq. */
static const char *text_of(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

cw_status cw_store_look(const char *location, const char *sql,
                        void (*row)(void *context, int columns, const char *const *values), void *context,
                        struct cw_error *error)
{
    struct cw_pg_connection *connection = NULL;
    PGresult *result = NULL;
    const char *values[COLUMNS_MAX];
    cw_status status = cw_pg_connect(location, "PostgreSQL", true, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_pg_query(connection, sql, NULL, &result, error);
    for (int i = 0; status == CW_OK && i < PQntuples(result); i++) {
        const int columns = PQnfields(result) < COLUMNS_MAX ? PQnfields(result) : COLUMNS_MAX;
        for (int j = 0; j < columns; j++) {
            values[j] = text_of(result, i, j);
        }
        row(context, columns, values);
    }
    PQclear(result);
    cw_pg_disconnect(connection);
    return status;
}
