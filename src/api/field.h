/* Fields of requests, described once: what is checked, what /openapi.json says, and what an error names all
 * come from one table per request. */
#ifndef CW_API_FIELD_H
#define CW_API_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/json_write.h"
#include "api/uri.h"
#include "cartwright/error.h"

enum cw_field_kind {
    CW_FIELD_INTEGER, /* minimum to maximum */
    CW_FIELD_COUNT,   /* 1 to the server's largest count */
    CW_FIELD_AMOUNT,  /* the same, or 0 for none */
    CW_FIELD_NUMBER,  /* minimum to maximum, fractions allowed */
    CW_FIELD_BOOLEAN,
    CW_FIELD_CHOICE, /* one of values */
    CW_FIELD_TEXT,   /* 1 to maximum bytes */
    CW_FIELD_UUID,
    CW_FIELD_TIME,    /* a date or date-time */
    CW_FIELD_MARKETS, /* a locale, a list of them, or an object of locale and share */
    CW_FIELD_NAMES,   /* 1 to maximum different texts of 1 to 63 characters */
    CW_FIELD_OBJECT   /* members */
};

struct cw_field {
    const char *name;
    enum cw_field_kind kind;
    bool required;
    int64_t minimum, maximum;
    const char *values; /* CHOICE: "a|b|c" */
    const struct cw_field *members;
    size_t member_count;
    const char *fallback; /* the default as JSON, "'" for quotes; NULL: none, or said in meaning */
    const char *example;  /* likewise */
    const char *meaning;
};

/* What the server allows, where a table leaves it open. */
struct cw_field_limits {
    int64_t count; /* of CW_FIELD_COUNT and CW_FIELD_AMOUNT */
};

#define CW_FIELD_ERRORS_MAX 8

struct cw_field_error {
    char field[96];
    char value[128];    /* JSON; "" when the field is missing */
    char expected[320]; /* "" when the message says it otherwise */
    char message[600];  /* all of it in words */
};

struct cw_field_errors {
    size_t count;
    struct cw_field_error items[CW_FIELD_ERRORS_MAX];
};

/* Notes an error; beyond CW_FIELD_ERRORS_MAX they are dropped. value may be NULL. The message is
 * "FIELD is VALUE; expected EXPECTED". */
void cw_field_errors_add(struct cw_field_errors *errors, const char *field, const json_t *value,
                         const char *expected);
/* The same with the value as text. */
void cw_field_errors_add_text(struct cw_field_errors *errors, const char *field, const char *value,
                              const char *expected);

/* The same with a message of its own, instead of what could be composed. */
void cw_field_errors_add_message(struct cw_field_errors *errors, const char *field, const json_t *value,
                                 const char *expected, const char *message);
/* Notes a name that nothing has: kind is "field" or "query parameter", names are those there are. */
void cw_field_errors_add_unknown(struct cw_field_errors *errors, const char *kind, const char *field,
                                 const json_t *value, const char *const *names, size_t count);

/* Checks a JSON value against a table: type, range, required and unknown members. prefix is put before field
 * names: "" or "price_range.". */
void cw_fields_check(const struct cw_field *fields, size_t count, const struct cw_field_limits *limits,
                     const json_t *object, const char *prefix, struct cw_field_errors *errors);

/* Checks a query string: scalars as text, each at most once. A name that no field has is looked up by other
 * (or refused when other is NULL): it says whether it took the pair. */
typedef bool cw_query_other(void *context, const struct cw_query_pair *pair, struct cw_field_errors *errors);
void cw_query_check(const struct cw_field *fields, size_t count, const struct cw_uri *uri,
                    cw_query_other *other, void *context, struct cw_field_errors *errors);

/* At most this many names are looked through for the nearest one. */
#define CW_FIELD_NAMES_MAX 128
/* Puts the names of fields into names; returns how many. */
size_t cw_field_names(const struct cw_field *fields, size_t count, const char *names[CW_FIELD_NAMES_MAX]);

/* The whole number of a value that was checked. */
int64_t cw_field_integer(const json_t *value);

/* Writes the JSON Schema of one field, or of an object of fields. */
void cw_field_schema(struct cw_json_writer *writer, const struct cw_field *field,
                     const struct cw_field_limits *limits);
void cw_fields_schema(struct cw_json_writer *writer, const struct cw_field *fields, size_t count,
                      const struct cw_field_limits *limits);

/* Writes "enum":[...] of values separated by '|'. */
void cw_json_put_choices(struct cw_json_writer *writer, const char *values);

/* Writes values separated by '|' as people list them: "a, b or c". */
void cw_choice_text(const char *values, char *text, size_t size);

/* Whether text is one of values separated by '|'. */
bool cw_choice_has(const char *values, const char *text);

/* Locales and countries of the markets separated by '|'. */
void cw_market_choices(char *text, size_t size);

#endif
