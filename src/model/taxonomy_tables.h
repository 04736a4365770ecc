/* The tables that tools/compile_catalogue.py writes; read through taxonomy.h. */
#ifndef CW_MODEL_TAXONOMY_TABLES_H
#define CW_MODEL_TAXONOMY_TABLES_H

#include "model/taxonomy.h"

extern const struct cw_category cw_categories[];
extern const uint32_t cw_categories_count;
extern const struct cw_leaf cw_leaves[];
extern const uint32_t cw_leaves_count;
extern const uint32_t cw_departments_count;

/* First value of a set; the entry after the last set is the number of values. */
extern const uint16_t cw_sizes_first[];
extern const uint8_t cw_sizes_lowest[];
extern const uint8_t cw_sizes_highest[];
extern const uint16_t cw_colours_first[];
extern const uint16_t cw_colours_weights[];
extern const uint16_t cw_materials_first[];
extern const uint16_t cw_materials_weights[];

extern const struct cw_span cw_adjective_lists[];
extern const struct cw_span cw_object_lists[]; /* style, title */

extern const uint32_t cw_brand_country_weights[];
extern const uint32_t cw_brand_tier_weights[];
extern const uint32_t cw_brand_tier_prices[];

extern const struct cw_price_ending cw_price_endings[];
extern const uint32_t cw_price_endings_count;

#endif
