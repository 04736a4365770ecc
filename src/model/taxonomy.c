#include "model/taxonomy.h"

#include <string.h>

#include "model/taxonomy_tables.h"

#define LONGEST_NAME 128

uint32_t cw_category_count(void)
{
    return cw_categories_count;
}

const struct cw_category *cw_category_get(uint32_t index)
{
    return &cw_categories[index];
}

uint32_t cw_leaf_count(void)
{
    return cw_leaves_count;
}

const struct cw_leaf *cw_leaf_get(uint32_t index)
{
    return &cw_leaves[index];
}

uint32_t cw_department_count(void)
{
    return cw_departments_count;
}

static struct cw_span set_span(const uint16_t *first, uint32_t set)
{
    /* Set 0 is empty: the first real set begins where it begins. */
    if (set == 0) {
        return (struct cw_span){0, 0};
    }
    return (struct cw_span){first[set], (uint32_t)(first[set + 1] - first[set])};
}

struct cw_span cw_size_system(uint32_t system, uint32_t *lowest, uint32_t *highest)
{
    *lowest = cw_sizes_lowest[system];
    *highest = cw_sizes_highest[system];
    return set_span(cw_sizes_first, system);
}

struct cw_span cw_colour_set(uint32_t set, const uint16_t **weights)
{
    struct cw_span span = set_span(cw_colours_first, set);
    *weights = set == 0 ? NULL : cw_colours_weights + span.first;
    return span;
}

struct cw_span cw_material_set(uint32_t set, const uint16_t **weights)
{
    struct cw_span span = set_span(cw_materials_first, set);
    *weights = set == 0 ? NULL : cw_materials_weights + span.first;
    return span;
}

struct cw_span cw_adjectives(uint32_t list)
{
    return cw_adjective_lists[list];
}

struct cw_span cw_model_words(void)
{
    return cw_object_lists[0];
}

struct cw_span cw_title_words(void)
{
    return cw_object_lists[1];
}

uint32_t cw_brand_country_weight(uint32_t country)
{
    return cw_brand_country_weights[country];
}

uint32_t cw_brand_tier_weight(enum cw_brand_tier tier)
{
    return cw_brand_tier_weights[tier];
}

uint32_t cw_brand_tier_price(enum cw_brand_tier tier)
{
    return cw_brand_tier_prices[tier];
}

static const struct cw_price_ending *endings_of(const char *currency, uint32_t *count)
{
    uint32_t first = 0;
    while (first < cw_price_endings_count && strcmp(cw_price_endings[first].currency, currency) != 0) {
        first++;
    }
    uint32_t end = first;
    while (end < cw_price_endings_count && strcmp(cw_price_endings[end].currency, currency) == 0) {
        end++;
    }
    *count = end - first;
    return cw_price_endings + first;
}

const struct cw_price_ending *cw_price_endings_get(const char *currency, uint32_t digits, uint32_t *count)
{
    const struct cw_price_ending *endings = endings_of(currency, count);
    if (*count > 0) {
        return endings;
    }
    return endings_of(digits == 0 ? "XX0" : digits == 3 ? "XX3" : "XX2", count);
}

/* Lower case, blanks around '>' taken out and others kept; cut at LONGEST_NAME - 1 bytes. */
static size_t fold(const char *text, size_t length, char out[LONGEST_NAME])
{
    size_t size = 0;
    for (size_t i = 0; i < length && size + 1 < LONGEST_NAME; i++) {
        char c = text[i];
        if (c == ' ' && (size == 0 || out[size - 1] == '>' || out[size - 1] == ' ')) {
            continue;
        }
        while (c == '>' && size > 0 && out[size - 1] == ' ') {
            size--;
        }
        out[size++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    while (size > 0 && out[size - 1] == ' ') {
        size--;
    }
    out[size] = '\0';
    return size;
}

static size_t fold_pool(const struct cw_pool *pool, uint32_t index, char out[LONGEST_NAME])
{
    const uint32_t *offset = pool->offsets + index;
    return fold(pool->bytes + offset[0], offset[1] - offset[0], out);
}

int cw_category_find(const char *text, uint32_t from)
{
    char wanted[LONGEST_NAME];
    char path[LONGEST_NAME];
    size_t wanted_size = fold(text, strlen(text), wanted);
    for (uint32_t i = from; wanted_size > 0 && i < cw_categories_count; i++) {
        size_t size = fold_pool(&cw_category_paths, i, path);
        if (size < wanted_size || memcmp(path + size - wanted_size, wanted, wanted_size) != 0) {
            continue;
        }
        if (size == wanted_size || path[size - wanted_size - 1] == '>') {
            return (int)i;
        }
    }
    return -1;
}

/* The Levenshtein distance, by one row of the table. */
static uint32_t edits(const char *a, size_t a_size, const char *b, size_t b_size)
{
    uint32_t row[LONGEST_NAME];
    for (uint32_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        uint32_t diagonal = row[0];
        row[0] = (uint32_t)i;
        for (size_t j = 1; j <= b_size; j++) {
            uint32_t substituted = diagonal + (a[i - 1] != b[j - 1]);
            uint32_t shifted = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = substituted < shifted ? substituted : shifted;
        }
    }
    return row[b_size];
}

uint32_t cw_category_nearest(const char *text)
{
    char wanted[LONGEST_NAME];
    char other[LONGEST_NAME];
    size_t wanted_size = fold(text, strlen(text), wanted);
    uint32_t best = 0;
    uint32_t fewest = UINT32_MAX;
    for (uint32_t i = 0; i < cw_categories_count; i++) {
        size_t size = fold_pool(&cw_category_names, i, other);
        uint32_t distance = edits(wanted, wanted_size, other, size);
        size = fold_pool(&cw_category_paths, i, other);
        uint32_t by_path = edits(wanted, wanted_size, other, size);
        distance = distance < by_path ? distance : by_path;
        if (distance < fewest) {
            fewest = distance;
            best = i;
        }
    }
    return best;
}
