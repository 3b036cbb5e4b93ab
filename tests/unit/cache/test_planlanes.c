/* When a step may run beside another. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "planrun_priv.h"

int test_planlanes(void);

static void
a_job_server_counts_the_steps(void **state)
{
    static const char *const with[] = {
        "ks -j3 --jobserver-auth=3,4", "--jobserver-fds=3,4 -j",
        "-j --jobserver-auth=fifo:/tmp/f --sync", "  --jobserver-auth=-2,-2 -- A=b"};
    static const char *const without[] = {"", "-j2", "ks -- X=--jobserver-auth=3,4",
                                          "-j -- --jobserver-auth=3,4",
                                          "A=--jobserver-auth=3,4"};

    (void)state;
    assert_false(plan_lanes_are_counted(NULL));
    for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++)
        assert_true(plan_lanes_are_counted(with[i]));
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++)
        assert_false(plan_lanes_are_counted(without[i]));
}

static void
memory_must_be_ample(void **state)
{
    const uint64_t gib = (uint64_t)1 << 30;

    (void)state;
    assert_true(plan_lanes_fit(gib, 64 * gib, 32));
    assert_false(plan_lanes_fit(gib + 1, 64 * gib, 32));
    assert_true(plan_lanes_fit(0, 0, 1));
    assert_false(plan_lanes_fit(UINT64_MAX, 64 * gib, 2));
}

int
test_planlanes(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_server_counts_the_steps),
        cmocka_unit_test(memory_must_be_ample),
    };

    return cmocka_run_group_tests_name("planlanes", tests, NULL, NULL);
}
