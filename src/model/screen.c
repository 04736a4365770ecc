#include "model/screen.h"

#include <string.h>

#include "reference_tables.h"

#define LONGEST_TEXT 256
#define LETTERS 26

/* The letter in lower case, or 0 for what separates words. */
static char letter(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return c >= 'a' && c <= 'z' ? c : '\0';
}

/* Whether a token stands at the start of text (zero-terminated, two letters or more); whole_length: the token
 * must be as long as that, or 0 for any length. */
static bool token_starts(const struct cw_reference_screen *screen, const char *text, size_t whole_length)
{
    const uint16_t *first = screen->first + (text[0] - 'a') * LETTERS + (text[1] - 'a');
    for (uint32_t i = first[0]; i < first[1]; i++) {
        size_t length = strlen(screen->tokens[i]);
        if ((whole_length == 0 || length == whole_length) && strncmp(text, screen->tokens[i], length) == 0) {
            return true;
        }
    }
    return false;
}

bool cw_text_is_offensive(const char *ascii, size_t length)
{
    char letters[LONGEST_TEXT + 1] = {0};
    size_t word_ends[LONGEST_TEXT + 1];
    size_t count = 0;
    size_t words = 0;
    if (length > LONGEST_TEXT) {
        length = LONGEST_TEXT;
    }
    for (size_t i = 0; i < length; i++) {
        char c = letter(ascii[i]);
        if (c != '\0') {
            letters[count++] = c;
        } else {
            word_ends[words++] = count;
        }
    }
    word_ends[words++] = count;
    size_t start = 0;
    for (size_t i = 0; i < words; i++) {
        size_t size = word_ends[i] - start;
        if (size >= 2 && token_starts(&cw_reference_screen_whole, letters + start, size)) {
            return true;
        }
        start = word_ends[i];
    }
    for (size_t i = 0; i + 1 < count; i++) {
        if (token_starts(&cw_reference_screen_anywhere, letters + i, 0)) {
            return true;
        }
    }
    return false;
}

static uint32_t count_tokens(const struct cw_reference_screen *screen)
{
    return screen->first[LETTERS * LETTERS];
}

uint32_t cw_screen_token_count(void)
{
    return count_tokens(&cw_reference_screen_whole) + count_tokens(&cw_reference_screen_anywhere);
}

struct cw_screen_token cw_screen_token_get(uint32_t index)
{
    uint32_t whole = count_tokens(&cw_reference_screen_whole);
    if (index < whole) {
        return (struct cw_screen_token){cw_reference_screen_whole.tokens[index], true};
    }
    return (struct cw_screen_token){cw_reference_screen_anywhere.tokens[index - whole], false};
}
