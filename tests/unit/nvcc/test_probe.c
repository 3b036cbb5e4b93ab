/* Asking for headers by names that macros make. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/nvcc/probe.h"
#include "nvcache/nvcc/scan.h"

#include <string.h>

int test_probe(void);

static bool is_user;

static void
on_line(enum scan_name_kind kind, const char *text, size_t len, void *arg)
{
    if (kind == SCAN_DEFINE)
        probes_add_define(arg, text, len, is_user);
    if (kind == SCAN_CONDITION)
        probes_add_condition(arg, text, len, is_user);
}

static unsigned
answer(const char *option, const char *text)
{
    struct arena arena = ARENA_INIT;
    struct probes *probes = probes_new(&arena);
    unsigned flags;

    scan_text(text, strlen(text), on_line, probes);
    if (option != NULL)
        probes_add_option(probes, option);
    flags = probes_finish(probes);
    arena_fini(&arena);
    return flags;
}

static void
assert_unseen(const char *text)
{
    if ((answer(NULL, text) & PROBES_UNSEEN) == 0)
        fail_msg("seen: %s", text);
}

static void
assert_seen(const char *text)
{
    if ((answer(NULL, text) & PROBES_UNSEEN) != 0)
        fail_msg("unseen: %s", text);
}

#define HAS "#define HAS(x) __has_include(x)\n"

static void
a_name_that_is_made_where_it_is_asked_for(void **state)
{
    (void)state;
    assert_unseen("#if __has_include(NAME)\n");
    assert_unseen("#if 1 && __has_include(S(x.h))\n");
    assert_unseen("#elif __has_include_next /* */ ( NAME )\n");
    assert_unseen("#if __has_include \\\n (NAME)\n");
    assert_seen("#if __has_include(<a/b.h>) || __has_include ( \"b.h\" )\n");
    assert_seen("#if defined(__has_include) && !defined __has_include_next\n");
    assert_seen("#ifdef __has_include\n#if HAS(NAME) || IS(1, x)\n");
}

static void
a_name_that_a_macro_is_called_with(void **state)
{
    (void)state;
    assert_unseen(HAS "#if HAS(NAME)\n");
    assert_unseen("#if HAS(NAME)\n" HAS);
    assert_unseen("#define HAS(...) __has_include(__VA_ARGS__)\n#if HAS(NAME)\n");
    assert_unseen("#define HAS(h...) __has_include(h)\n#if HAS(NAME)\n");
    assert_unseen("#define HAS(a, b) __has_include(b)\n#if HAS(1, NAME)\n");
    assert_unseen("#define HAS __has_include\n#if HAS(NAME)\n");
    assert_unseen(HAS "#if HAS((<x.h>))\n");
    assert_unseen(HAS "#if HAS(<x.h> NAME)\n");
    assert_unseen(HAS "#if HAS(2)\n");
    assert_seen(HAS "#if HAS(<x.h>) && HAS( \"y.h\" ) && A < 1\n");
    assert_seen("#define HAS __has_include\n#if HAS(<x.h>)\n");
    assert_seen("#define HAS(a, b) __has_include(b)\n");
}

static void
a_macro_that_stands_for_another(void **state)
{
    (void)state;
    assert_unseen("#define A(x) B(x)\n#define B(x) HAS(x)\n" HAS "#if A(NAME)\n");
    assert_unseen(HAS "#define B(x) HAS(x)\n#define A(x) B(x)\n#if A(S(x.h))\n");
    assert_unseen(HAS "#define A HAS\n#define B A\n#if B(NAME)\n");
    assert_unseen(HAS "#define A(x) (1 && HAS ( x ))\n#if A(NAME)\n");
    assert_unseen(HAS "#define A HAS(NAME)\n#define B A\n#if B\n");
    assert_unseen(HAS "#define A(x) HAS(S(x))\n#if A(x.h)\n");
    assert_unseen(HAS "#define A(x) HAS(#x)\n#if A(x.h)\n");
    assert_seen(HAS "#define A(x) HAS(x)\n#define B(x) A(x)\n#if B(<x.h>)\n");
    assert_seen(HAS "#define A HAS(<x.h>)\n#define B A\n#if B && defined(HAS)\n");
    assert_seen(HAS "#define A HAS(NAME)\n#define B(x) HAS(S(x))\n");
    assert_unseen(HAS "#define A HAS(\"two words.h\")\n#if A\n");
    assert_seen(HAS "#if HAS(\"two words.h\")\n");
}

static void
a_macro_that_is_not_called_where_it_stands(void **state)
{
    (void)state;
    assert_unseen(HAS "#if CALL(HAS, NAME)\n");
    assert_unseen(HAS "#define CALL(f, x) f(x)\n#define A CALL(HAS, NAME)\n#if A\n");
    assert_unseen(HAS "#define A() HAS\n#if A()(NAME)\n");
    assert_unseen(HAS "#define OPENING (\n#if HAS OPENING NAME )\n");
}

static void
a_macro_whose_name_is_spelled_in_two_ways(void **state)
{
    (void)state;
    assert_unseen("#define \xc3\x89(x) __has_include(x)\n#if \xc3\x89(NAME)\n");
    assert_unseen("#define \xc3\x89(x) __has_include(x)\n#if \\u00C9(NAME)\n");
    assert_unseen("#define A \\U000000C9(NAME)\n#if A\n");
    assert_seen("#define A \"\\u00C9\"\n#if B\n");
}

static void
macros_in_a_name_that_is_spelled_out(void **state)
{
    (void)state;
    assert_unseen("#define HAS(x) __has_include(<x>)\n#if HAS(x.h)\n");
    assert_unseen("#define HAS(x) __has_include(<v/x.h>)\n#if HAS(2)\n");
    assert_unseen(HAS "#define VERSION v2\n#if HAS(<VERSION/x.h>)\n");
    assert_unseen("#define A __has_include(<VERSION/x.h>)\n#define VERSION v2\n#if A\n");
    assert_unseen("#define VERSION v2\n#if CALL(__has_include(<VERSION/x.h>))\n");
    assert_seen(HAS "#define VERSION v2\n#if HAS(\"VERSION/x.h\") && HAS(<2/x.h>)\n");
    assert_int_equal(answer("80", HAS "#if HAS(<80/x.h>)\n") & PROBES_UNSEEN, 0);
}

static void
a_macro_of_the_command_line(void **state)
{
    static const char *const options[] = {"HAS(x)=__has_include(x)", "HAS=__has_include",
                                          "-DHAS(x)=__has_include(x)",
                                          "DHAS=__has_include(<made.h>)"};

    (void)state;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        assert_int_equal(answer(options[i], "#if HAS(NAME)\n") & PROBES_UNSEEN,
                         PROBES_UNSEEN);
    assert_int_equal(answer("A=HAS(NAME)", HAS "#define B A\n#if B\n") & PROBES_UNSEEN,
                     PROBES_UNSEEN);
    assert_int_equal(answer("VERSION=v2", HAS "#if HAS(<VERSION/x.h>)\n") & PROBES_UNSEEN,
                     PROBES_UNSEEN);
    assert_int_equal(answer("-DVERSION", HAS "#if HAS(<VERSION/x.h>)\n") & PROBES_UNSEEN,
                     PROBES_UNSEEN);
    assert_int_equal(
        answer("OTHER=VERSION", HAS "#if HAS(<VERSION/x.h>)\n") & PROBES_UNSEEN, 0);
}

static void
who_asks_and_where_names_are_searched(void **state)
{
    (void)state;
    assert_int_equal(answer(NULL, HAS), 0);
    assert_int_equal(answer(NULL, HAS "#define A HAS(\"x.h\")\n"), PROBES_QUOTED);
    assert_int_equal(answer(NULL, HAS "#define A HAS(<x.h>)\n#define B \"x.h\"\n"), 0);
    is_user = true;
    assert_int_equal(answer(NULL, HAS), PROBES_USER);
    assert_int_equal(answer(NULL, "#if __has_include(<x.h>)\n"), PROBES_USER);
    assert_int_equal(answer(NULL, "#define A(x) x\n#if A(1) && defined(B)\n"), 0);
    is_user = false;
}

static void
no_line_is_read_past_its_end(void **state)
{
    static const char *const texts[] = {"#define",
                                        "#define A",
                                        "#define A(",
                                        "#define A(x",
                                        "#define A(x)",
                                        "#if __has_include",
                                        "#if __has_include(",
                                        "#if __has_include(<",
                                        "#if __has_include(\"x",
                                        "#if __has_include(<x.h>",
                                        "#if defined",
                                        "#if defined("};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        (void)answer("D", texts[i]);
}

int
test_probe(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_is_made_where_it_is_asked_for),
        cmocka_unit_test(a_name_that_a_macro_is_called_with),
        cmocka_unit_test(a_macro_that_stands_for_another),
        cmocka_unit_test(a_macro_that_is_not_called_where_it_stands),
        cmocka_unit_test(a_macro_whose_name_is_spelled_in_two_ways),
        cmocka_unit_test(macros_in_a_name_that_is_spelled_out),
        cmocka_unit_test(a_macro_of_the_command_line),
        cmocka_unit_test(who_asks_and_where_names_are_searched),
        cmocka_unit_test(no_line_is_read_past_its_end),
    };

    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
