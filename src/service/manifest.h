/* The manifest of a directory of generated files: what was asked for, and what each file must be. */
#ifndef CW_SERVICE_MANIFEST_H
#define CW_SERVICE_MANIFEST_H

#include <stdint.h>

#include "cartwright/encode.h"
#include "cartwright/entity.h"
#include "cartwright/error.h"
#include "cartwright/run.h"
#include "service/produce.h"

struct cw_manifest_table {
    bool present;
    uint64_t columns; /* bit per column */
    char file[80];    /* relative to the manifest, "customers/part-00000.csv" */
    int64_t rows;
    int64_t bytes;
    char sha256[CW_DIGEST_SIZE * 2 + 1];
};

/* Plain data: copying is allowed. */
struct cw_manifest {
    char version[32]; /* of the program that wrote it */
    struct cw_run_spec spec;
    enum cw_format format;
    enum cw_compression compression;
    int compression_level;
    uint32_t shard, shards;
    struct cw_manifest_table tables[CW_ENTITY_COUNT];
};

const char *cw_compression_name(enum cw_compression compression);

/* The file name of a manifest: "manifest.json", or "manifest-00003-of-00016.json" for a shard. */
void cw_manifest_name(uint32_t shard, uint32_t shards, char *name, size_t size);

/* Appends the manifest as JSON, indented for people. */
cw_status cw_manifest_json(const struct cw_manifest *manifest, struct cw_buffer *out, struct cw_error *error);

/* Reads the text of a manifest; path names it in errors. Errors: CW_E_CORRUPT naming the file and the field.
 */
cw_status cw_manifest_parse(const char *path, const char *text, size_t size, struct cw_manifest *manifest,
                            struct cw_error *error);

/* Reads a manifest. Errors: those of cw_manifest_parse, CW_E_IO, CW_E_NOT_FOUND. */
cw_status cw_manifest_load(const char *path, struct cw_manifest *manifest, struct cw_error *error);

/* Finds a directory's manifests; calls each with its path until it fails. Errors: CW_E_NOT_FOUND for none. */
cw_status cw_manifest_each(const char *directory,
                           cw_status (*each)(void *context, const char *path, struct cw_error *error),
                           void *context, struct cw_error *error);

/* Whole small files. Errors: CW_E_IO, CW_E_NOT_FOUND, CW_E_LIMIT beyond limit bytes. */
cw_status cw_file_read(const char *path, size_t limit, struct cw_buffer *out, struct cw_error *error);

#endif
