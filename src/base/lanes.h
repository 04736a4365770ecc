/* Sixteen bytes at a time with the vector types that gcc and clang share; on x86-64 and arm64 they become one
 * register. Results are the same on every machine. */
#ifndef CW_BASE_LANES_H
#define CW_BASE_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t cw_lanes __attribute__((vector_size(16)));

static inline cw_lanes cw_lanes_load(const void *bytes)
{
    cw_lanes lanes;
    memcpy(&lanes, bytes, sizeof lanes);
    return lanes;
}

/* Every lane's bits set where it equals byte, else clear. */
static inline cw_lanes cw_lanes_equal(cw_lanes lanes, uint8_t byte)
{
    return (cw_lanes)(lanes == byte);
}

static inline bool cw_lanes_any(cw_lanes lanes)
{
    uint64_t halves[2];
    memcpy(halves, &lanes, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

/* The first (or last) eight lanes of a and b, by turns. */
#ifdef __clang__
#define cw_lanes_zip_low(a, b)                                                                               \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define cw_lanes_zip_high(a, b)                                                                              \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#else
#define cw_lanes_zip_low(a, b)                                                                               \
    __builtin_shuffle(a, b, (cw_lanes){0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23})
#define cw_lanes_zip_high(a, b)                                                                              \
    __builtin_shuffle(a, b, (cw_lanes){8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31})
#endif

#endif
