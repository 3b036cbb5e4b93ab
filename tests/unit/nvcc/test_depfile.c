/* Dependency files: nvcc's own and gcc's. */

#include "nvcc_fixture.h"

#include "nvcache/base/buf.h"
#include "nvcache/nvcc/depfile.h"

int test_depfile(void);

/* Written by nvcc 13.0 -MMD -MP. */
static const char from_nvcc[] = "dir/a b.o : a.cu \\\n"
                                "    ./q/z.h \\\n"
                                "    sp\\ ace/h.h \\\n"
                                "    do$lar/ha#sh/co:lon/qu'o.h \\\n"
                                "    tab\there.h\n"
                                "\n"
                                "./q/z.h:\n"
                                "\n"
                                "sp\\ ace/h.h:\n"
                                "\n"
                                "do$lar/ha#sh/co:lon/qu'o.h:\n"
                                "\n"
                                "tab\there.h:\n";

/* Written by g++ 12.2 -MM. */
static const char from_gcc[] =
    "p.o: p.h a\\ b/h.h a\\#b/h.h a$$b/h.h a\\b/h.h \\\n"
    " a\\\\\\ b/h.h a\\\\\\\\\\ b/h.h a\\\\#b/h.h a\\\\\\#b/h.h \\\n"
    " a\\\tb/h.h a\\\\\\\tb/h.h a$$$$b/h.h a%b/h.h a:b/h.h\n";

static void
expect_names(const struct depfile_name *names, size_t n, const char *const *expected,
             size_t n_expected)
{
    assert_int_equal(n, n_expected);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(names[i].path, expected[i]);
}

#define EXPECT(names, n, ...)                                                            \
    do {                                                                                 \
        static const char *const expected[] = {__VA_ARGS__};                             \
        expect_names(names, n, expected, sizeof(expected) / sizeof(expected[0]));        \
    } while (0)

static void
nvccs_names_are_read_as_they_are(void **state)
{
    struct arena arena = ARENA_INIT;
    struct depfile depfile;

    (void)state;
    assert_int_equal(depfile_parse(&arena, from_nvcc, strlen(from_nvcc), &depfile),
                     NVC_OK);
    assert_int_equal(depfile.dialect, DEPFILE_NVCC);
    assert_string_equal(depfile.target.path, "dir/a b.o");
    assert_int_equal(depfile.target.offset, 0);
    assert_int_equal(depfile.target.len, 9);
    EXPECT(depfile.prerequisites, depfile.n_prerequisites, "a.cu", "./q/z.h",
           "sp ace/h.h", "do$lar/ha#sh/co:lon/qu'o.h", "tab\there.h");
    EXPECT(depfile.phony, depfile.n_phony, "./q/z.h", "sp ace/h.h",
           "do$lar/ha#sh/co:lon/qu'o.h", "tab\there.h");
    arena_fini(&arena);
}

static void
gccs_escapes_are_undone(void **state)
{
    struct arena arena = ARENA_INIT;
    struct depfile depfile;

    (void)state;
    assert_int_equal(depfile_parse(&arena, from_gcc, strlen(from_gcc), &depfile), NVC_OK);
    assert_int_equal(depfile.dialect, DEPFILE_GCC);
    EXPECT(depfile.prerequisites, depfile.n_prerequisites, "p.h", "a b/h.h", "a#b/h.h",
           "a$b/h.h", "a\\b/h.h", "a\\ b/h.h", "a\\\\ b/h.h", "a\\#b/h.h", "a\\\\#b/h.h",
           "a\tb/h.h", "a\\\tb/h.h", "a$$b/h.h", "a%b/h.h", "a:b/h.h");
    assert_int_equal(depfile.n_phony, 0);
    arena_fini(&arena);
}

static void
offsets_are_where_the_names_stand(void **state)
{
    struct arena arena = ARENA_INIT;
    struct depfile depfile;

    (void)state;
    assert_int_equal(depfile_parse(&arena, from_nvcc, strlen(from_nvcc), &depfile),
                     NVC_OK);
    for (size_t i = 0; i < depfile.n_prerequisites; i++) {
        const struct depfile_name *name = &depfile.prerequisites[i];
        AUTO_BUF again = BUF_INIT;

        depfile_escape(depfile.dialect, name->path, &again);
        assert_int_equal(again.len, name->len);
        assert_memory_equal(again.data, from_nvcc + name->offset, name->len);
    }
    arena_fini(&arena);
}

static const char *
keep(const char *path, void *arg)
{
    (void)arg;
    return path;
}

static const char *
move(const char *path, void *arg)
{
    if (strcmp(path, "a.cu") == 0)
        return "new dir/a.cu";
    return strcmp(path, "sp ace/h.h") == 0 ? arg : NULL;
}

static void
rewriting_with_the_same_names_changes_nothing(void **state)
{
    static const char *const texts[] = {from_nvcc, from_gcc};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct arena arena = ARENA_INIT;
        struct depfile depfile;
        AUTO_BUF again = BUF_INIT;
        const size_t len = strlen(texts[i]);

        assert_int_equal(depfile_parse(&arena, texts[i], len, &depfile), NVC_OK);
        depfile_rewrite(texts[i], len, &depfile, depfile.target.path, keep, NULL, &again);
        assert_string_equal(buf_str(&again), texts[i]);
        arena_fini(&arena);
    }
}

static void
rewriting_changes_target_prerequisites_and_phony_rules(void **state)
{
    static const char text[] =
        "o : a.cu \\\n    sp\\ ace/h.h \\\n    k.h\n\nsp\\ ace/h.h:\n"
        "\nk.h:\n";
    static char moved[] = "$x y";
    struct arena arena = ARENA_INIT;
    struct depfile depfile;
    AUTO_BUF again = BUF_INIT;

    (void)state;
    assert_int_equal(depfile_parse(&arena, text, strlen(text), &depfile), NVC_OK);
    depfile_rewrite(text, strlen(text), &depfile, "p/q.o", move, moved, &again);
    assert_string_equal(buf_str(&again),
                        "p/q.o : new\\ dir/a.cu \\\n    $x\\ y \\\n    k.h\n\n$x\\ y:\n"
                        "\nk.h:\n");
    buf_clear(&again);
    depfile_rewrite(text, strlen(text), &depfile, NULL, move, moved, &again);
    assert_int_equal(strncmp(buf_str(&again), "o : new", 7), 0);
    arena_fini(&arena);
}

static void
dialects_differ_in_what_they_can_name(void **state)
{
    (void)state;
    assert_true(depfile_can_name(DEPFILE_NVCC, "a $#b"));
    assert_false(depfile_can_name(DEPFILE_NVCC, "a\\b"));
    assert_true(depfile_can_name(DEPFILE_GCC, "a\\b"));
    assert_false(depfile_can_name(DEPFILE_GCC, "a\\"));
    assert_false(depfile_can_name(DEPFILE_NVCC, "a\nb"));
    assert_false(depfile_can_name(DEPFILE_GCC, ""));
}

static void
empty_target_is_nvccs_answer_to_an_empty_name(void **state)
{
    struct arena arena = ARENA_INIT;
    struct depfile depfile;
    static const char text[] = " : b.cpp\n";

    (void)state;
    assert_int_equal(depfile_parse(&arena, text, strlen(text), &depfile), NVC_OK);
    assert_string_equal(depfile.target.path, "");
    arena_fini(&arena);
}

static void
other_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "a.o",
        "a.o :",
        "a.o : \n",
        "a.o : b.c\nx y\n",
        "a.o : b.c\nd.o : e.c\n",
        "a.o : b.c\n:\n",
        "a.o : b\\c\n",
        "a.o: b.c #d\n",
        "a.o: b$c\n",
        "# comment\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct arena arena = ARENA_INIT;
        struct depfile depfile = {.n_phony = 77};

        assert_line(depfile_parse(&arena, texts[i], strlen(texts[i]), &depfile) ==
                        NVC_ERR_FORMAT,
                    texts[i]);
        assert_int_equal(depfile.n_phony, 77);
        arena_fini(&arena);
    }
}

static void
nul_and_overlong_names_are_refused(void **state)
{
    struct arena arena = ARENA_INIT;
    struct depfile depfile;
    char text[DEPFILE_MAX_NAME + 64];
    size_t n = DEPFILE_MAX_NAME;

    (void)state;
    assert_int_equal(depfile_parse(&arena, "a : b\0c\n", 8, &depfile), NVC_ERR_FORMAT);
    memset(text, 'x', sizeof(text));
    memcpy(text, "a : ", 4);
    text[4 + n] = '\n';
    assert_int_equal(depfile_parse(&arena, text, n + 5, &depfile), NVC_OK);
    text[4 + n] = 'x';
    text[5 + n] = '\n';
    assert_int_equal(depfile_parse(&arena, text, n + 6, &depfile), NVC_ERR_LIMIT);
    memset(text + 4, '\\', n + 2);
    memcpy(text, "a:  ", 4);
    text[6 + n] = '\n';
    assert_int_equal(depfile_parse(&arena, text, n + 7, &depfile), NVC_ERR_LIMIT);
    arena_fini(&arena);
}

static void
too_many_names_are_refused(void **state)
{
    struct arena arena = ARENA_INIT;
    struct depfile depfile;
    AUTO_BUF text = BUF_INIT;

    (void)state;
    buf_append_str(&text, "a :");
    for (size_t i = 0; i <= DEPFILE_MAX_NAMES; i++)
        buf_append_str(&text, " x");
    assert_int_equal(
        depfile_parse(&arena, (const char *)text.data, text.len - 2, &depfile), NVC_OK);
    assert_int_equal(depfile_parse(&arena, (const char *)text.data, text.len, &depfile),
                     NVC_ERR_LIMIT);
    arena_fini(&arena);
}

int
test_depfile(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nvccs_names_are_read_as_they_are),
        cmocka_unit_test(gccs_escapes_are_undone),
        cmocka_unit_test(offsets_are_where_the_names_stand),
        cmocka_unit_test(rewriting_with_the_same_names_changes_nothing),
        cmocka_unit_test(rewriting_changes_target_prerequisites_and_phony_rules),
        cmocka_unit_test(dialects_differ_in_what_they_can_name),
        cmocka_unit_test(empty_target_is_nvccs_answer_to_an_empty_name),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(nul_and_overlong_names_are_refused),
        cmocka_unit_test(too_many_names_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
