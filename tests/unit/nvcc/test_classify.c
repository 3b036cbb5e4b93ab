/* What may be cached, what may not and why, and the names of what comes out. */

#include "nvcc_fixture.h"

int test_classify(void);

struct verdict {
    const char *line;
    enum nvc_status status;
    const char *culprit; /* NULL: none */
};

static void
check_verdicts(const struct verdict *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct parsed parsed;

        fixture_parse(&parsed, rows[i].line);
        if (parsed.status != rows[i].status)
            fail_msg("%s: %s (%s)", rows[i].line, status_word(parsed.status),
                     parsed.command.culprit);
        if (rows[i].culprit == NULL)
            assert_line(parsed.command.culprit == NULL, rows[i].line);
        else
            assert_string_equal(parsed.command.culprit, rows[i].culprit);
        fixture_done(&parsed);
    }
}

#define CHECK(rows) check_verdicts(rows, sizeof(rows) / sizeof(rows[0]))

static void
only_one_compile_of_one_source_is_cached(void **state)
{
    static const struct verdict rows[] = {
        {"nvcc -c a.cu", NVC_OK, NULL},
        {"nvcc -c -c a.cu", NVC_OK, NULL},
        {"nvcc --device-w a.cu", NVC_OK, NULL},
        {"nvcc -ptx -c a.cu", NVC_OK, NULL},
        {"nvcc a.cu", NVC_BYPASS_LINK, "--link"},
        {"nvcc a.o -o a", NVC_BYPASS_LINK, "--link"},
        {"nvcc", NVC_BYPASS_NO_SOURCE, NULL},
        {"nvcc -c", NVC_BYPASS_NO_SOURCE, NULL},
        {"nvcc -c a.cu b.cu", NVC_BYPASS_SOURCES, "b.cu"},
        {"nvcc -c a.cu a.cu", NVC_BYPASS_SOURCES, "a.cu"},
        {"nvcc -c a.cu libx.a", NVC_BYPASS_SOURCES, "libx.a"},
        {"nvcc -c -x cu -", NVC_BYPASS_STDIN, "-"},
        {"nvcc -c x.o", NVC_BYPASS_LANGUAGE, "x.o"},
        {"nvcc -dc -dw a.cu", NVC_BYPASS_USAGE, "--device-w"},
        {"nvcc -ptx -cubin a.cu", NVC_BYPASS_OPTION, "--cubin"},
        {"nvcc -dlink a.o -o b.o", NVC_BYPASS_DLINK, "--device-link"},
        {"nvcc -lib a.o -o b.a", NVC_BYPASS_LINK, "--lib"},
        {"nvcc -c -link a.cu", NVC_BYPASS_LINK, "--link"},
        {"nvcc -r a.o b.o -o c.o", NVC_BYPASS_LINK, "--relocatable-link"},
    };

    (void)state;
    CHECK(rows);
}

static void
options_that_cannot_be_cached_are_named(void **state)
{
    static const struct verdict rows[] = {
        {"nvcc --version", NVC_BYPASS_QUERY, "--version"},
        {"nvcc -V", NVC_BYPASS_QUERY, "--version"},
        {"nvcc -h", NVC_BYPASS_QUERY, "--help"},
        {"nvcc -code-ls", NVC_BYPASS_QUERY, "--list-gpu-code"},
        {"nvcc -E a.cu", NVC_BYPASS_PREPROCESS, "--preprocess"},
        {"nvcc -c -E a.cu", NVC_BYPASS_PREPROCESS, "--preprocess"},
        {"nvcc -MM -dc a.cu", NVC_BYPASS_DEPENDENCIES,
         "--generate-nonsystem-dependencies"},
        {"nvcc -M a.cu", NVC_BYPASS_DEPENDENCIES, "--generate-dependencies"},
        {"nvcc -c --dryrun a.cu", NVC_BYPASS_DRYRUN, "--dryrun"},
        {"nvcc -c -v a.cu", NVC_BYPASS_VERBOSE, "--verbose"},
        {"nvcc -c -Xcompiler=-v a.cu", NVC_BYPASS_VERBOSE, "-v"},
        {"nvcc -c -Xcompiler '-fPIC -###' a.cu", NVC_BYPASS_VERBOSE, "-###"},
        {"nvcc -c --keep a.cu", NVC_BYPASS_KEEP, "--keep"},
        {"nvcc -c -save-temps a.cu", NVC_BYPASS_KEEP, "--save-temps"},
        {"nvcc -c -keep-dir k a.cu", NVC_BYPASS_KEEP, "--keep-dir"},
        {"nvcc -c -time t.csv a.cu", NVC_BYPASS_TIMES, "--time"},
        {"nvcc -c -fdevice-time-trace=- a.cu", NVC_BYPASS_TIMES, "--fdevice-time-trace"},
        {"nvcc -c --run a.cu", NVC_BYPASS_OPTION, "--run"},
        {"nvcc -cuda a.cu", NVC_BYPASS_HOST_SOURCE, "--cuda"},
        {"nvcc -c -clean a.cu", NVC_BYPASS_OPTION, "--clean-targets"},
        {"nvcc -c -noprof a.cu", NVC_BYPASS_TOOLKIT_PARTS, "--dont-use-profile"},
        {"nvcc -c -ldir x a.cu", NVC_BYPASS_TOOLKIT_PARTS, "--libdevice-directory"},
        {"nvcc -c -target-dir aarch64-linux a.cu", NVC_BYPASS_TOOLKIT_PARTS,
         "--target-directory"},
        {"nvcc -c --apply-controls f a.cu", NVC_BYPASS_OPTION, "--apply-controls"},
        {"nvcc -c -stdlib=libc++ a.cu", NVC_BYPASS_OPTION, "--stdlib"},
    };

    (void)state;
    CHECK(rows);
}

static void
language_is_from_x_or_the_suffix(void **state)
{
    static const struct verdict rows[] = {
        {"nvcc -c a.C", NVC_BYPASS_LANGUAGE, "a.C"},
        {"nvcc -c a.CU", NVC_BYPASS_LANGUAGE, "a.CU"},
        {"nvcc -c a", NVC_BYPASS_LANGUAGE, "a"},
        {"nvcc -c a.ptx", NVC_BYPASS_LANGUAGE, "a.ptx"},
        {"nvcc -cubin a.ptx", NVC_BYPASS_LANGUAGE, "a.ptx"},
        {"nvcc -c a.ii", NVC_BYPASS_LANGUAGE, "a.ii"},
        {"nvcc -c a.s", NVC_BYPASS_LANGUAGE, "a.s"},
        {"nvcc -c a.cu.gpu", NVC_BYPASS_LANGUAGE, "a.cu.gpu"},
        {"nvcc -c @args", NVC_BYPASS_LANGUAGE, "@args"},
        {"nvcc -c ''", NVC_BYPASS_LANGUAGE, ""},
        {"nvcc -ptx a.cpp", NVC_BYPASS_LANGUAGE, "a.cpp"},
        {"nvcc -c -x f77 a.f", NVC_BYPASS_USAGE, "--x"},
    };
    static const struct {
        const char *line;
        const char *language;
    } good[] = {
        {"nvcc -c d.x/a.cu", "cu"},
        {"nvcc -c a.cu.cc", "c++"},
        {"nvcc -c a.cpp", "c++"},
        {"nvcc -c a.cxx", "c++"},
        {"nvcc -c a.c", "c"},
        {"nvcc -c -x cu a", "cu"},
        {"nvcc -c a.cpp -x=cu", "cu"},
        {"nvcc -c a.cu -x c++", "c++"},
        {"nvcc -c -x c -x cu a.q", "cu"},
        {"nvcc -ptx --x cu a.cpp", "cu"},
    };

    (void)state;
    CHECK(rows);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct parsed parsed;

        fixture_parse(&parsed, good[i].line);
        assert_line(parsed.status == NVC_OK, good[i].line);
        assert_string_equal(parsed.command.language, good[i].language);
        fixture_done(&parsed);
    }
}

static void
rules_have_nvccs_targets(void **state)
{
    static const char *const rows[][2] = {
        {"nvcc -c s/a.b.cu -MD", "a.b.o"},
        {"nvcc -c s/a.cu -o x/y -MD", "x/y"},
        {"nvcc -c s/a.cu -o x/y.o -MD -odir d", "d/x/y.o"},
        {"nvcc -c a.cu -o /y.o -MD -odir d/", "d///y.o"},
        {"nvcc -c a.cu -odir d -MMD", "d/a.o"},
        {"nvcc -c a.cu -odir d -MD -MT t", "d/t"},
        {"nvcc -c a.cu -o x.o -MD -MT t", "t"},
        {"nvcc -cubin a.cu -MD", "a.o"},
        {"nvcc -cubin a.cu -MD -o a.cubin", "a.cubin"},
        {"nvcc -fatbin a.cu -MD -odir d -MF x.d", "d/a.o"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parsed parsed;

        fixture_parse(&parsed, rows[i][0]);
        assert_line(parsed.status == NVC_OK, rows[i][0]);
        assert_string_equal(parsed.command.rule_target, rows[i][1]);
        fixture_done(&parsed);
    }
}

static void
outputs_have_nvccs_names(void **state)
{
    static const struct {
        const char *line;
        const char *output;
        const char *depfile;
    } rows[] = {
        {"nvcc -c s/a.b.cu", "a.b.o", NULL},
        {"nvcc -dc s/a.b.cu -MD", "a.b.o", "a.b.d"},
        {"nvcc -c s/a.b.cu -odir d -MMD", "d/a.b.o", "d/a.b.d"},
        {"nvcc -c a.cu -odir d/ -MD", "d/a.o", "d/a.d"},
        {"nvcc -c a.cu -odir / -MD", "/a.o", "/a.d"},
        {"nvcc -c a.cu -odir d -o y.o -MD", "y.o", "y.d"},
        {"nvcc -c a.cu -o x/y.z.o -MD", "x/y.z.o", "x/y.z.d"},
        {"nvcc -c a.cu -o x/y -MD", "x/y", "x/y.d"},
        {"nvcc -c a.cu -o x.d/y -MD", "x.d/y", "x.d/y.d"},
        {"nvcc -c a.cu -o x/.o -MD", "x/.o", "x/.d"},
        {"nvcc -c a.cu -o a. -MD", "a.", "a.d"},
        {"nvcc -c -x cu d/b -MD", "b.o", "b.d"},
        {"nvcc -c -x cu b. -MD", "b.o", "b.d"},
        {"nvcc -c a.cu -MD -MF q,r.d", "a.o", "q,r.d"},
        {"nvcc -c a.cu -o b,c.o", "b,c.o", NULL},
        {"nvcc -ptx s/a.cu -MD", "a.ptx", "a.d"},
        {"nvcc -cubin s/a.cu", "a.cubin", NULL},
        {"nvcc -fatbin s/a.cu", "a.fatbin", NULL},
        {"nvcc -optix-ir s/a.cu", "a.optixir", NULL},
        {"nvcc -dlto --ltoir s/a.cu -odir o", "o/a.ltoir", NULL},
        {"nvcc -ptx a.cu -o q -MD", "q", "q.d"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parsed parsed;

        fixture_parse(&parsed, rows[i].line);
        assert_line(parsed.status == NVC_OK, rows[i].line);
        assert_string_equal(parsed.command.output, rows[i].output);
        if (rows[i].depfile == NULL)
            assert_line(parsed.command.depfile == NULL, rows[i].line);
        else
            assert_string_equal(parsed.command.depfile, rows[i].depfile);
        fixture_done(&parsed);
    }
}

static void
outputs_that_are_no_files_are_refused(void **state)
{
    static const struct verdict rows[] = {
        {"nvcc -c a.cu -o /dev/null", NVC_BYPASS_OUTPUT, "--output-file"},
        {"nvcc -c a.cu -o /dev/shm/a.o", NVC_OK, NULL},
        {"nvcc -c a.cu -o -", NVC_BYPASS_OUTPUT, "--output-file"},
        {"nvcc -c a.cu -o ''", NVC_BYPASS_OUTPUT, "--output-file"},
        {"nvcc -c a.cu -o d/", NVC_BYPASS_OUTPUT, "--output-file"},
        {"nvcc -c a.cu -MD -MF /dev/stdout", NVC_BYPASS_OUTPUT, "--dependency-output"},
        {"nvcc -c a.cu -MD -MF ''", NVC_BYPASS_OUTPUT, "--dependency-output"},
        {"nvcc -c a.cu -MD -MF x -o x", NVC_BYPASS_OUTPUT, "--dependency-output"},
        {"nvcc -c a.cu -o x.d -MD", NVC_BYPASS_OUTPUT, "--dependency-output"},
        {"nvcc -c a.cu -MF x.d", NVC_BYPASS_USAGE, "--dependency-output"},
    };

    (void)state;
    CHECK(rows);
}

static void
what_the_shell_behind_nvcc_would_expand_is_refused(void **state)
{
    static const struct verdict rows[] = {
        {"nvcc -c a.cu -D 'A=$HOME'", NVC_BYPASS_SHELL, "--define-macro"},
        {"nvcc -c a.cu -D 'A=`id`'", NVC_BYPASS_SHELL, "--define-macro"},
        {"nvcc -c a.cu -I '$HOME'", NVC_BYPASS_SHELL, "--include-path"},
        {"nvcc -c a.cu -isystem \"a'b\"", NVC_BYPASS_SHELL, "--system-include"},
        {"nvcc -c a.cu -I 'a\\b'", NVC_BYPASS_SHELL, "--include-path"},
        {"nvcc -c 'a$b.cu'", NVC_BYPASS_SHELL, "a$b.cu"},
        {"nvcc -c a.cu -o 'a$b.o'", NVC_BYPASS_SHELL, "--output-file"},
        {"nvcc -c a.cu -ccbin '$CXX'", NVC_BYPASS_SHELL, "--compiler-bindir"},
        {"nvcc -c a.cu -e 'k;id'", NVC_BYPASS_SHELL, "--entries"},
        {"nvcc -c a.cu -Xcompiler '-DA=$HOME'", NVC_BYPASS_SHELL, "-DA=$HOME"},
        {"nvcc -c a.cu -Xptxas '$X'", NVC_BYPASS_SHELL, "$X"},
        {"nvcc -c a.cu -l '$x' -Xlinker '$ORIGIN'", NVC_OK, NULL},
        {"nvcc -c a.cu -MD -MT '$(OBJ)'", NVC_OK, NULL},
        {"nvcc -c a.cu -D 'A=\"b c\"' -I 'd e'", NVC_OK, NULL},
        {"nvcc -c a.cu -gencode 'arch=compute_80,code=[sm_80]'", NVC_OK, NULL},
    };

    (void)state;
    CHECK(rows);
}

static void
words_for_other_tools_may_not_name_files(void **state)
{
    static const struct verdict rows[] = {
        {"nvcc -c a.cu -Xptxas -v,-O3,-dlcm=cg -Xptxas --warn-on-spills", NVC_OK, NULL},
        {"nvcc -c a.cu -Xptxas '--maxrregcount 32'", NVC_OK, NULL},
        {"nvcc -c a.cu -Xcudafe --diag_suppress=declared_but_not_referenced,--gcc",
         NVC_OK, NULL},
        {"nvcc -c a.cu -Xcudafe '\"--diag_suppress=177 --no_warnings\"'", NVC_OK, NULL},
        {"nvcc -c a.cu -Xfatbin -compress-all", NVC_OK, NULL},
        {"nvcc -c a.cu -Xcicc -O2", NVC_OK, NULL},
        {"nvcc -c a.cu -Xptxas -o,x", NVC_BYPASS_OPTION, "-o"},
        {"nvcc -c a.cu -Xptxas --output-file=x", NVC_BYPASS_OPTION, "--output-file=x"},
        {"nvcc -c a.cu -Xptxas --options-file,x", NVC_BYPASS_OPTION, "--options-file"},
        {"nvcc -c a.cu -Xptxas -link-info=x", NVC_BYPASS_OPTION, "-link-info=x"},
        {"nvcc -c a.cu -Xptxas -compilerStatsFile,x", NVC_BYPASS_OPTION,
         "-compilerStatsFile"},
        {"nvcc -c a.cu -Xptxas --compiler-stats=time", NVC_BYPASS_OPTION,
         "--compiler-stats=time"},
        {"nvcc -c a.cu -Xptxas -jobserver", NVC_BYPASS_OPTION, "-jobserver"},
        {"nvcc -c a.cu -Xptxas x.ptx", NVC_BYPASS_OPTION, "x.ptx"},
        {"nvcc -c a.cu -Xptxas dir/x", NVC_BYPASS_OPTION, "dir/x"},
        {"nvcc -c a.cu -Xcudafe --create_pch=x", NVC_BYPASS_OPTION, "--create_pch=x"},
        {"nvcc -c a.cu -Xcudafe --list=x", NVC_BYPASS_OPTION, "--list=x"},
        {"nvcc -c a.cu -Xcudafe --error_o=x", NVC_BYPASS_OPTION, "--error_o=x"},
        {"nvcc -c a.cu -Xcudafe --xre=x", NVC_BYPASS_OPTION, "--xre=x"},
        {"nvcc -c a.cu -Xcudafe --timing", NVC_BYPASS_OPTION, "--timing"},
        {"nvcc -c a.cu -Xcudafe -L,x", NVC_BYPASS_OPTION, "-L"},
        {"nvcc -c a.cu -Xcudafe -Xx", NVC_BYPASS_OPTION, "-Xx"},
        {"nvcc -c a.cu -Xcicc -L,x", NVC_BYPASS_OPTION, "-L"},
        {"nvcc -c a.cu -Xcicc -wLx-y=1", NVC_BYPASS_OPTION, "-wLx-y=1"},
        {"nvcc -c a.cu -Xcicc --error_o=x", NVC_BYPASS_OPTION, "--error_o=x"},
        {"nvcc -c a.cu -Xcicc -opt-fdiv=0,-ftz=1", NVC_OK, NULL},
        {"nvcc -c a.cu -Xfatbin --compress=false,-compress-mode=size", NVC_OK, NULL},
        {"nvcc -c a.cu -Xfatbin --create=x", NVC_BYPASS_OPTION, "--create=x"},
        {"nvcc -c a.cu -Xfatbin --create=compress", NVC_BYPASS_OPTION,
         "--create=compress"},
        {"nvcc -c a.cu -Xnvasm x", NVC_BYPASS_OPTION, "--nvasm-options"},
    };

    (void)state;
    CHECK(rows);
}

static void
debug_information_is_noted_in_every_spelling(void **state)
{
    static const struct {
        const char *options;
        bool debug;
    } rows[] = {
        {"", false},
        {"-g", true},
        {"-G", true},
        {"-lineinfo", true},
        {"--generate-line-info", true},
        {"-src-in-ptx", true},
        {"-Xcompiler -g", true},
        {"-Xcompiler -ggdb3", true},
        {"-Xcompiler -gdwarf-4", true},
        {"-Xcompiler -g0", false},
        {"-Xcompiler -gz", false},
        {"-Xcompiler -fsanitize=address", true},
        {"-Xcompiler -flto", true},
        {"-Xcompiler -flto=auto", true},
        {"-forward-unknown-opts -g3", true},
        {"-Xptxas -g", true},
        {"-Xptxas --generate-line-info", true},
        {"-gencode arch=compute_80,code=sm_80", false},
        {"-O2 -DNDEBUG", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[256] = "nvcc -c a.cu ";
        struct parsed parsed;

        strcat(line, rows[i].options);
        fixture_parse(&parsed, line);
        assert_line(parsed.status == NVC_OK, line);
        assert_line(parsed.command.debug_info == rows[i].debug, line);
        fixture_done(&parsed);
    }
}

int
test_classify(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_one_compile_of_one_source_is_cached),
        cmocka_unit_test(options_that_cannot_be_cached_are_named),
        cmocka_unit_test(language_is_from_x_or_the_suffix),
        cmocka_unit_test(rules_have_nvccs_targets),
        cmocka_unit_test(outputs_have_nvccs_names),
        cmocka_unit_test(outputs_that_are_no_files_are_refused),
        cmocka_unit_test(what_the_shell_behind_nvcc_would_expand_is_refused),
        cmocka_unit_test(words_for_other_tools_may_not_name_files),
        cmocka_unit_test(debug_information_is_noted_in_every_spelling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
