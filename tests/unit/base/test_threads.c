/* Work that several threads share. */

#include "nvcache/base/threads.h"

#include "nvcache/base/cpus.h"
#include "nvcache/base/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ITEMS = 10000
};

int test_threads(void);

struct counting {
    atomic_size_t next;
    atomic_int calls;
    unsigned char done[ITEMS];
};

static void
count_some(void *arg)
{
    struct counting *counting = arg;
    size_t i;

    atomic_fetch_add(&counting->calls, 1);
    while ((i = atomic_fetch_add(&counting->next, 1)) < ITEMS)
        counting->done[i]++;
}

static int
calls_with(size_t helpers)
{
    static struct counting counting;

    counting = (struct counting){0};
    threads_share(count_some, &counting, helpers);
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal(counting.done[i], 1);
    return counting.calls;
}

static void
each_item_is_done_once_by_all(void **state)
{
    (void)state;
    assert_int_equal(calls_with(0), 1);
    assert_int_equal(calls_with(1), 2);
    assert_int_equal(calls_with(100), THREADS_HELPERS_MAX + 1);
}

static void
small_work_is_worth_no_helper(void **state)
{
    (void)state;
    assert_int_equal(threads_worth(0, 10), 0);
    assert_int_equal(threads_worth(9, 10), 0);
    assert_true(threads_worth(10, 10) <= 1);
    assert_true(threads_worth(UINT64_MAX, 1) < cpus_usable());
    assert_true(threads_worth(UINT64_MAX, 1) <= THREADS_HELPERS_MAX);
}

static void
idle_is_what_nothing_runs_on(void **state)
{
    (void)state;
    assert_int_equal(cpus_idle_by("0.20 0.18 0.12 1/80 11206\n", 8), 7);
    assert_int_equal(cpus_idle_by("9.00 9.00 9.00 7/80 11206\n", 8), 1);
    assert_int_equal(cpus_idle_by("0.00 0.00 0.00 8/800 11206\n", 8), 0);
    assert_int_equal(cpus_idle_by("0.00 0.00 0.00 100/800 11206\n", 8), 0);
    assert_int_equal(cpus_idle_by("0.00 0.00 0.00", 8), 0);
    assert_int_equal(cpus_idle_by("", 8), 0);
    assert_true(cpus_idle(true) <= cpus_usable());
    assert_true(cpus_idle(false) <= cpus_usable());
}

static void
processors_are_counted_whoever_may_use_them(void **state)
{
    cpu_set_t before, one;

    (void)state;
    assert_int_equal(cpus_online_by("0\n"), 1);
    assert_int_equal(cpus_online_by("0-63\n"), 64);
    assert_int_equal(cpus_online_by("0-3,6,8-9\n"), 7);
    assert_int_equal(cpus_online_by("3-1\n"), 0);
    assert_int_equal(cpus_online_by("\n"), 0);
    assert_int_equal(cpus_online_by(""), 0);
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    one = before;
    for (size_t i = 0, found = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &one) && found++ > 0)
            CPU_CLR(i, &one);
    const size_t online = cpus_online();

    assert_true(online >= cpus_usable());
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    assert_int_equal(cpus_usable(), 1);
    assert_int_equal(cpus_online(), online);
    assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

struct fault {
    pthread_t caller;
};

/* The helper faults while the caller is inside guard_call. */
static void
fault_in_helper(void *arg)
{
    struct fault *fault = arg;

    if (pthread_equal(fault->caller, pthread_self()))
        for (;;)
            pause();
    raise(SIGSEGV);
}

static void
share_fault(void *arg)
{
    threads_share(fault_in_helper, arg, 1);
}

static void
a_fault_in_a_helper_ends_in_the_fallback(void **state)
{
    struct fault fault = {.caller = pthread_self()};
    int wait_status;
    pid_t pid;

    (void)state;
    pid = fork();
    if (pid == 0) {
        guard_arm_exit(5);
        _exit(guard_call(share_fault, &fault) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 5);
}

int
test_threads(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_item_is_done_once_by_all),
        cmocka_unit_test(small_work_is_worth_no_helper),
        cmocka_unit_test(idle_is_what_nothing_runs_on),
        cmocka_unit_test(processors_are_counted_whoever_may_use_them),
        cmocka_unit_test(a_fault_in_a_helper_ends_in_the_fallback),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
