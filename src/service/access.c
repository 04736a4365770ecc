#define _POSIX_C_SOURCE 200809L
#include "service/access.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "service/access_key.h"
#include "service/manifest.h"
#include "service/token.h"
#include "service/values.h"

#define SECOND INT64_C(1000000)
/* How late a last use may be noted, microseconds. */
#define USE_PRECISION (60 * SECOND)

/* The keys of the store, found by digest. */
struct key_table {
    struct cw_key_record *records;
    _Atomic int64_t *used_at; /* of each record */
    uint32_t count;
    uint32_t *slots; /* number of a record and 1; 0: empty */
    uint32_t mask;
};

struct cw_access {
    struct cw_store *store;
    bool is_required;
    struct cw_token_keys tokens;
    struct cw_token_rules rules;
    pthread_rwlock_t lock; /* of keys */
    struct key_table keys;
    pthread_t refresher;
    pthread_mutex_t refresher_lock;
    pthread_cond_t refresher_wakes;
    bool has_refresher, refresher_ends;
};

/* ---- The table of keys ---- */

static void table_clear(struct key_table *table)
{
    free(table->records);
    free(table->used_at);
    free(table->slots);
    *table = (struct key_table){0};
}

/* Digests are evenly spread, and nobody can choose one: where a search begins tells nothing of a key. */
static uint32_t first_slot(const struct key_table *table, const uint8_t digest[CW_KEY_DIGEST])
{
    uint32_t start;
    memcpy(&start, digest, sizeof start);
    return start & table->mask;
}

/* The number of the record with this digest, or -1. */
static int64_t table_find(const struct key_table *table, const uint8_t digest[CW_KEY_DIGEST])
{
    if (table->count == 0) {
        return -1;
    }
    for (uint32_t at = first_slot(table, digest); table->slots[at] != 0; at = (at + 1) & table->mask) {
        const uint32_t index = table->slots[at] - 1;
        if (CRYPTO_memcmp(table->records[index].digest, digest, CW_KEY_DIGEST) == 0) {
            return index;
        }
    }
    return -1;
}

/* Takes records over, also where it fails. */
static cw_status table_fill(struct key_table *table, struct cw_key_record *records, uint32_t count,
                            struct cw_error *error)
{
    uint32_t room = 4;
    while (room < 2 * count) {
        room *= 2;
    }
    *table = (struct key_table){.records = records, .count = count, .mask = room - 1};
    table->used_at = calloc(count > 0 ? count : 1, sizeof *table->used_at);
    table->slots = calloc(room, sizeof *table->slots);
    if (table->used_at == NULL || table->slots == NULL) {
        table_clear(table);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the keys");
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = first_slot(table, records[i].digest);
        while (table->slots[at] != 0) {
            at = (at + 1) & table->mask;
        }
        table->slots[at] = i + 1;
        atomic_init(&table->used_at[i], records[i].used_at);
    }
    return CW_OK;
}

/* Reads the store's keys anew; what was used since stays known. */
static cw_status refresh(struct cw_access *access, struct cw_error *error)
{
    struct cw_key_record *records = NULL;
    uint32_t count = 0;
    struct key_table table;
    cw_status status = cw_store_keys(access->store, &records, &count, error);
    if (status == CW_E_UNSUPPORTED) {
        return CW_OK;
    }
    if (status == CW_OK) {
        status = table_fill(&table, records, count, error);
    }
    if (status != CW_OK) {
        return status;
    }
    pthread_rwlock_wrlock(&access->lock);
    for (uint32_t i = 0; i < access->keys.count; i++) {
        const int64_t used_at = atomic_load(&access->keys.used_at[i]);
        const int64_t index = table_find(&table, access->keys.records[i].digest);
        if (index >= 0 && used_at > atomic_load(&table.used_at[index])) {
            atomic_store(&table.used_at[index], used_at);
        }
    }
    struct key_table old = access->keys;
    access->keys = table;
    pthread_rwlock_unlock(&access->lock);
    table_clear(&old);
    return CW_OK;
}

/* Notes the uses that are later than what the store knows by at least so much. What can't be noted now is
 * noted later. */
static void note_uses(struct cw_access *access, int64_t precision)
{
    uint32_t count = 0;
    pthread_rwlock_rdlock(&access->lock);
    struct cw_key_use *uses = calloc(access->keys.count + 1, sizeof *uses);
    for (uint32_t i = 0; uses != NULL && i < access->keys.count; i++) {
        const int64_t used_at = atomic_load(&access->keys.used_at[i]);
        if (used_at > access->keys.records[i].used_at &&
            used_at - access->keys.records[i].used_at >= precision) {
            uses[count++] = (struct cw_key_use){access->keys.records[i].id, used_at};
        }
    }
    pthread_rwlock_unlock(&access->lock);
    if (count > 0) {
        (void)cw_store_key_uses(access->store, uses, count, NULL);
    }
    free(uses);
}

/* ---- The thread that follows the store ---- */

/* Sleeps for a second; false when it is time to end. */
static bool rest(struct cw_access *access)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1;
    pthread_mutex_lock(&access->refresher_lock);
    int waited = 0;
    while (!access->refresher_ends && waited == 0) {
        waited = pthread_cond_timedwait(&access->refresher_wakes, &access->refresher_lock, &until);
    }
    const bool goes_on = !access->refresher_ends;
    pthread_mutex_unlock(&access->refresher_lock);
    return goes_on;
}

static void *follow(void *context)
{
    struct cw_access *access = context;
    while (rest(access)) {
        /* While the store is away, what was last read of it holds. */
        (void)refresh(access, NULL);
        note_uses(access, USE_PRECISION);
    }
    return NULL;
}

static cw_status start_refresher(struct cw_access *access, struct cw_error *error)
{
    if (pthread_create(&access->refresher, NULL, follow, access) != 0) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for another thread");
    }
    access->has_refresher = true;
    return CW_OK;
}

/* ---- Setting up ---- */

static void wipe(struct cw_buffer *text)
{
    if (text->data != NULL) {
        OPENSSL_cleanse(text->data, text->capacity);
    }
    cw_buffer_clear(text);
}

static cw_status take_jwks(struct cw_access *access, const struct cw_buffer *text, struct cw_error *error)
{
    return cw_token_keys_parse(&access->tokens, text->data, text->size, error);
}

/* The end of the last line is no part of a secret. */
static cw_status take_secret(struct cw_access *access, const struct cw_buffer *text, struct cw_error *error)
{
    size_t size = text->size;
    while (size > 0 && strchr("\r\n", text->data[size - 1]) != NULL) {
        size--;
    }
    return cw_token_keys_add_secret(&access->tokens, text->data, size, error);
}

/* Reads a file of keys, if there is one. */
static cw_status read_key_file(struct cw_access *access, const char *option, const char *path,
                               cw_status (*take)(struct cw_access *access, const struct cw_buffer *text,
                                                 struct cw_error *error),
                               struct cw_error *error)
{
    struct cw_buffer text = {0};
    struct cw_error cause = {0};
    if (path == NULL) {
        return CW_OK;
    }
    cw_status status = cw_file_read(path, CW_TOKEN_KEY_FILE_MAX, &text, error);
    if (status != CW_OK && error != NULL) {
        snprintf(error->field, sizeof error->field, "%s", option);
    }
    if (status == CW_OK) {
        status = take(access, &text, &cause);
        if (status != CW_OK) {
            cw_error_set(error, status, option, "%s %.200s: %.280s", option, path, cause.message);
        }
    }
    wipe(&text);
    return status;
}

static cw_status read_token_keys(struct cw_access *access, const struct cw_access_options *options,
                                 struct cw_error *error)
{
    cw_status status = read_key_file(access, "jwks", options->jwks, take_jwks, error);
    if (status == CW_OK) {
        status = read_key_file(access, "jwt-secret", options->jwt_secret, take_secret, error);
    }
    access->rules = (struct cw_token_rules){&access->tokens, options->jwt_issuer, options->jwt_audience};
    return status;
}

cw_status cw_access_refuse(const char *address, struct cw_error *error)
{
    return cw_error_set(
        error, CW_E_INVALID, "address",
        "address is %.60s, where others can reach the server, and nothing says who may; make a "
        "key by 'cartwright keys create', give --jwks or --jwt-secret, or say --no-auth to "
        "let everybody in",
        address);
}

static cw_status set_up(struct cw_access *access, const struct cw_access_options *options,
                        const char *address, struct cw_error *error)
{
    const bool has_rule = options->jwt_issuer != NULL || options->jwt_audience != NULL;
    const bool has_tokens = options->jwks != NULL || options->jwt_secret != NULL;
    if (options->is_off && (options->is_demanded || has_tokens || has_rule)) {
        return cw_error_set(error, CW_E_INVALID, "no-auth",
                            "no-auth goes with no other option of authentication");
    }
    if (has_rule && !has_tokens) {
        return cw_error_set(error, CW_E_INVALID, options->jwt_issuer != NULL ? "jwt-issuer" : "jwt-audience",
                            "jwt-issuer and jwt-audience need jwks or jwt-secret, which holds the keys");
    }
    cw_status status = read_token_keys(access, options, error);
    if (status == CW_OK && !options->is_off) {
        status = refresh(access, error);
    }
    if (status != CW_OK) {
        return status;
    }
    const bool has_callers = access->tokens.count > 0 || access->keys.count > 0;
    access->is_required = !options->is_off && (options->is_demanded || has_callers);
    if (address != NULL && !options->is_off && !access->is_required) {
        return cw_access_refuse(address, error);
    }
    return access->is_required ? start_refresher(access, error) : CW_OK;
}

cw_status cw_access_new(const struct cw_access_options *options, struct cw_store *store, const char *address,
                        struct cw_access **access, struct cw_error *error)
{
    struct cw_access *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the keys");
    }
    pthread_condattr_t attributes;
    made->store = store;
    pthread_rwlock_init(&made->lock, NULL);
    pthread_mutex_init(&made->refresher_lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&made->refresher_wakes, &attributes);
    pthread_condattr_destroy(&attributes);
    const cw_status status = set_up(made, options, address, error);
    if (status != CW_OK) {
        cw_access_free(made);
        return status;
    }
    *access = made;
    return CW_OK;
}

void cw_access_free(struct cw_access *access)
{
    if (access == NULL) {
        return;
    }
    if (access->has_refresher) {
        pthread_mutex_lock(&access->refresher_lock);
        access->refresher_ends = true;
        pthread_cond_signal(&access->refresher_wakes);
        pthread_mutex_unlock(&access->refresher_lock);
        pthread_join(access->refresher, NULL);
        note_uses(access, 0);
    }
    table_clear(&access->keys);
    cw_token_keys_clear(&access->tokens);
    pthread_cond_destroy(&access->refresher_wakes);
    pthread_mutex_destroy(&access->refresher_lock);
    pthread_rwlock_destroy(&access->lock);
    free(access);
}

bool cw_access_is_required(const struct cw_access *access)
{
    return access != NULL && access->is_required;
}

/* ---- Callers ---- */

static bool admit_key(struct cw_access *access, const char *key, int64_t now, struct cw_caller *caller)
{
    uint8_t digest[CW_KEY_DIGEST];
    char id[CW_UUID_TEXT];
    bool is_good = false;
    if (!cw_access_key_digest(key, digest)) {
        return false;
    }
    pthread_rwlock_rdlock(&access->lock);
    const int64_t index = table_find(&access->keys, digest);
    if (index >= 0 && cw_access_key_is_valid(&access->keys.records[index], now)) {
        const struct cw_key_record *record = &access->keys.records[index];
        is_good = true;
        atomic_store_explicit(&access->keys.used_at[index], now, memory_order_relaxed);
        caller->scopes = record->scopes;
        caller->rate = record->rate;
        memcpy(caller->identity, record->id.bytes, sizeof caller->identity);
        cw_uuid_text(&record->id, id);
        snprintf(caller->label, sizeof caller->label, "key:%s", id);
    }
    pthread_rwlock_unlock(&access->lock);
    return is_good;
}

static bool admit_token(const struct cw_access *access, const char *token, int64_t now,
                        struct cw_caller *caller)
{
    struct cw_token_claims claims;
    if (access->tokens.count == 0 ||
        !cw_token_verify(&access->rules, token, strlen(token), now / SECOND, &claims)) {
        return false;
    }
    caller->scopes = claims.scopes;
    memcpy(caller->identity, claims.identity, sizeof caller->identity);
    snprintf(caller->label, sizeof caller->label, "token");
    return true;
}

/* What follows "Bearer " (RFC 6750, section 2.1), or NULL. */
static const char *bearer_of(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0) {
        return NULL;
    }
    return authorization + sizeof scheme - 1;
}

bool cw_access_admit(struct cw_access *access, const char *authorization, const char *api_key, int64_t now,
                     struct cw_caller *caller)
{
    struct cw_caller found = {0};
    if (!cw_access_is_required(access)) {
        *caller = (struct cw_caller){.is_known = true, .scopes = CW_SCOPE_ALL};
        return true;
    }
    /* Two answers to who asks are none. */
    const char *given = api_key != NULL ? api_key : authorization != NULL ? bearer_of(authorization) : NULL;
    if (given != NULL && (api_key == NULL || authorization == NULL)) {
        const bool is_key =
            strncmp(given, CW_ACCESS_KEY_PREFIX, sizeof CW_ACCESS_KEY_PREFIX - 1) == 0 || api_key != NULL;
        found.is_known =
            is_key ? admit_key(access, given, now, &found) : admit_token(access, given, now, &found);
    }
    *caller = found;
    return found.is_known;
}
