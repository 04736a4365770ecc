/* Rows of addresses: one to three per customer, the home address first. */
#include "engine/customer_plan.h"
#include "engine/fill.h"
#include "engine/street_line.h"
#include "engine/text_pools.h"
#include "model/columns.h"

#define TEXT_BYTES 288
#define URBAN_POPULATION 20000
#define BLOCK_CUSTOMERS 256

enum address_kind { KIND_HOME, KIND_WORK, KIND_OTHER };

/* One address while its columns are written. */
struct place {
    struct cw_customer customer; /* with the city and postal code of this address */
    struct cw_identity identity;
    struct cw_known_address known;
    uint64_t draw; /* what is left of the address's own draw */
    uint32_t k;
    enum address_kind kind;
};

struct block {
    const struct cw_customer_plan *plan;
    int64_t at;
    int64_t count;
    struct place places[BLOCK_CUSTOMERS * CW_ADDRESSES_MAX];
};

static const struct cw_market_table *table_of(const struct block *block, int64_t i)
{
    return block->places[i].customer.table;
}

/* Further addresses are in the customer's own city, at another postal code of it where it has several. */
static void make_place(const struct cw_customer_plan *plan, const struct cw_customer *customer, uint32_t k,
                       struct place *place)
{
    place->customer = *customer;
    place->k = k;
    place->draw = cw_customer_draw(plan, CW_CUSTOMER_DRAW_ADDRESS, customer->row, 8 * k + 1);
    place->kind = KIND_HOME;
    cw_customer_address(plan, customer, k, &place->known);
    if (k == 0) {
        return;
    }
    place->kind = cw_slice(&place->draw, 100) < 55 ? KIND_WORK : KIND_OTHER;
    const struct cw_cities *cities = &customer->table->market->cities;
    uint32_t first = cities->first_postal[customer->city];
    place->customer.postal = first + cw_slice(&place->draw, cities->first_postal[customer->city + 1] - first);
}

static void fill_id(const struct block *block, struct cw_batch *batch)
{
    uint8_t *ids = cw_fill_uuid(batch, CW_ADDRESS_ID, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        memcpy(ids + 16 * i, block->places[i].known.id.bytes, 16);
    }
}

static void fill_customer_id(const struct block *block, struct cw_batch *batch)
{
    uint8_t *ids = cw_fill_uuid(batch, CW_ADDRESS_CUSTOMER_ID, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        cw_customer_id(block->plan, &block->places[i].customer, ids + 16 * i);
    }
}

static void fill_created_at(const struct block *block, struct cw_batch *batch)
{
    int64_t *times = cw_fill_int64(batch, CW_ADDRESS_CREATED_AT, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        times[i] = block->places[i].known.created_at;
    }
}

static void fill_kind(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_ADDRESS_KIND, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = (int32_t)block->places[i].kind;
    }
}

static void fill_default(const struct block *block, struct cw_batch *batch)
{
    for (int64_t i = 0; i < block->count; i++) {
        cw_fill_bool(batch, CW_ADDRESS_IS_DEFAULT, block->at + i, block->places[i].k == 0);
    }
}

static void fill_recipient(const struct block *block, struct cw_batch *batch)
{
    struct cw_fill_text text = cw_fill_text_begin(batch, CW_ADDRESS_RECIPIENT, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        const struct cw_market *market = table_of(block, i)->market;
        const struct cw_identity *identity = &block->places[i].identity;
        char *out = text.at;
        if (market->family_name_first) {
            out = cw_copy_pool(out, &market->family_names.native, identity->family);
            *out++ = ' ';
            out = cw_copy_pool(out, &market->given_names.native, identity->given);
        } else {
            out = cw_copy_pool(out, &market->given_names.native, identity->given);
            *out++ = ' ';
            out = cw_copy_pool(out, &market->family_names.native, identity->family);
        }
        cw_fill_text_end(&text, out);
    }
}

/* Latin scripts part name and legal form by a space, Japanese does not. */
static void fill_company(const struct block *block, struct cw_batch *batch)
{
    struct cw_fill_text text = cw_fill_text_begin(batch, CW_ADDRESS_COMPANY, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        const struct cw_market *market = table_of(block, i)->market;
        bool valid = block->places[i].kind == KIND_WORK;
        cw_fill_valid(batch, CW_ADDRESS_COMPANY, block->at + i, valid);
        char *out = text.at;
        if (valid) {
            uint64_t draw = cw_customer_draw(block->plan, CW_CUSTOMER_DRAW_ADDRESS,
                                             block->places[i].customer.row, 8 * block->places[i].k + 2);
            out = cw_copy_pool(out, &market->company_words, cw_slice(&draw, market->company_words.count));
            if (!market->family_name_first) {
                *out++ = ' ';
            }
            out =
                cw_copy_pool(out, &market->company_suffixes, cw_slice(&draw, market->company_suffixes.count));
        }
        cw_fill_text_end(&text, out);
    }
}

static void fill_street(const struct block *block, struct cw_batch *batch)
{
    struct cw_fill_text text = cw_fill_text_begin(batch, CW_ADDRESS_STREET, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        const struct place *place = &block->places[i];
        uint64_t draw = place->k == 0
                            ? cw_customer_draw(block->plan, CW_CUSTOMER_DRAW_STREET, place->customer.row, 0)
                            : cw_customer_draw(block->plan, CW_CUSTOMER_DRAW_ADDRESS, place->customer.row,
                                               8 * place->k + 3);
        const struct cw_market_table *table = table_of(block, i);
        uint32_t street = cw_street_choose(table, place->customer.postal, (uint32_t)(draw >> 32));
        cw_fill_text_end(&text, cw_street_write(table, street, (uint32_t)draw, text.at));
    }
}

static bool is_urban(const struct block *block, int64_t i)
{
    const struct cw_cities *cities = &table_of(block, i)->market->cities;
    return cities->population[block->places[i].customer.city] >= URBAN_POPULATION;
}

/* Homes in towns have the market's share of apartments, in the country a quarter of it. */
static void fill_unit(const struct block *block, struct cw_batch *batch)
{
    struct cw_fill_text text = cw_fill_text_begin(batch, CW_ADDRESS_UNIT, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        const struct cw_market *market = table_of(block, i)->market;
        const struct place *place = &block->places[i];
        uint64_t draw =
            cw_customer_draw(block->plan, CW_CUSTOMER_DRAW_ADDRESS, place->customer.row, 8 * place->k + 5);
        uint32_t share = is_urban(block, i) ? market->apartment_share : market->apartment_share / 4;
        bool valid = cw_slice(&draw, 1000) < share;
        cw_fill_valid(batch, CW_ADDRESS_UNIT, block->at + i, valid);
        cw_fill_text_end(&text, valid ? cw_unit_write(market, draw, text.at) : text.at);
    }
}

static void fill_city(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_ADDRESS_CITY, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = (int32_t)(table_of(block, i)->city_base + block->places[i].customer.city);
    }
}

static void fill_region(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_ADDRESS_REGION, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        uint32_t region = block->places[i].customer.region;
        bool valid = table_of(block, i)->region_shown[region] != 0;
        cw_fill_valid(batch, CW_ADDRESS_REGION, block->at + i, valid);
        codes[i] = valid ? (int32_t)(table_of(block, i)->region_base + region) : 0;
    }
}

static void fill_postal_code(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_ADDRESS_POSTAL_CODE, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = (int32_t)(table_of(block, i)->postal_base + block->places[i].customer.postal);
    }
}

static void fill_country(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_ADDRESS_COUNTRY, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = block->places[i].customer.market;
    }
}

static void fill_settlement(const struct block *block, struct cw_batch *batch)
{
    int32_t *codes = cw_fill_int32(batch, CW_ADDRESS_SETTLEMENT, block->at);
    for (int64_t i = 0; i < block->count; i++) {
        codes[i] = is_urban(block, i) ? 0 : 1;
    }
}

static void (*const fillers[CW_ADDRESS_COLUMN_COUNT])(const struct block *, struct cw_batch *) = {
    [CW_ADDRESS_ID] = fill_id,
    [CW_ADDRESS_CUSTOMER_ID] = fill_customer_id,
    [CW_ADDRESS_CREATED_AT] = fill_created_at,
    [CW_ADDRESS_KIND] = fill_kind,
    [CW_ADDRESS_IS_DEFAULT] = fill_default,
    [CW_ADDRESS_RECIPIENT] = fill_recipient,
    [CW_ADDRESS_COMPANY] = fill_company,
    [CW_ADDRESS_STREET] = fill_street,
    [CW_ADDRESS_UNIT] = fill_unit,
    [CW_ADDRESS_CITY] = fill_city,
    [CW_ADDRESS_REGION] = fill_region,
    [CW_ADDRESS_POSTAL_CODE] = fill_postal_code,
    [CW_ADDRESS_COUNTRY] = fill_country,
    [CW_ADDRESS_SETTLEMENT] = fill_settlement,
};

/* Makes the addresses of up to BLOCK_CUSTOMERS customers from row on; returns how many customers. */
static int64_t make_block(struct block *block, int64_t row, int64_t customers, bool with_identity)
{
    int64_t made = customers < BLOCK_CUSTOMERS ? customers : BLOCK_CUSTOMERS;
    block->count = 0;
    for (int64_t i = 0; i < made; i++) {
        struct cw_customer customer;
        struct cw_identity identity = {0};
        cw_customer_make(block->plan, row + i, &customer);
        if (with_identity) {
            cw_customer_identify(block->plan, &customer, &identity);
        }
        for (uint32_t k = 0; k < cw_customer_address_count(&customer); k++) {
            struct place *place = &block->places[block->count++];
            make_place(block->plan, &customer, k, place);
            place->identity = identity;
        }
    }
    return made;
}

cw_status cw_address_fill(const struct cw_customer_plan *plan, int64_t first, int64_t count, uint64_t columns,
                          struct cw_batch *batch, struct cw_error *error)
{
    const struct cw_market_tables *tables = plan->tables;
    const struct cw_pool *pools[CW_ADDRESS_COLUMN_COUNT] = {
        [CW_ADDRESS_KIND] = &cw_address_kind_pool, [CW_ADDRESS_CITY] = &tables->cities,
        [CW_ADDRESS_REGION] = &tables->regions,    [CW_ADDRESS_POSTAL_CODE] = &tables->postal_codes,
        [CW_ADDRESS_COUNTRY] = &tables->countries, [CW_ADDRESS_SETTLEMENT] = &cw_settlement_pool,
    };
    cw_status status = cw_fill_begin(batch, columns, count * CW_ADDRESSES_MAX, pools, TEXT_BYTES, error);
    if (status != CW_OK) {
        return status;
    }
    bool with_identity = cw_fill_wants(columns, CW_ADDRESS_RECIPIENT);
    struct block block = {.plan = plan};
    for (int64_t done = 0; done < count; block.at += block.count) {
        done += make_block(&block, first + done, count - done, with_identity);
        for (uint32_t c = 0; c < CW_ADDRESS_COLUMN_COUNT; c++) {
            if (cw_fill_wants(columns, c)) {
                fillers[c](&block, batch);
            }
        }
    }
    batch->row_count = block.at;
    return CW_OK;
}
