#include "encode/parquet.h"
#include "encode/parquet_metadata.h"
#include "encode_samples.h"
#include "model/columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static struct cw_error error;

static const enum cw_compression compressions[] = {CW_COMPRESSION_NONE, CW_COMPRESSION_SNAPPY,
                                                   CW_COMPRESSION_ZSTD};

#define SAMPLE_BATCHES 8

static struct cw_batch batches[SAMPLE_BATCHES];

static void set_up(void)
{
    static const int64_t sizes[SAMPLE_BATCHES] = {1, 7, 256, 1000, 300, 1200, 3000, 3};
    for (int i = 0; i < SAMPLE_BATCHES; i++) {
        ck_assert_int_eq(cw_batch_init(&batches[i], &sample_entity, NULL), CW_OK);
        sample_fill(&batches[i], sizes[i], (uint64_t)i * 31 + 5);
    }
}

static void tear_down(void)
{
    for (int i = 0; i < SAMPLE_BATCHES; i++) {
        cw_batch_clear(&batches[i]);
    }
}

static struct cw_encoder *encoder_new(const struct cw_entity *entity, enum cw_compression compression)
{
    const struct cw_encoder_options options = {
        .format = CW_FORMAT_PARQUET, .compression = compression, .entity = entity};
    struct cw_encoder *encoder;
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_OK);
    return encoder;
}

static void encode(const struct cw_encoder *encoder, size_t batches_per_chunk, struct cw_buffer *file)
{
    struct cw_chunk *chunk;
    struct cw_tail *tail;
    struct cw_buffer note = {0};
    ck_assert_int_eq(cw_chunk_new(encoder, &chunk, NULL), CW_OK);
    ck_assert_int_eq(cw_tail_new(encoder, &tail, NULL), CW_OK);
    ck_assert_int_eq(cw_encoder_head(encoder, file, NULL), CW_OK);
    for (size_t i = 0; i < SAMPLE_BATCHES; i++) {
        ck_assert_int_eq(cw_chunk_add(chunk, &batches[i], NULL), CW_OK);
        if ((i + 1) % batches_per_chunk == 0 || i + 1 == SAMPLE_BATCHES) {
            struct cw_buffer body = {0};
            note.size = 0;
            ck_assert_int_eq(cw_chunk_finish(chunk, i < batches_per_chunk, &body, &note, NULL), CW_OK);
            ck_assert_int_eq(cw_tail_add(tail, &note, (int64_t)file->size, NULL), CW_OK);
            ck_assert_int_eq(cw_buffer_append(file, body.data, body.size, NULL), CW_OK);
            cw_buffer_clear(&body);
        }
    }
    ck_assert_int_eq(cw_tail_finish(tail, file, NULL), CW_OK);
    cw_tail_free(tail);
    cw_chunk_free(chunk);
    cw_buffer_clear(&note);
}

START_TEST(every_type_reads_back_with_every_compression)
{
    for (size_t i = 0; i < sizeof compressions / sizeof *compressions; i++) {
        for (size_t pieces = 1; pieces <= SAMPLE_BATCHES; pieces += 3) {
            struct cw_encoder *encoder = encoder_new(&sample_entity, compressions[i]);
            struct cw_buffer file = {0};
            struct cw_buffer again = {0};
            encode(encoder, pieces, &file);
            sample_check_file(CW_FORMAT_PARQUET, &file, batches, SAMPLE_BATCHES);
            encode(encoder, pieces, &again);
            ck_assert_uint_eq(file.size, again.size);
            ck_assert(memcmp(file.data, again.data, file.size) == 0);
            cw_buffer_clear(&file);
            cw_buffer_clear(&again);
            cw_encoder_free(encoder);
        }
    }
}
END_TEST

/* With CARTWRIGHT_SAMPLE_FOLDER set, tests/readers gets the same rows in each form. */
START_TEST(files_for_other_readers_are_written)
{
    static const char *const names[] = {"none.parquet", "snappy.parquet", "zstd.parquet"};
    const char *folder = getenv("CARTWRIGHT_SAMPLE_FOLDER");
    for (int i = 0; i < 4 && folder != NULL; i++) {
        struct cw_buffer file = {0};
        char path[4096];
        if (i < 3) {
            struct cw_encoder *encoder = encoder_new(&sample_entity, compressions[i]);
            encode(encoder, 3, &file);
            cw_encoder_free(encoder);
        } else {
            sample_encode(CW_FORMAT_NDJSON, batches, SAMPLE_BATCHES, 1, &file);
        }
        snprintf(path, sizeof path, "%s/%s", folder, i < 3 ? names[i] : "rows.ndjson");
        FILE *out = fopen(path, "wb");
        ck_assert_ptr_nonnull(out);
        ck_assert_uint_eq(fwrite(file.data, 1, file.size, out), file.size);
        ck_assert_int_eq(fclose(out), 0);
        cw_buffer_clear(&file);
    }
}
END_TEST

START_TEST(no_rows_make_a_file_without_row_groups)
{
    struct cw_encoder *encoder = encoder_new(&sample_entity, CW_COMPRESSION_ZSTD);
    struct cw_buffer file = {0};
    struct cw_tail *tail;
    struct cw_batch batch;
    ck_assert_int_ge(cw_encoder_chunk_rows(encoder), 8192);
    ck_assert_int_eq(cw_encoder_head(encoder, &file, NULL), CW_OK);
    ck_assert_mem_eq(file.data, "PAR1", 4);
    ck_assert_int_eq(cw_tail_new(encoder, &tail, NULL), CW_OK);
    ck_assert_int_eq(cw_tail_finish(tail, &file, NULL), CW_OK);
    ck_assert_mem_eq(file.data + file.size - 4, "PAR1", 4);
    ck_assert_int_eq(sample_decode(CW_FORMAT_PARQUET, &sample_entity, file.data, file.size, &batch, &error),
                     CW_OK);
    ck_assert_int_eq(batch.row_count, 0);
    cw_batch_clear(&batch);
    cw_tail_free(tail);
    cw_encoder_free(encoder);
    cw_buffer_clear(&file);
}
END_TEST

/* Encodes one batch and reads the chunks' descriptions from the note. */
static void describe(const struct cw_batch *batch, struct cw_parquet_chunk *chunks)
{
    struct cw_encoder *encoder = encoder_new(batch->entity, CW_COMPRESSION_ZSTD);
    struct cw_chunk *chunk;
    struct cw_buffer body = {0};
    struct cw_buffer note = {0};
    int64_t rows = 0;
    ck_assert_int_eq(cw_chunk_new(encoder, &chunk, NULL), CW_OK);
    ck_assert_int_eq(cw_chunk_add(chunk, batch, NULL), CW_OK);
    ck_assert_int_eq(cw_chunk_finish(chunk, true, &body, &note, NULL), CW_OK);
    const uint8_t *bytes = (const uint8_t *)note.data;
    struct cw_thrift_reader reader = {.next = bytes, .end = bytes + note.size};
    ck_assert(cw_parquet_row_group_read(&reader, chunks, batch->column_count, &rows));
    ck_assert_int_eq(rows, batch->row_count);
    cw_chunk_free(chunk);
    cw_encoder_free(encoder);
    cw_buffer_clear(&body);
    cw_buffer_clear(&note);
}

static const struct cw_column_def text_columns[] = {SAMPLE_COLUMN("text", CW_TYPE_STRING, true)};
static const struct cw_entity text_entity = {CW_ENTITY_CUSTOMER,  "text",       "texts",
                                             "Rows of the tests", text_columns, 1};

static struct cw_parquet_statistics bounds_of(const char *const *texts, int64_t count)
{
    struct cw_batch batch;
    struct cw_parquet_chunk chunk;
    ck_assert_int_eq(cw_batch_init(&batch, &text_entity, NULL), CW_OK);
    ck_assert_int_eq(cw_batch_reserve(&batch, 0, count, NULL), CW_OK);
    int32_t *offsets = batch.columns[0].values;
    offsets[0] = 0;
    batch.row_count = count;
    for (int64_t i = 0; i < count; i++) {
        const size_t size = texts[i] != NULL ? strlen(texts[i]) : 0;
        ck_assert_int_eq(cw_batch_reserve_bytes(&batch, 0, (size_t)offsets[i] + size, NULL), CW_OK);
        memcpy(batch.columns[0].bytes + offsets[i], texts[i] != NULL ? texts[i] : "", size);
        offsets[i + 1] = offsets[i] + (int32_t)size;
        uint8_t *validity = batch.columns[0].validity;
        validity[i / 8] =
            (uint8_t)((validity[i / 8] & ~(1u << (i % 8))) | (unsigned)(texts[i] != NULL) << (i % 8));
        batch.columns[0].null_count += texts[i] == NULL;
    }
    describe(&batch, &chunk);
    cw_batch_clear(&batch);
    return chunk.statistics;
}

START_TEST(bounds_of_texts_are_unsigned_and_exact)
{
    const char *const texts[] = {"b", NULL, "abcdefgh", "abcdefg", "\xC3\xA9t\xC3\xA9", NULL, "abcdefghi"};
    const struct cw_parquet_statistics found = bounds_of(texts, 7);
    ck_assert_int_eq(found.null_count, 2);
    ck_assert(found.has_bounds && found.min_exact && found.max_exact);
    ck_assert_uint_eq(found.min_size, 7);
    ck_assert_mem_eq(found.min, "abcdefg", 7);
    ck_assert_mem_eq(found.max, "\xC3\xA9t\xC3\xA9", found.max_size);
    const char *const nulls[] = {NULL, NULL};
    ck_assert(!bounds_of(nulls, 2).has_bounds);
    const char *const empty[] = {"", ""};
    ck_assert(bounds_of(empty, 2).has_bounds);
}
END_TEST

START_TEST(bounds_of_long_texts_are_cut_to_bounds)
{
    char longest[201];
    memset(longest, 'm', 200);
    longest[200] = '\0';
    memcpy(longest + 61, "z\xE6\x9D\xB1", 4);
    const char *const texts[] = {longest};
    struct cw_parquet_statistics found = bounds_of(texts, 1);
    ck_assert(found.has_bounds && !found.min_exact && !found.max_exact);
    ck_assert_uint_eq(found.min_size, 62);
    ck_assert_mem_eq(found.min, longest, 62);
    ck_assert_uint_eq(found.max_size, 62);
    ck_assert_mem_eq(found.max, longest, 61);
    ck_assert_int_eq(found.max[61], '{');
    for (int i = 0; i < 198; i += 3) {
        memcpy(longest + i, "\xE6\x9D\xB1", 3);
    }
    ck_assert_msg(!bounds_of(texts, 1).has_bounds, "no text that short lies above");
}
END_TEST

/* The least and greatest as the order of the type has them, found the slow way. */
START_TEST(bounds_of_numbers_and_uuids_are_those_of_the_rows)
{
    const struct cw_batch *batch = &batches[5];
    struct cw_parquet_chunk chunks[SAMPLE_COLUMN_COUNT];
    describe(batch, chunks);
    const int64_t *big = batch->columns[SAMPLE_BIG].values;
    int64_t low = big[0];
    int64_t high = big[0];
    for (int64_t row = 0; row < batch->row_count; row++) {
        low = big[row] < low ? big[row] : low;
        high = big[row] > high ? big[row] : high;
    }
    ck_assert_mem_eq(chunks[SAMPLE_BIG].statistics.min, &low, 8);
    ck_assert_mem_eq(chunks[SAMPLE_BIG].statistics.max, &high, 8);
    const uint8_t *ids = batch->columns[SAMPLE_ID].values;
    const uint8_t *least = ids;
    const uint8_t *greatest = ids;
    for (int64_t row = 0; row < batch->row_count; row++) {
        least = memcmp(ids + row * 16, least, 16) < 0 ? ids + row * 16 : least;
        greatest = memcmp(ids + row * 16, greatest, 16) > 0 ? ids + row * 16 : greatest;
    }
    ck_assert_mem_eq(chunks[SAMPLE_ID].statistics.min, least, 16);
    ck_assert_mem_eq(chunks[SAMPLE_ID].statistics.max, greatest, 16);
    for (int i = 0; i < SAMPLE_COLUMN_COUNT; i++) {
        ck_assert_int_eq(chunks[i].statistics.null_count, batch->columns[i].null_count);
        ck_assert_int_eq(chunks[i].value_count, batch->row_count);
    }
}
END_TEST

START_TEST(pools_become_dictionaries_only_where_that_is_smaller)
{
    enum { ROWS = 4000 };
    static uint32_t offsets[ROWS + 1];
    static char bytes[ROWS * 8 + CW_PADDING];
    for (uint32_t i = 0; i < ROWS; i++) {
        offsets[i + 1] = offsets[i] + (uint32_t)snprintf(bytes + offsets[i], 8, "t%" PRIu32, i * 7);
    }
    const struct cw_pool pool = {.count = ROWS, .offsets = offsets, .bytes = bytes};
    struct cw_batch batch;
    struct cw_parquet_chunk chunk;
    ck_assert_int_eq(cw_batch_init(&batch, &text_entity, NULL), CW_OK);
    ck_assert_int_eq(cw_batch_reserve(&batch, 0, ROWS, NULL), CW_OK);
    memset(batch.columns[0].validity, 0xFF, ROWS / 8);
    batch.row_count = ROWS;
    batch.columns[0].pool = &pool;
    for (int32_t distinct = 1; distinct <= ROWS; distinct *= 20) {
        for (int32_t row = 0; row < ROWS; row++) {
            ((int32_t *)batch.columns[0].values)[row] = distinct == 1 ? 77 : row % distinct;
        }
        describe(&batch, &chunk);
        ck_assert_int_ge(chunk.dictionary_offset, 0);
        ck_assert(chunk.encodings >> CW_PARQUET_RLE_DICTIONARY & 1);
    }
    for (int32_t row = 0; row < ROWS; row++) {
        ((int32_t *)batch.columns[0].values)[row] = row;
    }
    describe(&batch, &chunk);
    ck_assert_int_eq(chunk.dictionary_offset, -1);
    ck_assert(chunk.encodings >> CW_PARQUET_DELTA_LENGTH_BYTE_ARRAY & 1);
    cw_batch_clear(&batch);
}
END_TEST

START_TEST(what_does_not_shrink_stays_uncompressed)
{
    struct cw_parquet_chunk chunks[SAMPLE_COLUMN_COUNT];
    describe(&batches[6], chunks);
    ck_assert_int_eq(chunks[SAMPLE_ID].codec, CW_PARQUET_UNCOMPRESSED);
    ck_assert_int_eq(chunks[SAMPLE_TEXT].codec, CW_PARQUET_ZSTD);
    ck_assert_int_lt(chunks[SAMPLE_TEXT].compressed_size, chunks[SAMPLE_TEXT].uncompressed_size);
}
END_TEST

START_TEST(wrong_batches_are_refused_and_the_chunk_stays_usable)
{
    struct cw_encoder *encoder = encoder_new(&sample_entity, CW_COMPRESSION_NONE);
    struct cw_chunk *chunk;
    struct cw_buffer body = {0};
    struct cw_buffer note = {0};
    ck_assert_int_eq(cw_chunk_new(encoder, &chunk, NULL), CW_OK);
    struct cw_column *word = &batches[0].columns[SAMPLE_WORD];
    const int32_t code = ((int32_t *)word->values)[0];
    ((int32_t *)word->values)[0] = SAMPLE_POOL_COUNT;
    ck_assert_int_eq(cw_chunk_add(chunk, &batches[0], &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "word");
    ((int32_t *)word->values)[0] = code;
    uint8_t none = 0;
    batches[0].columns[SAMPLE_ID].validity = &none;
    ck_assert_int_eq(cw_chunk_add(chunk, &batches[0], &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "id");
    batches[0].columns[SAMPLE_ID].validity = NULL;
    ck_assert_int_eq(cw_chunk_add(chunk, &batches[1], &error), CW_OK);
    const struct cw_pool other = *word->pool;
    word->pool = &other;
    ck_assert_int_eq(cw_chunk_add(chunk, &batches[0], &error), CW_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "pool"));
    ck_assert_int_eq(cw_chunk_add(chunk, &batches[2], &error), CW_OK);
    ck_assert_int_eq(cw_chunk_finish(chunk, true, &body, &note, &error), CW_OK);
    cw_chunk_free(chunk);
    cw_encoder_free(encoder);
    cw_buffer_clear(&body);
    cw_buffer_clear(&note);
}
END_TEST

START_TEST(options_and_notes_are_checked)
{
    struct cw_encoder_options options = {.format = CW_FORMAT_PARQUET,
                                         .compression = CW_COMPRESSION_SNAPPY,
                                         .compression_level = 3,
                                         .entity = &sample_entity};
    struct cw_encoder *encoder;
    struct cw_tail *tail;
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "compression_level");
    options.compression = CW_COMPRESSION_ZSTD;
    options.compression_level = 23;
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_E_INVALID);
    options.compression_level = 3;
    ck_assert_int_eq(cw_encoder_new(&options, &encoder, &error), CW_OK);
    ck_assert_int_eq(cw_tail_new(encoder, &tail, &error), CW_OK);
    char text[] = "no note";
    const struct cw_buffer note = {.data = text, .size = 7, .capacity = 7};
    ck_assert_int_eq(cw_tail_add(tail, &note, 4, &error), CW_E_INVALID);
    ck_assert_str_eq(error.field, "note");
    cw_tail_free(tail);
    cw_encoder_free(encoder);
}
END_TEST

START_TEST(a_file_that_is_cut_or_damaged_does_no_harm)
{
    struct cw_encoder *encoder = encoder_new(&sample_entity, CW_COMPRESSION_ZSTD);
    struct cw_buffer file = {0};
    struct cw_batch batch;
    for (int i = 2; i < SAMPLE_BATCHES; i++) {
        batches[i].row_count = batches[i].row_count < 40 ? batches[i].row_count : 40;
    }
    encode(encoder, 4, &file);
    for (size_t size = 0; size < file.size; size += 61) {
        char *exact = malloc(size + 1);
        memcpy(exact, file.data, size);
        ck_assert_int_ne(sample_decode(CW_FORMAT_PARQUET, &sample_entity, exact, size, &batch, &error),
                         CW_OK);
        cw_batch_clear(&batch);
        free(exact);
    }
    for (size_t at = 0; at < file.size; at += 3) {
        const char kept = file.data[at];
        file.data[at] = (char)(kept ^ (1 << at % 8));
        (void)sample_decode(CW_FORMAT_PARQUET, &sample_entity, file.data, file.size, &batch, &error);
        cw_batch_clear(&batch);
        file.data[at] = kept;
    }
    cw_encoder_free(encoder);
    cw_buffer_clear(&file);
}
END_TEST

START_TEST(columns_must_be_those_of_the_entity)
{
    struct cw_encoder *encoder = encoder_new(&sample_entity, CW_COMPRESSION_NONE);
    struct cw_buffer file = {0};
    struct cw_batch batch;
    encode(encoder, 8, &file);
    ck_assert_int_eq(sample_decode(CW_FORMAT_PARQUET, &text_entity, file.data, file.size, &batch, &error),
                     CW_E_INVALID);
    cw_batch_clear(&batch);
    const struct cw_column_def other[] = {SAMPLE_COLUMN("id", CW_TYPE_STRING, false)};
    struct cw_entity entity = sample_entity;
    struct cw_column_def columns[SAMPLE_COLUMN_COUNT];
    memcpy(columns, sample_columns, sizeof columns);
    columns[0] = other[0];
    entity.columns = columns;
    ck_assert_int_eq(sample_decode(CW_FORMAT_PARQUET, &entity, file.data, file.size, &batch, &error),
                     CW_E_INVALID);
    ck_assert_str_eq(error.field, "id");
    cw_batch_clear(&batch);
    columns[0] = sample_columns[0];
    columns[1].name = "flags";
    ck_assert_int_eq(sample_decode(CW_FORMAT_PARQUET, &entity, file.data, file.size, &batch, &error),
                     CW_E_INVALID);
    ck_assert_ptr_nonnull(strstr(error.message, "flag"));
    cw_batch_clear(&batch);
    cw_encoder_free(encoder);
    cw_buffer_clear(&file);
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("parquet");
    TCase *group = tcase_create("parquet");
    tcase_set_timeout(group, 120);
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_add_test(group, every_type_reads_back_with_every_compression);
    tcase_add_test(group, no_rows_make_a_file_without_row_groups);
    tcase_add_test(group, bounds_of_texts_are_unsigned_and_exact);
    tcase_add_test(group, bounds_of_long_texts_are_cut_to_bounds);
    tcase_add_test(group, bounds_of_numbers_and_uuids_are_those_of_the_rows);
    tcase_add_test(group, pools_become_dictionaries_only_where_that_is_smaller);
    tcase_add_test(group, what_does_not_shrink_stays_uncompressed);
    tcase_add_test(group, wrong_batches_are_refused_and_the_chunk_stays_usable);
    tcase_add_test(group, options_and_notes_are_checked);
    tcase_add_test(group, a_file_that_is_cut_or_damaged_does_no_harm);
    tcase_add_test(group, columns_must_be_those_of_the_entity);
    suite_add_tcase(suite, group);
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, set_up, tear_down);
    tcase_add_test(files, files_for_other_readers_are_written);
    suite_add_tcase(suite, files);
    return suite;
}
