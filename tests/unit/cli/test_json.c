/* The JSON writer: what it writes is JSON whatever the strings hold. */

#include "json_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
objects_and_arrays_nest_and_may_be_empty(void **state)
{
    AUTO_BUF out = BUF_INIT;
    struct json json;

    (void)state;
    json_begin(&json, &out);
    json_open(&json, NULL, '{');
    json_int(&json, "a", -1);
    json_open(&json, "b", '[');
    json_string(&json, NULL, "x");
    json_string(&json, NULL, NULL);
    json_close(&json, ']');
    json_open(&json, "c", '{');
    json_close(&json, '}');
    json_bool(&json, "d", true);
    json_count(&json, "e", UINT64_MAX);
    json_close(&json, '}');
    assert_string_equal(buf_str(&out), "{\n"
                                       "  \"a\": -1,\n"
                                       "  \"b\": [\n"
                                       "    \"x\",\n"
                                       "    null\n"
                                       "  ],\n"
                                       "  \"c\": {},\n"
                                       "  \"d\": true,\n"
                                       "  \"e\": 18446744073709551615\n"
                                       "}\n");
}

static void
seconds_have_three_decimals(void **state)
{
    AUTO_BUF out = BUF_INIT;
    struct json json;

    (void)state;
    json_begin(&json, &out);
    json_seconds(&json, NULL, 1002999);
    json_seconds(&json, NULL, 7);
    assert_string_equal(buf_str(&out), "1.002,0.000");
}

static void
strings_are_escaped_and_made_utf8(void **state)
{
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"a\"b\\c/d", "a\\\"b\\\\c/d"},
        {"\n\t\r\b\f", "\\n\\t\\r\\b\\f"},
        {"\x01\x1f\x7f", "\\u0001\\u001f\\u007f"},
        {"\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80",
         "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xff", "\\ufffd"},                                  /* never a first byte */
        {"\xc3", "\\ufffd"},                                  /* cut short at the end */
        {"\xe2\x82x", "\\ufffd\\ufffdx"},                     /* cut short inside */
        {"\xf0\x9f\x98", "\\ufffd\\ufffd\\ufffd"},            /* cut short, four bytes */
        {"\xc0\xaf", "\\ufffd\\ufffd"},                       /* overlong */
        {"\xe0\x80\xaf", "\\ufffd\\ufffd\\ufffd"},            /* overlong */
        {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},            /* a surrogate */
        {"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"}, /* beyond U+10FFFF */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        AUTO_BUF out = BUF_INIT;
        AUTO_BUF want = BUF_INIT;
        struct json json;

        json_begin(&json, &out);
        json_string(&json, NULL, cases[i][0]);
        buf_printf(&want, "\"%s\"", cases[i][1]);
        assert_string_equal(buf_str(&out), buf_str(&want));
    }
}

int test_json(void);

int
test_json(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_and_arrays_nest_and_may_be_empty),
        cmocka_unit_test(seconds_have_three_decimals),
        cmocka_unit_test(strings_are_escaped_and_made_utf8),
    };

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
