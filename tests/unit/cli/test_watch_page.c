/* The page of `nvcache watch`, and its line: golden texts. */

#include "watch_priv.h"

#include "nvcache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define GIB    ((uint64_t)1 << 30)
#define SECOND INT64_C(1000000000)
#define NOW    (1000 * SECOND)

int test_watch_page(void);

static struct watch_row
row(enum pool_state state, const char *label, int64_t age_s, const char *step)
{
    struct watch_row out = {.entry = {.state = state, .beat_ns = NOW, .lanes = 1}};

    out.entry.arrived_ns = out.entry.started_ns = NOW - age_s * SECOND;
    strncpy(out.entry.label, label, sizeof(out.entry.label) - 1);
    strncpy(out.step, step, sizeof(out.step) - 1);
    return out;
}

static struct watch_view
busy(struct watch_row *rows, size_t n)
{
    struct watch_view view = {
        .now_ns = NOW,
        .budget = {.total_bytes = 24 * GIB,
                   .available_bytes = 10 * GIB,
                   .cap_bytes = UINT64_MAX},
        .rows = rows,
        .n = n,
        .width = 90,
    };

    view.before.by_status[NVC_HIT_MANIFEST] = 100;
    view.now.by_status[NVC_HIT_MANIFEST] = 112;
    view.now.by_status[NVC_MISS_NEW] = 1234;
    return view;
}

static void
the_page_shows_who_runs_and_who_waits(void **state)
{
    struct watch_row rows[5] = {
        row(POOL_WAITING, "big.cu", 70, ""),
        row(POOL_RUNNING, "attention.cu", 95, "cicc compute_90a"),
        row(POOL_RUNNING, "a_name_that_is_longer_than_the_column.cu", 5, "cudafe++"),
        row(POOL_RUNNING, "stopped.cu", 20, "ptxas sm_90a"),
        row(POOL_RUNNING, "younger.cu", 3, "cicc compute_80"),
    };
    struct watch_view view = busy(rows, 5);
    AUTO_BUF out = BUF_INIT;

    (void)state;
    rows[0].entry.need_bytes = 20 * GIB;
    rows[1].entry.need_bytes = 6 * GIB;
    rows[1].entry.now_bytes = 4 * GIB;
    rows[1].entry.expected_us = 150000000;
    rows[2].entry.need_bytes = 1 * GIB;
    rows[2].entry.now_bytes = 2 * GIB;
    rows[2].entry.is_alone = 1;
    rows[3].entry.beat_ns = NOW - 16 * SECOND;
    rows[4].entry.is_paused = 1;
    watch_put_page(&out, &view);
    assert_string_equal(
        buf_str(&out),
        "Memory   6 GiB in use, 8 GiB promised; 10 GiB available of 24 GiB\n"
        "Build    12 hits, 1,234 misses, 0 failed; 4 running, 1 waiting; more than 13 s "
        "left for these\n"
        "\n"
        "file                          step                          for       now     "
        "needs\n"
        "attention.cu                  cicc compute_90a       1 min 35 s     4 GiB     6 "
        "GiB  55 s left\n"
        "a_name_that_is_longer_than_t  cudafe++                      5 s     2 GiB     1 "
        "GiB  alone\n"
        "stopped.cu                    ptxas sm_90a                 20 s   0 bytes   0 "
        "bytes  stopped\n"
        "younger.cu                    cicc compute_80               3 s   0 bytes   0 "
        "bytes  paused\n"
        "big.cu                        waits                  1 min 10 s   0 bytes    20 "
        "GiB\n");
}

static void
below_a_cap_less_is_available(void **state)
{
    struct watch_row rows[1] = {row(POOL_RUNNING, "a.cu", 1, "")};
    struct watch_view view = busy(rows, 1);
    AUTO_BUF out = BUF_INIT;

    (void)state;
    rows[0].entry.now_bytes = 2 * GIB;
    view.budget.cap_bytes = view.budget.total_bytes = 5 * GIB;
    watch_put_page(&out, &view);
    assert_non_null(strstr(buf_str(&out), "; 3 GiB available of 5 GiB\n"));
}

static void
with_nothing_to_show_it_says_so(void **state)
{
    struct watch_view view = busy(NULL, 0);
    AUTO_BUF out = BUF_INIT;

    (void)state;
    watch_put_page(&out, &view);
    assert_non_null(strstr(buf_str(&out), "\n\nNothing is compiling.\n"));
}

static void
the_line_is_one_line(void **state)
{
    struct watch_row rows[1] = {row(POOL_RUNNING, "a.cu", 1, "")};
    struct watch_view view = busy(rows, 1);
    AUTO_BUF out = BUF_INIT;

    (void)state;
    watch_put_line(&out, &view);
    assert_string_equal(buf_str(&out),
                        "1 running, 0 waiting; 0 bytes in use, 0 bytes promised; 10 GiB "
                        "available of 24 GiB; 12 hits, 1,234 misses, 0 failed\n");
}

int
test_watch_page(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_shows_who_runs_and_who_waits),
        cmocka_unit_test(below_a_cap_less_is_available),
        cmocka_unit_test(with_nothing_to_show_it_says_so),
        cmocka_unit_test(the_line_is_one_line),
    };

    return cmocka_run_group_tests_name("watch page", tests, NULL, NULL);
}
