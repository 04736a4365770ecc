#include "engine/distribution.h"

#include <math.h>
#include <stdlib.h>

#include "base/mathematics.h"

double cw_normal(uint64_t draw, double mean, double deviation)
{
    return mean + deviation * cw_normal_quantile(cw_unit_open(draw));
}

double cw_log_normal(uint64_t draw, double mu, double sigma)
{
    return cw_exp(cw_normal(draw, mu, sigma));
}

double cw_exponential(uint64_t draw, double mean)
{
    return -mean * cw_log(cw_unit_open(draw));
}

double cw_gamma(struct cw_draws *draws, double shape, double scale)
{
    if (shape < 1.0) {
        double boost = cw_power(cw_unit_open(cw_draws_next(draws)), 1.0 / shape);
        return boost * cw_gamma(draws, shape + 1.0, scale);
    }
    double d = shape - 1.0 / 3.0;
    double c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        double x = cw_normal_quantile(cw_unit_open(cw_draws_next(draws)));
        double v = 1.0 + c * x;
        double u = cw_unit_open(cw_draws_next(draws));
        if (v <= 0.0) {
            continue;
        }
        v = v * v * v;
        if (cw_log(u) < 0.5 * x * x + d - d * v + d * cw_log(v)) {
            return scale * d * v;
        }
    }
}

double cw_beta(struct cw_draws *draws, double a, double b)
{
    double x = cw_gamma(draws, a, 1.0);
    double y = cw_gamma(draws, b, 1.0);
    return x / (x + y);
}

/* Sums the probabilities up to a uniform; cap guards against a uniform that rounding leaves above the whole
 * sum. */
static int64_t invert_poisson(double uniform, double mean, int64_t first)
{
    double probability = cw_exp(-mean);
    if (first == 1) {
        probability = probability * mean / (1.0 - probability);
    }
    double sum = probability;
    int64_t k = first;
    while (uniform >= sum && k < first + 200) {
        k++;
        probability *= mean / (double)k;
        sum += probability;
    }
    return k;
}

int64_t cw_poisson(struct cw_draws *draws, double mean)
{
    if (mean <= 0.0) {
        return 0;
    }
    if (mean < 10.0) {
        return invert_poisson(cw_unit(cw_draws_next(draws)), mean, 0);
    }
    double log_mean = cw_log(mean);
    double b = 0.931 + 2.53 * sqrt(mean);
    double a = -0.059 + 0.02483 * b;
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    double v_r = 0.9277 - 3.6224 / (b - 2.0);
    for (;;) {
        double u = cw_unit_open(cw_draws_next(draws)) - 0.5;
        double v = cw_unit_open(cw_draws_next(draws));
        double us = 0.5 - fabs(u);
        double k = floor((2.0 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= v_r) {
            return (int64_t)k;
        }
        if (k < 0.0 || (us < 0.013 && v > us)) {
            continue;
        }
        double left = cw_log(v) + cw_log(inverse_alpha) - cw_log(a / (us * us) + b);
        if (left <= -mean + k * log_mean - cw_log_factorial(k)) {
            return (int64_t)k;
        }
    }
}

int64_t cw_positive_poisson(struct cw_draws *draws, double mean)
{
    if (mean < 10.0) {
        return invert_poisson(cw_unit(cw_draws_next(draws)), mean, 1);
    }
    for (;;) {
        int64_t k = cw_poisson(draws, mean);
        if (k > 0) {
            return k;
        }
    }
}

/* The integral of x^-exponent and its inverse, with the limit at exponent 1. */
static double zipf_integral(double x, double exponent)
{
    double log_x = cw_log(x);
    double t = (1.0 - exponent) * log_x;
    if (fabs(t) < 1e-8) {
        return log_x * (1.0 + t / 2.0);
    }
    return (cw_exp(t) - 1.0) / (1.0 - exponent);
}

static double zipf_integral_inverse(double y, double exponent)
{
    double t = y * (1.0 - exponent);
    if (t < -1.0) {
        t = -1.0;
    }
    if (fabs(t) < 1e-8) {
        return cw_exp(y * (1.0 - t / 2.0));
    }
    return cw_exp(cw_log(1.0 + t) / (1.0 - exponent));
}

uint64_t cw_zipf(struct cw_draws *draws, uint64_t n, double exponent)
{
    double low = zipf_integral(1.5, exponent) - 1.0;
    double high = zipf_integral((double)n + 0.5, exponent);
    double shift =
        2.0 - zipf_integral_inverse(zipf_integral(2.5, exponent) - cw_power(2.0, -exponent), exponent);
    for (;;) {
        double u = high + cw_unit_open(cw_draws_next(draws)) * (low - high);
        double x = zipf_integral_inverse(u, exponent);
        double k = floor(x + 0.5);
        if (k < 1.0) {
            k = 1.0;
        } else if (k > (double)n) {
            k = (double)n;
        }
        if (k - x <= shift || u >= zipf_integral(k + 0.5, exponent) - cw_power(k, -exponent)) {
            return (uint64_t)k;
        }
    }
}

/* Vose's construction; stacks of small and large cells share one array from both ends. */
void cw_alias_fill(struct cw_alias_cell *cells, const double *weights, uint32_t count, double *scratch,
                   uint32_t *stack)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        sum += weights[i];
    }
    uint32_t small = 0;
    uint32_t large = count;
    for (uint32_t i = 0; i < count; i++) {
        scratch[i] = weights[i] * (double)count / sum;
        if (scratch[i] < 1.0) {
            stack[small++] = i;
        } else {
            stack[--large] = i;
        }
    }
    while (small > 0 && large < count) {
        uint32_t low = stack[--small];
        uint32_t high = stack[large];
        cells[low] = (struct cw_alias_cell){(uint32_t)(scratch[low] * 4294967295.0), high};
        scratch[high] -= 1.0 - scratch[low];
        if (scratch[high] < 1.0) {
            large++;
            stack[small++] = high;
        }
    }
    while (small > 0) {
        uint32_t i = stack[--small];
        cells[i] = (struct cw_alias_cell){UINT32_MAX, i};
    }
    while (large < count) {
        uint32_t i = stack[large++];
        cells[i] = (struct cw_alias_cell){UINT32_MAX, i};
    }
}

cw_status cw_alias_init(struct cw_alias *alias, const double *weights, uint32_t count, struct cw_error *error)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        sum += weights[i];
    }
    if (count == 0 || !(sum > 0.0)) {
        return cw_error_set(error, CW_E_INVALID, "weights", "%u weights sum to %g; expected a positive sum",
                            count, sum);
    }
    double *scratch = malloc(count * sizeof *scratch);
    uint32_t *stack = malloc(count * sizeof *stack);
    struct cw_alias_cell *cells = malloc(count * sizeof *cells);
    if (scratch == NULL || stack == NULL || cells == NULL) {
        free(scratch);
        free(stack);
        free(cells);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for an alias table of %u weights", count);
    }
    cw_alias_fill(cells, weights, count, scratch, stack);
    *alias = (struct cw_alias){count, cells};
    free(scratch);
    free(stack);
    return CW_OK;
}

cw_status cw_alias_init_integers(struct cw_alias *alias, const uint32_t *weights, uint32_t count,
                                 struct cw_error *error)
{
    double *copy = malloc((count + 1) * sizeof *copy);
    if (copy == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %u weights", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = weights[i];
    }
    cw_status status = cw_alias_init(alias, copy, count, error);
    free(copy);
    return status;
}

void cw_alias_clear(struct cw_alias *alias)
{
    free(alias->cells);
    *alias = (struct cw_alias){0};
}

cw_status cw_alias_init_positive_poisson(struct cw_alias *alias, double mean, struct cw_error *error)
{
    double weights[63];
    double probability = 1.0;
    for (int k = 1; k <= 63; k++) {
        probability *= mean / k;
        weights[k - 1] = probability;
    }
    return cw_alias_init(alias, weights, 63, error);
}
