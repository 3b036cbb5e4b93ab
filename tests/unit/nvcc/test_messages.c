/* Where compilers' messages name files. */

#include "nvcache/nvcc/messages.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

int test_messages(void);

/* Of each path, `^` stands before it, in place of a character that is not there. */
static bool
names_file(const char *text)
{
    char plain[512] = "";
    const char *mark = strchr(text, '^');
    const size_t at = (size_t)(mark - text);

    memcpy(plain, text, at);
    strcpy(plain + at, mark + 1);
    return message_names_file(plain, strlen(plain), at);
}

static void
compilers_name_files_where_lines_begin(void **state)
{
    (void)state;
    assert_true(names_file("^/d/a.cu:1:2: warning: x"));
    assert_true(names_file("other line\n^/d/a.cu(3): error: x"));
    assert_true(names_file("In file included from ^/d/x.h:3,\n"));
    assert_true(names_file("a\n                 from ^/d/a.cu:4:\n"));
    assert_true(names_file("\033[01m\033[K^/d/a.cu:1:2:\033[m\033[K"));
    assert_true(names_file("In file included from \033[01m\033[K^/d/x.h:3"));
}

static void
cudafe_names_files_behind_instantiations(void **state)
{
    (void)state;
    assert_true(
        names_file("            instantiation of \"f()\" at line 22 of ^/d/u.h\n"));
    assert_true(names_file("          detected during f at line 1 of ^/d/u.h"));
    assert_false(names_file("  int q; // at line 22 of ^/d/u.h"));
    assert_false(names_file("          1 | int q; // at line 22 of ^/d/u.h"));
    assert_false(names_file("            | int q; // at line 22 of ^/d/u.h"));
    assert_false(names_file("            instantiation of f at line of ^/d/u.h"));
    assert_false(names_file("            instantiation of f in line 3 of ^/d/u.h"));
    assert_false(names_file("            instantiation of ^/d/u.h"));
}

static void
what_a_source_says_is_no_name(void **state)
{
    (void)state;
    assert_false(names_file("a.cu:1:2: warning: #warning see ^/d/readme"));
    assert_false(names_file("    1 | int q; // from ^/d/gen"));
    assert_false(names_file("  #pragma message \"^/d\""));
    assert_false(names_file("  ^/d/x"));
    assert_false(names_file("from ^/d/x"));
    assert_false(names_file("In file included ^/d/x"));
    assert_false(names_file("\033[01m ^/d/x"));
    assert_false(message_names_file("", 0, 0));
}

int
test_messages(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compilers_name_files_where_lines_begin),
        cmocka_unit_test(cudafe_names_files_behind_instantiations),
        cmocka_unit_test(what_a_source_says_is_no_name),
    };

    return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
