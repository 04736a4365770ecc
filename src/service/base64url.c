#include "service/base64url.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* 0 to 63, or -1. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool cw_base64url_decode(const char *text, size_t length, uint8_t *bytes, size_t *size)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t made = 0;
    if (length % 4 == 1) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        const int value = value_of(text[i]);
        if (value < 0) {
            return false;
        }
        bits = (bits << 6 | (uint32_t)value) & 0xFFFFFFu;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[made++] = (uint8_t)(bits >> held);
        }
    }
    if ((bits & ((1u << held) - 1)) != 0) {
        return false;
    }
    *size = made;
    return true;
}

void cw_base64url_encode(const uint8_t *bytes, size_t size, char *text)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t at = 0;
    for (size_t i = 0; i < size; i++) {
        bits = (bits << 8 | bytes[i]) & 0xFFFFFFu;
        held += 8;
        while (held >= 6) {
            held -= 6;
            text[at++] = letters[bits >> held & 63];
        }
    }
    if (held > 0) {
        text[at++] = letters[bits << (6 - held) & 63];
    }
    text[at] = '\0';
}
