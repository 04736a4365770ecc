/* Deadlines of connections. libmicrohttpd's own timeout counts inactivity only, so that a client that sends
 * or reads a byte now and then holds a connection for ever; here each phase has an end. */
#ifndef CW_API_CONNECTION_WATCH_H
#define CW_API_CONNECTION_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* One connection. */
struct cw_watched {
    struct cw_watched *next, *previous;
    int descriptor;
    _Atomic int64_t deadline; /* monotonic microseconds; INT64_MAX: none */
    /* For the thread that serves the connection alone: */
    int refused; /* HTTP status by which the library refused a request itself; 0: none */
    void *call;  /* begun and not ended: the library forgets the calls of some requests that it refuses */
};

struct cw_connection_watch {
    pthread_mutex_t lock;
    struct cw_watched *first;
    int64_t count;
};

/* The monotonic clock, microseconds. */
int64_t cw_clock_now(void);

/* Adds a connection with its first deadline; NULL without memory. Remove it before its descriptor is closed.
 */
struct cw_watched *cw_watch_add(struct cw_connection_watch *watch, int descriptor, int64_t deadline);
void cw_watch_remove(struct cw_connection_watch *watch, struct cw_watched *watched);

/* Connections that are open. */
int64_t cw_watch_count(struct cw_connection_watch *watch);

static inline void cw_watched_until(struct cw_watched *watched, int64_t deadline)
{
    atomic_store_explicit(&watched->deadline, deadline, memory_order_relaxed);
}

/* Shuts down the connections whose deadline has passed; the server's threads then close them. */
void cw_watch_reap(struct cw_connection_watch *watch, int64_t now);

#endif
