/* What libmicrohttpd refuses by itself, before a handler sees it: bytes that are no HTTP, headers larger than
 * a connection's memory, a Content-Length that is no number, chunks that don't end. It answers these by HTML,
 * in some cases with the head sent twice, and has no setting for it. */
#ifndef CW_API_REFUSAL_H
#define CW_API_REFUSAL_H

#include <microhttpd.h>

/* Queues an answer of ours. What the library queues goes another way: see refusal.c. */
enum MHD_Result cw_reply_queue(struct MHD_Connection *connection, unsigned status,
                               struct MHD_Response *response);

#endif
