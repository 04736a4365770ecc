#include "api/event_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/connection_watch.h"
#include "api/job_resource.h"

#define BLOCK_SIZE 2048
#define LIFE_SIGN_AFTER (INT64_C(15) * 1000000)

struct cw_event_stream {
    struct cw_event_stream *next, *previous;
    struct cw_event_streams *streams;
    struct cw_api *api;
    struct cw_uuid id;
    struct MHD_Connection *connection;
    int descriptor;
    /* Guarded by the lock of streams. */
    bool is_suspended;
    bool has_news;  /* came while it was not suspended */
    bool is_closed; /* the reader has gone */
    /* Of the thread that serves the connection. */
    struct cw_buffer pending;
    size_t sent;
    int64_t version;
    int64_t done, rows;
    int64_t spoke_at;
    bool is_last; /* pending holds the last event */
};

static bool has_changed(const struct cw_event_stream *stream, const struct cw_job_view *view)
{
    return view->version != stream->version || view->done != stream->done || view->rows != stream->rows;
}

/* Puts an event into pending. */
static cw_status write_event(struct cw_event_stream *stream, const struct cw_job_view *view)
{
    const bool is_finished = view->state >= CW_JOB_SUCCEEDED;
    cw_status status =
        cw_buffer_format(&stream->pending, NULL, "event: %s\ndata: ", is_finished ? "finished" : "progress");
    if (status == CW_OK) {
        struct cw_json_writer writer = cw_json_writer_init(&stream->pending, NULL);
        cw_job_json(&writer, view, NULL);
        status = writer.status;
    }
    if (status == CW_OK) {
        status = cw_buffer_append(&stream->pending, "\n\n", 2, NULL);
    }
    stream->version = view->version;
    stream->done = view->done;
    stream->rows = view->rows;
    stream->is_last = is_finished;
    return status;
}

/* Fills pending when there is something to say. False: the stream is over. */
static bool find_news(struct cw_event_stream *stream)
{
    struct cw_job_view view;
    const int64_t now = cw_clock_now();
    stream->pending.size = 0;
    stream->sent = 0;
    const cw_status status = cw_job_peek(stream->api->jobs, &stream->id, &view);
    if (status == CW_E_NOT_FOUND) {
        return false;
    }
    if (status == CW_OK && has_changed(stream, &view)) {
        stream->spoke_at = now;
        return write_event(stream, &view) == CW_OK;
    }
    if (now - stream->spoke_at >= LIFE_SIGN_AFTER) {
        stream->spoke_at = now;
        return cw_buffer_append(&stream->pending, ":\n\n", 3, NULL) == CW_OK;
    }
    return true;
}

/* Called by libmicrohttpd for the next bytes. */
static ssize_t read_stream(void *context, uint64_t position, char *bytes, size_t size)
{
    struct cw_event_stream *stream = context;
    (void)position;
    pthread_mutex_lock(&stream->streams->lock);
    const bool is_over = stream->is_closed || stream->streams->is_stopping;
    pthread_mutex_unlock(&stream->streams->lock);
    if (is_over) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (stream->sent == stream->pending.size && (stream->is_last || !find_news(stream))) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    const size_t left = stream->pending.size - stream->sent;
    if (left > 0) {
        const size_t now = left < size ? left : size;
        memcpy(bytes, stream->pending.data + stream->sent, now);
        stream->sent += now;
        return (ssize_t)now;
    }
    pthread_mutex_lock(&stream->streams->lock);
    if (!stream->has_news && !stream->streams->is_stopping) {
        stream->is_suspended = true;
        MHD_suspend_connection(stream->connection);
    }
    stream->has_news = false;
    pthread_mutex_unlock(&stream->streams->lock);
    return 0;
}

struct MHD_Response *cw_event_stream_open(struct cw_event_streams *streams, struct cw_api *api,
                                          const struct cw_uuid *id, struct MHD_Connection *connection,
                                          int descriptor, struct cw_event_stream **stream)
{
    struct cw_event_stream *made = calloc(1, sizeof *made);
    struct MHD_Response *response = NULL;
    if (made == NULL || cw_job_follow(api->jobs, id, NULL) != CW_OK) {
        free(made);
        return NULL;
    }
    *made = (struct cw_event_stream){.streams = streams,
                                     .api = api,
                                     .id = *id,
                                     .connection = connection,
                                     .descriptor = descriptor,
                                     .spoke_at = cw_clock_now()};
    pthread_mutex_lock(&streams->lock);
    if (streams->count < CW_STREAMS_MAX && !streams->is_stopping) {
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream, made, NULL);
    }
    if (response != NULL) {
        made->next = streams->first;
        if (streams->first != NULL) {
            streams->first->previous = made;
        }
        streams->first = made;
        streams->count++;
    }
    pthread_mutex_unlock(&streams->lock);
    if (response == NULL) {
        cw_job_unfollow(api->jobs, id);
        free(made);
    } else {
        *stream = made;
    }
    return response;
}

void cw_event_stream_free(struct cw_event_streams *streams, struct cw_event_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    pthread_mutex_lock(&streams->lock);
    *(stream->previous != NULL ? &stream->previous->next : &streams->first) = stream->next;
    if (stream->next != NULL) {
        stream->next->previous = stream->previous;
    }
    streams->count--;
    pthread_mutex_unlock(&streams->lock);
    cw_job_unfollow(stream->api->jobs, &stream->id);
    cw_buffer_clear(&stream->pending);
    free(stream);
}

/* Whether the reader of a suspended connection has gone, which libmicrohttpd does not notice. */
static bool has_gone(const struct cw_event_stream *stream)
{
    char byte;
    const ssize_t got = recv(stream->descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void wake(struct cw_event_stream *stream)
{
    if (stream->is_suspended) {
        stream->is_suspended = false;
        MHD_resume_connection(stream->connection);
    } else {
        stream->has_news = true;
    }
}

void cw_event_streams_tick(struct cw_event_streams *streams, int64_t now)
{
    pthread_mutex_lock(&streams->lock);
    for (struct cw_event_stream *at = streams->first; at != NULL; at = at->next) {
        struct cw_job_view view;
        cw_status known;
        if (!at->is_suspended) {
            /* What it knows belongs to another thread now; it looks for news by itself. */
            continue;
        }
        known = cw_job_peek(at->api->jobs, &at->id, &view);
        if (has_gone(at)) {
            at->is_closed = true;
            wake(at);
        } else if (known == CW_E_NOT_FOUND || (known == CW_OK && has_changed(at, &view)) ||
                   now - at->spoke_at >= LIFE_SIGN_AFTER) {
            wake(at);
        }
    }
    pthread_mutex_unlock(&streams->lock);
}

void cw_event_streams_stop(struct cw_event_streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    streams->is_stopping = true;
    for (struct cw_event_stream *at = streams->first; at != NULL; at = at->next) {
        wake(at);
    }
    pthread_mutex_unlock(&streams->lock);
}
