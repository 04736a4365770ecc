#include "api/export_resource.h"

#include <stdio.h>

#include "api/api.h"
#include "api/export_stream.h"
#include "api/list_resource.h"

/* What a browser calls the file that it keeps. */
static cw_status put_name(struct cw_exchange *exchange, struct cw_error *error)
{
    char text[96];
    snprintf(text, sizeof text, "attachment; filename=\"%s.%s\"", exchange->entity->table,
             cw_format_name(exchange->format));
    return cw_reply_header(&exchange->reply, "Content-Disposition", text, error);
}

cw_status cw_export_rows(struct cw_exchange *exchange, struct cw_error *error)
{
    struct cw_list_page page;
    if (!cw_list_page_of(exchange, &page)) {
        return CW_OK;
    }
    struct cw_reply *reply = &exchange->reply;
    cw_status status = put_name(exchange, error);
    reply->status = 200;
    reply->media_type = cw_format_media_type(exchange->format);
    if (status != CW_OK || exchange->is_head) {
        exchange->streams_rows = status == CW_OK;
        return status;
    }
    struct cw_export_stream *stream = NULL;
    status = cw_export_stream_new(exchange->api->exports, exchange->api->store, &page, exchange->request_id,
                                  &stream, error);
    if (status == CW_OK && cw_export_stream_take_whole(stream, &reply->body)) {
        cw_export_stream_free(stream);
    } else if (status == CW_OK) {
        exchange->streams_rows = true;
        exchange->export = stream;
    }
    return status;
}
