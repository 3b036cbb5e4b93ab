/* What is remembered, and what is expected from it. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "estimate_priv.h"

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/tmpfile.h"
#include "nvcache/sched/history.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIB ((uint64_t)1 << 30)

int test_history(void);

static struct arena arena;
static char *dir;
static char *path;
static struct history *history;

static int
set_up(void **state)
{
    (void)state;
    arena = (struct arena)ARENA_INIT;
    if (fs_make_private_dir(&arena, "/tmp", "nvcache-history-", &dir) != NVC_OK)
        return -1;
    path = path_join(&arena, dir, HISTORY_FILE);
    history_open(path, -1, false, &history);
    return history != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    history_close(history);
    fs_remove_tree(dir);
    arena_fini(&arena);
    return 0;
}

static const struct history_row row = {.peak_bytes = UINT64_C(0x0102030405),
                                       .largest_bytes = 0x1122334455,
                                       .wall_us = 0x66778899,
                                       .when_s = 0xaabbccdd,
                                       .count = 0x0e0f,
                                       .lanes = 0x1011};
static const struct checksum key = {.lo = 1, .hi = UINT64_C(0x2021222324252627)};

/* A change of these bytes needs a new number in HISTORY_FILE. */
static void
the_format_is_this(void **state)
{
    static const uint8_t golden[64] = {
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x27, 0x26, 0x25, 0x24, 0x23,
        0x22, 0x21, 0x20, 0x05, 0x04, 0x03, 0x02, 0x01, 0x00, 0x00, 0x00, 0x55, 0x44,
        0x33, 0x22, 0x11, 0x00, 0x00, 0x00, 0x99, 0x88, 0x77, 0x66, 0x00, 0x00, 0x00,
        0x00, 0xdd, 0xcc, 0xbb, 0xaa, 0x0f, 0x0e, 0x11, 0x10, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x14, 0x1f, 0xdf, 0x45, 0xb5, 0x8e, 0x52, 0xd2};
    uint8_t bytes[64];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_string_equal(HISTORY_FILE, "memory-v1");
    history_put(history, key, &row);
    assert_int_equal(pread(fd, bytes, sizeof(bytes), 256), sizeof(bytes));
    close(fd);
    assert_memory_equal(bytes, golden, sizeof(bytes));
}

static void
what_was_put_is_found(void **state)
{
    struct history_row got;

    (void)state;
    assert_false(history_get(history, key, &got));
    history_put(history, key, &row);
    assert_true(history_get(history, key, &got));
    assert_memory_equal(&got, &row, sizeof(row));
    history_close(history);
    history_open(path, -1, true, &history);
    assert_true(history_get(history, key, &got));
}

static void
damage_is_absence(void **state)
{
    struct history_row got;
    const int fd = open(path, O_RDWR | O_CLOEXEC);

    (void)state;
    for (off_t at = 256; at < 320; at++) {
        uint8_t byte;

        history_put(history, key, &row);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_false(history_get(history, key, &got));
    }
    /* and is written over */
    history_put(history, key, &row);
    assert_true(history_get(history, key, &got));
    assert_int_equal(ftruncate(fd, 300), 0);
    assert_false(history_get(history, key, &got));
    close(fd);
}

static void
the_oldest_of_a_full_bucket_makes_way(void **state)
{
    struct history_row got;
    struct checksum same = key;
    struct history_row one = row;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        same.hi = i;
        one.when_s = i == 0 ? 50 : 40 + i;
        history_put(history, same, &one);
    }
    same.hi = 0;
    assert_true(history_get(history, same, &got));
    same.hi = 1; /* when_s 41 */
    assert_false(history_get(history, same, &got));
}

static void
no_file_is_no_history(void **state)
{
    struct history *none;
    struct history_row got;

    (void)state;
    history_open(path_join(&arena, dir, "not/there"), -1, false, &none);
    assert_null(none);
    history_put(none, key, &row);
    assert_false(history_get(none, key, &got));
    history_close(none);
}

/* ---- expecting ---- */

static void
guess_4(void *arg, struct lease_guess *out)
{
    ++*(int *)arg;
    *out = (struct lease_guess){.bytes = 4 * GIB, .class = 7};
}

static int guesses;

static struct lease_spec
spec_of(uint64_t unit)
{
    return (struct lease_spec){.unit = {unit, 1},
                               .unit_any = {unit, 2},
                               .project = {9, 9},
                               .lanes = 1,
                               .guess = guess_4,
                               .arg = &guesses};
}

static struct history_row
used(uint64_t peak, uint64_t largest, uint16_t lanes)
{
    return (struct history_row){
        .peak_bytes = peak, .largest_bytes = largest, .lanes = lanes, .wall_us = 5};
}

static void
learn(uint64_t unit, struct history_row seen)
{
    const struct lease_spec spec = spec_of(unit);
    struct guessed guessed;
    struct estimate estimate;

    estimate_make(history, &spec, &guessed, &estimate);
    estimate_learn(history, &spec, &guessed, &seen);
}

static struct estimate
expect(const struct lease_spec *spec)
{
    struct guessed guessed;
    struct estimate estimate;

    estimate_make(history, spec, &guessed, &estimate);
    return estimate;
}

static void
a_known_unit_needs_what_it_needed(void **state)
{
    const struct lease_spec spec = spec_of(1);
    struct estimate estimate;

    (void)state;
    learn(1, used(16 * GIB, 16 * GIB, 1));
    guesses = 0;
    estimate = expect(&spec);
    assert_int_equal(estimate.source, ESTIMATE_UNIT);
    assert_int_equal(estimate_need(&estimate, 1), 17 * GIB);
    assert_int_equal(estimate.wall_us, 5);
    assert_int_equal(guesses, 0);
}

static void
other_architectures_are_better_than_nothing(void **state)
{
    struct lease_spec spec = spec_of(1);

    (void)state;
    learn(1, used(16 * GIB, 16 * GIB, 1));
    spec.unit.hi = 77;
    assert_int_equal(expect(&spec).source, ESTIMATE_SIMILAR);
}

static void
chains_at_once_need_more(void **state)
{
    const struct lease_spec spec = spec_of(1);
    struct estimate estimate;

    (void)state;
    learn(1, used(12 * GIB, 4 * GIB, 4));
    estimate = expect(&spec);
    assert_int_equal(estimate_need(&estimate, 4), 12 * GIB / 16 * 17);
    assert_int_equal(estimate_need(&estimate, 8), 24 * GIB / 16 * 17);
    /* one chain is one process of 4 GiB, not a quarter of the sum */
    assert_int_equal(estimate_need(&estimate, 1), 4 * GIB / 16 * 17);
}

static void
an_unknown_unit_is_guessed_and_the_project_corrects_it(void **state)
{
    const struct lease_spec spec = spec_of(1000);
    struct estimate estimate = expect(&spec);

    (void)state;
    assert_int_equal(estimate.source, ESTIMATE_PRIOR);
    assert_int_equal(estimate.peak_bytes, 4 * GIB);
    learn(1, used(1 * GIB, 1 * GIB, 1));
    estimate = expect(&spec);
    assert_int_equal(estimate.source, ESTIMATE_PROJECT);
    /* one small one proves little: (1 + 2 * 4) / 3 */
    assert_int_equal(estimate.peak_bytes, 3 * GIB);
    for (uint64_t unit = 2; unit < 40; unit++)
        learn(unit, used(1 * GIB, 1 * GIB, 1));
    assert_in_range(expect(&spec).peak_bytes, 1 * GIB, 1 * GIB + GIB / 2);
    /* one big one shows what may come: the mean of 40 is 1.1, a quarter of the way to 6
     * is 2.3 */
    learn(50, used(6 * GIB, 6 * GIB, 1));
    assert_in_range(expect(&spec).peak_bytes, 2 * GIB, 2 * GIB + GIB / 2);
}

static void
estimates_rise_at_once_and_sink_slowly(void **state)
{
    const struct lease_spec spec = spec_of(1);

    (void)state;
    learn(1, used(4 * GIB, 4 * GIB, 1));
    learn(1, used(8 * GIB, 8 * GIB, 1));
    assert_int_equal(expect(&spec).peak_bytes, 8 * GIB);
    learn(1, used(4 * GIB, 4 * GIB, 1));
    assert_int_equal(expect(&spec).peak_bytes, 7 * GIB);
}

static void
a_kill_raises_the_estimate_until_it_is_measured(void **state)
{
    const struct lease_spec spec = spec_of(1);
    const struct history_row killed = used(4 * GIB, 4 * GIB, 1);

    (void)state;
    learn(1, used(2 * GIB, 2 * GIB, 1));
    estimate_raise(history, &spec, &killed, 2 * GIB);
    assert_int_equal(expect(&spec).peak_bytes, 6 * GIB);
    estimate_raise(history, &spec, &killed, 9 * GIB); /* another's greed */
    assert_int_equal(expect(&spec).peak_bytes, 9 * GIB);
    learn(1, used(5 * GIB, 5 * GIB, 1));
    assert_int_equal(expect(&spec).peak_bytes, 5 * GIB);
}

static void
who_waits_learns_from_those_who_finish(void **state)
{
    const struct lease_spec spec = spec_of(1000);
    struct guessed guessed;
    struct estimate estimate;

    (void)state;
    estimate_make(history, &spec, &guessed, &estimate);
    assert_int_equal(estimate.source, ESTIMATE_PRIOR);
    learn(1, used(1 * GIB, 1 * GIB, 1));
    guesses = 0;
    estimate_renew(history, &spec, &guessed, &estimate);
    assert_int_equal(estimate.source, ESTIMATE_PROJECT);
    assert_int_equal(guesses, 0);
    learn(1000, used(2 * GIB, 2 * GIB, 1));
    estimate_renew(history, &spec, &guessed, &estimate);
    assert_int_equal(estimate.source, ESTIMATE_UNIT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
test_history(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_format_is_this),
        TEST(what_was_put_is_found),
        TEST(damage_is_absence),
        TEST(the_oldest_of_a_full_bucket_makes_way),
        TEST(no_file_is_no_history),
        TEST(a_known_unit_needs_what_it_needed),
        TEST(other_architectures_are_better_than_nothing),
        TEST(chains_at_once_need_more),
        TEST(an_unknown_unit_is_guessed_and_the_project_corrects_it),
        TEST(estimates_rise_at_once_and_sink_slowly),
        TEST(a_kill_raises_the_estimate_until_it_is_measured),
        TEST(who_waits_learns_from_those_who_finish),
    };

    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
