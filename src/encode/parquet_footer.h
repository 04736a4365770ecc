/* The end of a Parquet file: the functions of cw_format_encoder that write it. */
#ifndef CW_ENCODE_PARQUET_FOOTER_H
#define CW_ENCODE_PARQUET_FOOTER_H

#include "encode/format.h"

cw_status cw_parquet_tail_new(const struct cw_encoder *encoder, struct cw_tail **tail,
                              struct cw_error *error);
void cw_parquet_tail_free(struct cw_tail *tail);
cw_status cw_parquet_tail_add(struct cw_tail *tail, const struct cw_buffer *note, int64_t body_offset,
                              struct cw_error *error);
cw_status cw_parquet_tail_finish(struct cw_tail *tail, struct cw_buffer *out, struct cw_error *error);

#endif
