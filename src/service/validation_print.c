#include <string.h>

#include "service/json_read.h"
#include "service/validate.h"

const char *cw_rule_outcome_name(enum cw_rule_outcome outcome)
{
    static const char *const names[] = {"passed", "violated", "skipped"};
    return (size_t)outcome < sizeof names / sizeof names[0] ? names[outcome] : "unknown";
}

static cw_status text_result(const struct cw_rule_result *result, struct cw_buffer *out,
                             struct cw_error *error)
{
    cw_status status = CW_OK;
    if (result->outcome == CW_RULE_SKIPPED) {
        return cw_buffer_format(out, error, "%-48s %12s %12s  needs %s\n", result->rule, "-", "skipped",
                                result->missing);
    }
    status =
        cw_buffer_format(out, error, "%-48s %12lld %12lld  %s\n", result->rule, (long long)result->checked,
                         (long long)result->violations, result->violations > 0 ? result->description : "ok");
    for (uint32_t i = 0; i < result->offender_count && status == CW_OK; i++) {
        status = cw_buffer_format(out, error, "    %s  %s\n", result->offenders[i].id,
                                  result->offenders[i].detail);
    }
    return status;
}

cw_status cw_validation_text(const struct cw_validation *validation, struct cw_buffer *out,
                             struct cw_error *error)
{
    cw_status status = cw_buffer_format(out, error, "%-48s %12s %12s\n", "rule", "checked", "violations");
    for (size_t i = 0; i < validation->count && status == CW_OK; i++) {
        status = text_result(&validation->results[i], out, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, "\n%zu rules, %zu violated, %zu skipped, %lld violations\n",
                                  validation->count, validation->rules_violated, validation->rules_skipped,
                                  (long long)validation->violations);
    }
    return status;
}

static cw_status put_member(const char *before, const char *key, const char *text, struct cw_buffer *out,
                            struct cw_error *error)
{
    const cw_status status = cw_buffer_format(out, error, "%s\"%s\":", before, key);
    return status != CW_OK ? status : cw_json_quote(out, text, strlen(text), error);
}

static cw_status json_result(const struct cw_rule_result *result, bool first, struct cw_buffer *out,
                             struct cw_error *error)
{
    cw_status status = put_member(first ? "\n{" : ",\n{", "rule", result->rule, out, error);
    if (status == CW_OK) {
        status = put_member(",", "entity", cw_entity_get(result->entity)->name, out, error);
    }
    if (status == CW_OK) {
        status = put_member(",", "description", result->description, out, error);
    }
    if (status == CW_OK) {
        status = put_member(",", "outcome", cw_rule_outcome_name(result->outcome), out, error);
    }
    if (status == CW_OK && result->outcome == CW_RULE_SKIPPED) {
        status = put_member(",", "missing", result->missing, out, error);
    }
    if (status == CW_OK) {
        status = cw_buffer_format(out, error, ",\"checked\":%lld,\"violations\":%lld,\"offenders\":[",
                                  (long long)result->checked, (long long)result->violations);
    }
    for (uint32_t i = 0; i < result->offender_count && status == CW_OK; i++) {
        status = put_member(i == 0 ? "{" : ",{", "id", result->offenders[i].id, out, error);
        if (status == CW_OK) {
            status = put_member(",", "detail", result->offenders[i].detail, out, error);
        }
        if (status == CW_OK) {
            status = cw_buffer_append(out, "}", 1, error);
        }
    }
    return status != CW_OK ? status : cw_buffer_append(out, "]}", 2, error);
}

cw_status cw_validation_json(const struct cw_validation *validation, struct cw_buffer *out,
                             struct cw_error *error)
{
    cw_status status =
        cw_buffer_format(out, error,
                         "{\"valid\":%s,\"violations\":%lld,\"rules_violated\":%zu,\"rules_skipped\":%zu,"
                         "\"rules\":[",
                         validation->violations == 0 ? "true" : "false", (long long)validation->violations,
                         validation->rules_violated, validation->rules_skipped);
    for (size_t i = 0; i < validation->count && status == CW_OK; i++) {
        status = json_result(&validation->results[i], i == 0, out, error);
    }
    return status != CW_OK ? status : cw_buffer_append(out, "]}\n", 3, error);
}
