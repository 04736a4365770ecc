/* Keys and indexes that a bulk load takes away and builds. */
#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include "store/postgres_store.h"

/* A reader of two tables, of which we hold one and wait for the other, would wait for us in turn until the
 * server ends one of the two for it. So whoever reads first goes first: we let go of what we have and try
 * again, well before the server looks for such a knot (deadlock_timeout, a second). Readers without end are
 * waited for in the end. */
#define LOCK_ATTEMPTS 150
#define LOCK_PAUSE_NANOSECONDS 50000000

/* Locks the tables that a query names, if any. */
#define LOCK_SQL(query, mode)                                                                                \
    "DO $$ DECLARE names text; BEGIN SELECT string_agg(quote_ident(name), ', ') INTO names FROM (" query     \
    ") AS wanted; IF names IS NOT NULL THEN EXECUTE 'LOCK TABLE ' || names || ' IN " mode                    \
    " MODE'; END IF; END $$"

#define DEFERRED_SQL "SELECT name FROM deferred_tables"
/* With their months. Stores of older revisions have no table that lists them. */
#define ASIDE_SQL                                                                                            \
    "SELECT relname FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = "       \
    "current_schema()) AND relkind = 'p' "                                                                   \
    "AND relname ~ '_aside_[0-9]+$'"
/* The tables at both ends of the foreign keys of those without keys. */
#define TIED_SQL                                                                                             \
    "SELECT unnest(ARRAY[relation, target]) AS name FROM schema_shape WHERE kind = 'foreign key' AND "       \
    "(relation IN "                                                                                          \
    "(" DEFERRED_SQL ") OR target IN (" DEFERRED_SQL "))"

static const char *const lock_sql[] = {
    [CW_PG_LOCK_TO_DEFER] = LOCK_SQL(DEFERRED_SQL " UNION " TIED_SQL, "ACCESS EXCLUSIVE"),
    [CW_PG_LOCK_TO_FILL] = "SELECT FROM counters WHERE name LIKE 'rows.%' FOR UPDATE; " LOCK_SQL(
        DEFERRED_SQL, "SHARE ROW EXCLUSIVE"),
    [CW_PG_LOCK_TO_BUILD] = LOCK_SQL(DEFERRED_SQL " UNION " ASIDE_SQL,
                                     "ACCESS EXCLUSIVE") "; " LOCK_SQL(TIED_SQL, "SHARE ROW EXCLUSIVE"),
};

static cw_status attempt(struct cw_pg_connection *connection, enum cw_pg_lock_purpose purpose,
                         struct cw_error *error)
{
    cw_status status = cw_pg_execute(connection, "SELECT set_config('lock_timeout', '100ms', true)", error);
    if (status == CW_OK) {
        status = cw_pg_execute(connection, lock_sql[purpose], error);
    }
    return status == CW_OK
               ? cw_pg_execute(
                     connection,
                     "SELECT set_config('lock_timeout', current_setting('cartwright.patience'), true)", error)
               : status;
}

cw_status cw_pg_lock_others_out(struct cw_pg_connection *connection, enum cw_pg_lock_purpose purpose,
                                struct cw_error *error)
{
    cw_status status = cw_pg_execute(
        connection,
        "SELECT set_config('cartwright.patience', current_setting('lock_timeout'), true); SAVEPOINT locks",
        error);
    for (int i = 0; status == CW_OK && i < LOCK_ATTEMPTS; i++) {
        status = attempt(connection, purpose, error);
        if (status != CW_E_TIMEOUT) {
            return status;
        }
        status = cw_pg_execute(connection, "ROLLBACK TO SAVEPOINT locks", error);
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NANOSECONDS}, NULL);
    }
    return status == CW_OK ? cw_pg_execute(connection, lock_sql[purpose], error) : status;
}

cw_status cw_pg_build(struct cw_pg_connection *connection, struct cw_error *error)
{
    const cw_status status = cw_pg_lock_others_out(connection, CW_PG_LOCK_TO_BUILD, error);
    return status == CW_OK ? cw_pg_execute(connection, "SELECT cartwright_build()", error) : status;
}

cw_status cw_pg_put_back(struct cw_pg_connection *connection, struct cw_error *error)
{
    const cw_status status = cw_pg_lock_others_out(connection, CW_PG_LOCK_TO_BUILD, error);
    return status == CW_OK ? cw_pg_execute(connection, "SELECT cartwright_put_back(true)", error) : status;
}

cw_status cw_pg_heal(struct cw_pg_connection *connection, struct cw_error *error)
{
    int64_t deferred = 0;
    cw_status status =
        cw_pg_execute(connection, "BEGIN; SELECT pg_advisory_xact_lock(" CW_PG_LOCK_WRITE ")", error);
    if (status == CW_OK) {
        status = cw_pg_number(connection, "SELECT count(*) FROM deferred_tables", NULL, &deferred, error);
    }
    if (status == CW_OK && deferred > 0) {
        status = cw_pg_build(connection, error);
    }
    if (status == CW_OK) {
        return cw_pg_execute(connection, "COMMIT", error);
    }
    cw_pg_execute(connection, "ROLLBACK", NULL);
    return status;
}

cw_status cw_pg_heal_unattended(struct cw_pg_connection *connection, struct cw_error *error)
{
    int64_t unattended = 0;
    const cw_status status = cw_pg_number(
        connection,
        "SELECT count(*) FROM deferred_tables WHERE NOT EXISTS (SELECT FROM pg_locks WHERE "
        "locktype = 'advisory' AND granted AND classid::bigint << 32 | objid::bigint = " CW_PG_LOCK_WRITE
        " AND database = (SELECT oid FROM pg_database WHERE datname = "
        "current_database()))",
        NULL, &unattended, error);
    return status == CW_OK && unattended > 0 ? cw_pg_heal(connection, error) : status;
}
