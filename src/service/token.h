/* JSON Web Tokens (RFC 7519) that say who asks: HS256, RS256 and EdDSA with Ed25519 (RFC 7518, RFC 8037),
 * judged by keys of a JWKS file (RFC 7517). Each key has one algorithm, which the token cannot choose
 * (RFC 8725, section 3.1). */
#ifndef CW_SERVICE_TOKEN_H
#define CW_SERVICE_TOKEN_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cartwright/error.h"

#define CW_TOKEN_SIZE_MAX 8192
#define CW_TOKEN_KEYS_MAX 64
#define CW_TOKEN_KEY_FILE_MAX (256u << 10)
/* Seconds by which the issuer's clock may be ahead of ours. */
#define CW_TOKEN_SKEW 5

enum cw_token_algorithm { CW_TOKEN_HS256, CW_TOKEN_RS256, CW_TOKEN_EDDSA };

struct cw_token_key {
    char *id; /* kid; NULL: none */
    enum cw_token_algorithm algorithm;
    EVP_PKEY *key;   /* public, of RS256 and EdDSA */
    uint8_t *secret; /* of HS256 */
    size_t secret_size;
};

/* Zeroed storage is an empty set. Once filled it may be read by many threads. */
struct cw_token_keys {
    struct cw_token_key items[CW_TOKEN_KEYS_MAX];
    size_t count;
};
void cw_token_keys_clear(struct cw_token_keys *keys);

/* Adds the keys of a JWKS. Keys of other kinds, uses or operations are passed over. Errors: CW_E_INVALID for
 * what is no JWKS, without any key that fits, with a private key, a key that is too short (HS256 32 bytes,
 * RS256 2048 bits) or of small order (Ed25519), an id that comes twice, or none where there are several; they
 * say which key. No message holds key material. */
cw_status cw_token_keys_parse(struct cw_token_keys *keys, const char *text, size_t size,
                              struct cw_error *error);

/* Adds a secret for HS256, for tokens without kid. Errors: CW_E_INVALID when it is shorter than 32 bytes. */
cw_status cw_token_keys_add_secret(struct cw_token_keys *keys, const void *secret, size_t size,
                                   struct cw_error *error);

struct cw_token_rules {
    const struct cw_token_keys *keys;
    const char *issuer;   /* iss must be this; NULL: any */
    const char *audience; /* aud must be or hold this; NULL: there must be none */
};

/* What a good token says. */
struct cw_token_claims {
    uint32_t scopes;      /* of its claim scope, those known here */
    int64_t expires_at;   /* seconds since 1970 */
    uint8_t identity[16]; /* the same for all tokens of one issuer and subject */
};

/* Whether a token is good at a time (seconds since 1970): at most CW_TOKEN_SIZE_MAX bytes, well-formed,
 * signed by the key that its kid names with the algorithm of that key, not expired, valid already. exp must
 * be there. Nothing tells why it is not. */
bool cw_token_verify(const struct cw_token_rules *rules, const char *token, size_t size, int64_t now,
                     struct cw_token_claims *claims);

#endif
