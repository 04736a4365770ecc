#define _POSIX_C_SOURCE 200809L

#include "store_fixture.h"

static struct cw_kept_answer make_answer(const char *key, int64_t created_at, const char *body)
{
    struct cw_kept_answer answer = {.created_at = created_at, .status = 201};
    snprintf(answer.key, sizeof answer.key, "%s", key);
    snprintf(answer.media_type, sizeof answer.media_type, "text/csv");
    memset(answer.request, 7, sizeof answer.request);
    assert_ok(cw_buffer_append(&answer.body, body, strlen(body), &fixture_error));
    assert_ok(cw_buffer_append(&answer.headers, "Name\0value\0", 11, &fixture_error));
    return answer;
}

/* Keeps an answer with a run of ten customers; number tells runs apart. */
static cw_status keep(const struct cw_kept_answer *answer, int64_t number, bool is_large)
{
    struct cw_batch batches[CW_ENTITY_COUNT] = {0};
    const struct cw_batch *pointers[CW_ENTITY_COUNT] = {NULL};
    struct cw_run_record run = rows_run(number);
    cw_status status;
    run.answer = answer;
    rows_customers(batches, number * 100, 10);
    if (is_large) {
        struct cw_load *load;
        assert_ok(cw_load_begin(fixture_store, CW_WAIT_FOREVER, &load, &fixture_error));
        assert_ok(fixture_add(load, batches));
        status = cw_load_commit(&load, &run, &fixture_error);
    } else {
        for (int e = 0; e < CW_ENTITY_COUNT; e++) {
            pointers[e] = batches[e].columns != NULL ? &batches[e] : NULL;
        }
        status = cw_store_write(fixture_store, pointers, &run, CW_WAIT_FOREVER, &fixture_error);
    }
    cw_run_record_clear(&run);
    rows_clear(batches);
    return status;
}

static cw_status keep_text(const char *key, int64_t created_at, const char *body, int64_t number)
{
    struct cw_kept_answer answer = make_answer(key, created_at, body);
    const cw_status status = keep(&answer, number, false);
    cw_kept_answer_clear(&answer);
    return status;
}

/* What the body of a key is; "" when it is not there. */
static void find(const char *key, int64_t since, char body[64])
{
    struct cw_kept_answer answer = {0};
    bool found = false;
    assert_ok(cw_store_answer_find(fixture_store, key, since, &answer, &found, &fixture_error));
    snprintf(body, 64, "%.*s", (int)answer.body.size, answer.body.size > 0 ? answer.body.data : "");
    ck_assert_int_eq(found, answer.key[0] != '\0');
    cw_kept_answer_clear(&answer);
}

static void assert_body(const char *key, int64_t since, const char *expected)
{
    char body[64];
    find(key, since, body);
    ck_assert_str_eq(body, expected);
}

START_TEST(answers_come_back_as_they_were_kept)
{
    struct cw_kept_answer found = {0};
    bool is_there = false;
    assert_ok(keep_text("one", 1000, "text", 1));
    fixture_close();
    fixture_open();
    assert_ok(cw_store_answer_find(fixture_store, "one", 1000, &found, &is_there, &fixture_error));
    ck_assert(is_there);
    ck_assert_str_eq(found.key, "one");
    ck_assert_str_eq(found.media_type, "text/csv");
    ck_assert_int_eq(found.status, 201);
    ck_assert_int_eq(found.created_at, 1000);
    ck_assert_int_eq(found.request[31], 7);
    ck_assert_mem_eq(found.headers.data, "Name\0value\0", 11);
    cw_kept_answer_clear(&found);
    assert_body("one", 1001, "");
    assert_body("two", 0, "");
}
END_TEST

START_TEST(keys_are_taken_until_they_are_old)
{
    assert_ok(keep_text("one", 1000, "first", 1));
    ck_assert_int_eq(keep_text("one", 2000, "second", 2), CW_E_CONFLICT);
    assert_body("one", 0, "first");
    assert_ok(keep_text("two", 1000 + CW_ANSWER_LIFETIME, "still", 3));
    assert_body("one", 0, "first");
    assert_ok(keep_text("one", 1001 + CW_ANSWER_LIFETIME, "third", 4));
    assert_body("one", 0, "third");
    assert_body("two", 0, "still");
}
END_TEST

/* A run and its answer are there together or not at all, small or loaded. */
START_TEST(answers_join_their_runs)
{
    struct cw_kept_answer small = make_answer("small", 1000, "rows");
    struct cw_kept_answer large = make_answer("large", 1000, "rows");
    assert_ok(keep(&small, 1, false));
    ck_assert_int_eq(keep(&small, 2, false), CW_E_CONFLICT);
    ck_assert_int_eq(keep(&small, 3, true), CW_E_CONFLICT);
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 10);
    assert_ok(keep(&large, 4, true));
    ck_assert_int_eq(keep(&large, 5, true), CW_E_CONFLICT);
    ck_assert_int_eq(keep(&large, 6, false), CW_E_CONFLICT);
    ck_assert_int_eq(fixture_count(CW_ENTITY_CUSTOMER), 20);
    ck_assert_int_eq(fixture_number("SELECT count(*) FROM runs"), 2);
    cw_kept_answer_clear(&small);
    cw_kept_answer_clear(&large);
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const all[] = {
        answers_come_back_as_they_were_kept,
        keys_are_taken_until_they_are_old,
        answers_join_their_runs,
    };
    return fixture_suite("store_answers", all, sizeof all / sizeof *all);
}
