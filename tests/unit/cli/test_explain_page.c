/* The page of `nvcache explain`: golden texts, and logs that are not whole. */

#include "explain_page_priv.h"

#include "nvcache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

int test_explain_page(void);

static void
expect_page(const char *log, const char *page)
{
    AUTO_BUF out = BUF_INIT;

    explain_put_page(&out, log);
    assert_string_equal(buf_str(&out), page);
}

static void
a_partial_hit_names_what_ran_and_why(void **state)
{
    (void)state;
    expect_page(
        "1.0 7 begin program=/usr/bin/nvcc argc=4\n"
        "1.0 7 plan.template result=found\n"
        "1.0 7 plan.step tool=preprocess arch= result=run new=- wall_ms=150 keys=\n"
        "1.0 7 plan.step tool=cicc arch=compute_80 result=reused new=- wall_ms=0 "
        "keys=tokens+bytes\n"
        "1.0 8 plan.step tool=cicc arch=compute_70 result=run new=text wall_ms=1 keys=\n"
        "1.0 7 plan.step tool=ptxas arch=sm_90 result=run new=ptx wall_ms=24 "
        "keys=+bytes\n"
        "1.0 7 memory.peak mib=93 largest_mib=90 need_mib=2048 from=unit pauses=1 "
        "paused_ms=4000 unit=k.cu\n"
        "1.0 7 end outcome=partial culprit=a header is new nostore=ok unplanned=ok "
        "counters=ok\n",
        "hit: some of the compiler's steps had to run, others not (a header is new)\n"
        "  ran     preprocess               150 ms  it always runs\n"
        "  reused  cicc compute_80\n"
        "  ran     ptxas sm_90               24 ms  its PTX is new\n"
        "memory: 93 MiB at most; 2 GiB were expected; stopped for 4.00 s\n");
}

static void
what_was_not_kept_and_why_nvcc_ran(void **state)
{
    (void)state;
    expect_page("1.0 7 plan.template result=refused culprit=ptxas a b\n"
                "1.0 7 plan.failed tool=ptxas arch=sm_90 wait_status=256\n"
                "1.0 7 end outcome=new nostore=time_macro unplanned=plan_file "
                "counters=ok\n",
                "miss: first time this command is seen\n"
                "not kept: __DATE__, __TIME__ or __TIMESTAMP__ in an input\n"
                "nvcc ran as a whole: an intermediate file of nvcc's is not understood\n"
                "not understood in nvcc's steps: ptxas a b\n"
                "  failed  ptxas sm_90\n");
}

static void
failures_and_what_is_passed_through(void **state)
{
    (void)state;
    expect_page("1.0 7 end outcome=compile_failed nostore=ok unplanned=ok counters=ok\n",
                "failed: the compiler reported errors\n");
    expect_page("1.0 7 end outcome=unknown_option culprit=--blah nostore=ok unplanned=ok "
                "counters=ok\n",
                "not for the cache: has an option nvcache does not know (--blah)\n");
}

static void
a_log_that_is_not_whole(void **state)
{
    (void)state;
    expect_page("", "");
    expect_page("\n1.0\n1.0 7\n1.0 7 begin\n", "It did not come to its end.\n");
    expect_page("1.0 7 end\n", "\n");
    expect_page("1.0 7 end outcome=? nostore=? unplanned=? counters=?\n", "\n");
    expect_page("1.0 7 memory.peak mib=x\n",
                "It did not come to its end.\n"
                "memory: 0 bytes at most; 0 bytes were expected\n");
}

int
test_explain_page(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partial_hit_names_what_ran_and_why),
        cmocka_unit_test(what_was_not_kept_and_why_nvcc_ran),
        cmocka_unit_test(failures_and_what_is_passed_through),
        cmocka_unit_test(a_log_that_is_not_whole),
    };

    return cmocka_run_group_tests_name("explain_page", tests, NULL, NULL);
}
