/* What `cartwright generate` was asked for. */
#ifndef CW_CLI_GENERATE_OPTIONS_H
#define CW_CLI_GENERATE_OPTIONS_H

#include "cli/options.h"
#include "service/generate_files.h"

struct cw_generate_options {
    struct cw_run_spec spec; /* not resolved */
    struct cw_selection selection;
    int format;
    int compression, compression_level;
    const char *out;   /* directory, or "-" */
    const char *store; /* or NULL */
    uint32_t threads;  /* 0: one per processor */
    uint32_t shard, shards;
    bool force, discard, quiet;
};

/* Reads the options and fills in what was left out. Errors: CW_E_INVALID, or those of reading the spec's
 * file. */
cw_status cw_generate_options_read(const struct cw_arguments *arguments, struct cw_generate_options *options,
                                   struct cw_error *error);

#define CW_GENERATE_OPTION_COUNT 31
extern const struct cw_option cw_generate_option_table[CW_GENERATE_OPTION_COUNT];

#endif
