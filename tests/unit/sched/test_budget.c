/* The budget, read from made-up trees of /proc and /sys. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/tmpfile.h"
#include "nvcache/sched/budget.h"

#include <stdlib.h>
#include <string.h>

#define GIB ((uint64_t)1 << 30)
#define MIB ((uint64_t)1 << 20)

int test_budget(void);

static struct arena arena;
static char *root;

static int
make_root(void **state)
{
    (void)state;
    arena = (struct arena)ARENA_INIT;
    return fs_make_private_dir(&arena, "/tmp", "nvcache-budget-", &root) == NVC_OK ? 0
                                                                                   : -1;
}

static int
remove_root(void **state)
{
    (void)state;
    fs_remove_tree(root);
    arena_fini(&arena);
    return 0;
}

static void
put(const char *name, const char *text)
{
    const char *path = arena_printf(&arena, "%s%s", root, name);

    assert_int_equal(fs_mkdirs(path_dir(&arena, path), 0755), NVC_OK);
    assert_int_equal(tmpfile_write(path, text, strlen(text), 0644), NVC_OK);
}

/* 24 GiB, 20 of them available. */
static void
put_machine(const char *cgroup, const char *mounts)
{
    put("/proc/meminfo", "MemTotal:       25165824 kB\nMemFree:  1 kB\n"
                         "MemAvailable:   20971520 kB\n");
    put("/proc/sys/kernel/random/boot_id", "boot\n");
    put("/proc/self/cgroup", cgroup);
    put("/proc/self/mountinfo", mounts);
}

static const char v2_mount[] =
    "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
static const char v1_mount[] =
    "29 24 0:25 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
    "30 24 0:26 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n";

static enum nvc_status
read_now(uint64_t setting, struct budget *out)
{
    struct budget_source *source = budget_source_new(root);
    enum nvc_status st;

    assert_non_null(source);
    st = budget_read(source, setting, out);
    budget_source_free(source);
    return st;
}

static struct budget
budget_now(uint64_t setting)
{
    struct budget budget;

    assert_int_equal(read_now(setting, &budget), NVC_OK);
    return budget;
}

static uint64_t
kills_now(void)
{
    struct budget_source *source = budget_source_new(root);
    uint64_t kills;

    assert_non_null(source);
    kills = budget_oom_kills(source);
    budget_source_free(source);
    return kills;
}

static void
without_cgroups_the_machine_is_the_budget(void **state)
{
    struct budget budget;

    (void)state;
    put_machine("", "");
    budget = budget_now(BUDGET_AUTOMATIC);
    assert_int_equal(budget.total_bytes, 24 * GIB);
    assert_int_equal(budget.available_bytes, 20 * GIB);
    assert_int_equal(budget.headroom_bytes, 24 * GIB / 10);
    assert_int_equal(budget.cap_bytes, UINT64_MAX);
    assert_false(budget.is_limited);
    assert_false(budget.is_pressed);
}

static void
without_meminfo_there_is_no_budget(void **state)
{
    struct budget budget;

    (void)state;
    assert_int_equal(read_now(BUDGET_AUTOMATIC, &budget), NVC_ERR_IO);
    put("/proc/meminfo", "nothing of use\n");
    assert_int_equal(read_now(BUDGET_AUTOMATIC, &budget), NVC_ERR_IO);
}

static void
every_v2_limit_on_the_path_counts(void **state)
{
    struct budget budget;

    (void)state;
    put_machine("0::/user/build/job\n", v2_mount);
    put("/sys/fs/cgroup/user/build/job/memory.max", "max\n");
    put("/sys/fs/cgroup/user/build/job/memory.high", "max\n");
    put("/sys/fs/cgroup/user/build/memory.max", "8589934592\n");
    put("/sys/fs/cgroup/user/build/memory.current", "3221225472\n");
    put("/sys/fs/cgroup/user/build/memory.stat",
        "anon 5\ninactive_file 1073741824\nactive_file 1073741824\n");
    put("/sys/fs/cgroup/user/memory.max", "10737418240\n");
    put("/sys/fs/cgroup/user/memory.current", "9663676416\n");
    budget = budget_now(BUDGET_AUTOMATIC);
    assert_true(budget.is_limited);
    /* 8 GiB is the narrowest; but of the 10 above it 9 are in use, by others too. */
    assert_int_equal(budget.total_bytes, 8 * GIB);
    assert_int_equal(budget.available_bytes, 1 * GIB);
    put("/sys/fs/cgroup/user/memory.current", "3221225472\n");
    /* 8 - (3 - 1 - 1), but a 32nd of 8 of what is active is left alone */
    assert_int_equal(budget_now(BUDGET_AUTOMATIC).available_bytes, 7 * GIB - 256 * MIB);
}

static void
memory_high_is_a_limit(void **state)
{
    (void)state;
    put_machine("0::/job\n", v2_mount);
    put("/sys/fs/cgroup/job/memory.max", "max\n");
    put("/sys/fs/cgroup/job/memory.high", "4294967296\n");
    put("/sys/fs/cgroup/job/memory.current", "0\n");
    assert_int_equal(budget_now(BUDGET_AUTOMATIC).total_bytes, 4 * GIB);
}

static void
v1_limits_count_and_its_no_limit_does_not(void **state)
{
    struct budget budget;

    (void)state;
    put_machine("5:cpu:/\n4:memory:/job\n0::/\n", v1_mount);
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "6442450944\n");
    put("/sys/fs/cgroup/memory/job/memory.usage_in_bytes", "2147483648\n");
    put("/sys/fs/cgroup/memory/job/memory.stat",
        "inactive_file 7\ntotal_inactive_file 1073741824\ntotal_active_file 0\n");
    budget = budget_now(BUDGET_AUTOMATIC);
    assert_int_equal(budget.total_bytes, 6 * GIB);
    assert_int_equal(budget.available_bytes, 5 * GIB);
    assert_int_equal(budget.headroom_bytes, 6 * GIB / 10);
}

/* Without a cgroup namespace a container sees its path on the host, and a mount of just
 * that part. */
static void
a_container_sees_its_own_part_of_the_hierarchy(void **state)
{
    (void)state;
    put_machine("4:memory:/docker/abc/sub\n",
                "30 24 0:26 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup "
                "rw,memory\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "4294967296\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "0\n");
    put("/sys/fs/cgroup/memory/sub/memory.limit_in_bytes", "2147483648\n");
    put("/sys/fs/cgroup/memory/sub/memory.usage_in_bytes", "0\n");
    assert_int_equal(budget_now(BUDGET_AUTOMATIC).total_bytes, 2 * GIB);
    put_machine("4:memory:/docker/other\n",
                "30 24 0:26 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup "
                "rw,memory\n");
    assert_int_equal(budget_now(BUDGET_AUTOMATIC).total_bytes, 4 * GIB);
}

/* WSL2 mounts v1's controllers, and v2 beside them with none; its limit is the size of
 * the virtual machine. */
static void
below_wsl2_the_virtual_machine_is_the_budget(void **state)
{
    struct budget budget;

    (void)state;
    put_machine("9:memory:/\n4:cpu:/\n0::/init.scope\n",
                "30 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
                "33 24 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    put("/sys/fs/cgroup/unified/init.scope/cgroup.procs", "1\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "4294967296\n");
    budget = budget_now(BUDGET_AUTOMATIC);
    assert_int_equal(budget.total_bytes, 24 * GIB);
    assert_int_equal(budget.available_bytes, 20 * GIB);
    assert_false(budget.is_limited);
}

static void
domains_are_those_of_limits(void **state)
{
    uint64_t machine;
    uint64_t first;

    (void)state;
    put_machine("0::/a\n", v2_mount);
    put("/sys/fs/cgroup/a/memory.max", "max\n");
    put("/sys/fs/cgroup/b/memory.max", "4294967296\n");
    put("/sys/fs/cgroup/b/c/memory.max", "max\n");
    machine = budget_now(BUDGET_AUTOMATIC).domain;
    put("/proc/self/cgroup", "0::/b\n");
    first = budget_now(BUDGET_AUTOMATIC).domain;
    assert_true(first != machine);
    put("/proc/self/cgroup", "0::/b/c\n");
    assert_true(budget_now(BUDGET_AUTOMATIC).domain == first);
    put("/proc/sys/kernel/random/boot_id", "another boot\n");
    assert_true(budget_now(BUDGET_AUTOMATIC).domain != first);
}

static void
pressure_is_seen(void **state)
{
    (void)state;
    put_machine("0::/a\n", v2_mount);
    put("/proc/pressure/memory", "some avg10=19.99 avg60=50.00 avg300=0.00 total=1\n");
    assert_false(budget_now(BUDGET_AUTOMATIC).is_pressed);
    put("/proc/pressure/memory", "some avg10=20.00 avg60=0.00 avg300=0.00 total=1\n");
    assert_true(budget_now(BUDGET_AUTOMATIC).is_pressed);
    put("/proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
    put("/sys/fs/cgroup/a/memory.pressure", "some avg10=43.20 avg60=0.0\n");
    assert_true(budget_now(BUDGET_AUTOMATIC).is_pressed);
    /* Others struggle, we do not. */
    put("/proc/pressure/memory", "some avg10=90.00 avg60=0.00 avg300=0.00 total=1\n");
    put("/sys/fs/cgroup/a/memory.pressure", "some avg10=0.00 avg60=0.0\n");
    assert_false(budget_now(BUDGET_AUTOMATIC).is_pressed);
    put_machine("4:memory:/job\n", v1_mount);
    assert_true(budget_now(BUDGET_AUTOMATIC).is_pressed);
    put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "6442450944\n");
    assert_false(budget_now(BUDGET_AUTOMATIC).is_pressed);
}

static void
the_setting_is_a_cap(void **state)
{
    struct budget budget;

    (void)state;
    put_machine("", "");
    budget = budget_now(16 * GIB);
    assert_int_equal(budget.cap_bytes, 16 * GIB);
    assert_int_equal(budget.total_bytes, 16 * GIB);
    assert_int_equal(budget.available_bytes, 20 * GIB);
    assert_int_equal(budget_now(50).cap_bytes / MIB, 12 * 1024 - 1);
    assert_int_equal(budget_now(64 * GIB).total_bytes, 24 * GIB);
}

static void
kills_are_those_of_our_cgroup(void **state)
{
    (void)state;
    put_machine("4:memory:/job\n", v1_mount);
    put("/proc/vmstat", "nr_free 1\noom_kill 7\n");
    assert_int_equal(kills_now(), 7);
    put("/sys/fs/cgroup/memory/job/memory.oom_control",
        "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
    assert_int_equal(kills_now(), 3);
    put_machine("0::/job\n", v2_mount);
    put("/sys/fs/cgroup/job/memory.events", "low 0\noom 9\noom_kill 5\n");
    assert_int_equal(kills_now(), 5);
}

/* A compile that is measured asks dozens of times. */
static void
what_is_read_again_is_what_is_there_now(void **state)
{
    struct budget_source *source;
    struct budget budget;

    (void)state;
    put_machine("4:memory:/job\n", v1_mount);
    put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1073741824\n");
    source = budget_source_new(root);
    assert_non_null(source);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(budget_read(source, BUDGET_AUTOMATIC, &budget), NVC_OK);
        assert_int_equal(budget.total_bytes, 1 << 30);
    }
    put("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "536870912\n");
    assert_int_equal(budget_read(source, BUDGET_AUTOMATIC, &budget), NVC_OK);
    assert_int_equal(budget.total_bytes, 512 << 20);
    budget_source_free(source);
}

static void
this_machine_can_be_read(void **state)
{
    struct budget budget;

    (void)state;
    assert_int_equal(budget_read_once(BUDGET_AUTOMATIC, &budget), NVC_OK);
    assert_true(budget.total_bytes > 64 * MIB);
    assert_true(budget.available_bytes <= budget.total_bytes);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)

int
test_budget(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_cgroups_the_machine_is_the_budget),
        TEST(without_meminfo_there_is_no_budget),
        TEST(every_v2_limit_on_the_path_counts),
        TEST(memory_high_is_a_limit),
        TEST(v1_limits_count_and_its_no_limit_does_not),
        TEST(a_container_sees_its_own_part_of_the_hierarchy),
        TEST(below_wsl2_the_virtual_machine_is_the_budget),
        TEST(domains_are_those_of_limits),
        TEST(pressure_is_seen),
        TEST(the_setting_is_a_cap),
        TEST(kills_are_those_of_our_cgroup),
        TEST(what_is_read_again_is_what_is_there_now),
        TEST(this_machine_can_be_read),
    };

    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
