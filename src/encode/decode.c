#include "encode/decode.h"

#include "encode/format.h"

cw_status cw_decoder_open(enum cw_format format, const struct cw_entity *entity, const struct cw_input *input,
                          struct cw_decoder **decoder, struct cw_error *error)
{
    const struct cw_format_row *row = cw_format_get(format);
    if (row == NULL) {
        return cw_error_set(error, CW_E_INVALID, "format", "format is %d, but 0 to %d were expected",
                            (int)format, CW_FORMAT_COUNT - 1);
    }
    if (row->decoder == NULL) {
        return cw_error_set(error, CW_E_UNSUPPORTED, "format", "format %s can be written, but not read",
                            row->name);
    }
    struct cw_decoder *made;
    const cw_status status = row->decoder->open(entity, input, &made, error);
    if (status != CW_OK) {
        return status;
    }
    made->format = row->decoder;
    made->entity = entity;
    made->input = input;
    *decoder = made;
    return CW_OK;
}

void cw_decoder_close(struct cw_decoder *decoder)
{
    if (decoder != NULL) {
        decoder->format->close(decoder);
    }
}

cw_status cw_decoder_next(struct cw_decoder *decoder, struct cw_batch *batch, struct cw_error *error)
{
    if (batch->entity != decoder->entity) {
        return cw_error_set(error, CW_E_INVALID, "batch", "the batch is one of %s, but the decoder reads %s",
                            batch->entity->table, decoder->entity->table);
    }
    return decoder->format->next(decoder, batch, error);
}
