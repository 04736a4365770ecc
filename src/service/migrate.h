/* The schema of a store: what it is, bringing it up to date, comparing it with what it should be. */
#ifndef CW_SERVICE_MIGRATE_H
#define CW_SERVICE_MIGRATE_H

#include "cartwright/buffer.h"
#include "cartwright/error.h"

/* Appends a line for each revision that this program knows, with its id, whether the store has it and its
 * digest, and one that sums up. */
cw_status cw_migrate_status(const char *location, struct cw_buffer *out, struct cw_error *error);
/* Applies what is missing, and tells. */
cw_status cw_migrate_up(const char *location, struct cw_buffer *out, struct cw_error *error);
/* Fails when the store is not of this program's last revision, or was changed by hand; the error says what
 * differs. */
cw_status cw_migrate_check(const char *location, struct cw_buffer *out, struct cw_error *error);

#endif
