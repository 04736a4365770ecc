/* The HTTP server as the command line starts it. src/api implements it; the contract stands here because
 * command line and API do not know each other. */
#ifndef CW_SERVICE_SERVER_H
#define CW_SERVICE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/error.h"
#include "service/access.h"
#include "service/generate_store.h"

struct cw_server_options {
    const char *address;   /* IPv4 or IPv6 address to listen on */
    uint16_t port;         /* 0: any free one */
    uint32_t threads;      /* for HTTP; 0: one per processor */
    uint32_t workers;      /* that make answers, at most; 0: 256 */
    uint32_t connections;  /* at most, at the same time */
    uint32_t timeout;      /* seconds in which a request must arrive and an answer be read */
    int64_t largest_count; /* of one request */
    uint32_t largest_body; /* bytes */
    int64_t rate;          /* requests a minute of one caller; 0: without limit */
    int64_t burst;         /* of them at once; 0: all */
    uint32_t concurrency;  /* requests of one caller at the same time; 0: without limit */
    uint32_t job_lease;    /* seconds after which a job is taken from a server that is silent; 0: 30 */
    struct cw_access_options access;
    bool quiet;             /* no line per request on stderr */
    struct cw_store *store; /* borrowed; must outlive the server */
};

struct cw_server;

/* Whether the address can be listened on by its form, before anything is opened or made, and, when the store
 * is there already, whether it is known who may ask. Errors: CW_E_INVALID, those of cw_access_new. */
cw_status cw_server_check(const struct cw_server_options *options, struct cw_error *error);

/* Whether only this machine can reach an address; false for what is none. */
bool cw_server_is_local(const char *address);

/* Opens the socket and starts answering. Errors: CW_E_IO naming address and port, CW_E_INVALID. */
cw_status cw_server_open(const struct cw_server_options *options, struct cw_server **server,
                         struct cw_error *error);

/* The port that is listened on. */
uint16_t cw_server_port(const struct cw_server *server);

/* Whether callers must be known. */
bool cw_server_asks(const struct cw_server *server);

/* Stops accepting, lets requests under way end, and closes. Jobs that run have a few seconds more; then they
 * wait again, for the next server. NULL is accepted. */
void cw_server_close(struct cw_server *server);

#endif
