#include "engine/market_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/mathematics.h"

#define USUAL_DAY 20454 /* 2026-01-01: how common given names are is reckoned for people of this day */

static cw_status no_memory(struct cw_error *error, const char *what)
{
    return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the tables of %s", what);
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

static cw_status build_choices(struct cw_market_table *table, struct cw_arena *arena, struct cw_error *error)
{
    const struct cw_market *market = table->market;
    const struct {
        struct cw_alias *alias;
        const uint32_t *weights;
        uint32_t count;
    } choices[] = {{&table->streets, market->streets.weights, market->streets.count},
                   {&table->phones, market->phones.weights, market->phones.count},
                   {&table->payment_brands, market->payment_brands.weights, market->payment_brands.count},
                   {&table->email_ends[CW_EMAIL_PROVIDER].choice, market->email_domains.weights,
                    market->email_domains.count}};
    cw_status status = CW_OK;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0] && status == CW_OK; i++) {
        struct cw_alias made = {0};
        size_t size = choices[i].count * sizeof *made.cells;
        if (choices[i].count > 0) {
            status = cw_alias_init_integers(&made, choices[i].weights, choices[i].count, error);
        }
        struct cw_alias_cell *cells = cw_arena_alloc(arena, size);
        if (status == CW_OK && cells == NULL) {
            status = no_memory(error, "choices");
        }
        if (status == CW_OK) {
            if (size > 0) {
                memcpy(cells, made.cells, size);
            }
            *choices[i].alias = (struct cw_alias){made.count, cells};
        }
        cw_alias_clear(&made);
    }
    return status;
}

static cw_status build_cities(struct cw_market_table *table, struct cw_arena *arena, struct cw_error *error)
{
    const struct cw_cities *cities = &table->market->cities;
    struct cw_alias alias = {0};
    cw_status status = cw_alias_init_integers(&alias, cities->population, cities->count, error);
    table->cities = cw_arena_alloc(arena, cities->count * sizeof *table->cities);
    if (status == CW_OK && table->cities == NULL) {
        status = no_memory(error, "cities");
    }
    for (uint32_t c = 0; status == CW_OK && c < cities->count; c++) {
        uint32_t first = cities->first_postal[c];
        table->cities[c] =
            (struct cw_city_cell){.threshold = alias.cells[c].threshold,
                                  .other = alias.cells[c].other,
                                  .first_postal = first,
                                  .postal_count = (uint16_t)(cities->first_postal[c + 1] - first),
                                  .region = cities->region[c]};
    }
    table->city_count = cities->count;
    cw_alias_clear(&alias);
    return status;
}

static cw_status build_phone_ranges(struct cw_market_table *table, struct cw_arena *arena,
                                    struct cw_error *error)
{
    const struct cw_phone_ranges *phones = &table->market->phones;
    table->phone_ranges = cw_arena_alloc(arena, phones->count * sizeof *table->phone_ranges);
    if (table->phone_ranges == NULL) {
        return no_memory(error, "phone numbers");
    }
    for (uint32_t i = 0; i < phones->count; i++) {
        struct cw_phone_range *range = &table->phone_ranges[i];
        uint32_t start = phones->prefixes.offsets[i];
        uint32_t length = phones->prefixes.offsets[i + 1] - start;
        if (length > CW_PHONE_PREFIX_MAX || phones->digits[i] > CW_PHONE_DIGITS_MAX) {
            return cw_error_set(error, CW_E_INTERNAL, NULL,
                                "market %s has a phone range of %u characters and %u digits; expected up to "
                                "%d and %d",
                                table->market->country, length, phones->digits[i], CW_PHONE_PREFIX_MAX,
                                CW_PHONE_DIGITS_MAX);
        }
        memcpy(range->prefix, phones->prefixes.bytes + start, length);
        range->length = (uint8_t)length;
        range->digits = phones->digits[i];
    }
    return CW_OK;
}

static cw_status build_street_texts(struct cw_market_table *table, struct cw_arena *arena,
                                    struct cw_error *error)
{
    const struct cw_market *market = table->market;
    const struct cw_pool *names =
        market->streets.count > 0 ? &market->streets.names : &market->postal_codes.localities;
    table->street_texts = cw_arena_alloc(arena, ((size_t)names->count + 1) * sizeof *table->street_texts);
    if (table->street_texts == NULL) {
        return no_memory(error, "streets");
    }
    for (uint32_t i = 0; i < names->count; i++) {
        uint32_t length = names->offsets[i + 1] - names->offsets[i];
        table->street_texts[i].length = (uint8_t)length;
        memcpy(table->street_texts[i].text, names->bytes + names->offsets[i],
               length < CW_STREET_TEXT_MAX ? length : CW_STREET_TEXT_MAX);
    }
    table->street_names = names;
    return CW_OK;
}

static cw_status set_email_end(struct cw_email_end *end, const char *mark, const struct cw_pool *names,
                               uint32_t name, const char *domain, struct cw_error *error)
{
    char text[2 * CW_EMAIL_END_MAX];
    int length =
        snprintf(text, sizeof text, "%s%.*s%s", mark, (int)(names->offsets[name + 1] - names->offsets[name]),
                 names->bytes + names->offsets[name], domain);
    if (length > CW_EMAIL_END_MAX) {
        return cw_error_set(error, CW_E_INTERNAL, NULL,
                            "e-mail addresses end in \"%s\", %d bytes; expected up to %d", text, length,
                            CW_EMAIL_END_MAX);
    }
    memcpy(end->text, text, (size_t)length);
    end->length = (uint8_t)length;
    return CW_OK;
}

/* One end for each of the names, which are chosen evenly unless there is a choice already. */
static cw_status build_ends_of(struct cw_email_ends *ends, struct cw_arena *arena, const char *mark,
                               const struct cw_pool *names, const char *domain, struct cw_error *error)
{
    struct cw_alias_cell *cells = cw_arena_alloc(arena, names->count * sizeof *cells);
    ends->ends = cw_arena_alloc(arena, names->count * sizeof *ends->ends);
    if (cells == NULL || ends->ends == NULL) {
        return no_memory(error, "e-mail addresses");
    }
    cw_status status = CW_OK;
    for (uint32_t i = 0; i < names->count && status == CW_OK; i++) {
        cells[i] = (struct cw_alias_cell){.threshold = UINT32_MAX, .other = i};
        status = set_email_end(&ends->ends[i], mark, names, i, domain, error);
    }
    if (ends->choice.count == 0) {
        ends->choice = (struct cw_alias){names->count, cells};
    }
    return status;
}

static cw_status build_email_ends(struct cw_market_table *table, struct cw_arena *arena,
                                  struct cw_error *error)
{
    static const uint32_t no_text[] = {0, 0};
    static const struct cw_pool no_name = {1, no_text, ""};
    const struct cw_market *market = table->market;
    const struct {
        const char *mark;
        const struct cw_pool *names;
        const char *domain;
    } parts[CW_EMAIL_OWNER_COUNT] = {
        [CW_EMAIL_PROVIDER] = {"@", &market->email_domains.names, ""},
        [CW_EMAIL_COMPANY] = {"@", &market->company_ascii, market->company_domain},
        [CW_EMAIL_SELF] = {"", &no_name, ".name"},
    };
    cw_status status = CW_OK;
    for (uint32_t o = 0; o < CW_EMAIL_OWNER_COUNT && status == CW_OK; o++) {
        status = build_ends_of(&table->email_ends[o], arena, parts[o].mark, parts[o].names, parts[o].domain,
                               error);
    }
    return status;
}

static cw_status note_shown_regions(struct cw_market_table *table, struct cw_arena *arena,
                                    struct cw_error *error)
{
    const struct cw_pool *names = &table->market->regions.names;
    uint32_t count = table->market->regions.count;
    table->region_shown = cw_arena_alloc(arena, ((size_t)count + 1) * sizeof *table->region_shown);
    if (table->region_shown == NULL) {
        return no_memory(error, "regions");
    }
    for (uint32_t r = 0; r < count; r++) {
        table->region_shown[r] = names->offsets[r + 1] > names->offsets[r];
    }
    return CW_OK;
}

static cw_status find_region_zones(struct cw_market_table *table, struct cw_arena *arena,
                                   struct cw_error *error)
{
    const struct cw_cities *cities = &table->market->cities;
    uint32_t regions = table->market->regions.count;
    uint32_t *largest = calloc(regions + 1, sizeof *largest);
    table->region_zones = cw_arena_alloc(arena, ((size_t)regions + 1) * sizeof *table->region_zones);
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

/* A market's parts besides its names. */
static cw_status (*const builders[])(struct cw_market_table *, struct cw_arena *, struct cw_error *) = {
    build_choices,    build_cities,       build_phone_ranges, build_street_texts,
    build_email_ends, note_shown_regions, find_region_zones,
};

static cw_status build_market(struct cw_market_table *table, struct cw_arena *arena,
                              const struct cw_birth_decades *decades, const struct cw_birth_decades *usual,
                              struct cw_error *error)
{
    cw_status status = cw_name_tables_init(&table->names, arena, table->market, decades, usual, error);
    for (size_t i = 0; i < sizeof builders / sizeof builders[0] && status == CW_OK; i++) {
        status = builders[i](table, arena, error);
    }
    return status == CW_OK ? cw_street_format_init(&table->street_format, table->market, error) : status;
}

static cw_status build_pools(struct cw_market_tables *tables, struct cw_error *error)
{
    const struct {
        size_t member;
        struct cw_pool *pool;
    } codes[] = {{offsetof(struct cw_market, country), &tables->countries},
                 {offsetof(struct cw_market, locale), &tables->locales},
                 {offsetof(struct cw_market, language), &tables->languages},
                 {offsetof(struct cw_market, currency), &tables->currencies}};
    cw_status status = CW_OK;
    for (size_t i = 0; i < sizeof pool_places / sizeof pool_places[0] && status == CW_OK; i++) {
        status = join_pools(tables, &pool_places[i], error);
    }
    for (size_t i = 0; i < sizeof codes / sizeof codes[0] && status == CW_OK; i++) {
        status = pool_of_codes(tables, codes[i].member, codes[i].pool, error);
    }
    return status;
}

static cw_status build_tables(struct cw_market_tables *tables, struct cw_error *error)
{
    struct cw_birth_decades decades;
    struct cw_birth_decades usual;
    cw_age_table_fill(&tables->ages);
    cw_birth_decades_fill(&decades, &tables->ages, tables->day);
    cw_birth_decades_fill(&usual, &tables->ages, USUAL_DAY);
    cw_status status = CW_OK;
    for (uint32_t m = 0; m < tables->count && status == CW_OK; m++) {
        tables->tables[m].market = cw_market_get(m);
        status = build_market(&tables->tables[m], &tables->arena, &decades, &usual, error);
    }
    return status == CW_OK ? build_pools(tables, error) : status;
}

/* Differences of months do not show in how common names are, so that most runs can share tables. */
static int32_t first_day_of_year(int64_t as_of)
{
    return cw_date_to_days(cw_date_from_days((int32_t)(as_of / CW_MICROS_PER_DAY)).year, 1, 1);
}

bool cw_market_tables_suit(const struct cw_market_tables *tables, int64_t as_of)
{
    return tables->day == first_day_of_year(as_of);
}

cw_status cw_market_tables_new(int64_t as_of, struct cw_market_tables **out, struct cw_error *error)
{
    struct cw_market_tables *tables = calloc(1, sizeof *tables);
    if (tables == NULL) {
        return no_memory(error, "markets");
    }
    tables->count = cw_market_count();
    tables->day = first_day_of_year(as_of);
    for (int i = 0; i < 256; i++) {
        tables->spread[i] = cw_exp(0.5 * cw_normal_quantile((i + 0.5) / 256.0));
    }
    tables->tables = cw_arena_alloc(&tables->arena, tables->count * sizeof *tables->tables);
    cw_status status = tables->tables == NULL ? no_memory(error, "markets") : build_tables(tables, error);
    if (status == CW_OK) {
        status = cw_growth_init(&tables->growth, as_of - CW_USUAL_AGE, as_of, error);
    }
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
    for (size_t i = 0; i < sizeof pool_places / sizeof pool_places[0]; i++) {
        free_pool((struct cw_pool *)(void *)((char *)tables + pool_places[i].in_tables));
    }
    free_pool(&tables->countries);
    free_pool(&tables->locales);
    free_pool(&tables->languages);
    free_pool(&tables->currencies);
    cw_growth_clear(&tables->growth);
    cw_arena_clear(&tables->arena);
    free(tables);
}
