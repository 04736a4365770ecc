#include <stdlib.h>
#include <string.h>

#include "engine/catalogue_parts.h"
#include "engine/crew.h"
#include "model/reference.h"

/* SKU offsets are 32 bits wide. */
#define VARIANTS_MAX (UINT32_MAX / CW_SKU_SIZE)

#define PIECE_PRODUCTS 1024U

void cw_catalogue_clear(struct cw_catalogue *catalogue)
{
    if (catalogue == NULL) {
        return;
    }
    void *const arrays[] = {catalogue->product_ids,  catalogue->launched_at,   catalogue->retired_at,
                            catalogue->popularity,   catalogue->first_variant, catalogue->tax_class,
                            catalogue->season,       catalogue->minimum_age,   catalogue->excluded_markets,
                            catalogue->weight,       catalogue->first_price,   catalogue->price_valid_from,
                            catalogue->price_amount, catalogue->variant_ids,   catalogue->variant_product,
                            catalogue->sku_offsets,  catalogue->sku_bytes};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        free(arrays[i]);
    }
    memset(catalogue, 0, sizeof *catalogue);
}

/* Memory for count elements; never NULL for none. */
static void *array_new(uint64_t count, size_t size, bool *made)
{
    char *array = malloc((size_t)count * size + CW_PADDING);
    *made = *made && array != NULL;
    if (array != NULL) {
        memset(array + (size_t)count * size, 0, CW_PADDING);
    }
    return array;
}

static bool product_arrays(struct cw_catalogue *catalogue, uint32_t products)
{
    bool made = true;
    catalogue->product_ids = array_new(products, sizeof *catalogue->product_ids, &made);
    catalogue->launched_at = array_new(products, sizeof *catalogue->launched_at, &made);
    catalogue->retired_at = array_new(products, sizeof *catalogue->retired_at, &made);
    catalogue->popularity = array_new(products, sizeof *catalogue->popularity, &made);
    catalogue->first_variant = array_new((uint64_t)products + 1, sizeof *catalogue->first_variant, &made);
    catalogue->tax_class = array_new(products, 1, &made);
    catalogue->season = array_new(products, 1, &made);
    catalogue->minimum_age = array_new(products, 1, &made);
    catalogue->excluded_markets = array_new(products, sizeof *catalogue->excluded_markets, &made);
    catalogue->weight = array_new(products, sizeof *catalogue->weight, &made);
    uint64_t prices = (uint64_t)products * catalogue->currency_count + 1;
    catalogue->first_price = array_new(prices, sizeof *catalogue->first_price, &made);
    return made;
}

static bool child_arrays(struct cw_catalogue *catalogue)
{
    bool made = true;
    uint64_t variants = catalogue->variant_count;
    catalogue->price_valid_from =
        array_new(catalogue->price_count, sizeof *catalogue->price_valid_from, &made);
    catalogue->price_amount = array_new(catalogue->price_count, sizeof *catalogue->price_amount, &made);
    catalogue->variant_ids = array_new(variants, sizeof *catalogue->variant_ids, &made);
    catalogue->variant_product = array_new(variants, sizeof *catalogue->variant_product, &made);
    catalogue->sku_offsets = array_new(variants + 1, sizeof *catalogue->sku_offsets, &made);
    catalogue->sku_bytes = array_new(variants * CW_SKU_SIZE, 1, &made);
    return made;
}

static void put_product(const struct cw_catalogue_plan *plan, struct cw_catalogue *out,
                        const struct cw_product *product)
{
    int64_t i = product->index;
    const struct cw_leaf *leaf = cw_leaf_get(product->leaf);
    cw_product_id(plan, product, out->product_ids[i].bytes);
    out->launched_at[i] = product->launched_at;
    out->retired_at[i] = product->retired_at;
    out->popularity[i] = product->popularity;
    out->tax_class[i] = leaf->tax_class;
    out->season[i] = product->season;
    out->minimum_age[i] = leaf->minimum_age;
    out->excluded_markets[i] = plan->excluded_markets[leaf->excluded];
    out->weight[i] = product->weight;
}

/* What the second pass needs of a product and the world does not hold: cheaper kept than made again. */
struct kept_product {
    int64_t list_amount;
    int64_t created_at;
    uint32_t leaf;
    uint32_t brand;
    uint32_t variant_count;
    uint32_t price_count; /* in each currency */
};

/* All products, made in pieces that know nothing of each other. */
struct making {
    const struct cw_catalogue_plan *plan;
    struct cw_catalogue *out;
    struct kept_product *kept;
};

static uint32_t piece_end(const struct making *making, uint32_t piece)
{
    const uint32_t rest = making->out->product_count - piece * PIECE_PRODUCTS;
    return piece * PIECE_PRODUCTS + (rest < PIECE_PRODUCTS ? rest : PIECE_PRODUCTS);
}

/* The first pass: products, and how many children each has. */
static void put_products(void *context, uint32_t piece)
{
    const struct making *making = context;
    const struct cw_catalogue_plan *plan = making->plan;
    const uint32_t end = piece_end(making, piece);
    for (uint32_t i = piece * PIECE_PRODUCTS; i < end; i++) {
        struct cw_product product;
        struct cw_price_schedule schedule;
        struct cw_options options;
        cw_product_make(plan, i, &product);
        put_product(plan, making->out, &product);
        cw_price_schedule_make(plan, &product, &schedule);
        cw_options_make(plan, &product, &options);
        making->kept[i] = (struct kept_product){.list_amount = product.list_amount,
                                                .created_at = product.created_at,
                                                .leaf = product.leaf,
                                                .brand = product.brand,
                                                .variant_count = options.count,
                                                .price_count = schedule.count};
    }
}

/* Finds where each product's children stand. */
static cw_status place_children(struct cw_catalogue *out, const struct kept_product *kept,
                                struct cw_error *error)
{
    uint64_t variants = 0;
    uint64_t prices = 0;
    for (uint32_t i = 0; i < out->product_count; i++) {
        out->first_variant[i] = (uint32_t)variants;
        variants += kept[i].variant_count;
        for (uint32_t k = 0; k < out->currency_count; k++, prices += kept[i].price_count) {
            out->first_price[(uint64_t)i * out->currency_count + k] = (uint32_t)prices;
        }
        if (variants > VARIANTS_MAX || prices > UINT32_MAX) {
            return cw_error_set(
                error, CW_E_LIMIT, "products",
                "%u products have more than %u variants; expected fewer products or attributes",
                out->product_count, (uint32_t)VARIANTS_MAX);
        }
    }
    out->variant_count = (uint32_t)variants;
    out->price_count = (uint32_t)prices;
    out->first_variant[out->product_count] = (uint32_t)variants;
    out->first_price[(uint64_t)out->product_count * out->currency_count] = (uint32_t)prices;
    return CW_OK;
}

/* The second pass: variants and prices of one product. */
static void put_children(const struct cw_catalogue_plan *plan, struct cw_catalogue *out, uint32_t index,
                         const struct kept_product *kept)
{
    const struct cw_product product = {.index = index,
                                       .number = (uint64_t)plan->spec.prior_products + index,
                                       .leaf = kept->leaf,
                                       .brand = kept->brand,
                                       .created_at = kept->created_at,
                                       .launched_at = out->launched_at[index],
                                       .retired_at = out->retired_at[index],
                                       .list_amount = kept->list_amount};
    struct cw_price_schedule schedule;
    int64_t amounts[CW_PRICE_STEPS_MAX];
    cw_price_schedule_make(plan, &product, &schedule);
    for (uint32_t k = 0; k < out->currency_count; k++) {
        uint32_t first = out->first_price[(uint64_t)index * out->currency_count + k];
        cw_price_amounts(plan, &product, &schedule, k, amounts);
        memcpy(out->price_amount + first, amounts, schedule.count * sizeof *amounts);
        memcpy(out->price_valid_from + first, schedule.valid_from,
               schedule.count * sizeof *schedule.valid_from);
    }
    uint32_t first = out->first_variant[index];
    for (uint32_t v = first; v < out->first_variant[index + 1]; v++) {
        cw_variant_id(plan, &product, v - first, out->variant_ids[v].bytes);
        cw_variant_sku(plan, &product, v - first, out->sku_bytes + (size_t)v * CW_SKU_SIZE);
        out->variant_product[v] = index;
        out->sku_offsets[v] = v * CW_SKU_SIZE;
    }
}

static void put_all_children(void *context, uint32_t piece)
{
    const struct making *making = context;
    const uint32_t end = piece_end(making, piece);
    for (uint32_t i = piece * PIECE_PRODUCTS; i < end; i++) {
        put_children(making->plan, making->out, i, &making->kept[i]);
    }
}

static cw_status fill_world(const struct cw_catalogue_plan *plan, uint32_t threads, struct cw_catalogue *made,
                            struct kept_product *kept, struct cw_error *error)
{
    struct making making = {plan, made, kept};
    const uint32_t pieces = (made->product_count + PIECE_PRODUCTS - 1) / PIECE_PRODUCTS;
    cw_crew_run(threads, pieces, put_products, &making);
    cw_status status = place_children(made, kept, error);
    if (status != CW_OK) {
        return status;
    }
    if (!child_arrays(made)) {
        return cw_error_set(error, CW_E_NO_MEMORY, "products", "out of memory for %u variants and %u prices",
                            made->variant_count, made->price_count);
    }
    cw_crew_run(threads, pieces, put_all_children, &making);
    made->sku_offsets[made->variant_count] = made->variant_count * CW_SKU_SIZE;
    return CW_OK;
}

cw_status cw_catalogue_plan_world(const struct cw_catalogue_plan *plan, uint32_t threads,
                                  struct cw_catalogue *out, struct cw_error *error)
{
    struct cw_catalogue made = {.product_count = (uint32_t)plan->spec.products,
                                .currency_count = plan->currency_count};
    for (uint32_t k = 0; k < plan->currency_count; k++) {
        made.currency_market[k] = (uint8_t)plan->currencies[k].market;
    }
    memcpy(made.market_currency, plan->market_currency, sizeof made.market_currency);
    bool room = product_arrays(&made, made.product_count);
    struct kept_product *kept = array_new(made.product_count, sizeof *kept, &room);
    cw_status status = room ? fill_world(plan, threads, &made, kept, error)
                            : cw_error_set(error, CW_E_NO_MEMORY, "products", "out of memory for %u products",
                                           made.product_count);
    free(kept);
    if (status == CW_OK) {
        *out = made;
    } else {
        cw_catalogue_clear(&made);
    }
    return status;
}
