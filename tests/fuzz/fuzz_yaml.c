/* YAML documents. What is accepted must be a value that JSON has too: written as JSON it reads as the same
 * value by the JSON reader, and by the YAML reader, to which JSON is YAML, unless that refuses it or the text
 * holds what JSON takes for a letter and YAML 1.1 for the end of a line. Every key has a line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/yaml_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* U+0085, U+2028, U+2029. */
static bool has_other_line_ends(const char *text)
{
    return strstr(text, "\xC2\x85") != NULL || strstr(text, "\xE2\x80\xA8") != NULL ||
           strstr(text, "\xE2\x80\xA9") != NULL;
}

static void require_lines(const char *text, size_t size, json_t *value)
{
    const char *parent;
    const char *key;
    json_t *inner;
    json_t *other;
    json_object_foreach(value, parent, inner)
    {
        const int line = cw_yaml_key_line(text, size, "", parent);
        require(line > 0);
        json_object_foreach(inner, key, other)
        {
            require(parent[0] == '\0' || cw_yaml_key_line(text, size, parent, key) >= line);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cw_error error = {0};
    json_t *value = NULL;
    json_t *again = NULL;
    const cw_status status = cw_yaml_parse((const char *)data, size, &value, &error);
    if (status != CW_OK) {
        require(value == NULL && error.code == status && error.message[0] != '\0');
        return 0;
    }
    require_lines((const char *)data, size, value);
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    require(text != NULL && cw_json_parse(text, strlen(text), &again, NULL) == CW_OK);
    require(json_equal(value, again));
    json_decref(again);
    again = NULL;
    if (!has_other_line_ends(text) && cw_yaml_parse(text, strlen(text), &again, NULL) == CW_OK) {
        require(json_equal(value, again));
    }
    json_decref(again);
    json_decref(value);
    free(text);
    return 0;
}
