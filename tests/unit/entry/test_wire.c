/* The bounded reader: what it reads back, and that it never reads more. */

#include "nvcache/entry/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int test_wire(void);

static void
numbers_and_strings_come_back_as_they_were_put(void **state)
{
    AUTO_BUF buf = BUF_INIT;
    struct wire_reader reader;

    (void)state;
    wire_put_u8(&buf, 0xfe);
    wire_put_u16(&buf, 0xfedc);
    wire_put_u32(&buf, 0xfedcba98U);
    wire_put_u64(&buf, 0xfedcba9876543210U);
    wire_put_str(&buf, "kernel.cu");
    wire_put_str(&buf, "");
    wire_read_init(&reader, buf.data, buf.len);
    assert_int_equal(wire_u8(&reader), 0xfe);
    assert_int_equal(wire_u16(&reader), 0xfedc);
    assert_int_equal(wire_u32(&reader), 0xfedcba98U);
    assert_true(wire_u64(&reader) == 0xfedcba9876543210U);
    assert_string_equal(wire_str(&reader, 9), "kernel.cu");
    assert_string_equal(wire_str(&reader, 0), "");
    assert_true(wire_done(&reader));
}

static void
bytes_are_little_endian(void **state)
{
    AUTO_BUF buf = BUF_INIT;

    (void)state;
    wire_put_u32(&buf, 0x01020304);
    assert_int_equal(buf.len, 4);
    assert_memory_equal(buf.data, "\4\3\2\1", 4);
}

static void
a_number_cut_short_is_bad_and_zero(void **state)
{
    static const uint8_t data[7] = {1, 2, 3, 4, 5, 6, 7};
    struct wire_reader reader;

    (void)state;
    wire_read_init(&reader, data, sizeof(data));
    assert_true(wire_u64(&reader) == 0);
    assert_true(reader.bad);
    assert_false(wire_done(&reader));
}

static void
nothing_can_be_read_after_the_first_failure(void **state)
{
    static const uint8_t data[4] = {1, 2, 3, 4};
    struct wire_reader reader;

    (void)state;
    wire_read_init(&reader, data, sizeof(data));
    assert_null(wire_bytes(&reader, 5));
    assert_int_equal(wire_u8(&reader), 0);
    assert_int_equal(wire_u32(&reader), 0);
    assert_null(wire_bytes(&reader, 0));
    assert_string_equal(wire_str(&reader, 10), "");
    assert_int_equal(wire_count(&reader, 10, 0), 0);
    assert_true(reader.bad);
}

static void
a_length_that_overflows_a_pointer_is_bad(void **state)
{
    static const uint8_t data[4] = {0xff, 0xff, 0xff, 0xff};
    struct wire_reader reader;

    (void)state;
    wire_read_init(&reader, data, sizeof(data));
    assert_null(wire_bytes(&reader, SIZE_MAX));
    wire_read_init(&reader, data, sizeof(data));
    assert_string_equal(wire_str(&reader, SIZE_MAX), "");
    assert_true(reader.bad);
}

static bool
string_is_bad(const void *data, size_t len, size_t max)
{
    struct wire_reader reader;

    wire_read_init(&reader, data, len);
    return wire_str(&reader, max)[0] == '\0' && reader.bad;
}

static void
malformed_strings_are_bad(void **state)
{
    (void)state;
    assert_false(string_is_bad("\2\0\0\0ab\0", 7, 2));
    assert_true(string_is_bad("\2\0\0\0ab\0", 7, 1));  /* longer than max */
    assert_true(string_is_bad("\2\0\0\0ab", 6, 2));    /* no room for the NUL */
    assert_true(string_is_bad("\2\0\0\0abc", 7, 2));   /* no NUL */
    assert_true(string_is_bad("\2\0\0\0a\0\0", 7, 2)); /* a NUL inside */
    assert_true(string_is_bad("\2\0\0", 3, 2));        /* no length */
}

static void
a_count_must_fit_into_what_is_left(void **state)
{
    static const uint8_t data[8] = {2, 0, 0, 0, 0, 0, 0, 0};
    struct wire_reader reader;

    (void)state;
    wire_read_init(&reader, data, sizeof(data));
    assert_int_equal(wire_count(&reader, 2, 2), 2);
    wire_read_init(&reader, data, sizeof(data));
    assert_int_equal(wire_count(&reader, 2, 3), 0);
    assert_true(reader.bad);
    wire_read_init(&reader, data, sizeof(data));
    assert_int_equal(wire_count(&reader, 1, 1), 0);
    assert_true(reader.bad);
}

static void
a_reader_of_nothing_is_done(void **state)
{
    struct wire_reader reader;

    (void)state;
    wire_read_init(&reader, NULL, 0);
    assert_true(wire_done(&reader));
    wire_read_init(&reader, NULL, 1);
    assert_false(wire_done(&reader));
}

static void
bytes_left_over_are_not_done(void **state)
{
    struct wire_reader reader;

    (void)state;
    wire_read_init(&reader, "ab", 2);
    wire_u8(&reader);
    assert_false(wire_done(&reader));
    wire_u8(&reader);
    assert_true(wire_done(&reader));
}

int
test_wire(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_strings_come_back_as_they_were_put),
        cmocka_unit_test(bytes_are_little_endian),
        cmocka_unit_test(a_number_cut_short_is_bad_and_zero),
        cmocka_unit_test(nothing_can_be_read_after_the_first_failure),
        cmocka_unit_test(a_length_that_overflows_a_pointer_is_bad),
        cmocka_unit_test(malformed_strings_are_bad),
        cmocka_unit_test(a_count_must_fit_into_what_is_left),
        cmocka_unit_test(a_reader_of_nothing_is_done),
        cmocka_unit_test(bytes_left_over_are_not_done),
    };

    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
