#define _POSIX_C_SOURCE 200809L
#include "api/export_stream.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/exchange.h"
#include "api/work_pool.h"

/* Bytes that libmicrohttpd takes at once, at most. */
#define BLOCK_SIZE 32768
/* Pieces up to this size have the next one made while they are sent. */
#define AHEAD_MAX ((size_t)2 << 20)

enum piece_state { PIECE_NONE, PIECE_MAKING, PIECE_READY, PIECE_FAILED };

struct cw_export_streams {
    pthread_mutex_t lock;
    struct cw_work_pool *pool; /* an item is a stream whose next piece is to be made */
    uint32_t count;
    bool is_stopping;
};

struct cw_export_stream {
    struct cw_export_streams *streams;
    struct cw_table_export *export; /* of the thread that makes a piece, while one is being made */
    const struct cw_entity *entity;
    char request_id[CW_REQUEST_ID_MAX + 1];
    /* Guarded by the lock of streams. */
    enum piece_state state;
    bool is_suspended;
    bool is_abandoned; /* whoever makes a piece frees the stream */
    /* Of the thread that makes a piece while one is being made, else of the connection's. */
    struct cw_buffer next;
    bool next_is_last;
    /* Of the thread that serves the connection. */
    struct MHD_Connection *connection;
    struct cw_watched *watched;
    int64_t patience; /* microseconds in which a part must be read */
    bool cannot_be_cut;
    struct cw_buffer sending;
    size_t sent;
    bool is_last;
    size_t total;
};

static void destroy(struct cw_export_stream *stream)
{
    struct cw_export_streams *streams = stream->streams;
    cw_table_export_free(stream->export);
    cw_buffer_clear(&stream->next);
    cw_buffer_clear(&stream->sending);
    free(stream);
    pthread_mutex_lock(&streams->lock);
    streams->count--;
    pthread_mutex_unlock(&streams->lock);
}

/* The answer's head is on its way: all that can still be done is to tell whoever runs the server. */
static void log_failure(const struct cw_export_stream *stream, const struct cw_error *error)
{
    char time[CW_TIME_TEXT];
    cw_time_text(cw_time_now(), time);
    fprintf(stderr, "time=%s level=error event=export id=%s table=%s rows=%lld message=\"%.300s\"\n", time,
            stream->request_id, stream->entity->table, (long long)cw_table_export_rows(stream->export),
            error->message);
}

/* Work of the pool: makes the next piece and wakes the connection that waits for it. */
static void make_piece(void *item)
{
    struct cw_export_stream *stream = item;
    struct cw_export_streams *streams = stream->streams;
    struct cw_error error = {0};
    pthread_mutex_lock(&streams->lock);
    bool is_wanted = !stream->is_abandoned && !streams->is_stopping;
    pthread_mutex_unlock(&streams->lock);
    cw_status status = CW_E_CANCELLED;
    if (is_wanted) {
        status = cw_table_export_next(stream->export, &stream->next, &stream->next_is_last, &error);
        if (status != CW_OK) {
            log_failure(stream, &error);
        }
    }
    pthread_mutex_lock(&streams->lock);
    const bool is_abandoned = stream->is_abandoned;
    stream->state = status == CW_OK ? PIECE_READY : PIECE_FAILED;
    if (!is_abandoned && stream->is_suspended) {
        stream->is_suspended = false;
        MHD_resume_connection(stream->connection);
    }
    pthread_mutex_unlock(&streams->lock);
    if (is_abandoned) {
        destroy(stream);
    }
}

cw_status cw_export_streams_new(uint32_t threads, struct cw_export_streams **streams, struct cw_error *error)
{
    struct cw_export_streams *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for exports");
    }
    pthread_mutex_init(&made->lock, NULL);
    /* Each stream has one item at most, so that there is always room. */
    const cw_status status = cw_work_pool_new(threads, CW_EXPORTS_MAX, make_piece, &made->pool, error);
    if (status != CW_OK) {
        cw_export_streams_free(made);
        return status;
    }
    *streams = made;
    return CW_OK;
}

void cw_export_streams_stop(struct cw_export_streams *streams)
{
    if (streams != NULL) {
        pthread_mutex_lock(&streams->lock);
        struct cw_work_pool *pool = streams->pool;
        streams->is_stopping = true;
        streams->pool = NULL;
        pthread_mutex_unlock(&streams->lock);
        /* Whoever is suspended has an item, which wakes it. */
        cw_work_pool_free(pool);
    }
}

void cw_export_streams_free(struct cw_export_streams *streams)
{
    if (streams != NULL) {
        cw_export_streams_stop(streams);
        pthread_mutex_destroy(&streams->lock);
        free(streams);
    }
}

uint32_t cw_export_streams_count(struct cw_export_streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    const uint32_t count = streams->count;
    pthread_mutex_unlock(&streams->lock);
    return count;
}

static bool enter(struct cw_export_streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    const bool has_room = streams->count < CW_EXPORTS_MAX && !streams->is_stopping;
    streams->count += has_room;
    pthread_mutex_unlock(&streams->lock);
    return has_room;
}

cw_status cw_export_stream_new(struct cw_export_streams *streams, struct cw_store *store,
                               const struct cw_list_page *page, const char *request_id,
                               struct cw_export_stream **stream, struct cw_error *error)
{
    struct cw_export_stream *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "no memory for an export");
    }
    if (!enter(streams)) {
        free(made);
        return cw_error_set(error, CW_E_UNAVAILABLE, NULL,
                            "there are %d exports under way, as many as are served at the same time",
                            CW_EXPORTS_MAX);
    }
    made->streams = streams;
    made->entity = page->entity;
    snprintf(made->request_id, sizeof made->request_id, "%s", request_id);
    cw_status status = cw_table_export_new(store, page, &made->export, error);
    if (status == CW_OK) {
        status = cw_table_export_next(made->export, &made->sending, &made->is_last, error);
    }
    if (status != CW_OK) {
        destroy(made);
        return status;
    }
    *stream = made;
    return CW_OK;
}

void cw_export_stream_free(struct cw_export_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    struct cw_export_streams *streams = stream->streams;
    pthread_mutex_lock(&streams->lock);
    const bool is_busy = stream->state == PIECE_MAKING;
    stream->is_abandoned = true;
    pthread_mutex_unlock(&streams->lock);
    if (!is_busy) {
        destroy(stream);
    }
}

bool cw_export_stream_take_whole(struct cw_export_stream *stream, struct cw_buffer *out)
{
    if (stream->is_last) {
        *out = stream->sending;
        stream->sending = (struct cw_buffer){0};
    }
    return stream->is_last;
}

/* Has the next piece made; under the lock. */
static void order_piece(struct cw_export_stream *stream)
{
    struct cw_work_pool *pool = stream->streams->pool;
    stream->state = pool != NULL && cw_work_pool_submit(pool, stream) ? PIECE_MAKING : PIECE_FAILED;
}

/* Takes the next piece; under the lock. */
static void take_piece(struct cw_export_stream *stream)
{
    const struct cw_buffer used = stream->sending;
    stream->sending = stream->next;
    stream->next = used;
    stream->next.size = 0;
    stream->sent = 0;
    stream->is_last = stream->next_is_last;
    stream->state = PIECE_NONE;
}

/* Finds out what follows the piece that is sent. The connection is suspended when that must be waited for. */
static enum piece_state find_piece(struct cw_export_stream *stream)
{
    pthread_mutex_lock(&stream->streams->lock);
    if (stream->state == PIECE_NONE) {
        order_piece(stream);
    }
    const enum piece_state found = stream->state;
    if (found == PIECE_READY) {
        take_piece(stream);
        if (!stream->is_last && stream->sending.size <= AHEAD_MAX) {
            order_piece(stream);
        }
    } else if (found == PIECE_MAKING) {
        if (stream->watched != NULL) {
            cw_watched_until(stream->watched, INT64_MAX); /* we are late, not the reader */
        }
        stream->is_suspended = true;
        MHD_suspend_connection(stream->connection);
    }
    pthread_mutex_unlock(&stream->streams->lock);
    return found;
}

/* Ends the connection so that its reader can't take what it has for the whole. libmicrohttpd leaves the last
 * chunk out; without chunks the end would look like that of a whole answer, so that the connection is reset,
 * which is what connecting to nowhere does (connect(2)). */
static ssize_t cut(const struct cw_export_stream *stream)
{
    if (stream->cannot_be_cut && stream->watched != NULL) {
        const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
        (void)connect(stream->watched->descriptor, &nowhere, sizeof nowhere);
    }
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* Called by libmicrohttpd for the next bytes. */
static ssize_t read_stream(void *context, uint64_t position, char *bytes, size_t size)
{
    struct cw_export_stream *stream = context;
    (void)position;
    while (stream->sent == stream->sending.size) {
        if (stream->is_last) {
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
        const enum piece_state found = find_piece(stream);
        if (found != PIECE_READY) {
            return found == PIECE_MAKING ? 0 : cut(stream);
        }
    }
    const size_t left = stream->sending.size - stream->sent;
    const size_t now = left < size ? left : size;
    memcpy(bytes, stream->sending.data + stream->sent, now);
    stream->sent += now;
    stream->total += now;
    if (stream->watched != NULL) {
        cw_watched_until(stream->watched, cw_clock_now() + stream->patience);
    }
    return (ssize_t)now;
}

struct MHD_Response *cw_export_stream_respond(struct cw_export_stream *stream,
                                              struct MHD_Connection *connection, struct cw_watched *watched,
                                              uint32_t timeout, bool cannot_be_cut)
{
    stream->connection = connection;
    stream->watched = watched;
    stream->patience = (int64_t)timeout * 1000000;
    stream->cannot_be_cut = cannot_be_cut;
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream, stream, NULL);
}

size_t cw_export_stream_sent(const struct cw_export_stream *stream)
{
    return stream->total;
}
