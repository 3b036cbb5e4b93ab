/* The envelope of stored values: every kind of damage is noticed. */

#include "nvcache/entry/record.h"

#include "nvcache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int test_record(void);

static const char payload[] = "some payload, not very long";

static struct record_key
key_of(uint8_t fill, uint8_t len)
{
    struct record_key key = {.len = len};

    memset(key.bytes, fill, len);
    return key;
}

static void
seal(struct buf *out, const struct record_key *key, const void *data, size_t len)
{
    const size_t size = record_size(key, len);

    record_seal(key, data, len, buf_reserve(out, size));
    out->len += size;
}

static enum nvc_status
status_of_opening(const struct record_key *key, const struct buf *record)
{
    const uint8_t *data = NULL;
    size_t len = 0;

    return record_open(key, record->data, record->len, &data, &len);
}

static void
a_sealed_payload_comes_back_in_place(void **state)
{
    const struct record_key key = key_of(7, RECORD_KEY_MAX);
    AUTO_BUF record = BUF_INIT;
    const uint8_t *data;
    size_t len;

    (void)state;
    seal(&record, &key, payload, sizeof(payload));
    assert_int_equal(record_open(&key, record.data, record.len, &data, &len), NVC_OK);
    assert_int_equal(len, sizeof(payload));
    assert_memory_equal(data, payload, len);
    assert_ptr_equal(data, record.data + record.len - len);
}

static void
an_empty_payload_comes_back(void **state)
{
    const struct record_key key = key_of(1, 1);
    AUTO_BUF record = BUF_INIT;
    const uint8_t *data;
    size_t len = 1;

    (void)state;
    seal(&record, &key, NULL, 0);
    assert_int_equal(record_open(&key, record.data, record.len, &data, &len), NVC_OK);
    assert_int_equal(len, 0);
}

static void
any_flipped_bit_is_noticed(void **state)
{
    const struct record_key key = key_of(7, 32);
    AUTO_BUF record = BUF_INIT;

    (void)state;
    seal(&record, &key, payload, sizeof(payload));
    for (size_t bit = 0; bit < record.len * 8; bit++) {
        record.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_not_equal(status_of_opening(&key, &record), NVC_OK);
        record.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(status_of_opening(&key, &record), NVC_OK);
}

static void
any_other_length_is_corrupt(void **state)
{
    const struct record_key key = key_of(7, 32);
    AUTO_BUF record = BUF_INIT;
    size_t full;

    (void)state;
    seal(&record, &key, payload, sizeof(payload));
    full = record.len;
    for (record.len = 0; record.len < full; record.len++)
        assert_int_equal(status_of_opening(&key, &record), NVC_ERR_CORRUPT);
    buf_append_char(&record, '\0');
    assert_int_equal(status_of_opening(&key, &record), NVC_ERR_CORRUPT);
}

static void
a_record_does_not_open_under_another_key(void **state)
{
    const struct record_key key = key_of(7, 32);
    const struct record_key other = key_of(8, 32);
    const struct record_key shorter = key_of(7, 31);
    const struct record_key longer = key_of(7, 33);
    AUTO_BUF record = BUF_INIT;

    (void)state;
    seal(&record, &key, payload, sizeof(payload));
    assert_int_equal(status_of_opening(&other, &record), NVC_ERR_CORRUPT);
    assert_int_equal(status_of_opening(&shorter, &record), NVC_ERR_CORRUPT);
    assert_int_equal(status_of_opening(&longer, &record), NVC_ERR_CORRUPT);
}

/* The boundary between key and payload is part of what is sealed. */
static void
key_bytes_cannot_pass_for_payload(void **state)
{
    const struct record_key key = key_of('a', 2);
    const struct record_key longer = key_of('a', 3);
    AUTO_BUF record = BUF_INIT;

    (void)state;
    seal(&record, &key, "aaa", 3);
    record.data[5] = 3; /* key_len */
    record.data[8] = 2; /* payload_len */
    assert_int_equal(status_of_opening(&longer, &record), NVC_ERR_CORRUPT);
}

static void
another_version_is_a_format_and_not_damage(void **state)
{
    const struct record_key key = key_of(7, 32);
    AUTO_BUF record = BUF_INIT;

    (void)state;
    seal(&record, &key, payload, sizeof(payload));
    record.data[4]++;
    assert_int_equal(status_of_opening(&key, &record), NVC_ERR_FORMAT);
}

static void
a_length_beyond_the_limit_is_refused_before_it_is_used(void **state)
{
    const struct record_key key = key_of(7, 32);
    AUTO_BUF record = BUF_INIT;

    (void)state;
    seal(&record, &key, payload, sizeof(payload));
    memset(record.data + 8, 0xff, 8);
    assert_int_equal(status_of_opening(&key, &record), NVC_ERR_LIMIT);
}

/* The format on disk: changing it needs another RECORD_VERSION. */
static void
the_bytes_of_a_record_are_these(void **state)
{
    static const uint8_t expected[] = {
        'N', 'V', 'R', '1', RECORD_VERSION, 2, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0};
    const struct record_key key = key_of('k', 2);
    AUTO_BUF record = BUF_INIT;

    (void)state;
    seal(&record, &key, "abc", 3);
    assert_int_equal(record.len, RECORD_HEADER_SIZE + 2 + 3);
    assert_memory_equal(record.data, expected, sizeof(expected));
    assert_memory_equal(record.data + RECORD_HEADER_SIZE, "kkabc", 5);
}

int
test_record(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sealed_payload_comes_back_in_place),
        cmocka_unit_test(an_empty_payload_comes_back),
        cmocka_unit_test(any_flipped_bit_is_noticed),
        cmocka_unit_test(any_other_length_is_corrupt),
        cmocka_unit_test(a_record_does_not_open_under_another_key),
        cmocka_unit_test(key_bytes_cannot_pass_for_payload),
        cmocka_unit_test(another_version_is_a_format_and_not_damage),
        cmocka_unit_test(a_length_beyond_the_limit_is_refused_before_it_is_used),
        cmocka_unit_test(the_bytes_of_a_record_are_these),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
