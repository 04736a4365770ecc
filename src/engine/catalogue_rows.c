/* Rows of the small tables: categories, brands, fulfilment centres. */
#include <string.h>

#include "base/uuid.h"
#include "engine/catalogue_parts.h"
#include "model/columns.h"
#include "model/reference.h"

/* 2015-01-01: the moment in the identifiers of what does not depend on a seed. */
#define CATALOGUE_EPOCH INT64_C(1420070400000000)
#define CATALOGUE_SEED UINT64_C(0x6361727477726967)

static const char tier_bytes[64] = "valuemainstreampremiumluxury";
static const uint32_t tier_offsets[] = {0, 5, 15, 22, 28};
static const struct cw_pool tier_pool = {CW_TIER_COUNT, tier_offsets, tier_bytes};

void cw_category_id(uint32_t category, uint8_t out[16])
{
    cw_uuid_v7(out, CATALOGUE_EPOCH,
               cw_unique62(cw_stream_make(CATALOGUE_SEED, CW_ENTITY_CATEGORY, CW_PURPOSE_ID), category));
}

cw_status cw_category_fill(const struct cw_rows *fill)
{
    cw_status status = cw_rows_begin(fill, fill->count);
    if (status != CW_OK) {
        return status;
    }
    uint8_t *ids = cw_rows_values(fill, CW_CATEGORY_ID);
    uint8_t *parents = cw_rows_values(fill, CW_CATEGORY_PARENT_ID);
    int32_t *names = cw_rows_codes(fill, CW_CATEGORY_NAME, &cw_category_names);
    int32_t *paths = cw_rows_codes(fill, CW_CATEGORY_PATH, &cw_category_paths);
    int32_t *levels = cw_rows_values(fill, CW_CATEGORY_LEVEL);
    uint8_t *leaves = cw_rows_values(fill, CW_CATEGORY_IS_LEAF);
    for (int64_t row = 0; row < fill->count; row++) {
        uint32_t index = (uint32_t)(fill->first + row);
        const struct cw_category *category = cw_category_get(index);
        if (ids != NULL) {
            cw_category_id(index, ids + 16 * row);
        }
        if (parents != NULL && category->parent >= 0) {
            cw_category_id((uint32_t)category->parent, parents + 16 * row);
        } else if (parents != NULL) {
            memset(parents + 16 * row, 0, 16);
            cw_rows_null(fill, CW_CATEGORY_PARENT_ID, row);
        }
        if (names != NULL) {
            names[row] = (int32_t)index;
        }
        if (paths != NULL) {
            paths[row] = (int32_t)index;
        }
        if (levels != NULL) {
            levels[row] = category->level;
        }
        if (leaves != NULL && category->is_leaf) {
            leaves[row >> 3] |= (uint8_t)(1U << (row & 7));
        }
    }
    return CW_OK;
}

cw_status cw_brand_fill(const struct cw_rows *fill)
{
    cw_status status = cw_rows_begin(fill, fill->count);
    if (status != CW_OK) {
        return status;
    }
    uint8_t *ids = cw_rows_values(fill, CW_BRAND_ID);
    int32_t *names = cw_rows_codes(fill, CW_BRAND_NAME, &cw_brand_names);
    int32_t *tiers = cw_rows_codes(fill, CW_BRAND_TIER, &tier_pool);
    int32_t *countries = cw_rows_codes(fill, CW_BRAND_COUNTRY, &cw_brand_countries);
    int64_t *created = cw_rows_values(fill, CW_BRAND_CREATED_AT);
    for (int64_t row = 0; row < fill->count; row++) {
        const struct cw_brand *brand = &fill->plan->brands[fill->first + row];
        if (ids != NULL) {
            memcpy(ids + 16 * row, brand->id.bytes, 16);
        }
        if (names != NULL) {
            names[row] = (int32_t)brand->name;
        }
        if (tiers != NULL) {
            tiers[row] = brand->tier;
        }
        if (countries != NULL) {
            countries[row] = brand->country;
        }
        if (created != NULL) {
            created[row] = brand->created_at;
        }
    }
    return CW_OK;
}

static cw_status site_texts(const struct cw_rows *fill, const struct cw_fulfilment_site *site, int64_t row)
{
    const struct {
        uint32_t column;
        const char *text;
    } texts[] = {{CW_FULFILMENT_CENTRE_CODE, site->code},
                 {CW_FULFILMENT_CENTRE_NAME, site->name},
                 {CW_FULFILMENT_CENTRE_CITY, site->city},
                 {CW_FULFILMENT_CENTRE_REGION, site->region != NULL ? site->region : ""},
                 {CW_FULFILMENT_CENTRE_POSTAL_CODE, site->postal_code},
                 {CW_FULFILMENT_CENTRE_COUNTRY, cw_market_get(site->market)->country},
                 {CW_FULFILMENT_CENTRE_TIME_ZONE, cw_zone_get(site->zone)->name}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!cw_rows_want(fill, texts[i].column)) {
            continue;
        }
        if (texts[i].text[0] == '\0') {
            cw_rows_null(fill, texts[i].column, row);
        }
        cw_status status = cw_rows_text(fill, texts[i].column, row, texts[i].text, strlen(texts[i].text));
        if (status != CW_OK) {
            return status;
        }
    }
    return CW_OK;
}

cw_status cw_fulfilment_fill(const struct cw_rows *fill)
{
    cw_status status = cw_rows_begin(fill, fill->count);
    uint8_t *ids = status == CW_OK ? cw_rows_values(fill, CW_FULFILMENT_CENTRE_ID) : NULL;
    int64_t *opened = status == CW_OK ? cw_rows_values(fill, CW_FULFILMENT_CENTRE_OPENED_AT) : NULL;
    for (int64_t row = 0; status == CW_OK && row < fill->count; row++) {
        uint32_t index = (uint32_t)(fill->first + row);
        const struct cw_fulfilment_site *site = cw_fulfilment_site_get(index);
        if (ids != NULL) {
            cw_fulfilment_id(index, ids + 16 * row);
        }
        if (opened != NULL) {
            opened[row] = site->opened_day * CW_MICROS_IN_DAY;
        }
        status = site_texts(fill, site, row);
    }
    return status;
}

void cw_fulfilment_id(uint32_t site, uint8_t out[16])
{
    cw_uuid_v7(out, CATALOGUE_EPOCH,
               cw_unique62(cw_stream_make(CATALOGUE_SEED, CW_ENTITY_FULFILMENT_CENTRE, CW_PURPOSE_ID), site));
}
