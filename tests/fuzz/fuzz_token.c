/* Tokens as they come, payloads that were signed well, and files of keys. */
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/access_key.h"
#include "service/base64url.h"
#include "service/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1760000000)

static const char secret[] = "0123456789abcdef0123456789abcdef";

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static bool judge(const struct cw_token_keys *keys, const char *token, size_t size)
{
    const struct cw_token_rules rules = {keys, NULL, NULL};
    struct cw_token_claims claims;
    const bool is_good = cw_token_verify(&rules, token, size, NOW, &claims);
    require(!is_good || (claims.expires_at > NOW && (claims.scopes & ~CW_SCOPE_ALL) == 0));
    return is_good;
}

/* The payload, behind a good header and before a good signature. */
static void judge_signed(const struct cw_token_keys *keys, const uint8_t *payload, size_t size)
{
    static const char header[] = "{\"alg\":\"HS256\"}";
    char token[2 * CW_TOKEN_SIZE_MAX];
    uint8_t signature[32];
    unsigned signature_size = 0;
    if (size > CW_TOKEN_SIZE_MAX) {
        return;
    }
    cw_base64url_encode((const uint8_t *)header, sizeof header - 1, token);
    size_t length = strlen(token);
    token[length++] = '.';
    cw_base64url_encode(payload, size, token + length);
    length += strlen(token + length);
    HMAC(EVP_sha256(), secret, (int)(sizeof secret - 1), (const unsigned char *)token, length, signature,
         &signature_size);
    token[length++] = '.';
    cw_base64url_encode(signature, signature_size, token + length);
    (void)judge(keys, token, strlen(token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cw_token_keys keys = {0};
    struct cw_token_keys read = {0};
    const char *text = size > 0 ? (const char *)data : "";
    require(cw_token_keys_add_secret(&keys, secret, sizeof secret - 1, NULL) == CW_OK);
    (void)judge(&keys, text, size);
    judge_signed(&keys, data, size);
    if (cw_token_keys_parse(&read, text, size, NULL) == CW_OK) {
        require(read.count > 0 && read.count <= CW_TOKEN_KEYS_MAX);
        (void)judge(&read, text, size);
    } else {
        require(read.count == 0);
    }
    cw_token_keys_clear(&read);
    cw_token_keys_clear(&keys);
    return 0;
}
