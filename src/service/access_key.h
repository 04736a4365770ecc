/* API keys: how they look, what they may do. */
#ifndef CW_SERVICE_ACCESS_KEY_H
#define CW_SERVICE_ACCESS_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "cartwright/error.h"
#include "store/key_store.h"

#define CW_ACCESS_KEY_PREFIX "cwk_"
/* "cwk_" and 256 random bits as base64url. */
#define CW_ACCESS_KEY_LENGTH 47
#define CW_SCOPES_TEXT 48

/* Draws a new key from the kernel's randomness and sets record->id, ->digest and ->created_at. The key is
 * nowhere else: wipe it after showing it. Errors: CW_E_UNAVAILABLE without randomness. */
cw_status cw_access_key_new(struct cw_key_record *record, char key[CW_ACCESS_KEY_LENGTH + 1],
                            struct cw_error *error);

void cw_access_key_wipe(char key[CW_ACCESS_KEY_LENGTH + 1]);

/* The digest of a text that has the form of a key; false for any other. */
bool cw_access_key_digest(const char *text, uint8_t digest[CW_KEY_DIGEST]);

/* Whether a key may be used at a time (microseconds UTC). */
bool cw_access_key_is_valid(const struct cw_key_record *record, int64_t now);

/* "active", "expired" or "revoked". */
const char *cw_access_key_state(const struct cw_key_record *record, int64_t now);

/* The scope of a name ("read", "generate", "admin", "personal-data"), or 0. */
uint32_t cw_scope_find(const char *name, size_t size);
/* The name of one scope. */
const char *cw_scope_name(uint32_t scope);

/* Reads "read,generate", at least one. Errors: CW_E_INVALID naming field. */
cw_status cw_scopes_read(const char *field, const char *text, uint32_t *scopes, struct cw_error *error);
/* Writes "read,generate". */
void cw_scopes_text(uint32_t scopes, char text[CW_SCOPES_TEXT]);

#endif
