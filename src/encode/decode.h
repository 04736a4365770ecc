/* Decoders: files that the encoders wrote, or others of the same columns, back into batches. */
#ifndef CW_ENCODE_DECODE_H
#define CW_ENCODE_DECODE_H

#include <stdint.h>

#include "cartwright/batch.h"
#include "cartwright/encode.h"

/* Where bytes come from. read_at fills bytes with up to size bytes from offset and sets *got, less than size
 * only at the end. size is -1 for a stream, which is then read strictly forward (CSV, NDJSON). */
struct cw_input {
    cw_status (*read_at)(void *context, int64_t offset, void *bytes, size_t size, size_t *got,
                         struct cw_error *error);
    void *context;
    int64_t size;
};

struct cw_decoder;

/* Opens a decoder of entity's rows. The file must hold every non-nullable column of the entity; columns may
 * stand in any order, unknown ones are CW_E_INVALID. input must outlive the decoder. Errors name line and
 * column. */
cw_status cw_decoder_open(enum cw_format format, const struct cw_entity *entity, const struct cw_input *input,
                          struct cw_decoder **decoder, struct cw_error *error);
void cw_decoder_close(struct cw_decoder *decoder);

/* Replaces the batch's rows by the next some thousand; row_count 0 at the end. Damaged input: CW_E_CORRUPT or
 * CW_E_INVALID, naming line (or row group), column, value and what was expected. */
cw_status cw_decoder_next(struct cw_decoder *decoder, struct cw_batch *batch, struct cw_error *error);

#endif
