#include "encode/parquet_codec.h"

#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* How much of a page is tried, and the share of it that compression must reach. */
#define SAMPLE_SIZE ((size_t)16 << 10)
#define SAMPLE_SHARE(size) ((size) - (size) / 16)

/* zstd's effort where nothing is to be gained: it looks at every 100th byte or so. */
#define IDLE_LEVEL (-100)

/* The default: level 1 with a table of matches that stays in the first-level cache; on names, streets and
 * e-mail addresses 8 % faster and 1 % larger. */
#define DEFAULT_LEVEL 1
#define DEFAULT_HASH_LOG 13
#define DEFAULT_MIN_MATCH 7

struct cw_compressor {
    enum cw_parquet_codec codec;
    int level;
    ZSTD_CCtx *zstd;
    struct cw_buffer sample;
};

struct cw_decompressor {
    ZSTD_DCtx *zstd;
};

static cw_status no_memory(struct cw_error *error)
{
    return cw_error_set(error, CW_E_NO_MEMORY, "compression", "out of memory: no context for zstd");
}

cw_status cw_compressor_new(enum cw_parquet_codec codec, int level, struct cw_compressor **compressor,
                            struct cw_error *error)
{
    struct cw_compressor *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return no_memory(error);
    }
    created->codec = codec;
    created->level = level;
    if (codec == CW_PARQUET_ZSTD) {
        created->zstd = ZSTD_createCCtx();
        if (created->zstd == NULL) {
            free(created);
            return no_memory(error);
        }
    }
    *compressor = created;
    return CW_OK;
}

void cw_compressor_free(struct cw_compressor *compressor)
{
    if (compressor == NULL) {
        return;
    }
    ZSTD_freeCCtx(compressor->zstd);
    cw_buffer_clear(&compressor->sample);
    free(compressor);
}

static size_t compress_bound(enum cw_parquet_codec codec, size_t size)
{
    return codec == CW_PARQUET_ZSTD ? ZSTD_compressBound(size) : snappy_max_compressed_length(size);
}

/* Parameters are set anew each time, because ZSTD_compressCCtx resets them. */
static size_t compress_by_default(ZSTD_CCtx *zstd, const void *bytes, size_t size, char *out, size_t room)
{
    const struct {
        ZSTD_cParameter parameter;
        int value;
    } settings[] = {{ZSTD_c_compressionLevel, DEFAULT_LEVEL},
                    {ZSTD_c_strategy, ZSTD_fast},
                    {ZSTD_c_hashLog, DEFAULT_HASH_LOG},
                    {ZSTD_c_minMatch, DEFAULT_MIN_MATCH}};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const size_t result = ZSTD_CCtx_setParameter(zstd, settings[i].parameter, settings[i].value);
        if (ZSTD_isError(result)) {
            return result;
        }
    }
    return ZSTD_compress2(zstd, out, room, bytes, size);
}

/* *length: the room in, the compressed size out. */
static bool compress(struct cw_compressor *compressor, const void *bytes, size_t size, int level, char *out,
                     size_t *length)
{
    if (compressor->codec == CW_PARQUET_SNAPPY) {
        return snappy_compress(bytes, size, out, length) == SNAPPY_OK;
    }
    const size_t result = level == CW_COMPRESSOR_DEFAULT
                              ? compress_by_default(compressor->zstd, bytes, size, out, *length)
                              : ZSTD_compressCCtx(compressor->zstd, out, *length, bytes, size, level);
    *length = result;
    return !ZSTD_isError(result);
}

bool cw_compressor_pays(struct cw_compressor *compressor, const void *bytes, size_t size)
{
    if (compressor->codec == CW_PARQUET_UNCOMPRESSED || size < 64) {
        return false;
    }
    const size_t part = size < SAMPLE_SIZE ? size : SAMPLE_SIZE;
    size_t length = compress_bound(compressor->codec, part);
    compressor->sample.size = 0;
    if (cw_buffer_reserve(&compressor->sample, length, NULL) != CW_OK) {
        return false;
    }
    return compress(compressor, (const char *)bytes + (size - part) / 2, part, compressor->level,
                    compressor->sample.data, &length) &&
           length < SAMPLE_SHARE(part);
}

cw_status cw_compressor_run(struct cw_compressor *compressor, const void *bytes, size_t size, bool pays,
                            struct cw_buffer *out, struct cw_error *error)
{
    size_t length = compress_bound(compressor->codec, size);
    out->size = 0;
    const cw_status status = cw_buffer_reserve(out, length, error);
    if (status != CW_OK) {
        return status;
    }
    if (!compress(compressor, bytes, size, pays ? compressor->level : IDLE_LEVEL, out->data, &length)) {
        return cw_error_set(error, CW_E_INTERNAL, "compression",
                            "a page of %zu bytes could not be compressed", size);
    }
    out->size = length;
    return CW_OK;
}

cw_status cw_decompressor_new(struct cw_decompressor **decompressor, struct cw_error *error)
{
    struct cw_decompressor *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return no_memory(error);
    }
    created->zstd = ZSTD_createDCtx();
    if (created->zstd == NULL) {
        free(created);
        return no_memory(error);
    }
    *decompressor = created;
    return CW_OK;
}

void cw_decompressor_free(struct cw_decompressor *decompressor)
{
    if (decompressor == NULL) {
        return;
    }
    ZSTD_freeDCtx(decompressor->zstd);
    free(decompressor);
}

/* A snappy element of two bytes gives at most 64; a zstd block of four bytes gives at most 128 KiB. */
bool cw_codec_can_hold(int32_t codec, size_t compressed, size_t uncompressed)
{
    switch (codec) {
    case CW_PARQUET_UNCOMPRESSED:
        return compressed == uncompressed;
    case CW_PARQUET_SNAPPY:
        return uncompressed / 64 <= compressed;
    case CW_PARQUET_ZSTD:
        return uncompressed / (32 << 10) <= compressed;
    default:
        return false;
    }
}

bool cw_decompressor_run(struct cw_decompressor *decompressor, int32_t codec, const void *bytes,
                         size_t compressed, void *out, size_t size)
{
    size_t length = size;
    switch (codec) {
    case CW_PARQUET_UNCOMPRESSED:
        if (compressed == size && size > 0) {
            memcpy(out, bytes, size);
        }
        return compressed == size;
    case CW_PARQUET_SNAPPY:
        return snappy_uncompressed_length(bytes, compressed, &length) == SNAPPY_OK && length == size &&
               snappy_uncompress(bytes, compressed, out, &length) == SNAPPY_OK && length == size;
    case CW_PARQUET_ZSTD:
        return ZSTD_decompressDCtx(decompressor->zstd, out, size, bytes, compressed) == size;
    default:
        return false;
    }
}
