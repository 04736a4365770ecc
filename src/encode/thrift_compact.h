/* Thrift's compact protocol, as far as Parquet's metadata uses it: structs, lists, integers, booleans and
 * binary (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
 *
 *     field    delta of id << 4 | type, or 0 << 4 | type and the id as zigzag varint; a boolean is in the
 * type struct   fields, 0 list     count << 4 | type, or 0xF0 | type and the count as varint; elements
 *     integer  zigzag varint        binary   size as varint, bytes
 */
#ifndef CW_ENCODE_THRIFT_COMPACT_H
#define CW_ENCODE_THRIFT_COMPACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cartwright/buffer.h"

enum cw_thrift_type {
    CW_THRIFT_TRUE = 1,
    CW_THRIFT_FALSE = 2,
    CW_THRIFT_I8 = 3,
    CW_THRIFT_I16 = 4,
    CW_THRIFT_I32 = 5,
    CW_THRIFT_I64 = 6,
    CW_THRIFT_DOUBLE = 7,
    CW_THRIFT_BINARY = 8,
    CW_THRIFT_LIST = 9,
    CW_THRIFT_SET = 10,
    CW_THRIFT_MAP = 11,
    CW_THRIFT_STRUCT = 12
};

#define CW_THRIFT_DEPTH 16

/* Room that the longest varint takes. */
#define CW_VARINT_SIZE 10

/* Appends to out. The first failure (out of memory) stays in status and stops all later writes, so that only
 * the end need be checked. Start with CW_THRIFT_WRITER and one cw_thrift_write_end for that outermost struct.
 */
struct cw_thrift_writer {
    struct cw_buffer *out;
    struct cw_error *error;
    cw_status status;
    int depth;
    int16_t last_id[CW_THRIFT_DEPTH];
};

#define CW_THRIFT_WRITER(buffer, err)                                                                        \
    (struct cw_thrift_writer)                                                                                \
    {                                                                                                        \
        .out = (buffer), .error = (err), .status = CW_OK                                                     \
    }

void cw_thrift_write_bool(struct cw_thrift_writer *writer, int16_t id, bool value);
void cw_thrift_write_i8(struct cw_thrift_writer *writer, int16_t id, int8_t value);
void cw_thrift_write_i32(struct cw_thrift_writer *writer, int16_t id, int32_t value);
void cw_thrift_write_i64(struct cw_thrift_writer *writer, int16_t id, int64_t value);
void cw_thrift_write_binary(struct cw_thrift_writer *writer, int16_t id, const void *bytes, size_t size);
/* A struct as field id; its own fields follow up to cw_thrift_write_end. */
void cw_thrift_write_struct(struct cw_thrift_writer *writer, int16_t id);
void cw_thrift_write_end(struct cw_thrift_writer *writer);
/* A list as field id; count elements of the type follow. Elements that are structs stand between
 * cw_thrift_element_struct and cw_thrift_write_end. */
void cw_thrift_write_list(struct cw_thrift_writer *writer, int16_t id, enum cw_thrift_type type,
                          size_t count);
void cw_thrift_element_i32(struct cw_thrift_writer *writer, int32_t value);
void cw_thrift_element_binary(struct cw_thrift_writer *writer, const void *bytes, size_t size);
void cw_thrift_element_struct(struct cw_thrift_writer *writer);

/* Writes value as unsigned LEB128 to bytes, which has room for CW_VARINT_SIZE; returns its length. */
size_t cw_varint_put(uint8_t *bytes, uint64_t value);
uint64_t cw_zigzag_encode(int64_t value);
int64_t cw_zigzag_decode(uint64_t value);

/* Reads bytes that may be hostile: nothing past end is touched, and after the first fault (failed) every
 * function returns zero values, so that only the end need be checked. Zeroed but for next and end it is ready
 * to read the fields of the outermost struct. */
struct cw_thrift_reader {
    const uint8_t *next;
    const uint8_t *end;
    bool failed;
    int depth;
    int16_t last_id[CW_THRIFT_DEPTH];
};

/* The next field of the current struct; false at its end (which leaves an inner struct) or after a fault. The
 * field must then be read, entered or skipped. */
bool cw_thrift_read_field(struct cw_thrift_reader *reader, int16_t *id, enum cw_thrift_type *type);
/* A field or element of any integer type. Other types are a fault; so is a value that does not fit. */
int64_t cw_thrift_read_int(struct cw_thrift_reader *reader, enum cw_thrift_type type, int64_t low,
                           int64_t high);
bool cw_thrift_read_bool(struct cw_thrift_reader *reader, enum cw_thrift_type type);
/* Bytes within the input; NULL and 0 after a fault. */
const uint8_t *cw_thrift_read_binary(struct cw_thrift_reader *reader, enum cw_thrift_type type, size_t *size);
/* Begins a struct: its fields follow, until cw_thrift_read_field returns false. */
void cw_thrift_enter(struct cw_thrift_reader *reader, enum cw_thrift_type type);
/* Begins a list of elements of the type wanted and returns their count, at most the bytes left; each must
 * then be read. */
size_t cw_thrift_read_list(struct cw_thrift_reader *reader, enum cw_thrift_type type,
                           enum cw_thrift_type wanted);
void cw_thrift_skip(struct cw_thrift_reader *reader, enum cw_thrift_type type);

/* Reads an unsigned LEB128 number of at most 64 bits; false when it is cut or too long. */
bool cw_varint_get(const uint8_t **next, const uint8_t *end, uint64_t *value);

#endif
