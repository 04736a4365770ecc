#include "encode/parquet_pack.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define MOST 5000

static struct cw_buffer buffer;
static uint32_t codes[MOST];
static uint32_t codes_read[MOST];
static int64_t numbers[MOST];
static int64_t numbers_read[MOST];
static int32_t narrow[MOST];
static uint64_t state;

static void set_up(void)
{
    state = 7;
}

static void tear_down(void)
{
    cw_buffer_clear(&buffer);
}

static uint64_t draw(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state ^ state >> 31;
}

/* Reads in pieces of varying size, from memory of just the right size so that sanitizers see an overrun. */
static bool read_codes(size_t size, unsigned width, size_t count)
{
    uint8_t *exact = malloc(size + 1);
    if (size > 0) {
        memcpy(exact, buffer.data, size);
    }
    struct cw_hybrid_reader reader = {.next = exact, .end = exact + size, .width = width};
    bool done = true;
    for (size_t at = 0, piece = 1; at < count && done; at += piece, piece = piece * 3 % 1000 + 1) {
        piece = count - at < piece ? count - at : piece;
        done = cw_hybrid_read(&reader, codes_read + at, piece);
    }
    free(exact);
    return done;
}

static void check_hybrid(unsigned width, size_t count, uint64_t run)
{
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (draw() % run == 0) {
            value = (uint32_t)(draw() & ((UINT64_C(1) << width) - 1));
        }
        codes[i] = value;
    }
    buffer.size = 0;
    ck_assert_int_eq(cw_hybrid_write(&buffer, codes, count, width, NULL), CW_OK);
    ck_assert_uint_le(buffer.size, count * width / 8 + width + 16);
    ck_assert(read_codes(buffer.size, width, count));
    ck_assert_msg(count == 0 || memcmp(codes, codes_read, count * sizeof *codes) == 0,
                  "width %u, %zu values, runs of %d", width, count, (int)run);
    ck_assert(count == 0 || !read_codes(buffer.size - 1, width, count));
}

START_TEST(hybrids_of_every_width_read_back)
{
    static const size_t counts[] = {0, 1, 7, 8, 9, 31, 64, 1000, MOST};
    static const uint64_t runs[] = {1, 20, 300};
    for (unsigned width = 1; width <= 32; width++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            for (size_t j = 0; j < sizeof runs / sizeof *runs; j++) {
                check_hybrid(width, counts[i], runs[j]);
            }
        }
    }
}
END_TEST

START_TEST(long_runs_take_few_bytes)
{
    for (size_t i = 0; i < MOST; i++) {
        codes[i] = i < 2003 ? 5 : 6;
    }
    ck_assert_int_eq(cw_hybrid_write(&buffer, codes, MOST, 3, NULL), CW_OK);
    ck_assert_uint_le(buffer.size, 12);
    ck_assert(read_codes(buffer.size, 3, MOST));
    ck_assert_mem_eq(codes, codes_read, sizeof codes);
}
END_TEST

START_TEST(bitmaps_are_hybrids_of_width_one)
{
    const uint8_t bitmap[] = {0xA5, 0xFF};
    ck_assert_int_eq(cw_hybrid_write_bits(&buffer, bitmap, 11, NULL), CW_OK);
    ck_assert_uint_eq(buffer.size, 3);
    ck_assert_mem_eq(buffer.data, "\x05\xA5\x07", 3);
    ck_assert(read_codes(buffer.size, 1, 11));
    for (unsigned i = 0; i < 11; i++) {
        ck_assert_uint_eq(codes_read[i], (unsigned)bitmap[i / 8] >> (i % 8) & 1u);
    }
}
END_TEST

static bool read_numbers(size_t size, size_t count, size_t *used)
{
    uint8_t *exact = malloc(size + 1);
    if (size > 0) {
        memcpy(exact, buffer.data, size);
    }
    struct cw_delta_reader reader;
    bool done = cw_delta_open(&reader, exact, exact + size, count);
    const uint8_t *end = done ? cw_delta_end(&reader) : NULL;
    *used = end != NULL ? (size_t)(end - exact) : 0;
    for (size_t at = 0, piece = 1; at < count && done; at += piece, piece = piece * 3 % 1000 + 1) {
        piece = count - at < piece ? count - at : piece;
        done = cw_delta_read(&reader, numbers_read + at, piece);
    }
    free(exact);
    return done;
}

START_TEST(deltas_of_64_bits_read_back)
{
    static const size_t counts[] = {0, 1, 2, 32, 33, 128, 129, 130, 257, MOST};
    for (unsigned shift = 0; shift < 64; shift++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            for (size_t at = 0; at < counts[i]; at++) {
                const uint64_t bits = draw() >> shift;
                memcpy(&numbers[at], &bits, sizeof bits);
            }
            size_t used;
            buffer.size = 0;
            ck_assert_int_eq(cw_delta_write_64(&buffer, numbers, counts[i], NULL), CW_OK);
            ck_assert_uint_le(buffer.size, cw_delta_size_64(numbers, counts[i]) + 64);
            ck_assert(read_numbers(buffer.size, counts[i], &used));
            ck_assert_uint_eq(used, buffer.size);
            ck_assert(counts[i] == 0 || memcmp(numbers, numbers_read, counts[i] * sizeof *numbers) == 0);
            ck_assert(!read_numbers(buffer.size - 1, counts[i], &used));
        }
    }
}
END_TEST

START_TEST(deltas_of_32_bits_wrap_around)
{
    static const int32_t extremes[] = {INT32_MIN, INT32_MAX, 0, -1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < MOST; i++) {
        narrow[i] = i % 3 == 0 ? extremes[i % 6] : (int32_t)(draw() >> 40);
    }
    size_t used;
    ck_assert_int_eq(cw_delta_write_32(&buffer, narrow, MOST, NULL), CW_OK);
    ck_assert_uint_le(buffer.size, cw_delta_size_32(narrow, MOST) + 64);
    ck_assert(read_numbers(buffer.size, MOST, &used));
    for (size_t i = 0; i < MOST; i++) {
        ck_assert_int_eq((int32_t)(uint32_t)numbers_read[i], narrow[i]);
    }
}
END_TEST

START_TEST(equal_steps_take_no_bits)
{
    for (size_t i = 0; i < MOST; i++) {
        numbers[i] = (int64_t)i * 1000003 - 77;
    }
    ck_assert_int_eq(cw_delta_write_64(&buffer, numbers, MOST, NULL), CW_OK);
    ck_assert_uint_le(buffer.size, (MOST / 128 + 1) * 8 + 16);
}
END_TEST

START_TEST(damaged_deltas_are_refused)
{
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {{"\x00\x04\x02\x00", 4},
                {"\x80\x01\x00\x02\x00", 5},
                {"\x80\x01\x03\x02\x00", 5},
                {"\x80\x01\x04\x03\x00", 5},
                {"\x80\x80\x80\x01\x04\x02\x00", 7},
                {"\x80\x01\x04\x02\x00\x00\x41\x00\x00\x00", 10},
                {"\x80\x01\x04\x02\x00\x00\x01\x00", 8}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const uint8_t *bytes = (const uint8_t *)rows[i].bytes;
        struct cw_delta_reader reader;
        ck_assert_msg(!cw_delta_open(&reader, bytes, bytes + rows[i].size, 2) ||
                          !cw_delta_read(&reader, numbers_read, 2),
                      "row %zu was accepted", i);
    }
}
END_TEST

Suite *test_suite(void)
{
    Suite *suite = suite_create("parquet_pack");
    TCase *group = tcase_create("parquet_pack");
    tcase_set_timeout(group, 60);
    tcase_add_checked_fixture(group, set_up, tear_down);
    tcase_add_test(group, hybrids_of_every_width_read_back);
    tcase_add_test(group, long_runs_take_few_bytes);
    tcase_add_test(group, bitmaps_are_hybrids_of_width_one);
    tcase_add_test(group, deltas_of_64_bits_read_back);
    tcase_add_test(group, deltas_of_32_bits_wrap_around);
    tcase_add_test(group, equal_steps_take_no_bits);
    tcase_add_test(group, damaged_deltas_are_refused);
    suite_add_tcase(suite, group);
    return suite;
}
