#include "engine/email.h"

#include <string.h>

#include "base/decimal.h"
#include "engine/fill.h"

/* Numbers of namesakes move on by this much per earlier run, to cover what rounding may add to each run's
 * share. */
#define NUMBERS_PER_RUN 4

/* How the part before the @ is made. Uniqueness rests on this: full names are joined by '.' or '_', which no
 * name holds, in a fixed order each; an initial is one letter and no name is; and the number tells apart
 * those who share the rest. */
struct style {
    bool by_initial; /* the given name's initial stands for it */
    uint8_t width;   /* of the mark: 0 or 1 */
    char mark;       /* between given and family name */
};

enum style_id { DOT, UNDERSCORE, INITIAL, INITIAL_DOT, OWN_DOMAIN };
static const struct style styles[] = {[DOT] = {false, 1, '.'},
                                      [UNDERSCORE] = {false, 1, '_'},
                                      [INITIAL] = {true, 0, '.'},
                                      [INITIAL_DOT] = {true, 1, '.'},
                                      [OWN_DOMAIN] = {false, 1, '@'}};

/* Whose domain an address has, and how often it has which style, in sixteenths. */
enum owner { OWNER_PROVIDER, OWNER_COMPANY, OWNER_SELF };
static const uint8_t usual_styles[3][16] = {
    [OWNER_PROVIDER] = {DOT, DOT, DOT, DOT, DOT, DOT, DOT, INITIAL, INITIAL, INITIAL, INITIAL, INITIAL,
                        UNDERSCORE, UNDERSCORE, INITIAL_DOT, INITIAL_DOT},
    [OWNER_COMPANY] = {DOT, DOT, DOT, DOT, DOT, DOT, DOT, DOT, INITIAL, INITIAL, INITIAL, INITIAL_DOT,
                       INITIAL_DOT, INITIAL_DOT, INITIAL_DOT, UNDERSCORE},
    [OWNER_SELF] = {OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN,
                    OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN,
                    OWN_DOMAIN, OWN_DOMAIN}};

/* Numbers that earlier runs may have used up in a stretch of given names of a family: as many as the stretch
 * holds at the distance at which a run of all earlier customers would stand, step (2^64 / prior) times scale.
 */
static uint64_t used_numbers(const struct cw_customer_plan *plan, uint32_t market, uint64_t family_scale,
                             uint64_t given_length)
{
    if (plan->prior_runs == 0) {
        return 0;
    }
    uint64_t used = cw_multiply_high((uint64_t)plan->prior[market] << 20, given_length) / family_scale;
    return (used >> 20) + (uint64_t)plan->prior_runs * NUMBERS_PER_RUN;
}

/* A number that differs between customers of equal ascii family and given names, or (by_initial) of equal
 * ascii family name and initial, over all runs into a store. */
static uint64_t namesake_number(const struct cw_customer_plan *plan, const struct cw_customer *customer,
                                const struct cw_family_group *family, const struct cw_given_group *given,
                                uint64_t within, bool by_initial)
{
    const uint64_t *initials = plan->tables->tables[customer->market].names.initial_starts + given->initial;
    uint64_t given_start = (uint64_t)given->start << CW_START_SHIFT;
    uint64_t given_end = (uint64_t)given->end << CW_START_SHIFT;
    uint64_t start = by_initial ? initials[0] : given_start;
    /* Of the last stretch the end is 2^64, that is 0, which the difference takes for what it is. */
    uint64_t length = (by_initial ? initials[1] : given_end) - start;
    /* Customers stand at even distances, so at most one falls into a shorter stretch. */
    cw_u128 distance = (cw_u128)plan->markets[customer->market].step * family->scale;
    uint64_t number = distance > length ? 0 : (within - start) / (uint64_t)distance;
    number += used_numbers(plan, customer->market, family->scale, length);
    /* Markets that know the same family name take turns at the numbers. */
    return number * family->sharing_markets + family->sharing_rank;
}

/* Nothing for 0. Most numbers are short; whether there is one is anyone's guess, so no branch asks. */
static char *write_number(char *out, uint64_t number)
{
    if (number >= 10000) {
        return cw_decimal_u64(out, number);
    }
    char *end = cw_decimal_short_4(out, (uint32_t)number);
    return number != 0 ? end : out;
}

/* The part of an address that its owner's domain follows. Style and names are random, so the given name or
 * its initial, and the mark between, are written alike and cut to size. An initial that makes a word with the
 * family name gives way to the whole given name. */
static inline char *write_names(const struct cw_customer_plan *plan, const struct cw_customer *customer,
                                const struct cw_identity *identity, uint8_t style_id, char *out)
{
    const struct cw_market_table *table = &plan->tables->tables[customer->market];
    const struct cw_family_group *family = &table->names.family_groups[identity->family_group];
    const struct cw_given_group *given = &table->names.given_groups[identity->given_group];
    bool is_offending = styles[style_id].by_initial && (family->offending_initials >> given->initial & 1);
    struct style style = styles[is_offending ? DOT : style_id];
    char *end = cw_given_text(out, table->market, given, identity->given);
    out = style.by_initial ? out + 1 : end;
    *out = style.mark;
    out = cw_family_text(out + style.width, table->market, family, identity->family);
    return write_number(out,
                        namesake_number(plan, customer, family, given, identity->within, style.by_initial));
}

/* Wholesale customers write from their company, most others from a free-mail provider, a few own a domain. */
char *cw_email_write(const struct cw_customer_plan *plan, const struct cw_customer *customer,
                     const struct cw_identity *identity, char *out)
{
    const struct cw_market_table *table = &plan->tables->tables[customer->market];
    const struct cw_market *market = table->market;
    uint64_t draw = cw_customer_draw(plan, CW_CUSTOMER_DRAW_EMAIL, customer->row, 0);
    uint32_t kind = (uint32_t)draw & 63;
    uint32_t choice = (uint32_t)(draw >> 32);
    uint32_t company_share = customer->segment == CW_SEGMENT_WHOLESALE ? 56 : 11;
    enum owner owner = kind < company_share ? OWNER_COMPANY : kind < 61 ? OWNER_PROVIDER : OWNER_SELF;
    out = write_names(plan, customer, identity, usual_styles[owner][(uint32_t)(draw >> 6) & 15], out);
    if (owner == OWNER_PROVIDER) {
        *out++ = '@';
        return cw_copy_pool(out, &market->email_domains.names,
                            cw_alias_pick_half(&table->email_domains, choice));
    }
    if (owner == OWNER_SELF) {
        memcpy(out, ".name", 5);
        return out + 5;
    }
    *out++ = '@';
    uint32_t word = (uint32_t)(((uint64_t)choice * market->company_ascii.count) >> 32);
    out = cw_copy_pool(out, &market->company_ascii, word);
    memcpy(out, table->company_domain, sizeof table->company_domain);
    return out + table->company_domain_length;
}
