/* Texts without the secrets that they hold. */
#ifndef CW_SERVICE_REDACT_H
#define CW_SERVICE_REDACT_H

#include "cartwright/buffer.h"
#include "cartwright/error.h"

/* Appends a text; where it is an address (scheme://user:password@host/...?password=...), one that was
 * misspelt (scheme:user:password@host), or a list of parameters of libpq (host=... password=...), with ***
 * instead of each password in it. */
cw_status cw_redact_address(const char *text, struct cw_buffer *out, struct cw_error *error);

/* Writes a text that comes from outside into a log line, cut to size, with *** instead of all that follows
 * the beginning of an API key or a token in it up to the next slash. */
void cw_redact_keys(const char *text, char *out, size_t size);

/* Writes a message as the value of a log line in quotation marks, cut to size: without what would end it or
 * the line. */
void cw_log_text(const char *text, char *out, size_t size);

#endif
