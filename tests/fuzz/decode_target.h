/* What the fuzz targets of the text decoders share. */
#ifndef TESTS_FUZZ_DECODE_TARGET_H
#define TESTS_FUZZ_DECODE_TARGET_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cartwright/encode.h"
#include "encode/decode.h"

struct fuzz_file {
    const uint8_t *bytes;
    size_t size;
};

static cw_status fuzz_read_at(void *context, int64_t offset, void *bytes, size_t size, size_t *got,
                              struct cw_error *error)
{
    (void)error;
    const struct fuzz_file *file = context;
    const size_t start = (size_t)offset < file->size ? (size_t)offset : file->size;
    *got = file->size - start < size ? file->size - start : size;
    if (*got > 0) {
        memcpy(bytes, file->bytes + start, *got);
    }
    return CW_OK;
}

/* Decodes one batch of file; true when that worked and there are rows. */
static bool fuzz_decode(enum cw_format format, const struct cw_entity *entity, struct fuzz_file file,
                        struct cw_batch *batch)
{
    const struct cw_input input = {fuzz_read_at, &file, (int64_t)file.size};
    struct cw_decoder *decoder;
    struct cw_error error;
    if (cw_decoder_open(format, entity, &input, &decoder, &error) != CW_OK) {
        return false;
    }
    const cw_status status = cw_decoder_next(decoder, batch, &error);
    cw_decoder_close(decoder);
    return status == CW_OK && batch->row_count > 0;
}

static void fuzz_encode(enum cw_format format, const struct cw_batch *batch, struct cw_buffer *file)
{
    const struct cw_encoder_options options = {.format = format, .entity = batch->entity};
    struct cw_encoder *encoder;
    struct cw_chunk *chunk;
    struct cw_tail *tail;
    struct cw_buffer note = {0};
    if (cw_encoder_new(&options, &encoder, NULL) != CW_OK || cw_chunk_new(encoder, &chunk, NULL) != CW_OK ||
        cw_tail_new(encoder, &tail, NULL) != CW_OK || cw_encoder_head(encoder, file, NULL) != CW_OK) {
        abort();
    }
    const int64_t offset = (int64_t)file->size;
    if (cw_chunk_add(chunk, batch, NULL) != CW_OK ||
        cw_chunk_finish(chunk, true, file, &note, NULL) != CW_OK ||
        cw_tail_add(tail, &note, offset, NULL) != CW_OK || cw_tail_finish(tail, file, NULL) != CW_OK) {
        abort();
    }
    cw_buffer_clear(&note);
    cw_tail_free(tail);
    cw_chunk_free(chunk);
    cw_encoder_free(encoder);
}

/* Whatever is accepted must encode, decode and encode to the same bytes again. */
static void fuzz_round_trip(enum cw_format format, const struct cw_entity *entity, const uint8_t *data,
                            size_t size)
{
    struct cw_batch first;
    struct cw_batch second;
    struct cw_buffer file = {0};
    struct cw_buffer again = {0};
    if (cw_batch_init(&first, entity, NULL) != CW_OK || cw_batch_init(&second, entity, NULL) != CW_OK) {
        abort();
    }
    if (fuzz_decode(format, entity, (struct fuzz_file){data, size}, &first)) {
        fuzz_encode(format, &first, &file);
        if (!fuzz_decode(format, entity, (struct fuzz_file){(const uint8_t *)file.data, file.size},
                         &second)) {
            abort();
        }
        fuzz_encode(format, &second, &again);
        if (file.size != again.size || memcmp(file.data, again.data, file.size) != 0) {
            abort();
        }
    }
    cw_buffer_clear(&file);
    cw_buffer_clear(&again);
    cw_batch_clear(&first);
    cw_batch_clear(&second);
}

#define FUZZ_COLUMN(name, type, nullable)                                                                    \
    {                                                                                                        \
        name, type, nullable, false, CW_NO_REFERENCE, CW_PERSONAL_NONE, "", NULL,                            \
            "A column of the fuzz targets"                                                                   \
    }

/* Short names, so that a fuzzer finds rows that are accepted. */
static const struct cw_column_def fuzz_columns[] = {
    FUZZ_COLUMN("i", CW_TYPE_INT32, false), FUZZ_COLUMN("s", CW_TYPE_STRING, true),
    FUZZ_COLUMN("b", CW_TYPE_BOOL, true),   FUZZ_COLUMN("l", CW_TYPE_INT64, true),
    FUZZ_COLUMN("d", CW_TYPE_DATE, true),   FUZZ_COLUMN("t", CW_TYPE_TIMESTAMP, true),
    FUZZ_COLUMN("u", CW_TYPE_UUID, true),
};
static const struct cw_entity fuzz_entity = {CW_ENTITY_CUSTOMER,         "row",        "rows",
                                             "Rows of the fuzz targets", fuzz_columns, 7};

#endif
