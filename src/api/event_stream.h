/* Server-Sent Events of a job. A stream without news is suspended, not polled; the ticker of the server wakes
 * it up when its job has changed, when it is time for a sign of life, or when its reader has gone. */
#ifndef CW_API_EVENT_STREAM_H
#define CW_API_EVENT_STREAM_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>

#include "api/api.h"
#include "cartwright/buffer.h"

#define CW_STREAMS_MAX 256

struct cw_event_stream;

struct cw_event_streams {
    pthread_mutex_t lock;
    struct cw_event_stream *first;
    uint32_t count;
    bool is_stopping; /* all streams end */
};

/* Makes the response that streams the events of job id. NULL when there are too many streams or no memory;
 * *stream must be freed when the request is over. */
struct MHD_Response *cw_event_stream_open(struct cw_event_streams *streams, struct cw_api *api,
                                          const struct cw_uuid *id, struct MHD_Connection *connection,
                                          int descriptor, struct cw_event_stream **stream);
void cw_event_stream_free(struct cw_event_streams *streams, struct cw_event_stream *stream);

/* Wakes up the streams that have something to do. */
void cw_event_streams_tick(struct cw_event_streams *streams, int64_t now);

/* Ends all streams, now and later. */
void cw_event_streams_stop(struct cw_event_streams *streams);

#endif
