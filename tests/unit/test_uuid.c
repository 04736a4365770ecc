/* UUID version 7: layout, and the order of time. */
#include <string.h>

#include "base/uuid.h"
#include "harness.h"

/* The time of the example in RFC 9562, appendix A.6: 2022-02-22T19:22:22Z. */
START_TEST(layout)
{
    static const uint8_t expected[16] = {0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x70, 0x00,
                                         0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    uint8_t id[CW_UUID_SIZE];
    cw_uuid_v7(id, INT64_C(1645557742000000), 0x18c4dc0c0c07398fULL);
    ck_assert_mem_eq(id, expected, sizeof id);
    cw_uuid_v7(id, 0, UINT64_MAX);
    ck_assert_uint_eq(id[6] >> 4, 7);
    ck_assert_uint_eq(id[8], 0xbf);
    ck_assert_uint_eq(id[15], 0xff);
}
END_TEST

/* The fraction of the millisecond keeps ids in order, microsecond by microsecond. */
START_TEST(microseconds_are_in_order)
{
    uint8_t before[CW_UUID_SIZE] = {0};
    for (int64_t time = INT64_C(1700000000000000); time < INT64_C(1700000000005000); time++) {
        uint8_t id[CW_UUID_SIZE];
        cw_uuid_v7(id, time, (uint64_t)time * 0x9e3779b97f4a7c15ULL);
        ck_assert_int_lt(memcmp(before, id, 8), 0);
        memcpy(before, id, sizeof id);
    }
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("uuid", layout, microseconds_are_in_order);
}
