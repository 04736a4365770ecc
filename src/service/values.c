#define _GNU_SOURCE
#include "service/values.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "base/calendar.h"
#include "base/uuid.h"

#define NAME_LENGTH_MAX 63
#define FRESH_DRAWS 32
#define AMOUNT_NOISE 1e-6 /* minor units: 19.99 is no exact number */

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* The power of ten a unit letter stands for, or -1. */
static int unit_digits(char unit)
{
    switch (unit) {
    case 'K':
    case 'k':
        return 3;
    case 'M':
    case 'm':
        return 6;
    case 'B':
    case 'b':
    case 'G':
    case 'g':
        return 9;
    default:
        return -1;
    }
}

/* Reads digits with '_' between them onto *value; false on overflow or a stray '_'. */
static bool read_digits(const char **at, int64_t *value, int *count)
{
    bool grouped = false;
    *count = 0;
    for (; is_digit(**at) || (**at == '_' && *count > 0 && !grouped); (*at)++) {
        grouped = **at == '_';
        if (grouped) {
            continue;
        }
        if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, **at - '0', value)) {
            return false;
        }
        (*count)++;
    }
    return !grouped;
}

/* Reads "1.5M" and the like exactly; false when text is something else, overflows, or is not whole. */
static bool read_count(const char *text, int64_t *value)
{
    const char *at = text;
    int64_t number = 0;
    int whole = 0;
    int fraction = 0;
    if (!read_digits(&at, &number, &whole) || whole == 0) {
        return false;
    }
    if (*at == '.') {
        at++;
        if (!read_digits(&at, &number, &fraction) || fraction == 0) {
            return false;
        }
    }
    int digits = 0;
    if (*at != '\0') {
        digits = unit_digits(*at++);
    }
    if (digits < 0 || *at != '\0') {
        return false;
    }
    for (; fraction > digits; fraction--) {
        if (number % 10 != 0) {
            return false;
        }
        number /= 10;
    }
    for (; fraction < digits; fraction++) {
        if (__builtin_mul_overflow(number, 10, &number)) {
            return false;
        }
    }
    *value = number;
    return true;
}

cw_status cw_value_count(const char *field, const char *text, int64_t minimum, int64_t maximum,
                         int64_t *value, struct cw_error *error)
{
    int64_t number = 0;
    const bool is_good = read_count(text, &number);
    if (!is_good && maximum < 100000) {
        return cw_error_set(error, CW_E_INVALID, field,
                            "%s is '%.60s', but must be a whole number from %lld to %lld", field, text,
                            (long long)minimum, (long long)maximum);
    }
    if (!is_good) {
        return cw_error_set(error, CW_E_INVALID, field,
                            "%s is '%.60s', but must be a whole number such as 500, 10K, 1.5M or 2B", field,
                            text);
    }
    if (number < minimum || number > maximum) {
        return cw_error_set(error, CW_E_INVALID, field, "%s is %.60s, but must be from %lld to %lld", field,
                            text, (long long)minimum, (long long)maximum);
    }
    *value = number;
    return CW_OK;
}

cw_status cw_value_seed(const char *field, const char *text, uint64_t *value, struct cw_error *error)
{
    int64_t number = 0;
    int count = 0;
    const char *at = text;
    if (!read_digits(&at, &number, &count) || count == 0 || *at != '\0') {
        return cw_error_set(error, CW_E_INVALID, field,
                            "%s is '%.60s', but must be a whole number from 0 to 9223372036854775807", field,
                            text);
    }
    *value = (uint64_t)number;
    return CW_OK;
}

cw_status cw_value_amount(const char *field, const char *text, int64_t *value, struct cw_error *error)
{
    const char *at = text;
    int64_t number = 0;
    int whole = 0;
    int fraction = 0;
    bool good = read_digits(&at, &number, &whole) && whole > 0;
    if (good && *at == '.') {
        at++;
        good = read_digits(&at, &number, &fraction) && fraction >= 1 && fraction <= 2;
    }
    for (; good && fraction < 2; fraction++) {
        good = !__builtin_mul_overflow(number, 10, &number);
    }
    if (!good || *at != '\0') {
        return cw_error_set(error, CW_E_INVALID, field,
                            "%s is '%.60s', but must be an amount in US dollars such as 12 or 12.50", field,
                            text);
    }
    *value = number;
    return CW_OK;
}

int64_t cw_amount_at_least(double amount)
{
    const double exact = amount * 100 - AMOUNT_NOISE;
    const int64_t below = (int64_t)exact;
    return amount > 0 && below == 0 ? 1 : below + ((double)below < exact);
}

int64_t cw_amount_at_most(double amount)
{
    return (int64_t)(amount * 100 + AMOUNT_NOISE);
}

/* Reads exactly `digits` digits and then the byte `after` (0: none is taken). */
static bool read_field(const char **at, int digits, char after, int *value)
{
    int number = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (!is_digit(**at)) {
            return false;
        }
        number = number * 10 + (**at - '0');
    }
    *value = number;
    if (after == 0) {
        return true;
    }
    return *(*at)++ == after;
}

static bool read_date(const char **at, int64_t *days)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (!read_field(at, 4, '-', &year) || !read_field(at, 2, '-', &month) || !read_field(at, 2, 0, &day) ||
        year < 1970 || year > 2199 || !cw_date_is_valid(year, month, day)) {
        return false;
    }
    *days = cw_date_to_days(year, month, day);
    return true;
}

/* Reads "Z" or "+HH:MM" to the end of the text; *minutes is what the local time is ahead of UTC. */
static bool read_zone(const char *at, int *minutes)
{
    *minutes = 0;
    if (*at == 'Z' || *at == 'z') {
        return at[1] == '\0';
    }
    const char sign = *at;
    int hours = 0;
    if (sign != '+' && sign != '-') {
        return false;
    }
    at++;
    if (!read_field(&at, 2, ':', &hours) || !read_field(&at, 2, 0, minutes) || hours > 23 || *minutes > 59 ||
        *at != '\0') {
        return false;
    }
    *minutes += hours * 60;
    if (sign == '-') {
        *minutes = -*minutes;
    }
    return true;
}

static bool read_time(const char *text, int64_t *value)
{
    int64_t days = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int zone = 0;
    int64_t fraction = 0;
    const char *at = text;
    if (!read_date(&at, &days)) {
        return false;
    }
    if (*at == '\0') {
        *value = days * CW_MICROS_PER_DAY;
        return true;
    }
    if (*at != 'T' && *at != 't' && *at != ' ') {
        return false;
    }
    at++;
    if (!read_field(&at, 2, ':', &hour) || !read_field(&at, 2, ':', &minute) ||
        !read_field(&at, 2, 0, &second) || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    if (*at == '.') {
        at++;
        int64_t unit = 1000000;
        for (; is_digit(*at) && unit > 1; at++) {
            unit /= 10;
            fraction += (*at - '0') * unit;
        }
        if (unit == 1000000) {
            return false;
        }
    }
    if (!read_zone(at, &zone)) {
        return false;
    }
    const int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - (int64_t)zone * 60;
    *value = seconds * 1000000 + fraction;
    return true;
}

cw_status cw_value_time(const char *field, const char *text, int64_t *value, struct cw_error *error)
{
    int64_t time_read = 0;
    if (strcmp(text, "now") == 0) {
        *value = cw_time_now();
        return CW_OK;
    }
    if (!read_time(text, &time_read)) {
        return cw_error_set(
            error, CW_E_INVALID, field,
            "%s is '%.60s', but must be a date (2025-06-30), a time (2025-06-30T18:00:00Z) or now, "
            "in the years 1970 to 2199",
            field, text);
    }
    *value = time_read;
    return CW_OK;
}

static int hex_value(char digit)
{
    if (is_digit(digit)) {
        return digit - '0';
    }
    const char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

cw_status cw_value_uuid(const char *field, const char *text, struct cw_uuid *value, struct cw_error *error)
{
    struct cw_uuid uuid = {{0}};
    const char *at = text;
    for (size_t i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *at++ != '-') {
            goto invalid;
        }
        const int high = hex_value(at[0]);
        const int low = high < 0 ? -1 : hex_value(at[1]);
        if (low < 0) {
            goto invalid;
        }
        uuid.bytes[i] = (uint8_t)(high * 16 + low);
        at += 2;
    }
    if (*at != '\0') {
        goto invalid;
    }
    *value = uuid;
    return CW_OK;
invalid:
    return cw_error_set(error, CW_E_INVALID, field,
                        "%s is '%.60s', but must be a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057",
                        field, text);
}

void cw_date_text(int64_t days, char text[CW_TIME_TEXT])
{
    const struct cw_date date = cw_date_from_days((int32_t)days);
    snprintf(text, CW_TIME_TEXT, "%04d-%02d-%02d", date.year, date.month, date.day);
}

void cw_time_text(int64_t time, char text[CW_TIME_TEXT])
{
    int64_t of_day = 0;
    const struct cw_date date = cw_date_from_days(cw_timestamp_split(time, &of_day));
    const int seconds = (int)(of_day / CW_MICROS_PER_SECOND);
    const int fraction = (int)(of_day % CW_MICROS_PER_SECOND);
    size_t used = (size_t)snprintf(text, CW_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", date.year, date.month,
                                   date.day, seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (fraction % 1000 != 0) {
        used += (size_t)snprintf(text + used, CW_TIME_TEXT - used, ".%06d", fraction);
    } else if (fraction != 0) {
        used += (size_t)snprintf(text + used, CW_TIME_TEXT - used, ".%03d", fraction / 1000);
    }
    snprintf(text + used, CW_TIME_TEXT - used, "Z");
}

void cw_hex_text(const uint8_t *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

void cw_uuid_text(const struct cw_uuid *uuid, char text[CW_UUID_TEXT])
{
    static const uint8_t starts[] = {0, 4, 6, 8, 10, 16};
    for (size_t i = 0; i + 1 < sizeof starts; i++) {
        const size_t size = (size_t)(starts[i + 1] - starts[i]);
        cw_hex_text(uuid->bytes + starts[i], size, text);
        text += size * 2;
        *text++ = '-';
    }
    text[-1] = '\0';
}

void cw_count_text(double value, char text[CW_TIME_TEXT])
{
    static const char units[] = {' ', 'K', 'M', 'B', 'T'};
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < sizeof units) {
        value /= 1000;
        unit++;
    }
    if (unit == 0) {
        snprintf(text, CW_TIME_TEXT, "%.0f", value);
    } else {
        snprintf(text, CW_TIME_TEXT, "%.*f%c", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, units[unit]);
    }
}

int64_t cw_time_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct cw_uuid cw_uuid_fresh(void)
{
    /* Every request has an id: each thread asks the kernel for many at a time. */
    static _Thread_local uint64_t drawn[FRESH_DRAWS];
    static _Thread_local uint32_t left;
    struct cw_uuid uuid = {{0}};
    if (left == 0) {
        /* Up to 256 bytes are never cut short (random(7)); a kernel without the call leaves the clock to tell
         * ids apart. */
        const bool is_drawn = getrandom(drawn, sizeof drawn, 0) == (ssize_t)sizeof drawn;
        for (uint32_t i = 0; !is_drawn && i < FRESH_DRAWS; i++) {
            drawn[i] = (uint64_t)cw_time_now() + i;
        }
        left = FRESH_DRAWS;
    }
    cw_uuid_v7(uuid.bytes, cw_time_now(), drawn[--left]);
    return uuid;
}

/* Edits (insert, delete, replace, swap of neighbours) between two names, case ignored, '-' equal to '_'. */
static size_t edit_distance(const char *left, const char *right)
{
    size_t rows[3][NAME_LENGTH_MAX + 1];
    const size_t left_length = strnlen(left, NAME_LENGTH_MAX);
    const size_t right_length = strnlen(right, NAME_LENGTH_MAX);
    for (size_t j = 0; j <= right_length; j++) {
        rows[0][j] = j;
        rows[2][j] = j;
    }
    for (size_t i = 1; i <= left_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= right_length; j++) {
            char a = left[i - 1] == '-' ? '_' : left[i - 1];
            char b = right[j - 1] == '-' ? '_' : right[j - 1];
            const bool same = strncasecmp(&a, &b, 1) == 0;
            size_t best = above[j - 1] + (same ? 0 : 1);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] &&
                two_above[j - 2] + 1 < best) {
                best = two_above[j - 2] + 1;
            }
            row[j] = best;
        }
    }
    return rows[left_length % 3][right_length];
}

const char *cw_name_nearest(const char *text, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    const size_t length = strlen(text);
    size_t lowest = length / 3 + 2;
    if (length == 0 || length > NAME_LENGTH_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t distance = edit_distance(text, names[i]);
        /* A name cut short ("--cust") is nearer than its missing letters say. */
        if (length >= 3 && strncasecmp(text, names[i], length) == 0) {
            distance = 1;
        }
        if (distance < lowest) {
            lowest = distance;
            nearest = names[i];
        }
    }
    return nearest;
}
