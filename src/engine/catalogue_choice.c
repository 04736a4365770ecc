#include <stdlib.h>
#include <string.h>

#include "engine/catalogue_parts.h"

static cw_status unknown_category(const char *name, struct cw_error *error)
{
    const uint32_t *offset = cw_category_paths.offsets + cw_category_nearest(name);
    return cw_error_set(error, CW_E_INVALID, "categories",
                        "category '%s' is not known; expected a name or path of the tree; nearest: '%.*s'",
                        name, (int)(offset[1] - offset[0]), cw_category_paths.bytes + offset[0]);
}

static cw_status check_attributes(const struct cw_run_spec *spec, struct cw_error *error)
{
    for (uint32_t a = 0; a < CW_ATTRIBUTE_COUNT; a++) {
        const char *name = cw_attribute_name((enum cw_attribute)a);
        const struct cw_attribute_values *given = &spec->attributes[a];
        if (given->count > CW_ATTRIBUTE_VALUES_MAX) {
            return cw_error_set(error, CW_E_INVALID, "attributes", "%s has %u values; expected at most %d",
                                name, given->count, CW_ATTRIBUTE_VALUES_MAX);
        }
        for (uint32_t i = 0; i < given->count; i++) {
            if (given->values[i][0] == '\0' || memchr(given->values[i], '\0', CW_NAME_MAX) == NULL) {
                return cw_error_set(error, CW_E_INVALID, "attributes",
                                    "value %u of %s is empty or too long; expected 1 to %d bytes", i + 1,
                                    name, CW_NAME_MAX - 1);
            }
            for (uint32_t j = 0; j < i; j++) {
                if (strcmp(given->values[i], given->values[j]) == 0) {
                    return cw_error_set(error, CW_E_INVALID, "attributes",
                                        "value '%s' of %s stands twice; expected different values",
                                        given->values[i], name);
                }
            }
        }
    }
    return CW_OK;
}

static cw_status check_categories(const struct cw_run_spec *spec, struct cw_error *error)
{
    if (spec->category_count > CW_CATEGORIES_MAX) {
        return cw_error_set(error, CW_E_INVALID, "categories",
                            "%u categories were given; expected at most %d", spec->category_count,
                            CW_CATEGORIES_MAX);
    }
    if (spec->products_per_category < 0) {
        return cw_error_set(error, CW_E_INVALID, "products_per_category",
                            "products_per_category is %lld; expected 0 or more",
                            (long long)spec->products_per_category);
    }
    for (uint32_t i = 0; i < spec->category_count; i++) {
        if (memchr(spec->categories[i], '\0', CW_NAME_MAX) == NULL) {
            return cw_error_set(error, CW_E_INVALID, "categories", "category %u is longer than %d bytes",
                                i + 1, CW_NAME_MAX - 1);
        }
        if (cw_category_find(spec->categories[i], 0) < 0) {
            return unknown_category(spec->categories[i], error);
        }
    }
    return CW_OK;
}

cw_status cw_catalogue_resolve(struct cw_run_spec *spec, struct cw_error *error)
{
    cw_status status = check_attributes(spec, error);
    if (status == CW_OK) {
        status = check_categories(spec, error);
    }
    if (status != CW_OK) {
        return status;
    }
    int64_t products = spec->products;
    const int64_t most = INT64_C(10000000);
    if (spec->category_count > 0 && spec->products_per_category > most / spec->category_count) {
        return cw_error_set(
            error, CW_E_LIMIT, "products_per_category",
            "products_per_category is %lld for %u categories; expected at most %lld products in all",
            (long long)spec->products_per_category, spec->category_count, (long long)most);
    }
    if (spec->category_count > 0) {
        products = spec->products_per_category * spec->category_count;
    }
    if (products < 0 || products > most) {
        return cw_error_set(error, CW_E_INVALID, "products", "products is %lld; expected 0 to %lld",
                            (long long)products, (long long)most);
    }
    if (spec->prior_products < 0 || spec->prior_products > CW_STORE_PRODUCTS_MAX - products) {
        return cw_error_set(error, CW_E_LIMIT, "products",
                            "products is %lld after %lld made before; expected at most %lld in one store",
                            (long long)products, (long long)spec->prior_products,
                            (long long)CW_STORE_PRODUCTS_MAX);
    }
    spec->products = products;
    return CW_OK;
}

/* Marks the leaves of every category that a name stands for; NULL: of the whole tree. */
static uint32_t mark_leaves(const char *name, uint8_t *marked)
{
    uint32_t count = 0;
    if (name == NULL) {
        memset(marked, 1, cw_leaf_count());
        return cw_leaf_count();
    }
    memset(marked, 0, cw_leaf_count());
    for (int i = cw_category_find(name, 0); i >= 0; i = cw_category_find(name, (uint32_t)i + 1)) {
        const struct cw_category *category = cw_category_get((uint32_t)i);
        for (uint32_t leaf = category->first_leaf; leaf < category->first_leaf + category->leaf_count;
             leaf++) {
            count += marked[leaf] == 0;
            marked[leaf] = 1;
        }
    }
    return count;
}

static bool choice_init(struct cw_leaf_choice *choice, const char *name, uint8_t *marked)
{
    uint32_t count = mark_leaves(name, marked);
    choice->leaves = malloc(count * sizeof *choice->leaves);
    choice->cumulative = malloc(count * sizeof *choice->cumulative);
    if (choice->leaves == NULL || choice->cumulative == NULL) {
        return false;
    }
    uint64_t sum = 0;
    for (uint32_t leaf = 0; leaf < cw_leaf_count(); leaf++) {
        if (marked[leaf] == 0) {
            continue;
        }
        sum += cw_leaf_get(leaf)->demand;
        choice->leaves[choice->count] = leaf;
        choice->cumulative[choice->count++] = sum;
    }
    return true;
}

cw_status cw_leaf_choices_init(struct cw_catalogue_plan *plan, struct cw_error *error)
{
    uint32_t named = plan->spec.category_count;
    uint32_t count = named > 0 ? named : 1;
    uint8_t *marked = malloc(cw_leaf_count());
    bool made = marked != NULL;
    plan->choices = calloc(count, sizeof *plan->choices);
    made = made && plan->choices != NULL;
    plan->choice_count = count;
    for (uint32_t i = 0; made && i < count; i++) {
        made = choice_init(&plan->choices[i], named > 0 ? plan->spec.categories[i] : NULL, marked);
    }
    free(marked);
    return made ? CW_OK
                : cw_error_set(error, CW_E_NO_MEMORY, "categories",
                               "out of memory while categories were chosen");
}
