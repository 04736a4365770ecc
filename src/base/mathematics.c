#include "base/mathematics.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static const double ln2_high = 0x1.62e42fee00000p-1;
static const double ln2_low = 0x1.a39ef35793c76p-33;

double cw_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL;
    double mantissa;
    memcpy(&mantissa, &bits, sizeof mantissa);
    if (mantissa > 0x1.6a09e667f3bcdp+0) {
        mantissa *= 0.5;
        exponent++;
    }
    /* ln m = 2 artanh((m - 1) / (m + 1)), whose argument stays within 0.1716. */
    double s = (mantissa - 1.0) / (mantissa + 1.0);
    double z = s * s;
    double series = 1.0 / 23.0;
    for (int k = 21; k >= 3; k -= 2) {
        series = series * z + 1.0 / k;
    }
    double tail = 2.0 * s * z * series;
    return exponent * ln2_high + (2.0 * s + (tail + exponent * ln2_low));
}

static double scale_by_power_of_two(double x, int exponent)
{
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double factor;
    memcpy(&factor, &bits, sizeof factor);
    return x * factor;
}

double cw_exp(double x)
{
    if (x > 709.0) {
        return (double)INFINITY;
    }
    if (x < -745.0) {
        return 0.0;
    }
    double scaled = x * 0x1.71547652b82fep+0;
    int k = (int)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    double r = (x - k * ln2_high) - k * ln2_low;
    double series = 1.0;
    for (int n = 14; n >= 1; n--) {
        series = 1.0 + series * r / n;
    }
    /* Two steps, since 2^k itself may be too small to be a normal number. */
    int half = k / 2;
    return scale_by_power_of_two(scale_by_power_of_two(series, half), k - half);
}

double cw_power(double x, double y)
{
    return cw_exp(y * cw_log(x));
}

double cw_log_factorial(double n)
{
    if (n < 16.0) {
        double product = 1.0;
        for (int k = 2; k <= (int)n; k++) {
            product *= k;
        }
        return cw_log(product);
    }
    double x = n + 1.0;
    double inverse = 1.0 / (x * x);
    double correction =
        (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    return (x - 0.5) * cw_log(x) - x + 0.91893853320467274178 + correction;
}

static double polynomial(const double coefficients[8], double x)
{
    double value = coefficients[7];
    for (int i = 6; i >= 0; i--) {
        value = value * x + coefficients[i];
    }
    return value;
}

double cw_normal_quantile(double p)
{
    static const double centre_above[8] = {
        3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
        4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double centre_below[8] = {1.0,
                                           4.2313330701600911252e1,
                                           6.8718700749205790830e2,
                                           5.3941960214247511077e3,
                                           2.1213794301586595867e4,
                                           3.9307895800092710610e4,
                                           2.8729085735721942674e4,
                                           5.2264952788528545610e3};
    static const double middle_above[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                           5.76949722146069140550e0,  3.64784832476320460504e0,
                                           1.27045825245236838258e0,  2.41780725177450611770e-1,
                                           2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double middle_below[8] = {1.0,
                                           2.05319162663775882187e0,
                                           1.67638483018380384940e0,
                                           6.89767334985100004550e-1,
                                           1.48103976427480074590e-1,
                                           1.51986665636164571966e-2,
                                           5.47593808499534494600e-4,
                                           1.05075007164441684324e-9};
    static const double tail_above[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                         1.78482653991729133580e0,  2.96560571828504891230e-1,
                                         2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                         2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double tail_below[8] = {1.0,
                                         5.99832206555887937690e-1,
                                         1.36929880922735805310e-1,
                                         1.48753612908506148525e-2,
                                         7.86869131145613259100e-4,
                                         1.84631831751005468180e-5,
                                         1.42151175831644588870e-7,
                                         2.04426310338993978564e-15};
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(centre_above, r) / polynomial(centre_below, r);
    }
    double r = sqrt(-cw_log(q < 0 ? p : 1.0 - p));
    double value = r <= 5.0 ? polynomial(middle_above, r - 1.6) / polynomial(middle_below, r - 1.6)
                            : polynomial(tail_above, r - 5.0) / polynomial(tail_below, r - 5.0);
    return q < 0 ? -value : value;
}
