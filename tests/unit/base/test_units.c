/* Sizes, durations and counts: what people write, and what they are shown. */

#include "nvcache/base/units.h"

#include "nvcache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define KIB        UINT64_C(1024)
#define MIB        (KIB * KIB)
#define GIB        (KIB * MIB)
#define TIB        (KIB * GIB)
#define LEN(array) (sizeof(array) / sizeof((array)[0]))

struct pair {
    uint64_t value;
    const char *text;
};

static void
sizes_are_powers_of_1024_and_gib_without_a_unit(void **state)
{
    static const struct pair cases[] = {
        {50 * GIB, "50G"},
        {50 * GIB, "50"},
        {50 * GIB, "50 GiB"},
        {50 * GIB, "50gB"},
        {50 * GIB, "50GB"},
        {KIB, "1k"},
        {KIB, "1Ki"},
        {3 * MIB, "3MiB"},
        {2 * TIB, "2T"},
        {512, "512B"},
        {GIB + GIB / 2, "1.5"},
        {1536 * GIB, "1.5T"},
        {1126, "1.1K"},
        {0, "0"},
        {0, "0.0G"},
        {1024 * TIB, "1024T"},
        {GIB, " 1G"},
        {1024 * TIB, "1125899906842624B"},
        {GIB / 2, "000000.5G"},
        {1073741, "0.001G"},
    };
    (void)state;

    for (size_t i = 0; i < LEN(cases); i++) {
        uint64_t bytes = 1;

        if (!units_parse_size(cases[i].text, &bytes))
            fail_msg("%s was refused", cases[i].text);
        assert_int_equal(bytes, cases[i].value);
    }
}

static void
what_is_not_a_size_is_refused_and_leaves_the_result_alone(void **state)
{
    static const char *const cases[] = {
        "",           "G",
        "12Q",        "-1",
        "+1",         "1..5G",
        "1.G",        ".5G",
        "1GG",        "1GiBx",
        "1G 2",       "0x10",
        "1e3",        "1iB",
        "1bB",        "1025T",
        "1024.001T",  "99999999999999999999B",
        "1.1234567G", "18446744073709551616",
        "1G\n",
    };
    (void)state;

    for (size_t i = 0; i < LEN(cases); i++) {
        uint64_t bytes = 42;

        if (units_parse_size(cases[i], &bytes))
            fail_msg("%s was accepted", cases[i]);
        assert_int_equal(bytes, 42);
    }
}

static void
check(void (*put)(struct buf *, uint64_t), const struct pair *cases, size_t len)
{
    AUTO_BUF out = BUF_INIT;

    for (size_t i = 0; i < len; i++) {
        buf_clear(&out);
        put(&out, cases[i].value);
        assert_string_equal(buf_str(&out), cases[i].text);
    }
}

static void
sizes_are_shown_with_three_digits(void **state)
{
    static const struct pair cases[] = {
        {0, "0 bytes"},
        {1, "1 byte"},
        {1023, "1023 bytes"},
        {KIB, "1 KiB"},
        {KIB + 512, "1.5 KiB"},
        {MIB - 1, "1024 KiB"},
        {12 * GIB + 400 * MIB, "12.4 GiB"},
        {50 * GIB, "50 GiB"},
        {50 * GIB - 1, "50.0 GiB"},
        {99 * GIB + 1023 * MIB, "100 GiB"},
        {400 * GIB + 600 * MIB, "401 GiB"},
        {3 * TIB, "3 TiB"},
        {UINT64_MAX, "16.0 EiB"},
    };
    (void)state;
    check(units_put_size, cases, LEN(cases));
}

static void
exact_sizes_are_read_back_as_they_were(void **state)
{
    static const struct pair cases[] = {
        {0, "0B"},
        {1000, "1000B"},
        {KIB, "1K"},
        {GIB + GIB / 2, "1536M"},
        {50 * GIB, "50G"},
        {GIB + 1, "1073741825B"},
        {1024 * TIB, "1024T"},
    };
    (void)state;
    check(units_put_exact_size, cases, LEN(cases));
    for (size_t i = 0; i < LEN(cases); i++) {
        uint64_t bytes = 1;

        assert_true(units_parse_size(cases[i].text, &bytes));
        assert_int_equal(bytes, cases[i].value);
    }
}

static void
durations_have_at_most_two_units(void **state)
{
    static const struct pair cases[] = {
        {0, "0 s"},
        {1234, "1.2 ms"},
        {10 * 1000, "0.01 s"},
        {420 * 1000, "0.42 s"},
        {9999999, "9.99 s"},
        {12345678, "12.3 s"},
        {59499999, "59.4 s"},
        {60 * UINT64_C(1000000), "1 min"},
        {250 * UINT64_C(1000000), "4 min 10 s"},
        {3600 * UINT64_C(1000000), "1 h"},
        {11520 * UINT64_C(1000000), "3 h 12 min"},
        {UINT64_C(190800) * 1000000, "2 d 5 h"},
    };
    (void)state;
    check(units_put_duration, cases, LEN(cases));
}

static void
counts_are_grouped_by_thousands(void **state)
{
    static const struct pair cases[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1,000"},
        {1002003, "1,002,003"},
        {UINT64_MAX, "18,446,744,073,709,551,615"},
    };
    (void)state;
    check(units_put_count, cases, LEN(cases));
}

int test_units(void);

int
test_units(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_powers_of_1024_and_gib_without_a_unit),
        cmocka_unit_test(what_is_not_a_size_is_refused_and_leaves_the_result_alone),
        cmocka_unit_test(sizes_are_shown_with_three_digits),
        cmocka_unit_test(exact_sizes_are_read_back_as_they_were),
        cmocka_unit_test(durations_have_at_most_two_units),
        cmocka_unit_test(counts_are_grouped_by_thousands),
    };

    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
