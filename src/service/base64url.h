/* Base64url without padding (RFC 4648, section 5; RFC 7515, section 2). */
#ifndef CW_SERVICE_BASE64URL_H
#define CW_SERVICE_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the bytes of length characters, and for the characters of size bytes and a terminator. */
#define CW_BASE64URL_BYTES(length) ((length) / 4 * 3 + 3)
#define CW_BASE64URL_TEXT(size) (((size)*4 + 2) / 3 + 1)

/* Decodes all of text into bytes (room for CW_BASE64URL_BYTES(length)). False for other characters, padding,
 * an impossible length, and last bits that are not zero: each byte string has one text. */
bool cw_base64url_decode(const char *text, size_t length, uint8_t *bytes, size_t *size);

/* Writes CW_BASE64URL_TEXT(size) characters, terminator included. */
void cw_base64url_encode(const uint8_t *bytes, size_t size, char *text);

#endif
