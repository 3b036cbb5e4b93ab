/* Files of steps as places in the result: they come back, or are gone with it. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "key_priv.h"
#include "nvcache/base/buf.h"
#include "nvcache/digest/digest.h"
#include "nvcache/entry/compress.h"
#include "nvcache/entry/result.h"
#include "nvcache/store/store.h"
#include "session_fixture.h"

#include <stdlib.h>
#include <string.h>

int test_within(void);

/* The result record of the run, with that output. */
static void
put_result(struct fixture *fixture, const struct buf *output)
{
    const struct record_key key = key_record(RECORD_RESULT, &fixture->session.result);
    struct result result = {.n = 0};
    AUTO_BUF record = BUF_INIT;

    assert_true(result_add(&result, ROLE_OUTPUT, output->data, output->len));
    result_encode(&result, 1, &record);
    assert_int_equal(store_put(fixture->session.store, &key, record.data, record.len),
                     NVC_OK);
}

static void
fill(struct buf *out, unsigned seed)
{
    for (unsigned i = 0; i < 400; i++)
        buf_printf(out, "%u,", i * (seed + 7919));
}

static void
bytes_come_back_from_the_result(void **state)
{
    struct fixture *fixture = *state;
    struct planned *run = &fixture->run;
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF place = BUF_INIT;
    AUTO_BUF back = BUF_INIT;

    fill(&bytes, 1);
    buf_append_str(&run->output, "in front");
    buf_append(&run->output, bytes.data, bytes.len);
    assert_true(within_put(run, &bytes, &place));
    assert_int_equal(within_get(run, place.data, place.len, &back), NVC_MISS);
    put_result(fixture, &run->output);
    assert_int_equal(within_get(run, place.data, place.len, &back), NVC_OK);
    assert_int_equal(back.len, bytes.len);
    assert_memory_equal(back.data, bytes.data, bytes.len);
    bytes.data[0] ^= 1;
    assert_false(within_put(run, &bytes, &place));
}

static void
ptx_comes_back_with_its_layout(void **state)
{
    struct fixture *fixture = *state;
    struct planned *run = &fixture->run;
    AUTO_BUF ptx = BUF_INIT;
    AUTO_BUF dense = BUF_INIT;
    AUTO_BUF place = BUF_INIT;
    AUTO_BUF back = BUF_INIT;

    buf_append_str(&ptx, "// a comment\n");
    buf_append_str(&dense, "\n");
    for (int i = 0; i < 100; i++) {
        buf_printf(&ptx, "\tmov.u32 \t%%r%d, %d;\n", i, i);
        buf_printf(&dense, "mov.u32 %%r%d, %d;\n", i, i);
    }
    assert_false(within_put_ptx(run, &ptx, &place));
    buf_str(&dense);
    assert_true(compress_pack(1, dense.data, dense.len + 1, &run->output));
    assert_true(within_put_ptx(run, &ptx, &place));
    put_result(fixture, &run->output);
    assert_int_equal(within_get(run, place.data, place.len, &back), NVC_OK);
    assert_int_equal(back.len, ptx.len);
    assert_memory_equal(back.data, ptx.data, ptx.len);
}

/* Somebody else's compile of the same inputs was stored first. */
static void
another_result_under_that_name_is_a_miss(void **state)
{
    struct fixture *fixture = *state;
    struct planned *run = &fixture->run;
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF place = BUF_INIT;
    AUTO_BUF back = BUF_INIT;

    fill(&bytes, 1);
    buf_append(&run->output, bytes.data, bytes.len);
    assert_true(within_put(run, &bytes, &place));
    run->output.data[100] ^= 1;
    put_result(fixture, &run->output);
    assert_int_equal(within_get(run, place.data, place.len, &back), NVC_MISS);
}

static void
what_is_no_place_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct planned *run = &fixture->run;
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF place = BUF_INIT;
    AUTO_BUF back = BUF_INIT;

    fill(&bytes, 1);
    buf_append(&run->output, bytes.data, bytes.len);
    put_result(fixture, &run->output);
    assert_true(within_put(run, &bytes, &place));
    for (size_t len = 0; len < place.len; len++)
        assert_int_equal(within_get(run, place.data, len, &back), NVC_ERR_CORRUPT);
    place.data[place.len - 1] = 1; /* longer than anything */
    assert_int_equal(within_get(run, place.data, place.len, &back), NVC_MISS);
}

static void
little_is_kept_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF place = BUF_INIT;

    fill(&bytes, 1);
    bytes.len = WITHIN_MIN - 1;
    buf_append(&fixture->run.output, bytes.data, bytes.len);
    assert_false(within_put(&fixture->run, &bytes, &place));
}

/* When this fails because the format is another one: raise STEP_VERSION. */
static void
the_format_is_golden(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF place = BUF_INIT;
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    fill(&bytes, 1);
    buf_append(&fixture->run.output, bytes.data, bytes.len);
    assert_true(within_put(&fixture->run, &bytes, &place));
    digest_of("golden", place.data, place.len, &digest);
    digest_hex(&digest, hex);
    assert_string_equal(
        hex, "83a2a45b442192e6f9ff2af6589a52dbd646fcadf3d881533a0c431340812df3");
}

int
test_within(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_come_back_from_the_result, make_fixture,
                                        remove_fixture),
        cmocka_unit_test_setup_teardown(ptx_comes_back_with_its_layout, make_fixture,
                                        remove_fixture),
        cmocka_unit_test_setup_teardown(another_result_under_that_name_is_a_miss,
                                        make_fixture, remove_fixture),
        cmocka_unit_test_setup_teardown(what_is_no_place_is_refused, make_fixture,
                                        remove_fixture),
        cmocka_unit_test_setup_teardown(little_is_kept_as_it_is, make_fixture,
                                        remove_fixture),
        cmocka_unit_test_setup_teardown(the_format_is_golden, make_fixture,
                                        remove_fixture),
    };

    return cmocka_run_group_tests_name("within", tests, NULL, NULL);
}
