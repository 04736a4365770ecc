#include <stdlib.h>
#include <string.h>

#include "model/reference.h"
#include "store/store_world.h"

/* A price row as read: bucket is product * currency_count + slot. */
struct price_row {
    uint32_t bucket;
    int64_t valid_from;
    int64_t amount;
};

struct variant_row {
    struct cw_uuid id;
    uint32_t product;
    uint32_t sku_start;
    uint32_t sku_size;
};

struct reading {
    struct cw_reader *reader;
    struct cw_catalogue *data;
    uint32_t product_capacity;
    struct cw_id_index products;
    int64_t last_product; /* position that the row before belongs to */
    struct variant_row *variants;
    uint32_t variant_count;
    uint32_t variant_capacity;
    char *skus;
    uint32_t sku_size;
    uint32_t sku_capacity;
    struct price_row *prices;
    uint32_t price_count;
    uint32_t price_capacity;
    char currency[4]; /* of the price before, and its slot */
    int slot;
};

static void catalogue_clear(struct cw_catalogue *data)
{
    free(data->product_ids);
    free(data->launched_at);
    free(data->retired_at);
    free(data->popularity);
    free(data->first_variant);
    free(data->tax_class);
    free(data->season);
    free(data->minimum_age);
    free(data->excluded_markets);
    free(data->weight);
    free(data->first_price);
    free(data->price_valid_from);
    free(data->price_amount);
    free(data->variant_ids);
    free(data->variant_product);
    free(data->sku_offsets);
    free(data->sku_bytes);
}

void cw_catalogue_free(struct cw_catalogue_part *part)
{
    if (part != NULL) {
        cw_id_index_clear(&part->variants);
        catalogue_clear(&part->data);
        free(part);
    }
}

static void reading_clear(struct reading *reading)
{
    cw_id_index_clear(&reading->products);
    free(reading->variants);
    free(reading->skus);
    free(reading->prices);
}

static cw_status no_memory(struct cw_error *error)
{
    return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: reading the catalogue");
}

/* One slot for each currency of the markets, in their order. */
static void assign_currencies(struct cw_catalogue *data)
{
    for (uint32_t m = 0; m < cw_market_count() && m < CW_MARKETS_MAX; m++) {
        uint32_t slot = 0;
        while (slot < data->currency_count && strcmp(cw_market_get(data->currency_market[slot])->currency,
                                                     cw_market_get(m)->currency) != 0) {
            slot++;
        }
        if (slot == data->currency_count) {
            data->currency_market[slot] = (uint8_t)m;
            data->currency_count++;
        }
        data->market_currency[m] = (uint8_t)slot;
    }
}

static uint8_t position_of(const char *text, const char *const *names, uint8_t count, uint8_t otherwise)
{
    for (uint8_t i = 0; text != NULL && i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            return i;
        }
    }
    return otherwise;
}

/* Countries joined by ';' as bits of their markets. */
static uint32_t excluded_markets(const char *text)
{
    uint32_t markets = 0;
    while (text != NULL && strlen(text) >= 2) {
        const char code[] = {text[0], text[1], '\0'};
        const int market = cw_market_find(code);
        if (market >= 0 && market < CW_MARKETS_MAX) {
            markets |= 1u << market;
        }
        text = text[2] == ';' ? text + 3 : NULL;
    }
    return markets;
}

static bool product_reserve(struct reading *reading, uint32_t capacity)
{
    struct cw_catalogue *data = reading->data;
#define GROW(field)                                                                                          \
    do {                                                                                                     \
        void *grown = realloc(data->field, (size_t)capacity * sizeof *data->field);                          \
        if (grown == NULL) {                                                                                 \
            return false;                                                                                    \
        }                                                                                                    \
        data->field = grown;                                                                                 \
    } while (0)
    GROW(product_ids);
    GROW(launched_at);
    GROW(retired_at);
    GROW(popularity);
    GROW(tax_class);
    GROW(season);
    GROW(minimum_age);
    GROW(excluded_markets);
    GROW(weight);
#undef GROW
    reading->product_capacity = capacity;
    return true;
}

static cw_status read_product(void *context, struct cw_cursor *rows, struct cw_error *error)
{
    struct reading *reading = context;
    static const char *const taxes[] = {"standard", "reduced", "zero"};
    static const char *const seasons[] = {"", "spring", "summer", "autumn", "winter", "holiday"};
    struct cw_catalogue *data = reading->data;
    size_t size = 0;
    const uint32_t at = data->product_count;
    if (at == reading->product_capacity && !product_reserve(reading, at < 64 ? 64 : at + at / 2)) {
        return no_memory(error);
    }
    cw_cursor_uuid(rows, 0, data->product_ids[at].bytes);
    data->launched_at[at] = cw_cursor_integer(rows, 1);
    data->retired_at[at] = cw_cursor_is_null(rows, 2) ? INT64_MAX : cw_cursor_integer(rows, 2);
    data->popularity[at] = (uint32_t)cw_cursor_integer(rows, 3);
    data->tax_class[at] = position_of(cw_cursor_text(rows, 4, &size), taxes, 3, CW_TAX_STANDARD);
    data->season[at] = position_of(cw_cursor_text(rows, 5, &size), seasons, 6, CW_SEASON_NONE);
    data->minimum_age[at] = (uint8_t)cw_cursor_integer(rows, 6);
    data->excluded_markets[at] = excluded_markets(cw_cursor_text(rows, 7, &size));
    data->weight[at] = (int32_t)cw_cursor_integer(rows, 8);
    data->product_count++;
    return CW_OK;
}

/* The product of a child row: mostly that of the row before, or the next. -1 when there is none. */
static int64_t find_product(struct reading *reading, const struct cw_uuid *id)
{
    const struct cw_catalogue *data = reading->data;
    for (int64_t p = reading->last_product; p < reading->last_product + 2 && p < data->product_count; p++) {
        if (memcmp(data->product_ids[p].bytes, id->bytes, 16) == 0) {
            reading->last_product = p;
            return p;
        }
    }
    const int64_t found = cw_id_index_find(&reading->products, id->bytes);
    reading->last_product = found >= 0 ? found : reading->last_product;
    return found;
}

static cw_status read_variant(void *context, struct cw_cursor *rows, struct cw_error *error)
{
    struct reading *reading = context;
    struct cw_uuid product_id;
    cw_cursor_uuid(rows, 1, product_id.bytes);
    const int64_t product = find_product(reading, &product_id);
    if (product < 0) {
        return CW_OK;
    }
    size_t length = 0;
    const char *sku = cw_cursor_text(rows, 2, &length);
    const uint32_t size = (uint32_t)length;
    cw_status status = cw_array_reserve((void **)&reading->variants, &reading->variant_capacity,
                                        reading->variant_count + 1, sizeof *reading->variants, error);
    if (status == CW_OK) {
        status = cw_array_reserve((void **)&reading->skus, &reading->sku_capacity, reading->sku_size + size,
                                  1, error);
    }
    if (status != CW_OK) {
        return status;
    }
    struct variant_row *row = &reading->variants[reading->variant_count++];
    cw_cursor_uuid(rows, 0, row->id.bytes);
    row->product = (uint32_t)product;
    row->sku_start = reading->sku_size;
    row->sku_size = size;
    if (size > 0) {
        memcpy(reading->skus + reading->sku_size, sku, size);
    }
    reading->sku_size += size;
    return CW_OK;
}

static int find_slot(struct reading *reading, const char *currency)
{
    if (currency == NULL || strlen(currency) != 3) {
        return -1;
    }
    if (strcmp(currency, reading->currency) != 0) {
        memcpy(reading->currency, currency, sizeof reading->currency);
        reading->slot = -1;
        for (uint32_t s = 0; s < reading->data->currency_count; s++) {
            if (strcmp(currency, cw_market_get(reading->data->currency_market[s])->currency) == 0) {
                reading->slot = (int)s;
            }
        }
    }
    return reading->slot;
}

static cw_status read_price(void *context, struct cw_cursor *rows, struct cw_error *error)
{
    struct reading *reading = context;
    struct cw_uuid product_id;
    cw_cursor_uuid(rows, 0, product_id.bytes);
    size_t size = 0;
    const int64_t product = find_product(reading, &product_id);
    const int slot = find_slot(reading, cw_cursor_text(rows, 1, &size));
    if (product < 0 || slot < 0) {
        return CW_OK;
    }
    const cw_status status = cw_array_reserve((void **)&reading->prices, &reading->price_capacity,
                                              reading->price_count + 1, sizeof *reading->prices, error);
    if (status == CW_OK) {
        reading->prices[reading->price_count++] = (struct price_row){
            .bucket = (uint32_t)product * reading->data->currency_count + (uint32_t)slot,
            .valid_from = cw_cursor_integer(rows, 2),
            .amount = cw_cursor_integer(rows, 3),
        };
    }
    return status;
}

static cw_status read_table(struct reading *reading, const char *sql, int64_t highest,
                            cw_status (*read)(void *, struct cw_cursor *, struct cw_error *),
                            struct cw_error *error)
{
    const struct cw_parameter parameter = {.kind = CW_PARAMETER_INTEGER, .integer = highest};
    reading->last_product = 0;
    return cw_reader_each(reading->reader, sql, &parameter, 1, true, read, reading, error);
}

/* Turns counts in first[1 ..] into where each group begins; first has groups + 1 elements. */
static void sum_up(uint32_t *first, uint32_t groups)
{
    for (uint32_t i = 0; i < groups; i++) {
        first[i + 1] += first[i];
    }
}

/* Moves every group's beginning one back after the groups were filled through first[group]++. */
static void shift_back(uint32_t *first, uint32_t groups)
{
    memmove(first + 1, first, groups * sizeof *first);
    first[0] = 0;
}

static cw_status group_variants(struct reading *reading, struct cw_error *error)
{
    struct cw_catalogue *data = reading->data;
    const uint32_t count = reading->variant_count;
    data->first_variant = calloc((size_t)data->product_count + 1, sizeof *data->first_variant);
    data->variant_ids = malloc((count + (size_t)1) * sizeof *data->variant_ids);
    data->variant_product = malloc((count + (size_t)1) * sizeof *data->variant_product);
    data->sku_offsets = calloc(count + (size_t)1, sizeof *data->sku_offsets);
    data->sku_bytes = calloc(1, (size_t)reading->sku_size + CW_PADDING);
    uint32_t *order = calloc(count + (size_t)1, sizeof *order);
    if (data->first_variant == NULL || data->variant_ids == NULL || data->variant_product == NULL ||
        data->sku_offsets == NULL || data->sku_bytes == NULL || order == NULL) {
        free(order);
        return no_memory(error);
    }
    for (uint32_t i = 0; i < count; i++) {
        data->first_variant[reading->variants[i].product + 1]++;
    }
    sum_up(data->first_variant, data->product_count);
    for (uint32_t i = 0; i < count; i++) {
        order[data->first_variant[reading->variants[i].product]++] = i;
    }
    shift_back(data->first_variant, data->product_count);
    for (uint32_t v = 0; v < count; v++) {
        const struct variant_row *row = &reading->variants[order[v]];
        data->variant_ids[v] = row->id;
        data->variant_product[v] = row->product;
        if (row->sku_size > 0) {
            memcpy(data->sku_bytes + data->sku_offsets[v], reading->skus + row->sku_start, row->sku_size);
        }
        data->sku_offsets[v + 1] = data->sku_offsets[v] + row->sku_size;
    }
    data->variant_count = count;
    free(order);
    return CW_OK;
}

static cw_status group_prices(struct reading *reading, struct cw_error *error)
{
    struct cw_catalogue *data = reading->data;
    const uint32_t count = reading->price_count;
    const uint32_t buckets = data->product_count * data->currency_count;
    data->first_price = calloc((size_t)buckets + 1, sizeof *data->first_price);
    data->price_valid_from = calloc(count + (size_t)1, sizeof *data->price_valid_from);
    data->price_amount = calloc(count + (size_t)1, sizeof *data->price_amount);
    if (data->first_price == NULL || data->price_valid_from == NULL || data->price_amount == NULL) {
        return no_memory(error);
    }
    for (uint32_t i = 0; i < count; i++) {
        data->first_price[reading->prices[i].bucket + 1]++;
    }
    sum_up(data->first_price, buckets);
    for (uint32_t i = 0; i < count; i++) {
        const struct price_row *row = &reading->prices[i];
        const uint32_t at = data->first_price[row->bucket]++;
        data->price_valid_from[at] = row->valid_from;
        data->price_amount[at] = row->amount;
    }
    shift_back(data->first_price, buckets);
    data->price_count = count;
    return CW_OK;
}

/* Prices of a bucket are few and mostly in order already. */
static void sort_prices(struct cw_catalogue *data)
{
    const uint32_t buckets = data->product_count * data->currency_count;
    for (uint32_t b = 0; b < buckets; b++) {
        for (uint32_t i = data->first_price[b] + 1; i < data->first_price[b + 1]; i++) {
            const int64_t time = data->price_valid_from[i];
            const int64_t amount = data->price_amount[i];
            uint32_t at = i;
            for (; at > data->first_price[b] && data->price_valid_from[at - 1] > time; at--) {
                data->price_valid_from[at] = data->price_valid_from[at - 1];
                data->price_amount[at] = data->price_amount[at - 1];
            }
            data->price_valid_from[at] = time;
            data->price_amount[at] = amount;
        }
    }
}

static cw_status read_products(struct reading *reading, int64_t highest, struct cw_error *error)
{
    if (!product_reserve(reading, 64)) {
        return no_memory(error);
    }
    const cw_status status = read_table(
        reading,
        "SELECT id, launched_at, retired_at, popularity, tax_class, season, minimum_age, excluded_countries, "
        "weight FROM products WHERE rowid <= ?1 ORDER BY rowid",
        highest, read_product, error);
    if (status != CW_OK) {
        return status;
    }
    return cw_id_index_init(&reading->products, reading->data->product_ids,
                            sizeof *reading->data->product_ids, reading->data->product_count, error);
}

static cw_status read_children(struct reading *reading, int64_t variants, int64_t prices,
                               struct cw_error *error)
{
    cw_status status =
        read_table(reading, "SELECT id, product_id, sku FROM variants WHERE rowid <= ?1 ORDER BY rowid",
                   variants, read_variant, error);
    if (status == CW_OK) {
        status = group_variants(reading, error);
    }
    if (status == CW_OK) {
        status = read_table(reading,
                            "SELECT product_id, currency, valid_from, unit_amount FROM product_prices WHERE "
                            "rowid <= ?1 ORDER BY rowid",
                            prices, read_price, error);
    }
    if (status == CW_OK) {
        status = group_prices(reading, error);
    }
    if (status == CW_OK) {
        sort_prices(reading->data);
    }
    return status;
}

cw_status cw_catalogue_read(struct cw_reader *reader, int64_t products, int64_t variants, int64_t prices,
                            struct cw_catalogue_part **part, struct cw_error *error)
{
    struct cw_catalogue_part *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return no_memory(error);
    }
    struct reading reading = {.reader = reader, .data = &made->data, .slot = -1};
    assign_currencies(&made->data);
    cw_status status = read_products(&reading, products, error);
    if (status == CW_OK) {
        status = read_children(&reading, variants, prices, error);
    }
    if (status == CW_OK) {
        status = cw_id_index_init(&made->variants, made->data.variant_ids, sizeof *made->data.variant_ids,
                                  made->data.variant_count, error);
    }
    reading_clear(&reading);
    if (status != CW_OK) {
        cw_catalogue_free(made);
        return status;
    }
    *part = made;
    return CW_OK;
}
