#define _POSIX_C_SOURCE 200809L
/* The keys that tokens are judged by. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#include "service/base64url.h"
#include "service/json_read.h"
#include "service/token.h"
#include "service/values.h"

#define SECRET_MIN 32
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define ED25519_SIZE 32
#define KEY_ID_MAX 256

static void key_clear(struct cw_token_key *key)
{
    free(key->id);
    EVP_PKEY_free(key->key);
    if (key->secret != NULL) {
        OPENSSL_cleanse(key->secret, key->secret_size);
        free(key->secret);
    }
    *key = (struct cw_token_key){0};
}

void cw_token_keys_clear(struct cw_token_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        key_clear(&keys->items[i]);
    }
    keys->count = 0;
}

static cw_status add_key(struct cw_token_keys *keys, struct cw_token_key *key, struct cw_error *error)
{
    for (size_t i = 0; i < keys->count; i++) {
        const char *other = keys->items[i].id;
        if (key->id == NULL ? other == NULL : other != NULL && strcmp(other, key->id) == 0) {
            return cw_error_set(error, CW_E_INVALID, "kid",
                                key->id == NULL ? "two keys have no kid; expected one in each"
                                                : "two keys have the same kid; expected another one in each");
        }
    }
    if (keys->count == CW_TOKEN_KEYS_MAX) {
        return cw_error_set(error, CW_E_INVALID, "keys", "there are more keys than %d", CW_TOKEN_KEYS_MAX);
    }
    keys->items[keys->count++] = *key;
    *key = (struct cw_token_key){0};
    return CW_OK;
}

static cw_status take_secret(struct cw_token_key *key, const void *secret, size_t size,
                             struct cw_error *error)
{
    if (size < SECRET_MIN) {
        return cw_error_set(error, CW_E_INVALID, "k",
                            "the secret for HS256 has %zu bytes; expected at least %d", size, SECRET_MIN);
    }
    key->secret = malloc(size);
    if (key->secret == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a key");
    }
    memcpy(key->secret, secret, size);
    key->secret_size = size;
    key->algorithm = CW_TOKEN_HS256;
    return CW_OK;
}

cw_status cw_token_keys_add_secret(struct cw_token_keys *keys, const void *secret, size_t size,
                                   struct cw_error *error)
{
    struct cw_token_key key = {0};
    cw_status status = take_secret(&key, secret, size, error);
    if (status == CW_OK) {
        status = add_key(keys, &key, error);
    }
    key_clear(&key);
    return status;
}

/* Decodes a member of a key; *bytes is for the caller to free. */
static cw_status read_bytes(const json_t *object, const char *name, uint8_t **bytes, size_t *size,
                            struct cw_error *error)
{
    const json_t *member = json_object_get(object, name);
    const char *text = json_string_value(member);
    const size_t length = json_string_length(member);
    if (text == NULL || length == 0) {
        return cw_error_set(error, CW_E_INVALID, name, "%s of a key is missing; expected a base64url text",
                            name);
    }
    uint8_t *made = malloc(CW_BASE64URL_BYTES(length));
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for a key");
    }
    if (!cw_base64url_decode(text, length, made, size)) {
        free(made);
        return cw_error_set(error, CW_E_INVALID, name,
                            "%s of a key can't be read; expected base64url without padding", name);
    }
    *bytes = made;
    return CW_OK;
}

static cw_status read_secret(const json_t *object, struct cw_token_key *key, struct cw_error *error)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    cw_status status = read_bytes(object, "k", &bytes, &size, error);
    if (status == CW_OK) {
        status = take_secret(key, bytes, size, error);
        OPENSSL_cleanse(bytes, size);
    }
    free(bytes);
    return status;
}

/* Whether a key is a point of small order, in any of its encodings: with it, a signature fits any text. These
 * are the y of all points of order 1, 2, 4 and 8 of the curve of RFC 8032, section 5.1, those below 2^255 - p
 * once more increased by p; the sign of x is no part of them. */
static bool is_of_small_order(const uint8_t point[ED25519_SIZE])
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    uint8_t y[ED25519_SIZE];
    char text[2 * ED25519_SIZE + 1];
    bool is_small = false;
    memcpy(y, point, sizeof y);
    y[ED25519_SIZE - 1] &= 0x7F;
    cw_hex_text(y, sizeof y, text);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        is_small = is_small || strcmp(text, points[i]) == 0;
    }
    return is_small;
}

static cw_status read_ed25519(const json_t *object, struct cw_token_key *key, struct cw_error *error)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    const cw_status status = read_bytes(object, "x", &bytes, &size, error);
    if (status == CW_OK && size == ED25519_SIZE && !is_of_small_order(bytes)) {
        key->key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, size);
        key->algorithm = CW_TOKEN_EDDSA;
    }
    free(bytes);
    if (status == CW_OK && key->key == NULL) {
        return cw_error_set(error, CW_E_INVALID, "x",
                            "x of an Ed25519 key must be a point of %d bytes, and not one of small order",
                            ED25519_SIZE);
    }
    return status;
}

static EVP_PKEY *make_rsa(const BIGNUM *modulus, const BIGNUM *exponent)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (context != NULL && builder != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1 &&
        (parameters = OSSL_PARAM_BLD_to_param(builder)) != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return key;
}

static cw_status read_rsa(const json_t *object, struct cw_token_key *key, struct cw_error *error)
{
    uint8_t *n = NULL;
    uint8_t *e = NULL;
    size_t n_size = 0;
    size_t e_size = 0;
    BIGNUM *modulus = NULL;
    BIGNUM *exponent = NULL;
    cw_status status = read_bytes(object, "n", &n, &n_size, error);
    if (status == CW_OK) {
        status = read_bytes(object, "e", &e, &e_size, error);
    }
    if (status == CW_OK && n_size <= RSA_BITS_MAX / 8 && e_size <= 8) {
        modulus = BN_bin2bn(n, (int)n_size, NULL);
        exponent = BN_bin2bn(e, (int)e_size, NULL);
    }
    if (modulus != NULL && exponent != NULL && BN_num_bits(modulus) >= RSA_BITS_MIN && BN_is_odd(modulus) &&
        BN_is_odd(exponent) && !BN_is_one(exponent)) {
        key->key = make_rsa(modulus, exponent);
        key->algorithm = CW_TOKEN_RS256;
    }
    if (status == CW_OK && key->key == NULL) {
        status = cw_error_set(error, CW_E_INVALID, "n",
                              "an RSA key must have a modulus of %d to %d bits and an odd exponent above 1",
                              RSA_BITS_MIN, RSA_BITS_MAX);
    }
    BN_free(modulus);
    BN_free(exponent);
    free(n);
    free(e);
    return status;
}

/* Whether a member is absent or this text. */
static bool allows(const json_t *object, const char *name, const char *wanted)
{
    const json_t *member = json_object_get(object, name);
    return member == NULL || (json_is_string(member) && strcmp(json_string_value(member), wanted) == 0);
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL && strcmp(text, wanted) == 0;
}

/* Whether key_ops (RFC 7517, section 4.3) is absent or holds "verify". */
static bool may_verify(const json_t *object)
{
    size_t index;
    const json_t *operation;
    const json_t *operations = json_object_get(object, "key_ops");
    bool may = operations == NULL;
    json_array_foreach(operations, index, operation)
    {
        may = may || (json_is_string(operation) && strcmp(json_string_value(operation), "verify") == 0);
    }
    return may;
}

/* Reads the material of a key whose kind and algorithm fit; others leave *fits false. */
static cw_status read_material(const json_t *object, struct cw_token_key *key, bool *fits,
                               struct cw_error *error)
{
    *fits = allows(object, "use", "sig") && may_verify(object);
    if (*fits && is_text(object, "kty", "oct") && allows(object, "alg", "HS256")) {
        return read_secret(object, key, error);
    }
    if (*fits && json_object_get(object, "d") != NULL) {
        return cw_error_set(error, CW_E_INVALID, "d",
                            "the JWKS holds a private key; expected the public half of it only");
    }
    if (*fits && is_text(object, "kty", "RSA") && allows(object, "alg", "RS256")) {
        return read_rsa(object, key, error);
    }
    if (*fits && is_text(object, "kty", "OKP") && is_text(object, "crv", "Ed25519") &&
        (allows(object, "alg", "EdDSA") || allows(object, "alg", "Ed25519"))) {
        return read_ed25519(object, key, error);
    }
    *fits = false;
    return CW_OK;
}

static cw_status read_key(struct cw_token_keys *keys, const json_t *object, struct cw_error *error)
{
    struct cw_token_key key = {0};
    bool fits = false;
    const json_t *id = json_object_get(object, "kid");
    if (!json_is_object(object)) {
        return cw_error_set(error, CW_E_INVALID, "keys", "a member of keys is no object");
    }
    cw_status status = read_material(object, &key, &fits, error);
    if (status == CW_OK && fits && id != NULL) {
        const size_t length = json_string_length(id);
        key.id = length >= 1 && length <= KEY_ID_MAX && strlen(json_string_value(id)) == length
                     ? strdup(json_string_value(id))
                     : NULL;
        if (key.id == NULL) {
            status = cw_error_set(error, CW_E_INVALID, "kid", "kid of a key must be a text of 1 to %d bytes",
                                  KEY_ID_MAX);
        }
    }
    if (status == CW_OK && fits) {
        status = add_key(keys, &key, error);
    }
    key_clear(&key);
    return status;
}

cw_status cw_token_keys_parse(struct cw_token_keys *keys, const char *text, size_t size,
                              struct cw_error *error)
{
    json_t *json = NULL;
    const size_t before = keys->count;
    size_t index;
    json_t *object;
    if (size > CW_TOKEN_KEY_FILE_MAX || cw_json_parse(text, size, &json, NULL) != CW_OK ||
        !json_is_array(json_object_get(json, "keys"))) {
        json_decref(json);
        return cw_error_set(error, CW_E_INVALID, "jwks",
                            "this is no JWKS; expected a JSON object with an array named keys, of at most %u "
                            "bytes",
                            CW_TOKEN_KEY_FILE_MAX);
    }
    cw_status status = CW_OK;
    json_array_foreach(json_object_get(json, "keys"), index, object)
    {
        struct cw_error cause = {0};
        status = status == CW_OK ? read_key(keys, object, &cause) : status;
        if (status != CW_OK && cause.code != CW_OK) {
            cw_error_set(error, status, cause.field, "keys[%zu]: %.300s", index, cause.message);
        }
    }
    if (status == CW_OK && keys->count == before) {
        status = cw_error_set(error, CW_E_INVALID, "keys",
                              "no key of the JWKS can be used; expected HS256, RS256 or EdDSA (Ed25519)");
    }
    json_decref(json);
    while (status != CW_OK && keys->count > before) {
        key_clear(&keys->items[--keys->count]);
    }
    return status;
}
