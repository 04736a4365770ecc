/* How much each caller may ask: requests a minute by the generic cell rate algorithm, which needs one time a
 * caller, and requests at the same time. */
#ifndef CW_API_RATE_LIMIT_H
#define CW_API_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/error.h"

#define CW_RATE_MAX 1000000

/* What a caller may do; 0: without limit. */
struct cw_rate_options {
    int64_t rate;         /* requests a minute */
    int64_t burst;        /* of them at once; 0: all */
    uint32_t concurrency; /* requests at the same time */
};

/* What was decided about a request. Zeroed storage: no limit holds. */
struct cw_rate_verdict {
    bool is_limited; /* a rate holds: the numbers below are there */
    bool is_refused;
    int64_t quota;     /* requests at once, when none came lately */
    int64_t window;    /* seconds in which as many are given back */
    int64_t remaining; /* of quota */
    int64_t reset;     /* seconds until all of it is there again */
    int64_t wait;      /* seconds until one request is let through; of a refused one */
};

/* Thread-safe. Remembers the callers that matter, in constant memory. */
struct cw_rate_limiter;

cw_status cw_rate_limiter_new(const struct cw_rate_options *options, struct cw_rate_limiter **limiter,
                              struct cw_error *error);
/* NULL is accepted. */
void cw_rate_limiter_free(struct cw_rate_limiter *limiter);

/* Counts a request of a caller at a time (monotonic microseconds). rate: the caller's own; 0: that of the
 * options. */
void cw_rate_take(struct cw_rate_limiter *limiter, const uint8_t identity[16], int64_t rate, int64_t now,
                  struct cw_rate_verdict *verdict);

/* Notes that a request is at work; false when the caller has too many. Each true needs one cw_rate_leave. */
bool cw_rate_enter(struct cw_rate_limiter *limiter, const uint8_t identity[16], int64_t now);
void cw_rate_leave(struct cw_rate_limiter *limiter, const uint8_t identity[16]);

#endif
