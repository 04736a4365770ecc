/* Exports on their way to their readers. An export has at most one piece that is being sent and one that
 * waits or is being made; a few threads make the pieces of all exports in turn. So a slow reader costs two
 * pieces of memory and no thread, its connection is suspended while it waits for us, and nothing of the store
 * is held while we wait for it. */
#ifndef CW_API_EXPORT_STREAM_H
#define CW_API_EXPORT_STREAM_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/connection_watch.h"
#include "cartwright/buffer.h"
#include "cartwright/error.h"
#include "service/table_export.h"

/* Exports under way at the same time; more are answered by 503. */
#define CW_EXPORTS_MAX 32

struct cw_export_streams; /* thread-safe */
struct cw_export_stream;

cw_status cw_export_streams_new(uint32_t threads, struct cw_export_streams **streams, struct cw_error *error);
/* Ends what is under way: pieces that are being made are finished, and their readers find their connections
 * cut. No stream may be read after that but by libmicrohttpd's threads. NULL is accepted. */
void cw_export_streams_stop(struct cw_export_streams *streams);
/* After all streams are freed. NULL is accepted. */
void cw_export_streams_free(struct cw_export_streams *streams);

/* Exports under way. */
uint32_t cw_export_streams_count(struct cw_export_streams *streams);

/* Begins an export and makes its first piece. request_id names it in the log. Errors: CW_E_UNAVAILABLE when
 * there are too many, those of cw_table_export_new and cw_table_export_next. */
cw_status cw_export_stream_new(struct cw_export_streams *streams, struct cw_store *store,
                               const struct cw_list_page *page, const char *request_id,
                               struct cw_export_stream **stream, struct cw_error *error);
/* Frees it, or has that done by the thread that makes a piece of it now. NULL is accepted. */
void cw_export_stream_free(struct cw_export_stream *stream);

/* When the first piece is the whole file, moves it into *out and returns true. */
bool cw_export_stream_take_whole(struct cw_export_stream *stream, struct cw_buffer *out);

/* Makes the response that sends the file. Each part that libmicrohttpd takes, some kilobytes, must be read
 * within timeout seconds. watched may be NULL. cannot_be_cut: the connection's end is the answer's
 * (HTTP/1.0), so that a failure must reset it. NULL: no memory. */
struct MHD_Response *cw_export_stream_respond(struct cw_export_stream *stream,
                                              struct MHD_Connection *connection, struct cw_watched *watched,
                                              uint32_t timeout, bool cannot_be_cut);

/* Bytes of the file handed to libmicrohttpd so far. */
size_t cw_export_stream_sent(const struct cw_export_stream *stream);

#endif
