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

#define LOCK_SQL(before, after)                                                                              \
    "DO $$ DECLARE names text; patience text := current_setting('lock_timeout'); BEGIN " before              \
    "SELECT string_agg(quote_ident(name), ', ') INTO names FROM deferred_tables; IF names IS NOT NULL THEN " \
    "EXECUTE 'LOCK TABLE ' || names || ' IN ACCESS EXCLUSIVE MODE'; END IF; " after "END $$"

static const char lock_sql[] = LOCK_SQL("", "");
static const char try_lock_sql[] = LOCK_SQL("PERFORM set_config('lock_timeout', '100ms', true); ",
                                            "PERFORM set_config('lock_timeout', patience, true); ");

cw_status cw_pg_lock_readers_out(struct cw_pg_connection *connection, struct cw_error *error)
{
    cw_status status = cw_pg_execute(connection, "SAVEPOINT locks", error);
    for (int i = 0; status == CW_OK && i < LOCK_ATTEMPTS; i++) {
        status = cw_pg_execute(connection, try_lock_sql, error);
        if (status != CW_E_TIMEOUT) {
            return status;
        }
        status = cw_pg_execute(connection, "ROLLBACK TO SAVEPOINT locks", error);
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NANOSECONDS}, NULL);
    }
    return status == CW_OK ? cw_pg_execute(connection, lock_sql, error) : status;
}

cw_status cw_pg_build(struct cw_pg_connection *connection, struct cw_error *error)
{
    const cw_status status = cw_pg_lock_readers_out(connection, error);
    return status == CW_OK ? cw_pg_execute(connection, "SELECT cartwright_build()", error) : status;
}

cw_status cw_pg_put_back(struct cw_pg_connection *connection, struct cw_error *error)
{
    const cw_status status = cw_pg_lock_readers_out(connection, error);
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
