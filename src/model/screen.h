/* Offensive words: what an invented e-mail address, company or brand must not say. */
#ifndef CW_MODEL_SCREEN_H
#define CW_MODEL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when text holds an offensive word. Compared are letters a to z in either case; everything else
 * separates words. A word counts when it equals a token of data/screen.tsv with rule `whole`, or when the
 * text's letters, separators left out, hold a token with rule `anywhere`; so two innocent names may make an
 * offensive one. Tokens that innocent words hold ("cock" in "hancock") have the first rule. length: bytes of
 * text, of which the first 256 are looked at. Thread-safe. */
bool cw_text_is_offensive(const char *ascii, size_t length);

/* The tokens themselves, in no order that matters. */
struct cw_screen_token {
    const char *text; /* lower-case a to z, two letters or more */
    bool is_whole;    /* rule `whole`, else `anywhere` */
};
uint32_t cw_screen_token_count(void);
struct cw_screen_token cw_screen_token_get(uint32_t index);

#endif
