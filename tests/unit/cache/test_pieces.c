/* Texts in pieces: where they are cut, and that they come back as they were. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "key_priv.h"
#include "nvcache/base/buf.h"
#include "nvcache/digest/digest.h"
#include "nvcache/entry/result.h"
#include "nvcache/store/store.h"
#include "pieces_priv.h"
#include "session_fixture.h"

#include <stdlib.h>
#include <string.h>

int test_pieces(void);

enum {
    PIECE_MIN = 16 << 10,
    PIECE_MAX = 256 << 10
};

/* As cudafe++ prints: lines, and between them markers. */
static void
fill(struct buf *text, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        buf_printf(text, "# %u \"/usr/include/header%u.h\" 3\nextern int f%u(int);\n", i,
                   i / 50, i * 7919);
}

static void
pieces_have_a_size_and_are_all(void **state)
{
    AUTO_BUF text = BUF_INIT;
    size_t at = 0;
    size_t n = 0;

    (void)state;
    fill(&text, 0, 40000);
    for (; at < text.len; n++) {
        const size_t len = pieces_first((const char *)text.data + at, text.len - at);

        assert_true(len <= PIECE_MAX);
        assert_true(len >= PIECE_MIN || at + len == text.len);
        at += len;
    }
    assert_int_equal(at, text.len);
    assert_true(n > 20);
}

static void
without_markers_they_are_as_large_as_may_be(void **state)
{
    AUTO_BUF text = BUF_INIT;

    (void)state;
    memset(buf_reserve(&text, 1 << 20), 'x', 1 << 20);
    text.len = 1 << 20;
    assert_int_equal(pieces_first((const char *)text.data, text.len), PIECE_MAX);
    assert_int_equal(pieces_first((const char *)text.data, 100), 100);
}

static uint64_t
entries_of(const struct fixture *fixture)
{
    struct store_usage usage;

    assert_int_equal(store_get_usage(fixture->session.store, &usage), NVC_OK);
    return usage.entries;
}

static void
what_two_texts_share_is_there_once(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF one = BUF_INIT;
    AUTO_BUF other = BUF_INIT;
    AUTO_BUF list = BUF_INIT;
    AUTO_BUF list_of_other = BUF_INIT;
    AUTO_BUF back = BUF_INIT;
    uint64_t first;

    fill(&one, 0, 40000);
    fill(&other, 0, 20000);
    buf_append_str(&other, "static int only_here;\n");
    fill(&other, 20000, 40000);
    assert_true(pieces_put(&fixture->session, &one, &list));
    first = entries_of(fixture);
    assert_true(first > 20);
    assert_true(pieces_put(&fixture->session, &other, &list_of_other));
    assert_true(entries_of(fixture) > first);
    assert_true(entries_of(fixture) <= first + 3);
    assert_int_equal(
        pieces_get(&fixture->session, list_of_other.data, list_of_other.len, &back),
        NVC_OK);
    assert_int_equal(back.len, other.len);
    assert_memory_equal(back.data, other.data, other.len);
}

/* A list of today is read by the nvcache of tomorrow that has this STEP_VERSION. */
static void
the_format_of_a_list_is_golden(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF text = BUF_INIT;
    AUTO_BUF list = BUF_INIT;
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    fill(&text, 0, 5000);
    assert_true(pieces_put(&fixture->session, &text, &list));
    digest_of("golden", list.data, list.len, &digest);
    digest_hex(&digest, hex);
    assert_string_equal(
        hex, "0733cd99a9b5b4cb18a708358fc9f7b23c1d7a653e62a1ada4188f08ce10e842");
}

static void
a_short_text_is_not_cut(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF text = BUF_INIT;
    AUTO_BUF list = BUF_INIT;

    fill(&text, 0, 100);
    assert_false(pieces_put(&fixture->session, &text, &list));
}

static void
a_piece_that_is_gone_is_a_miss(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF text = BUF_INIT;
    AUTO_BUF list = BUF_INIT;
    AUTO_BUF back = BUF_INIT;

    fill(&text, 0, 40000);
    assert_true(pieces_put(&fixture->session, &text, &list));
    assert_int_equal(store_clear(fixture->session.store), NVC_OK);
    assert_int_equal(pieces_get(&fixture->session, list.data, list.len, &back), NVC_MISS);
}

static void
another_piece_under_its_name_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    struct digest name = {{7}};
    const struct record_key key = key_record(RECORD_PIECE, &name);
    struct result result = {.n = 0};
    AUTO_BUF record = BUF_INIT;
    AUTO_BUF list = BUF_INIT;
    AUTO_BUF back = BUF_INIT;
    const uint8_t length[8] = {5};

    assert_true(result_add(&result, ROLE_OUTPUT, "other", 5));
    result_encode(&result, 1, &record);
    assert_int_equal(store_put(fixture->session.store, &key, record.data, record.len),
                     NVC_OK);
    buf_append(&list, length, sizeof(length));
    buf_append(&list, name.bytes, sizeof(name.bytes));
    assert_int_equal(pieces_get(&fixture->session, list.data, list.len, &back),
                     NVC_ERR_CORRUPT);
}

static void
a_list_must_be_whole_and_say_how_long_the_text_is(void **state)
{
    struct fixture *fixture = *state;
    AUTO_BUF text = BUF_INIT;
    AUTO_BUF list = BUF_INIT;
    AUTO_BUF back = BUF_INIT;

    fill(&text, 0, 5000);
    assert_true(pieces_put(&fixture->session, &text, &list));
    assert_int_equal(pieces_get(&fixture->session, list.data, 7, &back), NVC_ERR_LIMIT);
    assert_int_equal(pieces_get(&fixture->session, list.data, list.len - 1, &back),
                     NVC_ERR_CORRUPT);
    assert_int_equal(
        pieces_get(&fixture->session, list.data, list.len - DIGEST_SIZE, &back),
        NVC_ERR_CORRUPT);
    list.data[7] = 0xff;
    assert_int_equal(pieces_get(&fixture->session, list.data, list.len, &back),
                     NVC_ERR_LIMIT);
}

#define STORED(f) cmocka_unit_test_setup_teardown(f, make_fixture, remove_fixture)

int
test_pieces(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_have_a_size_and_are_all),
        cmocka_unit_test(without_markers_they_are_as_large_as_may_be),
        STORED(what_two_texts_share_is_there_once),
        STORED(the_format_of_a_list_is_golden),
        STORED(a_short_text_is_not_cut),
        STORED(a_piece_that_is_gone_is_a_miss),
        STORED(another_piece_under_its_name_is_noticed),
        STORED(a_list_must_be_whole_and_say_how_long_the_text_is),
    };

    return cmocka_run_group_tests_name("pieces", tests, NULL, NULL);
}
