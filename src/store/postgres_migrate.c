#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/migrations.h"
#include "store/postgres_store.h"

/* Statements that must agree before a schema counts as changed. */
#define SHAPE_LOOKS 5

static const char revision_tables[] =
    "CREATE TABLE schema_revisions (revision integer PRIMARY KEY, name text NOT NULL, digest text NOT NULL, "
    "applied_at timestamptz NOT NULL); CREATE TABLE IF NOT EXISTS alembic_version (version_num varchar(32) "
    "NOT "
    "NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))";

/* Another program's revisions would no longer be understood by its own Alembic with ours among them. */
static cw_status check_alembic(struct cw_pg_connection *connection, struct cw_error *error)
{
    int64_t found = 0;
    cw_status status =
        cw_pg_number(connection, "SELECT count(to_regclass('alembic_version'))", NULL, &found, error);
    if (status == CW_OK && found != 0) {
        status = cw_pg_number(connection, "SELECT count(*) FROM alembic_version", NULL, &found, error);
    }
    if (status == CW_OK && found != 0) {
        status = cw_error_set(error, CW_E_CORRUPT, "store",
                              "store %s has a table alembic_version with the revisions of another program; "
                              "expected a database or schema without one",
                              connection->name);
    }
    return status;
}

/* A database may hold others' tables, but none that bears a name of ours. */
static cw_status check_owner(struct cw_pg_connection *connection, bool *is_new, struct cw_error *error)
{
    int64_t revisions = 0;
    cw_status status =
        cw_pg_number(connection, "SELECT count(to_regclass('schema_revisions'))", NULL, &revisions, error);
    *is_new = revisions == 0;
    for (int e = 0; status == CW_OK && *is_new && e < CW_ENTITY_COUNT; e++) {
        struct cw_pg_parameters parameters = {0};
        int64_t found = 0;
        const char *table = cw_entity_get((enum cw_entity_id)e)->table;
        status = cw_pg_add_text(&parameters, table, error);
        if (status == CW_OK) {
            status =
                cw_pg_number(connection, "SELECT count(to_regclass($1::text))", &parameters, &found, error);
        }
        cw_pg_parameters_clear(&parameters);
        if (status == CW_OK && found != 0) {
            status = cw_error_set(error, CW_E_CORRUPT, "store",
                                  "store %s has a table %s of another program; expected a database or schema "
                                  "without one",
                                  connection->name, table);
        }
    }
    return status == CW_OK && *is_new ? check_alembic(connection, error) : status;
}

static cw_status compare_revision(const struct cw_pg_connection *connection, const PGresult *result, int row,
                                  struct cw_error *error)
{
    const int revision = (int)cw_pg_integer(result, row, 0);
    const char *name = PQgetvalue(result, row, 1);
    const char *digest = PQgetvalue(result, row, 2);
    if (revision > cw_pg_migration_count) {
        return cw_error_set(error, CW_E_UNSUPPORTED, "store",
                            "store %s is of a newer version: it has schema revision %d (%s), this program "
                            "knows revisions up to %d",
                            connection->name, revision, name, cw_pg_migration_count);
    }
    if (revision != PQntuples(result) - row) {
        return cw_error_set(error, CW_E_CORRUPT, "store", "store %s: its schema revisions have a gap",
                            connection->name);
    }
    const struct cw_migration *known = &cw_pg_migrations[revision - 1];
    if (strcmp(digest, known->digest) != 0) {
        return cw_error_set(
            error, CW_E_UNSUPPORTED, "store",
            "store %s: schema revision %d (%s) was applied with digest %.16s..., this program "
            "has %s with digest %.16s...",
            connection->name, revision, name, digest, known->name, known->digest);
    }
    return CW_OK;
}

static cw_status compare_revisions(struct cw_pg_connection *connection, int *applied, struct cw_error *error)
{
    PGresult *result;
    cw_status status =
        cw_pg_query(connection, "SELECT revision, name, digest FROM schema_revisions ORDER BY revision DESC",
                    NULL, &result, error);
    if (status != CW_OK) {
        return status;
    }
    for (int row = 0; status == CW_OK && row < PQntuples(result); row++) {
        status = compare_revision(connection, result, row, error);
    }
    if (status == CW_OK) {
        *applied = PQntuples(result);
    }
    PQclear(result);
    return status;
}

static cw_status note_revision(struct cw_pg_connection *connection, const struct cw_migration *migration,
                               struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    cw_status status = cw_pg_add_int32(&parameters, migration->revision, error);
    if (status == CW_OK) {
        status = cw_pg_add_text(&parameters, migration->name, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_text(&parameters, migration->digest, error);
    }
    if (status == CW_OK) {
        status = cw_pg_run(connection, "INSERT INTO schema_revisions VALUES ($1, $2, $3, now())", &parameters,
                           error);
    }
    cw_pg_parameters_clear(&parameters);
    return status;
}

/* As Alembic does it: the row of the revision before is changed, rows of others stay. */
static cw_status note_for_alembic(struct cw_pg_connection *connection, const struct cw_migration *migration,
                                  struct cw_error *error)
{
    char id[CW_MIGRATION_ID_SIZE];
    char before[CW_MIGRATION_ID_SIZE] = "";
    char sql[256];
    cw_migration_id(migration, id);
    if (migration->revision > 1) {
        cw_migration_id(migration - 1, before);
    }
    snprintf(
        sql, sizeof sql,
        "DELETE FROM alembic_version WHERE version_num = '%s'; INSERT INTO alembic_version VALUES ('%s')",
        before, id);
    return cw_pg_execute(connection, sql, error);
}

/* Keys that a killed load left missing are built first: the new shape is that of the tables as they are. */
static cw_status apply_missing(struct cw_pg_connection *connection, bool is_new, int applied,
                               struct cw_error *error)
{
    cw_status status =
        is_new ? cw_pg_execute(connection, revision_tables, error) : cw_pg_build(connection, error);
    for (int i = applied; status == CW_OK && i < cw_pg_migration_count; i++) {
        status = cw_pg_execute(connection, cw_pg_migrations[i].sql, error);
        if (status == CW_OK) {
            status = note_revision(connection, &cw_pg_migrations[i], error);
        }
        if (status == CW_OK) {
            status = note_for_alembic(connection, &cw_pg_migrations[i], error);
        }
    }
    return status == CW_OK ? cw_pg_execute(connection,
                                           "DELETE FROM schema_shape; INSERT INTO schema_shape SELECT * FROM "
                                           "cartwright_shape",
                                           error)
                           : status;
}

/* "index orders.orders_customer_id", of a row of look_at_shape. */
static void name_part(const PGresult *result, int row, char name[160])
{
    const char *relation = PQgetvalue(result, row, 1);
    const char *part = PQgetvalue(result, row, 2);
    snprintf(name, 160, "%s %s%s%s", PQgetvalue(result, row, 0), relation,
             relation[0] != '\0' && part[0] != '\0' ? "." : "", part);
}

static cw_status report_change(const struct cw_pg_connection *connection, const PGresult *result,
                               struct cw_error *error)
{
    const bool is_missing = PQgetisnull(result, 0, 4) != 0;
    char name[160];
    char others[200] = "";
    size_t used = 0;
    for (int row = 1; row < PQntuples(result) && used < sizeof others; row++) {
        name_part(result, row, name);
        used +=
            (size_t)snprintf(others + used, sizeof others - used, "%s%s", row == 1 ? "; also " : ", ", name);
    }
    name_part(result, 0, name);
    return cw_error_set(error, CW_E_CORRUPT, "store",
                        "store %s was changed by hand in %d places: the %s is %.80s, expected %.80s%s",
                        connection->name, PQntuples(result), name,
                        is_missing ? "missing" : PQgetvalue(result, 0, 4), PQgetvalue(result, 0, 3), others);
}

/* Sets *result to what differs. While a load has taken keys and indexes away, only what it leaves is
 * compared. */
static cw_status look_at_shape(struct cw_pg_connection *connection, PGresult **result, struct cw_error *error)
{
    cw_status status = cw_pg_execute(connection, "SAVEPOINT look", error);
    if (status != CW_OK) {
        return status;
    }
    status =
        cw_pg_query(connection,
                    "SELECT kind, relation, name, was.definition, now.definition FROM schema_shape AS was "
                    "LEFT JOIN cartwright_shape AS now USING (kind, relation, name) WHERE now.definition IS "
                    "DISTINCT FROM was.definition AND (kind NOT IN ('index', 'key', 'foreign key') OR NOT "
                    "EXISTS (SELECT FROM deferred_tables)) ORDER BY was.step, relation, name",
                    NULL, result, error);
    if (status != CW_OK) {
        cw_pg_execute(connection, "ROLLBACK TO SAVEPOINT look", NULL);
    }
    return status;
}

/* What was changed by hand. A load that takes keys and indexes away at this very moment, or did so when it
 * was killed, may be seen by halves: the server's functions that describe an index find it gone, or fail,
 * where the statement does not see yet why. A later statement sees both. */
static cw_status compare_shape(struct cw_pg_connection *connection, struct cw_error *error)
{
    struct cw_error failure = {0};
    cw_status status = CW_OK;
    for (int look = 0; look < SHAPE_LOOKS; look++) {
        PGresult *result = NULL;
        status = look_at_shape(connection, &result, &failure);
        if (status == CW_OK && PQntuples(result) > 0) {
            status = report_change(connection, result, &failure);
        }
        PQclear(result);
        if (status == CW_OK) {
            return CW_OK;
        }
        if (PQstatus(connection->handle) != CONNECTION_OK) {
            break;
        }
    }
    if (error != NULL) {
        *error = failure;
    }
    return status;
}

static bool is_ours(const char *id)
{
    char known[CW_MIGRATION_ID_SIZE];
    for (int i = 0; i < cw_pg_migration_count; i++) {
        cw_migration_id(&cw_pg_migrations[i], known);
        if (strcmp(id, known) == 0) {
            return true;
        }
    }
    return false;
}

/* Alembic must find the last revision that was applied, or those of others that stand on it: then it leaves
 * ours out. */
static cw_status compare_alembic(struct cw_pg_connection *connection, int applied, struct cw_error *error)
{
    char last[CW_MIGRATION_ID_SIZE];
    PGresult *result;
    cw_status status = cw_pg_query(connection, "SELECT version_num FROM alembic_version ORDER BY version_num",
                                   NULL, &result, error);
    if (status != CW_OK) {
        return status;
    }
    cw_migration_id(&cw_pg_migrations[applied - 1], last);
    const char *found = PQntuples(result) == 0 ? "nothing" : last;
    for (int row = 0; row < PQntuples(result); row++) {
        const char *id = PQgetvalue(result, row, 0);
        found = is_ours(id) && strcmp(id, last) != 0 ? id : found;
    }
    if (strcmp(found, last) != 0) {
        status = cw_error_set(error, CW_E_CORRUPT, "store",
                              "store %s was changed by hand: alembic_version holds %s, expected %s",
                              connection->name, found, last);
    }
    PQclear(result);
    return status;
}

/* What was changed by hand must not become what is expected, nor keys be forgotten that a load took away. */
static cw_status check_before(struct cw_pg_connection *connection, struct cw_error *error)
{
    int64_t deferred = 0;
    cw_status status = cw_pg_execute(connection, "SELECT pg_advisory_xact_lock(" CW_PG_LOCK_WRITE ")", error);
    if (status == CW_OK) {
        status = cw_pg_number(connection, "SELECT count(*) FROM deferred_tables", NULL, &deferred, error);
    }
    if (status == CW_OK && deferred > 0) {
        status = cw_pg_build(connection, error);
    }
    return status == CW_OK ? compare_shape(connection, error) : status;
}

/* Everything is looked at under the lock: another process may have come first. */
static cw_status bring_up(struct cw_pg_connection *connection, bool read_only, bool as_is,
                          struct cw_error *error)
{
    bool is_new = false;
    int applied = 0;
    cw_status status =
        read_only ? CW_OK
                  : cw_pg_execute(connection, "SELECT pg_advisory_xact_lock(" CW_PG_LOCK_MIGRATE ")", error);
    if (status == CW_OK) {
        status = check_owner(connection, &is_new, error);
    }
    if (status == CW_OK && !is_new) {
        status = compare_revisions(connection, &applied, error);
    }
    if (status == CW_OK && applied > 0 && !as_is) {
        status = compare_alembic(connection, applied, error);
    }
    if (status == CW_OK && applied < cw_pg_migration_count && read_only) {
        status =
            cw_error_set(error, CW_E_UNSUPPORTED, "store",
                         "store %s has schema revision %d, this program needs %d and the store is open for "
                         "reading only",
                         connection->name, applied, cw_pg_migration_count);
    }
    if (status == CW_OK && applied > 0 && applied < cw_pg_migration_count) {
        status = check_before(connection, error);
    }
    if (status == CW_OK && applied < cw_pg_migration_count) {
        status = apply_missing(connection, is_new, applied, error);
    }
    return status == CW_OK && !as_is ? compare_shape(connection, error) : status;
}

cw_status cw_pg_migrations_apply(struct cw_pg_connection *connection, bool read_only, bool as_is,
                                 struct cw_error *error)
{
    cw_status status = cw_pg_execute(connection, "BEGIN ISOLATION LEVEL READ COMMITTED", error);
    if (status == CW_OK) {
        status = bring_up(connection, read_only, as_is, error);
    }
    if (status == CW_OK) {
        return cw_pg_execute(connection, "COMMIT", error);
    }
    cw_pg_execute(connection, "ROLLBACK", NULL);
    return status;
}

cw_status cw_pg_migrations_look(struct cw_pg_connection *connection, int *applied, struct cw_error *error)
{
    bool is_new = false;
    *applied = 0;
    const cw_status status = check_owner(connection, &is_new, error);
    return status == CW_OK && !is_new ? compare_revisions(connection, applied, error) : status;
}
