/* Offensive words: what an invented e-mail address, company or brand must not say. */
#ifndef CW_MODEL_SCREEN_H
#define CW_MODEL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* True when text holds an offensive word. Compared are letters a to z in either case; everything else
 * separates words. A word counts when it equals a token of data/screen.tsv with rule `whole`, or when the
 * text's letters, separators left out, hold a token with rule `anywhere`; so two innocent names may make an
 * offensive one. Tokens that innocent words hold ("cock" in "hancock") have the first rule. length: bytes of
 * text, of which the first 256 are looked at. Thread-safe. */
bool cw_text_is_offensive(const char *ascii, size_t length);

/* The same for a word whose letters but the first are known to be innocent: true when a token begins the
 * word. Much cheaper. word: lower-case a to z, two letters or more, readable to length only. Thread-safe. */
bool cw_word_begins_offensive(const char *word, size_t length);

#endif
