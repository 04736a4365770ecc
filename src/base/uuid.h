/* UUID version 7 (RFC 9562, section 5.7). */
#ifndef CW_BASE_UUID_H
#define CW_BASE_UUID_H

#include <stdint.h>
#include <string.h>

#define CW_UUID_SIZE 16

static inline uint64_t cw_to_network64(uint64_t x)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap64(x);
#else
    return x;
#endif
}

/* Writes a UUID v7 of an instant (microseconds since 1970 UTC, not negative) and 62 random bits. The 12 bits
 * after the millisecond hold its fraction (section 6.2, method 3), so that ids of one entity stand in order
 * of time. */
static inline void cw_uuid_v7(uint8_t out[CW_UUID_SIZE], int64_t time, uint64_t random62)
{
    uint64_t milliseconds = (uint64_t)time / 1000;
    uint64_t fraction = ((uint64_t)time - milliseconds * 1000) * 4096 / 1000;
    uint64_t high = cw_to_network64(milliseconds << 16 | 0x7000 | fraction);
    uint64_t low = cw_to_network64((random62 & 0x3fffffffffffffffULL) | 0x8000000000000000ULL);
    memcpy(out, &high, sizeof high);
    memcpy(out + 8, &low, sizeof low);
}

#endif
