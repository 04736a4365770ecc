/* Rows of payment methods: one to three per customer, the default first. */
#include "base/decimal.h"
#include "engine/customer_plan.h"
#include "engine/fill.h"
#include "engine/text_pools.h"
#include "model/columns.h"

#define TEXT_BYTES 64
#define BLOCK_CUSTOMERS 256

struct method {
    struct cw_customer customer;
    struct cw_method_detail detail;
    uint32_t k;
};

struct block {
    const struct cw_customer_plan *plan;
    int64_t at;
    int64_t count;
    struct method methods[BLOCK_CUSTOMERS * CW_PAYMENT_METHODS_MAX];
};

static const struct cw_market_table *table_of(const struct block *block, int64_t i)
{
    return block->methods[i].customer.table;
}

static bool is_card(const struct block *block, int64_t i)
{
    return block->methods[i].detail.known.kind == CW_PAYMENT_CARD;
}

static void fill_id(const struct block *block, struct cw_batch *batch)
{
    uint8_t *ids = cw_fill_uuid(batch, CW_PAYMENT_METHOD_ID, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        memcpy(ids + 16 * i, block->methods[i].detail.known.id.bytes, 16);
    }
}

static void fill_customer_id(const struct block *block, struct cw_batch *batch)
{
    uint8_t *ids = cw_fill_uuid(batch, CW_PAYMENT_METHOD_CUSTOMER_ID, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        cw_customer_id(block->plan, &block->methods[i].customer, ids + 16 * i);
    }
}

static void fill_created_at(const struct block *block, struct cw_batch *batch)
{
    int64_t *times = cw_fill_int64(batch, CW_PAYMENT_METHOD_CREATED_AT, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        times[i] = block->methods[i].detail.known.created_at;
    }
}

static void fill_kind(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_PAYMENT_METHOD_KIND, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = block->methods[i].detail.known.kind;
    }
}

static void fill_brand(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_PAYMENT_METHOD_BRAND, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = (int32_t)(table_of(block, i)->brand_base + block->methods[i].detail.brand);
    }
}

/* The last digit that makes a number valid (ISO/IEC 7812-1, annex B): every second digit from the right is
 * doubled. */
static char luhn_digit(const char *digits, uint32_t count)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t digit = (uint32_t)(digits[count - 1 - i] - '0');
        uint32_t doubled = digit * 2;
        sum += i % 2 == 0 ? doubled - (doubled > 9 ? 9 : 0) : digit;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

static char *write_card_number(const struct cw_payment_brands *brands, uint32_t brand, uint64_t draw,
                               char *out)
{
    const struct cw_card_ranges *ranges = cw_card_ranges_get();
    uint32_t first = brands->first_test_range[brand];
    uint32_t range = first + cw_slice(&draw, (uint32_t)(brands->first_test_range[brand + 1] - first));
    char *end = cw_copy_pool(out, &ranges->prefixes, range);
    char *check = out + ranges->length[range] - 1;
    while (end < check) {
        *end++ = (char)('0' + cw_slice(&draw, 10));
    }
    *check = luhn_digit(out, ranges->length[range] - 1U);
    return check + 1;
}

static void fill_card_number(const struct block *block, struct cw_batch *batch)
{
    struct cw_fill_text text = cw_fill_text_begin(batch, CW_PAYMENT_METHOD_CARD_NUMBER, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        const struct method *method = &block->methods[i];
        cw_fill_valid(batch, CW_PAYMENT_METHOD_CARD_NUMBER, block->at + i, is_card(block, i));
        uint64_t draw =
            cw_customer_draw(block->plan, CW_CUSTOMER_DRAW_METHOD, method->customer.row, 8 * method->k + 4);
        cw_fill_text_end(&text, is_card(block, i)
                                    ? write_card_number(&table_of(block, i)->market->payment_brands,
                                                        method->detail.brand, draw, text.at)
                                    : text.at);
    }
}

static void fill_expiry_month(const struct block *block, struct cw_batch *batch)
{
    int32_t *months = cw_fill_int32(batch, CW_PAYMENT_METHOD_EXPIRY_MONTH, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        cw_fill_valid(batch, CW_PAYMENT_METHOD_EXPIRY_MONTH, block->at + i, is_card(block, i));
        months[i] = block->methods[i].detail.expiry_month;
    }
}

static void fill_expiry_year(const struct block *block, struct cw_batch *batch)
{
    int32_t *years = cw_fill_int32(batch, CW_PAYMENT_METHOD_EXPIRY_YEAR, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        cw_fill_valid(batch, CW_PAYMENT_METHOD_EXPIRY_YEAR, block->at + i, is_card(block, i));
        years[i] = block->methods[i].detail.expiry_year;
    }
}

static void fill_currency(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_PAYMENT_METHOD_CURRENCY, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = block->methods[i].customer.market;
    }
}

static void fill_limit(const struct block *block, struct cw_batch *batch)
{
    int64_t *limits = cw_fill_int64(batch, CW_PAYMENT_METHOD_LIMIT_AMOUNT, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        limits[i] = block->methods[i].detail.known.limit_amount;
    }
}

static void fill_default(const struct block *block, struct cw_batch *batch)
{
    for (int64_t i = 0; i < block->count; i++) {
        cw_fill_bool(batch, CW_PAYMENT_METHOD_IS_DEFAULT, block->at + i, block->methods[i].k == 0);
    }
}

static void (*const fillers[CW_PAYMENT_METHOD_COLUMN_COUNT])(const struct block *, struct cw_batch *) = {
    [CW_PAYMENT_METHOD_ID] = fill_id,
    [CW_PAYMENT_METHOD_CUSTOMER_ID] = fill_customer_id,
    [CW_PAYMENT_METHOD_CREATED_AT] = fill_created_at,
    [CW_PAYMENT_METHOD_KIND] = fill_kind,
    [CW_PAYMENT_METHOD_BRAND] = fill_brand,
    [CW_PAYMENT_METHOD_CARD_NUMBER] = fill_card_number,
    [CW_PAYMENT_METHOD_EXPIRY_MONTH] = fill_expiry_month,
    [CW_PAYMENT_METHOD_EXPIRY_YEAR] = fill_expiry_year,
    [CW_PAYMENT_METHOD_CURRENCY] = fill_currency,
    [CW_PAYMENT_METHOD_LIMIT_AMOUNT] = fill_limit,
    [CW_PAYMENT_METHOD_IS_DEFAULT] = fill_default,
};

static int64_t make_block(struct block *block, int64_t row, int64_t customers)
{
    int64_t made = customers < BLOCK_CUSTOMERS ? customers : BLOCK_CUSTOMERS;
    block->count = 0;
    for (int64_t i = 0; i < made; i++) {
        struct cw_customer customer;
        cw_customer_make(block->plan, row + i, &customer);
        for (uint32_t k = 0; k < cw_customer_method_count(&customer); k++) {
            struct method *method = &block->methods[block->count++];
            method->customer = customer;
            method->k = k;
            cw_customer_method(block->plan, &customer, k, &method->detail);
        }
    }
    return made;
}

cw_status cw_payment_method_fill(const struct cw_customer_plan *plan, int64_t first, int64_t count,
                                 uint64_t columns, struct cw_batch *batch, struct cw_error *error)
{
    const struct cw_pool *pools[CW_PAYMENT_METHOD_COLUMN_COUNT] = {
        [CW_PAYMENT_METHOD_KIND] = &cw_payment_kind_pool,
        [CW_PAYMENT_METHOD_BRAND] = &plan->tables->payment_brands,
        [CW_PAYMENT_METHOD_CURRENCY] = &plan->tables->currencies,
    };
    cw_status status =
        cw_fill_begin(batch, columns, count * CW_PAYMENT_METHODS_MAX, pools, TEXT_BYTES, error);
    if (status != CW_OK) {
        return status;
    }
    struct block block = {.plan = plan};
    for (int64_t done = 0; done < count; block.at += block.count) {
        done += make_block(&block, first + done, count - done);
        for (uint32_t c = 0; c < CW_PAYMENT_METHOD_COLUMN_COUNT; c++) {
            if (cw_fill_wants(columns, c)) {
                fillers[c](&block, batch);
            }
        }
    }
    batch->row_count = block.at;
    return CW_OK;
}
