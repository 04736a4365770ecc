#include "encode/parquet_distinct.h"

#include <string.h>

/* More distinct values than SAMPLE_MOST among the first SAMPLE mean that a dictionary would not pay. Wide
 * values pay for more, and keys drawn by popularity repeat late. */
#define SAMPLE(size) ((size) == 16 ? (size_t)16384 : (size_t)2048)
#define SAMPLE_MOST(size) ((size) == 16 ? (size_t)15360 : (size_t)1792)

/* Numbers of a narrow range index the table directly. */
#define DIRECT_RANGE ((uint64_t)1 << 16)

void cw_distinct_clear(struct cw_distinct *distinct)
{
    cw_buffer_clear(&distinct->slots);
    cw_buffer_clear(&distinct->values);
    cw_buffer_clear(&distinct->codes);
}

static cw_status prepare(struct cw_distinct *distinct, size_t slot_count, size_t count, size_t size,
                         size_t limit, struct cw_error *error)
{
    distinct->slots.size = 0;
    distinct->values.size = 0;
    distinct->codes.size = 0;
    distinct->count = 0;
    cw_status status = cw_buffer_reserve(&distinct->slots, slot_count * sizeof(uint32_t), error);
    if (status == CW_OK) {
        status = cw_buffer_reserve(&distinct->codes, count * sizeof(uint32_t), error);
    }
    if (status == CW_OK) {
        status = cw_buffer_reserve(&distinct->values, (limit + 1) * size, error);
    }
    if (status == CW_OK) {
        memset(distinct->slots.data, 0, slot_count * sizeof(uint32_t));
    }
    return status;
}

static inline uint64_t hash_value(const char *value, size_t size)
{
    uint64_t low = 0;
    uint64_t high = 0;
    memcpy(&low, value, size < 8 ? size : 8);
    if (size == 16) {
        memcpy(&high, value + 8, 8);
    }
    low = (low ^ high * UINT64_C(0xFF51AFD7ED558CCD)) * UINT64_C(0x9E3779B97F4A7C15);
    return low ^ low >> 32;
}

/* Gives codes by hashing with linear probing; the table is at most half full. */
static inline bool find_hashed(struct cw_distinct *distinct, const char *values, size_t count, size_t size,
                               size_t mask, size_t limit)
{
    uint32_t *slots = (uint32_t *)(void *)distinct->slots.data;
    uint32_t *codes = (uint32_t *)(void *)distinct->codes.data;
    char *known = distinct->values.data;
    size_t known_count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *value = values + i * size;
        size_t slot = hash_value(value, size) & mask;
        while (slots[slot] != 0 && memcmp(known + (slots[slot] - 1) * size, value, size) != 0) {
            slot = (slot + 1) & mask;
        }
        if (slots[slot] == 0) {
            if (known_count == limit || (i < SAMPLE(size) && known_count == SAMPLE_MOST(size))) {
                return false;
            }
            memcpy(known + known_count * size, value, size);
            slots[slot] = (uint32_t)++known_count;
        }
        codes[i] = slots[slot] - 1;
    }
    distinct->count = known_count;
    return true;
}

static inline bool find_direct(struct cw_distinct *distinct, const char *values, size_t count, size_t size,
                               int64_t low, size_t limit)
{
    uint32_t *slots = (uint32_t *)(void *)distinct->slots.data;
    uint32_t *codes = (uint32_t *)(void *)distinct->codes.data;
    char *known = distinct->values.data;
    size_t known_count = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t narrow;
        int64_t value;
        if (size == 4) {
            memcpy(&narrow, values + i * 4, 4);
            value = narrow;
        } else {
            memcpy(&value, values + i * 8, 8);
        }
        const size_t slot = (size_t)((uint64_t)value - (uint64_t)low);
        if (slots[slot] == 0) {
            if (known_count == limit || (i < SAMPLE(size) && known_count == SAMPLE_MOST(size))) {
                return false;
            }
            memcpy(known + known_count * size, values + i * size, size);
            slots[slot] = (uint32_t)++known_count;
        }
        codes[i] = slots[slot] - 1;
    }
    distinct->count = known_count;
    return true;
}

cw_status cw_distinct_find(struct cw_distinct *distinct, const void *values, size_t count, size_t size,
                           int64_t low, int64_t high, size_t limit, bool *found, struct cw_error *error)
{
    const uint64_t range = (uint64_t)high - (uint64_t)low;
    const bool direct = size != 16 && range < DIRECT_RANGE;
    if (limit > count) {
        limit = count;
    }
    size_t slot_count = 16;
    while (slot_count < limit * 2) {
        slot_count *= 2;
    }
    const cw_status status =
        prepare(distinct, direct ? (size_t)range + 1 : slot_count, count, size, limit, error);
    if (status != CW_OK) {
        return status;
    }
    if (direct) {
        *found = size == 4 ? find_direct(distinct, values, count, 4, low, limit)
                           : find_direct(distinct, values, count, 8, low, limit);
    } else {
        *found = size == 4   ? find_hashed(distinct, values, count, 4, slot_count - 1, limit)
                 : size == 8 ? find_hashed(distinct, values, count, 8, slot_count - 1, limit)
                             : find_hashed(distinct, values, count, 16, slot_count - 1, limit);
    }
    distinct->values.size = distinct->count * size;
    distinct->codes.size = count * sizeof(uint32_t);
    return CW_OK;
}
