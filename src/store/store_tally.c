#include "store/store_tally.h"

#include <string.h>

#include "model/columns.h"
#include "model/reference.h"

/* The market of a customer row; customers of unknown countries use up no numbers. Neighbours often share a
 * country, so the last answer is kept. */
struct market_memory {
    char country[2];
    int market;
};

static int market_of(struct market_memory *memory, const char *text, size_t length)
{
    if (length != sizeof memory->country) {
        return -1;
    }
    if (memcmp(memory->country, text, length) != 0) {
        const char code[] = {text[0], text[1], '\0'};
        memcpy(memory->country, text, length);
        memory->market = cw_market_find(code);
    }
    return memory->market;
}

void cw_tally_add(struct cw_tally *tally, const struct cw_batch *batch, int64_t added)
{
    tally->rows[batch->entity->id] += added;
    if (batch->entity->id != CW_ENTITY_CUSTOMER) {
        return;
    }
    const struct cw_column *countries = &batch->columns[CW_CUSTOMER_COUNTRY];
    struct market_memory memory = {.market = -1};
    for (int64_t row = 0; row < batch->row_count; row++) {
        size_t length;
        const char *country = cw_column_string(countries, row, &length);
        const int market = market_of(&memory, country, length);
        if (market >= 0 && market < CW_MARKETS_MAX) {
            tally->customers[market]++;
        }
    }
}

void cw_tally_sum(struct cw_tally *tally, const struct cw_tally *other)
{
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        tally->rows[e] += other->rows[e];
    }
    for (int m = 0; m < CW_MARKETS_MAX; m++) {
        tally->customers[m] += other->customers[m];
    }
}

/* A run that began after `prior` numbers and made `made` rows used up prior + made of them. Without a prior
 * it may have been made for an empty shop or by someone who did not ask: then its rows come on top. */
static void use(struct cw_use *use, int64_t prior, int64_t made)
{
    if (made > 0 && prior > 0) {
        use->least = prior + made > use->least ? prior + made : use->least;
    } else {
        use->added += made;
        use->least += made;
    }
}

void cw_usage_add(struct cw_usage *usage, const struct cw_tally *tally, const struct cw_priors *priors)
{
    for (uint32_t m = 0; m < CW_MARKETS_MAX; m++) {
        struct cw_use *customers = &usage->customers[m];
        use(customers, priors->customers[m], tally->customers[m]);
        /* The ids of a run go on after the sum of all markets: the next sum must lie beyond them, though this
         * run may have counted numbers of others that made less of them. */
        if (tally->rows[CW_ENTITY_CUSTOMER] > 0 && priors->customers[m] > customers->least) {
            customers->least = priors->customers[m];
        }
    }
    use(&usage->customer_runs, priors->customer_runs, tally->rows[CW_ENTITY_CUSTOMER] > 0);
    use(&usage->products, priors->products, tally->rows[CW_ENTITY_PRODUCT]);
    use(&usage->orders, priors->orders, tally->rows[CW_ENTITY_ORDER]);
}

void cw_usage_add_run(struct cw_usage *usage, const struct cw_batch *const batches[CW_ENTITY_COUNT],
                      const struct cw_priors *priors)
{
    struct cw_tally tally = {0};
    for (int e = 0; e < CW_ENTITY_COUNT; e++) {
        if (batches[e] != NULL && batches[e]->row_count > 0) {
            cw_tally_add(&tally, batches[e], batches[e]->row_count);
        }
    }
    cw_usage_add(usage, &tally, priors);
}

void cw_counter_take(const char *name, int64_t value, int64_t rows[CW_ENTITY_COUNT], struct cw_priors *priors)
{
    if (strncmp(name, "rows.", 5) == 0) {
        const struct cw_entity *entity = cw_entity_find(name + 5, strlen(name + 5));
        if (entity != NULL && rows != NULL) {
            rows[entity->id] = value;
        }
    } else if (priors == NULL) {
        return;
    } else if (strncmp(name, "used.customers.", 15) == 0) {
        const int market = cw_market_find(name + 15);
        if (market >= 0 && market < CW_MARKETS_MAX) {
            priors->customers[market] = value;
        }
    } else if (strcmp(name, "used.customer_runs") == 0) {
        priors->customer_runs = value;
    } else if (strcmp(name, "used.products") == 0) {
        priors->products = value;
    } else if (strcmp(name, "used.orders") == 0) {
        priors->orders = value;
    }
}
