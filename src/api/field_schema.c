/* The JSON Schema (draft 2020-12, as OpenAPI 3.1 has it) of described fields. */
#include <string.h>

#include "api/field.h"

#define MARKET_TEXT_MAX 512

void cw_json_put_choices(struct cw_json_writer *writer, const char *values)
{
    cw_json_key(writer, "enum");
    cw_json_open(writer, '[');
    for (const char *at = values; at != NULL;) {
        const size_t size = strcspn(at, "|");
        cw_json_text_sized(writer, at, size);
        at = at[size] == '|' ? at + size + 1 : NULL;
    }
    cw_json_close(writer, ']');
}

static void put_range(struct cw_json_writer *writer, const char *type, int64_t minimum, int64_t maximum)
{
    cw_json_put_text(writer, "type", type);
    cw_json_put_number(writer, "minimum", minimum);
    cw_json_put_number(writer, "maximum", maximum);
}

static void put_markets(struct cw_json_writer *writer)
{
    char choices[MARKET_TEXT_MAX];
    cw_market_choices(choices, sizeof choices);
    cw_json_key(writer, "oneOf");
    cw_json_open(writer, '[');
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "type", "string");
    cw_json_put_choices(writer, choices);
    cw_json_close(writer, '}');
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "type", "array");
    cw_json_put_number(writer, "minItems", 1);
    cw_json_put_bool(writer, "uniqueItems", true);
    cw_json_key(writer, "items");
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "type", "string");
    cw_json_put_choices(writer, choices);
    cw_json_close(writer, '}');
    cw_json_close(writer, '}');
    cw_json_open(writer, '{');
    cw_json_put_text(writer, "type", "object");
    cw_json_put_number(writer, "minProperties", 1);
    cw_json_key(writer, "propertyNames");
    cw_json_open(writer, '{');
    cw_json_put_choices(writer, choices);
    cw_json_close(writer, '}');
    cw_json_put_quoted(writer, "additionalProperties", "{'type':'integer','minimum':1,'maximum':1000000}");
    cw_json_close(writer, '}');
    cw_json_close(writer, ']');
}

static void put_kind(struct cw_json_writer *writer, const struct cw_field *field,
                     const struct cw_field_limits *limits)
{
    switch (field->kind) {
    case CW_FIELD_INTEGER:
        put_range(writer, "integer", field->minimum, field->maximum);
        break;
    case CW_FIELD_COUNT:
        put_range(writer, "integer", 1, limits->count);
        break;
    case CW_FIELD_AMOUNT:
        put_range(writer, "integer", 0, limits->count);
        break;
    case CW_FIELD_NUMBER:
        cw_json_put_text(writer, "type", "number");
        cw_json_put_number(writer, "exclusiveMinimum", 0);
        cw_json_put_number(writer, "maximum", field->maximum);
        break;
    case CW_FIELD_BOOLEAN:
        cw_json_put_text(writer, "type", "boolean");
        break;
    case CW_FIELD_CHOICE:
        cw_json_put_text(writer, "type", "string");
        cw_json_put_choices(writer, field->values);
        break;
    case CW_FIELD_TEXT:
        cw_json_put_text(writer, "type", "string");
        cw_json_put_number(writer, "minLength", 1);
        cw_json_put_number(writer, "maxLength", field->maximum);
        break;
    case CW_FIELD_UUID:
        cw_json_put_text(writer, "type", "string");
        cw_json_put_text(writer, "format", "uuid");
        break;
    case CW_FIELD_TIME:
        cw_json_put_text(writer, "type", "string");
        cw_json_put_quoted(writer, "anyOf", "[{'format':'date'},{'format':'date-time'},{'const':'now'}]");
        break;
    case CW_FIELD_MARKETS:
        put_markets(writer);
        break;
    case CW_FIELD_NAMES:
        cw_json_put_text(writer, "type", "array");
        cw_json_put_number(writer, "minItems", 1);
        cw_json_put_number(writer, "maxItems", field->maximum);
        cw_json_put_bool(writer, "uniqueItems", true);
        cw_json_put_quoted(writer, "items", "{'type':'string','minLength':1,'maxLength':63}");
        break;
    case CW_FIELD_OBJECT:
        break;
    }
}

static void put_members(struct cw_json_writer *writer, const struct cw_field *fields, size_t count,
                        const struct cw_field_limits *limits)
{
    bool has_required = false;
    cw_json_put_text(writer, "type", "object");
    cw_json_put_bool(writer, "additionalProperties", false);
    cw_json_key(writer, "properties");
    cw_json_open(writer, '{');
    for (size_t i = 0; i < count; i++) {
        cw_json_key(writer, fields[i].name);
        cw_field_schema(writer, &fields[i], limits);
        has_required |= fields[i].required;
    }
    cw_json_close(writer, '}');
    if (has_required) {
        cw_json_key(writer, "required");
        cw_json_open(writer, '[');
        for (size_t i = 0; i < count; i++) {
            if (fields[i].required) {
                cw_json_text(writer, fields[i].name);
            }
        }
        cw_json_close(writer, ']');
    }
}

void cw_field_schema(struct cw_json_writer *writer, const struct cw_field *field,
                     const struct cw_field_limits *limits)
{
    cw_json_open(writer, '{');
    if (field->kind == CW_FIELD_OBJECT) {
        put_members(writer, field->members, field->member_count, limits);
        if (field->minimum > 0) {
            cw_json_put_number(writer, "minProperties", field->minimum);
        }
    } else {
        put_kind(writer, field, limits);
    }
    if (field->fallback != NULL) {
        cw_json_put_quoted(writer, "default", field->fallback);
    }
    cw_json_put_text(writer, "description", field->meaning);
    cw_json_close(writer, '}');
}

void cw_fields_schema(struct cw_json_writer *writer, const struct cw_field *fields, size_t count,
                      const struct cw_field_limits *limits)
{
    cw_json_open(writer, '{');
    put_members(writer, fields, count, limits);
    cw_json_close(writer, '}');
}
