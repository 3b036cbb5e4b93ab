/* Preprocessed text: which edits keep its tokens, and what was read for it. */

#include "nvcache/plan/text.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

int test_text(void);

static bool
digest(const char *text, struct digest *out)
{
    return text_digest_tokens(text, strlen(text), NULL, out, NULL);
}

static bool
same(const char *a, const char *b)
{
    struct digest x, y;

    assert_true(digest(a, &x));
    assert_true(digest(b, &y));
    return digest_equal(&x, &y);
}

static void
lines_and_markers_do_not_count(void **state)
{
    (void)state;
    assert_true(
        same("# 1 \"a.cu\"\nint a;\n", "# 1 \"/x/b.cu\"\n# 9 \"c\" 1\n\n\nint a;\n"));
    assert_true(same("int  a ;\n", "int\ta\n;\n"));
    assert_true(same("a b;\n", "a /* # 1 \"\n */b;\n"));
    assert_true(same("f(1,\n2)", "f(1,\n# 3 \"x\"\n2)"));
}

static void
what_the_compiler_sees_counts(void **state)
{
    static const char *const pairs[][2] = {
        {"int a;", "int b;"},
        {"a+ +b", "a++b"},
        {"x y", "xy"},
        {"f(\"a b\")", "f(\"a  b\")"},
        {"f(\"a\\\"  b\")", "f(\"a\\\" b\")"},
        {"c = ' ';", "c = '  ';"},
        {"R\"(a\n\nb)\"", "R\"(a\nb)\""},
        {"R\"x(a)\"  )x\"", "R\"x(a)\" )x\""},
        {"u8R\"(\n# 1 \"f\"\n)\"", "u8R\"(\n)\""},
        {"a\n#pragma unroll\nb", "a\nb"},
        {"a\n#pragma unroll 2\nb", "a\n#pragma unroll  2\nb"},
        {"a\n#pragma x\nb c", "a\n#pragma x b\nc"},
        {"1'000 2", "1'000  3"},
        {"# 1 \"a.h\" 1\nint a;", "# 1 \"a.h\" 1 3\nint a;"},
        {"# 1 \"a.h\" 1 3 4\nint a;\n# 2 \"a.cu\" 2\nint b;",
         "# 1 \"a.h\" 1 3 4\nint a;\nint b;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (same(pairs[i][0], pairs[i][1]))
            fail_msg("%s | %s", pairs[i][0], pairs[i][1]);
}

static void
what_cudafe_leaves_out_does_not_count(void **state)
{
    struct digest none;

    (void)state;
    assert_true(same("a\n#if 0\n# 7\nint b;\n#if X\n#else\n#endif\n#endif\nc",
                     "a\n#if 0\nint d = \"#endif\";\n#endif\nc"));
    assert_false(same("a\n#if 0\nb\n#endif\nc", "a\n#if 0\nb\n#endif\nd"));
    assert_false(same("a\n#if 1\nb\n#endif\nc", "a\n#if 1\nd\n#endif\nc"));
    assert_false(same("a\n#if 0\nR\"(\n#endif\n)\"\n#endif\nc",
                      "a\n#if 0\nR\"(\n#endif\n)\" c\n#endif\n"));
    assert_false(digest("a\n#if 0\nb\n#else\nc\n#endif\n", &none));
    assert_false(digest("a\n#if 0\nb\n", &none));
}

static void
directives_are_told(void **state)
{
    static const char text[] = "# 1 \"a.cu\"\n#define A 1\nR\"(\n#define B\n)\";\n"
                               "#if 0\n#define C\n#endif\n  #include \"stub.c\"\n";
    AUTO_BUF directives = BUF_INIT;
    struct digest tokens;

    (void)state;
    assert_true(text_digest_tokens(text, sizeof(text) - 1, NULL, &tokens, &directives));
    assert_string_equal(buf_str(&directives), "#define A 1\n#include \"stub.c\"\n");
}

static void
literals_that_look_like_something_else_are_read_whole(void **state)
{
    (void)state;
    assert_true(
        same("f(\"// no\", '\"', 1'0, '\\'')  ;", "f(\"// no\", '\"', 1'0, '\\'') ;"));
    assert_true(same("LR\"(\")\"  a", "LR\"(\")\" a"));
    assert_true(same("0x1p-3  a", "0x1p-3 a"));
    assert_true(same("xR \"(\"  a", "xR \"(\" a"));
}

static void
text_that_depends_on_positions_has_no_tokens(void **state)
{
    static const char *const texts[] = {
        "int a = __builtin_LINE();",
        "f(__builtin_FILE())",
        "__builtin_COLUMN()",
        "__builtin_source_location()",
        "\"open\n",
        "R\"(open)x\"",
        "'a\n'",
        "a // b",
        "a /* b",
        "a __LINE__",
        "R\"0123456789abcdefgh(x)0123456789abcdefgh\"",
    };
    struct digest digest_of_text;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (digest(texts[i], &digest_of_text))
            fail_msg("%s", texts[i]);
    assert_true(
        digest("__builtin_LINES __builtin_LIN \"__builtin_LINE\"", &digest_of_text));
}

static void
long_text_is_read_in_blocks(void **state)
{
    static char a[50000], b[50000];

    (void)state;
    memset(a, 'x', sizeof(a) - 1);
    memset(b, 'x', sizeof(b) - 1);
    assert_true(same(a, b));
    b[40000] = 'y';
    assert_false(same(a, b));
}

/* Digested behind others, which must not make a difference. */
static void
assert_known(struct text_passages *known, const char *text)
{
    struct digest alone, behind;

    assert_true(digest(text, &alone));
    assert_true(text_digest_tokens(text, strlen(text), known, &behind, NULL));
    assert_true(digest_equal(&alone, &behind));
}

static void
passages_that_are_known_count_as_what_they_are(void **state)
{
    static const char header[] = "# 1 \"h.h\" 1 3\nint h;\n";
    struct arena arena = ARENA_INIT;
    struct text_passages *known = text_passages_new(&arena);
    char texts[40][256];

    (void)state;
    for (int i = 0; i < 40; i++) {
        snprintf(texts[i], sizeof(texts[i]),
                 "# 1 \"a.cu\"\n# 1 \"b.h\" 1\nint b%d;\n%s# 2 \"a.cu\" 2\nint a;\n%s",
                 i % 30, header, i % 2 != 0 ? "int c;" : "");
        assert_known(known, texts[i]);
    }
    assert_false(same(texts[0], texts[1]));
    assert_false(same(texts[0], texts[2]));
    assert_true(same(texts[0], texts[30]));
    arena_fini(&arena);
}

/* So many that they share places in the table. */
static void
many_passages_are_told_apart(void **state)
{
    struct arena arena = ARENA_INIT;
    AUTO_BUF text = BUF_INIT;

    (void)state;
    for (int i = 0; i < 3000; i++)
        buf_printf(&text, "# 1 \"h.h\" 1\nint a%04d;\n", i);
    assert_known(text_passages_new(&arena), buf_str(&text));
    arena_fini(&arena);
}

static void
passages_are_cut_between_tokens(void **state)
{
    static const char *const inside[] = {"R\"(\n# 1 \"h.h\" 1\n)\"",
                                         "/*\n# 1 \"h.h\" 1\n*/",
                                         "\n#if 0\n# 1 \"h.h\" 1\n#endif\n"};
    struct digest none;

    (void)state;
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        assert_false(digest(inside[i], &none));
    assert_true(same("a\n# 1 \"h.h\" 1\nb\n# 2 \"x\" 2\nc",
                     "a\n# 1 \"i.h\" 1\n# 7\nb\n# 9 \"x\" 2\n c"));
    assert_false(same("a\n# 1 \"h.h\" 1\nb", "a\n# 1 \"h.h\" 1 3\nb"));
    assert_false(same("a\n# 1 \"h.h\" 1\nb\n# 2 \"x\" 2\nc",
                      "a\n# 1 \"h.h\" 1\nc\n# 2 \"x\" 2\nb"));
}

/* `middle` behind so many characters and in front of as many. */
static const char *
at_offset(size_t n, const char *middle)
{
    static const char around[] = "a1+b(c,d)[e]{f;g}<h>=i*j-k%l!m?n:o~p^q|r&s_t$u.v;w";
    static char text[256];

    snprintf(text, sizeof(text), "%.*s;%s;%.*s", (int)n, around, middle, (int)n, around);
    return text;
}

static void
what_is_not_plain_is_seen_wherever_it_stands(void **state)
{
    static const char *const positions[] = {"__LINE__", "a __builtin_LINE()",
                                            "\"s\"__FILE__", "'c'__TIME__"};
    static const char *const others[] = {"x__LINE__",    "__LINE",     "1__LINE__",
                                         "\"__FILE__\"", "1.__LINE__", "1'0__LINE__",
                                         "1'R\"(a\"",    "a\001b",     "\001\002"};
    static const char *const pairs[][2] = {{"\"a b\"", "\"a  b\""},
                                           {"' '", "'  '"},
                                           {"1'0 R\"(\" )\"", "1'0 R\"(\"  )\""},
                                           {"LR\"(a b)\"", "LR\"(a  b)\""},
                                           {"a /**/b", "ab"},
                                           {"a + b", "a+ b"}};
    struct digest x;
    char copy[256];

    (void)state;
    for (size_t n = 0; n <= 48; n++) {
        for (size_t i = 0; i < sizeof(positions) / sizeof(positions[0]); i++)
            assert_false(digest(at_offset(n, positions[i]), &x));
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
            assert_true(digest(at_offset(n, others[i]), &x));
        for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
            strcpy(copy, at_offset(n, pairs[i][0]));
            assert_false(same(copy, at_offset(n, pairs[i][1])));
        }
        strcpy(copy, at_offset(n, "a b"));
        assert_true(same(copy, at_offset(n, "a \n\tb")));
        assert_true(same(copy, at_offset(n, "a/* */b")));
    }
}

static void
inputs_are_the_files_that_markers_enter(void **state)
{
    struct arena arena = ARENA_INIT;
    struct text_inputs inputs;
    static const char first[] = "# 0 \"a.cu\"\n# 0 \"<built-in>\"\n"
                                "# 1 \"/usr/include/stdc-predef.h\" 1 3 4\n"
                                "# 0 \"<command-line>\" 2\n# 1 \"a.cu\"\n"
                                "# 1 \"b \\\"q\\\" \\\\.h\" 1\nint b;\n# 7 \"zz.h\" 1\n"
                                "# 2 \"a.cu\" 2\n# 5 \"x.y\"\n# 1 \"b.h\" 1\n";
    static const char second[] = "# 1 \"b.h\" 1\n# 1 \"c.h\" 1\n";
    static const char clang[] = "# 1 \"a.cu\"\n# 1 \"<built-in>\" 1\n"
                                "# 1 \"<command line>\" 1\n# 1 \"c.h\" 1\n";

    (void)state;
    text_inputs_init(&inputs, &arena);
    assert_true(text_inputs_add(&inputs, first, sizeof(first) - 1));
    assert_true(text_inputs_add(&inputs, second, sizeof(second) - 1));
    assert_int_equal(inputs.files.n, 4);
    assert_string_equal(inputs.files.v[0], "/usr/include/stdc-predef.h");
    assert_true(inputs.is_system[0]);
    assert_string_equal(inputs.files.v[1], "b \"q\" \\.h");
    assert_false(inputs.is_system[1]);
    assert_string_equal(inputs.files.v[2], "b.h");
    assert_string_equal(inputs.files.v[3], "c.h");
    assert_false(text_inputs_add(&inputs, "# 1 \"b\\ndir.h\" 1\n", 17));
    assert_true(text_inputs_add(&inputs, clang, sizeof(clang) - 1));
    assert_int_equal(inputs.files.n, 4);
    arena_fini(&arena);
}

static void
many_inputs_are_found_again(void **state)
{
    struct arena arena = ARENA_INIT;
    struct text_inputs inputs;

    (void)state;
    text_inputs_init(&inputs, &arena);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 9000; i++) {
            const char *line = arena_printf(&arena, "# 1 \"h%d.h\" 1\n", i);

            assert_true(text_inputs_add(&inputs, line, strlen(line)));
        }
    assert_int_equal(inputs.files.n, 9000);
    assert_string_equal(inputs.files.v[8999], "h8999.h");
    arena_fini(&arena);
}

int
test_text(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_markers_do_not_count),
        cmocka_unit_test(what_the_compiler_sees_counts),
        cmocka_unit_test(what_cudafe_leaves_out_does_not_count),
        cmocka_unit_test(directives_are_told),
        cmocka_unit_test(literals_that_look_like_something_else_are_read_whole),
        cmocka_unit_test(text_that_depends_on_positions_has_no_tokens),
        cmocka_unit_test(what_is_not_plain_is_seen_wherever_it_stands),
        cmocka_unit_test(long_text_is_read_in_blocks),
        cmocka_unit_test(passages_that_are_known_count_as_what_they_are),
        cmocka_unit_test(many_passages_are_told_apart),
        cmocka_unit_test(passages_are_cut_between_tokens),
        cmocka_unit_test(inputs_are_the_files_that_markers_enter),
        cmocka_unit_test(many_inputs_are_found_again),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
