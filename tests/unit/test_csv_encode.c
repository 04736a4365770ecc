#include <pthread.h>
#include <stdio.h>

#include "encode_samples.h"

static const struct cw_column_def row_columns[] = {
    SAMPLE_COLUMN("id", CW_TYPE_INT32, false),      SAMPLE_COLUMN("amount", CW_TYPE_INT64, true),
    SAMPLE_COLUMN("key", CW_TYPE_UUID, true),       SAMPLE_COLUMN("day", CW_TYPE_DATE, true),
    SAMPLE_COLUMN("time", CW_TYPE_TIMESTAMP, true), SAMPLE_COLUMN("flag", CW_TYPE_BOOL, true),
    SAMPLE_COLUMN("text", CW_TYPE_STRING, true),    SAMPLE_COLUMN("word", CW_TYPE_STRING, true),
};
static const struct cw_entity row_entity = {CW_ENTITY_ORDER,     "row",       "rows",
                                            "Rows of the tests", row_columns, 8};

static struct cw_batch batch;
static struct cw_buffer file;
static struct cw_error error;

static const struct cw_pool *words(void)
{
    static const uint32_t offsets[] = {0, 0, 4, 8, 48};
    static const char bytes[48 + CW_PADDING] = "Köa,\"b\"0123456789012345678901234567890123456789";
    static const struct cw_pool pool = {4, offsets, bytes};
    return &pool;
}

/* Three rows: plain values, nulls, and what needs quotes. */
static void set_up(void)
{
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
    memcpy(batch.columns[1].values, (const int64_t[]){1999, 0, INT64_MIN}, 24);
    memset((char *)batch.columns[2].values + 32, 0xAB, 16);
    memcpy(batch.columns[3].values, (const int32_t[]){20148, 0, -1}, 12);
    memcpy(batch.columns[4].values, (const int64_t[]){INT64_C(1740832496123456), 0, -1}, 24);
    *(uint8_t *)batch.columns[5].values = 0x01;
    ck_assert_int_eq(cw_batch_reserve_bytes(&batch, 6, 11, NULL), CW_OK);
    memcpy(batch.columns[6].bytes, "plaina\nb\"\r,", 11);
    memcpy(batch.columns[6].values, (const int32_t[]){0, 5, 5, 11}, 16);
    memcpy(batch.columns[7].values, (const int32_t[]){1, 0, 2}, 12);
    batch.columns[7].pool = words();
}

static void tear_down(void)
{
    cw_batch_clear(&batch);
    cw_buffer_clear(&file);
}

static void check_file(const char *expected)
{
    ck_assert_int_eq(cw_buffer_append(&file, "", 1, NULL), CW_OK);
    ck_assert_str_eq(file.data, expected);
}

START_TEST(values_look_as_documented)
{
    sample_encode(CW_FORMAT_CSV, &batch, 1, 1, &file);
    check_file(
        "id,amount,key,day,time,flag,text,word\n"
        "1,1999,00000000-0000-0000-0000-000000000000,2025-03-01,2025-03-01T12:34:56.123456Z,true,plain,Köa\n"
        "2,,,,,,,\n"
        "-3,-9223372036854775808,abababab-abab-abab-abab-abababababab,1969-12-31,"
        "1969-12-31T23:59:59.999999Z,false,\"a\nb\"\"\r,\",\",\"\"b\"\"\"\n");
}
END_TEST

START_TEST(empty_strings_are_not_nulls)
{
    memset(batch.columns[6].validity, 0xFF, 1);
    memset(batch.columns[7].validity, 0xFF, 1);
    memset(batch.columns[6].values, 0, 16);
    memcpy(batch.columns[7].values, (const int32_t[]){0, 3, 0}, 12);
    const uint32_t chosen[] = {7, 0, 6};
    const struct cw_encoder_options options = {
        .format = CW_FORMAT_CSV, .entity = &row_entity, .columns = chosen, .column_count = 3};
    struct cw_encoder *encoder;
    struct cw_chunk *chunk;
    struct cw_buffer note = {0};
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_OK);
    ck_assert_int_eq(cw_chunk_new(encoder, &chunk, &error), CW_OK);
    ck_assert_int_eq(cw_encoder_head(encoder, &file, &error), CW_OK);
    ck_assert_int_eq(cw_chunk_add(chunk, &batch, &error), CW_OK);
    ck_assert_int_eq(cw_chunk_finish(chunk, true, &file, &note, &error), CW_OK);
    ck_assert_int_eq(cw_chunk_finish(chunk, true, &file, &note, &error), CW_OK);
    ck_assert_uint_eq(note.size, 0);
    ck_assert_int_ge(cw_encoder_chunk_rows(encoder), 1024);
    check_file("word,id,text\n\"\",1,\"\"\n0123456789012345678901234567890123456789,2,\"\"\n\"\",-3,\"\"\n");
    cw_chunk_free(chunk);
    cw_encoder_free(encoder);
}
END_TEST

START_TEST(another_pool_replaces_the_first)
{
    static const uint32_t offsets[] = {0, 3, 6, 9};
    static const char bytes[9 + CW_PADDING] = "onetwosix";
    static const struct cw_pool other = {3, offsets, bytes};
    const uint32_t chosen[] = {7};
    const struct cw_encoder_options options = {
        .format = CW_FORMAT_CSV, .entity = &row_entity, .columns = chosen, .column_count = 1};
    struct cw_encoder *encoder;
    struct cw_chunk *chunk;
    struct cw_buffer note = {0};
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_OK);
    ck_assert_int_eq(cw_chunk_new(encoder, &chunk, &error), CW_OK);
    for (int i = 0; i < 2; i++) {
        batch.columns[7].pool = i == 0 ? words() : &other;
        ck_assert_int_eq(cw_chunk_add(chunk, &batch, &error), CW_OK);
        ck_assert_int_eq(cw_chunk_finish(chunk, i == 0, &file, &note, &error), CW_OK);
    }
    check_file("Köa\n\n\",\"\"b\"\"\"\ntwo\n\nsix\n");
    cw_chunk_free(chunk);
    cw_encoder_free(encoder);
}
END_TEST

/* Made-up strings, some too long for a slot, in one column of many rows. */
#define SHARED_STRINGS 20000
#define SHARED_ROWS 9000

struct sharer {
    const struct cw_encoder *encoder;
    const struct cw_batch *rows;
    struct cw_buffer text;
    pthread_t thread;
};

static void *encode_shared(void *context)
{
    struct sharer *sharer = context;
    struct cw_chunk *chunk;
    struct cw_buffer note = {0};
    if (cw_chunk_new(sharer->encoder, &chunk, NULL) != CW_OK)
        return sharer;
    for (int i = 0; i < 3; i++) {
        if (cw_chunk_add(chunk, sharer->rows, NULL) != CW_OK ||
            cw_chunk_finish(chunk, i == 0, &sharer->text, &note, NULL) != CW_OK)
            return sharer;
    }
    cw_chunk_free(chunk);
    return NULL;
}

/* Fills a batch with rows of a pool, and makes an encoder for them. */
static void make_shared(struct cw_batch *rows, struct cw_encoder **encoder)
{
    static uint32_t offsets[SHARED_STRINGS + 1];
    static char bytes[SHARED_STRINGS * 40 + CW_PADDING];
    static struct cw_pool pool;
    for (uint32_t i = 0; i < SHARED_STRINGS; i++) {
        const int length = snprintf(bytes + offsets[i], 40, "%.*s%u%s", (int)(i % 29),
                                    "abcdefghijklmnopqrstuvwxyz0123", (unsigned)i, i % 7 == 0 ? ",\"" : "");
        offsets[i + 1] = offsets[i] + (uint32_t)length;
    }
    pool = (struct cw_pool){SHARED_STRINGS, offsets, bytes};
    const uint32_t chosen[] = {7};
    const struct cw_encoder_options options = {
        .format = CW_FORMAT_CSV, .entity = &row_entity, .columns = chosen, .column_count = 1};
    ck_assert_int_eq(cw_batch_init(rows, &row_entity, &error), CW_OK);
    ck_assert_int_eq(cw_batch_reserve(rows, 7, SHARED_ROWS, &error), CW_OK);
    rows->row_count = SHARED_ROWS;
    rows->columns[7].pool = &pool;
    memset(rows->columns[7].validity, 0xFF, (SHARED_ROWS + 7) / 8);
    for (uint32_t i = 0; i < SHARED_ROWS; i++) {
        ((uint32_t *)rows->columns[7].values)[i] = i * 7919 % SHARED_STRINGS;
    }
    ck_assert_int_eq(cw_encoder_new(&options, encoder, &error), CW_OK);
}

#define PIECE_ROWS 360

/* The first pieces are too few rows for slots, the later ones are not, and the last ones enough to fill all.
 */
START_TEST(pieces_are_as_the_whole)
{
    struct cw_encoder *encoder;
    struct cw_chunk *chunk;
    struct cw_batch rows;
    struct cw_buffer pieces = {0};
    struct cw_buffer whole = {0};
    struct cw_buffer note = {0};
    make_shared(&rows, &encoder);
    for (int64_t row = 3; row < SHARED_ROWS; row += 11) {
        ((uint8_t *)rows.columns[7].validity)[row >> 3] &= (uint8_t) ~(1U << (row & 7));
        rows.columns[7].null_count++;
    }
    ck_assert_int_eq(cw_chunk_new(encoder, &chunk, &error), CW_OK);
    struct cw_column column = rows.columns[7];
    struct cw_column columns[8] = {[7] = column};
    struct cw_batch piece = rows;
    piece.columns = columns;
    piece.row_count = PIECE_ROWS;
    for (int64_t first = 0; first < SHARED_ROWS; first += PIECE_ROWS) {
        columns[7].values = (char *)column.values + first * 4;
        columns[7].validity = (uint8_t *)column.validity + first / 8;
        ck_assert_int_eq(cw_chunk_add(chunk, &piece, &error), CW_OK);
        ck_assert_int_eq(cw_chunk_finish(chunk, first == 0, &pieces, &note, &error), CW_OK);
    }
    ck_assert_int_eq(cw_chunk_add(chunk, &rows, &error), CW_OK);
    ck_assert_int_eq(cw_chunk_finish(chunk, true, &whole, &note, &error), CW_OK);
    ck_assert_uint_eq(pieces.size, whole.size);
    ck_assert_int_eq(memcmp(pieces.data, whole.data, whole.size), 0);
    cw_buffer_clear(&pieces);
    cw_buffer_clear(&whole);
    cw_chunk_free(chunk);
    cw_batch_clear(&rows);
    cw_encoder_free(encoder);
}
END_TEST

START_TEST(chunks_on_several_threads_share_a_pool)
{
    struct cw_encoder *encoder;
    struct cw_batch rows;
    make_shared(&rows, &encoder);
    struct sharer sharers[4];
    for (int i = 0; i < 4; i++) {
        sharers[i] = (struct sharer){.encoder = encoder, .rows = &rows};
        ck_assert_int_eq(pthread_create(&sharers[i].thread, NULL, encode_shared, &sharers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *failed;
        ck_assert_int_eq(pthread_join(sharers[i].thread, &failed), 0);
        ck_assert_ptr_null(failed);
        ck_assert_uint_eq(sharers[i].text.size, sharers[0].text.size);
        ck_assert_int_eq(memcmp(sharers[i].text.data, sharers[0].text.data, sharers[0].text.size), 0);
    }
    /* The first time every string is finished, later ones are copied. */
    const size_t third = sharers[0].text.size / 3;
    ck_assert_int_eq(memcmp(sharers[0].text.data, sharers[0].text.data + third, third), 0);
    ck_assert_int_eq(memcmp(sharers[0].text.data, "\"0,\"\"\"\nab7", 10), 0);
    for (int i = 0; i < 4; i++) {
        cw_buffer_clear(&sharers[i].text);
    }
    cw_batch_clear(&rows);
    cw_encoder_free(encoder);
}
END_TEST

START_TEST(wrong_options_are_refused)
{
    struct cw_encoder *encoder = NULL;
    const uint32_t past[] = {8};
    const uint32_t twice[] = {1, 2, 1};
    struct cw_encoder_options options = {.format = CW_FORMAT_CSV, .entity = &row_entity, .columns = past};
    options.column_count = 1;
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "columns");
    options.column_count = 0;
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_E_INVALID);
    options.columns = twice;
    options.column_count = 3;
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "amount"));
    options.columns = NULL;
    options.compression = CW_COMPRESSION_ZSTD;
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "compression");
    options.format = (enum cw_format)77;
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "format");
    ck_assert_ptr_null(encoder);
    cw_encoder_free(NULL);
    cw_chunk_free(NULL);
    cw_tail_free(NULL);
}
END_TEST

START_TEST(wrong_batches_are_refused)
{
    const struct cw_encoder_options options = {.format = CW_FORMAT_CSV, .entity = &row_entity};
    struct cw_encoder *encoder;
    struct cw_chunk *chunk;
    struct cw_batch empty;
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_OK);
    ck_assert_int_eq(cw_chunk_new(encoder, &chunk, &error), CW_OK);
    ck_assert_int_eq(cw_batch_init(&empty, &row_entity, &error), CW_OK);
    empty.row_count = 1;
    ck_assert_int_eq(cw_chunk_add(chunk, &empty, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "id");
    cw_batch_clear(&empty);
    ((int32_t *)batch.columns[3].values)[2] = CW_CALENDAR_LAST_DAY + 1;
    ck_assert_int_eq(cw_chunk_add(chunk, &batch, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "day");
    ((int32_t *)batch.columns[3].values)[2] = 0;
    ((int64_t *)batch.columns[4].values)[0] = CW_CALENDAR_FIRST_MICRO - 1;
    ck_assert_int_eq(cw_chunk_add(chunk, &batch, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "time");
    ck_assert_int_eq(cw_batch_init(&empty, cw_entity_get(CW_ENTITY_ORDER), &error), CW_OK);
    empty.row_count = 1;
    ck_assert_int_eq(cw_chunk_add(chunk, &empty, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "batch");
    cw_batch_clear(&empty);
    cw_chunk_free(chunk);
    cw_encoder_free(encoder);
}
END_TEST

START_TEST(formats_have_names)
{
    for (int format = CW_FORMAT_CSV; format <= CW_FORMAT_JSON; format++) {
        ck_assert_int_eq(cw_format_find(cw_format_name((enum cw_format)format)), format);
    }
    ck_assert_str_eq(cw_format_name(CW_FORMAT_NDJSON), "ndjson");
    ck_assert_str_eq(cw_format_media_type(CW_FORMAT_CSV), "text/csv");
    ck_assert_int_eq(cw_format_find("xml"), -1);
    ck_assert_int_eq(cw_format_find(""), -1);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("csv_encode");
    TCase *group = tcase_create("csv_encode");
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_add_test(group, values_look_as_documented);
    tcase_add_test(group, empty_strings_are_not_nulls);
    tcase_add_test(group, another_pool_replaces_the_first);
    tcase_add_test(group, pieces_are_as_the_whole);
    tcase_add_test(group, chunks_on_several_threads_share_a_pool);
    tcase_add_test(group, wrong_options_are_refused);
    tcase_add_test(group, wrong_batches_are_refused);
    tcase_add_test(group, formats_have_names);
    suite_add_tcase(suite, group);
    return suite;
}
