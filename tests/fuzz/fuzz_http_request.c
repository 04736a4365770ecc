#define _POSIX_C_SOURCE 200809L
/* Requests as they come in, up to the handler: target, headers, query and JSON body. */
#include "http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is encoded must decode to itself; what media types are called must not matter to memory. */
static void check_pairs(const struct cw_uri *uri)
{
    for (size_t i = 0; i < uri->pair_count; i++) {
        const char *value = uri->pairs[i].value;
        const size_t size = strlen(value);
        char *encoded = malloc(3 * size + 1);
        char *decoded = malloc(3 * size + 1);
        size_t length = 0;
        if (encoded == NULL || decoded == NULL) {
            abort();
        }
        cw_uri_encode(value, encoded);
        if (!cw_uri_decode(encoded, strlen(encoded), true, decoded, &length) || length != size ||
            memcmp(decoded, value, size) != 0) {
            abort();
        }
        free(encoded);
        free(decoded);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cw_api api = {.largest_count = 1000};
    struct cw_exchange exchange = {.api = &api};
    char *text = fuzz_text(data, size);
    if (text == NULL) {
        return 0;
    }
    fuzz_prepare(&exchange, text, size);
    check_pairs(&exchange.uri);
    cw_exchange_clear(&exchange);
    free(text);
    return 0;
}
