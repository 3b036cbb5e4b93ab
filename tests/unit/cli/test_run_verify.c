/* What `nvcache verify` says about a report. */

#include "verify_priv.h"

#include "nvcache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void
assert_page(struct store_verify_report report, bool repaired, const char *want)
{
    AUTO_BUF out = BUF_INIT;

    verify_put_page(&out, &report, repaired);
    assert_string_equal(buf_str(&out), want);
}

static void
a_whole_cache_is_one_line(void **state)
{
    (void)state;
    assert_page((struct store_verify_report){.records = 4210, .bytes = 1536}, false,
                "4,210 records, 1.5 KiB read: all good.\n");
    assert_page((struct store_verify_report){.records = 1, .bytes = 1}, true,
                "1 record, 1 byte read: all good.\n");
}

static void
damage_says_what_to_do(void **state)
{
    (void)state;
    assert_page(
        (struct store_verify_report){2, 1024, 1, 0}, false,
        "2 records, 1 KiB read: 1 record is damaged.\n"
        "A damaged record is never replayed; `nvcache clear` removes all.  Check the "
        "disk.\n");
    assert_page((struct store_verify_report){0, 0, 0, 1}, false,
                "0 records, 0 bytes read: 1 file is broken.\n"
                "`nvcache verify --repair` sets broken files aside.\n");
    assert_page(
        (struct store_verify_report){2, 1024, 2, 3}, true,
        "2 records, 1 KiB read: 2 records are damaged, 3 files are broken.\n"
        "Broken files were set aside.\n"
        "A damaged record is never replayed; `nvcache clear` removes all.  Check the "
        "disk.\n");
}

static void
the_json_has_every_number(void **state)
{
    const struct store_verify_report report = {1, 2, 3, 4};
    AUTO_BUF out = BUF_INIT;

    (void)state;
    verify_put_json(&out, "/c", &report);
    assert_string_equal(buf_str(&out), "{\n"
                                       "  \"format\": 1,\n"
                                       "  \"dir\": \"/c\",\n"
                                       "  \"records\": 1,\n"
                                       "  \"bytes\": 2,\n"
                                       "  \"bad_records\": 3,\n"
                                       "  \"bad_generations\": 4\n"
                                       "}\n");
}

int test_run_verify(void);

int
test_run_verify(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_cache_is_one_line),
        cmocka_unit_test(damage_says_what_to_do),
        cmocka_unit_test(the_json_has_every_number),
    };

    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
