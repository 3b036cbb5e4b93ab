/* The table: entries that live as long as their owner, and nothing else. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/clock.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/sched/pool.h"
#include "nvcache/sched/tree.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int test_pool(void);

static struct arena arena;
static char *dir;
static struct pool_entry seen[POOL_SLOTS];

static int
set_up(void **state)
{
    (void)state;
    arena = (struct arena)ARENA_INIT;
    return fs_make_private_dir(&arena, "/tmp", "nvcache-pool-", &dir) == NVC_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    fs_remove_tree(dir);
    arena_fini(&arena);
    return 0;
}

static struct pool *
open_pool(void)
{
    struct pool *pool;

    assert_int_equal(pool_open(dir, 0xabc, -1, &pool), NVC_OK);
    return pool;
}

static struct pool_entry
entry_of(const char *label, int64_t arrived)
{
    struct pool_entry entry = {.state = POOL_RUNNING,
                               .pid = (uint32_t)getpid(),
                               .arrived_ns = arrived,
                               .need_bytes = 5};

    snprintf(entry.label, sizeof(entry.label), "%s", label);
    return entry;
}

static struct pool *
join(const char *label, int64_t arrived)
{
    struct pool *pool = open_pool();
    const struct pool_entry entry = entry_of(label, arrived);

    assert_int_equal(pool_claim(pool), NVC_OK);
    pool_say(pool, &entry);
    return pool;
}

static void
others_are_seen_in_order_and_we_are_not(void **state)
{
    struct pool *late = join("late", 20);
    struct pool *early = join("early", 10);
    struct pool *me = join("me", 15);

    (void)state;
    assert_int_equal(pool_look(me, seen), 2);
    assert_string_equal(seen[0].label, "early");
    assert_string_equal(seen[1].label, "late");
    assert_true(clock_mono_ns() - seen[0].beat_ns < INT64_C(10000000000));
    pool_close(early);
    assert_int_equal(pool_look(me, seen), 1);
    assert_string_equal(seen[0].label, "late");
    pool_close(late);
    assert_int_equal(pool_look(me, seen), 0);
    pool_close(me);
}

/* Claims in a child of its own, says so, and waits to be killed. */
static pid_t
start_holder(void)
{
    int fds[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    if (pid == 0) {
        (void)join("child", 1);
        (void)!write(fds[1], "x", 1);
        for (;;)
            pause();
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], &byte, 1), 1);
    close(fds[0]);
    return pid;
}

/* The kernel tells of locks in the order they were taken, not of their places. */
/* Who is known to take a minute has come a minute earlier, but nobody has waited so for
 * ever: ten minutes at most. */
static void
the_long_ones_come_first(void **state)
{
    struct pool_entry a = {.pid = 1, .arrived_ns = 100000000000};
    struct pool_entry b = {.pid = 2, .arrived_ns = 130000000000};

    (void)state;
    assert_true(pool_is_before(&a, &b));
    b.expected_us = 29000000;
    assert_true(pool_is_before(&a, &b));
    b.expected_us = 31000000;
    assert_true(pool_is_before(&b, &a));
    a.expected_us = 31000000;
    assert_true(pool_is_before(&a, &b));
    b.expected_us = UINT64_MAX;
    assert_true(pool_is_before(&b, &a));
    b.arrived_ns = 900000000000;
    assert_true(pool_is_before(&a, &b));
}

static void
a_place_that_was_taken_again_does_not_hide_others(void **state)
{
    struct pool *me = open_pool();
    struct pool *first = join("first", 1);
    struct pool *second = join("second", 2);
    struct pool *third = join("third", 3);

    (void)state;
    pool_close(first);
    first = join("again", 4);
    assert_int_equal(pool_look(me, seen), 3);
    assert_string_equal(seen[0].label, "second");
    assert_string_equal(seen[2].label, "again");
    pool_close(third);
    pool_close(second);
    pool_close(first);
    pool_close(me);
}

/* A change of these bytes needs a new number in POOL_FILE_PREFIX. */
static void
the_format_is_this(void **state)
{
    static const uint8_t golden[32] = {0x4c, 0x4f, 0x4f, 0x50, 0x02, 0x00, 0x00, 0x00,
                                       0x02, 0x00, 0x00, 0x00, 0x78, 0x56, 0x34, 0x12,
                                       0x0a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                       0x0b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
    static const uint8_t more[] = {
        0x15, 0,    0,    0, 0,    0,    0,    0,    0x16, 0,    0,   0,   0, 0, 0,
        0,    0x17, 0,    0, 0,    0,    0,    0,    0,    0x18, 0,   0,   0, 0, 0,
        0,    0,    0x19, 0, 0x01, 0x01, 0x01, 0x00, 'n',  'a',  'm', 'e', 0};
    const struct pool_entry entry = {.state = POOL_RUNNING,
                                     .pid = 0x12345678,
                                     .arrived_ns = 10,
                                     .started_ns = 11,
                                     .need_bytes = 21,
                                     .now_bytes = 22,
                                     .peak_bytes = 23,
                                     .expected_us = 24,
                                     .lanes = 25,
                                     .is_alone = 1,
                                     .may_pause = 1,
                                     .may_begin_anew = 1,
                                     .label = "name"};
    struct pool *pool = open_pool();
    uint8_t bytes[256];
    const int fd =
        open(path_join(&arena, dir, "pool-v2-0000000000000abc"), O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(pool_claim(pool), NVC_OK);
    pool_say(pool, &entry);
    assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), sizeof(bytes));
    close(fd);
    assert_memory_equal(bytes, golden, sizeof(golden));
    assert_memory_equal(bytes + 40, more, sizeof(more)); /* behind beat_ns */
    pool_close(pool);
}

static void
a_killed_process_gives_back(void **state)
{
    struct pool *me = open_pool();
    pid_t holder = start_holder();

    (void)state;
    assert_int_equal(pool_look(me, seen), 1);
    kill(holder, SIGSTOP);
    assert_int_equal(pool_look(me, seen), 1);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    assert_int_equal(pool_look(me, seen), 0);
    pool_close(me);
}

static void
programs_we_start_do_not_hold_it(void **state)
{
    struct pool *holder = join("holder", 1);
    struct pool *me = open_pool();
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        execl("/bin/sleep", "sleep", "60", (char *)NULL);
        _exit(1);
    }
    while (true) { /* until it has begun */
        char path[64];
        char exe[64] = {0};
        const struct timespec tick = {.tv_nsec = 1000000};

        snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
        (void)!readlink(path, exe, sizeof(exe) - 1);
        if (strstr(exe, "unit_sched") == NULL)
            break;
        nanosleep(&tick, NULL);
    }
    pool_close(holder);
    assert_int_equal(pool_look(me, seen), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    pool_close(me);
}

static void
a_full_table_says_so(void **state)
{
    struct pool *pools[POOL_SLOTS];
    struct pool *one_more = open_pool();

    (void)state;
    for (int i = 0; i < POOL_SLOTS; i++)
        pools[i] = join("x", i);
    assert_int_equal(pool_claim(one_more), NVC_ERR_POOL_FULL);
    assert_int_equal(pool_look(one_more, seen), POOL_SLOTS);
    for (int i = 0; i < POOL_SLOTS; i++)
        pool_close(pools[i]);
    assert_int_equal(pool_claim(one_more), NVC_OK);
    pool_close(one_more);
}

static void
damaged_entries_are_left_out_until_they_are_said_again(void **state)
{
    struct pool *other = join("other", 1);
    struct pool *me = open_pool();
    char *path = path_join(&arena, dir, POOL_FILE_PREFIX "0000000000000abc");
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    const struct pool_entry entry = entry_of("other", 1);

    (void)state;
    assert_true(fd >= 0);
    for (off_t at = 0; at < 256; at++) {
        uint8_t byte;

        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x40;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_int_equal(pool_look(me, seen), 0);
        pool_say(other, &entry);
        assert_int_equal(pool_look(me, seen), 1);
    }
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pool_look(me, seen), 0);
    pool_say(other, &entry);
    assert_int_equal(pool_look(me, seen), 1);
    close(fd);
    pool_close(other);
    pool_close(me);
}

static void
a_directory_that_cannot_be_written_is_no_pool(void **state)
{
    struct pool *pool;

    (void)state;
    assert_int_equal(pool_open(path_join(&arena, dir, "not/there"), 1, -1, &pool),
                     NVC_ERR_POOL);
    assert_int_equal(
        mkdir(path_join(&arena, dir, POOL_FILE_PREFIX "0000000000000001"), 0700), 0);
    assert_int_equal(pool_open(dir, 1, -1, &pool), NVC_ERR_POOL);
}

static void
the_gate_is_for_one_and_nobody_waits_for_ever(void **state)
{
    struct pool *one = open_pool();
    struct pool *two = open_pool();

    (void)state;
    assert_true(pool_enter_gate(one));
    assert_false(pool_enter_gate(two)); /* after a second */
    pool_leave_gate(one);
    assert_true(pool_enter_gate(two));
    pool_close(two);
    assert_true(pool_enter_gate(one));
    pool_close(one);
}

static void
silence_is_noticed(void **state)
{
    const struct pool_entry entry = {.beat_ns = 100};

    (void)state;
    assert_false(pool_is_stale(&entry, 100 + POOL_STALE_NS));
    assert_true(pool_is_stale(&entry, 101 + POOL_STALE_NS));
}

static void
the_runtime_directory_is_taken_if_it_is_ours(void **state)
{
    char out[4096];
    char *shared = path_join(&arena, dir, "shared");
    struct stat info;

    (void)state;
    setenv("XDG_RUNTIME_DIR", dir, 1);
    assert_int_equal(pool_directory(NULL, -1, out, sizeof(out)), NVC_OK);
    assert_string_equal(out, path_join(&arena, dir, "nvcache"));
    assert_int_equal(pool_directory(NULL, -1, out, sizeof(out)), NVC_OK);
    chmod(dir, 0777);
    assert_int_equal(pool_directory(NULL, -1, out, sizeof(out)), NVC_OK);
    assert_string_not_equal(out, path_join(&arena, dir, "nvcache"));
    mkdir(shared, 0775);
    assert_int_equal(pool_directory(shared, 002, out, sizeof(out)), NVC_OK);
    assert_string_equal(out, path_join(&arena, shared, "pool"));
    assert_int_equal(stat(out, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0775);
    unsetenv("XDG_RUNTIME_DIR");
    chmod(dir, 0700);
}

/* A child of a child that holds 64 MiB. */
static void
the_tree_is_added_up(void **state)
{
    const size_t size = (size_t)64 << 20;
    uint64_t before = tree_bytes();
    int fds[2];
    char byte;
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            char *block = malloc(size);

            memset(block, 1, size);
            (void)!write(fds[1], block, 1);
            for (;;)
                pause();
        }
        close(fds[1]);
        setpgid(0, 0);
        for (;;)
            pause();
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], &byte, 1), 1);
    assert_true(tree_bytes() >= before + size);
    assert_true(tree_bytes() < before + size + size / 2);
    {
        char list[64] = {0};
        char path[64];
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
        file = fopen(path, "r");
        assert_non_null(file);
        assert_non_null(fgets(list, sizeof(list), file));
        fclose(file);
        kill((pid_t)atoi(list), SIGKILL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(fds[0]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
test_pool(void)
{
    const struct CMUnitTest tests[] = {
        TEST(others_are_seen_in_order_and_we_are_not),
        TEST(the_long_ones_come_first),
        TEST(a_place_that_was_taken_again_does_not_hide_others),
        TEST(the_format_is_this),
        TEST(a_killed_process_gives_back),
        TEST(programs_we_start_do_not_hold_it),
        TEST(a_full_table_says_so),
        TEST(damaged_entries_are_left_out_until_they_are_said_again),
        TEST(a_directory_that_cannot_be_written_is_no_pool),
        TEST(the_gate_is_for_one_and_nobody_waits_for_ever),
        TEST(silence_is_noticed),
        TEST(the_runtime_directory_is_taken_if_it_is_ours),
        TEST(the_tree_is_added_up),
    };

    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
