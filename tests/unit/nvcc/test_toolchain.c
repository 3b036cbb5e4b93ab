/* The toolchain's identity is the contents of its files. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/tmpfile.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/nvcc/toolchain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int test_toolchain(void);

struct fixture {
    struct arena arena;
    char dir[64];
    struct toolchain_layout layout;
};

static char *
put(struct fixture *f, const char *name, const char *text)
{
    char *path = path_join(&f->arena, f->dir, name);

    assert_int_equal(tmpfile_write(path, text, strlen(text), 0755), NVC_OK);
    return path;
}

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    snprintf(f->dir, sizeof(f->dir), "/tmp/nvc-tools-XXXXXX");
    *state = f;
    if (mkdtemp(f->dir) == NULL)
        return -1;
    f->layout.top = "/opt/cuda/bin/..";
    f->layout.device_query = "/opt/cuda/bin/query";
    strlist_init(&f->layout.files, &f->arena);
    strlist_init(&f->layout.normal, &f->arena);
    strlist_init(&f->layout.system, &f->arena);
    strlist_init(&f->layout.absent, &f->arena);
    strlist_add(&f->layout.files, put(f, "nvcc", "one"));
    strlist_add(&f->layout.files, put(f, "ptxas", "two"));
    strlist_add_copy(&f->layout.normal, "/opt/cuda/include");
    strlist_add_copy(&f->layout.absent, "./nvc-no-library.so");
    return 0;
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

static struct digest
identity(struct fixture *f)
{
    struct digest digest;

    assert_int_equal(toolchain_digest(NULL, &f->layout, 0, &digest), NVC_OK);
    return digest;
}

static void
a_tool_replaced_in_place_is_another_toolchain(void **state)
{
    struct fixture *f = *state;
    const struct digest before = identity(f);
    struct digest after;

    put(f, "ptxas", "owt");
    after = identity(f);
    assert_false(digest_equal(&before, &after));
    put(f, "ptxas", "two");
    after = identity(f);
    assert_true(digest_equal(&before, &after));
}

static void
the_same_contents_elsewhere_are_the_same_toolchain(void **state)
{
    struct fixture *f = *state;
    const struct digest before = identity(f);
    struct digest after;

    f->layout.files.v[0] = put(f, "nvcc-copy", "one");
    after = identity(f);
    assert_true(digest_equal(&before, &after));
}

static void
a_tool_that_is_gone_means_looking_again(void **state)
{
    struct fixture *f = *state;
    struct digest digest;

    assert_int_equal(unlink(f->layout.files.v[1]), 0);
    assert_int_equal(toolchain_digest(NULL, &f->layout, 0, &digest), NVC_MISS);
}

static void
a_library_that_appears_means_looking_again(void **state)
{
    struct fixture *f = *state;
    struct digest digest;

    f->layout.absent.v[0] = path_join(&f->arena, f->dir, "libm.so.6");
    (void)identity(f);
    put(f, "libm.so.6", "");
    assert_int_equal(toolchain_digest(NULL, &f->layout, 0, &digest), NVC_MISS);
}

/* Raise TOOLCHAIN_VERSION and this number together when the bytes change. */
static void
layout_bytes_are_those_of_version_5(void **state)
{
    struct fixture *f = *state;
    struct toolchain_layout got;
    AUTO_BUF bytes = BUF_INIT;

    f->layout.files.n = 0;
    strlist_add_copy(&f->layout.files, "/a/nvcc");
    toolchain_layout_encode(&f->layout, &bytes);
    assert_int_equal(TOOLCHAIN_VERSION, 5);
    assert_int_equal(checksum64(bytes.data, bytes.len, 0), UINT64_C(0xa940685577c97a9d));
    assert_int_equal(toolchain_layout_decode(&f->arena, bytes.data, bytes.len, &got),
                     NVC_OK);
    assert_string_equal(got.top, "/opt/cuda/bin/..");
    assert_string_equal(got.device_query, "/opt/cuda/bin/query");
    assert_string_equal(got.files.v[0], "/a/nvcc");
    assert_string_equal(got.normal.v[0], "/opt/cuda/include");
    assert_string_equal(got.absent.v[0], "./nvc-no-library.so");
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_not_equal(toolchain_layout_decode(&f->arena, bytes.data, len, &got),
                             NVC_OK);
}

static struct digest
layout_key(const struct toolchain_seat *seat)
{
    struct digest key;

    assert_int_equal(toolchain_layout_key(seat, &key), NVC_OK);
    return key;
}

static void
the_layout_is_looked_up_by_what_steers_the_search(void **state)
{
    struct fixture *f = *state;
    struct toolchain_seat seat = {.program = put(f, "nvcc", "nvcc"),
                                  .nvcc = f->layout.files.v[0],
                                  .host_program = put(f, "g++", "script"),
                                  .host = put(f, "gcc", "gcc")};
    const struct digest before = layout_key(&seat);
    struct digest after;

    setenv("COMPILER_PATH", f->dir, 1);
    after = layout_key(&seat);
    unsetenv("COMPILER_PATH");
    assert_false(digest_equal(&before, &after));
    put(f, "nvcc.profile", "TOP = elsewhere");
    after = layout_key(&seat);
    assert_false(digest_equal(&before, &after));
    seat.ccbin = "clang";
    assert_int_equal(toolchain_layout_key(&seat, &after), NVC_OK);
    assert_false(digest_equal(&before, &after));
}

int
test_toolchain(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_tool_replaced_in_place_is_another_toolchain),
        TEST(the_same_contents_elsewhere_are_the_same_toolchain),
        TEST(a_tool_that_is_gone_means_looking_again),
        TEST(a_library_that_appears_means_looking_again),
        TEST(layout_bytes_are_those_of_version_5),
        TEST(the_layout_is_looked_up_by_what_steers_the_search),
    };

    return cmocka_run_group_tests_name("toolchain", tests, NULL, NULL);
}
