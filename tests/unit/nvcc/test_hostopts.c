/* Words for the host compiler: which are understood, and how they reach it. */

#include "nvcc_fixture.h"

#include "hostopts_priv.h"

int test_hostopts(void);

/* Of `nvcc -c a.cu -Xcompiler WORD`. */
static enum nvc_status
status_of(const char *word)
{
    struct arena arena = ARENA_INIT;
    struct nvcc_command command;
    char *argv[] = {arena_strdup(&arena, "nvcc"), arena_strdup(&arena, "-c"),
                    arena_strdup(&arena, "a.cu"), arena_strdup(&arena, "-Xcompiler"),
                    arena_strdup(&arena, word)};
    enum nvc_status st = command_parse(&arena, 5, argv, &command);

    if (st == NVC_OK)
        st = command_classify(&arena, &command);
    arena_fini(&arena);
    return st;
}

static void
families_without_side_effects_are_allowed(void **state)
{
    static const char *const words[] = {
        "-fPIC",
        "-fvisibility=hidden",
        "-fno-strict-aliasing",
        "-fopenmp",
        "-fdiagnostics-color=always",
        "-ffile-prefix-map=/a/b=.",
        "-fsanitize=address",
        "-Wall",
        "-Wno-unused-parameter",
        "-Werror=return-type",
        "-Wl\\,-z\\,relro",
        "-Wl\\,--version-script=/a/b.map",
        "-Wp\\,-D_FORTIFY_SOURCE=2",
        "-Wa\\,--noexecstack",
        "-march=x86-64-v3",
        "-mtune=generic",
        "-mavx2",
        "-m64",
        "-O3",
        "-Ofast",
        "-std=gnu++17",
        "-pthread",
        "-pipe",
        "-ansi",
        "-pedantic-errors",
        "-w",
        "-g1",
        "-static-libgcc",
        "-shared",
        "-rdynamic",
        "-DA=b/c",
        "-UA",
        "-I/usr/x",
        "-isystem /usr/x",
        "-include x.h",
        "--param inline-unit-growth=9",
        "--param=ssp-buffer-size=4",
        "-L/usr/lib",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_line(status_of(words[i]) == NVC_OK, words[i]);
}

static void
words_with_side_effects_or_unknown_ones_are_refused(void **state)
{
    static const char *const words[] = {
        "-save-temps",
        "-save-temps=obj",
        "-MD",
        "-MMD",
        "-MF",
        "-M",
        "--coverage",
        "-fprofile-arcs",
        "-fprofile-use=/x",
        "-ftest-coverage",
        "-fstack-usage",
        "-gsplit-dwarf",
        "-fdump-tree-all",
        "-fplugin=x",
        "-ftime-trace",
        "-ftime-report",
        "-fstats",
        "-fsyntax-only",
        "-fmodules-ts",
        "-fopt-info-vec=x",
        "-fdiagnostics-format=sarif-file",
        "-fsanitize-blacklist=x",
        "-frecord-gcc-switches",
        "-finput-charset=ISO-2022-JP",
        "-fsome-new-thing=/etc/x",
        "@file",
        "-specs=x",
        "-wrapper",
        "-B/x",
        "-no-integrated-cpp",
        "-o",
        "-ofoo",
        "-E",
        "-S",
        "-c",
        "-xc",
        "-mcpu=native",
        "-mllvm",
        "-Xclang",
        "-nostdinc",
        "--sysroot=/x",
        "-isysroot",
        "-stdlib=libc++",
        "-Wp\\,-MD\\,x.d",
        "-Wp\\,-DX\\,-MD\\,x",
        "-Wa\\,-al=x",
        "-Wa\\,--noexecstack\\,-al=x",
        "-include-pch",
        "-I=/x",
        "-I-",
        "-I",
        "''",
        "a.o",
        "/x/a.o",
        "-",
        "--",
        "-H",
        "-gfoo",
        "-T",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_line(status_of(words[i]) == NVC_BYPASS_HOST_OPTION, words[i]);
}

static void
native_words_are_noted(void **state)
{
    struct parsed parsed;

    (void)state;
    fixture_parse(&parsed, "nvcc -c a.cu -Xcompiler '-fPIC -mtune=native'");
    assert_int_equal(parsed.status, NVC_OK);
    assert_string_equal(parsed.command.native_host, "-mtune=native");
    fixture_done(&parsed);
    fixture_parse(&parsed, "nvcc -c a.cu -Xcompiler -march=nativeish");
    assert_int_equal(parsed.status, NVC_OK);
    assert_null(parsed.command.native_host);
    fixture_done(&parsed);
}

static void
refused_word_is_the_culprit(void **state)
{
    struct parsed parsed;

    (void)state;
    fixture_parse(&parsed, "nvcc -c a.cu -Xcompiler '-fPIC -mcpu=native'");
    assert_int_equal(parsed.status, NVC_BYPASS_HOST_OPTION);
    assert_string_equal(parsed.command.culprit, "-mcpu=native");
    fixture_done(&parsed);
}

/* As nvcc writes them: behind -Xcompiler first, then the forwarded ones. */
static void
words_come_in_the_order_the_host_compiler_gets_them(void **state)
{
    static const char *const expected[] = {"-fa", "-I", "-fb", "-Wc", "-Wd"};
    struct parsed parsed;
    struct host_word *words;
    size_t n = 0;
    const char *culprit;

    (void)state;
    fixture_parse(&parsed, "nvcc -c a.cu -Wc -Xcompiler -fa,-I -forward-unknown-opts "
                           "--compiler-options='dir -fb' -Wd");
    assert_int_equal(parsed.status, NVC_OK);
    assert_int_equal(host_words(&parsed.arena, &parsed.command, &words, &n, &culprit),
                     NVC_OK);
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(words[i].word, expected[i]);
    assert_string_equal(words[1].value, "dir");
    fixture_done(&parsed);
}

int
test_hostopts(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_without_side_effects_are_allowed),
        cmocka_unit_test(words_with_side_effects_or_unknown_ones_are_refused),
        cmocka_unit_test(native_words_are_noted),
        cmocka_unit_test(refused_word_is_the_culprit),
        cmocka_unit_test(words_come_in_the_order_the_host_compiler_gets_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
