#include "engine/buyers.h"

#define BLOCK_BUYERS 256

uint32_t cw_buyers_count(const struct cw_buyers *buyers)
{
    return buyers->population != NULL ? buyers->population->customer_count : (uint32_t)buyers->plan->count;
}

static void set_traits(struct cw_buyer *buyer, const struct cw_customer *customer)
{
    buyer->created_at = customer->created_at;
    buyer->market = customer->market;
    buyer->segment = customer->segment;
    buyer->region = customer->region;
    buyer->level = cw_customer_level(customer);
}

static void set_known_traits(struct cw_buyer *buyer, const struct cw_known_customer *known)
{
    buyer->created_at = known->created_at;
    buyer->market = known->market;
    buyer->segment = known->segment;
    buyer->region = known->region;
    buyer->level = known->id.bytes[15] % CW_RATE_LEVELS;
}

static void known_traits(const struct cw_population *population, uint32_t first, uint32_t count,
                         struct cw_buyer_traits *traits)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct cw_known_customer *known = &population->customers[first + i];
        traits[i] = (struct cw_buyer_traits){
            .region = known->region,
            .market = known->market,
            .segment = known->segment,
            .level = known->id.bytes[15] % CW_RATE_LEVELS,
            .can_order = known->address_count > 0 && known->payment_method_count > 0,
        };
    }
}

void cw_buyers_traits(const struct cw_buyers *buyers, uint32_t first, uint32_t count,
                      struct cw_buyer_traits *traits)
{
    if (buyers->population != NULL) {
        known_traits(buyers->population, first, count, traits);
        return;
    }
    struct cw_customer customers[BLOCK_BUYERS];
    for (uint32_t done = 0; done < count; done += BLOCK_BUYERS) {
        uint32_t block = count - done < BLOCK_BUYERS ? count - done : BLOCK_BUYERS;
        cw_customers_make(buyers->plan, (int64_t)first + done, block, customers);
        for (uint32_t i = 0; i < block; i++) {
            traits[done + i] = (struct cw_buyer_traits){
                .region = customers[i].region,
                .market = customers[i].market,
                .segment = customers[i].segment,
                .level = cw_customer_level(&customers[i]),
                .can_order = true,
            };
        }
    }
}

static uint8_t choices(uint8_t count)
{
    return count < CW_BUYER_CHOICES ? count : CW_BUYER_CHOICES;
}

static void get_known(const struct cw_population *population, uint32_t index, struct cw_buyer *buyer)
{
    const struct cw_known_customer *known = &population->customers[index];
    buyer->id = known->id;
    set_known_traits(buyer, known);
    buyer->address_count = choices(known->address_count);
    buyer->method_count = choices(known->payment_method_count);
    for (uint8_t k = 0; k < buyer->address_count; k++)
        buyer->addresses[k] = population->addresses[known->first_address + k];
    for (uint8_t k = 0; k < buyer->method_count; k++)
        buyer->methods[k] = population->payment_methods[known->first_payment_method + k];
}

void cw_buyer_get(const struct cw_buyers *buyers, uint32_t index, struct cw_buyer *buyer)
{
    buyer->index = index;
    if (buyers->population != NULL) {
        get_known(buyers->population, index, buyer);
        return;
    }
    struct cw_customer customer;
    cw_customer_make(buyers->plan, index, &customer);
    set_traits(buyer, &customer);
    cw_customer_id(buyers->plan, &customer, buyer->id.bytes);
    buyer->address_count = cw_customer_address_count(&customer);
    buyer->method_count = cw_customer_method_count(&customer);
    for (uint32_t k = 0; k < buyer->address_count; k++)
        cw_customer_address(buyers->plan, &customer, k, &buyer->addresses[k]);
    for (uint32_t k = 0; k < buyer->method_count; k++) {
        struct cw_method_detail detail;
        cw_customer_method(buyers->plan, &customer, k, &detail);
        buyer->methods[k] = detail.known;
    }
}

int32_t cw_buyer_birth_date(const struct cw_buyers *buyers, uint32_t index)
{
    if (buyers->population != NULL)
        return buyers->population->customers[index].birth_date;
    struct cw_customer customer;
    struct cw_identity identity;
    cw_customer_make(buyers->plan, index, &customer);
    cw_customer_identify(buyers->plan, &customer, &identity);
    return identity.birth_date;
}

/* The curve says about how many; the rows around that say exactly. */
static uint32_t made_before(const struct cw_customer_plan *plan, int64_t time)
{
    struct cw_customer customer;
    int64_t count = (int64_t)(cw_growth_share(plan->growth, time) * (double)plan->count);
    for (; count < plan->count; count++) {
        cw_customer_make(plan, count, &customer);
        if (customer.created_at >= time) {
            break;
        }
    }
    for (; count > 0; count--) {
        cw_customer_make(plan, count - 1, &customer);
        if (customer.created_at < time) {
            break;
        }
    }
    return (uint32_t)count;
}

uint32_t cw_buyers_before(const struct cw_buyers *buyers, int64_t time)
{
    if (buyers->population == NULL) {
        return made_before(buyers->plan, time);
    }
    uint32_t low = 0;
    uint32_t high = buyers->population->customer_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (buyers->population->customers[middle].created_at < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
