/* The directory that a run's files go to: made, and checked for what other runs left there. */
#ifndef CW_SERVICE_OUTPUT_DIRECTORY_H
#define CW_SERVICE_OUTPUT_DIRECTORY_H

#include "cartwright/error.h"
#include "service/generate_files.h"

/* Makes run->directory and its parents, and takes away this run's own earlier manifest, so that the directory
 * is not whole while it is written again. What belongs to another run, or to none, is refused; with
 * run->force the manifests of other runs and the files that they list are removed. Errors: CW_E_CONFLICT
 * naming the file; CW_E_IO. */
cw_status cw_output_directory_prepare(const struct cw_file_run *run, struct cw_error *error);

#endif
