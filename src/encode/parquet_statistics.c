#include "encode/parquet_statistics.h"

#include <string.h>

struct text {
    const char *bytes;
    size_t size;
    uint64_t key; /* the first eight bytes as a number, zeros after a short end */
};

static inline uint64_t text_key(const char *bytes, size_t size)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    word = __builtin_bswap64(word);
    return size >= 8 ? word : size == 0 ? 0 : word & UINT64_MAX << (64 - 8 * size);
}

static int compare(const struct text *a, const struct text *b)
{
    const size_t size = a->size < b->size ? a->size : b->size;
    const int order = size == 0 ? 0 : memcmp(a->bytes, b->bytes, size);
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static inline void widen(struct text *least, struct text *greatest, const struct text *text)
{
    if (text->key <= least->key && (text->key < least->key || compare(text, least) < 0)) {
        *least = *text;
    }
    if (text->key >= greatest->key && (text->key > greatest->key || compare(text, greatest) > 0)) {
        *greatest = *text;
    }
}

/* The longest part of the text that fits and does not cut a UTF-8 sequence. */
static size_t cut_length(const struct text *text)
{
    size_t size = CW_PARQUET_STATISTIC_SIZE;
    while (size > 0 && ((uint8_t)text->bytes[size] & 0xC0) == 0x80) {
        size--;
    }
    return size;
}

/* A bound above all strings that begin like text: its cut beginning with the last ASCII character that can
 * grow raised by one. Returns 0 where there is none. */
static size_t cut_above(const struct text *text, uint8_t *bound)
{
    size_t size = cut_length(text);
    memcpy(bound, text->bytes, size);
    while (size > 0 && bound[size - 1] >= 0x7E) {
        size--;
    }
    if (size > 0) {
        bound[size - 1]++;
    }
    return size;
}

static void set_bounds(struct cw_parquet_statistics *statistics, const struct text *least,
                       const struct text *greatest)
{
    size_t size = least->size;
    statistics->min_exact = size <= CW_PARQUET_STATISTIC_SIZE;
    if (!statistics->min_exact) {
        size = cut_length(least);
    }
    memcpy(statistics->min, least->bytes, size);
    statistics->min_size = (uint8_t)size;
    size = greatest->size;
    statistics->max_exact = size <= CW_PARQUET_STATISTIC_SIZE;
    if (statistics->max_exact) {
        memcpy(statistics->max, greatest->bytes, size);
    } else {
        size = cut_above(greatest, statistics->max);
    }
    statistics->max_size = (uint8_t)size;
    statistics->has_bounds = statistics->max_exact || size > 0;
}

static void set_exact(struct cw_parquet_statistics *statistics, const void *least, const void *greatest,
                      size_t size)
{
    memcpy(statistics->min, least, size);
    memcpy(statistics->max, greatest, size);
    statistics->min_size = statistics->max_size = (uint8_t)size;
    statistics->has_bounds = statistics->min_exact = statistics->max_exact = true;
}

void cw_statistics_numbers(struct cw_parquet_statistics *statistics, const void *numbers, size_t count,
                           size_t size, int64_t *low, int64_t *high)
{
    if (size == 4) {
        const int32_t *values = numbers;
        int32_t least = values[0];
        int32_t greatest = values[0];
        for (size_t i = 1; i < count; i++) {
            least = values[i] < least ? values[i] : least;
            greatest = values[i] > greatest ? values[i] : greatest;
        }
        set_exact(statistics, &least, &greatest, 4);
        *low = least;
        *high = greatest;
        return;
    }
    const int64_t *values = numbers;
    int64_t least = values[0];
    int64_t greatest = values[0];
    for (size_t i = 1; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        greatest = values[i] > greatest ? values[i] : greatest;
    }
    set_exact(statistics, &least, &greatest, 8);
    *low = least;
    *high = greatest;
}

void cw_statistics_bools(struct cw_parquet_statistics *statistics, const uint8_t *bitmap, size_t count)
{
    size_t ones = 0;
    for (size_t i = 0; i < count / 8; i++) {
        ones += (size_t)__builtin_popcount(bitmap[i]);
    }
    if (count % 8 != 0) {
        ones += (size_t)__builtin_popcount(bitmap[count / 8] & ((1u << (count % 8)) - 1));
    }
    const uint8_t least = ones == count;
    const uint8_t greatest = ones > 0;
    set_exact(statistics, &least, &greatest, 1);
}

void cw_statistics_uuids(struct cw_parquet_statistics *statistics, const uint8_t *uuids, size_t count)
{
    const char *bytes = (const char *)uuids;
    struct text least = {.bytes = bytes, .size = 16, .key = text_key(bytes, 16)};
    struct text greatest = least;
    for (size_t i = 1; i < count; i++) {
        const struct text text = {.bytes = bytes + i * 16, .size = 16, .key = text_key(bytes + i * 16, 16)};
        widen(&least, &greatest, &text);
    }
    set_exact(statistics, least.bytes, greatest.bytes, 16);
}

void cw_statistics_strings(struct cw_parquet_statistics *statistics, const uint32_t *lengths,
                           const char *bytes, size_t count)
{
    struct text least = {.bytes = bytes, .size = lengths[0], .key = text_key(bytes, lengths[0])};
    struct text greatest = least;
    bytes += lengths[0];
    for (size_t i = 1; i < count; i++) {
        const struct text text = {.bytes = bytes, .size = lengths[i], .key = text_key(bytes, lengths[i])};
        widen(&least, &greatest, &text);
        bytes += lengths[i];
    }
    set_bounds(statistics, &least, &greatest);
}

static struct text pool_text(const struct cw_pool *pool, uint32_t code)
{
    const char *bytes = pool->bytes + pool->offsets[code];
    const size_t size = pool->offsets[code + 1] - pool->offsets[code];
    return (struct text){.bytes = bytes, .size = size, .key = text_key(bytes, size)};
}

void cw_statistics_pool(struct cw_parquet_statistics *statistics, const struct cw_pool *pool,
                        const uint32_t *used, size_t count)
{
    struct text least = pool_text(pool, used[0]);
    struct text greatest = least;
    for (size_t i = 1; i < count; i++) {
        const struct text text = pool_text(pool, used[i]);
        widen(&least, &greatest, &text);
    }
    set_bounds(statistics, &least, &greatest);
}
