#include "engine/email.h"

#include <string.h>

#include "base/decimal.h"

/* Numbers of namesakes move on by this much per earlier run, to cover what rounding may add to each run's
 * share. */
#define NUMBERS_PER_RUN 4

/* Addresses are first chosen and then written, some at a time, since short loops let the processor work on
 * many rows at once. */
#define CHOSEN_ROWS 32

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

/* How often whose addresses have which style, in sixteenths. */
static const uint8_t usual_styles[CW_EMAIL_OWNER_COUNT][16] = {
    [CW_EMAIL_PROVIDER] = {DOT, DOT, DOT, DOT, DOT, DOT, DOT, INITIAL, INITIAL, INITIAL, INITIAL, INITIAL,
                           UNDERSCORE, UNDERSCORE, INITIAL_DOT, INITIAL_DOT},
    [CW_EMAIL_COMPANY] = {DOT, DOT, DOT, DOT, DOT, DOT, DOT, DOT, INITIAL, INITIAL, INITIAL, INITIAL_DOT,
                          INITIAL_DOT, INITIAL_DOT, INITIAL_DOT, UNDERSCORE},
    [CW_EMAIL_SELF] = {OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN,
                       OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN, OWN_DOMAIN,
                       OWN_DOMAIN, OWN_DOMAIN}};

/* One of two numbers without a branch, since which it is cannot be predicted. */
static inline uint64_t choose(bool is_first, uint64_t first, uint64_t second)
{
    return second ^ ((first ^ second) & (0 - (uint64_t)is_first));
}

/* Numbers that earlier runs may have used up in a stretch of given names of a family: as many as the stretch
 * holds at the distance at which a run of all earlier customers would stand, step (2^64 / prior) times scale.
 */
static uint64_t used_numbers(const struct cw_customer_plan *plan, uint32_t market, uint64_t family_scale,
                             uint64_t given_length)
{
    uint64_t used = cw_multiply_high((uint64_t)plan->prior[market] << 20, given_length) / family_scale;
    return (used >> 20) + (uint64_t)plan->prior_runs * NUMBERS_PER_RUN;
}

/* A number that differs between customers of equal ascii family and given names, or (by_initial) of equal
 * ascii family name and initial, over all runs into a store. */
static inline uint64_t namesake_number(const struct cw_customer_plan *plan,
                                       const struct cw_customer *customer,
                                       const struct cw_family_group *family,
                                       const struct cw_given_group *given, uint64_t within, bool by_initial)
{
    const uint64_t *initials = customer->table->names.initial_starts + given->initial;
    uint64_t start = choose(by_initial, initials[0], (uint64_t)given->start << CW_START_SHIFT);
    /* Customers stand at even distances; of those that are longer than any stretch, 64 bits will do. */
    cw_u128 distance = (cw_u128)plan->markets[customer->market].step * family->scale;
    uint64_t number = (within - start) / (distance > UINT64_MAX ? UINT64_MAX : (uint64_t)distance);
    if (plan->prior_runs > 0) {
        /* The end of the last stretch is 2^64, that is 0, which the difference takes for what it is. */
        uint64_t end = choose(by_initial, initials[1], (uint64_t)given->end << CW_START_SHIFT);
        number += used_numbers(plan, customer->market, family->scale, end - start);
    }
    /* Markets that know the same family name take turns at the numbers. */
    return number * family->sharing_markets + family->sharing_rank;
}

/* An address but for its letters. */
struct email {
    const struct cw_given_group *given;
    const struct cw_family_group *family;
    const struct cw_email_end *end;
    uint64_t number;
    uint8_t given_length; /* how much of the given name is shown */
    struct style style;
};

/* Wholesale customers write from their company, most others from a free-mail provider, a few own a domain. An
 * initial that makes a word with the family name gives way to the whole given name. */
static inline struct email choose_email(const struct cw_customer_plan *plan,
                                        const struct cw_customer *customer,
                                        const struct cw_identity *identity)
{
    const struct cw_market_table *table = customer->table;
    const struct cw_family_group *family = &table->names.family_groups[identity->family_group];
    const struct cw_given_group *given = &table->names.given_groups[identity->given_group];
    uint64_t draw = cw_customer_draw(plan, CW_CUSTOMER_DRAW_EMAIL, customer->row, 0);
    uint32_t kind = (uint32_t)draw & 63;
    uint32_t company_share = customer->segment == CW_SEGMENT_WHOLESALE ? 56 : 11;
    uint32_t owner =
        (uint32_t)(kind < company_share) * CW_EMAIL_COMPANY + (uint32_t)(kind >= 61) * CW_EMAIL_SELF;
    const struct cw_email_ends *ends = &table->email_ends[owner];
    uint8_t style = usual_styles[owner][(uint32_t)(draw >> 6) & 15];
    uint32_t is_offending = styles[style].by_initial & (family->offending_initials >> given->initial & 1U);
    style = is_offending != 0 ? DOT : style;
    bool by_initial = styles[style].by_initial;
    return (struct email){
        .given = given,
        .family = family,
        .end = &ends->ends[cw_alias_pick_half(&ends->choice, (uint32_t)(draw >> 32))],
        .number = namesake_number(plan, customer, family, given, identity->within, by_initial),
        .given_length = (uint8_t)choose(by_initial, 1, given->length),
        .style = styles[style],
    };
}

/* Style and names are random, so the given name or its initial, and the mark between, are written alike and
 * cut to size. */
static inline char *write_email(const struct cw_market *market, const struct email *email,
                                const struct cw_identity *identity, char *out)
{
    cw_given_text(out, market, email->given, identity->given);
    out += email->given_length;
    *out = email->style.mark;
    out = cw_family_text(out + email->style.width, market, email->family, identity->family);
    out = email->number < 10000 ? cw_decimal_nonzero_4(out, (uint32_t)email->number)
                                : cw_decimal_u64(out, email->number);
    memcpy(out, email->end->text, sizeof email->end->text);
    return out + email->end->length;
}

void cw_emails_write(const struct cw_customer_plan *plan, const struct cw_customer *customers,
                     const struct cw_identity *identities, int64_t count, struct cw_fill_text *text)
{
    struct email emails[CHOSEN_ROWS];
    for (int64_t start = 0; start < count; start += CHOSEN_ROWS) {
        int64_t rows = count - start < CHOSEN_ROWS ? count - start : CHOSEN_ROWS;
        for (int64_t i = 0; i < rows; i++) {
            emails[i] = choose_email(plan, &customers[start + i], &identities[start + i]);
            __builtin_prefetch(emails[i].end);
        }
        for (int64_t i = 0; i < rows; i++) {
            const struct cw_market *market = customers[start + i].table->market;
            cw_fill_text_end(text, write_email(market, &emails[i], &identities[start + i], text->at));
        }
    }
}
