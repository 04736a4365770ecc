#include "encode/thrift_compact.h"
#include "harness.h"

#include <string.h>

static struct cw_buffer buffer;

static void tear_down(void)
{
    cw_buffer_clear(&buffer);
}

static struct cw_thrift_reader reader_of(const void *bytes, size_t size)
{
    const uint8_t *begin = bytes;
    return (struct cw_thrift_reader){.next = begin, .end = begin + size};
}

START_TEST(numbers_take_the_bytes_of_the_specification)
{
    static const struct {
        uint64_t value;
        const char *bytes;
        size_t size;
    } rows[] = {{0, "\x00", 1},
                {127, "\x7F", 1},
                {128, "\x80\x01", 2},
                {50399, "\xDF\x89\x03", 3},
                {UINT64_MAX, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[CW_VARINT_SIZE];
        ck_assert_uint_eq(cw_varint_put(bytes, rows[i].value), rows[i].size);
        ck_assert_mem_eq(bytes, rows[i].bytes, rows[i].size);
        const uint8_t *next = bytes;
        uint64_t value;
        ck_assert(cw_varint_get(&next, bytes + rows[i].size, &value));
        ck_assert_uint_eq(value, rows[i].value);
        next = bytes;
        ck_assert(!cw_varint_get(&next, bytes + rows[i].size - 1, &value));
    }
    static const int64_t signs[] = {0, -1, 1, -2, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        ck_assert_int_eq(cw_zigzag_decode(cw_zigzag_encode(signs[i])), signs[i]);
    }
    ck_assert_uint_eq(cw_zigzag_encode(-2), 3);
    const uint8_t *next = (const uint8_t *)"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02";
    uint64_t value;
    ck_assert_msg(!cw_varint_get(&next, next + 10, &value), "65 bits were accepted");
}
END_TEST

static void write_sample(void)
{
    struct cw_thrift_writer writer = CW_THRIFT_WRITER(&buffer, NULL);
    cw_thrift_write_i32(&writer, 1, -5);
    cw_thrift_write_bool(&writer, 2, true);
    cw_thrift_write_bool(&writer, 40, false);
    cw_thrift_write_struct(&writer, 41);
    cw_thrift_write_i8(&writer, 1, -7);
    cw_thrift_write_binary(&writer, 2, "bytes", 5);
    cw_thrift_write_end(&writer);
    cw_thrift_write_list(&writer, 42, CW_THRIFT_I32, 20);
    for (int32_t i = 0; i < 20; i++) {
        cw_thrift_element_i32(&writer, i * 1000);
    }
    cw_thrift_write_list(&writer, 43, CW_THRIFT_STRUCT, 2);
    for (int32_t i = 0; i < 2; i++) {
        cw_thrift_element_struct(&writer);
        cw_thrift_write_i64(&writer, 3, INT64_MIN + i);
        cw_thrift_write_end(&writer);
    }
    cw_thrift_write_end(&writer);
    ck_assert_int_eq(writer.status, CW_OK);
}

static void expect_field(struct cw_thrift_reader *reader, int16_t wanted, enum cw_thrift_type *type)
{
    int16_t id = -1;
    ck_assert(cw_thrift_read_field(reader, &id, type));
    ck_assert_int_eq(id, wanted);
}

START_TEST(what_is_written_reads_back)
{
    write_sample();
    struct cw_thrift_reader reader = reader_of(buffer.data, buffer.size);
    enum cw_thrift_type type;
    int16_t id;
    size_t size;
    expect_field(&reader, 1, &type);
    ck_assert_int_eq(cw_thrift_read_int(&reader, type, -10, 10), -5);
    expect_field(&reader, 2, &type);
    ck_assert(cw_thrift_read_bool(&reader, type));
    expect_field(&reader, 40, &type);
    ck_assert(!cw_thrift_read_bool(&reader, type));
    expect_field(&reader, 41, &type);
    cw_thrift_enter(&reader, type);
    expect_field(&reader, 1, &type);
    ck_assert_int_eq(cw_thrift_read_int(&reader, type, -10, 10), -7);
    expect_field(&reader, 2, &type);
    ck_assert_mem_eq(cw_thrift_read_binary(&reader, type, &size), "bytes", 5);
    ck_assert(!cw_thrift_read_field(&reader, &id, &type));
    expect_field(&reader, 42, &type);
    ck_assert_uint_eq(cw_thrift_read_list(&reader, type, CW_THRIFT_I32), 20);
    for (int32_t i = 0; i < 20; i++) {
        ck_assert_int_eq(cw_thrift_read_int(&reader, CW_THRIFT_I32, 0, 19000), i * 1000);
    }
    expect_field(&reader, 43, &type);
    ck_assert_uint_eq(cw_thrift_read_list(&reader, type, CW_THRIFT_STRUCT), 2);
    for (int32_t i = 0; i < 2; i++) {
        cw_thrift_enter(&reader, CW_THRIFT_STRUCT);
        expect_field(&reader, 3, &type);
        ck_assert_int_eq(cw_thrift_read_int(&reader, type, INT64_MIN, INT64_MAX), INT64_MIN + i);
        ck_assert(!cw_thrift_read_field(&reader, &id, &type));
    }
    ck_assert(!cw_thrift_read_field(&reader, &id, &type));
    ck_assert(!reader.failed);
    ck_assert_ptr_eq(reader.next, reader.end);
}
END_TEST

START_TEST(skipping_takes_the_same_bytes_and_sees_what_is_cut)
{
    write_sample();
    struct cw_thrift_reader whole = reader_of(buffer.data, buffer.size);
    cw_thrift_skip(&whole, CW_THRIFT_STRUCT);
    ck_assert(!whole.failed);
    ck_assert_ptr_eq(whole.next, whole.end);
    for (size_t size = 0; size < buffer.size; size++) {
        struct cw_thrift_reader cut = reader_of(buffer.data, size);
        cw_thrift_skip(&cut, CW_THRIFT_STRUCT);
        ck_assert_msg(cut.failed, "%zu bytes of %zu were taken for the whole", size, buffer.size);
    }
}
END_TEST

START_TEST(impossible_input_is_a_fault)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *what;
    } rows[] = {{"\x19\xFC\xFF\xFF\xFF\x0F", 6, "a list longer than the input"},
                {"\x18\x7F\x00", 3, "bytes longer than the input"},
                {"\x1D\x00", 2, "a type that does not exist"},
                {"\x1B\x05\x88", 3, "a map that is cut"},
                {"\x05\x01\x02\x00", 4, "a negative field"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_thrift_reader reader = reader_of(rows[i].bytes, rows[i].size);
        cw_thrift_skip(&reader, CW_THRIFT_STRUCT);
        ck_assert_msg(reader.failed, "%s", rows[i].what);
    }
    uint8_t nested[200];
    memset(nested, 0x1C, sizeof nested);
    struct cw_thrift_reader reader = reader_of(nested, sizeof nested);
    cw_thrift_skip(&reader, CW_THRIFT_STRUCT);
    ck_assert(reader.failed);
    memset(nested, 0x19, sizeof nested);
    reader = reader_of(nested, sizeof nested);
    cw_thrift_skip(&reader, CW_THRIFT_STRUCT);
    ck_assert(reader.failed);
    reader = reader_of("\x08", 1);
    ck_assert_int_eq(cw_thrift_read_int(&reader, CW_THRIFT_I32, 0, 3), 0);
    ck_assert_msg(reader.failed, "a number out of range was accepted");
}
END_TEST

START_TEST(writing_too_deep_fails_without_harm)
{
    struct cw_thrift_writer writer = CW_THRIFT_WRITER(&buffer, NULL);
    for (int i = 0; i < CW_THRIFT_DEPTH + 3; i++) {
        cw_thrift_write_struct(&writer, 1);
    }
    ck_assert_int_eq(writer.status, CW_E_INTERNAL);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("thrift_compact");
    TCase *group = tcase_create("thrift_compact");
    tcase_add_checked_fixture(group, NULL, tear_down);
    tcase_add_test(group, numbers_take_the_bytes_of_the_specification);
    tcase_add_test(group, what_is_written_reads_back);
    tcase_add_test(group, skipping_takes_the_same_bytes_and_sees_what_is_cut);
    tcase_add_test(group, impossible_input_is_a_fault);
    tcase_add_test(group, writing_too_deep_fails_without_harm);
    suite_add_tcase(suite, group);
    return suite;
}
