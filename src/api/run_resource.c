#include "api/run_resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/api_metrics.h"
#include "api/job_resource.h"
#include "base/parse.h"
#include "service/reproduce.h"
#include "service/run_request.h"
#include "service/validate.h"

#define PAGE_MAX 100
#define DEFAULT_LIMIT 20
/* Runs of more rows than this are made again by a job. */
#define REPRODUCED_ROWS_MAX 100000

static void put_record(struct cw_json_writer *writer, const struct cw_run_record *record)
{
    char id[CW_UUID_TEXT];
    cw_uuid_text(&record->id, id);
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "id", id);
    cw_json_put_instant(writer, "created_at", record->created_at);
    cw_json_put_raw(writer, "request", &record->request);
    cw_json_put_raw(writer, "spec", &record->spec);
    cw_json_put_raw(writer, "digests", &record->digests);
    cw_json_put_raw(writer, "basis", &record->basis);
    cw_json_close(writer, '}');
}

static cw_status put_page(struct cw_exchange *exchange, const struct cw_run_record *records, uint32_t count,
                          bool has_more, struct cw_error *error)
{
    char id[CW_UUID_TEXT] = "";
    char next[CW_LOCATION_MAX];
    const char *limit = cw_uri_query(&exchange->uri, "limit");
    if (has_more) {
        cw_uuid_text(&records[count - 1].id, id);
    }
    snprintf(next, sizeof next, "/api/v1/runs?limit=%s&cursor=%s", limit != NULL ? limit : "20", id);
    struct cw_json_writer writer = cw_json_writer_init(&exchange->reply.body, error);
    cw_json_open(&writer, '{');
    cw_json_key(&writer, "data");
    cw_json_open(&writer, '[');
    for (uint32_t i = 0; i < count; i++) {
        put_record(&writer, &records[i]);
    }
    cw_json_close(&writer, ']');
    cw_json_put_text(&writer, "next", has_more ? next : NULL);
    cw_json_put_text(&writer, "next_cursor", has_more ? id : NULL);
    cw_json_close(&writer, '}');
    if (has_more && writer.status == CW_OK) {
        char link[CW_LOCATION_MAX + 20];
        snprintf(link, sizeof link, "<%s>; rel=\"next\"", next);
        return cw_reply_header(&exchange->reply, "Link", link, error);
    }
    return writer.status;
}

cw_status cw_list_runs(struct cw_exchange *exchange, struct cw_error *error)
{
    const char *cursor = cw_uri_query(&exchange->uri, "cursor");
    const char *limit_text = cw_uri_query(&exchange->uri, "limit");
    int64_t limit = DEFAULT_LIMIT;
    uint32_t count = 0;
    struct cw_uuid after;
    if (limit_text != NULL) {
        cw_parse_int64(limit_text, strlen(limit_text), &limit);
    }
    if (cursor != NULL) {
        cw_parse_uuid(cursor, strlen(cursor), after.bytes);
    }
    struct cw_run_record *records = calloc(PAGE_MAX + 1, sizeof *records);
    if (records == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the list of runs");
    }
    cw_status status = cw_store_runs(exchange->api->store, cursor != NULL ? &after : NULL,
                                     (uint32_t)limit + 1, records, &count, error);
    if (status == CW_OK) {
        const bool has_more = count > (uint32_t)limit;
        exchange->reply.status = 200;
        exchange->reply.media_type = "application/json";
        status = put_page(exchange, records, has_more ? (uint32_t)limit : count, has_more, error);
    }
    for (uint32_t i = 0; i < count; i++) {
        cw_run_record_clear(&records[i]);
    }
    free(records);
    return status;
}

cw_status cw_get_run(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_run_record record = {0};
    cw_status status = cw_store_run(exchange->api->store, &exchange->id, &record, error);
    if (status == CW_OK) {
        struct cw_json_writer writer = cw_json_writer_init(&exchange->reply.body, error);
        put_record(&writer, &record);
        status = writer.status;
        exchange->reply.status = 200;
        exchange->reply.media_type = "application/json";
    }
    cw_run_record_clear(&record);
    return status;
}

static cw_status make_again(struct cw_api *api, const struct cw_uuid *id, uint32_t threads,
                            struct cw_progress *progress, struct cw_buffer *out, struct cw_error *error)
{
    struct cw_reproduction *result = calloc(1, sizeof *result);
    if (result == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory to make a run again");
    }
    cw_status status = cw_reproduce_run(api->store, id, threads, progress, result, error);
    if (status == CW_OK) {
        status = cw_reproduction_json(result, out, error);
    }
    free(result);
    return status;
}

cw_status cw_reproduce_job_work(void *context, const struct cw_job_task *task, struct cw_error *error)
{
    struct cw_api *api = context;
    const struct cw_buffer *request = &task->record->request;
    json_t *json = json_loadb(request->data, request->size, 0, NULL);
    const char *text = json_string_value(json_object_get(json, "run_id"));
    struct cw_uuid id;
    cw_status status = cw_value_uuid("run_id", text != NULL ? text : "", &id, error);
    json_decref(json);
    return status == CW_OK ? make_again(api, &id, api->threads, task->progress, task->result, error) : status;
}

static cw_status submit(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_job_record record = {0};
    cw_status status = cw_buffer_format(&record.request, error, "{\"run_id\":\"%s\"}", exchange->id_text);
    if (status == CW_OK) {
        status = cw_job_accept(exchange, &record, error);
    }
    cw_job_record_clear(&record);
    return status;
}

cw_status cw_reproduce(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_run_record record = {0};
    struct cw_run_spec spec;
    cw_status status = cw_store_run(exchange->api->store, &exchange->id, &record, error);
    if (status != CW_OK) {
        return status;
    }
    cw_run_spec_init(&spec);
    status = cw_run_spec_parse(record.spec.data, record.spec.size, &spec, error);
    cw_run_record_clear(&record);
    if (status != CW_OK) {
        return status;
    }
    if (cw_prefers_async(exchange) || cw_run_spec_expected_rows(&spec) > REPRODUCED_ROWS_MAX) {
        return submit(exchange, error);
    }
    exchange->reply.status = 200;
    exchange->reply.media_type = "application/json";
    return make_again(exchange->api, &exchange->id, 1, NULL, &exchange->reply.body, error);
}

cw_status cw_validate_relationships(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_validation validation = {0};
    const char *type = cw_uri_query(&exchange->uri, "entity_type");
    const char *text = cw_uri_query(&exchange->uri, "entity_id");
    const struct cw_entity *entity = cw_entity_find(type, strlen(type));
    struct cw_uuid id;
    cw_status status = cw_value_uuid("entity_id", text, &id, error);
    if (status == CW_OK) {
        status = cw_validate_entity(exchange->api->store, entity->id, &id, &validation, error);
    }
    if (status == CW_OK) {
        cw_api_count_violations(exchange->api, &validation);
        exchange->reply.status = 200;
        exchange->reply.media_type = "application/json";
        status = cw_validation_json(&validation, &exchange->reply.body, error);
    }
    cw_validation_clear(&validation);
    return status;
}
