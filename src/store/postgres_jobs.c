/* Jobs in PostgreSQL, for all servers that share the database. Times are the database's own, so that clocks
 * that disagree cost nobody a lease. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/job_store.h"
#include "store/postgres_store.h"

#define VIEW_COLUMNS                                                                                         \
    "id, kind, array_position(ARRAY['queued', 'running', 'succeeded', 'failed', 'cancelled'], state) - 1, "  \
    "version, created_at, started_at, finished_at, attempts, cancel_requested, steps_done, steps_total, "    \
    "row_count, byte_count, measured_at, error_code, error_field, error_message"
#define VIEW_COUNT 17
#define ANSWER_COLUMNS                                                                                       \
    "answer_key, answer_request, answer_status, answer_media_type, answer_headers, answer_body"
#define WHOLE_COLUMNS VIEW_COLUMNS ", run, request, result, " ANSWER_COLUMNS

/* Rows that others hold are left alone for this long before a wish to cancel is given up. */
#define CANCEL_ATTEMPTS 20
#define CANCEL_PAUSE 50000000L

/* ---- Parameters ---- */

static cw_status add_id(struct cw_pg_parameters *parameters, const struct cw_uuid *id, struct cw_error *error)
{
    return cw_pg_add_bytes(parameters, id->bytes, sizeof id->bytes, error);
}

static cw_status add_buffer(struct cw_pg_parameters *parameters, const struct cw_buffer *buffer,
                            struct cw_error *error)
{
    return cw_pg_add_bytes(parameters, buffer->data != NULL ? buffer->data : "", buffer->size, error);
}

static cw_status add_answer(struct cw_pg_parameters *parameters, const struct cw_kept_answer *answer,
                            struct cw_error *error)
{
    cw_status status = CW_OK;
    if (answer->key[0] == '\0') {
        for (int i = 0; status == CW_OK && i < 6; i++) {
            status = cw_pg_add_bytes(parameters, NULL, 0, error);
        }
        return status;
    }
    status = cw_pg_add_text(parameters, answer->key, error);
    if (status == CW_OK) {
        status = cw_pg_add_bytes(parameters, answer->request, sizeof answer->request, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_int32(parameters, answer->status, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_text(parameters, answer->media_type, error);
    }
    if (status == CW_OK) {
        status = add_buffer(parameters, &answer->headers, error);
    }
    return status == CW_OK ? add_buffer(parameters, &answer->body, error) : status;
}

static cw_status add_numbers(struct cw_pg_parameters *parameters, const int64_t *numbers, size_t count,
                             struct cw_error *error)
{
    cw_status status = CW_OK;
    for (size_t i = 0; status == CW_OK && i < count; i++) {
        status = cw_pg_add_int64(parameters, numbers[i], error);
    }
    return status;
}

/* Whose job it is, and its progress: parameters 1 to 6. */
static cw_status add_progress(struct cw_pg_parameters *parameters, const struct cw_job_view *progress,
                              const struct cw_uuid *owner, struct cw_error *error)
{
    const int64_t numbers[] = {progress->done, progress->total, progress->rows, progress->bytes};
    cw_status status = add_id(parameters, &progress->id, error);
    if (status == CW_OK) {
        status = add_id(parameters, owner, error);
    }
    return status == CW_OK ? add_numbers(parameters, numbers, 4, error) : status;
}

const char cw_pg_job_sql[] = "SELECT cartwright_end_job($1, $2, $3, $4, $5, $6, $7)";

cw_status cw_pg_job_parameters(const struct cw_run_job *job, struct cw_pg_parameters *parameters,
                               struct cw_error *error)
{
    const int64_t numbers[] = {job->done, job->total, job->rows, job->bytes};
    cw_status status = add_id(parameters, &job->id, error);
    if (status == CW_OK) {
        status = add_id(parameters, &job->owner, error);
    }
    if (status == CW_OK) {
        status = add_numbers(parameters, numbers, 4, error);
    }
    return status == CW_OK ? add_buffer(parameters, job->result, error) : status;
}

/* ---- Rows ---- */

static void read_view(const PGresult *result, int row, struct cw_job_view *view)
{
    *view = (struct cw_job_view){
        .state = (enum cw_job_state)cw_pg_integer(result, row, 2),
        .version = cw_pg_integer(result, row, 3),
        .created_at = cw_pg_integer(result, row, 4),
        .started_at = cw_pg_integer(result, row, 5),
        .finished_at = cw_pg_integer(result, row, 6),
        .attempts = (int32_t)cw_pg_integer(result, row, 7),
        .cancel_requested = cw_pg_integer(result, row, 8) != 0,
        .done = cw_pg_integer(result, row, 9),
        .total = cw_pg_integer(result, row, 10),
        .rows = cw_pg_integer(result, row, 11),
        .bytes = cw_pg_integer(result, row, 12),
        .measured_at = cw_pg_integer(result, row, 13),
        .error = {.code = (cw_status)cw_pg_integer(result, row, 14)},
    };
    cw_pg_bytes(result, row, 0, view->id.bytes, sizeof view->id.bytes);
    cw_pg_text(result, row, 1, view->kind, sizeof view->kind);
    cw_pg_text(result, row, 15, view->error.field, sizeof view->error.field);
    cw_pg_text(result, row, 16, view->error.message, sizeof view->error.message);
}

static cw_status read_answer(const PGresult *result, int row, int first, struct cw_kept_answer *answer,
                             struct cw_error *error)
{
    if (PQgetisnull(result, row, first)) {
        return CW_OK;
    }
    cw_pg_text(result, row, first, answer->key, sizeof answer->key);
    if ((size_t)PQgetlength(result, row, first + 1) == sizeof answer->request) {
        memcpy(answer->request, PQgetvalue(result, row, first + 1), sizeof answer->request);
    }
    answer->status = (int32_t)cw_pg_integer(result, row, first + 2);
    cw_pg_text(result, row, first + 3, answer->media_type, sizeof answer->media_type);
    const cw_status status = cw_pg_buffer(result, row, first + 4, &answer->headers, error);
    return status == CW_OK ? cw_pg_buffer(result, row, first + 5, &answer->body, error) : status;
}

static cw_status read_whole(const PGresult *result, int row, struct cw_job_record *record,
                            struct cw_error *error)
{
    struct cw_job_record made = {0};
    read_view(result, row, &made.view);
    cw_pg_bytes(result, row, VIEW_COUNT, made.run.bytes, sizeof made.run.bytes);
    cw_status status = cw_pg_buffer(result, row, VIEW_COUNT + 1, &made.request, error);
    if (status == CW_OK) {
        status = cw_pg_buffer(result, row, VIEW_COUNT + 2, &made.result, error);
    }
    if (status == CW_OK) {
        status = read_answer(result, row, VIEW_COUNT + 3, &made.answer, error);
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

/* ---- Operations ---- */

/* Runs one statement with parameters that were put together, and clears them. Unlike cw_pg_ask, not again
 * after a connection that broke: it may have been done. */
static cw_status run_once(struct cw_pg_store *store, const char *sql, struct cw_pg_parameters *parameters,
                          cw_status filled, PGresult **result, struct cw_error *error)
{
    struct cw_pg_connection *connection;
    cw_status status = filled == CW_OK ? cw_pg_borrow(store, &connection, error) : filled;
    if (status == CW_OK) {
        status = cw_pg_query(connection, sql, parameters, result, error);
        cw_pg_return(store, connection);
    }
    cw_pg_parameters_clear(parameters);
    return status;
}

/* The same for one whose repetition changes nothing more. */
static cw_status run_again(struct cw_pg_store *store, const char *sql, struct cw_pg_parameters *parameters,
                           cw_status filled, PGresult **result, struct cw_error *error)
{
    const cw_status status = filled == CW_OK ? cw_pg_ask(store, sql, parameters, result, error) : filled;
    cw_pg_parameters_clear(parameters);
    return status;
}

static bool has_changed(PGresult *result)
{
    const bool changed = strcmp(PQcmdTuples(result), "0") != 0;
    PQclear(result);
    return changed;
}

/* Whoever comes with the same id again after a connection that broke finds the job there: ids are random. */
static cw_status add_job(struct cw_store *base, const struct cw_job_record *record, uint32_t queue_limit,
                         struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    PGresult *result = NULL;
    cw_status status = add_id(&parameters, &record->view.id, error);
    if (status == CW_OK) {
        status = cw_pg_add_text(&parameters, record->view.kind, error);
    }
    if (status == CW_OK) {
        status = add_id(&parameters, &record->run, error);
    }
    if (status == CW_OK) {
        status = add_buffer(&parameters, &record->request, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_instant(&parameters, record->view.created_at, error);
    }
    if (status == CW_OK) {
        status = add_answer(&parameters, &record->answer, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_int64(&parameters, queue_limit, error);
    }
    status =
        run_once(cw_pg_store_of(base),
                 "INSERT INTO jobs (id, kind, run, request, state, created_at, " ANSWER_COLUMNS
                 ") SELECT $1, $2, $3, $4, 'queued', $5, $6, $7, $8, $9, $10, $11 WHERE (SELECT count(*) "
                 "FROM jobs WHERE state IN ('queued', 'running') AND state = 'queued') < $12::bigint",
                 &parameters, status, &result, error);
    return status == CW_OK && !has_changed(result) ? cw_job_queue_full(queue_limit, error) : status;
}

static cw_status take_job(struct cw_store *base, const char *kinds, const struct cw_job_lease *lease,
                          struct cw_job_record *record, bool *found, struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    PGresult *result = NULL;
    cw_status status = add_id(&parameters, &lease->owner, error);
    if (status == CW_OK) {
        status = cw_pg_add_int64(&parameters, lease->duration, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_text(&parameters, kinds, error);
    }
    status = run_once(
        cw_pg_store_of(base),
        "WITH next AS (SELECT sequence AS number FROM jobs WHERE state IN ('queued', 'running') AND "
        "(state = 'queued' OR lease_until < clock_timestamp()) AND strpos($3, '|' || kind || '|') > "
        "0 ORDER BY sequence FOR UPDATE SKIP LOCKED LIMIT 1) UPDATE jobs SET state = 'running', "
        "version = version + 1, attempts = attempts + 1, lease_owner = $1, lease_until = "
        "clock_timestamp() + $2::bigint * interval '1 microsecond', started_at = clock_timestamp(), "
        "measured_at = clock_timestamp(), steps_done = 0, steps_total = 0, row_count = 0, byte_count "
        "= 0 FROM next WHERE sequence = number RETURNING " WHOLE_COLUMNS,
        &parameters, status, &result, error);
    if (status != CW_OK) {
        return status;
    }
    const bool has_row = PQntuples(result) > 0;
    status = has_row ? read_whole(result, 0, record, error) : CW_OK;
    PQclear(result);
    if (status == CW_OK) {
        *found = has_row;
    }
    return status;
}

/* The run that ends the job holds its row until it is committed: then the lease needs no renewal, for nobody
 * takes a row that is locked. */
static cw_status beat_job(struct cw_store *base, const struct cw_job_view *progress,
                          const struct cw_job_lease *lease, bool *held, bool *cancelled,
                          struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    PGresult *result = NULL;
    cw_status status = add_progress(&parameters, progress, &lease->owner, error);
    if (status == CW_OK) {
        status = cw_pg_add_int64(&parameters, lease->duration, error);
    }
    status = run_again(
        cw_pg_store_of(base),
        "WITH free AS (SELECT sequence AS number FROM jobs WHERE id = $1 AND lease_owner = $2 FOR UPDATE "
        "SKIP LOCKED), beat AS (UPDATE jobs SET steps_done = $3, steps_total = $4, row_count = $5, "
        "byte_count "
        "= $6, measured_at = clock_timestamp(), lease_until = clock_timestamp() + $7::bigint * interval '1 "
        "microsecond' FROM free WHERE sequence = number) SELECT cancel_requested FROM jobs WHERE id = $1 AND "
        "lease_owner = $2",
        &parameters, status, &result, error);
    if (status == CW_OK) {
        *held = PQntuples(result) > 0;
        *cancelled = *held && cw_pg_integer(result, 0, 0) != 0;
        PQclear(result);
    }
    return status;
}

static cw_status add_end(struct cw_pg_parameters *parameters, const struct cw_job_view *end,
                         const struct cw_uuid *owner, const struct cw_buffer *result, struct cw_error *error)
{
    const bool has_result = end->state == CW_JOB_SUCCEEDED;
    cw_status status = add_progress(parameters, end, owner, error);
    if (status == CW_OK) {
        status = cw_pg_add_text(parameters, cw_job_state_name(end->state), error);
    }
    if (status == CW_OK) {
        status =
            has_result ? add_buffer(parameters, result, error) : cw_pg_add_bytes(parameters, NULL, 0, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_int32(parameters, end->error.code, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_text(parameters, end->error.field, error);
    }
    return status == CW_OK ? cw_pg_add_text(parameters, end->error.message, error) : status;
}

static cw_status finish_job(struct cw_store *base, const struct cw_job_view *ended,
                            const struct cw_uuid *owner, const struct cw_buffer *made, bool *held,
                            struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    PGresult *result = NULL;
    cw_status status = add_end(&parameters, ended, owner, made, error);
    status =
        run_again(cw_pg_store_of(base),
                  "UPDATE jobs SET state = $7, version = version + 1, finished_at = clock_timestamp(), "
                  "lease_owner = NULL, lease_until = NULL, steps_done = $3, steps_total = $4, row_count = "
                  "$5, byte_count = $6, measured_at = clock_timestamp(), result = $8, error_code = $9, "
                  "error_field = $10, error_message = $11 WHERE id = $1 AND lease_owner = $2",
                  &parameters, status, &result, error);
    if (status == CW_OK) {
        *held = has_changed(result);
    }
    return status;
}

static cw_status release_job(struct cw_store *base, const struct cw_uuid *id, const struct cw_uuid *owner,
                             bool counts, struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    PGresult *result = NULL;
    cw_status status = add_id(&parameters, id, error);
    if (status == CW_OK) {
        status = add_id(&parameters, owner, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_int32(&parameters, counts ? 0 : 1, error);
    }
    status = run_again(cw_pg_store_of(base),
                       "UPDATE jobs SET state = 'queued', version = version + 1, lease_owner = NULL, "
                       "lease_until = NULL, attempts = attempts - $3 WHERE id = $1 AND lease_owner = $2",
                       &parameters, status, &result, error);
    if (status == CW_OK) {
        PQclear(result);
    }
    return status;
}

/* 2: it is as wished; 1: somebody holds its row at the moment; 0: it is not there. */
static cw_status try_cancel(struct cw_pg_store *store, const struct cw_uuid *id, int *outcome,
                            struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    PGresult *result = NULL;
    cw_status status = add_id(&parameters, id, error);
    status = run_again(
        store,
        "WITH free AS (SELECT sequence AS number FROM jobs WHERE id = $1 AND state IN ('queued', 'running') "
        "AND NOT cancel_requested FOR UPDATE SKIP LOCKED), done AS (UPDATE jobs SET version = version + 1, "
        "cancel_requested = true, finished_at = CASE state WHEN 'queued' THEN clock_timestamp() END, state = "
        "CASE state WHEN 'queued' THEN 'cancelled' ELSE state END FROM free WHERE sequence = number "
        "RETURNING "
        "1) SELECT cancel_requested OR state NOT IN ('queued', 'running') OR EXISTS (SELECT FROM done) FROM "
        "jobs WHERE id = $1",
        &parameters, status, &result, error);
    if (status == CW_OK) {
        *outcome = PQntuples(result) == 0 ? 0 : cw_pg_integer(result, 0, 0) != 0 ? 2 : 1;
        PQclear(result);
    }
    return status;
}

/* Whoever holds the row for longer is at the commit of the job's rows, whose keys are built: it is too late.
 */
static cw_status cancel_job(struct cw_store *base, const struct cw_uuid *id, struct cw_error *error)
{
    const struct timespec pause = {0, CANCEL_PAUSE};
    int outcome = 1;
    cw_status status = CW_OK;
    for (int i = 0; status == CW_OK && outcome == 1 && i < CANCEL_ATTEMPTS; i++) {
        if (i > 0) {
            nanosleep(&pause, NULL);
        }
        status = try_cancel(cw_pg_store_of(base), id, &outcome, error);
    }
    return status == CW_OK && outcome == 0 ? cw_job_not_found(error) : status;
}

static cw_status read_jobs(struct cw_store *base, const struct cw_uuid *id, uint32_t limit,
                           struct cw_job_record *records, uint32_t *count, struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    PGresult *result = NULL;
    int row = 0;
    cw_status status = cw_pg_add_int64(&parameters, limit, error);
    if (status == CW_OK && id != NULL) {
        status = add_id(&parameters, id, error);
    }
    status = run_again(cw_pg_store_of(base),
                       id != NULL ? "SELECT " WHOLE_COLUMNS " FROM jobs WHERE id = $2 LIMIT $1"
                                  : "SELECT " VIEW_COLUMNS " FROM jobs ORDER BY sequence DESC LIMIT $1",
                       &parameters, status, &result, error);
    for (; status == CW_OK && row < PQntuples(result); row++) {
        if (id != NULL) {
            status = read_whole(result, row, &records[row], error);
        } else {
            read_view(result, row, &records[row].view);
        }
    }
    PQclear(result);
    if (status == CW_OK) {
        *count = (uint32_t)row;
    }
    return status;
}

static cw_status count_jobs(struct cw_store *base, uint32_t *queued, uint32_t *running,
                            struct cw_error *error)
{
    PGresult *result = NULL;
    const cw_status status = cw_pg_ask(cw_pg_store_of(base),
                                       "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER "
                                       "(WHERE state = 'running') FROM jobs WHERE state IN ('queued', "
                                       "'running')",
                                       NULL, &result, error);
    if (status == CW_OK) {
        *queued = (uint32_t)cw_pg_integer(result, 0, 0);
        *running = (uint32_t)cw_pg_integer(result, 0, 1);
        PQclear(result);
    }
    return status;
}

static cw_status forget_jobs(struct cw_store *base, uint32_t keep, int64_t since, struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    PGresult *result = NULL;
    cw_status status = cw_pg_add_int64(&parameters, keep, error);
    if (status == CW_OK) {
        status = cw_pg_add_instant(&parameters, since, error);
    }
    status = run_again(
        cw_pg_store_of(base),
        "DELETE FROM jobs WHERE state NOT IN ('queued', 'running') AND (finished_at < $2 OR sequence <= "
        "(SELECT "
        "sequence FROM jobs WHERE state NOT IN ('queued', 'running') ORDER BY sequence DESC LIMIT 1 OFFSET "
        "$1))",
        &parameters, status, &result, error);
    if (status == CW_OK) {
        PQclear(result);
    }
    return status;
}

const struct cw_job_operations cw_pg_job_operations = {
    .add = add_job,
    .take = take_job,
    .beat = beat_job,
    .finish = finish_job,
    .release = release_job,
    .cancel = cancel_job,
    .read = read_jobs,
    .count = count_jobs,
    .forget = forget_jobs,
};
