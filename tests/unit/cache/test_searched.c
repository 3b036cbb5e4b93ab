/* What the host compiler sees of the directories in which headers are searched. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/strlist.h"
#include "searched_priv.h"
#include "session_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int test_searched(void);

static char top[] = "/tmp/nvcache-searched-XXXXXX";
static struct arena arena;

static int
set_up(void **state)
{
    (void)state;
    unsetenv("CPATH");
    unsetenv("CPLUS_INCLUDE_PATH");
    assert_non_null(mkdtemp(top));
    assert_int_equal(chdir(top), 0);
    assert_int_equal(system("mkdir one two && ln -s one link && echo >file"), 0);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    assert_int_equal(chdir("/"), 0);
    fs_remove_tree(top);
    arena_fini(&arena);
    return 0;
}

/* With `system` as a directory of the host compiler's. */
static struct searched
look(const char *words, const char *system)
{
    struct session session = {.arena = &arena};
    struct command_item *items;
    struct searched out;
    struct strlist argv;
    char *rest = arena_strdup(&arena, words);
    size_t n;

    strlist_init(&argv, &arena);
    strlist_init(&session.layout.normal, &arena);
    strlist_init(&session.layout.system, &arena);
    strlist_add_copy(&session.layout.system, system);
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        strlist_add(&argv, word);
    assert_int_equal(command_parse(&arena, (int)argv.n, argv.v, &session.command),
                     NVC_OK);
    assert_int_equal(command_classify(&arena, &session.command), NVC_OK);
    n = command_items(&arena, &session.command, &items);
    searched_look(&session, items, n, &out);
    return out;
}

static void
assert_says(const struct strlist *list, const char *text)
{
    assert_int_equal(list->n, 1);
    assert_string_equal(list->v[0], text);
}

static void
directories_of_their_own_are_nothing_to_speak_of(void **state)
{
    const struct searched searched = look("nvcc -c -Ione -Itwo k.cu", ".");

    (void)state;
    assert_int_equal(searched.same.n, 0);
    assert_int_equal(searched.faults.n, 0);
}

static void
a_directory_by_another_name_is_the_first_one(void **state)
{
    const struct searched given = look("nvcc -c -Itwo -Ione -Ilink k.cu", ".");
    const struct searched of_host = look("nvcc -c -Itwo -Ilink k.cu", "one");

    (void)state;
    assert_says(&given.same, "1 2");
    assert_says(&of_host.same, "1 2");
    assert_int_equal(given.faults.n, 0);
}

static void
a_file_is_a_fault_where_the_command_gives_it(void **state)
{
    const struct searched given = look("nvcc -c -Ione -Ifile k.cu", ".");
    const struct searched of_host = look("nvcc -c -Ione k.cu", "file");

    (void)state;
    assert_says(&given.faults, "1 -1");
    assert_int_equal(of_host.faults.n, 0);
}

static void
a_missing_directory_is_a_fault_where_the_compiler_is_to_warn(void **state)
{
    const struct searched silent = look("nvcc -c -Inone -Ianother k.cu", ".");
    const struct searched warned =
        look("nvcc -c -Xcompiler -Wmissing-include-dirs -Inone k.cu", ".");

    (void)state;
    assert_int_equal(silent.faults.n, 0);
    assert_int_equal(silent.same.n, 0);
    assert_says(&warned.faults, "0 2");
}

int
test_searched(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_of_their_own_are_nothing_to_speak_of),
        cmocka_unit_test(a_directory_by_another_name_is_the_first_one),
        cmocka_unit_test(a_file_is_a_fault_where_the_command_gives_it),
        cmocka_unit_test(a_missing_directory_is_a_fault_where_the_compiler_is_to_warn),
    };

    return cmocka_run_group_tests_name("searched", tests, set_up, tear_down);
}
