/* Parquet's encodings of whole numbers (https://parquet.apache.org/docs/file-format/data-pages/encodings/):
 * bit packing, the run-length and bit-packing hybrid, and delta binary packing. Writers append to a buffer;
 * readers take input that may be hostile. */
#ifndef CW_ENCODE_PARQUET_PACK_H
#define CW_ENCODE_PARQUET_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cartwright/buffer.h"

/* The bits that value needs: 0 for 0. */
unsigned cw_bit_width(uint64_t value);

/* Appends codes, each below 2^width, width 1 to 32, as hybrid runs. Errors: CW_E_NO_MEMORY. */
cw_status cw_hybrid_write(struct cw_buffer *out, const uint32_t *codes, size_t count, unsigned width,
                          struct cw_error *error);

/* Appends count bits, which begin at a byte of bitmap, as hybrid runs of width 1. Bits past count are not
 * looked at. Errors: CW_E_NO_MEMORY. */
cw_status cw_hybrid_write_bits(struct cw_buffer *out, const uint8_t *bitmap, size_t count,
                               struct cw_error *error);

/* Appends numbers as DELTA_BINARY_PACKED, of 32 or 64 bits. Errors: CW_E_NO_MEMORY. */
cw_status cw_delta_write_32(struct cw_buffer *out, const int32_t *values, size_t count,
                            struct cw_error *error);
cw_status cw_delta_write_64(struct cw_buffer *out, const int64_t *values, size_t count,
                            struct cw_error *error);

/* What these would append, in bytes, a few too many at most. */
size_t cw_delta_size_32(const int32_t *values, size_t count);
size_t cw_delta_size_64(const int64_t *values, size_t count);

/* Reads a hybrid of values of width 0 to 32 bits piece by piece. Start with next, end and width set, all else
 * zero. */
struct cw_hybrid_reader {
    const uint8_t *next;
    const uint8_t *end;
    unsigned width;
    bool is_packed; /* what run this is */
    uint32_t value; /* of a repeated run */
    uint64_t run;   /* values left of the run */
    uint64_t bit;   /* of *next, where a packed run goes on */
};

/* Gives the next count values; false when the input is damaged or too short. */
bool cw_hybrid_read(struct cw_hybrid_reader *reader, uint32_t *values, size_t count);

/* Reads DELTA_BINARY_PACKED. */
struct cw_delta_reader {
    const uint8_t *next; /* after the header, then after the current miniblock */
    const uint8_t *end;
    uint64_t left;      /* values not given yet */
    bool is_first;      /* the first value, which the header holds, is still to be given */
    uint64_t value;     /* the last one decoded, two's complement */
    uint64_t min_delta; /* of the current block */
    uint64_t miniblock_size;
    uint64_t miniblock_count; /* in a block */
    uint64_t miniblock;       /* the next one of the block */
    const uint8_t *widths;    /* of the block's miniblocks */
    const uint8_t *packed;    /* the current miniblock */
    uint64_t packed_at;       /* its next delta */
    unsigned width;
};

/* Reads the header. False when it is damaged or says another count of values. */
bool cw_delta_open(struct cw_delta_reader *reader, const uint8_t *next, const uint8_t *end, uint64_t count);

/* Gives the next count values, modulo 2^64: those of 32 bits are to be cut by the caller. False when the
 * input is damaged or too short. */
bool cw_delta_read(struct cw_delta_reader *reader, int64_t *values, size_t count);

/* Where the bytes after the last value begin, without reading the values; the reader stays as it is. NULL
 * when the input is damaged. */
const uint8_t *cw_delta_end(const struct cw_delta_reader *reader);

#endif
