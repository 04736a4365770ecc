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

/* The counters are read inside the mutex: a run that commits and releases in between would be missed
 * otherwise. */
static cw_status priors_take(struct cw_store *store, struct cw_run_spec *spec, bool reserve,
                             struct cw_error *error)
{
    struct cw_reservations *reservations = &store->reservations;
    struct cw_priors priors = {0};
    pthread_mutex_lock(&reservations->mutex);
    const cw_status status = store->operations->priors(store, &priors, error);
    if (status == CW_OK) {
        if (reservations->open_count > 0) {
            raise_to(&priors, &reservations->marks);
        }
        set_priors(spec, &priors);
        if (reserve) {
            reservations->open_count++;
            reservations->marks = priors;
            advance(&reservations->marks, spec);
        }
    }
    pthread_mutex_unlock(&reservations->mutex);
    return status;
}

cw_status cw_store_priors(struct cw_store *store, struct cw_run_spec *spec, struct cw_error *error)
{
    return priors_take(store, spec, false, error);
}

cw_status cw_store_reserve_numbers(struct cw_store *store, struct cw_run_spec *spec, struct cw_error *error)
{
    return priors_take(store, spec, true, error);
}

void cw_store_release_numbers(struct cw_store *store)
{
    pthread_mutex_lock(&store->reservations.mutex);
    store->reservations.open_count--;
    pthread_mutex_unlock(&store->reservations.mutex);
}
