#include "service/token.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

#include "service/access_key.h"
#include "service/base64url.h"
#include "service/json_read.h"

#define HEADER_MAX 1024
#define SIGNATURE_MAX 1024 /* of RSA with 8192 bits */
/* Seconds to the end of the year 9999. */
#define TIME_MAX INT64_C(253402300799)

_Static_assert(CW_TOKEN_SIZE_MAX <= 1u << 20, "decoded parts stand on the stack");

/* The three parts of header.payload.signature, as sent. */
struct parts {
    const char *header, *payload, *signature;
    size_t header_size, payload_size, signature_size;
    size_t signed_size; /* header.payload */
};

static bool split(const char *token, size_t size, struct parts *parts)
{
    if (size > CW_TOKEN_SIZE_MAX) {
        return false;
    }
    const char *first = memchr(token, '.', size);
    const char *second = first != NULL ? memchr(first + 1, '.', size - (size_t)(first + 1 - token)) : NULL;
    if (second == NULL) {
        return false;
    }
    *parts = (struct parts){.header = token,
                            .payload = first + 1,
                            .signature = second + 1,
                            .header_size = (size_t)(first - token),
                            .payload_size = (size_t)(second - first - 1),
                            .signature_size = size - (size_t)(second + 1 - token),
                            .signed_size = (size_t)(second - token)};
    return parts->header_size > 0 && parts->header_size <= HEADER_MAX && parts->payload_size > 0;
}

/* The JSON object of a part, or NULL. */
static json_t *read_part(const char *text, size_t length)
{
    uint8_t bytes[CW_BASE64URL_BYTES(CW_TOKEN_SIZE_MAX)];
    size_t size = 0;
    json_t *json = NULL;
    if (!cw_base64url_decode(text, length, bytes, &size) ||
        cw_json_parse((const char *)bytes, size, &json, NULL) != CW_OK) {
        return NULL;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* A member's text; NULL when it is none, or holds a zero byte. */
static const char *text_of(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    const char *text = json_string_value(member);
    return text != NULL && strlen(text) == json_string_length(member) ? text : NULL;
}

/* The key that a header names: that of its kid, or without one the key without id or the only one there is.
 */
static const struct cw_token_key *find_key(const struct cw_token_keys *keys, const json_t *header)
{
    const char *id = text_of(header, "kid");
    if (id == NULL && json_object_get(header, "kid") != NULL) {
        return NULL;
    }
    for (size_t i = 0; i < keys->count; i++) {
        const struct cw_token_key *key = &keys->items[i];
        if (id == NULL ? key->id == NULL || keys->count == 1 : key->id != NULL && strcmp(key->id, id) == 0) {
            return key;
        }
    }
    return NULL;
}

/* The key for a header that says nothing else than what is understood here, and its algorithm. */
static const struct cw_token_key *judge_header(const struct cw_token_keys *keys, const json_t *header)
{
    static const char *const names[] = {
        [CW_TOKEN_HS256] = "HS256", [CW_TOKEN_RS256] = "RS256", [CW_TOKEN_EDDSA] = "EdDSA"};
    const char *algorithm = text_of(header, "alg");
    const char *type = text_of(header, "typ");
    if (algorithm == NULL || json_object_get(header, "crit") != NULL ||
        (json_object_get(header, "typ") != NULL &&
         (type == NULL || (strcasecmp(type, "JWT") != 0 && strcasecmp(type, "at+jwt") != 0)))) {
        return NULL;
    }
    const struct cw_token_key *key = find_key(keys, header);
    return key != NULL && strcmp(names[key->algorithm], algorithm) == 0 ? key : NULL;
}

static bool verify_secret(const struct cw_token_key *key, const struct parts *parts, const uint8_t *signature,
                          size_t size)
{
    uint8_t expected[EVP_MAX_MD_SIZE];
    unsigned expected_size = 0;
    const bool is_made =
        HMAC(EVP_sha256(), key->secret, (int)key->secret_size, (const unsigned char *)parts->header,
             parts->signed_size, expected, &expected_size) != NULL;
    const bool is_good =
        is_made && size == expected_size && CRYPTO_memcmp(signature, expected, expected_size) == 0;
    OPENSSL_cleanse(expected, sizeof expected);
    return is_good;
}

static bool verify_public(const struct cw_token_key *key, const struct parts *parts, const uint8_t *signature,
                          size_t size)
{
    const EVP_MD *digest = key->algorithm == CW_TOKEN_RS256 ? EVP_sha256() : NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const bool is_good = context != NULL && size == (size_t)EVP_PKEY_get_size(key->key) &&
                         EVP_DigestVerifyInit(context, NULL, digest, NULL, key->key) == 1 &&
                         EVP_DigestVerify(context, signature, size, (const unsigned char *)parts->header,
                                          parts->signed_size) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return is_good;
}

static bool verify_signature(const struct cw_token_key *key, const struct parts *parts)
{
    uint8_t signature[CW_BASE64URL_BYTES(CW_BASE64URL_TEXT(SIGNATURE_MAX))];
    size_t size = 0;
    if (parts->signature_size >= CW_BASE64URL_TEXT(SIGNATURE_MAX) ||
        !cw_base64url_decode(parts->signature, parts->signature_size, signature, &size)) {
        return false;
    }
    return key->algorithm == CW_TOKEN_HS256 ? verify_secret(key, parts, signature, size)
                                            : verify_public(key, parts, signature, size);
}

/* Reads a NumericDate as whole seconds, rounded down; false for anything else. */
static bool read_time(const json_t *claims, const char *name, bool *found, int64_t *seconds)
{
    const json_t *member = json_object_get(claims, name);
    *found = member != NULL;
    if (member == NULL) {
        return true;
    }
    if (json_is_integer(member)) {
        *seconds = json_integer_value(member);
        return *seconds >= 0 && *seconds <= TIME_MAX;
    }
    const double value = json_is_real(member) ? json_real_value(member) : -1;
    if (!(value >= 0 && value <= (double)TIME_MAX)) {
        return false;
    }
    *seconds = (int64_t)value;
    return true;
}

static bool judge_times(const json_t *claims, int64_t now, int64_t *expires_at)
{
    bool has_end;
    bool has_start;
    bool has_issue;
    int64_t end = 0;
    int64_t start = 0;
    int64_t issue = 0;
    if (!read_time(claims, "exp", &has_end, &end) || !read_time(claims, "nbf", &has_start, &start) ||
        !read_time(claims, "iat", &has_issue, &issue) || !has_end || now >= end) {
        return false;
    }
    if (has_start && (start > now + CW_TOKEN_SKEW || start > end)) {
        return false;
    }
    *expires_at = end;
    return !has_issue || (issue <= now + CW_TOKEN_SKEW && issue <= end);
}

static bool judge_audience(const json_t *audience, const char *wanted)
{
    size_t index;
    const json_t *one;
    if (audience == NULL || wanted == NULL) {
        return audience == NULL && wanted == NULL;
    }
    if (json_is_string(audience)) {
        return strcmp(json_string_value(audience), wanted) == 0;
    }
    json_array_foreach(audience, index, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* The scopes of "read generate openid" (RFC 8693, section 4.2) that are known here. */
static uint32_t read_scopes(const char *text)
{
    uint32_t scopes = 0;
    while (text != NULL && *text != '\0') {
        const size_t size = strcspn(text, " ");
        scopes |= cw_scope_find(text, size);
        text += size + (text[size] == ' ');
    }
    return scopes;
}

static void identify(const char *issuer, const char *subject, uint8_t identity[16])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    uint8_t halves[2 * SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)issuer, strlen(issuer), halves);
    SHA256((const unsigned char *)subject, strlen(subject), halves + SHA256_DIGEST_LENGTH);
    SHA256(halves, sizeof halves, digest);
    memcpy(identity, digest, 16);
}

static bool judge_claims(const struct cw_token_rules *rules, const json_t *json, int64_t now,
                         struct cw_token_claims *claims)
{
    const char *issuer = text_of(json, "iss");
    const char *subject = text_of(json, "sub");
    if ((json_object_get(json, "iss") != NULL && issuer == NULL) ||
        (json_object_get(json, "sub") != NULL && subject == NULL) ||
        (rules->issuer != NULL && (issuer == NULL || strcmp(issuer, rules->issuer) != 0)) ||
        !judge_audience(json_object_get(json, "aud"), rules->audience) ||
        !judge_times(json, now, &claims->expires_at)) {
        return false;
    }
    claims->scopes = read_scopes(text_of(json, "scope"));
    identify(issuer != NULL ? issuer : "", subject != NULL ? subject : "", claims->identity);
    return true;
}

bool cw_token_verify(const struct cw_token_rules *rules, const char *token, size_t size, int64_t now,
                     struct cw_token_claims *claims)
{
    struct parts parts;
    struct cw_token_claims read = {0};
    if (!split(token, size, &parts)) {
        return false;
    }
    json_t *header = read_part(parts.header, parts.header_size);
    const struct cw_token_key *key = header != NULL ? judge_header(rules->keys, header) : NULL;
    json_t *payload = NULL;
    bool is_good = key != NULL && verify_signature(key, &parts);
    if (is_good) {
        payload = read_part(parts.payload, parts.payload_size);
        is_good = payload != NULL && judge_claims(rules, payload, now, &read);
    }
    json_decref(header);
    json_decref(payload);
    if (is_good) {
        *claims = read;
    }
    return is_good;
}
