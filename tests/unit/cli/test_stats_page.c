/* The page of `nvcache stats`: golden texts, so that a change of it is seen and meant. */

#include "stats_priv.h"

#include "nvcache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static int
use_utc(void **state)
{
    (void)state;
    setenv("TZ", "UTC0", 1);
    tzset();
    return 0;
}

static void
assert_page(const struct stats *stats, const char *want)
{
    AUTO_BUF out = BUF_INIT;

    stats_put_page(&out, stats, false);
    assert_string_equal(buf_str(&out), want);
}

static struct stats
busy(void)
{
    struct stats stats = {
        .dir = "/home/mk/.cache/nvcache",
        .counters = {.saved_us = UINT64_C(11520000000),
                     .compile_us = UINT64_C(2460000000),
                     .since_s = 1763647380},
        .usage = {.bytes = UINT64_C(13314398618),
                  .max_bytes = UINT64_C(50) << 30,
                  .entries = 4210,
                  .generations = 5},
    };
    uint64_t *const by_status = stats.counters.by_status;

    by_status[NVC_HIT_MANIFEST] = 1051;
    by_status[NVC_MISS_NEW] = 33;
    by_status[NVC_MISS_INPUT] = 120;
    by_status[NVC_COMPILE_FAILED] = 4;
    by_status[NVC_NOSTORE_TIME] = 3;
    by_status[NVC_BYPASS_QUERY] = 60;
    by_status[NVC_BYPASS_LINK] = 150;
    by_status[NVC_BYPASS_NOT_NVCC] = 60;
    by_status[NVC_ERR_LOCK] = 2;
    return stats;
}

static void
a_busy_cache_shows_reasons_by_frequency_and_no_zeros(void **state)
{
    const struct stats stats = busy();

    (void)state;
    assert_page(
        &stats,
        "Cache in /home/mk/.cache/nvcache, counting since 2025-11-20 14:03\n"
        "\n"
        "Hit rate               87.2 %  of 1,204 compiles\n"
        "Time saved         3 h 12 min  nvcc ran for 41 min\n"
        "Cache size           12.4 GiB  24.8 % of 50 GiB; 4,210 entries in 5 "
        "generations\n"
        "\n"
        "Hits                    1,051  every input unchanged\n"
        "Misses                    153\n"
        "                          120  an input file changed\n"
        "                           33  first time this command is seen\n"
        "Not stored                  3  __DATE__, __TIME__ or __TIMESTAMP__ in an input\n"
        "Passed through            270\n"
        "                          150  links\n"
        "                           60  the compiler is not nvcc\n"
        "                           60  asks nvcc about itself (--version, --help, ...)\n"
        "Failed compiles             4  the compiler reported errors\n"
        "Cache errors                2  another process held the cache lock too long\n");
}

static void
a_new_cache_says_how_to_begin(void **state)
{
    const struct stats stats = {.dir = "/c", .usage = {.max_bytes = UINT64_C(50) << 30}};

    (void)state;
    assert_page(&stats, "Cache in /c\n"
                        "\n"
                        "Nothing has been counted yet.  To begin:\n"
                        "  CMake    cmake -DCMAKE_CUDA_COMPILER_LAUNCHER=nvcache ...\n"
                        "  PyTorch  export PYTORCH_NVCC=\"nvcache nvcc\"\n"
                        "  Make     make NVCC=\"nvcache nvcc\"\n"
                        "  by hand  nvcache nvcc -c kernel.cu -o kernel.o\n");
}

static void
a_full_cache_with_counters_at_zero_shows_its_size(void **state)
{
    struct stats stats = busy();

    (void)state;
    stats.counters = (struct counters){.since_s = 1763647380};
    assert_page(&stats,
                "Cache in /home/mk/.cache/nvcache, counting since 2025-11-20 14:03\n"
                "\n"
                "Cache size           12.4 GiB  24.8 % of 50 GiB; 4,210 entries in 5 "
                "generations\n"
                "\n"
                "Nothing has been counted yet.\n");
}

static void
only_commands_passed_through_show_no_hit_rate(void **state)
{
    struct stats stats = {.dir = "/c",
                          .usage = {.bytes = 1, .max_bytes = 100, .entries = 1},
                          .is_read_only = true};

    (void)state;
    stats.counters.by_status[NVC_BYPASS_LINK] = 1;
    stats.counters.damaged = 1234;
    assert_page(
        &stats,
        "Cache in /c\n"
        "It is read only: results are used, none are added.\n"
        "\n"
        "Cache size             1 byte  1.0 % of 100 bytes; 1 entry in 0 generations\n"
        "\n"
        "Passed through              1  links\n"
        "Lost                    1,234  damaged counts that are missing above\n");
}

static void
percentages_never_claim_all_or_nothing(void **state)
{
    struct stats stats = {.dir = "/c", .usage = {.max_bytes = 1}};
    AUTO_BUF all = BUF_INIT;
    AUTO_BUF most = BUF_INIT;
    AUTO_BUF few = BUF_INIT;

    (void)state;
    stats.counters.by_status[NVC_HIT_MANIFEST] = 99999;
    stats_put_page(&all, &stats, false);
    assert_non_null(strstr(buf_str(&all), " 100 %  of 99,999 compiles"));
    stats.counters.by_status[NVC_MISS_NEW] = 1;
    stats_put_page(&most, &stats, false);
    assert_non_null(strstr(buf_str(&most), " 99.9 %  of 100,000 compiles"));
    stats.counters.by_status[NVC_HIT_MANIFEST] = 1;
    stats.counters.by_status[NVC_MISS_NEW] = 99999;
    stats_put_page(&few, &stats, false);
    assert_non_null(strstr(buf_str(&few), " < 0.1 %  of 100,000 compiles"));
}

static void
colour_only_adds_escapes(void **state)
{
    const struct stats stats = busy();
    AUTO_BUF plain = BUF_INIT;
    AUTO_BUF coloured = BUF_INIT;
    AUTO_BUF stripped = BUF_INIT;

    (void)state;
    stats_put_page(&plain, &stats, false);
    stats_put_page(&coloured, &stats, true);
    for (const char *at = buf_str(&coloured); *at != '\0'; at++) {
        if (*at == '\033')
            at += strcspn(at, "m");
        else
            buf_append_char(&stripped, *at);
    }
    assert_true(coloured.len > plain.len);
    assert_null(strchr(buf_str(&plain), '\033'));
    assert_string_equal(buf_str(&stripped), buf_str(&plain));
}

int test_stats_page(void);

int
test_stats_page(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_cache_shows_reasons_by_frequency_and_no_zeros),
        cmocka_unit_test(a_new_cache_says_how_to_begin),
        cmocka_unit_test(a_full_cache_with_counters_at_zero_shows_its_size),
        cmocka_unit_test(only_commands_passed_through_show_no_hit_rate),
        cmocka_unit_test(percentages_never_claim_all_or_nothing),
        cmocka_unit_test(colour_only_adds_escapes),
    };

    return cmocka_run_group_tests_name("stats page", tests, use_utc, NULL);
}
