/* Roots: what may be elsewhere in the next build, and how paths are written and found
 * again. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/strlist.h"
#include "nvcache/cache/config.h"
#include "nvcache/cache/roots.h"
#include "nvcache/nvcc/command.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int test_roots(void);

struct fixture {
    struct arena arena;
    struct config config;
    struct nvcc_command command;
    struct roots roots;
};

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    strlist_init(&f->config.base_dirs, &f->arena);
    strlist_init(&f->config.ephemeral, &f->arena);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    arena_fini(&f->arena);
    free(f);
    return 0;
}

/* The roots of `nvcc WORDS...` in `cwd`. */
static void
make(struct fixture *f, const char *cwd, const char *words)
{
    struct strlist argv;
    char *rest = arena_strdup(&f->arena, words);

    strlist_init(&argv, &f->arena);
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        strlist_add(&argv, word);
    assert_int_equal(command_parse(&f->arena, (int)argv.n, argv.v, &f->command), NVC_OK);
    assert_int_equal(command_classify(&f->arena, &f->command), NVC_OK);
    roots_init(&f->arena, &f->config, cwd, "/opt/cuda/bin/..", &f->command, &f->roots);
}

static const char *
key_text(struct fixture *f, const char *path)
{
    return roots_key_text(&f->roots, &f->arena, path);
}

static void
assert_place(struct fixture *f, const char *path, unsigned kind, const char *rest)
{
    const struct place place = roots_place(&f->roots, path);

    assert_int_equal(place.kind, kind);
    assert_string_equal(place.rest, rest);
    assert_string_equal(roots_path(&f->roots, &f->arena, &place), path);
}

static void
temporary_build_directories_are_recognised(void **state)
{
    static const struct {
        const char *path;
        const char *prefix;
    } table[] = {
        {"/tmp/pip-build-env-x1_y/overlay/lib/torch", "/tmp/pip-build-env-x1_y"},
        {"/tmp/pip-req-build-abc/csrc/a.cu", "/tmp/pip-req-build-abc"},
        {"/tmp/tmp9cnuhpg3.build-temp/_deps", "/tmp/tmp9cnuhpg3.build-temp"},
        {"/var/tmp/tmp_a1b2c3d/x", "/var/tmp/tmp_a1b2c3d"},
        {"/home/u/.cache/uv/builds-v0/.tmpQ2z/lib",
         "/home/u/.cache/uv/builds-v0/.tmpQ2z"},
        {"/home/u/.cache/uv/sdists-v9/.tmpAb/x", "/home/u/.cache/uv/sdists-v9/.tmpAb"},
        {"/tmp/.tmpYy/sdists-v11/.tmp23/x-1.0/x.cu", "/tmp/.tmpYy/sdists-v11/.tmp23"},
        {"/tmp/pip-install-lf/x_32444bc6a2a441419805c4d632d312ca/x.cu",
         "/tmp/pip-install-lf/x_32444bc6a2a441419805c4d632d312ca"},
        {"/tmp/pip-install-lf/x/x.cu", "/tmp/pip-install-lf"},
        {"/tmp/pip-wheel-kh/x_d37f353e86a34af4bb7d37ccee6ab33f/x.cu",
         "/tmp/pip-wheel-kh/x_d37f353e86a34af4bb7d37ccee6ab33f"},
        {"/c/sdists-v11/pypi/x/1.0/VmFB-h9eky3sjxeb/src/x.cu",
         "/c/sdists-v11/pypi/x/1.0/VmFB-h9eky3sjxeb/src"},
        {"/c/sdists-v11/index/f63967a001fc9157/x/1.0/-hS9tKDCadIqFDlI/src/x.cu",
         "/c/sdists-v11/index/f63967a001fc9157/x/1.0/-hS9tKDCadIqFDlI/src"},
        {"/c/sdists-v11/path/9c42f01b689bc922/ZpgslXO6U65EtzQ5/src/x.cu",
         "/c/sdists-v11/path/9c42f01b689bc922/ZpgslXO6U65EtzQ5/src"},
        {"/c/sdists-v11/url/9c42f01b689bc922/ZpgslXO6U65EtzQ5/src/x.cu",
         "/c/sdists-v11/url/9c42f01b689bc922/ZpgslXO6U65EtzQ5/src"},
        {"/tmp/.tmpmz/git-v2/checkouts/3c7600745ebd70c2/405c481/x.cu",
         "/tmp/.tmpmz/git-v2/checkouts/3c7600745ebd70c2/405c481"},
        {"/home/u/x/.mesonpy-27pg060o/x.o", "/home/u/x/.mesonpy-27pg060o"},
        {"/tmp/build-via-sdist-o7/x-1.0/x.cu", "/tmp/build-via-sdist-o7"},
        {"/tmp/pdm-build-env-0a-shared/lib/x.h", "/tmp/pdm-build-env-0a-shared"},
        {"/tmp/pdm-build-0a/x-1.0/x.cu", "/tmp/pdm-build-0a"},
        {"/tmp/build-env-yv/lib", "/tmp/build-env-yv"},
        {"/tmp/pip-ephem-wheel-cache-5c/x", "/tmp/pip-ephem-wheel-cache-5c"},
        {"/tmp/pip-modern-metadata-m/x", "/tmp/pip-modern-metadata-m"},
        {"/tmp/tmp9cnuhpg3.build-lib/x", "/tmp/tmp9cnuhpg3.build-lib"},
        {"/tmp/pip-req-build-abc/deep/tmp_a1b2c3d/x",
         "/tmp/pip-req-build-abc/deep/tmp_a1b2c3d"},
        {"/tmp/tmp-of-mine/x.build-temp/x", ""},
        {"/home/u/sdists/pypi/x/1.0/r/x", ""},
        {"/home/u/project/csrc", ""},
        {"/tmp/mine/csrc", ""},
        {"/tmp/template/csrc", ""},
        {"relative/pip-build-env-x", ""},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_int_equal(roots_ephemeral_len(&f->arena, table[i].path, NULL),
                         strlen(table[i].prefix));
}

static void
users_patterns_name_whole_directories(void **state)
{
    char pattern[] = "/scratch/job-*";
    char *patterns[] = {pattern, NULL};
    struct fixture *f = *state;

    assert_int_equal(roots_ephemeral_len(&f->arena, "/scratch/job-12/src/a.cu", patterns),
                     strlen("/scratch/job-12"));
    assert_int_equal(roots_ephemeral_len(&f->arena, "/scratch/x/job-12", patterns), 0);
}

static void
places_are_below_the_longest_root_and_resolve_to_the_same_path(void **state)
{
    struct fixture *f = *state;

    make(f, "/home/u/build",
         "nvcc -c -I/home/u/inc -I/home/u/inc/deep /home/u/a.cu -o a.o");
    assert_place(f, "/home/u/inc/x.h", ROOT_INCLUDE, "x.h");
    assert_place(f, "/home/u/inc/deep/y.h", ROOT_INCLUDE, "y.h");
    assert_int_equal(roots_place(&f->roots, "/home/u/inc/deep/y.h").index, 1);
    assert_place(f, "/home/u/include/x.h", ROOT_NONE, "/home/u/include/x.h");
    assert_place(f, "/home/u/build/gen.h", ROOT_CWD, "gen.h");
    assert_place(f, "/opt/cuda/bin/../include/c.h", ROOT_TOOLKIT, "include/c.h");
    assert_place(f, "relative.h", ROOT_NONE, "relative.h");
}

static void
the_same_build_in_another_temporary_directory_has_the_same_key_texts(void **state)
{
    static const char *const builds[][2] = {
        {"/tmp/tmpaaaaaaaa.build-temp", "/tmp/pip-build-env-1"},
        {"/tmp/tmpbbbbbbbb.build-temp", "/tmp/pip-build-env-2"},
    };
    struct fixture *f = *state;
    const char *include[2];
    const char *output[2];

    for (int i = 0; i < 2; i++) {
        const char *dir = arena_printf(&f->arena, "%s/lib/torch", builds[i][1]);

        make(f, builds[i][0],
             arena_printf(&f->arena, "nvcc -c -isystem %s /home/u/a.cu -o a.o", dir));
        include[i] = key_text(f, dir);
        output[i] = roots_identity_text(&f->roots, &f->arena, "a.o");
    }
    assert_string_equal(include[0], include[1]);
    assert_string_equal(output[0], output[1]);
    assert_string_not_equal(include[0], output[0]);
}

static void
sources_in_different_directories_stay_different(void **state)
{
    struct fixture *f = *state;
    const char *a;
    const char *b;

    make(f, "/home/u/one", "nvcc -c k.cu -o k.o");
    a = roots_identity_text(&f->roots, &f->arena, "k.cu");
    make(f, "/home/u/two", "nvcc -c k.cu -o k.o");
    b = roots_identity_text(&f->roots, &f->arena, "k.cu");
    assert_string_not_equal(a, b);
}

static void
base_directories_make_checkouts_equal(void **state)
{
    struct fixture *f = *state;
    const char *a;

    strlist_add_copy(&f->config.base_dirs, "/home/u/one");
    make(f, "/home/u/one/build", "nvcc -c /home/u/one/k.cu -o k.o");
    a = roots_identity_text(&f->roots, &f->arena, "/home/u/one/k.cu");
    f->config.base_dirs.n = 0;
    strlist_add_copy(&f->config.base_dirs, "/home/v/two");
    make(f, "/home/v/two/build", "nvcc -c /home/v/two/k.cu -o k.o");
    assert_string_equal(a, roots_identity_text(&f->roots, &f->arena, "/home/v/two/k.cu"));
}

static void
include_directories_count_by_position_only(void **state)
{
    struct fixture *f = *state;
    const char *a;

    make(f, "/b", "nvcc -c -I/x/one -I/x/two /s/k.cu -o k.o");
    a = key_text(f, "/x/two");
    make(f, "/b", "nvcc -c -I/y/uno -I/y/due /s/k.cu -o k.o");
    assert_string_equal(a, key_text(f, "/y/due"));
    assert_string_not_equal(a, key_text(f, "/y/uno"));
    assert_string_equal(key_text(f, "inc"), "inc");
    assert_string_equal(key_text(f, "/y/due"), "%3.1");
    assert_string_not_equal(key_text(f, "%3.1"), "%3.1");
}

static void
only_temporary_names_may_show_in_a_result(void **state)
{
    struct fixture *f = *state;

    make(f, "/home/u/b",
         "nvcc -c -I/home/u/inc -I/tmp/pip-build-env-1/inc /s/k.cu -o k.o");
    roots_add_real(&f->roots);
    assert_false(roots_find(&f->roots, ROOT_INCLUDE, 0)->is_free);
    assert_true(roots_may_show(&f->roots, "/opt/cuda/bin/../include/crt/x.h"));
    assert_false(roots_may_show(&f->roots, "/opt/cuda/bin/../share/mine.h"));
    assert_false(roots_may_show(&f->roots, "/home/u/inc/x.h"));
    assert_true(roots_find(&f->roots, ROOT_INCLUDE, 1)->is_free);
    assert_false(roots_find(&f->roots, ROOT_CWD, 0)->is_free);
    f->config.strict_paths = true;
    make(f, "/home/u/b",
         "nvcc -c -I/home/u/inc -I/tmp/pip-build-env-1/inc /s/k.cu -o k.o");
    roots_add_real(&f->roots);
    assert_false(roots_find(&f->roots, ROOT_INCLUDE, 1)->is_free);
    assert_false(roots_may_show(&f->roots, "/opt/cuda/bin/../include/crt/x.h"));
}

static void
how_a_path_is_written_is_in_its_key_text(void **state)
{
    struct fixture *f = *state;

    make(f, "/b", "nvcc -c -I/x/one/ -I/tmp/pip-build-env-1/./inc /s/k.cu -o k.o");
    assert_string_equal(key_text(f, "/x/one"), "%3.0");
    assert_string_equal(key_text(f, "/x/one/"), "%3.0/");
    assert_string_equal(key_text(f, "/x//one"), "/x//one");
    assert_string_equal(key_text(f, "/tmp/pip-build-env-1/./inc"), "%5.0/./inc");
    assert_string_equal(key_text(f, "/tmp//pip-build-env-1/inc"),
                        "/tmp//pip-build-env-1/inc");
}

static void
base_directories_are_numbered_as_the_command_mentions_them(void **state)
{
    struct fixture *f = *state;

    strlist_add_copy(&f->config.base_dirs, "/home/u/one");
    strlist_add_copy(&f->config.base_dirs, "/home/*/two");
    make(f, "/home/v/two/build", "nvcc -c /home/v/two/k.cu -o k.o");
    assert_string_equal(roots_find(&f->roots, ROOT_BASE, 0)->path, "/home/v/two");
    assert_null(roots_find(&f->roots, ROOT_BASE, 1));
    make(f, "/home/u/one", "nvcc -c /home/w/two/k.cu -o k.o");
    assert_string_equal(roots_find(&f->roots, ROOT_BASE, 0)->path, "/home/u/one");
    assert_string_equal(roots_find(&f->roots, ROOT_BASE, 1)->path, "/home/w/two");
    make(f, "/home/u/onetwo", "nvcc -c /home/x/y/two/k.cu -o k.o");
    assert_null(roots_find(&f->roots, ROOT_BASE, 0));
}

/* A link to a directory of another name. */
static void
what_is_named_by_its_real_path_is_found_below_its_root(void **state)
{
    char dir[] = "/tmp/nvcache-roots.XXXXXX";
    struct fixture *f = *state;
    const char *link;
    const char *header;

    assert_non_null(mkdtemp(dir));
    link = arena_printf(&f->arena, "%s/link", dir);
    header = arena_printf(&f->arena, "%s/real/x.h", dir);
    assert_int_equal(mkdir(arena_printf(&f->arena, "%s/real", dir), 0700), 0);
    assert_int_equal(symlink("real", link), 0);
    make(f, "/b", arena_printf(&f->arena, "nvcc -c -isystem %s /s/k.cu -o k.o", link));
    assert_place(f, header, ROOT_NONE, header);
    roots_add_real(&f->roots);
    assert_place(f, header, ROOT_INCLUDE | ROOT_REAL, "x.h");
    assert_place(f, arena_printf(&f->arena, "%s/x.h", link), ROOT_INCLUDE, "x.h");
    fs_remove_tree(dir);
}

int
test_roots(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(temporary_build_directories_are_recognised),
        TEST(users_patterns_name_whole_directories),
        TEST(places_are_below_the_longest_root_and_resolve_to_the_same_path),
        TEST(the_same_build_in_another_temporary_directory_has_the_same_key_texts),
        TEST(sources_in_different_directories_stay_different),
        TEST(base_directories_make_checkouts_equal),
        TEST(how_a_path_is_written_is_in_its_key_text),
        TEST(base_directories_are_numbered_as_the_command_mentions_them),
        TEST(what_is_named_by_its_real_path_is_found_below_its_root),
        TEST(include_directories_count_by_position_only),
        TEST(only_temporary_names_may_show_in_a_result),
    };

    return cmocka_run_group_tests_name("roots", tests, NULL, NULL);
}
