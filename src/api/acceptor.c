#define _GNU_SOURCE
#include "api/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/connection_watch.h"
#include "service/values.h"

#define BACKLOG 1024
/* How long nothing is accepted after the system could not. */
#define PAUSE_MS 100
#define MICROSECONDS_BETWEEN_LINES 60000000

struct cw_acceptor {
    struct cw_acceptor_user user;
    int listening, wakes; /* descriptors; -1: none */
    uint16_t port;
    pthread_t thread;
    bool has_thread;
    _Atomic bool is_full, is_stopping;
    int64_t told_at; /* when a failure was last told, monotonic microseconds; the thread's own */
};

/* Not at each try. */
static void log_failure(struct cw_acceptor *acceptor, int number)
{
    char time[CW_TIME_TEXT];
    const int64_t now = cw_clock_now();
    if (acceptor->told_at != 0 && now - acceptor->told_at < MICROSECONDS_BETWEEN_LINES) {
        return;
    }
    acceptor->told_at = now;
    cw_time_text(cw_time_now(), time);
    fprintf(stderr, "time=%s level=error event=accept message=\"can't accept connections: %s; they wait\"\n",
            time, strerror(number));
}

/* Other failures are of one connection, which is gone: see accept(2). */
static bool is_scarcity(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

/* Hands over what waits, as far as there is room; false when the system has nothing left for it. */
static bool accept_waiting(struct cw_acceptor *acceptor, int64_t room)
{
    while (room > 0) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof address;
        const int descriptor =
            accept4(acceptor->listening, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            room--;
            acceptor->user.take(acceptor->user.context, descriptor, (struct sockaddr *)&address, size);
        } else if (is_scarcity(errno)) {
            log_failure(acceptor, errno);
            return false;
        } else if (errno == EAGAIN) {
            return true;
        }
    }
    return true;
}

/* Says that it waits for room before it looks again, so that none comes unnoticed. */
static int64_t find_room(struct cw_acceptor *acceptor)
{
    int64_t room = acceptor->user.room(acceptor->user.context);
    if (room <= 0) {
        atomic_store(&acceptor->is_full, true);
        room = acceptor->user.room(acceptor->user.context);
    }
    if (room > 0) {
        atomic_store(&acceptor->is_full, false);
    }
    return room;
}

static void *accept_all(void *context)
{
    struct cw_acceptor *acceptor = context;
    bool is_well = true;
    bool is_stopping = false;
    while (!is_stopping) {
        struct pollfd both[2] = {{.fd = acceptor->wakes, .events = POLLIN},
                                 {.fd = acceptor->listening, .events = POLLIN}};
        /* Where nothing can be accepted, the socket would be ready at once. */
        const bool is_open = is_well && find_room(acceptor) > 0;
        eventfd_t woken;
        poll(both, is_open ? 2 : 1, is_well ? -1 : PAUSE_MS);
        eventfd_read(acceptor->wakes, &woken);
        is_stopping = atomic_load(&acceptor->is_stopping);
        is_well = accept_waiting(acceptor, find_room(acceptor));
    }
    return NULL;
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
        *acceptor = made;
        made->has_thread = pthread_create(&made->thread, NULL, accept_all, made) == 0;
        if (!made->has_thread) {
            status = cw_error_set(error, CW_E_NO_MEMORY, NULL, "no thread to accept connections");
        }
    }
    if (status != CW_OK) {
        *acceptor = NULL;
        cw_acceptor_free(made);
    }
    return status;
}

uint16_t cw_acceptor_port(const struct cw_acceptor *acceptor)
{
    return acceptor->port;
}

void cw_acceptor_make_room(struct cw_acceptor *acceptor)
{
    if (atomic_load(&acceptor->is_full)) {
        eventfd_write(acceptor->wakes, 1);
    }
}

void cw_acceptor_stop(struct cw_acceptor *acceptor)
{
    if (acceptor->has_thread) {
        atomic_store(&acceptor->is_stopping, true);
        eventfd_write(acceptor->wakes, 1);
        pthread_join(acceptor->thread, NULL);
        acceptor->has_thread = false;
    }
    if (acceptor->listening >= 0) {
        close(acceptor->listening);
        acceptor->listening = -1;
    }
}

void cw_acceptor_free(struct cw_acceptor *acceptor)
{
    if (acceptor == NULL) {
        return;
    }
    cw_acceptor_stop(acceptor);
    if (acceptor->wakes >= 0) {
        close(acceptor->wakes);
    }
    free(acceptor);
}
