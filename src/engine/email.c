#include "engine/email.h"

#include <string.h>

#include "base/decimal.h"
#include "engine/fill.h"

/* How the part before the @ is made. Uniqueness rests on this: full names are joined by '.' or '_', which no
 * name holds, in a fixed order each; an initial is one letter and no name is; and the number tells apart
 * those who share the rest. */
enum style { STYLE_DOT, STYLE_UNDERSCORE, STYLE_INITIAL, STYLE_INITIAL_DOT, STYLE_OWN_DOMAIN };

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
    if (number >= 100000000) {
        return cw_decimal_u64(out, number);
    }
    char *end = cw_decimal_short(out, (uint32_t)number);
    return out + (end - out) * (number != 0);
}

/* The writer of one address. */
struct writer {
    const struct cw_customer_plan *plan;
    const struct cw_customer *customer;
    const struct cw_identity *identity;
    const struct cw_market *market;
    const struct cw_market_table *table;
};

/* Style and names are random, so the given name or its initial, and the character between, are written alike
 * and cut to size. An initial that makes a word with the family name gives way to the whole given name. */
static char *write_local_part(const struct writer *writer, enum style style, char *out)
{
    const struct cw_identity *identity = writer->identity;
    const struct cw_pool *given = &writer->market->given_names.ascii;
    const struct cw_market_table *table = writer->table;
    uint32_t initial = table->given_groups[identity->given_group].initial;
    bool by_initial = style == STYLE_INITIAL || style == STYLE_INITIAL_DOT;
    if (by_initial && (table->family_groups[identity->family_group].offending_initials >> initial & 1)) {
        style = STYLE_DOT;
        by_initial = false;
    }
    char *end = cw_copy_pool(out, given, identity->given);
    if (style == STYLE_OWN_DOMAIN) {
        return end;
    }
    out += by_initial ? 1 : end - out;
    *out = style == STYLE_UNDERSCORE ? '_' : '.';
    out += style != STYLE_INITIAL;
    out = cw_copy_pool(out, &writer->market->family_names.ascii, identity->family);
    return write_number(out, cw_customer_namesake(writer->plan, writer->customer, identity, by_initial));
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
    const struct writer writer = {plan, customer, identity, market, table};
    uint64_t draw = cw_customer_draw(plan, CW_CUSTOMER_DRAW_EMAIL, customer->row, 0);
    uint32_t kind = cw_slice(&draw, 64);
    uint32_t style = cw_slice(&draw, 16);
    uint32_t corporate_share = customer->segment == CW_SEGMENT_WHOLESALE ? 56 : 11;
    if (kind < corporate_share) {
        out = write_local_part(&writer, (enum style)corporate_styles[style], out);
        *out++ = '@';
        out = cw_copy_pool(out, &market->company_ascii, cw_slice(&draw, market->company_ascii.count));
        return write_constant(out, market->company_domain);
    }
    if (kind >= 61) {
        out = write_local_part(&writer, STYLE_OWN_DOMAIN, out);
        *out++ = '@';
        out = cw_copy_pool(out, &market->family_names.ascii, identity->family);
        return write_constant(write_number(out, cw_customer_namesake(plan, customer, identity, false)),
                              ".name");
    }
    out = write_local_part(&writer, (enum style)free_mail_styles[style], out);
    *out++ = '@';
    uint64_t provider = cw_customer_draw(plan, CW_CUSTOMER_DRAW_EMAIL, customer->row, 1);
    return cw_copy_pool(out, &market->email_domains.names, cw_alias_pick(&table->email_domains, provider));
}

uint32_t cw_home_street(const struct cw_customer_plan *plan, const struct cw_customer *customer)
{
    const struct cw_alias *streets = &plan->tables->tables[customer->market].streets;
    uint64_t draw = cw_customer_draw(plan, CW_CUSTOMER_DRAW_STREET, customer->row, 1);
    return streets->count > 0 ? cw_alias_pick(streets, draw) : 0;
}

char *cw_home_street_write(const struct cw_customer_plan *plan, const struct cw_customer *customer,
                           uint32_t street, char *out)
{
    const struct cw_market_table *table = &plan->tables->tables[customer->market];
    uint64_t draw = cw_customer_draw(plan, CW_CUSTOMER_DRAW_STREET, customer->row, 0);
    return cw_street_write(&table->street_format, table->market, street, customer->postal, draw, out);
}
