#include "encode/thrift_compact.h"

#include <string.h>

size_t cw_varint_put(uint8_t *bytes, uint64_t value)
{
    size_t size = 0;
    while (value >= 0x80) {
        bytes[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[size++] = (uint8_t)value;
    return size;
}

uint64_t cw_zigzag_encode(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

int64_t cw_zigzag_decode(uint64_t value)
{
    const uint64_t bits = (value >> 1) ^ (0 - (value & 1));
    int64_t result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

static void write_bytes(struct cw_thrift_writer *writer, const void *bytes, size_t size)
{
    if (writer->status == CW_OK && size > 0) {
        writer->status = cw_buffer_append(writer->out, bytes, size, writer->error);
    }
}

static void write_varint(struct cw_thrift_writer *writer, uint64_t value)
{
    uint8_t bytes[CW_VARINT_SIZE];
    write_bytes(writer, bytes, cw_varint_put(bytes, value));
}

static void write_header(struct cw_thrift_writer *writer, int16_t id, enum cw_thrift_type type)
{
    const int delta = id - writer->last_id[writer->depth];
    writer->last_id[writer->depth] = id;
    if (delta > 0 && delta <= 15) {
        const uint8_t byte = (uint8_t)((unsigned)delta << 4 | (unsigned)type);
        write_bytes(writer, &byte, 1);
        return;
    }
    const uint8_t byte = (uint8_t)type;
    write_bytes(writer, &byte, 1);
    write_varint(writer, cw_zigzag_encode(id));
}

static void push(struct cw_thrift_writer *writer)
{
    if (writer->depth + 1 >= CW_THRIFT_DEPTH) {
        if (writer->status == CW_OK) {
            writer->status = cw_error_set(writer->error, CW_E_INTERNAL, "depth",
                                          "structs are nested %d deep, expected fewer than %d",
                                          writer->depth + 1, CW_THRIFT_DEPTH);
        }
        return;
    }
    writer->last_id[++writer->depth] = 0;
}

void cw_thrift_write_bool(struct cw_thrift_writer *writer, int16_t id, bool value)
{
    write_header(writer, id, value ? CW_THRIFT_TRUE : CW_THRIFT_FALSE);
}

void cw_thrift_write_i8(struct cw_thrift_writer *writer, int16_t id, int8_t value)
{
    write_header(writer, id, CW_THRIFT_I8);
    write_bytes(writer, &value, 1);
}

void cw_thrift_write_i32(struct cw_thrift_writer *writer, int16_t id, int32_t value)
{
    write_header(writer, id, CW_THRIFT_I32);
    write_varint(writer, cw_zigzag_encode(value));
}

void cw_thrift_write_i64(struct cw_thrift_writer *writer, int16_t id, int64_t value)
{
    write_header(writer, id, CW_THRIFT_I64);
    write_varint(writer, cw_zigzag_encode(value));
}

void cw_thrift_write_binary(struct cw_thrift_writer *writer, int16_t id, const void *bytes, size_t size)
{
    write_header(writer, id, CW_THRIFT_BINARY);
    cw_thrift_element_binary(writer, bytes, size);
}

void cw_thrift_write_struct(struct cw_thrift_writer *writer, int16_t id)
{
    write_header(writer, id, CW_THRIFT_STRUCT);
    push(writer);
}

void cw_thrift_write_end(struct cw_thrift_writer *writer)
{
    const uint8_t stop = 0;
    write_bytes(writer, &stop, 1);
    if (writer->depth > 0) {
        writer->depth--;
    }
}

void cw_thrift_write_list(struct cw_thrift_writer *writer, int16_t id, enum cw_thrift_type type, size_t count)
{
    write_header(writer, id, CW_THRIFT_LIST);
    if (count < 15) {
        const uint8_t byte = (uint8_t)(count << 4 | (unsigned)type);
        write_bytes(writer, &byte, 1);
        return;
    }
    const uint8_t byte = (uint8_t)(0xF0u | (unsigned)type);
    write_bytes(writer, &byte, 1);
    write_varint(writer, count);
}

void cw_thrift_element_i32(struct cw_thrift_writer *writer, int32_t value)
{
    write_varint(writer, cw_zigzag_encode(value));
}

void cw_thrift_element_binary(struct cw_thrift_writer *writer, const void *bytes, size_t size)
{
    write_varint(writer, size);
    write_bytes(writer, bytes, size);
}

void cw_thrift_element_struct(struct cw_thrift_writer *writer)
{
    push(writer);
}

bool cw_varint_get(const uint8_t **next, const uint8_t *end, uint64_t *value)
{
    uint64_t result = 0;
    const uint8_t *at = *next;
    for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
        const uint8_t byte = *at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        result |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *next = at;
            *value = result;
            return true;
        }
    }
    return false;
}

static void fail(struct cw_thrift_reader *reader)
{
    reader->failed = true;
    reader->next = reader->end;
}

static uint64_t read_varint(struct cw_thrift_reader *reader)
{
    uint64_t value;
    if (reader->failed || !cw_varint_get(&reader->next, reader->end, &value)) {
        fail(reader);
        return 0;
    }
    return value;
}

static uint8_t read_byte(struct cw_thrift_reader *reader)
{
    if (reader->failed || reader->next == reader->end) {
        fail(reader);
        return 0;
    }
    return *reader->next++;
}

bool cw_thrift_read_field(struct cw_thrift_reader *reader, int16_t *id, enum cw_thrift_type *type)
{
    const uint8_t byte = read_byte(reader);
    if (byte == 0) {
        if (reader->depth > 0) {
            reader->depth--;
        }
        return false;
    }
    const unsigned kind = byte & 0x0F;
    const unsigned delta = byte >> 4;
    int64_t number = reader->last_id[reader->depth] + (int64_t)delta;
    if (delta == 0) {
        number = cw_zigzag_decode(read_varint(reader));
    }
    if (reader->failed || kind < CW_THRIFT_TRUE || kind > CW_THRIFT_STRUCT || number < 0 ||
        number > INT16_MAX) {
        fail(reader);
        return false;
    }
    *id = reader->last_id[reader->depth] = (int16_t)number;
    *type = (enum cw_thrift_type)kind;
    return true;
}

int64_t cw_thrift_read_int(struct cw_thrift_reader *reader, enum cw_thrift_type type, int64_t low,
                           int64_t high)
{
    int64_t value = 0;
    if (type == CW_THRIFT_I8) {
        const uint8_t byte = read_byte(reader);
        value = byte < 128 ? byte : byte - 256;
    } else if (type == CW_THRIFT_I16 || type == CW_THRIFT_I32 || type == CW_THRIFT_I64) {
        value = cw_zigzag_decode(read_varint(reader));
    } else {
        fail(reader);
    }
    if (value < low || value > high) {
        fail(reader);
    }
    return reader->failed ? 0 : value;
}

bool cw_thrift_read_bool(struct cw_thrift_reader *reader, enum cw_thrift_type type)
{
    if (type != CW_THRIFT_TRUE && type != CW_THRIFT_FALSE) {
        fail(reader);
    }
    return !reader->failed && type == CW_THRIFT_TRUE;
}

const uint8_t *cw_thrift_read_binary(struct cw_thrift_reader *reader, enum cw_thrift_type type, size_t *size)
{
    uint64_t length = 0;
    if (type == CW_THRIFT_BINARY) {
        length = read_varint(reader);
    } else {
        fail(reader);
    }
    if (reader->failed || length > (uint64_t)(reader->end - reader->next)) {
        fail(reader);
        *size = 0;
        return NULL;
    }
    const uint8_t *bytes = reader->next;
    reader->next += length;
    *size = (size_t)length;
    return bytes;
}

void cw_thrift_enter(struct cw_thrift_reader *reader, enum cw_thrift_type type)
{
    if (type != CW_THRIFT_STRUCT || reader->depth + 1 >= CW_THRIFT_DEPTH) {
        fail(reader);
        return;
    }
    reader->last_id[++reader->depth] = 0;
}

/* Every element takes at least one byte, so a greater count is a lie; that bounds what callers allocate. */
static size_t read_list_header(struct cw_thrift_reader *reader, enum cw_thrift_type *type)
{
    const uint8_t byte = read_byte(reader);
    *type = (enum cw_thrift_type)(byte & 0x0F);
    uint64_t count = byte >> 4;
    if (count == 15) {
        count = read_varint(reader);
    }
    if (reader->failed || count > (uint64_t)(reader->end - reader->next)) {
        fail(reader);
        return 0;
    }
    return (size_t)count;
}

size_t cw_thrift_read_list(struct cw_thrift_reader *reader, enum cw_thrift_type type,
                           enum cw_thrift_type wanted)
{
    enum cw_thrift_type element = CW_THRIFT_STRUCT;
    size_t count = 0;
    if (type == CW_THRIFT_LIST) {
        count = read_list_header(reader, &element);
    } else {
        fail(reader);
    }
    if (count > 0 && element != wanted) {
        fail(reader);
    }
    return reader->failed ? 0 : count;
}

static void skip_bytes(struct cw_thrift_reader *reader, uint64_t size)
{
    if (reader->failed || size > (uint64_t)(reader->end - reader->next)) {
        fail(reader);
        return;
    }
    reader->next += size;
}

static void skip_value(struct cw_thrift_reader *reader, enum cw_thrift_type type, bool in_list, int depth);

static void skip_elements(struct cw_thrift_reader *reader, enum cw_thrift_type type, size_t count, int depth)
{
    for (size_t i = 0; i < count && !reader->failed; i++) {
        skip_value(reader, type, true, depth);
    }
}

static void skip_map(struct cw_thrift_reader *reader, int depth)
{
    const uint64_t count = read_varint(reader);
    if (count == 0) {
        return;
    }
    const uint8_t types = read_byte(reader);
    for (uint64_t i = 0; i < count && !reader->failed; i++) {
        skip_value(reader, (enum cw_thrift_type)(types >> 4), true, depth);
        skip_value(reader, (enum cw_thrift_type)(types & 0x0F), true, depth);
    }
}

static void skip_struct(struct cw_thrift_reader *reader, int depth)
{
    int16_t id;
    enum cw_thrift_type type;
    cw_thrift_enter(reader, CW_THRIFT_STRUCT);
    while (cw_thrift_read_field(reader, &id, &type)) {
        skip_value(reader, type, false, depth);
    }
}

/* depth bounds lists of lists, which do not count against the reader's depth of structs. */
static void skip_value(struct cw_thrift_reader *reader, enum cw_thrift_type type, bool in_list, int depth)
{
    if (depth >= CW_THRIFT_DEPTH) {
        fail(reader);
        return;
    }
    enum cw_thrift_type element;
    switch (type) {
    case CW_THRIFT_TRUE:
    case CW_THRIFT_FALSE:
        skip_bytes(reader, in_list ? 1 : 0);
        return;
    case CW_THRIFT_I8:
        skip_bytes(reader, 1);
        return;
    case CW_THRIFT_I16:
    case CW_THRIFT_I32:
    case CW_THRIFT_I64:
        (void)read_varint(reader);
        return;
    case CW_THRIFT_DOUBLE:
        skip_bytes(reader, 8);
        return;
    case CW_THRIFT_BINARY:
        skip_bytes(reader, read_varint(reader));
        return;
    case CW_THRIFT_LIST:
    case CW_THRIFT_SET: {
        const size_t count = read_list_header(reader, &element);
        skip_elements(reader, element, count, depth + 1);
        return;
    }
    case CW_THRIFT_MAP:
        skip_map(reader, depth + 1);
        return;
    case CW_THRIFT_STRUCT:
        skip_struct(reader, depth + 1);
        return;
    }
    fail(reader);
}

void cw_thrift_skip(struct cw_thrift_reader *reader, enum cw_thrift_type type)
{
    skip_value(reader, type, false, 0);
}
