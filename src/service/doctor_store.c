#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service/doctor.h"
#include "service/values.h"
#include "store/store.h"
#include "store/store_look.h"

#define CONNECTIONS_NEEDED 20 /* of one server: the pool and a load's four */
#define OLDEST_POSTGRES 130000
#define CLOCK_MICROSECONDS INT64_C(5000000)
#define PATH_TEXT 1024

/* ---- Who may ask ---- */

/* opened: the store; NULL: it is not there yet, and has no keys. */
static void examine_access(const struct cw_server_options *server, struct cw_store *opened,
                           struct cw_findings *findings)
{
    const struct cw_access_options *access = &server->access;
    struct cw_server_options asked = *server;
    struct cw_error error = {0};
    if (cw_server_is_local(server->address) || access->is_off || access->jwks != NULL ||
        access->jwt_secret != NULL) {
        return;
    }
    asked.store = opened;
    const bool is_known = opened != NULL
                              ? cw_server_check(&asked, &error) == CW_OK
                              : access->is_demanded || cw_access_refuse(server->address, &error) == CW_OK;
    if (is_known) {
        cw_finding_add(findings, CW_FINDING_OK, "access", NULL, "callers must show a key");
    } else {
        cw_finding_add(findings, CW_FINDING_PROBLEM, "access",
                       "make a key (cartwright keys create), or listen on 127.0.0.1", "%.380s",
                       error.message);
    }
}

/* ---- The schema ---- */

static void examine_schema(const char *store, const struct cw_server_options *server,
                           struct cw_findings *findings)
{
    struct cw_error error = {0};
    struct cw_store *opened = NULL;
    int applied = 0;
    int known = 0;
    if (cw_store_revisions(store, &applied, &known, &error) != CW_OK) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, "schema",
                       "see docs/store.md; cartwright migrate status tells more", "%.380s", error.message);
        return;
    }
    if (applied < known) {
        cw_finding_add(findings, CW_FINDING_WARNING, "schema",
                       "back the store up; serve, or cartwright migrate up, applies what is missing",
                       "it has revision %d of %d", applied, known);
        return;
    }
    const struct cw_store_options options = {.location = store, .read_only = true};
    if (cw_store_open(&options, &opened, &error) != CW_OK) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, "schema",
                       "undo what was changed by hand, see cartwright migrate check", "%.380s",
                       error.message);
        return;
    }
    examine_access(server, opened, findings);
    cw_store_close(opened);
    cw_finding_add(findings, CW_FINDING_OK, "schema", NULL, "revision %d of %d, as its migrations made it",
                   applied, known);
}

/* ---- SQLite ---- */

static void examine_file(const char *path, const struct cw_server_options *server,
                         struct cw_findings *findings)
{
    char folder[PATH_TEXT];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s",
             slash == NULL   ? 1
             : slash == path ? 1
                             : (int)(slash - path),
             slash == NULL ? "." : path);
    /* Beside the file there are its log and index while it is open. */
    cw_doctor_disk("store folder", folder, findings);
    if (access(path, F_OK) != 0) {
        cw_finding_add(findings, CW_FINDING_WARNING, "store", "serve makes it; or name another by --store",
                       "%.300s is not there yet", path);
        examine_access(server, NULL, findings);
        return;
    }
    if (access(path, R_OK | W_OK) != 0) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, "store", "let the user of the server read and write it",
                       "%.300s can't be read and written", path);
        return;
    }
    cw_finding_add(findings, CW_FINDING_OK, "store", NULL, "%.300s can be read and written", path);
    examine_schema(path, server, findings);
}

/* ---- PostgreSQL ---- */

/* Adds what there is to say of a value. */
typedef void judge(const char *value, struct cw_findings *findings);

static void judge_version(const char *value, struct cw_findings *findings)
{
    const long version = strtol(value, NULL, 10);
    cw_finding_add(findings, version < OLDEST_POSTGRES ? CW_FINDING_PROBLEM : CW_FINDING_OK, "version",
                   "upgrade PostgreSQL to 13 or newer", "PostgreSQL %ld.%ld", version / 10000,
                   version % 10000);
}

static void judge_fsync(const char *value, struct cw_findings *findings)
{
    cw_finding_add(findings, strcmp(value, "on") == 0 ? CW_FINDING_OK : CW_FINDING_PROBLEM, "fsync",
                   "set fsync = on, unless the data may be lost", "%s", value);
}

static void judge_full_page_writes(const char *value, struct cw_findings *findings)
{
    cw_finding_add(findings, strcmp(value, "on") == 0 ? CW_FINDING_OK : CW_FINDING_WARNING,
                   "full_page_writes", "set full_page_writes = on, unless the file system never tears a page",
                   "%s", value);
}

static void judge_synchronous_commit(const char *value, struct cw_findings *findings)
{
    cw_finding_add(
        findings, strcmp(value, "off") != 0 ? CW_FINDING_OK : CW_FINDING_WARNING, "synchronous_commit",
        "set synchronous_commit = on: what was answered could be lost when the database falls", "%s", value);
}

static void judge_wal_level(const char *value, struct cw_findings *findings)
{
    cw_finding_add(findings, strcmp(value, "minimal") != 0 ? CW_FINDING_OK : CW_FINDING_WARNING, "wal_level",
                   "set wal_level = replica or logical, which replicas, continuous backup and followers need",
                   "%s", value);
}

static void judge_autovacuum(const char *value, struct cw_findings *findings)
{
    cw_finding_add(findings, strcmp(value, "on") == 0 ? CW_FINDING_OK : CW_FINDING_WARNING, "autovacuum",
                   "set autovacuum = on", "%s", value);
}

static void judge_encoding(const char *value, struct cw_findings *findings)
{
    cw_finding_add(findings, strcmp(value, "UTF8") == 0 ? CW_FINDING_OK : CW_FINDING_PROBLEM, "encoding",
                   "make the database with ENCODING 'UTF8': names are of many languages", "%s", value);
}

static void judge_recovery(const char *value, struct cw_findings *findings)
{
    if (strcmp(value, "true") == 0) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, "role of server", "name the primary",
                       "it is a replica, which takes no rows");
    }
}

static void judge_connections(const char *value, struct cw_findings *findings)
{
    const long available = strtol(value, NULL, 10);
    cw_finding_add(findings, available < CONNECTIONS_NEEDED ? CW_FINDING_PROBLEM : CW_FINDING_OK,
                   "connections",
                   "raise max_connections, or the CONNECTION LIMIT of role or database; each server needs up "
                   "to 20",
                   "%ld are free for this role, one server needs up to %d", available, CONNECTIONS_NEEDED);
}

static void judge_rights(const char *value, struct cw_findings *findings)
{
    const bool has_schema = value[0] != '\0';
    const bool may_create = value[0] == 't';
    cw_finding_add(
        findings, may_create ? CW_FINDING_OK : CW_FINDING_PROBLEM, "rights",
        "GRANT CREATE, USAGE ON SCHEMA ... TO the role, or make a schema of its own first in search_path",
        "%s",
        may_create   ? "the role may make tables in the schema"
        : has_schema ? "the role may not make tables in the first schema of its search path"
                     : "no schema of the role's search path is there");
}

static void judge_owner(const char *value, struct cw_findings *findings)
{
    cw_finding_add(findings, value[0] == 't' ? CW_FINDING_OK : CW_FINDING_PROBLEM, "owner",
                   "GRANT the role that owns the tables TO this one, or ALTER TABLE ... OWNER TO it",
                   value[0] == 't'
                       ? "the role may make partitions of the tables"
                       : "the tables belong to another role: this one can't make partitions of them");
}

static void judge_clock(const char *value, struct cw_findings *findings)
{
    const int64_t apart = llabs(strtoll(value, NULL, 10) - cw_time_now());
    cw_finding_add(findings, apart > CLOCK_MICROSECONDS ? CW_FINDING_WARNING : CW_FINDING_OK, "clocks",
                   "keep both clocks right: keys expire and jobs are leased by them",
                   "the database's clock is %lld ms from this one", (long long)(apart / 1000));
}

static const struct {
    const char *sql; /* of the type text; NULL is not judged */
    judge *judge;
} questions[] = {
    {"current_setting('server_version_num')", judge_version},
    {"pg_encoding_to_char((SELECT encoding FROM pg_database WHERE datname = current_database()))::text",
     judge_encoding},
    {"pg_is_in_recovery()::text", judge_recovery},
    {"coalesce(has_schema_privilege(current_schema(), 'CREATE')::text, '')", judge_rights},
    /* Null while the tables are not there. */
    {"pg_has_role((SELECT relowner FROM pg_class WHERE oid = to_regclass(quote_ident(current_schema()) || "
     "'.orders')), 'USAGE')::text",
     judge_owner},
    /* Of the sessions of others a role may see no more than whose they are; a superuser has no limits. */
    {"(SELECT least(current_setting('max_connections')::bigint - "
     "current_setting('superuser_reserved_connections')::bigint - count(pid), (SELECT nullif(datconnlimit, "
     "-1) FROM pg_database WHERE datname = current_database() AND NOT rolsuper) - count(pid) FILTER (WHERE "
     "datname = current_database()), CASE WHEN NOT rolsuper THEN nullif(rolconnlimit, -1) END - count(pid) "
     "FILTER (WHERE usename = current_user)) FROM pg_roles LEFT JOIN pg_stat_activity ON usename IS NOT NULL "
     "AND datname IS NOT NULL AND pid <> pg_backend_pid() WHERE rolname = current_user GROUP BY rolsuper, "
     "rolconnlimit)::text",
     judge_connections},
    {"current_setting('fsync')", judge_fsync},
    {"current_setting('full_page_writes')", judge_full_page_writes},
    {"current_setting('synchronous_commit')", judge_synchronous_commit},
    {"current_setting('wal_level')", judge_wal_level},
    {"current_setting('autovacuum')", judge_autovacuum},
    {"(extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text", judge_clock},
};
#define QUESTION_COUNT (sizeof questions / sizeof questions[0])

static void judge_row(void *context, int columns, const char *const *values)
{
    struct cw_findings *findings = context;
    for (size_t i = 0; i < QUESTION_COUNT && i < (size_t)columns; i++) {
        if (values[i] != NULL) {
            questions[i].judge(values[i], findings);
        }
    }
}

static void examine_database(const char *location, const struct cw_server_options *server,
                             struct cw_findings *findings)
{
    struct cw_buffer sql = {0};
    struct cw_error error = {0};
    cw_status status = cw_buffer_format(&sql, &error, "SELECT ");
    for (size_t i = 0; i < QUESTION_COUNT && status == CW_OK; i++) {
        status = cw_buffer_format(&sql, &error, "%s%s", i == 0 ? "" : ", ", questions[i].sql);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&sql, "", 1, &error);
    }
    const size_t before = findings->count;
    if (status == CW_OK) {
        status = cw_store_look(location, (const char *)sql.data, judge_row, findings, &error);
    }
    cw_buffer_clear(&sql);
    if (status != CW_OK) {
        cw_finding_add(
            findings, CW_FINDING_PROBLEM, "store",
            "is PostgreSQL there (pg_isready), and are user and password right (psql, PGPASSWORD)?", "%.380s",
            error.message);
    } else if (findings->count > before) {
        examine_schema(location, server, findings);
    }
}

void cw_doctor_store(const char *store, const struct cw_server_options *server, struct cw_findings *findings)
{
    struct cw_error error = {0};
    if (cw_store_location_check(store, &error) != CW_OK) {
        cw_finding_add(findings, CW_FINDING_PROBLEM, "store", "correct --store", "%.380s", error.message);
    } else if (cw_store_is_server(store)) {
        examine_database(store, server, findings);
    } else {
        examine_file(strncmp(store, "sqlite:", 7) == 0 ? store + 7 : store, server, findings);
    }
}
