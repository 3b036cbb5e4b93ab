/* The grammars of words.  Each row was seen with nvcc 13.0 --dryrun, or with dash. */

#include "nvcc_fixture.h"

#include "words_priv.h"

int test_words(void);

struct row {
    const char *text;
    const char *words; /* joined by '|'; NULL: refused */
};

static const char *
join(struct arena *arena, const struct strlist *words)
{
    const char *text = "";

    for (size_t i = 0; i < words->n; i++)
        text = arena_printf(arena, "%s%s%s", text, i == 0 ? "" : "|", words->v[i]);
    return text;
}

static void
check_rows(const struct row *rows, size_t n,
           bool (*split)(const char *, struct strlist *))
{
    for (size_t i = 0; i < n; i++) {
        struct arena arena = ARENA_INIT;
        struct strlist words;

        strlist_init(&words, &arena);
        if (!split(rows[i].text, &words))
            assert_line(rows[i].words == NULL, rows[i].text);
        else if (rows[i].words == NULL)
            fail_msg("accepted: %s", rows[i].text);
        else
            assert_string_equal(join(&arena, &words), rows[i].words);
        arena_fini(&arena);
    }
}

#define CHECK(rows, split) check_rows(rows, sizeof(rows) / sizeof(rows[0]), split)

static void
variables_keep_quotes_and_backslashes(void **state)
{
    static const struct row rows[] = {
        {"", ""},
        {"  ", ""},
        {"-DA -DB", "-DA|-DB"},
        {"-DA\t-DB ", "-DA|-DB"},
        {"-DA\n-DB", "-DA\n-DB"},
        {"-D\"A B\" -c", "-D\"A B\"|-c"},
        {"\"-c\"", "\"-c\""},
        {"-D'A B'", "-D'A|B'"},
        {"-DA\\ B", "-DA\\|B"},
        {"-D\"A=\\\"x\\\"\"", "-D\"A=\\\"x\\\"\""},
        {"-DA=\\\"x\\\"", NULL},
        {"-DA=\\\\\"x\\\\\"", NULL},
        {"\"-DA", NULL},
        {"-I\"x,y\" -I\"x y\"", "-I\"x,y\"|-I\"x y\""},
    };

    (void)state;
    CHECK(rows, words_of_environment);
}

static bool
split_file(const char *text, struct strlist *out)
{
    return words_of_file(text, strlen(text), out);
}

static void
files_take_quotes_and_one_backslash_away(void **state)
{
    static const struct row rows[] = {
        {"", ""},
        {"\n \t\r\n", ""},
        {"-DA\n-DB\r\n-DC\t-DD", "-DA|-DB|-DC|-DD"},
        {"-DA\v-DB", "-DA\v-DB"},
        {"z\\a", "za"},
        {"z\\\\a", "z\\a"},
        {"z\\\\\\a", "z\\a"},
        {"z\\\\\\\\a", "z\\\\a"},
        {"z\"a\"", "za"},
        {"z\"a b\"", "za b"},
        {"z\\\"a", "za"},
        {"z\\\\\"a\\\\\"", "z\\\"a\\\""},
        {"z\\\\\\\"a\\\\\\\"", "z\\\"a\\\""},
        {"z\\\\\"a b\\\\\"", "z\\\"a b\\\""},
        {"\"z\\\"a\\\" b\"", "za b"},
        {"z\\ b", "z b"},
        {"z\\,b", "z,b"},
        {"z\\\\", "z\\"},
        {"z\\\\\"\"", "z\\\""},
        {"\"\\\\\"z", "\\\"z"},
        {"z\\\"\"a b\"", "za b"},
        {"z\\\\\\\\\"a\\\\\\\\\"", "z\\\\\"a\\\\\""},
        {"z'a b'", "z'a|b'"},
        {"# c", "#|c"},
        {"@f", "@f"},
        {"-DA\\\n-DB", "-DA\n-DB"},
        {"\"\" x", "|x"},
        {"\"x", NULL},
        {"x\\", NULL},
    };

    (void)state;
    CHECK(rows, split_file);
}

static void
file_with_a_nul_is_refused(void **state)
{
    struct arena arena = ARENA_INIT;
    struct strlist words;

    (void)state;
    strlist_init(&words, &arena);
    assert_false(words_of_file("-DA\0-DB", 7, &words));
    arena_fini(&arena);
}

static bool
split_texts(const char *value, struct strlist *out)
{
    return words_of_list(value, ARITY_TEXTS, out);
}

static bool
split_paths(const char *value, struct strlist *out)
{
    return words_of_list(value, ARITY_PATHS, out);
}

static bool
split_raws(const char *value, struct strlist *out)
{
    return words_of_list(value, ARITY_RAWS, out);
}

static void
text_lists_keep_quotes_and_drop_backslashes(void **state)
{
    static const struct row rows[] = {
        {"a,b", "a|b"},
        {"a,,b", "a|b"},
        {",a,", "a"},
        {"", ""},
        {" a , b ", "a|b"},
        {"a b,c d", "a b|c d"},
        {"\"a,b\"", "\"a,b\""},
        {"a\"b,c\"d,e", "a\"b,c\"d|e"},
        {"'a,b'", "'a|b'"},
        {"a\\,b", "a,b"},
        {"a\\\\,b", "a\\|b"},
        {"a\\\"b,c\\\"", "a\"b|c\""},
        {"\"a\\\"b,c\"", "\"a\"b,c\""},
        {"\"a\\\\\",b", "\"a\\\"|b"},
        {"a\\ b", "a b"},
        {"\"\"", "\"\""},
        {"a=[b,c]", "a=[b|c]"},
        {"\"a", NULL},
        {"a\\", NULL},
    };

    (void)state;
    CHECK(rows, split_texts);
}

static void
path_lists_drop_quotes_and_keep_backslashes(void **state)
{
    static const struct row rows[] = {
        {"a,b", "a|b"},         {"a\\,b", "a\\|b"}, {"a\\b", "a\\b"},
        {"a\"x,y\"b", "ax,yb"}, {"\"x,y\"", "x,y"}, {"a\\\"b", NULL},
        {" a , b ", "a|b"},     {"a\\", "a\\"},     {"a\"b\"", "ab"},
        {"a,,b", "a|b"},        {"\"x y\"", "x y"}, {"x\"y", NULL},
    };

    (void)state;
    CHECK(rows, split_paths);
}

static void
raw_lists_keep_both(void **state)
{
    static const struct row rows[] = {
        {"a\\,b", "a\\|b"},
        {"\"x,y\"", "\"x,y\""},
        {" a , b ", "a|b"},
        {"a\\\"b", NULL},
    };

    (void)state;
    CHECK(rows, split_raws);
}

static void
quoted_element_is_read_back_as_one(void **state)
{
    static const struct {
        const char *element;
        enum option_arity arity;
    } rows[] = {
        {"A", ARITY_TEXTS},      {"A=\"b, c\"", ARITY_TEXTS}, {"a,b", ARITY_TEXTS},
        {"a\\b\\", ARITY_TEXTS}, {"a\"b", ARITY_TEXTS},       {" a ", ARITY_TEXTS},
        {"x,y z", ARITY_PATHS},  {"a\\b\\", ARITY_PATHS},     {"p", ARITY_PATHS},
        {"\"x,y\"", ARITY_RAWS}, {"a\\b", ARITY_RAWS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena arena = ARENA_INIT;
        struct strlist words;
        const char *quoted = words_quote_element(&arena, rows[i].element, rows[i].arity);

        strlist_init(&words, &arena);
        assert_line(words_of_list(quoted, rows[i].arity, &words), quoted);
        assert_line(words.n == 1, quoted);
        assert_string_equal(words.v[0], rows[i].element);
        arena_fini(&arena);
    }
}

static void
shell_words_are_those_of_sh(void **state)
{
    static const struct row rows[] = {
        {"", ""},
        {"-fPIC  -Wall", "-fPIC|-Wall"},
        {"'-fPIC'", "-fPIC"},
        {"-D'A B'=\"C D\"", "-DA B=C D"},
        {"-DX=\"a\\\"b\\c\"", "-DX=a\"b\\c"},
        {"a\\ b", "a b"},
        {"''", ""},
        {"a''b", "ab"},
        {"-Wl,-z,now", "-Wl,-z,now"},
        {"a#b", "a#b"},
        {"'$HOME'", "$HOME"},
        {"a=b,c:d%e^f!g@h+i", "a=b,c:d%e^f!g@h+i"},
    };

    (void)state;
    CHECK(rows, words_of_shell);
}

static void
what_a_shell_would_act_on_is_refused(void **state)
{
    static const struct row rows[] = {
        {"$HOME", NULL}, {"\"$HOME\"", NULL}, {"`id`", NULL},       {"\"`id`\"", NULL},
        {"a;b", NULL},   {"a&", NULL},        {"a|b", NULL},        {"a<b", NULL},
        {"a>b", NULL},   {"(a)", NULL},       {"*", NULL},          {"a?", NULL},
        {"[ab]", NULL},  {"{a,b}", NULL},     {"~", NULL},          {"x=~", NULL},
        {"# c", NULL},   {"a\nb", NULL},      {"a\\\nb", NULL},     {"'a", NULL},
        {"\"a", NULL},   {"a\\", NULL},       {"\"a\\\nb\"", NULL},
    };

    (void)state;
    CHECK(rows, words_of_shell);
}

int
test_words(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_keep_quotes_and_backslashes),
        cmocka_unit_test(files_take_quotes_and_one_backslash_away),
        cmocka_unit_test(file_with_a_nul_is_refused),
        cmocka_unit_test(text_lists_keep_quotes_and_drop_backslashes),
        cmocka_unit_test(path_lists_drop_quotes_and_keep_backslashes),
        cmocka_unit_test(raw_lists_keep_both),
        cmocka_unit_test(quoted_element_is_read_back_as_one),
        cmocka_unit_test(shell_words_are_those_of_sh),
        cmocka_unit_test(what_a_shell_would_act_on_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
