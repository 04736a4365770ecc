#include "service/destination.h"

static cw_status emit(struct cw_destination *destination, const struct cw_buffer *bytes,
                      struct cw_error *error)
{
    struct cw_output *output = destination->output;
    cw_status status = CW_OK;
    if (bytes->size == 0) {
        return CW_OK;
    }
    if (destination->digest != NULL && EVP_DigestUpdate(destination->digest, bytes->data, bytes->size) != 1) {
        return cw_error_set(error, CW_E_INTERNAL, NULL, "the digest failed");
    }
    if (output->sink.write != NULL) {
        status = output->sink.write(output->sink.context, bytes->data, bytes->size, error);
    }
    if (status == CW_OK) {
        output->bytes += (int64_t)bytes->size;
    }
    return status;
}

static cw_status make_encoder(struct cw_destination *destination, struct cw_error *error)
{
    const struct cw_output *output = destination->output;
    const struct cw_entity *entity = cw_entity_get(output->entity);
    uint32_t columns[64];
    uint32_t count = 0;
    for (uint32_t i = 0; i < entity->column_count; i++) {
        if (output->columns == 0 || (output->columns >> i & 1) != 0) {
            columns[count++] = i;
        }
    }
    const struct cw_encoder_options options = {.format = output->format,
                                               .compression = output->compression,
                                               .compression_level = output->compression_level,
                                               .entity = entity,
                                               .columns = columns,
                                               .column_count = count};
    return cw_encoder_new(&options, &destination->encoder, error);
}

cw_status cw_destination_open(struct cw_destination *destination, struct cw_output *output,
                              struct cw_error *error)
{
    destination->output = output;
    output->rows = 0;
    output->bytes = 0;
    cw_status status = make_encoder(destination, error);
    if (status == CW_OK) {
        status = cw_tail_new(destination->encoder, &destination->tail, error);
    }
    if (status == CW_OK && output->wants_digest) {
        destination->digest = EVP_MD_CTX_new();
        if (destination->digest == NULL || EVP_DigestInit_ex(destination->digest, EVP_sha256(), NULL) != 1) {
            status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a digest");
        }
    }
    if (status == CW_OK) {
        status = cw_encoder_head(destination->encoder, &destination->edge, error);
    }
    return status == CW_OK ? emit(destination, &destination->edge, error) : status;
}

cw_status cw_destination_add(struct cw_destination *destination, const struct cw_buffer *body,
                             const struct cw_buffer *note, int64_t rows, struct cw_error *error)
{
    cw_status status = CW_OK;
    if (note->size > 0 || body->size > 0) {
        status = cw_tail_add(destination->tail, note, destination->output->bytes, error);
    }
    if (status == CW_OK) {
        status = emit(destination, body, error);
    }
    if (status == CW_OK) {
        destination->output->rows += rows;
    }
    return status;
}

cw_status cw_destination_finish(struct cw_destination *destination, struct cw_error *error)
{
    destination->edge.size = 0;
    cw_status status = cw_tail_finish(destination->tail, &destination->edge, error);
    if (status == CW_OK) {
        status = emit(destination, &destination->edge, error);
    }
    if (status == CW_OK && destination->digest != NULL &&
        EVP_DigestFinal_ex(destination->digest, destination->output->digest, NULL) != 1) {
        status = cw_error_set(error, CW_E_INTERNAL, NULL, "the digest failed");
    }
    return status;
}

void cw_destination_clear(struct cw_destination *destination)
{
    EVP_MD_CTX_free(destination->digest);
    cw_tail_free(destination->tail);
    cw_encoder_free(destination->encoder);
    cw_buffer_clear(&destination->edge);
}
