#define _POSIX_C_SOURCE 200809L

#include "service/jobs.h"

#include <stdatomic.h>
#include <time.h>

#include "service/values.h"
#include "store_fixture.h"

static atomic_int attempts;

static cw_status quick(void *context, const struct cw_job_task *task, struct cw_error *error)
{
    (void)context;
    atomic_store(&task->progress->rows, 7);
    return cw_buffer_append(task->result, task->record->request.data, task->record->request.size, error);
}

static cw_status failing(void *context, const struct cw_job_task *task, struct cw_error *error)
{
    (void)context;
    (void)task;
    return cw_error_set(error, CW_E_NOT_FOUND, "thing", "there is no thing");
}

/* Works when it is tried again. */
static cw_status shaky(void *context, const struct cw_job_task *task, struct cw_error *error)
{
    (void)context;
    (void)task;
    return atomic_fetch_add(&attempts, 1) == 0 ? cw_error_set(error, CW_E_UNAVAILABLE, NULL, "away") : CW_OK;
}

static cw_status always_away(void *context, const struct cw_job_task *task, struct cw_error *error)
{
    (void)context;
    (void)task;
    atomic_fetch_add(&attempts, 1);
    return cw_error_set(error, CW_E_UNAVAILABLE, NULL, "away");
}

static cw_status endless(void *context, const struct cw_job_task *task, struct cw_error *error)
{
    const struct timespec pause = {0, 1000000};
    (void)context;
    atomic_store(&task->progress->total, 100);
    atomic_store(&task->progress->done, 50);
    while (!cw_progress_is_cancelled(task->progress)) {
        nanosleep(&pause, NULL);
    }
    return cw_error_set(error, CW_E_CANCELLED, NULL, "stopped");
}

/* Stands for what an attempt has kept and not told of. */
static cw_status never(void *context, const struct cw_job_task *task, struct cw_error *error)
{
    (void)context;
    (void)task;
    return cw_error_set(error, CW_E_INTERNAL, NULL, "the rows were there already");
}

static cw_status recall(void *context, const struct cw_run_record *run, struct cw_buffer *result,
                        struct cw_error *error)
{
    (void)context;
    return cw_buffer_format(result, error, "{\"run\":%d}", run->id.bytes[15]);
}

static const struct cw_job_kind kinds[] = {
    {"quick", quick, NULL},      {"failing", failing, NULL}, {"shaky", shaky, NULL},
    {"away", always_away, NULL}, {"endless", endless, NULL}, {"kept", never, recall},
};

static struct cw_job_runner *new_runner(uint32_t history)
{
    const struct cw_job_options options = {.store = fixture_store,
                                           .kinds = kinds,
                                           .kind_count = sizeof kinds / sizeof kinds[0],
                                           .threads = 1,
                                           .queue_limit = 4,
                                           .history = history,
                                           .history_age = INT64_C(3600000000),
                                           .lease = 400000,
                                           .grace = 10000};
    struct cw_job_runner *runner = NULL;
    assert_ok(cw_job_runner_new(&options, &runner, &fixture_error));
    return runner;
}

static struct cw_uuid submit(struct cw_job_runner *runner, const char *kind)
{
    struct cw_job_record record = {.view = {.id = cw_uuid_fresh(), .created_at = cw_time_now()}};
    const struct cw_uuid id = record.view.id;
    snprintf(record.view.kind, sizeof record.view.kind, "%s", kind);
    assert_ok(cw_buffer_format(&record.request, &fixture_error, "{}"));
    assert_ok(cw_job_submit(runner, &record, &fixture_error));
    cw_job_record_clear(&record);
    return id;
}

static struct cw_job_view wait_for(struct cw_job_runner *runner, const struct cw_uuid *id,
                                   enum cw_job_state state)
{
    const struct timespec pause = {0, 5000000};
    struct cw_job_view view = {0};
    for (int i = 0; i < 8000; i++) {
        struct cw_job_record record = {0};
        assert_ok(cw_job_get(runner, id, &record, &fixture_error));
        view = record.view;
        cw_job_record_clear(&record);
        if (view.state == state) {
            break;
        }
        nanosleep(&pause, NULL);
    }
    ck_assert_str_eq(cw_job_state_name(view.state), cw_job_state_name(state));
    return view;
}

START_TEST(a_job_runs_and_keeps_its_result)
{
    struct cw_job_runner *runner = new_runner(4);
    struct cw_job_record record = {0};
    const struct cw_uuid id = submit(runner, "quick");
    const struct cw_job_view view = wait_for(runner, &id, CW_JOB_SUCCEEDED);
    ck_assert_int_eq(view.rows, 7);
    ck_assert_int_eq(view.attempts, 1);
    cw_job_runner_free(runner);
    runner = new_runner(4);
    assert_ok(cw_job_get(runner, &id, &record, &fixture_error));
    ck_assert_uint_eq(record.result.size, 2);
    cw_job_record_clear(&record);
    cw_job_runner_free(runner);
}
END_TEST

START_TEST(a_failure_is_kept)
{
    struct cw_job_runner *runner = new_runner(4);
    const struct cw_uuid id = submit(runner, "failing");
    const struct cw_job_view view = wait_for(runner, &id, CW_JOB_FAILED);
    ck_assert_str_eq(view.error.field, "thing");
    ck_assert_int_eq(view.error.code, CW_E_NOT_FOUND);
    ck_assert_int_eq(view.attempts, 1);
    cw_job_runner_free(runner);
}
END_TEST

START_TEST(what_may_succeed_later_is_tried_again)
{
    struct cw_job_runner *runner = new_runner(4);
    atomic_store(&attempts, 0);
    struct cw_uuid id = submit(runner, "shaky");
    ck_assert_int_eq(wait_for(runner, &id, CW_JOB_SUCCEEDED).attempts, 2);
    atomic_store(&attempts, 0);
    id = submit(runner, "away");
    ck_assert_int_eq(wait_for(runner, &id, CW_JOB_FAILED).error.code, CW_E_UNAVAILABLE);
    ck_assert_int_eq(atomic_load(&attempts), CW_JOB_ATTEMPTS_MAX);
    cw_job_runner_free(runner);
}
END_TEST

START_TEST(running_and_queued_jobs_are_cancelled)
{
    struct cw_job_runner *runner = new_runner(4);
    const struct cw_uuid first = submit(runner, "endless");
    wait_for(runner, &first, CW_JOB_RUNNING);
    const struct cw_uuid second = submit(runner, "endless");
    assert_ok(cw_job_cancel(runner, &second, &fixture_error));
    wait_for(runner, &second, CW_JOB_CANCELLED);
    assert_ok(cw_job_cancel(runner, &first, &fixture_error));
    wait_for(runner, &first, CW_JOB_CANCELLED);
    cw_job_runner_free(runner);
}
END_TEST

/* Another runner stands for another server. */
START_TEST(others_jobs_are_followed_and_cancelled)
{
    struct cw_job_runner *one = new_runner(4);
    const struct cw_uuid first = submit(one, "endless");
    wait_for(one, &first, CW_JOB_RUNNING);
    struct cw_job_runner *other = new_runner(4);
    struct cw_job_view view = {0};
    const struct timespec pause = {0, 5000000};
    assert_ok(cw_job_follow(other, &first, &fixture_error));
    while (cw_job_peek(other, &first, &view) != CW_OK || view.done != 50) {
        nanosleep(&pause, NULL);
    }
    ck_assert_int_ge(cw_job_seconds_left(&view), 0);
    assert_ok(cw_job_cancel(other, &first, &fixture_error));
    wait_for(one, &first, CW_JOB_CANCELLED);
    while (view.state != CW_JOB_CANCELLED) {
        assert_ok(cw_job_peek(other, &first, &view));
        nanosleep(&pause, NULL);
    }
    cw_job_unfollow(other, &first);
    ck_assert_int_eq(cw_job_peek(other, &first, &view), CW_E_NOT_FOUND);
    cw_job_runner_free(other);
    cw_job_runner_free(one);
}
END_TEST

START_TEST(jobs_wait_again_when_a_runner_ends)
{
    struct cw_job_runner *runner = new_runner(4);
    const struct cw_uuid id = submit(runner, "endless");
    wait_for(runner, &id, CW_JOB_RUNNING);
    cw_job_runner_free(runner);
    struct cw_job_record record = {0};
    assert_ok(cw_store_job(fixture_store, &id, &record, &fixture_error));
    ck_assert_int_eq(record.view.state, CW_JOB_QUEUED);
    ck_assert_int_eq(record.view.attempts, 0);
    cw_job_record_clear(&record);
    runner = new_runner(4);
    wait_for(runner, &id, CW_JOB_RUNNING);
    cw_job_runner_free(runner);
}
END_TEST

/* Queues a job that somebody took, who was heard of no more. */
static struct cw_uuid abandon(const char *kind, int times, int run)
{
    const struct timespec pause = {0, 2000000};
    const struct cw_job_lease lease = {cw_uuid_fresh(), 1};
    struct cw_job_record record = {.view = {.id = cw_uuid_fresh(), .created_at = cw_time_now()}};
    const struct cw_uuid id = record.view.id;
    bool found;
    snprintf(record.view.kind, sizeof record.view.kind, "%s", kind);
    record.run.bytes[15] = (uint8_t)run;
    assert_ok(cw_buffer_format(&record.request, &fixture_error, "{}"));
    assert_ok(cw_store_job_add(fixture_store, &record, 4, &fixture_error));
    cw_job_record_clear(&record);
    for (int i = 0; i < times; i++) {
        char all[64];
        snprintf(all, sizeof all, "|%s|", kind);
        assert_ok(cw_store_job_take(fixture_store, all, &lease, &record, &found, &fixture_error));
        ck_assert(found);
        cw_job_record_clear(&record);
        nanosleep(&pause, NULL);
    }
    return id;
}

START_TEST(abandoned_jobs_are_taken_up_a_few_times)
{
    const struct cw_uuid once = abandon("quick", 1, 0);
    struct cw_job_runner *runner = new_runner(4);
    wait_for(runner, &once, CW_JOB_SUCCEEDED);
    cw_job_runner_free(runner);
    const struct cw_uuid often = abandon("quick", CW_JOB_ATTEMPTS_MAX - 1, 0);
    runner = new_runner(4);
    ck_assert_int_eq(wait_for(runner, &often, CW_JOB_SUCCEEDED).attempts, CW_JOB_ATTEMPTS_MAX);
    cw_job_runner_free(runner);
    const struct cw_uuid deadly = abandon("quick", CW_JOB_ATTEMPTS_MAX, 0);
    runner = new_runner(4);
    ck_assert_ptr_nonnull(strstr(wait_for(runner, &deadly, CW_JOB_FAILED).error.message, "given up"));
    cw_job_runner_free(runner);
}
END_TEST

START_TEST(a_run_that_is_there_is_not_made_again)
{
    struct cw_run_record run = rows_run(1);
    const struct cw_batch *none[CW_ENTITY_COUNT] = {NULL};
    memset(run.id.bytes, 0, 16);
    run.id.bytes[15] = 77;
    assert_ok(cw_store_write(fixture_store, none, &run, CW_WAIT_FOREVER, &fixture_error));
    cw_run_record_clear(&run);
    const struct cw_uuid id = abandon("kept", CW_JOB_ATTEMPTS_MAX, 77);
    struct cw_job_runner *runner = new_runner(4);
    struct cw_job_record record = {0};
    wait_for(runner, &id, CW_JOB_SUCCEEDED);
    assert_ok(cw_job_get(runner, &id, &record, &fixture_error));
    ck_assert_mem_eq(record.result.data, "{\"run\":77}", record.result.size);
    cw_job_record_clear(&record);
    cw_job_runner_free(runner);
}
END_TEST

START_TEST(old_jobs_are_forgotten)
{
    struct cw_job_runner *runner = new_runner(2);
    struct cw_uuid ids[4];
    struct cw_job_record records[8] = {0};
    uint32_t count = 9;
    for (int i = 0; i < 4; i++) {
        ids[i] = submit(runner, "quick");
        wait_for(runner, &ids[i], CW_JOB_SUCCEEDED);
    }
    cw_job_runner_free(runner);
    runner = new_runner(2);
    ck_assert_int_eq(cw_job_get(runner, &ids[0], &records[0], &fixture_error), CW_E_NOT_FOUND);
    assert_ok(cw_job_list(runner, 8, records, &count, &fixture_error));
    ck_assert_uint_eq(count, 2);
    ck_assert_mem_eq(records[0].view.id.bytes, ids[3].bytes, 16);
    cw_job_runner_free(runner);
}
END_TEST

START_TEST(rates_are_of_the_attempt)
{
    struct cw_job_view view = {.state = CW_JOB_RUNNING,
                               .started_at = 1000000,
                               .measured_at = 3000000,
                               .rows = 500,
                               .done = 1,
                               .total = 4};
    ck_assert_int_eq(cw_job_rate(&view), 250);
    ck_assert_int_eq(cw_job_seconds_left(&view), 6);
    view.done = 0;
    ck_assert_int_eq(cw_job_seconds_left(&view), -1);
    view.state = CW_JOB_SUCCEEDED;
    view.finished_at = 2000000;
    ck_assert_int_eq(cw_job_rate(&view), 500);
    ck_assert_int_eq(cw_job_seconds_left(&view), -1);
    view.state = CW_JOB_QUEUED;
    view.started_at = view.finished_at = 0;
    ck_assert_int_eq(cw_job_rate(&view), 0);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const all[] = {
        a_job_runs_and_keeps_its_result,
        a_failure_is_kept,
        what_may_succeed_later_is_tried_again,
        running_and_queued_jobs_are_cancelled,
        others_jobs_are_followed_and_cancelled,
        jobs_wait_again_when_a_runner_ends,
        abandoned_jobs_are_taken_up_a_few_times,
        a_run_that_is_there_is_not_made_again,
        old_jobs_are_forgotten,
        rates_are_of_the_attempt,
    };
    return fixture_suite("jobs", all, sizeof all / sizeof *all);
}
