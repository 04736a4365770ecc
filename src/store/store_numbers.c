/* Numbers behind unique values, given to runs before they are committed. */
#include <string.h>

#include "store/store_base.h"

static int64_t higher(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void raise_to(struct cw_priors *priors, const struct cw_priors *other)
{
    for (uint32_t m = 0; m < CW_MARKETS_MAX; m++) {
        priors->customers[m] = higher(priors->customers[m], other->customers[m]);
    }
    priors->customer_runs = higher(priors->customer_runs, other->customer_runs);
    priors->products = higher(priors->products, other->products);
    priors->orders = higher(priors->orders, other->orders);
}

static void advance(struct cw_priors *marks, const struct cw_run_spec *spec)
{
    for (uint32_t m = 0; m < CW_MARKETS_MAX; m++) {
        marks->customers[m] += higher(spec->customers, 0);
    }
    marks->customer_runs += spec->customers > 0;
    marks->products += higher(spec->products, 0);
    marks->orders += higher(spec->orders, 0);
}

struct cw_priors cw_priors_of(const struct cw_run_spec *spec)
{
    struct cw_priors priors = {
        .customer_runs = spec->prior_customer_runs,
        .products = spec->prior_products,
        .orders = spec->prior_orders,
    };
    memcpy(priors.customers, spec->prior_customers, sizeof priors.customers);
    return priors;
}

static void set_priors(struct cw_run_spec *spec, const struct cw_priors *priors)
{
    memcpy(spec->prior_customers, priors->customers, sizeof priors->customers);
    spec->prior_customer_runs = priors->customer_runs;
    spec->prior_products = priors->products;
    spec->prior_orders = priors->orders;
}

/* Reads the counters; the mutex is held, but not meanwhile. */
static void read_counters(struct cw_store *store)
{
    struct cw_reservations *reservations = &store->reservations;
    struct cw_priors priors = {0};
    int64_t rows[CW_ENTITY_COUNT] = {0};
    struct cw_error error = {0};
    reservations->begun++;
    pthread_mutex_unlock(&reservations->mutex);
    const cw_status status = store->operations->counters(store, rows, &priors, &error);
    pthread_mutex_lock(&reservations->mutex);
    reservations->status = status;
    reservations->error = error;
    reservations->priors = priors;
    memcpy(reservations->rows, rows, sizeof rows);
    reservations->ended = reservations->begun;
    pthread_cond_broadcast(&reservations->changed);
}

/* Waits for a reading that began after this call, or does it. The mutex is held. */
static cw_status await_counters(struct cw_store *store, struct cw_error *error)
{
    struct cw_reservations *reservations = &store->reservations;
    const int64_t wanted = reservations->begun + 1;
    while (reservations->ended < wanted) {
        if (reservations->begun == reservations->ended) {
            read_counters(store);
        } else {
            pthread_cond_wait(&reservations->changed, &reservations->mutex);
        }
    }
    if (reservations->status != CW_OK && error != NULL) {
        *error = reservations->error;
    }
    return reservations->status;
}

/* A run is counted as open before the counters are read: marks stay while one is, so that a run which commits
 * after the reading and releases its numbers before the result is used is not missed. */
static cw_status priors_take(struct cw_store *store, struct cw_run_spec *spec, bool reserve, int64_t *rows,
                             struct cw_error *error)
{
    struct cw_reservations *reservations = &store->reservations;
    pthread_mutex_lock(&reservations->mutex);
    if (reservations->open_count++ == 0) {
        reservations->marks = (struct cw_priors){0};
    }
    const cw_status status = await_counters(store, error);
    if (status == CW_OK) {
        struct cw_priors priors = reservations->priors;
        raise_to(&priors, &reservations->marks);
        set_priors(spec, &priors);
        if (reserve) {
            reservations->marks = priors;
            advance(&reservations->marks, spec);
            memcpy(rows, reservations->rows, sizeof reservations->rows);
        }
    }
    reservations->open_count -= status != CW_OK || !reserve;
    pthread_mutex_unlock(&reservations->mutex);
    return status;
}

cw_status cw_store_priors(struct cw_store *store, struct cw_run_spec *spec, struct cw_error *error)
{
    return priors_take(store, spec, false, NULL, error);
}

cw_status cw_store_reserve_numbers(struct cw_store *store, struct cw_run_spec *spec,
                                   int64_t rows[CW_ENTITY_COUNT], struct cw_error *error)
{
    return priors_take(store, spec, true, rows, error);
}

void cw_store_release_numbers(struct cw_store *store)
{
    pthread_mutex_lock(&store->reservations.mutex);
    store->reservations.open_count--;
    pthread_mutex_unlock(&store->reservations.mutex);
}
