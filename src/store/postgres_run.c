/* Runs and kept answers. */
#include <stdio.h>
#include <string.h>

#include "store/postgres_store.h"

#define RUN_COLUMNS "id, created_at, spec, request, digests, basis"
#define ANSWER_COLUMNS "key, request, created_at, status, media_type, headers, body, job_id, job_kind"

const char cw_pg_run_sql[] = "INSERT INTO runs (" RUN_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6)";
const char cw_pg_forget_sql[] = "DELETE FROM kept_answers WHERE created_at < $1";
const char cw_pg_answer_sql[] =
    "INSERT INTO kept_answers (" ANSWER_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

static cw_status add_buffer(struct cw_pg_parameters *parameters, const struct cw_buffer *buffer,
                            struct cw_error *error)
{
    return cw_pg_add_bytes(parameters, buffer->data != NULL ? buffer->data : "", buffer->size, error);
}

cw_status cw_pg_run_parameters(const struct cw_run_record *run, struct cw_pg_parameters *parameters,
                               struct cw_error *error)
{
    const struct cw_buffer *const texts[] = {&run->spec, &run->request, &run->digests, &run->basis};
    cw_status status = cw_pg_add_bytes(parameters, run->id.bytes, sizeof run->id.bytes, error);
    if (status == CW_OK) {
        status = cw_pg_add_instant(parameters, run->created_at, error);
    }
    for (size_t i = 0; status == CW_OK && i < 4; i++) {
        status = add_buffer(parameters, texts[i], error);
    }
    return status;
}

cw_status cw_pg_forget_parameters(const struct cw_kept_answer *answer, struct cw_pg_parameters *parameters,
                                  struct cw_error *error)
{
    return cw_pg_add_instant(parameters, answer->created_at - CW_ANSWER_LIFETIME, error);
}

static cw_status add_job(const struct cw_kept_answer *answer, struct cw_pg_parameters *parameters,
                         struct cw_error *error)
{
    static const struct cw_uuid none;
    const bool has_job = memcmp(&answer->job, &none, sizeof none) != 0;
    cw_status status =
        cw_pg_add_bytes(parameters, has_job ? answer->job.bytes : NULL, has_job ? 16 : 0, error);
    return status == CW_OK ? cw_pg_add_text(parameters, answer->job_kind, error) : status;
}

cw_status cw_pg_answer_parameters(const struct cw_kept_answer *answer, struct cw_pg_parameters *parameters,
                                  struct cw_error *error)
{
    cw_status status = cw_pg_add_text(parameters, answer->key, error);
    if (status == CW_OK) {
        status = cw_pg_add_bytes(parameters, answer->request, sizeof answer->request, error);
    }
    if (status == CW_OK) {
        status = cw_pg_add_instant(parameters, answer->created_at, error);
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
    if (status == CW_OK) {
        status = add_buffer(parameters, &answer->body, error);
    }
    return status == CW_OK ? add_job(answer, parameters, error) : status;
}

/* ---- Reading ---- */

static cw_status read_record(const PGresult *result, int row, struct cw_run_record *record,
                             struct cw_error *error)
{
    struct cw_run_record made = {.created_at = cw_pg_integer(result, row, 1)};
    struct cw_buffer *const texts[] = {&made.spec, &made.request, &made.digests, &made.basis};
    cw_status status = CW_OK;
    cw_pg_bytes(result, row, 0, made.id.bytes, sizeof made.id.bytes);
    for (int i = 0; status == CW_OK && i < 4; i++) {
        status = cw_pg_buffer(result, row, 2 + i, texts[i], error);
    }
    if (status != CW_OK) {
        cw_run_record_clear(&made);
        return status;
    }
    *record = made;
    return CW_OK;
}

static cw_status take_records(const PGresult *result, struct cw_run_record *records, uint32_t *count,
                              struct cw_error *error)
{
    const int rows = PQntuples(result);
    for (int row = 0; row < rows; row++) {
        const cw_status status = read_record(result, row, &records[row], error);
        if (status != CW_OK) {
            while (row > 0) {
                cw_run_record_clear(&records[--row]);
            }
            return status;
        }
    }
    *count = (uint32_t)rows;
    return CW_OK;
}

cw_status cw_pg_runs(struct cw_store *base, const struct cw_uuid *id, const struct cw_uuid *after,
                     uint32_t limit, struct cw_run_record *records, uint32_t *count, struct cw_error *error)
{
    struct cw_pg_store *store = cw_pg_store_of(base);
    struct cw_pg_parameters parameters = {0};
    const struct cw_uuid *key = id != NULL ? id : after;
    cw_status status = cw_pg_add_int64(&parameters, limit, error);
    if (status == CW_OK && key != NULL) {
        status = cw_pg_add_bytes(&parameters, key->bytes, sizeof key->bytes, error);
    }
    PGresult *result = NULL;
    if (status == CW_OK) {
        status = cw_pg_ask(
            store,
            id != NULL      ? "SELECT " RUN_COLUMNS " FROM runs WHERE id = $2 LIMIT $1"
            : after != NULL ? "SELECT " RUN_COLUMNS " FROM runs WHERE sequence < (SELECT sequence FROM runs "
                              "WHERE id = $2) ORDER BY sequence DESC LIMIT $1"
                            : "SELECT " RUN_COLUMNS " FROM runs ORDER BY sequence DESC LIMIT $1",
            &parameters, &result, error);
    }
    if (status == CW_OK) {
        status = take_records(result, records, count, error);
        PQclear(result);
    }
    cw_pg_parameters_clear(&parameters);
    return status;
}

static cw_status read_answer(const PGresult *result, int row, struct cw_kept_answer *answer,
                             struct cw_error *error)
{
    struct cw_buffer *const buffers[] = {&answer->headers, &answer->body};
    cw_status status = CW_OK;
    cw_pg_text(result, row, 0, answer->key, sizeof answer->key);
    cw_pg_bytes(result, row, 1, answer->request, sizeof answer->request);
    answer->created_at = cw_pg_integer(result, row, 2);
    answer->status = (int32_t)cw_pg_integer(result, row, 3);
    cw_pg_text(result, row, 4, answer->media_type, sizeof answer->media_type);
    for (int i = 0; status == CW_OK && i < 2; i++) {
        status = cw_pg_buffer(result, row, 5 + i, buffers[i], error);
    }
    cw_pg_bytes(result, row, 7, answer->job.bytes, sizeof answer->job.bytes);
    cw_pg_text(result, row, 8, answer->job_kind, sizeof answer->job_kind);
    return status;
}

/* What was kept with rows, or with a job that is not finished: one statement, so that the end of the job can
 * not come in between. */
static const char find_sql[] =
    "SELECT " ANSWER_COLUMNS
    " FROM kept_answers WHERE created_at >= $1 AND key = $2 UNION ALL SELECT answer_key, answer_request, "
    "created_at, answer_status, answer_media_type, answer_headers, answer_body, id, kind FROM jobs WHERE "
    "answer_key = $2 AND state IN ('queued', 'running') LIMIT 1";

cw_status cw_pg_answer(struct cw_store *base, const char *key, int64_t since, struct cw_kept_answer *answer,
                       bool *found, struct cw_error *error)
{
    struct cw_pg_parameters parameters = {0};
    struct cw_kept_answer read = {0};
    PGresult *result = NULL;
    cw_status status = cw_pg_add_instant(&parameters, since, error);
    if (status == CW_OK) {
        status = cw_pg_add_text(&parameters, key, error);
    }
    if (status == CW_OK) {
        status = cw_pg_ask(cw_pg_store_of(base), find_sql, &parameters, &result, error);
    }
    cw_pg_parameters_clear(&parameters);
    if (status != CW_OK) {
        return status;
    }
    const bool is_there = PQntuples(result) > 0;
    status = is_there ? read_answer(result, 0, &read, error) : CW_OK;
    PQclear(result);
    if (status != CW_OK) {
        cw_kept_answer_clear(&read);
        return status;
    }
    if (is_there) {
        *answer = read;
    }
    *found = is_there;
    return CW_OK;
}
