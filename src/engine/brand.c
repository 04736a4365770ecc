#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "engine/catalogue_parts.h"
#include "engine/distribution.h"

#define FEWEST_BRANDS 12
#define BRANDS_PER_ROOT 3        /* brands grow with the square root of products */
#define FOUNDING_SHARE 650       /* per mille of brands there from the opening on */
#define SECOND_DEPARTMENT 300    /* per mille of brands at home in a second department */
#define THIRD_DEPARTMENT 330     /* per mille of those at home in a third one */
#define LAST_BRAND_PER_MILLE 600 /* of the shop's time, after which it takes no brand on */

static uint32_t brand_count(int64_t products)
{
    if (products <= 0) {
        return 0;
    }
    int64_t root = 0;
    while ((root + 1) * (root + 1) <= products) {
        root++;
    }
    int64_t count = FEWEST_BRANDS + BRANDS_PER_ROOT * root;
    return (uint32_t)(count < cw_brand_names.count ? count : cw_brand_names.count);
}

static uint32_t pick_weight(uint64_t draw, const uint32_t *weights, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += weights[i];
    }
    uint64_t place = cw_below(draw, sum);
    uint32_t picked = 0;
    while (place >= weights[picked]) {
        place -= weights[picked++];
    }
    return picked;
}

/* Demand of the departments that the plan's products are in; 0 for the others. Returns how many are not 0. */
static uint32_t department_demand(const struct cw_catalogue_plan *plan, uint32_t *demand)
{
    uint32_t used = 0;
    for (uint32_t d = 0; d < plan->department_count; d++) {
        demand[d] = 0;
    }
    for (uint32_t c = 0; c < plan->choice_count; c++) {
        for (uint32_t i = 0; i < plan->choices[c].count; i++) {
            const struct cw_leaf *leaf = cw_leaf_get(plan->choices[c].leaves[i]);
            used += demand[leaf->department] == 0;
            demand[leaf->department] += leaf->demand;
        }
    }
    return used;
}

/* The first brands serve one department each, so that none is without; the others go where demand is. */
static void brand_departments(struct cw_brand *brand, uint32_t index, uint64_t draw, const uint32_t *demand,
                              uint32_t departments, uint32_t used)
{
    uint32_t home = 0;
    if (index < used) {
        for (uint32_t skip = index; demand[home] == 0 || skip > 0; home++) {
            skip -= demand[home] != 0;
        }
    } else {
        home = pick_weight(cw_mix(draw + 1), demand, departments);
    }
    brand->departments[brand->department_count++] = (uint8_t)home;
    uint32_t more = cw_chance(&draw, SECOND_DEPARTMENT) ? 1 + cw_chance(&draw, THIRD_DEPARTMENT) : 0;
    for (uint32_t i = 0; i < more; i++) {
        uint8_t other = (uint8_t)pick_weight(cw_mix(draw + i), demand, departments);
        bool known = false;
        for (uint32_t j = 0; j < brand->department_count; j++) {
            known = known || brand->departments[j] == other;
        }
        if (!known) {
            brand->departments[brand->department_count++] = other;
        }
    }
}

static void brand_letters(struct cw_brand *brand)
{
    const uint32_t *offset = cw_brand_names.offsets + brand->name;
    const char *name = cw_brand_names.bytes + offset[0];
    uint32_t size = offset[1] - offset[0];
    uint32_t second = 1;
    while (second + 1 < size && strchr("aeiou", name[second]) != NULL) {
        second++;
    }
    brand->sku[0] = name[0];
    brand->sku[1] = (char)(name[second] - 'a' + 'A');
}

static void brand_make(const struct cw_catalogue_plan *plan, uint32_t index, struct cw_stream traits,
                       const uint32_t *demand, uint32_t used, struct cw_brand *brand)
{
    uint32_t tiers[CW_TIER_COUNT];
    uint32_t countries[64] = {0};
    uint32_t country_count = cw_brand_countries.count < 64 ? cw_brand_countries.count : 64;
    for (uint32_t i = 0; i < CW_TIER_COUNT; i++) {
        tiers[i] = cw_brand_tier_weight((enum cw_brand_tier)i);
    }
    for (uint32_t i = 0; i < country_count; i++) {
        countries[i] = cw_brand_country_weight(i);
    }
    uint64_t draw = cw_draw(traits, index, 0);
    int64_t span = plan->spec.as_of - plan->spec.opening;
    brand->created_at = plan->spec.opening;
    if (index >= used && !cw_chance(&draw, FOUNDING_SHARE)) {
        int64_t hours = span / CW_MICROS_PER_HOUR * LAST_BRAND_PER_MILLE / 1000;
        brand->created_at += (int64_t)cw_below(draw, (uint64_t)hours + 1) * CW_MICROS_PER_HOUR;
    }
    brand->tier = (uint8_t)pick_weight(cw_draw(traits, index, 1), tiers, CW_TIER_COUNT);
    brand->country = (uint8_t)pick_weight(cw_draw(traits, index, 2), countries, country_count);
    brand->weight = 1 + (uint32_t)cw_log_normal(cw_draw(traits, index, 3), 5.0, 0.9);
    brand_departments(brand, index, cw_draw(traits, index, 4), demand, plan->department_count, used);
    brand_letters(brand);
}

static int by_creation(const void *a, const void *b)
{
    const struct cw_brand *const *first = a;
    const struct cw_brand *const *second = b;
    if ((*first)->created_at != (*second)->created_at) {
        return (*first)->created_at < (*second)->created_at ? -1 : 1;
    }
    return *first < *second ? -1 : *first > *second;
}

static bool in_department(const struct cw_brand *brand, uint32_t department)
{
    for (uint32_t i = 0; i < brand->department_count; i++) {
        if (brand->departments[i] == department) {
            return true;
        }
    }
    return false;
}

static bool department_init(struct cw_catalogue_plan *plan, uint32_t index, const struct cw_brand **sorted)
{
    struct cw_department_brands *department = &plan->departments[index];
    uint32_t count = 0;
    for (uint32_t b = 0; b < plan->brand_count; b++) {
        if (in_department(&plan->brands[b], index)) {
            sorted[count++] = &plan->brands[b];
        }
    }
    if (count == 0) {
        return true;
    }
    qsort(sorted, count, sizeof *sorted, by_creation);
    department->brands = malloc(count * sizeof *department->brands);
    department->created_at = malloc(count * sizeof *department->created_at);
    department->cumulative = malloc(count * sizeof *department->cumulative);
    if (department->brands == NULL || department->created_at == NULL || department->cumulative == NULL) {
        return false;
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += sorted[i]->weight;
        department->brands[i] = (uint32_t)(sorted[i] - plan->brands);
        department->created_at[i] = sorted[i]->created_at;
        department->cumulative[i] = sum;
    }
    department->count = count;
    return true;
}

static void brands_make(struct cw_catalogue_plan *plan, uint32_t *demand)
{
    /* Rows of brands start anew with every run: what was made before is mixed into their seed instead. */
    uint64_t seed = plan->spec.seed ^ cw_mix((uint64_t)plan->spec.prior_products);
    struct cw_stream ids = cw_stream_make(seed, CW_ENTITY_BRAND, CW_PURPOSE_ID);
    struct cw_stream traits = cw_stream_make(seed, CW_ENTITY_BRAND, CW_PURPOSE_TRAITS);
    struct cw_permutation names =
        cw_permutation_make(cw_stream_make(seed, CW_ENTITY_BRAND, CW_PURPOSE_NAME), cw_brand_names.count);
    uint32_t used = department_demand(plan, demand);
    for (uint32_t b = 0; b < plan->brand_count; b++) {
        struct cw_brand *brand = &plan->brands[b];
        brand->name = (uint32_t)cw_permute(&names, b);
        brand_make(plan, b, traits, demand, used, brand);
        cw_uuid_v7(brand->id.bytes, brand->created_at, cw_unique62(ids, b));
    }
}

cw_status cw_brands_init(struct cw_catalogue_plan *plan, struct cw_error *error)
{
    plan->brand_count = brand_count(plan->spec.products);
    plan->department_count = cw_department_count();
    uint32_t *demand = calloc(plan->department_count, sizeof *demand);
    const struct cw_brand **sorted = calloc((size_t)plan->brand_count + 1, sizeof *sorted);
    plan->brands = calloc((size_t)plan->brand_count + 1, sizeof *plan->brands);
    plan->departments = calloc(plan->department_count, sizeof *plan->departments);
    bool made = demand != NULL && sorted != NULL && plan->brands != NULL && plan->departments != NULL;
    if (made) {
        brands_make(plan, demand);
    }
    for (uint32_t d = 0; made && d < plan->department_count; d++) {
        made = department_init(plan, d, sorted);
    }
    free(demand);
    free(sorted);
    return made ? CW_OK
                : cw_error_set(error, CW_E_NO_MEMORY, "products", "out of memory while brands were made");
}
