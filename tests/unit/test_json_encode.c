#include "encode_samples.h"

static const struct cw_column_def row_columns[] = {
    SAMPLE_COLUMN("id", CW_TYPE_INT32, false),   SAMPLE_COLUMN("key", CW_TYPE_UUID, true),
    SAMPLE_COLUMN("day", CW_TYPE_DATE, true),    SAMPLE_COLUMN("time", CW_TYPE_TIMESTAMP, true),
    SAMPLE_COLUMN("flag", CW_TYPE_BOOL, true),   SAMPLE_COLUMN("text", CW_TYPE_STRING, true),
    SAMPLE_COLUMN("word", CW_TYPE_STRING, true),
};
static const struct cw_entity row_entity = {CW_ENTITY_ORDER,     "row",       "rows",
                                            "Rows of the tests", row_columns, 7};

static const char first_row[] =
    "{\"id\":1,\"key\":\"00000000-0000-0000-0000-000000000000\",\"day\":\"2025-03-01\","
    "\"time\":\"2025-03-01T12:34:56.123456Z\",\"flag\":true,\"text\":\"plain\",\"word\":\"K\u00f6\"}";
static const char second_row[] =
    "{\"id\":2,\"key\":null,\"day\":null,\"time\":null,\"flag\":null,\"text\":null,\"word\":null}";
static const char third_row[] =
    "{\"id\":-3,\"key\":\"abababab-abab-abab-abab-abababababab\",\"day\":\"1969-12-31\","
    "\"time\":\"1969-12-31T23:59:59.999999Z\",\"flag\":false,\"text\":\"\\\"\\\\/"
    "\\n\\u0001\x7f\",\"word\":\"\"}";

static struct cw_batch batch;
static struct cw_buffer file;
static struct cw_encoder *encoder; /* of one column, where a test began one */
static struct cw_chunk *chunk;

static void set_up(void)
{
    static const uint32_t offsets[] = {0, 0, 3};
    static const char bytes[3 + CW_PADDING] = "K\u00f6";
    static const struct cw_pool pool = {2, offsets, bytes};
    ck_assert_int_eq(cw_batch_init(&batch, &row_entity, NULL), CW_OK);
    batch.row_count = 3;
    for (uint32_t i = 0; i < batch.column_count; i++) {
        ck_assert_int_eq(cw_batch_reserve(&batch, i, 3, NULL), CW_OK);
        if (batch.columns[i].validity != NULL) {
            batch.columns[i].validity[0] = 0x05;
            batch.columns[i].null_count = 1;
        }
    }
    memcpy(batch.columns[0].values, (const int32_t[]){1, 2, -3}, 12);
    memset((char *)batch.columns[1].values + 32, 0xAB, 16);
    memcpy(batch.columns[2].values, (const int32_t[]){20148, 0, -1}, 12);
    memcpy(batch.columns[3].values, (const int64_t[]){INT64_C(1740832496123456), 0, -1}, 24);
    *(uint8_t *)batch.columns[4].values = 0x01;
    ck_assert_int_eq(cw_batch_reserve_bytes(&batch, 5, 11, NULL), CW_OK);
    memcpy(batch.columns[5].bytes, "plain\"\\/\n\x01\x7f", 11);
    memcpy(batch.columns[5].values, (const int32_t[]){0, 5, 5, 11}, 16);
    memcpy(batch.columns[6].values, (const int32_t[]){1, 0, 0}, 12);
    batch.columns[6].pool = &pool;
}

/* Begins to write one column of the rows as NDJSON. */
static void begin_column(uint32_t column)
{
    const struct cw_encoder_options options = {
        .format = CW_FORMAT_NDJSON, .entity = &row_entity, .columns = &column, .column_count = 1};
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, NULL), CW_OK);
    ck_assert_int_eq(cw_chunk_new(encoder, &chunk, NULL), CW_OK);
}

static void tear_down(void)
{
    cw_chunk_free(chunk);
    cw_encoder_free(encoder);
    cw_batch_clear(&batch);
    cw_buffer_clear(&file);
}

static void check_file(const char *const *parts, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(parts[i]);
        ck_assert_uint_le(at + length, file.size);
        ck_assert_mem_eq(file.data + at, parts[i], length);
        at += length;
    }
    ck_assert_uint_eq(at, file.size);
}

START_TEST(ndjson_is_one_object_a_line)
{
    sample_encode(CW_FORMAT_NDJSON, &batch, 1, 1, &file);
    const char *const parts[] = {first_row, "\n", second_row, "\n", third_row, "\n"};
    check_file(parts, 6);
}
END_TEST

START_TEST(json_is_one_array)
{
    sample_encode(CW_FORMAT_JSON, &batch, 1, 1, &file);
    const char *const parts[] = {"[\n", first_row, ",\n", second_row, ",\n", third_row, "\n]\n"};
    check_file(parts, 7);
}
END_TEST

START_TEST(json_of_two_chunks_has_one_comma_between)
{
    struct cw_batch batches[2] = {batch, batch};
    batches[0].row_count = 1;
    batches[1].row_count = 2;
    sample_encode(CW_FORMAT_JSON, batches, 2, 1, &file);
    const char *const parts[] = {"[\n", first_row, ",\n", first_row, ",\n", second_row, "\n]\n"};
    check_file(parts, 7);
}
END_TEST

START_TEST(files_without_rows)
{
    batch.row_count = 0;
    sample_encode(CW_FORMAT_JSON, &batch, 1, 1, &file);
    const char *const array[] = {"[\n]\n"};
    check_file(array, 1);
    file.size = 0;
    sample_encode(CW_FORMAT_NDJSON, &batch, 1, 1, &file);
    check_file(NULL, 0);
}
END_TEST

START_TEST(every_byte_is_escaped_as_it_must)
{
    static const char *const control[32] = {
        "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007",
        "\\b",     "\\t",     "\\n",     "\\u000b", "\\f",     "\\r",     "\\u000e", "\\u000f",
        "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016", "\\u0017",
        "\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f"};
    struct cw_buffer note = {0};
    begin_column(5);
    batch.row_count = 1;
    batch.columns[5].validity[0] = 1;
    batch.columns[5].null_count = 0;
    ((int32_t *)batch.columns[5].values)[1] = 11;
    for (int byte = 0; byte < 0x80; byte++) {
        /* At every place of a word, among bytes that need nothing. */
        for (int place = 0; place < 11; place++) {
            memset(batch.columns[5].bytes, 'x', 11);
            batch.columns[5].bytes[place] = (char)byte;
            const char plain[2] = {(char)byte, '\0'};
            const char *escaped = byte < 32      ? control[byte]
                                  : byte == '"'  ? "\\\""
                                  : byte == '\\' ? "\\\\"
                                                 : plain;
            file.size = 0;
            ck_assert_int_eq(cw_chunk_add(chunk, &batch, NULL), CW_OK);
            ck_assert_int_eq(cw_chunk_finish(chunk, true, &file, &note, NULL), CW_OK);
            char before[12] = "xxxxxxxxxxx";
            before[place] = '\0';
            const char *const parts[] = {"{\"text\":\"", before, escaped, &"xxxxxxxxxxx"[place + 1], "\"}\n"};
            check_file(parts, 5);
        }
    }
}
END_TEST

/* Strings that stand in slots are escaped before they are found to be too long for one. */
START_TEST(many_rows_of_strings_that_grow)
{
    static const uint32_t offsets[] = {0, 31, 45};
    static const char bytes[45 + CW_PADDING] =
        "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
        "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
        "\x01 and the rest";
    static const struct cw_pool pool = {2, offsets, bytes};
    struct cw_buffer note = {0};
    begin_column(6);
    batch.row_count = 3000;
    batch.columns[6].pool = &pool;
    batch.columns[6].null_count = 0;
    ck_assert_int_eq(cw_batch_reserve(&batch, 6, batch.row_count, NULL), CW_OK);
    for (int64_t row = 0; row < batch.row_count; row++) {
        ((int32_t *)batch.columns[6].values)[row] = row & 1;
    }
    ck_assert_int_eq(cw_chunk_add(chunk, &batch, NULL), CW_OK);
    ck_assert_int_eq(cw_chunk_finish(chunk, true, &file, &note, NULL), CW_OK);
    const char *const grown = "\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001\\u0001";
    const char *parts[3000 / 2 * 7];
    size_t count = 0;
    for (int64_t row = 0; row < batch.row_count; row += 2) {
        const char *const pair[] = {
            "{\"word\":\"", grown, grown, grown, grown + 6, "\"}\n{\"word\":\"", "\\u0001 and the rest\"}\n"};
        for (size_t i = 0; i < 7; i++) {
            parts[count++] = pair[i];
        }
    }
    check_file(parts, count);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("json_encode");
    TCase *group = tcase_create("json_encode");
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_add_test(group, ndjson_is_one_object_a_line);
    tcase_add_test(group, json_is_one_array);
    tcase_add_test(group, json_of_two_chunks_has_one_comma_between);
    tcase_add_test(group, files_without_rows);
    tcase_add_test(group, every_byte_is_escaped_as_it_must);
    tcase_add_test(group, many_rows_of_strings_that_grow);
    suite_add_tcase(suite, group);
    return suite;
}
