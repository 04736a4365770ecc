#include "api/media_type.h"

#include <string.h>
#include <strings.h>

struct range {
    const char *type;
    size_t size;
    int quality; /* thousandths */
};

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* The end of a parameter value or media range, quoted strings stepped over. */
static const char *find_end(const char *at, const char *ends)
{
    bool quoted = false;
    for (; *at != '\0' && (quoted || strchr(ends, *at) == NULL); at++) {
        if (quoted && *at == '\\' && at[1] != '\0') {
            at++;
        } else if (*at == '"') {
            quoted = !quoted;
        }
    }
    return at;
}

/* "0", "1", "0.5", "1.000": thousandths; -1 for anything else. */
static int read_quality(const char *text, size_t size)
{
    int quality = 0;
    int scale = 1000;
    if (size < 1 || size > 5 || (text[0] != '0' && text[0] != '1') || (size > 1 && text[1] != '.')) {
        return -1;
    }
    quality = (text[0] - '0') * scale;
    for (size_t i = 2; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        scale /= 10;
        quality += (text[i] - '0') * scale;
    }
    return quality <= 1000 ? quality : -1;
}

/* Reads the next range; false at the end. */
static bool next_range(const char **at, struct range *range)
{
    const char *text = *at + strspn(*at, " \t,");
    if (*text == '\0') {
        return false;
    }
    const char *end = find_end(text, ",");
    const char *type_end = find_end(text, ";,");
    *range = (struct range){.type = text, .size = (size_t)(type_end - text), .quality = 1000};
    while (range->size > 0 && (text[range->size - 1] == ' ' || text[range->size - 1] == '\t')) {
        range->size--;
    }
    for (const char *parameter = type_end; *parameter == ';';) {
        const char *name = skip_blanks(parameter + 1);
        const char *stop = find_end(name, ";,");
        if (strncasecmp(name, "q=", 2) == 0) {
            const char *value_end = stop;
            while (value_end > name + 2 && (value_end[-1] == ' ' || value_end[-1] == '\t')) {
                value_end--;
            }
            const int quality = read_quality(name + 2, (size_t)(value_end - name - 2));
            range->quality = quality < 0 ? 0 : quality;
        }
        parameter = stop;
    }
    *at = end;
    return true;
}

/* How closely a range names a type: 3 exactly, 2 type slash star, 1 star slash star, 0 not. */
static int closeness(const struct range *range, const char *type)
{
    const size_t size = strcspn(type, ";");
    const size_t major = strcspn(type, "/") + 1;
    if (range->size == size && strncasecmp(range->type, type, size) == 0) {
        return 3;
    }
    if (range->size == major + 1 && range->type[major] == '*' && strncasecmp(range->type, type, major) == 0) {
        return 2;
    }
    return range->size == 3 && memcmp(range->type, "*/*", 3) == 0 ? 1 : 0;
}

static int quality_of(const char *accept, const char *type)
{
    struct range range;
    int closest = 0;
    int quality = 0;
    while (next_range(&accept, &range)) {
        const int close = closeness(&range, type);
        if (close > closest) {
            closest = close;
            quality = range.quality;
        }
    }
    return quality;
}

int cw_media_type_choose(const char *accept, const char *const *offered, size_t count)
{
    int best = -1;
    int best_quality = 0;
    if (accept == NULL || *skip_blanks(accept) == '\0') {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        const int quality = quality_of(accept, offered[i]);
        if (quality > best_quality) {
            best = (int)i;
            best_quality = quality;
        }
    }
    return best;
}

bool cw_media_type_is(const char *content_type, const char *wanted)
{
    const size_t size = strlen(wanted);
    if (strncasecmp(content_type, wanted, size) != 0) {
        return false;
    }
    const char after = *skip_blanks(content_type + size);
    return after == '\0' || after == ';';
}
