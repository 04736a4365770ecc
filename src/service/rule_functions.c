#include "service/rule_functions.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "model/reference.h"
#include "model/zone.h"
#include "service/rule_facts.h"
#include "service/values.h"

/* What a connection's functions share. */
struct context {
    const struct cw_rule_facts *facts;
    const struct cw_run_times *times;
    uint32_t region; /* the last that tax_rate() found: many rows in a row ask for the same */
};

static bool has_null(int count, sqlite3_value **values)
{
    for (int i = 0; i < count; i++) {
        if (sqlite3_value_type(values[i]) == SQLITE_NULL) {
            return true;
        }
    }
    return false;
}

static const char *text_of(sqlite3_value *value)
{
    const unsigned char *text = sqlite3_value_text(value);
    return text == NULL ? "" : (const char *)text;
}

static const struct cw_market *market_of(sqlite3_value *country)
{
    const char *code = text_of(country);
    const int index = strlen(code) == 2 ? cw_market_find(code) : -1;
    return index < 0 ? NULL : cw_market_get((uint32_t)index);
}

static void as_of(sqlite3_context *call, int count, sqlite3_value **values)
{
    const struct context *context = sqlite3_user_data(call);
    (void)count;
    (void)values;
    if (context->times->count > 0) {
        sqlite3_result_int64(call, context->times->list[context->times->count - 1]);
    }
}

static void as_of_from(sqlite3_context *call, int count, sqlite3_value **values)
{
    const struct context *context = sqlite3_user_data(call);
    const int64_t time = sqlite3_value_int64(values[0]);
    for (size_t i = 0; i < context->times->count && !has_null(count, values); i++) {
        if (context->times->list[i] >= time) {
            sqlite3_result_int64(call, context->times->list[i]);
            return;
        }
    }
}

static void instant(sqlite3_context *call, int count, sqlite3_value **values)
{
    char text[CW_TIME_TEXT];
    if (has_null(count, values)) {
        return;
    }
    const int64_t time = sqlite3_value_int64(values[0]);
    if (time < CW_CALENDAR_FIRST_MICRO || time > CW_CALENDAR_LAST_MICRO) {
        sqlite3_result_text(call, "out of range", -1, SQLITE_STATIC);
        return;
    }
    cw_time_text(time, text);
    sqlite3_result_text(call, text, -1, SQLITE_TRANSIENT);
}

static void age(sqlite3_context *call, int count, sqlite3_value **values)
{
    if (has_null(count, values)) {
        return;
    }
    const int64_t birth = sqlite3_value_int64(values[0]);
    const int64_t time = sqlite3_value_int64(values[1]);
    if (birth < CW_CALENDAR_FIRST_DAY || birth > CW_CALENDAR_LAST_DAY || time < CW_CALENDAR_FIRST_MICRO ||
        time > CW_CALENDAR_LAST_MICRO) {
        sqlite3_result_int(call, -1);
        return;
    }
    int64_t unused = 0;
    sqlite3_result_int(call, cw_date_years_between((int32_t)birth, cw_timestamp_split(time, &unused)));
}

static void uuid_milliseconds(sqlite3_context *call, int count, sqlite3_value **values)
{
    const uint8_t *bytes = sqlite3_value_blob(values[0]);
    int64_t milliseconds = 0;
    if (has_null(count, values) || bytes == NULL || sqlite3_value_bytes(values[0]) != 16) {
        return;
    }
    for (int i = 0; i < 6; i++) {
        milliseconds = milliseconds << 8 | bytes[i];
    }
    sqlite3_result_int64(call, milliseconds);
}

static void uuid_text(sqlite3_context *call, int count, sqlite3_value **values)
{
    struct cw_uuid id;
    char text[CW_UUID_TEXT];
    const void *bytes = sqlite3_value_blob(values[0]);
    if (!has_null(count, values) && bytes != NULL && sqlite3_value_bytes(values[0]) == (int)sizeof id.bytes) {
        memcpy(id.bytes, bytes, sizeof id.bytes);
        cw_uuid_text(&id, text);
        sqlite3_result_text(call, text, -1, SQLITE_TRANSIENT);
    }
}

/* Quicker than IN, which looks a list up in a table of its own. */
static void one_of(sqlite3_context *call, int count, sqlite3_value **values)
{
    if (has_null(count, values)) {
        return;
    }
    const char *text = text_of(values[0]);
    const size_t size = strlen(text);
    bool found = false;
    for (const char *at = text_of(values[1]); !found;) {
        const size_t length = strcspn(at, "|");
        found = length == size && memcmp(at, text, size) == 0;
        if (at[length] == '\0') {
            break;
        }
        at += length + 1;
    }
    sqlite3_result_int(call, found);
}

/* Lower-case letters, digits, dots, hyphens, underscores and plus before the @; labels of a domain name
 * behind. */
static bool is_email(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char local[] = "abcdefghijklmnopqrstuvwxyz0123456789._+-";
    const char *at = strchr(text, '@');
    const size_t length = at == NULL ? 0 : (size_t)(at - text);
    if (length < 1 || length > 64 || strspn(text, local) != length || text[0] == '.' || at[-1] == '.' ||
        strstr(text, "..") != NULL || strlen(text) > 254) {
        return false;
    }
    int labels = 0;
    for (const char *label = at + 1;; labels++) {
        const size_t size = strcspn(label, ".");
        if (size < 1 || size > 63 || label[0] == '-' || label[size - 1] == '-' ||
            strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-") < size) {
            return false;
        }
        if (label[size] == '\0') {
            return labels >= 1 && size >= 2 && strspn(label, letters) == size;
        }
        label += size + 1;
    }
}

static void email_valid(sqlite3_context *call, int count, sqlite3_value **values)
{
    if (!has_null(count, values)) {
        sqlite3_result_int(call, is_email(text_of(values[0])));
    }
}

/* Whether weighted digits add up to a multiple of ten: the last digit counts once, each before it alternately
 * `odd` times and once. Luhn's sum takes the digits of a doubled digit. */
static bool adds_up(const char *digits, size_t length, unsigned odd)
{
    unsigned sum = 0;
    for (size_t i = 0; i < length; i++) {
        const unsigned digit = (unsigned)(digits[length - 1 - i] - '0');
        const unsigned weighted = i % 2 == 1 ? digit * odd : digit;
        sum += odd == 2 && weighted > 9 ? weighted - 9 : weighted;
    }
    return sum % 10 == 0;
}

static bool is_digits(const char *text, size_t least, size_t most)
{
    const size_t length = strlen(text);
    return length >= least && length <= most && strspn(text, "0123456789") == length;
}

static void luhn_valid(sqlite3_context *call, int count, sqlite3_value **values)
{
    if (!has_null(count, values)) {
        const char *text = text_of(values[0]);
        sqlite3_result_int(call, is_digits(text, 12, 19) && adds_up(text, strlen(text), 2));
    }
}

/* GS1 General Specifications: GTIN-13, prefixes 02 and 20 to 29 for restricted circulation within a company.
 */
static void barcode_valid(sqlite3_context *call, int count, sqlite3_value **values)
{
    if (!has_null(count, values)) {
        const char *text = text_of(values[0]);
        sqlite3_result_int(call, is_digits(text, 13, 13) &&
                                     (text[0] == '2' || (text[0] == '0' && text[1] == '2')) &&
                                     adds_up(text, 13, 3));
    }
}

static void test_card(sqlite3_context *call, int count, sqlite3_value **values)
{
    const struct cw_card_ranges *ranges = cw_card_ranges_get();
    if (has_null(count, values)) {
        return;
    }
    const char *text = text_of(values[0]);
    for (uint32_t i = 0; i < ranges->count; i++) {
        const uint32_t start = ranges->prefixes.offsets[i];
        const size_t size = ranges->prefixes.offsets[i + 1] - start;
        if (strlen(text) == ranges->length[i] && strncmp(text, ranges->prefixes.bytes + start, size) == 0) {
            sqlite3_result_int(call, 1);
            return;
        }
    }
    sqlite3_result_int(call, 0);
}

static void place_exists(sqlite3_context *call, int count, sqlite3_value **values)
{
    const struct context *context = sqlite3_user_data(call);
    const char *parts[4];
    if (has_null(3, values)) {
        return;
    }
    for (int i = 0; i < count; i++) {
        parts[i] = text_of(values[i]);
    }
    sqlite3_result_int(call, cw_rule_facts_hold(context->facts, CW_FACT_PLACE, parts, 4));
}

/* The ranges say how many digits follow their prefix, so each split of the number is looked up. */
static void phone_valid(sqlite3_context *call, int count, sqlite3_value **values)
{
    const struct context *context = sqlite3_user_data(call);
    if (has_null(count, values)) {
        return;
    }
    const char *phone = text_of(values[1]);
    const size_t length = strlen(phone);
    if (phone[0] != '+' || !is_digits(phone + 1, 6, 15)) {
        sqlite3_result_int(call, 0);
        return;
    }
    for (size_t size = 2; size <= length; size++) {
        char prefix[20] = "";
        char digits[4] = "";
        memcpy(prefix, phone, size);
        digits[0] = (char)('0' + (length - size));
        const char *parts[] = {text_of(values[0]), text_of(values[2]), prefix, digits};
        if (cw_rule_facts_hold(context->facts, CW_FACT_PHONE, parts, 4)) {
            sqlite3_result_int(call, 1);
            return;
        }
    }
    sqlite3_result_int(call, 0);
}

static void brand_known(sqlite3_context *call, int count, sqlite3_value **values)
{
    const struct context *context = sqlite3_user_data(call);
    if (!has_null(count, values)) {
        const char *parts[] = {text_of(values[0]), text_of(values[1]), text_of(values[2])};
        sqlite3_result_int(call, cw_rule_facts_hold(context->facts, CW_FACT_BRAND, parts, 3));
    }
}

static void market_coherent(sqlite3_context *call, int count, sqlite3_value **values)
{
    if (!has_null(count, values)) {
        const struct cw_market *market = market_of(values[0]);
        sqlite3_result_int(call, market != NULL && strcmp(market->locale, text_of(values[1])) == 0 &&
                                     strcmp(market->language, text_of(values[2])) == 0 &&
                                     strcmp(market->currency, text_of(values[3])) == 0);
    }
}

static void currency_known(sqlite3_context *call, int count, sqlite3_value **values)
{
    if (has_null(count, values)) {
        return;
    }
    for (uint32_t i = 0; i < cw_market_count(); i++) {
        if (strcmp(cw_market_get(i)->currency, text_of(values[0])) == 0) {
            sqlite3_result_int(call, 1);
            return;
        }
    }
    sqlite3_result_int(call, 0);
}

static void zone_known(sqlite3_context *call, int count, sqlite3_value **values)
{
    if (!has_null(count, values)) {
        sqlite3_result_int(call, cw_zone_find(text_of(values[0])) >= 0);
    }
}

static void countries_known(sqlite3_context *call, int count, sqlite3_value **values)
{
    if (has_null(count, values)) {
        return;
    }
    const char *text = text_of(values[0]);
    bool good = (strlen(text) + 1) % 3 == 0;
    for (; good && *text != '\0'; text += text[2] == ';' ? 3 : 2) {
        const char code[3] = {text[0], text[1], '\0'};
        good = (text[2] == ';' || text[2] == '\0') && cw_market_find(code) >= 0;
    }
    sqlite3_result_int(call, good);
}

static void card_end(sqlite3_context *call, int count, sqlite3_value **values)
{
    if (has_null(count, values)) {
        return;
    }
    const int year = sqlite3_value_int(values[0]);
    const int month = sqlite3_value_int(values[1]);
    if (year < 1970 || year > 2999 || month < 1 || month > 12) {
        sqlite3_result_int64(call, 0);
        return;
    }
    const int32_t day = cw_date_to_days(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1);
    sqlite3_result_int64(call, day * CW_MICROS_PER_DAY);
}

static void tax_inclusive(sqlite3_context *call, int count, sqlite3_value **values)
{
    const struct cw_market *market = has_null(count, values) ? NULL : market_of(values[0]);
    if (market != NULL) {
        sqlite3_result_int(call, market->tax.inclusive);
    }
}

/* Rates are thousandths of a percent; halves are rounded up. */
static void tax(sqlite3_context *call, int count, sqlite3_value **values)
{
    if (!has_null(count, values)) {
        const int64_t net = sqlite3_value_int64(values[0]);
        const int64_t rate = sqlite3_value_int64(values[1]);
        const int64_t whole = 100000 + (sqlite3_value_int(values[2]) != 0 ? rate : 0);
        sqlite3_result_int64(call, (net * rate * 2 + whole) / (2 * whole));
    }
}

static bool pool_equals(const struct cw_pool *pool, uint32_t index, const char *text)
{
    const size_t size = pool->offsets[index + 1] - pool->offsets[index];
    return strlen(text) == size && memcmp(pool->bytes + pool->offsets[index], text, size) == 0;
}

/* The place of a region, first looked for at `likely`; the number of regions when there is none. */
static uint32_t find_region(const struct cw_regions *regions, uint32_t likely, const char *name)
{
    if (likely < regions->count && pool_equals(&regions->names, likely, name)) {
        return likely;
    }
    uint32_t at = 0;
    while (at < regions->count && !pool_equals(&regions->names, at, name)) {
        at++;
    }
    return at;
}

static void tax_rate(sqlite3_context *call, int count, sqlite3_value **values)
{
    const struct cw_market *market = count < 3 ? NULL : market_of(values[0]);
    const char *class = text_of(values[2]);
    if (market == NULL) {
        return;
    }
    /* Sales tax is levied on the standard class only. */
    if (!market->tax.inclusive) {
        struct context *context = sqlite3_user_data(call);
        const uint32_t region = find_region(&market->regions, context->region, text_of(values[1]));
        if (region < market->regions.count) {
            context->region = region;
            sqlite3_result_int64(call,
                                 strcmp(class, "standard") == 0 ? market->regions.sales_tax[region] : 0);
        }
        return;
    }
    const uint32_t rate = strcmp(class, "standard") == 0  ? market->tax.standard_rate
                          : strcmp(class, "reduced") == 0 ? market->tax.reduced_rate
                                                          : market->tax.zero_rate;
    sqlite3_result_int64(call, rate);
}

static bool is_holiday(const struct cw_holidays *holidays, int32_t day)
{
    uint32_t low = 0;
    uint32_t high = holidays->count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (holidays->days[middle] < day) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < holidays->count && holidays->days[low] == day;
}

/* Whether an instant falls between two local hours of a weekday up to last_weekday (1 is Monday) that is no
 * holiday. */
static void in_hours(sqlite3_context *call, int count, sqlite3_value **values, int opening, int closing,
                     int last_weekday)
{
    const struct cw_market *market = has_null(count, values) ? NULL : market_of(values[0]);
    const int zone = market == NULL ? -1 : cw_zone_find(text_of(values[1]));
    if (zone < 0) {
        return;
    }
    const int64_t time = sqlite3_value_int64(values[2]);
    if (time < 0 || time > CW_CALENDAR_LAST_MICRO / 2) {
        sqlite3_result_int(call, 0);
        return;
    }
    const int32_t offset = cw_zone_offset(cw_zone_get((uint32_t)zone), time / CW_MICROS_PER_SECOND);
    int64_t of_day = 0;
    const int32_t day = cw_timestamp_split(time + offset * CW_MICROS_PER_SECOND, &of_day);
    const int64_t hour = CW_MICROS_PER_SECOND * 3600;
    sqlite3_result_int(call, of_day >= opening * hour && of_day < closing * hour &&
                                 cw_date_weekday(day) <= last_weekday && !is_holiday(&market->holidays, day));
}

static void at_work(sqlite3_context *call, int count, sqlite3_value **values)
{
    in_hours(call, count, values, 8, 18, 5);
}

static void at_delivery(sqlite3_context *call, int count, sqlite3_value **values)
{
    in_hours(call, count, values, 8, 21, 6);
}

static void step_allowed(sqlite3_context *call, int count, sqlite3_value **values)
{
    static const char *const steps[][2] = {{"created", "paid"},        {"paid", "confirmed"},
                                           {"confirmed", "shipped"},   {"shipped", "delivered"},
                                           {"created", "cancelled"},   {"created", "payment_failed"},
                                           {"paid", "cancelled"},      {"confirmed", "cancelled"},
                                           {"payment_failed", "paid"}, {"payment_failed", "cancelled"}};
    if (has_null(count, values)) {
        return;
    }
    const char *from = text_of(values[0]);
    const char *to = text_of(values[1]);
    bool allowed = false;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && !allowed; i++) {
        allowed = strcmp(steps[i][0], from) == 0 && strcmp(steps[i][1], to) == 0;
    }
    sqlite3_result_int(call, allowed);
}

/* ---- Aggregates ---- */

/* The text that goes with the greatest number. */
struct latest {
    bool any;
    int64_t number;
    char text[32];
};

static void latest_step(sqlite3_context *call, int count, sqlite3_value **values)
{
    struct latest *latest = sqlite3_aggregate_context(call, sizeof *latest);
    if (latest == NULL || has_null(count, values)) {
        return;
    }
    const int64_t number = sqlite3_value_int64(values[0]);
    if (!latest->any || number > latest->number) {
        latest->any = true;
        latest->number = number;
        snprintf(latest->text, sizeof latest->text, "%s", text_of(values[1]));
    }
}

static void latest_final(sqlite3_context *call)
{
    const struct latest *latest = sqlite3_aggregate_context(call, 0);
    if (latest != NULL && latest->any) {
        sqlite3_result_text(call, latest->text, -1, SQLITE_TRANSIENT);
    }
}

/* Which numbers were seen. */
struct counted {
    uint64_t seen; /* bit n: number n */
    bool wrong;
};

static void counts_up_step(sqlite3_context *call, int count, sqlite3_value **values)
{
    struct counted *counted = sqlite3_aggregate_context(call, sizeof *counted);
    const int64_t number = sqlite3_value_int64(values[0]);
    (void)count;
    if (counted == NULL) {
        return;
    }
    if (number < 1 || number > 62 || (counted->seen >> number & 1) != 0) {
        counted->wrong = true;
    } else {
        counted->seen |= UINT64_C(1) << number;
    }
}

/* 1, 2, ..., each once: the bits from 1 on are a solid row. */
static void counts_up_final(sqlite3_context *call)
{
    const struct counted *counted = sqlite3_aggregate_context(call, 0);
    if (counted != NULL) {
        const uint64_t seen = counted->seen | 1;
        sqlite3_result_int(call, !counted->wrong && (seen & (seen + 1)) == 0);
    }
}

static cw_status register_aggregates(sqlite3 *connection, struct cw_error *error)
{
    if (sqlite3_create_function_v2(connection, "latest", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, NULL,
                                   latest_step, latest_final, NULL) != SQLITE_OK ||
        sqlite3_create_function_v2(connection, "counts_up", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, NULL,
                                   counts_up_step, counts_up_final, NULL) != SQLITE_OK) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "the aggregates of the checks can't be set up");
    }
    return CW_OK;
}

cw_status cw_rule_functions_register(sqlite3 *connection, const struct cw_rule_facts *facts,
                                     const struct cw_run_times *times, struct cw_error *error)
{
    static const struct {
        const char *name;
        int arguments;
        void (*function)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        {"as_of", 0, as_of},
        {"as_of_from", 1, as_of_from},
        {"instant", 1, instant},
        {"age", 2, age},
        {"uuid_milliseconds", 1, uuid_milliseconds},
        {"uuid_text", 1, uuid_text},
        {"one_of", 2, one_of},
        {"email_valid", 1, email_valid},
        {"luhn_valid", 1, luhn_valid},
        {"barcode_valid", 1, barcode_valid},
        {"test_card", 1, test_card},
        {"place_exists", 4, place_exists},
        {"phone_valid", 3, phone_valid},
        {"brand_known", 3, brand_known},
        {"market_coherent", 4, market_coherent},
        {"currency_known", 1, currency_known},
        {"zone_known", 1, zone_known},
        {"countries_known", 1, countries_known},
        {"card_end", 2, card_end},
        {"tax_inclusive", 1, tax_inclusive},
        {"tax", 3, tax},
        {"tax_rate", 3, tax_rate},
        {"at_work", 3, at_work},
        {"at_delivery", 3, at_delivery},
        {"step_allowed", 2, step_allowed},
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        struct context *context = malloc(sizeof *context);
        if (context == NULL) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the checks");
        }
        *context = (struct context){facts, times, 0};
        /* SQLite frees the context, also when it fails. */
        if (sqlite3_create_function_v2(connection, functions[i].name, functions[i].arguments,
                                       SQLITE_UTF8 | SQLITE_DETERMINISTIC, context, functions[i].function,
                                       NULL, NULL, free) != SQLITE_OK) {
            return cw_error_set(error, CW_E_NO_MEMORY, NULL, "the check '%s' can't be set up",
                                functions[i].name);
        }
    }
    return register_aggregates(connection, error);
}
