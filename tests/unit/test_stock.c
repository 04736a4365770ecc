/* Stock as a path through time: the ledger of a run, and of runs that build on what others left. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "model/columns.h"
#include "shop_rows.h"

#define DEFAULT_AS_OF (20454 * SHOP_DAY)

static struct cw_run_spec spec;
static struct shop shop;

static void set_up(void)
{
    cw_run_spec_init(&spec);
    spec.seed = 11;
    spec.customers = 1500;
    spec.products = 120;
    spec.orders = 6000;
}

static void tear_down(void)
{
    shop_clear(&shop);
}

/* ---- The ledger ---- */

struct movement {
    const uint8_t *centre, *variant;
    int64_t time, quantity;
};

static int compare_movements(const void *a, const void *b)
{
    const struct movement *x = a;
    const struct movement *y = b;
    int order = memcmp(x->centre, y->centre, 16);
    if (order == 0)
        order = memcmp(x->variant, y->variant, 16);
    if (order == 0)
        order = x->time < y->time ? -1 : x->time > y->time;
    return order;
}

static bool same_place(const struct movement *a, const struct movement *b)
{
    return memcmp(a->centre, b->centre, 16) == 0 && memcmp(a->variant, b->variant, 16) == 0;
}

static struct movement *list_movements(int64_t *count)
{
    const enum cw_entity_id entity = CW_ENTITY_STOCK_MOVEMENT;
    *count = shop_rows(&shop, entity);
    struct movement *movements = calloc((size_t)*count + 1, sizeof *movements);
    for (int64_t r = 0; r < *count; r++) {
        movements[r] =
            (struct movement){.centre = shop_uuid(&shop, entity, CW_STOCK_MOVEMENT_FULFILMENT_CENTRE_ID, r),
                              .variant = shop_uuid(&shop, entity, CW_STOCK_MOVEMENT_VARIANT_ID, r),
                              .time = shop_number(&shop, entity, CW_STOCK_MOVEMENT_OCCURRED_AT, r),
                              .quantity = shop_number(&shop, entity, CW_STOCK_MOVEMENT_QUANTITY, r)};
    }
    qsort(movements, (size_t)*count, sizeof *movements, compare_movements);
    return movements;
}

/* No instant has less than nothing on a shelf, and none is later than as-of. */
static void assert_ledger_holds(int64_t as_of)
{
    int64_t count;
    struct movement *movements = list_movements(&count);
    int64_t level = 0;
    for (int64_t i = 0; i < count; i++) {
        if (i == 0 || !same_place(&movements[i - 1], &movements[i]))
            level = 0;
        level += movements[i].quantity;
        ck_assert_int_ne(movements[i].quantity, 0);
        ck_assert_int_le(movements[i].time, as_of);
        bool is_last_of_instant = i + 1 == count || !same_place(&movements[i], &movements[i + 1]) ||
                                  movements[i + 1].time > movements[i].time;
        ck_assert_msg(!is_last_of_instant || level >= 0, "level %lld at %lld", (long long)level,
                      (long long)movements[i].time);
    }
    free(movements);
}

/* The stock of each place, summed over the runs, is the sum of its movements. */
static void assert_stock_is_the_sum(void)
{
    int64_t count;
    struct movement *movements = list_movements(&count);
    int64_t total = 0;
    int64_t on_hand = 0;
    for (int64_t i = 0; i < count; i++)
        total += movements[i].quantity;
    for (int64_t r = 0; r < shop_rows(&shop, CW_ENTITY_STOCK); r++) {
        struct movement place = {.centre =
                                     shop_uuid(&shop, CW_ENTITY_STOCK, CW_STOCK_FULFILMENT_CENTRE_ID, r),
                                 .variant = shop_uuid(&shop, CW_ENTITY_STOCK, CW_STOCK_VARIANT_ID, r),
                                 .time = INT64_MIN};
        int64_t low = 0;
        int64_t high = count;
        int64_t sum = 0;
        int64_t last = 0;
        while (low < high) {
            int64_t middle = low + (high - low) / 2;
            if (compare_movements(&movements[middle], &place) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        for (int64_t i = low; i < count && same_place(&movements[i], &place); i++) {
            sum += movements[i].quantity;
            last = movements[i].time;
        }
        ck_assert_int_eq(shop_number(&shop, CW_ENTITY_STOCK, CW_STOCK_ON_HAND, r), sum);
        ck_assert_int_eq(shop_number(&shop, CW_ENTITY_STOCK, CW_STOCK_UPDATED_AT, r), last);
        on_hand += sum;
    }
    ck_assert_int_eq(on_hand, total);
    free(movements);
}

static double share_of(const char *fulfilment)
{
    int64_t found = 0;
    int64_t lines = shop_rows(&shop, CW_ENTITY_ORDER_ITEM);
    for (int64_t r = 0; r < lines; r++)
        found += strcmp(shop_text(&shop, CW_ENTITY_ORDER_ITEM, CW_ORDER_ITEM_FULFILMENT, r), fulfilment) == 0;
    return (double)found / (double)lines;
}

START_TEST(ledger_holds_for_many_seeds_and_behaviours)
{
    for (uint64_t seed = 0; seed < 6; seed++) {
        set_up();
        spec.seed = seed;
        spec.behavior = (enum cw_behavior)(seed % CW_BEHAVIOR_COUNT);
        spec.cells = seed % 2 == 0 ? 5 : 12;
        shop_make_all(&shop, &spec, NULL);
        assert_ledger_holds(spec.as_of);
        assert_stock_is_the_sum();
        shop_clear(&shop);
    }
}
END_TEST

START_TEST(demand_meets_empty_shelves)
{
    spec.customers = 5000;
    spec.products = 500;
    spec.orders = 30000;
    shop_make_all(&shop, &spec, NULL);
    double substituted = share_of("substituted");
    double backordered = share_of("backordered");
    ck_assert_double_gt(substituted, 0.0);
    ck_assert_double_gt(backordered, 0.0);
    ck_assert_double_ge(substituted + backordered, 0.002);
    ck_assert_double_le(substituted + backordered, 0.15);
}
END_TEST

START_TEST(no_stock_is_made_twice)
{
    shop_make_all(&shop, &spec, NULL);
    int64_t rows = shop_rows(&shop, CW_ENTITY_STOCK);
    int64_t openings = 0;
    for (int64_t r = 0; r < shop_rows(&shop, CW_ENTITY_STOCK_MOVEMENT); r++) {
        openings +=
            strcmp(shop_text(&shop, CW_ENTITY_STOCK_MOVEMENT, CW_STOCK_MOVEMENT_KIND, r), "opening") == 0;
    }
    ck_assert_int_eq(rows, 5 * shop_rows(&shop, CW_ENTITY_VARIANT));
    ck_assert_int_eq(openings, rows);
}
END_TEST

/* ---- Runs that build on others ---- */

/* Another run of orders over the same days, whose rows join those of the shop: what is left is promised once.
 */
static void run_orders_again(int64_t orders, uint64_t seed, const struct cw_run_spec *first, int64_t prior)
{
    struct shop_world world;
    shop_world_init(&world, &shop, first);
    struct cw_run_spec more;
    cw_run_spec_init(&more);
    more.seed = seed;
    more.orders = orders;
    more.prior_orders = prior;
    more.prior_products = first->products;
    shop_make_all(&shop, &more, &world.world);
    shop_world_clear(&world);
}

START_TEST(second_run_sells_only_what_is_left)
{
    spec.customers = 400;
    spec.products = 60;
    spec.orders = 3000;
    spec.market_shares[0] = 1;
    shop_make_all(&shop, &spec, NULL);
    int64_t openings = shop_rows(&shop, CW_ENTITY_STOCK);
    run_orders_again(3000, 77, &spec, 3000);
    run_orders_again(2000, 78, &spec, 6000);
    ck_assert_int_eq(shop_rows(&shop, CW_ENTITY_ORDER), 8000);
    ck_assert_int_gt(shop_rows(&shop, CW_ENTITY_STOCK), openings);
    assert_ledger_holds(spec.as_of);
    for (int64_t r = 0; r < shop_rows(&shop, CW_ENTITY_STOCK_MOVEMENT); r++) {
        ck_assert_int_eq(shop_find(&shop, CW_ENTITY_STOCK_MOVEMENT,
                                   shop_uuid(&shop, CW_ENTITY_STOCK_MOVEMENT, CW_STOCK_MOVEMENT_ID, r)),
                         r);
    }
}
END_TEST

START_TEST(shelves_of_a_world_without_stock_are_empty)
{
    spec.orders = 0;
    spec.customers = 200;
    spec.products = 40;
    shop_make_all(&shop, &spec, NULL);
    struct shop_world world;
    shop_world_init(&world, &shop, &spec);
    world.world.load_promise = NULL;
    struct cw_run_spec more;
    cw_run_spec_init(&more);
    more.orders = 500;
    struct shop added = {0};
    shop_make_all(&added, &more, &world.world);
    shop_world_clear(&world);
    shop_clear(&shop);
    shop = added;
    ck_assert_int_eq(shop_rows(&shop, CW_ENTITY_ORDER), 500);
    assert_ledger_holds(DEFAULT_AS_OF);
    assert_stock_is_the_sum();
    ck_assert_double_gt(share_of("backordered"), 0.05);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("stock");
    TCase *tcase = tcase_create("stock");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, ledger_holds_for_many_seeds_and_behaviours);
    tcase_add_test(tcase, demand_meets_empty_shelves);
    tcase_add_test(tcase, no_stock_is_made_twice);
    tcase_add_test(tcase, second_run_sells_only_what_is_left);
    tcase_add_test(tcase, shelves_of_a_world_without_stock_are_empty);
    suite_add_tcase(suite, tcase);
    return suite;
}
