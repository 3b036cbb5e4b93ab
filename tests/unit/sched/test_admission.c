/* Who may start: the rules, each on a table made for it. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "admission_priv.h"

#define GIB    ((uint64_t)1 << 30)
#define SECOND INT64_C(1000000000)
#define NOW    (1000 * SECOND)

int test_admission(void);

/* 16 GiB, all available; 1 GiB of headroom. */
static const struct budget machine = {.total_bytes = 16 * GIB,
                                      .available_bytes = 16 * GIB,
                                      .headroom_bytes = 1 * GIB,
                                      .cap_bytes = UINT64_MAX};

/* Needs `gib` with one chain: the sixteenth for good measure is taken off first. */
static struct estimate
needs(uint64_t gib)
{
    const uint64_t bytes = gib * GIB / 17 * 16;

    return (struct estimate){.peak_bytes = bytes, .largest_bytes = bytes, .lanes = 1};
}

static struct pool_entry
waiting(uint64_t gib, int64_t seconds)
{
    const struct estimate estimate = needs(gib);

    return (struct pool_entry){.state = POOL_WAITING,
                               .need_bytes = estimate_need(&estimate, 1),
                               .arrived_ns = NOW - seconds * SECOND,
                               .beat_ns = NOW,
                               .lanes = 1};
}

static struct pool_entry
running(uint64_t need_gib, uint64_t now_gib)
{
    struct pool_entry entry = waiting(need_gib, 100);

    entry.state = POOL_RUNNING;
    entry.need_bytes = need_gib * GIB;
    entry.now_bytes = now_gib * GIB;
    return entry;
}

/* The lanes a newcomer of that need gets. */
static unsigned
judge(const struct budget *budget, uint64_t gib, const struct pool_entry *others,
      size_t n)
{
    const struct estimate estimate = needs(gib);
    const struct pool_entry me = waiting(gib, 0);

    return admission_judge(budget, &me, &estimate, false, others, n, NOW).lanes;
}

static void
alone_anything_may_start(void **state)
{
    struct budget full = machine;

    (void)state;
    full.available_bytes = 0;
    full.is_pressed = true;
    assert_int_equal(judge(&full, 100, NULL, 0), 1);
}

static void
beside_others_it_must_fit(void **state)
{
    const struct pool_entry one = running(6, 0);

    (void)state;
    /* 16 - 1 of headroom - 6 that the other will grow by */
    assert_int_equal(judge(&machine, 8, &one, 1), 1);
    assert_int_equal(judge(&machine, 10, &one, 1), 0);
}

static void
what_others_have_is_not_counted_twice(void **state)
{
    const struct pool_entry grown = running(6, 6);
    struct budget budget = machine;

    (void)state;
    budget.available_bytes = 10 * GIB; /* the kernel knows of the 6 */
    assert_int_equal(judge(&budget, 8, &grown, 1), 1);
    assert_int_equal(judge(&budget, 10, &grown, 1), 0);
}

static void
who_has_outgrown_its_prediction_will_go_on(void **state)
{
    const struct pool_entry liar = running(1, 8);
    struct budget budget = machine;

    (void)state;
    budget.available_bytes = 8 * GIB;
    /* 8 - 1 - 8/4 */
    assert_int_equal(judge(&budget, 4, &liar, 1), 1);
    assert_int_equal(judge(&budget, 6, &liar, 1), 0);
}

static void
a_tight_fit_is_not_certain(void **state)
{
    const struct estimate estimate = needs(6);
    const struct pool_entry me = waiting(6, 0);
    const struct pool_entry other = running(6, 6);
    struct budget budget = machine;
    struct verdict verdict;

    (void)state;
    budget.available_bytes = 10 * GIB;
    /* If the other has just let go of its 6, they are in the 10. */
    verdict = admission_judge(&budget, &me, &estimate, false, &other, 1, NOW);
    assert_int_equal(verdict.lanes, 1);
    assert_false(verdict.is_certain);
    verdict = admission_judge(&machine, &me, &estimate, false, &other, 1, NOW);
    assert_true(verdict.is_certain);
}

static void
the_cap_holds_for_all_together(void **state)
{
    const struct pool_entry other = running(3, 1);
    struct budget budget = machine;

    (void)state;
    budget.cap_bytes = 8 * GIB;
    budget.total_bytes = 8 * GIB;
    assert_int_equal(judge(&budget, 4, &other, 1), 1);
    assert_int_equal(judge(&budget, 6, &other, 1), 0);
}

static void
pressure_lets_nobody_start_beside_others(void **state)
{
    const struct pool_entry other = running(1, 1);
    struct budget budget = machine;

    (void)state;
    budget.is_pressed = true;
    assert_int_equal(judge(&budget, 1, &other, 1), 0);
}

static void
with_nothing_running_the_first_in_the_queue_is_next(void **state)
{
    const struct pool_entry ahead = waiting(1, 5);
    struct pool_entry behind = waiting(1, -5);

    (void)state;
    assert_int_equal(judge(&machine, 1, &ahead, 1), 0);
    assert_int_equal(judge(&machine, 1, &behind, 1), 1);
}

static void
small_ones_pass_big_ones_for_a_while(void **state)
{
    struct pool_entry others[] = {running(12, 0), waiting(12, 29)};

    (void)state;
    assert_int_equal(judge(&machine, 1, others, 2), 1);
    others[1] = waiting(12, 31);
    assert_int_equal(judge(&machine, 1, others, 2), 0);
}

static void
equals_do_not_pass_each_other(void **state)
{
    const struct pool_entry others[] = {running(2, 0), waiting(2, 1)};

    (void)state;
    assert_int_equal(judge(&machine, 2, others, 2), 0);
    assert_int_equal(judge(&machine, 3, others, 2), 0);
}

static void
who_must_be_alone_is_alone(void **state)
{
    struct pool_entry rescued = running(1, 0);
    struct pool_entry wants = waiting(1, 0);
    const struct pool_entry other = running(1, 0);
    const struct estimate estimate = needs(1);

    (void)state;
    rescued.is_alone = 1;
    assert_int_equal(judge(&machine, 1, &rescued, 1), 0);
    wants.is_alone = 1;
    assert_int_equal(
        admission_judge(&machine, &wants, &estimate, false, &other, 1, NOW).lanes, 0);
    assert_int_equal(
        admission_judge(&machine, &wants, &estimate, false, NULL, 0, NOW).lanes, 1);
    /* and nobody starts while it waits, also who could pass it */
    wants.arrived_ns = NOW - SECOND;
    wants.need_bytes = 2 * GIB;
    {
        const struct pool_entry both[] = {wants, other};

        assert_int_equal(judge(&machine, 1, both, 2), 0);
    }
}

static void
stopped_processes_hold_nobody_up(void **state)
{
    struct pool_entry others[] = {running(15, 0), waiting(1, 500)};

    (void)state;
    assert_int_equal(judge(&machine, 4, others, 2), 0);
    others[0].beat_ns = NOW - 16 * SECOND;
    others[1].beat_ns = NOW - 16 * SECOND;
    assert_int_equal(judge(&machine, 4, others, 2), 1);
}

static void
threads_are_lowered_when_all_of_them_can_never_fit(void **state)
{
    const struct estimate estimate = needs(4);
    struct pool_entry me = waiting(32, 0);
    const struct pool_entry other = running(2, 0);

    (void)state;
    me.lanes = 8;
    assert_int_equal(admission_judge(&machine, &me, &estimate, true, NULL, 0, NOW).lanes,
                     3);
    assert_int_equal(admission_judge(&machine, &me, &estimate, false, NULL, 0, NOW).lanes,
                     8);
    assert_int_equal(
        admission_judge(&machine, &me, &estimate, true, &other, 1, NOW).lanes, 3);
}

static void
threads_are_lowered_after_a_while(void **state)
{
    const struct estimate estimate = needs(4);
    struct pool_entry me = waiting(12, 1);
    const struct pool_entry other = running(8, 0);

    (void)state;
    me.lanes = 3;
    assert_int_equal(
        admission_judge(&machine, &me, &estimate, true, &other, 1, NOW).lanes, 0);
    me.arrived_ns = NOW - 4 * SECOND;
    assert_int_equal(
        admission_judge(&machine, &me, &estimate, true, &other, 1, NOW).lanes, 1);
}

int
test_admission(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_anything_may_start),
        cmocka_unit_test(beside_others_it_must_fit),
        cmocka_unit_test(what_others_have_is_not_counted_twice),
        cmocka_unit_test(who_has_outgrown_its_prediction_will_go_on),
        cmocka_unit_test(a_tight_fit_is_not_certain),
        cmocka_unit_test(the_cap_holds_for_all_together),
        cmocka_unit_test(pressure_lets_nobody_start_beside_others),
        cmocka_unit_test(with_nothing_running_the_first_in_the_queue_is_next),
        cmocka_unit_test(small_ones_pass_big_ones_for_a_while),
        cmocka_unit_test(equals_do_not_pass_each_other),
        cmocka_unit_test(who_must_be_alone_is_alone),
        cmocka_unit_test(stopped_processes_hold_nobody_up),
        cmocka_unit_test(threads_are_lowered_when_all_of_them_can_never_fit),
        cmocka_unit_test(threads_are_lowered_after_a_while),
    };

    return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
