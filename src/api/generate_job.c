#include "api/generate_job.h"

#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/api_metrics.h"
#include "api/job_resource.h"
#include "service/run_digests.h"
#include "service/run_request.h"

/* Appends {"customers":10,...} of the tables that have rows. */
static void put_counts(struct cw_json_writer *writer, const int64_t rows[CW_ENTITY_COUNT])
{
    cw_json_key(writer, "counts");
    cw_json_open(writer, '{');
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        if (rows[i] > 0) {
            cw_json_put_number(writer, cw_entity_get((enum cw_entity_id)i)->table, rows[i]);
        }
    }
    cw_json_close(writer, '}');
}

cw_status cw_generated_put(struct cw_json_writer *writer, const struct cw_store_run *run, const char *request,
                           bool persist)
{
    struct cw_buffer spec = {0};
    char id[CW_UUID_TEXT];
    writer->status =
        writer->status == CW_OK ? cw_run_spec_json(&run->spec, &spec, writer->error) : writer->status;
    cw_uuid_text(&run->id, id);
    cw_json_put_text(writer, "run_id", persist ? id : NULL);
    cw_json_put_bool(writer, "persisted", persist);
    cw_json_put_number(writer, "seed", (int64_t)run->spec.seed);
    cw_json_key(writer, "request");
    cw_json_raw(writer, request, strlen(request));
    cw_json_put_raw(writer, "spec", &spec);
    put_counts(writer, run->rows);
    cw_buffer_clear(&spec);
    return writer->status;
}

static cw_status put_result(struct cw_buffer *result, const struct cw_store_run *run, const char *request,
                            struct cw_error *error)
{
    struct cw_json_writer writer = cw_json_writer_init(result, error);
    cw_json_open(&writer, '{');
    cw_generated_put(&writer, run, request, true);
    cw_json_close(&writer, '}');
    return writer.status;
}

/* What is known of an attempt while its rows are made. */
struct attempt {
    const struct cw_job_task *task;
    char *request;
    struct cw_run_job job;
};

/* The result is complete before the rows are kept, so that it can be kept with them. */
static cw_status complete_job(void *context, const struct cw_store_run *run,
                              const struct cw_kept_answer **kept, struct cw_error *error)
{
    struct attempt *attempt = context;
    const struct cw_job_task *task = attempt->task;
    const cw_status status = put_result(task->result, run, attempt->request, error);
    attempt->job = (struct cw_run_job){.id = task->record->view.id,
                                       .owner = task->owner,
                                       .done = atomic_load(&task->progress->done),
                                       .total = atomic_load(&task->progress->total),
                                       .rows = atomic_load(&task->progress->rows),
                                       .bytes = atomic_load(&task->progress->bytes),
                                       .result = task->result};
    if (task->record->answer.key[0] != '\0') {
        *kept = &task->record->answer;
    }
    return status;
}

/* A job's request is {"request":...,"spec":...}: the body as it was given, and what it comes to. */
static cw_status read_request(const struct cw_buffer *text, struct cw_run_spec *spec, char **request,
                              struct cw_error *error)
{
    json_t *json = json_loadb(text->data, text->size, 0, NULL);
    cw_run_spec_init(spec);
    cw_status status = json_is_object(json)
                           ? cw_run_spec_read(json_object_get(json, "spec"), spec, error)
                           : cw_error_set(error, CW_E_CORRUPT, NULL, "the request of the job is damaged");
    if (status == CW_OK) {
        *request = json_dumps(json_object_get(json, "request"), JSON_COMPACT | JSON_SORT_KEYS);
        status =
            *request != NULL ? CW_OK : cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the request");
    }
    json_decref(json);
    return status;
}

cw_status cw_generate_job_work(void *context, const struct cw_job_task *task, struct cw_error *error)
{
    struct cw_api *api = context;
    struct attempt attempt = {.task = task};
    struct cw_store_run_options options = {.threads = api->threads,
                                           .progress = task->progress,
                                           .made = complete_job,
                                           .made_context = &attempt,
                                           .id = &task->record->run,
                                           .job = &attempt.job};
    struct cw_store_run run;
    cw_status status = read_request(&task->record->request, &options.spec, &attempt.request, error);
    if (status == CW_OK) {
        options.request = attempt.request;
        status = cw_generate_store(api->store, &options, &run, error);
    }
    if (status == CW_OK) {
        cw_api_count_rows(api, run.rows);
    }
    free(attempt.request);
    return status;
}

cw_status cw_generate_job_recall(void *context, const struct cw_run_record *record, struct cw_buffer *result,
                                 struct cw_error *error)
{
    char digests[CW_ENTITY_COUNT][CW_DIGEST_SIZE * 2 + 1];
    struct cw_buffer request = {0};
    struct cw_store_run run = {.id = record->id};
    (void)context;
    cw_run_spec_init(&run.spec);
    cw_status status = cw_run_spec_parse(record->spec.data, record->spec.size, &run.spec, error);
    if (status == CW_OK) {
        status = cw_digests_parse(&record->digests, run.rows, digests, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&request, record->request.data, record->request.size, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&request, "", 1, error);
    }
    if (status == CW_OK) {
        status = put_result(result, &run, request.data, error);
    }
    cw_buffer_clear(&request);
    return status;
}

cw_status cw_generate_job_accept(struct cw_exchange *exchange, const struct cw_run_spec *spec,
                                 const char *request, struct cw_error *error)
{
    struct cw_buffer text = {0};
    struct cw_job_record record = {.run = cw_uuid_fresh()};
    cw_status status = cw_run_spec_json(spec, &text, error);
    struct cw_json_writer writer = cw_json_writer_init(&record.request, error);
    cw_json_open(&writer, '{');
    cw_json_key(&writer, "request");
    cw_json_raw(&writer, request, strlen(request));
    cw_json_put_raw(&writer, "spec", &text);
    cw_json_close(&writer, '}');
    if (status == CW_OK) {
        status = writer.status != CW_OK ? writer.status : cw_job_accept(exchange, &record, error);
    }
    cw_job_record_clear(&record);
    cw_buffer_clear(&text);
    return status;
}
