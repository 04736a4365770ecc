/* The distributions that the shop is drawn from. All are exact functions of their draws, the same on every
 * machine. */
#ifndef CW_ENGINE_DISTRIBUTION_H
#define CW_ENGINE_DISTRIBUTION_H

#include <stdint.h>

#include "base/draw.h"
#include "cartwright/error.h"

/* Normal with the given mean and standard deviation; one draw. */
double cw_normal(uint64_t draw, double mean, double deviation);

/* exp of a normal(mu, sigma); one draw. */
double cw_log_normal(uint64_t draw, double mu, double sigma);

/* Exponential with the given mean; one draw. */
double cw_exponential(uint64_t draw, double mean);

/* Gamma of shape > 0 and scale: G. Marsaglia and W. W. Tsang, ACM TOMS 26 (2000), 363-372. */
double cw_gamma(struct cw_draws *draws, double shape, double scale);

/* Beta(a, b) as a ratio of gammas, in (0, 1). */
double cw_beta(struct cw_draws *draws, double a, double b);

/* Poisson of mean >= 0: by inversion below 10, else transformed rejection (PTRS: W. Hoermann, Insurance:
 * Mathematics and Economics 12 (1993), 39-45). */
int64_t cw_poisson(struct cw_draws *draws, double mean);

/* Poisson of mean > 0 given that it is not 0. */
int64_t cw_positive_poisson(struct cw_draws *draws, double mean);

/* Zipf on 1 .. n with P(k) ~ k^-exponent, exponent > 0: rejection-inversion (W. Hoermann and G. Derflinger,
 * ACM TOMACS 6 (1996), 169-184). */
uint64_t cw_zipf(struct cw_draws *draws, uint64_t n, double exponent);

/* Weighted choice in constant time (the alias method: A. J. Walker 1977, M. D. Vose 1991). */
struct cw_alias_cell {
    uint32_t threshold; /* of 2^32: below it the cell's own index, else other */
    uint32_t other;
};

struct cw_alias {
    uint32_t count;
    struct cw_alias_cell *cells;
};

/* Builds the table of count >= 1 weights, not all 0. Errors: CW_E_INVALID, CW_E_NO_MEMORY. */
cw_status cw_alias_init(struct cw_alias *alias, const double *weights, uint32_t count,
                        struct cw_error *error);
cw_status cw_alias_init_integers(struct cw_alias *alias, const uint32_t *weights, uint32_t count,
                                 struct cw_error *error);
void cw_alias_clear(struct cw_alias *alias);

/* Builds a table in the caller's storage, for many small ones: cells and scratch (count doubles, overwritten)
 * and stack have count places; weights sum to something positive. */
void cw_alias_fill(struct cw_alias_cell *cells, const double *weights, uint32_t count, double *scratch,
                   uint32_t *stack);

/* The cell's own index when chance is below its threshold, else the other. Which of the two is a coin toss,
 * so a branch would be mispredicted: choose by mask. */
static inline uint32_t cw_alias_decide(uint32_t index, uint32_t other, uint32_t threshold, uint32_t chance)
{
    uint32_t keep = 0U - (uint32_t)(chance < threshold);
    return other ^ ((index ^ other) & keep);
}

static inline uint32_t cw_alias_cell_pick(const struct cw_alias_cell *cells, uint32_t count, uint64_t draw)
{
    uint32_t index = (uint32_t)(((draw >> 32) * count) >> 32);
    return cw_alias_decide(index, cells[index].other, cells[index].threshold, (uint32_t)draw);
}

static inline uint32_t cw_alias_pick(const struct cw_alias *alias, uint64_t draw)
{
    return cw_alias_cell_pick(alias->cells, alias->count, draw);
}

/* The same by half a draw; for tables of up to 2^16 cells, beyond which 32 bits would be too few. */
static inline uint32_t cw_alias_pick_half(const struct cw_alias *alias, uint32_t draw)
{
    uint64_t product = (uint64_t)draw * alias->count;
    uint32_t index = (uint32_t)(product >> 32);
    const struct cw_alias_cell *cell = &alias->cells[index];
    return cw_alias_decide(index, cell->other, cell->threshold, (uint32_t)product);
}

/* The same over the probabilities of a positive Poisson, cut at 63: for hot loops. Value = pick + 1. */
cw_status cw_alias_init_positive_poisson(struct cw_alias *alias, double mean, struct cw_error *error);

#endif
