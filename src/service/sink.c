#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "service/produce.h"

static cw_status write_to_memory(void *context, const void *bytes, size_t size, struct cw_error *error)
{
    struct cw_memory_sink *memory = context;
    if (size > memory->limit - memory->buffer.size) {
        return cw_error_set(error, CW_E_LIMIT, NULL, "the answer would be larger than %zu bytes",
                            memory->limit);
    }
    return cw_buffer_append(&memory->buffer, bytes, size, error);
}

struct cw_sink cw_memory_sink_get(struct cw_memory_sink *memory)
{
    return (struct cw_sink){write_to_memory, memory};
}

static cw_status write_to_descriptor(void *context, const void *bytes, size_t size, struct cw_error *error)
{
    const struct cw_descriptor *descriptor = context;
    const char *at = bytes;
    while (size > 0) {
        const ssize_t written = write(descriptor->number, at, size);
        if (written >= 0) {
            at += written;
            size -= (size_t)written;
            continue;
        }
        const int code = errno;
        if (code == EINTR) {
            continue;
        }
        if (code == EAGAIN) {
            struct pollfd wait = {.fd = descriptor->number, .events = POLLOUT};
            poll(&wait, 1, -1);
            continue;
        }
        const cw_status status =
            cw_error_set(error, CW_E_IO, NULL, "can't write %.300s: %s", descriptor->name, strerror(code));
        if (error != NULL) {
            error->native_code = code;
        }
        return status;
    }
    return CW_OK;
}

struct cw_sink cw_descriptor_sink_get(const struct cw_descriptor *descriptor)
{
    /* The sink's context is writable by type only. */
    union {
        const struct cw_descriptor *constant;
        void *context;
    } access = {.constant = descriptor};
    return (struct cw_sink){write_to_descriptor, access.context};
}

uint32_t cw_processor_count(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
        return (uint32_t)CPU_COUNT(&set);
    }
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (uint32_t)count : 1;
}
