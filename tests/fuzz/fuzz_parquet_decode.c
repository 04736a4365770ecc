#include "decode_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Enough to pass from page to page and on to further row groups. */
#define MOST_BATCHES 8

static void read_on(const uint8_t *data, size_t size)
{
    struct fuzz_file file = {data, size};
    const struct cw_input input = {fuzz_read_at, &file, (int64_t)size};
    struct cw_decoder *decoder;
    struct cw_batch batch;
    struct cw_error error;
    if (cw_decoder_open(CW_FORMAT_PARQUET, &fuzz_entity, &input, &decoder, &error) != CW_OK) {
        return;
    }
    if (cw_batch_init(&batch, &fuzz_entity, NULL) != CW_OK) {
        abort();
    }
    for (int i = 0; i < MOST_BATCHES; i++) {
        if (cw_decoder_next(decoder, &batch, &error) != CW_OK || batch.row_count == 0) {
            break;
        }
    }
    cw_batch_clear(&batch);
    cw_decoder_close(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_on(data, size);
    fuzz_round_trip(CW_FORMAT_PARQUET, &fuzz_entity, data, size);
    return 0;
}
