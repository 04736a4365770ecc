/* What the manifests of a directory are together. */
#ifndef CW_SERVICE_MANIFEST_SURVEY_H
#define CW_SERVICE_MANIFEST_SURVEY_H

#include <stddef.h>

#include "cartwright/error.h"

struct cw_manifest_survey {
    size_t count;    /* manifests */
    size_t missing;  /* manifests of shards that others say there are */
    char names[512]; /* of those, as many as fit: "manifest-00001-of-00003.json, ..." */
};

/* Reads all manifests of a directory. Errors: those of cw_manifest_each and cw_manifest_load. */
cw_status cw_manifest_survey(const char *directory, struct cw_manifest_survey *survey,
                             struct cw_error *error);

#endif
