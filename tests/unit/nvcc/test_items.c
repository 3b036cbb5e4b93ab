/* What goes into the key: the same for equal commands, different for unequal ones. */

#include "nvcc_fixture.h"

int test_items(void);

/* All items of a line as one text. */
static char *
items_of(struct arena *arena, const char *line)
{
    struct parsed parsed;
    struct command_item *items;
    size_t n;
    char *text = arena_strdup(arena, "");

    fixture_parse(&parsed, line);
    assert_line(parsed.status == NVC_OK, line);
    n = command_items(&parsed.arena, &parsed.command, &items);
    for (size_t i = 0; i < n; i++)
        text = arena_printf(arena, "%s%s|%s%s\n", text, items[i].label, items[i].text,
                            items[i].is_path ? "|path" : "");
    fixture_done(&parsed);
    return text;
}

static void
expect_equal(const char *a, const char *b, bool equal)
{
    struct arena arena = ARENA_INIT;
    const bool is_equal = strcmp(items_of(&arena, a), items_of(&arena, b)) == 0;

    if (is_equal != equal)
        fail_msg("%s items:\n  %s\n  %s", equal ? "different" : "equal", a, b);
    arena_fini(&arena);
}

static void
spellings_of_one_command_have_the_same_items(void **state)
{
    static const char *const pairs[][2] = {
        {"nvcc -c a.cu -O2", "nvcc -c a.cu --optimize 2"},
        {"nvcc -c a.cu -DA -DB", "nvcc -c a.cu --define-macro=A,B"},
        {"nvcc -c a.cu -Ix -I y", "nvcc -c a.cu --include-path x,y"},
        {"nvcc -c a.cu -Xptxas -v,-O3", "nvcc -c a.cu -Xptxas -v --ptxas-options=-O3"},
        {"nvcc -c a.cu -Xcompiler -fPIC,-Wall", "nvcc -c a.cu -Xcompiler '-fPIC -Wall'"},
        {"nvcc -c a.cu -Xcompiler -fPIC", "nvcc -c a.cu -forward-unknown-opts -fPIC"},
        {"nvcc -c a.cu --compiler-options \"'-fPIC'\"", "nvcc -c a.cu -Xcompiler=-fPIC"},
        {"nvcc -c a.cu -rdc true", "nvcc -c a.cu --relocatable-device-code=true"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        expect_equal(pairs[i][0], pairs[i][1], true);
}

static void
names_of_outputs_and_neutral_options_are_left_out(void **state)
{
    static const char *const pairs[][2] = {
        {"nvcc -c a.cu", "nvcc -c a.cu -o x.o"},
        {"nvcc -c a.cu", "nvcc -c b.cu"},
        {"nvcc -c a.cu", "nvcc -c a.cu -odir d"},
        {"nvcc -c a.cu -MD", "nvcc -c a.cu -MD -MF y.d"},
        {"nvcc -c a.cu", "nvcc -c a.cu -t 8"},
        {"nvcc -c a.cu", "nvcc -c a.cu --threads=0 -jobserver"},
        {"nvcc -c a.cu", "nvcc -c a.cu -ccbin g++"},
        {"nvcc -c a.cu", "nvcc -forward-unknown-to-host-compiler -c a.cu"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        expect_equal(pairs[i][0], pairs[i][1], true);
}

static void
what_decides_the_output_is_an_item(void **state)
{
    static const char *const options[] = {
        "-O2",
        "-O3",
        "-DA",
        "-DA=1",
        "-UA",
        "-DA -DB",
        "-DB -DA",
        "-Ix",
        "-isystem x",
        "-include x",
        "-g",
        "-G",
        "-lineinfo",
        "-arch=sm_80",
        "-arch=all",
        "-arch=compute_80 -code=sm_80",
        "-gencode arch=compute_80,code=sm_80",
        "-rdc=true",
        "-rdc=false",
        "-split-compile=2",
        "-std=c++17",
        "-Xptxas -v",
        "-forward-unknown-opts -Wx",
        "-Xcompiler -fPIC",
        "-Xcompiler -DA",
        "-Xcompiler -Ix",
        "-Xcompiler '-include x'",
        "-Xcompiler -UA",
        "-MD",
        "-MMD",
        "-MD -MP",
        "-MD -MT x",
        "-x c++",
        "-dc",
        "-dw",
        "-ptx",
        "-cubin",
        "-use_fast_math",
        "-ftz=true",
        "-ftz=false",
        "-dlto",
        "-diag-suppress 1",
        "-diag-suppress 2",
        "-w",
        "-maxrregcount 32",
        "-res-usage",
        "-Ofc",
        "-Ofc=max",
        "-compress-mode=size",
        "-frandom-seed=1",
        "-objtemp",
        "-D 'A=\"b, c\"'",
        "-D 'A=\"b\",c'",
    };
    const size_t n = sizeof(options) / sizeof(options[0]);
    struct arena arena = ARENA_INIT;
    const char *seen[sizeof(options) / sizeof(options[0])];

    (void)state;
    for (size_t i = 0; i < n; i++) {
        seen[i] = items_of(&arena, arena_printf(&arena, "nvcc -c a.cu %s", options[i]));
        for (size_t j = 0; j < i; j++)
            if (strcmp(seen[i], seen[j]) == 0)
                fail_msg("equal items: %s and %s", options[i], options[j]);
    }
    arena_fini(&arena);
}

static void
macro_values_are_never_in_a_label(void **state)
{
    static const char *const lines[] = {
        "nvcc -c a.cu -DKEY=hunter2",
        "nvcc -c a.cu --define-macro 'KEY(x)=hunter2'",
        "nvcc -c a.cu -Xcompiler -DKEY=hunter2",
        "nvcc -c a.cu -Xcompiler '-D KEY=hunter2'",
        "nvcc -c a.cu -Xcompiler '-Wp\\,-DKEY=hunter2'",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct parsed parsed;
        struct command_item *items;
        size_t n;
        size_t named = 0;

        fixture_parse(&parsed, lines[i]);
        assert_line(parsed.status == NVC_OK, lines[i]);
        n = command_items(&parsed.arena, &parsed.command, &items);
        for (size_t k = 0; k < n; k++) {
            assert_line(strstr(items[k].label, "hunter2") == NULL, lines[i]);
            named += strstr(items[k].label, "KEY") != NULL &&
                     strstr(items[k].text, "hunter2") != NULL;
        }
        assert_line(named == 1, lines[i]);
        fixture_done(&parsed);
    }
}

static void
directories_and_preincludes_are_paths(void **state)
{
    struct arena arena = ARENA_INIT;
    const char *text = items_of(
        &arena, "nvcc -c a.cu -Ii -isystem s -include p -MT t "
                "-Xcompiler '-Ihi -isystem hs -iquote hq -idirafter ha -imacros hm'");
    static const char *const expected[] = {
        "--include-path|i|path\n",
        "--system-include|s|path\n",
        "--pre-include|p|path\n",
        "--dependency-target-name|t|path\n",
        "--compiler-options -I|hi|path\n",
        "--compiler-options -isystem|hs|path\n",
        "--compiler-options -iquote|hq|path\n",
        "--compiler-options -idirafter|ha|path\n",
        "--compiler-options -imacros|hm|path\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_line(strstr(text, expected[i]) != NULL, expected[i]);
    arena_fini(&arena);
}

/* nvcc warns then, so the recorded messages differ. */
static void
redefinition_of_a_left_out_option_is_an_item(void **state)
{
    (void)state;
    expect_equal("nvcc -c a.cu -o x -o y", "nvcc -c a.cu -o y", false);
    expect_equal("nvcc -c a.cu -o x -o y", "nvcc -c a.cu -o p -o q", true);
    expect_equal("nvcc -c a.cu -o x -o x", "nvcc -c a.cu -o x", true);
    expect_equal("nvcc -c a.cu -t 1 -t 2", "nvcc -c a.cu -t 2", false);
}

int
test_items(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_one_command_have_the_same_items),
        cmocka_unit_test(names_of_outputs_and_neutral_options_are_left_out),
        cmocka_unit_test(what_decides_the_output_is_an_item),
        cmocka_unit_test(macro_values_are_never_in_a_label),
        cmocka_unit_test(directories_and_preincludes_are_paths),
        cmocka_unit_test(redefinition_of_a_left_out_option_is_an_item),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
