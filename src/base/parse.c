#include "base/parse.h"

#include <string.h>

#include "base/calendar.h"

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

bool cw_parse_uint64(const char *text, size_t length, uint64_t *value)
{
    /* 20 digits: the longest that fits. */
    if (length == 0 || length > 20 || (text[0] == '0' && length > 1)) {
        return false;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(text[i])) {
            return false;
        }
        const uint64_t digit = (uint64_t)(text[i] - '0');
        if (sum > (UINT64_MAX - digit) / 10) {
            return false;
        }
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

bool cw_parse_int64(const char *text, size_t length, int64_t *value)
{
    const bool negative = length > 0 && text[0] == '-';
    uint64_t magnitude;
    if (!cw_parse_uint64(text + negative, length - negative, &magnitude) ||
        magnitude > (uint64_t)INT64_MAX + negative) {
        return false;
    }
    if (!negative) {
        *value = (int64_t)magnitude;
    } else {
        /* INT64_MIN has no positive twin. */
        *value = magnitude == 0 ? 0 : -(int64_t)(magnitude - 1) - 1;
    }
    return true;
}

bool cw_parse_int32(const char *text, size_t length, int32_t *value)
{
    int64_t wide;
    if (!cw_parse_int64(text, length, &wide) || wide < INT32_MIN || wide > INT32_MAX) {
        return false;
    }
    *value = (int32_t)wide;
    return true;
}

bool cw_parse_bool(const char *text, size_t length, bool *value)
{
    if (length == 4 && memcmp(text, "true", 4) == 0) {
        *value = true;
        return true;
    }
    if (length == 5 && memcmp(text, "false", 5) == 0) {
        *value = false;
        return true;
    }
    return false;
}

/* A hexadecimal digit's value with bit 4 set; 0 for all other characters. */
#define HEX(value) (0x10 | (value))
static const uint8_t hex_digits[256] = {
    ['0'] = HEX(0),  ['1'] = HEX(1),  ['2'] = HEX(2),  ['3'] = HEX(3),  ['4'] = HEX(4),  ['5'] = HEX(5),
    ['6'] = HEX(6),  ['7'] = HEX(7),  ['8'] = HEX(8),  ['9'] = HEX(9),  ['a'] = HEX(10), ['b'] = HEX(11),
    ['c'] = HEX(12), ['d'] = HEX(13), ['e'] = HEX(14), ['f'] = HEX(15), ['A'] = HEX(10), ['B'] = HEX(11),
    ['C'] = HEX(12), ['D'] = HEX(13), ['E'] = HEX(14), ['F'] = HEX(15),
};

bool cw_parse_uuid(const char *text, size_t length, uint8_t *value)
{
    if (length != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') {
        return false;
    }
    /* Where each byte's digits stand. */
    static const uint8_t places[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
    uint8_t bytes[16];
    unsigned all = HEX(0);
    for (size_t i = 0; i < sizeof bytes; i++) {
        const unsigned high = hex_digits[(unsigned char)text[places[i]]];
        const unsigned low = hex_digits[(unsigned char)text[places[i] + 1]];
        all &= high & low;
        bytes[i] = (uint8_t)(high << 4 | (low & 15));
    }
    if (all == 0) {
        return false;
    }
    memcpy(value, bytes, sizeof bytes);
    return true;
}

/* A number of exactly count digits; -1 when text holds something else. */
static int32_t fixed_digits(const char *text, size_t count)
{
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(text[i])) {
            return -1;
        }
        sum = sum * 10 + (text[i] - '0');
    }
    return sum;
}

bool cw_parse_date(const char *text, size_t length, int32_t *value)
{
    if (length != 10 || text[4] != '-' || text[7] != '-') {
        return false;
    }
    const int32_t year = fixed_digits(text, 4);
    const int32_t month = fixed_digits(text + 5, 2);
    const int32_t day = fixed_digits(text + 8, 2);
    if (!cw_date_is_valid(year, month, day)) {
        return false;
    }
    *value = cw_date_to_days(year, month, day);
    return true;
}

/* ".5", ".123456" or nothing, as microseconds; *used gets the characters read. -1 when it is something else.
 */
static int64_t parse_fraction(const char *text, size_t length, size_t *used)
{
    *used = 0;
    if (length == 0 || text[0] != '.') {
        return 0;
    }
    int64_t micros = 0;
    size_t digits = 0;
    while (digits + 1 < length && is_digit(text[digits + 1])) {
        if (digits == 6) {
            return -1;
        }
        micros = micros * 10 + (text[digits + 1] - '0');
        digits++;
    }
    if (digits == 0) {
        return -1;
    }
    *used = digits + 1;
    while (digits++ < 6) {
        micros *= 10;
    }
    return micros;
}

/* "Z" or "+hh:mm", the whole text, as minutes east of UTC. */
static bool parse_offset(const char *text, size_t length, int32_t *minutes)
{
    if (length == 1 && (text[0] == 'Z' || text[0] == 'z')) {
        *minutes = 0;
        return true;
    }
    if (length != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
        return false;
    }
    const int32_t hour = fixed_digits(text + 1, 2);
    const int32_t minute = fixed_digits(text + 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
        return false;
    }
    *minutes = (text[0] == '-' ? -1 : 1) * (hour * 60 + minute);
    return true;
}

bool cw_parse_timestamp(const char *text, size_t length, int64_t *value)
{
    int32_t days;
    if (length < 20 || !cw_parse_date(text, 10, &days) || (text[10] != 'T' && text[10] != 't') ||
        text[13] != ':' || text[16] != ':') {
        return false;
    }
    const int32_t hour = fixed_digits(text + 11, 2);
    const int32_t minute = fixed_digits(text + 14, 2);
    const int32_t second = fixed_digits(text + 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
        return false;
    }
    size_t used;
    const int64_t fraction = parse_fraction(text + 19, length - 19, &used);
    int32_t offset;
    if (fraction < 0 || !parse_offset(text + 19 + used, length - 19 - used, &offset)) {
        return false;
    }
    const int64_t seconds = (int64_t)days * 86400 + hour * 3600 + minute * 60 + second - (int64_t)offset * 60;
    const int64_t micros = seconds * CW_MICROS_PER_SECOND + fraction;
    if (micros < CW_CALENDAR_FIRST_MICRO || micros > CW_CALENDAR_LAST_MICRO) {
        return false;
    }
    *value = micros;
    return true;
}

size_t cw_parse_utf8(const char *text, size_t length)
{
    if (length == 0) {
        return 0;
    }
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] < 0x80) {
        return 1;
    }
    /* The second byte's range excludes longer forms than needed, surrogates and what lies past U+10FFFF. */
    unsigned lowest = 0x80;
    unsigned highest = 0xBF;
    size_t count;
    if (bytes[0] >= 0xC2 && bytes[0] <= 0xDF) {
        count = 2;
    } else if (bytes[0] >= 0xE0 && bytes[0] <= 0xEF) {
        count = 3;
        lowest = bytes[0] == 0xE0 ? 0xA0 : lowest;
        highest = bytes[0] == 0xED ? 0x9F : highest;
    } else if (bytes[0] >= 0xF0 && bytes[0] <= 0xF4) {
        count = 4;
        lowest = bytes[0] == 0xF0 ? 0x90 : lowest;
        highest = bytes[0] == 0xF4 ? 0x8F : highest;
    } else {
        return 0;
    }
    if (length < count || bytes[1] < lowest || bytes[1] > highest) {
        return 0;
    }
    for (size_t i = 2; i < count; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return count;
}

bool cw_parse_is_utf8(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        uint64_t word;
        if (length - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof word;
                continue;
            }
        }
        const size_t count = (unsigned char)text[at] < 0x80 ? 1 : cw_parse_utf8(text + at, length - at);
        if (count == 0) {
            return false;
        }
        at += count;
    }
    return true;
}
