/* Customers row by row: unique e-mail addresses over runs, ages, segments, order of rows. What needs the
 * reference data beside the rows is checked in SQL (tests/sql/customers.sql). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "engine/customer_plan.h"
#include "harness.h"
#include "model/columns.h"
#include "model/screen.h"

#define DAY INT64_C(86400000000)
#define AS_OF_DAY 20454
#define BATCH 4096

static struct cw_market_tables *tables;
static struct cw_run_spec spec;
static struct cw_customer_plan plan;
static struct cw_batch batch;

static void set_up(void)
{
    cw_run_spec_init(&spec);
    spec.seed = 3;
    ck_assert_int_eq(cw_market_tables_new(AS_OF_DAY * DAY, &tables, NULL), CW_OK);
    ck_assert_int_eq(cw_batch_init(&batch, cw_entity_get(CW_ENTITY_CUSTOMER), NULL), CW_OK);
}

static void tear_down(void)
{
    cw_batch_clear(&batch);
    cw_market_tables_free(tables);
}

static void begin_run(void)
{
    struct cw_error error = {0};
    ck_assert_msg(cw_run_spec_resolve(&spec, &error) == CW_OK, "%s", error.message);
    ck_assert_int_eq(cw_customer_plan_init(&plan, &spec, tables, NULL), CW_OK);
}

/* Ends a run and notes what it has used up, as a store would. */
static void end_run(void)
{
    for (uint32_t m = 0; m < plan.market_count; m++) {
        spec.prior_customers[m] += plan.markets[m].count;
    }
    spec.prior_customer_runs++;
    cw_customer_plan_clear(&plan);
}

static void fill(int64_t first, uint64_t columns)
{
    int64_t rest = spec.customers - first;
    ck_assert_int_eq(cw_customer_fill(&plan, first, rest < BATCH ? rest : BATCH, columns, &batch, NULL),
                     CW_OK);
}

/* ---- E-mail ---- */

struct texts {
    char *bytes;
    size_t size;
    char **sorted;
    int64_t count;
};

static void add_emails(struct texts *texts)
{
    for (int64_t first = 0; first < spec.customers; first += BATCH) {
        fill(first, 1ULL << CW_CUSTOMER_EMAIL);
        for (int64_t r = 0; r < batch.row_count; r++) {
            size_t length;
            const char *email = cw_column_string(&batch.columns[CW_CUSTOMER_EMAIL], r, &length);
            texts->sorted[texts->count++] = texts->bytes + texts->size;
            memcpy(texts->bytes + texts->size, email, length);
            texts->bytes[texts->size + length] = '\0';
            texts->size += length + 1;
        }
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Shops of several runs: other seeds, locales, segments and times, always in one store. */
START_TEST(emails_are_unique_over_runs)
{
    static const struct {
        int64_t customers;
        const char *country;
        int segment, days_later;
    } runs[] = {{1000000, NULL, -1, 0}, {200000, NULL, -1, 0}, {100000, "DE", 3, 0},
                {1, "DE", -1, 5},       {60000, NULL, 4, 400}, {150000, "JP", -1, 900},
                {5000, "FR", 0, 900},   {40000, NULL, -1, 901}};
    struct texts texts = {malloc(120000000), 0, malloc(1600000 * sizeof(char *)), 0};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        spec.seed = i * 1000003;
        spec.customers = runs[i].customers;
        spec.segment = runs[i].segment;
        spec.as_of = (AS_OF_DAY + runs[i].days_later) * DAY;
        spec.from = spec.to = spec.opening = CW_UNSET;
        memset(spec.market_shares, 0, sizeof spec.market_shares);
        if (runs[i].country != NULL) {
            spec.market_shares[cw_market_find(runs[i].country)] = 1;
        }
        begin_run();
        add_emails(&texts);
        end_run();
    }
    qsort(texts.sorted, (size_t)texts.count, sizeof(char *), compare_texts);
    for (int64_t i = 1; i < texts.count; i++) {
        if (strcmp(texts.sorted[i - 1], texts.sorted[i]) == 0) {
            ck_abort_msg("%s stands twice", texts.sorted[i]);
        }
    }
    free(texts.bytes);
    free(texts.sorted);
}
END_TEST

/* Lower case, one @, dots between labels. */
static bool is_well_formed(const char *email, size_t length)
{
    const char *at = memchr(email, '@', length);
    if (at == NULL || at == email || at - email > 64 || length > 254) {
        return false;
    }
    char before = '.';
    for (size_t i = 0; i < length; i++) {
        bool is_mark = email[i] == '.' || email[i] == '_' || email[i] == '-' || email[i] == '@';
        bool is_letter = (email[i] >= 'a' && email[i] <= 'z') || (email[i] >= '0' && email[i] <= '9');
        bool stands_alone = before == '.' || before == '_' || before == '-' || before == '@';
        if ((!is_mark && !is_letter) || (is_mark && stands_alone)) {
            return false;
        }
        before = email[i];
    }
    return before >= 'a' && before <= 'z' && memchr(at, '.', length - (size_t)(at - email)) != NULL;
}

/* Whether an address is a given name at one's own domain: what people are called is theirs to write. */
static bool is_own_domain(const char *email, size_t length)
{
    return length > 5 && memcmp(email + length - 5, ".name", 5) == 0;
}

/* An initial and a family name are one word to who reads them; parted names are two. */
START_TEST(emails_are_well_formed_and_decent)
{
    spec.customers = 300000;
    begin_run();
    for (int64_t first = 0; first < spec.customers; first += BATCH) {
        fill(first, 1ULL << CW_CUSTOMER_EMAIL);
        for (int64_t r = 0; r < batch.row_count; r++) {
            size_t length;
            const char *email = cw_column_string(&batch.columns[CW_CUSTOMER_EMAIL], r, &length);
            if (!is_well_formed(email, length)) {
                ck_abort_msg("%.*s is no e-mail address", (int)length, email);
            }
            size_t word = 0;
            while (email[word] >= 'a' && email[word] <= 'z') {
                word++;
            }
            if (email[word] != '.' && email[word] != '_' && !is_own_domain(email, length) &&
                cw_text_is_offensive(email, word)) {
                ck_abort_msg("%.*s offends", (int)length, email);
            }
        }
    }
    end_run();
}
END_TEST

/* ---- Ages ---- */

static double cumulative(double age)
{
    double low = erf((16 - 35) / 12.0 / sqrt(2));
    double high = erf((95 - 35) / 12.0 / sqrt(2));
    return (erf((age - 35) / 12.0 / sqrt(2)) - low) / (high - low);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The largest distance from Normal(35, 12) between 16 and 95 years. */
static double distance_of_ages(void)
{
    double *ages = malloc((size_t)spec.customers * sizeof *ages);
    for (int64_t first = 0; first < spec.customers; first += BATCH) {
        fill(first, 1ULL << CW_CUSTOMER_BIRTH_DATE);
        for (int64_t r = 0; r < batch.row_count; r++) {
            int32_t birth = ((const int32_t *)batch.columns[CW_CUSTOMER_BIRTH_DATE].values)[r];
            ages[first + r] = (AS_OF_DAY - birth) / 365.25;
        }
    }
    qsort(ages, (size_t)spec.customers, sizeof *ages, compare_doubles);
    double largest = 0;
    for (int64_t i = 0; i < spec.customers; i++) {
        largest = fmax(largest, fabs(cumulative(ages[i]) - ((double)i + 0.5) / (double)spec.customers));
    }
    ck_assert_double_ge(ages[0], 16);
    ck_assert_double_le(ages[spec.customers - 1], 95.01);
    free(ages);
    return largest;
}

/* Those who signed up lately were all old enough, so nothing but the resolution of the tables is seen. */
START_TEST(ages_are_a_truncated_normal)
{
    spec.customers = 200000;
    spec.segment = CW_SEGMENT_NEW;
    begin_run();
    ck_assert_double_lt(distance_of_ages(), 0.01);
    end_run();
}
END_TEST

/* Nobody signs up under 16, which moves the youngest of a shop of five years up a little. */
START_TEST(minors_do_not_sign_up)
{
    spec.customers = 200000;
    begin_run();
    ck_assert_double_lt(distance_of_ages(), 0.035);
    for (int64_t row = 0; row < 20000; row++) {
        struct cw_customer customer;
        struct cw_identity identity;
        cw_customer_make(&plan, row, &customer);
        cw_customer_identify(&plan, &customer, &identity);
        struct cw_date born = cw_date_from_days(identity.birth_date);
        struct cw_date then = cw_date_from_days((int32_t)(customer.created_at / DAY));
        int32_t age = then.year - born.year -
                      (then.month < born.month || (then.month == born.month && then.day < born.day));
        if (age < 16) {
            ck_abort_msg("row %lld signs up at %d", (long long)row, age);
        }
    }
    end_run();
}
END_TEST

/* ---- Traits ---- */

START_TEST(rows_stand_in_order_of_sign_up)
{
    spec.customers = 300000;
    begin_run();
    uint8_t before[16] = {0};
    int64_t time = spec.opening;
    for (int64_t row = 0; row < spec.customers; row++) {
        struct cw_customer customer;
        uint8_t id[16];
        cw_customer_make(&plan, row, &customer);
        cw_customer_id(&plan, &customer, id);
        if (customer.created_at < time || customer.created_at >= spec.as_of || id[6] >> 4 != 7 ||
            id[8] >> 6 != 2 || memcmp(before, id, 8) > 0 || memcmp(before, id, 16) == 0) {
            ck_abort_msg("row %lld is out of order", (long long)row);
        }
        time = customer.created_at;
        memcpy(before, id, 16);
    }
    end_run();
}
END_TEST

START_TEST(markets_have_exact_shares)
{
    spec.customers = 1001;
    spec.market_shares[0] = 1;
    spec.market_shares[2] = 2;
    begin_run();
    int64_t counts[CW_MARKETS_MAX] = {0};
    for (int64_t row = 0; row < spec.customers; row++) {
        struct cw_customer customer;
        cw_customer_make(&plan, row, &customer);
        counts[customer.market]++;
    }
    ck_assert_int_eq(counts[0], 334);
    ck_assert_int_eq(counts[2], 667);
    end_run();
}
END_TEST

START_TEST(segments_are_all_there)
{
    spec.customers = 100000;
    begin_run();
    int64_t counts[CW_SEGMENT_COUNT] = {0};
    int64_t recent = 0;
    for (int64_t row = 0; row < spec.customers; row++) {
        struct cw_customer customer;
        cw_customer_make(&plan, row, &customer);
        counts[customer.segment]++;
        bool is_recent = customer.created_at >= spec.as_of - 90 * DAY;
        recent += is_recent;
        ck_assert(is_recent || customer.segment != CW_SEGMENT_NEW);
    }
    for (int s = 0; s < CW_SEGMENT_COUNT; s++) {
        ck_assert_int_gt(counts[s], spec.customers / 100);
    }
    ck_assert_int_gt(counts[CW_SEGMENT_REGULAR], spec.customers / 2);
    ck_assert_double_eq_tol((double)counts[CW_SEGMENT_NEW] / (double)recent, 13 / 16.0, 0.02);
    end_run();
}
END_TEST

START_TEST(any_slice_is_the_same)
{
    spec.customers = 10000;
    begin_run();
    fill(0, UINT64_MAX >> (64 - CW_CUSTOMER_COLUMN_COUNT));
    struct cw_batch slice;
    ck_assert_int_eq(cw_batch_init(&slice, cw_entity_get(CW_ENTITY_CUSTOMER), NULL), CW_OK);
    ck_assert_int_eq(
        cw_customer_fill(&plan, 1234, 7, UINT64_MAX >> (64 - CW_CUSTOMER_COLUMN_COUNT), &slice, NULL), CW_OK);
    for (int64_t r = 0; r < 7; r++) {
        ck_assert_mem_eq((const uint8_t *)slice.columns[CW_CUSTOMER_ID].values + 16 * r,
                         (const uint8_t *)batch.columns[CW_CUSTOMER_ID].values + 16 * (1234 + r), 16);
        for (uint32_t c = 0; c < CW_CUSTOMER_COLUMN_COUNT; c++) {
            if (slice.columns[c].type != CW_TYPE_STRING) {
                continue;
            }
            size_t one;
            size_t other;
            const char *text = cw_column_string(&slice.columns[c], r, &one);
            const char *same = cw_column_string(&batch.columns[c], 1234 + r, &other);
            ck_assert_uint_eq(one, other);
            ck_assert_int_eq(memcmp(text, same, one), 0);
        }
    }
    cw_batch_clear(&slice);
    end_run();
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("customer");
    TCase *tcase = tcase_create("customer");
    tcase_set_timeout(tcase, 90);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, emails_are_unique_over_runs);
    tcase_add_test(tcase, emails_are_well_formed_and_decent);
    tcase_add_test(tcase, ages_are_a_truncated_normal);
    tcase_add_test(tcase, minors_do_not_sign_up);
    tcase_add_test(tcase, rows_stand_in_order_of_sign_up);
    tcase_add_test(tcase, markets_have_exact_shares);
    tcase_add_test(tcase, segments_are_all_there);
    tcase_add_test(tcase, any_slice_is_the_same);
    suite_add_tcase(suite, tcase);
    return suite;
}
