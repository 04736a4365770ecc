/* Rows of customers. */
#include "base/calendar.h"
#include "base/decimal.h"
#include "engine/customer_plan.h"
#include "engine/email.h"
#include "engine/fill.h"
#include "engine/street_line.h"
#include "engine/text_pools.h"
#include "model/columns.h"

#define BLOCK_ROWS 128 /* rows worked on at a time, so that their traits stay in the first-level cache */
#define TEXT_BYTES 288 /* longest plain string, with room for copies of fixed width */

struct block {
    const struct cw_customer_plan *plan;
    int64_t at; /* row of the batch where the block begins */
    int64_t count;
    struct cw_customer customers[BLOCK_ROWS];
    struct cw_identity identities[BLOCK_ROWS];
};

static const struct cw_market_table *table_of(const struct block *block, int64_t i)
{
    return block->customers[i].table;
}

static void fill_id(const struct block *block, struct cw_batch *batch)
{
    uint8_t *ids = cw_fill_uuid(batch, CW_CUSTOMER_ID, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        cw_customer_id(block->plan, &block->customers[i], ids + 16 * i);
    }
}

static void fill_default_address(const struct block *block, struct cw_batch *batch)
{
    uint8_t *ids = cw_fill_uuid(batch, CW_CUSTOMER_DEFAULT_ADDRESS_ID, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        struct cw_known_address address;
        cw_customer_address(block->plan, &block->customers[i], 0, &address);
        memcpy(ids + 16 * i, address.id.bytes, 16);
    }
}

static void fill_created_at(const struct block *block, struct cw_batch *batch)
{
    int64_t *times = cw_fill_int64(batch, CW_CUSTOMER_CREATED_AT, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        times[i] = block->customers[i].created_at;
    }
}

static void fill_email(const struct block *block, struct cw_batch *batch)
{
    struct cw_fill_text text = cw_fill_text_begin(batch, CW_CUSTOMER_EMAIL, block->at);
    cw_emails_write(block->plan, block->customers, block->identities, block->count, &text);
}

static void fill_given_name(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_CUSTOMER_GIVEN_NAME, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = (int32_t)(table_of(block, i)->given_base + block->identities[i].given);
    }
}

static void fill_family_name(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_CUSTOMER_FAMILY_NAME, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = (int32_t)(table_of(block, i)->family_base + block->identities[i].family);
    }
}

static void fill_sex(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_CUSTOMER_SEX, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = table_of(block, i)->market->given_names.sex[block->identities[i].given];
    }
}

static void fill_birth_date(const struct block *block, struct cw_batch *batch)
{
    int32_t *days = cw_fill_int32(batch, CW_CUSTOMER_BIRTH_DATE, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        days[i] = block->identities[i].birth_date;
    }
}

/* The ranges of the block's phones and the draws they come from. What is read at random is fetched some steps
 * before it is needed. */
struct phones {
    uint64_t draws[BLOCK_ROWS];
    uint32_t ranges[BLOCK_ROWS];
};

static void choose_phones(const struct block *block, struct phones *phones)
{
    const struct cw_stream stream = block->plan->streams[CW_CUSTOMER_DRAW_PHONE];
    for (int64_t i = 0; i < block->count; i++) {
        const struct cw_alias *alias = &table_of(block, i)->phones;
        uint64_t draw = cw_draw(stream, (uint64_t)block->customers[i].row, 0);
        phones->draws[i] = draw;
        __builtin_prefetch(&alias->cells[((draw >> 32) * alias->count) >> 32]);
    }
    for (int64_t i = 0; i < block->count; i++) {
        const struct cw_market_table *table = table_of(block, i);
        uint32_t range = cw_alias_pick_half(&table->phones, (uint32_t)(phones->draws[i] >> 32));
        phones->ranges[i] = range;
        __builtin_prefetch(&table->phone_ranges[range]);
    }
}

/* Everyone gets a number, and those without a phone lose it again, as a branch could not be predicted. */
static void fill_phone(const struct block *block, struct cw_batch *batch)
{
    struct cw_fill_text text = cw_fill_text_begin(batch, CW_CUSTOMER_PHONE, block->at);
    struct phones phones;
    uint8_t valid[BLOCK_ROWS];
    choose_phones(block, &phones);
    for (int64_t i = 0; i < block->count; i++) {
        const struct cw_phone_range *range = &table_of(block, i)->phone_ranges[phones.ranges[i]];
        memcpy(text.at, range->prefix, sizeof range->prefix);
        cw_decimal_8(text.at + range->length, (uint32_t)(((phones.draws[i] & 0xffffffff) * 100000000) >> 32));
        valid[i] = cw_customer_has_phone(&block->customers[i]);
        size_t length = (size_t)range->length + range->digits;
        cw_fill_text_end(&text, text.at + (valid[i] ? length : 0));
    }
    cw_fill_validity(batch, CW_CUSTOMER_PHONE, block->at, valid, block->count);
}

static void fill_phone_kind(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_CUSTOMER_PHONE_KIND, block->at);
    struct phones phones;
    uint8_t valid[BLOCK_ROWS];
    choose_phones(block, &phones);
    for (int64_t i = 0; i < block->count; i++) {
        valid[i] = cw_customer_has_phone(&block->customers[i]);
        codes[i] = valid[i] ? table_of(block, i)->market->phones.kind[phones.ranges[i]] : 0;
    }
    cw_fill_validity(batch, CW_CUSTOMER_PHONE_KIND, block->at, valid, block->count);
}

static void fill_street(const struct block *block, struct cw_batch *batch)
{
    struct cw_fill_text text = cw_fill_text_begin(batch, CW_CUSTOMER_STREET, block->at);
    const struct cw_stream stream = block->plan->streams[CW_CUSTOMER_DRAW_STREET];
    uint64_t draws[BLOCK_ROWS];
    uint32_t streets[BLOCK_ROWS];
    for (int64_t i = 0; i < block->count; i++) {
        const struct cw_alias *alias = &table_of(block, i)->streets;
        draws[i] = cw_draw(stream, (uint64_t)block->customers[i].row, 0);
        __builtin_prefetch(&alias->cells[((draws[i] >> 32) * alias->count) >> 32]);
    }
    for (int64_t i = 0; i < block->count; i++) {
        const struct cw_market_table *table = table_of(block, i);
        streets[i] = cw_street_choose(table, block->customers[i].postal, (uint32_t)(draws[i] >> 32));
        __builtin_prefetch(&table->street_texts[streets[i]]);
    }
    for (int64_t i = 0; i < block->count; i++) {
        cw_fill_text_end(&text, cw_street_write(table_of(block, i), streets[i], (uint32_t)draws[i], text.at));
    }
}

static void fill_city(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_CUSTOMER_CITY, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = (int32_t)(table_of(block, i)->city_base + block->customers[i].city);
    }
}

static void fill_region(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_CUSTOMER_REGION, block->at);
    uint8_t valid[BLOCK_ROWS];
    for (int64_t i = 0; i < block->count; i++) {
        const struct cw_market_table *table = table_of(block, i);
        uint32_t region = block->customers[i].region;
        valid[i] = table->region_shown[region];
        codes[i] = (int32_t)((table->region_base + region) * valid[i]);
    }
    cw_fill_validity(batch, CW_CUSTOMER_REGION, block->at, valid, block->count);
}

static void fill_postal_code(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_CUSTOMER_POSTAL_CODE, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = (int32_t)(table_of(block, i)->postal_base + block->customers[i].postal);
    }
}

static void fill_market(const struct block *block, struct cw_batch *batch, uint32_t column)
{
    int32_t *codes = cw_fill_int32(batch, column, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = block->customers[i].market;
    }
}

static void fill_country(const struct block *block, struct cw_batch *batch)
{
    fill_market(block, batch, CW_CUSTOMER_COUNTRY);
}

static void fill_locale(const struct block *block, struct cw_batch *batch)
{
    fill_market(block, batch, CW_CUSTOMER_LOCALE);
}

static void fill_language(const struct block *block, struct cw_batch *batch)
{
    fill_market(block, batch, CW_CUSTOMER_LANGUAGE);
}

static void fill_currency(const struct block *block, struct cw_batch *batch)
{
    fill_market(block, batch, CW_CUSTOMER_CURRENCY);
}

static void fill_segment(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_CUSTOMER_SEGMENT, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = block->customers[i].segment;
    }
}

/* 64ths of the customers per channel, in the order of the column's values. */
static void fill_channel(const struct block *block, struct cw_batch *batch)
{
    static const uint8_t ends[8] = {18, 30, 41, 46, 52, 59, 62, 64};
    int32_t *codes = cw_fill_int32(batch, CW_CUSTOMER_ACQUISITION_CHANNEL, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        uint32_t share = cw_customer_trait(&block->customers[i], 32, 6);
        int32_t channel = 0;
        while (share >= ends[channel]) {
            channel++;
        }
        codes[i] = channel;
    }
}

static void fill_credit_limit(const struct block *block, struct cw_batch *batch)
{
    int64_t *limits = cw_fill_int64(batch, CW_CUSTOMER_CREDIT_LIMIT, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        limits[i] = cw_customer_credit_limit(block->plan, &block->customers[i]);
    }
}

static void fill_consent(const struct block *block, struct cw_batch *batch)
{
    for (int64_t i = 0; i < block->count; i++) {
        cw_fill_bool(batch, CW_CUSTOMER_MARKETING_CONSENT, block->at + i,
                     cw_customer_trait(&block->customers[i], 38, 6) < 37);
    }
}

static void (*const fillers[CW_CUSTOMER_COLUMN_COUNT])(const struct block *, struct cw_batch *) = {
    [CW_CUSTOMER_ID] = fill_id,
    [CW_CUSTOMER_CREATED_AT] = fill_created_at,
    [CW_CUSTOMER_EMAIL] = fill_email,
    [CW_CUSTOMER_GIVEN_NAME] = fill_given_name,
    [CW_CUSTOMER_FAMILY_NAME] = fill_family_name,
    [CW_CUSTOMER_SEX] = fill_sex,
    [CW_CUSTOMER_BIRTH_DATE] = fill_birth_date,
    [CW_CUSTOMER_PHONE] = fill_phone,
    [CW_CUSTOMER_PHONE_KIND] = fill_phone_kind,
    [CW_CUSTOMER_STREET] = fill_street,
    [CW_CUSTOMER_CITY] = fill_city,
    [CW_CUSTOMER_REGION] = fill_region,
    [CW_CUSTOMER_POSTAL_CODE] = fill_postal_code,
    [CW_CUSTOMER_COUNTRY] = fill_country,
    [CW_CUSTOMER_LOCALE] = fill_locale,
    [CW_CUSTOMER_LANGUAGE] = fill_language,
    [CW_CUSTOMER_CURRENCY] = fill_currency,
    [CW_CUSTOMER_SEGMENT] = fill_segment,
    [CW_CUSTOMER_ACQUISITION_CHANNEL] = fill_channel,
    [CW_CUSTOMER_CREDIT_LIMIT] = fill_credit_limit,
    [CW_CUSTOMER_MARKETING_CONSENT] = fill_consent,
    [CW_CUSTOMER_DEFAULT_ADDRESS_ID] = fill_default_address,
};

#define IDENTITY_COLUMNS                                                                                     \
    (1ULL << CW_CUSTOMER_EMAIL | 1ULL << CW_CUSTOMER_GIVEN_NAME | 1ULL << CW_CUSTOMER_FAMILY_NAME |          \
     1ULL << CW_CUSTOMER_SEX | 1ULL << CW_CUSTOMER_BIRTH_DATE)

cw_status cw_customer_fill(const struct cw_customer_plan *plan, int64_t first, int64_t count,
                           uint64_t columns, struct cw_batch *batch, struct cw_error *error)
{
    const struct cw_market_tables *tables = plan->tables;
    const struct cw_pool *pools[CW_CUSTOMER_COLUMN_COUNT] = {
        [CW_CUSTOMER_GIVEN_NAME] = &tables->given_names,
        [CW_CUSTOMER_FAMILY_NAME] = &tables->family_names,
        [CW_CUSTOMER_SEX] = &cw_sex_pool,
        [CW_CUSTOMER_PHONE_KIND] = &cw_phone_kind_pool,
        [CW_CUSTOMER_CITY] = &tables->cities,
        [CW_CUSTOMER_REGION] = &tables->regions,
        [CW_CUSTOMER_POSTAL_CODE] = &tables->postal_codes,
        [CW_CUSTOMER_COUNTRY] = &tables->countries,
        [CW_CUSTOMER_LOCALE] = &tables->locales,
        [CW_CUSTOMER_LANGUAGE] = &tables->languages,
        [CW_CUSTOMER_CURRENCY] = &tables->currencies,
        [CW_CUSTOMER_SEGMENT] = &cw_segment_pool,
        [CW_CUSTOMER_ACQUISITION_CHANNEL] = &cw_channel_pool,
    };
    cw_status status = cw_fill_begin(batch, columns, count, pools, TEXT_BYTES, error);
    if (status != CW_OK) {
        return status;
    }
    struct block block = {.plan = plan};
    for (; block.at < count; block.at += block.count) {
        block.count = count - block.at < BLOCK_ROWS ? count - block.at : BLOCK_ROWS;
        cw_customers_make(plan, first + block.at, block.count, block.customers);
        if ((columns & IDENTITY_COLUMNS) != 0) {
            cw_customers_identify(plan, block.customers, block.count, block.identities);
        }
        for (uint32_t c = 0; c < CW_CUSTOMER_COLUMN_COUNT; c++) {
            if (cw_fill_wants(columns, c)) {
                fillers[c](&block, batch);
            }
        }
    }
    batch->row_count = count;
    return CW_OK;
}
