/* The driver: runs a generation over threads and lays its bytes in order into outputs, or its rows into a
 * store. The bytes are the same for any number of threads. Memory does not grow with the number of rows. */
#ifndef CW_SERVICE_PRODUCE_H
#define CW_SERVICE_PRODUCE_H

#include <stddef.h>
#include <stdint.h>

#include "cartwright/encode.h"
#include "cartwright/error.h"
#include "cartwright/run.h"
#include "service/progress.h"
#include "store/store.h"

#define CW_DIGEST_SIZE 32 /* SHA-256 */
#define CW_THREADS_MAX 256

/* Where bytes go. write takes all of them or fails; it is called by one thread at a time, in file order, but
 * not always by the same thread. NULL: they go nowhere. */
struct cw_sink {
    cw_status (*write)(void *context, const void *bytes, size_t size, struct cw_error *error);
    void *context;
};

/* A sink that appends to a buffer, which fails with CW_E_LIMIT beyond `limit` bytes. */
struct cw_memory_sink {
    struct cw_buffer buffer;
    size_t limit;
};
struct cw_sink cw_memory_sink_get(struct cw_memory_sink *memory);

/* A sink that writes to an open file, which it does not close; errors call it by its name. A reader that went
 * away: CW_E_IO with native_code EPIPE. */
struct cw_descriptor {
    int number;
    const char *name;
};
struct cw_sink cw_descriptor_sink_get(const struct cw_descriptor *descriptor);

/* One table in one format. */
struct cw_output {
    enum cw_entity_id entity;
    uint64_t columns; /* bit per column of the entity; 0: all */
    enum cw_format format;
    enum cw_compression compression;
    int compression_level;
    bool wants_digest;
    struct cw_sink sink;
    /* Set by cw_produce, also where it fails half-way. */
    int64_t rows;
    int64_t bytes;
    uint8_t digest[CW_DIGEST_SIZE];
};

struct cw_produce_options {
    const struct cw_run_spec *spec; /* resolved */
    const struct cw_world *world;   /* or NULL */
    uint32_t shard;                 /* of shards; 0 of 1 (or of 0) for the whole */
    uint32_t shards;
    uint32_t threads; /* 0: one per processor */
    struct cw_output *outputs;
    size_t output_count;
    struct cw_load *load; /* takes every row of every table; or NULL */
    /* Takes every task's batches of every table, in order, by one thread at a time; or NULL. */
    cw_status (*take)(void *context, const struct cw_batch *const batches[CW_ENTITY_COUNT],
                      struct cw_error *error);
    void *take_context;
    struct cw_progress *progress; /* or NULL; total counts tasks */
    int64_t *rows;                /* CW_ENTITY_COUNT counters to add the rows of each entity to; or NULL */
};

/* Makes everything. Of several failures the first is reported. Errors: those of the engine, the sinks and the
 * store; CW_E_CANCELLED when the progress was cancelled. */
cw_status cw_produce(const struct cw_produce_options *options, struct cw_error *error);

/* The number of processors this process may run on, at least 1. */
uint32_t cw_processor_count(void);

#endif
