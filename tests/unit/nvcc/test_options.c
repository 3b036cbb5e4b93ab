/* The table of nvcc's options: every spelling nvcc takes, and none it does not. */

#include "nvcc_fixture.h"

#include "options_priv.h"

int test_options(void);

static void
check_spelling(const struct nvcc_option *option, const char *name)
{
    struct arena arena = ARENA_INIT;
    const char *value = "untouched";

    assert_ptr_equal(option_find(name, &value), option);
    assert_null(value);
    assert_ptr_equal(option_find(arena_printf(&arena, "%s=a=b", name), &value), option);
    assert_string_equal(value, "a=b");
    assert_ptr_equal(option_find(arena_printf(&arena, "%s=", name), &value), option);
    assert_string_equal(value, "");
    arena_fini(&arena);
}

static void
each_row_is_found_by_both_names_with_and_without_equals(void **state)
{
    (void)state;
    for (int id = OPT_NONE + 1; id < OPT_COUNT; id++) {
        const struct nvcc_option *option = option_by_id(id);

        assert_int_equal(option->id, id);
        check_spelling(option, option->long_name);
        if (option->short_name != NULL)
            check_spelling(option, option->short_name);
    }
}

static void
rows_are_consistent(void **state)
{
    (void)state;
    for (int id = OPT_NONE + 1; id < OPT_COUNT; id++) {
        const struct nvcc_option *option = option_by_id(id);

        assert_line((option->class == CLASS_BYPASS) == (option->bypass != NVC_OK),
                    option->long_name);
        assert_line(option->bypass == NVC_OK ||
                        status_kind(option->bypass) == NVC_KIND_BYPASS,
                    option->long_name);
        assert_line(!option->glued ||
                        (option->short_name != NULL && strlen(option->short_name) == 2),
                    option->long_name);
    }
}

static void
value_may_be_glued_to_seven_short_names_only(void **state)
{
    static const char glued[] = "ILlDUOt";
    const char *value = NULL;

    (void)state;
    for (const char *c = glued; *c != '\0'; c++) {
        const char word[] = {'-', *c, '9', 'x', '\0'};
        const char name[] = {'-', *c, '\0'};
        const struct nvcc_option *option = option_find(word, &value);

        assert_line(option != NULL && strcmp(option->short_name, name) == 0, word);
        assert_string_equal(value, "9x");
    }
}

static void
words_nvcc_does_not_know_are_not_found(void **state)
{
    static const char *const words[] = {
        "-",         "--",        "---c",          "--c",       "-compile", "--D",
        "-xcu",      "-oa.o",     "-isystemd",     "-MFx.d",    "-MTx",     "-ccbing++",
        "-m16",      "-j4",       "-efoo",         "-rfoo",     "-gfoo",    "-g3",
        "-fPIC",     "-Wall",     "-optfx",        "-includex", "-rdctrue", "-archsm_80",
        "--output",  "--compil",  "--cubins",      "-Xfoo",     "-std17",   "-MQ",
        "-w3",       "-Gfoo",     "-cfoo",         "-Efoo",     "-Mfoo",    "-pch",
        "--include", "--isystem", "-define-macro",
    };
    const char *value = "untouched";

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_line(option_find(words[i], &value) == NULL, words[i]);
    assert_string_equal(value, "untouched");
}

static void
whole_name_wins_over_glued_value(void **state)
{
    static const struct {
        const char *word;
        int id;
        const char *value;
    } rows[] = {
        {"-lib", OPT_LIB, NULL},
        {"-libs", OPT_LIBRARY, "ibs"},
        {"-link", OPT_LINK, NULL},
        {"-lineinfo", OPT_GENERATE_LINE_INFO, NULL},
        {"-lineno", OPT_LIBRARY, "ineno"},
        {"-lto", OPT_LTO, NULL},
        {"-lto_", OPT_LIBRARY, "to_"},
        {"-legacy-launch-seq", OPT_LEGACY_LAUNCH_SEQ, NULL},
        {"-library=x", OPT_LIBRARY, "ibrary=x"},
        {"-time=x", OPT_TIME, "x"},
        {"-target-dir", OPT_TARGET_DIRECTORY, NULL},
        {"-Ofc=max", OPT_OFAST_COMPILE, "max"},
        {"-O3", OPT_OPTIMIZE, "3"},
        {"-Ofast", OPT_OPTIMIZE, "fast"},
        {"-D=A", OPT_DEFINE_MACRO, "A"},
        {"-DA=B=C", OPT_DEFINE_MACRO, "A=B=C"},
        {"-DD=1", OPT_DEFINE_MACRO, "D=1"},
        {"-dD", OPT_DD, NULL},
        {"-include=x", OPT_PRE_INCLUDE, "x"},
        {"-Include", OPT_INCLUDE_PATH, "nclude"},
        {"-I=x", OPT_INCLUDE_PATH, "x"},
        {"-t4", OPT_THREADS, "4"},
        {"-uumn", OPT_UUMN, NULL},
        {"-lineinfo=1", OPT_GENERATE_LINE_INFO, "1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *value = "untouched";
        const struct nvcc_option *option = option_find(rows[i].word, &value);

        assert_line(option != NULL && option->id == rows[i].id, rows[i].word);
        if (rows[i].value == NULL)
            assert_null(value);
        else
            assert_string_equal(value, rows[i].value);
    }
}

int
test_options(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_found_by_both_names_with_and_without_equals),
        cmocka_unit_test(rows_are_consistent),
        cmocka_unit_test(value_may_be_glued_to_seven_short_names_only),
        cmocka_unit_test(words_nvcc_does_not_know_are_not_found),
        cmocka_unit_test(whole_name_wins_over_glued_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
