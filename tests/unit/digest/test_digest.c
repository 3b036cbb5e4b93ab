/* Identities, checksums, stamps and the memo. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "nvcache/base/arena.h"
#include "nvcache/base/fs.h"
#include "nvcache/base/path.h"
#include "nvcache/base/tmpfile.h"
#include "nvcache/digest/checksum.h"
#include "nvcache/digest/digest.h"
#include "nvcache/digest/filebatch.h"
#include "nvcache/digest/filedigest.h"
#include "nvcache/digest/memo.h"
#include "nvcache/digest/stamp.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int test_digest(void);

struct fixture {
    struct arena arena;
    char dir[64];
    char *table;
};

static int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    snprintf(f->dir, sizeof(f->dir), "/tmp/nvc-digest-XXXXXX");
    *state = f;
    if (mkdtemp(f->dir) == NULL)
        return -1;
    f->table = path_join(&f->arena, f->dir, "memo");
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    fs_remove_tree(f->dir);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

static void
digest_is_blake2b_over_tagged_fields(void **state)
{
    char hex[DIGEST_HEX_SIZE];
    struct digest digest;

    (void)state;
    digest_of("nvcache test v1", "abc", 3, &digest);
    digest_hex(&digest, hex);
    /* python3: hashlib.blake2b(b"\1"+(15).to_bytes(8,"little")+b"nvcache test v1"+
     *                          b"\2"+(3).to_bytes(8,"little")+b"abc", digest_size=32) */
    assert_string_equal(
        hex, "c8edf95304adc3c6e393bc5930e925e83af5952497f23f9a4dfdd9c62973e2f8");
}

static void
fields_do_not_run_into_each_other(void **state)
{
    struct hasher hasher;
    struct digest a;
    struct digest b;

    (void)state;
    hasher_init(&hasher, "t");
    hasher_str(&hasher, "ab");
    hasher_str(&hasher, "c");
    hasher_final(&hasher, &a);
    hasher_init(&hasher, "t");
    hasher_str(&hasher, "a");
    hasher_str(&hasher, "bc");
    hasher_final(&hasher, &b);
    assert_false(digest_equal(&a, &b));
}

static void
domains_separate(void **state)
{
    struct digest a;
    struct digest b;

    (void)state;
    digest_of("one", "x", 1, &a);
    digest_of("two", "x", 1, &b);
    assert_false(digest_equal(&a, &b));
}

static struct checksum
key(uint64_t n)
{
    return (struct checksum){.lo = n, .hi = ~n};
}

static void
memo_answers_what_it_was_told(void **state)
{
    struct fixture *f = *state;
    struct memo *memo;
    struct digest in;
    struct digest out;

    memo_open(f->table, -1, false, &memo);
    digest_of("t", "x", 1, &in);
    assert_false(memo_get(memo, key(1), &out));
    memo_put(memo, key(1), &in);
    assert_true(memo_get(memo, key(1), &out));
    assert_true(digest_equal(&in, &out));
    assert_false(memo_get(memo, key(2), &out));
    memo_close(memo);
    memo_open(f->table, -1, true, &memo);
    assert_true(memo_get(memo, key(1), &out));
    memo_close(memo);
}

static void
full_bucket_forgets_the_oldest(void **state)
{
    struct fixture *f = *state;
    struct memo *memo;
    struct digest in = {{7}};
    struct digest out;

    memo_open(f->table, -1, false, &memo);
    for (uint64_t n = 0; n < 5; n++)
        memo_put(memo, key(n * 32768), &in);
    assert_false(memo_get(memo, key(0), &out));
    for (uint64_t n = 1; n < 5; n++)
        assert_true(memo_get(memo, key(n * 32768), &out));
    memo_close(memo);
}

static void
damaged_slots_do_not_answer(void **state)
{
    struct fixture *f = *state;
    struct memo *memo;
    struct digest in = {{9}};
    struct digest out;
    uint8_t byte = 0x55;
    int fd;

    memo_open(f->table, -1, false, &memo);
    memo_put(memo, key(3), &in);
    memo_close(memo);
    fd = open(f->table, O_WRONLY);
    /* inside the digest of the first slot of bucket 3 */
    assert_int_equal(pwrite(fd, &byte, 1, 3 * 4 * 64 + 20), 1);
    close(fd);
    memo_open(f->table, -1, false, &memo);
    assert_false(memo_get(memo, key(3), &out));
    memo_close(memo);
}

static void
wrong_sized_table_is_not_used(void **state)
{
    struct fixture *f = *state;
    struct memo *memo;
    struct digest in = {{9}};
    struct digest out;

    assert_int_equal(tmpfile_write(f->table, "short", 5, 0600), NVC_OK);
    memo_open(f->table, -1, false, &memo);
    memo_put(memo, key(1), &in);
    assert_false(memo_get(memo, key(1), &out));
    memo_close(memo);
}

static struct stamp
stamp_at(int64_t mtime_ns, int64_t ctime_ns)
{
    return (struct stamp){.mtime_ns = mtime_ns, .ctime_ns = ctime_ns};
}

static void
stamps_settle_by_their_change_time(void **state)
{
    const int64_t now = INT64_C(1000000000123456789);
    const int64_t old = now - STAMP_SETTLE_NS - 1;
    const struct stamp settled = stamp_at(now + 5, old);
    const struct stamp restored = stamp_at(old, now);

    (void)state;
    assert_true(stamp_is_settled(&settled, now));
    assert_false(stamp_is_settled(&restored, now));
}

static void
touching_at_the_very_moment_counts_as_since(void **state)
{
    const int64_t moment = INT64_C(1000000000123456789);
    const struct stamp before = stamp_at(moment - 1, moment - 1);
    const struct stamp same = stamp_at(moment - 1, moment);
    const struct stamp coarse =
        stamp_at(INT64_C(1000000000000000000), INT64_C(1000000000000000000));

    (void)state;
    assert_false(stamp_is_since(&before, moment));
    assert_true(stamp_is_since(&same, moment));
    assert_true(stamp_is_since(&coarse, moment));
}

static void
file_digest_is_of_the_contents_not_the_memo_of_another_stamp(void **state)
{
    struct fixture *f = *state;
    char *path = path_join(&f->arena, f->dir, "x.h");
    struct memo *memo;
    struct stat info;
    struct stamp stamp;
    struct digest expected;
    struct digest got;

    memo_open(f->table, -1, false, &memo);
    assert_int_equal(tmpfile_write(path, "old", 3, 0600), NVC_OK);
    assert_int_equal(stat(path, &info), 0);
    stamp = stamp_of(&info);
    assert_int_equal(
        filedigest_get(memo, path, &stamp, stamp.ctime_ns + 9999999999, &got), NVC_OK);
    filedigest_of_bytes("old", 3, &expected);
    assert_true(digest_equal(&got, &expected));
    /* what was just read is not hashed when its stamp is known */
    filedigest_of_read(memo, &stamp, stamp.ctime_ns + 9999999999, "not read", 8, &got);
    assert_true(digest_equal(&got, &expected));
    filedigest_of_read(NULL, &stamp, 0, "old", 3, &got);
    assert_true(digest_equal(&got, &expected));
    /* another file under the same name, while the caller still has the old stamp */
    assert_int_equal(tmpfile_write(path, "newer", 5, 0600), NVC_OK);
    stamp.size++;
    assert_int_equal(filedigest_get(memo, path, &stamp, 0, &got), NVC_MISS);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(filedigest_get(memo, path, &stamp, 0, &got), NVC_MISS);
    memo_close(memo);
}

static void
a_field_in_pieces_is_the_same_field(void **state)
{
    struct hasher whole;
    struct hasher pieces;
    struct digest a;
    struct digest b;

    (void)state;
    hasher_init(&whole, "x");
    hasher_bytes(&whole, "abcdef", 6);
    hasher_final(&whole, &a);
    hasher_init(&pieces, "x");
    hasher_bytes_begin(&pieces, 6);
    hasher_bytes_more(&pieces, "ab", 2);
    hasher_bytes_more(&pieces, "", 0);
    hasher_bytes_more(&pieces, "cdef", 4);
    hasher_final(&pieces, &b);
    assert_true(digest_equal(&a, &b));
}

/* The i-th of some files: small ones, one larger than what is read at a time, an empty
 * one. */
static size_t
size_of_file(size_t i)
{
    return i == 7 ? (1U << 20) + 13 : i == 9 ? 0 : 20000 + i;
}

static void
make_file(struct fixture *f, size_t i, struct stamp *stamp, struct filebatch_item *item,
          struct digest *expected)
{
    const char *path = arena_printf(&f->arena, "%s/%zu", f->dir, i);
    char *text = arena_array(&f->arena, size_of_file(i) + 1, 1);
    struct stat info;

    memset(text, 'a' + (int)(i % 26), size_of_file(i));
    assert_int_equal(tmpfile_write(path, text, size_of_file(i), 0600), NVC_OK);
    assert_int_equal(stat(path, &info), 0);
    *stamp = stamp_of(&info);
    *item = (struct filebatch_item){.path = path, .stamp = stamp};
    filedigest_of_bytes(text, size_of_file(i), expected);
}

/* With and without a memo, and with one file that has changed and one that is gone. */
static void
many_files_are_digested_as_one_is(void **state)
{
    enum {
        N = 100
    };
    struct fixture *f = *state;
    struct stamp stamps[N];
    struct filebatch_item items[N];
    struct digest expected[N];
    struct memo *memo;
    int64_t later;

    for (size_t i = 0; i < N; i++)
        make_file(f, i, &stamps[i], &items[i], &expected[i]);
    later = stamps[N - 1].ctime_ns + 9999999999;
    stamps[3].mtime_ns++;
    assert_int_equal(unlink(items[5].path), 0);
    memo_open(f->table, -1, false, &memo);
    for (int round = 0; round < 2; round++) {
        filebatch_get(memo, items, N, later);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(items[i].status, i == 3 || i == 5 ? NVC_MISS : NVC_OK);
            if (items[i].status == NVC_OK)
                assert_true(digest_equal(&items[i].digest, &expected[i]));
        }
    }
    /* what the memo knows is not read again */
    assert_int_equal(unlink(items[0].path), 0);
    filebatch_get(memo, items, 1, later);
    assert_int_equal(items[0].status, NVC_OK);
    filebatch_get(NULL, items, 1, later);
    assert_int_equal(items[0].status, NVC_MISS);
    filebatch_get(NULL, items, 0, later);
    memo_close(memo);
}

/* Another process may have hashed the same files meanwhile: here it is the same one, of
 * which one item stands for the other process's work.  Which of two is read first is not
 * told, so both orders are tried. */
static void
what_became_known_meanwhile_is_not_read(void **state)
{
    struct fixture *f = *state;
    struct stamp stamps[2];
    struct digest expected[2];
    struct memo *memo;
    int known = 0;

    memo_open(f->table, -1, false, &memo);
    for (size_t order = 0; order < 2; order++) {
        struct filebatch_item items[2];

        make_file(f, order, &stamps[order], &items[order], &expected[order]);
        items[1 - order] =
            (struct filebatch_item){.path = "/nowhere", .stamp = &stamps[order]};
        filebatch_get(memo, items, 2, stamps[order].ctime_ns + 9999999999);
        assert_int_equal(items[order].status, NVC_OK);
        if (items[1 - order].status == NVC_OK) {
            known++;
            assert_true(digest_equal(&items[1 - order].digest, &expected[order]));
        }
    }
    assert_int_equal(known, 1);
    memo_close(memo);
}

int
test_digest(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(digest_is_blake2b_over_tagged_fields),
        TEST(fields_do_not_run_into_each_other),
        TEST(domains_separate),
        TEST(a_field_in_pieces_is_the_same_field),
        TEST(memo_answers_what_it_was_told),
        TEST(full_bucket_forgets_the_oldest),
        TEST(damaged_slots_do_not_answer),
        TEST(wrong_sized_table_is_not_used),
        TEST(stamps_settle_by_their_change_time),
        TEST(touching_at_the_very_moment_counts_as_since),
        TEST(file_digest_is_of_the_contents_not_the_memo_of_another_stamp),
        TEST(many_files_are_digested_as_one_is),
        TEST(what_became_known_meanwhile_is_not_read),
    };

    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
