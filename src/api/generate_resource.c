#include "api/generate_resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "api/api.h"
#include "api/api_metrics.h"
#include "api/caller_check.h"
#include "api/generate_job.h"
#include "api/idempotency.h"
#include "service/run_request.h"
#include "service/shop_request.h"

#define TABLES_MAX CW_ENTITY_COUNT
/* A request is answered by 503 when others have written into the store for so long. */
#define WAIT_SECONDS 30

/* What a request asks for. */
struct wish {
    struct cw_run_spec spec;
    bool persist;
    int64_t parents;                      /* customers, products and orders to make */
    const char *counted;                  /* the field that counts them */
    char *request;                        /* the body with its defaults, JSON */
    enum cw_entity_id tables[TABLES_MAX]; /* main one first */
    size_t table_count;
};

static void wish_clear(struct wish *wish)
{
    free(wish->request);
}

static void set_default(json_t *json, const char *name, json_t *value)
{
    if (json_object_get(json, name) == NULL) {
        json_object_set_new(json, name, value);
    } else {
        json_decref(value);
    }
}

/* A seed that every JSON reader takes exactly: below 2^53. */
static int64_t draw_seed(const struct cw_exchange *exchange)
{
    uint64_t bits = 0;
    if (exchange->idempotency_key != NULL) {
        return cw_idempotency_seed(exchange);
    }
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits) {
        bits = (uint64_t)cw_time_now();
    }
    return (int64_t)(bits >> 11);
}

/* Reads what all three requests share, and completes the body by its defaults. */
static cw_status read_common(struct cw_exchange *exchange, struct wish *wish, struct cw_error *error)
{
    json_t *json = exchange->json;
    const char *as_of = json_string_value(json_object_get(json, "as_of"));
    set_default(json, "count", json_integer(10));
    set_default(json, "persist", json_true());
    set_default(json, "seed", json_integer(draw_seed(exchange)));
    cw_run_spec_init(&wish->spec);
    wish->spec.seed = (uint64_t)cw_field_integer(json_object_get(json, "seed"));
    wish->persist = json_is_true(json_object_get(json, "persist"));
    wish->parents = cw_field_integer(json_object_get(json, "count"));
    wish->counted = "count";
    wish->request = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    if (wish->request == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the request");
    }
    return as_of != NULL ? cw_value_time("as_of", as_of, &wish->spec.as_of, error) : CW_OK;
}

/* The tables to answer: all of them, or the one that ?table= names, or for formats of one table the first. */
static void choose_tables(const struct cw_exchange *exchange, struct wish *wish,
                          const enum cw_entity_id *tables, size_t count)
{
    const char *named = cw_uri_query(&exchange->uri, "table");
    memcpy(wish->tables, tables, count * sizeof *tables);
    wish->table_count = exchange->format == CW_FORMAT_JSON ? count : 1;
    if (named != NULL) {
        wish->tables[0] = cw_entity_find(named, strlen(named))->id;
        wish->table_count = 1;
    }
}

static cw_status put_run_headers(struct cw_exchange *exchange, const struct cw_store_run *run, bool persist,
                                 struct cw_error *error)
{
    char text[CW_LOCATION_MAX];
    char id[CW_UUID_TEXT];
    cw_uuid_text(&run->id, id);
    snprintf(text, sizeof text, "%llu", (unsigned long long)run->spec.seed);
    cw_status status = cw_reply_header(&exchange->reply, "Cartwright-Seed", text, error);
    if (status == CW_OK && persist) {
        snprintf(text, sizeof text, "/api/v1/runs/%s", id);
        status = cw_reply_header(&exchange->reply, "Location", text, error);
    }
    if (status == CW_OK && persist) {
        status = cw_reply_header(&exchange->reply, "Cartwright-Run", id, error);
    }
    return status;
}

/* Failures that say something about the request rather than about us. */
static bool explain_failure(struct cw_exchange *exchange, const struct cw_error *error)
{
    const bool is_empty = error->code == CW_E_NOT_FOUND &&
                          (strcmp(error->field, "customers") == 0 || strcmp(error->field, "products") == 0);
    if (is_empty) {
        cw_reply_error(exchange, 409, error);
    } else if (error->code == CW_E_INVALID || error->code == CW_E_NOT_FOUND ||
               error->code == CW_E_UNSUPPORTED || error->code == CW_E_LIMIT) {
        cw_reply_error(exchange, 422, error);
    } else {
        return false;
    }
    return true;
}

static cw_status answer_rows(struct cw_exchange *exchange, const struct wish *wish,
                             const struct cw_store_run *run, const struct cw_output *outputs,
                             struct cw_memory_sink *sinks, struct cw_error *error)
{
    struct cw_reply *reply = &exchange->reply;
    cw_status status = put_run_headers(exchange, run, wish->persist, error);
    reply->status = wish->persist ? 201 : 200;
    reply->media_type = cw_format_media_type(exchange->format);
    if (status != CW_OK) {
        return status;
    }
    if (exchange->format != CW_FORMAT_JSON) {
        reply->body = sinks[0].buffer;
        sinks[0].buffer = (struct cw_buffer){0};
        return CW_OK;
    }
    struct cw_json_writer writer = cw_json_writer_init(&reply->body, error);
    cw_json_open(&writer, '{');
    cw_generated_put(&writer, run, wish->request, wish->persist);
    cw_json_key(&writer, "data");
    cw_json_open(&writer, '{');
    for (size_t i = 0; i < wish->table_count; i++) {
        cw_json_put_raw(&writer, cw_entity_get(outputs[i].entity)->table, &sinks[i].buffer);
    }
    cw_json_close(&writer, '}');
    cw_json_close(&writer, '}');
    return writer.status;
}

/* What an answer is made of while its rows are. */
struct direct_answer {
    struct cw_exchange *exchange;
    const struct wish *wish;
    struct cw_output outputs[TABLES_MAX];
    struct cw_memory_sink sinks[TABLES_MAX];
    struct cw_kept_answer kept;
};

/* The answer is complete before the rows are kept, so that a key's answer is kept with them. */
static cw_status complete_answer(void *context, const struct cw_store_run *run,
                                 const struct cw_kept_answer **kept, struct cw_error *error)
{
    struct direct_answer *answer = context;
    struct cw_exchange *exchange = answer->exchange;
    cw_status status = answer_rows(exchange, answer->wish, run, answer->outputs, answer->sinks, error);
    if (status == CW_OK && exchange->idempotency_key != NULL && answer->wish->persist) {
        status = cw_idempotency_take(exchange, &answer->kept, error);
        *kept = &answer->kept;
    }
    return status;
}

static void take_answer_back(void *context)
{
    struct direct_answer *answer = context;
    struct cw_reply *reply = &answer->exchange->reply;
    reply->headers.size = 0;
    cw_buffer_clear(&reply->body);
    cw_kept_answer_clear(&answer->kept);
    for (size_t i = 0; i < answer->wish->table_count; i++) {
        answer->sinks[i].buffer.size = 0;
    }
}

/* Makes the rows here and now. */
static cw_status answer_directly(struct cw_exchange *exchange, struct wish *wish, struct cw_error *error)
{
    struct direct_answer made = {.exchange = exchange, .wish = wish};
    const bool sees_all = cw_caller_has(exchange, CW_SCOPE_PERSONAL);
    struct cw_store_run run;
    for (size_t i = 0; i < wish->table_count; i++) {
        made.sinks[i].limit = CW_API_ANSWER_MAX;
        made.outputs[i] = (struct cw_output){
            .entity = wish->tables[i],
            .columns = sees_all ? 0 : cw_caller_columns(exchange, cw_entity_get(wish->tables[i])),
            .format = exchange->format,
            .compression = exchange->format == CW_FORMAT_PARQUET ? CW_COMPRESSION_ZSTD : CW_COMPRESSION_NONE,
            .sink = cw_memory_sink_get(&made.sinks[i])};
    }
    const struct cw_store_run_options options = {.spec = wish->spec,
                                                 .request = wish->request,
                                                 .preview = !wish->persist,
                                                 .threads = 1,
                                                 .wait_seconds = WAIT_SECONDS,
                                                 .outputs = made.outputs,
                                                 .output_count = wish->table_count,
                                                 .made = complete_answer,
                                                 .made_anew = take_answer_back,
                                                 .made_context = &made};
    cw_status status = cw_generate_store(exchange->api->store, &options, &run, error);
    if (status == CW_OK) {
        cw_api_count_rows(exchange->api, run.rows);
    } else {
        exchange->reply.headers.size = 0;
        status = error != NULL && explain_failure(exchange, error) ? CW_OK : status;
    }
    cw_kept_answer_clear(&made.kept);
    for (size_t i = 0; i < wish->table_count; i++) {
        cw_buffer_clear(&made.sinks[i].buffer);
    }
    return status;
}

static cw_status answer_by_job(struct cw_exchange *exchange, const struct wish *wish, struct cw_error *error)
{
    /* What is wrong with the request is said now, not by a job that fails. */
    struct cw_run_spec resolved = wish->spec;
    if (cw_run_spec_resolve(&resolved, error) != CW_OK) {
        return error != NULL && explain_failure(exchange, error) ? CW_OK : CW_E_INVALID;
    }
    return cw_generate_job_accept(exchange, &resolved, wish->request, error);
}

/* Says what to do first when there is nobody to order or nothing to buy; false: all is there. */
static bool is_shop_empty(struct cw_exchange *exchange, const struct cw_run_spec *spec, cw_status *status,
                          struct cw_error *error)
{
    const struct {
        enum cw_entity_id entity;
        bool is_made; /* by the same run */
        const char *message;
    } needs[] = {
        {CW_ENTITY_CUSTOMER, spec->customers > 0,
         "the store has no customers who could order; first POST /api/v1/generate/customers"},
        {CW_ENTITY_PRODUCT, spec->products > 0 || spec->category_count > 0,
         "the store has no products to order; first POST /api/v1/generate/products"},
    };
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        int64_t rows = 1;
        if (!needs[i].is_made) {
            *status = cw_store_count(exchange->api->store, needs[i].entity, &rows, error);
        }
        if (*status != CW_OK) {
            return true;
        }
        if (rows == 0) {
            cw_reply_problem(exchange, 409, needs[i].message, NULL);
            return true;
        }
    }
    return false;
}

static cw_status answer(struct cw_exchange *exchange, struct wish *wish, struct cw_error *error)
{
    const bool wants_job = cw_prefers_async(exchange);
    const bool is_large = wish->parents > CW_API_DIRECT_ROWS;
    const bool is_too_large = wish->parents > exchange->api->largest_count;
    if (is_too_large || (is_large && !wish->persist)) {
        struct cw_field_errors errors = {0};
        char expected[96];
        if (is_too_large) {
            snprintf(expected, sizeof expected, "at most %lld rows in one request, all counts together",
                     (long long)exchange->api->largest_count);
        } else {
            snprintf(expected, sizeof expected, "at most %d rows in a preview; let persist be true for more",
                     CW_API_DIRECT_ROWS);
        }
        cw_field_errors_add(&errors, wish->counted, json_object_get(exchange->json, wish->counted), expected);
        cw_reply_problem(exchange, 422, NULL, &errors);
        return CW_OK;
    }
    return wish->persist && (is_large || wants_job) ? answer_by_job(exchange, wish, error)
                                                    : answer_directly(exchange, wish, error);
}

/* A value that fits its field but not the data: 422. */
static cw_status answer_unfit(struct cw_exchange *exchange, cw_status status, struct cw_error *error)
{
    return status == CW_OK || (error != NULL && explain_failure(exchange, error)) ? CW_OK : status;
}

cw_status cw_generate_customers(struct cw_exchange *exchange, struct cw_error *error)
{
    static const enum cw_entity_id tables[] = {CW_ENTITY_CUSTOMER, CW_ENTITY_ADDRESS,
                                               CW_ENTITY_PAYMENT_METHOD};
    struct wish wish = {0};
    cw_status status = read_common(exchange, &wish, error);
    const json_t *locale = json_object_get(exchange->json, "locale");
    const char *segment = json_string_value(json_object_get(exchange->json, "segment"));
    wish.spec.customers = wish.parents;
    if (status == CW_OK && locale != NULL) {
        status = cw_request_locales_json("locale", locale, &wish.spec, error);
    }
    if (status == CW_OK && segment != NULL) {
        status = cw_request_segment("segment", segment, &wish.spec.segment, error);
    }
    if (status == CW_OK) {
        choose_tables(exchange, &wish, tables, sizeof tables / sizeof tables[0]);
        status = answer(exchange, &wish, error);
    } else {
        status = answer_unfit(exchange, status, error);
    }
    wish_clear(&wish);
    return status;
}

cw_status cw_generate_products(struct cw_exchange *exchange, struct cw_error *error)
{
    static const enum cw_entity_id tables[] = {CW_ENTITY_PRODUCT, CW_ENTITY_VARIANT, CW_ENTITY_PRODUCT_PRICE,
                                               CW_ENTITY_BRAND};
    struct wish wish = {0};
    cw_status status = read_common(exchange, &wish, error);
    const json_t *categories = json_object_get(exchange->json, "categories");
    const json_t *attributes = json_object_get(exchange->json, "attributes");
    const json_t *prices = json_object_get(exchange->json, "price_range");
    const json_t *lowest = json_object_get(prices, "min");
    const json_t *highest = json_object_get(prices, "max");
    wish.spec.price_minimum = lowest == NULL ? CW_UNSET : cw_amount_at_least(json_number_value(lowest));
    wish.spec.price_maximum = highest == NULL ? CW_UNSET : cw_amount_at_most(json_number_value(highest));
    if (status == CW_OK && attributes != NULL) {
        status = cw_request_attributes_json("attributes", attributes, &wish.spec, error);
    }
    if (status == CW_OK && categories != NULL) {
        status = cw_request_categories_json("categories", categories, &wish.spec, error);
        wish.spec.products_per_category = wish.parents;
        wish.parents *= wish.spec.category_count;
    } else {
        wish.spec.products = wish.parents;
    }
    if (status == CW_OK) {
        choose_tables(exchange, &wish, tables, sizeof tables / sizeof tables[0]);
        status = answer(exchange, &wish, error);
    } else {
        status = answer_unfit(exchange, status, error);
    }
    wish_clear(&wish);
    return status;
}

static cw_status read_order_fields(struct cw_exchange *exchange, struct wish *wish, struct cw_error *error)
{
    const json_t *range = json_object_get(exchange->json, "date_range");
    const char *from = json_string_value(json_object_get(range, "from"));
    const char *to = json_string_value(json_object_get(range, "to"));
    const char *behavior = json_string_value(json_object_get(exchange->json, "behavior"));
    const char *customer = json_string_value(json_object_get(exchange->json, "customer_id"));
    cw_status status = CW_OK;
    wish->spec.orders = wish->parents;
    if (from != NULL) {
        status = cw_value_time("date_range.from", from, &wish->spec.from, error);
    }
    if (status == CW_OK && to != NULL) {
        status = cw_value_time("date_range.to", to, &wish->spec.to, error);
    }
    if (status == CW_OK && behavior != NULL) {
        status = cw_request_behavior("behavior", behavior, &wish->spec.behavior, error);
    }
    if (status == CW_OK && customer != NULL) {
        struct cw_uuid id;
        status = cw_value_uuid("customer_id", customer, &id, error);
        cw_uuid_text(&id, wish->spec.customer_id); /* lower case */
    }
    return status;
}

cw_status cw_generate_orders(struct cw_exchange *exchange, struct cw_error *error)
{
    static const enum cw_entity_id tables[] = {
        CW_ENTITY_ORDER,   CW_ENTITY_ORDER_ITEM, CW_ENTITY_ORDER_STATUS_HISTORY,
        CW_ENTITY_PAYMENT, CW_ENTITY_SHIPMENT,   CW_ENTITY_STOCK_MOVEMENT};
    struct wish wish = {0};
    set_default(exchange->json, "behavior", json_string("normal"));
    cw_status status = read_common(exchange, &wish, error);
    if (status == CW_OK) {
        status = read_order_fields(exchange, &wish, error);
    }
    if (status != CW_OK) {
        status = answer_unfit(exchange, status, error);
    } else if (!is_shop_empty(exchange, &wish.spec, &status, error)) {
        choose_tables(exchange, &wish, tables, sizeof tables / sizeof tables[0]);
        status = answer(exchange, &wish, error);
    }
    wish_clear(&wish);
    return status;
}

/* The tables of a shop, those that a run makes most of first. */
static void choose_shop_tables(const struct cw_exchange *exchange, struct wish *wish)
{
    enum cw_entity_id tables[CW_ENTITY_COUNT];
    const struct cw_run_spec *spec = &wish->spec;
    const enum cw_entity_id first = spec->customers > 0                              ? CW_ENTITY_CUSTOMER
                                    : spec->products > 0 || spec->category_count > 0 ? CW_ENTITY_PRODUCT
                                                                                     : CW_ENTITY_ORDER;
    size_t count = 0;
    tables[count++] = first;
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        if (i != (int)first) {
            tables[count++] = (enum cw_entity_id)i;
        }
    }
    choose_tables(exchange, wish, tables, count);
}

/* Reads the document into a wish, and completes it by its defaults. */
static cw_status read_shop(struct cw_exchange *exchange, struct wish *wish, struct cw_error *error)
{
    struct cw_shop_request request;
    json_t *json = exchange->json;
    set_default(json, "customers", json_integer(0));
    if (json_object_get(json, "categories") == NULL) {
        set_default(json, "products", json_integer(0));
    }
    set_default(json, "orders", json_integer(0));
    set_default(json, "behavior", json_string("normal"));
    set_default(json, "persist", json_true());
    set_default(json, "seed", json_integer(draw_seed(exchange)));
    const cw_status status = cw_shop_request_read(json, &request, error);
    if (status != CW_OK) {
        return status;
    }
    const struct cw_run_spec *spec = &request.spec;
    const int64_t products = spec->products + spec->products_per_category * (int64_t)spec->category_count;
    wish->spec = *spec;
    wish->persist = request.persist;
    wish->parents = spec->customers + products + spec->orders;
    wish->counted = spec->customers >= products && spec->customers >= spec->orders ? "customers"
                    : spec->orders >= products                                     ? "orders"
                    : spec->category_count > 0                                     ? "products_per_category"
                                                                                   : "products";
    wish->request = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    return wish->request != NULL ? CW_OK
                                 : cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the request");
}

cw_status cw_generate_bulk(struct cw_exchange *exchange, struct cw_error *error)
{
    struct wish wish = {0};
    cw_status status = read_shop(exchange, &wish, error);
    if (status != CW_OK) {
        status = answer_unfit(exchange, status, error);
    } else if (wish.spec.orders == 0 || !is_shop_empty(exchange, &wish.spec, &status, error)) {
        choose_shop_tables(exchange, &wish);
        status = answer(exchange, &wish, error);
    }
    wish_clear(&wish);
    return status;
}
