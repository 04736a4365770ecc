/* Content negotiation (RFC 9110, section 12.5.1). */
#ifndef CW_API_MEDIA_TYPE_H
#define CW_API_MEDIA_TYPE_H

#include <stdbool.h>
#include <stddef.h>

/* The index of the best of offered (count of them, in the order of our preference; parameters don't matter)
 * for an Accept header, NULL for none sent; -1 when none is acceptable. Broken parts of the header are passed
 * over. */
int cw_media_type_choose(const char *accept, const char *const *offered, size_t count);

/* Whether a Content-Type names this type, whatever its parameters. */
bool cw_media_type_is(const char *content_type, const char *wanted);

#endif
