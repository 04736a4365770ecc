/* Apache Parquet (https://parquet.apache.org): a row group a chunk, a column chunk a column.
 *
 *     UUID       FIXED_LEN_BYTE_ARRAY(16), UUID         STRING     BYTE_ARRAY, STRING
 *     TIMESTAMP  INT64, TIMESTAMP(UTC, microseconds)    DATE       INT32, DATE
 *     BOOL       BOOLEAN                                INT32, INT64 as they are
 *
 * Columns are OPTIONAL where the entity says nullable, else REQUIRED. Pages are of version 1. Values are
 * dictionary codes where these are smaller, else DELTA_BINARY_PACKED (numbers), DELTA_LENGTH_BYTE_ARRAY
 * (text) and PLAIN or DELTA_BYTE_ARRAY (UUIDs); a column chunk that would not shrink stays uncompressed. */
#ifndef CW_ENCODE_PARQUET_H
#define CW_ENCODE_PARQUET_H

#include "encode/format.h"

extern const struct cw_format_encoder cw_parquet_encoder;

/* Reads these files and others of the same columns: PLAIN, dictionary, RLE and the encodings above, pages of
 * both versions, uncompressed, snappy or zstd; whole numbers of 32 and 64 bits in place of each other while
 * they fit. */
extern const struct cw_format_decoder cw_parquet_decoder;

#endif
