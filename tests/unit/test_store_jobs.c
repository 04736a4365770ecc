#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include "store/job_store.h"
#include "store_fixture.h"

#define KINDS "|make|"
#define LONG INT64_C(600000000)

static struct cw_job_record make_job(uint8_t number, const char *key)
{
    struct cw_job_record job = {.view = {.created_at = 1000 + number}};
    snprintf(job.view.kind, sizeof job.view.kind, "make");
    memset(job.view.id.bytes, number, 16);
    memset(job.run.bytes, 100 + number, 16);
    assert_ok(cw_buffer_format(&job.request, &fixture_error, "{\"number\":%d}", number));
    if (key != NULL) {
        snprintf(job.answer.key, sizeof job.answer.key, "%s", key);
        snprintf(job.answer.media_type, sizeof job.answer.media_type, "application/json");
        job.answer.status = 202;
        job.answer.request[31] = number;
        assert_ok(cw_buffer_append(&job.answer.headers, "Name\0value", 11, &fixture_error));
        assert_ok(cw_buffer_append(&job.answer.body, "{}", 2, &fixture_error));
    }
    return job;
}

static cw_status add(uint8_t number, const char *key)
{
    struct cw_job_record job = make_job(number, key);
    const cw_status status = cw_store_job_add(fixture_store, &job, 4, &fixture_error);
    cw_job_record_clear(&job);
    return status;
}

static struct cw_job_lease make_lease(uint8_t owner, int64_t duration)
{
    struct cw_job_lease lease = {.duration = duration};
    memset(lease.owner.bytes, owner, 16);
    return lease;
}

/* The number of the job that the owner takes; 0 when there is none. */
static int take(const struct cw_job_lease *lease)
{
    struct cw_job_record job = {0};
    bool found = false;
    assert_ok(cw_store_job_take(fixture_store, KINDS, lease, &job, &found, &fixture_error));
    const int number = found ? job.view.id.bytes[0] : 0;
    cw_job_record_clear(&job);
    return number;
}

static struct cw_job_view read_view(uint8_t number)
{
    struct cw_job_record job = {0};
    struct cw_uuid id;
    memset(id.bytes, number, 16);
    assert_ok(cw_store_job(fixture_store, &id, &job, &fixture_error));
    const struct cw_job_view view = job.view;
    cw_job_record_clear(&job);
    return view;
}

static bool finish(uint8_t number, enum cw_job_state state, const struct cw_job_lease *lease)
{
    char text[] = "{\"made\":1}";
    struct cw_buffer result = {.data = text, .size = strlen(text)};
    struct cw_job_view end = {.state = state, .done = 2, .total = 2, .rows = 9};
    bool held = false;
    memset(end.id.bytes, number, 16);
    if (state == CW_JOB_FAILED) {
        cw_error_set(&end.error, CW_E_LIMIT, "count", "count is too large");
    }
    assert_ok(cw_store_job_finish(fixture_store, &end, &lease->owner, &result, &held, &fixture_error));
    return held;
}

START_TEST(jobs_come_back_as_they_were_queued)
{
    struct cw_job_record read = {0};
    struct cw_job_record job = make_job(1, "key");
    assert_ok(cw_store_job_add(fixture_store, &job, 4, &fixture_error));
    fixture_close();
    fixture_open();
    assert_ok(cw_store_job(fixture_store, &job.view.id, &read, &fixture_error));
    ck_assert_int_eq(read.view.state, CW_JOB_QUEUED);
    ck_assert_str_eq(read.view.kind, "make");
    ck_assert_int_eq(read.view.created_at, 1001);
    ck_assert_int_eq(read.view.started_at, 0);
    ck_assert_int_eq(read.view.attempts, 0);
    ck_assert_mem_eq(read.run.bytes, job.run.bytes, 16);
    ck_assert_uint_eq(read.request.size, job.request.size);
    ck_assert_mem_eq(read.request.data, job.request.data, job.request.size);
    ck_assert_str_eq(read.answer.key, "key");
    ck_assert_int_eq(read.answer.status, 202);
    ck_assert_int_eq(read.answer.request[31], 1);
    ck_assert_mem_eq(read.answer.headers.data, "Name\0value", 11);
    cw_job_record_clear(&read);
    memset(job.view.id.bytes, 9, 16);
    ck_assert_int_eq(cw_store_job(fixture_store, &job.view.id, &read, &fixture_error), CW_E_NOT_FOUND);
    ck_assert_int_eq(cw_store_job_cancel(fixture_store, &job.view.id, &fixture_error), CW_E_NOT_FOUND);
    cw_job_record_clear(&job);
}
END_TEST

START_TEST(the_oldest_is_taken_once)
{
    const struct cw_job_lease one = make_lease(1, LONG);
    const struct cw_job_lease two = make_lease(2, LONG);
    assert_ok(add(1, NULL));
    assert_ok(add(2, NULL));
    ck_assert_int_eq(take(&one), 1);
    ck_assert_int_eq(take(&two), 2);
    ck_assert_int_eq(take(&one), 0);
    const struct cw_job_view view = read_view(1);
    ck_assert_int_eq(view.state, CW_JOB_RUNNING);
    ck_assert_int_eq(view.attempts, 1);
    ck_assert_int_gt(view.started_at, 0);
}
END_TEST

START_TEST(other_kinds_are_left_alone)
{
    struct cw_job_record job = make_job(1, NULL);
    const struct cw_job_lease lease = make_lease(1, LONG);
    snprintf(job.view.kind, sizeof job.view.kind, "mak");
    assert_ok(cw_store_job_add(fixture_store, &job, 4, &fixture_error));
    ck_assert_int_eq(take(&lease), 0);
    cw_job_record_clear(&job);
}
END_TEST

START_TEST(a_full_queue_refuses)
{
    const struct cw_job_lease lease = make_lease(1, LONG);
    uint32_t queued = 0;
    uint32_t running = 0;
    for (uint8_t i = 1; i <= 4; i++) {
        assert_ok(add(i, NULL));
    }
    ck_assert_int_eq(add(5, NULL), CW_E_UNAVAILABLE);
    ck_assert(fixture_error.retryable);
    ck_assert_int_eq(take(&lease), 1);
    assert_ok(add(5, NULL));
    ck_assert_int_eq(add(5, NULL), CW_E_UNAVAILABLE);
    assert_ok(cw_store_job_counts(fixture_store, &queued, &running, &fixture_error));
    ck_assert_uint_eq(queued, 4);
    ck_assert_uint_eq(running, 1);
}
END_TEST

START_TEST(a_lost_lease_changes_nothing)
{
    const struct cw_job_lease first = make_lease(1, 1);
    const struct cw_job_lease second = make_lease(2, LONG);
    const struct timespec pause = {0, 2000000};
    struct cw_job_view progress = {.rows = 5};
    bool held = true;
    bool cancelled = true;
    memset(progress.id.bytes, 1, 16);
    assert_ok(add(1, NULL));
    ck_assert_int_eq(take(&first), 1);
    nanosleep(&pause, NULL);
    ck_assert_int_eq(take(&second), 1);
    ck_assert_int_eq(read_view(1).attempts, 2);
    assert_ok(cw_store_job_beat(fixture_store, &progress, &first, &held, &cancelled, &fixture_error));
    ck_assert(!held && !cancelled);
    ck_assert(!finish(1, CW_JOB_SUCCEEDED, &first));
    assert_ok(cw_store_job_release(fixture_store, &progress.id, &first.owner, true, &fixture_error));
    ck_assert_int_eq(read_view(1).state, CW_JOB_RUNNING);
    assert_ok(cw_store_job_beat(fixture_store, &progress, &second, &held, &cancelled, &fixture_error));
    ck_assert(held && !cancelled);
    ck_assert_int_eq(read_view(1).rows, 5);
    ck_assert(finish(1, CW_JOB_SUCCEEDED, &second));
    ck_assert(!finish(1, CW_JOB_FAILED, &second));
    ck_assert_int_eq(read_view(1).state, CW_JOB_SUCCEEDED);
}
END_TEST

START_TEST(released_jobs_wait_again_in_their_place)
{
    const struct cw_job_lease lease = make_lease(1, LONG);
    struct cw_uuid id;
    memset(id.bytes, 1, 16);
    assert_ok(add(1, NULL));
    assert_ok(add(2, NULL));
    ck_assert_int_eq(take(&lease), 1);
    assert_ok(cw_store_job_release(fixture_store, &id, &lease.owner, false, &fixture_error));
    ck_assert_int_eq(read_view(1).state, CW_JOB_QUEUED);
    ck_assert_int_eq(read_view(1).attempts, 0);
    ck_assert_int_eq(take(&lease), 1);
    assert_ok(cw_store_job_release(fixture_store, &id, &lease.owner, true, &fixture_error));
    ck_assert_int_eq(read_view(1).attempts, 1);
    ck_assert_int_eq(take(&lease), 1);
}
END_TEST

START_TEST(ends_are_kept)
{
    struct cw_job_record job = {0};
    const struct cw_job_lease lease = make_lease(1, LONG);
    assert_ok(add(1, NULL));
    assert_ok(add(2, NULL));
    ck_assert_int_eq(take(&lease), 1);
    ck_assert(finish(1, CW_JOB_SUCCEEDED, &lease));
    ck_assert_int_eq(take(&lease), 2);
    ck_assert(finish(2, CW_JOB_FAILED, &lease));
    const struct cw_job_view good = read_view(1);
    assert_ok(cw_store_job(fixture_store, &good.id, &job, &fixture_error));
    ck_assert_mem_eq(job.result.data, "{\"made\":1}", job.result.size);
    ck_assert_int_eq(job.view.rows, 9);
    ck_assert_int_gt(job.view.finished_at, 0);
    cw_job_record_clear(&job);
    const struct cw_job_view bad = read_view(2);
    ck_assert_int_eq(bad.state, CW_JOB_FAILED);
    ck_assert_int_eq(bad.error.code, CW_E_LIMIT);
    ck_assert_str_eq(bad.error.field, "count");
    ck_assert_str_eq(bad.error.message, "count is too large");
}
END_TEST

START_TEST(cancelling_asks_or_ends)
{
    const struct cw_job_lease lease = make_lease(1, LONG);
    struct cw_job_view progress = {0};
    struct cw_uuid ids[2];
    bool held = false;
    bool cancelled = false;
    memset(ids[0].bytes, 1, 16);
    memset(ids[1].bytes, 2, 16);
    assert_ok(add(1, NULL));
    assert_ok(add(2, NULL));
    ck_assert_int_eq(take(&lease), 1);
    assert_ok(cw_store_job_cancel(fixture_store, &ids[0], &fixture_error));
    assert_ok(cw_store_job_cancel(fixture_store, &ids[1], &fixture_error));
    ck_assert_int_eq(read_view(1).state, CW_JOB_RUNNING);
    ck_assert(read_view(1).cancel_requested);
    ck_assert_int_eq(read_view(2).state, CW_JOB_CANCELLED);
    ck_assert_int_gt(read_view(2).finished_at, 0);
    progress.id = ids[0];
    assert_ok(cw_store_job_beat(fixture_store, &progress, &lease, &held, &cancelled, &fixture_error));
    ck_assert(held && cancelled);
    ck_assert(finish(1, CW_JOB_CANCELLED, &lease));
    const int64_t version = read_view(1).version;
    assert_ok(cw_store_job_cancel(fixture_store, &ids[0], &fixture_error));
    ck_assert_int_eq(read_view(1).version, version);
    ck_assert_int_eq(take(&lease), 0);
}
END_TEST

START_TEST(old_ends_are_forgotten)
{
    const struct cw_job_lease lease = make_lease(1, LONG);
    struct cw_job_record jobs[4] = {0};
    uint32_t count = 0;
    for (uint8_t i = 1; i <= 4; i++) {
        assert_ok(add(i, NULL));
    }
    for (uint8_t i = 1; i <= 3; i++) {
        ck_assert_int_eq(take(&lease), i);
        ck_assert(finish(i, CW_JOB_SUCCEEDED, &lease));
    }
    assert_ok(cw_store_jobs_forget(fixture_store, 2, 0, &fixture_error));
    assert_ok(cw_store_jobs(fixture_store, 4, jobs, &count, &fixture_error));
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(jobs[0].view.id.bytes[0], 4);
    ck_assert_int_eq(jobs[2].view.id.bytes[0], 2);
    assert_ok(cw_store_jobs_forget(fixture_store, 2, INT64_C(4000000000000000), &fixture_error));
    assert_ok(cw_store_jobs(fixture_store, 4, jobs, &count, &fixture_error));
    ck_assert_uint_eq(count, 1);
}
END_TEST

START_TEST(acceptances_are_found_until_the_end)
{
    const struct cw_job_lease lease = make_lease(1, LONG);
    struct cw_kept_answer answer = {0};
    bool found = false;
    assert_ok(add(1, "key"));
    ck_assert_int_eq(add(2, "key"), CW_E_CONFLICT);
    assert_ok(add(2, "other"));
    assert_ok(cw_store_answer_find(fixture_store, "key", 0, &answer, &found, &fixture_error));
    ck_assert(found);
    ck_assert_int_eq(answer.status, 202);
    ck_assert_int_eq(answer.request[31], 1);
    ck_assert_mem_eq(answer.body.data, "{}", 2);
    cw_kept_answer_clear(&answer);
    ck_assert_int_eq(take(&lease), 1);
    ck_assert(finish(1, CW_JOB_FAILED, &lease));
    assert_ok(cw_store_answer_find(fixture_store, "key", 0, &answer, &found, &fixture_error));
    ck_assert(!found);
    assert_ok(add(3, "key"));
}
END_TEST

/* PostgreSQL ends the job with its rows, and keeps neither when the lease is lost. The built-in store knows
 * by the run. */
START_TEST(rows_and_job_end_together)
{
    const struct cw_job_lease lease = make_lease(1, LONG);
    const struct cw_job_lease other = make_lease(2, LONG);
    const bool is_server = fixture_server() != NULL;
    char text[] = "{}";
    const struct cw_buffer result = {.data = text, .size = 2};
    struct cw_run_job job = {.owner = other.owner, .rows = 10, .result = &result};
    for (int i = 0; i < 2; i++) {
        struct cw_batch batches[CW_ENTITY_COUNT] = {{0}};
        const struct cw_batch *pointers[CW_ENTITY_COUNT] = {NULL};
        struct cw_run_record run = rows_run(i + 1);
        assert_ok(add((uint8_t)(i + 1), NULL));
        ck_assert_int_eq(take(&lease), i + 1);
        memset(job.id.bytes, i + 1, 16);
        run.job = &job;
        rows_customers(batches, i * 100, 10);
        for (int e = 0; e < CW_ENTITY_COUNT; e++) {
            pointers[e] = batches[e].columns != NULL ? &batches[e] : NULL;
        }
        job.owner = other.owner;
        if (is_server) {
            ck_assert_int_eq(cw_store_write(fixture_store, pointers, &run, CW_WAIT_FOREVER, &fixture_error),
                             CW_E_CONFLICT);
            ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), i * 10);
        }
        job.owner = lease.owner;
        if (i == 0) {
            assert_ok(cw_store_write(fixture_store, pointers, &run, CW_WAIT_FOREVER, &fixture_error));
        } else {
            struct cw_load *load;
            assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
            assert_ok(fixture_add(load, batches));
            assert_ok(cw_load_commit(&load, &run, &fixture_error));
        }
        ck_assert_int_eq(read_view((uint8_t)(i + 1)).state, is_server ? CW_JOB_SUCCEEDED : CW_JOB_RUNNING);
        cw_run_record_clear(&run);
        rows_clear(batches);
    }
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 20);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const all[] = {
        jobs_come_back_as_they_were_queued,
        the_oldest_is_taken_once,
        other_kinds_are_left_alone,
        a_full_queue_refuses,
        a_lost_lease_changes_nothing,
        released_jobs_wait_again_in_their_place,
        ends_are_kept,
        cancelling_asks_or_ends,
        old_ends_are_forgotten,
        acceptances_are_found_until_the_end,
        rows_and_job_end_together,
    };
    return fixture_suite("store_jobs", all, sizeof all / sizeof *all);
}
