#include "api/idempotency.h"

#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024
#define ENTRIES_MAX 8192
#define BYTES_MAX (64u << 20)
#define LIFETIME (INT64_C(86400) * 1000000)

struct entry {
    struct entry *next;          /* of the bucket */
    struct entry *newer, *older; /* of all, by age */
    char key[CW_REQUEST_ID_MAX + 1];
    uint8_t request[SHA256_DIGEST_LENGTH]; /* path, query, Accept and body */
    int64_t created_at;
    bool is_answered;
    int status;
    const char *media_type;
    struct cw_buffer body, headers;
};

struct cw_idempotency {
    pthread_mutex_t lock;
    struct entry *buckets[BUCKETS];
    struct entry *newest, *oldest;
    size_t count, bytes;
};

cw_status cw_idempotency_new(struct cw_idempotency **keys, struct cw_error *error)
{
    struct cw_idempotency *made = calloc(1, sizeof *made);
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for idempotency keys");
    }
    *keys = made;
    return CW_OK;
}

static struct entry **find_place(struct cw_idempotency *keys, const char *key)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *at = key; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211); /* FNV-1a */
    }
    struct entry **place = &keys->buckets[hash % BUCKETS];
    while (*place != NULL && strcmp((*place)->key, key) != 0) {
        place = &(*place)->next;
    }
    return place;
}

static void drop(struct cw_idempotency *keys, struct entry *entry)
{
    struct entry **place = find_place(keys, entry->key);
    *place = entry->next;
    *(entry->newer != NULL ? &entry->newer->older : &keys->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &keys->oldest) = entry->newer;
    keys->count--;
    keys->bytes -= entry->body.size + entry->headers.size;
    cw_buffer_clear(&entry->body);
    cw_buffer_clear(&entry->headers);
    free(entry);
}

/* Drops what is too old, and the oldest beyond the bounds; what is under way stays. */
static void tidy(struct cw_idempotency *keys, int64_t now)
{
    struct entry *entry = keys->oldest;
    while (entry != NULL &&
           (entry->created_at < now - LIFETIME || keys->count > ENTRIES_MAX || keys->bytes > BYTES_MAX)) {
        struct entry *newer = entry->newer;
        if (entry->is_answered) {
            drop(keys, entry);
        }
        entry = newer;
    }
}

void cw_idempotency_free(struct cw_idempotency *keys)
{
    if (keys == NULL) {
        return;
    }
    while (keys->newest != NULL) {
        drop(keys, keys->newest);
    }
    pthread_mutex_destroy(&keys->lock);
    free(keys);
}

static void digest_request(const struct cw_exchange *exchange, uint8_t digest[SHA256_DIGEST_LENGTH])
{
    struct cw_buffer text = {0};
    cw_status status = cw_buffer_format(&text, NULL, "%s %s\n%s\n", exchange->method, exchange->uri.path,
                                        exchange->accept != NULL ? exchange->accept : "");
    for (size_t i = 0; i < exchange->uri.pair_count && status == CW_OK; i++) {
        status = cw_buffer_format(&text, NULL, "%s=%s\n", exchange->uri.pairs[i].name,
                                  exchange->uri.pairs[i].value);
    }
    if (status == CW_OK) {
        cw_buffer_append(&text, exchange->body.data, exchange->body.size, NULL);
    }
    SHA256((const unsigned char *)text.data, text.size, digest);
    cw_buffer_clear(&text);
}

static struct entry *add(struct cw_idempotency *keys, struct entry **place, const char *key)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry != NULL) {
        memcpy(entry->key, key, strlen(key) + 1);
        entry->created_at = cw_time_now();
        entry->older = keys->newest;
        *(keys->newest != NULL ? &keys->newest->newer : &keys->oldest) = entry;
        keys->newest = entry;
        keys->count++;
        *place = entry;
    }
    return entry;
}

static bool copy_reply(struct cw_reply *reply, const struct entry *entry)
{
    reply->status = entry->status;
    reply->media_type = entry->media_type;
    return cw_buffer_append(&reply->body, entry->body.data, entry->body.size, NULL) == CW_OK &&
           cw_buffer_append(&reply->headers, entry->headers.data, entry->headers.size, NULL) == CW_OK &&
           cw_reply_header(reply, "Idempotent-Replayed", "true", NULL) == CW_OK;
}

enum cw_idempotency_state cw_idempotency_begin(struct cw_idempotency *keys, struct cw_exchange *exchange)
{
    uint8_t request[SHA256_DIGEST_LENGTH];
    enum cw_idempotency_state state = CW_KEY_FRESH;
    digest_request(exchange, request);
    pthread_mutex_lock(&keys->lock);
    tidy(keys, cw_time_now());
    struct entry **place = find_place(keys, exchange->idempotency_key);
    if (*place == NULL) {
        struct entry *entry = add(keys, place, exchange->idempotency_key);
        if (entry != NULL) {
            memcpy(entry->request, request, sizeof request);
        }
    } else if (memcmp((*place)->request, request, sizeof request) != 0) {
        state = CW_KEY_DIFFERENT;
    } else if (!(*place)->is_answered) {
        state = CW_KEY_UNDER_WAY;
    } else {
        state = CW_KEY_ANSWERED;
        if (!copy_reply(&exchange->reply, *place)) {
            cw_reply_problem(exchange, 503, "no memory for the answer", NULL);
        }
    }
    pthread_mutex_unlock(&keys->lock);
    return state;
}

void cw_idempotency_end(struct cw_idempotency *keys, const struct cw_exchange *exchange)
{
    const struct cw_reply *reply = &exchange->reply;
    pthread_mutex_lock(&keys->lock);
    struct entry *entry = *find_place(keys, exchange->idempotency_key);
    if (entry != NULL && !entry->is_answered) {
        const bool keeps =
            reply->status < 300 &&
            cw_buffer_append(&entry->body, reply->body.data, reply->body.size, NULL) == CW_OK &&
            cw_buffer_append(&entry->headers, reply->headers.data, reply->headers.size, NULL) == CW_OK;
        keys->bytes += entry->body.size + entry->headers.size;
        entry->status = reply->status;
        entry->media_type = reply->media_type;
        entry->is_answered = true;
        if (!keeps) {
            drop(keys, entry);
        }
    }
    pthread_mutex_unlock(&keys->lock);
}
