/* Reading source text, and wrapper scripts. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/nvcc/scan.h"
#include "nvcache/nvcc/wrapper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int test_scan(void);

static void
write_down(enum scan_name_kind kind, const char *name, size_t len, void *arg)
{
    static const char marks[] = {'<', '"', '>', '='};
    struct buf *out = arg;

    if (kind >= SCAN_DEFINE)
        return;
    buf_append_char(out, marks[kind]);
    buf_append(out, name, len);
    buf_append_char(out, ' ');
}

static void
assert_scan(const char *text, unsigned flags, const char *names)
{
    AUTO_BUF got = BUF_INIT;

    assert_int_equal(scan_text(text, strlen(text), write_down, &got), flags);
    assert_string_equal(buf_str(&got), names);
}

static void
names_in_include_directives(void **state)
{
    (void)state;
    assert_scan("#include <a/b.h>\n", 0, "<a/b.h ");
    assert_scan("  #  include \"q.h\" // c\n", 0, "\"q.h ");
    assert_scan("#include_next <n.h>\n", 0, ">n.h ");
    assert_scan("#import <i.h>", 0, "<i.h ");
    assert_scan("/* c */ #include /* d */ <x.h>\n", 0, "<x.h ");
    assert_scan("#inc\\\nlude <x.h>\n", SCAN_HIDDEN, "");
    assert_scan("#include \\\n <x.h>\n", 0, "<x.h ");
    assert_scan("%:include <d.h>\n", 0, "<d.h ");
    assert_scan("#include MACRO\n", SCAN_COMPUTED, "");
    assert_scan("int a; #include <no.h>\n", 0, "");
    assert_scan("\xEF\xBB\xBF#include <x.h>\n", 0, "<x.h ");
    assert_scan("/* one\n two */ #include <x.h>\n", 0, "<x.h ");
    assert_scan("R\"(\n/* \n)\";\n#include <x.h>\n", 0, "<x.h ");
    assert_scan("#include \\ \n <x.h>\n", 0, "<x.h ");
    assert_scan("#inc\\\r\nlude <x.h>\n", SCAN_HIDDEN, "");
    assert_scan("/* *\\\n/\n#include <x.h>\n", SCAN_HIDDEN, "<x.h ");
    assert_scan("#include_next MACRO\n", SCAN_COMPUTED | SCAN_NEXT_COMPUTED, "");
}

static void
pragmas_and_operators_that_read_files(void **state)
{
    (void)state;
    assert_scan("#pragma GCC dependency \"x.y\"\n", SCAN_HIDDEN, "");
    assert_scan("_Pragma(\"GCC  pch_preprocess \\\"x\\\"\")\n", SCAN_HIDDEN, "");
    assert_scan("#pragma GCC visibility push(hidden)\n", 0, "");
    assert_scan("#if __has_embed(\"x\")\n", SCAN_HIDDEN, "");
    assert_scan("#if __has_include_next(<x.h>)\n", SCAN_ASKS | SCAN_NEXT_COMPUTED,
                ">x.h ");
    assert_scan("#define HAS __has_include_next\n", SCAN_NEXT_COMPUTED, "");
}

static void
names_behind_what_ends_no_condition(void **state)
{
    (void)state;
    assert_scan("#if A && \\\r\n __has_include(\"x.h\")\n", SCAN_ASKS, "\"x.h ");
    assert_scan("#if A && \\ \n __has_include(\"x.h\")\n", SCAN_ASKS, "\"x.h ");
    assert_scan("#if A /* a\n b */ && __has_include(\"x.h\")\n", SCAN_ASKS, "\"x.h ");
    assert_scan("#if '\"' && __has_include(\"x.h\")\n", SCAN_ASKS, "\"x.h ");
}

static void
names_that_has_include_may_ask_for(void **state)
{
    (void)state;
    assert_scan("#if __has_include(<a.h>) || __has_include(\"b.h\")\n", SCAN_ASKS,
                "<a.h \"b.h ");
    assert_scan("#elif HAS(<a.h>)\n", SCAN_ASKS, "<a.h ");
    assert_scan("#define H <h.h>\n", 0, "<h.h ");
    assert_scan("#if 1 && \\\n HAS(<late.h>)\n", SCAN_ASKS, "<late.h ");
    assert_scan("#if __has_include(<a.h>) && A > 1\n", SCAN_ASKS, "<a.h ");
    assert_scan("#if defined(A) && A > 1\n", 0, "");
    assert_scan("#error \"text\"\n", 0, "");
}

static void
names_that_macros_stand_for(void **state)
{
    (void)state;
    assert_scan("#define H \"h.h\"\n", 0, "=h.h ");
    assert_scan("#define HAS(x) __has_include(<x.h>)\n", 0, "<x.h ");
}

static void
write_line(enum scan_name_kind kind, const char *text, size_t len, void *arg)
{
    if (kind < SCAN_DEFINE)
        return;
    buf_append_char(arg, kind == SCAN_DEFINE ? '=' : kind == SCAN_CONDITION ? '?' : '!');
    buf_append(arg, text, len);
}

static void
definitions_and_conditions_as_whole_lines(void **state)
{
    static const char text[] =
        "#define A(x) \\\n b(x)\n#if A(1)\n  # elif 1 /* \n */ + 2\n"
        "#ifdef B\n#ifndef C\n#elifdef D\n#endif\n#define E";
    AUTO_BUF got = BUF_INIT;

    (void)state;
    scan_text(text, sizeof(text) - 1, write_line, &got);
    assert_string_equal(buf_str(&got), "= A(x) \\\n b(x)? A(1)? 1 /* \n */ + 2= E");
}

static void
directives_in_disguise(void **state)
{
    (void)state;
    assert_scan("\?\?=include <x.h>\n", SCAN_HIDDEN, "");
    assert_scan("int a\\\nb;\n", SCAN_HIDDEN, "");
    assert_scan("#define A 1 \\\n + 2\n", 0, "");
}

static void
files_for_the_assembler(void **state)
{
    (void)state;
    assert_scan("asm(\".text\\n.include \\\"x.s\\\"\");", SCAN_HIDDEN, "");
    assert_scan("asm(\".include \" NAME);", SCAN_HIDDEN, "");
    assert_scan("asm(\".macro m a\\n.\\\\a\\n.endm\");", SCAN_HIDDEN, "");
    assert_scan("asm(\".irp a,incbin\\n\");", SCAN_HIDDEN, "");
    assert_scan("asm(\".irpc a,x\\n\");", SCAN_HIDDEN, "");
    assert_scan("int n = options.include ;", 0, "");
    assert_scan("int n = options.macro ;", 0, "");
    assert_scan("// see docs/.include or a.include()", 0, "");
}

static void
time_place_and_hidden_inputs(void **state)
{
    (void)state;
    assert_scan("const char *d = __DATE__;", SCAN_TIME, "");
    assert_scan("x(__TIME__)", SCAN_TIME, "");
    assert_scan("x(__TIMESTAMP__)", SCAN_TIMESTAMP, "");
    assert_scan("asm(\".incbin \\\"x\\\"\");", SCAN_HIDDEN, "");
    assert_scan("#embed <x>\n", SCAN_HIDDEN, "");
    assert_scan("___DATE__ __DATE_ _", SCAN_TIME, "");
    assert_scan("__TIM", 0, "");
}

static void
no_text_is_read_past_its_end(void **state)
{
    static const char *const texts[] = {
        "",   "#",  "#include",   "#include <", "#include \"x", "/*", "_",
        "__", "\\", "#define \\", "%"};
    AUTO_BUF got = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        /* an exact heap copy, so that the sanitizer sees one byte too many */
        char *copy = strdup(texts[i]);
        AUTO_BUF exact = BUF_INIT;

        buf_append(&exact, copy, strlen(copy));
        scan_text((const char *)exact.data, exact.len, write_down, &got);
        free(copy);
    }
}

static void
assert_wrapper(const char *text, const char *target)
{
    struct arena arena = ARENA_INIT;
    bool has_words = false;
    const char *got = wrapper_target(&arena, text, &has_words);

    if (target == NULL)
        assert_null(got);
    else
        assert_string_equal(got, target);
    arena_fini(&arena);
}

/* Most of a text is passed over in steps of many characters. */
static void
what_counts_is_found_wherever_it_stands(void **state)
{
    static const struct {
        const char *text;
        unsigned flags;
        const char *names;
    } all[] = {
        {"\n#include <x.h>\n", 0, "<x.h "},
        {"\n%:include <x.h>\n", 0, "<x.h "},
        {" __DATE__ ", SCAN_TIME, ""},
        {" __TIME__ ", SCAN_TIME, ""},
        {" __TIMESTAMP__ ", SCAN_TIMESTAMP, ""},
        {" .incbin ", SCAN_HIDDEN, ""},
        {" .include \"", SCAN_HIDDEN, ""},
        {" .macro ", SCAN_HIDDEN, ""},
        {" .irp ", SCAN_HIDDEN, ""},
        {" .irpc ", SCAN_HIDDEN, ""},
        {" \?\?= ", SCAN_HIDDEN, ""},
        {" \?\?/ ", SCAN_HIDDEN, ""},
        {" in\\\nclude ", SCAN_HIDDEN, ""},
        {" GCC dependency ", SCAN_HIDDEN, ""},
        {" GCC pch_preprocess ", SCAN_HIDDEN, ""},
        {" _ _D .x ? G % GC__F .a ", 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        for (int before = 0; before < 40; before++)
            for (int after = 0; after < 40; after++) {
                char text[128];

                snprintf(text, sizeof(text), "%*s%s%*s", before, "", all[i].text, after,
                         "");
                assert_scan(text, all[i].flags, all[i].names);
                assert_int_equal(scan_takes_files(text, strlen(text)),
                                 all[i].flags == SCAN_HIDDEN && all[i].text[1] == '.');
            }
}

static void
scripts_that_only_run_one_program_are_seen_through(void **state)
{
    (void)state;
    assert_wrapper("#!/bin/sh\nexec /opt/cuda/bin/nvcc \"$@\"\n", "/opt/cuda/bin/nvcc");
    assert_wrapper("#!/usr/bin/env bash\n# why\n\nset -e\n  /x/nvcc  \"$@\"", "/x/nvcc");
    assert_wrapper("#!/bin/bash\nexec \"/x/nvcc\" \"$@\"\n", "/x/nvcc");
}

static void
fixed_words_are_told(void **state)
{
    struct arena arena = ARENA_INIT;
    bool has_words = false;

    (void)state;
    assert_string_equal(wrapper_target(&arena,
                                       "#!/bin/sh\nexec /opt/gcc -B/opt/ -isystem "
                                       "\"/opt/include\" \"$@\"\n",
                                       &has_words),
                        "/opt/gcc");
    assert_true(has_words);
    assert_string_equal(
        wrapper_target(&arena, "#!/bin/sh\n/opt/gcc \"$@\"\n", &has_words), "/opt/gcc");
    assert_false(has_words);
    arena_fini(&arena);
}

static void
any_other_script_is_not_understood(void **state)
{
    (void)state;
    assert_wrapper("#!/bin/sh\nexec /x/nvcc -O$N \"$@\"\n", NULL);
    assert_wrapper("#!/bin/sh\nexec /x/nvcc `x` \"$@\"\n", NULL);
    assert_wrapper("#!/bin/sh\nexec /x/nvcc > /y \"$@\"\n", NULL);
    assert_wrapper("#!/bin/sh\nexec /x/nvcc \"$@\"; true\n", NULL);
    assert_wrapper("#!/bin/sh\nexec /x/nvcc \"$@\" -O3\n", NULL);
    assert_wrapper("#!/bin/sh\nexec /x/nvcc $@\n", NULL);
    assert_wrapper("#!/bin/sh\nexec nvcc \"$@\"\n", NULL);
    assert_wrapper("#!/bin/sh\nexport A=1\nexec /x/nvcc \"$@\"\n", NULL);
    assert_wrapper("#!/bin/sh\nexec /x/$V \"$@\"\n", NULL);
    assert_wrapper("#!/bin/sh\nexec /a \"$@\"\nexec /b \"$@\"\n", NULL);
    assert_wrapper("#!/usr/bin/python3\nexec /x/nvcc \"$@\"\n", NULL);
    assert_wrapper("#!/bin/sh\n", NULL);
    assert_wrapper("", NULL);
}

int
test_scan(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_in_include_directives),
        cmocka_unit_test(pragmas_and_operators_that_read_files),
        cmocka_unit_test(names_behind_what_ends_no_condition),
        cmocka_unit_test(names_that_has_include_may_ask_for),
        cmocka_unit_test(names_that_macros_stand_for),
        cmocka_unit_test(definitions_and_conditions_as_whole_lines),
        cmocka_unit_test(directives_in_disguise),
        cmocka_unit_test(files_for_the_assembler),
        cmocka_unit_test(time_place_and_hidden_inputs),
        cmocka_unit_test(no_text_is_read_past_its_end),
        cmocka_unit_test(what_counts_is_found_wherever_it_stands),
        cmocka_unit_test(scripts_that_only_run_one_program_are_seen_through),
        cmocka_unit_test(fixed_words_are_told),
        cmocka_unit_test(any_other_script_is_not_understood),
    };

    return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
