/* The library queues its own refusals by the public MHD_queue_response, which it calls through the dynamic
 * linker. The definition here comes first in the program's symbol order and so gets them: it answers with
 * problem+json and hangs up. Where the library is linked otherwise (statically, or bound to itself), its
 * refusals stay as they are; ours are not concerned. */
#define _GNU_SOURCE
#include "api/refusal.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "api/connection_watch.h"
#include "api/exchange.h"

/* What is read of what the client still sends, as closing with unread bytes would cut the answer off. */
#define DRAINED_MAX (1u << 18)

typedef enum MHD_Result queue_function(struct MHD_Connection *connection, unsigned status,
                                       struct MHD_Response *response);

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static queue_function *library_queue;

static void find_library(void)
{
    void *found = dlsym(RTLD_NEXT, "MHD_queue_response");
    memcpy(&library_queue, &found, sizeof found);
}

enum MHD_Result cw_reply_queue(struct MHD_Connection *connection, unsigned status,
                               struct MHD_Response *response)
{
    pthread_once(&library_once, find_library);
    return library_queue != NULL ? library_queue(connection, status, response) : MHD_NO;
}

static const char *refusal_detail(unsigned status)
{
    switch (status) {
    case 413:
        return "Content-Length, or the size of a chunk, is larger than any body that is taken here";
    case 414:
        return "the request line is too long";
    case 431:
        return "the request line and headers together are too long";
    case 505:
        return "the request is of another HTTP version; expected HTTP/1.1";
    default:
        return "the request is not well-formed HTTP/1.1: its request line, a header, Content-Length, Host, "
               "or a chunk "
               "can't be read";
    }
}

static size_t write_refusal(unsigned status, char *text, size_t size)
{
    char body[400];
    const char *reason = cw_http_reason((int)status);
    const int length = snprintf(body, sizeof body,
                                "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\"}",
                                reason, status, refusal_detail(status));
    const int written = snprintf(text, size,
                                 "HTTP/1.1 %u %s\r\nContent-Type: application/problem+json\r\n"
                                 "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
                                 "Connection: close\r\nContent-Length: %d\r\n\r\n%s",
                                 status, reason, length, body);
    return written > 0 && (size_t)written < size ? (size_t)written : 0;
}

/* Nothing of an earlier answer can be unsent: the library reads a request once the one before is answered. */
static void send_refusal(int descriptor, unsigned status)
{
    char text[800];
    char dropped[8192];
    const size_t size = write_refusal(status, text, sizeof text);
    size_t drained = 0;
    ssize_t got;
    if (send(descriptor, text, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size) {
        return;
    }
    shutdown(descriptor, SHUT_WR);
    while (drained < DRAINED_MAX && (got = recv(descriptor, dropped, sizeof dropped, MSG_DONTWAIT)) > 0) {
        drained += (size_t)got;
    }
}

/* Called by the library alone. It goes on as if its own answer were on the way; that finds the socket shut,
 * which ends the connection as if the client had left. */
__attribute__((visibility("default"))) enum MHD_Result
MHD_queue_response(struct MHD_Connection *connection, unsigned int status_code, struct MHD_Response *response)
{
    /* To the library, a line of a chunk that does not fit into its memory is an error of its own. */
    const unsigned status = status_code == 500 ? 400 : status_code;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const int descriptor = info != NULL ? info->connect_fd : -1;
    const union MHD_ConnectionInfo *context =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (context != NULL && context->socket_context != NULL) {
        struct cw_watched *watched = context->socket_context;
        watched->refused = (int)status;
    }
    if (descriptor >= 0) {
        send_refusal(descriptor, status);
    }
    return cw_reply_queue(connection, status, response);
}
