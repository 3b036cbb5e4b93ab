/* Sets of names as hashes. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/buf.h"
#include "nvcache/entry/nameset.h"
#include "nvcache/entry/wire.h"

#include <stdio.h>
#include <string.h>

int test_nameset(void);

enum {
    MANY = 3000
};

static void
make_name(char out[32], int i)
{
    snprintf(out, 32, "name_%d.h", i);
}

static void
make_set(struct arena *arena, struct nameset *out)
{
    uint32_t *hashes = arena_array(arena, MANY, sizeof(*hashes));
    char name[32];

    for (int i = 0; i < MANY; i++) {
        make_name(name, i);
        hashes[i] = nameset_hash(name, strlen(name));
    }
    nameset_make(hashes, MANY, out);
}

static void
a_member_is_never_denied(void **state)
{
    struct arena arena = ARENA_INIT;
    struct nameset set;
    char name[32];

    (void)state;
    make_set(&arena, &set);
    for (int i = 0; i < MANY; i++) {
        make_name(name, i);
        assert_true(nameset_has(&set, name, strlen(name)));
    }
    arena_fini(&arena);
}

static void
few_strangers_are_taken_for_members(void **state)
{
    struct arena arena = ARENA_INIT;
    struct nameset set;
    char name[32];
    int taken = 0;

    (void)state;
    make_set(&arena, &set);
    for (int i = MANY; i < 40 * MANY; i++) {
        make_name(name, i);
        taken += nameset_has(&set, name, strlen(name));
    }
    assert_true(taken < 40);
    arena_fini(&arena);
}

static void
a_set_survives_a_round_trip_in_about_two_bytes_a_name(void **state)
{
    struct arena arena = ARENA_INIT;
    AUTO_BUF bytes = BUF_INIT;
    struct wire_reader reader;
    struct nameset set;
    struct nameset got;

    (void)state;
    make_set(&arena, &set);
    nameset_put(&bytes, &set);
    assert_true(bytes.len < MANY * 5 / 2 + 100);
    wire_read_init(&reader, bytes.data, bytes.len);
    nameset_read(&arena, &reader, &got);
    assert_true(wire_done(&reader));
    assert_int_equal(got.bits, set.bits);
    assert_int_equal(got.n, set.n);
    assert_memory_equal(got.hashes, set.hashes, set.n * sizeof(*set.hashes));
    arena_fini(&arena);
}

static bool
is_refused(const struct nameset *set)
{
    struct arena arena = ARENA_INIT;
    AUTO_BUF bytes = BUF_INIT;
    struct wire_reader reader;
    struct nameset got;

    nameset_put(&bytes, set);
    wire_read_init(&reader, bytes.data, bytes.len);
    nameset_read(&arena, &reader, &got);
    arena_fini(&arena);
    return reader.bad;
}

static void
hashes_with_more_bits_than_the_set_has_are_refused(void **state)
{
    uint32_t hashes[] = {3, 16};

    (void)state;
    assert_false(is_refused(&(struct nameset){5, hashes, 2}));
    assert_true(is_refused(&(struct nameset){4, hashes, 2}));
    assert_true(is_refused(&(struct nameset){0, hashes, 0}));
    assert_true(is_refused(&(struct nameset){33, hashes, 0}));
}

int
test_nameset(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_never_denied),
        cmocka_unit_test(few_strangers_are_taken_for_members),
        cmocka_unit_test(a_set_survives_a_round_trip_in_about_two_bytes_a_name),
        cmocka_unit_test(hashes_with_more_bits_than_the_set_has_are_refused),
    };

    return cmocka_run_group_tests_name("nameset", tests, NULL, NULL);
}
