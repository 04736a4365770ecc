#define _GNU_SOURCE
#include "api/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "service/values.h"

#define BACKLOG 1024
/* How often it is looked whether connections have ended, when as many as may be are open. */
#define PAUSE_WHEN_FULL_MS 10
/* How long nothing is accepted after the system could not. */
#define PAUSE_AFTER_FAILURE_MS 100

struct cw_acceptor {
    struct cw_acceptor_user user;
    int listening, wakes; /* descriptors; -1: none */
    uint16_t port;
    pthread_t thread;
    bool has_thread;
    /* For the thread alone: */
    int64_t room;
    bool is_failing;
};

/* Says once that nothing can be accepted, not at each try. */
static void log_failure(struct cw_acceptor *acceptor, int number)
{
    char time[CW_TIME_TEXT];
    if (acceptor->is_failing) {
        return;
    }
    acceptor->is_failing = true;
    cw_time_text(cw_time_now(), time);
    fprintf(stderr, "time=%s level=error event=accept message=\"can't accept connections: %s; they wait\"\n",
            time, strerror(number));
}

/* Hands over what waits, as far as there is room; false when the system failed. */
static bool accept_waiting(struct cw_acceptor *acceptor)
{
    while (acceptor->room > 0) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof address;
        const int descriptor =
            accept4(acceptor->listening, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            acceptor->is_failing = false;
            acceptor->room--;
            acceptor->user.take(acceptor->user.context, descriptor, (struct sockaddr *)&address, size);
        } else if (errno == EAGAIN) {
            return true;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            log_failure(acceptor, errno);
            return false;
        }
    }
    return true;
}

/* Looks only when the last look's room is used up: by then those that were handed over long before have been
 * counted, and those just before are while it waits. */
static void make_room(struct cw_acceptor *acceptor)
{
    if (acceptor->room <= 0) {
        acceptor->room = acceptor->user.room(acceptor->user.context);
    }
}

static void *accept_all(void *context)
{
    struct cw_acceptor *acceptor = context;
    bool is_well = true;
    make_room(acceptor);
    for (;;) {
        const bool is_full = acceptor->room <= 0;
        struct pollfd both[2] = {{.fd = acceptor->wakes, .events = POLLIN},
                                 {.fd = acceptor->listening, .events = POLLIN}};
        /* Without a pause the socket would be ready again at once. */
        const nfds_t count = is_well && !is_full ? 2 : 1;
        const int pause = !is_well ? PAUSE_AFTER_FAILURE_MS : is_full ? PAUSE_WHEN_FULL_MS : -1;
        poll(both, count, pause);
        make_room(acceptor);
        is_well = accept_waiting(acceptor);
        if (both[0].revents != 0) {
            return NULL;
        }
    }
}

static cw_status listen_on(struct cw_acceptor *acceptor, const struct sockaddr_storage *address,
                           struct cw_error *error)
{
    union {
        struct sockaddr any;
        struct sockaddr_in narrow;
        struct sockaddr_in6 wide;
    } bound = {0};
    socklen_t size =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    const int yes = 1;
    acceptor->listening = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_well = acceptor->listening >= 0;
    /* Connections of a server before this one may still be closing. */
    is_well = is_well && setsockopt(acceptor->listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0;
    if (address->ss_family == AF_INET6) {
        is_well =
            is_well && setsockopt(acceptor->listening, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0;
    }
    is_well = is_well && bind(acceptor->listening, (const struct sockaddr *)address, size) == 0;
    is_well = is_well && listen(acceptor->listening, BACKLOG) == 0;
    size = sizeof bound;
    is_well = is_well && getsockname(acceptor->listening, &bound.any, &size) == 0;
    acceptor->wakes = is_well ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (acceptor->wakes < 0) {
        const int number = errno;
        cw_error_set(error, CW_E_IO, "port", "%s", strerror(number));
        if (error != NULL) {
            error->native_code = number;
        }
        return CW_E_IO;
    }
    acceptor->port = ntohs(address->ss_family == AF_INET6 ? bound.wide.sin6_port : bound.narrow.sin_port);
    return CW_OK;
}

cw_status cw_acceptor_open(const struct sockaddr_storage *address, const struct cw_acceptor_user *user,
                           struct cw_acceptor **acceptor, struct cw_error *error)
{
    struct cw_acceptor *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for the listening socket");
    }
    made->user = *user;
    made->listening = -1;
    made->wakes = -1;
    cw_status status = listen_on(made, address, error);
    if (status == CW_OK) {
        made->has_thread = pthread_create(&made->thread, NULL, accept_all, made) == 0;
        if (!made->has_thread) {
            status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "no thread to accept connections");
        }
    }
    if (status != CW_OK) {
        cw_acceptor_close(made);
        return status;
    }
    *acceptor = made;
    return CW_OK;
}

uint16_t cw_acceptor_port(const struct cw_acceptor *acceptor)
{
    return acceptor->port;
}

void cw_acceptor_close(struct cw_acceptor *acceptor)
{
    if (acceptor == NULL) {
        return;
    }
    if (acceptor->has_thread) {
        eventfd_write(acceptor->wakes, 1);
        pthread_join(acceptor->thread, NULL);
    }
    if (acceptor->listening >= 0) {
        close(acceptor->listening);
    }
    if (acceptor->wakes >= 0) {
        close(acceptor->wakes);
    }
    free(acceptor);
}
