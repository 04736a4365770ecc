#include "harness.h"

#include <string.h>

#include "model/reference.h"
#include "model/screen.h"

static bool offensive(const char *text)
{
    return cw_text_is_offensive(text, strlen(text));
}

START_TEST(whole_words_are_found_between_separators)
{
    ck_assert(offensive("cock"));
    ck_assert(offensive("big.cock.99"));
    ck_assert(offensive("COCK"));
    ck_assert(offensive("1cock"));
}
END_TEST

START_TEST(innocent_words_that_hold_a_token_pass)
{
    static const char *const innocent[] = {"hancock",   "peacock",   "scunthorpe", "essex",   "middlesex",
                                           "cassandra", "dickinson", "shitara",    "analise", "",
                                           "x",         ".",         "42",         "a.b"};
    for (size_t i = 0; i < sizeof innocent / sizeof *innocent; i++)
        ck_assert_msg(!offensive(innocent[i]), "%s", innocent[i]);
}
END_TEST

START_TEST(long_tokens_are_found_inside_and_across_words)
{
    ck_assert(offensive("xfuckx"));
    ck_assert(offensive("mike.hunt"));
    ck_assert(offensive("super-asshole-shop"));
}
END_TEST

START_TEST(only_the_given_length_is_read)
{
    ck_assert(!cw_text_is_offensive("cockpit", 3));
    ck_assert(cw_text_is_offensive("cockpit", 4));
    char text[1000];
    memset(text, '.', sizeof text);
    ck_assert(!cw_text_is_offensive(text, sizeof text));
    memset(text, 'b', sizeof text);
    ck_assert(!cw_text_is_offensive(text, sizeof text));
}
END_TEST

START_TEST(names_of_the_markets_pass_inside_longer_texts)
{
    for (uint32_t m = 0; m < cw_market_count(); m++) {
        const struct cw_pool *names = &cw_market_get(m)->family_names.ascii;
        for (uint32_t i = 0; i < names->count; i++) {
            char text[128] = "q";
            uint32_t length = names->offsets[i + 1] - names->offsets[i];
            memcpy(text + 1, names->bytes + names->offsets[i], length);
            ck_assert_msg(!cw_text_is_offensive(text, length + 1), "%s", text);
        }
    }
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("screen", whole_words_are_found_between_separators,
                         innocent_words_that_hold_a_token_pass, long_tokens_are_found_inside_and_across_words,
                         only_the_given_length_is_read, names_of_the_markets_pass_inside_longer_texts);
}
