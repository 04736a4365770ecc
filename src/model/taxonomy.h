/* The category tree and what its leaves sell: compiled into the library from the text under data/catalogue/.
 * Everything here is constant, static storage, safe to share between threads. */
#ifndef CW_MODEL_TAXONOMY_H
#define CW_MODEL_TAXONOMY_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/batch.h"

/* One category. Categories stand in preorder, so that the leaves below any of them are neighbours. */
struct cw_category {
    int32_t parent;      /* -1: a department, the top of the tree */
    int32_t level;       /* 1 at the top */
    uint32_t first_leaf; /* into the leaves */
    uint32_t leaf_count; /* >= 1 */
    bool is_leaf;
};

/* How product names of a leaf are made. */
enum cw_name_pattern {
    CW_NAME_STYLE, /* brand, model word, adjective, noun */
    CW_NAME_TECH,  /* brand, noun, adjective, model code */
    CW_NAME_FOOD,  /* brand, adjective, noun */
    CW_NAME_MEDIA  /* an invented title, noun */
};

#define CW_SEASON_CHOICES_MAX 8

/* A leaf: what products in it are like. Sets of values are numbered; 0 is the empty set. */
struct cw_leaf {
    uint16_t category;
    uint8_t department;
    uint16_t noun;       /* code into cw_nouns */
    uint32_t demand;     /* relative share of sales and of products */
    uint32_t price;      /* median in US cents, >= 1 */
    uint16_t sigma;      /* deviation of the natural logarithm of the price, thousandths */
    uint16_t margin;     /* usual share of the price that is not cost, per mille */
    uint32_t lightest;   /* g */
    uint32_t heaviest;   /* g */
    uint8_t sizes;       /* size system */
    uint8_t colours;     /* colour set */
    uint8_t materials;   /* material set */
    uint8_t tax_class;   /* 0 standard, 1 reduced, 2 zero */
    uint8_t minimum_age; /* 0: none */
    uint8_t excluded;    /* code into cw_excluded_countries; 0: sold everywhere */
    uint8_t words;       /* list for cw_adjectives */
    uint8_t pattern;     /* enum cw_name_pattern */
    uint8_t season_count;
    uint8_t
        seasons[CW_SEASON_CHOICES_MAX]; /* 0 none, 1 spring, ..., 4 winter, 5 holiday; each equally likely */
    char sku[3];                        /* letters for stock keeping codes, no terminator */
};

/* A run of strings in a pool. */
struct cw_span {
    uint32_t first;
    uint32_t count;
};

/* From the price `from` on, prices in the currency may be a multiple of step plus ending (minor units). */
struct cw_price_ending {
    char currency[4]; /* ISO 4217; "XX2": any other currency with two digits */
    uint32_t from;
    uint32_t step; /* > ending */
    uint32_t ending;
    uint32_t weight;
};

enum cw_brand_tier { CW_TIER_VALUE, CW_TIER_MAINSTREAM, CW_TIER_PREMIUM, CW_TIER_LUXURY, CW_TIER_COUNT };

extern const struct cw_pool cw_category_names;     /* by category */
extern const struct cw_pool cw_category_paths;     /* by category: names joined by " > " */
extern const struct cw_pool cw_nouns;              /* "T-Shirt" */
extern const struct cw_pool cw_excluded_countries; /* ISO 3166-1 alpha-2 joined by ';'; code 0 is empty */
extern const struct cw_pool cw_sizes;
extern const struct cw_pool cw_colours;
extern const struct cw_pool cw_materials;
extern const struct cw_pool cw_words;           /* adjectives and objects for product names */
extern const struct cw_pool cw_brand_names;     /* invented, screened, all different, sorted */
extern const struct cw_pool cw_brand_countries; /* ISO 3166-1 alpha-2 */

uint32_t cw_category_count(void);
const struct cw_category *cw_category_get(uint32_t index);
uint32_t cw_leaf_count(void);
const struct cw_leaf *cw_leaf_get(uint32_t index);
uint32_t cw_department_count(void);

/* The values of a size system (codes into cw_sizes, in order of size), and how many neighbouring ones a
 * product has. */
struct cw_span cw_size_system(uint32_t system, uint32_t *lowest, uint32_t *highest);

/* The values of a colour or material set: codes into cw_colours or cw_materials. weights: relative frequency
 * of each, span.count of them; NULL for the empty set. */
struct cw_span cw_colour_set(uint32_t set, const uint16_t **weights);
struct cw_span cw_material_set(uint32_t set, const uint16_t **weights);

/* Adjectives of a word list, objects for model names (style) and for titles: codes into cw_words. */
struct cw_span cw_adjectives(uint32_t list);
struct cw_span cw_model_words(void);
struct cw_span cw_title_words(void);

/* Relative frequency of a home country (index into cw_brand_countries) and of a tier; a tier's price against
 * the median of the category, per mille. */
uint32_t cw_brand_country_weight(uint32_t country);
uint32_t cw_brand_tier_weight(enum cw_brand_tier tier);
uint32_t cw_brand_tier_price(enum cw_brand_tier tier);

/* The endings of a currency with that many digits: *count of them, ascending by from. Never none for 0, 2 and
 * 3 digits; other digits use those of 2. */
const struct cw_price_ending *cw_price_endings_get(const char *currency, uint32_t digits, uint32_t *count);

/* The next category from index `from` on that text names: its name, its path, or the end of its path ("Women
 * > Tops"), case-insensitive, blanks around '>' optional. -1: no more. */
int cw_category_find(const char *text, uint32_t from);

/* The category whose name or path is least edits away from text; never fails. */
uint32_t cw_category_nearest(const char *text);

#endif
