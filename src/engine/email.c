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
enum style { STYLE_DOT, STYLE_UNDERSCORE, STYLE_INITIAL, STYLE_INITIAL_DOT };

static const uint8_t free_mail_styles[16] = {
    STYLE_DOT,        STYLE_DOT,        STYLE_DOT,         STYLE_DOT,        STYLE_DOT,     STYLE_DOT,
    STYLE_DOT,        STYLE_INITIAL,    STYLE_INITIAL,     STYLE_INITIAL,    STYLE_INITIAL, STYLE_INITIAL,
    STYLE_UNDERSCORE, STYLE_UNDERSCORE, STYLE_INITIAL_DOT, STYLE_INITIAL_DOT};
static const uint8_t corporate_styles[16] = {
    STYLE_DOT,         STYLE_DOT,         STYLE_DOT,         STYLE_DOT,
    STYLE_DOT,         STYLE_DOT,         STYLE_DOT,         STYLE_DOT,
    STYLE_INITIAL,     STYLE_INITIAL,     STYLE_INITIAL,     STYLE_INITIAL_DOT,
    STYLE_INITIAL_DOT, STYLE_INITIAL_DOT, STYLE_INITIAL_DOT, STYLE_UNDERSCORE};

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
                                const struct cw_identity *identity, bool by_initial)
{
    const struct cw_name_tables *names = &plan->tables->tables[customer->market].names;
    const struct cw_family_group *family = &names->family_groups[identity->family_group];
    uint32_t initial = names->given_groups[identity->given_group].initial;
    uint64_t start =
        by_initial ? names->initial_starts[initial] : cw_name_start(&names->givens, identity->given_group);
    uint64_t end = by_initial ? names->initial_starts[initial + 1]
                              : cw_name_start(&names->givens, identity->given_group + 1);
    /* Of the last stretch the end is 2^64, that is 0, which the difference takes for what it is. */
    uint64_t length = end - start;
    /* Customers stand at even distances, so at most one falls into a shorter stretch. */
    cw_u128 distance = (cw_u128)plan->markets[customer->market].step * family->scale;
    uint64_t number = distance > length ? 0 : (identity->within - start) / (uint64_t)distance;
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

/* The writer of one address. */
struct writer {
    const struct cw_customer_plan *plan;
    const struct cw_customer *customer;
    const struct cw_identity *identity;
    const struct cw_market_table *table;
    const struct cw_family_group *family;
    const struct cw_given_group *given;
};

/* Family name and number. */
static char *write_family(const struct writer *writer, bool by_initial, char *out)
{
    out = cw_family_text(out, writer->table->market, writer->family, writer->identity->family);
    return write_number(out, namesake_number(writer->plan, writer->customer, writer->identity, by_initial));
}

/* Style and names are random, so the given name or its initial, and the character between, are written alike
 * and cut to size. An initial that makes a word with the family name gives way to the whole given name. */
static char *write_local_part(const struct writer *writer, enum style style, char *out)
{
    bool is_offending = writer->family->offending_initials >> writer->given->initial & 1;
    style = is_offending && (style == STYLE_INITIAL || style == STYLE_INITIAL_DOT) ? STYLE_DOT : style;
    bool by_initial = style == STYLE_INITIAL || style == STYLE_INITIAL_DOT;
    char *end = cw_given_text(out, writer->table->market, writer->given, writer->identity->given);
    out = by_initial ? out + 1 : end;
    *out = style == STYLE_UNDERSCORE ? '_' : '.';
    out += style != STYLE_INITIAL;
    return write_family(writer, by_initial, out);
}

static char *write_constant(char *out, const char *text)
{
    size_t length = strlen(text);
    memcpy(out, text, length);
    return out + length;
}

/* Wholesale customers write from their company, most others from a free-mail provider, a few own a domain. */
char *cw_email_write(const struct cw_customer_plan *plan, const struct cw_customer *customer,
                     const struct cw_identity *identity, char *out)
{
    const struct cw_market_table *table = &plan->tables->tables[customer->market];
    const struct cw_market *market = table->market;
    const struct writer writer = {plan,
                                  customer,
                                  identity,
                                  table,
                                  &table->names.family_groups[identity->family_group],
                                  &table->names.given_groups[identity->given_group]};
    uint64_t draw = cw_customer_draw(plan, CW_CUSTOMER_DRAW_EMAIL, customer->row, 0);
    uint32_t kind = (uint32_t)draw & 63;
    uint32_t style = (uint32_t)(draw >> 6) & 15;
    uint32_t choice = (uint32_t)(draw >> 32);
    bool is_corporate = kind < (customer->segment == CW_SEGMENT_WHOLESALE ? 56U : 11U);
    if (kind >= 61 && !is_corporate) {
        out = cw_given_text(out, market, writer.given, identity->given);
        *out++ = '@';
        return write_constant(write_family(&writer, false, out), ".name");
    }
    const uint8_t *styles = is_corporate ? corporate_styles : free_mail_styles;
    out = write_local_part(&writer, (enum style)styles[style], out);
    *out++ = '@';
    if (is_corporate) {
        uint32_t word = (uint32_t)(((uint64_t)choice * market->company_ascii.count) >> 32);
        return write_constant(cw_copy_pool(out, &market->company_ascii, word), market->company_domain);
    }
    return cw_copy_pool(out, &market->email_domains.names, cw_alias_pick_half(&table->email_domains, choice));
}
