/* The elementary functions against libm in long double, and their exact bits, which no machine may change. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/draw.h"
#include "base/mathematics.h"
#include "harness.h"

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint64_t draw_number(uint64_t row)
{
    return cw_draw(cw_stream_make(1, 0, 0), row, 0);
}

static void assert_close(double found, long double expected, long double relative)
{
    long double difference = fabsl((long double)found - expected);
    ck_assert_msg(difference <= relative * fabsl(expected) + 1e-300L, "%.17g; expected %.21Lg", found,
                  expected);
}

START_TEST(logarithms)
{
    ck_assert_double_eq(cw_log(1.0), 0.0);
    assert_close(cw_log(0x1p-1022), logl(0x1p-1022L), 1e-15L);
    assert_close(cw_log(0x1.fffffffffffffp+1023), logl(0x1.fffffffffffffp+1023L), 1e-15L);
    for (uint64_t i = 0; i < 200000; i++) {
        uint64_t draw = draw_number(i);
        double x = ldexp(1.0 + cw_unit(draw), (int)(draw % 200) - 100);
        assert_close(cw_log(x), logl((long double)x), 1e-15L);
        double near_one = 1.0 + (cw_unit(draw) - 0.5) * 1e-3;
        assert_close(cw_log(near_one), logl((long double)near_one), 2e-15L);
    }
}
END_TEST

START_TEST(exponentials)
{
    ck_assert_double_eq(cw_exp(0.0), 1.0);
    ck_assert_double_eq(cw_exp(-746.0), 0.0);
    ck_assert(isinf(cw_exp(710.0)));
    ck_assert_double_gt(cw_exp(-744.0), 0.0);
    for (uint64_t i = 0; i < 200000; i++) {
        double x = (cw_unit(draw_number(i)) - 0.5) * 1400.0;
        assert_close(cw_exp(x), expl((long double)x), 1e-15L);
        double small = x / 1e6;
        assert_close(cw_exp(small), expl((long double)small), 1e-15L);
    }
}
END_TEST

START_TEST(powers)
{
    ck_assert_double_eq(cw_power(7.0, 0.0), 1.0);
    for (uint64_t i = 0; i < 100000; i++) {
        double x = 0.001 + 100.0 * cw_unit(draw_number(i));
        double y = (cw_unit(draw_number(i + 1000000)) - 0.5) * 20.0;
        assert_close(cw_power(x, y), powl((long double)x, (long double)y), 1e-13L);
    }
}
END_TEST

START_TEST(log_factorials)
{
    for (int n = 0; n < 100000; n = n < 200 ? n + 1 : n * 2) {
        long double expected = lgammal((long double)n + 1.0L);
        ck_assert_double_eq_tol(cw_log_factorial(n), (double)expected, 1e-10 + (double)expected * 1e-15);
    }
}
END_TEST

/* The distribution function of the quantile gives the probability back. */
START_TEST(normal_quantiles)
{
    ck_assert_double_eq(cw_normal_quantile(0.5), 0.0);
    assert_close(cw_normal_quantile(0.975), 1.959963984540054235524594L, 1e-15L);
    assert_close(cw_normal_quantile(0.0001), -3.719016485455680564L, 1e-14L);
    assert_close(cw_normal_quantile(1e-300), -37.0471L, 1e-5L);
    for (uint64_t i = 0; i < 100000; i++) {
        double p = cw_unit_open(draw_number(i));
        double x = cw_normal_quantile(p);
        assert_close(p, 0.5L * erfcl(-(long double)x / sqrtl(2.0L)),
                     1e-14L * (1.0L + fabsl((long double)x) * 10.0L));
        if (i % 16 == 0) {
            double tiny = ldexp(p, -40);
            assert_close(tiny, 0.5L * erfcl(-(long double)cw_normal_quantile(tiny) / sqrtl(2.0L)), 1e-13L);
        }
    }
}
END_TEST

/* The same on x86-64 and arm64, with gcc and clang, with and without optimization. */
START_TEST(exact_bits)
{
    ck_assert_uint_eq(bits_of(cw_log(2.0)), 0x3fe62e42fefa39efULL);
    ck_assert_uint_eq(bits_of(cw_log(0.1)), 0xc0026bb1bbb55515ULL);
    ck_assert_uint_eq(bits_of(cw_exp(1.0)), 0x4005bf0a8b14576aULL);
    ck_assert_uint_eq(bits_of(cw_exp(-20.3)), 0x3e1a3b8dc86d1c8eULL);
    ck_assert_uint_eq(bits_of(cw_power(1.33, 2.7)), 0x400147207171f541ULL);
    ck_assert_uint_eq(bits_of(cw_log_factorial(100.0)), 0x4076bbd47b7669b6ULL);
    ck_assert_uint_eq(bits_of(cw_normal_quantile(0.01)), 0xc0029c5c4630ff0eULL);
    ck_assert_uint_eq(bits_of(cw_normal_quantile(0.7)), 0x3fe0c7e39582c5faULL);
    uint64_t all = 0;
    for (uint64_t i = 0; i < 100000; i++) {
        double u = cw_unit_open(draw_number(i));
        all = cw_mix(all ^ bits_of(cw_log(u)));
        all = cw_mix(all ^ bits_of(cw_exp(u * 40.0 - 20.0)));
        all = cw_mix(all ^ bits_of(cw_normal_quantile(u)));
    }
    ck_assert_uint_eq(all, 0x9091517022341665ULL);
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("mathematics", logarithms, exponentials, powers, log_factorials, normal_quantiles,
                         exact_bits);
}
