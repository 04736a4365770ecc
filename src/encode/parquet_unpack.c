#include "encode/parquet_pack.h"

#include <string.h>

#include "encode/thrift_compact.h"

/* The longest block that is accepted; writers use 128 values. */
#define LONGEST_BLOCK (1 << 16)

/* The width bits, up to 64, from bit position `bit` of bytes; nothing at or past end is touched. */
static inline uint64_t get_bits(const uint8_t *bytes, const uint8_t *end, uint64_t bit, unsigned width)
{
    const uint8_t *from = bytes + bit / 8;
    const unsigned shift = (unsigned)(bit % 8);
    uint64_t word = 0;
    uint64_t high = 0;
    if (end - from >= 9) {
        memcpy(&word, from, 8);
        high = from[8];
    } else {
        for (int i = 0; i < 8 && from + i < end; i++) {
            word |= (uint64_t)from[i] << (8 * i);
        }
    }
    word = shift == 0 ? word : word >> shift | high << (64 - shift);
    return width == 64 ? word : word & ((UINT64_C(1) << width) - 1);
}

static bool next_run(struct cw_hybrid_reader *reader)
{
    uint64_t header;
    if (!cw_varint_get(&reader->next, reader->end, &header)) {
        return false;
    }
    const uint64_t available = (uint64_t)(reader->end - reader->next);
    reader->is_packed = header & 1;
    if (reader->is_packed) {
        const uint64_t groups = header >> 1;
        reader->bit = 0;
        if (groups > UINT32_MAX || groups * reader->width > available) {
            return false;
        }
        reader->run = groups * 8;
        return true;
    }
    const unsigned size = (reader->width + 7) / 8;
    if (size > available) {
        return false;
    }
    reader->run = header >> 1;
    reader->value = 0;
    for (unsigned i = 0; i < size; i++) {
        reader->value |= (uint32_t)reader->next[i] << (8 * i);
    }
    reader->next += size;
    return reader->width == 32 || reader->value >> reader->width == 0;
}

bool cw_hybrid_read(struct cw_hybrid_reader *reader, uint32_t *values, size_t count)
{
    while (count > 0) {
        if (reader->run == 0) {
            if (reader->is_packed) {
                reader->next += reader->bit / 8;
                reader->is_packed = false;
            }
            if (!next_run(reader)) {
                return false;
            }
            continue;
        }
        const size_t take = reader->run < count ? (size_t)reader->run : count;
        if (reader->is_packed) {
            for (size_t i = 0; i < take; i++) {
                values[i] = (uint32_t)get_bits(reader->next, reader->end, reader->bit, reader->width);
                reader->bit += reader->width;
            }
        } else {
            for (size_t i = 0; i < take; i++) {
                values[i] = reader->value;
            }
        }
        reader->run -= take;
        values += take;
        count -= take;
    }
    return true;
}

bool cw_delta_open(struct cw_delta_reader *reader, const uint8_t *next, const uint8_t *end, uint64_t count)
{
    uint64_t block_size;
    uint64_t miniblock_count;
    uint64_t said;
    uint64_t first;
    if (!cw_varint_get(&next, end, &block_size) || !cw_varint_get(&next, end, &miniblock_count) ||
        !cw_varint_get(&next, end, &said) || !cw_varint_get(&next, end, &first)) {
        return false;
    }
    if (said != count || block_size == 0 || block_size > LONGEST_BLOCK || miniblock_count == 0 ||
        block_size % miniblock_count != 0 || block_size / miniblock_count % 8 != 0) {
        return false;
    }
    *reader = (struct cw_delta_reader){.next = next,
                                       .end = end,
                                       .left = count,
                                       .is_first = true,
                                       .value = (uint64_t)cw_zigzag_decode(first),
                                       .miniblock_size = block_size / miniblock_count,
                                       .miniblock_count = miniblock_count,
                                       .miniblock = miniblock_count};
    reader->packed_at = reader->miniblock_size;
    return true;
}

/* Moves on to the next miniblock, and to the next block where the last one is done. */
static bool next_miniblock(struct cw_delta_reader *reader)
{
    if (reader->miniblock == reader->miniblock_count) {
        uint64_t least;
        if (!cw_varint_get(&reader->next, reader->end, &least) ||
            (uint64_t)(reader->end - reader->next) < reader->miniblock_count) {
            return false;
        }
        reader->min_delta = (uint64_t)cw_zigzag_decode(least);
        reader->widths = reader->next;
        reader->next += reader->miniblock_count;
        reader->miniblock = 0;
    }
    reader->width = reader->widths[reader->miniblock++];
    const uint64_t size = reader->miniblock_size / 8 * reader->width;
    if (reader->width > 64 || size > (uint64_t)(reader->end - reader->next)) {
        return false;
    }
    reader->packed = reader->next;
    reader->packed_at = 0;
    reader->next += size;
    return true;
}

bool cw_delta_read(struct cw_delta_reader *reader, int64_t *values, size_t count)
{
    if (count > reader->left) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (reader->is_first) {
            reader->is_first = false;
        } else {
            if (reader->packed_at == reader->miniblock_size && !next_miniblock(reader)) {
                return false;
            }
            const uint64_t bit = reader->packed_at++ * reader->width;
            const uint64_t delta =
                reader->width == 0 ? 0 : get_bits(reader->packed, reader->end, bit, reader->width);
            reader->value += reader->min_delta + delta;
        }
        memcpy(&values[i], &reader->value, sizeof *values);
    }
    reader->left -= count;
    return true;
}

const uint8_t *cw_delta_end(const struct cw_delta_reader *reader)
{
    struct cw_delta_reader ahead = *reader;
    uint64_t deltas = ahead.left > 0 ? ahead.left - 1 : 0;
    while (deltas > 0) {
        if (!next_miniblock(&ahead)) {
            return NULL;
        }
        deltas -= deltas < ahead.miniblock_size ? deltas : ahead.miniblock_size;
    }
    return ahead.next;
}
