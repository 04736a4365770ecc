#include "encode_samples.h"

#include <stdio.h>
#include <stdlib.h>

/* A small entity, so that files can be written out in the tests. */
static const struct cw_column_def pair_columns[] = {
    SAMPLE_COLUMN("id", CW_TYPE_INT32, false),
    SAMPLE_COLUMN("text", CW_TYPE_STRING, true),
    SAMPLE_COLUMN("flag", CW_TYPE_BOOL, true),
};
static const struct cw_entity pair_entity = {CW_ENTITY_CUSTOMER,  "pair",       "pairs",
                                             "Rows of the tests", pair_columns, 3};

static struct cw_batch batch;
static struct cw_error error;

static void check_pair(int64_t row, int32_t id, const char *text)
{
    ck_assert_int_lt(row, batch.row_count);
    ck_assert_int_eq(((const int32_t *)batch.columns[0].values)[row], id);
    ck_assert_int_eq(cw_column_is_valid(&batch.columns[1], row), text != NULL);
    if (text != NULL) {
        size_t length;
        const char *found = cw_column_string(&batch.columns[1], row, &length);
        ck_assert_uint_eq(length, strlen(text));
        ck_assert(length == 0 || memcmp(found, text, length) == 0);
    }
}

static void accept(enum cw_format format, const char *file, int64_t rows)
{
    cw_batch_clear(&batch);
    const cw_status status = sample_decode(format, &pair_entity, file, strlen(file), &batch, &error);
    ck_assert_msg(status == CW_OK, "%s: %s", file, error.message);
    ck_assert_int_eq(batch.row_count, rows);
}

static void refuse(enum cw_format format, const char *file, cw_status code, const char *message)
{
    struct cw_batch refused;
    const cw_status status = sample_decode(format, &pair_entity, file, strlen(file), &refused, &error);
    ck_assert_msg(status == code, "%s: %d %s", file, status, status == CW_OK ? "accepted" : error.message);
    ck_assert_msg(strstr(error.message, message) != NULL, "%s: %s", file, error.message);
    ck_assert_int_eq(refused.row_count, 0);
    cw_batch_clear(&refused);
}

static void round_trip(enum cw_format format)
{
    static const int64_t sizes[] = {0, 1, 7, 256, 257, 1000, 4096, 0, 5000, 3};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    struct cw_batch batches[COUNT];
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(cw_batch_init(&batches[i], &sample_entity, NULL), CW_OK);
        sample_fill(&batches[i], sizes[i], (uint64_t)i * 31 + 5);
    }
    struct cw_buffer whole = {0};
    sample_encode(format, batches, COUNT, COUNT, &whole);
    sample_check_file(format, &whole, batches, COUNT);
    for (size_t pieces = 1; pieces < COUNT; pieces += 2) {
        struct cw_buffer file = {0};
        sample_encode(format, batches, COUNT, pieces, &file);
        ck_assert_uint_eq(file.size, whole.size);
        ck_assert(memcmp(file.data, whole.data, whole.size) == 0);
        cw_buffer_clear(&file);
    }
    const char *path = getenv("CARTWRIGHT_SAMPLE_FILE");
    if (path != NULL) {
        FILE *out = fopen(path, "wb");
        ck_assert_ptr_nonnull(out);
        ck_assert_uint_eq(fwrite(whole.data, 1, whole.size, out), whole.size);
        fclose(out);
    }
    cw_buffer_clear(&whole);
    for (int i = 0; i < COUNT; i++) {
        cw_batch_clear(&batches[i]);
    }
}

START_TEST(csv_round_trips_and_pieces_make_the_whole)
{
    round_trip(CW_FORMAT_CSV);
}
END_TEST

START_TEST(ndjson_round_trips_and_pieces_make_the_whole)
{
    round_trip(CW_FORMAT_NDJSON);
}
END_TEST

START_TEST(json_round_trips_and_pieces_make_the_whole)
{
    round_trip(CW_FORMAT_JSON);
}
END_TEST

START_TEST(csv_takes_what_rfc_4180_allows)
{
    accept(CW_FORMAT_CSV, "id,text,flag\n", 0);
    accept(CW_FORMAT_CSV, "id,text,flag", 0);
    accept(CW_FORMAT_CSV, "id\n1\n2", 2);
    accept(CW_FORMAT_CSV, "\xEF\xBB\xBFtext,id\r\na b,1\r\n\"c,\"\"d\"\"\r\n\n\",\"2\"\r\n,3\r\n\"\",4", 4);
    check_pair(0, 1, "a b");
    check_pair(1, 2, "c,\"d\"\r\n\n");
    check_pair(2, 3, NULL);
    check_pair(3, 4, "");
    ck_assert_int_eq(batch.columns[1].null_count, 1);
    ck_assert_int_eq(batch.columns[2].null_count, 4);
}
END_TEST

START_TEST(csv_refuses_the_rest_and_says_where)
{
    const enum cw_format csv = CW_FORMAT_CSV;
    refuse(csv, "", CW_E_CORRUPT, "empty");
    refuse(csv, "id,other\n", CW_E_INVALID, "column other");
    refuse(csv, "id,text,id\n", CW_E_INVALID, "twice");
    refuse(csv, "text,flag\n", CW_E_INVALID, "column id");
    refuse(csv, "id,text\n1\n", CW_E_CORRUPT, "line 2: the line has 1 values");
    refuse(csv, "id,text\n1,a,b\n", CW_E_CORRUPT, "3 values");
    refuse(csv, "id,text\n1,a\n\n", CW_E_CORRUPT, "line 3");
    refuse(csv, "id,text\n1,a\n,b\n", CW_E_INVALID, "line 3, column id: the value is null");
    refuse(csv, "id,text\n1,\"a\n\nb\"\nx,b\n", CW_E_INVALID, "line 5, column id: the value is x");
    refuse(csv, "id,text\n1,\"a", CW_E_CORRUPT, "column text: the quotes");
    refuse(csv, "id,text\n1,a\"b\n", CW_E_CORRUPT, "quote stands inside");
    refuse(csv, "id,text\n1,\"a\"b\n", CW_E_CORRUPT, "closing quote");
    refuse(csv, "id,text\n1,a\rb\n", CW_E_CORRUPT, "carriage return");
    refuse(csv, "id,text\n1,a\r", CW_E_CORRUPT, "carriage return");
    refuse(csv, "id,text\n1,\xFF\n", CW_E_CORRUPT, "UTF-8");
    refuse(csv, "id,flag\n1,yes\n", CW_E_INVALID, "true or false");
    refuse(csv, "id,flag\n1,\"\"\n", CW_E_INVALID, "true or false");
}
END_TEST

START_TEST(ndjson_takes_what_rfc_8259_allows)
{
    const enum cw_format ndjson = CW_FORMAT_NDJSON;
    accept(ndjson, "", 0);
    accept(ndjson, " \n\n\r\n", 0);
    accept(ndjson,
           "{\"id\":1}\n"
           " { \"text\" : \"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00dF\\u20ac\\uD83D\\uDE00\" , \"\\u0069d\" : -2 } "
           "\r\n\n"
           "{\"flag\":true,\"text\":null,\"id\":3}\n"
           "{\"text\":\"\",\"id\":4,\"flag\":null}",
           4);
    check_pair(0, 1, NULL);
    check_pair(1, -2, "a\"\\/\b\f\n\r\t\u00df€😀");
    check_pair(2, 3, NULL);
    check_pair(3, 4, "");
    ck_assert_int_eq(cw_column_bool(&batch.columns[2], 2), 1);
    ck_assert_int_eq(batch.columns[2].null_count, 3);
    accept(CW_FORMAT_JSON, "[]", 0);
    accept(CW_FORMAT_JSON, " \n[ \n ] \n", 0);
    accept(CW_FORMAT_JSON, "[\n{\n\"id\"\n:\n5\n}\n,{\"id\":6}]\n", 2);
    check_pair(0, 5, NULL);
    check_pair(1, 6, NULL);
}
END_TEST

START_TEST(ndjson_refuses_the_rest_and_says_where)
{
    const enum cw_format ndjson = CW_FORMAT_NDJSON;
    refuse(ndjson, "{}", CW_E_INVALID, "line 1, column id: the row does not hold");
    refuse(ndjson, "{\"id\":1}\n\n{\"id\":1,\"id\":2}", CW_E_INVALID,
           "line 3: the row has two members \"id\"");
    refuse(ndjson, "{\"id\":1,\"i\\u0064\":2}", CW_E_INVALID, "two members");
    refuse(ndjson, "{\"id\":1,\"other\":2}", CW_E_INVALID, "member \"other\"");
    refuse(ndjson, "{\"id\":\"1\"}", CW_E_INVALID, "the value is \"1\", but a whole number");
    refuse(ndjson, "{\"id\":1.0}", CW_E_INVALID, "1.0");
    refuse(ndjson, "{\"id\":01}", CW_E_INVALID, "01");
    refuse(ndjson, "{\"id\":2147483648}", CW_E_INVALID, "2147483648");
    refuse(ndjson, "{\"id\":null}", CW_E_INVALID, "null");
    refuse(ndjson, "{\"id\":1,\"text\":nul}", CW_E_INVALID, "nul");
    refuse(ndjson, "{\"id\":1,\"text\":5}", CW_E_INVALID, "text in UTF-8");
    refuse(ndjson, "{\"id\":1,\"text\":[]}", CW_E_CORRUPT, "a string, number");
    refuse(ndjson, "{\"id\":1,\"text\":{}}", CW_E_CORRUPT, "a string, number");
    refuse(ndjson, "{\"id\":1,}", CW_E_CORRUPT, "a member's name");
    refuse(ndjson, "{\"id\" 1}", CW_E_CORRUPT, "a colon");
    refuse(ndjson, "{\"id\":1 \"text\":\"\"}", CW_E_CORRUPT, "a comma");
    refuse(ndjson, "{\"id\":1", CW_E_CORRUPT, "the file ends");
    refuse(ndjson, "{\"id\":1,\n\"text\":\"\"}", CW_E_CORRUPT, "a member's name");
    refuse(ndjson, "{\"id\":1} {\"id\":2}", CW_E_CORRUPT, "the line's end");
    refuse(ndjson, "[{\"id\":1}]", CW_E_CORRUPT, "an object");
    refuse(ndjson, "{\"id\":1,\"text\":\"a\tb\"}", CW_E_CORRUPT, "control character");
    refuse(ndjson, "{\"id\":1,\"text\":\"\\x\"}", CW_E_CORRUPT, "escape");
    refuse(ndjson, "{\"id\":1,\"text\":\"\\u12g4\"}", CW_E_CORRUPT, "escape");
    refuse(ndjson, "{\"id\":1,\"text\":\"\\uD83D\"}", CW_E_CORRUPT, "surrogate");
    refuse(ndjson, "{\"id\":1,\"text\":\"\\uDE00\"}", CW_E_CORRUPT, "surrogate");
    refuse(ndjson, "{\"id\":1,\"text\":\"\\uD83D\\u0041\"}", CW_E_CORRUPT, "surrogate");
    refuse(ndjson, "{\"id\":1,\"text\":\"\xED\xA0\x80\"}", CW_E_CORRUPT, "UTF-8");
    refuse(ndjson, "{\"id\":1,\"text\":\"abc", CW_E_CORRUPT, "closing quote");
    refuse(ndjson, "\xEF\xBB\xBF{\"id\":1}", CW_E_CORRUPT, "an object");
}
END_TEST

START_TEST(json_refuses_what_is_no_array)
{
    const enum cw_format json = CW_FORMAT_JSON;
    refuse(json, "", CW_E_CORRUPT, "an array");
    refuse(json, "{\"id\":1}", CW_E_CORRUPT, "an array");
    refuse(json, "[", CW_E_CORRUPT, "the file ends");
    refuse(json, "[{\"id\":1}", CW_E_CORRUPT, "a comma or");
    refuse(json, "[{\"id\":1},]", CW_E_CORRUPT, "an object");
    refuse(json, "[,{\"id\":1}]", CW_E_CORRUPT, "an object");
    refuse(json, "[{\"id\":1}{\"id\":2}]", CW_E_CORRUPT, "a comma");
    refuse(json, "[]]", CW_E_CORRUPT, "the file's end");
    refuse(json, "[[]]", CW_E_CORRUPT, "an object");
    refuse(json, "[1]", CW_E_CORRUPT, "an object");
    refuse(json, "[\n{\"id\":1},\n{\"id\":true}]", CW_E_INVALID, "line 3, column id");
}
END_TEST

START_TEST(rows_past_the_limit_are_refused)
{
    const size_t size = 3 << 20;
    char *file = malloc(size);
    ck_assert_ptr_nonnull(file);
    static const char *const starts[] = {"id,text\n1,\"", "{\"id\":1,\"text\":\"", "[{\"id\":1,\"text\":\""};
    for (int format = CW_FORMAT_CSV; format <= CW_FORMAT_JSON; format++) {
        memset(file, 'x', size);
        memcpy(file, starts[format], strlen(starts[format]));
        struct cw_batch refused;
        ck_assert_int_eq(sample_decode((enum cw_format)format, &pair_entity, file, size, &refused, &error),
                         CW_E_LIMIT);
        ck_assert_ptr_nonnull(strstr(error.message, "longer than"));
        cw_batch_clear(&refused);
    }
    free(file);
}
END_TEST

START_TEST(long_rows_cross_the_windows_edge)
{
    const size_t long_text = 700000;
    struct cw_batch written;
    ck_assert_int_eq(cw_batch_init(&written, &pair_entity, NULL), CW_OK);
    written.row_count = 3;
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_int_eq(cw_batch_reserve(&written, i, 3, NULL), CW_OK);
    }
    memset(written.columns[1].validity, 0xFF, 1);
    memset(written.columns[2].validity, 0xFF, 1);
    ck_assert_int_eq(cw_batch_reserve_bytes(&written, 1, 3 * long_text, NULL), CW_OK);
    memset(written.columns[1].bytes, 'y', 3 * long_text);
    for (int32_t i = 0; i < 3; i++) {
        ((int32_t *)written.columns[1].values)[i + 1] = (i + 1) * (int32_t)long_text;
    }
    for (int format = CW_FORMAT_CSV; format <= CW_FORMAT_JSON; format++) {
        struct cw_buffer file = {0};
        sample_encode((enum cw_format)format, &written, 1, 1, &file);
        sample_check_file((enum cw_format)format, &file, &written, 1);
        cw_buffer_clear(&file);
    }
    cw_batch_clear(&written);
}
END_TEST

static cw_status failing_read_at(void *context, int64_t offset, void *bytes, size_t size, size_t *got,
                                 struct cw_error *read_error)
{
    (void)context;
    (void)offset;
    (void)bytes;
    (void)size;
    *got = 0;
    return cw_error_set(read_error, CW_E_IO, "file", "the disk is gone");
}

START_TEST(failures_to_read_are_passed_on)
{
    const struct cw_input input = {failing_read_at, NULL, -1};
    struct cw_decoder *decoder = NULL;
    for (int format = CW_FORMAT_CSV; format <= CW_FORMAT_JSON; format++) {
        ck_assert_int_eq(cw_decoder_open((enum cw_format)format, &pair_entity, &input, &decoder, &error),
                         CW_E_IO);
        ck_assert_ptr_null(decoder);
    }
    ck_assert_int_eq(cw_decoder_open((enum cw_format)99, &pair_entity, &input, &decoder, &error),
                     CW_E_INVALID);
    cw_decoder_close(NULL);
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite(
        "decode", csv_round_trips_and_pieces_make_the_whole, ndjson_round_trips_and_pieces_make_the_whole,
        json_round_trips_and_pieces_make_the_whole, csv_takes_what_rfc_4180_allows,
        csv_refuses_the_rest_and_says_where, ndjson_takes_what_rfc_8259_allows,
        ndjson_refuses_the_rest_and_says_where, json_refuses_what_is_no_array,
        rows_past_the_limit_are_refused, long_rows_cross_the_windows_edge, failures_to_read_are_passed_on);
}
