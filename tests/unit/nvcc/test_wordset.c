/* Words of source text, taken one by one and sixteen characters at a time. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "wordset_priv.h"

#include <stdlib.h>
#include <string.h>

int test_wordset(void);

enum {
    ROUNDS = 20000,
    TEXT_MAX = 120
};

static void
expect_same_words(const char *text, size_t len)
{
    const char *const end = text + len;
    const char *at = text;
    const char *fast = text;
    uint64_t hash = 0;

    for (;;) {
        const size_t n = word_next(&at, end);
        const size_t m = word_take(&fast, end, &hash);

        assert_int_equal(n, m);
        if (n == 0)
            return;
        assert_ptr_equal(at, fast);
        assert_int_equal(hash, word_hash(at, n));
        at += n;
        fast += m;
    }
}

static void
both_ways_of_taking_words_agree(void **state)
{
    static const char chars[] = "aZ09_$\x80\xff @[`{/:\t\n.";
    char text[TEXT_MAX + WORD_ROOM] = {0};

    (void)state;
    srandom(1);
    for (int round = 0; round < ROUNDS; round++) {
        const size_t len = (size_t)random() % TEXT_MAX;
        const bool is_long = random() % 2 == 0;

        /* what stands behind the end is no part of it, whatever it is */
        memset(text, random() % 2 == 0 ? 'a' : 0, TEXT_MAX);
        for (size_t i = 0; i < len; i++)
            text[i] = is_long && random() % 16 != 0
                          ? 'b'
                          : chars[(size_t)random() % (sizeof(chars) - 1)];
        expect_same_words(text, len);
    }
    for (int c = 0; c < 256; c++) {
        memset(text, c, TEXT_MAX);
        expect_same_words(text, 40);
    }
}

static void
words_that_differ_have_other_hashes(void **state)
{
    char word[64];
    uint64_t last = 0;

    (void)state;
    memset(word, 'x', sizeof(word));
    for (size_t len = 1; len <= sizeof(word); len++) {
        assert_int_not_equal(word_hash(word, len), last);
        last = word_hash(word, len);
        for (size_t i = 0; i < len; i++) {
            word[i] = 'y';
            assert_int_not_equal(word_hash(word, len), last);
            word[i] = 'x';
        }
    }
}

static void
a_set_keeps_the_bits_of_its_words(void **state)
{
    struct arena arena = ARENA_INIT;
    struct wordset set = {0};

    (void)state;
    assert_int_equal(wordset_bits(&set, 7), 0);
    for (uint64_t word = 1; word <= 5000; word++)
        wordset_add(&arena, &set, word, word % 2 == 0 ? 2 : 1);
    wordset_add(&arena, &set, 4, 4);
    assert_int_equal(set.n, 5000);
    assert_int_equal(wordset_bits(&set, 4), 6);
    assert_int_equal(wordset_bits(&set, 4999), 1);
    assert_int_equal(wordset_bits(&set, 5001), 0);
    arena_fini(&arena);
}

int
test_wordset(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_of_taking_words_agree),
        cmocka_unit_test(words_that_differ_have_other_hashes),
        cmocka_unit_test(a_set_keeps_the_bits_of_its_words),
    };

    return cmocka_run_group_tests_name("wordset", tests, NULL, NULL);
}
