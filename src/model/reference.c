#include "model/reference.h"

#include <string.h>

#include "reference_tables.h"

#define DATA_VERSION 2

uint32_t cw_data_version(void)
{
    return DATA_VERSION;
}

uint32_t cw_market_count(void)
{
    return cw_reference_market_count;
}

const struct cw_market *cw_market_get(uint32_t index)
{
    return index < cw_reference_market_count ? cw_reference_markets[index] : NULL;
}

/* Codes are compared without regard to case and to which of '-' and '_' joins language and country. */
static char folded(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return c == '_' ? '-' : c;
}

static bool same_code(const char *a, const char *b)
{
    while (*a != '\0' && folded(*a) == folded(*b)) {
        a++;
        b++;
    }
    return folded(*a) == folded(*b);
}

int cw_market_find(const char *code)
{
    for (uint32_t i = 0; i < cw_reference_market_count; i++) {
        const struct cw_market *market = cw_reference_markets[i];
        if (same_code(code, market->country) || same_code(code, market->locale)) {
            return (int)i;
        }
    }
    return -1;
}

uint32_t cw_zone_count(void)
{
    return cw_reference_zone_count;
}

const struct cw_zone *cw_zone_get(uint32_t index)
{
    return index < cw_reference_zone_count ? &cw_reference_zones[index] : NULL;
}

int cw_zone_find(const char *name)
{
    for (uint32_t i = 0; i < cw_reference_zone_count; i++) {
        if (strcmp(cw_reference_zones[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const struct cw_card_ranges *cw_card_ranges_get(void)
{
    return &cw_reference_card_ranges;
}

uint32_t cw_fulfilment_site_count(void)
{
    return cw_reference_site_count;
}

const struct cw_fulfilment_site *cw_fulfilment_site_get(uint32_t index)
{
    return index < cw_reference_site_count ? &cw_reference_sites[index] : NULL;
}
