#include "service/shop_request.h"

#include <stdio.h>
#include <string.h>

#include "service/json_read.h"
#include "service/manifest.h"
#include "service/run_request.h"
#include "service/values.h"
#include "service/yaml_read.h"

#define FILE_SIZE_MAX (1u << 20)
#define PRICE_MAX 1000000 /* US dollars */

/* A number as JSON Schema understands one: 10.0 is whole. Units are for command lines. */
static cw_status read_whole(const char *name, const json_t *value, int64_t lowest, int64_t highest,
                            int64_t *number, struct cw_error *error)
{
    const double real = json_is_real(value) ? json_real_value(value) : 0.5;
    if (json_is_string(value)) {
        return cw_error_set(error, CW_E_INVALID, name,
                            "%s is \"%.60s\"; expected a whole number from %lld to %lld, without quotes",
                            name, json_string_value(value), (long long)lowest, (long long)highest);
    }
    if (real < -9007199254740992.0 || real > 9007199254740992.0 || (double)(int64_t)real != real) {
        return cw_json_integer(name, value, lowest, highest, number, error);
    }
    json_t *whole = json_integer((json_int_t)real);
    const cw_status status = cw_json_integer(name, whole, lowest, highest, number, error);
    json_decref(whole);
    return status;
}

#define INTEGER_FIELD(member, lowest, highest)                                                               \
    static cw_status read_##member(const char *name, const json_t *value, void *target,                      \
                                   struct cw_error *error)                                                   \
    {                                                                                                        \
        struct cw_run_spec *spec = &((struct cw_shop_request *)target)->spec;                                \
        int64_t number = 0;                                                                                  \
        const cw_status status = read_whole(name, value, lowest, highest, &number, error);                   \
        if (status == CW_OK) {                                                                               \
            spec->member = (__typeof__(spec->member))number;                                                 \
        }                                                                                                    \
        return status;                                                                                       \
    }

/* A time of the shop, or of its date_range: label is what messages call it. */
#define TIME_FIELD(member, label)                                                                            \
    static cw_status read_##member(const char *name, const json_t *value, void *target,                      \
                                   struct cw_error *error)                                                   \
    {                                                                                                        \
        (void)name;                                                                                          \
        return cw_json_time(label, value, &((struct cw_shop_request *)target)->spec.member, error);          \
    }

INTEGER_FIELD(seed, 0, INT64_MAX)
INTEGER_FIELD(customers, 0, INT64_C(1000000000))
INTEGER_FIELD(products, 0, INT64_C(10000000))
INTEGER_FIELD(orders, 0, INT64_C(10000000000))
INTEGER_FIELD(products_per_category, 0, INT64_C(1000000))
INTEGER_FIELD(cells, 1, INT64_C(10000))
TIME_FIELD(as_of, "as_of")
TIME_FIELD(from, "date_range.from")
TIME_FIELD(to, "date_range.to")

static cw_status read_persist(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    return cw_json_boolean(name, value, &((struct cw_shop_request *)target)->persist, error);
}

static cw_status read_date_range(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    static const struct cw_json_field fields[] = {{"from", read_from}, {"to", read_to}};
    if (!json_is_object(value)) {
        return cw_error_set(error, CW_E_INVALID, name, "%s must be an object of from and to", name);
    }
    return cw_json_read_object(value, fields, sizeof fields / sizeof fields[0], target, error);
}

/* US dollars. */
static cw_status read_price(const char *name, const json_t *value, double *dollars, struct cw_error *error)
{
    const double number = json_number_value(value);
    if (!json_is_number(value) || !(number > 0) || number > PRICE_MAX) {
        return cw_error_set(error, CW_E_INVALID, name, "%s must be a number above 0, at most %d", name,
                            PRICE_MAX);
    }
    *dollars = number;
    return CW_OK;
}

static cw_status read_min(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    (void)name;
    double dollars = 0;
    const cw_status status = read_price("price_range.min", value, &dollars, error);
    if (status == CW_OK) {
        ((struct cw_shop_request *)target)->spec.price_minimum = cw_amount_at_least(dollars);
    }
    return status;
}

static cw_status read_max(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    (void)name;
    double dollars = 0;
    const cw_status status = read_price("price_range.max", value, &dollars, error);
    if (status == CW_OK) {
        ((struct cw_shop_request *)target)->spec.price_maximum = cw_amount_at_most(dollars);
    }
    return status;
}

static cw_status read_price_range(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    static const struct cw_json_field fields[] = {{"max", read_max}, {"min", read_min}};
    if (!json_is_object(value)) {
        return cw_error_set(error, CW_E_INVALID, name, "%s must be an object of min and max", name);
    }
    return cw_json_read_object(value, fields, sizeof fields / sizeof fields[0], target, error);
}

static cw_status read_behavior(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    const char *text = NULL;
    const cw_status status = cw_json_string(name, value, &text, error);
    return status != CW_OK
               ? status
               : cw_request_behavior(name, text, &((struct cw_shop_request *)target)->spec.behavior, error);
}

static cw_status read_segment(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    const char *text = NULL;
    const cw_status status = cw_json_string(name, value, &text, error);
    return status != CW_OK
               ? status
               : cw_request_segment(name, text, &((struct cw_shop_request *)target)->spec.segment, error);
}

static cw_status read_customer_id(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    const char *text = NULL;
    struct cw_uuid id;
    cw_status status = cw_json_string(name, value, &text, error);
    if (status == CW_OK) {
        status = cw_value_uuid(name, text, &id, error);
    }
    if (status == CW_OK) {
        cw_uuid_text(&id, ((struct cw_shop_request *)target)->spec.customer_id); /* lower case */
    }
    return status;
}

/* An empty list means nothing: what is not asked for is left out. */
static cw_status refuse_empty(const char *name, const json_t *value, struct cw_error *error)
{
    const bool is_empty = (json_is_array(value) && json_array_size(value) == 0) ||
                          (json_is_object(value) && json_object_size(value) == 0);
    return is_empty ? cw_error_set(error, CW_E_INVALID, name, "%s is empty; expected at least one", name)
                    : CW_OK;
}

static cw_status read_locale(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    const char *text = json_string_value(value);
    if (text != NULL && strpbrk(text, ",=: ") != NULL) {
        return cw_error_set(error, CW_E_INVALID, name,
                            "%s is '%.60s'; expected one locale, or a list or object of several", name, text);
    }
    const cw_status status = refuse_empty(name, value, error);
    return status != CW_OK
               ? status
               : cw_request_locales_json(name, value, &((struct cw_shop_request *)target)->spec, error);
}

static cw_status read_categories(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    const cw_status status = refuse_empty(name, value, error);
    return status != CW_OK
               ? status
               : cw_request_categories_json(name, value, &((struct cw_shop_request *)target)->spec, error);
}

static cw_status read_attributes(const char *name, const json_t *value, void *target, struct cw_error *error)
{
    struct cw_run_spec *spec = &((struct cw_shop_request *)target)->spec;
    cw_status status = cw_request_attributes_json(name, value, spec, error);
    for (int i = 0; i < CW_ATTRIBUTE_COUNT && status == CW_OK; i++) {
        char member[64];
        const char *attribute = cw_attribute_name((enum cw_attribute)i);
        snprintf(member, sizeof member, "%s.%s", name, attribute);
        status = refuse_empty(member, json_object_get(value, attribute), error);
    }
    return status;
}

static const struct cw_json_field shop_fields[] = {
    {"as_of", read_as_of},         {"attributes", read_attributes},
    {"behavior", read_behavior},   {"categories", read_categories},
    {"cells", read_cells},         {"customer_id", read_customer_id},
    {"customers", read_customers}, {"date_range", read_date_range},
    {"locale", read_locale},       {"orders", read_orders},
    {"persist", read_persist},     {"price_range", read_price_range},
    {"products", read_products},   {"products_per_category", read_products_per_category},
    {"seed", read_seed},           {"segment", read_segment},
};

/* Counts that contradict each other, or ask for nothing. */
static cw_status check_counts(const struct cw_run_spec *spec, struct cw_error *error)
{
    if (spec->category_count > 0 && spec->products > 0) {
        return cw_error_set(error, CW_E_INVALID, "products",
                            "products is %lld beside categories; expected products_per_category with them",
                            (long long)spec->products);
    }
    if ((spec->category_count > 0) != (spec->products_per_category > 0)) {
        return cw_error_set(error, CW_E_INVALID,
                            spec->category_count > 0 ? "products_per_category" : "categories",
                            "categories and products_per_category go together; expected both or neither");
    }
    if (spec->customers + spec->products + spec->products_per_category + spec->orders == 0) {
        return cw_error_set(error, CW_E_INVALID, "customers",
                            "nothing is asked for; expected customers, products, orders or several of them");
    }
    return CW_OK;
}

cw_status cw_shop_request_read(const json_t *document, struct cw_shop_request *request,
                               struct cw_error *error)
{
    struct cw_shop_request read = {.persist = true};
    cw_run_spec_init(&read.spec);
    cw_status status =
        cw_json_read_object(document, shop_fields, sizeof shop_fields / sizeof shop_fields[0], &read, error);
    if (status == CW_OK) {
        status = check_counts(&read.spec, error);
    }
    if (status == CW_OK) {
        *request = read;
    }
    return status;
}

cw_status cw_shop_request_load(const char *path, struct cw_shop_request *request, struct cw_error *error)
{
    struct cw_buffer text = {0};
    struct cw_error inner = {0};
    json_t *document = NULL;
    cw_status status = cw_file_read(path, FILE_SIZE_MAX, &text, error);
    if (status == CW_OK) {
        status = cw_document_parse(path, text.data, text.size, &document, &inner);
        if (status == CW_OK) {
            status = cw_shop_request_read(document, request, &inner);
        }
        if (status != CW_OK) {
            cw_error_set(error, status, inner.field, "%.150s: %.280s", path, inner.message);
        }
    }
    json_decref(document);
    cw_buffer_clear(&text);
    return status;
}
