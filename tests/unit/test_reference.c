#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "model/reference.h"

#define TEXT_MAX 128

static const char *pool_text(const struct cw_pool *pool, uint32_t index, char *out)
{
    uint32_t length = pool->offsets[index + 1] - pool->offsets[index];
    ck_assert_uint_lt(length, TEXT_MAX);
    memcpy(out, pool->bytes + pool->offsets[index], length);
    out[length] = '\0';
    return out;
}

static int pool_compare(const struct cw_pool *pool, uint32_t a, uint32_t b)
{
    char left[TEXT_MAX];
    char right[TEXT_MAX];
    return strcmp(pool_text(pool, a, left), pool_text(pool, b, right));
}

/* Offsets ascend, the padding is there, and texts are a to z where only_letters is set. */
static void check_pool(const struct cw_pool *pool, uint32_t count, bool only_letters)
{
    ck_assert_uint_eq(pool->count, count);
    ck_assert_uint_eq(pool->offsets[0], 0);
    for (uint32_t i = 0; i < count; i++)
        ck_assert_uint_le(pool->offsets[i], pool->offsets[i + 1]);
    for (uint32_t i = 0; only_letters && i < pool->offsets[count]; i++)
        ck_assert_msg(pool->bytes[i] >= 'a' && pool->bytes[i] <= 'z', "byte %u is %d", i, pool->bytes[i]);
    for (uint32_t i = 0; i < CW_PADDING; i++)
        ck_assert_int_eq(pool->bytes[pool->offsets[count] + i], 0);
}

static uint64_t weight_sum(const uint32_t *weights, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += weights[i];
    return sum;
}

static void check_given_names(const struct cw_given_names *names)
{
    uint64_t sums[2][CW_BIRTH_DECADES] = {{0}};
    check_pool(&names->native, names->count, false);
    check_pool(&names->ascii, names->count, true);
    for (uint32_t i = 0; i < names->count; i++) {
        ck_assert_uint_lt(names->ascii.offsets[i], names->ascii.offsets[i + 1]);
        if (i > 0)
            ck_assert_int_le(pool_compare(&names->ascii, i - 1, i), 0);
        for (uint32_t decade = 0; decade < CW_BIRTH_DECADES; decade++)
            sums[names->sex[i]][decade] += names->weights[i * CW_BIRTH_DECADES + decade];
    }
    for (uint32_t decade = 0; decade < CW_BIRTH_DECADES; decade++) {
        ck_assert_uint_gt(sums[CW_SEX_FEMALE][decade], 0);
        ck_assert_uint_gt(sums[CW_SEX_MALE][decade], 0);
    }
}

static void check_family_names(const struct cw_family_names *names)
{
    check_pool(&names->native, names->count, false);
    check_pool(&names->ascii, names->count, true);
    ck_assert_uint_ge(names->count, 1000);
    for (uint32_t i = 0; i < names->count; i++) {
        ck_assert_uint_gt(names->weights[i], 0);
        ck_assert_uint_lt(names->sharing_rank[i], names->sharing_markets[i]);
        if (i > 0)
            ck_assert_int_le(pool_compare(&names->ascii, i - 1, i), 0);
    }
}

static void check_places(const struct cw_market *market)
{
    const struct cw_cities *cities = &market->cities;
    check_pool(&cities->names, cities->count, false);
    check_pool(&market->regions.names, market->regions.count, false);
    check_pool(&market->regions.codes, market->regions.count, false);
    check_pool(&market->postal_codes.codes, market->postal_codes.count, false);
    check_pool(&market->postal_codes.localities, market->postal_codes.count, false);
    ck_assert_uint_eq(cities->first_postal[0], 0);
    ck_assert_uint_eq(cities->first_postal[cities->count], market->postal_codes.count);
    for (uint32_t i = 0; i < cities->count; i++) {
        ck_assert_uint_lt(cities->region[i], market->regions.count);
        ck_assert_uint_lt(cities->zone[i], cw_zone_count());
        ck_assert_uint_ge(cities->population[i], 1);
        ck_assert_uint_lt(cities->first_postal[i], cities->first_postal[i + 1]);
    }
}

static void check_brands(const struct cw_payment_brands *brands)
{
    const uint16_t *first = brands->first_test_range;
    for (uint32_t i = 0; i < brands->count; i++) {
        ck_assert_int_eq(first[i + 1] > first[i], brands->kind[i] == CW_PAYMENT_CARD);
        ck_assert_uint_le(first[i + 1], cw_card_ranges_get()->count);
    }
}

START_TEST(markets_stand_in_their_fixed_order)
{
    static const char *const order[] = {"US", "GB", "DE", "FR", "JP"};
    ck_assert_uint_ge(cw_market_count(), 5);
    for (uint32_t i = 0; i < 5; i++)
        ck_assert_str_eq(cw_market_get(i)->country, order[i]);
    ck_assert_ptr_null(cw_market_get(cw_market_count()));
}
END_TEST

START_TEST(market_is_found_by_country_and_locale)
{
    ck_assert_int_eq(cw_market_find("DE"), 2);
    ck_assert_int_eq(cw_market_find("de"), 2);
    ck_assert_int_eq(cw_market_find("de-DE"), 2);
    ck_assert_int_eq(cw_market_find("DE_de"), 2);
    ck_assert_int_eq(cw_market_find("ja_JP"), 4);
    ck_assert_int_eq(cw_market_find("XX"), -1);
    ck_assert_int_eq(cw_market_find("D"), -1);
    ck_assert_int_eq(cw_market_find("DEU"), -1);
    ck_assert_int_eq(cw_market_find(""), -1);
}
END_TEST

START_TEST(every_table_keeps_its_promises)
{
    for (uint32_t i = 0; i < cw_market_count(); i++) {
        const struct cw_market *market = cw_market_get(i);
        check_given_names(&market->given_names);
        check_family_names(&market->family_names);
        check_places(market);
        check_brands(&market->payment_brands);
        ck_assert_uint_gt(weight_sum(market->phones.weights, market->phones.count), 0);
        ck_assert_uint_gt(weight_sum(market->email_domains.weights, market->email_domains.count), 0);
        ck_assert_uint_gt(market->holidays.count, 0);
        check_pool(&market->company_ascii, market->company_words.count, false);
        if (strstr(market->address.street, "{street}") != NULL)
            ck_assert_uint_gt(weight_sum(market->streets.weights, market->streets.count), 0);
    }
}
END_TEST

/* How many markets have this a-z form of a family name, and how many of those stand before index. */
static void count_sharing(const char *name, uint32_t index, uint32_t *sharing, uint32_t *before)
{
    char text[TEXT_MAX];
    *sharing = 0;
    *before = 0;
    for (uint32_t m = 0; m < cw_market_count(); m++) {
        const struct cw_family_names *names = &cw_market_get(m)->family_names;
        for (uint32_t i = 0; i < names->count; i++) {
            if (strcmp(pool_text(&names->ascii, i, text), name) == 0) {
                *sharing += 1;
                *before += m < index;
                break;
            }
        }
    }
}

START_TEST(family_names_know_the_markets_that_share_them)
{
    char text[TEXT_MAX];
    for (uint32_t m = 0; m < cw_market_count(); m++) {
        const struct cw_family_names *names = &cw_market_get(m)->family_names;
        for (uint32_t i = 0; i < names->count; i += 97) {
            uint32_t sharing;
            uint32_t before;
            count_sharing(pool_text(&names->ascii, i, text), m, &sharing, &before);
            ck_assert_msg(names->sharing_markets[i] == sharing && names->sharing_rank[i] == before, "%s",
                          text);
        }
    }
}
END_TEST

START_TEST(zones_have_ascending_transitions)
{
    for (uint32_t i = 0; i < cw_zone_count(); i++) {
        const struct cw_zone *zone = cw_zone_get(i);
        ck_assert_int_eq(cw_zone_find(zone->name), (int)i);
        ck_assert(zone->transitions[0] == INT64_MIN);
        for (uint32_t j = 1; j < zone->count; j++)
            ck_assert(zone->transitions[j - 1] < zone->transitions[j]);
    }
    ck_assert_int_eq(cw_zone_find("Mars/Olympus"), -1);
    ck_assert_ptr_null(cw_zone_get(cw_zone_count()));
    const struct cw_zone *berlin = cw_zone_get((uint32_t)cw_zone_find("Europe/Berlin"));
    ck_assert_int_eq(berlin->offsets[0], 3600);
}
END_TEST

START_TEST(sites_are_grouped_by_market)
{
    uint32_t last = 0;
    ck_assert_uint_ge(cw_fulfilment_site_count(), cw_market_count());
    for (uint32_t i = 0; i < cw_fulfilment_site_count(); i++) {
        const struct cw_fulfilment_site *site = cw_fulfilment_site_get(i);
        ck_assert(site->market == last || site->market == last + 1);
        last = site->market;
        ck_assert_uint_lt(site->zone, cw_zone_count());
    }
    ck_assert_uint_eq(last + 1, cw_market_count());
    ck_assert_ptr_null(cw_fulfilment_site_get(cw_fulfilment_site_count()));
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("reference", markets_stand_in_their_fixed_order,
                         market_is_found_by_country_and_locale, every_table_keeps_its_promises,
                         family_names_know_the_markets_that_share_them, zones_have_ascending_transitions,
                         sites_are_grouped_by_market);
}
