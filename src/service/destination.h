/* One output of a run on its way into its sink: the encoder, what the file's end needs to know, the digest.
 */
#ifndef CW_SERVICE_DESTINATION_H
#define CW_SERVICE_DESTINATION_H

#include <openssl/evp.h>

#include "service/produce.h"

/* Zeroed storage is a destination that was never opened. */
struct cw_destination {
    struct cw_output *output; /* borrowed */
    struct cw_encoder *encoder;
    struct cw_tail *tail;
    EVP_MD_CTX *digest; /* NULL: not wanted */
    struct cw_buffer edge;
};

/* Makes what the output needs and writes the beginning of its file. To be cleared after a failure, too.
 * Errors: those of the encoder and the sink, CW_E_NO_MEMORY. */
cw_status cw_destination_open(struct cw_destination *destination, struct cw_output *output,
                              struct cw_error *error);

/* Writes the rows of a finished chunk, which stand next in the file, and counts them. */
cw_status cw_destination_add(struct cw_destination *destination, const struct cw_buffer *body,
                             const struct cw_buffer *note, int64_t rows, struct cw_error *error);

/* Writes the end of the file and sets the output's digest. */
cw_status cw_destination_finish(struct cw_destination *destination, struct cw_error *error);

void cw_destination_clear(struct cw_destination *destination);

#endif
