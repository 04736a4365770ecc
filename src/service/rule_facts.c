#include "service/rule_facts.h"

#include <stdlib.h>
#include <string.h>

#include "model/reference.h"

/* Facts are kept as 64-bit hashes in an open table: among some 300,000 facts a wrong text is taken for a
 * right one with a chance of 2^-45. */
struct cw_rule_facts {
    uint64_t *slots; /* 0: empty */
    size_t capacity; /* a power of two */
    size_t count;
};

struct text {
    const char *bytes;
    size_t size;
};

/* FNV-1a (Fowler, Noll, Vo), with a mark behind each part, then a mix so that low bits depend on all. */
static uint64_t hash_fact(enum cw_fact fact, const struct text *parts, size_t count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ ((uint64_t)fact + 1);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < parts[i].size; j++) {
            hash = (hash ^ (unsigned char)parts[i].bytes[j]) * UINT64_C(0x100000001b3);
        }
        hash = (hash ^ 0x1F) * UINT64_C(0x100000001b3);
    }
    hash = (hash ^ (hash >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
    return hash == 0 ? 1 : hash;
}

static void insert_hash(uint64_t *slots, size_t capacity, uint64_t hash)
{
    size_t at = hash & (capacity - 1);
    while (slots[at] != 0 && slots[at] != hash) {
        at = (at + 1) & (capacity - 1);
    }
    slots[at] = hash;
}

static bool add_fact(struct cw_rule_facts *facts, enum cw_fact fact, const struct text *parts, size_t count)
{
    if (facts->count * 2 >= facts->capacity) {
        const size_t capacity = facts->capacity == 0 ? 1U << 16 : facts->capacity * 2;
        uint64_t *slots = calloc(capacity, sizeof *slots);
        if (slots == NULL) {
            return false;
        }
        for (size_t i = 0; i < facts->capacity; i++) {
            if (facts->slots[i] != 0) {
                insert_hash(slots, capacity, facts->slots[i]);
            }
        }
        free(facts->slots);
        facts->slots = slots;
        facts->capacity = capacity;
    }
    insert_hash(facts->slots, facts->capacity, hash_fact(fact, parts, count));
    facts->count++;
    return true;
}

bool cw_rule_facts_hold(const struct cw_rule_facts *facts, enum cw_fact fact, const char *const *parts,
                        size_t count)
{
    struct text texts[4];
    for (size_t i = 0; i < count; i++) {
        texts[i] = (struct text){parts[i], strlen(parts[i])};
    }
    const uint64_t hash = hash_fact(fact, texts, count);
    size_t at = hash & (facts->capacity - 1);
    while (facts->slots[at] != 0 && facts->slots[at] != hash) {
        at = (at + 1) & (facts->capacity - 1);
    }
    return facts->slots[at] == hash;
}

static struct text pool_text(const struct cw_pool *pool, uint32_t index)
{
    return (struct text){pool->bytes + pool->offsets[index], pool->offsets[index + 1] - pool->offsets[index]};
}

static struct text plain_text(const char *text)
{
    return (struct text){text, strlen(text)};
}

static bool add_places(struct cw_rule_facts *facts, const struct cw_market *market)
{
    bool good = true;
    for (uint32_t city = 0; city < market->cities.count && good; city++) {
        struct text parts[4] = {plain_text(market->country),
                                {NULL, 0},
                                pool_text(&market->cities.names, city),
                                pool_text(&market->regions.names, market->cities.region[city])};
        for (uint32_t code = market->cities.first_postal[city];
             code < market->cities.first_postal[city + 1] && good; code++) {
            parts[1] = pool_text(&market->postal_codes.codes, code);
            good = add_fact(facts, CW_FACT_PLACE, parts, 4);
        }
    }
    return good;
}

static bool add_phones(struct cw_rule_facts *facts, const struct cw_market *market)
{
    static const char *const kinds[] = {[CW_PHONE_MOBILE] = "mobile", [CW_PHONE_LANDLINE] = "landline"};
    bool good = true;
    for (uint32_t i = 0; i < market->phones.count && good; i++) {
        const char digits[2] = {(char)('0' + market->phones.digits[i]), '\0'};
        const struct text parts[4] = {plain_text(market->country), plain_text(kinds[market->phones.kind[i]]),
                                      pool_text(&market->phones.prefixes, i), plain_text(digits)};
        good = add_fact(facts, CW_FACT_PHONE, parts, 4);
    }
    return good;
}

static bool add_brands(struct cw_rule_facts *facts, const struct cw_market *market)
{
    static const char *const kinds[CW_PAYMENT_KIND_COUNT] = {
        [CW_PAYMENT_CARD] = "card",
        [CW_PAYMENT_WALLET] = "wallet",
        [CW_PAYMENT_BANK_TRANSFER] = "bank_transfer",
        [CW_PAYMENT_DIRECT_DEBIT] = "direct_debit",
        [CW_PAYMENT_INVOICE] = "invoice",
        [CW_PAYMENT_CASH] = "cash",
    };
    bool good = true;
    for (uint32_t i = 0; i < market->payment_brands.count && good; i++) {
        const struct text parts[3] = {plain_text(market->country),
                                      pool_text(&market->payment_brands.names, i),
                                      plain_text(kinds[market->payment_brands.kind[i]])};
        good = add_fact(facts, CW_FACT_BRAND, parts, 3);
    }
    return good;
}

cw_status cw_rule_facts_new(struct cw_rule_facts **facts, struct cw_error *error)
{
    struct cw_rule_facts *made = calloc(1, sizeof *made);
    bool good = made != NULL;
    for (uint32_t i = 0; i < cw_market_count() && good; i++) {
        const struct cw_market *market = cw_market_get(i);
        good = add_places(made, market) && add_phones(made, market) && add_brands(made, market);
    }
    if (!good) {
        cw_rule_facts_free(made);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the facts of the markets");
    }
    *facts = made;
    return CW_OK;
}

void cw_rule_facts_free(struct cw_rule_facts *facts)
{
    if (facts != NULL) {
        free(facts->slots);
        free(facts);
    }
}
