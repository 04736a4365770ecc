#include "service/run_digests.h"

#include <stdio.h>
#include <string.h>

#include "service/json_read.h"
#include "service/values.h"

/* Most small runs are of customers alone, and each output costs something also when it stays empty. */
static bool can_have(const struct cw_run_spec *spec, enum cw_entity_id entity)
{
    return spec == NULL || spec->products > 0 || spec->category_count > 0 || spec->orders > 0 ||
           (entity >= CW_ENTITY_CUSTOMER && entity <= CW_ENTITY_PAYMENT_METHOD);
}

size_t cw_digest_outputs_init(const struct cw_run_spec *spec, struct cw_output outputs[CW_ENTITY_COUNT])
{
    size_t count = 0;
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        if (can_have(spec, (enum cw_entity_id)i)) {
            outputs[count++] = (struct cw_output){
                .entity = (enum cw_entity_id)i, .format = CW_FORMAT_NDJSON, .wants_digest = true};
        }
    }
    return count;
}

cw_status cw_digests_json(const struct cw_output *outputs, size_t count, struct cw_buffer *out,
                          struct cw_error *error)
{
    const char *glue = "{";
    cw_status status = CW_OK;
    for (size_t i = 0; i < count && status == CW_OK; i++) {
        char digest[CW_DIGEST_SIZE * 2 + 1];
        if (outputs[i].rows == 0) {
            continue;
        }
        cw_hex_text(outputs[i].digest, CW_DIGEST_SIZE, digest);
        status =
            cw_buffer_format(out, error, "%s\"%s\":{\"rows\":%lld,\"sha256\":\"%s\"}", glue,
                             cw_entity_get(outputs[i].entity)->table, (long long)outputs[i].rows, digest);
        glue = ",";
    }
    return status != CW_OK ? status : cw_buffer_format(out, error, "%s}", glue[0] == '{' ? "{" : "");
}

static cw_status corrupt(const char *what, struct cw_error *error)
{
    return cw_error_set(error, CW_E_CORRUPT, what, "the %s of the run can't be read", what);
}

cw_status cw_digests_parse(const struct cw_buffer *json, int64_t rows[CW_ENTITY_COUNT],
                           char digests[CW_ENTITY_COUNT][CW_DIGEST_SIZE * 2 + 1], struct cw_error *error)
{
    json_t *object = NULL;
    if (cw_json_parse(json->data, json->size, &object, NULL) != CW_OK || !json_is_object(object)) {
        json_decref(object);
        return corrupt("digests", error);
    }
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        const json_t *entry = json_object_get(object, cw_entity_get((enum cw_entity_id)i)->table);
        const char *text = json_string_value(json_object_get(entry, "sha256"));
        rows[i] = json_integer_value(json_object_get(entry, "rows"));
        snprintf(digests[i], sizeof digests[i], "%s", text != NULL ? text : "");
    }
    json_decref(object);
    return CW_OK;
}

cw_status cw_basis_json(const int64_t rows[CW_ENTITY_COUNT], struct cw_buffer *out, struct cw_error *error)
{
    cw_status status = CW_OK;
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        status = cw_buffer_format(out, error, "%s\"%s\":%lld", i == 0 ? "{" : ",",
                                  cw_entity_get((enum cw_entity_id)i)->table, (long long)rows[i]);
    }
    return status != CW_OK ? status : cw_buffer_append(out, "}", 1, error);
}

cw_status cw_basis_parse(const struct cw_buffer *json, int64_t rows[CW_ENTITY_COUNT], struct cw_error *error)
{
    json_t *object = NULL;
    if (cw_json_parse(json->data, json->size, &object, NULL) != CW_OK || !json_is_object(object)) {
        json_decref(object);
        return corrupt("basis", error);
    }
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        rows[i] = json_integer_value(json_object_get(object, cw_entity_get((enum cw_entity_id)i)->table));
    }
    json_decref(object);
    return CW_OK;
}
