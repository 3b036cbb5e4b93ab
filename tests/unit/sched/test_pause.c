/* Who can finish, and who pauses for it. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "admission_priv.h"
#include "pause_priv.h"
#include "safety_priv.h"

#define GIB    ((uint64_t)1 << 30)
#define MIB    ((uint64_t)1 << 20)
#define SECOND INT64_C(1000000000)
#define NOW    (1000 * SECOND)

int test_pause(void);

/* A budget of 8 GiB of which so much is left beside the headroom of 1 GiB. */
static struct budget
left(uint64_t mib)
{
    return (struct budget){.total_bytes = 9 * GIB,
                           .available_bytes = 1 * GIB + mib * MIB,
                           .headroom_bytes = 1 * GIB,
                           .cap_bytes = UINT64_MAX};
}

/* Started so many seconds ago. */
static struct pool_entry
running(int64_t age_s, uint64_t need_mib, uint64_t now_mib)
{
    return (struct pool_entry){.state = POOL_RUNNING,
                               .pid = (uint32_t)age_s,
                               .arrived_ns = NOW - 500 * SECOND,
                               .started_ns = NOW - age_s * SECOND,
                               .beat_ns = NOW,
                               .need_bytes = need_mib * MIB,
                               .now_bytes = now_mib * MIB,
                               .lanes = 1,
                               .may_pause = 1,
                               .may_begin_anew = 1};
}

static enum pause_verdict
judge(uint64_t left_mib, struct pool_entry me, const struct pool_entry *others, size_t n)
{
    const struct budget budget = left(left_mib);

    return pause_judge(&budget, &me, others, n, NOW);
}

/* The one that will grow least. */
static void
the_first_always_goes_on(void **state)
{
    const struct pool_entry other = running(20, 4000, 1000);

    (void)state;
    assert_int_equal(judge(0, running(10, 4000, 1001), &other, 1), PAUSE_GO);
    assert_int_equal(judge(0, running(10, 4000, 999), &other, 1), PAUSE_STOP);
    assert_int_equal(judge(0, running(21, 4000, 1000), &other, 1), PAUSE_GO);
    assert_int_equal(judge(0, running(10, 4000, 100), NULL, 0), PAUSE_GO);
}

static void
the_next_pauses_before_the_first_lacks_memory(void **state)
{
    const struct pool_entry first = running(20, 4000, 1000);

    (void)state;
    /* the first grows by 3000; a cushion of 128 for the next */
    assert_int_equal(judge(3200, running(10, 4000, 900), &first, 1), PAUSE_GO);
    assert_int_equal(judge(3100, running(10, 4000, 900), &first, 1), PAUSE_STOP);
}

/* An elder one, too, while a younger one is nearer to its peak. */
static void
age_does_not_count(void **state)
{
    const struct pool_entry first = running(10, 4000, 3500);

    (void)state;
    assert_int_equal(judge(600, running(20, 4000, 1000), &first, 1), PAUSE_STOP);
    assert_int_equal(judge(700, running(20, 4000, 1000), &first, 1), PAUSE_GO);
}

static void
who_is_paused_stays_so_until_there_is_clearly_enough(void **state)
{
    const struct pool_entry first = running(20, 4000, 1000);
    struct pool_entry me = running(10, 4000, 900);

    (void)state;
    me.is_paused = 1;
    assert_int_equal(judge(3300, me, &first, 1), PAUSE_STOP);
    assert_int_equal(judge(3400, me, &first, 1), PAUSE_GO);
}

static void
the_last_pauses_first(void **state)
{
    const struct pool_entry ahead[] = {running(30, 4000, 1000), running(20, 4000, 900)};

    (void)state;
    assert_int_equal(judge(3200, running(10, 4000, 100), ahead, 2), PAUSE_STOP);
    assert_int_equal(judge(3300, running(10, 4000, 100), ahead, 2), PAUSE_GO);
    assert_int_equal(judge(3200, running(20, 4000, 100), ahead, 1), PAUSE_GO);
}

/* The second one needs more than the first gives back. */
static void
all_ahead_must_be_able_to_finish_one_by_one(void **state)
{
    const struct pool_entry ahead[] = {running(30, 1000, 900), running(20, 6000, 1000)};

    (void)state;
    assert_int_equal(judge(4400, running(10, 8000, 100), ahead, 2), PAUSE_GO);
    assert_int_equal(judge(4200, running(10, 8000, 100), ahead, 2), PAUSE_STOP);
}

static void
stopped_launchers_are_not_waited_for(void **state)
{
    struct pool_entry first = running(20, 4000, 1000);

    (void)state;
    assert_int_equal(judge(1000, running(10, 4000, 900), &first, 1), PAUSE_STOP);
    first.beat_ns = NOW - POOL_STALE_NS - 1;
    assert_int_equal(judge(1000, running(10, 4000, 900), &first, 1), PAUSE_GO);
}

static void
who_waits_is_not_ahead(void **state)
{
    struct pool_entry waiting = running(20, 4000, 0);

    (void)state;
    waiting.state = POOL_WAITING;
    waiting.started_ns = 0;
    assert_int_equal(judge(100, running(10, 8000, 1000), &waiting, 1), PAUSE_GO);
}

static void
the_youngest_is_set_back_when_the_headroom_is_half_gone(void **state)
{
    struct pool_entry others[] = {running(30, 4000, 5000), running(5, 4000, 100)};
    struct budget budget = left(0);
    struct pool_entry me = running(10, 4000, 1000);

    (void)state;
    budget.available_bytes = budget.headroom_bytes / 2 + MIB;
    assert_int_equal(pause_judge(&budget, &me, others, 1, NOW), PAUSE_STOP);
    budget.available_bytes = budget.headroom_bytes / 2 - MIB;
    assert_int_equal(pause_judge(&budget, &me, others, 1, NOW), PAUSE_SET_BACK);
    assert_int_equal(pause_judge(&budget, &me, others, 2, NOW), PAUSE_STOP);
    others[1].may_begin_anew = 0;
    assert_int_equal(pause_judge(&budget, &me, others, 2, NOW), PAUSE_SET_BACK);
    me.may_begin_anew = 0;
    assert_int_equal(pause_judge(&budget, &me, others, 2, NOW), PAUSE_STOP);
    me.may_begin_anew = 1;
    me.is_alone = 1;
    assert_int_equal(pause_judge(&budget, &me, others, 1, NOW), PAUSE_GO);
    me = running(10, 4000, 4000); /* now it is the first */
    assert_int_equal(pause_judge(&budget, &me, others, 1, NOW), PAUSE_GO);
}

static void
below_a_cap_everybody_s_use_counts(void **state)
{
    const struct pool_entry first = running(20, 4000, 1000);
    const struct pool_entry me = running(10, 4000, 900);
    struct budget budget = left(8000);

    (void)state;
    budget.cap_bytes = 6000 * MIB;
    assert_int_equal(pause_judge(&budget, &me, &first, 1, NOW), PAUSE_GO);
    budget.cap_bytes = 5000 * MIB;
    assert_int_equal(pause_judge(&budget, &me, &first, 1, NOW), PAUSE_STOP);
}

/* ---- what that allows ---- */

static struct verdict
admit(uint64_t left_mib, uint64_t need_mib, uint64_t expected_us,
      const struct pool_entry *others, size_t n)
{
    const struct budget budget = left(left_mib);
    const struct estimate estimate = {.peak_bytes = need_mib * MIB / 17 * 16,
                                      .largest_bytes = need_mib * MIB / 17 * 16,
                                      .lanes = 1};
    struct pool_entry me = running(0, need_mib, 0);

    me.state = POOL_WAITING;
    me.expected_us = expected_us;
    return admission_judge(&budget, &me, &estimate, false, others, n, NOW);
}

static void
all_must_fit_with_a_third_and_one_with_all(void **state)
{
    const struct pool_entry other = running(20, 4000, 1000);

    (void)state;
    /* 333 for the other's share, 2666 for its peak, the newcomer's 1333 */
    assert_int_equal(admit(4400, 4000, 0, &other, 1).lanes, 1);
    assert_int_equal(admit(4300, 4000, 0, &other, 1).lanes, 0);
    /* a small one: 333, 133, and 2666 for the peak of the other */
    assert_int_equal(admit(3200, 400, 0, &other, 1).lanes, 1);
    assert_int_equal(admit(3100, 400, 0, &other, 1).lanes, 0);
    /* a big one: all of its own, now */
    assert_int_equal(admit(6100, 6000, 0, &other, 1).lanes, 1);
    assert_int_equal(admit(5900, 6000, 0, &other, 1).lanes, 0);
}

static void
all_whose_needs_are_known_must_fit_with_a_third(void **state)
{
    struct pool_entry other = running(20, 6000, 500);

    (void)state;
    /* 1500 for the share of the other, 1333 for the newcomer's, and all of its own now */
    other.expected_us = 60 * SECOND / 1000;
    assert_int_equal(admit(4100, 4000, other.expected_us, &other, 1).lanes, 1);
    assert_int_equal(admit(3900, 4000, other.expected_us, &other, 1).lanes, 0);
    assert_int_equal(admit(2900, 2000, other.expected_us, &other, 1).lanes, 1);
    assert_int_equal(admit(1600, 1000, other.expected_us, &other, 1).lanes, 0);
    /* guessed, it may be more: 5500 for its peak */
    other.expected_us = 0;
    assert_int_equal(admit(6500, 4000, 0, &other, 1).lanes, 0);
    assert_int_equal(admit(7000, 4000, 0, &other, 1).lanes, 1);
}

static void
one_that_is_over_too_soon_needs_all_of_it(void **state)
{
    const struct pool_entry other = running(20, 4000, 1000);

    (void)state;
    /* 333 for the other's share, 2666 for its peak */
    assert_int_equal(admit(6900, 4000, SECOND / 1000, &other, 1).lanes, 0);
    assert_int_equal(admit(7100, 4000, SECOND / 1000, &other, 1).lanes, 1);
}

static void
without_pausing_all_must_fit_at_once(void **state)
{
    struct pool_entry other = running(20, 4000, 1000);

    (void)state;
    other.may_pause = 0;
    assert_int_equal(admit(6900, 4000, SECOND / 1000, &other, 1).lanes, 0);
    assert_int_equal(admit(7100, 4000, SECOND / 1000, &other, 1).lanes, 1);
}

static void
nobody_starts_while_somebody_is_paused(void **state)
{
    struct pool_entry others[] = {running(20, 4000, 1000), running(10, 4000, 500)};

    (void)state;
    assert_int_equal(admit(8000, 100, 0, others, 2).lanes, 1);
    others[1].is_paused = 1;
    assert_int_equal(admit(8000, 100, 0, others, 2).lanes, 0);
}

static void
one_that_could_never_run_beside_nothing_waits_for_that(void **state)
{
    const struct pool_entry other = running(20, 1000, 1000);

    (void)state;
    assert_int_equal(admit(8100, 9000, 0, &other, 1).lanes, 0);
}

int
test_pause(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_always_goes_on),
        cmocka_unit_test(the_next_pauses_before_the_first_lacks_memory),
        cmocka_unit_test(age_does_not_count),
        cmocka_unit_test(who_is_paused_stays_so_until_there_is_clearly_enough),
        cmocka_unit_test(the_last_pauses_first),
        cmocka_unit_test(all_ahead_must_be_able_to_finish_one_by_one),
        cmocka_unit_test(stopped_launchers_are_not_waited_for),
        cmocka_unit_test(who_waits_is_not_ahead),
        cmocka_unit_test(the_youngest_is_set_back_when_the_headroom_is_half_gone),
        cmocka_unit_test(below_a_cap_everybody_s_use_counts),
        cmocka_unit_test(all_must_fit_with_a_third_and_one_with_all),
        cmocka_unit_test(all_whose_needs_are_known_must_fit_with_a_third),
        cmocka_unit_test(one_that_is_over_too_soon_needs_all_of_it),
        cmocka_unit_test(without_pausing_all_must_fit_at_once),
        cmocka_unit_test(nobody_starts_while_somebody_is_paused),
        cmocka_unit_test(one_that_could_never_run_beside_nothing_waits_for_that),
    };

    return cmocka_run_group_tests_name("pause", tests, NULL, NULL);
}
