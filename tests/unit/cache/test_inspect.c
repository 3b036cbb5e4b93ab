/* What `nvcache verify` sees of a stored record beyond its envelope. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "key_priv.h"
#include "nvcache/base/buf.h"
#include "nvcache/cache/inspect.h"
#include "nvcache/entry/manifest.h"
#include "nvcache/entry/result.h"
#include "nvcache/nvcc/toolchain.h"

int test_inspect(void);

static const struct digest any_digest = {{1}};

static bool
is_good(enum record_kind kind, const struct buf *record)
{
    const struct record_key key = key_record(kind, &any_digest);

    return inspect_record(&key, (struct store_value){record->data, record->len}, NULL);
}

static void
a_result_is_unpacked(void **state)
{
    struct result result = {.n = 0};
    AUTO_BUF record = BUF_INIT;

    (void)state;
    assert_true(result_add(&result, ROLE_OUTPUT, "object", 6));
    result_encode(&result, 1, &record);
    assert_true(is_good(RECORD_RESULT, &record));
    record.data[record.len - 1] ^= 1;
    assert_false(is_good(RECORD_RESULT, &record));
}

static void
a_manifest_is_unpacked(void **state)
{
    const struct manifest manifest = {.names = {.bits = 1}};
    AUTO_BUF record = BUF_INIT;

    (void)state;
    manifest_pack(&manifest, 1, &record);
    assert_true(is_good(RECORD_MANIFEST, &record));
    record.len--;
    assert_false(is_good(RECORD_MANIFEST, &record));
}

static void
a_layout_must_decode_and_an_unknown_kind_passes(void **state)
{
    AUTO_BUF record = BUF_INIT;

    (void)state;
    buf_append_char(&record, TOOLCHAIN_VERSION);
    buf_append(&record, "\0not a layout", 13);
    assert_false(is_good(RECORD_LAYOUT, &record));
    assert_true(is_good((enum record_kind)'?', &record));
}

/* Two versions may share a cache. */
static void
a_record_of_another_version_passes(void **state)
{
    struct result result = {.n = 0};
    AUTO_BUF record = BUF_INIT;

    (void)state;
    assert_true(result_add(&result, ROLE_OUTPUT, "object", 6));
    result_encode(&result, 1, &record);
    record.data[record.len - 1] ^= 1;
    record.data[0]++;
    assert_true(is_good(RECORD_RESULT, &record));
}

int
test_inspect(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_unpacked),
        cmocka_unit_test(a_manifest_is_unpacked),
        cmocka_unit_test(a_layout_must_decode_and_an_unknown_kind_passes),
        cmocka_unit_test(a_record_of_another_version_passes),
    };

    return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
