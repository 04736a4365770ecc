/* Jobs of the built-in store. They have a file of their own beside the store's, named after it with "-jobs",
 * because the store has one writer at a time: while a job's rows are loaded others must be able to queue,
 * cancel and follow. The run that a job makes bears an id that stands in the job, so that the store's own
 * transaction tells whether its rows are there. */
#define _GNU_SOURCE

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "store/job_store.h"
#include "store/sqlite_store.h"

#define FILE_SUFFIX "-jobs"
#define FILE_VERSION 1
#define FILE_APPLICATION 0x43574a51 /* "CWJQ" */

/* Times are microseconds UTC. shop says which store the jobs are of: when that one's schema was made. */
static const char file_schema[] =
    "CREATE TABLE jobs ("
    "sequence INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),"
    "kind TEXT NOT NULL, run BLOB NOT NULL CHECK (length(run) = 16), request TEXT NOT NULL,"
    "state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4), version INTEGER NOT NULL DEFAULT 1,"
    "created_at INTEGER NOT NULL, started_at INTEGER NOT NULL DEFAULT 0,"
    "finished_at INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,"
    "cancel_requested INTEGER NOT NULL DEFAULT 0, lease_owner BLOB, lease_until INTEGER,"
    "steps_done INTEGER NOT NULL DEFAULT 0, steps_total INTEGER NOT NULL DEFAULT 0,"
    "row_count INTEGER NOT NULL DEFAULT 0, byte_count INTEGER NOT NULL DEFAULT 0,"
    "measured_at INTEGER NOT NULL DEFAULT 0, result TEXT, error_code INTEGER NOT NULL DEFAULT 0,"
    "error_field TEXT, error_message TEXT, answer_key TEXT, answer_request BLOB, answer_status INTEGER,"
    "answer_media_type TEXT, answer_headers BLOB, answer_body BLOB,"
    "CHECK ((state = 1) = (lease_owner IS NOT NULL))) STRICT;"
    "CREATE INDEX jobs_unfinished ON jobs (sequence) WHERE state < 2;"
    "CREATE UNIQUE INDEX jobs_answer_key ON jobs (answer_key) WHERE state < 2 AND answer_key IS NOT NULL;"
    "CREATE INDEX jobs_finished_at ON jobs (finished_at) WHERE state >= 2;"
    "CREATE TABLE shop (made_at INTEGER NOT NULL) STRICT;";

#define VIEW_COLUMNS                                                                                         \
    "id, kind, state, version, created_at, started_at, finished_at, attempts, cancel_requested, "            \
    "steps_done, steps_total, row_count, byte_count, measured_at, error_code, error_field, error_message"
#define VIEW_COUNT 17

struct cw_sqlite_jobs {
    struct cw_connection *connection;
    int descriptor; /* its lock says that a process has the file open; -1 without */
};

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* ---- The file ---- */

static cw_status read_number(struct cw_connection *connection, const char *sql, int64_t *value,
                             struct cw_error *error)
{
    sqlite3_stmt *statement;
    const cw_status status = cw_connection_prepare(connection, sql, &statement, error);
    return status == CW_OK ? cw_statement_integer(connection, statement, value, error) : status;
}

static cw_status read_identity(struct cw_sqlite_store *store, int64_t *made_at, struct cw_error *error)
{
    struct cw_connection *connection;
    cw_status status = cw_sqlite_borrow(store, &connection, error);
    if (status == CW_OK) {
        status = read_number(connection, "SELECT applied_at FROM schema_revisions WHERE revision = 1",
                             made_at, error);
        cw_sqlite_return(store, connection);
    }
    return status;
}

/* In the transaction that set_up opens. The jobs of another store, which lay at the same place before, are
 * not ours. */
static cw_status make_tables(struct cw_connection *connection, int64_t made_at, struct cw_error *error)
{
    char sql[200];
    int64_t version = 0;
    int64_t ours = 0;
    cw_status status = read_number(connection, "PRAGMA user_version", &version, error);
    if (status == CW_OK && version > FILE_VERSION) {
        return cw_error_set(error, CW_E_UNSUPPORTED, "store",
                            "the jobs in %s have version %d, this program knows up to %d", connection->path,
                            (int)version, FILE_VERSION);
    }
    if (status == CW_OK && version == 0) {
        status = cw_connection_execute(connection, file_schema, error);
    }
    if (status == CW_OK) {
        snprintf(sql, sizeof sql, "SELECT count(*) FROM shop WHERE made_at = %lld", (long long)made_at);
        status = read_number(connection, sql, &ours, error);
    }
    if (status == CW_OK && ours == 0) {
        snprintf(sql, sizeof sql,
                 "DELETE FROM jobs; DELETE FROM shop; INSERT INTO shop VALUES (%lld); PRAGMA user_version = "
                 "%d; PRAGMA application_id = %d",
                 (long long)made_at, FILE_VERSION, FILE_APPLICATION);
        status = cw_connection_execute(connection, sql, error);
    }
    return status;
}

/* alone: no other process has the file open, so whoever ran a job is dead, and it waits again. */
static cw_status set_up(struct cw_connection *connection, int64_t made_at, bool alone, struct cw_error *error)
{
    cw_status status = cw_connection_execute(
        connection, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 256; BEGIN IMMEDIATE", error);
    if (status == CW_OK) {
        status = make_tables(connection, made_at, error);
    }
    if (status == CW_OK && alone) {
        status =
            cw_connection_execute(connection,
                                  "UPDATE jobs SET state = 0, version = version + 1, lease_owner = NULL, "
                                  "lease_until = NULL WHERE state = 1",
                                  error);
    }
    return status == CW_OK ? cw_connection_execute(connection, "COMMIT", error) : status;
}

static void jobs_free(struct cw_sqlite_jobs *jobs)
{
    cw_connection_close(jobs->connection);
    if (jobs->descriptor >= 0) {
        close(jobs->descriptor);
    }
    free(jobs);
}

static cw_status open_file(struct cw_sqlite_store *store, struct cw_error *error)
{
    struct cw_buffer path = {0};
    int64_t made_at = 0;
    bool alone = false;
    struct cw_sqlite_jobs *jobs = calloc(1, sizeof *jobs);
    if (jobs == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the jobs of store %s",
                            store->base.name);
    }
    jobs->descriptor = -1;
    cw_status status = cw_buffer_format(&path, error, "%s%s", store->base.name, FILE_SUFFIX);
    if (status == CW_OK) {
        status = cw_buffer_append(&path, "", 1, error);
    }
    if (status == CW_OK) {
        status = read_identity(store, &made_at, error);
    }
    if (status == CW_OK) {
        /* As readable as SQLite makes its own. */
        jobs->descriptor = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        alone = jobs->descriptor >= 0 && flock(jobs->descriptor, LOCK_EX | LOCK_NB) == 0;
        status = cw_connection_open(path.data, CW_CONNECTION_WRITE, true, false, &jobs->connection, error);
    }
    if (status == CW_OK) {
        status = set_up(jobs->connection, made_at, alone, error);
    }
    cw_buffer_clear(&path);
    if (status != CW_OK) {
        jobs_free(jobs);
        return status;
    }
    store->jobs = jobs;
    return CW_OK;
}

void cw_sqlite_jobs_close(struct cw_sqlite_store *store)
{
    if (store->jobs != NULL) {
        jobs_free(store->jobs);
        store->jobs = NULL;
    }
}

/* Gives the connection to one thread at a time; the file is opened, or made, by the first. */
static cw_status enter(struct cw_store *base, struct cw_connection **connection, struct cw_error *error)
{
    struct cw_sqlite_store *store = cw_sqlite_store_of(base);
    pthread_mutex_lock(&store->jobs_mutex);
    const cw_status status = store->jobs != NULL ? CW_OK : open_file(store, error);
    if (status != CW_OK) {
        pthread_mutex_unlock(&store->jobs_mutex);
        return status;
    }
    *connection = store->jobs->connection;
    return CW_OK;
}

static void leave(struct cw_store *base)
{
    pthread_mutex_unlock(&cw_sqlite_store_of(base)->jobs_mutex);
}

/* Enters, and prepares a statement. */
static cw_status begin(struct cw_store *base, const char *sql, struct cw_connection **connection,
                       sqlite3_stmt **statement, struct cw_error *error)
{
    cw_status status = enter(base, connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = cw_connection_prepare(*connection, sql, statement, error);
    if (status != CW_OK) {
        leave(base);
    }
    return status;
}

/* Runs the statement that begin prepared, and leaves. */
static cw_status end(struct cw_store *base, struct cw_connection *connection, sqlite3_stmt *statement,
                     int *changes, struct cw_error *error)
{
    const cw_status status = cw_statement_run(connection, statement, error);
    *changes = status == CW_OK ? sqlite3_changes(connection->db) : 0;
    leave(base);
    return status;
}

/* ---- Rows ---- */

static void bind_id(sqlite3_stmt *statement, int index, const struct cw_uuid *id)
{
    sqlite3_bind_blob(statement, index, id->bytes, sizeof id->bytes, SQLITE_STATIC);
}

static void bind_text(sqlite3_stmt *statement, int index, const struct cw_buffer *text)
{
    sqlite3_bind_text64(statement, index, text->data != NULL ? text->data : "", text->size, SQLITE_STATIC,
                        SQLITE_UTF8);
}

static void bind_blob(sqlite3_stmt *statement, int index, const struct cw_buffer *bytes)
{
    sqlite3_bind_blob64(statement, index, bytes->data != NULL ? bytes->data : "", bytes->size, SQLITE_STATIC);
}

static void read_view(sqlite3_stmt *statement, struct cw_job_view *view)
{
    *view = (struct cw_job_view){
        .state = (enum cw_job_state)sqlite3_column_int(statement, 2),
        .version = sqlite3_column_int64(statement, 3),
        .created_at = sqlite3_column_int64(statement, 4),
        .started_at = sqlite3_column_int64(statement, 5),
        .finished_at = sqlite3_column_int64(statement, 6),
        .attempts = sqlite3_column_int(statement, 7),
        .cancel_requested = sqlite3_column_int(statement, 8) != 0,
        .done = sqlite3_column_int64(statement, 9),
        .total = sqlite3_column_int64(statement, 10),
        .rows = sqlite3_column_int64(statement, 11),
        .bytes = sqlite3_column_int64(statement, 12),
        .measured_at = sqlite3_column_int64(statement, 13),
        .error = {.code = sqlite3_column_int(statement, 14)},
    };
    cw_statement_bytes(statement, 0, view->id.bytes, sizeof view->id.bytes);
    cw_statement_text(statement, 1, view->kind, sizeof view->kind);
    cw_statement_text(statement, 15, view->error.field, sizeof view->error.field);
    cw_statement_text(statement, 16, view->error.message, sizeof view->error.message);
}

/* answer_key and what follows it stand from this column on. */
static cw_status read_answer(sqlite3_stmt *statement, int first, struct cw_kept_answer *answer,
                             struct cw_error *error)
{
    if (sqlite3_column_type(statement, first) == SQLITE_NULL) {
        return CW_OK;
    }
    cw_statement_text(statement, first, answer->key, sizeof answer->key);
    const void *request = sqlite3_column_blob(statement, first + 1);
    if (request != NULL && (size_t)sqlite3_column_bytes(statement, first + 1) == sizeof answer->request) {
        memcpy(answer->request, request, sizeof answer->request);
    }
    answer->status = sqlite3_column_int(statement, first + 2);
    cw_statement_text(statement, first + 3, answer->media_type, sizeof answer->media_type);
    const cw_status status = cw_statement_buffer(statement, first + 4, &answer->headers, error);
    return status == CW_OK ? cw_statement_buffer(statement, first + 5, &answer->body, error) : status;
}

#define ANSWER_COLUMNS                                                                                       \
    "answer_key, answer_request, answer_status, answer_media_type, answer_headers, answer_body"
#define WHOLE_COLUMNS VIEW_COLUMNS ", run, request, result, " ANSWER_COLUMNS

static cw_status read_whole(sqlite3_stmt *statement, struct cw_job_record *record, struct cw_error *error)
{
    struct cw_job_record made = {0};
    read_view(statement, &made.view);
    cw_statement_bytes(statement, VIEW_COUNT, made.run.bytes, sizeof made.run.bytes);
    cw_status status = cw_statement_buffer(statement, VIEW_COUNT + 1, &made.request, error);
    if (status == CW_OK) {
        status = cw_statement_buffer(statement, VIEW_COUNT + 2, &made.result, error);
    }
    if (status == CW_OK) {
        status = read_answer(statement, VIEW_COUNT + 3, &made.answer, error);
        made.answer.created_at = made.view.created_at;
        made.answer.job = made.view.id;
        memcpy(made.answer.job_kind, made.view.kind, sizeof made.answer.job_kind);
    }
    if (status != CW_OK) {
        cw_job_record_clear(&made);
        return status;
    }
    *record = made;
    return CW_OK;
}

/* Steps through the rows; whole: with all that belongs to them. */
static cw_status read_rows(struct cw_connection *connection, sqlite3_stmt *statement, bool whole,
                           uint32_t limit, struct cw_job_record *records, uint32_t *count,
                           struct cw_error *error)
{
    cw_status status = CW_OK;
    uint32_t read = 0;
    int code = SQLITE_DONE;
    while (status == CW_OK && read < limit && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (whole) {
            status = read_whole(statement, &records[read], error);
        } else {
            read_view(statement, &records[read].view);
        }
        read += status == CW_OK;
    }
    if (status == CW_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
        status = cw_connection_error(connection, error);
    }
    cw_statement_finish(statement);
    if (status == CW_OK) {
        *count = read;
        return CW_OK;
    }
    for (uint32_t i = 0; i < read; i++) {
        cw_job_record_clear(&records[i]);
    }
    return status;
}

/* ---- Operations ---- */

static void bind_answer(sqlite3_stmt *statement, int first, const struct cw_kept_answer *answer)
{
    if (answer->key[0] != '\0') {
        sqlite3_bind_text(statement, first, answer->key, -1, SQLITE_STATIC);
        sqlite3_bind_blob(statement, first + 1, answer->request, sizeof answer->request, SQLITE_STATIC);
        sqlite3_bind_int(statement, first + 2, answer->status);
        sqlite3_bind_text(statement, first + 3, answer->media_type, -1, SQLITE_STATIC);
        bind_blob(statement, first + 4, &answer->headers);
        bind_blob(statement, first + 5, &answer->body);
    }
}

static cw_status add_job(struct cw_store *base, const struct cw_job_record *record, uint32_t queue_limit,
                         struct cw_error *error)
{
    struct cw_connection *connection;
    sqlite3_stmt *statement;
    int changes = 0;
    cw_status status =
        begin(base,
              "INSERT INTO jobs (id, kind, run, request, state, created_at, " ANSWER_COLUMNS
              ") SELECT ?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10, ?11 WHERE (SELECT count(*) "
              "FROM jobs WHERE state = 0 AND state < 2) < ?12",
              &connection, &statement, error);
    if (status != CW_OK) {
        return status;
    }
    bind_id(statement, 1, &record->view.id);
    sqlite3_bind_text(statement, 2, record->view.kind, -1, SQLITE_STATIC);
    bind_id(statement, 3, &record->run);
    bind_text(statement, 4, &record->request);
    sqlite3_bind_int64(statement, 5, record->view.created_at);
    bind_answer(statement, 6, &record->answer);
    sqlite3_bind_int64(statement, 12, queue_limit);
    status = end(base, connection, statement, &changes, error);
    return status == CW_OK && changes == 0 ? cw_job_queue_full(queue_limit, error) : status;
}

/* In a transaction of its own: what is found is read whole after it was marked. */
static cw_status take_next(struct cw_connection *connection, const char *kinds,
                           const struct cw_job_lease *lease, int64_t *sequence, struct cw_error *error)
{
    sqlite3_stmt *statement;
    cw_status status = cw_connection_prepare(
        connection,
        "UPDATE jobs SET state = 1, version = version + 1, attempts = attempts + 1, lease_owner = ?1, "
        "lease_until = ?2 + ?3, started_at = ?2, measured_at = ?2, steps_done = 0, steps_total = 0, "
        "row_count = 0, byte_count = 0 WHERE sequence = (SELECT sequence FROM jobs WHERE state < 2 AND "
        "(state = 0 OR lease_until < ?2) AND instr(?4, '|' || kind || '|') > 0 ORDER BY sequence LIMIT 1) "
        "RETURNING sequence",
        &statement, error);
    if (status != CW_OK) {
        return status;
    }
    bind_id(statement, 1, &lease->owner);
    sqlite3_bind_int64(statement, 2, now());
    sqlite3_bind_int64(statement, 3, lease->duration);
    sqlite3_bind_text(statement, 4, kinds, -1, SQLITE_STATIC);
    const int code = sqlite3_step(statement);
    *sequence = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    status = code == SQLITE_ROW || code == SQLITE_DONE ? CW_OK : cw_connection_error(connection, error);
    if (code == SQLITE_ROW && sqlite3_step(statement) != SQLITE_DONE) {
        status = cw_connection_error(connection, error);
    }
    cw_statement_finish(statement);
    return status;
}

static cw_status take_job(struct cw_store *base, const char *kinds, const struct cw_job_lease *lease,
                          struct cw_job_record *record, bool *found, struct cw_error *error)
{
    struct cw_connection *connection;
    sqlite3_stmt *statement;
    int64_t sequence = 0;
    uint32_t count = 0;
    cw_status status = enter(base, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status = take_next(connection, kinds, lease, &sequence, error);
    if (status == CW_OK && sequence != 0) {
        status = cw_connection_prepare(connection, "SELECT " WHOLE_COLUMNS " FROM jobs WHERE sequence = ?1",
                                       &statement, error);
    }
    if (status == CW_OK && sequence != 0) {
        sqlite3_bind_int64(statement, 1, sequence);
        status = read_rows(connection, statement, true, 1, record, &count, error);
    }
    leave(base);
    if (status == CW_OK) {
        *found = count == 1;
    }
    return status;
}

/* Progress stands in parameters 3 to 7. */
static void bind_progress(sqlite3_stmt *statement, const struct cw_job_view *progress)
{
    sqlite3_bind_int64(statement, 3, progress->done);
    sqlite3_bind_int64(statement, 4, progress->total);
    sqlite3_bind_int64(statement, 5, progress->rows);
    sqlite3_bind_int64(statement, 6, progress->bytes);
    sqlite3_bind_int64(statement, 7, now());
}

static cw_status beat_job(struct cw_store *base, const struct cw_job_view *progress,
                          const struct cw_job_lease *lease, bool *held, bool *cancelled,
                          struct cw_error *error)
{
    struct cw_connection *connection;
    sqlite3_stmt *statement;
    cw_status status =
        begin(base,
              "UPDATE jobs SET steps_done = ?3, steps_total = ?4, row_count = ?5, byte_count = "
              "?6, measured_at = ?7, lease_until = ?7 + ?8 WHERE id = ?1 AND lease_owner = ?2 "
              "RETURNING cancel_requested",
              &connection, &statement, error);
    if (status != CW_OK) {
        return status;
    }
    bind_id(statement, 1, &progress->id);
    bind_id(statement, 2, &lease->owner);
    bind_progress(statement, progress);
    sqlite3_bind_int64(statement, 8, lease->duration);
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW || code == SQLITE_DONE) {
        *held = code == SQLITE_ROW;
        *cancelled = code == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
    }
    if (code != SQLITE_DONE && (code != SQLITE_ROW || sqlite3_step(statement) != SQLITE_DONE)) {
        status = cw_connection_error(connection, error);
    }
    cw_statement_finish(statement);
    leave(base);
    return status;
}

static cw_status finish_job(struct cw_store *base, const struct cw_job_view *ended,
                            const struct cw_uuid *owner, const struct cw_buffer *result, bool *held,
                            struct cw_error *error)
{
    struct cw_connection *connection;
    sqlite3_stmt *statement;
    int changes = 0;
    cw_status status =
        begin(base,
              "UPDATE jobs SET state = ?8, version = version + 1, finished_at = ?7, lease_owner = NULL, "
              "lease_until = NULL, steps_done = ?3, steps_total = ?4, row_count = ?5, byte_count = ?6, "
              "measured_at = ?7, result = ?9, error_code = ?10, error_field = ?11, error_message = ?12 "
              "WHERE id = ?1 AND lease_owner = ?2",
              &connection, &statement, error);
    if (status != CW_OK) {
        return status;
    }
    bind_id(statement, 1, &ended->id);
    bind_id(statement, 2, owner);
    bind_progress(statement, ended);
    sqlite3_bind_int(statement, 8, (int)ended->state);
    if (ended->state == CW_JOB_SUCCEEDED) {
        bind_text(statement, 9, result);
    }
    sqlite3_bind_int(statement, 10, ended->error.code);
    sqlite3_bind_text(statement, 11, ended->error.field, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 12, ended->error.message, -1, SQLITE_STATIC);
    status = end(base, connection, statement, &changes, error);
    if (status == CW_OK) {
        *held = changes > 0;
    }
    return status;
}

static cw_status release_job(struct cw_store *base, const struct cw_uuid *id, const struct cw_uuid *owner,
                             bool counts, struct cw_error *error)
{
    struct cw_connection *connection;
    sqlite3_stmt *statement;
    int changes = 0;
    const cw_status status =
        begin(base,
              "UPDATE jobs SET state = 0, version = version + 1, lease_owner = NULL, lease_until = "
              "NULL, attempts = attempts - ?3 WHERE id = ?1 AND lease_owner = ?2",
              &connection, &statement, error);
    if (status != CW_OK) {
        return status;
    }
    bind_id(statement, 1, id);
    bind_id(statement, 2, owner);
    sqlite3_bind_int(statement, 3, counts ? 0 : 1);
    return end(base, connection, statement, &changes, error);
}

static cw_status cancel_job(struct cw_store *base, const struct cw_uuid *id, struct cw_error *error)
{
    struct cw_connection *connection;
    sqlite3_stmt *statement;
    int changes = 0;
    cw_status status =
        begin(base,
              "UPDATE jobs SET version = version + (state < 2), cancel_requested = cancel_requested OR state "
              "< 2, finished_at = iif(state = 0, ?2, finished_at), state = iif(state = 0, 4, state) WHERE id "
              "= ?1",
              &connection, &statement, error);
    if (status != CW_OK) {
        return status;
    }
    bind_id(statement, 1, id);
    sqlite3_bind_int64(statement, 2, now());
    status = end(base, connection, statement, &changes, error);
    return status == CW_OK && changes == 0 ? cw_job_not_found(error) : status;
}

static cw_status read_jobs(struct cw_store *base, const struct cw_uuid *id, uint32_t limit,
                           struct cw_job_record *records, uint32_t *count, struct cw_error *error)
{
    struct cw_connection *connection;
    sqlite3_stmt *statement;
    cw_status status = begin(base,
                             id != NULL ? "SELECT " WHOLE_COLUMNS " FROM jobs WHERE id = ?2 LIMIT ?1"
                                        : "SELECT " VIEW_COLUMNS " FROM jobs ORDER BY sequence DESC LIMIT ?1",
                             &connection, &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_int64(statement, 1, limit);
    if (id != NULL) {
        bind_id(statement, 2, id);
    }
    status = read_rows(connection, statement, id != NULL, limit, records, count, error);
    leave(base);
    return status;
}

static cw_status count_jobs(struct cw_store *base, uint32_t *queued, uint32_t *running,
                            struct cw_error *error)
{
    struct cw_connection *connection;
    int64_t both[2] = {0};
    cw_status status = enter(base, &connection, error);
    if (status != CW_OK) {
        return status;
    }
    status =
        read_number(connection, "SELECT count(*) FROM jobs WHERE state = 0 AND state < 2", &both[0], error);
    if (status == CW_OK) {
        status = read_number(connection, "SELECT count(*) FROM jobs WHERE state = 1 AND state < 2", &both[1],
                             error);
    }
    leave(base);
    if (status == CW_OK) {
        *queued = (uint32_t)both[0];
        *running = (uint32_t)both[1];
    }
    return status;
}

static cw_status forget_jobs(struct cw_store *base, uint32_t keep, int64_t since, struct cw_error *error)
{
    struct cw_connection *connection;
    sqlite3_stmt *statement;
    int changes = 0;
    const cw_status status =
        begin(base,
              "DELETE FROM jobs WHERE state >= 2 AND (finished_at < ?2 OR sequence <= (SELECT sequence FROM "
              "jobs WHERE state >= 2 ORDER BY sequence DESC LIMIT 1 OFFSET ?1))",
              &connection, &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_int64(statement, 1, keep);
    sqlite3_bind_int64(statement, 2, since);
    return end(base, connection, statement, &changes, error);
}

/* Where nobody has asked for jobs there is none that is unfinished and of this process. */
static cw_status find_answer(struct cw_store *base, const char *key, struct cw_kept_answer *answer,
                             bool *found, struct cw_error *error)
{
    struct cw_connection *connection;
    sqlite3_stmt *statement;
    struct cw_job_record record = {0};
    uint32_t count = 0;
    pthread_mutex_lock(&cw_sqlite_store_of(base)->jobs_mutex);
    const bool is_open = cw_sqlite_store_of(base)->jobs != NULL;
    pthread_mutex_unlock(&cw_sqlite_store_of(base)->jobs_mutex);
    if (!is_open) {
        *found = false;
        return CW_OK;
    }
    cw_status status = begin(base,
                             "SELECT " WHOLE_COLUMNS
                             " FROM jobs WHERE answer_key = ?1 AND state < 2 AND answer_key IS NOT NULL",
                             &connection, &statement, error);
    if (status != CW_OK) {
        return status;
    }
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    status = read_rows(connection, statement, true, 1, &record, &count, error);
    leave(base);
    if (status == CW_OK) {
        *found = count == 1;
    }
    if (status == CW_OK && count == 1) {
        *answer = record.answer;
        record.answer = (struct cw_kept_answer){0};
    }
    cw_job_record_clear(&record);
    return status;
}

const struct cw_job_operations cw_sqlite_job_operations = {
    .add = add_job,
    .take = take_job,
    .beat = beat_job,
    .finish = finish_job,
    .release = release_job,
    .cancel = cancel_job,
    .read = read_jobs,
    .count = count_jobs,
    .forget = forget_jobs,
    .answer = find_answer,
};
