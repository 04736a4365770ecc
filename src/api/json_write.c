#include "api/json_write.h"

#include <stdio.h>
#include <string.h>

#include "service/json_read.h"
#include "service/values.h"

struct cw_json_writer cw_json_writer_init(struct cw_buffer *out, struct cw_error *error)
{
    return (struct cw_json_writer){.out = out, .error = error, .status = CW_OK, .needs_comma = false};
}

static void append(struct cw_json_writer *writer, const char *bytes, size_t size)
{
    if (writer->status == CW_OK) {
        writer->status = cw_buffer_append(writer->out, bytes, size, writer->error);
    }
}

static void begin_value(struct cw_json_writer *writer)
{
    if (writer->needs_comma) {
        append(writer, ",", 1);
    }
    writer->needs_comma = true;
}

void cw_json_open(struct cw_json_writer *writer, char bracket)
{
    begin_value(writer);
    append(writer, &bracket, 1);
    writer->needs_comma = false;
}

void cw_json_close(struct cw_json_writer *writer, char bracket)
{
    append(writer, &bracket, 1);
    writer->needs_comma = true;
}

void cw_json_key(struct cw_json_writer *writer, const char *name)
{
    cw_json_text(writer, name);
    append(writer, ":", 1);
    writer->needs_comma = false;
}

void cw_json_text_sized(struct cw_json_writer *writer, const char *text, size_t size)
{
    begin_value(writer);
    if (writer->status == CW_OK) {
        writer->status = cw_json_quote(writer->out, text, size, writer->error);
    }
}

void cw_json_text(struct cw_json_writer *writer, const char *text)
{
    if (text == NULL) {
        cw_json_raw(writer, "null", 4);
    } else {
        cw_json_text_sized(writer, text, strlen(text));
    }
}

void cw_json_number(struct cw_json_writer *writer, int64_t value)
{
    char text[24];
    const int length = snprintf(text, sizeof text, "%lld", (long long)value);
    cw_json_raw(writer, text, (size_t)length);
}

void cw_json_bool(struct cw_json_writer *writer, bool value)
{
    cw_json_raw(writer, value ? "true" : "false", value ? 4 : 5);
}

void cw_json_raw(struct cw_json_writer *writer, const char *raw, size_t size)
{
    begin_value(writer);
    append(writer, raw, size);
}

void cw_json_instant(struct cw_json_writer *writer, int64_t time)
{
    char text[CW_TIME_TEXT];
    if (time == 0) {
        cw_json_raw(writer, "null", 4);
        return;
    }
    cw_time_text(time, text);
    cw_json_text(writer, text);
}

void cw_json_put_text(struct cw_json_writer *writer, const char *name, const char *text)
{
    cw_json_key(writer, name);
    cw_json_text(writer, text);
}

void cw_json_put_number(struct cw_json_writer *writer, const char *name, int64_t value)
{
    cw_json_key(writer, name);
    cw_json_number(writer, value);
}

void cw_json_put_bool(struct cw_json_writer *writer, const char *name, bool value)
{
    cw_json_key(writer, name);
    cw_json_bool(writer, value);
}

void cw_json_put_raw(struct cw_json_writer *writer, const char *name, const struct cw_buffer *raw)
{
    cw_json_key(writer, name);
    if (raw->size == 0) {
        cw_json_raw(writer, "null", 4);
    } else {
        cw_json_raw(writer, raw->data, raw->size);
    }
}

void cw_json_put_instant(struct cw_json_writer *writer, const char *name, int64_t time)
{
    cw_json_key(writer, name);
    cw_json_instant(writer, time);
}

void cw_json_put_quoted(struct cw_json_writer *writer, const char *name, const char *json)
{
    cw_json_key(writer, name);
    begin_value(writer);
    for (const char *at = json; *at != '\0'; at++) {
        append(writer, *at == '\'' ? "\"" : at, 1);
    }
}
