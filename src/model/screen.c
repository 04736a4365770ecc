#include "model/screen.h"

#include <string.h>

#include "reference_tables.h"

#define LONGEST_TEXT 256

/* The letter in lower case, or 0 for what separates words. */
static char letter(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c >= 'a' && c <= 'z' ? c : '\0';
}

/* Binary search among the tokens that must match a whole word. */
static bool is_whole_token(const char *word, size_t length)
{
    uint32_t low = 0;
    uint32_t high = cw_reference_screen_whole_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const char *token = cw_reference_screen_whole[middle];
        int order = strncmp(word, token, length);
        if (order == 0 && token[length] == '\0')
            return true;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool cw_text_is_offensive(const char *ascii, size_t length)
{
    char letters[LONGEST_TEXT + 1];
    size_t count = 0;
    size_t word = 0;
    if (length > LONGEST_TEXT)
        length = LONGEST_TEXT;
    for (size_t i = 0; i < length; i++) {
        char c = letter(ascii[i]);
        if (c != '\0') {
            letters[count++] = c;
            continue;
        }
        if (count > word && is_whole_token(letters + word, count - word))
            return true;
        word = count;
    }
    if (count > word && is_whole_token(letters + word, count - word))
        return true;
    letters[count] = '\0';
    for (uint32_t i = 0; i < cw_reference_screen_anywhere_count; i++) {
        if (strstr(letters, cw_reference_screen_anywhere[i]) != NULL)
            return true;
    }
    return false;
}
