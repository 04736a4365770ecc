#define _POSIX_C_SOURCE 200809L
#include "service/access_key.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>
#include <sys/random.h>

#include "service/base64url.h"
#include "service/values.h"

#define SECRET_SIZE 32

_Static_assert(sizeof CW_ACCESS_KEY_PREFIX - 1 + CW_BASE64URL_TEXT(SECRET_SIZE) == CW_ACCESS_KEY_LENGTH + 1,
               "a key is its prefix and its secret");

static const struct {
    uint32_t scope;
    const char *name;
} scope_names[] = {{CW_SCOPE_READ, "read"},
                   {CW_SCOPE_GENERATE, "generate"},
                   {CW_SCOPE_ADMIN, "admin"},
                   {CW_SCOPE_PERSONAL, "personal-data"}};

#define SCOPE_COUNT (sizeof scope_names / sizeof scope_names[0])

cw_status cw_access_key_new(struct cw_key_record *record, char key[CW_ACCESS_KEY_LENGTH + 1],
                            struct cw_error *error)
{
    uint8_t secret[SECRET_SIZE];
    if (getrandom(secret, sizeof secret, 0) != (ssize_t)sizeof secret) {
        return cw_error_set(error, CW_E_UNAVAILABLE, NULL, "the system gives no random bytes for a key");
    }
    memcpy(key, CW_ACCESS_KEY_PREFIX, sizeof CW_ACCESS_KEY_PREFIX - 1);
    cw_base64url_encode(secret, sizeof secret, key + sizeof CW_ACCESS_KEY_PREFIX - 1);
    OPENSSL_cleanse(secret, sizeof secret);
    SHA256((const unsigned char *)key, CW_ACCESS_KEY_LENGTH, record->digest);
    record->id = cw_uuid_fresh();
    record->created_at = cw_time_now();
    return CW_OK;
}

void cw_access_key_wipe(char key[CW_ACCESS_KEY_LENGTH + 1])
{
    OPENSSL_cleanse(key, CW_ACCESS_KEY_LENGTH + 1);
}

bool cw_access_key_digest(const char *text, uint8_t digest[CW_KEY_DIGEST])
{
    uint8_t secret[CW_BASE64URL_BYTES(CW_ACCESS_KEY_LENGTH)];
    const size_t prefix = sizeof CW_ACCESS_KEY_PREFIX - 1;
    const size_t length = strnlen(text, CW_ACCESS_KEY_LENGTH + 1);
    size_t size = 0;
    if (length != CW_ACCESS_KEY_LENGTH || memcmp(text, CW_ACCESS_KEY_PREFIX, prefix) != 0) {
        return false;
    }
    const bool is_good = cw_base64url_decode(text + prefix, length - prefix, secret, &size);
    OPENSSL_cleanse(secret, sizeof secret);
    if (is_good) {
        SHA256((const unsigned char *)text, length, digest);
    }
    return is_good;
}

bool cw_access_key_is_valid(const struct cw_key_record *record, int64_t now)
{
    return record->revoked_at == 0 && (record->expires_at == 0 || now < record->expires_at);
}

const char *cw_access_key_state(const struct cw_key_record *record, int64_t now)
{
    if (record->revoked_at != 0) {
        return "revoked";
    }
    return cw_access_key_is_valid(record, now) ? "active" : "expired";
}

uint32_t cw_scope_find(const char *name, size_t size)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        if (strlen(scope_names[i].name) == size && memcmp(scope_names[i].name, name, size) == 0) {
            return scope_names[i].scope;
        }
    }
    return 0;
}

const char *cw_scope_name(uint32_t scope)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        if (scope_names[i].scope == scope) {
            return scope_names[i].name;
        }
    }
    return "";
}

cw_status cw_scopes_read(const char *field, const char *text, uint32_t *scopes, struct cw_error *error)
{
    uint32_t read = 0;
    for (const char *at = text;; at++) {
        const size_t size = strcspn(at, ",");
        const uint32_t scope = cw_scope_find(at, size);
        if (scope == 0) {
            return cw_error_set(error, CW_E_INVALID, field,
                                "%s is '%.80s'; expected read, generate, admin, personal-data, or several of "
                                "them separated by commas",
                                field, text);
        }
        read |= scope;
        at += size;
        if (*at == '\0') {
            break;
        }
    }
    *scopes = read;
    return CW_OK;
}

void cw_scopes_text(uint32_t scopes, char text[CW_SCOPES_TEXT])
{
    size_t at = 0;
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        if ((scopes & scope_names[i].scope) != 0) {
            const size_t size = strlen(scope_names[i].name);
            if (at > 0) {
                text[at++] = ',';
            }
            memcpy(text + at, scope_names[i].name, size);
            at += size;
        }
    }
    text[at] = '\0';
}
