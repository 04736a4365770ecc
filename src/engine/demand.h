/* Demand: which fulfilment centres take part (cells), how many orders fall into which hour of each (slots),
 * and which buyers place them. */
#ifndef CW_ENGINE_DEMAND_H
#define CW_ENGINE_DEMAND_H

#include "engine/buyers.h"
#include "engine/distribution.h"

#define CW_RATE_CLASSES (CW_SEGMENT_COUNT * CW_RATE_LEVELS)
#define CW_CELL_ZONES_MAX 12

/* Buyers of one cell and time zone, by class of purchase rate; each list ascending, hence in order of
 * sign-up. */
struct cw_buyer_group {
    uint32_t zone;                       /* index for cw_zone_get */
    uint32_t first[CW_RATE_CLASSES + 1]; /* lists stand one after another in cw_demand.members */
};

/* A fulfilment centre and the orders of its own region. */
struct cw_cell {
    uint32_t site; /* index for cw_fulfilment_site_get */
    uint32_t market;
    uint32_t group_count;
    struct cw_buyer_group groups[CW_CELL_ZONES_MAX];
    int64_t first_order; /* of the run: the cell's orders are [first_order, first_order + order_count) */
    int64_t order_count;
    int64_t *slot_orders; /* slots + 1: orders of the cell before each slot */
    int64_t first_unit;   /* of the demand's units */
    int64_t unit_count;
};

/* A stretch of a cell's orders in order of time, made by one task. */
struct cw_unit {
    uint32_t cell;
    uint32_t first_slot;
    int64_t first; /* of the cell's orders */
    int64_t count;
};

struct cw_demand {
    struct cw_buyers buyers;
    int64_t from, to;
    enum cw_behavior behavior;
    int64_t first_hour; /* hours since 1970 UTC: slot s is the hour first_hour + s, cut to [from, to) */
    int32_t slot_count;
    int32_t slots_per_step; /* new customers begin to order at the next step */
    int32_t peak_day;       /* local day of tenfold demand, or 0 */
    int32_t holiday_end;    /* last local day of rising demand, or 0 */
    uint32_t cell_count;
    struct cw_cell *cells;
    uint32_t *members;
    int64_t unit_count;
    struct cw_unit *units;
    struct cw_stream stream;
};

/* Sites that share the orders of a resolved spec, in site order; sites has room for all. Errors: CW_E_INVALID
 * when spec->cells is not possible with its markets. */
cw_status cw_demand_sites(const struct cw_run_spec *spec, uint32_t *sites, uint32_t *count,
                          struct cw_error *error);

/* Distributes the orders, on up to so many threads. buyers are copied, what they point to must outlive the
 * demand.
 * Errors: CW_E_INVALID when nobody can order in the range, CW_E_NOT_FOUND for an unknown customer_id. */
cw_status cw_demand_init(struct cw_demand *demand, const struct cw_run_spec *spec,
                         const struct cw_buyers *buyers, const struct cw_market_tables *tables,
                         uint32_t threads, struct cw_error *error);
void cw_demand_clear(struct cw_demand *demand);

/* The part of the orders that comes from each segment once all buyers have signed up; all 0 without buyers.
 */
void cw_demand_segment_shares(const struct cw_demand *demand, double shares[CW_SEGMENT_COUNT]);

/* Bounds of a slot (microseconds UTC). */
static inline int64_t cw_slot_start(const struct cw_demand *demand, int32_t slot)
{
    int64_t start = (demand->first_hour + slot) * INT64_C(3600000000);
    return start > demand->from ? start : demand->from;
}

/* Who may be drawn in a slot: weights of each group and class, summed up. */
struct cw_buyer_choice {
    int32_t step;                                       /* the step that sizes belong to; -1: none */
    uint32_t sizes[CW_CELL_ZONES_MAX][CW_RATE_CLASSES]; /* buyers signed up by then */
    double group_rates[CW_CELL_ZONES_MAX];
};

/* Brings a choice up to date for a slot of a cell. */
void cw_buyer_choice_update(const struct cw_demand *demand, const struct cw_cell *cell, int32_t slot,
                            struct cw_buyer_choice *choice);

/* Weight of a group in a slot: its buyers' rates times the shape of day and hour in its zone. */
double cw_demand_weight(const struct cw_demand *demand, const struct cw_buyer_group *group, double rate,
                        int32_t slot);

/* Draws a buyer of a group. */
uint32_t cw_buyer_pick(const struct cw_demand *demand, const struct cw_buyer_group *group,
                       const struct cw_buyer_choice *choice, uint32_t group_index, uint64_t draw);

#endif
