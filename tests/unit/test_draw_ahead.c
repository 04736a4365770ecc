/* Units drawn ahead of their task: each is drawn once, by its own task or before it, and a failure is left to
 * its own task. */
#include "engine/draw_ahead.h"
#include "harness.h"

#define UNITS 5

static struct cw_draw_ahead ahead;

static void set_up(void)
{
    ck_assert_int_eq(cw_draw_ahead_init(&ahead, UNITS, NULL), CW_OK);
    cw_draw_ahead_add_thread(&ahead);
}

static void tear_down(void)
{
    cw_draw_ahead_clear(&ahead);
}

START_TEST(a_unit_is_drawn_once)
{
    struct cw_order_set set = {.line_count = 7};
    ck_assert(cw_draw_ahead_claim(&ahead, 0));
    struct cw_ahead_place *place = cw_draw_ahead_begin(&ahead, 0);
    ck_assert_ptr_nonnull(place);
    ck_assert_int_eq(place->unit, 1);
    ck_assert(!cw_draw_ahead_claim(&ahead, 1));
    ck_assert_msg(!cw_draw_ahead_take(&ahead, 1, &set), "is not complete");
    place->set.line_count = 11;
    cw_draw_ahead_end(&ahead, place, true);
    ck_assert(!cw_draw_ahead_claim(&ahead, 1));
    ck_assert(cw_draw_ahead_take(&ahead, 1, &set));
    ck_assert_int_eq(set.line_count, 11);
    ck_assert(!cw_draw_ahead_take(&ahead, 1, &set));
    ck_assert(!cw_draw_ahead_claim(&ahead, 1));
}
END_TEST

START_TEST(places_are_limited_and_used_again)
{
    struct cw_order_set set = {0};
    ck_assert(cw_draw_ahead_claim(&ahead, 2));
    int64_t unit = 1;
    struct cw_ahead_place *place;
    struct cw_ahead_place *last = NULL;
    for (; (place = cw_draw_ahead_begin(&ahead, 1)) != NULL; last = place) {
        ck_assert_int_eq(place->unit, unit);
        cw_draw_ahead_end(&ahead, place, true);
        unit += unit == 1 ? 2 : 1;
    }
    ck_assert_ptr_nonnull(last);
    ck_assert_int_lt(last->unit, UNITS - 1);
    ck_assert(cw_draw_ahead_take(&ahead, last->unit, &set));
    place = cw_draw_ahead_begin(&ahead, 1);
    ck_assert_ptr_eq(place, last);
    ck_assert_int_eq(place->unit, unit);
}
END_TEST

START_TEST(nothing_is_drawn_behind_the_end)
{
    ck_assert(cw_draw_ahead_claim(&ahead, UNITS - 1));
    ck_assert_ptr_null(cw_draw_ahead_begin(&ahead, UNITS - 1));
    ck_assert_ptr_null(cw_draw_ahead_begin(&ahead, UNITS));
}
END_TEST

START_TEST(failures_are_left_to_the_own_task)
{
    struct cw_order_set set = {0};
    struct cw_ahead_place *place = cw_draw_ahead_begin(&ahead, 1);
    cw_draw_ahead_end(&ahead, place, false);
    ck_assert(!cw_draw_ahead_take(&ahead, 1, &set));
    ck_assert_ptr_null(cw_draw_ahead_begin(&ahead, 1));
    ck_assert(cw_draw_ahead_claim(&ahead, 1));
    place = cw_draw_ahead_begin(&ahead, 0);
    ck_assert_int_eq(place->unit, 0);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("draw_ahead");
    TCase *tcase = tcase_create("draw_ahead");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_unit_is_drawn_once);
    tcase_add_test(tcase, places_are_limited_and_used_again);
    tcase_add_test(tcase, nothing_is_drawn_behind_the_end);
    tcase_add_test(tcase, failures_are_left_to_the_own_task);
    suite_add_tcase(suite, tcase);
    return suite;
}
