/* A request on its way through libmicrohttpd. */
#ifndef CW_API_HTTP_CALL_H
#define CW_API_HTTP_CALL_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "api/connection_watch.h"
#include "api/event_stream.h"
#include "api/exchange.h"
#include "api/work_pool.h"
#include "service/server.h"

struct cw_server {
    struct MHD_Daemon *daemon;
    struct cw_acceptor *acceptor; /* NULL: nothing is listened to yet */
    struct cw_server_options options;
    struct cw_api api;
    struct cw_work_pool *pool;
    struct cw_connection_watch watch;
    struct cw_event_streams streams;
    _Atomic int64_t arriving; /* connections that the library was given and has not begun */
    _Atomic int64_t calls;    /* under way */
    pthread_t ticker;
    pthread_mutex_t ticker_lock;
    pthread_cond_t ticker_wakes;
    bool has_ticker, ticker_ends, has_news;
};

enum cw_call_state {
    CW_CALL_NEW,
    CW_CALL_READING,
    CW_CALL_WORKING,
    CW_CALL_ANSWERED,
    CW_CALL_HUNG_UP /* answered around the library, in the middle of a body: only its end is waited for */
};

struct cw_call {
    struct cw_server *server;
    struct cw_exchange exchange;
    struct MHD_Connection *connection;
    struct cw_watched *watched; /* of its connection */
    enum cw_call_state state;
    int64_t started_at; /* monotonic microseconds */
    size_t received;    /* bytes of the body */
    size_t answered;    /* bytes of the answer's body */
    bool is_http_1_0;
    bool is_framed;  /* headers speak of a body */
    bool is_counted; /* among its caller's requests at work */
    struct cw_event_stream *stream;
    char target[]; /* as sent */
};

/* Callbacks of libmicrohttpd; context is the server, *opened the call. */
void *cw_call_begin(void *context, const char *target, struct MHD_Connection *connection);
enum MHD_Result cw_call_continue(void *context, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data, size_t *size,
                                 void **opened);
void cw_call_end(void *context, struct MHD_Connection *connection, void **opened,
                 enum MHD_RequestTerminationCode reason);

/* Ends a connection's call that the library began and will not end, if there is one. */
void cw_call_forgotten(struct cw_server *server, struct cw_watched *watched);

/* Makes the answer of a call (the context) on a worker. */
void cw_call_work(void *context);

/* Writes the line of a call that is finished now (monotonic microseconds) to stderr. */
void cw_call_log(const struct cw_call *call, int64_t now, bool is_complete);

#endif
