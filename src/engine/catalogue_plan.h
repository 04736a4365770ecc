/* The catalogue of a run: categories, brands, products, their prices and variants, and the fulfilment
 * centres. Every row is a pure function of the run spec and its number. */
#ifndef CW_ENGINE_CATALOGUE_PLAN_H
#define CW_ENGINE_CATALOGUE_PLAN_H

#include "model/world.h"

/* Products that one store can hold over all its runs: their barcodes have ten free digits, 64 per product. */
#define CW_STORE_PRODUCTS_MAX INT64_C(156250000)

struct cw_catalogue_plan;

/* Checks the categories, attributes, price range and product count of a spec, and, with categories, sets
 * spec->products to products_per_category times their number. Idempotent. Errors: CW_E_INVALID, CW_E_LIMIT
 * naming the field. */
cw_status cw_catalogue_resolve(struct cw_run_spec *spec, struct cw_error *error);

/* Prepares the catalogue of a resolved spec; the spec is copied. Takes about 1 ms. A plan is read only: share
 * it freely. Errors: CW_E_INVALID, CW_E_LIMIT, CW_E_NO_MEMORY. */
cw_status cw_catalogue_plan_new(const struct cw_run_spec *spec, struct cw_catalogue_plan **plan,
                                struct cw_error *error);
void cw_catalogue_plan_free(struct cw_catalogue_plan *plan);

/* Rows of category, brand, product and fulfilment_centre; a guess for product_price and variant; else 0. */
int64_t cw_catalogue_plan_rows(const struct cw_catalogue_plan *plan, enum cw_entity_id entity);

/* Fills batch, of that entity, with rows first_row to first_row + row_count - 1; bit c of columns asks for
 * column c, the others are left as they are. For product_price and variant the rows counted are *products*:
 * all their children follow one another. Dictionary columns borrow pools of the plan or static ones. batch
 * may be used again. Errors: CW_E_INVALID (rows outside the entity), CW_E_LIMIT, CW_E_NO_MEMORY. */
cw_status cw_catalogue_plan_fill(const struct cw_catalogue_plan *plan, uint32_t entity, int64_t first_row,
                                 int64_t row_count, uint64_t columns, struct cw_batch *batch,
                                 struct cw_error *error);

/* Builds the arrays of world.h for all products of the plan, on up to so many threads; release them with
 * cw_catalogue_clear. Errors: CW_E_LIMIT (more than 286 million variants), CW_E_NO_MEMORY. */
cw_status cw_catalogue_plan_world(const struct cw_catalogue_plan *plan, uint32_t threads,
                                  struct cw_catalogue *out, struct cw_error *error);

/* The id of a category (index for cw_category_get) and of a fulfilment centre (index for
 * cw_fulfilment_site_get): the same for every run. */
void cw_category_id(uint32_t category, uint8_t out[16]);
void cw_fulfilment_id(uint32_t site, uint8_t out[16]);

/* Frees all arrays; NULL and zeroed catalogues are accepted. Every array must be from malloc. */
void cw_catalogue_clear(struct cw_catalogue *catalogue);

#endif
