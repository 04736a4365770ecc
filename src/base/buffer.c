#include "cartwright/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Small texts such as a file's head should not grow the buffer more than once. */
#define LOWEST_CAPACITY 256

void cw_buffer_clear(struct cw_buffer *buffer)
{
    if (buffer == NULL) {
        return;
    }
    free(buffer->data);
    *buffer = (struct cw_buffer){0};
}

static cw_status no_memory(size_t size, struct cw_error *error)
{
    return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: a buffer needs %zu bytes", size);
}

cw_status cw_buffer_reserve(struct cw_buffer *buffer, size_t extra, struct cw_error *error)
{
    if (extra <= buffer->capacity - buffer->size) {
        return CW_OK;
    }
    if (extra > SIZE_MAX / 2 - buffer->size) {
        return no_memory(extra, error);
    }
    size_t wanted = buffer->size + extra;
    if (wanted < buffer->capacity * 2) {
        wanted = buffer->capacity * 2;
    }
    if (wanted < LOWEST_CAPACITY) {
        wanted = LOWEST_CAPACITY;
    }
    char *grown = realloc(buffer->data, wanted);
    if (grown == NULL) {
        return no_memory(wanted, error);
    }
    buffer->data = grown;
    buffer->capacity = wanted;
    return CW_OK;
}

cw_status cw_buffer_append(struct cw_buffer *buffer, const void *bytes, size_t size, struct cw_error *error)
{
    if (size == 0) {
        return CW_OK;
    }
    const cw_status status = cw_buffer_reserve(buffer, size, error);
    if (status != CW_OK) {
        return status;
    }
    memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
    return CW_OK;
}

cw_status cw_buffer_format(struct cw_buffer *buffer, struct cw_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return cw_error_set(error, CW_E_INVALID, NULL, "text cannot be formatted as \"%s\"", format);
    }
    /* vsnprintf ends the text with a zero byte, which is not part of the buffer's size. */
    const cw_status status = cw_buffer_reserve(buffer, (size_t)length + 1, error);
    if (status != CW_OK) {
        return status;
    }
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
    return CW_OK;
}
