#include "api/rate_limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define WINDOW_SECONDS 60
#define CELLS 8192 /* a power of 2 */
#define PROBES 16

/* What is known of a caller. One without requests at work, whose time has come, is like a new one. */
struct cell {
    uint8_t identity[16];
    int64_t full_at; /* when all of the quota is there again: the theoretical arrival time */
    uint32_t active; /* requests at work */
};

struct cw_rate_limiter {
    struct cw_rate_options options;
    pthread_mutex_t lock;
    struct cell cells[CELLS];
};

cw_status cw_rate_limiter_new(const struct cw_rate_options *options, struct cw_rate_limiter **limiter,
                              struct cw_error *error)
{
    struct cw_rate_limiter *made = calloc(1, sizeof *made);
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for limits of rate");
    }
    made->options = *options;
    *limiter = made;
    return CW_OK;
}

void cw_rate_limiter_free(struct cw_rate_limiter *limiter)
{
    if (limiter != NULL) {
        pthread_mutex_destroy(&limiter->lock);
        free(limiter);
    }
}

static uint64_t spread(const uint8_t identity[16])
{
    uint64_t halves[2];
    memcpy(halves, identity, sizeof halves);
    const uint64_t mixed = (halves[0] ^ halves[1]) * UINT64_C(0x9E3779B97F4A7C15);
    return mixed >> 32;
}

/* The cell of a caller, or NULL. */
static struct cell *find_cell(struct cw_rate_limiter *limiter, const uint8_t identity[16])
{
    const uint64_t start = spread(identity);
    for (uint64_t i = 0; i < PROBES; i++) {
        struct cell *cell = &limiter->cells[(start + i) & (CELLS - 1)];
        if (memcmp(cell->identity, identity, sizeof cell->identity) == 0) {
            return cell;
        }
    }
    return NULL;
}

/* The same, or one that is taken from who needs it least; NULL when all of them have requests at work. */
static struct cell *claim_cell(struct cw_rate_limiter *limiter, const uint8_t identity[16])
{
    struct cell *cell = find_cell(limiter, identity);
    const uint64_t start = spread(identity);
    for (uint64_t i = 0; i < PROBES && (cell == NULL || memcmp(cell->identity, identity, 16) != 0); i++) {
        struct cell *other = &limiter->cells[(start + i) & (CELLS - 1)];
        if (other->active == 0 && (cell == NULL || other->full_at < cell->full_at)) {
            cell = other;
        }
    }
    if (cell != NULL && memcmp(cell->identity, identity, sizeof cell->identity) != 0) {
        *cell = (struct cell){0};
        memcpy(cell->identity, identity, sizeof cell->identity);
    }
    return cell;
}

static int64_t seconds_up(int64_t microseconds)
{
    return microseconds <= 0 ? 0 : (microseconds + SECOND - 1) / SECOND;
}

void cw_rate_take(struct cw_rate_limiter *limiter, const uint8_t identity[16], int64_t rate, int64_t now,
                  struct cw_rate_verdict *verdict)
{
    const int64_t allowed = rate > 0 ? rate : limiter->options.rate;
    *verdict = (struct cw_rate_verdict){0};
    if (allowed <= 0) {
        return;
    }
    const int64_t burst = limiter->options.burst;
    const int64_t quota = burst > 0 && burst < allowed ? burst : allowed;
    const int64_t interval = WINDOW_SECONDS * SECOND / allowed;
    const int64_t tolerance = quota * interval;
    pthread_mutex_lock(&limiter->lock);
    struct cell *cell = claim_cell(limiter, identity);
    int64_t full_at = cell != NULL && cell->full_at > now ? cell->full_at : now;
    const bool is_refused = full_at + interval - now > tolerance;
    if (!is_refused) {
        full_at += interval;
        if (cell != NULL) {
            cell->full_at = full_at;
        }
    }
    pthread_mutex_unlock(&limiter->lock);
    const int64_t left = (tolerance - (full_at - now)) / interval;
    *verdict =
        (struct cw_rate_verdict){.is_limited = true,
                                 .is_refused = is_refused,
                                 .quota = quota,
                                 .window = seconds_up(tolerance),
                                 .remaining = left > 0 ? left : 0,
                                 .reset = seconds_up(full_at - now),
                                 .wait = is_refused ? seconds_up(full_at + interval - now - tolerance) : 0};
}

bool cw_rate_enter(struct cw_rate_limiter *limiter, const uint8_t identity[16], int64_t now)
{
    if (limiter->options.concurrency == 0) {
        return true;
    }
    bool is_let_in = false;
    pthread_mutex_lock(&limiter->lock);
    struct cell *cell = claim_cell(limiter, identity);
    if (cell != NULL && cell->active < limiter->options.concurrency) {
        cell->active++;
        cell->full_at = cell->full_at > now ? cell->full_at : now;
        is_let_in = true;
    }
    pthread_mutex_unlock(&limiter->lock);
    return is_let_in;
}

void cw_rate_leave(struct cw_rate_limiter *limiter, const uint8_t identity[16])
{
    if (limiter->options.concurrency == 0) {
        return;
    }
    pthread_mutex_lock(&limiter->lock);
    struct cell *cell = find_cell(limiter, identity);
    if (cell != NULL && cell->active > 0) {
        cell->active--;
    }
    pthread_mutex_unlock(&limiter->lock);
}
