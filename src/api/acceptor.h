/* The listening socket, and the thread that accepts from it. libmicrohttpd could do both, but has no safe way
 * to stop listening while requests are finished: MHD_quiesce_daemon() and the library's epoll threads take
 * the socket out of the same epoll set without a lock, and whoever comes second aborts the process (0.9.75,
 * and later ones alike). */
#ifndef CW_API_ACCEPTOR_H
#define CW_API_ACCEPTOR_H

#include <stdint.h>
#include <sys/socket.h>

#include "cartwright/error.h"

struct cw_acceptor;

/* What the connections are given to; called by the acceptor's thread. */
struct cw_acceptor_user {
    void *context;
    /* How many more connections may be open, those that were taken counted; the others wait. */
    int64_t (*room)(void *context);
    /* Takes over a connection (not blocking), also when it closes it at once. */
    void (*take)(void *context, int descriptor, const struct sockaddr *address, socklen_t size);
};

/* Listens on address, an IPv4 or IPv6 one (of an IPv6 one for IPv6 alone) with its port, 0 for any that is
 * free, and begins to accept; *acceptor is set before the first is taken. user is copied. Errors: CW_E_IO
 * with the number of the system's error as native_code, CW_E_NO_MEMORY. */
cw_status cw_acceptor_open(const struct sockaddr_storage *address, const struct cw_acceptor_user *user,
                           struct cw_acceptor **acceptor, struct cw_error *error);

/* The port that it listens on. */
uint16_t cw_acceptor_port(const struct cw_acceptor *acceptor);

/* Tells that there may be room again. Any thread, until it is freed. */
void cw_acceptor_make_room(struct cw_acceptor *acceptor);

/* Hands over the connections that wait already, as far as there is room; those who come later are refused. */
void cw_acceptor_stop(struct cw_acceptor *acceptor);
/* Stops it unless it is, and frees. NULL is accepted. */
void cw_acceptor_free(struct cw_acceptor *acceptor);

#endif
