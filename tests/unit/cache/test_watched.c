/* What watched directories hold of the names that count. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "listing_priv.h"
#include "nvcache/base/arena.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/tmpfile.h"
#include "watched_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int test_watched(void);

struct fixture {
    struct arena arena;
    char dir[64];
    uint32_t hashes[2]; /* of "x.h" and "sub" */
    struct nameset names;
    const char *paths[3]; /* "a", "b", and "link", which need not be there */
    struct watched watched;
};

static char *
in_dir(struct fixture *f, const char *name)
{
    return path_join(&f->arena, f->dir, name);
}

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    snprintf(f->dir, sizeof(f->dir), "/tmp/nvc-watched-XXXXXX");
    *state = f;
    if (mkdtemp(f->dir) == NULL)
        return -1;
    f->hashes[0] = nameset_hash("x.h", 3);
    f->hashes[1] = nameset_hash("sub", 3);
    nameset_make(f->hashes, 2, &f->names);
    f->paths[0] = in_dir(f, "a");
    f->paths[1] = in_dir(f, "b");
    f->paths[2] = in_dir(f, "link");
    f->watched =
        (struct watched){.paths = f->paths, .n = 3, .n_busy = 1, .names = &f->names};
    return fs_mkdirs(f->paths[0], 0755) == NVC_OK &&
                   fs_mkdirs(f->paths[1], 0755) == NVC_OK
               ? 0
               : -1;
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

static void
put_file(struct fixture *f, const char *name)
{
    assert_int_equal(tmpfile_write(in_dir(f, name), "", 0, 0644), NVC_OK);
}

static struct digest
digest_now(struct fixture *f)
{
    struct digest digest;

    watched_stamp(&f->arena, &f->watched);
    watched_digest(&f->arena, listings_new(&f->arena), &f->watched, NULL, 0, &digest);
    return digest;
}

static bool
has_changed(struct fixture *f, const struct digest *before)
{
    const struct digest now = digest_now(f);

    return !digest_equal(&now, before);
}

static void
only_names_that_count_are_noticed(void **state)
{
    struct fixture *f = *state;
    struct digest before = digest_now(f);

    put_file(f, "a/output.o");
    assert_false(has_changed(f, &before));
    put_file(f, "a/x.h");
    assert_true(has_changed(f, &before));
    assert_int_equal(unlink(in_dir(f, "a/x.h")), 0);
    assert_false(has_changed(f, &before));
    put_file(f, "b/x.h.gch");
    assert_true(has_changed(f, &before));
}

static void
what_kind_of_thing_has_the_name_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct digest before;

    put_file(f, "a/x.h");
    before = digest_now(f);
    assert_int_equal(unlink(in_dir(f, "a/x.h")), 0);
    assert_int_equal(symlink("../b", in_dir(f, "a/x.h")), 0);
    assert_true(has_changed(f, &before));
    before = digest_now(f);
    assert_int_equal(unlink(in_dir(f, "a/x.h")), 0);
    assert_int_equal(fs_mkdirs(in_dir(f, "a/x.h"), 0755), NVC_OK);
    assert_true(has_changed(f, &before));
}

static void
a_watched_link_that_leads_elsewhere_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct digest before = digest_now(f);

    assert_int_equal(symlink("nowhere", f->paths[2]), 0);
    assert_false(has_changed(f, &before));
    put_file(f, "nowhere");
    assert_true(has_changed(f, &before));
}

static void
two_names_of_one_directory_are_noticed(void **state)
{
    struct fixture *f = *state;
    struct digest before = digest_now(f);

    assert_int_equal(rmdir(f->paths[1]), 0);
    assert_int_equal(symlink("a", f->paths[1]), 0);
    assert_true(has_changed(f, &before));
}

static void
a_name_that_counts_and_came_since_is_found(void **state)
{
    struct fixture *f = *state;
    int64_t begin;

    put_file(f, "a/x.h");
    usleep(20000);
    begin = clock_file_ns();
    put_file(f, "a/output.o");
    watched_stamp(&f->arena, &f->watched);
    assert_null(watched_since(&f->arena, listings_new(&f->arena), &f->watched, begin));
    put_file(f, "a/x.h");
    watched_stamp(&f->arena, &f->watched);
    assert_string_equal(
        watched_since(&f->arena, listings_new(&f->arena), &f->watched, begin),
        in_dir(f, "a/x.h"));
}

int
test_watched(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(only_names_that_count_are_noticed),
        TEST(what_kind_of_thing_has_the_name_is_noticed),
        TEST(a_watched_link_that_leads_elsewhere_is_noticed),
        TEST(two_names_of_one_directory_are_noticed),
        TEST(a_name_that_counts_and_came_since_is_found),
    };

    return cmocka_run_group_tests_name("watched", tests, NULL, NULL);
}
