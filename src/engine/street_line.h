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
    const struct cw_street_format *format = &table->street_format;
    uint32_t number = cw_decimal_lanes_4(cw_house_number(format, draw));
    unsigned zeros = cw_decimal_zeros_4(number);
    size_t number_length = 4 - zeros / 8;
    size_t name_length = table->street_texts[street].length;
    size_t name_first = 0 - (size_t)format->is_name_first; /* a mask */
    size_t first_length = number_length ^ ((number_length ^ name_length) & name_first);
    size_t name_at = (first_length + 1) & ~name_first;
    size_t number_at = (first_length + 1) & name_first;
    cw_decimal_cut_4(out + number_at, number, zeros);
    cw_street_text_write(out + name_at, table, street);
    cw_decimal_cut_4(out + (number_at | ((CW_STREET_BYTES - 4) & ~name_first)), number, zeros);
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
