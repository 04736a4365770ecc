/* Counter-based draws: a random number is a function of (seed, entity, purpose, row, draw number) and of
 * nothing drawn before, so that any row can be made anywhere, in any order.
 *
 * The mixing function is three rounds of multiply and xor-shift over a 64-bit counter (the mx3 construction
 * of J. Maiga, "The construct of a bit mixer", 2020); tests/unit/test_draw.c checks its output. */
#ifndef CW_BASE_DRAW_H
#define CW_BASE_DRAW_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 cw_u128;

/* The high half of a 64 by 64 bit product: maps a uniform x onto 0 .. n - 1 when the other factor is n. */
static inline uint64_t cw_multiply_high(uint64_t a, uint64_t b)
{
    return (uint64_t)(((cw_u128)a * b) >> 64);
}

static inline uint64_t cw_mix(uint64_t x)
{
    const uint64_t multiplier = 0xbea225f9eb34556dULL;
    x ^= x >> 32;
    x *= multiplier;
    x ^= x >> 29;
    x *= multiplier;
    x ^= x >> 32;
    x *= multiplier;
    return x ^ (x >> 29);
}

/* An independent source of draws. */
struct cw_stream {
    uint64_t key;
};

static inline struct cw_stream cw_stream_make(uint64_t seed, uint32_t entity, uint32_t purpose)
{
    uint64_t key = cw_mix(seed + 0x9e3779b97f4a7c15ULL);
    key = cw_mix(key ^ (((uint64_t)entity << 32 | purpose) + 0xd1b54a32d192ed03ULL));
    return (struct cw_stream){key};
}

/* Draw number `number` of row `row`: uniform over all 64-bit values. */
static inline uint64_t cw_draw(struct cw_stream stream, uint64_t row, uint32_t number)
{
    return cw_mix(stream.key + row * 0x9e3779b97f4a7c15ULL + number * 0xd1342543de82ef95ULL);
}

/* A place in a stream for samplers that need a varying number of draws. */
struct cw_draws {
    struct cw_stream stream;
    uint64_t row;
    uint32_t number;
};

static inline struct cw_draws cw_draws_at(struct cw_stream stream, uint64_t row)
{
    return (struct cw_draws){stream, row, 0};
}

static inline uint64_t cw_draws_next(struct cw_draws *draws)
{
    return cw_draw(draws->stream, draws->row, draws->number++);
}

/* Uniform in [0, 1) with 53 bits, and in (0, 1): never 0. */
static inline double cw_unit(uint64_t draw)
{
    return (double)(draw >> 11) * 0x1p-53;
}

static inline double cw_unit_open(uint64_t draw)
{
    return ((double)(draw >> 12) + 0.5) * 0x1p-52;
}

/* Uniform in 0 .. n - 1, n >= 1. */
static inline uint64_t cw_below(uint64_t draw, uint64_t n)
{
    return cw_multiply_high(draw, n);
}

/* Takes a field uniform in 0 .. n - 1 off a draw and leaves the rest of it uniform in *draw, so that one draw
 * serves several small fields. Every field of size n uses up log2(n) bits; keep the sum below 48. */
static inline uint32_t cw_slice(uint64_t *draw, uint32_t n)
{
    cw_u128 product = (cw_u128)*draw * n;
    *draw = (uint64_t)product;
    return (uint32_t)(product >> 64);
}

/* True with a chance of per_mille in 1,000. Takes a slice. */
static inline bool cw_chance(uint64_t *draw, uint32_t per_mille)
{
    return cw_slice(draw, 1000) < per_mille;
}

/* A keyed bijection of 0 .. size - 1 onto itself. */
struct cw_permutation {
    uint64_t size;
    uint64_t mask;
    uint32_t shift;
    uint64_t key;
};

static inline struct cw_permutation cw_permutation_make(struct cw_stream stream, uint64_t size)
{
    uint32_t bits = 1;
    while (bits < 63 && (1ULL << bits) < size) {
        bits++;
    }
    return (struct cw_permutation){size, (1ULL << bits) - 1, bits / 2 + (bits == 1), stream.key};
}

/* One pass of multiply, add and xor-shift, each invertible modulo a power of two. */
static inline uint64_t cw_permutation_round(uint64_t x, uint64_t mask, uint32_t shift, uint64_t key)
{
    x = (x * 0xd1342543de82ef95ULL + key) & mask;
    x ^= x >> shift;
    x = (x * 0x9e3779b97f4a7c15ULL + (key >> 17)) & mask;
    x ^= x >> shift;
    x = (x * 0xbea225f9eb34556dULL + (key >> 31)) & mask;
    return x ^ (x >> shift);
}

/* The image of index (below size). Walks the cycle until it falls into range: under two passes on average. */
static inline uint64_t cw_permute(const struct cw_permutation *permutation, uint64_t index)
{
    uint64_t x = index;
    do {
        x = cw_permutation_round(x, permutation->mask, permutation->shift, permutation->key);
    } while (x >= permutation->size);
    return x;
}

/* A keyed bijection of 62-bit numbers, the random part of identifiers: different rows never share a value. */
static inline uint64_t cw_unique62(struct cw_stream stream, uint64_t row)
{
    const uint64_t mask = (1ULL << 62) - 1;
    uint64_t x = (row ^ stream.key) & mask;
    x = (x * 0xbea225f9eb34556dULL) & mask;
    x ^= x >> 31;
    x = (x * 0xd1342543de82ef95ULL) & mask;
    x ^= x >> 29;
    x = (x * 0x9e3779b97f4a7c15ULL) & mask;
    return x ^ (x >> 31);
}

#endif
