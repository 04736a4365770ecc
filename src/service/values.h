/* Values as people write them: counts such as 10K, dates, UUIDs; and the reverse. Used by command line and
 * API. */
#ifndef CW_SERVICE_VALUES_H
#define CW_SERVICE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cartwright/error.h"
#include "model/world.h"

#define CW_TIME_TEXT 32 /* room for cw_time_text, terminator included */
#define CW_UUID_TEXT 37

/* Reads a whole number within minimum to maximum: decimal digits, grouped by '_' or not, with an optional
 * fraction and unit K, M or B (thousand, million, billion; lower case too): "10K", "1.5M", "2_000". field
 * names the value in errors. Errors: CW_E_INVALID. */
cw_status cw_value_count(const char *field, const char *text, int64_t minimum, int64_t maximum,
                         int64_t *value, struct cw_error *error);

/* Reads an unsigned decimal of at most 2^63 - 1, such as a seed. Errors: CW_E_INVALID. */
cw_status cw_value_seed(const char *field, const char *text, uint64_t *value, struct cw_error *error);

/* Reads an instant: "2025-06-30" (its first moment, UTC), an RFC 3339 date-time of at most microsecond
 * precision
 * ("2025-06-30T18:00:00.5+02:00"), or "now". Microseconds since 1970-01-01T00:00:00Z; years 1970 to 2199.
 * Errors: CW_E_INVALID. */
cw_status cw_value_time(const char *field, const char *text, int64_t *value, struct cw_error *error);

/* Reads an amount of money in units of a currency with two digits ("12", "12.50") as minor units.
 * Errors: CW_E_INVALID. */
cw_status cw_value_amount(const char *field, const char *text, int64_t *value, struct cw_error *error);

/* The bounds of a range of amounts of a currency with two digits, as minor units that are within it: the
 * lower is rounded up (what is above 0 is at least 1), the higher down. What is a millionth of a minor unit
 * beside a whole one counts as that. amount: 0 to 10^7. */
int64_t cw_amount_at_least(double amount);
int64_t cw_amount_at_most(double amount);

/* Reads a UUID in its 36-character form. Errors: CW_E_INVALID. */
cw_status cw_value_uuid(const char *field, const char *text, struct cw_uuid *value, struct cw_error *error);

/* Writes RFC 3339 in UTC with as few fraction digits as needed: none, three or six. */
void cw_time_text(int64_t time, char text[CW_TIME_TEXT]);
/* Writes days since 1970-01-01 as YYYY-MM-DD. */
void cw_date_text(int64_t days, char text[CW_TIME_TEXT]);
void cw_uuid_text(const struct cw_uuid *uuid, char text[CW_UUID_TEXT]);
/* Writes a size-byte digest as 2 * size lower-case hexadecimal digits and a terminator. */
void cw_hex_text(const uint8_t *bytes, size_t size, char *text);

/* Writes a count as people read it: "950", "12.3K", "1.5M". */
void cw_count_text(double value, char text[CW_TIME_TEXT]);

/* The wall clock, microseconds since 1970-01-01T00:00:00Z. */
int64_t cw_time_now(void);

/* A fresh UUID v7 of the wall clock and the system's random source; never for generated rows. */
struct cw_uuid cw_uuid_fresh(void);

/* The name of names (count of them) nearest to text by edit distance, or NULL when none is near. */
const char *cw_name_nearest(const char *text, const char *const *names, size_t count);

#endif
