/* Text to values, strictly: the whole text must be one value in the form that Cartwright writes (see
 * decimal.h), give or take what the standards allow. Functions return false and leave *value alone when it is
 * not. Text needs no zero byte at its end. */
#ifndef CW_BASE_PARSE_H
#define CW_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal digits with an optional minus sign; no plus sign, spaces or leading zeros (the grammar of RFC
 * 8259). */
bool cw_parse_int32(const char *text, size_t length, int32_t *value);
bool cw_parse_int64(const char *text, size_t length, int64_t *value);

/* The same without a sign. */
bool cw_parse_uint64(const char *text, size_t length, uint64_t *value);

/* "true" or "false". */
bool cw_parse_bool(const char *text, size_t length, bool *value);

/* A UUID as 8-4-4-4-12 hexadecimal digits of either case (RFC 9562); value has 16 bytes. */
bool cw_parse_uuid(const char *text, size_t length, uint8_t *value);

/* YYYY-MM-DD (ISO 8601), years 0001 to 9999: days since 1970-01-01. */
bool cw_parse_date(const char *text, size_t length, int32_t *value);

/* A timestamp of RFC 3339 with its offset from UTC ("Z" or +hh:mm) and up to six digits of a second's
 * fraction: microseconds since 1970-01-01T00:00:00Z. Leap seconds (":60") and what lies outside the years
 * 0001 to 9999 in UTC are refused. */
bool cw_parse_timestamp(const char *text, size_t length, int64_t *value);

/* The bytes of the UTF-8 sequence (RFC 3629: shortest form, no surrogates) that text begins with, 1 to 4; 0
 * when it is none. */
size_t cw_parse_utf8(const char *text, size_t length);

/* True when all of text is UTF-8. */
bool cw_parse_is_utf8(const char *text, size_t length);

#endif
