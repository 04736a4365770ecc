/* Makes data again from a manifest or a stored run, and compares digests. */
#ifndef CW_SERVICE_REPRODUCE_H
#define CW_SERVICE_REPRODUCE_H

#include "cartwright/error.h"
#include "service/manifest.h"
#include "service/progress.h"

/* What became of a file of a manifest. One is missing only where others are there: a manifest that came
 * without any of its files has none to be checked. */
enum cw_file_state { CW_FILE_NOT_CHECKED, CW_FILE_SAME, CW_FILE_CHANGED, CW_FILE_MISSING };

/* "not checked", "same", "changed", "missing". */
const char *cw_file_state_text(enum cw_file_state state);

struct cw_reproduced_table {
    bool compared;
    bool same;
    int64_t rows_expected, rows_made;
    char sha256_expected[CW_DIGEST_SIZE * 2 + 1];
    char sha256_made[CW_DIGEST_SIZE * 2 + 1];
    enum cw_file_state file;
};

struct cw_reproduction {
    bool same; /* everything compared is the same */
    struct cw_reproduced_table tables[CW_ENTITY_COUNT];
    char difference[1024]; /* in words, with the likely cause; "" when same */
};

/* Makes the data of a manifest again, in memory that does not grow, and compares. With check_files the files
 * beside the manifest are read and compared as well. Errors: CW_E_UNSUPPORTED for another data version;
 * CW_E_CANCELLED when the progress was cancelled. */
cw_status cw_reproduce_manifest(const char *path, uint32_t threads, bool check_files,
                                struct cw_progress *progress, struct cw_reproduction *result,
                                struct cw_error *error);

/* Makes a run of a store again. A run that built upon rows of the store (its basis) needs them unchanged;
 * where they are not, the difference says so. */
cw_status cw_reproduce_run(struct cw_store *store, const struct cw_uuid *id, uint32_t threads,
                           struct cw_progress *progress, struct cw_reproduction *result,
                           struct cw_error *error);

/* Appends the result as a JSON object. */
cw_status cw_reproduction_json(const struct cw_reproduction *result, struct cw_buffer *out,
                               struct cw_error *error);

#endif
