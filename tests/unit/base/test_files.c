/* Paths, files, temporary files, finding programs. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/mapped.h"
#include "nvcache/base/path.h"
#include "nvcache/base/realpaths.h"
#include "nvcache/base/tmpfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int test_files(void);

struct fixture {
    struct arena arena;
    char dir[64];
};

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    snprintf(f->dir, sizeof(f->dir), "/tmp/nvc-files-XXXXXX");
    *state = f;
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

static int
entries_in(const char *dir)
{
    DIR *d = opendir(dir);
    int n = 0;

    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void
clean_removes_dots_and_slashes_but_never_dotdot(void **state)
{
    static const char *const table[][2] = {
        {"", "."},           {".", "."},         {"/", "/"},
        {"//a//b/", "/a/b"}, {"./a/./b", "a/b"}, {"a/../b", "a/../b"},
        {"/./", "/"},        {"a/", "a"},        {".hidden/.x", ".hidden/.x"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        assert_string_equal(path_clean(&f->arena, table[i][0]), table[i][1]);
}

static void
below_is_by_whole_components(void **state)
{
    (void)state;
    assert_string_equal(path_below("/a/b", "/a/b/c/d"), "c/d");
    assert_string_equal(path_below("/a/b", "/a/b"), "");
    assert_null(path_below("/a/b", "/a/bc"));
    assert_null(path_below("/a/b", "/a"));
    assert_string_equal(path_below("/", "/x"), "x");
    assert_null(path_below("/", "x"));
}

static void
parts_of_paths(void **state)
{
    struct fixture *f = *state;

    assert_string_equal(path_dir(&f->arena, "/a"), "/");
    assert_string_equal(path_dir(&f->arena, "a"), ".");
    assert_string_equal(path_dir(&f->arena, "x/y/z.cu"), "x/y");
    assert_string_equal(path_base("x/y/z.cu"), "z.cu");
    assert_string_equal(path_ext("x.d/y"), "");
    assert_string_equal(path_ext("x.d/y.cu"), ".cu");
    assert_string_equal(path_ext(".cu"), "");
    assert_string_equal(path_join(&f->arena, "/", "x"), "/x");
    assert_string_equal(path_join(&f->arena, "a", "/x"), "/x");
    assert_string_equal(path_join(&f->arena, "", "x"), "x");
}

static void
published_file_is_complete_and_has_its_mode(void **state)
{
    struct fixture *f = *state;
    char *target = path_join(&f->arena, f->dir, "out");
    AUTO_BUF got = BUF_INIT;
    struct stat info;

    assert_int_equal(tmpfile_write(target, "hello", 5, 0640), NVC_OK);
    assert_int_equal(fs_read(target, 100, &got), NVC_OK);
    assert_int_equal(got.len, 5);
    assert_memory_equal(got.data, "hello", 5);
    assert_int_equal(stat(target, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    assert_int_equal(entries_in(f->dir), 1);
}

static void
a_new_file_has_the_mode_the_umask_leaves(void **state)
{
    struct fixture *f = *state;
    const mode_t old = umask(027);
    const char *target = path_join(&f->arena, f->dir, "new");
    struct stat info;

    assert_int_equal(tmpfile_write(target, "x", 1, TMPFILE_NEW_FILE), NVC_OK);
    assert_int_equal(stat(target, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    umask(old);
}

static void
unpublished_file_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    char *target = path_join(&f->arena, f->dir, "out");

    {
        AUTO_TMP tmp = TMPFILE_INIT;

        assert_int_equal(tmpfile_open(&tmp, target), NVC_OK);
        assert_int_equal(entries_in(f->dir), 1);
    }
    assert_int_equal(entries_in(f->dir), 0);
}

static void
temporary_file_in_a_missing_directory_is_an_error(void **state)
{
    struct fixture *f = *state;
    char *target = path_join(&f->arena, f->dir, "no/such/out");

    assert_int_equal(tmpfile_write(target, "x", 1, 0600), NVC_ERR_IO);
}

static void
reading_stops_at_the_limit(void **state)
{
    struct fixture *f = *state;
    char *path = path_join(&f->arena, f->dir, "big");
    AUTO_BUF got = BUF_INIT;

    assert_int_equal(tmpfile_write(path, "0123456789", 10, 0600), NVC_OK);
    assert_int_equal(fs_read(path, 9, &got), NVC_ERR_LIMIT);
    buf_clear(&got);
    assert_int_equal(fs_read(path, 10, &got), NVC_OK);
    assert_int_equal(got.len, 10);
}

/* Sizes around a page: behind a file that fills its last one there is no NUL. */
static void
mapped_files_end_with_a_nul(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 65536, 65537};
    static char bytes[65537];
    struct fixture *f = *state;

    memset(bytes, 'x', sizeof(bytes));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *path = path_join(&f->arena, f->dir, "mapped");
        AUTO_MAPPED got = MAPPED_INIT;

        assert_int_equal(tmpfile_write(path, bytes, sizes[i], 0600), NVC_OK);
        assert_int_equal(mapped_open(path, sizeof(bytes), &got), NVC_OK);
        assert_int_equal(got.len, sizes[i]);
        assert_memory_equal(got.text, bytes, got.len);
        assert_int_equal(got.text[got.len], '\0');
    }
}

static void
mapped_files_have_a_limit(void **state)
{
    struct fixture *f = *state;
    char *path = path_join(&f->arena, f->dir, "big");
    AUTO_MAPPED got = MAPPED_INIT;

    assert_int_equal(tmpfile_write(path, "0123456789", 10, 0600), NVC_OK);
    assert_int_equal(mapped_open(path, 9, &got), NVC_ERR_LIMIT);
    mapped_fini(&got);
    assert_int_not_equal(mapped_open(f->dir, 100, &got), NVC_OK);
    mapped_fini(&got);
    assert_int_not_equal(mapped_open(path_join(&f->arena, f->dir, "none"), 100, &got),
                         NVC_OK);
}

static void
mkdirs_makes_parents_and_refuses_files(void **state)
{
    struct fixture *f = *state;
    char *deep = path_join(&f->arena, f->dir, "a/b/c");
    char *file = path_join(&f->arena, f->dir, "file");
    char *below_file = path_join(&f->arena, f->dir, "file/x");

    assert_int_equal(fs_mkdirs(deep, 0755), NVC_OK);
    assert_int_equal(fs_mkdirs(deep, 0755), NVC_OK);
    assert_int_equal(tmpfile_write(file, "", 0, 0600), NVC_OK);
    assert_int_not_equal(fs_mkdirs(file, 0755), NVC_OK);
    assert_int_not_equal(fs_mkdirs(below_file, 0755), NVC_OK);
}

static void
remove_tree_does_not_follow_links(void **state)
{
    struct fixture *f = *state;
    char *keep = path_join(&f->arena, f->dir, "keep");
    char *kept = path_join(&f->arena, f->dir, "keep/file");
    char *gone = path_join(&f->arena, f->dir, "gone");
    char *link = path_join(&f->arena, f->dir, "gone/link");

    assert_int_equal(fs_mkdirs(keep, 0755), NVC_OK);
    assert_int_equal(tmpfile_write(kept, "x", 1, 0600), NVC_OK);
    assert_int_equal(fs_mkdirs(gone, 0755), NVC_OK);
    assert_int_equal(symlink(keep, link), 0);
    fs_remove_tree(gone);
    assert_int_equal(access(gone, F_OK), -1);
    assert_int_equal(access(kept, F_OK), 0);
}

static bool
skip_all(const char *path, void *arg)
{
    (void)path;
    return *(const bool *)arg;
}

static void
programs_are_found_along_the_path(void **state)
{
    struct fixture *f = *state;
    char *dir = path_join(&f->arena, f->dir, "bin");
    char *program = path_join(&f->arena, dir, "tool");
    char *plain = path_join(&f->arena, dir, "data");
    char *search = arena_printf(&f->arena, "/nonexistent:%s", dir);
    bool skip = true;

    assert_int_equal(fs_mkdirs(dir, 0755), NVC_OK);
    assert_int_equal(tmpfile_write(program, "", 0, 0755), NVC_OK);
    assert_int_equal(tmpfile_write(plain, "", 0, 0644), NVC_OK);
    assert_string_equal(fs_find_program(&f->arena, "tool", search, NULL, NULL), program);
    assert_null(fs_find_program(&f->arena, "data", search, NULL, NULL));
    assert_null(fs_find_program(&f->arena, "tool", search, skip_all, &skip));
    assert_null(fs_find_program(&f->arena, "", search, NULL, NULL));
    assert_string_equal(fs_find_program(&f->arena, program, "", NULL, NULL), program);
}

static void
private_directories_are_private_and_different(void **state)
{
    struct fixture *f = *state;
    char *a;
    char *b;
    struct stat info;

    assert_int_equal(fs_make_private_dir(&f->arena, f->dir, "p-", &a), NVC_OK);
    assert_int_equal(fs_make_private_dir(&f->arena, f->dir, "p-", &b), NVC_OK);
    assert_string_not_equal(a, b);
    assert_int_equal(stat(a, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

static void
a_read_at_a_place_ends_with_the_file(void **state)
{
    struct fixture *f = *state;
    char *const path = arena_printf(&f->arena, "%s/file", f->dir);
    char data[8] = "";
    size_t n;
    AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    assert_int_equal(fs_write_full(fd, "0123456789", 10), NVC_OK);
    assert_int_equal(fs_pread_full(fd, data, 4, 3, &n), NVC_OK);
    assert_int_equal(n, 4);
    assert_memory_equal(data, "3456", 4);
    assert_int_equal(fs_pread_full(fd, data, 8, 7, &n), NVC_OK);
    assert_int_equal(n, 3);
    assert_int_equal(fs_pread_full(-1, data, 8, 0, &n), NVC_ERR_IO);
}

/* Directories, files and links with names of one letter, which lead anywhere. */
static void
make_thicket(const char *dir, unsigned *seed, unsigned depth)
{
    static const char *const targets[] = {
        "a", "b/c", "../a", "../../b", "c/..", "./a", "d/.", "../d/", "/", "e", "b", "."};
    char path[512];

    for (char name = 'a'; name <= 'e'; name++) {
        snprintf(path, sizeof(path), "%s/%c", dir, name);
        *seed = *seed * 1103515245 + 12345;
        switch (*seed >> 16 & 7) {
        case 0:
            assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0644)), 0);
            break;
        case 1:
        case 2:
        case 3:
            assert_int_equal(symlink(targets[(*seed >> 20) % 12], path), 0);
            break;
        case 4:
            break;
        default:
            assert_int_equal(mkdir(path, 0755), 0);
            if (depth > 0)
                make_thicket(path, seed, depth - 1);
        }
    }
}

static void
real_paths_are_those_of_realpath(void **state)
{
    static const char *const parts[] = {"a", "b", "c", "d", "e", "..", ".", "", "f"};
    struct fixture *f = *state;
    unsigned found = 0;

    for (unsigned seed = 1; seed <= 8; seed++) {
        struct realpaths *known = realpaths_new(&f->arena);
        unsigned at = seed;

        fs_remove_tree(f->dir);
        assert_int_equal(mkdir(f->dir, 0755), 0);
        make_thicket(f->dir, &at, 2);
        for (unsigned i = 0; i < 4000; i++) {
            char path[128];
            const char *want, *got;
            size_t len = (size_t)snprintf(path, sizeof(path), "%s", f->dir);

            for (unsigned n = 0; n <= i % 5; n++) {
                at = at * 1103515245 + 12345;
                len += (size_t)snprintf(path + len, sizeof(path) - len, "/%s",
                                        parts[(at >> 16) % (n == 0 ? 5 : 9)]);
            }
            want = fs_realpath(&f->arena, path);
            got = realpaths_get(known, path);
            if (want == NULL ? got != NULL : got == NULL || strcmp(got, want) != 0)
                fail_msg("seed %u: %s is %s, not %s", seed, path, got, want);
            found += want != NULL;
        }
    }
    assert_true(found > 1000);
    assert_non_null(realpaths_get(realpaths_new(&f->arena), "."));
    assert_string_equal(realpaths_get(realpaths_new(&f->arena), "/"), "/");
}

int
test_files(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(clean_removes_dots_and_slashes_but_never_dotdot),
        TEST(below_is_by_whole_components),
        TEST(parts_of_paths),
        TEST(a_read_at_a_place_ends_with_the_file),
        TEST(published_file_is_complete_and_has_its_mode),
        TEST(a_new_file_has_the_mode_the_umask_leaves),
        TEST(unpublished_file_leaves_nothing),
        TEST(temporary_file_in_a_missing_directory_is_an_error),
        TEST(reading_stops_at_the_limit),
        TEST(mapped_files_end_with_a_nul),
        TEST(mapped_files_have_a_limit),
        TEST(real_paths_are_those_of_realpath),
        TEST(mkdirs_makes_parents_and_refuses_files),
        TEST(remove_tree_does_not_follow_links),
        TEST(programs_are_found_along_the_path),
        TEST(private_directories_are_private_and_different),
    };

    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
