/* The customers who may order: those a run makes itself, by row number, or those of the world it builds upon.
 */
#ifndef CW_ENGINE_BUYERS_H
#define CW_ENGINE_BUYERS_H

#include "engine/customer_plan.h"
#include "model/world.h"

#define CW_BUYER_CHOICES 8 /* addresses and payment methods considered */

struct cw_buyers {
    const struct cw_customer_plan *plan; /* used when population is NULL */
    const struct cw_population *population;
};

struct cw_buyer {
    struct cw_uuid id;
    int64_t created_at;
    uint32_t index;
    uint8_t market;
    uint8_t segment;
    uint16_t region;
    uint8_t level; /* purchase rate within the segment */
    uint8_t address_count;
    uint8_t method_count;
    struct cw_known_address addresses[CW_BUYER_CHOICES];
    struct cw_known_payment_method methods[CW_BUYER_CHOICES];
};

uint32_t cw_buyers_count(const struct cw_buyers *buyers);

/* What decides where and how often a buyer orders. */
struct cw_buyer_traits {
    uint16_t region;
    uint8_t market;
    uint8_t segment;
    uint8_t level;
    bool can_order; /* false without address or payment method */
};

/* The traits of buyers [first, first + count), all below the number of buyers. */
void cw_buyers_traits(const struct cw_buyers *buyers, uint32_t first, uint32_t count,
                      struct cw_buyer_traits *traits);

/* All of a buyer. */
void cw_buyer_get(const struct cw_buyers *buyers, uint32_t index, struct cw_buyer *buyer);

/* Day of birth (days since 1970). */
int32_t cw_buyer_birth_date(const struct cw_buyers *buyers, uint32_t index);

/* How many buyers, who are counted in the order of sign-up, had signed up before an instant. */
uint32_t cw_buyers_before(const struct cw_buyers *buyers, int64_t time);

#endif
