/* Generated files, put into a temporary database. */
#ifndef CW_SERVICE_CHECK_FILES_H
#define CW_SERVICE_CHECK_FILES_H

#include "service/check_database.h"

/* Loads the files, on database->threads threads and with as many connections, into temporary databases in
 * TMPDIR (else /var/tmp or /tmp) that go with the process: the files that a directory's manifests list, or,
 * without a manifest, every <table>/part-*.<format>. Tables whose files lack columns count as absent. Errors:
 * CW_E_NOT_FOUND when there is nothing to read; those of decoding, naming the file. */
cw_status cw_check_files_open(const char *directory, struct cw_progress *progress,
                              struct cw_check_database *database, struct cw_error *error);

#endif
