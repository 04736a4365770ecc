/* What the sources of the catalogue share: the prepared plan and the rows it makes before they become
 * columns. */
#ifndef CW_ENGINE_CATALOGUE_PARTS_H
#define CW_ENGINE_CATALOGUE_PARTS_H

#include "base/draw.h"
#include "engine/catalogue_plan.h"
#include "model/taxonomy.h"

#define CW_SKU_SIZE 15
#define CW_BARCODE_SIZE 13
#define CW_VARIANTS_MAX 64 /* of one product, when its attributes are given; else 12 */
#define CW_PRICE_STEPS_MAX 6
#define CW_BRAND_DEPARTMENTS_MAX 3
#define CW_MICROS_PER_HOUR INT64_C(3600000000)
#define CW_MICROS_IN_DAY (24 * CW_MICROS_PER_HOUR)

/* Streams of the catalogue, by purpose within an entity. */
enum cw_catalogue_purpose {
    CW_PURPOSE_ID,
    CW_PURPOSE_TRAITS,
    CW_PURPOSE_CATEGORY,
    CW_PURPOSE_LAUNCH,
    CW_PURPOSE_POPULARITY,
    CW_PURPOSE_NAME,
    CW_PURPOSE_PRICE,
    CW_PURPOSE_OPTIONS
};

struct cw_brand {
    struct cw_uuid id;
    int64_t created_at;
    uint32_t name;   /* code into cw_brand_names */
    uint8_t tier;    /* enum cw_brand_tier */
    uint8_t country; /* code into cw_brand_countries */
    uint8_t department_count;
    uint8_t departments[CW_BRAND_DEPARTMENTS_MAX];
    char sku[2];
    uint32_t weight; /* relative number of products */
};

/* The brands of one department, ascending by created_at, the first there from the opening on. */
struct cw_department_brands {
    uint32_t count;
    uint32_t *brands;
    int64_t *created_at;
    uint64_t *cumulative; /* weights up to and with this one */
};

/* A range of leaves to spread products over: a category that was named, or the whole tree. */
struct cw_leaf_choice {
    uint32_t count;
    uint32_t *leaves;
    uint64_t *cumulative; /* demand up to and with this one */
};

/* One currency of the catalogue. */
struct cw_currency_slot {
    const char *code;
    uint32_t market;    /* the first that uses it */
    uint32_t rate;      /* minor units for 100.00 of the base currency */
    uint32_t factor[3]; /* by tax class: price with tax against without, hundred thousandths */
    const struct cw_price_ending *endings; /* ascending by from */
    uint32_t ending_count;
};

struct cw_catalogue_plan {
    struct cw_run_spec spec;
    int64_t lowest_price; /* of the base currency, minor units */
    int64_t highest_price;
    struct cw_stream product_ids;
    struct cw_stream variant_ids;
    struct cw_stream price_ids;
    struct cw_stream traits;
    struct cw_stream names;
    struct cw_stream prices;
    struct cw_stream options;
    struct cw_permutation category_order;
    struct cw_permutation launch_order;
    struct cw_permutation popularity_order;
    int64_t opening_products; /* launched at the very opening */
    uint32_t choice_count;
    struct cw_leaf_choice *choices;
    double *leaf_log_price;
    double tier_log_price[CW_TIER_COUNT];
    uint32_t brand_count;
    struct cw_brand *brands;
    uint32_t department_count;
    struct cw_department_brands *departments;
    uint32_t currency_count;
    struct cw_currency_slot currencies[CW_MARKETS_MAX];
    uint8_t market_currency[CW_MARKETS_MAX];
    uint32_t *excluded_markets; /* by code into cw_excluded_countries */
    struct cw_pool currency_pool;
    struct cw_pool attribute_pools[CW_ATTRIBUTE_COUNT]; /* the values given, or the tree's */
    void *owned_pools[CW_ATTRIBUTE_COUNT + 1];          /* memory of the pools above */
};

/* A product but for its name, children and identifiers. */
struct cw_product {
    int64_t index;   /* row of the run */
    uint64_t number; /* over all runs into one store */
    uint32_t leaf;
    uint32_t brand;
    int64_t created_at;
    int64_t launched_at;
    int64_t retired_at; /* INT64_MAX while active */
    int64_t list_amount;
    int64_t cost_amount;
    int32_t weight;
    uint32_t popularity;
    uint8_t season; /* enum cw_season */
};

/* The moments at which a product's prices change, the same in all currencies. */
enum cw_price_reason {
    CW_PRICE_LAUNCH,
    CW_PRICE_INCREASE,
    CW_PRICE_PROMOTION,
    CW_PRICE_MARKDOWN,
    CW_PRICE_REGULAR
};
struct cw_price_schedule {
    uint32_t count;
    int64_t valid_from[CW_PRICE_STEPS_MAX];
    uint16_t factor[CW_PRICE_STEPS_MAX]; /* against the launch price, per mille */
    uint8_t reason[CW_PRICE_STEPS_MAX];  /* enum cw_price_reason */
};

/* The options of a product's variants: variant v has sizes[v % n], and so on; codes into the plan's pools. */
struct cw_options {
    uint32_t count; /* of variants */
    uint32_t value_count[CW_ATTRIBUTE_COUNT];
    uint16_t values[CW_ATTRIBUTE_COUNT][CW_VARIANTS_MAX];
};

/* plan building */
cw_status cw_brands_init(struct cw_catalogue_plan *plan, struct cw_error *error);
cw_status cw_leaf_choices_init(struct cw_catalogue_plan *plan, struct cw_error *error);
void cw_currencies_init(struct cw_catalogue_plan *plan);

/* rows; index is below the plan's products */
void cw_product_make(const struct cw_catalogue_plan *plan, int64_t index, struct cw_product *product);
void cw_product_id(const struct cw_catalogue_plan *plan, const struct cw_product *product, uint8_t out[16]);

/* Writes the name, at most CW_PRODUCT_NAME_MAX bytes, no terminator; returns its size. */
#define CW_PRODUCT_NAME_MAX 256
size_t cw_product_name(const struct cw_catalogue_plan *plan, const struct cw_product *product, char *out);

/* The list price of a product in the base currency, within the plan's bounds. */
int64_t cw_price_list(const struct cw_catalogue_plan *plan, uint64_t number, uint32_t leaf, uint32_t tier);
void cw_price_schedule_make(const struct cw_catalogue_plan *plan, const struct cw_product *product,
                            struct cw_price_schedule *schedule);
/* The prices of the schedule's steps in a currency, minor units. */
void cw_price_amounts(const struct cw_catalogue_plan *plan, const struct cw_product *product,
                      const struct cw_price_schedule *schedule, uint32_t slot,
                      int64_t amounts[CW_PRICE_STEPS_MAX]);

void cw_options_make(const struct cw_catalogue_plan *plan, const struct cw_product *product,
                     struct cw_options *options);
void cw_variant_id(const struct cw_catalogue_plan *plan, const struct cw_product *product, uint32_t variant,
                   uint8_t out[16]);
void cw_variant_sku(const struct cw_catalogue_plan *plan, const struct cw_product *product, uint32_t variant,
                    char out[CW_SKU_SIZE]);
void cw_variant_barcode(const struct cw_product *product, uint32_t variant, char out[CW_BARCODE_SIZE]);

/* fills of one entity; rows are checked */
struct cw_rows {
    const struct cw_catalogue_plan *plan;
    int64_t first;
    int64_t count;
    uint64_t columns;
    struct cw_batch *batch;
    struct cw_error *error;
};
cw_status cw_category_fill(const struct cw_rows *fill);
cw_status cw_brand_fill(const struct cw_rows *fill);
cw_status cw_product_fill(const struct cw_rows *fill);
cw_status cw_price_fill(const struct cw_rows *fill);
cw_status cw_variant_fill(const struct cw_rows *fill);
cw_status cw_fulfilment_fill(const struct cw_rows *fill);

/* Whether the column is asked for. */
static inline bool cw_rows_want(const struct cw_rows *fill, uint32_t column)
{
    return (fill->columns >> column & 1) != 0;
}

/* Makes room for rows rows in every column asked for, with all of them valid and no pool, and sets row_count.
 */
cw_status cw_rows_begin(const struct cw_rows *fill, int64_t rows);

/* The column's memory, or NULL when it is not asked for. */
static inline void *cw_rows_values(const struct cw_rows *fill, uint32_t column)
{
    return cw_rows_want(fill, column) ? fill->batch->columns[column].values : NULL;
}

/* Makes a dictionary column of it; returns its codes, or NULL when it is not asked for. */
static inline int32_t *cw_rows_codes(const struct cw_rows *fill, uint32_t column, const struct cw_pool *pool)
{
    if (!cw_rows_want(fill, column)) {
        return NULL;
    }
    fill->batch->columns[column].pool = pool;
    return fill->batch->columns[column].values;
}

static inline void cw_rows_null(const struct cw_rows *fill, uint32_t column, int64_t row)
{
    struct cw_column *target = &fill->batch->columns[column];
    target->validity[row >> 3] &= (uint8_t) ~(1U << (row & 7));
    target->null_count++;
}

/* Appends text as the value of row `row` of a plain string column; rows must come in order. */
cw_status cw_rows_text(const struct cw_rows *fill, uint32_t column, int64_t row, const char *text,
                       size_t size);

#endif
