/* The HTTP server as the command line starts it. src/api implements it; the contract stands here because
 * command line and API do not know each other. */
#ifndef CW_SERVICE_SERVER_H
#define CW_SERVICE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "cartwright/error.h"
#include "service/generate_store.h"

struct cw_server_options {
    const char *address;    /* IPv4 or IPv6 address to listen on */
    uint16_t port;          /* 0: any free one */
    uint32_t threads;       /* for HTTP; 0: one per processor */
    uint32_t workers;       /* that make answers; 0: derived from threads */
    uint32_t connections;   /* at most, at the same time */
    uint32_t timeout;       /* seconds in which a request must arrive and an answer be read */
    int64_t largest_count;  /* of one request */
    bool quiet;             /* no line per request on stderr */
    struct cw_store *store; /* borrowed; must outlive the server */
};

struct cw_server;

/* Whether the address can be listened on by its form, before anything is opened or made. Errors:
 * CW_E_INVALID. */
cw_status cw_server_check(const struct cw_server_options *options, struct cw_error *error);

/* Opens the socket and starts answering. Errors: CW_E_IO naming address and port, CW_E_INVALID. */
cw_status cw_server_open(const struct cw_server_options *options, struct cw_server **server,
                         struct cw_error *error);

/* The port that is listened on. */
uint16_t cw_server_port(const struct cw_server *server);

/* Stops accepting, lets requests under way end (jobs are cancelled), and closes. NULL is accepted. */
void cw_server_close(struct cw_server *server);

#endif
