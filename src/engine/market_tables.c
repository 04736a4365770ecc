#include "engine/market_tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/mathematics.h"
#include "model/screen.h"

#define DAYS_PER_YEAR 365.25
#define YOUNGEST_DAYS 5844  /* 16 years */
#define OLDEST_DAYS 34698   /* 95 years */
#define REFERENCE_DAY 20454 /* 2026-01-01: ages are matched to birth decades as of this day */

static cw_status no_memory(struct cw_error *error, const char *what)
{
    return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the tables of %s", what);
}

/* ---- Ages ---- */

static uint32_t decade_of_age(int32_t age_days)
{
    int32_t year = cw_date_from_days(REFERENCE_DAY - age_days).year;
    int32_t decade = (year - CW_FIRST_BIRTH_DECADE) / 10;
    return decade < 0 ? 0 : decade >= CW_BIRTH_DECADES ? CW_BIRTH_DECADES - 1 : (uint32_t)decade;
}

static double age_density(int32_t days)
{
    double z = ((double)days / DAYS_PER_YEAR - 35.0) / 12.0;
    return cw_exp(-0.5 * z * z);
}

/* decade_start[d] is the share of people younger than those born in decade d, hence 1 - start rises with age.
 */
static void fill_ages(struct cw_age_table *ages)
{
    double total = 0.0;
    for (int32_t day = YOUNGEST_DAYS; day < OLDEST_DAYS; day++) {
        total += age_density(day);
    }
    double sum = 0.0;
    int step = 0;
    uint32_t decade = CW_BIRTH_DECADES;
    for (int32_t day = YOUNGEST_DAYS; day < OLDEST_DAYS; day++) {
        uint32_t current = decade_of_age(day);
        while (decade > current) {
            ages->decade_start[decade] = (uint32_t)(sum / total * 4294967295.0);
            decade--;
        }
        while (step <= CW_AGE_STEPS && sum / total * CW_AGE_STEPS >= step) {
            ages->days[step++] = day;
        }
        sum += age_density(day);
    }
    while (step <= CW_AGE_STEPS) {
        ages->days[step++] = OLDEST_DAYS - 1;
    }
    for (uint32_t d = decade + 1; d > 0; d--) {
        ages->decade_start[d - 1] = UINT32_MAX;
    }
}

/* The share of people of a decade: those between its start and the start of the one before it in time. */
static double decade_share(const struct cw_age_table *ages, uint32_t decade)
{
    uint32_t younger = ages->decade_start[decade + 1];
    uint32_t older = ages->decade_start[decade];
    return (double)(older - younger) / 4294967295.0;
}

/* ---- Names ---- */

static bool same_text(const struct cw_pool *pool, uint32_t a, uint32_t b)
{
    uint32_t length = pool->offsets[a + 1] - pool->offsets[a];
    return length == pool->offsets[b + 1] - pool->offsets[b] &&
           memcmp(pool->bytes + pool->offsets[a], pool->bytes + pool->offsets[b], length) == 0;
}

/* Forms of one letter cannot be told from initials in e-mail addresses, so they get no weight. */
static bool is_usable(const struct cw_pool *ascii, uint32_t name)
{
    return ascii->offsets[name + 1] - ascii->offsets[name] >= 2;
}

static void end_starts(uint64_t *starts, uint32_t count)
{
    for (uint32_t i = 0; i < CW_SEARCH_STEPS; i++) {
        starts[count + i] = UINT64_MAX;
    }
}

static void fill_guide(uint16_t *guide, const uint64_t *starts, uint32_t count)
{
    uint32_t group = 0;
    for (uint32_t bucket = 0; bucket < 1U << CW_NAME_GUIDE_BITS; bucket++) {
        uint64_t position = (uint64_t)bucket << (64 - CW_NAME_GUIDE_BITS);
        while (group + 1 < count && starts[group + 1] <= position) {
            group++;
        }
        guide[bucket] = (uint16_t)group;
    }
}

static uint32_t offending_initials(const struct cw_pool *ascii, uint32_t name)
{
    char word[2 * CW_PADDING];
    size_t length = ascii->offsets[name + 1] - ascii->offsets[name];
    uint32_t initials = 0;
    memcpy(word + 1, ascii->bytes + ascii->offsets[name], CW_PADDING);
    for (uint32_t i = 0; i < 26; i++) {
        word[0] = (char)('a' + i);
        if (cw_word_begins_offensive(word, 1 + (length < CW_PADDING ? length : CW_PADDING))) {
            initials |= 1U << i;
        }
    }
    return initials;
}

static uint32_t list_family_groups(struct cw_market_table *table)
{
    const struct cw_family_names *names = &table->market->family_names;
    uint64_t total = 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < names->count; i++) {
        total += is_usable(&names->ascii, i) ? names->weights[i] : 0;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < names->count;) {
        uint32_t end = i;
        uint64_t weight = 0;
        for (; end < names->count && same_text(&names->ascii, i, end); end++) {
            weight += is_usable(&names->ascii, end) ? names->weights[end] : 0;
        }
        if (weight > 0) {
            table->family_starts[count] = (uint64_t)(((cw_u128)sum << 64) / total);
            uint32_t spellings = end - i < CW_FAMILY_SPELLINGS_MAX ? end - i : CW_FAMILY_SPELLINGS_MAX;
            table->family_groups[count++] = (struct cw_family_group){
                .first = i,
                .count = spellings & CW_FAMILY_SPELLINGS_MAX,
                .offending_initials = offending_initials(&names->ascii, i) & 0x3ffffff};
            sum += weight;
        }
        i = end;
    }
    return count;
}

static cw_status build_family_groups(struct cw_market_table *table, struct cw_error *error)
{
    uint32_t names = table->market->family_names.count;
    table->family_groups = calloc(names + 1, sizeof *table->family_groups);
    table->family_starts = calloc(names + 1 + CW_SEARCH_STEPS, sizeof *table->family_starts);
    if (table->family_groups == NULL || table->family_starts == NULL) {
        return no_memory(error, "family names");
    }
    uint32_t count = list_family_groups(table);
    if (count == 0 || count > UINT16_MAX) {
        return cw_error_set(error, CW_E_INTERNAL, NULL,
                            "market %s has %u family name groups; expected 1 to 65535",
                            table->market->country, count);
    }
    end_starts(table->family_starts, count);
    for (uint32_t g = 0; g < count; g++) {
        uint64_t length = table->family_starts[g + 1] - table->family_starts[g];
        table->family_groups[g].scale = length > 0 ? UINT64_MAX / length : 1;
    }
    table->family_group_count = count;
    fill_guide(table->family_guide, table->family_starts, count);
    return CW_OK;
}

uint32_t cw_family_spelling(const struct cw_market_table *table, const struct cw_family_group *group,
                            uint64_t draw)
{
    const uint32_t *weights = table->market->family_names.weights + group->first;
    uint64_t total = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        total += weights[i];
    }
    uint64_t pick = cw_below(draw, total);
    uint32_t spelling = 0;
    while (spelling + 1 < group->count && pick >= weights[spelling]) {
        pick -= weights[spelling++];
    }
    return spelling;
}

/* Sums of given-name weights per sex and decade. */
static void sum_given_weights(const struct cw_given_names *names, double sums[2][CW_BIRTH_DECADES])
{
    memset(sums, 0, sizeof(double) * 2 * CW_BIRTH_DECADES);
    for (uint32_t i = 0; i < names->count; i++) {
        for (uint32_t d = 0; is_usable(&names->ascii, i) && d < CW_BIRTH_DECADES; d++) {
            sums[names->sex[i]][d] += names->weights[i * CW_BIRTH_DECADES + d];
        }
    }
}

static bool has_decades(const struct cw_given_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        for (uint32_t d = 1; d < CW_BIRTH_DECADES; d++) {
            if (names->weights[i * CW_BIRTH_DECADES + d] != names->weights[i * CW_BIRTH_DECADES]) {
                return true;
            }
        }
    }
    return false;
}

static void fill_initials(struct cw_market_table *table)
{
    const struct cw_pool *ascii = &table->market->given_names.ascii;
    uint32_t initial = 0;
    for (uint32_t g = 0; g < table->given_group_count; g++) {
        uint32_t name = table->given_cells[table->given_groups[g].first_cell].name;
        uint8_t letter = (uint8_t)(ascii->bytes[ascii->offsets[name]] - 'a');
        table->given_groups[g].initial = letter;
        for (; initial <= letter; initial++) {
            table->initial_groups[initial] = g;
        }
    }
    for (; initial <= 26; initial++) {
        table->initial_groups[initial] = table->given_group_count;
    }
}

struct given_build {
    struct cw_market_table *table;
    const struct cw_age_table *ages;
    double sums[2][CW_BIRTH_DECADES];
    bool by_decade;
    double *weights; /* of the cells */
    double *group_weights;
    uint32_t cell_count;
};

/* Adds the cells of one name; returns the weight they sum to. */
static double add_given_cells(struct given_build *build, uint32_t name)
{
    const struct cw_given_names *names = &build->table->market->given_names;
    if (!is_usable(&names->ascii, name)) {
        return 0.0;
    }
    double sum = 0.0;
    double all_decades = 0.0;
    for (uint32_t d = 0; d < CW_BIRTH_DECADES; d++) {
        double of_decade = build->sums[names->sex[name]][d];
        double weight = of_decade > 0.0 ? names->weights[name * CW_BIRTH_DECADES + d] / of_decade *
                                              decade_share(build->ages, d)
                                        : 0.0;
        all_decades += weight;
        if (build->by_decade && weight > 0.0) {
            build->weights[build->cell_count] = weight;
            build->table->given_cells[build->cell_count++] =
                (struct cw_given_cell){.name = (uint16_t)name, .decade = (uint8_t)d};
            sum += weight;
        }
    }
    if (!build->by_decade && all_decades > 0.0) {
        build->weights[build->cell_count] = all_decades;
        build->table->given_cells[build->cell_count++] =
            (struct cw_given_cell){.name = (uint16_t)name, .decade = CW_ANY_DECADE};
        sum = all_decades;
    }
    return sum;
}

static void build_given_group_list(struct given_build *build)
{
    struct cw_market_table *table = build->table;
    const struct cw_given_names *names = &table->market->given_names;
    uint32_t count = 0;
    for (uint32_t i = 0; i < names->count;) {
        uint32_t end = i;
        uint32_t first_cell = build->cell_count;
        double weight = 0.0;
        for (; end < names->count && same_text(&names->ascii, i, end); end++) {
            weight += add_given_cells(build, end);
        }
        if (weight > 0.0) {
            table->given_groups[count] = (struct cw_given_group){
                .first_cell = first_cell, .cell_count = (uint16_t)(build->cell_count - first_cell)};
            build->group_weights[count++] = weight;
        }
        i = end;
    }
    double total = 0.0;
    double sum = 0.0;
    for (uint32_t g = 0; g < count; g++) {
        total += build->group_weights[g];
    }
    for (uint32_t g = 0; g < count; g++) {
        table->given_starts[g] = (uint64_t)(sum / total * 0x1.fffffffffffffp63);
        sum += build->group_weights[g];
    }
    end_starts(table->given_starts, count);
    table->given_group_count = count;
}

/* Turns the weights of each group's cells into an alias table. */
static void fill_given_aliases(const struct given_build *build, struct cw_alias_cell *cells, double *scratch,
                               uint32_t *stack)
{
    const struct cw_market_table *table = build->table;
    for (uint32_t g = 0; g < table->given_group_count; g++) {
        const struct cw_given_group *group = &table->given_groups[g];
        cw_alias_fill(cells, build->weights + group->first_cell, group->cell_count, scratch, stack);
        for (uint32_t i = 0; i < group->cell_count; i++) {
            table->given_cells[group->first_cell + i].threshold = (uint16_t)(cells[i].threshold >> 16);
            table->given_cells[group->first_cell + i].other = (uint8_t)cells[i].other;
        }
    }
}

static cw_status build_given_groups(struct cw_market_table *table, const struct cw_age_table *ages,
                                    struct cw_error *error)
{
    const struct cw_given_names *names = &table->market->given_names;
    struct given_build build = {.table = table, .ages = ages, .by_decade = has_decades(names)};
    size_t cells = (size_t)names->count * (build.by_decade ? CW_BIRTH_DECADES : 1) + 1;
    table->given_groups = calloc(names->count + 1, sizeof *table->given_groups);
    table->given_starts = calloc(names->count + 1 + CW_SEARCH_STEPS, sizeof *table->given_starts);
    table->given_cells = calloc(cells, sizeof *table->given_cells);
    build.weights = calloc(cells, sizeof *build.weights);
    build.group_weights = calloc(names->count + 1, sizeof *build.group_weights);
    double *scratch = calloc(cells, sizeof *scratch);
    uint32_t *stack = calloc(cells, sizeof *stack);
    struct cw_alias_cell *aliases = calloc(cells, sizeof *aliases);
    cw_status status = CW_OK;
    if (table->given_groups == NULL || table->given_starts == NULL || table->given_cells == NULL ||
        build.weights == NULL || build.group_weights == NULL || scratch == NULL || stack == NULL ||
        aliases == NULL) {
        status = no_memory(error, "given names");
    } else {
        sum_given_weights(names, build.sums);
        build_given_group_list(&build);
        fill_initials(table);
        fill_given_aliases(&build, aliases, scratch, stack);
        fill_guide(table->given_guide, table->given_starts, table->given_group_count);
    }
    free(build.weights);
    free(build.group_weights);
    free(scratch);
    free(stack);
    free(aliases);
    return status;
}

/* ---- Pools ---- */

/* Where a pool of a market lies in struct cw_market, the shared pool and its base. */
struct pool_place {
    size_t in_market, in_tables, base;
};

static const struct pool_place pool_places[] = {
    {offsetof(struct cw_market, given_names.native), offsetof(struct cw_market_tables, given_names),
     offsetof(struct cw_market_table, given_base)},
    {offsetof(struct cw_market, family_names.native), offsetof(struct cw_market_tables, family_names),
     offsetof(struct cw_market_table, family_base)},
    {offsetof(struct cw_market, cities.names), offsetof(struct cw_market_tables, cities),
     offsetof(struct cw_market_table, city_base)},
    {offsetof(struct cw_market, regions.names), offsetof(struct cw_market_tables, regions),
     offsetof(struct cw_market_table, region_base)},
    {offsetof(struct cw_market, postal_codes.codes), offsetof(struct cw_market_tables, postal_codes),
     offsetof(struct cw_market_table, postal_base)},
    {offsetof(struct cw_market, payment_brands.names), offsetof(struct cw_market_tables, payment_brands),
     offsetof(struct cw_market_table, brand_base)},
};

static cw_status join_pools(struct cw_market_tables *tables, const struct pool_place *place,
                            struct cw_error *error)
{
    uint64_t count = 0;
    uint64_t bytes = 0;
    for (uint32_t m = 0; m < tables->count; m++) {
        const struct cw_pool *pool =
            (const struct cw_pool *)(const void *)((const char *)tables->tables[m].market + place->in_market);
        count += pool->count;
        bytes += pool->offsets[pool->count];
    }
    uint32_t *offsets = malloc((count + 1) * sizeof *offsets);
    char *text = calloc(bytes + CW_PADDING, 1);
    if (offsets == NULL || text == NULL) {
        free(offsets);
        free(text);
        return no_memory(error, "strings");
    }
    uint32_t used = 0;
    uint32_t size = 0;
    for (uint32_t m = 0; m < tables->count; m++) {
        const struct cw_pool *pool =
            (const struct cw_pool *)(const void *)((const char *)tables->tables[m].market + place->in_market);
        *(uint32_t *)(void *)((char *)&tables->tables[m] + place->base) = used;
        memcpy(text + size, pool->bytes, pool->offsets[pool->count]);
        for (uint32_t i = 0; i < pool->count; i++) {
            offsets[used++] = size + pool->offsets[i];
        }
        size += pool->offsets[pool->count];
    }
    offsets[used] = size;
    *(struct cw_pool *)(void *)((char *)tables + place->in_tables) = (struct cw_pool){used, offsets, text};
    return CW_OK;
}

static cw_status pool_of_codes(const struct cw_market_tables *tables, size_t member, struct cw_pool *pool,
                               struct cw_error *error)
{
    uint32_t *offsets = calloc(tables->count + 1, sizeof *offsets);
    char *text = calloc(tables->count * 16 + CW_PADDING, 1);
    if (offsets == NULL || text == NULL) {
        free(offsets);
        free(text);
        return no_memory(error, "market codes");
    }
    for (uint32_t m = 0; m < tables->count; m++) {
        const char *code;
        memcpy(&code, (const char *)tables->tables[m].market + member, sizeof code);
        size_t length = strlen(code) < 16 ? strlen(code) : 16;
        memcpy(text + offsets[m], code, length);
        offsets[m + 1] = offsets[m] + (uint32_t)length;
    }
    *pool = (struct cw_pool){tables->count, offsets, text};
    return CW_OK;
}

/* ---- All of it ---- */

static cw_status build_choices(struct cw_market_table *table, struct cw_error *error)
{
    const struct cw_market *market = table->market;
    const struct {
        struct cw_alias *alias;
        const uint32_t *weights;
        uint32_t count;
    } choices[] = {{&table->cities, market->cities.population, market->cities.count},
                   {&table->streets, market->streets.weights, market->streets.count},
                   {&table->phones, market->phones.weights, market->phones.count},
                   {&table->payment_brands, market->payment_brands.weights, market->payment_brands.count},
                   {&table->email_domains, market->email_domains.weights, market->email_domains.count}};
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (choices[i].count == 0) {
            continue;
        }
        cw_status status =
            cw_alias_init_integers(choices[i].alias, choices[i].weights, choices[i].count, error);
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

static cw_status find_region_zones(struct cw_market_table *table, struct cw_error *error)
{
    const struct cw_cities *cities = &table->market->cities;
    uint32_t regions = table->market->regions.count;
    uint32_t *largest = calloc(regions + 1, sizeof *largest);
    table->region_zones = calloc(regions + 1, sizeof *table->region_zones);
    if (largest == NULL || table->region_zones == NULL) {
        free(largest);
        return no_memory(error, "regions");
    }
    for (uint32_t c = 0; c < cities->count; c++) {
        uint32_t region = cities->region[c];
        if (cities->population[c] > largest[region]) {
            largest[region] = cities->population[c];
            table->region_zones[region] = cities->zone[c];
        }
    }
    /* A region without a city of its own keeps the time of the market's first city. */
    for (uint32_t r = 0; r < regions; r++) {
        if (largest[r] == 0) {
            table->region_zones[r] = cities->zone[0];
        }
    }
    free(largest);
    return CW_OK;
}

static cw_status build_tables(struct cw_market_tables *tables, struct cw_error *error)
{
    fill_ages(&tables->ages);
    for (uint32_t m = 0; m < tables->count; m++) {
        struct cw_market_table *table = &tables->tables[m];
        table->market = cw_market_get(m);
        cw_status status = build_family_groups(table, error);
        if (status == CW_OK) {
            status = build_given_groups(table, &tables->ages, error);
        }
        if (status == CW_OK) {
            status = build_choices(table, error);
        }
        if (status == CW_OK) {
            status = cw_street_format_init(&table->street_format, table->market, error);
        }
        if (status == CW_OK) {
            status = find_region_zones(table, error);
        }
        if (status != CW_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < sizeof pool_places / sizeof pool_places[0]; i++) {
        cw_status status = join_pools(tables, &pool_places[i], error);
        if (status != CW_OK) {
            return status;
        }
    }
    cw_status status = pool_of_codes(tables, offsetof(struct cw_market, country), &tables->countries, error);
    if (status == CW_OK) {
        status = pool_of_codes(tables, offsetof(struct cw_market, locale), &tables->locales, error);
    }
    if (status == CW_OK) {
        status = pool_of_codes(tables, offsetof(struct cw_market, language), &tables->languages, error);
    }
    if (status == CW_OK) {
        status = pool_of_codes(tables, offsetof(struct cw_market, currency), &tables->currencies, error);
    }
    return status;
}

cw_status cw_market_tables_new(struct cw_market_tables **out, struct cw_error *error)
{
    struct cw_market_tables *tables = calloc(1, sizeof *tables);
    if (tables == NULL) {
        return no_memory(error, "markets");
    }
    tables->count = cw_market_count();
    tables->tables = calloc(tables->count, sizeof *tables->tables);
    cw_status status = tables->tables == NULL ? no_memory(error, "markets") : build_tables(tables, error);
    if (status != CW_OK) {
        cw_market_tables_free(tables);
        return status;
    }
    *out = tables;
    return CW_OK;
}

static void free_pool(struct cw_pool *pool)
{
    free((void *)(uintptr_t)pool->offsets);
    free((void *)(uintptr_t)pool->bytes);
}

void cw_market_tables_free(struct cw_market_tables *tables)
{
    if (tables == NULL) {
        return;
    }
    for (uint32_t m = 0; tables->tables != NULL && m < tables->count; m++) {
        struct cw_market_table *table = &tables->tables[m];
        free(table->family_groups);
        free(table->given_groups);
        free(table->given_cells);
        free(table->family_starts);
        free(table->given_starts);
        free(table->region_zones);
        cw_alias_clear(&table->cities);
        cw_alias_clear(&table->streets);
        cw_alias_clear(&table->phones);
        cw_alias_clear(&table->payment_brands);
        cw_alias_clear(&table->email_domains);
    }
    for (size_t i = 0; i < sizeof pool_places / sizeof pool_places[0]; i++) {
        free_pool((struct cw_pool *)(void *)((char *)tables + pool_places[i].in_tables));
    }
    free_pool(&tables->countries);
    free_pool(&tables->locales);
    free_pool(&tables->languages);
    free_pool(&tables->currencies);
    free(tables->tables);
    free(tables);
}
