#include "encode/parquet_pack.h"

#include <string.h>

#include "encode/thrift_compact.h"

#define BLOCK 128
#define MINIBLOCK 32
#define MINIBLOCKS (BLOCK / MINIBLOCK)

/* Stores go a whole word at a time and may end this many bytes past what is used. */
#define STORE_SLACK 16

/* Below this mean length of runs, packing all is smaller and faster than looking for runs. */
#define RUN_LENGTH 12

unsigned cw_bit_width(uint64_t value)
{
    return value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
}

static void store_word(uint8_t *out, uint64_t word)
{
    memcpy(out, &word, sizeof word);
}

/* Packs groups of `group` codes, with group * width + 7 at most 64, so that one store takes a group. */
static inline void pack_groups(uint8_t *out, const uint32_t *codes, size_t count, unsigned width,
                               unsigned group)
{
    uint64_t carry = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < count; i += group) {
        uint64_t word = 0;
        for (unsigned j = 0; j < group; j++) {
            word |= (uint64_t)codes[i + j] << (j * width);
        }
        carry |= word << bits;
        store_word(out, carry);
        bits += group * width;
        out += bits >> 3;
        carry >>= bits & ~7u;
        bits &= 7;
    }
}

/* The same with room for a carry shift of 64 bits never needed: width is at most 32, a group is one code. */
static void pack_codes(uint8_t *out, const uint32_t *codes, size_t count, unsigned width)
{
    if (width <= 7) {
        pack_groups(out, codes, count, width, 8);
    } else if (width <= 14) {
        pack_groups(out, codes, count, width, 4);
    } else if (width <= 28) {
        pack_groups(out, codes, count, width, 2);
    } else {
        pack_groups(out, codes, count, width, 1);
    }
}

/* Packs numbers of up to 64 bits; out has STORE_SLACK more bytes. */
static void pack_wide(uint8_t *out, const uint64_t *numbers, size_t count, unsigned width)
{
    uint64_t carry = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < count; i++) {
        carry |= numbers[i] << bits;
        store_word(out, carry);
        const unsigned total = bits + width;
        if (total >= 64) {
            out += 8;
            carry = bits == 0 ? 0 : numbers[i] >> (64 - bits);
            bits = total - 64;
        } else {
            bits = total;
        }
    }
    store_word(out, carry);
}

/* Appends the codes as one packed run; the last group of eight is filled up with zeros. */
static cw_status write_packed(struct cw_buffer *out, const uint32_t *codes, size_t count, unsigned width,
                              struct cw_error *error)
{
    const size_t groups = (count + 7) / 8;
    const size_t whole = count & ~(size_t)7;
    const size_t size = groups * width;
    const cw_status status = cw_buffer_reserve(out, CW_VARINT_SIZE + size + STORE_SLACK, error);
    if (status != CW_OK) {
        return status;
    }
    uint8_t *to = (uint8_t *)out->data + out->size;
    to += cw_varint_put(to, groups << 1 | 1);
    pack_codes(to, codes, whole, width);
    if (whole < count) {
        uint32_t last[8] = {0};
        memcpy(last, codes + whole, (count - whole) * sizeof *last);
        pack_codes(to + whole / 8 * width, last, 8, width);
    }
    out->size = (size_t)((char *)to - out->data) + size;
    return CW_OK;
}

static cw_status write_repeated(struct cw_buffer *out, uint32_t value, size_t count, unsigned width,
                                struct cw_error *error)
{
    uint8_t bytes[CW_VARINT_SIZE + 4];
    size_t size = cw_varint_put(bytes, (uint64_t)count << 1);
    for (unsigned bit = 0; bit < width; bit += 8) {
        bytes[size++] = (uint8_t)(value >> bit);
    }
    return cw_buffer_append(out, bytes, size, error);
}

static size_t count_changes(const uint32_t *codes, size_t count)
{
    size_t changes = 0;
    for (size_t i = 1; i < count; i++) {
        changes += codes[i] != codes[i - 1];
    }
    return changes;
}

/* A packed run holds a multiple of eight values unless it is the last, so a repeated run first fills it up.
 */
static cw_status write_runs(struct cw_buffer *out, const uint32_t *codes, size_t count, unsigned width,
                            struct cw_error *error)
{
    cw_status status = CW_OK;
    size_t packed_from = 0;
    size_t at = 0;
    while (at < count && status == CW_OK) {
        size_t end = at + 1;
        while (end < count && codes[end] == codes[at]) {
            end++;
        }
        const size_t fill = (8 - (at - packed_from) % 8) % 8;
        if (end - at >= fill + 8) {
            if (at + fill > packed_from) {
                status = write_packed(out, codes + packed_from, at + fill - packed_from, width, error);
            }
            if (status == CW_OK) {
                status = write_repeated(out, codes[at], end - at - fill, width, error);
            }
            packed_from = end;
        }
        at = end;
    }
    if (status == CW_OK && packed_from < count) {
        status = write_packed(out, codes + packed_from, count - packed_from, width, error);
    }
    return status;
}

cw_status cw_hybrid_write(struct cw_buffer *out, const uint32_t *codes, size_t count, unsigned width,
                          struct cw_error *error)
{
    if (count == 0) {
        return CW_OK;
    }
    if (count_changes(codes, count) < count / RUN_LENGTH) {
        return write_runs(out, codes, count, width, error);
    }
    return write_packed(out, codes, count, width, error);
}

cw_status cw_hybrid_write_bits(struct cw_buffer *out, const uint8_t *bitmap, size_t count,
                               struct cw_error *error)
{
    const size_t groups = (count + 7) / 8;
    uint8_t header[CW_VARINT_SIZE];
    const size_t size = cw_varint_put(header, groups << 1 | 1);
    cw_status status = cw_buffer_reserve(out, size + groups, error);
    if (status != CW_OK || count == 0) {
        return status;
    }
    (void)cw_buffer_append(out, header, size, NULL);
    (void)cw_buffer_append(out, bitmap, groups, NULL);
    if (count % 8 != 0) {
        out->data[out->size - 1] = (char)((uint8_t)out->data[out->size - 1] & ((1u << (count % 8)) - 1));
    }
    return CW_OK;
}

static size_t put_delta_header(uint8_t *out, size_t count, int64_t first)
{
    size_t size = cw_varint_put(out, BLOCK);
    size += cw_varint_put(out + size, MINIBLOCKS);
    size += cw_varint_put(out + size, count);
    return size + cw_varint_put(out + size, cw_zigzag_encode(first));
}

/* Packs one block of deltas from its least one; returns its end. deltas has BLOCK entries; those past count
 * are overwritten. mask cuts differences to the width of the type. */
static uint8_t *put_block(uint8_t *out, int64_t *deltas, size_t count, uint64_t mask)
{
    /* count is never 0. */
    /* cppcheck-suppress uninitvar */
    int64_t least = deltas[0];
    for (size_t i = 1; i < count; i++) {
        least = deltas[i] < least ? deltas[i] : least;
    }
    for (size_t i = count; i < BLOCK; i++) {
        deltas[i] = least;
    }
    out += cw_varint_put(out, cw_zigzag_encode(least));
    uint8_t *widths = out;
    out += MINIBLOCKS;
    for (size_t from = 0; from < BLOCK; from += MINIBLOCK) {
        uint64_t wide[MINIBLOCK];
        uint32_t narrow[MINIBLOCK];
        uint64_t used = 0;
        for (size_t i = 0; i < MINIBLOCK; i++) {
            wide[i] = ((uint64_t)deltas[from + i] - (uint64_t)least) & mask;
            narrow[i] = (uint32_t)wide[i];
            used |= wide[i];
        }
        const unsigned width = cw_bit_width(used);
        widths[from / MINIBLOCK] = (uint8_t)width;
        if (width > 32) {
            pack_wide(out, wide, MINIBLOCK, width);
        } else if (width > 0) {
            pack_codes(out, narrow, MINIBLOCK, width);
        }
        out += MINIBLOCK / 8 * width;
    }
    return out;
}

static cw_status reserve_delta(struct cw_buffer *out, size_t count, size_t width, struct cw_error *error)
{
    const size_t blocks = count / BLOCK + 1;
    return cw_buffer_reserve(
        out, 4 * CW_VARINT_SIZE + blocks * (CW_VARINT_SIZE + MINIBLOCKS + BLOCK * width) + STORE_SLACK,
        error);
}

cw_status cw_delta_write_32(struct cw_buffer *out, const int32_t *values, size_t count,
                            struct cw_error *error)
{
    const cw_status status = reserve_delta(out, count, sizeof *values, error);
    if (status != CW_OK) {
        return status;
    }
    uint8_t *to = (uint8_t *)out->data + out->size;
    to += put_delta_header(to, count, count > 0 ? values[0] : 0);
    for (size_t from = 1; from < count; from += BLOCK) {
        const size_t size = count - from < BLOCK ? count - from : BLOCK;
        int64_t deltas[BLOCK];
        for (size_t i = 0; i < size; i++) {
            deltas[i] = (int32_t)((uint32_t)values[from + i] - (uint32_t)values[from + i - 1]);
        }
        to = put_block(to, deltas, size, UINT32_MAX);
    }
    out->size = (size_t)((char *)to - out->data);
    return CW_OK;
}

cw_status cw_delta_write_64(struct cw_buffer *out, const int64_t *values, size_t count,
                            struct cw_error *error)
{
    const cw_status status = reserve_delta(out, count, sizeof *values, error);
    if (status != CW_OK) {
        return status;
    }
    uint8_t *to = (uint8_t *)out->data + out->size;
    to += put_delta_header(to, count, count > 0 ? values[0] : 0);
    for (size_t from = 1; from < count; from += BLOCK) {
        const size_t size = count - from < BLOCK ? count - from : BLOCK;
        int64_t deltas[BLOCK];
        for (size_t i = 0; i < size; i++) {
            deltas[i] = (int64_t)((uint64_t)values[from + i] - (uint64_t)values[from + i - 1]);
        }
        to = put_block(to, deltas, size, UINT64_MAX);
    }
    out->size = (size_t)((char *)to - out->data);
    return CW_OK;
}

/* Enough to choose by: one width for a whole miniblock, from its own extremes rather than the block's least.
 */
size_t cw_delta_size_64(const int64_t *values, size_t count)
{
    size_t size = 4 * CW_VARINT_SIZE + (count / BLOCK + 1) * (MINIBLOCKS + 4);
    for (size_t from = 1; from < count; from += BLOCK) {
        const size_t end = count - from < BLOCK ? count : from + BLOCK;
        int64_t least = INT64_MAX;
        int64_t most = INT64_MIN;
        for (size_t i = from; i < end; i++) {
            const int64_t delta = (int64_t)((uint64_t)values[i] - (uint64_t)values[i - 1]);
            least = delta < least ? delta : least;
            most = delta > most ? delta : most;
        }
        size += BLOCK / 8 * (size_t)cw_bit_width((uint64_t)most - (uint64_t)least);
    }
    return size;
}

size_t cw_delta_size_32(const int32_t *values, size_t count)
{
    size_t size = 4 * CW_VARINT_SIZE + (count / BLOCK + 1) * (MINIBLOCKS + 4);
    for (size_t from = 1; from < count; from += BLOCK) {
        const size_t end = count - from < BLOCK ? count : from + BLOCK;
        int32_t least = INT32_MAX;
        int32_t most = INT32_MIN;
        for (size_t i = from; i < end; i++) {
            const int32_t delta = (int32_t)((uint32_t)values[i] - (uint32_t)values[i - 1]);
            least = delta < least ? delta : least;
            most = delta > most ? delta : most;
        }
        size += BLOCK / 8 * (size_t)cw_bit_width((uint32_t)most - (uint32_t)least);
    }
    return size;
}
