#include <string.h>

#include "engine/catalogue_parts.h"

/* Every part of a name is far below this; CW_PRODUCT_NAME_MAX holds the longest pattern. */
#define LONGEST_PART 60

static size_t put(char *out, size_t size, const char *text, size_t length)
{
    if (length > LONGEST_PART) {
        length = LONGEST_PART;
    }
    memcpy(out + size, text, length);
    return size + length;
}

static size_t put_pool(char *out, size_t size, const struct cw_pool *pool, uint32_t code)
{
    const uint32_t *offset = pool->offsets + code;
    return put(out, size, pool->bytes + offset[0], offset[1] - offset[0]);
}

static size_t put_word(char *out, size_t size, struct cw_span span, uint64_t *draw)
{
    return put_pool(out, size, &cw_words, span.first + cw_slice(draw, span.count));
}

static size_t put_space(char *out, size_t size)
{
    out[size] = ' ';
    return size + 1;
}

/* "VX-4200": two letters and three or four digits. */
static size_t put_code(char *out, size_t size, uint64_t *draw)
{
    static const char letters[] = "ABCDEFGHJKLMNPRSTVWXZ";
    out[size++] = letters[cw_slice(draw, sizeof letters - 1)];
    out[size++] = letters[cw_slice(draw, sizeof letters - 1)];
    out[size++] = '-';
    uint32_t number = 10 * (10 + cw_slice(draw, 890));
    char digits[4];
    uint32_t count = 0;
    for (; number > 0; number /= 10) {
        digits[count++] = (char)('0' + number % 10);
    }
    while (count > 0) {
        out[size++] = digits[--count];
    }
    return size;
}

/* "The Silent Harbour", "Silent Harbour", "The Harbour and the Lantern". */
static size_t put_title(char *out, uint64_t *draw, struct cw_span adjectives)
{
    struct cw_span words = cw_title_words();
    size_t size = 0;
    uint32_t form = cw_slice(draw, 3);
    if (form != 1) {
        size = put(out, size, "The ", 4);
    }
    if (form != 2) {
        size = put_space(out, put_word(out, size, adjectives, draw));
        return put_word(out, size, words, draw);
    }
    uint32_t first = cw_slice(draw, words.count);
    uint32_t other = (first + 1 + cw_slice(draw, words.count - 1)) % words.count;
    size = put_pool(out, size, &cw_words, words.first + first);
    size = put(out, size, " and the ", 9);
    return put_pool(out, size, &cw_words, words.first + other);
}

size_t cw_product_name(const struct cw_catalogue_plan *plan, const struct cw_product *product, char *out)
{
    const struct cw_leaf *leaf = cw_leaf_get(product->leaf);
    uint64_t draw = cw_draw(plan->names, product->number, 0);
    struct cw_span adjectives = cw_adjectives(leaf->words);
    if (leaf->pattern == CW_NAME_MEDIA) {
        size_t size = put(out, put_title(out, &draw, adjectives), " (", 2);
        return put(out, put_pool(out, size, &cw_nouns, leaf->noun), ")", 1);
    }
    size_t size = put_space(out, put_pool(out, 0, &cw_brand_names, plan->brands[product->brand].name));
    if (leaf->pattern == CW_NAME_STYLE) {
        size = put_space(out, put_word(out, size, cw_model_words(), &draw));
    }
    if (leaf->pattern == CW_NAME_TECH) {
        size = put_space(out, put_pool(out, size, &cw_nouns, leaf->noun));
        size = put_space(out, put_code(out, size, &draw));
        return put_word(out, size, adjectives, &draw);
    }
    size = put_space(out, put_word(out, size, adjectives, &draw));
    return put_pool(out, size, &cw_nouns, leaf->noun);
}
