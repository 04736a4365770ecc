/* Generations: any threads, shards, selections and workers give the same rows; failures and cancelling. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "model/columns.h"
#include "shop_rows.h"

static struct cw_run_spec spec;
static struct shop whole;

static void set_up(void)
{
    cw_run_spec_init(&spec);
    spec.seed = 99;
    spec.customers = 5000;
    spec.products = 300;
    spec.orders = 9000;
    spec.cells = 12;
    shop_make_all(&whole, &spec, NULL);
}

static void tear_down(void)
{
    shop_clear(&whole);
}

static void assert_same_with(const struct shop_part *part, const char *what)
{
    struct shop shop = {0};
    struct cw_error error = {0};
    ck_assert_msg(shop_make(&shop, &spec, NULL, part, &error) == CW_OK, "%s", error.message);
    shop_assert_same(&whole, &shop, what);
    shop_clear(&shop);
}

START_TEST(threads_change_nothing)
{
    assert_same_with(&(struct shop_part){.threads = 2, .shards = 1}, "2 threads");
    assert_same_with(&(struct shop_part){.threads = 7, .shards = 1}, "7 threads");
}
END_TEST

/* A shop large enough for its plan to be made in pieces. */
START_TEST(threads_that_plan_change_nothing)
{
    struct shop_part part = {.threads = 1, .shards = 1, .entities = UINT64_C(1) << CW_ENTITY_ORDER_ITEM};
    shop_clear(&whole);
    spec.customers = 40000;
    spec.products = 5000;
    spec.orders = 3000;
    ck_assert_int_eq(shop_make(&whole, &spec, NULL, &part, NULL), CW_OK);
    for (part.threads = 2; part.threads < 6; part.threads++) {
        assert_same_with(&part, "planned by several threads");
    }
}
END_TEST

START_TEST(workers_change_nothing)
{
    for (uint32_t seed = 1; seed < 4; seed++) {
        assert_same_with(&(struct shop_part){.threads = 1, .shards = 1, .seed = seed}, "dealt out");
    }
}
END_TEST

START_TEST(shards_are_the_whole)
{
    static const uint32_t counts[] = {2, 3, 16, 101};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct shop shop = {0};
        for (uint32_t s = 0; s < counts[i]; s++) {
            const struct shop_part part = {.threads = 1 + s % 3, .shard = s, .shards = counts[i]};
            ck_assert_int_eq(shop_make(&shop, &spec, NULL, &part, NULL), CW_OK);
        }
        shop_assert_same(&whole, &shop, "shards");
        shop_clear(&shop);
    }
}
END_TEST

/* Orders that build on a shop: also where the promises are loaded one by one, for few orders. */
START_TEST(worlds_change_nothing)
{
    static const int64_t orders[] = {6, 1500};
    shop_clear(&whole);
    spec.customers = 300;
    spec.products = 40;
    spec.orders = 1500;
    spec.cells = 0;
    shop_make_all(&whole, &spec, NULL);
    struct shop_world world;
    shop_world_init(&world, &whole, &spec);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct cw_run_spec more;
        cw_run_spec_init(&more);
        more.seed = 5;
        more.orders = orders[i];
        more.prior_orders = spec.orders;
        struct shop one = {0};
        struct shop other = {0};
        shop_make_all(&one, &more, &world.world);
        for (uint32_t s = 0; s < 3; s++) {
            const struct shop_part part = {.threads = 4, .shard = s, .shards = 3};
            ck_assert_int_eq(shop_make(&other, &more, &world.world, &part, NULL), CW_OK);
        }
        ck_assert_int_eq(shop_rows(&one, CW_ENTITY_ORDER), orders[i]);
        shop_assert_same(&one, &other, "shards of a world");
        shop_clear(&one);
        shop_clear(&other);
    }
    shop_world_clear(&world);
}
END_TEST

/* A table doesn't depend on which others are made. */
START_TEST(tables_alone_are_the_same)
{
    for (uint32_t e = 0; e < CW_ENTITY_COUNT; e++) {
        struct shop shop = {0};
        const struct shop_part part = {.threads = 1, .shards = 1, .entities = 1ULL << e};
        ck_assert_int_eq(shop_make(&shop, &spec, NULL, &part, NULL), CW_OK);
        ck_assert_msg(shop_digest(&shop, (enum cw_entity_id)e) == shop_digest(&whole, (enum cw_entity_id)e),
                      "%s alone differ", cw_entity_get((enum cw_entity_id)e)->table);
        shop_clear(&shop);
    }
}
END_TEST

START_TEST(counts_are_exact)
{
    ck_assert_int_eq(shop_rows(&whole, CW_ENTITY_CUSTOMER), 5000);
    ck_assert_int_eq(shop_rows(&whole, CW_ENTITY_PRODUCT), 300);
    ck_assert_int_eq(shop_rows(&whole, CW_ENTITY_ORDER), 9000);
    ck_assert_int_eq(shop_rows(&whole, CW_ENTITY_FULFILMENT_CENTRE), 12);
}
END_TEST

START_TEST(seeds_make_other_shops)
{
    struct shop shop = {0};
    spec.seed = 100;
    shop_make_all(&shop, &spec, NULL);
    for (uint32_t e = 0; e < CW_ENTITY_COUNT; e++) {
        if (e != CW_ENTITY_CATEGORY && e != CW_ENTITY_FULFILMENT_CENTRE) {
            ck_assert_uint_ne(shop_digest(&shop, (enum cw_entity_id)e),
                              shop_digest(&whole, (enum cw_entity_id)e));
        }
    }
    shop_clear(&shop);
}
END_TEST

static struct cw_generation *new_generation(void)
{
    struct cw_selection selection = {0};
    cw_selection_add(&selection, CW_ENTITY_ORDER);
    struct cw_generation *generation = NULL;
    ck_assert_int_eq(cw_generation_new(&spec, NULL, &selection, 0, 1, &generation, NULL), CW_OK);
    return generation;
}

START_TEST(cancelled_runs_stop)
{
    struct cw_generation *generation = new_generation();
    struct cw_worker *worker = NULL;
    const struct cw_batch *batches[CW_ENTITY_COUNT];
    struct cw_error error = {0};
    ck_assert_int_eq(cw_worker_new(generation, &worker, &error), CW_OK);
    ck_assert_int_eq(cw_worker_run(worker, 0, batches, &error), CW_OK);
    cw_generation_cancel(generation);
    ck_assert_int_eq(cw_worker_run(worker, 1, batches, &error), CW_E_CANCELLED);
    cw_worker_free(worker);
    cw_generation_free(generation);
}
END_TEST

START_TEST(wrong_tasks_and_shards_are_refused)
{
    struct cw_generation *generation = new_generation();
    struct cw_worker *worker = NULL;
    const struct cw_batch *batches[CW_ENTITY_COUNT];
    struct cw_error error = {0};
    ck_assert_int_eq(cw_worker_new(generation, &worker, &error), CW_OK);
    ck_assert_int_eq(cw_worker_run(worker, -1, batches, &error), CW_E_INVALID);
    ck_assert_int_eq(cw_worker_run(worker, cw_generation_task_count(generation), batches, &error),
                     CW_E_INVALID);
    cw_worker_free(worker);
    cw_generation_free(generation);
    cw_worker_free(NULL);
    cw_generation_free(NULL);
    struct cw_selection selection = {0};
    ck_assert_int_eq(cw_generation_new(&spec, NULL, &selection, 3, 3, &generation, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "shard");
    ck_assert_int_eq(cw_generation_new(&spec, NULL, &selection, 0, 0, &generation, &error), CW_E_INVALID);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("generation");
    TCase *tcase = tcase_create("generation");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, threads_change_nothing);
    tcase_add_test(tcase, threads_that_plan_change_nothing);
    tcase_add_test(tcase, workers_change_nothing);
    tcase_add_test(tcase, shards_are_the_whole);
    tcase_add_test(tcase, worlds_change_nothing);
    tcase_add_test(tcase, tables_alone_are_the_same);
    tcase_add_test(tcase, counts_are_exact);
    tcase_add_test(tcase, seeds_make_other_shops);
    tcase_add_test(tcase, cancelled_runs_stop);
    tcase_add_test(tcase, wrong_tasks_and_shards_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
