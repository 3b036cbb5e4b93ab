/* Memory of buffers that are gone is the system's again. */

#include "nvcache/base/buf.h"
#include "nvcache/base/fs.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

int test_giveback(void);

enum {
    MANY = 64 << 20,
    STATM_MAX = 256
};

static size_t
resident_bytes(void)
{
    AUTO_BUF text = BUF_INIT;
    size_t pages = 0;

    assert_int_equal(fs_read("/proc/self/statm", STATM_MAX, &text), NVC_OK);
    assert_int_equal(sscanf(buf_str(&text), "%*s %zu", &pages), 1);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void
what_buffers_leave_behind_is_given_back(void **state)
{
    struct buf buf = BUF_INIT;
    size_t before;

    (void)state;
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__)
    skip(); /* another malloc */
#else
    mallopt(M_MMAP_THRESHOLD, 256 << 20); /* as the program does */
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
    memset(buf_reserve(&buf, MANY), 1, MANY);
    before = resident_bytes();
    buf_fini(&buf);
    assert_true(resident_bytes() + MANY / 2 > before);
    buf_give_back();
    assert_true(resident_bytes() + MANY / 2 < before);
}

int
test_giveback(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_buffers_leave_behind_is_given_back),
    };

    return cmocka_run_group_tests_name("giveback", tests, NULL, NULL);
}
