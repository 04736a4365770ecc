#include "cli/generate_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/run_request.h"
#include "service/shop_request.h"
#include "service/values.h"

/* What --scale 1 makes. */
#define SCALE_CUSTOMERS 1000
#define SCALE_PRODUCTS 200
#define SCALE_ORDERS 5000
#define SPEC_SIZE_MAX (1u << 20)

const struct cw_option cw_generate_option_table[CW_GENERATE_OPTION_COUNT] = {
    {"seed", "N", "Seed of all draws, 0 to 2^63 - 1; 0 by default", CW_WHOLE(0, INT64_MAX)},
    {"scale", "X", "1 makes 1,000 customers, 200 products and 5,000 orders; 0.1, 50, 2K", CW_NUMBER},
    {"customers", "N", "Customers to make, such as 500, 10K or 1.5M", CW_COUNT(0, INT64_C(1000000000))},
    {"products", "N", "Products to make", CW_COUNT(0, INT64_C(10000000))},
    {"orders", "N", "Orders to make; into files, missing customers and products are made to go with them",
     CW_COUNT(0, INT64_C(10000000000))},
    {"locale", "LIST", "Markets, with shares or not: de-DE,fr-FR=2 or DE,FR; all markets by default", NULL},
    {"segment", "NAME",
     "Segment of all customers: new, regular, vip, wholesale, dormant; a usual mix by default",
     CW_CHOICE("new regular vip wholesale dormant")},
    {"categories", "LIST", "Categories to fill, by name or path", NULL},
    {"products-per-category", "N", "Products in each of --categories", CW_COUNT(0, INT64_C(1000000))},
    {"price-min", "AMOUNT", "Lowest list price in US dollars", CW_NUMBER},
    {"price-max", "AMOUNT", "Highest list price in US dollars", CW_NUMBER},
    {"customer-id", "UUID", "Orders of this customer of the store only", CW_MOMENTARY},
    {"behavior", "NAME", "Shape of demand: normal (default), peak, holiday",
     CW_CHOICE("normal peak holiday")},
    {"from", "TIME",
     "First moment of the orders: 2025-01-01 or 2025-01-01T08:00:00Z; a year before --to by default", NULL},
    {"to", "TIME", "First moment after the orders; --as-of by default", NULL},
    {"as-of", "TIME", "No time in the data is later; a constant of the data version by default, or now",
     NULL},
    {"cells", "N", "Fulfilment centres that share the orders; derived from the orders by default",
     CW_COUNT(1, 10000)},
    {"spec", "FILE", "Read a run spec (JSON, as in a manifest) first; other options change it", NULL},
    {"request", "FILE",
     "Read a shop (JSON or YAML, as POST /api/v1/bulk takes it) first; other options change it",
     CW_MOMENTARY},
    {"tables", "LIST", "Tables to write, such as customers,orders; everything that is made by default", NULL},
    {"columns", "T.C1,C2", "Columns of a table to write, such as customers.id,email; may be repeated",
     CW_MOMENTARY},
    {"format", "NAME", "csv (default), ndjson, json or parquet", CW_CHOICE("csv ndjson json parquet")},
    {"compression", "NAME", "Of Parquet: none, snappy, zstd (default) or zstd:LEVEL",
     CW_PROPOSE("none snappy zstd")},
    {"out", "DIR|-", "Directory to write to; - writes one table to stdout; cartwright-data by default", NULL},
    {"store", "PATH|URI",
     "Write into this store (a SQLite file, made when it is not there, or postgresql://...) instead of files",
     CW_MOMENTARY},
    {"threads", "N", "Threads; one per processor by default. The data does not depend on it",
     CW_COUNT(1, CW_THREADS_MAX)},
    {"shard", "I/N", "Make part I (0 to N - 1) of N; the parts laid end to end are the whole", CW_MOMENTARY},
    {"force", NULL, "Replace what another run left in the directory", CW_MOMENTARY},
    {"discard", NULL, "Make and encode the tables, but keep nothing: to measure speed and sizes",
     CW_MOMENTARY},
    {"quiet", NULL, "Show no progress and no summary", NULL},
    CW_CONFIG_OPTION,
};

_Static_assert(sizeof cw_generate_option_table / sizeof cw_generate_option_table[0] ==
                   CW_GENERATE_OPTION_COUNT,
               "");

static cw_status read_spec_file(const char *path, struct cw_run_spec *spec, struct cw_error *error)
{
    struct cw_buffer text = {0};
    struct cw_error inner = {0};
    cw_status status = cw_file_read(path, SPEC_SIZE_MAX, &text, error);
    if (status == CW_OK && (status = cw_run_spec_parse(text.data, text.size, spec, &inner)) != CW_OK) {
        status = cw_error_set(error, status, inner.field, "%.150s: %.280s", path, inner.message);
    }
    cw_buffer_clear(&text);
    return status;
}

static cw_status read_request_file(const char *path, struct cw_run_spec *spec, struct cw_error *error)
{
    struct cw_shop_request request;
    const cw_status status = cw_shop_request_load(path, &request, error);
    if (status == CW_OK && !request.persist) {
        return cw_error_set(error, CW_E_INVALID, "persist",
                            "%.150s: persist is false, but a command keeps what it makes; expected true",
                            path);
    }
    if (status == CW_OK) {
        *spec = request.spec;
    }
    return status;
}

/* A whole multiple of a thousandth: "0.1", "2.5", "2K". */
static cw_status read_scale(const char *text, struct cw_run_spec *spec, struct cw_error *error)
{
    char *end = NULL;
    double scale = strtod(text, &end);
    if (end != text && (*end == 'K' || *end == 'k') && end[1] == '\0') {
        scale *= 1000;
        end++;
    }
    if (end == text || *end != '\0' || !(scale >= 0.001) || !(scale <= 1000000)) {
        return cw_error_set(error, CW_E_INVALID, "scale",
                            "scale is '%.60s', but must be from 0.001 to 1000000, such as 0.1, 5 or 2K",
                            text);
    }
    spec->customers = (int64_t)(SCALE_CUSTOMERS * scale + 0.5);
    spec->products = (int64_t)(SCALE_PRODUCTS * scale + 0.5);
    spec->orders = (int64_t)(SCALE_ORDERS * scale + 0.5);
    spec->products = spec->products < 1 ? 1 : spec->products > 10000000 ? 10000000 : spec->products;
    return CW_OK;
}

/* Reads one option that goes into the spec. */
static cw_status read_spec_option(const struct cw_option *option, const char *text, struct cw_run_spec *spec,
                                  struct cw_error *error)
{
    const char *name = option->name;
    const struct {
        const char *name;
        int64_t *target;
    } counts[] = {{"customers", &spec->customers},
                  {"products", &spec->products},
                  {"orders", &spec->orders},
                  {"products-per-category", &spec->products_per_category}};
    const struct {
        const char *name;
        int64_t *target;
    } times[] = {{"from", &spec->from}, {"to", &spec->to}, {"as-of", &spec->as_of}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (strcmp(counts[i].name, name) == 0) {
            return cw_value_count(name, text, option->form->lowest, option->form->highest, counts[i].target,
                                  error);
        }
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (strcmp(times[i].name, name) == 0) {
            return cw_value_time(name, text, times[i].target, error);
        }
    }
    return CW_E_NOT_FOUND;
}

static cw_status read_customer_id(const char *text, struct cw_run_spec *spec, struct cw_error *error)
{
    struct cw_uuid id;
    const cw_status status = cw_value_uuid("customer-id", text, &id, error);
    if (status == CW_OK) {
        cw_uuid_text(&id, spec->customer_id);
    }
    return status;
}

static cw_status read_cells(const char *text, struct cw_run_spec *spec, struct cw_error *error)
{
    int64_t cells = 0;
    const cw_status status = cw_value_count("cells", text, 1, 10000, &cells, error);
    spec->cells = (uint32_t)cells;
    return status;
}

static cw_status read_other_option(const char *name, const char *text, struct cw_run_spec *spec,
                                   struct cw_error *error)
{
    if (strcmp(name, "seed") == 0) {
        return cw_value_seed(name, text, &spec->seed, error);
    }
    if (strcmp(name, "locale") == 0) {
        return cw_request_locales(name, text, spec, error);
    }
    if (strcmp(name, "segment") == 0) {
        return cw_request_segment(name, text, &spec->segment, error);
    }
    if (strcmp(name, "behavior") == 0) {
        return cw_request_behavior(name, text, &spec->behavior, error);
    }
    if (strcmp(name, "categories") == 0) {
        return cw_request_categories(name, text, spec, error);
    }
    if (strcmp(name, "price-min") == 0) {
        return cw_value_amount(name, text, &spec->price_minimum, error);
    }
    if (strcmp(name, "price-max") == 0) {
        return cw_value_amount(name, text, &spec->price_maximum, error);
    }
    if (strcmp(name, "customer-id") == 0) {
        return read_customer_id(text, spec, error);
    }
    return strcmp(name, "cells") == 0 ? read_cells(text, spec, error) : CW_OK;
}

/* The last value of an option from one source; NULL when it gives none. */
static const char *value_of(const struct cw_arguments *arguments, enum cw_source source, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < arguments->given_count; i++) {
        if (arguments->given[i].source == source && strcmp(arguments->given[i].option->name, name) == 0) {
            value = arguments->given[i].value;
        }
    }
    return value;
}

/* Reads what one source says of the spec: --spec, then --scale, then the rest. */
static cw_status read_spec_from(const struct cw_arguments *arguments, enum cw_source source,
                                struct cw_run_spec *spec, struct cw_error *error)
{
    cw_status status = CW_OK;
    const char *file = value_of(arguments, source, "spec");
    const char *request = value_of(arguments, source, "request");
    const char *scale = value_of(arguments, source, "scale");
    if (request != NULL && file != NULL) {
        return cw_error_set(error, CW_E_INVALID, "request",
                            "--request and --spec both say all of a run; expected one of them");
    }
    if (file != NULL) {
        status = read_spec_file(file, spec, error);
    } else if (request != NULL) {
        status = read_request_file(request, spec, error);
    }
    if (status == CW_OK && scale != NULL) {
        status = read_scale(scale, spec, error);
    }
    for (size_t i = 0; i < arguments->given_count && status == CW_OK; i++) {
        const char *value = arguments->given[i].value;
        if (value == NULL || arguments->given[i].source != source) {
            continue;
        }
        status = read_spec_option(arguments->given[i].option, value, spec, error);
        if (status == CW_E_NOT_FOUND) {
            status = read_other_option(arguments->given[i].option->name, value, spec, error);
        }
    }
    return status;
}

/* Each source goes over the ones before it: --scale on the command line over counts of the file. */
static cw_status read_spec(const struct cw_arguments *arguments, struct cw_run_spec *spec,
                           struct cw_error *error)
{
    cw_run_spec_init(spec);
    cw_status status = read_spec_from(arguments, CW_FROM_FILE, spec, error);
    if (status == CW_OK) {
        status = read_spec_from(arguments, CW_FROM_ENVIRONMENT, spec, error);
    }
    return status == CW_OK ? read_spec_from(arguments, CW_FROM_FLAG, spec, error) : status;
}

/* "customers.id,email": adds columns of a table, or takes them instead of the whole table. */
static cw_status read_columns(const char *text, struct cw_selection *columns, struct cw_error *error)
{
    const size_t length = strcspn(text, ".");
    const struct cw_entity *entity = cw_entity_find(text, length);
    if (entity == NULL || text[length] != '.') {
        return cw_error_set(
            error, CW_E_INVALID, "columns",
            "columns is '%.60s', but must be a table and its columns, such as customers.id,email", text);
    }
    for (const char *at = text + length + 1;;) {
        const size_t size = strcspn(at, ",");
        const int column = cw_entity_column(entity, at, size);
        if (column < 0) {
            const char *names[64];
            char given[64];
            for (uint32_t i = 0; i < entity->column_count; i++) {
                names[i] = entity->columns[i].name;
            }
            snprintf(given, sizeof given, "%.*s", (int)(size < 60 ? size : 60), at);
            const char *nearest = cw_name_nearest(given, names, entity->column_count);
            return cw_error_set(error, CW_E_INVALID, "columns", "%s has no column '%s'%s%s%s", entity->table,
                                given, nearest != NULL ? "; did you mean '" : "",
                                nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
        }
        columns->columns[entity->id] |= UINT64_C(1) << column;
        if (at[size] == '\0') {
            return CW_OK;
        }
        at += size + 1;
    }
}

static void add_tables(struct cw_selection *selection, const enum cw_entity_id *entities, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cw_selection_add(selection, entities[i]);
    }
}

/* The tables that a spec makes rows of. */
static void choose_tables(const struct cw_run_spec *spec, struct cw_selection *selection)
{
    static const enum cw_entity_id people[] = {CW_ENTITY_CUSTOMER, CW_ENTITY_ADDRESS,
                                               CW_ENTITY_PAYMENT_METHOD};
    static const enum cw_entity_id catalogue[] = {CW_ENTITY_CATEGORY, CW_ENTITY_BRAND, CW_ENTITY_PRODUCT,
                                                  CW_ENTITY_PRODUCT_PRICE, CW_ENTITY_VARIANT};
    for (int i = 0; i < CW_ENTITY_COUNT && spec->orders > 0; i++) {
        cw_selection_add(selection, (enum cw_entity_id)i);
    }
    if (spec->customers > 0) {
        add_tables(selection, people, sizeof people / sizeof people[0]);
    }
    if (spec->products > 0 || spec->category_count > 0) {
        add_tables(selection, catalogue, sizeof catalogue / sizeof catalogue[0]);
    }
}

static cw_status read_selection(const struct cw_arguments *arguments, struct cw_generate_options *options,
                                struct cw_error *error)
{
    struct cw_selection columns = {{0}};
    bool has_columns = false;
    cw_status status = CW_OK;
    for (size_t i = 0; i < arguments->given_count && status == CW_OK; i++) {
        if (strcmp(arguments->given[i].option->name, "columns") == 0) {
            has_columns = true;
            status = read_columns(arguments->given[i].value, &columns, error);
        }
    }
    if (status == CW_OK && cw_argument_given(arguments, "tables")) {
        status = cw_request_tables("tables", cw_argument(arguments, "tables"), &options->selection, error);
    } else if (status == CW_OK && !has_columns) {
        choose_tables(&options->spec, &options->selection);
    }
    for (int i = 0; i < CW_ENTITY_COUNT && status == CW_OK; i++) {
        if (columns.columns[i] != 0) {
            options->selection.columns[i] = columns.columns[i];
        }
    }
    return status;
}

/* Into files, orders need customers and products of the same run; and asking for nothing is asking for a
 * small shop. */
static void fill_counts(struct cw_generate_options *options)
{
    struct cw_run_spec *spec = &options->spec;
    const bool has_products = spec->products > 0 || spec->category_count > 0;
    if (spec->customers == 0 && spec->orders == 0 && !has_products) {
        spec->customers = SCALE_CUSTOMERS;
        spec->products = SCALE_PRODUCTS;
        spec->orders = SCALE_ORDERS;
    } else if (spec->orders > 0 && options->store == NULL) {
        const int64_t customers = spec->orders / (SCALE_ORDERS / SCALE_CUSTOMERS);
        const int64_t products = spec->orders / (SCALE_ORDERS / SCALE_PRODUCTS);
        if (spec->customers == 0) {
            spec->customers = customers < 10 ? 10 : customers;
        }
        if (!has_products) {
            spec->products = products < 20 ? 20 : products > 50000 ? 50000 : products;
        }
    }
}

static cw_status read_shard(const char *text, struct cw_generate_options *options, struct cw_error *error)
{
    char part[24];
    int64_t shard = 0;
    int64_t shards = 0;
    const char *slash = strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= sizeof part) {
        return cw_error_set(error, CW_E_INVALID, "shard", "shard is '%.60s', but must be I/N, such as 0/16",
                            text);
    }
    snprintf(part, sizeof part, "%.*s", (int)(slash - text), text);
    cw_status status = cw_value_count("shard", slash + 1, 1, 10000, &shards, error);
    if (status == CW_OK) {
        status = cw_value_count("shard", part, 0, shards - 1, &shard, error);
    }
    options->shard = (uint32_t)shard;
    options->shards = (uint32_t)shards;
    return status;
}

static cw_status read_output(const struct cw_arguments *arguments, struct cw_generate_options *options,
                             struct cw_error *error)
{
    const char *out = cw_argument(arguments, "out");
    const char *format = cw_argument(arguments, "format");
    const char *compression = cw_argument(arguments, "compression");
    cw_status status = CW_OK;
    options->format = CW_FORMAT_CSV;
    options->out = out == NULL ? "cartwright-data" : out;
    if (format != NULL) {
        status = cw_request_format("format", format, &options->format, error);
    }
    options->compression = options->format == CW_FORMAT_PARQUET ? CW_COMPRESSION_ZSTD : CW_COMPRESSION_NONE;
    if (status == CW_OK && compression != NULL) {
        status = cw_request_compression("compression", compression, &options->compression,
                                        &options->compression_level, error);
        const bool is_compressed = options->compression != CW_COMPRESSION_NONE;
        if (status == CW_OK && options->format != CW_FORMAT_PARQUET && is_compressed) {
            /* A file may say how Parquet is compressed while another format is asked for. */
            options->compression = CW_COMPRESSION_NONE;
        }
        if (status == CW_OK && options->format != CW_FORMAT_PARQUET && is_compressed &&
            cw_argument_is_flag(arguments, "compression")) {
            status = cw_error_set(
                error, CW_E_INVALID, "compression",
                "compression is %s, but only parquet is compressed; pipe other formats into zstd",
                compression);
        }
    }
    if (status == CW_OK && cw_argument_given(arguments, "shard")) {
        status = read_shard(cw_argument(arguments, "shard"), options, error);
    }
    if (status == CW_OK) {
        int64_t threads = 0;
        status = cw_argument_count(arguments, "threads", &threads, error);
        options->threads = (uint32_t)threads;
    }
    return status;
}

/* The catalogue is asked for as products in all, or as products of each category. */
static cw_status check_catalogue(const struct cw_arguments *arguments, const struct cw_run_spec *spec,
                                 struct cw_error *error)
{
    if (spec->category_count == 0 && spec->products_per_category > 0) {
        return cw_error_set(error, CW_E_INVALID, "products-per-category",
                            "--products-per-category says how many products each category of --categories "
                            "gets, but none is named");
    }
    if (spec->category_count > 0 && cw_argument_given(arguments, "products")) {
        return cw_error_set(error, CW_E_INVALID, "products",
                            "--products counts all products and can't be used with --categories; expected "
                            "--products-per-category");
    }
    if (spec->category_count > 0 && spec->products_per_category == 0) {
        return cw_error_set(error, CW_E_INVALID, "products-per-category",
                            "--categories needs --products-per-category, the number of products in each");
    }
    return CW_OK;
}

/* Options that say nothing together. */
static cw_status check_together(const struct cw_arguments *arguments,
                                const struct cw_generate_options *options, struct cw_error *error)
{
    static const char *const of_files[] = {"out",         "tables", "columns", "format",
                                           "compression", "shard",  "force",   "discard"};
    size_t tables = 0;
    for (size_t i = 0; options->store != NULL && i < sizeof of_files / sizeof of_files[0]; i++) {
        if (cw_argument_is_flag(arguments, of_files[i])) {
            return cw_error_set(error, CW_E_INVALID, of_files[i],
                                "--%s is about files and can't be used with --store, which takes every table",
                                of_files[i]);
        }
    }
    if (options->discard && cw_argument_is_flag(arguments, "out")) {
        return cw_error_set(error, CW_E_INVALID, "discard",
                            "--discard keeps nothing, so it can't be used with --out");
    }
    if (options->store == NULL && cw_argument_given(arguments, "customer-id")) {
        return cw_error_set(error, CW_E_INVALID, "customer-id",
                            "--customer-id names a customer of a store, so it needs --store");
    }
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        tables += options->selection.columns[i] != 0;
    }
    if (strcmp(options->out, "-") == 0 && tables != 1) {
        return cw_error_set(
            error, CW_E_INVALID, "out",
            "--out - writes one table to stdout, but %zu are asked for; choose one by --tables", tables);
    }
    return CW_OK;
}

cw_status cw_generate_options_read(const struct cw_arguments *arguments, struct cw_generate_options *options,
                                   struct cw_error *error)
{
    struct cw_generate_options read = {.shards = 1,
                                       .store = cw_argument(arguments, "store"),
                                       .force = cw_argument_given(arguments, "force"),
                                       .discard = cw_argument_given(arguments, "discard"),
                                       .quiet = cw_argument_given(arguments, "quiet")};
    cw_status status = read_spec(arguments, &read.spec, error);
    if (status == CW_OK) {
        status = check_catalogue(arguments, &read.spec, error);
    }
    if (status == CW_OK) {
        status = read_output(arguments, &read, error);
    }
    if (status == CW_OK) {
        fill_counts(&read);
        status = read_selection(arguments, &read, error);
    }
    if (status == CW_OK) {
        status = check_together(arguments, &read, error);
    }
    if (status == CW_OK) {
        *options = read;
    }
    return status;
}
