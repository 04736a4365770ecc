/* YAML: the values it gives, and every way of being refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "service/yaml_read.h"

static void reads_as(const char *text, const char *json)
{
    struct cw_error error = {0};
    json_t *value = NULL;
    json_t *expected = NULL;
    ck_assert_msg(cw_yaml_parse(text, strlen(text), &value, &error) == CW_OK, "%s: %s", text, error.message);
    ck_assert_int_eq(cw_json_parse(json, strlen(json), &expected, &error), CW_OK);
    if (!json_equal(value, expected)) {
        char *got = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        ck_abort_msg("%s gives %s; expected %s", text, got, json);
    }
    json_decref(value);
    json_decref(expected);
}

static void is_refused(const char *text, size_t size, cw_status status, const char *says)
{
    struct cw_error error = {0};
    json_t *value = NULL;
    ck_assert_msg(cw_yaml_parse(text, size, &value, &error) == status, "%s: %s", text, error.message);
    ck_assert_ptr_null(value);
    ck_assert_msg(strstr(error.message, says) != NULL, "%s: %s; expected %s", text, error.message, says);
}

START_TEST(scalars_are_those_of_the_core_schema)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"42", "42"},
        {"\xEF\xBB\xBF"
         "42",
         "42"},
        {"-1", "-1"},
        {"+7", "7"},
        {"010", "10"},
        {"0o17", "15"},
        {"0x1F", "31"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"1.5", "1.5"},
        {"-.5", "-0.5"},
        {"12.", "12.0"},
        {"1e3", "1000.0"},
        {"6.02E+23", "6.02e23"},
        {"~", "null"},
        {"NULL", "null"},
        {"--- \n...", "null"},
        {"True", "true"},
        {"FALSE", "false"},
        {"tRuE", "\"tRuE\""},
        {"no", "\"no\""},
        {"on", "\"on\""},
        {"0b1", "\"0b1\""},
        {"1_000", "\"1_000\""},
        {"1:30", "\"1:30\""},
        {"2025-06-30", "\"2025-06-30\""},
        {"10K", "\"10K\""},
        {".", "\".\""},
        {"1e", "\"1e\""},
        {"-", "[null]"},
        {"'42'", "\"42\""},
        {"\"null\"", "\"null\""},
        {"!!str 42", "\"42\""},
        {"! 42", "\"42\""},
        {"|\n two\n lines\n", "\"two\\nlines\\n\""},
        {">-\n one\n line\n", "\"one line\""},
        {"\"\\u00e9\\x41\\t\"", "\"\\u00e9A\\t\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reads_as(cases[i].text, cases[i].json);
    }
}
END_TEST

START_TEST(containers_nest)
{
    reads_as("a: 1\nb:\n- x\n- {c: [1, 2], d: }\n\"e f\": !!map\n  g: !!seq [h]\n",
             "{\"a\":1,\"b\":[\"x\",{\"c\":[1,2],\"d\":null}],\"e f\":{\"g\":[\"h\"]}}");
    reads_as("{\"json\": [1, 2.5, \"\\u00e9\", null, true], \"is\": {\"yaml\": {}}}",
             "{\"json\":[1,2.5,\"\\u00e9\",null,true],\"is\":{\"yaml\":{}}}");
    reads_as("%YAML 1.2\n---\n# words\nNO: 1 # Norway is a text\n...\n", "{\"NO\":1}");
    reads_as("<<: 1\n? long\n: key\n", "{\"<<\":1,\"long\":\"key\"}");
    reads_as("\xEF\xBB\xBF"
             "a: \xE4\xB8\xB9\n",
             "{\"a\":\"\xE4\xB8\xB9\"}");
}
END_TEST

START_TEST(what_json_lacks_is_refused)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"a: 1\na: 2\n", "line 2, column 1: this key is given twice: 'a'"},
        {"a: 1\n'a': 2\n", "line 2, column 1"},
        {"- 9223372036854775808\n", "line 1, column 3: JSON has no such number: '9223372036854775808'"},
        {"-9223372036854775809", "no such number"},
        {"0xFFFFFFFFFFFFFFFF", "no such number"},
        {"x: .inf", "no such number: '.inf'"},
        {"-.INF", "no such number"},
        {".nan", "no such number"},
        {"1e999", "no such number"},
        {"1: a", "a key must be a text; write it in quotes: '1'"},
        {"true: a", "a key must be a text"},
        {"~: a", "a key must be a text"},
        {"[a]: b", "line 1, column 1: a key must be a text, not a mapping or sequence"},
        {"? {a: b}\n: c", "not a mapping or sequence"},
        {"a: &x 1\n", "line 1, column 4: anchors and aliases"},
        {"a: &x [1]\nb: *x\n", "anchors and aliases"},
        {"&k a: 1", "anchors and aliases"},
        {"a: *x\n", "line 1, column 4: anchors and aliases"},
        {"!!int '3'", "no tag is taken but !!str, !!map and !!seq"},
        {"!!binary aGk=", "tag:yaml.org,2002:binary"},
        {"!!set {a: }", "tag:yaml.org,2002:set"},
        {"!!int 1: 2", "a key has a tag"},
        {"\"a\\0b\"", "a zero byte"},
        {"\"a\\0b\": 1", "a key must be a text"},
        {"a: 1\n---\nb: 2\n", "line 2, column 1: a second document"},
        {"", "empty"},
        {"# nothing\n", "empty"},
        {"a: [1, 2\nb: 3", "line 2"},
        {"a:\n\t- 1", "line 2, column 1"},
        {"a: b: c", "line 1, column 5"},
        {"\"\\ud83d\\ude00\"", "line 1"},
        {"a: \x01", "at byte 4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        is_refused(cases[i].text, strlen(cases[i].text), CW_E_INVALID, cases[i].says);
    }
    is_refused("a: \xFF\n", 5, CW_E_INVALID, "at byte 4");
}
END_TEST

START_TEST(limits_hold)
{
    char text[2 * CW_JSON_DEPTH_MAX + 8] = "";
    json_t *value = NULL;
    memset(text, '[', CW_JSON_DEPTH_MAX);
    memset(text + CW_JSON_DEPTH_MAX, ']', CW_JSON_DEPTH_MAX);
    ck_assert_int_eq(cw_yaml_parse(text, 2 * CW_JSON_DEPTH_MAX, &value, NULL), CW_OK);
    json_decref(value);
    memset(text, '[', CW_JSON_DEPTH_MAX + 1);
    is_refused(text, CW_JSON_DEPTH_MAX + 1, CW_E_LIMIT, "deeper than 32 levels");
    is_refused("- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - 1", 67, CW_E_LIMIT,
               "deeper");
    const size_t size = CW_JSON_SIZE_MAX + 1;
    char *large = malloc(size);
    ck_assert_ptr_nonnull(large);
    memset(large, '[', size); /* which must not take long either */
    is_refused(large, size, CW_E_LIMIT, "4194305 bytes");
    is_refused(large, size - 1, CW_E_LIMIT, "deeper");
    memset(large, 'a', size - 1);
    ck_assert_int_eq(cw_yaml_parse(large, size - 1, &value, NULL), CW_OK);
    ck_assert_uint_eq(json_string_length(value), size - 1);
    json_decref(value);
    free(large);
}
END_TEST

START_TEST(files_tell_their_language)
{
    static const struct {
        const char *path, *text;
        bool is_yaml;
    } cases[] = {
        {"shop.yaml", "{", true},    {"SHOP.YML", "", true}, {"shop.json", "a: 1", false},
        {"-", "  {\"a\":1}", false}, {"-", "a: 1", true},    {"/dev/stdin", "\n[1]", false},
        {"x", "# words", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_msg(cw_yaml_is_likely(cases[i].path, cases[i].text, strlen(cases[i].text)) ==
                          cases[i].is_yaml,
                      "%s", cases[i].path);
    }
    json_t *value = NULL;
    ck_assert_int_eq(cw_document_parse("a.yaml", "a: 1", 4, &value, NULL), CW_OK);
    json_decref(value);
    ck_assert_int_eq(cw_document_parse("a.json", "a: 1", 4, &value, NULL), CW_E_INVALID);
}
END_TEST

Suite *test_suite(void)
{
    return harness_suite("yaml_read", scalars_are_those_of_the_core_schema, containers_nest,
                         what_json_lacks_is_refused, limits_hold, files_tell_their_language);
}
