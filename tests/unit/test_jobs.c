#include "harness.h"
#include "service/jobs.h"
#include "service/values.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static atomic_int released;

static void release(void *context)
{
    (void)context;
    atomic_fetch_add(&released, 1);
}

static cw_status quick(void *context, struct cw_progress *progress, struct cw_buffer *result,
                       struct cw_error *error)
{
    (void)context;
    atomic_store(&progress->rows, 7);
    return cw_buffer_append(result, "done", 4, error);
}

static cw_status failing(void *context, struct cw_progress *progress, struct cw_buffer *result,
                         struct cw_error *error)
{
    (void)context;
    (void)progress;
    (void)result;
    return cw_error_set(error, CW_E_NOT_FOUND, "thing", "there is no thing");
}

static cw_status until_cancelled(void *context, struct cw_progress *progress, struct cw_buffer *result,
                                 struct cw_error *error)
{
    const struct timespec pause = {0, 1000000};
    (void)context;
    (void)result;
    while (!cw_progress_is_cancelled(progress)) {
        nanosleep(&pause, NULL);
    }
    return cw_error_set(error, CW_E_CANCELLED, NULL, "stopped");
}

static struct cw_job_runner *new_runner(uint32_t queue, uint32_t history)
{
    const struct cw_job_options options = {.threads = 1, .queue_limit = queue, .history = history};
    struct cw_job_runner *runner = NULL;
    atomic_store(&released, 0);
    ck_assert_int_eq(cw_job_runner_new(&options, &runner, NULL), CW_OK);
    return runner;
}

static struct cw_job_view wait_for(struct cw_job_runner *runner, const struct cw_uuid *id,
                                   enum cw_job_state state)
{
    struct cw_job_view view = {0};
    for (int i = 0; i < 100 && view.state != state; i++) {
        ck_assert_int_eq(cw_job_wait(runner, id, view.version, 5000, &view, NULL), CW_OK);
    }
    ck_assert_str_eq(cw_job_state_name(view.state), cw_job_state_name(state));
    return view;
}

START_TEST(a_job_runs_and_keeps_its_result)
{
    struct cw_job_runner *runner = new_runner(4, 4);
    struct cw_uuid id;
    struct cw_buffer result = {0};
    ck_assert_int_eq(cw_job_submit(runner, "test", quick, NULL, release, &id, NULL), CW_OK);
    const struct cw_job_view view = wait_for(runner, &id, CW_JOB_SUCCEEDED);
    ck_assert_int_eq(view.rows, 7);
    ck_assert_int_eq(cw_job_result(runner, &id, &result, NULL), CW_OK);
    ck_assert_uint_eq(result.size, 4);
    ck_assert_int_eq(atomic_load(&released), 1);
    cw_buffer_clear(&result);
    cw_job_runner_free(runner);
}
END_TEST

START_TEST(a_failure_is_kept)
{
    struct cw_job_runner *runner = new_runner(4, 4);
    struct cw_uuid id;
    struct cw_buffer result = {0};
    struct cw_error error = {0};
    ck_assert_int_eq(cw_job_submit(runner, "test", failing, NULL, release, &id, NULL), CW_OK);
    const struct cw_job_view view = wait_for(runner, &id, CW_JOB_FAILED);
    ck_assert_str_eq(view.error.field, "thing");
    ck_assert_int_eq(cw_job_result(runner, &id, &result, &error), CW_E_NOT_FOUND);
    cw_job_runner_free(runner);
}
END_TEST

START_TEST(running_and_queued_jobs_are_cancelled)
{
    struct cw_job_runner *runner = new_runner(4, 4);
    struct cw_uuid first;
    struct cw_uuid second;
    ck_assert_int_eq(cw_job_submit(runner, "test", until_cancelled, NULL, release, &first, NULL), CW_OK);
    wait_for(runner, &first, CW_JOB_RUNNING);
    ck_assert_int_eq(cw_job_submit(runner, "test", until_cancelled, NULL, release, &second, NULL), CW_OK);
    ck_assert_int_eq(cw_job_cancel(runner, &second, NULL), CW_OK);
    wait_for(runner, &second, CW_JOB_CANCELLED);
    ck_assert_int_eq(cw_job_cancel(runner, &first, NULL), CW_OK);
    wait_for(runner, &first, CW_JOB_CANCELLED);
    ck_assert_int_eq(atomic_load(&released), 2);
    cw_job_runner_free(runner);
}
END_TEST

START_TEST(a_full_queue_refuses)
{
    struct cw_job_runner *runner = new_runner(1, 4);
    struct cw_uuid first;
    struct cw_uuid id;
    struct cw_error error = {0};
    ck_assert_int_eq(cw_job_submit(runner, "test", until_cancelled, NULL, release, &first, NULL), CW_OK);
    wait_for(runner, &first, CW_JOB_RUNNING);
    ck_assert_int_eq(cw_job_submit(runner, "test", until_cancelled, NULL, release, &id, NULL), CW_OK);
    ck_assert_int_eq(cw_job_submit(runner, "test", quick, NULL, release, &id, &error), CW_E_UNAVAILABLE);
    ck_assert(error.retryable);
    ck_assert_int_eq(atomic_load(&released), 1);
    cw_job_runner_free(runner);
    ck_assert_int_eq(atomic_load(&released), 3);
}
END_TEST

START_TEST(old_jobs_are_forgotten)
{
    struct cw_job_runner *runner = new_runner(4, 2);
    struct cw_uuid ids[4];
    struct cw_job_view views[8];
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(cw_job_submit(runner, "test", quick, NULL, NULL, &ids[i], NULL), CW_OK);
        wait_for(runner, &ids[i], CW_JOB_SUCCEEDED);
    }
    ck_assert_int_eq(cw_job_get(runner, &ids[0], &views[0], NULL), CW_E_NOT_FOUND);
    ck_assert_int_eq(cw_job_get(runner, &ids[3], &views[0], NULL), CW_OK);
    ck_assert_uint_eq(cw_job_list(runner, views, 8), 2);
    ck_assert_mem_eq(views[0].id.bytes, ids[3].bytes, 16);
    cw_job_runner_free(runner);
}
END_TEST

START_TEST(jobs_of_before_are_known_again)
{
    struct cw_job_runner *runner = new_runner(4, 2);
    struct cw_job_view view = {.id = cw_uuid_fresh(), .created_at = 1, .finished_at = 3, .rows = 9};
    struct cw_job_view seen[4];
    struct cw_buffer result = {0};
    const struct cw_job_ticket ticket = cw_job_ticket_new();
    snprintf(view.kind, sizeof view.kind, "old");
    ck_assert_int_eq(cw_job_restore(runner, &view, "made", 4, NULL), CW_OK);
    ck_assert_int_eq(cw_job_submit_as(runner, &ticket, "test", quick, NULL, NULL, NULL), CW_OK);
    wait_for(runner, &ticket.id, CW_JOB_SUCCEEDED);
    ck_assert_uint_eq(cw_job_list(runner, seen, 4), 2);
    ck_assert_mem_eq(seen[0].id.bytes, ticket.id.bytes, 16);
    ck_assert_int_eq(seen[0].created_at, ticket.created_at);
    ck_assert_mem_eq(seen[1].id.bytes, view.id.bytes, 16);
    ck_assert_int_eq(seen[1].state, CW_JOB_SUCCEEDED);
    ck_assert_int_eq(seen[1].finished_at, 3);
    ck_assert_int_eq(seen[1].rows, 9);
    ck_assert_int_eq(cw_job_result(runner, &view.id, &result, NULL), CW_OK);
    ck_assert_mem_eq(result.data, "made", 4);
    cw_buffer_clear(&result);
    ck_assert_int_eq(cw_job_restore(runner, &view, "", 0, NULL), CW_OK);
    ck_assert_uint_eq(cw_job_list(runner, seen, 4), 2);
    cw_job_runner_free(runner);
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("jobs", a_job_runs_and_keeps_its_result, a_failure_is_kept,
                         running_and_queued_jobs_are_cancelled, a_full_queue_refuses, old_jobs_are_forgotten,
                         jobs_of_before_are_known_again);
}
