/* Pieces of work over threads: each is done once, however many threads there are. */
#include <stdatomic.h>

#include "engine/crew.h"
#include "harness.h"

#define PIECES 1000

static atomic_uint done[PIECES];

static void count_piece(void *context, uint32_t piece)
{
    atomic_fetch_add(&done[piece], 1);
    atomic_fetch_add((atomic_uint *)context, 1);
}

START_TEST(every_piece_is_done_once)
{
    static const uint32_t threads[] = {0, 1, 2, 7, 1000};
    for (uint32_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        atomic_uint sum = 0;
        cw_crew_run(threads[i], PIECES, count_piece, &sum);
        ck_assert_uint_eq(sum, PIECES);
        for (uint32_t p = 0; p < PIECES; p++) {
            ck_assert_uint_eq(done[p], i + 1);
        }
    }
}
END_TEST

START_TEST(no_piece_is_no_work)
{
    atomic_uint sum = 0;
    cw_crew_run(4, 0, count_piece, &sum);
    ck_assert_uint_eq(sum, 0);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("crew");
    TCase *tcase = tcase_create("crew");
    tcase_add_test(tcase, every_piece_is_done_once);
    tcase_add_test(tcase, no_piece_is_no_work);
    suite_add_tcase(suite, tcase);
    return suite;
}
