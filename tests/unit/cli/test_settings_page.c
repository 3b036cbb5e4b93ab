/* `nvcache config`: the page names where each value comes from; the JSON has every
 * setting with the type that its kind promises. */

#include "settings_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int
clean_environment(void **state)
{
    (void)state;
    for (enum setting_id id = 0; id < SETTING_COUNT; id++)
        unsetenv(setting_row(id)->variable);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", "/nonexistent/mk", 1);
    return 0;
}

static char *words[] = {
    (char[]){"base_dirs=/a:/b"},
    (char[]){"umask=002"},
    (char[]){"read_only=1"},
    (char[]){"max_size=huge"},
    NULL,
};

static void
the_page_shows_values_and_where_they_come_from(void **state)
{
    struct arena arena = ARENA_INIT;
    struct config config;
    AUTO_BUF out = BUF_INIT;

    (void)state;
    setenv("NVCACHE_LOG", "/tmp/log", 1);
    config_load(&arena, words, "/nonexistent/nvcache.conf", &config);
    unsetenv("NVCACHE_LOG");
    settings_put_page(&out, &arena, &config);
    assert_string_equal(
        buf_str(&out), "dir                /nonexistent/mk/.cache/nvcache  default\n"
                       "max_size           50G                             default\n"
                       "disable            no                              default\n"
                       "read_only          yes                             command line\n"
                       "recache            no                              default\n"
                       "log                /tmp/log                        NVCACHE_LOG\n"
                       "quiet              no                              default\n"
                       "umask              002                             command line\n"
                       "base_dirs          /a:/b                           command line\n"
                       "ephemeral          -                               default\n"
                       "strict_paths       no                              default\n"
                       "compression_level  8                               default\n"
                       "lock_timeout       2000                            default\n"
                       "memory             -                               default\n"
                       "plan               yes                             default\n"
                       "\n"
                       "Your config file is /nonexistent/mk/.config/nvcache/config\n"
                       "The system's is /nonexistent/nvcache.conf\n");
    arena_fini(&arena);
}

static void
a_long_value_does_not_move_the_other_rows(void **state)
{
    struct arena arena = ARENA_INIT;
    char *const long_words[] = {
        (char[]){"log=/a/path/that/is/longer/than/the/column/may/become"}, NULL};
    struct config config;
    AUTO_BUF out = BUF_INIT;

    (void)state;
    config_load(&arena, long_words, NULL, &config);
    settings_put_page(&out, &arena, &config);
    assert_non_null(strstr(
        buf_str(&out), "\ndisable            no                              default\n"));
    assert_non_null(
        strstr(buf_str(&out),
               "/a/path/that/is/longer/than/the/column/may/become  command line\n"));
    arena_fini(&arena);
}

static void
assert_has(const struct buf *text, const char *part)
{
    if (memmem(text->data, text->len, part, strlen(part)) == NULL)
        fail_msg("%s is not there", part);
}

static void
the_json_has_types_and_problems(void **state)
{
    struct arena arena = ARENA_INIT;
    struct config config;
    AUTO_BUF out = BUF_INIT;

    (void)state;
    config_load(&arena, words, NULL, &config);
    settings_put_json(&out, &arena, &config);
    assert_has(&out, "{\n  \"format\": 1,\n  \"settings\": {\n    \"dir\": {\n"
                     "      \"value\": \"/nonexistent/mk/.cache/nvcache\",\n"
                     "      \"from\": \"default\"\n    },\n");
    assert_has(&out, "\"max_size\": {\n      \"value\": 53687091200,\n");
    assert_has(&out, "\"read_only\": {\n      \"value\": true,\n"
                     "      \"from\": \"command line\"\n");
    assert_has(&out, "\"log\": {\n      \"value\": null,\n");
    assert_has(&out, "\"umask\": {\n      \"value\": \"002\",\n");
    assert_has(&out, "\"base_dirs\": {\n      \"value\": [\n        \"/a\",\n"
                     "        \"/b\"\n      ],\n");
    assert_has(&out, "\"ephemeral\": {\n      \"value\": [],\n");
    assert_has(&out, "\"compression_level\": {\n      \"value\": 8,\n");
    assert_has(&out,
               "  \"user_file\": \"/nonexistent/mk/.config/nvcache/config\",\n"
               "  \"system_file\": null,\n  \"problems\": [\n"
               "    \"max_size: \\\"huge\\\" is not a size; write e.g. 50G\"\n  ]\n}\n");
    arena_fini(&arena);
}

int test_settings_page(void);

int
test_settings_page(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_shows_values_and_where_they_come_from),
        cmocka_unit_test(a_long_value_does_not_move_the_other_rows),
        cmocka_unit_test(the_json_has_types_and_problems),
    };

    return cmocka_run_group_tests_name("settings page", tests, clean_environment, NULL);
}
