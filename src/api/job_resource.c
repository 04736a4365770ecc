#include "api/job_resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
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
    cw_json_close(writer, '}');
    cw_json_put_text(writer, "error", view->state == CW_JOB_FAILED ? view->error.message : NULL);
    if (result != NULL && result->size > 0) {
        cw_json_put_raw(writer, "result", result);
    }
    cw_json_close(writer, '}');
}

static cw_status answer_job(struct cw_exchange *exchange, int http_status, const struct cw_job_view *view,
                            struct cw_error *error)
{
    struct cw_buffer result = {0};
    if (view->state == CW_JOB_SUCCEEDED) {
        /* Forgotten since then: it is shown without its result. */
        cw_job_result(exchange->api->jobs, &view->id, &result, NULL);
    }
    struct cw_json_writer writer = cw_json_writer_init(&exchange->reply.body, error);
    cw_job_json(&writer, view, &result);
    cw_buffer_clear(&result);
    exchange->reply.status = http_status;
    exchange->reply.media_type = "application/json";
    return writer.status;
}

cw_status cw_job_accept(struct cw_exchange *exchange, const struct cw_job_ticket *ticket,
                        struct cw_error *error)
{
    struct cw_job_view view = {.id = ticket->id, .state = CW_JOB_QUEUED, .created_at = ticket->created_at};
    char location[CW_LOCATION_MAX];
    char text[CW_UUID_TEXT];
    snprintf(view.kind, sizeof view.kind, "%s", exchange->route->operation);
    cw_uuid_text(&ticket->id, text);
    snprintf(location, sizeof location, "/api/v1/jobs/%s", text);
    cw_status status = cw_reply_header(&exchange->reply, "Location", location, error);
    if (status == CW_OK && cw_prefers_async(exchange)) {
        status = cw_reply_header(&exchange->reply, "Preference-Applied", "respond-async", error);
    }
    return status != CW_OK ? status : answer_job(exchange, 202, &view, error);
}

cw_status cw_list_jobs(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_job_view *views = malloc(JOBS_SHOWN_MAX * sizeof *views);
    if (views == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the list of jobs");
    }
    const size_t count = cw_job_list(exchange->api->jobs, views, JOBS_SHOWN_MAX);
    struct cw_json_writer writer = cw_json_writer_init(&exchange->reply.body, error);
    cw_json_open(&writer, '{');
    cw_json_key(&writer, "data");
    cw_json_open(&writer, '[');
    for (size_t i = 0; i < count; i++) {
        cw_job_json(&writer, &views[i], NULL);
    }
    cw_json_close(&writer, ']');
    cw_json_close(&writer, '}');
    free(views);
    exchange->reply.status = 200;
    exchange->reply.media_type = "application/json";
    return writer.status;
}

cw_status cw_get_job(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_job_view view;
    const cw_status status = cw_job_get(exchange->api->jobs, &exchange->id, &view, error);
    return status != CW_OK ? status : answer_job(exchange, 200, &view, error);
}

cw_status cw_cancel_job(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_job_view view;
    cw_status status = cw_job_cancel(exchange->api->jobs, &exchange->id, error);
    if (status == CW_OK) {
        status = cw_job_get(exchange->api->jobs, &exchange->id, &view, error);
    }
    return status != CW_OK ? status : answer_job(exchange, 200, &view, error);
}

cw_status cw_follow_job(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_job_view view;
    const cw_status status = cw_job_get(exchange->api->jobs, &exchange->id, &view, error);
    exchange->streams_job = status == CW_OK;
    exchange->reply.status = 200;
    exchange->reply.media_type = "text/event-stream";
    return status;
}
