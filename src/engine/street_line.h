/* The street line of an address: which street, and its text with a house number. */
#ifndef CW_ENGINE_STREET_LINE_H
#define CW_ENGINE_STREET_LINE_H

#include "base/decimal.h"
#include "engine/market_tables.h"

/* Most bytes that cw_street_write and cw_unit_write may use or overwrite. */
#define CW_STREET_BYTES 256

/* Chooses the street of an address in a postal code: an index into the market's streets or, where those have
 * no names, the postal code, whose locality stands in the street line. */
static inline uint32_t cw_street_choose(const struct cw_market_table *table, uint32_t postal, uint32_t draw)
{
    return table->streets.count > 0 ? cw_alias_pick_half(&table->streets, draw) : postal;
}

/* Low house numbers are more common than high ones: the product of two uniform draws. */
static inline uint32_t cw_house_number(const struct cw_street_format *format, uint32_t draw)
{
    uint64_t share = (uint64_t)(draw & 0xffff) * (draw >> 16);
    return 1 + (uint32_t)((share * format->highest_number) >> 32);
}

/* Number and name in the market's order. Markets change from row to row, so no branch asks which comes first:
 * the name is copied over what the number's copy overshoots, and the number, where it is last, once more. */
static inline char *cw_street_write_pair(const struct cw_market_table *table, uint32_t street, uint32_t draw,
                                         char *out)
{
    char number[CW_DECIMAL_SLACK];
    const struct cw_street_format *format = &table->street_format;
    size_t number_length = (size_t)(cw_decimal_short_4(number, cw_house_number(format, draw)) - number);
    size_t name_length = table->street_texts[street].length;
    size_t first_length = format->is_name_first ? name_length : number_length;
    size_t name_at = format->is_name_first ? 0 : first_length + 1;
    size_t number_at = format->is_name_first ? first_length + 1 : 0;
    memcpy(out + number_at, number, 4);
    cw_street_text_write(out + name_at, table, street);
    memcpy(out + (format->is_name_first ? number_at : CW_STREET_BYTES - 4), number, 4);
    out[first_length] = ' ';
    return out + number_length + 1 + name_length;
}

/* The same part by part, for markets whose lines are not pairs. */
char *cw_street_write_parts(const struct cw_market_table *table, uint32_t street, uint32_t number_draw,
                            char *out);

/* Writes a street line; street: as chosen. number_draw decides the house number. Returns the end. */
static inline char *cw_street_write(const struct cw_market_table *table, uint32_t street,
                                    uint32_t number_draw, char *out)
{
    return table->street_format.is_pair ? cw_street_write_pair(table, street, number_draw, out)
                                        : cw_street_write_parts(table, street, number_draw, out);
}

#endif
