#include "engine/email.h"

#include <string.h>

#include "base/decimal.h"
#include "engine/fill.h"

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
    return write_number(out,
                        cw_customer_namesake(writer->plan, writer->customer, writer->identity, by_initial));
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

struct cw_home_street cw_home_street(const struct cw_customer_plan *plan, const struct cw_customer *customer)
{
    const struct cw_alias *streets = &plan->tables->tables[customer->market].streets;
    uint64_t draw = cw_customer_draw(plan, CW_CUSTOMER_DRAW_STREET, customer->row, 0);
    uint32_t street = streets->count > 0 ? cw_alias_pick_half(streets, (uint32_t)(draw >> 32)) : 0;
    return (struct cw_home_street){street, (uint32_t)draw};
}
