/* Who may ask a server: API keys of the store and JSON Web Tokens. */
#ifndef CW_SERVICE_ACCESS_H
#define CW_SERVICE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/error.h"
#include "store/store.h"

/* How authentication is set up. Texts are borrowed while cw_access_new runs, but issuer and audience for as
 * long as the access is there. */
struct cw_access_options {
    bool is_demanded;         /* also on loopback and without any key */
    bool is_off;              /* nobody is asked, also where others can reach the server */
    const char *jwks;         /* file with the keys of tokens; NULL: none */
    const char *jwt_secret;   /* file with a secret for HS256; NULL: none */
    const char *jwt_issuer;   /* NULL: any */
    const char *jwt_audience; /* NULL: tokens must not have one */
};

/* Who sends a request. Plain data. */
struct cw_caller {
    bool is_known;
    uint32_t scopes;      /* of enum cw_scope */
    int64_t rate;         /* requests a minute; 0: as the server has it */
    uint8_t identity[16]; /* the same for all requests of a key, or of a token's issuer and subject */
    char label[48];       /* for logs: "key:<id>" or "token"; "" for nobody in particular */
};

/* Thread-safe. */
struct cw_access;

/* Decides once whether callers must be known: when that is demanded, tokens are set up, or the store has a
 * key, be it revoked or expired; never when it is off. Keys that are made, revoked or expire later count
 * within a second. address: that of the server when others can reach it, else NULL. Errors: CW_E_INVALID when
 * others can reach a server that would let everybody in, or when files of keys can't be used; CW_E_NOT_FOUND,
 * CW_E_IO.
 */
cw_status cw_access_new(const struct cw_access_options *options, struct cw_store *store, const char *address,
                        struct cw_access **access, struct cw_error *error);
/* Notes when keys were last used, and frees. The store must be open still. NULL is accepted. */
void cw_access_free(struct cw_access *access);

/* Why a server on an address that others can reach does not start. */
cw_status cw_access_refuse(const char *address, struct cw_error *error);

/* Whether callers must be known. */
bool cw_access_is_required(const struct cw_access *access);

/* Whether a request may be looked at, by its headers Authorization and X-API-Key (NULL when absent) at a time
 * (microseconds UTC); sets *caller. Does no I/O. */
bool cw_access_admit(struct cw_access *access, const char *authorization, const char *api_key, int64_t now,
                     struct cw_caller *caller);

#endif
