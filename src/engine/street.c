#include "engine/street.h"

#include <string.h>

#include "base/decimal.h"
#include "base/draw.h"
#include "engine/fill.h"
#include "engine/street_line.h"

static const struct {
    const char *text;
    enum cw_street_part_kind kind;
} placeholders[] = {
    {"{number}", CW_STREET_NUMBER}, {"{street}", CW_STREET_NAME}, {"{locality}", CW_STREET_LOCALITY}};

cw_status cw_street_format_init(struct cw_street_format *format, const struct cw_market *market,
                                struct cw_error *error)
{
    memset(format, 0, sizeof *format);
    format->is_block = strcmp(market->address.number, "block") == 0;
    format->highest_number = market->address.highest_number > 0 ? market->address.highest_number : 1;
    format->is_name_first = strcmp(market->address.street, "{street} {number}") == 0;
    format->is_pair = !format->is_block &&
                      (format->is_name_first || strcmp(market->address.street, "{number} {street}") == 0);
    const char *rest = market->address.street;
    while (*rest != '\0') {
        if (format->count == CW_STREET_PARTS_MAX) {
            return cw_error_set(error, CW_E_INTERNAL, "street_format", "\"%s\" has more than %d parts",
                                market->address.street, CW_STREET_PARTS_MAX);
        }
        struct cw_street_part *part = &format->parts[format->count++];
        size_t length = 0;
        for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++) {
            if (strncmp(rest, placeholders[i].text, strlen(placeholders[i].text)) == 0) {
                part->kind = (uint8_t)placeholders[i].kind;
                length = strlen(placeholders[i].text);
            }
        }
        if (length == 0) {
            part->kind = CW_STREET_LITERAL;
            while (rest[length] != '\0' && (length == 0 || rest[length] != '{') &&
                   length < CW_STREET_LITERAL_MAX) {
                length++;
            }
            memcpy(part->literal, rest, length);
            part->length = (uint8_t)length;
        }
        rest += length;
    }
    return CW_OK;
}

static char *write_number(const struct cw_street_format *format, uint32_t draw, char *out)
{
    if (!format->is_block) {
        return cw_decimal_short(out, cw_house_number(format, draw));
    }
    uint64_t parts = (uint64_t)draw << 32;
    out = cw_decimal_short_4(out, 1 + cw_slice(&parts, 7));
    *out++ = '-';
    out = cw_decimal_short_4(out, 1 + cw_slice(&parts, 36));
    *out++ = '-';
    return cw_decimal_short_4(out, 1 + cw_slice(&parts, 28));
}

char *cw_street_write_parts(const struct cw_market_table *table, uint32_t street, uint32_t number_draw,
                            char *out)
{
    const struct cw_street_format *format = &table->street_format;
    for (uint32_t i = 0; i < format->count; i++) {
        const struct cw_street_part *part = &format->parts[i];
        switch ((enum cw_street_part_kind)part->kind) {
        case CW_STREET_LITERAL:
            memcpy(out, part->literal, CW_STREET_LITERAL_MAX);
            out += part->length;
            break;
        case CW_STREET_NUMBER:
            out = write_number(format, number_draw, out);
            break;
        case CW_STREET_NAME:
        case CW_STREET_LOCALITY:
            out = cw_street_text_write(out, table, street);
            break;
        }
    }
    return out;
}

char *cw_unit_write(const struct cw_market *market, uint64_t draw, char *out)
{
    const struct cw_pool *patterns = &market->address.unit_patterns;
    uint32_t pattern = cw_slice(&draw, patterns->count);
    const char *text = patterns->bytes + patterns->offsets[pattern];
    size_t length = patterns->offsets[pattern + 1] - patterns->offsets[pattern];
    for (size_t i = 0; i < length; i++) {
        if (length - i >= 3 && memcmp(text + i, "{n}", 3) == 0) {
            out = cw_decimal_short(out, 1 + cw_slice(&draw, 24));
            i += 2;
        } else {
            *out++ = text[i];
        }
    }
    return out;
}
