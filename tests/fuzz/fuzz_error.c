/* Messages are cut to fit, and never inside a character: what went in as whole characters comes out as such.
 */
#include "cartwright/entity.h"
#include "cartwright/error.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* True when text is a row of whole characters: each lead byte is followed by as many continuation bytes as it
 * says. */
static bool is_whole(const char *text)
{
    while (*text != '\0') {
        const unsigned char first = (unsigned char)*text++;
        if (first >= 0x80 && first < 0xC0) {
            return false;
        }
        for (int rest = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0; rest > 0; rest--) {
            if (((unsigned char)*text++ & 0xC0) != 0x80) {
                return false;
            }
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    const size_t length = strlen(text);
    struct cw_error error;
    cw_error_set(&error, CW_E_INVALID, text, "%s", text);
    if (strncmp(error.message, text, strlen(error.message)) != 0 ||
        (length < sizeof error.message && strlen(error.message) != length) ||
        (is_whole(text) && !(is_whole(error.field) && is_whole(error.message)))) {
        abort();
    }
    const struct cw_entity *entity = cw_entity_find(text, length);
    if (entity != NULL && strcmp(entity->name, text) != 0 && strcmp(entity->table, text) != 0) {
        abort();
    }
    free(text);
    return 0;
}
