#include "harness.h"
#include "service/produce.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TABLES 4

static const enum cw_entity_id tables[TABLES] = {CW_ENTITY_CUSTOMER, CW_ENTITY_PRODUCT, CW_ENTITY_ORDER,
                                                 CW_ENTITY_ORDER_ITEM};

static const struct cw_run_spec *shop(int64_t customers, int64_t products, int64_t orders)
{
    static struct cw_run_spec spec;
    cw_run_spec_init(&spec);
    spec.seed = 11;
    spec.customers = customers;
    spec.products = products;
    spec.orders = orders;
    ck_assert_int_eq(cw_run_spec_resolve(&spec, NULL), CW_OK);
    return &spec;
}

static cw_status make(const struct cw_run_spec *spec, uint32_t threads, struct cw_output *outputs,
                      size_t count, struct cw_progress *progress, struct cw_error *error)
{
    const struct cw_produce_options options = {
        .spec = spec, .threads = threads, .outputs = outputs, .output_count = count, .progress = progress};
    return cw_produce(&options, error);
}

/* Makes all tables into memory; the caller clears the sinks. */
static void fill(const struct cw_run_spec *spec, uint32_t threads, const enum cw_format formats[TABLES],
                 struct cw_output *outputs, struct cw_memory_sink *sinks)
{
    struct cw_progress progress = {0};
    struct cw_error error = {0};
    int64_t rows = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < TABLES; i++) {
        sinks[i] = (struct cw_memory_sink){.limit = (size_t)1 << 28};
        outputs[i] = (struct cw_output){.entity = tables[i],
                                        .format = formats[i],
                                        .wants_digest = true,
                                        .sink = cw_memory_sink_get(&sinks[i])};
    }
    ck_assert_msg(make(spec, threads, outputs, TABLES, &progress, &error) == CW_OK, "%s", error.message);
    for (size_t i = 0; i < TABLES; i++) {
        ck_assert_int_eq(outputs[i].bytes, (int64_t)sinks[i].buffer.size);
        rows += outputs[i].rows;
        bytes += outputs[i].bytes;
    }
    ck_assert_int_eq(progress.done, progress.total);
    ck_assert_int_eq(progress.rows, rows);
    ck_assert_int_le(progress.bytes, bytes);
}

static void clear(struct cw_memory_sink *sinks)
{
    for (size_t i = 0; i < TABLES; i++) {
        cw_buffer_clear(&sinks[i].buffer);
    }
}

static void check_same(const enum cw_format formats[TABLES])
{
    const struct cw_run_spec *spec = shop(5000, 400, 30000);
    struct cw_output first[TABLES];
    struct cw_output again[TABLES];
    struct cw_memory_sink expected[TABLES];
    struct cw_memory_sink found[TABLES];
    fill(spec, 1, formats, first, expected);
    ck_assert_int_eq(first[0].rows, 5000);
    ck_assert_int_eq(first[1].rows, 400);
    ck_assert_int_eq(first[2].rows, 30000);
    ck_assert_int_gt(first[3].rows, 60000);
    for (uint32_t threads = 2; threads <= 7; threads += 5) {
        fill(spec, threads, formats, again, found);
        for (size_t i = 0; i < TABLES; i++) {
            ck_assert_int_eq(first[i].rows, again[i].rows);
            ck_assert_uint_eq(expected[i].buffer.size, found[i].buffer.size);
            ck_assert_mem_eq(expected[i].buffer.data, found[i].buffer.data, found[i].buffer.size);
            ck_assert_mem_eq(first[i].digest, again[i].digest, CW_DIGEST_SIZE);
        }
        clear(found);
    }
    clear(expected);
}

START_TEST(text_is_the_same_with_any_threads)
{
    check_same((const enum cw_format[]){CW_FORMAT_CSV, CW_FORMAT_NDJSON, CW_FORMAT_JSON, CW_FORMAT_JSON});
}
END_TEST

START_TEST(parquet_is_the_same_with_any_threads)
{
    check_same(
        (const enum cw_format[]){CW_FORMAT_PARQUET, CW_FORMAT_PARQUET, CW_FORMAT_PARQUET, CW_FORMAT_PARQUET});
}
END_TEST

START_TEST(formats_go_together)
{
    check_same((const enum cw_format[]){CW_FORMAT_CSV, CW_FORMAT_PARQUET, CW_FORMAT_JSON, CW_FORMAT_PARQUET});
}
END_TEST

/* UUIDs of customers ascend with the row only if whole tasks are in order; numbers of lines say the same of
 * every row: each order's begin at 1 and go up by one. */
START_TEST(rows_are_in_order)
{
    const struct cw_run_spec *spec = shop(2000, 200, 20000);
    struct cw_memory_sink sink = {.limit = (size_t)1 << 26};
    const struct cw_entity *entity = cw_entity_get(CW_ENTITY_ORDER_ITEM);
    struct cw_output output = {.entity = CW_ENTITY_ORDER_ITEM, .sink = cw_memory_sink_get(&sink)};
    for (uint32_t i = 0; i < entity->column_count; i++) {
        if (strcmp(entity->columns[i].name, "line_number") == 0) {
            output.columns = UINT64_C(1) << i;
        }
    }
    ck_assert_uint_ne(output.columns, 0);
    ck_assert_int_eq(make(spec, 5, &output, 1, NULL, NULL), CW_OK);
    ck_assert_int_eq(cw_buffer_append(&sink.buffer, "", 1, NULL), CW_OK);
    const char *line = strchr(sink.buffer.data, '\n') + 1;
    long before = 0;
    int64_t rows = 0;
    int64_t orders = 0;
    for (; *line != '\0'; rows++) {
        char *end;
        const long number = strtol(line, &end, 10);
        ck_assert(number == 1 || number == before + 1);
        orders += number == 1;
        before = number;
        line = end + 1;
    }
    ck_assert_int_eq(rows, output.rows);
    ck_assert_int_eq(orders, 20000);
    cw_buffer_clear(&sink.buffer);
}
END_TEST

START_TEST(nothing_to_make)
{
    const enum cw_format formats[] = {CW_FORMAT_CSV, CW_FORMAT_JSON, CW_FORMAT_NDJSON, CW_FORMAT_PARQUET};
    const struct cw_run_spec *spec = shop(0, 0, 0);
    struct cw_output outputs[TABLES];
    struct cw_memory_sink sinks[TABLES];
    fill(spec, 3, formats, outputs, sinks);
    for (size_t i = 0; i < TABLES; i++) {
        ck_assert_int_eq(outputs[i].rows, 0);
    }
    ck_assert_int_eq(memcmp(sinks[3].buffer.data, "PAR1", 4), 0);
    ck_assert_uint_eq(sinks[2].buffer.size, 0);
    clear(sinks);
    ck_assert_int_eq(make(shop(100, 10, 100), 2, NULL, 0, NULL, NULL), CW_OK);
}
END_TEST

START_TEST(a_full_memory_sink_says_so)
{
    struct cw_error error = {0};
    struct cw_memory_sink sink = {.limit = 100000};
    struct cw_output output = {.entity = CW_ENTITY_CUSTOMER, .sink = cw_memory_sink_get(&sink)};
    ck_assert_int_eq(make(shop(20000, 0, 0), 3, &output, 1, NULL, &error), CW_E_LIMIT);
    ck_assert_uint_le(sink.buffer.size, 100000);
    ck_assert_int_eq(output.bytes, (int64_t)sink.buffer.size);
    cw_buffer_clear(&sink.buffer);
}
END_TEST

/* Fails at one write, and at every later one in another way. */
struct failing_sink {
    pthread_mutex_t *lock;
    int *writes; /* of all outputs */
    int fails_at;
};

static cw_status write_until(void *context, const void *bytes, size_t size, struct cw_error *error)
{
    struct failing_sink *sink = context;
    (void)bytes;
    (void)size;
    pthread_mutex_lock(sink->lock);
    const int number = ++*sink->writes;
    pthread_mutex_unlock(sink->lock);
    if (number == sink->fails_at) {
        return cw_error_set(error, CW_E_IO, "disk", "the disk is full");
    }
    return number < sink->fails_at ? CW_OK
                                   : cw_error_set(error, CW_E_INTERNAL, NULL, "written after failure");
}

static bool fails(const struct cw_run_spec *spec, enum cw_format format, uint32_t threads, int at)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int writes = 0;
    struct failing_sink sink = {&lock, &writes, at};
    struct cw_error error = {0};
    struct cw_output outputs[TABLES];
    for (size_t i = 0; i < TABLES; i++) {
        outputs[i] = (struct cw_output){.entity = tables[i], .format = format, .sink = {write_until, &sink}};
    }
    const cw_status status = make(spec, threads, outputs, TABLES, NULL, &error);
    if (status == CW_OK) {
        ck_assert_int_lt(writes, at);
        return false;
    }
    /* Of several failures at once, any is reported, but none that came only from giving up. */
    ck_assert(status == CW_E_IO || (status == CW_E_INTERNAL && threads > 1));
    ck_assert(status == CW_E_INTERNAL || strcmp(error.field, "disk") == 0);
    return true;
}

static void fail_everywhere(enum cw_format format)
{
    const struct cw_run_spec *spec = shop(6000, 300, 12000);
    static const uint32_t threads[] = {1, 2, 7};
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        int at = 1;
        while (fails(spec, format, threads[t], at)) {
            at += at < 12 ? 1 : 5;
        }
        ck_assert_int_gt(at, 2 * TABLES);
    }
}

START_TEST(a_failing_text_sink_ends_the_run)
{
    fail_everywhere(CW_FORMAT_JSON);
}
END_TEST

START_TEST(a_failing_parquet_sink_ends_the_run)
{
    fail_everywhere(CW_FORMAT_PARQUET);
}
END_TEST

struct stopper {
    struct cw_progress *progress;
    long nanoseconds;
};

static void *stop_later(void *context)
{
    const struct stopper *stopper = context;
    const struct timespec pause = {0, stopper->nanoseconds};
    nanosleep(&pause, NULL);
    cw_progress_cancel(stopper->progress);
    return NULL;
}

START_TEST(a_cancelled_run_ends)
{
    const struct cw_run_spec *spec = shop(40000, 500, 400000);
    uint64_t state = 88172645463325252u;
    int cancelled = 0;
    for (int round = 0; round < 24; round++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        struct cw_progress progress = {0};
        struct stopper stopper = {&progress, (long)(state % 60000000)};
        struct cw_output outputs[TABLES];
        struct cw_error error = {0};
        pthread_t thread;
        for (size_t i = 0; i < TABLES; i++) {
            const bool is_text = round % 3 == 0 || (round % 3 == 1 && i % 2 == 0);
            outputs[i] = (struct cw_output){.entity = tables[i],
                                            .format = is_text ? CW_FORMAT_CSV : CW_FORMAT_PARQUET};
        }
        ck_assert_int_eq(pthread_create(&thread, NULL, stop_later, &stopper), 0);
        const cw_status status = make(spec, 1 + (uint32_t)round % 4, outputs, TABLES, &progress, &error);
        pthread_join(thread, NULL);
        ck_assert(status == CW_OK || status == CW_E_CANCELLED);
        cancelled += status == CW_E_CANCELLED;
    }
    ck_assert_int_gt(cancelled, 0);
}
END_TEST

struct taken {
    int64_t rows[CW_ENTITY_COUNT];
    bool fails;
};

static cw_status take(void *context, const struct cw_batch *const batches[CW_ENTITY_COUNT],
                      struct cw_error *error)
{
    struct taken *taken = context;
    for (int i = 0; i < CW_ENTITY_COUNT; i++) {
        taken->rows[i] += batches[i] != NULL ? batches[i]->row_count : 0;
    }
    return taken->fails && taken->rows[CW_ENTITY_ORDER] > 5000
               ? cw_error_set(error, CW_E_CONFLICT, NULL, "no more orders")
               : CW_OK;
}

START_TEST(batches_are_given_in_turn)
{
    const struct cw_run_spec *spec = shop(3000, 200, 20000);
    int64_t rows[CW_ENTITY_COUNT] = {0};
    struct taken taken = {.fails = false};
    struct cw_output outputs[] = {{.entity = CW_ENTITY_ORDER, .format = CW_FORMAT_PARQUET},
                                  {.entity = CW_ENTITY_PAYMENT}};
    struct cw_produce_options options = {.spec = spec,
                                         .threads = 3,
                                         .outputs = outputs,
                                         .output_count = 2,
                                         .take = take,
                                         .take_context = &taken,
                                         .rows = rows};
    struct cw_error error = {0};
    ck_assert_int_eq(cw_produce(&options, &error), CW_OK);
    ck_assert_mem_eq(rows, taken.rows, sizeof rows);
    ck_assert_int_eq(rows[CW_ENTITY_ORDER], 20000);
    ck_assert_int_eq(rows[CW_ENTITY_ORDER], outputs[0].rows);
    ck_assert_int_eq(rows[CW_ENTITY_PAYMENT], outputs[1].rows);
    taken = (struct taken){.fails = true};
    ck_assert_int_eq(cw_produce(&options, &error), CW_E_CONFLICT);
    ck_assert_str_eq(error.message, "no more orders");
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("produce", text_is_the_same_with_any_threads, parquet_is_the_same_with_any_threads,
                         formats_go_together, rows_are_in_order, nothing_to_make, a_full_memory_sink_says_so,
                         a_failing_text_sink_ends_the_run, a_failing_parquet_sink_ends_the_run,
                         a_cancelled_run_ends, batches_are_given_in_turn);
}
