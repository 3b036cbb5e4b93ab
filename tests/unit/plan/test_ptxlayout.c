/* PTX in two parts: the one is what fatbinary keeps, and both give the text back. */

#include "nvcache/plan/ptxlayout.h"

#include "nvcache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

int test_ptxlayout(void);

static void
check_both_ways(const char *text, size_t len)
{
    AUTO_BUF dense = BUF_INIT;
    AUTO_BUF layout = BUF_INIT;
    AUTO_BUF back = BUF_INIT;

    assert_true(ptxlayout_split(text, len, &dense, &layout));
    assert_int_equal(
        ptxlayout_join(buf_str(&dense), dense.len, buf_str(&layout), layout.len, &back),
        NVC_OK);
    assert_int_equal(back.len, len);
    assert_memory_equal(buf_str(&back), text, len);
}

static void
comments_and_blanks_are_left_out(void **state)
{
    static const char text[] = "// Generated\n.version 9.0\n\t.reg .pred \t%p<2>;\n"
                               "    and.b32  \t%r1, %r2, 3; // three\n.loc\t1 2 3\n\n";
    static const char kept[] = "\n.version 9.0\n.reg .pred %p<2>;\n"
                               "and.b32 %r1, %r2, 3; \n.loc\t1 2 3\n\n";
    AUTO_BUF dense = BUF_INIT;
    AUTO_BUF layout = BUF_INIT;

    (void)state;
    assert_true(ptxlayout_split(text, strlen(text), &dense, &layout));
    assert_int_equal(dense.len, sizeof(kept));
    assert_memory_equal(dense.data, kept, sizeof(kept));
    check_both_ways(text, strlen(text));
}

static void
a_line_as_it_is_takes_one_byte(void **state)
{
    static const char text[] = "st.global.u32 [%rd1], %r1;\nret;\n";
    AUTO_BUF dense = BUF_INIT;
    AUTO_BUF layout = BUF_INIT;

    (void)state;
    assert_true(ptxlayout_split(text, strlen(text), &dense, &layout));
    assert_int_equal(layout.len, 2);
}

static void
any_text_comes_back(void **state)
{
    static const char of[] = "a/ \t\n/b\1\2 ";

    (void)state;
    srand(7);
    check_both_ways("", 0);
    for (int i = 0; i < 20000; i++) {
        char text[24];
        const size_t len = (size_t)rand() % sizeof(text);
        AUTO_BUF dense = BUF_INIT;
        AUTO_BUF layout = BUF_INIT;

        for (size_t k = 0; k < len; k++)
            text[k] = of[(size_t)rand() % strlen(of)];
        if (ptxlayout_split(text, len, &dense, &layout))
            check_both_ways(text, len);
        else if (memchr(text, 1, len) == NULL && memchr(text, 2, len) == NULL)
            fail_msg("%.*s", (int)len, text);
    }
}

static void
what_is_no_layout_is_refused(void **state)
{
    AUTO_BUF out = BUF_INIT;

    (void)state;
    assert_int_equal(ptxlayout_join("ret;\n", 6, "\0", 1, &out), NVC_ERR_CORRUPT);
    assert_int_equal(ptxlayout_join("ret;\n", 6, "x\n", 2, &out), NVC_ERR_CORRUPT);
    assert_int_equal(ptxlayout_join("ret;\n", 5, "\n", 1, &out), NVC_ERR_CORRUPT);
    assert_int_equal(ptxlayout_join("", 0, "\n", 1, &out), NVC_ERR_CORRUPT);
}

int
test_ptxlayout(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comments_and_blanks_are_left_out),
        cmocka_unit_test(a_line_as_it_is_takes_one_byte),
        cmocka_unit_test(any_text_comes_back),
        cmocka_unit_test(what_is_no_layout_is_refused),
    };

    return cmocka_run_group_tests_name("ptxlayout", tests, NULL, NULL);
}
