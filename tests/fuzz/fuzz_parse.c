/* Every parser of base/parse.h; what is accepted must come out as text that is read as the same value. */
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_numbers(const char *text, size_t size)
{
    char out[CW_DECIMAL_SLACK];
    int64_t wide;
    int32_t small;
    uint64_t unsigned_wide;
    if (cw_parse_int64(text, size, &wide)) {
        const size_t length = (size_t)(cw_decimal_i64(out, wide) - out);
        int64_t again = ~wide;
        require(cw_parse_int64(out, length, &again) && again == wide);
        require(wide == 0 || (length == size && memcmp(out, text, size) == 0));
    }
    if (cw_parse_int32(text, size, &small)) {
        require(cw_parse_int64(text, size, &wide) && wide == small);
    }
    if (cw_parse_uint64(text, size, &unsigned_wide)) {
        require((size_t)(cw_decimal_u64(out, unsigned_wide) - out) == size && memcmp(out, text, size) == 0);
    }
}

static void check_times(const char *text, size_t size)
{
    char out[CW_DECIMAL_SLACK];
    int32_t days;
    int64_t micros;
    if (cw_parse_date(text, size, &days)) {
        cw_decimal_date(out, days);
        require(memcmp(out, text, 10) == 0);
    }
    if (cw_parse_timestamp(text, size, &micros)) {
        int64_t again = ~micros;
        const size_t length = (size_t)(cw_decimal_timestamp(out, micros) - out);
        require(cw_parse_timestamp(out, length, &again) && again == micros);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    uint8_t uuid[16];
    uint8_t again[16];
    bool flag;
    check_numbers(text, size);
    check_times(text, size);
    if (cw_parse_uuid(text, size, uuid)) {
        char out[CW_DECIMAL_SLACK];
        cw_decimal_uuid(out, uuid);
        require(cw_parse_uuid(out, 36, again) && memcmp(uuid, again, 16) == 0);
    }
    if (cw_parse_bool(text, size, &flag)) {
        require(size == (flag ? 4 : 5));
    }
    if (cw_parse_is_utf8(text, size)) {
        for (size_t at = 0; at < size;) {
            const size_t count = cw_parse_utf8(text + at, size - at);
            require(count > 0);
            at += count;
        }
    }
    return 0;
}
