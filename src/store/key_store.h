/* API keys as a store keeps them: who may ask a server, and for what. The key itself is never kept, only its
 * digest. */
#ifndef CW_STORE_KEY_STORE_H
#define CW_STORE_KEY_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/error.h"
#include "model/world.h"

struct cw_store;

enum cw_scope {
    CW_SCOPE_READ = 1,     /* rows, runs, jobs, checks */
    CW_SCOPE_GENERATE = 2, /* make rows, follow and stop jobs */
    CW_SCOPE_ADMIN = 4,    /* look into the server itself */
    CW_SCOPE_PERSONAL = 8  /* see columns that tell of a person */
};
#define CW_SCOPE_ALL 15u

#define CW_KEY_NAME_MAX 64
#define CW_KEY_DIGEST 32
/* Most keys that a store may hold, revoked ones included. */
#define CW_KEYS_MAX 10000

/* Plain data. Times are microseconds UTC, 0 where it did not happen or never will. */
struct cw_key_record {
    struct cw_uuid id;
    char name[CW_KEY_NAME_MAX + 1]; /* 1 to CW_KEY_NAME_MAX bytes of UTF-8 */
    uint8_t digest[CW_KEY_DIGEST];  /* SHA-256 of the key */
    uint32_t scopes;                /* of enum cw_scope, at least one */
    int64_t rate;                   /* requests a minute; 0: as the server has it */
    int64_t created_at, expires_at, revoked_at;
    int64_t used_at; /* the last request with it that was noted */
};

/* When a key was used. */
struct cw_key_use {
    struct cw_uuid id;
    int64_t at;
};

/* What a kind of store does for the functions below. Each is one transaction of its own. */
struct cw_key_operations {
    cw_status (*list)(struct cw_store *store, struct cw_key_record *records, uint32_t limit, uint32_t *count,
                      struct cw_error *error);
    cw_status (*add)(struct cw_store *store, const struct cw_key_record *record, struct cw_error *error);
    cw_status (*revoke)(struct cw_store *store, const struct cw_uuid *id, int64_t at, bool *found,
                        struct cw_error *error);
    cw_status (*note_uses)(struct cw_store *store, const struct cw_key_use *uses, uint32_t count,
                           struct cw_error *error);
};

/* All keys, oldest first, also revoked and expired ones. *records is for the caller to free; it is NULL
 * without any. Errors: CW_E_UNSUPPORTED where a kind of store keeps no keys. */
cw_status cw_store_keys(struct cw_store *store, struct cw_key_record **records, uint32_t *count,
                        struct cw_error *error);

/* Keeps a new key; durable when it returns. Errors: CW_E_CONFLICT when id or digest are there already,
 * CW_E_LIMIT beyond CW_KEYS_MAX. */
cw_status cw_store_key_add(struct cw_store *store, const struct cw_key_record *record,
                           struct cw_error *error);

/* Marks a key as revoked at a time; one that is revoked already keeps its time. Errors: CW_E_NOT_FOUND. */
cw_status cw_store_key_revoke(struct cw_store *store, const struct cw_uuid *id, int64_t at,
                              struct cw_error *error);

/* Moves used_at of keys forward; never back. Waits for no other writer: CW_E_UNAVAILABLE when one is in the
 * way, and nothing is noted. */
cw_status cw_store_key_uses(struct cw_store *store, const struct cw_key_use *uses, uint32_t count,
                            struct cw_error *error);

#endif
