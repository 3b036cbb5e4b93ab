/* Private directories: who uses one keeps it, whoever was killed does not. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/process.h"
#include "nvcache/base/scratch.h"
#include "nvcache/base/tmpfile.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    struct arena arena;
    char *dir;
};

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    if (f == NULL ||
        fs_make_private_dir(&f->arena, "/tmp", "nvcache-test-", &f->dir) != NVC_OK)
        return -1;
    return setenv("TMPDIR", f->dir, 1);
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    unsetenv("TMPDIR");
    fs_remove_tree(f->dir);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

static bool
exists(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

/* A process that opens a directory, puts something in it, starts `sleep` if asked to, and
 * is killed.  The directory's path; the other program's id. */
static char *
killed_owner(struct fixture *f, pid_t *out_other)
{
    int ends[2];
    char path[256] = "";
    pid_t other = 0;
    pid_t pid;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        struct scratch scratch = SCRATCH_INIT;
        char *argv[] = {arena_strdup(&f->arena, "sleep"), arena_strdup(&f->arena, "1000"),
                        NULL};

        if (scratch_open(&scratch, &f->arena) != NVC_OK ||
            fs_mkdirs(arena_printf(&f->arena, "%s/a/b", scratch.path), 0700) != NVC_OK ||
            (out_other != NULL &&
             posix_spawnp(&other, "sleep", NULL, NULL, argv, environ) != 0) ||
            write(ends[1], &other, sizeof(other)) != sizeof(other) ||
            write(ends[1], scratch.path, strlen(scratch.path)) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &other, sizeof(other)), sizeof(other));
    assert_true(read(ends[0], path, sizeof(path) - 1) > 0);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(ends[0]);
    close(ends[1]);
    if (out_other != NULL)
        *out_other = other;
    return arena_strdup(&f->arena, path);
}

static void
a_directory_in_use_is_not_swept(void **state)
{
    struct fixture *f = *state;
    struct scratch scratch = SCRATCH_INIT;
    struct stat info;
    char *path;

    assert_int_equal(scratch_open(&scratch, &f->arena), NVC_OK);
    path = scratch.path;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(scratch_sweep(), 0);
    assert_true(exists(path));
    scratch_close(&scratch);
    assert_false(exists(path));
    assert_null(scratch.path);
}

static void
one_whose_owner_was_killed_is_swept(void **state)
{
    struct fixture *f = *state;
    char *path = killed_owner(f, NULL);

    assert_true(exists(path));
    assert_int_equal(scratch_sweep(), 1);
    assert_false(exists(path));
    assert_int_equal(scratch_sweep(), 0);
}

static void
one_that_a_program_of_the_owner_uses_is_not_swept(void **state)
{
    struct fixture *f = *state;
    pid_t other;
    char *path = killed_owner(f, &other);

    assert_int_equal(scratch_sweep(), 0);
    assert_true(exists(path));
    kill(other, SIGKILL);
    /* It is not our child: its end is seen by the lock. */
    for (int i = 0; i < 1000 && scratch_sweep() == 0; i++)
        usleep(10000);
    assert_false(exists(path));
}

static void
other_names_and_kinds_are_left_alone(void **state)
{
    struct fixture *f = *state;
    const char *names[] = {"nvcache-run-0123456789abcde", "nvcache-run-0123456789abcdef0",
                           "nvcache-run-0123456789ABCDEF", "nvcache-0123456789abcdef"};
    char *file = arena_printf(&f->arena, "%s/nvcache-run-0123456789abcdef", f->dir);
    char *link = arena_printf(&f->arena, "%s/nvcache-run-00000000000000aa", f->dir);
    char *target = arena_printf(&f->arena, "%s/target", f->dir);
    char *inside = arena_printf(&f->arena, "%s/inside", target);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(
            fs_mkdirs(arena_printf(&f->arena, "%s/%s", f->dir, names[i]), 0700), NVC_OK);
    assert_int_equal(fs_mkdirs(target, 0700), NVC_OK);
    assert_int_equal(tmpfile_write(inside, "", 0, 0600), NVC_OK);
    assert_int_equal(tmpfile_write(file, "", 0, 0600), NVC_OK);
    assert_int_equal(symlink(target, link), 0);
    assert_int_equal(scratch_sweep(), 0);
    assert_true(exists(file) && exists(link) && exists(inside));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_true(exists(arena_printf(&f->arena, "%s/%s", f->dir, names[i])));
}

static void
a_sweep_is_bounded(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < SCRATCH_SWEEP_MOST + 1; i++)
        assert_int_equal(fs_mkdirs(arena_printf(&f->arena, "%s/nvcache-run-%016x", f->dir,
                                                (unsigned)i),
                                   0700),
                         NVC_OK);
    assert_int_equal(scratch_sweep(), SCRATCH_SWEEP_MOST);
    assert_int_equal(scratch_sweep(), 1);
}

static void
one_that_cannot_be_locked_is_not_swept(void **state)
{
    struct fixture *f = *state;
    AUTO_SCRATCH scratch = SCRATCH_INIT;
    struct rlimit limit;
    struct rlimit none;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(scratch_open(&scratch, &f->arena), NVC_OK);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(scratch.lock, -1);
    assert_int_equal(scratch_sweep(), 0);
    assert_true(exists(scratch.path));
}

/* A child that is signalled while it has a directory and, if asked, once more while it
 * runs a program in it; the program sees the signal at once. */
static int
end_with_a_directory(struct arena *arena, bool runs_program)
{
    AUTO_SCRATCH scratch = SCRATCH_INIT;
    char name[] = "sleep";
    char seconds[] = "20";
    char *const argv[] = {name, seconds, NULL};
    const struct process_spec spec = {.path = "/bin/sleep", .argv = argv};
    struct process_result result;

    if (scratch_open(&scratch, arena) != NVC_OK)
        return 1;
    raise(SIGTERM);
    if (!exists(scratch.path))
        return 2;
    if (!runs_program)
        return 0;
    if (process_run(&spec, &result) != NVC_OK || process_signal() != SIGTERM)
        return 3;
    return WIFSIGNALED(result.wait_status) && WTERMSIG(result.wait_status) == SIGTERM ? 0
                                                                                      : 4;
}

static void
who_is_asked_to_end_removes_its_directory_first(void **state)
{
    struct fixture *f = *state;

    for (int runs_program = 0; runs_program < 2; runs_program++) {
        const pid_t child = fork();
        int status;

        assert_true(child >= 0);
        if (child == 0)
            _exit(end_with_a_directory(&f->arena, runs_program));
        assert_int_equal(waitpid(child, &status, 0), child);
        if (runs_program)
            assert_int_equal(status, 0);
        else
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
        assert_int_equal(scratch_sweep(), 0);
        assert_int_equal(rmdir(f->dir), 0);
        assert_int_equal(mkdir(f->dir, 0700), 0);
    }
}

int test_scratch(void);

int
test_scratch(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_directory_in_use_is_not_swept),
        TEST(one_whose_owner_was_killed_is_swept),
        TEST(one_that_cannot_be_locked_is_not_swept),
        TEST(one_that_a_program_of_the_owner_uses_is_not_swept),
        TEST(other_names_and_kinds_are_left_alone),
        TEST(a_sweep_is_bounded),
        TEST(who_is_asked_to_end_removes_its_directory_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
