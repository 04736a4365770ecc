/* Counter-based draws: even, independent of one another, and made of bijections where uniqueness rests on it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/draw.h"
#include "harness.h"

#define ROWS 1000000

/* Chi-square of counts over equally likely cells. */
static double chi_square(const int64_t *counts, int cells, double expected)
{
    double sum = 0;
    for (int i = 0; i < cells; i++) {
        double difference = (double)counts[i] - expected;
        sum += difference * difference / expected;
    }
    return sum;
}

START_TEST(known_draws)
{
    struct cw_stream stream = cw_stream_make(42, 3, 7);
    ck_assert_uint_eq(cw_mix(0), 0);
    ck_assert_uint_eq(cw_mix(1), 0x071894de00d9981fULL);
    ck_assert_uint_eq(stream.key, 0x3af074375e4abf94ULL);
    ck_assert_uint_eq(cw_draw(stream, 0, 0), 0x0e95715b5dd49ba5ULL);
    ck_assert_uint_eq(cw_draw(stream, 123456789, 4), 0x41b278a802dbef42ULL);
}
END_TEST

/* Every byte of the draws of neighbouring rows is even: 255 degrees of freedom, 1 in 10^6 lies above 377. */
START_TEST(bytes_are_even)
{
    for (uint64_t seed = 0; seed < 3; seed++) {
        struct cw_stream stream = cw_stream_make(seed, 1, 1);
        static int64_t counts[8][256];
        memset(counts, 0, sizeof counts);
        for (uint64_t row = 0; row < ROWS; row++) {
            uint64_t draw = cw_draw(stream, row, 0);
            for (int b = 0; b < 8; b++)
                counts[b][draw >> (8 * b) & 255]++;
        }
        for (int b = 0; b < 8; b++)
            ck_assert_double_lt(chi_square(counts[b], 256, ROWS / 256.0), 377);
    }
}
END_TEST

/* Each input bit turns each output bit over half of the time. */
START_TEST(every_bit_avalanches)
{
    enum { SAMPLES = 20000 };
    struct cw_stream stream = cw_stream_make(9, 2, 5);
    for (int in = 0; in < 40; in++) {
        int flips[64] = {0};
        for (uint64_t s = 0; s < SAMPLES; s++) {
            uint64_t row = s * 977;
            uint64_t turned = cw_draw(stream, row, 0) ^ cw_draw(stream, row ^ 1ULL << in, 0);
            for (int out = 0; out < 64; out++)
                flips[out] += (int)(turned >> out & 1);
        }
        for (int out = 0; out < 64; out++)
            ck_assert_double_eq_tol((double)flips[out] / SAMPLES, 0.5, 0.022);
    }
}
END_TEST

static double correlation(struct cw_stream a, struct cw_stream b, uint32_t number_a, uint32_t number_b,
                          uint64_t lag)
{
    double sum = 0;
    for (uint64_t row = 0; row < 200000; row++)
        sum += (cw_unit(cw_draw(a, row, number_a)) - 0.5) * (cw_unit(cw_draw(b, row + lag, number_b)) - 0.5);
    return sum / 200000 * 12;
}

START_TEST(streams_and_numbers_are_independent)
{
    struct cw_stream one = cw_stream_make(1, 4, 2);
    const struct cw_stream others[] = {cw_stream_make(2, 4, 2), cw_stream_make(1, 5, 2),
                                       cw_stream_make(1, 4, 3), cw_stream_make(1, 2, 4)};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        ck_assert_uint_ne(one.key, others[i].key);
        ck_assert_double_eq_tol(correlation(one, others[i], 0, 0, 0), 0, 0.012);
    }
    for (uint64_t lag = 1; lag < 4; lag++)
        ck_assert_double_eq_tol(correlation(one, one, 0, 0, lag), 0, 0.012);
    for (uint32_t number = 1; number < 8; number++)
        ck_assert_double_eq_tol(correlation(one, one, 0, number, 0), 0, 0.012);
}
END_TEST

START_TEST(units_stay_in_range)
{
    ck_assert_double_eq(cw_unit(0), 0);
    ck_assert_double_lt(cw_unit(UINT64_MAX), 1);
    ck_assert_double_gt(cw_unit_open(0), 0);
    ck_assert_double_lt(cw_unit_open(UINT64_MAX), 1);
    ck_assert_uint_eq(cw_below(UINT64_MAX, 7), 6);
    ck_assert_uint_eq(cw_below(0, 7), 0);
    ck_assert_uint_eq(cw_below(UINT64_MAX, 1), 0);
}
END_TEST

START_TEST(slices_are_even_and_independent)
{
    struct cw_stream stream = cw_stream_make(3, 3, 3);
    static int64_t pairs[100 * 16];
    int64_t last[64] = {0};
    memset(pairs, 0, sizeof pairs);
    for (uint64_t row = 0; row < ROWS; row++) {
        uint64_t draw = cw_draw(stream, row, 0);
        uint32_t first = cw_slice(&draw, 100);
        uint32_t second = cw_slice(&draw, 16);
        cw_slice(&draw, 1000);
        cw_slice(&draw, 1000);
        pairs[first * 16 + second]++;
        last[cw_slice(&draw, 64)]++;
    }
    /* 1599 and 63 degrees of freedom, 1 in 10^6. */
    ck_assert_double_lt(chi_square(pairs, 1600, ROWS / 1600.0), 1890);
    ck_assert_double_lt(chi_square(last, 64, ROWS / 64.0), 131);
}
END_TEST

START_TEST(chances_are_met)
{
    struct cw_stream stream = cw_stream_make(8, 8, 8);
    int64_t hits = 0;
    for (uint64_t row = 0; row < ROWS; row++) {
        uint64_t draw = cw_draw(stream, row, 0);
        hits += cw_chance(&draw, 37);
    }
    ck_assert_double_eq_tol((double)hits / ROWS, 0.037, 0.001);
}
END_TEST

START_TEST(permutations_are_bijections)
{
    static const uint64_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 1000, 1024, 1025, 65536, 65537, 1000003};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (uint64_t seed = 0; seed < 4; seed++) {
            struct cw_permutation permutation = cw_permutation_make(cw_stream_make(seed, 1, 1), sizes[i]);
            uint8_t *seen = calloc(sizes[i], 1);
            int64_t wrong = 0;
            for (uint64_t index = 0; index < sizes[i]; index++) {
                uint64_t image = cw_permute(&permutation, index);
                wrong += image >= sizes[i] || seen[image]++ != 0;
            }
            ck_assert_int_eq(wrong, 0);
            free(seen);
        }
    }
}
END_TEST

/* Neighbours don't stay neighbours, and seeds differ. */
START_TEST(permutations_mix)
{
    struct cw_permutation one = cw_permutation_make(cw_stream_make(1, 1, 1), ROWS);
    struct cw_permutation two = cw_permutation_make(cw_stream_make(2, 1, 1), ROWS);
    int64_t near = 0;
    int64_t same = 0;
    double product = 0;
    for (uint64_t index = 0; index + 1 < ROWS; index++) {
        int64_t here = (int64_t)cw_permute(&one, index);
        int64_t next = (int64_t)cw_permute(&one, index + 1);
        near += llabs(here - next) < ROWS / 100;
        same += here == (int64_t)cw_permute(&two, index);
        product += ((double)here / ROWS - 0.5) * ((double)index / ROWS - 0.5);
    }
    ck_assert_double_eq_tol((double)near / ROWS, 0.02, 0.005);
    ck_assert_int_lt(same, 20);
    ck_assert_double_eq_tol(product / ROWS * 12, 0, 0.02);
}
END_TEST

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

START_TEST(unique_numbers_are_unique)
{
    uint64_t *numbers = malloc(ROWS * sizeof *numbers);
    struct cw_stream stream = cw_stream_make(77, 1, 2);
    int64_t counts[64] = {0};
    int64_t wrong = 0;
    for (uint64_t row = 0; row < ROWS; row++) {
        numbers[row] = cw_unique62(stream, row);
        wrong += numbers[row] >> 62 != 0;
        counts[numbers[row] >> 56 & 63]++;
    }
    ck_assert_double_lt(chi_square(counts, 64, ROWS / 64.0), 131);
    qsort(numbers, ROWS, sizeof *numbers, compare_numbers);
    for (int64_t i = 1; i < ROWS; i++)
        wrong += numbers[i - 1] == numbers[i];
    ck_assert_int_eq(wrong, 0);
    free(numbers);
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("draw", known_draws, bytes_are_even, every_bit_avalanches,
                         streams_and_numbers_are_independent, units_stay_in_range,
                         slices_are_even_and_independent, chances_are_met, permutations_are_bijections,
                         permutations_mix, unique_numbers_are_unique);
}
