#include "cartwright/run.h"

#include <string.h>

#include "base/calendar.h"
#include "base/decimal.h"
#include "engine/catalogue_plan.h"
#include "engine/market_tables.h"
#include "model/reference.h"

#define DEFAULT_AS_OF_DAY 20454 /* 2026-01-01, the as-of time of data version 1 */
#define MICROS_OF_DAYS(days) ((int64_t)(days)*CW_MICROS_PER_DAY)
#define EARLIEST_TIME MICROS_OF_DAYS(10957) /* 2000-01-01: reference calendars begin */
#define LATEST_TIME MICROS_OF_DAYS(25567)   /* 2040-01-01: reference calendars end */

static const char *const segment_names[CW_SEGMENT_COUNT] = {"new", "regular", "vip", "wholesale", "dormant"};
static const char *const behavior_names[CW_BEHAVIOR_COUNT] = {"normal", "peak", "holiday"};
static const char *const attribute_names[CW_ATTRIBUTE_COUNT] = {"size", "colour", "material"};

const char *cw_segment_name(enum cw_segment segment)
{
    return (unsigned)segment < CW_SEGMENT_COUNT ? segment_names[segment] : "unknown";
}

const char *cw_behavior_name(enum cw_behavior behavior)
{
    return (unsigned)behavior < CW_BEHAVIOR_COUNT ? behavior_names[behavior] : "unknown";
}

const char *cw_attribute_name(enum cw_attribute attribute)
{
    return (unsigned)attribute < CW_ATTRIBUTE_COUNT ? attribute_names[attribute] : "unknown";
}

void cw_run_spec_init(struct cw_run_spec *spec)
{
    memset(spec, 0, sizeof *spec);
    spec->as_of = CW_UNSET;
    spec->opening = CW_UNSET;
    spec->from = CW_UNSET;
    spec->to = CW_UNSET;
    spec->segment = -1;
    spec->price_minimum = CW_UNSET;
    spec->price_maximum = CW_UNSET;
}

static cw_status check_range(const char *field, int64_t value, int64_t low, int64_t high,
                             struct cw_error *error)
{
    if (value < low || value > high) {
        return cw_error_set(error, CW_E_INVALID, field, "%s is %lld; expected %lld to %lld", field,
                            (long long)value, (long long)low, (long long)high);
    }
    return CW_OK;
}

/* A time for a message, without a fraction of zero; one outside the calendar as its end. */
static void time_text(int64_t time, char text[CW_DECIMAL_SLACK])
{
    time = time < CW_CALENDAR_FIRST_MICRO  ? CW_CALENDAR_FIRST_MICRO
           : time > CW_CALENDAR_LAST_MICRO ? CW_CALENDAR_LAST_MICRO
                                           : time;
    *cw_decimal_timestamp(text, time) = '\0';
    char *fraction = strstr(text, ".000000Z");
    if (fraction != NULL) {
        fraction[0] = 'Z';
        fraction[1] = '\0';
    }
}

static cw_status check_time(const char *field, int64_t value, int64_t low, int64_t high,
                            struct cw_error *error)
{
    if (value >= low && value <= high) {
        return CW_OK;
    }
    char texts[3][CW_DECIMAL_SLACK];
    time_text(value, texts[0]);
    time_text(low, texts[1]);
    time_text(high, texts[2]);
    return cw_error_set(error, CW_E_INVALID, field, "%s is %s; expected a time from %s to %s", field,
                        texts[0], texts[1], texts[2]);
}

static cw_status resolve_times(struct cw_run_spec *spec, struct cw_error *error)
{
    if (spec->as_of == CW_UNSET) {
        spec->as_of = MICROS_OF_DAYS(DEFAULT_AS_OF_DAY);
    }
    cw_status status =
        check_time("as_of", spec->as_of, EARLIEST_TIME + MICROS_OF_DAYS(366), LATEST_TIME, error);
    if (status != CW_OK) {
        return status;
    }
    if (spec->to == CW_UNSET) {
        spec->to = spec->as_of;
    }
    if (spec->from == CW_UNSET) {
        spec->from = spec->to - MICROS_OF_DAYS(365);
    }
    if (spec->opening == CW_UNSET) {
        int64_t five_years = spec->as_of - CW_USUAL_AGE;
        int64_t before_orders = spec->from - MICROS_OF_DAYS(365);
        spec->opening = five_years < before_orders ? five_years : before_orders;
        if (spec->opening < EARLIEST_TIME) {
            spec->opening = EARLIEST_TIME;
        }
    }
    status = check_time("opening", spec->opening, EARLIEST_TIME, spec->as_of - MICROS_OF_DAYS(1), error);
    if (status != CW_OK) {
        return status;
    }
    status = check_time("date_range.from", spec->from, spec->opening, spec->as_of, error);
    if (status != CW_OK) {
        return status;
    }
    status = check_time("date_range.to", spec->to, EARLIEST_TIME, spec->as_of, error);
    if (status != CW_OK) {
        return status;
    }
    if (spec->to - spec->from < CW_MICROS_PER_SECOND * 3600) {
        char texts[2][CW_DECIMAL_SLACK];
        time_text(spec->from, texts[0]);
        time_text(spec->to, texts[1]);
        return cw_error_set(
            error, CW_E_INVALID, "date_range",
            "date_range is from %s to %s; expected that it ends at least one hour after it begins", texts[0],
            texts[1]);
    }
    return CW_OK;
}

static cw_status resolve_markets(struct cw_run_spec *spec, struct cw_error *error)
{
    uint32_t markets = cw_market_count();
    uint64_t sum = 0;
    for (uint32_t m = 0; m < CW_MARKETS_MAX; m++) {
        if (m >= markets && spec->market_shares[m] != 0) {
            return cw_error_set(error, CW_E_INVALID, "locale", "market %u is not known; expected 0 to %u", m,
                                markets - 1);
        }
        if (spec->market_shares[m] > 1000000) {
            return cw_error_set(error, CW_E_INVALID, "locale",
                                "the share of market %u is %u; expected at most 1000000", m,
                                spec->market_shares[m]);
        }
        sum += spec->market_shares[m];
    }
    for (uint32_t m = 0; sum == 0 && m < markets; m++) {
        spec->market_shares[m] = cw_market_get(m)->share;
    }
    return CW_OK;
}

static cw_status resolve_counts(struct cw_run_spec *spec, struct cw_error *error)
{
    if (spec->data_version == 0) {
        spec->data_version = cw_data_version();
    }
    if (spec->data_version != cw_data_version()) {
        return cw_error_set(error, CW_E_UNSUPPORTED, "data_version",
                            "data_version is %u; this build makes version %u", spec->data_version,
                            cw_data_version());
    }
    const struct {
        const char *field;
        int64_t value, high;
    } counts[] = {{"customers", spec->customers, 1000000000},
                  {"products", spec->products, 10000000},
                  {"orders", spec->orders, 10000000000},
                  {"products_per_category", spec->products_per_category, 1000000},
                  {"seed", (int64_t)spec->seed, INT64_MAX},
                  {"segment", spec->segment + 1, CW_SEGMENT_COUNT},
                  {"behavior", (int64_t)spec->behavior, CW_BEHAVIOR_COUNT - 1},
                  {"cells", spec->cells, 10000},
                  {"prior_customer_runs", spec->prior_customer_runs, INT64_C(1) << 40},
                  {"prior_products", spec->prior_products, INT64_C(100000000)},
                  {"prior_orders", spec->prior_orders, INT64_C(1) << 50},
                  {"categories", spec->category_count, CW_CATEGORIES_MAX}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        cw_status status = check_range(counts[i].field, counts[i].value, 0, counts[i].high, error);
        if (status != CW_OK) {
            return status;
        }
    }
    for (uint32_t m = 0; m < CW_MARKETS_MAX; m++) {
        cw_status status =
            check_range("prior_customers", spec->prior_customers[m], 0, INT64_C(1) << 40, error);
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

/* Cents are told as dollars, as they were given. */
static cw_status check_price(const char *field, int64_t value, int64_t low, int64_t high,
                             struct cw_error *error)
{
    if (value >= low && value <= high) {
        return CW_OK;
    }
    return cw_error_set(error, CW_E_INVALID, field, "%s is %lld.%02lld; expected %lld.%02lld to %lld.%02lld",
                        field, (long long)(value / 100),
                        (long long)(value % 100 < 0 ? -(value % 100) : value % 100), (long long)(low / 100),
                        (long long)(low % 100), (long long)(high / 100), (long long)(high % 100));
}

static cw_status resolve_prices(struct cw_run_spec *spec, struct cw_error *error)
{
    const int64_t highest = INT64_C(100000000);
    cw_status status = CW_OK;
    if (spec->price_minimum != CW_UNSET) {
        status = check_price("price_range.min", spec->price_minimum, 1, highest, error);
    }
    if (status == CW_OK && spec->price_maximum != CW_UNSET) {
        status = check_price("price_range.max", spec->price_maximum,
                             spec->price_minimum == CW_UNSET ? 1 : spec->price_minimum, highest, error);
    }
    return status;
}

cw_status cw_run_spec_resolve(struct cw_run_spec *spec, struct cw_error *error)
{
    struct cw_run_spec copy = *spec;
    cw_status status = resolve_counts(&copy, error);
    if (status == CW_OK) {
        status = resolve_times(&copy, error);
    }
    if (status == CW_OK) {
        status = resolve_markets(&copy, error);
    }
    if (status == CW_OK) {
        status = resolve_prices(&copy, error);
    }
    if (status == CW_OK) {
        status = cw_catalogue_resolve(&copy, error);
    }
    if (status == CW_OK) {
        *spec = copy;
    }
    return status;
}

/* ---- Canonical JSON ---- */

/* Writes members in the order given; callers keep the keys sorted. The first failure sticks. */
struct json_writer {
    struct cw_buffer *out;
    struct cw_error *error;
    cw_status status;
    char separator;
};

static void put_key(struct json_writer *writer, const char *key)
{
    if (writer->status == CW_OK) {
        writer->status = cw_buffer_format(writer->out, writer->error, "%c\"%s\":", writer->separator, key);
    }
    writer->separator = ',';
}

static void put_integer(struct json_writer *writer, const char *key, int64_t value)
{
    put_key(writer, key);
    if (writer->status == CW_OK) {
        writer->status = cw_buffer_format(writer->out, writer->error, "%lld", (long long)value);
    }
}

static void put_text(struct json_writer *writer, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    char quoted[6 * CW_NAME_MAX + 2];
    size_t size = 0;
    quoted[size++] = '"';
    for (const char *c = text; *c != '\0' && size + 8 < sizeof quoted; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte == '"' || byte == '\\') {
            quoted[size++] = '\\';
            quoted[size++] = *c;
        } else if (byte < 0x20) {
            memcpy(quoted + size, "\\u00", 4);
            quoted[size + 4] = hex[byte >> 4];
            quoted[size + 5] = hex[byte & 15];
            size += 6;
        } else {
            quoted[size++] = *c;
        }
    }
    quoted[size++] = '"';
    if (writer->status == CW_OK) {
        writer->status = cw_buffer_append(writer->out, quoted, size, writer->error);
    }
}

static void put_time(struct json_writer *writer, const char *key, int64_t time)
{
    char text[CW_DECIMAL_SLACK];
    *cw_decimal_timestamp(text, time) = '\0';
    put_key(writer, key);
    put_text(writer, text);
}

static void put_raw(struct json_writer *writer, const char *text)
{
    if (writer->status == CW_OK) {
        writer->status = cw_buffer_append(writer->out, text, strlen(text), writer->error);
    }
}

static void put_list(struct json_writer *writer, const char (*values)[CW_NAME_MAX], uint32_t count)
{
    put_raw(writer, "[");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) {
            put_raw(writer, ",");
        }
        put_text(writer, values[i]);
    }
    put_raw(writer, "]");
}

static void put_attributes(struct json_writer *writer, const struct cw_run_spec *spec)
{
    static const enum cw_attribute sorted[] = {CW_ATTRIBUTE_COLOUR, CW_ATTRIBUTE_MATERIAL, CW_ATTRIBUTE_SIZE};
    put_key(writer, "attributes");
    put_raw(writer, "{");
    writer->separator = ' ';
    for (int i = 0; i < CW_ATTRIBUTE_COUNT; i++) {
        const struct cw_attribute_values *values = &spec->attributes[sorted[i]];
        if (values->count == 0) {
            continue;
        }
        put_raw(writer, writer->separator == ',' ? ",\"" : "\"");
        put_raw(writer, cw_attribute_name(sorted[i]));
        put_raw(writer, "\":");
        put_list(writer, values->values, values->count);
        writer->separator = ',';
    }
    put_raw(writer, "}");
    writer->separator = ',';
}

/* An object of country code -> number over the markets, keys sorted, zeros left out. */
static void put_markets(struct json_writer *writer, const char *key, const uint32_t *shares,
                        const int64_t *counts)
{
    put_key(writer, key);
    put_raw(writer, "{");
    const char *last = "";
    bool first = true;
    for (;;) {
        int next = -1;
        for (uint32_t m = 0; m < cw_market_count(); m++) {
            const char *country = cw_market_get(m)->country;
            bool present = (shares != NULL && shares[m] != 0) || (counts != NULL && counts[m] != 0);
            if (present && strcmp(country, last) > 0 &&
                (next < 0 || strcmp(country, cw_market_get((uint32_t)next)->country) < 0)) {
                next = (int)m;
            }
        }
        if (next < 0) {
            break;
        }
        last = cw_market_get((uint32_t)next)->country;
        long long value = shares != NULL ? (long long)shares[next] : (long long)counts[next];
        if (writer->status == CW_OK) {
            writer->status =
                cw_buffer_format(writer->out, writer->error, "%s\"%s\":%lld", first ? "" : ",", last, value);
        }
        first = false;
    }
    put_raw(writer, "}");
}

static void put_optional(struct json_writer *writer, const char *key, int64_t value)
{
    if (value != CW_UNSET) {
        put_integer(writer, key, value);
    }
}

cw_status cw_run_spec_json(const struct cw_run_spec *spec, struct cw_buffer *out, struct cw_error *error)
{
    size_t start = out->size;
    struct json_writer writer = {out, error, CW_OK, '{'};
    put_time(&writer, "as_of", spec->as_of);
    put_attributes(&writer, spec);
    put_key(&writer, "behavior");
    put_text(&writer, cw_behavior_name(spec->behavior));
    put_key(&writer, "categories");
    put_list(&writer, spec->categories, spec->category_count);
    put_integer(&writer, "cells", spec->cells);
    if (spec->customer_id[0] != '\0') {
        put_key(&writer, "customer_id");
        put_text(&writer, spec->customer_id);
    }
    put_integer(&writer, "customers", spec->customers);
    put_integer(&writer, "data_version", spec->data_version);
    put_time(&writer, "from", spec->from);
    put_markets(&writer, "locales", spec->market_shares, NULL);
    put_time(&writer, "opening", spec->opening);
    put_integer(&writer, "orders", spec->orders);
    put_optional(&writer, "price_maximum", spec->price_maximum);
    put_optional(&writer, "price_minimum", spec->price_minimum);
    put_integer(&writer, "prior_customer_runs", spec->prior_customer_runs);
    put_markets(&writer, "prior_customers", NULL, spec->prior_customers);
    put_integer(&writer, "prior_orders", spec->prior_orders);
    put_integer(&writer, "prior_products", spec->prior_products);
    put_integer(&writer, "products", spec->products);
    put_integer(&writer, "products_per_category", spec->products_per_category);
    put_integer(&writer, "seed", (int64_t)spec->seed);
    if (spec->segment >= 0) {
        put_key(&writer, "segment");
        put_text(&writer, cw_segment_name((enum cw_segment)spec->segment));
    }
    put_time(&writer, "to", spec->to);
    put_raw(&writer, "}");
    if (writer.status != CW_OK) {
        out->size = start;
    }
    return writer.status;
}
