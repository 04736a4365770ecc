#include "service/run_request.h"

#include <stdio.h>
#include <string.h>

#include "model/reference.h"
#include "service/json_read.h"
#include "service/values.h"

/* Readers of the fields of a run spec; each gets the spec as its target. A null leaves the field as it is. */

#define INTEGER_FIELD(member, highest)                                                                       \
    static cw_status read_##member(const char *name, const json_t *value, void *target,                      \
                                   struct cw_error *error)                                                   \
    {                                                                                                        \
        struct cw_run_spec *spec = target;                                                                   \
        int64_t number = 0;                                                                                  \
        const cw_status status =                                                                             \
            json_is_null(value) ? CW_E_NOT_FOUND : cw_json_integer(name, value, 0, highest, &number, error); \
        if (status == CW_OK) {                                                                               \
            spec->member = (__typeof__(spec->member))number;                                                 \
        }                                                                                                    \
        return status == CW_E_NOT_FOUND ? CW_OK : status;                                                    \
    }

#define TIME_FIELD(member)                                                                                   \
    static cw_status read_##member(const char *name, const json_t *value, void *target,                      \
                                   struct cw_error *error)                                                   \
    {                                                                                                        \
        struct cw_run_spec *spec = target;                                                                   \
        return json_is_null(value) ? CW_OK : cw_json_time(name, value, &spec->member, error);                \
    }

INTEGER_FIELD(seed, INT64_MAX)
INTEGER_FIELD(data_version, UINT32_MAX)
INTEGER_FIELD(customers, INT64_C(1000000000))
INTEGER_FIELD(products, INT64_C(10000000))
INTEGER_FIELD(orders, INT64_C(10000000000))
INTEGER_FIELD(cells, INT64_C(10000))
INTEGER_FIELD(products_per_category, INT64_C(1000000))
INTEGER_FIELD(price_minimum, INT64_C(100000000))
INTEGER_FIELD(price_maximum, INT64_C(100000000))
INTEGER_FIELD(prior_customer_runs, INT64_MAX)
INTEGER_FIELD(prior_products, INT64_MAX)
INTEGER_FIELD(prior_orders, INT64_MAX)
TIME_FIELD(as_of)
TIME_FIELD(opening)
TIME_FIELD(from)
TIME_FIELD(to)

static cw_status read_behavior(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    struct cw_run_spec *spec = target;
    const char *text = NULL;
    if (json_is_null(value)) {
        return CW_OK;
    }
    const cw_status status = cw_json_string(name, value, &text, error);
    return status != CW_OK ? status : cw_request_behavior(name, text, &spec->behavior, error);
}

static cw_status read_segment(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    struct cw_run_spec *spec = target;
    const char *text = NULL;
    if (json_is_null(value)) {
        return CW_OK;
    }
    const cw_status status = cw_json_string(name, value, &text, error);
    return status != CW_OK ? status : cw_request_segment(name, text, &spec->segment, error);
}

static cw_status read_customer_id(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    struct cw_run_spec *spec = target;
    const char *text = NULL;
    struct cw_uuid id;
    if (json_is_null(value)) {
        return CW_OK;
    }
    cw_status status = cw_json_string(name, value, &text, error);
    if (status == CW_OK) {
        status = cw_value_uuid(name, text, &id, error);
    }
    if (status == CW_OK) {
        cw_uuid_text(&id, spec->customer_id);
    }
    return status;
}

static cw_status read_locales(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    return json_is_null(value) ? CW_OK : cw_request_locales_json(name, value, target, error);
}

static cw_status read_categories(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    return json_is_null(value) ? CW_OK : cw_request_categories_json(name, value, target, error);
}

static cw_status read_attributes(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    return json_is_null(value) ? CW_OK : cw_request_attributes_json(name, value, target, error);
}

static cw_status read_prior_customers(const char *name, const json_t *value, void *target,
                                      struct cw_error *error)
{
    struct cw_run_spec *spec = target;
    int64_t priors[CW_MARKETS_MAX] = {0};
    if (!json_is_object(value)) {
        return json_is_null(value)
                   ? CW_OK
                   : cw_error_set(error, CW_E_INVALID, name,
                                  "%s must be an object of country and count, such as {\"DE\": 1000}", name);
    }
    size_t known = 0;
    for (uint32_t i = 0; i < cw_market_count() && i < CW_MARKETS_MAX; i++) {
        const json_t *count = json_object_get(value, cw_market_get(i)->country);
        if (count != NULL) {
            known++;
            const cw_status status = cw_json_integer(name, count, 0, INT64_C(1) << 40, &priors[i], error);
            if (status != CW_OK) {
                return status;
            }
        }
    }
    if (known != json_object_size(value)) {
        return cw_error_set(error, CW_E_INVALID, name, "%s holds a country that is not known", name);
    }
    memcpy(spec->prior_customers, priors, sizeof priors);
    return CW_OK;
}

static const struct cw_json_field spec_fields[] = {
    {"as_of", read_as_of},
    {"attributes", read_attributes},
    {"behavior", read_behavior},
    {"categories", read_categories},
    {"cells", read_cells},
    {"customer_id", read_customer_id},
    {"customers", read_customers},
    {"data_version", read_data_version},
    {"from", read_from},
    {"locales", read_locales},
    {"opening", read_opening},
    {"orders", read_orders},
    {"price_maximum", read_price_maximum},
    {"price_minimum", read_price_minimum},
    {"prior_customer_runs", read_prior_customer_runs},
    {"prior_customers", read_prior_customers},
    {"prior_orders", read_prior_orders},
    {"prior_products", read_prior_products},
    {"products", read_products},
    {"products_per_category", read_products_per_category},
    {"seed", read_seed},
    {"segment", read_segment},
    {"to", read_to},
};

cw_status cw_run_spec_read(const json_t *object, struct cw_run_spec *spec, struct cw_error *error)
{
    struct cw_run_spec copy = *spec;
    const cw_status status =
        cw_json_read_object(object, spec_fields, sizeof spec_fields / sizeof spec_fields[0], &copy, error);
    if (status == CW_OK) {
        *spec = copy;
    }
    return status;
}

cw_status cw_run_spec_parse(const char *text, size_t size, struct cw_run_spec *spec, struct cw_error *error)
{
    json_t *object = NULL;
    cw_status status = cw_json_parse(text, size, &object, error);
    if (status == CW_OK) {
        status = cw_run_spec_read(object, spec, error);
    }
    json_decref(object);
    return status;
}
