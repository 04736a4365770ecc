/* A growing run of bytes. */
#ifndef CARTWRIGHT_BUFFER_H
#define CARTWRIGHT_BUFFER_H

#include <stddef.h>

#include "cartwright/error.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Zeroed storage is a valid empty buffer. data may be read and, up to capacity, written by its owner. */
struct cw_buffer {
    char *data;
    size_t size;
    size_t capacity;
};

void cw_buffer_clear(struct cw_buffer *buffer);

/* Makes room for extra bytes past size (capacity at least doubles when it grows). Errors: CW_E_NO_MEMORY. */
cw_status cw_buffer_reserve(struct cw_buffer *buffer, size_t extra, struct cw_error *error);

/* Appends size bytes. Errors: CW_E_NO_MEMORY; the buffer is unchanged then. */
cw_status cw_buffer_append(struct cw_buffer *buffer, const void *bytes, size_t size, struct cw_error *error);

/* Appends formatted text. Not for row data: it is slow. */
cw_status cw_buffer_format(struct cw_buffer *buffer, struct cw_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
