/* Samplers against the distributions that they stand for: moments, chi-square and Kolmogorov-Smirnov. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mathematics.h"
#include "engine/distribution.h"
#include "harness.h"

#define SAMPLES 200000

static double samples[SAMPLES];

static struct cw_draws draws_of(uint64_t row)
{
    return cw_draws_at(cw_stream_make(31, 0, 0), row);
}

static uint64_t draw_of(uint64_t row)
{
    return cw_draw(cw_stream_make(32, 0, 0), row, 0);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Largest distance between the samples and a distribution function; 2.5 / sqrt(n) is reached once in 10^5. */
static void assert_distributed(double (*cumulative)(double))
{
    qsort(samples, SAMPLES, sizeof samples[0], compare_doubles);
    double largest = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double p = cumulative(samples[i]);
        double distance = fmax(fabs(p - (double)i / SAMPLES), fabs(p - (double)(i + 1) / SAMPLES));
        if (distance > largest) { /* not fmax: GCC 12 for 64-bit ARM fails to vectorize that */
            largest = distance;
        }
    }
    ck_assert_double_lt(largest, 2.5 / sqrt(SAMPLES));
}

static void assert_moments(double mean, double variance)
{
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < SAMPLES; i++)
        sum += samples[i];
    double found = sum / SAMPLES;
    for (int i = 0; i < SAMPLES; i++)
        squares += (samples[i] - found) * (samples[i] - found);
    ck_assert_double_eq_tol(found, mean, 5 * sqrt(variance / SAMPLES) + 1e-12);
    ck_assert_double_eq_tol(squares / SAMPLES, variance, 0.04 * variance + 1e-12);
}

static double normal_cumulative(double x)
{
    return 0.5 * erfc(-(x - 35.0) / 12.0 / sqrt(2.0));
}

START_TEST(normals)
{
    for (uint64_t i = 0; i < SAMPLES; i++)
        samples[i] = cw_normal(draw_of(i), 35.0, 12.0);
    assert_moments(35.0, 144.0);
    assert_distributed(normal_cumulative);
}
END_TEST

static double log_normal_cumulative(double x)
{
    return 0.5 * erfc(-(log(x) - 1.0) / 0.5 / sqrt(2.0));
}

START_TEST(log_normals)
{
    for (uint64_t i = 0; i < SAMPLES; i++)
        samples[i] = cw_log_normal(draw_of(i), 1.0, 0.5);
    assert_moments(exp(1.125), (exp(0.25) - 1) * exp(2.25));
    assert_distributed(log_normal_cumulative);
}
END_TEST

static double exponential_cumulative(double x)
{
    return 1.0 - exp(-x / 4.0);
}

START_TEST(exponentials)
{
    for (uint64_t i = 0; i < SAMPLES; i++)
        samples[i] = cw_exponential(draw_of(i), 4.0);
    assert_moments(4.0, 16.0);
    assert_distributed(exponential_cumulative);
}
END_TEST

static double gamma_of_two_cumulative(double x)
{
    return 1.0 - exp(-x / 3.0) * (1.0 + x / 3.0);
}

static double gamma_of_half_cumulative(double x)
{
    return erf(sqrt(x));
}

START_TEST(gammas)
{
    static const double shapes[] = {0.1, 0.5, 1.0, 2.0, 7.5, 120.0};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        for (uint64_t i = 0; i < SAMPLES; i++) {
            struct cw_draws draws = draws_of(i);
            samples[i] = cw_gamma(&draws, shapes[s], shapes[s] == 0.5 ? 1.0 : 3.0);
        }
        double scale = shapes[s] == 0.5 ? 1.0 : 3.0;
        assert_moments(shapes[s] * scale, shapes[s] * scale * scale);
        if (shapes[s] == 2.0)
            assert_distributed(gamma_of_two_cumulative);
        if (shapes[s] == 0.5)
            assert_distributed(gamma_of_half_cumulative);
    }
}
END_TEST

static double beta_of_two_and_three_cumulative(double x)
{
    return x * x * (6.0 - 8.0 * x + 3.0 * x * x);
}

START_TEST(betas)
{
    for (uint64_t i = 0; i < SAMPLES; i++) {
        struct cw_draws draws = draws_of(i);
        samples[i] = cw_beta(&draws, 2.0, 3.0);
        if (samples[i] <= 0.0 || samples[i] >= 1.0)
            ck_abort_msg("%g lies outside (0, 1)", samples[i]);
    }
    assert_moments(0.4, 0.04);
    assert_distributed(beta_of_two_and_three_cumulative);
}
END_TEST

/* Chi-square of samples against P(k), cells of an expectation below 8 left out; the square root of twice the
 * statistic is nearly normal around the square root of 2 n - 1. */
static void assert_discrete(double (*probability)(int64_t k, double parameter), double parameter)
{
    static double counts[100000];
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < SAMPLES; i++) {
        if (samples[i] < 0 || samples[i] >= 100000) {
            ck_abort_msg("%g is out of range", samples[i]);
        }
        counts[(int)samples[i]]++;
    }
    double statistic = 0;
    int cells = 0;
    for (int k = 0; k < 100000; k++) {
        double expected = probability(k, parameter) * SAMPLES;
        if (expected < 8)
            continue;
        statistic += (counts[k] - expected) * (counts[k] - expected) / expected;
        cells++;
    }
    ck_assert_int_gt(cells, 1);
    ck_assert_msg(sqrt(2 * statistic) - sqrt(2.0 * cells - 1) < 4.8,
                  "chi-square %g of %d cells, parameter %g", statistic, cells, parameter);
}

static double poisson_probability(int64_t k, double mean)
{
    return exp((double)k * log(mean) - mean - lgamma((double)k + 1));
}

/* By inversion below 10, by rejection above. */
START_TEST(poissons)
{
    static const double means[] = {0.05, 1.0, 3.5, 9.99, 10.0, 10.5, 40.0, 1000.0};
    for (size_t m = 0; m < sizeof means / sizeof means[0]; m++) {
        for (uint64_t i = 0; i < SAMPLES; i++) {
            struct cw_draws draws = draws_of(i);
            samples[i] = (double)cw_poisson(&draws, means[m]);
        }
        assert_moments(means[m], means[m]);
        assert_discrete(poisson_probability, means[m]);
    }
    struct cw_draws draws = draws_of(0);
    ck_assert_int_eq(cw_poisson(&draws, 0.0), 0);
    ck_assert_int_eq(cw_poisson(&draws, -1.0), 0);
    double huge = (double)cw_poisson(&draws, 1e12);
    ck_assert_double_eq_tol(huge, 1e12, 1e7);
}
END_TEST

static double positive_probability(int64_t k, double mean)
{
    return k == 0 ? 0 : poisson_probability(k, mean) / (1 - exp(-mean));
}

START_TEST(positive_poissons)
{
    static const double means[] = {0.01, 3.5, 12.0};
    for (size_t m = 0; m < sizeof means / sizeof means[0]; m++) {
        for (uint64_t i = 0; i < SAMPLES; i++) {
            struct cw_draws draws = draws_of(i);
            samples[i] = (double)cw_positive_poisson(&draws, means[m]);
        }
        if (means[m] > 1)
            assert_discrete(positive_probability, means[m]);
        double mean = means[m] / (1 - exp(-means[m]));
        assert_moments(mean, mean * (1 + means[m] - mean));
    }
    struct cw_alias alias;
    ck_assert_int_eq(cw_alias_init_positive_poisson(&alias, 3.5, NULL), CW_OK);
    for (uint64_t i = 0; i < SAMPLES; i++)
        samples[i] = 1 + cw_alias_pick(&alias, draw_of(i));
    assert_discrete(positive_probability, 3.5);
    cw_alias_clear(&alias);
}
END_TEST

static double zipf_sum;

static double zipf_probability(int64_t k, double exponent)
{
    return k < 1 || k > 1000 ? 0 : pow((double)k, -exponent) / zipf_sum;
}

START_TEST(zipfs)
{
    static const double exponents[] = {0.5, 0.99999999999, 1.0, 1.2, 3.0};
    for (size_t e = 0; e < sizeof exponents / sizeof exponents[0]; e++) {
        zipf_sum = 0;
        for (int k = 1; k <= 1000; k++)
            zipf_sum += pow(k, -exponents[e]);
        for (uint64_t i = 0; i < SAMPLES; i++) {
            struct cw_draws draws = draws_of(i);
            samples[i] = (double)cw_zipf(&draws, 1000, exponents[e]);
            if (samples[i] < 1 || samples[i] > 1000)
                ck_abort_msg("%g lies outside 1 to 1000", samples[i]);
        }
        assert_discrete(zipf_probability, exponents[e]);
    }
    struct cw_draws draws = draws_of(0);
    ck_assert_uint_eq(cw_zipf(&draws, 1, 1.1), 1);
}
END_TEST

static const double weights[7] = {0, 1, 5, 0.25, 0, 100, 43.75};

static double weight_probability(int64_t k, double sum)
{
    return k < 7 ? weights[k] / sum : 0;
}

START_TEST(weighted_choices)
{
    struct cw_alias alias;
    ck_assert_int_eq(cw_alias_init(&alias, weights, 7, NULL), CW_OK);
    for (uint64_t i = 0; i < SAMPLES; i++) {
        samples[i] = cw_alias_pick(&alias, draw_of(i));
        if (weights[(int)samples[i]] == 0)
            ck_abort_msg("%g has no weight", samples[i]);
    }
    assert_discrete(weight_probability, 150.0);
    cw_alias_clear(&alias);
    static const uint32_t one[] = {9};
    ck_assert_int_eq(cw_alias_init_integers(&alias, one, 1, NULL), CW_OK);
    ck_assert_uint_eq(cw_alias_pick(&alias, 0), 0);
    ck_assert_uint_eq(cw_alias_pick(&alias, UINT64_MAX), 0);
    cw_alias_clear(&alias);
}
END_TEST

START_TEST(choices_without_weights_are_refused)
{
    struct cw_alias alias = {0};
    struct cw_error error = {0};
    static const double nothing[2] = {0, 0};
    ck_assert_int_eq(cw_alias_init(&alias, nothing, 2, &error), CW_E_INVALID);
    ck_assert_int_eq(cw_alias_init(&alias, nothing, 0, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "weights");
    ck_assert_ptr_null(alias.cells);
}
END_TEST

/* One digest over all samplers, the same on every machine and with every compiler. */
START_TEST(exact_bits)
{
    uint64_t all = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        struct cw_draws draws[7];
        for (uint64_t d = 0; d < 7; d++) {
            draws[d] = draws_of(7 * i + d);
        }
        const double values[] = {cw_normal(draw_of(i), 35, 12),
                                 cw_log_normal(draw_of(i), 1, 0.5),
                                 cw_exponential(draw_of(i), 4),
                                 cw_gamma(&draws[0], 0.3, 2),
                                 cw_gamma(&draws[1], 3.3, 2),
                                 cw_beta(&draws[2], 0.5, 4),
                                 (double)cw_poisson(&draws[3], 3.5),
                                 (double)cw_poisson(&draws[4], 77.7),
                                 (double)cw_zipf(&draws[5], 5000, 1.07),
                                 (double)cw_positive_poisson(&draws[6], 2)};
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            uint64_t bits;
            memcpy(&bits, &values[v], sizeof bits);
            all = cw_mix(all ^ bits);
        }
    }
    ck_assert_uint_eq(all, 6000762479966655166ULL);
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("distribution", normals, log_normals, exponentials, gammas, betas, poissons,
                         positive_poissons, zipfs, weighted_choices, choices_without_weights_are_refused,
                         exact_bits);
}
