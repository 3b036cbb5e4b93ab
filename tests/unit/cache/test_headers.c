/* Where headers were looked for in vain. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "headers_priv.h"
#include "listing_priv.h"
#include "names_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/strlist.h"
#include "nvcache/base/tmpfile.h"
#include "nvcache/cache/roots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int test_headers(void);

struct fixture {
    struct arena arena;
    char dir[64];
    struct roots roots; /* none: places are the paths themselves */
    struct search search;
    struct name_set *names;
};

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    snprintf(f->dir, sizeof(f->dir), "/tmp/nvc-headers-XXXXXX");
    *state = f;
    f->roots.arena = &f->arena;
    f->names = names_new(&f->arena);
    return mkdtemp(f->dir) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    fs_remove_tree(f->dir);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

static char *
in_dir(struct fixture *f, const char *name)
{
    return path_join(&f->arena, f->dir, name);
}

static void
put_file(struct fixture *f, const char *name)
{
    char *path = in_dir(f, name);

    assert_int_equal(fs_mkdirs(path_dir(&f->arena, path), 0755), NVC_OK);
    assert_int_equal(tmpfile_write(path, "", 0, 0644), NVC_OK);
}

/* A search path of two directories, "first" and "second". */
static void
finish(struct fixture *f)
{
    f->search.chain = arena_array(&f->arena, 2, sizeof(char *));
    f->search.chain[0] = in_dir(f, "first");
    f->search.chain[1] = in_dir(f, "second");
    f->search.n_chain = 2;
    names_finish(f->names, &f->search);
}

static void
add(struct fixture *f, enum scan_name_kind kind, const char *name)
{
    names_add(f->names, kind, in_dir(f, "src"), name, strlen(name));
}

static struct digest
search_now(struct fixture *f, struct strlist *watched)
{
    struct listings *listings = listings_new(&f->arena);
    struct strlist found;
    struct digest digest;

    strlist_init(watched, &f->arena);
    strlist_init(&found, &f->arena);
    headers_search(&f->arena, &f->roots, listings, &f->search, &digest, watched, &found);
    return digest;
}

static struct digest
found_now(struct fixture *f)
{
    struct strlist watched;

    return search_now(f, &watched);
}

/* Does the answer change when a file appears? */
static bool
notices(struct fixture *f, const char *new_file)
{
    const struct digest before = found_now(f);
    struct digest after;

    put_file(f, new_file);
    after = found_now(f);
    return !digest_equal(&before, &after);
}

static void
a_header_that_appears_earlier_on_the_path_is_noticed(void **state)
{
    struct fixture *f = *state;

    put_file(f, "second/x.h");
    add(f, SCAN_ANGLE, "x.h");
    finish(f);
    assert_false(notices(f, "first/unrelated.h"));
    assert_true(notices(f, "first/x.h"));
}

static void
a_header_behind_the_one_in_use_is_not_noticed_unless_include_next_asks(void **state)
{
    struct fixture *f = *state;

    put_file(f, "first/x.h");
    put_file(f, "first/next.h");
    add(f, SCAN_ANGLE, "x.h");
    add(f, SCAN_NEXT, "next.h");
    finish(f);
    assert_false(notices(f, "second/x.h"));
    assert_true(notices(f, "second/next.h"));
}

static void
what_has_include_asks_for_is_noticed_when_it_comes(void **state)
{
    struct fixture *f = *state;

    add(f, SCAN_ANGLE, "maybe.h");
    finish(f);
    assert_true(notices(f, "second/maybe.h"));
}

static void
names_in_new_subdirectories_are_noticed(void **state)
{
    struct fixture *f = *state;

    put_file(f, "second/a/b/x.h");
    add(f, SCAN_ANGLE, "a/b/x.h");
    add(f, SCAN_ANGLE, "a/b/../c/y.h");
    finish(f);
    assert_false(notices(f, "first/a/other.h"));
    assert_true(notices(f, "first/a/b/x.h"));
    assert_true(notices(f, "second/a/c/y.h"));
}

static void
a_header_that_goes_away_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct digest before;
    struct digest after;

    put_file(f, "first/x.h");
    put_file(f, "second/x.h");
    add(f, SCAN_ANGLE, "x.h");
    finish(f);
    before = found_now(f);
    assert_int_equal(unlink(in_dir(f, "first/x.h")), 0);
    after = found_now(f);
    assert_false(digest_equal(&before, &after));
}

static bool
is_watched(const struct strlist *watched, const char *dir)
{
    return strlist_has(watched, dir);
}

static void
watched_are_all_directories_a_name_could_appear_in(void **state)
{
    struct fixture *f = *state;
    struct strlist watched;

    put_file(f, "second/a/x.h");
    add(f, SCAN_ANGLE, "a/x.h");
    finish(f);
    (void)search_now(f, &watched);
    assert_true(
        is_watched(&watched, in_dir(f, "first"))); /* although it does not exist */
    assert_true(is_watched(&watched, in_dir(f, "second")));
    assert_true(is_watched(&watched, in_dir(f, "second/a")));
    assert_int_equal(watched.n, 3);
}

static void
quoted_names_are_looked_for_beside_the_file_first(void **state)
{
    struct fixture *f = *state;

    put_file(f, "second/q.h");
    add(f, SCAN_QUOTE, "q.h");
    finish(f);
    assert_int_equal(f->search.n_quotes, 1);
    assert_true(notices(f, "src/q.h"));
}

static void
computed_names_are_looked_for_beside_the_files_that_compute(void **state)
{
    struct fixture *f = *state;

    put_file(f, "second/c.h");
    add(f, SCAN_QUOTE, "q.h");
    names_compute_in(f->names, in_dir(f, "src"));
    names_compute_in(f->names, in_dir(f, "other"));
    names_add_beside(f->names, "c.h");
    finish(f);
    assert_int_equal(f->search.n_quotes, 2);
    assert_false(notices(f, "third/c.h"));
    assert_true(notices(f, "src/c.h"));
    assert_true(notices(f, "other/c.h"));
    assert_false(notices(f, "other/q.h"));
}

static void
absolute_names_are_looked_for_where_they_are(void **state)
{
    struct fixture *f = *state;
    char *path = in_dir(f, "abs.h");

    names_add(f->names, SCAN_ANGLE, NULL, path, strlen(path));
    finish(f);
    assert_int_equal(f->search.n_names, 0);
    assert_int_equal(f->search.n_quotes, 1);
    assert_string_equal(f->search.quotes[0].dir, "/");
}

/* As many names as a unit with PyTorch's headers has. */
static void
strangers_are_told_from_names_that_look_alike(void **state)
{
    struct fixture *f = *state;
    struct nameset parts;
    char name[64];
    size_t looking_alike = 0;

    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof(name), "ATen/ops/op%d.h", i);
        names_add(f->names, i % 2 ? SCAN_ANGLE : SCAN_QUOTE, "/src", name, strlen(name));
    }
    finish(f);
    names_parts(&f->arena, &f->search, &parts);
    for (unsigned i = 0; i < 1000000; i++) {
        snprintf(name, sizeof(name), "tmp%07x", i);
        if (!nameset_has(&parts, name, strlen(name)))
            continue;
        looking_alike++;
        assert_false(names_have_part(&f->search, name));
    }
    assert_in_range(looking_alike, 1, 1000000 >> NAMESET_SPARE_BITS);
    assert_true(names_have_part(&f->search, "ops"));
    assert_true(names_have_part(&f->search, "op19998.h"));
    assert_true(names_have_part(&f->search, "op1.h" LISTING_PRECOMPILED));
    assert_false(names_have_part(&f->search, "op1.h2"));
    assert_false(names_have_part(&f->search, "ATen/ops"));
}

int
test_headers(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_header_that_appears_earlier_on_the_path_is_noticed),
        TEST(a_header_behind_the_one_in_use_is_not_noticed_unless_include_next_asks),
        TEST(what_has_include_asks_for_is_noticed_when_it_comes),
        TEST(names_in_new_subdirectories_are_noticed),
        TEST(a_header_that_goes_away_is_noticed),
        TEST(watched_are_all_directories_a_name_could_appear_in),
        TEST(quoted_names_are_looked_for_beside_the_file_first),
        TEST(computed_names_are_looked_for_beside_the_files_that_compute),
        TEST(absolute_names_are_looked_for_where_they_are),
        TEST(strangers_are_told_from_names_that_look_alike),
    };

    return cmocka_run_group_tests_name("headers", tests, NULL, NULL);
}
