#include "api/job_resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/idempotency.h"
#include "api/route.h"

#define JOBS_SHOWN_MAX 100

void cw_job_json(struct cw_json_writer *writer, const struct cw_job_view *view,
                 const struct cw_buffer *result)
{
    char id[CW_UUID_TEXT];
    cw_uuid_text(&view->id, id);
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "id", id);
    cw_json_put_text(writer, "kind", view->kind);
    cw_json_put_text(writer, "state", cw_job_state_name(view->state));
    cw_json_put_instant(writer, "created_at", view->created_at);
    cw_json_put_instant(writer, "started_at", view->started_at);
    cw_json_put_instant(writer, "finished_at", view->finished_at);
    cw_json_key(writer, "progress");
    cw_json_open(writer, '{');
    cw_json_put_number(writer, "done", view->done);
    cw_json_put_number(writer, "total", view->total);
    cw_json_put_number(writer, "rows", view->rows);
    cw_json_put_number(writer, "rows_per_second", cw_job_rate(view));
    const int64_t left = cw_job_seconds_left(view);
    if (left >= 0) {
        cw_json_put_number(writer, "seconds_left", left);
    } else {
        cw_json_put_text(writer, "seconds_left", NULL);
    }
    cw_json_close(writer, '}');
    cw_json_put_number(writer, "attempts", view->attempts);
    cw_json_put_text(writer, "error", view->state == CW_JOB_FAILED ? view->error.message : NULL);
    if (result != NULL && result->size > 0) {
        cw_json_put_raw(writer, "result", result);
    }
    cw_json_close(writer, '}');
}

static cw_status answer_job(struct cw_exchange *exchange, int http_status, const struct cw_job_record *record,
                            struct cw_error *error)
{
    struct cw_json_writer writer = cw_json_writer_init(&exchange->reply.body, error);
    cw_job_json(&writer, &record->view, &record->result);
    exchange->reply.status = http_status;
    exchange->reply.media_type = "application/json";
    return writer.status;
}

static cw_status answer_accepted(struct cw_exchange *exchange, const struct cw_job_record *record,
                                 struct cw_error *error)
{
    char location[CW_LOCATION_MAX];
    char text[CW_UUID_TEXT];
    cw_uuid_text(&record->view.id, text);
    snprintf(location, sizeof location, "/api/v1/jobs/%s", text);
    cw_status status = cw_reply_header(&exchange->reply, "Location", location, error);
    if (status == CW_OK && cw_prefers_async(exchange)) {
        status = cw_reply_header(&exchange->reply, "Preference-Applied", "respond-async", error);
    }
    return status == CW_OK ? answer_job(exchange, 202, record, error) : status;
}

cw_status cw_job_accept(struct cw_exchange *exchange, struct cw_job_record *record, struct cw_error *error)
{
    record->view = (struct cw_job_view){
        .id = cw_uuid_fresh(), .state = CW_JOB_QUEUED, .created_at = cw_time_now(), .version = 1};
    snprintf(record->view.kind, sizeof record->view.kind, "%s", exchange->route->operation);
    cw_status status = answer_accepted(exchange, record, error);
    if (status == CW_OK && exchange->idempotency_key != NULL) {
        status = cw_idempotency_take(exchange, &record->answer, error);
    }
    if (status == CW_OK) {
        status = cw_job_submit(exchange->api->jobs, record, error);
    }
    if (status != CW_OK) {
        exchange->reply.headers.size = 0;
        exchange->reply.body.size = 0;
    }
    return status;
}

cw_status cw_list_jobs(struct cw_exchange *exchange, struct cw_error *error)
{
    uint32_t count = 0;
    struct cw_job_record *records = calloc(JOBS_SHOWN_MAX, sizeof *records);
    if (records == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the list of jobs");
    }
    cw_status status = cw_job_list(exchange->api->jobs, JOBS_SHOWN_MAX, records, &count, error);
    struct cw_json_writer writer = cw_json_writer_init(&exchange->reply.body, error);
    cw_json_open(&writer, '{');
    cw_json_key(&writer, "data");
    cw_json_open(&writer, '[');
    for (uint32_t i = 0; i < count; i++) {
        cw_job_json(&writer, &records[i].view, NULL);
        cw_job_record_clear(&records[i]);
    }
    cw_json_close(&writer, ']');
    cw_json_close(&writer, '}');
    free(records);
    exchange->reply.status = 200;
    exchange->reply.media_type = "application/json";
    return status == CW_OK ? writer.status : status;
}

static cw_status show_job(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_job_record record = {0};
    cw_status status = cw_job_get(exchange->api->jobs, &exchange->id, &record, error);
    if (status == CW_OK) {
        status = answer_job(exchange, 200, &record, error);
    }
    cw_job_record_clear(&record);
    return status;
}

cw_status cw_get_job(struct cw_exchange *exchange, struct cw_error *error)
{
    return show_job(exchange, error);
}

cw_status cw_cancel_job(struct cw_exchange *exchange, struct cw_error *error)
{
    const cw_status status = cw_job_cancel(exchange->api->jobs, &exchange->id, error);
    return status == CW_OK ? show_job(exchange, error) : status;
}

cw_status cw_follow_job(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_job_record record = {0};
    const cw_status status = cw_job_get(exchange->api->jobs, &exchange->id, &record, error);
    cw_job_record_clear(&record);
    exchange->streams_job = status == CW_OK;
    exchange->reply.status = 200;
    exchange->reply.media_type = "text/event-stream";
    return status;
}
