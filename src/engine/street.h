/* Street lines of addresses: "12 Maple Avenue", "Hauptstraße 12", "神南1-19-11". */
#ifndef CW_ENGINE_STREET_H
#define CW_ENGINE_STREET_H

#include "model/reference.h"

#define CW_STREET_PARTS_MAX 6
#define CW_STREET_LITERAL_MAX 14

enum cw_street_part_kind { CW_STREET_LITERAL, CW_STREET_NUMBER, CW_STREET_NAME, CW_STREET_LOCALITY };

/* A market's street pattern, cut into parts. */
struct cw_street_format {
    uint8_t count;
    bool is_pair;       /* "{number} {street}" or "{street} {number}" with plain numbers */
    bool is_name_first; /* the latter */
    bool is_block;      /* numbers are chome, ban and go */
    uint32_t highest_number;
    struct cw_street_part {
        uint8_t kind; /* enum cw_street_part_kind */
        uint8_t length;
        char literal[CW_STREET_LITERAL_MAX];
    } parts[CW_STREET_PARTS_MAX];
};

/* Errors: CW_E_INTERNAL when the market's pattern is not understood. */
cw_status cw_street_format_init(struct cw_street_format *format, const struct cw_market *market,
                                struct cw_error *error);

/* Writes an apartment line such as "Apt 12". Returns the end. */
char *cw_unit_write(const struct cw_market *market, uint64_t draw, char *out);

#endif
