#include "engine/demand.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/mathematics.h"
#include "base/parse.h"
#include "engine/crew.h"
#include "engine/season.h"
#include "model/zone.h"

#define UNIT_ORDERS 2048
#define DAY_NOISE 0.12      /* standard deviation of the logarithm of a day's own factor */
#define LONG_RANGE_SLOTS 96 /* beyond, buyers are counted once a day */
#define FEW_SLOTS 10000     /* of all cells: no work for several threads */

enum { DRAW_SLOT = 1, DRAW_DAY = 2, DRAW_PHASE = 3 };

/* Orders of a buyer beside those of a regular one. Within a segment a quarter each buys at every level, of
 * which the mean is 1. The levels are as far apart as orders per customer say that were measured in real
 * shops, see docs/realism.md. */
static const double segment_rates[CW_SEGMENT_COUNT] = {1.2, 1.0, 4.0, 5.0, 0.06};
static const double level_rates[CW_RATE_LEVELS] = {0.08, 0.3, 0.92, 2.7};

static double class_rate(uint32_t class)
{
    return segment_rates[class / CW_RATE_LEVELS] * level_rates[class % CW_RATE_LEVELS];
}

static cw_status no_memory(struct cw_error *error, const char *what)
{
    return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for %s", what);
}

/* ---- Groups of buyers ---- */

/* Cell and group of a buyer's region: the centre of its market nearest in local time, in turn where several
 * are. */
struct router {
    uint8_t *cells; /* by market and region */
    uint8_t *groups;
    uint32_t offsets[CW_MARKETS_MAX + 1];
};

static int32_t winter_offset(uint32_t zone)
{
    return cw_zone_offset(cw_zone_get(zone), 1767225600);
}

static uint32_t nearest_cell(const struct cw_demand *demand, uint32_t market, uint32_t zone, uint32_t region)
{
    uint32_t candidates[256] = {0};
    uint32_t count = 0;
    int32_t best = INT32_MAX;
    for (uint32_t c = 0; c < demand->cell_count; c++) {
        if (demand->cells[c].market != market) {
            continue;
        }
        int32_t distance =
            winter_offset(cw_fulfilment_site_get(demand->cells[c].site)->zone) - winter_offset(zone);
        distance = distance < 0 ? -distance : distance;
        if (distance < best) {
            best = distance;
            count = 0;
        }
        if (distance == best && count < 256) {
            candidates[count++] = c;
        }
    }
    return candidates[region % count];
}

static uint8_t group_of_zone(struct cw_cell *cell, uint32_t zone)
{
    for (uint32_t g = 0; g < cell->group_count; g++) {
        if (cell->groups[g].zone == zone) {
            return (uint8_t)g;
        }
    }
    if (cell->group_count == CW_CELL_ZONES_MAX) {
        return CW_CELL_ZONES_MAX - 1;
    }
    cell->groups[cell->group_count].zone = zone;
    return (uint8_t)cell->group_count++;
}

static cw_status make_router(struct cw_demand *demand, const struct cw_market_tables *tables,
                             struct router *router, struct cw_error *error)
{
    uint32_t total = 0;
    for (uint32_t m = 0; m < tables->count; m++) {
        router->offsets[m] = total;
        total += tables->tables[m].market->regions.count;
    }
    router->offsets[tables->count] = total;
    router->cells = malloc((size_t)total + 1);
    router->groups = calloc((size_t)total + 1, 1);
    if (router->cells == NULL || router->groups == NULL) {
        return no_memory(error, "regions");
    }
    memset(router->cells, 255, total);
    for (uint32_t c = 0; c < demand->cell_count; c++) {
        uint32_t m = demand->cells[c].market;
        for (uint32_t r = 0; r < tables->tables[m].market->regions.count; r++) {
            uint32_t zone = tables->tables[m].region_zones[r];
            uint32_t cell = nearest_cell(demand, m, zone, r);
            router->cells[router->offsets[m] + r] = (uint8_t)cell;
            router->groups[router->offsets[m] + r] = group_of_zone(&demand->cells[cell], zone);
        }
    }
    return CW_OK;
}

#define NO_KEY UINT16_MAX
#define KEY_BLOCK 1024U
#define KEY_PIECE (16 * KEY_BLOCK)

/* The search for the keys of buyers [first, end), in pieces that know nothing of each other. */
struct key_search {
    const struct cw_demand *demand;
    const struct router *router;
    uint32_t first, end;
    uint16_t *key_of;
};

static uint16_t buyer_key(const struct router *router, const struct cw_buyer_traits *traits)
{
    uint32_t place = router->offsets[traits->market] + traits->region;
    if (!traits->can_order || place >= router->offsets[traits->market + 1] || router->cells[place] == 255) {
        return NO_KEY;
    }
    uint32_t class = (uint32_t)traits->segment * CW_RATE_LEVELS + traits->level;
    uint32_t group = (uint32_t)router->cells[place] * CW_CELL_ZONES_MAX + router->groups[place];
    return (uint16_t)(group * CW_RATE_CLASSES + class);
}

static void find_keys(void *context, uint32_t piece)
{
    const struct key_search *search = context;
    struct cw_buyer_traits traits[KEY_BLOCK];
    const uint32_t count = search->end - search->first;
    const uint32_t piece_start = piece * KEY_PIECE;
    const uint32_t piece_end = count - piece_start < KEY_PIECE ? count : piece_start + KEY_PIECE;
    for (uint32_t start = piece_start; start < piece_end; start += KEY_BLOCK) {
        const uint32_t block = piece_end - start < KEY_BLOCK ? piece_end - start : KEY_BLOCK;
        cw_buyers_traits(&search->demand->buyers, search->first + start, block, traits);
        for (uint32_t i = 0; i < block; i++) {
            search->key_of[start + i] = buyer_key(search->router, &traits[i]);
        }
    }
}

/* Sorts buyers [first, end) into lists by counting. */
static cw_status sort_buyers(struct cw_demand *demand, const struct router *router, uint32_t first,
                             uint32_t end, uint32_t threads, struct cw_error *error)
{
    size_t keys = (size_t)demand->cell_count * CW_CELL_ZONES_MAX * CW_RATE_CLASSES;
    uint32_t *next = calloc(keys + 1, sizeof *next);
    uint16_t *key_of = calloc((size_t)end - first + 1, sizeof *key_of);
    demand->members = malloc(((size_t)end - first + 1) * sizeof *demand->members);
    if (next == NULL || key_of == NULL || demand->members == NULL) {
        free(next);
        free(key_of);
        return no_memory(error, "lists of buyers");
    }
    struct key_search search = {demand, router, first, end, key_of};
    cw_crew_run(threads, (end - first + KEY_PIECE - 1) / KEY_PIECE, find_keys, &search);
    for (uint32_t i = 0; i < end - first; i++) {
        if (key_of[i] != NO_KEY) {
            next[key_of[i] + 1]++;
        }
    }
    for (size_t k = 0; k < keys; k++) {
        next[k + 1] += next[k];
    }
    for (uint32_t c = 0; c < demand->cell_count; c++) {
        for (uint32_t g = 0; g < demand->cells[c].group_count; g++) {
            memcpy(demand->cells[c].groups[g].first,
                   next + ((size_t)c * CW_CELL_ZONES_MAX + g) * CW_RATE_CLASSES,
                   (CW_RATE_CLASSES + 1) * sizeof(uint32_t));
        }
    }
    for (uint32_t i = first; i < end; i++) {
        if (key_of[i - first] != NO_KEY) {
            demand->members[next[key_of[i - first]]++] = i;
        }
    }
    free(next);
    free(key_of);
    return CW_OK;
}

/* The range of buyers that may order: all, or the one asked for. */
static cw_status buyer_range(const struct cw_demand *demand, const struct cw_run_spec *spec, uint32_t *first,
                             uint32_t *end, struct cw_error *error)
{
    *first = 0;
    *end = cw_buyers_count(&demand->buyers);
    if (spec->customer_id[0] == '\0') {
        return CW_OK;
    }
    uint8_t id[16];
    if (!cw_parse_uuid(spec->customer_id, strlen(spec->customer_id), id)) {
        return cw_error_set(error, CW_E_INVALID, "customer_id", "customer_id is \"%s\"; expected a UUID",
                            spec->customer_id);
    }
    for (uint32_t i = 0; i < *end; i++) {
        struct cw_buyer buyer;
        cw_buyer_get(&demand->buyers, i, &buyer);
        if (memcmp(buyer.id.bytes, id, sizeof id) == 0) {
            *first = i;
            *end = i + 1;
            return CW_OK;
        }
    }
    return cw_error_set(error, CW_E_NOT_FOUND, "customer_id", "customer_id %s names no customer",
                        spec->customer_id);
}

/* ---- Weights ---- */

void cw_buyer_choice_update(const struct cw_demand *demand, const struct cw_cell *cell, int32_t slot,
                            struct cw_buyer_choice *choice)
{
    int32_t step = slot / demand->slots_per_step;
    if (step == choice->step) {
        return;
    }
    choice->step = step;
    uint32_t before = cw_buyers_before(&demand->buyers, cw_slot_start(demand, step * demand->slots_per_step));
    for (uint32_t g = 0; g < cell->group_count; g++) {
        choice->group_rates[g] = 0.0;
        for (uint32_t class = 0; class < CW_RATE_CLASSES; class ++) {
            uint32_t low = cell->groups[g].first[class];
            uint32_t high = cell->groups[g].first[class + 1];
            uint32_t first = low;
            while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                if (demand->members[middle] < before) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            choice->sizes[g][class] = low - first;
            choice->group_rates[g] += (double)(low - first) * class_rate(class);
        }
    }
}

double cw_demand_weight(const struct cw_demand *demand, const struct cw_buyer_group *group, double rate,
                        int32_t slot)
{
    if (rate == 0.0) {
        return 0.0;
    }
    int64_t start = cw_slot_start(demand, slot);
    int64_t local =
        start / CW_MICROS_PER_SECOND + cw_zone_offset(cw_zone_get(group->zone), start / CW_MICROS_PER_SECOND);
    int32_t day = (int32_t)(local / 86400);
    int64_t end = (demand->first_hour + slot + 1) * INT64_C(3600000000);
    double length = (double)((end < demand->to ? end : demand->to) - start) / 3.6e9;
    return rate * length * cw_season_hour((int32_t)(local % 86400 / 3600)) *
           cw_season_day(day, demand->behavior, demand->peak_day, demand->holiday_end);
}

uint32_t cw_buyer_pick(const struct cw_demand *demand, const struct cw_buyer_group *group,
                       const struct cw_buyer_choice *choice, uint32_t group_index, uint64_t draw)
{
    double target = cw_unit(draw) * choice->group_rates[group_index];
    const uint32_t *sizes = choice->sizes[group_index];
    uint32_t chosen = 0;
    for (uint32_t class = 0; class < CW_RATE_CLASSES; class ++) {
        if (sizes[class] == 0) {
            continue;
        }
        chosen = class;
        double weight = (double)sizes[class] * class_rate(class);
        if (target < weight) {
            break;
        }
        target -= weight;
    }
    uint64_t position = cw_below(cw_mix(draw), sizes[chosen]);
    return demand->members[group->first[chosen] + position];
}

void cw_demand_segment_shares(const struct cw_demand *demand, double shares[CW_SEGMENT_COUNT])
{
    double rates[CW_SEGMENT_COUNT] = {0};
    double sum = 0.0;
    for (uint32_t c = 0; c < demand->cell_count; c++) {
        const struct cw_cell *cell = &demand->cells[c];
        for (uint32_t g = 0; g < cell->group_count; g++) {
            const uint32_t *first = cell->groups[g].first;
            for (uint32_t class = 0; class < CW_RATE_CLASSES; class ++) {
                double rate = (double)(first[class + 1] - first[class]) * class_rate(class);
                rates[class / CW_RATE_LEVELS] += rate;
                sum += rate;
            }
        }
    }
    for (uint32_t s = 0; s < CW_SEGMENT_COUNT; s++) {
        shares[s] = sum > 0.0 ? rates[s] / sum : 0.0;
    }
}

/* ---- Slots ---- */

/* Weights of a cell's slots: expected demand, made uneven by each day's own luck. Returns their sum. */
static double weigh_slots(const struct cw_demand *demand, const struct cw_cell *cell, double *weights)
{
    struct cw_buyer_choice choice = {.step = -1};
    double sum = 0.0;
    double luck = 0.0;
    uint64_t lucky_day = UINT64_MAX;
    for (int32_t s = 0; s < demand->slot_count; s++) {
        cw_buyer_choice_update(demand, cell, s, &choice);
        uint64_t day = (uint64_t)(demand->first_hour + s) / 24;
        if (day != lucky_day) {
            luck = cw_log_normal(cw_draw(demand->stream, day << 8 | DRAW_DAY, cell->site), 0.0, DAY_NOISE);
            lucky_day = day;
        }
        double weight = 0.0;
        for (uint32_t g = 0; g < cell->group_count; g++) {
            weight += cw_demand_weight(demand, &cell->groups[g], choice.group_rates[g], s);
        }
        weights[s] = weight > 0.0 ? weight * luck : 0.0;
        sum += weights[s];
    }
    return sum;
}

/* Turns weights into exact counts: Poisson numbers around the expected ones, scaled to the cell's count. */
static void count_slots(const struct cw_demand *demand, struct cw_cell *cell, double *weights, double sum)
{
    double drawn = 0.0;
    double *expected = weights;
    for (int32_t s = 0; s < demand->slot_count; s++) {
        expected[s] *= (double)cell->order_count / sum;
    }
    int64_t *noisy = cell->slot_orders;
    for (int32_t s = 0; s < demand->slot_count; s++) {
        struct cw_draws draws =
            cw_draws_at(demand->stream, (uint64_t)(demand->first_hour + s) << 8 | DRAW_SLOT);
        draws.number = cell->site << 16;
        noisy[s] = cw_poisson(&draws, expected[s]);
        drawn += (double)noisy[s];
    }
    bool is_noisy = drawn > 0.0;
    double total = is_noisy ? drawn : (double)cell->order_count;
    double phase = cw_unit(cw_draw(demand->stream, DRAW_PHASE, cell->site));
    double before = 0.0;
    for (int32_t s = 0; s < demand->slot_count; s++) {
        double here = is_noisy ? (double)noisy[s] : expected[s];
        double position = (double)cell->order_count * (before / total) + phase;
        int64_t orders = before == 0.0 ? 0 : (int64_t)position;
        cell->slot_orders[s] = orders < cell->order_count ? orders : cell->order_count;
        before += here;
    }
    /* Whatever rounding left over belongs to the last slot that has any demand. */
    int32_t last = demand->slot_count;
    cell->slot_orders[last] = cell->order_count;
    while (last > 1 && weights[last - 1] == 0.0) {
        cell->slot_orders[--last] = cell->order_count;
    }
}

/* Exact numbers of orders per cell: whole parts first, then the largest remainders. */
static void share_orders(struct cw_demand *demand, const double *sums, double total, int64_t orders)
{
    double remainders[256] = {0};
    int64_t left = orders;
    for (uint32_t c = 0; c < demand->cell_count; c++) {
        double exact = (double)orders * (sums[c] / total);
        demand->cells[c].order_count = (int64_t)exact;
        remainders[c] = sums[c] > 0.0 ? exact - (double)demand->cells[c].order_count : -1.0;
        left -= demand->cells[c].order_count;
    }
    while (left != 0) {
        uint32_t best = 0;
        for (uint32_t c = 1; c < demand->cell_count; c++) {
            if (remainders[c] > remainders[best]) {
                best = c;
            }
        }
        demand->cells[best].order_count += left > 0 ? 1 : -1;
        left += left > 0 ? -1 : 1;
        remainders[best] -= 1.0;
    }
    int64_t first = 0;
    for (uint32_t c = 0; c < demand->cell_count; c++) {
        demand->cells[c].first_order = first;
        first += demand->cells[c].order_count;
    }
}

/* The slots of all cells, each cell by itself. */
struct slot_filling {
    struct cw_demand *demand;
    double *weights;
    double sums[256]; /* of each cell's weights */
};

static void weigh_cell(void *context, uint32_t c)
{
    struct slot_filling *filling = context;
    const struct cw_demand *demand = filling->demand;
    filling->sums[c] =
        weigh_slots(demand, &demand->cells[c], filling->weights + (size_t)c * (size_t)demand->slot_count);
}

static void count_cell(void *context, uint32_t c)
{
    struct slot_filling *filling = context;
    const struct cw_demand *demand = filling->demand;
    if (demand->cells[c].order_count > 0) {
        count_slots(demand, &demand->cells[c], filling->weights + (size_t)c * (size_t)demand->slot_count,
                    filling->sums[c]);
    }
}

static cw_status fill_slots(struct cw_demand *demand, int64_t orders, uint32_t threads,
                            struct cw_error *error)
{
    const size_t slots = (size_t)demand->slot_count;
    struct slot_filling filling = {.demand = demand};
    filling.weights = calloc(demand->cell_count * slots + 1, sizeof *filling.weights);
    cw_status status = filling.weights != NULL ? CW_OK : no_memory(error, "hours of demand");
    for (uint32_t c = 0; c < demand->cell_count && status == CW_OK; c++) {
        demand->cells[c].slot_orders = calloc(slots + 1, sizeof(int64_t));
        status = demand->cells[c].slot_orders != NULL ? CW_OK : no_memory(error, "hours of demand");
    }
    if (status != CW_OK) {
        free(filling.weights);
        return status;
    }
    threads = demand->cell_count * slots < FEW_SLOTS ? 1 : threads;
    cw_crew_run(threads, demand->cell_count, weigh_cell, &filling);
    double total = 0.0;
    for (uint32_t c = 0; c < demand->cell_count; c++) {
        total += filling.sums[c];
    }
    if (orders > 0 && !(total > 0.0)) {
        status = cw_error_set(
            error, CW_E_INVALID, "date_range",
            "no customer of the chosen locales who can order has signed up before date_range.to; "
            "expected at least one");
    }
    if (status == CW_OK && orders > 0) {
        share_orders(demand, filling.sums, total, orders);
        cw_crew_run(threads, demand->cell_count, count_cell, &filling);
    }
    free(filling.weights);
    return status;
}

/* ---- Units ---- */

/* Cuts a cell's orders into units at slot ends, and within slots of very many orders. Returns the number of
 * units; writes them when units is given. */
static int64_t cut_units(const struct cw_demand *demand, uint32_t c, struct cw_unit *units)
{
    const struct cw_cell *cell = &demand->cells[c];
    int64_t count = 0;
    int64_t first = 0;
    uint32_t first_slot = 0;
    for (int32_t s = 0; s < demand->slot_count; s++) {
        int64_t end = cell->slot_orders[s + 1];
        bool is_last = s + 1 == demand->slot_count;
        while (end - first >= UNIT_ORDERS || (is_last && end > first)) {
            int64_t size = end - first < 2 * UNIT_ORDERS ? end - first : UNIT_ORDERS;
            if (units != NULL) {
                units[count] = (struct cw_unit){c, first_slot, first, size};
            }
            count++;
            first += size;
            first_slot = (uint32_t)s;
        }
        if (first == end) {
            first_slot = (uint32_t)s + 1;
        }
    }
    return count;
}

static cw_status make_units(struct cw_demand *demand, struct cw_error *error)
{
    for (uint32_t c = 0; c < demand->cell_count; c++) {
        demand->cells[c].first_unit = demand->unit_count;
        demand->cells[c].unit_count = cut_units(demand, c, NULL);
        demand->unit_count += demand->cells[c].unit_count;
    }
    demand->units = malloc(((size_t)demand->unit_count + 1) * sizeof *demand->units);
    if (demand->units == NULL) {
        return no_memory(error, "units of orders");
    }
    for (uint32_t c = 0; c < demand->cell_count; c++) {
        cut_units(demand, c, demand->units + demand->cells[c].first_unit);
    }
    return CW_OK;
}

/* ---- All of it ---- */

/* Small runs use one centre per market, large ones all. */
#define ALL_SITES_ORDERS 100000

cw_status cw_demand_sites(const struct cw_run_spec *spec, uint32_t *sites, uint32_t *count,
                          struct cw_error *error)
{
    uint32_t markets = 0;
    uint32_t available = 0;
    uint32_t per_market[CW_MARKETS_MAX] = {0};
    uint32_t wanted[CW_MARKETS_MAX] = {0};
    for (uint32_t i = 0; i < cw_fulfilment_site_count(); i++) {
        uint32_t m = cw_fulfilment_site_get(i)->market;
        if (spec->market_shares[m] == 0) {
            continue;
        }
        markets += per_market[m]++ == 0;
        available++;
    }
    uint32_t cells = spec->cells;
    if (cells == 0) {
        cells = spec->orders >= ALL_SITES_ORDERS ? available : markets;
    }
    if (cells < markets || cells > available) {
        return cw_error_set(error, CW_E_INVALID, "cells",
                            "cells is %u; expected %u to %u for the chosen locales", cells, markets,
                            available);
    }
    for (uint32_t given = 0, round = 0; given < cells; round++) {
        for (uint32_t m = 0; m < CW_MARKETS_MAX && given < cells; m++) {
            if (per_market[m] > round) {
                wanted[m]++;
                given++;
            }
        }
    }
    *count = 0;
    for (uint32_t i = 0; i < cw_fulfilment_site_count(); i++) {
        uint32_t m = cw_fulfilment_site_get(i)->market;
        if (wanted[m] > 0) {
            wanted[m]--;
            sites[(*count)++] = i;
        }
    }
    return CW_OK;
}

static cw_status make_cells(struct cw_demand *demand, const struct cw_run_spec *spec, struct cw_error *error)
{
    uint32_t sites[256];
    uint32_t count = 0;
    cw_status status = cw_demand_sites(spec, sites, &count, error);
    if (status != CW_OK) {
        return status;
    }
    demand->cells = calloc(count, sizeof *demand->cells);
    if (demand->cells == NULL) {
        return no_memory(error, "fulfilment centres");
    }
    demand->cell_count = count;
    for (uint32_t c = 0; c < count; c++) {
        demand->cells[c].site = sites[c];
        demand->cells[c].market = cw_fulfilment_site_get(sites[c])->market;
    }
    return CW_OK;
}

static void set_times(struct cw_demand *demand, const struct cw_run_spec *spec)
{
    demand->from = spec->from;
    demand->to = spec->to;
    demand->behavior = spec->behavior;
    demand->first_hour = spec->from / INT64_C(3600000000);
    demand->slot_count =
        (int32_t)((spec->to + INT64_C(3599999999)) / INT64_C(3600000000) - demand->first_hour);
    demand->slots_per_step = demand->slot_count > LONG_RANGE_SLOTS ? 24 : 1;
    int32_t first_day = (int32_t)(spec->from / CW_MICROS_PER_DAY);
    int32_t last_day = (int32_t)((spec->to - 1) / CW_MICROS_PER_DAY);
    if (spec->behavior == CW_BEHAVIOR_PEAK) {
        demand->peak_day = cw_season_peak_day(first_day, last_day);
    }
    if (spec->behavior == CW_BEHAVIOR_HOLIDAY) {
        demand->holiday_end = cw_season_holiday_end(first_day, last_day);
    }
}

cw_status cw_demand_init(struct cw_demand *demand, const struct cw_run_spec *spec,
                         const struct cw_buyers *buyers, const struct cw_market_tables *tables,
                         uint32_t threads, struct cw_error *error)
{
    memset(demand, 0, sizeof *demand);
    demand->buyers = *buyers;
    demand->stream = cw_stream_make(spec->seed, CW_ENTITY_ORDER, 1);
    set_times(demand, spec);
    struct router router = {0};
    uint32_t first = 0;
    uint32_t end = 0;
    cw_status status = make_cells(demand, spec, error);
    if (status == CW_OK) {
        status = make_router(demand, tables, &router, error);
    }
    if (status == CW_OK) {
        status = buyer_range(demand, spec, &first, &end, error);
    }
    if (status == CW_OK) {
        status = sort_buyers(demand, &router, first, end, threads, error);
    }
    if (status == CW_OK) {
        status = fill_slots(demand, spec->orders, threads, error);
    }
    if (status == CW_OK) {
        status = make_units(demand, error);
    }
    free(router.cells);
    free(router.groups);
    if (status != CW_OK) {
        cw_demand_clear(demand);
    }
    return status;
}

void cw_demand_clear(struct cw_demand *demand)
{
    for (uint32_t c = 0; c < demand->cell_count; c++) {
        free(demand->cells[c].slot_orders);
    }
    free(demand->cells);
    free(demand->members);
    free(demand->units);
    *demand = (struct cw_demand){0};
}
