/* What is remembered of the headers of the last pass. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/base/strlist.h"
#include "nvcache/digest/digest.h"
#include "planrun_priv.h"

int test_planaround(void);

/* When this fails because the format is another one: raise AROUND_VERSION. */
static void
the_format_is_golden(void **state)
{
    const struct digest headers = {{2}};
    struct arena arena = ARENA_INIT;
    struct plan_around around = {.asks = true, .tokens = {{1}}};
    AUTO_BUF record = BUF_INIT;
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    (void)state;
    strlist_init(&around.headers.files, &arena);
    strlist_add_copy(&around.headers.files, "/cuda/include/crt/host_runtime.h");
    planaround_encode(&around, &headers, &record);
    digest_of("golden", record.data, record.len, &digest);
    digest_hex(&digest, hex);
    assert_string_equal(
        hex, "f55554f836d8c8dd2e6cc598a9b4e709c5df48ed774d3321687bc1a960f488b0");
    arena_fini(&arena);
}

int
test_planaround(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_format_is_golden),
    };

    return cmocka_run_group_tests_name("planaround", tests, NULL, NULL);
}
