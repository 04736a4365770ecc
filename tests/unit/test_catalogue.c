/* The catalogue of a run: tree, brands, products, prices, variants, and the arrays that orders read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/catalogue_parts.h"
#include "harness.h"
#include "model/columns.h"
#include "model/reference.h"
#include "model/screen.h"

#define DAY INT64_C(86400000000)

static struct cw_error error;
static struct cw_run_spec spec;

static void set_up(void)
{
    cw_run_spec_init(&spec);
    spec.seed = 7;
    spec.products = 3000;
}

static struct cw_catalogue_plan *new_plan(void)
{
    struct cw_catalogue_plan *plan = NULL;
    ck_assert_msg(cw_run_spec_resolve(&spec, &error) == CW_OK, "%s", error.message);
    ck_assert_msg(cw_catalogue_plan_new(&spec, &plan, &error) == CW_OK, "%s", error.message);
    return plan;
}

/* Rows of an entity; for children, of all those products. Release with cw_batch_clear. */
static struct cw_batch rows_of(const struct cw_catalogue_plan *plan, enum cw_entity_id entity, int64_t first,
                               int64_t count)
{
    struct cw_batch batch;
    ck_assert_int_eq(cw_batch_init(&batch, cw_entity_get(entity), &error), CW_OK);
    ck_assert_msg(cw_catalogue_plan_fill(plan, entity, first, count, ~UINT64_C(0), &batch, &error) == CW_OK,
                  "%s", error.message);
    return batch;
}

static int64_t int64_at(const struct cw_batch *batch, uint32_t column, int64_t row)
{
    return ((const int64_t *)batch->columns[column].values)[row];
}

static const uint8_t *uuid_at(const struct cw_batch *batch, uint32_t column, int64_t row)
{
    return (const uint8_t *)batch->columns[column].values + 16 * row;
}

static bool text_is(const struct cw_batch *batch, uint32_t column, int64_t row, const char *text)
{
    size_t length;
    const char *bytes = cw_column_string(&batch->columns[column], row, &length);
    return length == strlen(text) && memcmp(bytes, text, length) == 0;
}

static bool is_null(const struct cw_batch *batch, uint32_t column, int64_t row)
{
    return !cw_column_is_valid(&batch->columns[column], row);
}

/* Row a of one batch against row b of another, in every column. */
static void assert_same_row(const struct cw_batch *one, int64_t a, const struct cw_batch *other, int64_t b)
{
    static const size_t sizes[] = {[CW_TYPE_INT32] = 4,
                                   [CW_TYPE_INT64] = 8,
                                   [CW_TYPE_DATE] = 4,
                                   [CW_TYPE_TIMESTAMP] = 8,
                                   [CW_TYPE_UUID] = 16};
    for (uint32_t c = 0; c < one->column_count; c++) {
        const struct cw_column *x = &one->columns[c];
        const struct cw_column *y = &other->columns[c];
        ck_assert_int_eq(cw_column_is_valid(x, a), cw_column_is_valid(y, b));
        if (x->type == CW_TYPE_STRING) {
            size_t length[2];
            const char *text[2] = {cw_column_string(x, a, &length[0]), cw_column_string(y, b, &length[1])};
            ck_assert_uint_eq(length[0], length[1]);
            ck_assert_mem_eq(text[0], text[1], length[0]);
        } else if (x->type == CW_TYPE_BOOL) {
            ck_assert_int_eq(cw_column_bool(x, a), cw_column_bool(y, b));
        } else {
            size_t size = sizes[x->type];
            ck_assert_mem_eq((const char *)x->values + size * (size_t)a,
                             (const char *)y->values + size * (size_t)b, size);
        }
    }
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void assert_all_different(uint64_t *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    for (size_t i = 1; i < count; i++)
        ck_assert_uint_ne(numbers[i - 1], numbers[i]);
}

START_TEST(tree_is_deep_and_wide_enough)
{
    ck_assert_uint_ge(cw_leaf_count(), 500);
    int32_t deepest = 0;
    uint32_t leaves = 0;
    for (uint32_t i = 0; i < cw_category_count(); i++) {
        const struct cw_category *category = cw_category_get(i);
        ck_assert_int_lt(category->parent, (int32_t)i);
        ck_assert_int_eq(category->level,
                         category->parent < 0 ? 1 : cw_category_get((uint32_t)category->parent)->level + 1);
        ck_assert_uint_ge(category->leaf_count, 1);
        deepest = category->level > deepest ? category->level : deepest;
        if (category->is_leaf) {
            ck_assert_int_ge(category->level, 3);
            ck_assert_uint_eq(category->first_leaf, leaves);
            ck_assert_uint_eq(cw_leaf_get(leaves++)->category, i);
        }
    }
    ck_assert_int_ge(deepest, 3);
    ck_assert_uint_eq(leaves, cw_leaf_count());
}
END_TEST

START_TEST(leaves_are_plausible)
{
    for (uint32_t i = 0; i < cw_leaf_count(); i++) {
        const struct cw_leaf *leaf = cw_leaf_get(i);
        ck_assert_uint_ge(leaf->price, 100);
        ck_assert_uint_ge(leaf->demand, 1);
        ck_assert_uint_le(leaf->lightest, leaf->heaviest);
        ck_assert_uint_ge(leaf->margin, 100);
        ck_assert_uint_le(leaf->margin, 700);
        ck_assert_uint_lt(leaf->department, cw_department_count());
        ck_assert(leaf->minimum_age == 0 || leaf->minimum_age >= 16);
    }
}
END_TEST

START_TEST(category_rows_form_the_tree)
{
    struct cw_catalogue_plan *plan = new_plan();
    struct cw_batch batch = rows_of(plan, CW_ENTITY_CATEGORY, 0, cw_category_count());
    for (int64_t row = 0; row < batch.row_count; row++) {
        int32_t parent = cw_category_get((uint32_t)row)->parent;
        ck_assert_int_eq(is_null(&batch, CW_CATEGORY_PARENT_ID, row), parent < 0);
        if (parent >= 0) {
            ck_assert_mem_eq(uuid_at(&batch, CW_CATEGORY_PARENT_ID, row),
                             uuid_at(&batch, CW_CATEGORY_ID, parent), 16);
        }
        ck_assert_int_eq(cw_column_bool(&batch.columns[CW_CATEGORY_IS_LEAF], row),
                         cw_category_get((uint32_t)row)->is_leaf);
    }
    cw_batch_clear(&batch);
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(categories_and_centres_are_the_same_for_every_seed)
{
    struct cw_catalogue_plan *plan = new_plan();
    spec.seed = 8;
    struct cw_catalogue_plan *other = new_plan();
    static const enum cw_entity_id entities[] = {CW_ENTITY_CATEGORY, CW_ENTITY_FULFILMENT_CENTRE};
    for (size_t e = 0; e < 2; e++) {
        int64_t count = cw_catalogue_plan_rows(plan, entities[e]);
        ck_assert_int_gt(count, 0);
        struct cw_batch a = rows_of(plan, entities[e], 0, count);
        struct cw_batch b = rows_of(other, entities[e], 0, count);
        for (int64_t row = 0; row < count; row++)
            assert_same_row(&a, row, &b, row);
        cw_batch_clear(&a);
        cw_batch_clear(&b);
    }
    cw_catalogue_plan_free(plan);
    cw_catalogue_plan_free(other);
}
END_TEST

START_TEST(categories_are_found_by_name_and_path)
{
    int first = cw_category_find("t-shirts", 0);
    ck_assert_int_ge(first, 0);
    ck_assert_int_gt(cw_category_find("T-SHIRTS", (uint32_t)first + 1), first);
    int women = cw_category_find("women>tops > T-Shirts", 0);
    ck_assert_int_eq(women, first);
    ck_assert_int_eq(cw_category_find("Women > Tops > T-Shirts", (uint32_t)women + 1), -1);
    ck_assert_int_eq(cw_category_find("shirts", 0), -1);
    ck_assert_int_eq(cw_category_find("", 0), -1);
}
END_TEST

START_TEST(unknown_category_is_refused_with_the_nearest)
{
    spec.category_count = 1;
    spec.products_per_category = 5;
    memcpy(spec.categories[0], "Laptps", 7);
    ck_assert_int_eq(cw_run_spec_resolve(&spec, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "categories");
    ck_assert_ptr_nonnull(strstr(error.message, "Laptps"));
    ck_assert_ptr_nonnull(strstr(error.message, "Laptops"));
}
END_TEST

START_TEST(named_categories_get_exactly_their_products)
{
    static const char *const names[] = {"Laptops", "Women > Dresses", "Books"};
    spec.category_count = 3;
    spec.products_per_category = 70;
    for (uint32_t i = 0; i < 3; i++)
        snprintf(spec.categories[i], CW_NAME_MAX, "%s", names[i]);
    struct cw_catalogue_plan *plan = new_plan();
    ck_assert_int_eq(cw_catalogue_plan_rows(plan, CW_ENTITY_PRODUCT), 210);
    for (int64_t i = 0; i < 210; i++) {
        struct cw_product product;
        cw_product_make(plan, i, &product);
        int found = cw_category_find(names[i / 70], 0);
        bool inside = false;
        for (; found >= 0; found = cw_category_find(names[i / 70], (uint32_t)found + 1)) {
            const struct cw_category *category = cw_category_get((uint32_t)found);
            inside = inside || product.leaf - category->first_leaf < category->leaf_count;
        }
        ck_assert(inside);
    }
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(brands_fit_and_are_older_than_their_products)
{
    struct cw_catalogue_plan *plan = new_plan();
    for (int64_t i = 0; i < spec.products; i++) {
        struct cw_product product;
        cw_product_make(plan, i, &product);
        const struct cw_brand *brand = &plan->brands[product.brand];
        ck_assert_int_ge(brand->created_at, spec.opening);
        ck_assert_int_le(brand->created_at, product.created_at);
        bool fits = false;
        for (uint32_t d = 0; d < brand->department_count; d++)
            fits = fits || brand->departments[d] == cw_leaf_get(product.leaf)->department;
        ck_assert(fits);
    }
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(products_live_within_the_shops_time)
{
    struct cw_catalogue_plan *plan = new_plan();
    int64_t early = 0;
    int64_t at_opening = 0;
    int64_t retired = 0;
    for (int64_t i = 0; i < spec.products; i++) {
        struct cw_product product;
        cw_product_make(plan, i, &product);
        ck_assert_int_ge(product.launched_at, spec.opening);
        ck_assert_int_le(product.launched_at, spec.as_of);
        ck_assert_int_le(product.created_at, product.launched_at);
        ck_assert_int_ge(product.created_at, spec.opening);
        ck_assert_int_ge(product.cost_amount, 1);
        ck_assert_int_lt(product.cost_amount, product.list_amount);
        ck_assert_int_ge(product.weight, 1);
        early += product.launched_at - spec.opening <= (spec.as_of - spec.opening) / 10 * 6;
        at_opening += product.launched_at == spec.opening;
        if (product.retired_at == INT64_MAX)
            continue;
        retired++;
        ck_assert_int_ge(product.retired_at, product.launched_at + 180 * DAY);
        ck_assert_int_le(product.retired_at, spec.as_of);
    }
    ck_assert_int_ge(early * 100, spec.products * 83);
    ck_assert_int_le(early * 100, spec.products * 87);
    ck_assert_int_ge(at_opening * 100, spec.products * 20);
    ck_assert_int_ge(retired * 100, spec.products * 9);
    ck_assert_int_le(retired * 100, spec.products * 15);
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(one_product_is_there_from_the_opening_on)
{
    spec.products = 1;
    for (spec.seed = 0; spec.seed < 50; spec.seed++) {
        struct cw_catalogue_plan *plan = new_plan();
        struct cw_product product;
        cw_product_make(plan, 0, &product);
        ck_assert_int_eq(product.launched_at, spec.opening);
        ck_assert_int_eq(product.retired_at, INT64_MAX);
        cw_catalogue_plan_free(plan);
    }
}
END_TEST

static int compare_descending(const void *a, const void *b)
{
    return compare_numbers(b, a);
}

START_TEST(a_fifth_of_products_draws_most_of_demand)
{
    static const int64_t sizes[] = {100, 1000, 50000};
    spec.products = sizes[_i];
    struct cw_catalogue_plan *plan = new_plan();
    uint64_t *weights = malloc((size_t)spec.products * sizeof *weights);
    ck_assert_ptr_nonnull(weights);
    uint64_t first_fifth = 0;
    uint64_t total = 0;
    for (int64_t i = 0; i < spec.products; i++) {
        struct cw_product product;
        cw_product_make(plan, i, &product);
        ck_assert_uint_ge(product.popularity, 1);
        weights[i] = product.popularity;
        total += product.popularity;
        first_fifth += i < spec.products / 5 ? product.popularity : 0;
    }
    qsort(weights, (size_t)spec.products, sizeof *weights, compare_descending);
    uint64_t top = 0;
    for (int64_t i = 0; i < spec.products / 5; i++)
        top += weights[i];
    ck_assert_uint_ge(top * 100, total * 62);
    ck_assert_uint_le(top * 100, total * 72);
    /* Popular products are spread over the rows. */
    ck_assert_uint_le(first_fifth * 100, total * 45);
    free(weights);
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(price_bounds_are_kept)
{
    static const int64_t bounds[][2] = {{1000, 5000}, {1234, 1234}, {90000, 100000}, {1, 2}, {2, 100000000}};
    spec.price_minimum = bounds[_i][0];
    spec.price_maximum = bounds[_i][1];
    struct cw_catalogue_plan *plan = new_plan();
    struct cw_batch products = rows_of(plan, CW_ENTITY_PRODUCT, 0, spec.products);
    for (int64_t row = 0; row < products.row_count; row++) {
        int64_t list = int64_at(&products, CW_PRODUCT_LIST_AMOUNT, row);
        ck_assert_int_ge(list, spec.price_minimum);
        ck_assert_int_le(list, spec.price_maximum);
        ck_assert_int_lt(int64_at(&products, CW_PRODUCT_COST_AMOUNT, row), list);
    }
    struct cw_batch prices = rows_of(plan, CW_ENTITY_PRODUCT_PRICE, 0, spec.products);
    for (int64_t row = 0; row < prices.row_count; row++) {
        int64_t amount = int64_at(&prices, CW_PRODUCT_PRICE_UNIT_AMOUNT, row);
        ck_assert_int_ge(amount, 1);
        if (text_is(&prices, CW_PRODUCT_PRICE_CURRENCY, row, "USD"))
            ck_assert(amount >= spec.price_minimum && amount <= spec.price_maximum);
    }
    cw_batch_clear(&products);
    cw_batch_clear(&prices);
    cw_catalogue_plan_free(plan);
}
END_TEST

/* The rows of one product in one currency, from row on; returns the row after them. */
static int64_t check_price_run(const struct cw_batch *prices, int64_t row, const struct cw_product *product)
{
    const uint8_t *owner = uuid_at(prices, CW_PRODUCT_PRICE_PRODUCT_ID, row);
    const int32_t *currency = prices->columns[CW_PRODUCT_PRICE_CURRENCY].values;
    int64_t end = product->retired_at < spec.as_of ? product->retired_at : spec.as_of;
    int64_t first = row;
    ck_assert_int_eq(int64_at(prices, CW_PRODUCT_PRICE_VALID_FROM, row), product->launched_at);
    ck_assert(text_is(prices, CW_PRODUCT_PRICE_REASON, row, "launch"));
    if (text_is(prices, CW_PRODUCT_PRICE_CURRENCY, row, "USD"))
        ck_assert_int_eq(int64_at(prices, CW_PRODUCT_PRICE_UNIT_AMOUNT, row), product->list_amount);
    while (row + 1 < prices->row_count && currency[row + 1] == currency[first] &&
           memcmp(uuid_at(prices, CW_PRODUCT_PRICE_PRODUCT_ID, row + 1), owner, 16) == 0) {
        int64_t from = int64_at(prices, CW_PRODUCT_PRICE_VALID_FROM, row + 1);
        int64_t change = int64_at(prices, CW_PRODUCT_PRICE_UNIT_AMOUNT, row + 1) -
                         int64_at(prices, CW_PRODUCT_PRICE_UNIT_AMOUNT, row);
        ck_assert_int_eq(int64_at(prices, CW_PRODUCT_PRICE_VALID_TO, row), from);
        ck_assert_int_gt(from, int64_at(prices, CW_PRODUCT_PRICE_VALID_FROM, row));
        ck_assert_int_lt(from, end);
        bool up = text_is(prices, CW_PRODUCT_PRICE_REASON, row + 1, "increase") ||
                  text_is(prices, CW_PRODUCT_PRICE_REASON, row + 1, "regular");
        ck_assert(up ? change > 0 : change < 0);
        row++;
    }
    ck_assert(is_null(prices, CW_PRODUCT_PRICE_VALID_TO, row));
    ck_assert_int_le(row - first, 5);
    return row + 1;
}

START_TEST(price_periods_are_contiguous)
{
    struct cw_catalogue_plan *plan = new_plan();
    struct cw_batch prices = rows_of(plan, CW_ENTITY_PRODUCT_PRICE, 0, spec.products);
    int64_t row = 0;
    for (int64_t i = 0; i < spec.products; i++) {
        struct cw_product product;
        cw_product_make(plan, i, &product);
        for (uint32_t k = 0; k < plan->currency_count; k++)
            row = check_price_run(&prices, row, &product);
    }
    ck_assert_int_eq(row, prices.row_count);
    cw_batch_clear(&prices);
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(prices_end_as_shops_write_them)
{
    struct cw_catalogue_plan *plan = new_plan();
    struct cw_batch prices = rows_of(plan, CW_ENTITY_PRODUCT_PRICE, 0, spec.products);
    int64_t usual = 0;
    for (int64_t row = 0; row < prices.row_count; row++) {
        int64_t cents = int64_at(&prices, CW_PRODUCT_PRICE_UNIT_AMOUNT, row) % 100;
        usual += cents % 10 == 9 || cents == 95 || cents == 90 || cents == 80 || cents == 98 || cents == 0 ||
                 cents == 50;
    }
    ck_assert_int_ge(usual * 100, prices.row_count * 98);
    cw_batch_clear(&prices);
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(barcodes_have_valid_check_digits)
{
    struct cw_catalogue_plan *plan = new_plan();
    struct cw_batch variants = rows_of(plan, CW_ENTITY_VARIANT, 0, spec.products);
    for (int64_t row = 0; row < variants.row_count; row++) {
        size_t length;
        const char *text = cw_column_string(&variants.columns[CW_VARIANT_BARCODE], row, &length);
        ck_assert_uint_eq(length, 13);
        ck_assert_mem_eq(text, "20", 2);
        int sum = 0;
        for (int i = 0; i < 13; i++) {
            ck_assert(text[i] >= '0' && text[i] <= '9');
            sum += (text[i] - '0') * (i % 2 == 1 ? 3 : 1);
        }
        ck_assert_int_eq(sum % 10, 0);
    }
    cw_batch_clear(&variants);
    cw_catalogue_plan_free(plan);
}
END_TEST

static size_t collect_codes(const struct cw_catalogue_plan *plan, uint64_t *skus, uint64_t *barcodes,
                            size_t count)
{
    for (int64_t i = 0; i < cw_catalogue_plan_rows(plan, CW_ENTITY_PRODUCT); i++) {
        struct cw_product product;
        struct cw_options options;
        cw_product_make(plan, i, &product);
        cw_options_make(plan, &product, &options);
        for (uint32_t v = 0; v < options.count; v++, count++) {
            char sku[CW_SKU_SIZE];
            char barcode[CW_BARCODE_SIZE];
            cw_variant_sku(plan, &product, v, sku);
            cw_variant_barcode(&product, v, barcode);
            /* The eight characters after the letters tell the variant; the hyphen between is left out. */
            memcpy(&skus[count], sku + 6, 6);
            memcpy((char *)&skus[count] + 6, sku + 13, 2);
            barcodes[count] = 0;
            for (int d = 0; d < 12; d++)
                barcodes[count] = barcodes[count] * 10 + (uint64_t)(barcode[d] - '0');
        }
    }
    return count;
}

START_TEST(codes_are_unique_over_products_and_runs)
{
    const size_t room = 12 * 400000;
    uint64_t *skus = calloc(room, sizeof *skus);
    uint64_t *barcodes = calloc(room, sizeof *barcodes);
    ck_assert(skus != NULL && barcodes != NULL);
    spec.products = 200000;
    size_t count = 0;
    for (int run = 0; run < 2; run++) {
        struct cw_catalogue_plan *plan = new_plan();
        count = collect_codes(plan, skus, barcodes, count);
        cw_catalogue_plan_free(plan);
        spec.prior_products += spec.products;
        spec.seed = 7;
    }
    ck_assert_uint_ge(count, 800000);
    assert_all_different(skus, count);
    assert_all_different(barcodes, count);
    free(skus);
    free(barcodes);
}
END_TEST

START_TEST(ids_are_unique_even_over_runs_of_one_seed)
{
    static const enum cw_entity_id entities[] = {CW_ENTITY_BRAND, CW_ENTITY_PRODUCT, CW_ENTITY_PRODUCT_PRICE,
                                                 CW_ENTITY_VARIANT};
    uint64_t *ids = calloc(200000, sizeof *ids);
    ck_assert_ptr_nonnull(ids);
    struct cw_catalogue_plan *plans[2];
    plans[0] = new_plan();
    spec.prior_products = spec.products;
    plans[1] = new_plan();
    for (size_t e = 0; e < sizeof entities / sizeof entities[0]; e++) {
        size_t count = 0;
        for (int p = 0; p < 2; p++) {
            int64_t rows = entities[e] == CW_ENTITY_BRAND ? cw_catalogue_plan_rows(plans[p], CW_ENTITY_BRAND)
                                                          : spec.products;
            struct cw_batch batch = rows_of(plans[p], entities[e], 0, rows);
            for (int64_t row = 0; row < batch.row_count; row++)
                memcpy(&ids[count++], uuid_at(&batch, 0, row) + 8, 8);
            cw_batch_clear(&batch);
        }
        assert_all_different(ids, count);
    }
    free(ids);
    cw_catalogue_plan_free(plans[0]);
    cw_catalogue_plan_free(plans[1]);
}
END_TEST

START_TEST(any_slice_equals_the_whole)
{
    static const enum cw_entity_id entities[] = {CW_ENTITY_BRAND, CW_ENTITY_PRODUCT, CW_ENTITY_PRODUCT_PRICE,
                                                 CW_ENTITY_VARIANT};
    spec.products = 500;
    struct cw_catalogue_plan *plan = new_plan();
    for (size_t e = 0; e < sizeof entities / sizeof entities[0]; e++) {
        int64_t rows = entities[e] == CW_ENTITY_BRAND ? cw_catalogue_plan_rows(plan, CW_ENTITY_BRAND) : 500;
        struct cw_batch whole = rows_of(plan, entities[e], 0, rows);
        int64_t row = 0;
        for (int64_t first = 0; first < rows; first += 37) {
            struct cw_batch slice = rows_of(plan, entities[e], first, rows - first < 37 ? rows - first : 37);
            for (int64_t i = 0; i < slice.row_count; i++)
                assert_same_row(&whole, row++, &slice, i);
            cw_batch_clear(&slice);
        }
        ck_assert_int_eq(row, whole.row_count);
        cw_batch_clear(&whole);
    }
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(only_columns_asked_for_are_filled)
{
    struct cw_catalogue_plan *plan = new_plan();
    struct cw_batch batch;
    ck_assert_int_eq(cw_batch_init(&batch, cw_entity_get(CW_ENTITY_PRODUCT), &error), CW_OK);
    ck_assert_int_eq(
        cw_catalogue_plan_fill(plan, CW_ENTITY_PRODUCT, 3, 4, UINT64_C(1) << CW_PRODUCT_NAME, &batch, &error),
        CW_OK);
    ck_assert_int_eq(batch.row_count, 4);
    for (uint32_t c = 0; c < batch.column_count; c++)
        ck_assert_int_eq(batch.columns[c].values != NULL, c == CW_PRODUCT_NAME);
    ck_assert_int_eq(cw_catalogue_plan_fill(plan, CW_ENTITY_PRODUCT, 2999, 2, 1, &batch, &error),
                     CW_E_INVALID);
    ck_assert_int_eq(cw_catalogue_plan_fill(plan, CW_ENTITY_ORDER, 0, 0, 1, &batch, &error), CW_E_INVALID);
    cw_batch_clear(&batch);
    cw_catalogue_plan_free(plan);
}
END_TEST

static void check_world_product(const struct cw_catalogue *world, const struct cw_batch *products, int64_t i)
{
    ck_assert_mem_eq(world->product_ids[i].bytes, uuid_at(products, CW_PRODUCT_ID, i), 16);
    ck_assert_int_eq(world->launched_at[i], int64_at(products, CW_PRODUCT_LAUNCHED_AT, i));
    bool active = is_null(products, CW_PRODUCT_RETIRED_AT, i);
    ck_assert_int_eq(world->retired_at[i], active ? INT64_MAX : int64_at(products, CW_PRODUCT_RETIRED_AT, i));
    ck_assert(text_is(products, CW_PRODUCT_STATUS, i, active ? "active" : "retired"));
    const int32_t *weight = products->columns[CW_PRODUCT_WEIGHT].values;
    const int32_t *popularity = products->columns[CW_PRODUCT_POPULARITY].values;
    const int32_t *age = products->columns[CW_PRODUCT_MINIMUM_AGE].values;
    ck_assert_int_eq(world->weight[i], weight[i]);
    ck_assert_uint_eq(world->popularity[i], (uint32_t)popularity[i]);
    ck_assert_int_eq(world->minimum_age[i], age[i]);
    ck_assert_int_eq(world->season[i] == CW_SEASON_NONE, is_null(products, CW_PRODUCT_SEASON, i));
    static const char *const classes[] = {"standard", "reduced", "zero"};
    ck_assert(text_is(products, CW_PRODUCT_TAX_CLASS, i, classes[world->tax_class[i]]));
    size_t length;
    const char *countries = cw_column_string(&products->columns[CW_PRODUCT_EXCLUDED_COUNTRIES], i, &length);
    uint32_t markets = 0;
    for (uint32_t m = 0; m < cw_market_count(); m++) {
        for (size_t c = 0; c + 2 <= length; c += 3)
            markets |= memcmp(countries + c, cw_market_get(m)->country, 2) == 0 ? 1U << m : 0;
    }
    ck_assert_uint_eq(world->excluded_markets[i], markets);
}

START_TEST(world_equals_the_rows)
{
    struct cw_catalogue_plan *plan = new_plan();
    struct cw_catalogue world;
    ck_assert_int_eq(cw_catalogue_plan_world(plan, 1, &world, &error), CW_OK);
    struct cw_batch products = rows_of(plan, CW_ENTITY_PRODUCT, 0, spec.products);
    struct cw_batch prices = rows_of(plan, CW_ENTITY_PRODUCT_PRICE, 0, spec.products);
    struct cw_batch variants = rows_of(plan, CW_ENTITY_VARIANT, 0, spec.products);
    ck_assert_int_eq(world.product_count, spec.products);
    ck_assert_int_eq(world.variant_count, variants.row_count);
    ck_assert_int_eq(world.price_count, prices.row_count);
    for (int64_t i = 0; i < spec.products; i++)
        check_world_product(&world, &products, i);
    for (int64_t v = 0; v < variants.row_count; v++) {
        size_t length;
        const char *sku = cw_column_string(&variants.columns[CW_VARIANT_SKU], v, &length);
        uint32_t owner = world.variant_product[v];
        ck_assert_mem_eq(world.variant_ids[v].bytes, uuid_at(&variants, CW_VARIANT_ID, v), 16);
        ck_assert_mem_eq(world.product_ids[owner].bytes, uuid_at(&variants, CW_VARIANT_PRODUCT_ID, v), 16);
        ck_assert(v >= world.first_variant[owner] && v < world.first_variant[owner + 1]);
        ck_assert_uint_eq(world.sku_offsets[v + 1] - world.sku_offsets[v], length);
        ck_assert_mem_eq(world.sku_bytes + world.sku_offsets[v], sku, length);
    }
    for (uint32_t run = 0; run < world.product_count * world.currency_count; run++) {
        uint32_t slot = run % world.currency_count;
        for (uint32_t p = world.first_price[run]; p < world.first_price[run + 1]; p++) {
            ck_assert_int_eq(world.price_amount[p], int64_at(&prices, CW_PRODUCT_PRICE_UNIT_AMOUNT, p));
            ck_assert_int_eq(world.price_valid_from[p], int64_at(&prices, CW_PRODUCT_PRICE_VALID_FROM, p));
            ck_assert(text_is(&prices, CW_PRODUCT_PRICE_CURRENCY, p,
                              cw_market_get(world.currency_market[slot])->currency));
        }
    }
    for (uint32_t m = 0; m < cw_market_count(); m++) {
        ck_assert_str_eq(cw_market_get(world.currency_market[world.market_currency[m]])->currency,
                         cw_market_get(m)->currency);
    }
    cw_catalogue_clear(&world);
    cw_catalogue_clear(&world);
    cw_batch_clear(&products);
    cw_batch_clear(&prices);
    cw_batch_clear(&variants);
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(a_shop_without_products_is_possible)
{
    spec.products = 0;
    struct cw_catalogue_plan *plan = new_plan();
    struct cw_catalogue world;
    ck_assert_int_eq(cw_catalogue_plan_world(plan, 1, &world, &error), CW_OK);
    ck_assert_uint_eq(world.variant_count, 0);
    ck_assert_int_eq(cw_catalogue_plan_rows(plan, CW_ENTITY_BRAND), 0);
    cw_catalogue_clear(&world);
    cw_catalogue_plan_free(plan);
}
END_TEST

static void assert_in_span(struct cw_span span, const struct cw_options *options, enum cw_attribute attribute)
{
    ck_assert_int_eq(options->value_count[attribute] == 0, span.count == 0);
    for (uint32_t i = 0; i < options->value_count[attribute]; i++) {
        uint32_t value = options->values[attribute][i];
        ck_assert(value >= span.first && value < span.first + span.count);
        for (uint32_t j = 0; j < i; j++)
            ck_assert_uint_ne(options->values[attribute][j], value);
    }
}

START_TEST(attributes_fit_the_category)
{
    struct cw_catalogue_plan *plan = new_plan();
    for (int64_t i = 0; i < spec.products; i++) {
        struct cw_product product;
        struct cw_options options;
        cw_product_make(plan, i, &product);
        cw_options_make(plan, &product, &options);
        const struct cw_leaf *leaf = cw_leaf_get(product.leaf);
        uint32_t lowest;
        uint32_t highest;
        const uint16_t *weights;
        assert_in_span(cw_size_system(leaf->sizes, &lowest, &highest), &options, CW_ATTRIBUTE_SIZE);
        assert_in_span(cw_colour_set(leaf->colours, &weights), &options, CW_ATTRIBUTE_COLOUR);
        assert_in_span(cw_material_set(leaf->materials, &weights), &options, CW_ATTRIBUTE_MATERIAL);
        ck_assert(options.count >= 1 && options.count <= 12);
    }
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(given_attributes_are_honoured)
{
    spec.products = 50;
    spec.attributes[CW_ATTRIBUTE_SIZE].count = 3;
    spec.attributes[CW_ATTRIBUTE_COLOUR].count = 2;
    snprintf(spec.attributes[CW_ATTRIBUTE_SIZE].values[0], CW_NAME_MAX, "Petite");
    snprintf(spec.attributes[CW_ATTRIBUTE_SIZE].values[1], CW_NAME_MAX, "Regular");
    snprintf(spec.attributes[CW_ATTRIBUTE_SIZE].values[2], CW_NAME_MAX, "Tall");
    snprintf(spec.attributes[CW_ATTRIBUTE_COLOUR].values[0], CW_NAME_MAX, "Mauve");
    snprintf(spec.attributes[CW_ATTRIBUTE_COLOUR].values[1], CW_NAME_MAX, "Ecru");
    struct cw_catalogue_plan *plan = new_plan();
    struct cw_batch variants = rows_of(plan, CW_ENTITY_VARIANT, 0, spec.products);
    int64_t tall = 0;
    for (int64_t row = 0; row < variants.row_count; row++) {
        ck_assert(!is_null(&variants, CW_VARIANT_SIZE, row) && !is_null(&variants, CW_VARIANT_COLOUR, row));
        ck_assert(text_is(&variants, CW_VARIANT_COLOUR, row, "Mauve") ||
                  text_is(&variants, CW_VARIANT_COLOUR, row, "Ecru"));
        tall += text_is(&variants, CW_VARIANT_SIZE, row, "Tall");
    }
    ck_assert_int_ge(variants.row_count, 300);
    ck_assert_int_eq(tall * 3, variants.row_count);
    cw_batch_clear(&variants);
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(many_given_attributes_stay_within_the_limit)
{
    spec.products = 20;
    for (uint32_t a = 0; a < CW_ATTRIBUTE_COUNT; a++) {
        spec.attributes[a].count = CW_ATTRIBUTE_VALUES_MAX;
        for (uint32_t i = 0; i < CW_ATTRIBUTE_VALUES_MAX; i++)
            snprintf(spec.attributes[a].values[i], CW_NAME_MAX, "Value %u", i);
    }
    struct cw_catalogue_plan *plan = new_plan();
    struct cw_batch variants = rows_of(plan, CW_ENTITY_VARIANT, 0, spec.products);
    ck_assert_int_eq(variants.row_count, 20 * 64);
    cw_batch_clear(&variants);
    cw_catalogue_plan_free(plan);
    memcpy(spec.attributes[0].values[1], "Value 0", 8);
    ck_assert_int_eq(cw_run_spec_resolve(&spec, &error), CW_E_INVALID);
}
END_TEST

START_TEST(no_invented_name_offends)
{
    for (uint32_t i = 0; i < cw_brand_names.count; i++) {
        const uint32_t *offset = cw_brand_names.offsets + i;
        const char *name = cw_brand_names.bytes + offset[0];
        ck_assert_msg(!cw_text_is_offensive(name, offset[1] - offset[0]), "%.*s",
                      (int)(offset[1] - offset[0]), name);
    }
    spec.products = 20000;
    struct cw_catalogue_plan *plan = new_plan();
    for (int64_t i = 0; i < spec.products; i++) {
        struct cw_product product;
        char name[CW_PRODUCT_NAME_MAX];
        cw_product_make(plan, i, &product);
        size_t size = cw_product_name(plan, &product, name);
        ck_assert(size >= 5 && size < 120);
        ck_assert_ptr_null(memchr(name, '\0', size));
    }
    cw_catalogue_plan_free(plan);
}
END_TEST

START_TEST(a_full_store_is_refused)
{
    spec.prior_products = CW_STORE_PRODUCTS_MAX - 10;
    ck_assert_int_eq(cw_catalogue_resolve(&spec, &error), CW_E_LIMIT);
    ck_assert_str_eq(error.field, "products");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {tree_is_deep_and_wide_enough,
                                  leaves_are_plausible,
                                  category_rows_form_the_tree,
                                  categories_and_centres_are_the_same_for_every_seed,
                                  categories_are_found_by_name_and_path,
                                  unknown_category_is_refused_with_the_nearest,
                                  named_categories_get_exactly_their_products,
                                  brands_fit_and_are_older_than_their_products,
                                  products_live_within_the_shops_time,
                                  one_product_is_there_from_the_opening_on,
                                  price_periods_are_contiguous,
                                  prices_end_as_shops_write_them,
                                  barcodes_have_valid_check_digits,
                                  codes_are_unique_over_products_and_runs,
                                  ids_are_unique_even_over_runs_of_one_seed,
                                  any_slice_equals_the_whole,
                                  only_columns_asked_for_are_filled,
                                  world_equals_the_rows,
                                  a_shop_without_products_is_possible,
                                  attributes_fit_the_category,
                                  given_attributes_are_honoured,
                                  many_given_attributes_stay_within_the_limit,
                                  no_invented_name_offends,
                                  a_full_store_is_refused};
    Suite *suite = suite_create("catalogue");
    TCase *group = tcase_create("catalogue");
    tcase_add_checked_fixture(group, set_up, NULL);
    tcase_set_timeout(group, 60);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(group, tests[i]);
    tcase_add_loop_test(group, a_fifth_of_products_draws_most_of_demand, 0, 3);
    tcase_add_loop_test(group, price_bounds_are_kept, 0, 5);
    suite_add_tcase(suite, group);
    return suite;
}
