/* A run into files: DIR/<table>/part-00000.<format> for each table, and DIR/manifest.json last. */
#ifndef CW_SERVICE_GENERATE_FILES_H
#define CW_SERVICE_GENERATE_FILES_H

#include "cartwright/error.h"
#include "cartwright/run.h"
#include "service/manifest.h"
#include "service/produce.h"

struct cw_file_run {
    const struct cw_run_spec *spec;       /* resolved */
    const struct cw_selection *selection; /* tables and columns */
    enum cw_format format;
    enum cw_compression compression;
    int compression_level;
    const char *directory; /* made when it does not exist */
    bool force;            /* replace another run's files */
    uint32_t threads;
    uint32_t shard, shards; /* shards 0 or 1: the whole */
    struct cw_progress *progress;
};

/* Makes the files. Each is written under another name and takes its own only when it is whole and durable;
 * the manifest comes last. What was begun is removed on failure. *manifest (or NULL) is what was written, for
 * the caller to clear. Errors: CW_E_CONFLICT when the directory holds something else and force is not set;
 * CW_E_IO. */
cw_status cw_generate_files(const struct cw_file_run *run, struct cw_manifest *manifest,
                            struct cw_error *error);

#endif
