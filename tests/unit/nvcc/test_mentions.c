/* Which files show their path: what counts as a mention of a macro, and what does not. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/nvcc/mentions.h"

#include <string.h>

int test_mentions(void);

/* The header's text is of group 0, the source's of group 1. */
static bool
shows_with(const char *header, const char *source, const char *option, unsigned flags,
           size_t group)
{
    struct arena arena = ARENA_INIT;
    struct mentions *mentions = mentions_new(&arena, 3, flags);
    bool shows;

    mentions_add_file(mentions, 0, header, strlen(header));
    mentions_add_file(mentions, 1, source, strlen(source));
    if (option != NULL)
        mentions_add_option(mentions, option);
    mentions_finish(mentions);
    shows = mentions_shows(mentions, group);
    arena_fini(&arena);
    return shows;
}

static bool
shows(const char *header, const char *source)
{
    return shows_with(header, source, NULL, 0, 1);
}

static void
a_file_shows_its_path_by_mention(void **state)
{
    (void)state;
    assert_true(shows("", "f(__FILE__);"));
    assert_false(shows("f(__FILE__);", "int a;"));
    assert_true(shows_with("f(__FILE__);", "", NULL, 0, 0));
    assert_false(shows("", "f(__FILE__x, x__FILE__, __FILE_NAME__, __LINE__);"));
}

static void
comments_show_nothing(void **state)
{
    static const char header[] = "#define __AT __builtin_FILE ()\n"
                                 "#define must(e) f(#e, __AT)\n";

    (void)state;
    assert_false(shows("", "/* __FILE__ */ int a; // __FILE__ \\ \n __FILE__\n"));
    assert_false(shows("", "/* c\n __FILE__ // c */ int a; /* __FILE__"));
    assert_false(shows("", "f(\"a\\\"/\", '\"'); /* __FILE__ */"));
    assert_false(shows("", "#if 1 /* c\n __FILE__ */\nint a;\n"));
    assert_false(shows("", "#include <a//b.h> /* __FILE__ */\n"));
    assert_false(shows("", "#define A f( \\\n \"a\\\"\"); /* __FILE__ */"));
    assert_false(shows("/* int must(int); */\n", header));
    assert_true(shows("int must(int);\n", header));
    assert_true(shows("/* c */ #define must(e) f(__FILE__)\n", "must(1); // must\n"));
}

static void
what_is_no_comment_counts(void **state)
{
    static const char *const texts[] = {
        "f(\"/*\"); g(__FILE__); /* c */",
        "f(\"//\", __FILE__);",
        "f('\"', \"/*\", __FILE__, \"*/\");",
        "f(\"a\\\\\", __FILE__, \"//\");",
        "f(R\"(\" /* )\", __FILE__, \"*/\");",
        "f(1'0, \"'/*\", __FILE__, \"*/\");",
        "f(\"a\\\n/*\", __FILE__, \"*/\");",
        "/* c *\\\n/ f(__FILE__); /* c */",
        "/\\\n* // */ f(__FILE__);",
        "// c ?\077/\n/* c\n*/ f(__FILE__); // */",
        "/* c ?\077/\n */ // ?\077/\n c /*\nf(__FILE__); /* c */",
        "#include <a/*b.h>\nf(__FILE__); /* */",
        "x = \"a\"; /* c\n // c */ f(__FILE__);",
        "a = b / c; f(__FILE__); // c",
        "// c \r f(__FILE__);",
        "/*/ c */ f(__FILE__);",
        "// c /*\nf(__FILE__); // */",
        "don't /* c\n // c */ f(__FILE__);",
        "#include \"a\\\" /* \"\n// */ f(__FILE__);",
        "#include \\\n<a/*b>\nf(__FILE__); /* */",
        "#include /* c */ <a/*b>\nf(__FILE__); /* */",
        "#define A a \\ // c\nf(__FILE__);",
        "#define A a \\ /* c */ // c\nf(__FILE__);",
        "#endif \\/* c */ \t/* c */\nf(__FILE__);",
        "x \\\n#define A __FILE__\n",
        "x \\\n#define A a \\\n __FILE__\n",
        "x *\\\n/ /* c\n#define A /**/ f(__FILE__);",
        "#include \\\n \\\n(<a/*b>)\nf(__FILE__); /* */",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!shows("", texts[i]))
            fail_msg("not seen: %s", texts[i]);
}

static void
two_slashes_may_be_code_in_c(void **state)
{
    (void)state;
    assert_false(shows_with("", "int a; // __FILE__", NULL, 0, 1));
    assert_true(shows_with("", "a = b //* c */ __FILE__[0];", NULL, MENTIONS_C, 1));
    assert_false(shows_with("", "/* __FILE__ */ int a;", NULL, MENTIONS_C, 1));
}

static void
a_macro_shows_the_path_of_who_mentions_it(void **state)
{
    static const char header[] = "#define AT __FILE__\n"
                                 "#define CHECK(x) fail(x, AT)\n"
                                 "#define OTHER(x) fail(x, 0)\n";

    (void)state;
    assert_true(shows(header, "CHECK(a);"));
    assert_true(shows(header, "#define MINE CHECK(a)\nMINE;"));
    assert_false(shows(header, "#define MINE CHECK(a)\n"));
    assert_false(shows(header, "OTHER(a);"));
    assert_false(shows_with(header, "CHECK(a);", NULL, 0, 0));
}

static void
definitions_are_found_wherever_they_may_stand(void **state)
{
    (void)state;
    assert_true(shows("  #  define AT __FILE__", "AT"));
    assert_true(shows("/* c\n c */ #define AT __FILE__", "AT"));
    assert_true(shows("%:define AT __FILE__", "AT"));
    assert_true(shows("#define \\\n AT \\\r\n __FILE__", "AT"));
    assert_true(shows("#define AT /* c\n c */ __FILE__", "AT"));
    assert_true(shows("#define AT(x) \"/*\" x\n#define TO __FILE__\n", "TO"));
    assert_true(shows("#if 0\n#define AT __FILE__\n#endif\n", "AT"));
}

static void
conditions_show_nothing(void **state)
{
    (void)state;
    assert_false(shows("", "#if __has_builtin(__builtin_FILE) && \\\n X(__FILE__)\n"));
    assert_false(shows("", "#ifdef __FILE__\n#elif __FILE__\n#undef __FILE__\n"));
    assert_true(shows("", "#pragma message(__FILE__)\n"));
    assert_true(shows("", "#line 1 __FILE__\n"));
}

static void
some_show_the_path_of_any_file(void **state)
{
    static const char header[] = "#define HERE() __builtin_FILE()\n";

    (void)state;
    assert_true(shows("f(const char *file = __builtin_FILE());", "f();"));
    assert_true(shows("g(int = __builtin_source_location());", "g();"));
    assert_true(shows("const char *file = __BASE_FILE__;", ""));
    assert_false(shows(header, "f();"));
    assert_true(shows_with(header, "f(HERE());", NULL, 0, 2));
    assert_false(shows("f(__PRETTY_FUNCTION__);", "f();"));
    assert_true(shows_with("f(__PRETTY_FUNCTION__);", "f();", NULL, MENTIONS_CLANG, 1));
}

static void
the_command_line_defines_macros(void **state)
{
    (void)state;
    assert_true(shows_with("", "AT", "AT=__FILE__", 0, 1));
    assert_true(shows_with("", "AT(1)", "-DAT(x)=__FILE__", 0, 1));
    assert_true(shows_with("#define AT __FILE__", "ME", "ME=AT", 0, 1));
    assert_false(shows_with("#define AT __FILE__", "ME", "ME=1", 0, 1));
}

static void
names_may_be_pasted_together(void **state)
{
    static const char log[] = "#define LOG_INFO __FILE__\n#define LOG(x) LOG_##x\n";
    static const char cat[] = "#define CAT_(a, b) a##b\n#define CAT(a, b) CAT_(a, b)\n"
                              "#define AT_HERE __FILE__\n#define __q(x) __##x##__\n";

    (void)state;
    assert_true(shows(log, "LOG(INFO);"));
    assert_false(shows(log, "LOG(WARNING);"));
    assert_false(shows(log, "LOGS(INFO);"));
    assert_true(shows(cat, "CAT(AT_, HERE)"));
    assert_true(shows(cat, "#define X CAT(AT_, HERE)\nX"));
    assert_true(shows(cat, "CAT(CAT(AT, _), HERE)"));
    assert_true(shows(cat, "#define X CAT(CAT(AT, _), HERE)\nX"));
    assert_false(shows(cat, "#define X CAT(AT_, THERE)\nX"));
    assert_true(shows(cat, "__q(FILE)"));
    assert_false(shows(cat, "__q(global) void f();"));
    assert_false(shows(cat, "CAT(AT_, THERE)"));
}

int
test_mentions(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_shows_its_path_by_mention),
        cmocka_unit_test(comments_show_nothing),
        cmocka_unit_test(what_is_no_comment_counts),
        cmocka_unit_test(two_slashes_may_be_code_in_c),
        cmocka_unit_test(a_macro_shows_the_path_of_who_mentions_it),
        cmocka_unit_test(definitions_are_found_wherever_they_may_stand),
        cmocka_unit_test(conditions_show_nothing),
        cmocka_unit_test(some_show_the_path_of_any_file),
        cmocka_unit_test(the_command_line_defines_macros),
        cmocka_unit_test(names_may_be_pasted_together),
    };

    return cmocka_run_group_tests_name("mentions", tests, NULL, NULL);
}
