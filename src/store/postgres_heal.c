/* Keys and indexes that a bulk load takes away and builds. */
#include "store/postgres_store.h"

cw_status cw_pg_build(struct cw_pg_connection *connection, struct cw_error *error)
{
    return cw_pg_execute(connection, "SELECT cartwright_build()", error);
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
