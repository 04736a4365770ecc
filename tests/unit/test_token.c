/* Tokens: what is let in, and each way of being wrong. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "service/access_key.h"
#include "service/base64url.h"
#include "service/token.h"

#define NOW INT64_C(1760000000)
#define TOKEN_ROOM 16384

static const char secret[] = "0123456789abcdef0123456789abcdef";

static struct cw_token_keys keys;
static struct cw_error error;
static EVP_PKEY *rsa_pair, *ed_pair;

static void append_part(char *token, const void *bytes, size_t size)
{
    ck_assert_uint_lt(strlen(token) + CW_BASE64URL_TEXT(size), TOKEN_ROOM);
    cw_base64url_encode(bytes, size, token + strlen(token));
}

static void sign_secret(char *token, const char *with)
{
    uint8_t signature[32];
    unsigned size = 0;
    HMAC(EVP_sha256(), with, (int)strlen(with), (const unsigned char *)token, strlen(token), signature,
         &size);
    strncat(token, ".", 2);
    append_part(token, signature, size);
}

static void sign_pair(char *token, EVP_PKEY *pair, const EVP_MD *digest)
{
    uint8_t signature[512];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ck_assert_int_eq(EVP_DigestSignInit(context, NULL, digest, NULL, pair), 1);
    ck_assert_int_eq(EVP_DigestSign(context, signature, &size, (const unsigned char *)token, strlen(token)),
                     1);
    EVP_MD_CTX_free(context);
    strncat(token, ".", 2);
    append_part(token, signature, size);
}

static void begin_token(char token[TOKEN_ROOM], const char *header, const char *payload)
{
    token[0] = '\0';
    append_part(token, header, strlen(header));
    strncat(token, ".", 2);
    append_part(token, payload, strlen(payload));
}

static bool judge_by(const char *token, const char *issuer, const char *audience,
                     struct cw_token_claims *claims)
{
    const struct cw_token_rules rules = {&keys, issuer, audience};
    return cw_token_verify(&rules, token, strlen(token), NOW, claims);
}

static bool judge(const char *token)
{
    struct cw_token_claims claims;
    return judge_by(token, NULL, NULL, &claims);
}

/* Whether a payload is let in when it is signed well by the secret. */
static bool judge_payload(const char *payload)
{
    char token[TOKEN_ROOM];
    begin_token(token, "{\"alg\":\"HS256\",\"kid\":\"h\"}", payload);
    sign_secret(token, secret);
    return judge(token);
}

static void member(EVP_PKEY *pair, const char *name, char text[1024])
{
    BIGNUM *number = NULL;
    uint8_t bytes[512];
    ck_assert_int_eq(EVP_PKEY_get_bn_param(pair, name, &number), 1);
    const int size = BN_bn2bin(number, bytes);
    cw_base64url_encode(bytes, (size_t)size, text);
    BN_free(number);
}

static void set_up(void)
{
    char jwks[4096];
    char n[1024];
    char e[1024];
    char x[64];
    char k[64];
    uint8_t point[32];
    size_t size = sizeof point;
    rsa_pair = EVP_RSA_gen(2048);
    ed_pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    ck_assert_ptr_nonnull(rsa_pair);
    ck_assert_ptr_nonnull(ed_pair);
    member(rsa_pair, OSSL_PKEY_PARAM_RSA_N, n);
    member(rsa_pair, OSSL_PKEY_PARAM_RSA_E, e);
    ck_assert_int_eq(EVP_PKEY_get_raw_public_key(ed_pair, point, &size), 1);
    cw_base64url_encode(point, size, x);
    cw_base64url_encode((const uint8_t *)secret, strlen(secret), k);
    snprintf(jwks, sizeof jwks,
             "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\",\"alg\":\"RS256\",\"use\":\"sig\",\"n\":\"%s\",\"e\":"
             "\"%s\"},"
             "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"e\",\"x\":\"%s\"},"
             "{\"kty\":\"EC\",\"kid\":\"other\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"},"
             "{\"kty\":\"oct\",\"kid\":\"h\",\"k\":\"%s\"}]}",
             n, e, x, k);
    const cw_status status = cw_token_keys_parse(&keys, jwks, strlen(jwks), &error);
    ck_assert_msg(status == CW_OK, "%s", error.message);
    ck_assert_uint_eq(keys.count, 3);
}

static void tear_down(void)
{
    cw_token_keys_clear(&keys);
    EVP_PKEY_free(rsa_pair);
    EVP_PKEY_free(ed_pair);
}

START_TEST(test_each_algorithm_lets_its_key_in)
{
    static const char payload[] =
        "{\"exp\":1760000060,\"scope\":\"openid read personal-data\",\"sub\":\"me\"}";
    char token[TOKEN_ROOM];
    struct cw_token_claims claims;
    begin_token(token, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"h\"}", payload);
    sign_secret(token, secret);
    ck_assert(judge_by(token, NULL, NULL, &claims));
    ck_assert_uint_eq(claims.scopes, CW_SCOPE_READ | CW_SCOPE_PERSONAL);
    ck_assert_int_eq(claims.expires_at, NOW + 60);
    begin_token(token, "{\"alg\":\"RS256\",\"kid\":\"r\"}", payload);
    sign_pair(token, rsa_pair, EVP_sha256());
    ck_assert(judge(token));
    begin_token(token, "{\"alg\":\"EdDSA\",\"typ\":\"at+JWT\",\"kid\":\"e\"}", payload);
    sign_pair(token, ed_pair, NULL);
    ck_assert(judge(token));
}
END_TEST

START_TEST(test_the_token_does_not_choose_the_algorithm)
{
    static const char payload[] = "{\"exp\":1760000060,\"scope\":\"read\"}";
    static const char *const headers[] = {"{\"alg\":\"none\",\"kid\":\"h\"}",
                                          "{\"alg\":\"hs256\",\"kid\":\"h\"}",
                                          "{\"alg\":\"HS256\",\"kid\":\"r\"}",
                                          "{\"alg\":\"HS256\",\"kid\":\"e\"}",
                                          "{\"alg\":\"HS256\",\"kid\":\"x\"}",
                                          "{\"alg\":\"HS512\",\"kid\":\"h\"}",
                                          "{\"kid\":\"h\"}",
                                          "{\"alg\":\"HS256\"}",
                                          "{\"alg\":[\"HS256\"],\"kid\":\"h\"}",
                                          "{\"alg\":\"HS256\",\"kid\":5}",
                                          "{\"alg\":\"HS256\",\"kid\":\"h\",\"crit\":[\"exp\"]}",
                                          "{\"alg\":\"HS256\",\"kid\":\"h\",\"typ\":\"secevent+jwt\"}",
                                          "{\"alg\":\"HS256\",\"alg\":\"HS256\",\"kid\":\"h\"}"};
    char token[TOKEN_ROOM];
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        begin_token(token, headers[i], payload);
        sign_secret(token, secret);
        ck_assert_msg(!judge(token), "%s", headers[i]);
        begin_token(token, headers[i], payload);
        strncat(token, ".", 2);
        ck_assert_msg(!judge(token), "%s unsigned", headers[i]);
    }
    /* A public key taken for a secret, the classical confusion. */
    char n[1024];
    member(rsa_pair, OSSL_PKEY_PARAM_RSA_N, n);
    begin_token(token, "{\"alg\":\"HS256\",\"kid\":\"r\"}", payload);
    sign_secret(token, n);
    ck_assert(!judge(token));
}
END_TEST

START_TEST(test_times_are_enforced)
{
    static const struct {
        const char *payload;
        bool is_good;
    } cases[] = {{"{\"exp\":1760000001}", true},
                 {"{\"exp\":1760000001.5}", true},
                 {"{\"exp\":1760000000}", false},
                 {"{\"exp\":1759999999}", false},
                 {"{}", false},
                 {"{\"exp\":null}", false},
                 {"{\"exp\":\"1760000060\"}", false},
                 {"{\"exp\":-1}", false},
                 {"{\"exp\":1e300}", false},
                 {"{\"exp\":9223372036854775807}", false},
                 {"{\"exp\":1760000060,\"nbf\":1760000005}", true},
                 {"{\"exp\":1760000060,\"nbf\":1760000006}", false},
                 {"{\"exp\":1760000060,\"nbf\":\"now\"}", false},
                 {"{\"exp\":1760000060,\"iat\":1760000000}", true},
                 {"{\"exp\":1760000060,\"iat\":1760000040}", false},
                 {"{\"exp\":1760000060,\"iat\":true}", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(judge_payload(cases[i].payload) == cases[i].is_good, "%s", cases[i].payload);
    }
}
END_TEST

START_TEST(test_issuer_and_audience)
{
    static const struct {
        const char *payload, *issuer, *audience;
        bool is_good;
    } cases[] = {{"{\"exp\":1760000060,\"iss\":\"a\"}", "a", NULL, true},
                 {"{\"exp\":1760000060,\"iss\":\"b\"}", "a", NULL, false},
                 {"{\"exp\":1760000060}", "a", NULL, false},
                 {"{\"exp\":1760000060,\"iss\":7}", NULL, NULL, false},
                 {"{\"exp\":1760000060,\"aud\":\"shop\"}", NULL, "shop", true},
                 {"{\"exp\":1760000060,\"aud\":[\"x\",\"shop\"]}", NULL, "shop", true},
                 {"{\"exp\":1760000060,\"aud\":[\"x\"]}", NULL, "shop", false},
                 {"{\"exp\":1760000060,\"aud\":{\"shop\":1}}", NULL, "shop", false},
                 {"{\"exp\":1760000060}", NULL, "shop", false},
                 {"{\"exp\":1760000060,\"aud\":\"shop\"}", NULL, NULL, false}};
    char token[TOKEN_ROOM];
    struct cw_token_claims claims;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin_token(token, "{\"alg\":\"HS256\",\"kid\":\"h\"}", cases[i].payload);
        sign_secret(token, secret);
        ck_assert_msg(judge_by(token, cases[i].issuer, cases[i].audience, &claims) == cases[i].is_good,
                      "%zu: %s", i, cases[i].payload);
    }
}
END_TEST

START_TEST(test_changed_tokens_are_refused)
{
    char token[TOKEN_ROOM];
    begin_token(token, "{\"alg\":\"HS256\",\"kid\":\"h\"}", "{\"exp\":1760000060,\"scope\":\"read\"}");
    sign_secret(token, secret);
    ck_assert(judge(token));
    for (size_t i = 0; token[i] != '\0'; i++) {
        const char before = token[i];
        token[i] = before == 'A' ? 'B' : 'A';
        ck_assert_msg(!judge(token), "character %zu", i);
        token[i] = before;
    }
    strncat(token, "=", 2);
    ck_assert(!judge(token));
    static const char *const garbage[] = {"",      ".",        "..",         "...",
                                          "a.b.c", "e30.e30.", "e30.e30.AA", "\xff.\xff.\xff"};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        ck_assert_msg(!judge(garbage[i]), "%s", garbage[i]);
    }
}
END_TEST

START_TEST(test_oversized_tokens_are_refused)
{
    static char payload[9000];
    snprintf(payload, sizeof payload, "{\"exp\":1760000060,\"x\":\"%05000d\"}", 0);
    ck_assert(judge_payload(payload));
    snprintf(payload, sizeof payload, "{\"exp\":1760000060,\"x\":\"%07000d\"}", 0);
    ck_assert(!judge_payload(payload));
}
END_TEST

START_TEST(test_key_files_that_are_wrong)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[5]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}]}",
        "{\"keys\":[{\"kty\":\"oct\"}]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"!!!!\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
        "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA_"
        "o\"}]}",
        ("{\"keys\":[{\"kty\":\"oct\",\"key_ops\":[\"sign\"],"
         "\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}"),
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"d\":\"AQAB\"}]}",
        ("{\"keys\":[{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"},"
         "{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}"),
        "{\"keys\":[{\"kty\":\"oct\",\"kid\":5,\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}"};
    struct cw_token_keys set = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ck_assert_msg(cw_token_keys_parse(&set, texts[i], strlen(texts[i]), &error) == CW_E_INVALID, "%s",
                      texts[i]);
        ck_assert_uint_eq(set.count, 0);
        ck_assert_ptr_null(strstr(error.message, "MDEyMz"));
    }
    ck_assert_ptr_nonnull(strstr(error.message, "keys[0]: kid of a key must be a text"));
    ck_assert_int_eq(cw_token_keys_add_secret(&set, secret, 31, &error), CW_E_INVALID);
    ck_assert_int_eq(cw_token_keys_add_secret(&set, secret, 32, &error), CW_OK);
    ck_assert_int_eq(cw_token_keys_add_secret(&set, secret, 32, &error), CW_E_INVALID);
    cw_token_keys_clear(&set);
}
END_TEST

START_TEST(test_base64url_is_strict)
{
    uint8_t bytes[64];
    char text[64];
    size_t size = 0;
    static const char *const wrong[] = {
        "A", "AB", "ABC", "AAAAA", "AA=", "AA==", "AA+A", "AA/A", "AA A", "AA\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ck_assert_msg(!cw_base64url_decode(wrong[i], strlen(wrong[i]), bytes, &size), "%s", wrong[i]);
    }
    for (size_t length = 0; length < 20; length++) {
        uint8_t sent[20];
        for (size_t i = 0; i < length; i++) {
            sent[i] = (uint8_t)(251 * i + length);
        }
        cw_base64url_encode(sent, length, text);
        ck_assert_uint_eq(strlen(text) + 1, CW_BASE64URL_TEXT(length));
        ck_assert(cw_base64url_decode(text, strlen(text), bytes, &size));
        ck_assert_uint_eq(size, length);
        ck_assert(length == 0 || memcmp(bytes, sent, length) == 0);
    }
}
END_TEST

START_TEST(test_keys_and_scopes)
{
    struct cw_key_record record = {0};
    struct cw_key_record other = {0};
    char key[CW_ACCESS_KEY_LENGTH + 1];
    char again[CW_ACCESS_KEY_LENGTH + 1];
    char text[CW_SCOPES_TEXT];
    uint8_t digest[CW_KEY_DIGEST];
    uint32_t scopes = 0;
    ck_assert_int_eq(cw_access_key_new(&record, key, &error), CW_OK);
    ck_assert_int_eq(cw_access_key_new(&other, again, &error), CW_OK);
    ck_assert_str_ne(key, again);
    ck_assert_uint_eq(strlen(key), CW_ACCESS_KEY_LENGTH);
    ck_assert(cw_access_key_digest(key, digest) && memcmp(digest, record.digest, sizeof digest) == 0);
    key[10] = '*';
    ck_assert(!cw_access_key_digest(key, digest));
    ck_assert(!cw_access_key_digest("cwk_", digest));
    ck_assert_int_eq(cw_scopes_read("scopes", "personal-data,read,admin,generate", &scopes, &error), CW_OK);
    cw_scopes_text(scopes, text);
    ck_assert_str_eq(text, "read,generate,admin,personal-data");
    ck_assert_int_eq(cw_scopes_read("scopes", "", &scopes, &error), CW_E_INVALID);
    ck_assert_int_eq(cw_scopes_read("scopes", "read,", &scopes, &error), CW_E_INVALID);
    ck_assert_int_eq(cw_scopes_read("scopes", "write", &scopes, &error), CW_E_INVALID);
    ck_assert_str_eq(cw_access_key_state(&record, NOW), "active");
    record.expires_at = NOW;
    ck_assert_str_eq(cw_access_key_state(&record, NOW - 1), "active");
    ck_assert_str_eq(cw_access_key_state(&record, NOW), "expired");
    record.revoked_at = 1;
    ck_assert_str_eq(cw_access_key_state(&record, NOW), "revoked");
}
END_TEST

Suite *test_suite(void)
{
    const TTest *const tests[] = {test_each_algorithm_lets_its_key_in,
                                  test_the_token_does_not_choose_the_algorithm,
                                  test_times_are_enforced,
                                  test_issuer_and_audience,
                                  test_changed_tokens_are_refused,
                                  test_oversized_tokens_are_refused,
                                  test_key_files_that_are_wrong};
    Suite *suite = suite_create("token");
    TCase *tokens = tcase_create("tokens");
    tcase_set_timeout(tokens, 60);
    tcase_add_unchecked_fixture(tokens, set_up, tear_down);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        tcase_add_test(tokens, tests[i]);
    }
    suite_add_tcase(suite, tokens);
    TCase *forms = tcase_create("forms");
    tcase_add_test(forms, test_base64url_is_strict);
    tcase_add_test(forms, test_keys_and_scopes);
    suite_add_tcase(suite, forms);
    return suite;
}
