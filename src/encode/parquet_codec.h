/* The compression of Parquet pages. */
#ifndef CW_ENCODE_PARQUET_CODEC_H
#define CW_ENCODE_PARQUET_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cartwright/buffer.h"
#include "encode/parquet_metadata.h"

/* The level that stands for the best choice for short texts. */
#define CW_COMPRESSOR_DEFAULT 0

/* Belongs to one thread. level: of zstd, or CW_COMPRESSOR_DEFAULT. Errors: CW_E_NO_MEMORY. */
struct cw_compressor;
cw_status cw_compressor_new(enum cw_parquet_codec codec, int level, struct cw_compressor **compressor,
                            struct cw_error *error);
void cw_compressor_free(struct cw_compressor *compressor);

/* Whether compressing bytes like these saves enough to be worth the time, judged by a part of them. */
bool cw_compressor_pays(struct cw_compressor *compressor, const void *bytes, size_t size);

/* Sets out to the compressed bytes; when they do not pay, with the least effort that the codec allows.
 * Errors: CW_E_NO_MEMORY, CW_E_INTERNAL. */
cw_status cw_compressor_run(struct cw_compressor *compressor, const void *bytes, size_t size, bool pays,
                            struct cw_buffer *out, struct cw_error *error);

struct cw_decompressor;
cw_status cw_decompressor_new(struct cw_decompressor **decompressor, struct cw_error *error);
void cw_decompressor_free(struct cw_decompressor *decompressor);

/* Whether size compressed bytes can hold that many; a cheap test before memory is taken. */
bool cw_codec_can_hold(int32_t codec, size_t compressed, size_t uncompressed);

/* Fills out with exactly size bytes from the compressed ones. False when they are damaged or of another size.
 */
bool cw_decompressor_run(struct cw_decompressor *decompressor, int32_t codec, const void *bytes,
                         size_t compressed, void *out, size_t size);

#endif
