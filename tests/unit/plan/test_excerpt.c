/* Bytes as places in a file: found, and taken out again, or refused. */

#include "nvcache/plan/excerpt.h"

#include "nvcache/base/buf.h"
#include "nvcache/entry/compress.h"
#include "nvcache/entry/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

int test_excerpt(void);

static void
fill(struct buf *out, const char *with)
{
    for (int i = 0; i < 1000; i++)
        buf_printf(out, "%s %d\n", with, i % 97);
}

static void
check_comes_back(const struct buf *output, const struct buf *bytes,
                 enum excerpt_kind kind)
{
    AUTO_BUF back = BUF_INIT;
    struct excerpt excerpt;

    assert_true(
        excerpt_find(output->data, output->len, bytes->data, bytes->len, &excerpt));
    assert_int_equal(excerpt.kind, kind);
    assert_int_equal(excerpt_take(output->data, output->len, &excerpt, &back), NVC_OK);
    assert_int_equal(back.len, bytes->len);
    assert_memory_equal(back.data, bytes->data, bytes->len);
}

static void
bytes_are_found_as_they_are(void **state)
{
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF output = BUF_INIT;
    struct excerpt excerpt;

    (void)state;
    fill(&bytes, "bytes");
    buf_append(&output, bytes.data, bytes.len / 2); /* begins like them */
    buf_append(&output, bytes.data, bytes.len);
    check_comes_back(&output, &bytes, EXCERPT_PLAIN);
    assert_false(
        excerpt_find(output.data, output.len - 1, bytes.data, bytes.len, &excerpt));
    assert_false(excerpt_find(NULL, 0, bytes.data, bytes.len, &excerpt));
}

static void
bytes_are_found_in_a_frame(void **state)
{
    AUTO_BUF bytes = BUF_INIT;
    AUTO_BUF others = BUF_INIT;
    AUTO_BUF output = BUF_INIT;
    struct excerpt excerpt;

    (void)state;
    fill(&bytes, "bytes");
    fill(&others, "bytfs");
    assert_false(excerpt_has_frames(output.data, output.len));
    buf_append_str(&output, "before");
    assert_false(excerpt_has_frames(output.data, output.len));
    assert_true(compress_pack(1, others.data, others.len, &output));
    assert_true(excerpt_has_frames(output.data, output.len));
    assert_false(excerpt_find(output.data, output.len, bytes.data, bytes.len, &excerpt));
    assert_true(compress_pack(3, bytes.data, bytes.len, &output));
    buf_append_str(&output, "behind");
    check_comes_back(&output, &bytes, EXCERPT_FRAME);
}

static void
places_that_are_not_there_are_refused(void **state)
{
    static const struct excerpt wrong[] = {
        {EXCERPT_PLAIN, 11, 1, 1},          {EXCERPT_PLAIN, 5, 6, 6},
        {EXCERPT_PLAIN, 0, 5, 4},           {EXCERPT_PLAIN, UINT64_MAX, 1, 1},
        {EXCERPT_PLAIN, 1, UINT64_MAX, 1},  {EXCERPT_FRAME, 0, 10, 100},
        {EXCERPT_FRAME, 0, 10, 1ull << 40}, {EXCERPT_FRAME, 0, 10, 1ull << 29},
        {EXCERPT_AROUND, 0, 8, 2},          {0, 0, 1, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        AUTO_BUF out = BUF_INIT;

        if (excerpt_take("0123456789", 10, &wrong[i], &out) == NVC_OK || out.len != 0)
            fail_msg("%zu", i);
    }
}

static void
the_format_is_golden(void **state)
{
    static const uint8_t golden[] = {2, 1, 2, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0,
                                     0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    const struct excerpt excerpt = {EXCERPT_FRAME, 0x201, 3, 0x100};
    struct excerpt back;
    struct wire_reader reader;
    AUTO_BUF bytes = BUF_INIT;

    (void)state;
    excerpt_encode(&excerpt, &bytes);
    assert_int_equal(bytes.len, sizeof(golden));
    assert_memory_equal(bytes.data, golden, sizeof(golden));
    wire_read_init(&reader, golden, sizeof(golden));
    assert_true(excerpt_decode(&reader, &back));
    assert_int_equal(back.kind, excerpt.kind);
    assert_true(back.at == excerpt.at && back.len == excerpt.len &&
                back.plain_len == excerpt.plain_len);
    wire_read_init(&reader, golden, sizeof(golden) - 1);
    assert_false(excerpt_decode(&reader, &back));
    bytes.data[0] = EXCERPT_AROUND + 1;
    wire_read_init(&reader, bytes.data, bytes.len);
    assert_false(excerpt_decode(&reader, &back));
}

int
test_excerpt(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_found_as_they_are),
        cmocka_unit_test(bytes_are_found_in_a_frame),
        cmocka_unit_test(places_that_are_not_there_are_refused),
        cmocka_unit_test(the_format_is_golden),
    };

    return cmocka_run_group_tests_name("excerpt", tests, NULL, NULL);
}
