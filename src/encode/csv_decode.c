/* CSV (RFC 4180): a header line with the columns' names, lines that end with LF or CRLF. An empty value
 * without quotes is null. */
#include <stdlib.h>
#include <string.h>

#include "encode/text_decode.h"

struct csv_decoder {
    struct cw_text_decoder base;
    uint32_t positions[CW_TEXT_MOST_COLUMNS]; /* column of the entity by place in the line */
    uint32_t place_count;
    struct cw_text_field places[CW_TEXT_MOST_COLUMNS];
    uint32_t found_count;
};

static cw_status csv_corrupt(const struct csv_decoder *decoder, uint32_t place, struct cw_error *error,
                             const char *what)
{
    const struct cw_entity *entity = decoder->base.entity;
    const char *column = NULL;
    if (place < decoder->place_count && place < sizeof decoder->positions / sizeof decoder->positions[0]) {
        column = entity->columns[decoder->positions[place]].name;
    }
    return cw_text_decoder_error(&decoder->base, CW_E_CORRUPT, column, error, "%s", what);
}

/* Both find a field's end from *at, which is moved behind it. They return CW_TEXT_ROW, CW_TEXT_MORE or an
 * error. */
static int quoted_field(struct csv_decoder *decoder, char **at, struct cw_text_field *field,
                        struct cw_error *error)
{
    char *end = decoder->base.window + decoder->base.end;
    char *text = *at + 1;
    *field = (struct cw_text_field){.kind = CW_TEXT_QUOTED, .text = text};
    for (char *from = text;;) {
        char *quote = from < end ? memchr(from, '"', (size_t)(end - from)) : NULL;
        if (quote == NULL || (quote + 1 == end && !decoder->base.at_end)) {
            return decoder->base.at_end ? csv_corrupt(decoder, decoder->found_count, error,
                                                      "the quotes around the value are not closed")
                                        : CW_TEXT_MORE;
        }
        if (quote + 1 == end || quote[1] != '"') {
            field->length = (size_t)(quote - text);
            *at = quote + 1;
            return CW_TEXT_ROW;
        }
        field->has_escapes = true;
        from = quote + 2;
    }
}

static int bare_field(struct csv_decoder *decoder, char **at, struct cw_text_field *field,
                      struct cw_error *error)
{
    const char *end = decoder->base.window + decoder->base.end;
    char *text = *at;
    char *here = text;
    while (here < end && *here != ',' && *here != '\n' && *here != '\r' && *here != '"') {
        here++;
    }
    if (here == end && !decoder->base.at_end) {
        return CW_TEXT_MORE;
    }
    if (here < end && *here == '"') {
        return csv_corrupt(decoder, decoder->found_count, error,
                           "a quote stands inside a value that does not begin with one");
    }
    *field = (struct cw_text_field){
        .kind = here == text ? CW_TEXT_NULL : CW_TEXT_BARE, .text = text, .length = (size_t)(here - text)};
    *at = here;
    return CW_TEXT_ROW;
}

/* What stands behind a field: *at is moved behind a comma or a line's end. */
static int field_end(struct csv_decoder *decoder, char **at, bool *is_last, struct cw_error *error)
{
    const char *end = decoder->base.window + decoder->base.end;
    const bool at_end = decoder->base.at_end;
    if (*at == end) {
        *is_last = true;
        return at_end ? CW_TEXT_ROW : CW_TEXT_MORE;
    }
    *is_last = **at != ',';
    if (**at == ',' || **at == '\n') {
        *at += 1;
        return CW_TEXT_ROW;
    }
    if (**at != '\r') {
        return csv_corrupt(decoder, decoder->found_count, error,
                           "a comma or the line's end was expected behind the closing quote");
    }
    if (*at + 1 == end && !at_end) {
        return CW_TEXT_MORE;
    }
    if (*at + 1 == end || (*at)[1] != '\n') {
        return csv_corrupt(decoder, decoder->found_count, error,
                           "a carriage return stands alone; in values it needs quotes");
    }
    *at += 2;
    return CW_TEXT_ROW;
}

/* Splits the line at the window's start into places. */
static int split_line(struct csv_decoder *decoder, struct cw_error *error)
{
    struct cw_text_decoder *base = &decoder->base;
    if (base->start == base->end) {
        return base->at_end ? CW_TEXT_END : CW_TEXT_MORE;
    }
    char *at = base->window + base->start;
    decoder->found_count = 0;
    for (bool is_last = false; !is_last; decoder->found_count++) {
        if (decoder->found_count == CW_TEXT_MOST_COLUMNS) {
            return csv_corrupt(decoder, CW_TEXT_MOST_COLUMNS, error, "the line has more than 64 values");
        }
        struct cw_text_field *field = &decoder->places[decoder->found_count];
        const bool is_quoted = at < base->window + base->end && *at == '"';
        int found =
            is_quoted ? quoted_field(decoder, &at, field, error) : bare_field(decoder, &at, field, error);
        if (found == CW_TEXT_ROW) {
            found = field_end(decoder, &at, &is_last, error);
        }
        if (found != CW_TEXT_ROW) {
            return found;
        }
    }
    base->next_start = (size_t)(at - base->window);
    return CW_TEXT_ROW;
}

static int csv_row(struct cw_text_decoder *base, struct cw_error *error)
{
    struct csv_decoder *decoder = (struct csv_decoder *)base;
    const int found = split_line(decoder, error);
    if (found != CW_TEXT_ROW) {
        return found;
    }
    if (decoder->found_count != decoder->place_count) {
        return cw_text_decoder_error(base, CW_E_CORRUPT, NULL, error,
                                     "the line has %u values, but the header names %u columns",
                                     (unsigned)decoder->found_count, (unsigned)decoder->place_count);
    }
    for (uint32_t i = 0; i < decoder->place_count; i++) {
        base->fields[decoder->positions[i]] = decoder->places[i];
    }
    return CW_TEXT_ROW;
}

/* Halves doubled quotes. */
static cw_status csv_unescape(struct cw_text_decoder *decoder, uint32_t column, struct cw_text_field *field,
                              struct cw_error *error)
{
    (void)decoder;
    (void)column;
    (void)error;
    size_t length = 0;
    for (size_t i = 0; i < field->length; i++) {
        field->text[length++] = field->text[i];
        i += field->text[i] == '"';
    }
    field->length = length;
    field->has_escapes = false;
    return CW_OK;
}

static const struct cw_text_grammar csv_grammar = {.typed = false, .row = csv_row, .unescape = csv_unescape};

/* Finds the columns that the header names. */
static cw_status map_header(struct csv_decoder *decoder, struct cw_error *error)
{
    const struct cw_text_decoder *base = &decoder->base;
    const struct cw_entity *entity = base->entity;
    bool seen[CW_TEXT_MOST_COLUMNS] = {false};
    for (uint32_t i = 0; i < decoder->found_count; i++) {
        const struct cw_text_field *field = &decoder->places[i];
        const int position = cw_entity_column(entity, field->text, field->length);
        if (position < 0 || seen[position]) {
            const struct cw_text_excerpt name = cw_text_excerpt_of(field->text, field->length);
            return cw_text_decoder_error(base, CW_E_INVALID, NULL, error,
                                         position < 0 ? "the header names column %s, which %s does not have"
                                                      : "the header names column %s of %s twice",
                                         name.text, entity->table);
        }
        seen[position] = true;
        decoder->positions[i] = (uint32_t)position;
    }
    for (uint32_t i = 0; i < entity->column_count; i++) {
        if (!seen[i] && !entity->columns[i].nullable) {
            return cw_text_decoder_error(base, CW_E_INVALID, entity->columns[i].name, error,
                                         "the header does not name this column, which must not be null");
        }
    }
    decoder->place_count = decoder->found_count;
    return CW_OK;
}

static cw_status read_header(struct csv_decoder *decoder, struct cw_error *error)
{
    static const char mark[] = "\xEF\xBB\xBF";
    struct cw_text_decoder *base = &decoder->base;
    cw_status status = cw_text_decoder_fill(base, error);
    if (status != CW_OK) {
        return status;
    }
    /* Spreadsheets put a byte order mark first. */
    if (base->end >= 3 && memcmp(base->window, mark, 3) == 0) {
        base->start = 3;
    }
    int found = split_line(decoder, error);
    while (found == CW_TEXT_MORE) {
        status = cw_text_decoder_fill(base, error);
        found = status == CW_OK ? split_line(decoder, error) : status;
    }
    if (found == CW_TEXT_END) {
        return cw_text_decoder_error(base, CW_E_CORRUPT, NULL, error,
                                     "the file is empty, but a header line was expected");
    }
    if (found != CW_TEXT_ROW) {
        return found;
    }
    status = map_header(decoder, error);
    if (status == CW_OK) {
        cw_text_decoder_advance(base);
    }
    return status;
}

static void csv_close(struct cw_decoder *decoder)
{
    cw_text_decoder_clear((struct cw_text_decoder *)decoder);
    free(decoder);
}

static cw_status csv_open(const struct cw_entity *entity, const struct cw_input *input,
                          struct cw_decoder **decoder, struct cw_error *error)
{
    struct csv_decoder *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return cw_error_set(error, CW_E_NO_MEMORY, NULL, "out of memory: a CSV decoder needs %zu bytes",
                            sizeof *made);
    }
    cw_text_decoder_init(&made->base, &csv_grammar, entity, input);
    const cw_status status = read_header(made, error);
    if (status != CW_OK) {
        csv_close(&made->base.base);
        return status;
    }
    *decoder = &made->base.base;
    return CW_OK;
}

const struct cw_format_decoder cw_csv_decoder = {
    .open = csv_open, .close = csv_close, .next = cw_text_decoder_next};
