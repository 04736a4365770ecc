/* Texts without the secrets that they hold. */
#ifndef CW_SERVICE_REDACT_H
#define CW_SERVICE_REDACT_H

#include "cartwright/buffer.h"
#include "cartwright/error.h"

/* Appends a text; where it is an address (scheme://user:password@host/...?password=...), with *** instead of
 * each password in it. */
cw_status cw_redact_address(const char *text, struct cw_buffer *out, struct cw_error *error);

#endif
