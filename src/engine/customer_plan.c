#include "engine/customer_plan.h"

#include "base/calendar.h"
#include "base/uuid.h"

#define FETCHED_ROWS 64            /* rows of which memory is fetched ahead, to stay in the nearest cache */
#define NEW_DAYS 90                /* how long a customer counts as new */
#define YOUNGEST_SIGN_UP_DAYS 5844 /* 16 years */
#define FOUR_YEARS_DAYS 1461

/* ---- The run ---- */

/* Exact numbers of customers per market: whole parts first, then the largest remainders. */
static void share_customers(struct cw_customer_plan *plan, const struct cw_run_spec *spec)
{
    uint64_t total = 0;
    for (uint32_t m = 0; m < plan->market_count; m++) {
        total += spec->market_shares[m];
    }
    int64_t left = plan->count;
    uint64_t remainders[CW_MARKETS_MAX];
    for (uint32_t m = 0; m < plan->market_count; m++) {
        cw_u128 exact = (cw_u128)(uint64_t)plan->count * spec->market_shares[m];
        plan->markets[m].count = (int64_t)(exact / total);
        remainders[m] = (uint64_t)(exact % total);
        left -= plan->markets[m].count;
    }
    for (; left > 0; left--) {
        uint32_t best = 0;
        for (uint32_t m = 1; m < plan->market_count; m++) {
            if (remainders[m] > remainders[best]) {
                best = m;
            }
        }
        plan->markets[best].count++;
        remainders[best] = 0;
    }
    int64_t first = 0;
    for (uint32_t m = 0; m < plan->market_count; m++) {
        struct cw_customer_market *market = &plan->markets[m];
        market->first = first;
        first += market->count;
        plan->market_ends[m] = first;
        market->step = market->count > 0 ? UINT64_MAX / (uint64_t)market->count : 1;
        market->offset = cw_below(cw_customer_draw(plan, CW_CUSTOMER_DRAW_NAME, INT64_MAX, m), market->step);
    }
}

static void fill_market_guide(struct cw_customer_plan *plan)
{
    plan->market_guide_shift = 0;
    while (plan->count >> plan->market_guide_shift >= 1 << CW_MARKET_GUIDE_BITS) {
        plan->market_guide_shift++;
    }
    uint8_t market = 0;
    for (int64_t i = 0; i < 1 << CW_MARKET_GUIDE_BITS; i++) {
        while (market + 1U < plan->market_count &&
               plan->market_ends[market] <= i << plan->market_guide_shift) {
            market++;
        }
        plan->market_guide[i] = market;
    }
}

cw_status cw_customer_plan_init(struct cw_customer_plan *plan, const struct cw_run_spec *spec,
                                const struct cw_market_tables *tables, struct cw_error *error)
{
    plan->tables = tables;
    plan->count = spec->customers;
    plan->as_of = spec->as_of;
    plan->segment = spec->segment;
    plan->prior_runs = spec->prior_customer_runs;
    plan->market_count = tables->count;
    plan->prior_total = 0;
    for (uint32_t m = 0; m < plan->market_count; m++) {
        plan->prior[m] = spec->prior_customers[m];
        plan->prior_total += spec->prior_customers[m];
    }
    for (uint32_t d = 1; d < CW_CUSTOMER_DRAW_COUNT; d++) {
        plan->streams[d] = cw_stream_make(spec->seed, CW_ENTITY_CUSTOMER, d);
    }
    plan->order = cw_permutation_make(plan->streams[CW_CUSTOMER_DRAW_ORDER],
                                      plan->count > 0 ? (uint64_t)plan->count : 1);
    share_customers(plan, spec);
    fill_market_guide(plan);
    cw_birth_decades_fill(&plan->decades, &tables->ages, (int32_t)(plan->as_of / CW_MICROS_PER_DAY));
    int64_t start = spec->opening;
    if (spec->segment == CW_SEGMENT_NEW && spec->as_of - NEW_DAYS * CW_MICROS_PER_DAY > start) {
        start = spec->as_of - NEW_DAYS * CW_MICROS_PER_DAY;
    }
    plan->growth = &tables->growth;
    plan->own_growth = (struct cw_growth){0};
    if (tables->growth.start == start && tables->growth.end == spec->as_of) {
        return CW_OK;
    }
    plan->growth = &plan->own_growth;
    return cw_growth_init(&plan->own_growth, start, spec->as_of, error);
}

void cw_customer_plan_clear(struct cw_customer_plan *plan)
{
    cw_growth_clear(&plan->own_growth);
}

/* ---- A customer ---- */

/* New customers of the last months: 13 of 16; the others: 70 % regular, 6 % vip, 2 % wholesale, 22 % dormant.
 */
static uint8_t choose_segment(const struct cw_customer_plan *plan, const struct cw_customer *customer)
{
    static const uint8_t usual[4] = {CW_SEGMENT_REGULAR, CW_SEGMENT_VIP, CW_SEGMENT_WHOLESALE,
                                     CW_SEGMENT_DORMANT};
    uint32_t share = cw_customer_trait(customer, 4, 10);
    uint32_t rank = (uint32_t)(share >= 717) + (uint32_t)(share >= 778) + (uint32_t)(share >= 799);
    bool is_new = customer->created_at >= plan->as_of - NEW_DAYS * CW_MICROS_PER_DAY &&
                  cw_customer_trait(customer, 0, 4) < 13;
    uint8_t segment = is_new ? CW_SEGMENT_NEW : usual[rank];
    return plan->segment >= 0 ? (uint8_t)plan->segment : segment;
}

/* ---- Customers, many at a time ----
 *
 * Each step is a loop of its own over the rows: the steps of one row wait for each other and for memory,
 * those of different rows do not, so a short loop lets the processor work on many rows at once. */

static void make_times(const struct cw_customer_plan *plan, int64_t first, int64_t count,
                       struct cw_customer *customers)
{
    const struct cw_stream stream = plan->streams[CW_CUSTOMER_DRAW_SIGN_UP];
    const double share_of_one = 1.0 / (double)plan->count;
    const double highest = 0x1.fffffffffffffp-1;
    int32_t day = cw_growth_first_day(plan->growth, (double)first * share_of_one * highest);
    for (int64_t i = 0; i < count; i++) {
        uint64_t draw = cw_draw(stream, (uint64_t)(first + i), 0);
        double share = ((double)(first + i) + cw_unit(draw)) * share_of_one;
        customers[i].row = first + i;
        customers[i].created_at = cw_growth_next_time(plan->growth, share < highest ? share : highest, &day);
    }
}

static void make_markets(const struct cw_customer_plan *plan, int64_t first, int64_t count,
                         struct cw_customer *customers)
{
    const struct cw_market_table *tables = plan->tables->tables;
    const struct cw_permutation order = plan->order;
    for (int64_t i = 0; i < count; i++) {
        int64_t place = (int64_t)cw_permute(&order, (uint64_t)(first + i));
        uint32_t m = plan->market_guide[place >> plan->market_guide_shift];
        while (place >= plan->market_ends[m]) {
            m++;
        }
        customers[i].market = (uint8_t)m;
        customers[i].table = &tables[m];
        customers[i].number = place - plan->markets[m].first;
    }
}

/* Up to FETCHED_ROWS at a time: draws first, so that the cells of the cities can be fetched ahead. */
static void make_cities(const struct cw_customer_plan *plan, int64_t count, struct cw_customer *customers)
{
    const struct cw_stream stream = plan->streams[CW_CUSTOMER_DRAW_PLACE];
    uint32_t draws[FETCHED_ROWS];
    for (int64_t i = 0; i < count; i++) {
        const struct cw_market_table *table = customers[i].table;
        uint32_t draw = (uint32_t)(cw_draw(stream, (uint64_t)customers[i].row, 0) >> 32);
        draws[i] = draw;
        __builtin_prefetch(&table->cities[((uint64_t)draw * table->city_count) >> 32]);
    }
    for (int64_t i = 0; i < count; i++) {
        const struct cw_market_table *table = customers[i].table;
        customers[i].city = cw_city_pick(table, draws[i]);
        __builtin_prefetch(&table->cities[customers[i].city]);
    }
}

static void make_traits(const struct cw_customer_plan *plan, int64_t count, struct cw_customer *customers)
{
    const struct cw_stream stream = plan->streams[CW_CUSTOMER_DRAW_TRAITS];
    for (int64_t i = 0; i < count; i++) {
        struct cw_customer *customer = &customers[i];
        const struct cw_city_cell *city = &customer->table->cities[customer->city];
        customer->traits = cw_draw(stream, (uint64_t)customer->row, 0);
        customer->region = city->region;
        customer->postal =
            city->first_postal + ((cw_customer_trait(customer, 48, 16) * (uint32_t)city->postal_count) >> 16);
        customer->segment = choose_segment(plan, customer);
    }
}

void cw_customers_make(const struct cw_customer_plan *plan, int64_t first, int64_t count,
                       struct cw_customer *customers)
{
    make_times(plan, first, count, customers);
    make_markets(plan, first, count, customers);
    for (int64_t start = 0; start < count; start += FETCHED_ROWS) {
        int64_t rows = count - start < FETCHED_ROWS ? count - start : FETCHED_ROWS;
        make_cities(plan, rows, customers + start);
        make_traits(plan, rows, customers + start);
    }
}

void cw_customer_make(const struct cw_customer_plan *plan, int64_t row, struct cw_customer *customer)
{
    cw_customers_make(plan, row, 1, customer);
}

/* ---- Names ---- */

/* Nobody signs up as a child: the few who would be too young are made up to four years older than that. */
static int32_t birth_date(const struct cw_age_table *ages, const struct cw_birth_decades *decades,
                          int32_t as_of_day, int32_t sign_up_day, uint8_t decade, uint64_t draw)
{
    uint32_t low = decades->start[decade + 1];
    uint32_t high = decades->start[decade];
    int32_t age = cw_age_days(ages, low + (uint32_t)(((draw >> 32) * (high - low)) >> 32));
    int32_t youngest = as_of_day - sign_up_day + YOUNGEST_SIGN_UP_DAYS + 1;
    int32_t older = youngest + (int32_t)(((draw & 0xffffffff) * FOUR_YEARS_DAYS) >> 32);
    return as_of_day - (age < youngest ? older : age);
}

/* The tables of names are larger than the nearest caches, so each step fetches what the next one reads. */
static void find_families(const struct cw_customer_plan *plan, const struct cw_customer *customers,
                          int64_t count, struct cw_identity *identities)
{
    for (int64_t i = 0; i < count; i++) {
        const struct cw_customer_market *run = &plan->markets[customers[i].market];
        const struct cw_name_range *families = &customers[i].table->names.families;
        uint64_t position = (uint64_t)customers[i].number * run->step + run->offset;
        identities[i].within = position;
        __builtin_prefetch(&families->starts[cw_name_guide(families, position)]);
    }
    for (int64_t i = 0; i < count; i++) {
        const struct cw_name_tables *names = &customers[i].table->names;
        uint32_t group = cw_name_find(&names->families, identities[i].within);
        identities[i].family_group = group;
        identities[i].within -= cw_name_start(&names->families, group);
        __builtin_prefetch(&names->family_groups[group]);
    }
}

static void find_given_names(const struct cw_customer_plan *plan, const struct cw_customer *customers,
                             int64_t count, struct cw_identity *identities)
{
    for (int64_t i = 0; i < count; i++) {
        struct cw_identity *identity = &identities[i];
        const struct cw_market_table *table = customers[i].table;
        const struct cw_name_tables *names = &table->names;
        const struct cw_family_group *family = &names->family_groups[identity->family_group];
        identity->family = family->first;
        if (family->count > 1) {
            uint64_t draw = cw_customer_draw(plan, CW_CUSTOMER_DRAW_NAME, customers[i].row, 0);
            identity->family += cw_family_spelling(table->market, family, cw_mix(draw));
        }
        /* Scales are whole numbers, so a family does not quite reach the end of the range. Each begins at
         * another initial, lest names with z be rarer than they are. */
        identity->within = identity->within * family->scale + names->initial_starts[family->rotation];
        __builtin_prefetch(&names->givens.starts[cw_name_guide(&names->givens, identity->within)]);
    }
    for (int64_t i = 0; i < count; i++) {
        const struct cw_name_tables *names = &customers[i].table->names;
        identities[i].given_group = cw_name_find(&names->givens, identities[i].within);
        __builtin_prefetch(&names->given_groups[identities[i].given_group]);
    }
}

static void choose_spellings(const struct cw_customer_plan *plan, const struct cw_customer *customers,
                             int64_t count, struct cw_identity *identities)
{
    const struct cw_stream stream = plan->streams[CW_CUSTOMER_DRAW_NAME];
    const struct cw_stream births = plan->streams[CW_CUSTOMER_DRAW_BIRTH];
    const int32_t as_of_day = (int32_t)(plan->as_of / CW_MICROS_PER_DAY);
    uint64_t products[FETCHED_ROWS]; /* the cell in the high half, what is left of the draw in the low one */
    const struct cw_given_cell *cells_of[FETCHED_ROWS];
    for (int64_t i = 0; i < count; i++) {
        const struct cw_name_tables *names = &customers[i].table->names;
        const struct cw_given_group *given = &names->given_groups[identities[i].given_group];
        uint64_t draw = cw_draw(stream, (uint64_t)customers[i].row, 0);
        products[i] = (draw >> 32) * given->cell_count;
        cells_of[i] = names->given_cells + given->first_cell;
        /* The cell or another one of the group, which mostly lie in two cache lines. */
        __builtin_prefetch(cells_of[i]);
        __builtin_prefetch(cells_of[i] + given->cell_count - 1);
    }
    for (int64_t i = 0; i < count; i++) {
        const struct cw_given_cell *cells = cells_of[i];
        uint32_t index = (uint32_t)(products[i] >> 32);
        const struct cw_given_cell *cell =
            cells +
            cw_alias_decide(index, cells[index].other, cells[index].threshold, (uint16_t)(products[i] >> 16));
        identities[i].given = cell->name;
        identities[i].birth_date = birth_date(&plan->tables->ages, &plan->decades, as_of_day,
                                              (int32_t)(customers[i].created_at / CW_MICROS_PER_DAY),
                                              cell->decade, cw_draw(births, (uint64_t)customers[i].row, 0));
    }
}

void cw_customers_identify(const struct cw_customer_plan *plan, const struct cw_customer *customers,
                           int64_t count, struct cw_identity *identities)
{
    for (int64_t start = 0; start < count; start += FETCHED_ROWS) {
        int64_t rows = count - start < FETCHED_ROWS ? count - start : FETCHED_ROWS;
        find_families(plan, customers + start, rows, identities + start);
        find_given_names(plan, customers + start, rows, identities + start);
        choose_spellings(plan, customers + start, rows, identities + start);
    }
}

void cw_customer_identify(const struct cw_customer_plan *plan, const struct cw_customer *customer,
                          struct cw_identity *identity)
{
    cw_customers_identify(plan, customer, 1, identity);
}

/* ---- Money ---- */

/* Rounds down to whole hundreds of the currency (thousands where it has no minor unit), at least one of them.
 */
static int64_t round_limit(double amount, const struct cw_market *market)
{
    int64_t unit = market->currency_digits > 0 ? 10000 : 1000;
    int64_t rounded = (int64_t)amount / unit * unit;
    return rounded < unit ? unit : rounded;
}

static int64_t draw_limit(const struct cw_customer_plan *plan, const struct cw_customer *customer,
                          double us_cents, uint64_t draw)
{
    const struct cw_market *market = customer->table->market;
    return round_limit(us_cents * plan->tables->spread[draw >> 56] * (double)market->rate / 10000.0, market);
}

int64_t cw_customer_credit_limit(const struct cw_customer_plan *plan, const struct cw_customer *customer)
{
    static const double medians[CW_SEGMENT_COUNT] = {80000, 150000, 600000, 4000000, 90000};
    uint64_t draw = cw_customer_draw(plan, CW_CUSTOMER_DRAW_CREDIT, customer->row, 0);
    return draw_limit(plan, customer, medians[customer->segment], draw);
}

/* ---- Addresses and payment methods ---- */

/* A moment between sign-up and as-of. */
static int64_t later_time(const struct cw_customer_plan *plan, const struct cw_customer *customer,
                          uint64_t draw)
{
    return customer->created_at + (int64_t)cw_below(draw, (uint64_t)(plan->as_of - customer->created_at));
}

static uint64_t child_row(const struct cw_customer_plan *plan, const struct cw_customer *customer, uint32_t k)
{
    return (uint64_t)(plan->prior_total + customer->row) * 4 + k;
}

void cw_customer_address(const struct cw_customer_plan *plan, const struct cw_customer *customer, uint32_t k,
                         struct cw_known_address *address)
{
    address->created_at = customer->created_at;
    if (k > 0) {
        address->created_at = later_time(
            plan, customer, cw_customer_draw(plan, CW_CUSTOMER_DRAW_ADDRESS, customer->row, 8 * k));
    }
    uint64_t unique = cw_unique62(plan->streams[CW_CUSTOMER_DRAW_ADDRESS_ID], child_row(plan, customer, k));
    cw_uuid_v7(address->id.bytes, address->created_at, unique);
}

/* Cards are valid for up to five years; the default one is kept up to date, so it outlives as-of. */
static void draw_expiry(const struct cw_customer_plan *plan, uint32_t k, uint64_t draw,
                        struct cw_method_detail *method)
{
    int64_t base = k == 0 ? plan->as_of : method->known.created_at;
    struct cw_date date = cw_date_from_days((int32_t)(base / CW_MICROS_PER_DAY));
    int32_t months = date.year * 12 + date.month - 1 + 2 + (int32_t)cw_below(draw, 57);
    method->expiry_year = months / 12;
    method->expiry_month = months % 12 + 1;
    int32_t next = months + 1;
    method->known.expires_at = cw_date_to_days(next / 12, next % 12 + 1, 1) * CW_MICROS_PER_DAY;
}

void cw_customer_method(const struct cw_customer_plan *plan, const struct cw_customer *customer, uint32_t k,
                        struct cw_method_detail *method)
{
    static const double medians[CW_PAYMENT_KIND_COUNT] = {300000, 200000, 600000, 200000, 0, 120000};
    static const double segment_factors[CW_SEGMENT_COUNT] = {1.0, 1.0, 3.0, 12.0, 1.0};
    const struct cw_market_table *table = customer->table;
    uint64_t choice = cw_customer_draw(plan, CW_CUSTOMER_DRAW_METHOD, customer->row, 8 * k);
    uint64_t draw = cw_customer_draw(plan, CW_CUSTOMER_DRAW_METHOD, customer->row, 8 * k + 1);
    method->brand = cw_alias_pick(&table->payment_brands, choice);
    method->known.kind = table->market->payment_brands.kind[method->brand];
    method->known.created_at = customer->created_at;
    if (k > 0) {
        method->known.created_at = later_time(
            plan, customer, cw_customer_draw(plan, CW_CUSTOMER_DRAW_METHOD, customer->row, 8 * k + 2));
    }
    uint64_t unique = cw_unique62(plan->streams[CW_CUSTOMER_DRAW_METHOD_ID], child_row(plan, customer, k));
    cw_uuid_v7(method->known.id.bytes, method->known.created_at, unique);
    if (method->known.kind == CW_PAYMENT_INVOICE) {
        method->known.limit_amount = cw_customer_credit_limit(plan, customer);
    } else {
        method->known.limit_amount = draw_limit(
            plan, customer, medians[method->known.kind] * segment_factors[customer->segment], draw);
    }
    method->expiry_year = method->expiry_month = 0;
    method->known.expires_at = INT64_MAX;
    if (method->known.kind == CW_PAYMENT_CARD) {
        draw_expiry(plan, k, cw_customer_draw(plan, CW_CUSTOMER_DRAW_METHOD, customer->row, 8 * k + 3),
                    method);
    }
}
