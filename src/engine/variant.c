#include <string.h>

#include "base/uuid.h"
#include "engine/catalogue_parts.h"
#include "model/columns.h"

#define VARIANTS_USUAL_MAX 12 /* of a product whose options come from its category */
#define COLOURS_MAX 4
#define SECOND_MATERIAL 100 /* per mille of products that come in two materials */
#define SKU_BITS 30
#define BARCODE_NUMBERS UINT64_C(10000000000)
/* Odd and no multiple of 5, so that multiplying is a bijection modulo 10^10; below 2^64 / 10^10. */
#define BARCODE_MULTIPLIER UINT64_C(1618033989)
#define BARCODE_OFFSET UINT64_C(2718281828)

/* A window of size values of a list of count, from a drawn place on. */
static void take_window(struct cw_options *options, enum cw_attribute attribute, uint32_t first,
                        uint32_t count, uint32_t size, uint32_t start)
{
    for (uint32_t i = 0; i < size; i++) {
        options->values[attribute][i] = (uint16_t)(first + (start + i) % count);
    }
    options->value_count[attribute] = size;
}

static void sizes_of_leaf(struct cw_options *options, const struct cw_leaf *leaf, uint64_t *draw)
{
    uint32_t lowest;
    uint32_t highest;
    struct cw_span span = cw_size_system(leaf->sizes, &lowest, &highest);
    if (span.count == 0) {
        return;
    }
    uint32_t size = lowest + cw_slice(draw, highest - lowest + 1);
    take_window(options, CW_ATTRIBUTE_SIZE, span.first, span.count, size,
                cw_slice(draw, span.count - size + 1));
}

/* Takes wanted different values by weight: after some vain draws the next free one. */
static void take_weighted(struct cw_options *options, enum cw_attribute attribute, struct cw_span span,
                          const uint16_t *weights, uint32_t wanted, struct cw_draws *draws)
{
    uint64_t taken = 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < span.count; i++) {
        sum += weights[i];
    }
    for (uint32_t n = 0; n < wanted; n++) {
        uint32_t picked = 0;
        for (uint32_t attempt = 0; attempt < 4; attempt++) {
            uint64_t place = cw_below(cw_draws_next(draws), sum);
            for (picked = 0; place >= weights[picked]; picked++) {
                place -= weights[picked];
            }
            if ((taken >> picked & 1) == 0) {
                break;
            }
        }
        while ((taken >> picked & 1) != 0) {
            picked = (picked + 1) % span.count;
        }
        taken |= UINT64_C(1) << picked;
        options->values[attribute][n] = (uint16_t)(span.first + picked);
    }
    options->value_count[attribute] = wanted;
}

static uint32_t room_for(const struct cw_options *options, enum cw_attribute attribute)
{
    uint32_t used = 1;
    for (uint32_t a = 0; a < CW_ATTRIBUTE_COUNT; a++) {
        if (a != attribute && options->value_count[a] > 0) {
            used *= options->value_count[a];
        }
    }
    return used >= VARIANTS_USUAL_MAX ? 1 : VARIANTS_USUAL_MAX / used;
}

static void colours_of_leaf(struct cw_options *options, const struct cw_leaf *leaf, struct cw_draws *draws)
{
    /* One colour for 35 % of products, then 30 %, 20 %, 15 %. */
    static const uint8_t above[COLOURS_MAX - 1] = {35, 65, 85};
    const uint16_t *weights;
    struct cw_span span = cw_colour_set(leaf->colours, &weights);
    if (span.count == 0) {
        return;
    }
    uint64_t draw = cw_draws_next(draws);
    uint32_t percent = cw_slice(&draw, 100);
    uint32_t wanted = 1;
    while (wanted < COLOURS_MAX && percent >= above[wanted - 1]) {
        wanted++;
    }
    uint32_t room = room_for(options, CW_ATTRIBUTE_COLOUR);
    wanted = wanted < room ? wanted : room;
    wanted = wanted < span.count ? wanted : span.count;
    take_weighted(options, CW_ATTRIBUTE_COLOUR, span, weights, wanted, draws);
}

static void materials_of_leaf(struct cw_options *options, const struct cw_leaf *leaf, struct cw_draws *draws)
{
    const uint16_t *weights;
    struct cw_span span = cw_material_set(leaf->materials, &weights);
    if (span.count == 0) {
        return;
    }
    uint64_t draw = cw_draws_next(draws);
    uint32_t wanted = cw_chance(&draw, SECOND_MATERIAL) ? 2 : 1;
    uint32_t room = room_for(options, CW_ATTRIBUTE_MATERIAL);
    wanted = wanted < room ? wanted : room;
    take_weighted(options, CW_ATTRIBUTE_MATERIAL, span, weights, wanted < span.count ? wanted : span.count,
                  draws);
}

/* All the values that the run was given; when their combinations are too many, every product has some of
 * them. */
static void take_given(const struct cw_catalogue_plan *plan, struct cw_options *options,
                       struct cw_draws *draws)
{
    uint32_t sizes[CW_ATTRIBUTE_COUNT];
    for (uint32_t a = 0; a < CW_ATTRIBUTE_COUNT; a++) {
        sizes[a] = plan->spec.attributes[a].count;
    }
    for (;;) {
        uint32_t combinations = 1;
        uint32_t largest = 0;
        for (uint32_t a = 0; a < CW_ATTRIBUTE_COUNT; a++) {
            combinations *= sizes[a] > 0 ? sizes[a] : 1;
            largest = sizes[a] > sizes[largest] ? a : largest;
        }
        if (combinations <= CW_VARIANTS_MAX) {
            break;
        }
        sizes[largest]--;
    }
    for (uint32_t a = 0; a < CW_ATTRIBUTE_COUNT; a++) {
        uint32_t count = plan->spec.attributes[a].count;
        uint64_t draw = cw_draws_next(draws);
        if (count > 0) {
            take_window(options, (enum cw_attribute)a, 0, count, sizes[a],
                        sizes[a] < count ? cw_slice(&draw, count) : 0);
        }
    }
}

void cw_options_make(const struct cw_catalogue_plan *plan, const struct cw_product *product,
                     struct cw_options *options)
{
    const struct cw_leaf *leaf = cw_leaf_get(product->leaf);
    const struct cw_attribute_values *given = plan->spec.attributes;
    struct cw_draws draws = cw_draws_at(plan->options, product->number);
    memset(options->value_count, 0, sizeof options->value_count);
    if (given[0].count + given[1].count + given[2].count > 0) {
        take_given(plan, options, &draws);
    }
    uint64_t draw = cw_draws_next(&draws);
    if (given[CW_ATTRIBUTE_SIZE].count == 0) {
        sizes_of_leaf(options, leaf, &draw);
    }
    if (given[CW_ATTRIBUTE_COLOUR].count == 0) {
        colours_of_leaf(options, leaf, &draws);
    }
    if (given[CW_ATTRIBUTE_MATERIAL].count == 0) {
        materials_of_leaf(options, leaf, &draws);
    }
    options->count = 1;
    for (uint32_t a = 0; a < CW_ATTRIBUTE_COUNT; a++) {
        options->count *= options->value_count[a] > 0 ? options->value_count[a] : 1;
    }
}

void cw_variant_id(const struct cw_catalogue_plan *plan, const struct cw_product *product, uint32_t variant,
                   uint8_t out[16])
{
    cw_uuid_v7(out, product->created_at,
               cw_unique62(plan->variant_ids, product->number * CW_VARIANTS_MAX + variant));
}

/* "NVTSH-7K2M9Q-03": letters of brand and noun, the product's number scattered by a bijection, the variant
 * from 01. */
void cw_variant_sku(const struct cw_catalogue_plan *plan, const struct cw_product *product, uint32_t variant,
                    char out[CW_SKU_SIZE])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const uint64_t mask = (UINT64_C(1) << SKU_BITS) - 1;
    uint64_t x = (product->number * 0x9e3779b1U + 0x2545f491U) & mask;
    x ^= x >> 15;
    x = (x * 0x85ebca6bU) & mask;
    x ^= x >> 13;
    memcpy(out, plan->brands[product->brand].sku, 2);
    memcpy(out + 2, cw_leaf_get(product->leaf)->sku, 3);
    out[5] = '-';
    for (uint32_t i = 0; i < 6; i++) {
        out[6 + i] = digits[x >> (25 - 5 * i) & 31];
    }
    out[12] = '-';
    out[13] = (char)('0' + (variant + 1) / 10);
    out[14] = (char)('0' + (variant + 1) % 10);
}

/* GTIN-13 (GS1 General Specifications): "20", ten digits, and the digit that brings the sum of digits, those
 * on even places counted three times, to a multiple of ten. */
void cw_variant_barcode(const struct cw_product *product, uint32_t variant, char out[CW_BARCODE_SIZE])
{
    uint64_t number = product->number * CW_VARIANTS_MAX + variant;
    number = (number * BARCODE_MULTIPLIER + BARCODE_OFFSET) % BARCODE_NUMBERS;
    out[0] = '2';
    out[1] = '0';
    uint32_t sum = 2;
    for (int i = 11; i >= 2; i--) {
        uint32_t digit = (uint32_t)(number % 10);
        number /= 10;
        out[i] = (char)('0' + digit);
        sum += (i & 1) != 0 ? 3 * digit : digit;
    }
    out[12] = (char)('0' + (10 - sum % 10) % 10);
}

struct variant_columns {
    uint8_t *ids, *products;
    int32_t *options[CW_ATTRIBUTE_COUNT];
    int64_t *created;
};

static const uint32_t option_columns[CW_ATTRIBUTE_COUNT] = {CW_VARIANT_SIZE, CW_VARIANT_COLOUR,
                                                            CW_VARIANT_MATERIAL};

static void put_options(const struct cw_rows *rows, const struct variant_columns *columns,
                        const struct cw_options *options, uint32_t variant, int64_t row)
{
    for (uint32_t a = 0; a < CW_ATTRIBUTE_COUNT; a++) {
        uint32_t count = options->value_count[a];
        if (columns->options[a] != NULL && count == 0) {
            columns->options[a][row] = 0;
            cw_rows_null(rows, option_columns[a], row);
        } else if (columns->options[a] != NULL) {
            columns->options[a][row] = options->values[a][variant % count];
        }
        variant /= count > 0 ? count : 1;
    }
}

static cw_status put_variants(const struct cw_rows *rows, const struct variant_columns *columns,
                              const struct cw_product *product, const struct cw_options *options, int64_t row)
{
    cw_status status = CW_OK;
    uint8_t product_id[16];
    char text[CW_SKU_SIZE];
    cw_product_id(rows->plan, product, product_id);
    for (uint32_t v = 0; status == CW_OK && v < options->count; v++, row++) {
        if (columns->ids != NULL) {
            cw_variant_id(rows->plan, product, v, columns->ids + 16 * row);
        }
        if (columns->products != NULL) {
            memcpy(columns->products + 16 * row, product_id, 16);
        }
        if (columns->created != NULL) {
            columns->created[row] = product->created_at;
        }
        put_options(rows, columns, options, v, row);
        if (cw_rows_want(rows, CW_VARIANT_SKU)) {
            cw_variant_sku(rows->plan, product, v, text);
            status = cw_rows_text(rows, CW_VARIANT_SKU, row, text, CW_SKU_SIZE);
        }
        if (status == CW_OK && cw_rows_want(rows, CW_VARIANT_BARCODE)) {
            cw_variant_barcode(product, v, text);
            status = cw_rows_text(rows, CW_VARIANT_BARCODE, row, text, CW_BARCODE_SIZE);
        }
    }
    return status;
}

cw_status cw_variant_fill(const struct cw_rows *rows)
{
    const struct cw_attribute_values *given = rows->plan->spec.attributes;
    bool usual = given[0].count + given[1].count + given[2].count == 0;
    cw_status status = cw_rows_begin(rows, rows->count * (usual ? VARIANTS_USUAL_MAX : CW_VARIANTS_MAX));
    if (status != CW_OK) {
        return status;
    }
    struct variant_columns columns = {
        .ids = cw_rows_values(rows, CW_VARIANT_ID),
        .products = cw_rows_values(rows, CW_VARIANT_PRODUCT_ID),
        .created = cw_rows_values(rows, CW_VARIANT_CREATED_AT),
    };
    for (uint32_t a = 0; a < CW_ATTRIBUTE_COUNT; a++) {
        columns.options[a] = cw_rows_codes(rows, option_columns[a], &rows->plan->attribute_pools[a]);
    }
    int64_t row = 0;
    for (int64_t i = 0; status == CW_OK && i < rows->count; i++) {
        struct cw_product product;
        struct cw_options options;
        cw_product_make(rows->plan, rows->first + i, &product);
        cw_options_make(rows->plan, &product, &options);
        status = put_variants(rows, &columns, &product, &options, row);
        row += options.count;
    }
    rows->batch->row_count = row;
    return status;
}
