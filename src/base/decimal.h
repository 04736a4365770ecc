/* Numbers, times and identifiers as text, fast: for row data. Every function writes at out, returns the end
 * of the text and may overwrite up to CW_DECIMAL_SLACK bytes from out, whatever the text's own length. No
 * zero byte is added. Digits are made eight at a time inside one 64-bit word (SIMD within a register). */
#ifndef CW_BASE_DECIMAL_H
#define CW_BASE_DECIMAL_H

#include <stdint.h>
#include <string.h>

#include "base/calendar.h"
#include "base/lanes.h"

/* The widest text here (a UUID of 36 bytes), rounded up. */
#define CW_DECIMAL_SLACK 40

/* Stores a word whose lowest byte is the first character. */
static inline void cw_decimal_store(char *out, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(out, &word, sizeof word);
}

/* Splits four numbers below 100 in 16-bit lanes into eight digits 0 to 9 in bytes. Here and below the factors
 * are reciprocals rounded up, exact for the lane's range. */
static inline uint64_t cw_decimal_split_pairs(uint64_t pairs)
{
    const uint64_t tens = pairs * 103 >> 10 & UINT64_C(0x000F000F000F000F);
    return tens | (pairs - tens * 10) << 8;
}

/* The eight digits of value (below 10^8), most significant in the lowest byte, as numbers 0 to 9. */
static inline uint64_t cw_decimal_lanes(uint32_t value)
{
    const uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
    const uint64_t hundreds = fours * 10486 >> 20 & UINT64_C(0x0000007F0000007F);
    return cw_decimal_split_pairs(hundreds | (fours - hundreds * 100) << 16);
}

#define CW_DECIMAL_ZEROS UINT64_C(0x3030303030303030)

/* Eight digits, zero-padded; value is below 10^8. */
static inline char *cw_decimal_8(char *out, uint32_t value)
{
    cw_decimal_store(out, cw_decimal_lanes(value) + CW_DECIMAL_ZEROS);
    return out + 8;
}

/* One to eight digits without leading zeros; value is below 10^8. No branch depends on the number of digits,
 * which no branch predictor could guess for amounts of money. */
static inline char *cw_decimal_short(char *out, uint32_t value)
{
    const uint64_t lanes = cw_decimal_lanes(value);
    const unsigned skipped = (unsigned)__builtin_ctzll(lanes | UINT64_C(1) << 56) & ~7U;
    cw_decimal_store(out, (lanes + CW_DECIMAL_ZEROS) >> skipped);
    return out + 8 - skipped / 8;
}

/* The four digits of value (below 10^4), most significant in the lowest byte, as numbers 0 to 9. */
static inline uint32_t cw_decimal_lanes_4(uint32_t value)
{
    const uint32_t hundreds = value * 5243 >> 19;
    const uint32_t pairs = hundreds | (value - hundreds * 100) << 16;
    const uint32_t tens = pairs * 103 >> 10 & 0x000F000F;
    return tens | (pairs - tens * 10) << 8;
}

/* The bits of lanes that are leading zeros, but for the last digit. */
static inline unsigned cw_decimal_zeros_4(uint32_t lanes)
{
    return (unsigned)__builtin_ctz(lanes | UINT32_C(1) << 24) & ~7U;
}

/* Writes lanes without the skipped bits, a multiple of 8 up to 32. */
static inline char *cw_decimal_cut_4(char *out, uint32_t lanes, unsigned skipped)
{
    uint32_t word = (uint32_t)((uint64_t)(lanes + UINT32_C(0x30303030)) >> skipped);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    memcpy(out, &word, sizeof word);
    return out + 4 - skipped / 8;
}

/* One to four digits without leading zeros; value is below 10^4. */
static inline char *cw_decimal_short_4(char *out, uint32_t value)
{
    const uint32_t lanes = cw_decimal_lanes_4(value);
    return cw_decimal_cut_4(out, lanes, cw_decimal_zeros_4(lanes));
}

/* The same, but nothing for 0. */
static inline char *cw_decimal_nonzero_4(char *out, uint32_t value)
{
    const uint32_t lanes = cw_decimal_lanes_4(value);
    return cw_decimal_cut_4(out, lanes, (unsigned)__builtin_ctzll(lanes | UINT64_C(1) << 32) & ~7U);
}

static inline char *cw_decimal_u64(char *out, uint64_t value)
{
    if (value < 100000000) {
        return cw_decimal_short(out, (uint32_t)value);
    }
    if (value < UINT64_C(10000000000000000)) {
        out = cw_decimal_short(out, (uint32_t)(value / 100000000));
        return cw_decimal_8(out, (uint32_t)(value % 100000000));
    }
    out = cw_decimal_short(out, (uint32_t)(value / UINT64_C(10000000000000000)));
    value %= UINT64_C(10000000000000000);
    out = cw_decimal_8(out, (uint32_t)(value / 100000000));
    return cw_decimal_8(out, (uint32_t)(value % 100000000));
}

static inline char *cw_decimal_i64(char *out, int64_t value)
{
    const uint64_t negative = value < 0;
    *out = '-';
    /* Two's complement negation by hand: the magnitude of INT64_MIN has no int64_t. */
    return cw_decimal_u64(out + negative, ((uint64_t)value ^ (0 - negative)) + negative);
}

static inline char *cw_decimal_i32(char *out, int32_t value)
{
    return cw_decimal_i64(out, value);
}

/* By the day of a year that begins in March: "-MM-DD", a zero, and 1 where the date is of the next year. */
extern const uint8_t cw_decimal_march_days[366][8];

/* YYYY-MM-DD; days lies in the calendar's years 1 to 9999. */
static inline char *cw_decimal_date(char *out, int32_t days)
{
    const struct cw_march_day march_day = cw_march_day_from_days(days);
    const uint8_t *text = cw_decimal_march_days[march_day.day];
    cw_decimal_cut_4(out, cw_decimal_lanes_4(march_day.year + text[7]), 0);
    memcpy(out + 4, text, 8);
    return out + 10;
}

/* HH:MM:SS.ffffff of a day's microsecond. Seconds and fraction are eight digits of one number. */
static inline char *cw_decimal_time(char *out, int64_t micros_of_day)
{
    const uint32_t minutes = (uint32_t)((uint64_t)micros_of_day / 60000000);
    const uint32_t rest = (uint32_t)micros_of_day - minutes * 60000000;
    const uint32_t hours = minutes / 60;
    const uint64_t pairs = hours | (uint64_t)(minutes - hours * 60) << 24;
    const uint64_t tens = pairs * 103 >> 10 & UINT64_C(0xF00000F);
    const uint64_t digits = cw_decimal_lanes(rest) + CW_DECIMAL_ZEROS;
    /* The constant is "00:00:". */
    cw_decimal_store(out, (tens | (pairs - tens * 10) << 8) + UINT64_C(0x3A30303A3030) + (digits << 48));
    cw_decimal_store(out + 8, (digits >> 8 & ~UINT64_C(0xFF)) | '.');
    return out + 15;
}

/* YYYY-MM-DDTHH:MM:SS.ffffffZ (RFC 3339); micros lies in the calendar's years 1 to 9999. */
static inline char *cw_decimal_timestamp(char *out, int64_t micros)
{
    int64_t micros_of_day;
    out = cw_decimal_date(out, cw_timestamp_split(micros, &micros_of_day));
    *out = 'T';
    out = cw_decimal_time(out + 1, micros_of_day);
    *out = 'Z';
    return out + 1;
}

/* The lower-case hexadecimal digits of sixteen numbers 0 to 15; letters stand 39 characters after '9'. */
static inline cw_lanes cw_decimal_hex(cw_lanes numbers)
{
    return numbers + '0' + ((cw_lanes)(numbers > 9) & 39);
}

/* A UUID as RFC 9562 writes it: 36 characters, 8-4-4-4-12. */
static inline char *cw_decimal_uuid(char *out, const uint8_t *uuid)
{
    const cw_lanes bytes = cw_lanes_load(uuid);
    const cw_lanes high = bytes >> 4;
    const cw_lanes low = bytes & 15;
    const cw_lanes first = cw_decimal_hex(cw_lanes_zip_low(high, low));
    const cw_lanes second = cw_decimal_hex(cw_lanes_zip_high(high, low));
    uint64_t words[4];
    memcpy(words, &first, sizeof first);
    memcpy(words + 2, &second, sizeof second);
    memcpy(out, words, 8);
    out[8] = '-';
    memcpy(out + 9, words + 1, 4);
    out[13] = '-';
    memcpy(out + 14, (const char *)words + 12, 4);
    out[18] = '-';
    memcpy(out + 19, words + 2, 4);
    out[23] = '-';
    memcpy(out + 24, (const char *)words + 20, 12);
    return out + 36;
}

#endif
